#include "nn/optimizer.h"

#include "nn/graph.h"

#include <stdlib.h>

static const struct tsl__optimizer *const optimizers[] = {
#define TSL_OPTIMIZER(name) &tsl__optimizer_##name,
#include "nn/optimizer_list.h"
#undef TSL_OPTIMIZER
};

enum tsl_status tsl_graph_optimizer(struct tsl_graph *graph,
                                    const struct tsl_optimizer_options *options,
                                    struct tsl_error *err) {
  if (!graph->finished)
    return tsl_error_set(err, TSL_INTERNAL, "", "an optimizer for an unfinished graph");
  const struct tsl__optimizer *optimizer = NULL;
  for (size_t i = 0; i < sizeof optimizers / sizeof optimizers[0]; i++) {
    if (optimizers[i]->kind == options->kind)
      optimizer = optimizers[i];
  }
  if (optimizer == NULL)
    return tsl_error_set(err, TSL_BAD_INPUT, "train.optimizer", "unknown optimizer");
  /* Without it, weights that never had a gradient would become 0 / 0. */
  if (options->kind != TSL_OPTIMIZER_SGD && !((float)options->epsilon > 0.0F))
    return tsl_error_set(err, TSL_BAD_INPUT, "train.epsilon",
                         "epsilon must be above 1e-38 for %s, not %g", optimizer->name,
                         options->epsilon);
  struct tsl__optimizer_state *state = calloc(1, sizeof *state);
  if (state == NULL)
    return tsl_error_set(err, TSL_MEMORY, "", "no memory for an optimizer");
  state->optimizer = optimizer;
  state->options = *options;
  for (int k = 0; k < optimizer->moments; k++) {
    void *moment = NULL;
    enum tsl_status status = tsl_allocate(&moment, graph->trained, sizeof(float), err);
    if (status != TSL_OK) {
      tsl__optimizer_free(state);
      return status;
    }
    state->moments[k] = moment;
  }
  tsl__optimizer_free(graph->optimizer);
  graph->optimizer = state;
  return TSL_OK;
}

void tsl__optimizer_free(struct tsl__optimizer_state *state) {
  if (state == NULL)
    return;
  for (int k = 0; k < TSL__MOMENTS_MAX; k++)
    free(state->moments[k]);
  free(state);
}

void tsl__optimizer_apply(struct tsl__optimizer_state *state, float *weights,
                          const float *gradient, size_t begin, size_t end) {
  struct tsl__update update = {.options = &state->options,
                               .t = state->t,
                               .count = end - begin,
                               .weight = weights + begin,
                               .gradient = gradient + begin};
  for (int k = 0; k < state->optimizer->moments; k++)
    update.moments[k] = state->moments[k] + begin;
  state->optimizer->update(&update);
}
