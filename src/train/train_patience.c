/* train_patience: a run whose loss on held-out samples no longer falls is stopped early,
 * and the weights of its best evaluation are kept. The team's first member keeps them and
 * decides; the loss itself is the same on all, whatever the width. */
#include "train/trainer.h"

#include "teasel/arena.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char best_prefix[] = "best/";

enum tsl_status tsl_train_held_out_check(const struct tsl_run *run, int64_t held_out,
                                         struct tsl_error *err) {
  if (run->options.train.patience == 0 || held_out >= run->options.train.batch)
    return TSL_OK;
  return tsl_error_set(err, TSL_BAD_INPUT, "train.patience",
                       "the held-out loss is taken over whole batches of %lld samples, "
                       "and %lld are held out: raise score.held_out, lower train.batch, "
                       "or leave train.patience out",
                       (long long)run->options.train.batch, (long long)held_out);
}

void tsl__patience_reset(struct tsl__trainer *trainer) {
  trainer->patience.loss = (double)NAN;
  trainer->patience.best = (double)INFINITY;
  trainer->patience.best_step = -1;
  trainer->patience.since = 0;
}

enum tsl_status tsl__patience_init(struct tsl__trainer *trainer, struct tsl_error *err) {
  const struct tsl_run_options *options = &trainer->run->options;
  struct tsl__patience *patience = &trainer->patience;
  const struct tsl_graph *graph = trainer->model.graph;
  if (options->train.patience == 0)
    return TSL_OK;
  TSL_TRY(tsl_train_held_out_check(trainer->run, trainer->held_out, err));
  patience->every = options->train.evaluate_every > 0
                        ? options->train.evaluate_every
                        : trainer->training_count / options->train.batch;
  tsl__patience_reset(trainer);
  for (int i = 0; i < tsl_graph_param_count(graph); i++)
    patience->floats += tsl_graph_param(graph, i)->count;
  void *memory = NULL;
  TSL_TRY(tsl_allocate(&memory, (size_t)patience->floats, sizeof(float), err));
  patience->weights = memory;
  TSL_TRY(
      tsl_allocate(&memory, (size_t)tsl_graph_term_numbers(graph), sizeof(double), err));
  patience->terms = memory;
  return TSL_OK;
}

/* ---- an evaluation ---- */

static void fill_batch(struct tsl__trainer *trainer, int64_t batch) {
  const int64_t *points = tsl_dataset_order(trainer->request->dataset) +
                          batch * trainer->run->options.train.batch +
                          tsl_team_index(trainer->team) * trainer->member_rows;
  tsl_dataset_gather(trainer->request->dataset, points, trainer->member_rows,
                     trainer->samples);
}

/* Collective on team. The mean of what is minimised over the whole batches of held-out
 * samples, in evaluation mode. The step number behind the last one gives schedules their
 * final value and every evaluation the same noise, so that only the weights differ. */
static enum tsl_status evaluate(struct tsl__trainer *trainer, double *out,
                                struct tsl_error *err) {
  const int64_t batches = trainer->held_out / trainer->run->options.train.batch;
  double sum = 0;
  struct tsl_step step = {.step = trainer->iterations,
                          .seed = (uint64_t)trainer->run->options.seed,
                          .batch = trainer->samples,
                          .evaluate = true,
                          .terms = trainer->patience.terms};
  for (int64_t i = 0; i < batches; i++) {
    fill_batch(trainer, i);
    TSL_TRY(tsl_graph_step(trainer->model.graph, trainer->team, &step, err));
    sum += step.terms[0];
    /* Rank 0 serves the others; an interruption waits for the end of the evaluation. */
    if (trainer->request->poll != NULL)
      (void)trainer->request->poll(trainer->request->poll_context);
  }
  *out = sum / (double)batches;
  return TSL_OK;
}

/* Local, first member. */
static void judge(struct tsl__trainer *trainer) {
  struct tsl__patience *patience = &trainer->patience;
  const struct tsl_graph *graph = trainer->model.graph;
  if (!(patience->loss < patience->best)) { /* a loss that is no number is none better */
    patience->since++;
    patience->over = patience->since >= trainer->run->options.train.patience;
    return;
  }
  patience->best = patience->loss;
  patience->best_step = trainer->steps;
  patience->since = 0;
  float *values = patience->weights;
  for (int i = 0; i < tsl_graph_param_count(graph); i++) {
    tsl_graph_param_get(graph, i, values);
    values += tsl_graph_param(graph, i)->count;
  }
}

enum tsl_status tsl__patience_step(struct tsl__trainer *trainer, bool finite,
                                   struct tsl_error *err) {
  struct tsl__patience *patience = &trainer->patience;
  patience->evaluated =
      finite && patience->every > 0 &&
      (trainer->steps % patience->every == 0 || trainer->steps == trainer->iterations);
  if (!patience->evaluated)
    return TSL_OK;
  TSL_TRY(evaluate(trainer, &patience->loss, err));
  if (trainer->first)
    judge(trainer);
  /* Told rather than decided by each: one that joined the team knows no earlier loss. */
  unsigned char over = patience->over;
  TSL_TRY(tsl_team_broadcast(trainer->team, 0, &over, sizeof over, err));
  patience->over = over != 0;
  return TSL_OK;
}

