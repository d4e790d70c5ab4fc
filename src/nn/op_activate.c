/* op_activate.c - relu, tanh, sigmoid, elu (alpha 1), in the layout that comes. */
#include "nn/graph.h"

#include "nn/vector.h"

struct tsl_value tsl_graph_activate(struct tsl_graph *graph, struct tsl_value x,
                                    enum tsl_activation activation) {
  if (activation == TSL_ACTIVATION_NONE)
    return x;
  struct tsl__node *node =
      tsl__node_add(graph, &tsl__operator_activate, "activation", 1, &x);
  if (node != NULL)
    node->as.activation = activation;
  return tsl__node_value(node);
}

/* x, y: (count). Channels of padding must stay zero, so sigmoid wants the plain layout.
 */
TSL__VECTOR static void tanh_all(float *restrict y, const float *restrict x,
                                 size_t count) {
  for (size_t i = 0; i < count; i++)
    y[i] = tsl__tanh(x[i]);
}

TSL__VECTOR static void sigmoid_all(float *restrict y, const float *restrict x,
                                    size_t count) {
  for (size_t i = 0; i < count; i++)
    y[i] = tsl__sigmoid(x[i]);
}

TSL__VECTOR static void elu_all(float *restrict y, const float *restrict x,
                                size_t count) {
  for (size_t i = 0; i < count; i++) {
    float negative = tsl__expm1(x[i] < 0.0F ? x[i] : 0.0F);
    y[i] = x[i] > 0.0F ? x[i] : negative;
  }
}

TSL__VECTOR static void relu_all(float *restrict y, const float *restrict x,
                                 size_t count) {
  for (size_t i = 0; i < count; i++)
    y[i] = x[i] > 0.0F ? x[i] : 0.0F;
}

/* Derivatives by the value y: 1 - y^2, y (1 - y), 1 or y + 1, 1 or 0. */
TSL__VECTOR static void backward_all(float *restrict grad_in, const float *restrict grad,
                                     const float *restrict y, size_t count,
                                     enum tsl_activation activation) {
  switch (activation) {
  case TSL_ACTIVATION_TANH:
    for (size_t i = 0; i < count; i++)
      grad_in[i] = grad[i] * (1.0F - y[i] * y[i]);
    return;
  case TSL_ACTIVATION_SIGMOID:
    for (size_t i = 0; i < count; i++)
      grad_in[i] = grad[i] * (y[i] * (1.0F - y[i]));
    return;
  case TSL_ACTIVATION_ELU:
    for (size_t i = 0; i < count; i++)
      grad_in[i] = y[i] > 0.0F ? grad[i] : grad[i] * (y[i] + 1.0F);
    return;
  case TSL_ACTIVATION_RELU:
    for (size_t i = 0; i < count; i++)
      grad_in[i] = y[i] > 0.0F ? grad[i] : 0.0F;
    return;
  case TSL_ACTIVATION_NONE:
    return;
  }
}

static enum tsl_status activate_plan(struct tsl_graph *graph, struct tsl__node *node,
                                     struct tsl_error *err) {
  if (node->as.activation == TSL_ACTIVATION_SIGMOID)
    return tsl__plan_plain(graph, node, err);
  return tsl__plan_follow(graph, node, err);
}

static size_t floats(const struct tsl__task *task) {
  return tsl__layout_bytes(&task->node->layout) / sizeof(float);
}

static void activate_forward(const struct tsl__task *task) {
  switch (task->node->as.activation) {
  case TSL_ACTIVATION_TANH:
    tanh_all(task->out, task->in[0], floats(task));
    return;
  case TSL_ACTIVATION_SIGMOID:
    sigmoid_all(task->out, task->in[0], floats(task));
    return;
  case TSL_ACTIVATION_ELU:
    elu_all(task->out, task->in[0], floats(task));
    return;
  case TSL_ACTIVATION_RELU:
    relu_all(task->out, task->in[0], floats(task));
    return;
  case TSL_ACTIVATION_NONE:
    return;
  }
}

static void activate_backward(const struct tsl__task *task) {
  if (task->grad_in[0] != NULL)
    backward_all(task->grad_in[0], task->grad_out, task->out, floats(task),
                 task->node->as.activation);
}

const struct tsl__operator tsl__operator_activate = {.name = "activate",
                                                     .plan = activate_plan,
                                                     .forward = activate_forward,
                                                     .backward = activate_backward};
