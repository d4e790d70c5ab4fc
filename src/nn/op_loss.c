/* op_loss.c - reported terms and objectives: sums over a shard's rows in double
 * precision, whose tree over shards graph_run.c adds. */
#include "nn/graph.h"

#include "nn/vector.h"

#include <stdio.h>
#include <stdlib.h>

/* ---- composing ---- */

static struct tsl__node *loss_node(struct tsl_graph *graph,
                                   const struct tsl__operator *operator_,
                                   const char *name, struct tsl_value value) {
  struct tsl__node *node = tsl__node_add(graph, operator_, name, 1, &value);
  if (node != NULL)
    node->batch_level = graph->nodes[value.index]->batch_level;
  return node;
}

static void add_term(struct tsl_graph *graph, const char *name,
                     const struct tsl__term_entry *entry) {
  if (graph->term_count == graph->term_capacity) {
    int capacity = graph->term_capacity > 0 ? 2 * graph->term_capacity : 16;
    void *grown = realloc(graph->terms, (size_t)capacity * sizeof *graph->terms);
    if (grown == NULL) {
      tsl__graph_fail(graph, name, "no memory for a loss term");
      return;
    }
    graph->terms = grown;
    graph->term_capacity = capacity;
  }
  struct tsl__term_entry *added = &graph->terms[graph->term_count++];
  *added = *entry;
  snprintf(added->name, sizeof added->name, "%s", name);
}

void tsl_graph_objective(struct tsl_graph *graph, struct tsl_value value, double weight) {
  struct tsl__node *node = loss_node(graph, &tsl__operator_objective, "objective", value);
  if (node == NULL)
    return;
  node->as.weight = weight;
  if (tsl__row_count(node) != 1)
    tsl__graph_fail(graph, "objective",
                    "an objective has one number a sample, not the shape %s",
                    tsl__shape_print(&node->shape).text);
}

void tsl_graph_term(struct tsl_graph *graph, const char *name, struct tsl_value value) {
  struct tsl__node *node = loss_node(graph, &tsl__operator_term, name, value);
  if (node == NULL)
    return;
  struct tsl__term_entry entry = {.node = node->index, .count = tsl__row_count(node)};
  add_term(graph, name, &entry);
}

void tsl_graph_term_ramp(struct tsl_graph *graph, const char *name,
                         const struct tsl_ramp *ramp) {
  if (graph->failed)
    return;
  struct tsl__term_entry entry = {.node = -1, .ramp = *ramp, .count = 1};
  add_term(graph, name, &entry);
}

int tsl_graph_term_count(const struct tsl_graph *graph) {
  return graph->term_count + 1;
}

struct tsl_term tsl_graph_term_at(const struct tsl_graph *graph, int index) {
  struct tsl_term term = {.name = "total", .count = 1, .offset = 0};
  if (index > 0) {
    const struct tsl__term_entry *entry = &graph->terms[index - 1];
    term.name = entry->name;
    term.count = entry->count;
    term.offset = entry->offset;
  }
  return term;
}

int64_t tsl_graph_term_numbers(const struct tsl_graph *graph) {
  return graph->term_numbers;
}

/* ---- running ---- */

/* Rows of a value of samples, of all shards. */
static double rows_of_batch(const struct tsl_graph *graph, const struct tsl__node *node) {
  return (double)(graph->shape.batch * node->samples);
}

/* A value of the whole batch is read where it lies; nothing to add up. */
static void add_up(const struct tsl__task *task) {
  const struct tsl_graph *graph = task->graph;
  if (task->node->batch_level)
    return;
  const int64_t count = tsl__row_count(task->node), rows = tsl__task_rows(task);
  double *sums = graph->sums + task->run->shard * graph->sum_width + task->node->slot;
  for (int64_t k = 0; k < count; k++) {
    double sum = 0;
    for (int64_t row = 0; row < rows; row++)
      sum += (double)task->in[0][row * count + k];
    sums[k] = sum;
  }
}

/* The mean over the batch: weight / (B M) of each row. */
static void objective_backward(const struct tsl__task *task) {
  const struct tsl__node *node = task->node;
  if (task->grad_in[0] == NULL)
    return;
  if (node->batch_level)
    tsl__fill(task->grad_in[0], (float)node->as.weight, 1);
  else
    tsl__fill(task->grad_in[0],
              (float)(node->as.weight / rows_of_batch(task->graph, node)),
              (size_t)tsl__task_rows(task));
}

const struct tsl__operator tsl__operator_term = {
    .name = "term", .plan = tsl__plan_plain, .forward = add_up};
const struct tsl__operator tsl__operator_objective = {.name = "objective",
                                                      .plan = tsl__plan_plain,
                                                      .forward = add_up,
                                                      .backward = objective_backward};

/* ---- reporting ---- */

double tsl_ramp_at(const struct tsl_ramp *ramp, int64_t step) {
  if (ramp->steps <= 0 || step >= ramp->steps)
    return ramp->end;
  return ramp->end * (double)step / (double)ramp->steps;
}

/* Mean of element k over the batch; graph->sums holds the totals in its first row. */
static double batch_mean(const struct tsl_graph *graph, const struct tsl__node *node,
                         int64_t k) {
  if (node->batch_level)
    return (double)graph->nodes[node->inputs[0]]->value.data[k];
  return graph->sums[node->slot + k] / rows_of_batch(graph, node);
}

void tsl__graph_report(struct tsl_graph *graph, int64_t step, double *terms) {
  tsl__sum_tree(graph->sums, graph->shape.shards, graph->sum_width);
  double total = 0;
  for (int i = 0; i < graph->node_count; i++) {
    const struct tsl__node *node = graph->nodes[i];
    if (node->operator_ == &tsl__operator_objective)
      total += node->as.weight * batch_mean(graph, node, 0);
    for (int64_t k = 0;
         node->operator_ == &tsl__operator_term && k < tsl__row_count(node); k++)
      terms[node->slot + k] = batch_mean(graph, node, k);
  }
  for (int t = 0; t < graph->term_count; t++) {
    if (graph->terms[t].node < 0)
      terms[graph->terms[t].offset] = tsl_ramp_at(&graph->terms[t].ramp, step);
  }
  terms[0] = total;
}
