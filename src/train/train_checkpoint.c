/* train_checkpoint: a run on its way is kept, and taken up again. The team's first member
 * decides by its clock and tells it with a step, so that all gather the optimizer's state
 * after that step; it alone writes. */
#include "train/trainer.h"

#include "teasel/arena.h"
#include "teasel/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char phase[] = "train"; /* the only one that runs have yet */

/* ---- when ---- */

/* Seconds from one checkpoint to the next. Where writing takes more than a hundredth of a
 * minute, they come as much less often: at the default of 60 s, and above, they cost 1 %
 * at the most. */
static double pause_of(const struct tsl__trainer *trainer) {
  const double usual = 0.6; /* seconds that writing may take */
  double wanted = trainer->request->options->checkpoint_seconds;
  double cost = trainer->keeping.cost;
  return cost > usual ? wanted * cost / usual : wanted;
}

uint32_t tsl__checkpoint_call(const struct tsl__trainer *trainer) {
  if (!trainer->first ||
      tsl_clock_seconds() - trainer->keeping.written < pause_of(trainer))
    return 0;
  return TSL__CALL_KEEP;
}

/* ---- writing ---- */

void tsl__param_describe(const struct tsl_param *param, const char *prefix, float *values,
                         struct tsl_array *array) {
  *array = (struct tsl_array){.type = TSL_ARRAY_F32, .rank = param->rank, .data = values};
  snprintf(array->name, sizeof array->name, "%s%s", prefix, param->name);
  for (int i = 0; i < param->rank; i++)
    array->dims[i] = param->dims[i];
}

static enum tsl_status allocate_state(const struct tsl__trainer *trainer, float **values,
                                      struct tsl_error *err) {
  void *memory = NULL;
  int64_t floats = tsl_graph_state_floats(trainer->model.graph);
  TSL_TRY(tsl_allocate(&memory, (size_t)floats, sizeof **values, err));
  *values = memory;
  return TSL_OK;
}

/* Local, first member, once the state is gathered. */
static enum tsl_status write_now(struct tsl__trainer *trainer, struct tsl_error *err) {
  const struct tsl_graph *graph = trainer->model.graph;
  int count = tsl_graph_state_count(graph);
  size_t total = (size_t)count + 1 + tsl__patience_array_count(trainer);
  int64_t updates = 0;
  float *values = NULL; /* (tsl_graph_state_floats) */
  void *memory = NULL;
  struct tsl_checkpoint checkpoint = {.step = trainer->steps,
                                      .seconds = tsl_clock_seconds() - trainer->begun};
  enum tsl_status status = allocate_state(trainer, &values, err);
  if (status == TSL_OK)
    status = tsl_allocate(&memory, total, sizeof(struct tsl_array), err);
  if (status == TSL_OK)
    status = tsl_graph_state_get(graph, values, &updates, err);
  if (status == TSL_OK)
    status = tsl_run_log_mark(trainer->log, &checkpoint.log, err);
  if (status != TSL_OK)
    goto done;
  struct tsl_array *arrays = memory; /* (total) */
  for (int i = 0; i < count; i++) {
    struct tsl_state_part part = tsl_graph_state_part(graph, i);
    tsl__param_describe(part.param, "", values + part.offset, &arrays[i]);
    snprintf(arrays[i].name, sizeof arrays[i].name, "%s", part.name);
  }
  arrays[count] =
      (struct tsl_array){.name = "updates", .type = TSL_ARRAY_I64, .data = &updates};
  tsl__patience_describe(trainer, arrays + count + 1);
  checkpoint.arrays = arrays;
  checkpoint.count = total;
  snprintf(checkpoint.phase, sizeof checkpoint.phase, "%s", phase);
  snprintf(checkpoint.kernels, sizeof checkpoint.kernels, "%s", tsl_nn_kernel_set());
  status = tsl_store_checkpoint_write(trainer->request->store, trainer->run->name,
                                      &checkpoint, err);
done:
  free(memory);
  free(values);
  return status;
}

static enum tsl_status write_timed(struct tsl__trainer *trainer, struct tsl_error *err) {
  double begun = tsl_clock_seconds();
  enum tsl_status status = write_now(trainer, err);
  trainer->keeping.written = tsl_clock_seconds();
  trainer->keeping.cost = trainer->keeping.written - begun;
  if (status != TSL_OK)
    return status;
  trainer->keeping.step = trainer->steps;
  tsl_log(TSL_LOG_VERBOSE, "%s: a checkpoint at step %lld took %.0f ms",
          trainer->run->name, (long long)trainer->steps, 1e3 * trainer->keeping.cost);
  return TSL_OK;
}

