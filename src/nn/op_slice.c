/* op_slice.c - some neighbouring elements of each sample. */
#include "nn/graph.h"

#include "nn/vector.h"

#include <string.h>

struct tsl_value tsl_graph_slice(struct tsl_graph *graph, struct tsl_value x,
                                 int64_t first, int64_t count) {
  struct tsl__node *node = tsl__node_add(graph, &tsl__operator_slice, "slice", 1, &x);
  if (node == NULL)
    return tsl__node_value(NULL);
  if (first < 0 || count < 1 || first + count > tsl__row_count(node))
    tsl__graph_fail(graph, "slice", "elements %lld to %lld of the shape %s",
                    (long long)first, (long long)(first + count - 1),
                    tsl__shape_print(&node->shape).text);
  node->as.element = first;
  node->shape = tsl__shape_of(1, count, 0, 0);
  return tsl__node_value(node);
}

static void slice_forward(const struct tsl__task *task) {
  const size_t wide =
      (size_t)tsl_shape_count(tsl__input_shape(task->graph, task->node, 0));
  const size_t count = (size_t)tsl__row_count(task->node);
  for (size_t row = 0; row < (size_t)tsl__task_rows(task); row++)
    memcpy(task->out + row * count,
           task->in[0] + row * wide + (size_t)task->node->as.element,
           count * sizeof(float));
}

static void slice_backward(const struct tsl__task *task) {
  const size_t wide =
      (size_t)tsl_shape_count(tsl__input_shape(task->graph, task->node, 0));
  const size_t count = (size_t)tsl__row_count(task->node);
  const size_t rows = (size_t)tsl__task_rows(task);
  if (task->grad_in[0] == NULL)
    return;
  tsl__fill(task->grad_in[0], 0.0F, rows * wide);
  for (size_t row = 0; row < rows; row++)
    memcpy(task->grad_in[0] + row * wide + (size_t)task->node->as.element,
           task->grad_out + row * count, count * sizeof(float));
}

const struct tsl__operator tsl__operator_slice = {.name = "slice",
                                                  .plan = tsl__plan_plain,
                                                  .forward = slice_forward,
                                                  .backward = slice_backward};
