/* graph_memory.c - conversions between layouts, and one arena for everything that a
 * graph holds. */
#include "nn/graph.h"

#include <stdlib.h>

void tsl__memory_request(struct tsl_graph *graph, void **where, size_t bytes) {
  if (graph->request_count == graph->request_capacity) {
    size_t capacity = graph->request_capacity > 0 ? 2 * graph->request_capacity : 256;
    void *grown = realloc(graph->requests, capacity * sizeof *graph->requests);
    if (grown == NULL) {
      tsl__graph_fail(graph, "", "no memory for the plan of memory");
      return;
    }
    graph->requests = grown;
    graph->request_capacity = capacity;
  }
  graph->requests[graph->request_count].where = where;
  graph->requests[graph->request_count].bytes = bytes;
  graph->request_count++;
}

static void request_buffer(struct tsl_graph *graph, struct tsl__buffer *buffer,
                           size_t bytes, bool kept) {
  size_t rounded = tsl_arena_round(bytes);
  size_t count = kept ? (size_t)graph->shape.shards : 1;
  buffer->stride = kept ? rounded / sizeof(float) : 0;
  tsl__memory_request(graph, (void **)&buffer->data, rounded * count);
}

static void need_temporary(struct tsl_graph *graph, int which, size_t bytes) {
  if (bytes > graph->temporary_bytes[which])
    graph->temporary_bytes[which] = bytes;
}

static enum tsl_status plan_ports(struct tsl_graph *graph, struct tsl__node *node,
                                  struct tsl_error *err) {
  bool kept = node->segment < graph->depth || node->synchronises;
  for (int k = 0; k < node->input_count; k++) {
    const struct tsl__node *input = graph->nodes[node->inputs[k]];
    struct tsl__port *port = &node->ports[k];
    size_t bytes = tsl__layout_bytes(&node->wanted[k]);
    need_temporary(graph, k, bytes);
    need_temporary(graph, TSL__INPUTS_MAX, tsl__layout_bytes(&input->layout));
    port->converts = !tsl__layout_equal(&node->wanted[k], &input->layout);
    if (!port->converts)
      continue;
    TSL_TRY(tsl__kernel_reorder(&graph->dnnl, &port->forward, &input->layout,
                                &node->wanted[k], err));
    if (input->has_gradient)
      TSL_TRY(tsl__kernel_reorder(&graph->dnnl, &port->backward, &node->wanted[k],
                                  &input->layout, err));
    request_buffer(graph, &port->converted, bytes, kept);
  }
  return TSL_OK;
}

/* A gradient crosses segments when a consumer's backward runs in another one than the
 * producer's. */
static bool gradient_is_kept(const struct tsl_graph *graph,
                             const struct tsl__node *node) {
  if (node->synchronises)
    return true;
  for (int i = node->index + 1; i < graph->node_count; i++) {
    const struct tsl__node *user = graph->nodes[i];
    int runs_in = user->synchronises ? user->depth - 1 : user->segment;
    for (int k = 0; k < user->input_count; k++) {
      if (user->inputs[k] == node->index && user->has_gradient &&
          runs_in != node->segment)
        return true;
    }
  }
  return false;
}

static enum tsl_status plan_node(struct tsl_graph *graph, struct tsl__node *node,
                                 struct tsl_error *err) {
  size_t bytes = tsl__layout_bytes(&node->layout);
  bool kept = !node->batch_level && node->segment < graph->depth;
  need_temporary(graph, 0, bytes);
  TSL_TRY(plan_ports(graph, node, err));
  if (node->operator_ == &tsl__operator_objective ||
      node->operator_ == &tsl__operator_term)
    return TSL_OK;
  request_buffer(graph, &node->value, bytes, kept);
  bool pooled = !node->batch_level && !gradient_is_kept(graph, node);
  if (node->has_gradient && !pooled)
    request_buffer(graph, &node->gradient, bytes, !node->batch_level);
  node->pooled = node->has_gradient && pooled;
  if (node->saved_floats > 0)
    request_buffer(graph, &node->saved, node->saved_floats * sizeof(float),
                   kept || node->synchronises);
  struct tsl__exchange *exchanges[] = {&node->exchange, &node->exchange_backward};
  for (int e = 0; e < 2; e++) {
    if (exchanges[e]->block > 0)
      tsl__memory_request(graph, (void **)&exchanges[e]->bytes,
                          exchanges[e]->block * (size_t)graph->shape.shards);
  }
  if (tsl__layout_is_plain(&node->layout))
    return TSL_OK;
  struct tsl__layout plain = tsl__plain_layout(tsl__node_rows(graph, node), &node->shape);
  TSL_TRY(tsl__kernel_reorder(&graph->dnnl, &node->to_plain, &node->layout, &plain, err));
  return tsl__kernel_reorder(&graph->dnnl, &node->from_plain, &plain, &node->layout, err);
}

/* ---- gradients that live within one shard's pass share a pool ---- */

/* From the call that writes it first to the producer's own backward. */
struct life {
  int node, birth, death;
  size_t offset, floats;
};

static void note_birth(struct life *life, int call) {
  if (life->birth < 0)
    life->birth = call;
}

