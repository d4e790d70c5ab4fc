/* train: one run from its first step to its record. */
#include "train/trainer.h"

#include "teasel/arena.h"
#include "teasel/log.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum tsl_status tsl__trainer_allocate_rows(struct tsl__trainer *trainer, int64_t rows,
                                           struct tsl_error *err) {
  void *indices = NULL, *samples = NULL;
  int64_t numbers = rows * tsl_shape_count(&trainer->view->shape);
  TSL_TRY(tsl_allocate(&indices, (size_t)rows, sizeof(int64_t), err));
  trainer->indices = indices;
  TSL_TRY(tsl_allocate(&samples, (size_t)numbers, sizeof(float), err));
  trainer->samples = samples;
  return TSL_OK;
}

static enum tsl_status allocate(struct tsl__trainer *trainer, struct tsl_error *err) {
  size_t numbers = (size_t)tsl_graph_term_numbers(trainer->model.graph);
  void *permutation = NULL, *terms = NULL;
  TSL_TRY(
      tsl_allocate(&permutation, (size_t)trainer->training_count, sizeof(int64_t), err));
  trainer->permutation = permutation;
  TSL_TRY(tsl__trainer_allocate_rows(trainer, trainer->member_rows, err));
  TSL_TRY(tsl_allocate(&terms, numbers, sizeof(double), err));
  trainer->terms = terms;
  return TSL_OK;
}

/* Local. */
static enum tsl_status trainer_init(struct tsl__trainer *trainer,
                                    const struct tsl_train_request *request,
                                    struct tsl_team *team, struct tsl_error *err) {
  const struct tsl_run *run = request->run;
  const struct tsl_dataset_view *view = tsl_dataset_view(request->dataset);
  int64_t held_out = tsl_dataset_held_out(request->dataset, run->options.held_out);
  int size = tsl_team_size(team);
  *trainer = (struct tsl__trainer){
      .request = request,
      .run = run,
      .team = team,
      .view = view,
      .first = tsl_team_index(team) == 0,
      .iterations = tsl_train_iterations(run, view->count - held_out),
      .held_out = held_out,
      .training_count = view->count - held_out,
      .training = tsl_dataset_order(request->dataset) + held_out,
      .epoch = -1,
      .member_rows = run->options.train.batch / size,
      .begun = tsl_clock_seconds(),
      .record = {.width = size,
                 .informative = -1,
                 .informative_kl = request->options->udr.informative_kl}};
  tsl_text_init(&trainer->line);
  if ((size & (size - 1)) != 0 || size > run->options.train.shards)
    return tsl_error_set(err, TSL_INTERNAL, run->name,
                         "%d ranks cannot share %lld shards", size,
                         (long long)run->options.train.shards);
  TSL_TRY(tsl__train_check(run, trainer->training_count, err));
  TSL_TRY(tsl_model_create(run, trainer->training_count, trainer->iterations,
                           &trainer->model, err));
  TSL_TRY(tsl__patience_init(trainer, err));
  tsl__clusters_init(trainer);
  return allocate(trainer, err);
}

static void trainer_release(struct tsl__trainer *trainer) {
  (void)tsl_run_log_close(trainer->log, NULL);
  tsl_text_release(&trainer->line);
  tsl_model_release(&trainer->model);
  tsl__patience_release(trainer);
  free(trainer->permutation);
  free(trainer->indices);
  free(trainer->samples);
  free(trainer->terms);
}

enum tsl_status tsl__trainer_blame(const struct tsl__trainer *trainer,
                                   enum tsl_status status, struct tsl_error *err) {
  const struct tsl_train_request *request = trainer->request;
  struct tsl_error taken = {.rank = -1};
  if (status == TSL_OK || status == TSL_TAKEN || !trainer->first ||
      request->confirm == NULL ||
      request->confirm(request->poll_context, &taken) != TSL_TAKEN)
    return status;
  if (err != NULL)
    *err = taken;
  return TSL_TAKEN;
}

/* Local. What a member does between two steps. */
static enum tsl_status between_steps(struct tsl__trainer *trainer, bool last,
                                     struct tsl_error *err) {
  const struct tsl_train_request *request = trainer->request;
  int64_t step = trainer->steps - 1;
  if (trainer->first &&
      (last || trainer->patience.evaluated || trainer->clusters.evaluated ||
       step % tsl__log_every(trainer) == 0))
    TSL_TRY(tsl__log_line(trainer, step, err));
  if (trainer->first && tsl__snapshot_is_due(trainer))
    TSL_TRY(tsl__trainer_blame(trainer, tsl__snapshot_keep(trainer, err), err));
  if (trainer->first && request->progress != NULL)
    request->progress(request->progress_context, trainer->steps);
  enum tsl_status status =
      request->poll != NULL ? request->poll(request->poll_context) : TSL_OK;
  if (status == TSL_INTERRUPTED || status == TSL_TAKEN)
    return tsl_error_set(err, status, trainer->run->name, "%s",
                         tsl_status_sentence(status));
  if (status == TSL_GONE)
    return tsl_error_set(err, status, tsl_store_folder(request->store), "%s",
                         tsl_status_sentence(status));
  if (status != TSL_OK)
    return tsl_error_set(err, status, trainer->run->name,
                         "the ranks can no longer talk to each other");
  return TSL_OK;
}