/* ---- in a checkpoint ---- */

enum { SCALARS = 3 };

/* There are weights once there was an evaluation. */
size_t tsl__patience_array_count(const struct tsl__trainer *trainer) {
  if (trainer->patience.every == 0)
    return 0;
  int params = tsl_graph_param_count(trainer->model.graph);
  return SCALARS + (trainer->patience.best_step >= 0 ? (size_t)params : 0);
}

void tsl__patience_describe(struct tsl__trainer *trainer, struct tsl_array *arrays) {
  struct tsl__patience *patience = &trainer->patience;
  const struct tsl_graph *graph = trainer->model.graph;
  if (patience->every == 0)
    return;
  arrays[0] = (struct tsl_array){
      .name = "patience/best", .type = TSL_ARRAY_F64, .data = &patience->best};
  arrays[1] = (struct tsl_array){
      .name = "patience/best_step", .type = TSL_ARRAY_I64, .data = &patience->best_step};
  arrays[2] = (struct tsl_array){
      .name = "patience/since", .type = TSL_ARRAY_I64, .data = &patience->since};
  if (patience->best_step < 0)
    return;
  float *values = patience->weights;
  for (int i = 0; i < tsl_graph_param_count(graph); i++) {
    const struct tsl_param *param = tsl_graph_param(graph, i);
    tsl__param_describe(param, best_prefix, values, &arrays[SCALARS + i]);
    values += param->count;
  }
}

enum tsl_status tsl__patience_take(struct tsl__trainer *trainer,
                                   const struct tsl_checkpoint *checkpoint,
                                   const char *path, struct tsl_error *err) {
  struct tsl__patience *patience = &trainer->patience;
  const struct tsl_graph *graph = trainer->model.graph;
  if (patience->every == 0)
    return TSL_OK;
  const struct tsl_array *best =
      tsl__checkpoint_find(checkpoint, "patience/best", TSL_ARRAY_F64, NULL);
  const struct tsl_array *best_step =
      tsl__checkpoint_find(checkpoint, "patience/best_step", TSL_ARRAY_I64, NULL);
  const struct tsl_array *since =
      tsl__checkpoint_find(checkpoint, "patience/since", TSL_ARRAY_I64, NULL);
  if (best == NULL || best_step == NULL || since == NULL)
    return tsl_error_set(err, TSL_FORMAT, path, "the held-out losses are missing");
  memcpy(&patience->best, best->data, sizeof patience->best);
  memcpy(&patience->best_step, best_step->data, sizeof patience->best_step);
  memcpy(&patience->since, since->data, sizeof patience->since);
  float *values = patience->weights;
  for (int i = 0; i < tsl_graph_param_count(graph) && patience->best_step >= 0; i++) {
    const struct tsl_param *param = tsl_graph_param(graph, i);
    char name[TSL_STATE_NAME_MAX];
    snprintf(name, sizeof name, "%s%s", best_prefix, param->name);
    const struct tsl_array *array =
        tsl__checkpoint_find(checkpoint, name, TSL_ARRAY_F32, param);
    if (array == NULL)
      return tsl_error_set(err, TSL_FORMAT, path, "%s is not that of the run's network",
                           name);
    memcpy(values, array->data, (size_t)param->count * sizeof *values);
    values += param->count;
  }
  return TSL_OK;
}

/* ---- the end ---- */

enum tsl_status tsl__patience_conclude(struct tsl__trainer *trainer,
                                       struct tsl_error *err) {
  struct tsl__patience *patience = &trainer->patience;
  struct tsl_graph *graph = trainer->model.graph;
  struct tsl_record *record = &trainer->record;
  record->ended = patience->over ? TSL_ENDED_PATIENCE : TSL_ENDED_ITERATIONS;
  record->weights_of_step = trainer->steps;
  if (patience->every == 0)
    return TSL_OK;
  TSL_TRY(tsl_team_broadcast(trainer->team, 0, &patience->best_step,
                             sizeof patience->best_step, err));
  if (patience->best_step < 0)
    return TSL_OK;
  TSL_TRY(tsl_team_broadcast(trainer->team, 0, patience->weights,
                             (size_t)patience->floats * sizeof *patience->weights, err));
  record->weights_of_step = patience->best_step;
  const float *values = patience->weights;
  for (int i = 0; i < tsl_graph_param_count(graph); i++) {
    tsl_graph_param_set(graph, i, values);
    values += tsl_graph_param(graph, i)->count;
  }
  return TSL_OK;
}

void tsl__patience_release(struct tsl__trainer *trainer) {
  free(trainer->patience.weights);
  free(trainer->patience.terms);
}
