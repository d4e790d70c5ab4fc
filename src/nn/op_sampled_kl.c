/* op_sampled_kl.c - log q(z|x) - log p(z) of each dimension at the z that was sampled, p
 * the standard normal: (z^2 - log_variance - noise^2) / 2, as (z - mean)^2 / variance is
 * noise^2. Written so, the gradient has no difference of large numbers. */
#include "nn/graph.h"

#include "nn/vector.h"

struct tsl_value tsl_graph_sampled_kl(struct tsl_graph *graph, struct tsl_value z,
                                      struct tsl_value log_variance,
                                      struct tsl_value noise) {
  const struct tsl_value inputs[] = {z, log_variance, noise};
  return tsl__same_shapes(
      graph, tsl__node_add(graph, &tsl__operator_sampled_kl, "sampled_kl", 3, inputs));
}

/* All arrays: (count). */
TSL__VECTOR static void kl_all(float *restrict kl, const float *restrict z,
                               const float *restrict log_variance,
                               const float *restrict noise, size_t count) {
  for (size_t i = 0; i < count; i++)
    kl[i] = 0.5F * (z[i] * z[i] - log_variance[i] - noise[i] * noise[i]);
}

TSL__VECTOR static void product(float *restrict to, const float *restrict a,
                                const float *restrict b, float factor, size_t count) {
  for (size_t i = 0; i < count; i++)
    to[i] = factor * a[i] * b[i];
}

TSL__VECTOR static void scaled(float *restrict to, const float *restrict a, float factor,
                               size_t count) {
  for (size_t i = 0; i < count; i++)
    to[i] = factor * a[i];
}

static void kl_forward(const struct tsl__task *task) {
  kl_all(task->out, task->in[0], task->in[1], task->in[2], tsl__plain_count(task));
}

static void kl_backward(const struct tsl__task *task) {
  size_t count = tsl__plain_count(task);
  if (task->grad_in[0] != NULL)
    product(task->grad_in[0], task->grad_out, task->in[0], 1.0F, count);
  if (task->grad_in[1] != NULL)
    scaled(task->grad_in[1], task->grad_out, -0.5F, count);
  if (task->grad_in[2] != NULL)
    product(task->grad_in[2], task->grad_out, task->in[2], -1.0F, count);
}

const struct tsl__operator tsl__operator_sampled_kl = {.name = "sampled_kl",
                                                       .plan = tsl__plan_plain,
                                                       .forward = kl_forward,
                                                       .backward = kl_backward};
