/* graph_run.c - one step: segments forward, the last one forward and backward shard by
 * shard, segments backward, sums, optimizer. */
#include "nn/graph.h"

#include "nn/optimizer.h"
#include "nn/vector.h"

#include <math.h>

/* ---- segments ---- */

struct stage {
  struct tsl_graph *graph;
  struct tsl_team *team;
  int64_t shards; /* local ones */
  int64_t first;  /* of them, in the batch */
  const struct tsl_step *step;
  struct tsl__run run;
};

static void enter_shard(struct stage *stage, int64_t local) {
  stage->run.local = local;
  stage->run.shard = stage->first + local;
}

static enum tsl_status gather_blocks(const struct stage *stage, void *bytes, size_t block,
                                     struct tsl_error *err) {
  if (stage->shards == stage->graph->shape.shards)
    return TSL_OK;
  return tsl_team_gather(stage->team, bytes, block * (size_t)stage->shards, err);
}

/* The synchronisation of depth k: blocks to all, then combined by all alike. */
static enum tsl_status synchronise(struct stage *stage, int depth,
                                   struct tsl_error *err) {
  struct tsl_graph *graph = stage->graph;
  for (int i = 0; i < graph->node_count; i++) {
    struct tsl__node *node = graph->nodes[i];
    if (!node->live || !node->synchronises || node->depth != depth)
      continue;
    TSL_TRY(gather_blocks(stage, node->exchange.bytes, node->exchange.block, err));
    if (node->operator_->combine != NULL)
      node->operator_->combine(graph, node);
  }
  enter_shard(stage, 0);
  tsl__run_calls(&stage->run, &graph->between[depth]);
  return TSL_OK;
}

static enum tsl_status synchronise_backward(struct stage *stage, int depth,
                                            struct tsl_error *err) {
  struct tsl_graph *graph = stage->graph;
  enter_shard(stage, 0);
  tsl__run_calls(&stage->run, &graph->between_backward[depth]);
  for (int i = graph->node_count - 1; i >= 0; i--) {
    struct tsl__node *node = graph->nodes[i];
    if (!node->has_gradient || !node->synchronises || node->depth != depth)
      continue;
    if (node->exchange_backward.block > 0)
      TSL_TRY(gather_blocks(stage, node->exchange_backward.bytes,
                            node->exchange_backward.block, err));
    if (node->operator_->combine_backward != NULL)
      node->operator_->combine_backward(graph, node);
  }
  return TSL_OK;
}

/* The forward pass of one shard through one segment. */
static void run_forward(const struct stage *stage, int segment) {
  const struct tsl_graph *graph = stage->graph;
  tsl__run_calls(&stage->run, &graph->forward[segment]);
  for (int i = 0; i < stage->step->fetch_count; i++) {
    const struct tsl_fetch *fetch = &stage->step->fetches[i];
    const struct tsl__node *node = graph->nodes[fetch->value.index];
    const int64_t rows = tsl__node_rows(graph, node);
    if (node->segment == segment)
      tsl__graph_fetch(&stage->run, fetch, stage->run.local * rows, rows, 1);
  }
}

static enum tsl_status run_segments(struct stage *stage, struct tsl_error *err) {
  struct tsl_graph *graph = stage->graph;
  for (int k = 0; k < graph->depth; k++) {
    for (int64_t i = 0; i < stage->shards; i++) {
      enter_shard(stage, i);
      run_forward(stage, k);
    }
    TSL_TRY(synchronise(stage, k + 1, err));
  }
  for (int64_t i = 0; i < stage->shards; i++) {
    enter_shard(stage, i);
    run_forward(stage, graph->depth);
    if (!stage->step->evaluate)
      tsl__run_calls(&stage->run, &graph->backward[graph->depth]);
  }
  if (stage->step->evaluate)
    return TSL_OK;
  for (int k = graph->depth; k > 0; k--) {
    TSL_TRY(synchronise_backward(stage, k, err));
    for (int64_t i = 0; i < stage->shards; i++) {
      enter_shard(stage, i);
      tsl__run_calls(&stage->run, &graph->backward[k - 1]);
    }
  }
  return TSL_OK;
}

