/* op_loss.c - reported terms and objectives: sums over a shard's rows in double
 * precision, whose tree over shards graph_run.c adds. */
#include "nn/graph.h"

#include "nn/vector.h"

/* A value of the whole batch is read where it lies; nothing to add up. */
static void add_up(const struct tsl__task *task) {
  const struct tsl_graph *graph = task->graph;
  if (task->node->batch_level)
    return;
  int64_t count = tsl__row_count(task->node);
  double *sums = graph->sums + task->run->shard * graph->sum_width + task->node->slot;
  for (int64_t k = 0; k < count; k++) {
    double sum = 0;
    for (int64_t row = 0; row < graph->rows; row++)
      sum += (double)task->in[0][row * count + k];
    sums[k] = sum;
  }
}

/* The mean over the batch: weight / B of each row. */
static void objective_backward(const struct tsl__task *task) {
  const struct tsl__node *node = task->node;
  if (task->grad_in[0] == NULL)
    return;
  if (node->batch_level)
    tsl__fill(task->grad_in[0], (float)node->as.weight, 1);
  else
    tsl__fill(task->grad_in[0],
              (float)(node->as.weight / (double)task->graph->shape.batch),
              (size_t)task->graph->rows);
}

const struct tsl__operator tsl__operator_term = {
    .name = "term", .plan = tsl__plan_plain, .forward = add_up};
const struct tsl__operator tsl__operator_objective = {.name = "objective",
                                                      .plan = tsl__plan_plain,
                                                      .forward = add_up,
                                                      .backward = objective_backward};
