#include "cli/job_cost.h"

#include "cli/data_range.h"
#include "cli/job_open.h"

#include "teasel/arena.h"
#include "teasel/model.h"
#include "teasel/nn.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

static bool counts_epochs(const struct tsl_job *job) {
  for (size_t i = 0; i < tsl_job_run_count(job); i++) {
    if (tsl_job_run(job, i)->options.train.epochs > 0)
      return true;
  }
  return false;
}

/* The number of training samples and the ids, where they are asked for. */
static enum tsl_status look_at_data(struct tsl__job_cost *job_cost,
                                    struct tsl_error *err) {
  const struct tsl_dataset_config *config = tsl_job_dataset(job_cost->job);
  const struct tsl_run *run = tsl_job_run(job_cost->job, 0);
  struct tsl_digest none = {{0}};
  job_cost->training_count = INT32_MAX; /* steps that are given need no data */
  if (config->reader == NULL && counts_epochs(job_cost->job))
    return tsl_error_set(err, TSL_BAD_INPUT, "dataset: none",
                         "epochs cannot be counted without data; give train.iterations");
  if (config->reader == NULL) {
    tsl_job_name_runs(job_cost->job, &none);
    return TSL_OK;
  }
  if (!job_cost->ids && !counts_epochs(job_cost->job))
    return TSL_OK;
  struct tsl_dataset *dataset = NULL;
  TSL_TRY(tsl_cli_dataset_open(config, &run->network->input,
                               tsl_job_options(job_cost->job)->schedule.cache,
                               tsl_team_alone(), &dataset, err));
  const struct tsl_dataset_view *view = tsl_dataset_view(dataset);
  job_cost->training_count =
      view->count - tsl_dataset_held_out(dataset, run->options.held_out);
  tsl_job_name_runs(job_cost->job, &view->digest);
  enum tsl_status status = tsl__data_range_check(job_cost->job, dataset, err);
  tsl_dataset_close(dataset);
  return status;
}

/* Whole numbers, choices and switches shape a graph; real numbers (a weight, a rate) do
 * not, so that settings along such an axis cost the same. */
static bool same_graph(const struct tsl_run *a, const struct tsl_run *b) {
  const struct tsl_run_options *left = &a->options, *right = &b->options;
  bool same = a->family == b->family && a->network == b->network &&
              left->latent == right->latent &&
              left->reconstruction == right->reconstruction &&
              left->train.iterations == right->train.iterations &&
              left->train.epochs == right->train.epochs &&
              left->train.batch == right->train.batch &&
              left->train.shards == right->train.shards &&
              left->train.optimizer == right->train.optimizer &&
              left->held_out == right->held_out;
  for (size_t i = 0; same && i < a->family->option_count; i++) {
    const struct tsl_option *row = &a->family->options[i];
    size_t bytes = row->type == TSL_OPTION_INTEGER  ? sizeof(int64_t)
                   : row->type == TSL_OPTION_CHOICE ? sizeof(int)
                   : row->type == TSL_OPTION_SET    ? sizeof(unsigned)
                   : row->type == TSL_OPTION_BOOL   ? sizeof(bool)
                   : row->type == TSL_OPTION_REAL   ? 0
                                                    : TSL_TEXT_MAX;
    same = memcmp(a->family_options + row->offset, b->family_options + row->offset,
                  bytes) == 0;
  }
  return same;
}

static enum tsl_status find_costs(struct tsl__job_cost *job_cost, struct tsl_error *err) {
  size_t runs = tsl_job_run_count(job_cost->job);
  int64_t settings = tsl_job_setting_count(job_cost->job);
  void *memory = NULL;
  TSL_TRY(tsl_allocate(&memory, (size_t)settings, sizeof *job_cost->costs, err));
  job_cost->costs = memory;
  TSL_TRY(tsl_allocate(&memory, runs, sizeof *job_cost->tasks, err));
  job_cost->tasks = memory;
  const struct tsl_run *before = NULL; /* the last whose graph was built */
  for (size_t i = 0; i < runs; i++) {
    const struct tsl_run *run = tsl_job_run(job_cost->job, i);
    struct tsl_train_cost *cost = &job_cost->costs[run->setting];
    if (cost->iterations > 0)
      continue;
    if (before != NULL && same_graph(before, run)) {
      *cost = job_cost->costs[before->setting];
      continue;
    }
    TSL_TRY(tsl_train_cost(run, job_cost->training_count, cost, err));
    before = run;
  }
  return TSL_OK;
}

