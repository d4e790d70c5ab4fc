/* graph_plan.c - what is decided before the first step: who needs a gradient, which
 * segment a node runs in, layouts, conversions, memory. */
#include "nn/graph.h"

#include <stdlib.h>
#include <string.h>

/* ---- layouts ---- */

static int full_dims(int64_t rows, const struct tsl_shape *shape, int64_t *dims) {
  dims[0] = rows;
  for (int i = 0; i < shape->rank; i++)
    dims[i + 1] = shape->dims[i];
  return shape->rank + 1;
}

struct tsl__layout tsl__plain_layout(int64_t rows, const struct tsl_shape *shape) {
  int64_t dims[TSL_SHAPE_RANK_MAX + 1];
  int rank = full_dims(rows, shape, dims);
  return tsl__layout_plain(rank, dims);
}

struct tsl__layout tsl__any_layout(int64_t rows, const struct tsl_shape *shape) {
  int64_t dims[TSL_SHAPE_RANK_MAX + 1];
  int rank = full_dims(rows, shape, dims);
  return tsl__layout_any(rank, dims);
}

enum tsl_status tsl__plan_plain(struct tsl_graph *graph, struct tsl__node *node,
                                struct tsl_error *err) {
  (void)err;
  node->layout = tsl__plain_layout(tsl__node_rows(graph, node), &node->shape);
  for (int k = 0; k < node->input_count; k++) {
    const struct tsl__node *input = graph->nodes[node->inputs[k]];
    node->wanted[k] = tsl__plain_layout(tsl__node_rows(graph, input), &input->shape);
  }
  return TSL_OK;
}

enum tsl_status tsl__plan_follow(struct tsl_graph *graph, struct tsl__node *node,
                                 struct tsl_error *err) {
  TSL_TRY(tsl__plan_plain(graph, node, err));
  const struct tsl__layout *given = &graph->nodes[node->inputs[0]]->layout;
  struct tsl__view view;
  if (!tsl__layout_view(given, &view))
    return TSL_OK;
  node->layout = *given;
  for (int k = 0; k < node->input_count; k++)
    node->wanted[k] = *given;
  return TSL_OK;
}

/* ---- who is needed, who has a gradient ---- */

static bool is_loss(const struct tsl__node *node) {
  return node->operator_ == &tsl__operator_objective ||
         node->operator_ == &tsl__operator_term;
}

static bool has_trained(const struct tsl_graph *graph, const struct tsl__node *node) {
  for (int k = 0; k < node->param_count; k++) {
    if (graph->params[node->params[k]]->face.trained)
      return true;
  }
  return false;
}

static void mark_gradients(struct tsl_graph *graph) {
  for (int i = 0; i < graph->node_count; i++) {
    struct tsl__node *node = graph->nodes[i];
    node->synchronises = node->operator_->gather != NULL;
    node->needs_gradient = has_trained(graph, node);
    for (int k = 0; k < node->input_count; k++)
      node->needs_gradient |= graph->nodes[node->inputs[k]]->needs_gradient;
    node->live = is_loss(node);
    node->has_gradient =
        node->operator_ == &tsl__operator_objective && node->needs_gradient;
  }
  for (int i = graph->node_count - 1; i >= 0; i--) {
    const struct tsl__node *node = graph->nodes[i];
    for (int k = 0; k < node->input_count; k++) {
      struct tsl__node *input = graph->nodes[node->inputs[k]];
      input->live |= node->live;
      input->has_gradient |= node->has_gradient && input->needs_gradient;
    }
  }
}

/* ---- segments ---- */

/* Depth of synchronising nodes, and of BATCH nodes the depth that makes them. */
static void find_depths(struct tsl_graph *graph) {
  int reach[TSL__NODES_MAX] = {0}; /* deepest synchronisation above or at the node */
  for (int i = 0; i < graph->node_count; i++) {
    struct tsl__node *node = graph->nodes[i];
    for (int k = 0; k < node->input_count; k++) {
      if (reach[node->inputs[k]] > reach[i])
        reach[i] = reach[node->inputs[k]];
    }
    if (node->synchronises)
      reach[i]++;
    node->depth = node->synchronises || node->batch_level ? reach[i] : 0;
    if (node->live && reach[i] > graph->depth)
      graph->depth = reach[i];
  }
}

static void find_segments(struct tsl_graph *graph) {
  find_depths(graph);
  for (int i = 0; i < graph->node_count; i++)
    graph->nodes[i]->segment = graph->depth;
  for (int i = graph->node_count - 1; i >= 0; i--) {
    struct tsl__node *node = graph->nodes[i];
    if (node->synchronises || node->batch_level)
      node->segment = node->depth;
    if (!node->live || (node->batch_level && !node->synchronises))
      continue;
    int latest = node->synchronises ? node->depth - 1 : node->segment;
    for (int k = 0; k < node->input_count; k++) {
      struct tsl__node *input = graph->nodes[node->inputs[k]];
      if (input->segment > latest)
        input->segment = latest;
    }
  }
}

/* ---- lists of calls ---- */

static void list_add(struct tsl_graph *graph, struct tsl__list *list,
                     enum tsl__phase phase, const struct tsl__node *node) {
  if (list->calls == NULL) {
    /* A node has at most two calls in a list. */
    list->calls = calloc(2 * (size_t)graph->node_count, sizeof *list->calls);
    if (list->calls == NULL) {
      tsl__graph_fail(graph, "", "no memory for the order of operators");
      return;
    }
  }
  list->calls[list->count].phase = phase;
  list->calls[list->count].node = node->index;
  list->count++;
}

