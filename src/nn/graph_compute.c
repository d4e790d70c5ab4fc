/* graph_compute.c - values from values, in evaluation mode. */
#include "nn/graph.h"

#include "nn/vector.h"

#include <string.h>

struct computation {
  struct tsl_graph *graph;
  bool fed[TSL__NODES_MAX];
  bool needed[TSL__NODES_MAX];
  int64_t
      joint; /* the fewest joint samples of what is needed: rows that a row counts as */
  struct tsl__run run;
};

bool tsl__is_a_value(const struct tsl_graph *graph, struct tsl_value value) {
  if (value.index < 0 || value.index >= graph->node_count)
    return false;
  return graph->nodes[value.index]->value.data != NULL &&
         !graph->nodes[value.index]->batch_level;
}

static enum tsl_status find_needed(struct computation *computation,
                                   struct tsl_error *err) {
  const struct tsl_graph *graph = computation->graph;
  for (int i = graph->node_count - 1; i >= 0; i--) {
    const struct tsl__node *node = graph->nodes[i];
    if (!computation->needed[i])
      continue;
    if (node->samples < computation->joint)
      computation->joint = node->samples;
    if (computation->fed[i])
      continue;
    if (i == graph->input)
      return tsl_error_set(err, TSL_INTERNAL, "",
                           "values are asked for that need the input, which is not fed");
    if (node->operator_->step_only)
      return tsl_error_set(err, TSL_INTERNAL, "",
                           "operator %s needs a whole batch: its values exist in a step "
                           "only",
                           node->operator_->name);
    for (int k = 0; k < node->input_count; k++)
      computation->needed[node->inputs[k]] = true;
  }
  return TSL_OK;
}

/* Each row `times` times. from: (rows, count), to: (rows, times, count) */
static void repeat_rows(float *to, const float *from, int64_t rows, int64_t times,
                        size_t count) {
  for (int64_t i = 0; i < rows * times; i++)
    memcpy(to + (size_t)i * count, from + (size_t)(i / times) * count,
           count * sizeof *to);
}

/* rows: 1..graph->rows * joint; the rest of the piece is zero. data: (rows, shape) */
static void feed(const struct computation *computation, const struct tsl_feed *given,
                 int64_t first, int64_t rows) {
  struct tsl_graph *graph = computation->graph;
  struct tsl__node *node = graph->nodes[given->value.index];
  size_t count = (size_t)tsl__row_count(node);
  bool plain = node->from_plain.primitive == NULL;
  float *to = plain ? node->value.data : graph->temporary[0];
  const int64_t times = node->samples / computation->joint;
  repeat_rows(to, given->data + (size_t)first * count, rows, times, count);
  tsl__fill(to + (size_t)(rows * times) * count, 0.0F,
            (size_t)(tsl__node_rows(graph, node) - rows * times) * count);
  if (!plain)
    tsl__kernel_run(&node->from_plain, (const float *[]){to, node->value.data});
}

void tsl__graph_fetch(const struct tsl__run *run, const struct tsl_fetch *wanted,
                      int64_t first, int64_t rows, int64_t stride) {
  struct tsl_graph *graph = run->graph;
  struct tsl__node *node = graph->nodes[wanted->value.index];
  size_t count = (size_t)tsl__row_count(node);
  const float *from = tsl__buffer_at(&node->value, run->local);
  if (node->to_plain.primitive != NULL) {
    tsl__kernel_run(&node->to_plain, (const float *[]){from, graph->temporary[0]});
    from = graph->temporary[0];
  }
  for (int64_t i = 0; i<rows; i += stride> 1 ? 1 : rows)
    memcpy(wanted->data + (size_t)(first + i) * count,
           from + (size_t)(i * stride) * count,
           (stride > 1 ? 1 : (size_t)rows) * count * sizeof(float));
}

static void run_needed(const struct computation *computation) {
  struct tsl_graph *graph = computation->graph;
  for (int i = 0; i < graph->node_count; i++) {
    struct tsl__node *node = graph->nodes[i];
    if (!computation->needed[i] || computation->fed[i])
      continue;
    struct tsl__task task;
    tsl__node_convert(&computation->run, node);
    tsl__node_task(&computation->run, node, &task);
    node->operator_->forward(&task);
  }
}

enum tsl_status tsl_graph_compute(struct tsl_graph *graph, const struct tsl_feed *feeds,
                                  int feed_count, const struct tsl_fetch *fetches,
                                  int fetch_count, int64_t rows, struct tsl_error *err) {
  struct computation computation = {
      .graph = graph, .joint = INT64_MAX, .run = {.graph = graph}};
  for (int i = 0; i < feed_count; i++) {
    if (!tsl__is_a_value(graph, feeds[i].value))
      return tsl_error_set(err, TSL_INTERNAL, "", "feed %d is no value of samples", i);
    computation.fed[feeds[i].value.index] = true;
  }
  for (int i = 0; i < fetch_count; i++) {
    if (!tsl__is_a_value(graph, fetches[i].value))
      return tsl_error_set(err, TSL_INTERNAL, "", "fetch %d is no value of samples", i);
    computation.needed[fetches[i].value.index] = true;
  }
  TSL_TRY(find_needed(&computation, err));
  tsl__graph_refresh(graph);
  const int64_t most = graph->rows * computation.joint;
  for (int64_t first = 0; first < rows; first += most) {
    const int64_t piece = rows - first < most ? rows - first : most;
    for (int i = 0; i < feed_count; i++)
      feed(&computation, &feeds[i], first, piece);
    run_needed(&computation);
    for (int i = 0; i < fetch_count; i++)
      tsl__graph_fetch(&computation.run, &fetches[i], first, piece,
                       graph->nodes[fetches[i].value.index]->samples / computation.joint);
  }
  if (graph->dnnl.failed) {
    graph->dnnl.failed = false;
    return tsl_error_set(err, TSL_LIBRARY, "", "oneDNN: a primitive failed to run");
  }
  return TSL_OK;
}
