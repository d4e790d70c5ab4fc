/* op_total_correlation.c - the three terms of beta-TCVAE (Chen et al. 2018, section 3 and
 * appendix C). With l_ijd = log N(z_id; mean_jd, exp(v_jd)) and weights c_ij,
 *   log q(z_i)  = logsumexp_j (log c_ij + sum_d l_ijd)
 *   log q(z_id) = logsumexp_j (log c_ij + l_ijd)
 *   mutual information_i = sum_d l_iid - log q(z_i)
 *   total correlation_i  = log q(z_i) - sum_d log q(z_id)
 *   dimension-wise KL_i  = sum_d log q(z_id) - log N(z_i; 0, I).
 * Every rank has the whole batch's z, mean and v and works on its own rows. Gradients by
 * l_ijd: (g1 - g0)_i P_ij + (g2 - g1)_i R_ijd + [i = j] g0_i, where P and R are the
 * softmax weights of the two logsumexps and g the gradients of the three terms.
 */
#include "nn/graph.h"

#include "nn/density.h"
#include "nn/vector.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct state {
  int64_t batch, latent, rows;
  float *z, *mean, *log_variance, *precision; /* (latent, batch); exp(-log variance) */
  double *marginal;                           /* (latent, batch) log q(z_id) */
  double *joint;                              /* (batch) log q(z_i) */
  float *gradient;                            /* (3, batch) of the terms */
  double usual, diagonal, next;               /* log c_ij: else, j = i, j = i + 1 mod B */
  double *weight;                             /* (batch) log c of one row or column */
  double *density, *sum;                      /* (batch) */
  float *share, *part;                        /* (batch) */
  float *room;                                /* (2, batch) */
};

struct tsl_value tsl_graph_total_correlation(struct tsl_graph *graph, struct tsl_value z,
                                             struct tsl_value mean,
                                             struct tsl_value log_variance,
                                             enum tsl_estimator estimator,
                                             int64_t dataset_size) {
  const struct tsl_value inputs[] = {z, mean, log_variance};
  struct tsl__node *node = tsl__node_add(graph, &tsl__operator_total_correlation,
                                         "total_correlation", 3, inputs);
  tsl__same_shapes(graph, node);
  if (node == NULL)
    return tsl__node_value(NULL);
  int64_t least = estimator == TSL_ESTIMATOR_MSS ? graph->shape.batch : 1;
  if (dataset_size < least || (estimator == TSL_ESTIMATOR_MSS && graph->shape.batch < 2))
    tsl__graph_fail(
        graph, "total_correlation",
        "a data set of %lld samples and a batch of %lld are too small for "
        "this estimator: mss needs a batch of at least 2 and a data set of at "
        "least a batch",
        (long long)dataset_size, (long long)graph->shape.batch);
  node->as.correlation.estimator = estimator;
  node->as.correlation.dataset_size = dataset_size;
  node->shape = tsl__shape_of(1, 3, 0, 0);
  return tsl__node_value(node);
}

/* mws: 1 / (N B). mss: 1/N on the diagonal, (N - M) / (N M) right of it, else 1/M, with M
 * = B - 1. */
static void set_weights(struct state *state, const struct tsl__node *node) {
  double n = (double)node->as.correlation.dataset_size, b = (double)state->batch;
  if (node->as.correlation.estimator == TSL_ESTIMATOR_MWS) {
    state->usual = state->diagonal = state->next = -log(n * b);
    return;
  }
  double m = b - 1;
  state->diagonal = -log(n);
  state->next = log((n - m) / (n * m));
  state->usual = -log(m);
}