/* lives: (node_count), of every node */
static void find_lives(const struct tsl_graph *graph, struct life *lives) {
  int call = 0;
  for (int i = 0; i < graph->node_count; i++)
    lives[i] = (struct life){.node = i, .birth = -1};
  for (int k = graph->depth; k >= 0; k--) {
    const struct tsl__list *list = &graph->backward[k];
    for (int c = 0; c < list->count; c++, call++) {
      const struct tsl__node *node = graph->nodes[list->calls[c].node];
      lives[node->index].death = call;
      for (int i = 0; i < node->input_count; i++)
        note_birth(&lives[node->inputs[i]], call);
    }
  }
  for (int i = 0; i < graph->node_count; i++) {
    if (lives[i].death < lives[i].birth)
      lives[i].death = call; /* nobody takes it: it stays */
  }
}

/* The lowest place that no gradient of an overlapping life takes. placed: (count) */
static size_t lowest_place(const struct life *placed, int count,
                           const struct life *life) {
  size_t offset = 0;
  for (int i = 0; i < count; i++) {
    const struct life *other = &placed[i];
    bool together = other->birth <= life->death && life->birth <= other->death;
    bool overlaps =
        offset < other->offset + other->floats && other->offset < offset + life->floats;
    if (together && overlaps) {
      offset = other->offset + other->floats;
      i = -1; /* look again from the first */
    }
  }
  return offset;
}

static enum tsl_status plan_pool(struct tsl_graph *graph, struct tsl_error *err) {
  size_t count = (size_t)graph->node_count;
  struct life *lives = calloc(2 * count, sizeof *lives);
  if (lives == NULL)
    return tsl_error_set(err, TSL_MEMORY, "", "no memory for the plan of gradients");
  struct life *placed = lives + count;
  int placed_count = 0;
  find_lives(graph, lives);
  for (int i = 0; i < graph->node_count; i++) {
    struct tsl__node *node = graph->nodes[i];
    if (!node->pooled)
      continue;
    struct life *life = &lives[i];
    life->floats = tsl_arena_round(tsl__layout_bytes(&node->layout)) / sizeof(float);
    life->offset = lowest_place(placed, placed_count, life);
    placed[placed_count++] = *life;
    node->pool_offset = life->offset;
    if (life->offset + life->floats > graph->pool_floats)
      graph->pool_floats = life->offset + life->floats;
  }
  free(lives);
  tsl__memory_request(graph, (void **)&graph->pool, graph->pool_floats * sizeof(float));
  return TSL_OK;
}

static void place_pooled(struct tsl_graph *graph) {
  for (int i = 0; i < graph->node_count; i++) {
    struct tsl__node *node = graph->nodes[i];
    if (node->pooled)
      node->gradient.data = graph->pool + node->pool_offset;
  }
}

static void plan_gradients(struct tsl_graph *graph) {
  graph->partial_count = 1;
  while ((int64_t)1 << (graph->partial_count - 1) < graph->shape.shards)
    graph->partial_count++;
  size_t largest = 0, node_largest = 0;
  for (int i = 0; i < graph->param_count; i++) {
    if (graph->params[i]->extent > largest)
      largest = graph->params[i]->extent;
  }
  for (int i = 0; i < graph->node_count; i++) {
    struct tsl__slice slice = tsl__node_weights(graph, graph->nodes[i]);
    if (slice.end - slice.begin > node_largest)
      node_largest = slice.end - slice.begin;
  }
  for (int level = 0; level < graph->partial_count; level++)
    tsl__memory_request(graph, (void **)&graph->partials[level],
                        graph->trained * sizeof(float));
  tsl__memory_request(graph, (void **)&graph->weights, graph->floats * sizeof(float));
  tsl__memory_request(graph, (void **)&graph->shard_gradient,
                      node_largest * sizeof(float));
  tsl__memory_request(graph, (void **)&graph->staging, largest * sizeof(float));
}

enum tsl_status tsl__graph_plan_memory(struct tsl_graph *graph, struct tsl_error *err) {
  for (int i = 0; i < graph->node_count; i++)
    TSL_TRY(plan_node(graph, graph->nodes[i], err));
  TSL_TRY(plan_pool(graph, err));
  plan_gradients(graph);
  for (int k = 0; k <= TSL__INPUTS_MAX; k++)
    tsl__memory_request(graph, (void **)&graph->temporary[k], graph->temporary_bytes[k]);
  tsl__memory_request(graph, (void **)&graph->sums,
                      (size_t)(graph->shape.shards * graph->sum_width) * sizeof(double));
  tsl__memory_request(graph, &graph->dnnl.scratch, graph->dnnl.scratch_bytes);
  if (graph->failed)
    return tsl_error_set(err, TSL_MEMORY, "", "%s", graph->error.text);
  size_t total = 0;
  for (size_t i = 0; i < graph->request_count; i++)
    total += tsl_arena_round(graph->requests[i].bytes);
  TSL_TRY(tsl_arena_init(&graph->arena, total, err));
  for (size_t i = 0; i < graph->request_count; i++)
    *graph->requests[i].where = tsl_arena_take(&graph->arena, graph->requests[i].bytes);
  place_pooled(graph);
  return TSL_OK;
}

size_t tsl_graph_memory(const struct tsl_graph *graph) {
  return graph->arena.bytes;
}
