/* op_batch_norm.c - batch normalisation over the whole batch (Ioffe and Szegedy 2015):
 * y = (x - mean) / sqrt(variance + epsilon) * weight + bias of each channel, with the
 * biased variance; the running variance is unbiased. Sums in double precision, added in
 * one tree over shards. */
#include "nn/graph.h"

#include "nn/vector.h"

#include <math.h>
#include <stdlib.h>

static const double epsilon = 1e-5;
static const double momentum = 0.1;

enum { WEIGHT, BIAS, RUNNING_MEAN, RUNNING_VAR };

struct state {
  struct tsl__view view;
  double count;                     /* of numbers of a channel in the batch */
  double *mean, *scale;             /* (channels); scale = 1 / sqrt(variance + epsilon) */
  double *grad_mean, *grad_product; /* (channels) means of dy and of dy * normal x */
  float *factor, *shift;            /* (channels) y = x * factor + shift */
  float *by_grad, *by_x, *constant; /* (channels) dx = dy a + x b + c */
};

struct tsl_value tsl_graph_batch_norm(struct tsl_graph *graph, struct tsl_value x,
                                      const char *name) {
  struct tsl__node *node = tsl__node_add(graph, &tsl__operator_batch_norm, name, 1, &x);
  if (node == NULL)
    return tsl__node_value(NULL);
  int64_t channels = node->shape.dims[0];
  if (graph->shape.batch * node->samples * tsl__row_count(node) <= channels)
    tsl__graph_fail(graph, name,
                    "batch normalisation needs more than one number a channel: a batch "
                    "of at least 2");
  tsl__param_add_constant(graph, node, "weight", channels, TSL__INITIAL_ONE, true);
  tsl__param_add_constant(graph, node, "bias", channels, TSL__INITIAL_ZERO, true);
  tsl__param_add_constant(graph, node, "running_mean", channels, TSL__INITIAL_ZERO,
                          false);
  tsl__param_add_constant(graph, node, "running_var", channels, TSL__INITIAL_ONE, false);
  return tsl__node_value(node);
}

static enum tsl_status norm_plan(struct tsl_graph *graph, struct tsl__node *node,
                                 struct tsl_error *err) {
  TSL_TRY(tsl__plan_follow(graph, node, err));
  struct state *state = node->state = calloc(1, sizeof *state);
  if (state == NULL)
    return tsl_error_set(err, TSL_MEMORY, node->name, "no memory for a normalisation");
  if (!tsl__layout_view(&node->layout, &state->view))
    TSL_BUG("normalisation was planned on a layout that cannot be walked");
  size_t channels = (size_t)state->view.channels;
  state->count = (double)(graph->shape.batch * node->samples) *
                 (double)(state->view.height * state->view.width);
  node->exchange.block = node->exchange_backward.block = 2 * channels * sizeof(double);
  double **doubles[] = {&state->mean, &state->scale, &state->grad_mean,
                        &state->grad_product};
  for (size_t i = 0; i < sizeof doubles / sizeof doubles[0]; i++)
    tsl__memory_request(graph, (void **)doubles[i], channels * sizeof(double));
  float **floats[] = {&state->factor, &state->shift, &state->by_grad, &state->by_x,
                      &state->constant};
  for (size_t i = 0; i < sizeof floats / sizeof floats[0]; i++)
    tsl__memory_request(graph, (void **)floats[i], channels * sizeof(float));
  return TSL_OK;
}

/* Start of the pixels of one row and block; the channels there. */
struct plane {
  int64_t offset, channel, lanes;
};

static struct plane plane_at(const struct tsl__view *view, int64_t row, int64_t block) {
  struct plane plane = {(row * view->blocks + block) * view->height * view->width *
                            view->lanes,
                        block * view->lanes, view->lanes};
  if (plane.lanes > view->channels - plane.channel)
    plane.lanes = view->channels - plane.channel; /* padded channels stay zero */
  return plane;
}

