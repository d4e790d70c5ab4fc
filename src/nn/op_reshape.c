/* op_reshape.c - the same numbers under another shape, channel-major. */
#include "nn/graph.h"

#include <string.h>

struct tsl_value tsl_graph_reshape(struct tsl_graph *graph, struct tsl_value x,
                                   const struct tsl_shape *shape) {
  struct tsl__node *node = tsl__node_add(graph, &tsl__operator_reshape, "reshape", 1, &x);
  if (node == NULL)
    return tsl__node_value(NULL);
  bool sound = shape->rank == 1 || shape->rank == 3;
  for (int i = 0; sound && i < shape->rank; i++)
    sound = shape->dims[i] > 0;
  node->shape = *shape;
  const struct tsl_shape *in = tsl__input_shape(graph, node, 0);
  if (!sound || tsl_shape_count(shape) != tsl_shape_count(in))
    tsl__graph_fail(graph, "reshape", "the shape %s cannot be reshaped to %s",
                    tsl__shape_print(in).text, tsl__shape_print(shape).text);
  return tsl__node_value(node);
}

static void reshape_forward(const struct tsl__task *task) {
  memcpy(task->out, task->in[0], tsl__layout_bytes(&task->node->layout));
}

static void reshape_backward(const struct tsl__task *task) {
  if (task->grad_in[0] != NULL)
    memcpy(task->grad_in[0], task->grad_out, tsl__layout_bytes(&task->node->layout));
}

const struct tsl__operator tsl__operator_reshape = {.name = "reshape",
                                                    .plan = tsl__plan_plain,
                                                    .forward = reshape_forward,
                                                    .backward = reshape_backward};