/* Local. Keeps the first failure of this member since the last vote, and says with the
 * next step that there is one. */
static void note_outcome(struct tsl__trainer *trainer, enum tsl_status status,
                         const struct tsl_error *error) {
  if (trainer->outcome != TSL_OK || status == TSL_OK)
    return;
  trainer->outcome = status;
  trainer->error = *error;
  trainer->calls |= TSL__CALL_VOTE;
}

static bool is_released(const struct tsl__trainer *trainer) {
  return trainer->request->turn != NULL && trainer->request->turn->released;
}

static bool is_last(const struct tsl__trainer *trainer, const struct tsl_step *step) {
  return !step->finite || trainer->steps == trainer->iterations || trainer->patience.over;
}

/* Collective on team. What members found out between steps is told with the next step, so
 * that no step pays for a vote; when some member has called for one, all know it here and
 * vote. After the last step all do, and an interruption comes too late. */
static enum tsl_status end_step(struct tsl__trainer *trainer, const struct tsl_step *step,
                                struct tsl_error *err) {
  bool last = is_last(trainer, step);
  struct tsl_error error = {.rank = -1};
  enum tsl_status status = between_steps(trainer, last, &error);
  note_outcome(trainer, status, &error);
  if (!last && (step->heard & TSL__CALL_VOTE) == 0 && tsl_team_size(trainer->team) > 1)
    return TSL_OK;
  if (last && (trainer->outcome == TSL_INTERRUPTED || trainer->outcome == TSL_TAKEN))
    trainer->outcome = TSL_OK;
  if (trainer->outcome != TSL_OK && err != NULL)
    *err = trainer->error;
  return tsl_team_agree(trainer->team, trainer->outcome, err);
}

/* Collective on team. */
static enum tsl_status take_steps(struct tsl__trainer *trainer, struct tsl_error *err) {
  struct tsl_step step = {.seed = (uint64_t)trainer->run->options.seed,
                          .update = true,
                          .terms = trainer->terms,
                          .finite = true};
  enum tsl_status status = TSL_OK;
  while (status == TSL_OK && !is_last(trainer, &step)) {
    step.step = trainer->steps;
    step.calls = trainer->calls | tsl__checkpoint_call(trainer) | tsl__join_call(trainer);
    step.batch = trainer->samples;
    tsl__batch_fill(trainer, step.step);
    TSL_TRY(tsl_graph_step(trainer->model.graph, trainer->team, &step, err));
    trainer->steps++;
    TSL_TRY(tsl__patience_step(trainer, step.finite, err));
    TSL_TRY(tsl__clusters_step(trainer, step.finite, err));
    status = end_step(trainer, &step, err);
    if (status == TSL_INTERRUPTED)
      TSL_TRY(tsl__checkpoint_leave(trainer, err));
    if (status != TSL_OK || is_last(trainer, &step))
      continue;
    if ((step.heard & TSL__CALL_KEEP) != 0)
      status = tsl__checkpoint_keep(trainer, err);
    if (status == TSL_OK && (step.heard & TSL__CALL_CHANGE) != 0)
      status = tsl__join_change(trainer, err);
    if (is_released(trainer))
      return status;
  }
  if (status != TSL_OK)
    return status;
  trainer->record.informative = tsl__log_informative(trainer);
  TSL_TRY(tsl__patience_conclude(trainer, err));
  if (step.finite)
    return tsl__trainer_evaluate(trainer, err);
  trainer->record.outcome = TSL_OUTCOME_DIVERGED;
  trainer->record.ended = TSL_ENDED_DIVERGENCE;
  return TSL_OK;
}

/* All bits of a NaN but one are free, and depend on who added what: one kind is kept. */
static void unify_nan(float *values, int64_t count) {
  for (int64_t i = 0; i < count; i++) {
    if (isnan(values[i]))
      values[i] = NAN;
  }
}

