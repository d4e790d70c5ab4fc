/* op_ramp_distance.c - |x - C(step)| of one number of the whole batch; the derivative is
 * the sign, 0 where they are equal. */
#include "nn/graph.h"

#include "nn/vector.h"

struct tsl_value tsl_graph_ramp_distance(struct tsl_graph *graph, struct tsl_value x,
                                         const struct tsl_ramp *ramp) {
  struct tsl__node *node =
      tsl__node_add(graph, &tsl__operator_ramp_distance, "ramp_distance", 1, &x);
  if (node == NULL)
    return tsl__node_value(NULL);
  if (!graph->nodes[x.index]->batch_level || tsl__row_count(node) != 1)
    tsl__graph_fail(graph, "ramp_distance",
                    "a ramp's distance is that of one number of the whole batch");
  node->batch_level = true;
  node->as.ramp = *ramp;
  return tsl__node_value(node);
}

static void distance_forward(const struct tsl__task *task) {
  double ramp = tsl_ramp_at(&task->node->as.ramp, task->run->step);
  task->out[0] = tsl__abs((float)((double)task->in[0][0] - ramp));
}

static void distance_backward(const struct tsl__task *task) {
  double distance =
      (double)task->in[0][0] - tsl_ramp_at(&task->node->as.ramp, task->run->step);
  float sign = distance > 0 ? 1.0F : distance < 0 ? -1.0F : 0.0F;
  if (task->grad_in[0] != NULL)
    task->grad_in[0][0] = sign * task->grad_out[0];
}

const struct tsl__operator tsl__operator_ramp_distance = {.name = "ramp_distance",
                                                          .plan = tsl__plan_plain,
                                                          .forward = distance_forward,
                                                          .backward = distance_backward,
                                                          .step_only = true};