/* first += a, second += a * b over the pixels, of each channel. a, b: (pixels, stride) */
TSL__VECTOR static void add_moments(const float *a, const float *b, int64_t pixels,
                                    int64_t stride, int64_t lanes, double *first,
                                    double *second) {
  if (stride == 1) {
    double sums[2][TSL__LANES] = {{0}};
    int64_t p = 0;
    for (; p + TSL__LANES <= pixels; p += TSL__LANES) {
      for (int64_t k = 0; k < TSL__LANES; k++) {
        sums[0][k] += (double)a[p + k];
        sums[1][k] += (double)a[p + k] * (double)b[p + k];
      }
    }
    for (int64_t k = 0; p + k < pixels; k++) {
      sums[0][k] += (double)a[p + k];
      sums[1][k] += (double)a[p + k] * (double)b[p + k];
    }
    for (int64_t k = 0; k < TSL__LANES; k++) {
      first[0] += sums[0][k];
      second[0] += sums[1][k];
    }
    return;
  }
  for (int64_t p = 0; p < pixels; p++) {
    for (int64_t k = 0; k < lanes; k++) {
      first[k] += (double)a[p * stride + k];
      second[k] += (double)a[p * stride + k] * (double)b[p * stride + k];
    }
  }
}

static void moments(const struct tsl__view *view, const float *a, const float *b,
                    double *sums) {
  for (int64_t i = 0; i < 2 * view->channels; i++)
    sums[i] = 0;
  for (int64_t row = 0; row < view->rows; row++) {
    for (int64_t block = 0; block < view->blocks; block++) {
      struct plane plane = plane_at(view, row, block);
      add_moments(a + plane.offset, b + plane.offset, view->height * view->width,
                  view->lanes, plane.lanes, sums + plane.channel,
                  sums + view->channels + plane.channel);
    }
  }
}

static void norm_gather(const struct tsl__task *task) {
  const struct state *state = task->node->state;
  double *sums = (double *)(void *)tsl__exchange_at(&task->node->exchange, task);
  moments(&state->view, task->in[0], task->in[0], sums);
}

static float *param_of(const struct tsl_graph *graph, const struct tsl__node *node,
                       int k) {
  return graph->weights + graph->params[node->params[k]]->offset;
}

/* Of every rank alike: mean, variance, and the running statistics. */
static void norm_combine(struct tsl_graph *graph, struct tsl__node *node) {
  struct state *state = node->state;
  int64_t channels = state->view.channels;
  double *sums = (double *)(void *)node->exchange.bytes;
  float *running_mean = param_of(graph, node, RUNNING_MEAN);
  float *running_var = param_of(graph, node, RUNNING_VAR);
  tsl__sum_tree(sums, graph->shape.shards, 2 * channels);
  for (int64_t c = 0; c < channels; c++) {
    double mean = sums[c] / state->count;
    double variance = sums[channels + c] / state->count - mean * mean;
    variance = variance < 0 ? 0 : variance;
    state->mean[c] = mean;
    state->scale[c] = 1.0 / sqrt(variance + epsilon);
    if (!graph->updating)
      continue;
    double unbiased = variance * state->count / (state->count - 1);
    running_mean[c] = (float)((1 - momentum) * (double)running_mean[c] + momentum * mean);
    running_var[c] =
        (float)((1 - momentum) * (double)running_var[c] + momentum * unbiased);
  }
}

/* y = x factor + shift. x, y: (pixels, stride); factor, shift: (lanes) */
TSL__VECTOR static void affine(float *restrict y, const float *restrict x,
                               const float *restrict factor, const float *restrict shift,
                               int64_t pixels, int64_t stride, int64_t lanes) {
  if (stride == 1) {
    for (int64_t p = 0; p < pixels; p++)
      y[p] = x[p] * factor[0] + shift[0];
    return;
  }
  for (int64_t p = 0; p < pixels; p++) {
    for (int64_t k = 0; k < lanes; k++)
      y[p * stride + k] = x[p * stride + k] * factor[k] + shift[k];
  }
}

static void norm_forward(const struct tsl__task *task) {
  struct state *state = task->node->state;
  const struct tsl__view *view = &state->view;
  const float *weight = tsl__weight(task, WEIGHT), *bias = tsl__weight(task, BIAS);
  const float *running_mean = tsl__weight(task, RUNNING_MEAN);
  const float *running_var = tsl__weight(task, RUNNING_VAR);
  for (int64_t c = 0; c < view->channels; c++) {
    bool training = task->run->training;
    double mean = training ? state->mean[c] : (double)running_mean[c];
    double scale =
        training ? state->scale[c] : 1.0 / sqrt((double)running_var[c] + epsilon);
    state->factor[c] = (float)(scale * (double)weight[c]);
    state->shift[c] = (float)((double)bias[c] - mean * scale * (double)weight[c]);
  }
  for (int64_t row = 0; row < view->rows; row++) {
    for (int64_t block = 0; block < view->blocks; block++) {
      struct plane plane = plane_at(view, row, block);
      affine(task->out + plane.offset, task->in[0] + plane.offset,
             state->factor + plane.channel, state->shift + plane.channel,
             view->height * view->width, view->lanes, plane.lanes);
    }
  }
}

