/* op_ramp_scale.c - values times C(step): a term of the loss that comes in slowly. */
#include "nn/graph.h"

struct tsl_value tsl_graph_ramp_scale(struct tsl_graph *graph, struct tsl_value x,
                                      const struct tsl_ramp *ramp) {
  struct tsl__node *node =
      tsl__node_add(graph, &tsl__operator_ramp_scale, "ramp_scale", 1, &x);
  if (node == NULL)
    return tsl__node_value(NULL);
  node->batch_level = graph->nodes[x.index]->batch_level;
  node->as.ramp = *ramp;
  return tsl__node_value(node);
}

/* out = C(step) in; both (rows, elements). */
static void scale(const struct tsl__task *task, const float *in, float *out) {
  const float factor = (float)tsl_ramp_at(&task->node->as.ramp, task->run->step);
  const int64_t count = tsl__task_rows(task) * tsl__row_count(task->node);
  for (int64_t i = 0; i < count; i++)
    out[i] = factor * in[i];
}

static void scale_forward(const struct tsl__task *task) {
  scale(task, task->in[0], task->out);
}

static void scale_backward(const struct tsl__task *task) {
  if (task->grad_in[0] != NULL)
    scale(task, task->grad_out, task->grad_in[0]);
}

const struct tsl__operator tsl__operator_ramp_scale = {.name = "ramp_scale",
                                                       .plan = tsl__plan_plain,
                                                       .forward = scale_forward,
                                                       .backward = scale_backward,
                                                       .step_only = true};
