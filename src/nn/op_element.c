/* op_element.c - one element of each sample. */
#include "nn/graph.h"

#include "nn/vector.h"

struct tsl_value tsl_graph_element(struct tsl_graph *graph, struct tsl_value x,
                                   int64_t index) {
  struct tsl__node *node = tsl__node_add(graph, &tsl__operator_element, "element", 1, &x);
  if (node == NULL)
    return tsl__node_value(NULL);
  if (index < 0 || index >= tsl__row_count(node))
    tsl__graph_fail(graph, "element", "element %lld of the shape %s", (long long)index,
                    tsl__shape_print(&node->shape).text);
  node->as.element = index;
  node->shape = tsl__shape_of(1, 1, 0, 0);
  return tsl__node_value(node);
}

static void element_forward(const struct tsl__task *task) {
  size_t count = (size_t)tsl_shape_count(tsl__input_shape(task->graph, task->node, 0));
  for (size_t row = 0; row < (size_t)tsl__task_rows(task); row++)
    task->out[row] = task->in[0][row * count + (size_t)task->node->as.element];
}

static void element_backward(const struct tsl__task *task) {
  size_t rows = (size_t)tsl__task_rows(task);
  size_t count = (size_t)tsl_shape_count(tsl__input_shape(task->graph, task->node, 0));
  if (task->grad_in[0] == NULL)
    return;
  tsl__fill(task->grad_in[0], 0.0F, rows * count);
  for (size_t row = 0; row < rows; row++)
    task->grad_in[0][row * count + (size_t)task->node->as.element] = task->grad_out[row];
}

const struct tsl__operator tsl__operator_element = {.name = "element",
                                                    .plan = tsl__plan_plain,
                                                    .forward = element_forward,
                                                    .backward = element_backward};
