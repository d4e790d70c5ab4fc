/* op_sum.c - the sum over the dimensions of each sample. */
#include "nn/graph.h"

#include "nn/vector.h"

struct tsl_value tsl_graph_sum(struct tsl_graph *graph, struct tsl_value x) {
  struct tsl__node *node = tsl__node_add(graph, &tsl__operator_sum, "sum", 1, &x);
  if (node != NULL)
    node->shape = tsl__shape_of(1, 1, 0, 0);
  return tsl__node_value(node);
}

static void sum_forward(const struct tsl__task *task) {
  size_t count = (size_t)tsl_shape_count(tsl__input_shape(task->graph, task->node, 0));
  for (size_t row = 0; row < (size_t)tsl__task_rows(task); row++)
    task->out[row] = (float)tsl__sum(task->in[0] + row * count, count);
}

static void sum_backward(const struct tsl__task *task) {
  size_t count = (size_t)tsl_shape_count(tsl__input_shape(task->graph, task->node, 0));
  if (task->grad_in[0] == NULL)
    return;
  for (size_t row = 0; row < (size_t)tsl__task_rows(task); row++)
    tsl__fill(task->grad_in[0] + row * count, task->grad_out[row], count);
}

const struct tsl__operator tsl__operator_sum = {.name = "sum",
                                                .plan = tsl__plan_plain,
                                                .forward = sum_forward,
                                                .backward = sum_backward};