static void list_forward(struct tsl_graph *graph) {
  for (int i = 0; i < graph->node_count; i++) {
    const struct tsl__node *node = graph->nodes[i];
    if (!node->live)
      continue;
    if (node->batch_level) {
      if (!node->synchronises)
        list_add(graph, &graph->between[node->depth], TSL__PHASE_FORWARD, node);
    } else {
      list_add(graph, &graph->forward[node->segment], TSL__PHASE_FORWARD, node);
    }
  }
  for (int i = 0; i < graph->node_count; i++) {
    const struct tsl__node *node = graph->nodes[i];
    if (node->live && node->synchronises)
      list_add(graph, &graph->forward[node->depth - 1], TSL__PHASE_GATHER, node);
  }
}

static void list_backward(struct tsl_graph *graph) {
  for (int i = graph->node_count - 1; i >= 0; i--) {
    const struct tsl__node *node = graph->nodes[i];
    if (node->has_gradient && node->synchronises)
      list_add(graph, &graph->backward[node->depth - 1], TSL__PHASE_BACKWARD, node);
  }
  for (int i = graph->node_count - 1; i >= 0; i--) {
    const struct tsl__node *node = graph->nodes[i];
    if (!node->has_gradient || node->operator_->backward == NULL)
      continue;
    if (node->synchronises) {
      if (node->operator_->gather_backward != NULL)
        list_add(graph, &graph->backward[node->depth], TSL__PHASE_GATHER_BACKWARD, node);
    } else if (node->batch_level) {
      list_add(graph, &graph->between_backward[node->depth], TSL__PHASE_BACKWARD, node);
    } else {
      list_add(graph, &graph->backward[node->segment], TSL__PHASE_BACKWARD, node);
    }
  }
}

/* The first writer of a gradient sets it, later ones add. */
static void find_writers(struct tsl_graph *graph) {
  bool written[TSL__NODES_MAX] = {false};
  for (int k = graph->depth; k >= 0; k--) {
    const struct tsl__list *lists[] = {&graph->backward[k], &graph->between_backward[k]};
    for (int half = 0; half < 2; half++) {
      for (int c = 0; c < lists[half]->count; c++) {
        struct tsl__node *node = graph->nodes[lists[half]->calls[c].node];
        if (lists[half]->calls[c].phase != TSL__PHASE_BACKWARD)
          continue;
        for (int i = 0; i < node->input_count; i++) {
          node->adds[i] = written[node->inputs[i]];
          written[node->inputs[i]] = true;
        }
      }
    }
  }
}

static void check_levels(struct tsl_graph *graph) {
  for (int i = 0; i < graph->node_count; i++) {
    const struct tsl__node *node = graph->nodes[i];
    for (int k = 0; k < node->input_count; k++) {
      if (graph->nodes[node->inputs[k]]->batch_level != node->batch_level &&
          !node->synchronises)
        tsl__graph_fail(graph, node->name,
                        "operator %s of single samples cannot take a value of the whole "
                        "batch",
                        node->operator_->name);
      if (graph->nodes[node->inputs[k]]->samples != node->samples && !node->batch_level &&
          node->operator_ != &tsl__operator_repeat)
        tsl__graph_fail(graph, node->name,
                        "operator %s joins values of %lld and %lld joint samples",
                        node->operator_->name, (long long)node->samples,
                        (long long)graph->nodes[node->inputs[k]]->samples);
    }
  }
}

static void place_sums(struct tsl_graph *graph) {
  int64_t offset = 1; /* the total */
  for (int t = 0; t < graph->term_count; t++) {
    struct tsl__term_entry *entry = &graph->terms[t];
    entry->offset = offset;
    if (entry->node >= 0)
      graph->nodes[entry->node]->slot = offset;
    offset += entry->count;
  }
  graph->term_numbers = offset;
  for (int i = 0; i < graph->node_count; i++) {
    if (graph->nodes[i]->operator_ == &tsl__operator_objective)
      graph->nodes[i]->slot = offset++;
  }
  graph->call_slot = offset++;
  graph->sum_width = offset;
}

void tsl__graph_plan_structure(struct tsl_graph *graph) {
  mark_gradients(graph);
  check_levels(graph);
  find_segments(graph);
  place_sums(graph);
  size_t segments = (size_t)graph->depth + 1;
  graph->forward = calloc(segments, sizeof *graph->forward);
  graph->backward = calloc(segments, sizeof *graph->backward);
  graph->between = calloc(segments, sizeof *graph->between);
  graph->between_backward = calloc(segments, sizeof *graph->between_backward);
  if (graph->forward == NULL || graph->backward == NULL || graph->between == NULL ||
      graph->between_backward == NULL) {
    tsl__graph_fail(graph, "", "no memory for the order of operators");
    return;
  }
  list_forward(graph);
  list_backward(graph);
  if (!graph->failed)
    find_writers(graph);
}

enum tsl_status tsl_graph_finish(struct tsl_graph *graph, struct tsl_error *err) {
  if (!graph->failed && !graph->finished)
    tsl__graph_plan_structure(graph);
  if (graph->failed) {
    if (err != NULL)
      *err = graph->error;
    return (enum tsl_status)graph->error.status;
  }
  if (graph->finished)
    return TSL_OK;
  for (int i = 0; i < graph->node_count; i++) {
    struct tsl__node *node = graph->nodes[i];
    TSL_TRY(node->operator_->plan(graph, node, err));
  }
  TSL_TRY(tsl__params_plan(graph, err));
  TSL_TRY(tsl__graph_plan_memory(graph, err));
  graph->finished = true;
  return TSL_OK;
}