/* ---- speed ---- */

static size_t largest_run(const struct tsl__job_cost *job_cost) {
  size_t largest = 0;
  double most = 0;
  for (size_t i = 0; i < tsl_job_run_count(job_cost->job); i++) {
    double operations =
        job_cost->costs[tsl_job_run(job_cost->job, i)->setting].operations;
    if (operations > most) {
      most = operations;
      largest = i;
    }
  }
  return largest;
}

/* Of this process alone, so that other programs here do not count; one thread computes.
 */
static double processor_seconds(void) {
  struct timespec now = {0};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* Steps on random numbers for about a second, after one that warms up. */
static enum tsl_status time_steps(const struct tsl_run *run, struct tsl_model *model,
                                  double *seconds, struct tsl_error *err) {
  int64_t values = run->options.train.batch * tsl_shape_count(&run->network->input);
  void *batch = NULL, *terms = NULL;
  TSL_TRY(tsl_allocate(&batch, (size_t)values, sizeof(float), err));
  enum tsl_status status = tsl_allocate(
      &terms, (size_t)tsl_graph_term_numbers(model->graph) + 1, sizeof(double), err);
  for (int64_t i = 0; i < values; i++)
    ((float *)batch)[i] = (float)((i * 2654435761u) % 1024u) / 1024.0F;
  struct tsl_step step = {.seed = 0, .batch = batch, .update = true, .terms = terms};
  double begun = 0;
  int64_t taken = 0;
  const double enough = 1.0;
  while (status == TSL_OK) {
    if (step.step == 1)
      begun = processor_seconds();
    status = tsl_graph_step(model->graph, tsl_team_alone(), &step, err);
    taken = step.step++;
    *seconds = taken > 0 ? (processor_seconds() - begun) / (double)taken : 0;
    if (taken >= 2 && *seconds * (double)taken > enough)
      break;
  }
  free(batch);
  free(terms);
  return status;
}

static enum tsl_status find_speed(struct tsl__job_cost *job_cost, struct tsl_error *err) {
  job_cost->speed = job_cost->gflops * 1e9;
  if (job_cost->speed > 0)
    return TSL_OK;
  const struct tsl_run *run = tsl_job_run(job_cost->job, largest_run(job_cost));
  const struct tsl_train_cost *cost = &job_cost->costs[run->setting];
  struct tsl_model model = {0};
  double seconds = 0;
  TSL_TRY(tsl_model_create(run, job_cost->training_count, cost->iterations, &model, err));
  enum tsl_status status = time_steps(run, &model, &seconds, err);
  tsl_model_release(&model);
  job_cost->measured = true;
  job_cost->speed = seconds > 0 ? cost->operations / seconds : 1e9;
  return status;
}

static void fill_tasks(struct tsl__job_cost *job_cost) {
  for (size_t i = 0; i < tsl_job_run_count(job_cost->job); i++) {
    const struct tsl_run *run = tsl_job_run(job_cost->job, i);
    const struct tsl_train_cost *cost = &job_cost->costs[run->setting];
    job_cost->tasks[i] = (struct tsl_task){.id = (int64_t)i,
                                           .seconds = (double)cost->iterations *
                                                      cost->operations / job_cost->speed,
                                           .widest = (int)run->options.train.shards};
    if (cost->memory > job_cost->memory)
      job_cost->memory = cost->memory;
  }
}

enum tsl_status tsl__job_cost_find(struct tsl__job_cost *job_cost,
                                   struct tsl_error *err) {
  TSL_TRY(tsl_nn_start(tsl_job_options(job_cost->job)->schedule.isa, err));
  TSL_TRY(look_at_data(job_cost, err));
  TSL_TRY(find_costs(job_cost, err));
  TSL_TRY(find_speed(job_cost, err));
  fill_tasks(job_cost);
  return TSL_OK;
}

void tsl__job_cost_release(struct tsl__job_cost *job_cost) {
  free(job_cost->costs);
  free(job_cost->tasks);
  *job_cost = (struct tsl__job_cost){.job = NULL};
}
