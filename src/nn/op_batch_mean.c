/* op_batch_mean.c - the mean over the batch: sums over a shard's rows in double
 * precision, added in one tree over shards. */
#include "nn/graph.h"

#include "nn/vector.h"

struct tsl_value tsl_graph_batch_mean(struct tsl_graph *graph, struct tsl_value x) {
  struct tsl__node *node =
      tsl__node_add(graph, &tsl__operator_batch_mean, "batch_mean", 1, &x);
  if (node == NULL)
    return tsl__node_value(NULL);
  if (graph->nodes[x.index]->batch_level)
    tsl__graph_fail(graph, "batch_mean", "the value is of the whole batch already");
  node->batch_level = true;
  node->samples = 1;
  return tsl__node_value(node);
}

static enum tsl_status mean_plan(struct tsl_graph *graph, struct tsl__node *node,
                                 struct tsl_error *err) {
  node->exchange.block = (size_t)tsl__row_count(node) * sizeof(double);
  return tsl__plan_plain(graph, node, err);
}

/* Of a shard's value that is averaged. */
static int64_t input_rows(const struct tsl__task *task) {
  return tsl__node_rows(task->graph, task->graph->nodes[task->node->inputs[0]]);
}

static void mean_gather(const struct tsl__task *task) {
  const int64_t count = tsl__row_count(task->node), rows = input_rows(task);
  double *sums = (double *)(void *)tsl__exchange_at(&task->node->exchange, task);
  for (int64_t k = 0; k < count; k++) {
    double sum = 0;
    for (int64_t row = 0; row < rows; row++)
      sum += (double)task->in[0][row * count + k];
    sums[k] = sum;
  }
}

static void mean_combine(struct tsl_graph *graph, struct tsl__node *node) {
  int64_t count = tsl__row_count(node);
  double *sums = (double *)(void *)node->exchange.bytes;
  tsl__sum_tree(sums, graph->shape.shards, count);
  for (int64_t k = 0; k < count; k++)
    node->value.data[k] =
        (float)(sums[k] /
                (double)(graph->shape.batch * graph->nodes[node->inputs[0]]->samples));
}

static void mean_backward(const struct tsl__task *task) {
  const int64_t count = tsl__row_count(task->node), rows = input_rows(task);
  const float all = (float)(rows * task->graph->shape.shards);
  if (task->grad_in[0] == NULL)
    return;
  for (int64_t i = 0; i < rows * count; i++)
    task->grad_in[0][i] = task->grad_out[i % count] / all;
}

const struct tsl__operator tsl__operator_batch_mean = {.name = "batch_mean",
                                                       .plan = mean_plan,
                                                       .backward = mean_backward,
                                                       .gather = mean_gather,
                                                       .combine = mean_combine,
                                                       .step_only = true};
