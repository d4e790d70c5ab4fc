/* op_gaussian_kl.c - KL(N(m, exp(v)) || N(0, 1)) = (m^2 + exp(v) - 1 - v) / 2 of each
 * dimension. */
#include "nn/graph.h"

#include "nn/vector.h"

struct tsl_value tsl_graph_gaussian_kl(struct tsl_graph *graph, struct tsl_value mean,
                                       struct tsl_value log_variance) {
  const struct tsl_value inputs[] = {mean, log_variance};
  return tsl__same_shapes(
      graph, tsl__node_add(graph, &tsl__operator_gaussian_kl, "kl", 2, inputs));
}

/* All arrays: (count). */
TSL__VECTOR static void kl_all(float *restrict kl, const float *restrict mean,
                               const float *restrict log_variance, size_t count) {
  for (size_t i = 0; i < count; i++) {
    float v = log_variance[i];
    float growth = v > 88.0F ? tsl__exp(v) : tsl__expm1(v);
    kl[i] = 0.5F * (mean[i] * mean[i] + (growth - v));
  }
}

TSL__VECTOR static void mean_gradient(float *restrict grad_in, const float *restrict grad,
                                      const float *restrict mean, size_t count) {
  for (size_t i = 0; i < count; i++)
    grad_in[i] = grad[i] * mean[i];
}

TSL__VECTOR static void log_variance_gradient(float *restrict grad_in,
                                              const float *restrict grad,
                                              const float *restrict log_variance,
                                              size_t count) {
  for (size_t i = 0; i < count; i++) {
    float v = log_variance[i];
    grad_in[i] = grad[i] * (0.5F * (v > 88.0F ? tsl__exp(v) : tsl__expm1(v)));
  }
}

static void kl_forward(const struct tsl__task *task) {
  kl_all(task->out, task->in[0], task->in[1], tsl__plain_count(task));
}

static void kl_backward(const struct tsl__task *task) {
  size_t count = tsl__plain_count(task);
  if (task->grad_in[0] != NULL)
    mean_gradient(task->grad_in[0], task->grad_out, task->in[0], count);
  if (task->grad_in[1] != NULL)
    log_variance_gradient(task->grad_in[1], task->grad_out, task->in[1], count);
}

const struct tsl__operator tsl__operator_gaussian_kl = {.name = "gaussian_kl",
                                                        .plan = tsl__plan_plain,
                                                        .forward = kl_forward,
                                                        .backward = kl_backward};