/* Local, first member. */
static void write_or_warn(struct tsl__trainer *trainer, const char *consequence) {
  struct tsl_error problem = {.rank = -1};
  enum tsl_status status = write_timed(trainer, &problem);
  /* That the folder is gone ends the run soon, with a message of its own. */
  status = tsl_store_explain(trainer->request->store, status, &problem);
  if (status == TSL_OK) {
    trainer->keeping.warned = false;
  } else if (status != TSL_GONE && !trainer->keeping.warned) {
    trainer->keeping.warned = true;
    tsl_log(TSL_LOG_NORMAL, "%s: no checkpoint at step %lld: %s: %s; %s",
            trainer->run->name, (long long)trainer->steps, problem.where, problem.text,
            consequence);
  }
}

enum tsl_status tsl__checkpoint_keep(struct tsl__trainer *trainer,
                                     struct tsl_error *err) {
  TSL_TRY(tsl_graph_collect(trainer->model.graph, trainer->team, err));
  if (trainer->first)
    write_or_warn(trainer, "the training goes on without it");
  return TSL_OK;
}

enum tsl_status tsl__checkpoint_leave(struct tsl__trainer *trainer,
                                      struct tsl_error *err) {
  TSL_TRY(tsl_graph_collect(trainer->model.graph, trainer->team, err));
  trainer->keeping.warned = false;
  if (trainer->first && trainer->keeping.step != trainer->steps)
    write_or_warn(trainer, "the run will go on from the one before");
  return TSL_OK;
}

/* ---- reading ---- */

const struct tsl_array *tsl__checkpoint_find(const struct tsl_checkpoint *checkpoint,
                                             const char *name, enum tsl_array_type type,
                                             const struct tsl_param *param) {
  const struct tsl_array *array = NULL;
  for (size_t i = 0; i < checkpoint->count && array == NULL; i++) {
    if (strcmp(checkpoint->arrays[i].name, name) == 0)
      array = &checkpoint->arrays[i];
  }
  int rank = param != NULL ? param->rank : 0;
  if (array == NULL || array->type != type || array->rank != rank)
    return NULL;
  for (int i = 0; i < rank; i++) {
    if (array->dims[i] != param->dims[i])
      return NULL;
  }
  return array;
}

/* values: (tsl_graph_state_floats) */
static enum tsl_status take_state(const struct tsl__trainer *trainer,
                                  const struct tsl_checkpoint *checkpoint,
                                  const char *path, float *values, int64_t *updates,
                                  struct tsl_error *err) {
  const struct tsl_graph *graph = trainer->model.graph;
  for (int i = 0; i < tsl_graph_state_count(graph); i++) {
    struct tsl_state_part part = tsl_graph_state_part(graph, i);
    const struct tsl_array *array =
        tsl__checkpoint_find(checkpoint, part.name, TSL_ARRAY_F32, part.param);
    if (array == NULL)
      return tsl_error_set(err, TSL_FORMAT, path, "%s is not that of the run's network",
                           part.name);
    memcpy(values + part.offset, array->data, (size_t)part.param->count * sizeof *values);
  }
  const struct tsl_array *count =
      tsl__checkpoint_find(checkpoint, "updates", TSL_ARRAY_I64, NULL);
  if (count == NULL || strcmp(checkpoint->phase, phase) != 0 || checkpoint->step < 0 ||
      checkpoint->step >= trainer->iterations)
    return tsl_error_set(err, TSL_FORMAT, path, "this is no state of the run");
  memcpy(updates, count->data, sizeof *updates);
  return TSL_OK;
}

/* What all members are told. */
struct found {
  int64_t step, updates; /* step -1: the run begins */
};