/* Local. model.h5: every parameter under PyTorch's name and in its layout. */
static enum tsl_status write_model(struct tsl__trainer *trainer, struct tsl_error *err) {
  const struct tsl_graph *graph = trainer->model.graph;
  int count = tsl_graph_param_count(graph);
  size_t total = 0;
  void *arrays_memory = NULL, *values_memory = NULL;
  for (int i = 0; i < count; i++)
    total += (size_t)tsl_graph_param(graph, i)->count;
  enum tsl_status status =
      tsl_allocate(&arrays_memory, (size_t)count, sizeof(struct tsl_array), err);
  if (status == TSL_OK)
    status = tsl_allocate(&values_memory, total, sizeof(float), err);
  if (status != TSL_OK)
    goto done;
  struct tsl_array *arrays = arrays_memory;
  float *values = values_memory; /* (total) one parameter after the other */
  for (int i = 0; i < count; i++) {
    const struct tsl_param *param = tsl_graph_param(graph, i);
    tsl_graph_param_get(graph, i, values);
    unify_nan(values, param->count);
    tsl__param_describe(param, "", values, &arrays[i]);
    values += param->count;
  }
  status = tsl_arrays_digest(arrays, (size_t)count, trainer->record.weights, err);
  if (status == TSL_OK)
    status = tsl_store_model_write(trainer->request->store, trainer->run->name, arrays,
                                   (size_t)count, err);
done:
  free(arrays_memory);
  free(values_memory);
  return status;
}

/* Local, first member. The record is last: a run that has one is complete. */
static enum tsl_status write_results(struct tsl__trainer *trainer,
                                     struct tsl_error *err) {
  struct tsl_run_log *log = trainer->log;
  struct tsl_log_mark mark;
  trainer->log = NULL;
  enum tsl_status status = tsl_run_log_mark(log, &mark, err);
  const enum tsl_status closed = tsl_run_log_close(log, status == TSL_OK ? err : NULL);
  TSL_TRY(status);
  TSL_TRY(closed);
  tsl_digest_print(&mark.digest, trainer->record.log);
  TSL_TRY(write_model(trainer, err));
  trainer->record.steps = trainer->steps;
  trainer->record.seconds = tsl_clock_seconds() - trainer->begun;
  snprintf(trainer->record.kernels, sizeof trainer->record.kernels, "%s",
           tsl_nn_kernel_set());
  TSL_TRY(tsl_store_record_write(trainer->request->store, trainer->run->name,
                                 &trainer->record, err));
  tsl_store_checkpoint_remove(trainer->request->store, trainer->run->name);
  return TSL_OK;
}

/* Collective on team; a joiner's part begins when the team has taken it in. */
static enum tsl_status begin(struct tsl__trainer *trainer, enum tsl_status status,
                             struct tsl_error *err) {
  const struct tsl_turn *turn = trainer->request->turn;
  if (turn != NULL && turn->joining)
    return status == TSL_OK ? tsl__join_begin(trainer, err) : status;
  TSL_TRY(tsl_team_agree(trainer->team, status, err));
  return tsl__checkpoint_resume(trainer, err);
}

/* Collective on the team as it is after the last step. */
static enum tsl_status finish(struct tsl__trainer *trainer, struct tsl_error *err) {
  enum tsl_status status = TSL_OK;
  if (trainer->first)
    status = tsl__trainer_blame(trainer, write_results(trainer, err), err);
  return tsl_team_agree(trainer->team, status, err);
}

enum tsl_status tsl_train(const struct tsl_train_request *request, struct tsl_team *team,
                          struct tsl_error *err) {
  struct tsl__trainer trainer;
  enum tsl_status status = trainer_init(&trainer, request, team, err);
  status = begin(&trainer, status, err);
  if (status == TSL_OK && !is_released(&trainer))
    status = take_steps(&trainer, err);
  if (status == TSL_OK && !is_released(&trainer))
    status = finish(&trainer, err);
  trainer_release(&trainer);
  return status;
}

enum tsl_status tsl_train_cost(const struct tsl_run *run, int64_t training_count,
                               struct tsl_train_cost *out, struct tsl_error *err) {
  /* Operations a second of one core, a modest guess: what is measured corrects it. */
  const double speed = 2e10;
  struct tsl_model model = {0};
  TSL_TRY(tsl__train_check(run, training_count, err));
  int64_t iterations = tsl_train_iterations(run, training_count);
  TSL_TRY(tsl_model_create(run, training_count, iterations, &model, err));
  *out = (struct tsl_train_cost){.iterations = iterations,
                                 .operations = tsl_graph_operations(model.graph),
                                 .memory = tsl_graph_memory(model.graph)};
  out->seconds = (double)iterations * out->operations / speed;
  tsl_model_release(&model);
  return TSL_OK;
}
