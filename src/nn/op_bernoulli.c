/* op_bernoulli.c - binary cross-entropy with logits, summed over a sample's dimensions:
 * max(l, 0) - l x + log(1 + exp(-|l|)); its derivative sigmoid(l) - x is kept from
 * forward. */
#include "nn/graph.h"

#include "nn/vector.h"

struct tsl_value tsl_graph_bernoulli(struct tsl_graph *graph, struct tsl_value logits,
                                     struct tsl_value target) {
  const struct tsl_value inputs[] = {logits, target};
  struct tsl__node *node =
      tsl__node_add(graph, &tsl__operator_bernoulli, "bernoulli", 2, inputs);
  tsl__same_shapes(graph, node);
  if (node != NULL)
    node->shape = tsl__shape_of(1, 1, 0, 0);
  return tsl__node_value(node);
}

static enum tsl_status bernoulli_plan(struct tsl_graph *graph, struct tsl__node *node,
                                      struct tsl_error *err) {
  node->saved_floats = (size_t)tsl__node_rows(graph, node) *
                       (size_t)tsl_shape_count(tsl__input_shape(graph, node, 0));
  return tsl__plan_plain(graph, node, err);
}

enum { CHUNK = 1024 };

/* loss, residual, logits, target: (count). */
TSL__VECTOR static void cross_entropy(float *restrict loss, float *restrict residual,
                                      const float *restrict logits,
                                      const float *restrict target, size_t count) {
  for (size_t i = 0; i < count; i++) {
    float l = logits[i], x = target[i];
    float e = tsl__exp(-tsl__abs(l));
    float inverse = 1.0F / (1.0F + e);
    float probability = l < 0.0F ? e * inverse : inverse;
    loss[i] = (l > 0.0F ? l : 0.0F) - l * x + tsl__log1p(e);
    residual[i] = probability - x;
  }
}

static void bernoulli_forward(const struct tsl__task *task) {
  size_t rows = (size_t)tsl__task_rows(task);
  size_t count = (size_t)tsl_shape_count(tsl__input_shape(task->graph, task->node, 0));
  for (size_t row = 0; row < rows; row++) {
    double sum = 0;
    for (size_t i = 0; i < count; i += CHUNK) {
      float loss[CHUNK];
      size_t width = count - i < CHUNK ? count - i : CHUNK;
      size_t at = row * count + i;
      cross_entropy(loss, task->saved + at, task->in[0] + at, task->in[1] + at, width);
      sum += tsl__sum(loss, width);
    }
    task->out[row] = (float)sum;
  }
}

/* to = factor from, all (count). */
TSL__VECTOR static void scaled(float *restrict to, const float *restrict from,
                               float factor, size_t count) {
  for (size_t i = 0; i < count; i++)
    to[i] = factor * from[i];
}

static void bernoulli_backward(const struct tsl__task *task) {
  size_t rows = (size_t)tsl__task_rows(task);
  size_t count = (size_t)tsl_shape_count(tsl__input_shape(task->graph, task->node, 0));
  for (size_t row = 0; row < rows; row++) {
    size_t at = row * count;
    float grad = task->grad_out[row];
    if (task->grad_in[0] != NULL)
      scaled(task->grad_in[0] + at, task->saved + at, grad, count);
    if (task->grad_in[1] != NULL)
      scaled(task->grad_in[1] + at, task->in[0] + at, -grad, count);
  }
}

const struct tsl__operator tsl__operator_bernoulli = {.name = "bernoulli",
                                                      .plan = bernoulli_plan,
                                                      .forward = bernoulli_forward,
                                                      .backward = bernoulli_backward};