/* Local, first member. One generation; TSL_FORMAT when it is of no use. */
static enum tsl_status take_generation(struct tsl__trainer *trainer, int generation,
                                       struct found *found, float *values,
                                       struct tsl_error *err) {
  const struct tsl_store *store = trainer->request->store;
  const char *run = trainer->run->name;
  char path[TSL_PATH_MAX];
  struct tsl_checkpoint checkpoint;
  struct found now = {.step = -1};
  tsl_store_checkpoint_path(store, run, generation, path);
  TSL_TRY(tsl_store_checkpoint_read(store, run, generation, &checkpoint, err));
  if (checkpoint.step < 0)
    return TSL_OK;
  enum tsl_status status =
      take_state(trainer, &checkpoint, path, values, &now.updates, err);
  if (status == TSL_OK)
    status = tsl__patience_take(trainer, &checkpoint, path, err);
  if (status == TSL_OK && strcmp(checkpoint.kernels, tsl_nn_kernel_set()) != 0)
    status = tsl__other_kernels(err, run, checkpoint.kernels);
  if (status == TSL_OK)
    status = tsl_store_log_resume(store, run, trainer->line.bytes, &checkpoint.log,
                                  &trainer->log, err);
  if (status == TSL_OK) {
    now.step = checkpoint.step;
    trainer->begun -= checkpoint.seconds;
    *found = now;
  }
  tsl_checkpoint_release(&checkpoint);
  return status;
}

/* Local, first member. The newest generation that is whole, or none. */
static enum tsl_status take_newest(struct tsl__trainer *trainer, struct found *found,
                                   float *values, struct tsl_error *err) {
  int bad = 0;
  for (int i = 0; i < TSL_CHECKPOINT_GENERATIONS && found->step < 0; i++) {
    struct tsl_error problem = {.rank = -1};
    enum tsl_status status = take_generation(trainer, i, found, values, &problem);
    if (status == TSL_FORMAT) {
      bad++;
      tsl__patience_reset(trainer);
      tsl_log(TSL_LOG_NORMAL, "%s: %s", problem.where, problem.text);
    } else if (status != TSL_OK) {
      if (err != NULL)
        *err = problem;
      return status;
    }
  }
  if (found->step >= 0 && bad > 0)
    tsl_store_checkpoint_drop(trainer->request->store, trainer->run->name, 0);
  if (found->step >= 0)
    tsl_log(TSL_LOG_NORMAL, "%s goes on after step %lld of %lld%s", trainer->run->name,
            (long long)found->step, (long long)trainer->iterations,
            bad > 0 ? ", from the checkpoint before" : "");
  else if (bad > 0)
    tsl_log(TSL_LOG_NORMAL, "%s has no checkpoint that is whole and begins again",
            trainer->run->name);
  return TSL_OK;
}

/* Local, first member: log.csv anew or taken up, with what goes on from there. */
static enum tsl_status open_files(struct tsl__trainer *trainer, struct found *found,
                                  float *values, struct tsl_error *err) {
  tsl__log_header(trainer, &trainer->line);
  if (trainer->line.failed)
    return tsl_error_set(err, TSL_MEMORY, "", "out of memory");
  const struct tsl_train_request *request = trainer->request;
  if (request->confirm != NULL)
    TSL_TRY(request->confirm(request->poll_context, err));
  TSL_TRY(take_newest(trainer, found, values, err));
  if (found->step >= 0)
    return TSL_OK;
  return tsl_store_log_create(request->store, trainer->run->name, trainer->line.bytes,
                              &trainer->log, err);
}

enum tsl_status tsl__checkpoint_resume(struct tsl__trainer *trainer,
                                       struct tsl_error *err) {
  struct tsl_team *team = trainer->team;
  struct found found = {.step = -1};
  float *values = NULL; /* (tsl_graph_state_floats) */
  trainer->keeping.written = tsl_clock_seconds();
  trainer->keeping.step = -1;
  enum tsl_status status = allocate_state(trainer, &values, err);
  if (status == TSL_OK && trainer->first)
    status = tsl__trainer_blame(trainer, open_files(trainer, &found, values, err), err);
  status = tsl_team_agree(team, status, err);
  if (status == TSL_OK)
    status = tsl_team_broadcast(team, 0, &found, sizeof found, err);
  if (status != TSL_OK || found.step < 0)
    goto done;
  size_t floats = (size_t)tsl_graph_state_floats(trainer->model.graph);
  status = tsl_team_broadcast(team, 0, values, floats * sizeof *values, err);
  if (status == TSL_OK)
    status = tsl_graph_state_set(trainer->model.graph, values, found.updates, err);
  trainer->steps = found.step;
  trainer->keeping.step = found.step;
done:
  free(values);
  return status;
}