static enum tsl_status correlation_plan(struct tsl_graph *graph, struct tsl__node *node,
                                        struct tsl_error *err) {
  TSL_TRY(tsl__plan_plain(graph, node, err));
  struct state *state = node->state = calloc(1, sizeof *state);
  if (state == NULL)
    return tsl_error_set(err, TSL_MEMORY, node->name, "no memory for an operator");
  state->batch = graph->shape.batch;
  state->rows = graph->rows;
  state->latent = tsl_shape_count(tsl__input_shape(graph, node, 0));
  set_weights(state, node);
  size_t batch = (size_t)state->batch, all = batch * (size_t)state->latent;
  size_t numbers = (size_t)(state->rows * state->latent);
  node->exchange.block = 3 * numbers * sizeof(float);
  /* log q(z_id), log q(z_i) and the three gradients of each row, all as doubles. */
  node->exchange_backward.block =
      (size_t)state->rows * (size_t)(state->latent + 4) * sizeof(double);
  struct {
    void **where;
    size_t bytes;
  } arrays[] = {
      {(void **)&state->z, all * sizeof(float)},
      {(void **)&state->mean, all * sizeof(float)},
      {(void **)&state->log_variance, all * sizeof(float)},
      {(void **)&state->precision, all * sizeof(float)},
      {(void **)&state->marginal, all * sizeof(double)},
      {(void **)&state->joint, batch * sizeof(double)},
      {(void **)&state->gradient, 3 * batch * sizeof(float)},
      {(void **)&state->weight, batch * sizeof(double)},
      {(void **)&state->density, batch * sizeof(double)},
      {(void **)&state->sum, batch * sizeof(double)},
      {(void **)&state->share, batch * sizeof(float)},
      {(void **)&state->part, batch * sizeof(float)},
      {(void **)&state->room, 2 * batch * sizeof(float)},
  };
  for (size_t i = 0; i < sizeof arrays / sizeof arrays[0]; i++)
    tsl__memory_request(graph, arrays[i].where, arrays[i].bytes);
  return TSL_OK;
}

/* ---- the whole batch on every rank ---- */

static void correlation_gather(const struct tsl__task *task) {
  const struct state *state = task->node->state;
  size_t bytes = (size_t)(state->rows * state->latent) * sizeof(float);
  unsigned char *to = tsl__exchange_at(&task->node->exchange, task);
  for (int k = 0; k < 3; k++)
    memcpy(to + (size_t)k * bytes, task->in[k], bytes);
}

static void correlation_combine(struct tsl_graph *graph, struct tsl__node *node) {
  struct state *state = node->state;
  float *const to[] = {state->z, state->mean, state->log_variance};
  const float *from = (const float *)(const void *)node->exchange.bytes;
  for (int64_t shard = 0; shard < graph->shape.shards; shard++) {
    for (int k = 0; k < 3; k++) {
      for (int64_t row = 0; row < state->rows; row++) {
        for (int64_t d = 0; d < state->latent; d++)
          to[k][d * state->batch + shard * state->rows + row] = *from++;
      }
    }
  }
  for (int64_t i = 0; i < state->latent * state->batch; i++)
    state->precision[i] = tsl__exp(-state->log_variance[i]);
}

/* ---- pieces; arrays without a shape: (batch) ---- */

/* log c of row i, or of column i, over the other index. */
static void fill_weights(const struct state *state, int64_t i, bool column) {
  int64_t beside =
      column ? (i + state->batch - 1) % state->batch : (i + 1) % state->batch;
  for (int64_t j = 0; j < state->batch; j++)
    state->weight[j] = state->usual;
  state->weight[beside] = state->next;
  state->weight[i] = state->diagonal;
}

/* logsumexp_j (a_j + b_j) */
static double log_sum_exp(const struct state *state, const double *a, const double *b) {
  double largest = a[0] + b[0];
  for (int64_t j = 1; j < state->batch; j++)
    largest = a[j] + b[j] > largest ? a[j] + b[j] : largest;
  tsl__shares(state->share, a, b, largest, state->batch);
  double sum = tsl__sum(state->share, (size_t)state->batch);
  return isfinite(sum) ? largest + (double)tsl__log((float)sum) : (double)NAN;
}

static const float *dimension(const struct state *state, const float *of, int64_t d) {
  return of + d * state->batch;
}

static double *numbers_of(const struct tsl__task *task, int64_t row) {
  const struct state *state = task->node->state;
  double *block =
      (double *)(void *)tsl__exchange_at(&task->node->exchange_backward, task);
  return block + row * (state->latent + 4);
}

/* ---- forward ---- */

