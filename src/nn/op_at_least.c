/* op_at_least.c - max(least, x) of one number of the whole batch; the derivative is 1
 * from `least` on and 0 below. */
#include "nn/graph.h"

struct tsl_value tsl_graph_at_least(struct tsl_graph *graph, struct tsl_value x,
                                    double least) {
  struct tsl__node *node =
      tsl__node_add(graph, &tsl__operator_at_least, "at_least", 1, &x);
  if (node == NULL)
    return tsl__node_value(NULL);
  if (!graph->nodes[x.index]->batch_level || tsl__row_count(node) != 1)
    tsl__graph_fail(graph, "at_least",
                    "a bound is that of one number of the whole batch");
  node->batch_level = true;
  node->as.least = least;
  return tsl__node_value(node);
}

static void bound_forward(const struct tsl__task *task) {
  const float least = (float)task->node->as.least, x = task->in[0][0];
  task->out[0] = x < least ? least : x; /* what is not a number stays so */
}

static void bound_backward(const struct tsl__task *task) {
  const float least = (float)task->node->as.least;
  if (task->grad_in[0] != NULL)
    task->grad_in[0][0] = task->in[0][0] < least ? 0.0F : task->grad_out[0];
}

const struct tsl__operator tsl__operator_at_least = {.name = "at_least",
                                                     .plan = tsl__plan_plain,
                                                     .forward = bound_forward,
                                                     .backward = bound_backward,
                                                     .step_only = true};
