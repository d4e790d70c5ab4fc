/* op_repeat.c - each row as often as there are joint samples, as neighbours. */
#include "nn/graph.h"

#include "nn/vector.h"

#include <string.h>

struct tsl_value tsl_graph_repeat(struct tsl_graph *graph, struct tsl_value x,
                                  int64_t samples) {
  if (samples == 1)
    return x;
  struct tsl__node *node = tsl__node_add(graph, &tsl__operator_repeat, "repeat", 1, &x);
  if (node == NULL)
    return tsl__node_value(NULL);
  if (samples < 1 || node->samples != 1)
    tsl__graph_fail(graph, "repeat", "a value of %lld joint samples for %lld",
                    (long long)node->samples, (long long)samples);
  node->samples = samples;
  return tsl__node_value(node);
}

static void repeat_forward(const struct tsl__task *task) {
  const size_t count = (size_t)tsl__row_count(task->node);
  const int64_t rows = tsl__task_rows(task), samples = task->node->samples;
  for (int64_t i = 0; i < rows; i++)
    memcpy(task->out + (size_t)i * count, task->in[0] + (size_t)(i / samples) * count,
           count * sizeof(float));
}

static void repeat_backward(const struct tsl__task *task) {
  const size_t count = (size_t)tsl__row_count(task->node);
  const int64_t rows = tsl__task_rows(task), samples = task->node->samples;
  if (task->grad_in[0] == NULL)
    return;
  for (int64_t i = 0; i < rows; i++) {
    float *to = task->grad_in[0] + (size_t)(i / samples) * count;
    const float *from = task->grad_out + (size_t)i * count;
    if (i % samples == 0)
      memcpy(to, from, count * sizeof(float));
    else
      tsl__add(to, from, count);
  }
}

const struct tsl__operator tsl__operator_repeat = {.name = "repeat",
                                                   .plan = tsl__plan_plain,
                                                   .forward = repeat_forward,
                                                   .backward = repeat_backward};