static void row_forward(const struct tsl__task *task, int64_t row) {
  const struct state *state = task->node->state;
  int64_t i = tsl__sample_index(task) + row;
  double *numbers = numbers_of(task, row); /* log q(z_id) of each d, then log q(z_i) */
  double own = 0, marginals = 0, prior = 0;
  fill_weights(state, i, /*column=*/false);
  tsl__clear_doubles(state->sum, state->batch);
  for (int64_t d = 0; d < state->latent; d++) {
    float z = dimension(state, state->z, d)[i];
    tsl__density_of_row(state->density, z, dimension(state, state->mean, d),
                        dimension(state, state->log_variance, d),
                        dimension(state, state->precision, d), state->batch);
    tsl__add_doubles(state->sum, state->density, state->batch);
    numbers[d] = log_sum_exp(state, state->density, state->weight);
    own += state->density[i];
    marginals += numbers[d];
    prior += -0.5 * (TSL__LOG_2_PI + (double)z * (double)z);
  }
  double joint = log_sum_exp(state, state->sum, state->weight);
  numbers[state->latent] = joint;
  task->out[3 * row] = (float)(own - joint);
  task->out[3 * row + 1] = (float)(joint - marginals);
  task->out[3 * row + 2] = (float)(marginals - prior);
}

static void correlation_forward(const struct tsl__task *task) {
  for (int64_t row = 0; row < task->graph->rows; row++)
    row_forward(task, row);
}

/* ---- backward ---- */

static void correlation_gather_backward(const struct tsl__task *task) {
  const struct state *state = task->node->state;
  for (int64_t row = 0; row < state->rows; row++) {
    for (int k = 0; k < 3; k++)
      numbers_of(task, row)[state->latent + 1 + k] = (double)task->grad_out[3 * row + k];
  }
}

static void correlation_combine_backward(struct tsl_graph *graph,
                                         struct tsl__node *node) {
  struct state *state = node->state;
  const double *from = (const double *)(const void *)node->exchange_backward.bytes;
  (void)graph;
  for (int64_t i = 0; i < state->batch; i++) {
    for (int64_t d = 0; d < state->latent; d++)
      state->marginal[d * state->batch + i] = *from++;
    state->joint[i] = *from++;
    for (int k = 0; k < 3; k++)
      state->gradient[k * state->batch + i] = (float)*from++;
  }
}

/* How much the terms' gradients weigh the two kinds of shares. */
struct pull {
  float joint, marginal;
};

/* part_j = -(z - mean_j) precision_j times the gradient by l_ij. */
TSL__VECTOR static void z_parts(float *restrict part, const float *restrict joint_share,
                                const float *restrict share, struct pull by, float z,
                                const float *restrict mean,
                                const float *restrict precision, int64_t batch) {
  for (int64_t j = 0; j < batch; j++)
    part[j] = (by.joint * joint_share[j] + by.marginal * share[j]) *
              ((mean[j] - z) * precision[j]);
}

/* The gradient by z of row i. joint_share: (batch), room for P. */
static void row_backward(const struct tsl__task *task, int64_t row, float *joint_share) {
  const struct state *state = task->node->state;
  int64_t i = tsl__sample_index(task) + row, batch = state->batch;
  const float g0 = state->gradient[i], g1 = state->gradient[batch + i],
              g2 = state->gradient[2 * batch + i];
  const struct pull pull = {g1 - g0, g2 - g1};
  fill_weights(state, i, /*column=*/false);
  tsl__clear_doubles(state->sum, batch);
  for (int64_t pass = 0; pass < 2; pass++) {
    for (int64_t d = 0; d < state->latent; d++) {
      const float *mean = dimension(state, state->mean, d);
      const float *precision = dimension(state, state->precision, d);
      float z = dimension(state, state->z, d)[i];
      tsl__density_of_row(state->density, z, mean,
                          dimension(state, state->log_variance, d), precision, batch);
      if (pass == 0) {
        tsl__add_doubles(state->sum, state->density, batch);
        continue;
      }
      tsl__shares(state->share, state->density, state->weight,
                  state->marginal[d * batch + i], batch);
      z_parts(state->part, joint_share, state->share, pull, z, mean, precision, batch);
      double own = (double)g0 * (double)((mean[i] - z) * precision[i]);
      double sum = tsl__sum(state->part, (size_t)batch);
      task->grad_in[0][row * state->latent + d] =
          (float)(sum + own + (double)g2 * (double)z);
    }
    if (pass == 0)
      tsl__shares(joint_share, state->sum, state->weight, state->joint[i], batch);
  }
}

