/* op_gaussian_likelihood.c - -log N(x; m, exp(v)) = (log 2 pi + v + (x - m)^2 exp(-v)) /
 * 2 summed over a sample's dimensions. */
#include "nn/graph.h"

#include "nn/density.h"
#include "nn/vector.h"

struct tsl_value tsl_graph_gaussian_likelihood(struct tsl_graph *graph,
                                               struct tsl_value mean,
                                               struct tsl_value log_variance,
                                               struct tsl_value target) {
  const struct tsl_value inputs[] = {mean, log_variance, target};
  struct tsl__node *node = tsl__node_add(graph, &tsl__operator_gaussian_likelihood,
                                         "gaussian_likelihood", 3, inputs);
  tsl__same_shapes(graph, node);
  if (node != NULL)
    node->shape = tsl__shape_of(1, 1, 0, 0);
  return tsl__node_value(node);
}

enum { CHUNK = 1024 };

/* All arrays: (count). loss without the constant. */
TSL__VECTOR static void losses(float *restrict loss, const float *restrict mean,
                               const float *restrict log_variance,
                               const float *restrict target, size_t count) {
  for (size_t i = 0; i < count; i++) {
    float difference = target[i] - mean[i];
    loss[i] =
        0.5F * (log_variance[i] + (difference * difference) * tsl__exp(-log_variance[i]));
  }
}

/* d loss / d mean = (m - x) exp(-v); sign -1 gives the derivative by x. */
TSL__VECTOR static void mean_gradient(float *restrict to, const float *restrict mean,
                                      const float *restrict log_variance,
                                      const float *restrict target, float factor,
                                      size_t count) {
  for (size_t i = 0; i < count; i++)
    to[i] = factor * ((mean[i] - target[i]) * tsl__exp(-log_variance[i]));
}

TSL__VECTOR static void log_variance_gradient(float *restrict to,
                                              const float *restrict mean,
                                              const float *restrict log_variance,
                                              const float *restrict target, float factor,
                                              size_t count) {
  for (size_t i = 0; i < count; i++) {
    float difference = target[i] - mean[i];
    to[i] =
        factor * (0.5F * (1.0F - (difference * difference) * tsl__exp(-log_variance[i])));
  }
}

static void likelihood_forward(const struct tsl__task *task) {
  size_t count = (size_t)tsl_shape_count(tsl__input_shape(task->graph, task->node, 0));
  for (size_t row = 0; row < (size_t)tsl__task_rows(task); row++) {
    double sum = 0.5 * TSL__LOG_2_PI * (double)count;
    for (size_t i = 0; i < count; i += CHUNK) {
      float loss[CHUNK];
      size_t width = count - i < CHUNK ? count - i : CHUNK;
      size_t at = row * count + i;
      losses(loss, task->in[0] + at, task->in[1] + at, task->in[2] + at, width);
      sum += tsl__sum(loss, width);
    }
    task->out[row] = (float)sum;
  }
}

static void likelihood_backward(const struct tsl__task *task) {
  size_t count = (size_t)tsl_shape_count(tsl__input_shape(task->graph, task->node, 0));
  for (size_t row = 0; row < (size_t)tsl__task_rows(task); row++) {
    size_t at = row * count;
    const float *mean = task->in[0] + at, *log_variance = task->in[1] + at,
                *target = task->in[2] + at;
    float grad = task->grad_out[row];
    if (task->grad_in[0] != NULL)
      mean_gradient(task->grad_in[0] + at, mean, log_variance, target, grad, count);
    if (task->grad_in[1] != NULL)
      log_variance_gradient(task->grad_in[1] + at, mean, log_variance, target, grad,
                            count);
    if (task->grad_in[2] != NULL)
      mean_gradient(task->grad_in[2] + at, mean, log_variance, target, -grad, count);
  }
}

const struct tsl__operator tsl__operator_gaussian_likelihood = {
    .name = "gaussian_likelihood",
    .plan = tsl__plan_plain,
    .forward = likelihood_forward,
    .backward = likelihood_backward};