/* Sums of dy and of dy x over the shard; those of dy times the normalised x follow. */
static void norm_gather_backward(const struct tsl__task *task) {
  const struct state *state = task->node->state;
  int64_t channels = state->view.channels;
  double *sums = (double *)(void *)tsl__exchange_at(&task->node->exchange_backward, task);
  moments(&state->view, task->grad_out, task->in[0], sums);
  for (int64_t c = 0; c < channels; c++)
    sums[channels + c] =
        (sums[channels + c] - state->mean[c] * sums[c]) * state->scale[c];
}

/* The shards' own sums are gradients of weight and bias, so the tree works on a copy. */
static void norm_combine_backward(struct tsl_graph *graph, struct tsl__node *node) {
  struct state *state = node->state;
  int64_t channels = state->view.channels;
  const double *sums = (const double *)(const void *)node->exchange_backward.bytes;
  double *copy = (double *)(void *)node->exchange.bytes;
  for (int64_t i = 0; i < graph->shape.shards * 2 * channels; i++)
    copy[i] = sums[i];
  tsl__sum_tree(copy, graph->shape.shards, 2 * channels);
  for (int64_t c = 0; c < channels; c++) {
    state->grad_mean[c] = copy[c] / state->count;
    state->grad_product[c] = copy[channels + c] / state->count;
  }
}

/* dx = dy a + x b + c. All: (pixels, stride); a, b, c: (lanes) */
TSL__VECTOR static void combine_gradient(float *restrict dx, const float *restrict dy,
                                         const float *restrict x, const float *restrict a,
                                         const float *restrict b, const float *restrict c,
                                         const struct tsl__view *view, int64_t lanes) {
  int64_t pixels = view->height * view->width, stride = view->lanes;
  if (stride == 1) {
    for (int64_t p = 0; p < pixels; p++)
      dx[p] = dy[p] * a[0] + (x[p] * b[0] + c[0]);
    return;
  }
  for (int64_t p = 0; p < pixels; p++) {
    for (int64_t k = 0; k < lanes; k++)
      dx[p * stride + k] = dy[p * stride + k] * a[k] + (x[p * stride + k] * b[k] + c[k]);
  }
}

/* Channels of padding: a gradient's memory held other values before. */
static void clear_padding(float *dx, const struct tsl__view *view, int64_t lanes) {
  for (int64_t p = 0; lanes < view->lanes && p < view->height * view->width; p++)
    tsl__fill(dx + p * view->lanes + lanes, 0.0F, (size_t)(view->lanes - lanes));
}

/* dx = weight scale (dy - mean(dy) - normal_x mean(dy normal_x)). */
static void norm_backward(const struct tsl__task *task) {
  struct state *state = task->node->state;
  const struct tsl__view *view = &state->view;
  const float *weight = tsl__weight(task, WEIGHT);
  float *grad_weight = tsl__weight_gradient(task, WEIGHT);
  float *grad_bias = tsl__weight_gradient(task, BIAS);
  const double *sums = (const double *)(const void *)tsl__exchange_at(
      &task->node->exchange_backward, task);
  for (int64_t c = 0; c < view->channels; c++) {
    double gain = (double)weight[c] * state->scale[c];
    double slope = gain * state->grad_product[c] * state->scale[c];
    grad_bias[c] = (float)sums[c];
    grad_weight[c] = (float)sums[view->channels + c];
    state->by_grad[c] = (float)gain;
    state->by_x[c] = (float)-slope;
    state->constant[c] = (float)(slope * state->mean[c] - gain * state->grad_mean[c]);
  }
  if (task->grad_in[0] == NULL)
    return;
  for (int64_t row = 0; row < view->rows; row++) {
    for (int64_t block = 0; block < view->blocks; block++) {
      struct plane plane = plane_at(view, row, block);
      combine_gradient(task->grad_in[0] + plane.offset, task->grad_out + plane.offset,
                       task->in[0] + plane.offset, state->by_grad + plane.channel,
                       state->by_x + plane.channel, state->constant + plane.channel, view,
                       plane.lanes);
      clear_padding(task->grad_in[0] + plane.offset, view, plane.lanes);
    }
  }
}

const struct tsl__operator tsl__operator_batch_norm = {
    .name = "batch_norm",
    .plan = norm_plan,
    .forward = norm_forward,
    .backward = norm_backward,
    .gather = norm_gather,
    .combine = norm_combine,
    .gather_backward = norm_gather_backward,
    .combine_backward = norm_combine_backward};