/* part_i = gradient by l_ij; of column j. */
TSL__VECTOR static void column_parts(float *restrict part,
                                     const float *restrict joint_share,
                                     const float *restrict share,
                                     const float *restrict gradient, int64_t batch) {
  const float *g0 = gradient, *g1 = gradient + batch, *g2 = gradient + 2 * batch;
  for (int64_t i = 0; i < batch; i++)
    part[i] = (g1[i] - g0[i]) * joint_share[i] + (g2[i] - g1[i]) * share[i];
}

/* mean_i = part_i (z_i - mean) precision; variance_i = part_i ((z_i - mean)^2 precision -
 * 1) / 2 */
TSL__VECTOR static void column_products(const float *restrict part,
                                        const float *restrict z, float mean,
                                        float precision, float *restrict by_mean,
                                        float *restrict by_variance, int64_t batch) {
  for (int64_t i = 0; i < batch; i++) {
    float difference = z[i] - mean;
    by_mean[i] = part[i] * (difference * precision);
    by_variance[i] = part[i] * (0.5F * (difference * difference * precision - 1.0F));
  }
}

/* The gradients by mean and log variance of row j: over all i. */
static void column_backward(const struct tsl__task *task, int64_t row,
                            float *joint_share) {
  const struct state *state = task->node->state;
  int64_t j = tsl__sample_index(task) + row, batch = state->batch;
  fill_weights(state, j, /*column=*/true);
  tsl__clear_doubles(state->sum, batch);
  for (int64_t pass = 0; pass < 2; pass++) {
    for (int64_t d = 0; d < state->latent; d++) {
      const float *z = dimension(state, state->z, d);
      float mean = dimension(state, state->mean, d)[j];
      float precision = dimension(state, state->precision, d)[j];
      tsl__density_of_column(state->density, z, mean,
                             dimension(state, state->log_variance, d)[j], precision,
                             batch);
      if (pass == 0) {
        tsl__add_doubles(state->sum, state->density, batch);
        continue;
      }
      tsl__shares_by_row(state->share, state->density, state->weight,
                         state->marginal + d * batch, batch);
      column_parts(state->part, joint_share, state->share, state->gradient, batch);
      state->part[j] += state->gradient[j];
      float *by_mean = state->share; /* read already */
      float *by_variance = joint_share + batch;
      column_products(state->part, z, mean, precision, by_mean, by_variance, batch);
      int64_t at = row * state->latent + d;
      if (task->grad_in[1] != NULL)
        task->grad_in[1][at] = (float)tsl__sum(by_mean, (size_t)batch);
      if (task->grad_in[2] != NULL)
        task->grad_in[2][at] = (float)tsl__sum(by_variance, (size_t)batch);
    }
    if (pass == 0)
      tsl__shares_by_row(joint_share, state->sum, state->weight, state->joint, batch);
  }
}

static void correlation_backward(const struct tsl__task *task) {
  const struct state *state = task->node->state;
  for (int64_t row = 0; row < state->rows; row++) {
    if (task->grad_in[0] != NULL)
      row_backward(task, row, state->room);
    if (task->grad_in[1] != NULL || task->grad_in[2] != NULL)
      column_backward(task, row, state->room);
  }
}

const struct tsl__operator tsl__operator_total_correlation = {
    .name = "total_correlation",
    .plan = correlation_plan,
    .forward = correlation_forward,
    .backward = correlation_backward,
    .gather = correlation_gather,
    .combine = correlation_combine,
    .gather_backward = correlation_gather_backward,
    .combine_backward = correlation_combine_backward,
    .step_only = true};
