/* op_gaussian_sample.c - z = mean + exp(log_variance / 2) noise. */
#include "nn/graph.h"

#include "nn/vector.h"

#include <string.h>

struct tsl_value tsl_graph_gaussian_sample(struct tsl_graph *graph, struct tsl_value mean,
                                           struct tsl_value log_variance,
                                           struct tsl_value noise) {
  const struct tsl_value inputs[] = {mean, log_variance, noise};
  return tsl__same_shapes(
      graph, tsl__node_add(graph, &tsl__operator_gaussian_sample, "z", 3, inputs));
}

/* All arrays: (count). */
TSL__VECTOR static void sample_all(float *restrict z, const float *restrict mean,
                                   const float *restrict log_variance,
                                   const float *restrict noise, size_t count) {
  for (size_t i = 0; i < count; i++)
    z[i] = mean[i] + tsl__exp(0.5F * log_variance[i]) * noise[i];
}

TSL__VECTOR static void log_variance_gradient(float *restrict grad_in,
                                              const float *restrict grad,
                                              const float *restrict log_variance,
                                              const float *restrict noise, size_t count) {
  for (size_t i = 0; i < count; i++)
    grad_in[i] = grad[i] * (0.5F * tsl__exp(0.5F * log_variance[i]) * noise[i]);
}

TSL__VECTOR static void noise_gradient(float *restrict grad_in,
                                       const float *restrict grad,
                                       const float *restrict log_variance, size_t count) {
  for (size_t i = 0; i < count; i++)
    grad_in[i] = grad[i] * tsl__exp(0.5F * log_variance[i]);
}

static void sample_forward(const struct tsl__task *task) {
  sample_all(task->out, task->in[0], task->in[1], task->in[2], tsl__plain_count(task));
}

static void sample_backward(const struct tsl__task *task) {
  size_t count = tsl__plain_count(task);
  if (task->grad_in[0] != NULL)
    memcpy(task->grad_in[0], task->grad_out, count * sizeof(float));
  if (task->grad_in[1] != NULL)
    log_variance_gradient(task->grad_in[1], task->grad_out, task->in[1], task->in[2],
                          count);
  if (task->grad_in[2] != NULL)
    noise_gradient(task->grad_in[2], task->grad_out, task->in[1], count);
}

const struct tsl__operator tsl__operator_gaussian_sample = {.name = "gaussian_sample",
                                                            .plan = tsl__plan_plain,
                                                            .forward = sample_forward,
                                                            .backward = sample_backward};