/* ---- losses ---- */

void tsl__sum_tree(double *sums, int64_t shards, int64_t width) {
  for (int64_t distance = 1; distance < shards; distance *= 2) {
    for (int64_t i = 0; i < shards; i += 2 * distance) {
      for (int64_t k = 0; k < width; k++)
        sums[i * width + k] += sums[(i + distance) * width + k];
    }
  }
}

/* What members tell each other in every step, besides their sums: the caller's bits, and
 * one of ours above them. A double holds them all exactly. */
static const uint64_t failed_bit = (uint64_t)1 << 32;

static void write_calls(const struct stage *stage, uint64_t calls) {
  const struct tsl_graph *graph = stage->graph;
  for (int64_t i = stage->first; i < stage->first + stage->shards; i++)
    graph->sums[i * graph->sum_width + graph->call_slot] = (double)calls;
}

static uint64_t read_calls(const struct tsl_graph *graph) {
  uint64_t calls = 0;
  for (int64_t i = 0; i < graph->shape.shards; i++)
    calls |= (uint64_t)graph->sums[i * graph->sum_width + graph->call_slot];
  return calls;
}

/* Local. What may fail on one member alone while a step is computed. */
static enum tsl_status check_kernels(struct tsl_graph *graph, struct tsl_error *err) {
  if (!graph->dnnl.failed)
    return TSL_OK;
  graph->dnnl.failed = false;
  return tsl_error_set(err, TSL_LIBRARY, "", "oneDNN: a primitive failed to run");
}

/* Collective on team. One exchange serves the sums and the votes: a member that failed
 * says so beside its sums, and only then all vote, before the step changes a weight. */
static enum tsl_status report_terms(struct stage *stage, struct tsl_step *step,
                                    struct tsl_error *err) {
  struct tsl_graph *graph = stage->graph;
  enum tsl_status status = check_kernels(graph, err);
  write_calls(stage, step->calls | (status != TSL_OK ? failed_bit : 0));
  TSL_TRY(
      gather_blocks(stage, graph->sums, (size_t)graph->sum_width * sizeof(double), err));
  uint64_t calls = read_calls(graph);
  if ((calls & failed_bit) != 0)
    return stage->team == NULL ? status : tsl_team_agree(stage->team, status, err);
  step->heard = (uint32_t)calls;
  tsl__graph_report(graph, step->step, step->terms);
  step->finite = isfinite(step->terms[0]) != 0;
  return TSL_OK;
}

/* ---- weights ---- */

void tsl__graph_refresh(struct tsl_graph *graph) {
  if (!graph->weights_changed)
    return;
  for (int i = 0; i < graph->node_count; i++) {
    struct tsl__node *node = graph->nodes[i];
    if (node->operator_->refresh != NULL)
      node->operator_->refresh(graph, node);
  }
  graph->weights_changed = false;
}

/* What no objective reaches has the gradient 0. */
static void clear_unreached(struct tsl_graph *graph) {
  for (int i = 0; i < graph->node_count; i++) {
    const struct tsl__node *node = graph->nodes[i];
    struct tsl__slice slice = tsl__node_weights(graph, node);
    if (!node->has_gradient && slice.end > slice.begin)
      tsl__fill(graph->gradient + slice.begin, 0.0F, slice.end - slice.begin);
  }
}

static enum tsl_status update_weights(struct stage *stage, bool update,
                                      struct tsl_error *err) {
  struct tsl_graph *graph = stage->graph;
  size_t begin = 0, end = graph->trained;
  bool wide = stage->shards < graph->shape.shards;
  clear_unreached(graph);
  if (!update)
    return TSL_OK;
  if (wide) {
    /* No rank of several adds up all shards, so the last level of the tree is free. */
    float *scratch = graph->partials[graph->partial_count - 1];
    TSL_TRY(
        tsl_team_sum_scatter(stage->team, graph->gradient, scratch, graph->trained, err));
    tsl_team_slice(stage->team, graph->trained, &begin, &end);
  }
  graph->optimizer->t++;
  graph->optimizer->width = graph->shape.shards / stage->shards;
  graph->optimizer->index = stage->first / stage->shards;
  tsl__optimizer_apply(graph->optimizer, graph->weights, graph->gradient, begin, end);
  graph->weights_changed = true;
  if (wide)
    TSL_TRY(tsl_team_sum_collect(stage->team, graph->weights, graph->trained, err));
  return TSL_OK;
}

