/* op_dropout.c - inverted dropout: y = x / (1 - rate) where u >= rate, else 0. */
#include "nn/graph.h"

#include "nn/vector.h"

#include <stdio.h>

struct tsl_value tsl_graph_dropout(struct tsl_graph *graph, struct tsl_value x,
                                   double rate) {
  if (graph->failed)
    return tsl__node_value(NULL);
  if (!(rate >= 0 && rate < 1)) {
    tsl__graph_fail(graph, "dropout", "a rate of %g is not in [0, 1)", rate);
    return tsl__node_value(NULL);
  }
  char stream[TSL__NAME_MAX];
  snprintf(stream, sizeof stream, "dropout%d_uniform", graph->dropout_count++);
  const struct tsl_shape shape = tsl_graph_value_shape(graph, x);
  const struct tsl_value inputs[] = {
      x, tsl__noise_add(graph, stream, TSL_NOISE_UNIFORM, &shape,
                        x.index >= 0 && x.index < graph->node_count
                            ? graph->nodes[x.index]->samples
                            : 1)};
  struct tsl__node *node =
      tsl__node_add(graph, &tsl__operator_dropout, "dropout", 2, inputs);
  if (node != NULL)
    node->as.rate = rate;
  return tsl__node_value(node);
}

/* All arrays: (count). keep: 1 / (1 - rate). */
TSL__VECTOR static void drop(float *restrict to, const float *restrict from,
                             const float *restrict uniform, float rate, float keep,
                             size_t count) {
  for (size_t i = 0; i < count; i++)
    to[i] = uniform[i] >= rate ? from[i] * keep : 0.0F;
}

static void drop_floats(const struct tsl__task *task, float *to, const float *from) {
  double rate = task->run->training ? task->node->as.rate : 0;
  drop(to, from, task->in[1], (float)rate, (float)(1.0 / (1.0 - rate)),
       tsl__plain_count(task));
}

static void dropout_forward(const struct tsl__task *task) {
  drop_floats(task, task->out, task->in[0]);
}

static void dropout_backward(const struct tsl__task *task) {
  if (task->grad_in[0] != NULL)
    drop_floats(task, task->grad_in[0], task->grad_out);
}

const struct tsl__operator tsl__operator_dropout = {.name = "dropout",
                                                    .plan = tsl__plan_plain,
                                                    .forward = dropout_forward,
                                                    .backward = dropout_backward};
