/* op_squared_error.c - (y - x)^2 summed over a sample's dimensions. */
#include "nn/graph.h"

#include "nn/vector.h"

struct tsl_value tsl_graph_squared_error(struct tsl_graph *graph, struct tsl_value output,
                                         struct tsl_value target) {
  const struct tsl_value inputs[] = {output, target};
  struct tsl__node *node =
      tsl__node_add(graph, &tsl__operator_squared_error, "squared_error", 2, inputs);
  tsl__same_shapes(graph, node);
  if (node != NULL)
    node->shape = tsl__shape_of(1, 1, 0, 0);
  return tsl__node_value(node);
}

enum { CHUNK = 1024 };

/* All arrays: (count). */
TSL__VECTOR static void squares(float *restrict to, const float *restrict output,
                                const float *restrict target, size_t count) {
  for (size_t i = 0; i < count; i++)
    to[i] = (output[i] - target[i]) * (output[i] - target[i]);
}

TSL__VECTOR static void differences(float *restrict to, const float *restrict output,
                                    const float *restrict target, float factor,
                                    size_t count) {
  for (size_t i = 0; i < count; i++)
    to[i] = factor * (output[i] - target[i]);
}

static void squared_forward(const struct tsl__task *task) {
  size_t count = (size_t)tsl_shape_count(tsl__input_shape(task->graph, task->node, 0));
  for (size_t row = 0; row < (size_t)tsl__task_rows(task); row++) {
    double sum = 0;
    for (size_t i = 0; i < count; i += CHUNK) {
      float loss[CHUNK];
      size_t width = count - i < CHUNK ? count - i : CHUNK;
      size_t at = row * count + i;
      squares(loss, task->in[0] + at, task->in[1] + at, width);
      sum += tsl__sum(loss, width);
    }
    task->out[row] = (float)sum;
  }
}

static void squared_backward(const struct tsl__task *task) {
  size_t count = (size_t)tsl_shape_count(tsl__input_shape(task->graph, task->node, 0));
  for (size_t row = 0; row < (size_t)tsl__task_rows(task); row++) {
    size_t at = row * count;
    for (int k = 0; k < 2; k++) {
      float factor = (k == 0 ? 2.0F : -2.0F) * task->grad_out[row];
      if (task->grad_in[k] != NULL)
        differences(task->grad_in[k] + at, task->in[0] + at, task->in[1] + at, factor,
                    count);
    }
  }
}

const struct tsl__operator tsl__operator_squared_error = {.name = "squared_error",
                                                          .plan = tsl__plan_plain,
                                                          .forward = squared_forward,
                                                          .backward = squared_backward};