enum tsl_status tsl_graph_collect(struct tsl_graph *graph, struct tsl_team *team,
                                  struct tsl_error *err) {
  struct tsl__optimizer_state *state = graph->optimizer;
  if (state == NULL || state->width <= 1)
    return TSL_OK;
  if (team == NULL || tsl_team_size(team) != state->width)
    return tsl_error_set(err, TSL_INTERNAL, "",
                         "the optimizer's state is spread over %lld ranks, which must "
                         "collect it together",
                         (long long)state->width);
  for (int k = 0; k < state->optimizer->moments; k++)
    TSL_TRY(tsl_team_sum_collect(team, state->moments[k], graph->trained, err));
  state->width = 0;
  return TSL_OK;
}

/* ---- the step ---- */

/* The optimizer's state is whole, or spread just as this team needs it. */
static enum tsl_status check_spread(const struct tsl__optimizer_state *state,
                                    int64_t width, int64_t index, struct tsl_error *err) {
  if (state == NULL)
    return tsl_error_set(err, TSL_INTERNAL, "", "an update without an optimizer");
  if (state->width > 1 && (state->width != width || state->index != index))
    return tsl_error_set(err, TSL_INTERNAL, "",
                         "the optimizer's state is spread over %lld ranks and was not "
                         "collected before the team changed",
                         (long long)state->width);
  return TSL_OK;
}

static enum tsl_status enter_step(struct tsl_graph *graph, struct tsl_team *team,
                                  const struct tsl_step *step, struct stage *stage,
                                  struct tsl_error *err) {
  int64_t width = team == NULL ? 1 : tsl_team_size(team);
  int64_t index = team == NULL ? 0 : tsl_team_index(team);
  if (!graph->finished)
    return tsl_error_set(err, TSL_INTERNAL, "", "a step of an unfinished graph");
  if (width > graph->shape.shards || graph->shape.shards % width != 0)
    return tsl_error_set(err, TSL_BAD_INPUT, "schedule.width",
                         "a team of %lld ranks cannot share %lld shards: it must be a "
                         "power of two up to train.shards",
                         (long long)width, (long long)graph->shape.shards);
  if (step->update)
    TSL_TRY(check_spread(graph->optimizer, width, index, err));
  for (int i = 0; i < step->fetch_count; i++) {
    struct tsl_value value = step->fetches[i].value;
    if (!tsl__is_a_value(graph, value) || value.index == graph->input ||
        !graph->nodes[value.index]->live || graph->nodes[value.index]->synchronises)
      return tsl_error_set(err, TSL_INTERNAL, "", "fetch %d is no value of the step", i);
  }
  stage->graph = graph;
  stage->team = team;
  stage->step = step;
  stage->shards = graph->shape.shards / width;
  stage->first = index * stage->shards;
  const struct tsl__run run = {.graph = graph,
                               .locals = stage->shards,
                               .training = !step->evaluate,
                               .noisy = true,
                               .step = step->step,
                               .seed = step->seed,
                               .batch = step->batch,
                               .noise = step->noise};
  stage->run = run;
  int level = 0;
  while ((int64_t)1 << level < stage->shards)
    level++;
  graph->gradient = graph->partials[level];
  return TSL_OK;
}

enum tsl_status tsl_graph_step(struct tsl_graph *graph, struct tsl_team *team,
                               struct tsl_step *step, struct tsl_error *err) {
  struct stage stage = {.graph = graph};
  TSL_TRY(enter_step(graph, team, step, &stage, err));
  bool update = step->update && !step->evaluate;
  graph->updating = update;
  tsl__graph_refresh(graph);
  TSL_TRY(run_segments(&stage, err));
  TSL_TRY(report_terms(&stage, step, err));
  return step->evaluate ? TSL_OK : update_weights(&stage, update && step->finite, err);
}
