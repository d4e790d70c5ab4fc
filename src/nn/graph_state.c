/* graph_state.c - what a step changes, as one flat array in PyTorch's layouts. */
#include "nn/graph.h"
#include "nn/optimizer.h"

#include <stdio.h>

static int moment_count(const struct tsl_graph *graph) {
  return graph->optimizer == NULL ? 0 : graph->optimizer->optimizer->moments;
}

/* The parameters, then moment by moment those that are trained. moment: -1 for the
 * parameter itself. */
struct walk {
  int param, moment;
  int64_t offset; /* floats before it */
};

static const struct walk walk_begin = {.param = 0, .moment = -1, .offset = 0};

/* To the next part; false behind the last. */
static bool walk_on(const struct tsl_graph *graph, struct walk *walk) {
  walk->offset += graph->params[walk->param]->face.count;
  do {
    walk->param++;
    if (walk->param == graph->param_count) {
      walk->param = 0;
      walk->moment++;
    }
    if (walk->moment >= moment_count(graph))
      return false;
  } while (walk->moment >= 0 && !graph->params[walk->param]->face.trained);
  return true;
}

int tsl_graph_state_count(const struct tsl_graph *graph) {
  int trained = 0;
  for (int i = 0; i < graph->param_count; i++)
    trained += graph->params[i]->face.trained;
  return graph->param_count + moment_count(graph) * trained;
}

int64_t tsl_graph_state_floats(const struct tsl_graph *graph) {
  int64_t floats = 0, moments = moment_count(graph);
  for (int i = 0; i < graph->param_count; i++) {
    const struct tsl_param *param = &graph->params[i]->face;
    floats += param->count * (param->trained ? 1 + moments : 1);
  }
  return floats;
}

struct tsl_state_part tsl_graph_state_part(const struct tsl_graph *graph, int index) {
  struct walk walk = walk_begin;
  for (int i = 0; i < index; i++)
    walk_on(graph, &walk);
  struct tsl_state_part part = {.param = &graph->params[walk.param]->face,
                                .offset = walk.offset};
  snprintf(part.name, sizeof part.name, "%s/%s",
           walk.moment < 0 ? "params"
                           : graph->optimizer->optimizer->moment_names[walk.moment],
           part.param->name);
  return part;
}

/* Of weights or of a moment: the flat array in the engine's layouts. */
static float *array_of(const struct tsl_graph *graph, int moment) {
  return moment < 0 ? graph->weights : graph->optimizer->moments[moment];
}

static enum tsl_status check_optimizer(const struct tsl_graph *graph,
                                       struct tsl_error *err) {
  if (graph->optimizer == NULL)
    return tsl_error_set(err, TSL_INTERNAL, "",
                         "the state of training of a graph without an optimizer");
  return TSL_OK;
}

enum tsl_status tsl_graph_state_get(const struct tsl_graph *graph, float *values,
                                    int64_t *updates, struct tsl_error *err) {
  TSL_TRY(check_optimizer(graph, err));
  if (graph->optimizer->width > 1)
    return tsl_error_set(err, TSL_INTERNAL, "",
                         "the optimizer's state is spread over %lld ranks and was not "
                         "collected",
                         (long long)graph->optimizer->width);
  struct walk walk = walk_begin;
  do {
    tsl__param_unpack(graph->params[walk.param], array_of(graph, walk.moment),
                      values + walk.offset);
  } while (walk_on(graph, &walk));
  *updates = graph->optimizer->t;
  return TSL_OK;
}

enum tsl_status tsl_graph_state_set(struct tsl_graph *graph, const float *values,
                                    int64_t updates, struct tsl_error *err) {
  TSL_TRY(check_optimizer(graph, err));
  struct walk walk = walk_begin;
  do {
    tsl__param_pack(graph->params[walk.param], values + walk.offset,
                    array_of(graph, walk.moment));
  } while (walk_on(graph, &walk));
  graph->optimizer->t = updates;
  graph->optimizer->width = 0;
  graph->weights_changed = true;
  return TSL_OK;
}
