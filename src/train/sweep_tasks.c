/* What of a sweep has been done before, and what the rest costs. */
#include "train/sweep_tasks.h"
#include "train/trainer.h"

#include "teasel/arena.h"
#include "teasel/nn.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int64_t tsl__training_count(const struct tsl_dataset *dataset,
                            const struct tsl_run *run) {
  return tsl_dataset_view(dataset)->count -
         tsl_dataset_held_out(dataset, run->options.held_out);
}

enum tsl_status tsl__other_kernels(struct tsl_error *err, const char *run,
                                   const char *kernels) {
  return tsl_error_set(err, TSL_BAD_INPUT, "schedule.isa",
                       "run %s was trained with %s, and this start computes with %s: set "
                       "schedule.isa to the instruction set of the finished runs, or "
                       "choose another results folder",
                       run, kernels, tsl_nn_kernel_set());
}

/* Runs of one folder are compared with each other, so all come from the same kernels.
 * other: the first finished or begun run of other ones, NULL: none. */
static enum tsl_status check_resumed(const struct tsl_task *tasks, int64_t runs,
                                     const struct tsl_run *other, const char *kernels,
                                     struct tsl_error *err) {
  bool all_done = true;
  for (int64_t i = 0; i < runs; i++)
    all_done = all_done && tasks[i].done;
  if (other == NULL || all_done)
    return TSL_OK;
  return tsl__other_kernels(err, other->name, kernels);
}

enum tsl_status tsl__sweep_find_done(const struct tsl_sweep_request *request,
                                     struct tsl_task *tasks, struct tsl_error *err) {
  const int64_t runs = (int64_t)tsl_job_run_count(request->job);
  const struct tsl_run *other = NULL;
  char kernels[sizeof((struct tsl_record *)NULL)->kernels] = "";
  for (int64_t i = 0; i < runs; i++) {
    const struct tsl_run *run = tsl_job_run(request->job, (size_t)i);
    struct tsl_record record;
    memset(&record, 0, sizeof record);
    const struct tsl_store *store = request->store;
    char path[TSL_PATH_MAX];
    TSL_TRY(tsl_store_record_read(store, run->name, &record, err));
    bool weights = false;
    TSL_TRY(tsl_file_look(tsl_store_run_path(store, run->name, "model.h5", path),
                          &weights, err));
    tasks[i].done = record.outcome != TSL_OUTCOME_NONE && weights;
    if (tasks[i].done && other == NULL && record.kernels[0] != '\0' &&
        strcmp(record.kernels, tsl_nn_kernel_set()) != 0) {
      other = run;
      snprintf(kernels, sizeof kernels, "%s", record.kernels);
    }
    if (!tasks[i].done && other == NULL &&
        tsl_store_checkpoint_differs(store, run->name, tsl_nn_kernel_set(), kernels,
                                     sizeof kernels))
      other = run;
    if (tasks[i].done) /* left when a finished run's process was killed */
      tsl_store_checkpoint_remove(store, run->name);
  }
  return check_resumed(tasks, runs, other, kernels, err);
}

/* Runs of one setting differ in their seed alone, so the first that is to be trained
 * tells the cost of all; -1: none is. */
static int64_t find_run(const struct tsl_job *job, const struct tsl_task *tasks,
                        int64_t setting) {
  const int64_t runs = (int64_t)tsl_job_run_count(job);
  for (int64_t i = 0; i < runs; i++) {
    const struct tsl_run *run = tsl_job_run(job, (size_t)i);
    if (run->setting == setting && !tasks[i].done)
      return i;
  }
  return -1;
}

enum tsl_status tsl__sweep_find_costs(const struct tsl_sweep_request *request,
                                      struct tsl_team *team, struct tsl_task *tasks,
                                      struct tsl__tracks *tracks, struct tsl_error *err) {
  const struct tsl_job *job = request->job;
  const int64_t runs = (int64_t)tsl_job_run_count(job);
  int64_t settings = tsl_job_setting_count(job), size = tsl_team_size(team);
  int64_t block = (settings + size - 1) / size, begin = tsl_team_index(team) * block;
  void *memory = NULL;
  enum tsl_status status =
      tsl_allocate(&memory, (size_t)(size * block), sizeof(struct tsl_train_cost), err);
  struct tsl_train_cost *costs = memory; /* (size, block) by setting */
  for (int64_t k = begin; k < begin + block && k < settings && status == TSL_OK; k++) {
    int64_t index = find_run(job, tasks, k);
    if (index < 0)
      continue;
    const struct tsl_run *run = tsl_job_run(job, (size_t)index);
    status =
        tsl_train_cost(run, tsl__training_count(request->dataset, run), &costs[k], err);
  }
  status = tsl_team_agree(team, status, err);
  if (status == TSL_OK)
    status = tsl_team_gather(team, costs, (size_t)block * sizeof *costs, err);
  for (int64_t i = 0; i < runs && status == TSL_OK; i++) {
    const struct tsl_run *run = tsl_job_run(job, (size_t)i);
    const struct tsl_train_cost *cost = &costs[run->setting];
    tasks[i].id = i;
    tasks[i].widest = (int)run->options.train.shards;
    tasks[i].seconds = cost->seconds;
    const struct tsl__track track = {.iterations = tsl_train_iterations(
                                         run, tsl__training_count(request->dataset, run)),
                                     .over = tasks[i].done};
    tsl__tracks_change(tracks, i, &track);
  }
  free(memory);
  return status;
}
