/* plan: a job's runs, what they cost, and how long so many ranks would take. */
#include "cli/arguments.h"
#include "cli/command.h"
#include "cli/data_range.h"
#include "cli/job_open.h"
#include "teasel/arena.h"
#include "teasel/schedule.h"
#include "teasel/train.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const char usage[] =
    "usage: teasel plan JOB.yaml [--ranks P] [--gflops G] [--ids] [--set key=value ...]\n"
    "\n"
    "Prints the runs of a job, what each costs, the memory of a rank, and the time that\n"
    "some numbers of ranks would take. Nothing is trained and no results are written.\n"
    "\n"
    "  --ranks P      predict for P ranks too (1, 2, 4, ... are always shown)\n"
    "  --gflops G     speed of one rank, billions of operations a second, as `teasel "
    "run`\n"
    "                 shows it for another machine; without it the job's largest "
    "network\n"
    "                 takes steps on random numbers here for about a second\n"
    "  --ids          open the data set, for the runs' ids and folders (jobs that count\n"
    "                 epochs open it anyway)\n"
    "  --set K=V      override an option of the file; may be repeated\n"
    "\n"
    "`at least`: what no plan can beat, the work of all runs over the ranks, or the\n"
    "longest run on its widest team. `changes`: how often a running team gets more\n"
    "ranks or lets some go. `teasel run` decides by the same rule.\n"
    "The speed is that of a core of one's own. Ranks that share a core, or the\n"
    "bandwidth of the memory, are slower.\n";

struct request {
  int64_t ranks;
  double gflops;
  bool ids;
};

struct plan {
  struct tsl_job *job;
  const struct request *request;
  int64_t training_count;
  struct tsl_train_cost *costs; /* (settings) */
  struct tsl_task *tasks;       /* (runs) */
  double speed;                 /* operations a second of one rank */
  bool measured;
};

/* ---- data and costs ---- */

static bool counts_epochs(const struct tsl_job *job) {
  for (size_t i = 0; i < tsl_job_run_count(job); i++) {
    if (tsl_job_run(job, i)->options.train.epochs > 0)
      return true;
  }
  return false;
}

/* The number of training samples and the ids, where they are asked for. */
static enum tsl_status look_at_data(struct plan *plan, struct tsl_error *err) {
  const struct tsl_dataset_config *config = tsl_job_dataset(plan->job);
  const struct tsl_run *run = tsl_job_run(plan->job, 0);
  struct tsl_digest none = {{0}};
  plan->training_count = INT32_MAX; /* steps that are given need no data */
  if (config->reader == NULL && counts_epochs(plan->job))
    return tsl_error_set(err, TSL_BAD_INPUT, "dataset: none",
                         "epochs cannot be counted without data; give train.iterations");
  if (config->reader == NULL) {
    tsl_job_name_runs(plan->job, &none);
    return TSL_OK;
  }
  if (!plan->request->ids && !counts_epochs(plan->job))
    return TSL_OK;
  struct tsl_dataset *dataset = NULL;
  TSL_TRY(tsl_dataset_open(config, &run->network->input,
                           tsl_job_options(plan->job)->schedule.cache, tsl_team_alone(),
                           &dataset, err));
  const struct tsl_dataset_view *view = tsl_dataset_view(dataset);
  plan->training_count =
      view->count - tsl_dataset_held_out(dataset, run->options.held_out);
  tsl_job_name_runs(plan->job, &view->digest);
  enum tsl_status status = tsl__data_range_check(plan->job, dataset, err);
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

static enum tsl_status find_costs(struct plan *plan, struct tsl_error *err) {
  size_t runs = tsl_job_run_count(plan->job);
  int64_t settings = tsl_job_setting_count(plan->job);
  void *memory = NULL;
  TSL_TRY(tsl_allocate(&memory, (size_t)settings, sizeof *plan->costs, err));
  plan->costs = memory;
  TSL_TRY(tsl_allocate(&memory, runs, sizeof *plan->tasks, err));
  plan->tasks = memory;
  const struct tsl_run *before = NULL; /* the last whose graph was built */
  for (size_t i = 0; i < runs; i++) {
    const struct tsl_run *run = tsl_job_run(plan->job, i);
    struct tsl_train_cost *cost = &plan->costs[run->setting];
    if (cost->iterations > 0)
      continue;
    if (before != NULL && same_graph(before, run)) {
      *cost = plan->costs[before->setting];
      continue;
    }
    TSL_TRY(tsl_train_cost(run, plan->training_count, cost, err));
    before = run;
  }
  return TSL_OK;
}

/* ---- speed ---- */

static size_t largest_run(const struct plan *plan) {
  size_t largest = 0;
  double most = 0;
  for (size_t i = 0; i < tsl_job_run_count(plan->job); i++) {
    double operations = plan->costs[tsl_job_run(plan->job, i)->setting].operations;
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

static enum tsl_status find_speed(struct plan *plan, struct tsl_error *err) {
  plan->speed = plan->request->gflops * 1e9;
  if (plan->speed > 0)
    return TSL_OK;
  const struct tsl_run *run = tsl_job_run(plan->job, largest_run(plan));
  const struct tsl_train_cost *cost = &plan->costs[run->setting];
  struct tsl_model model = {0};
  double seconds = 0;
  TSL_TRY(tsl_model_create(run, plan->training_count, cost->iterations, &model, err));
  enum tsl_status status = time_steps(run, &model, &seconds, err);
  tsl_model_release(&model);
  plan->measured = true;
  plan->speed = seconds > 0 ? cost->operations / seconds : 1e9;
  return status;
}

/* ---- the printed plan ---- */

static const char *duration(double seconds, char *buffer) {
  if (!isfinite(seconds))
    snprintf(buffer, 32, "not possible");
  else if (seconds < 120)
    snprintf(buffer, 32, "%.3g s", seconds);
  else if (seconds < 7200)
    snprintf(buffer, 32, "%.0f min", seconds / 60);
  else if (seconds < 172800)
    snprintf(buffer, 32, "%.1f h", seconds / 3600);
  else
    snprintf(buffer, 32, "%.1f days", seconds / 86400);
  return buffer;
}

static void describe(const struct tsl_run *run, char *out, size_t bytes) {
  size_t used = (size_t)snprintf(out, bytes, "%s", run->family->name);
  for (int i = 0; i < run->label_count && used < bytes; i++)
    used += (size_t)snprintf(out + used, bytes - used, " %s=%s", run->labels[i].key,
                             run->labels[i].value);
  if (used < bytes)
    snprintf(out + used, bytes - used, " seed=%lld", (long long)run->options.seed);
}

static void print_runs(struct plan *plan) {
  char text[2048], time[32];
  size_t runs = tsl_job_run_count(plan->job);
  printf("%-60s %12s %12s %10s %12s\n", "run", "iterations", "Gflop a step", "MiB a rank",
         "on one rank");
  for (size_t i = 0; i < runs; i++) {
    const struct tsl_run *run = tsl_job_run(plan->job, i);
    const struct tsl_train_cost *cost = &plan->costs[run->setting];
    double seconds = (double)cost->iterations * cost->operations / plan->speed;
    plan->tasks[i] = (struct tsl_task){
        .id = (int64_t)i, .seconds = seconds, .widest = (int)run->options.train.shards};
    describe(run, text, sizeof text);
    printf("%-60s %12lld %12.4g %10.1f %12s\n", run->name[0] != '\0' ? run->name : text,
           (long long)cost->iterations, cost->operations / 1e9,
           (double)cost->memory / 1048576.0, duration(seconds, time));
  }
}

static void print_ranks(const struct plan *plan, int64_t ranks) {
  char time[32], bound[32];
  int width = (int)tsl_job_options(plan->job)->schedule.width;
  struct tsl_plan found = tsl_schedule_plan(
      plan->tasks, (int64_t)tsl_job_run_count(plan->job), (int)ranks, width);
  printf("%8lld %14s %14s ", (long long)ranks, duration(found.makespan, time),
         duration(found.bound, bound));
  if (isfinite(found.makespan) && found.bound > 0)
    printf("%10.3f %10lld\n", found.makespan / found.bound,
           (long long)(found.widened + found.narrowed));
  else
    printf("%10s %10s\n", "-", "-");
}

static void print_plan(struct plan *plan) {
  size_t runs = tsl_job_run_count(plan->job);
  const struct tsl_dataset_config *config = tsl_job_dataset(plan->job);
  double memory = 0;
  for (int64_t i = 0; i < tsl_job_setting_count(plan->job); i++)
    memory = fmax(memory, (double)plan->costs[i].memory);
  print_runs(plan);
  printf(
      "\n%s: %zu runs of %d settings on data set %s; at most %.1f MiB a rank beside the "
      "data\n",
      tsl_job_name(plan->job), runs, tsl_job_setting_count(plan->job), config->name,
      memory / 1048576.0);
  printf("speed: %.1f Gflop/s a rank (%s)\n\n", plan->speed / 1e9,
         plan->measured ? "measured here just now" : "as given");
  printf("%8s %14s %14s %10s %10s\n", "ranks", "time", "at least", "time/least",
         "changes");
  int64_t asked = plan->request->ranks, most = asked > 64 ? asked : 64;
  bool shown = false;
  for (int64_t ranks = 1; ranks <= most && ranks <= 4 * (int64_t)runs * 8; ranks *= 2) {
    if (asked > 0 && !shown && asked < ranks)
      print_ranks(plan, asked);
    shown = shown || (asked > 0 && asked <= ranks);
    print_ranks(plan, ranks);
  }
  if (asked > 0 && !shown)
    print_ranks(plan, asked);
}

static enum tsl_status make_plan(struct plan *plan, struct tsl_error *err) {
  TSL_TRY(tsl_nn_start(tsl_job_options(plan->job)->schedule.isa, err));
  TSL_TRY(look_at_data(plan, err));
  TSL_TRY(find_costs(plan, err));
  TSL_TRY(find_speed(plan, err));
  print_plan(plan);
  return TSL_OK;
}

static enum tsl_status run(int argc, char **argv, struct tsl_error *err) {
  struct request request = {0};
  const struct tsl_cli_option table[] = {
      {.name = "--ranks", .alias = "-n", .number = &request.ranks, .least = 1},
      {.name = "--gflops", .real = &request.gflops, .least = 1e-6},
      {.name = "--ids", .given = &request.ids},
      {.name = NULL},
  };
  struct tsl_cli_arguments arguments = {0};
  struct plan plan = {.request = &request};
  enum tsl_status status =
      tsl_cli_parse(argc, argv, table, /*with_settings=*/true, &arguments, err);
  if (status == TSL_OK)
    status = tsl_cli_words_check(&arguments, "plan", 1, 1, "JOB.yaml", err);
  if (status == TSL_OK)
    status = tsl_cli_job_open(arguments.words[0], arguments.settings,
                              arguments.setting_count, &plan.job, err);
  if (status == TSL_OK)
    status = make_plan(&plan, err);
  free(plan.costs);
  free(plan.tasks);
  tsl_job_free(plan.job);
  tsl_cli_arguments_release(&arguments);
  return status;
}

const struct tsl_command tsl_command_plan = {
    .name = "plan",
    .summary = "the runs of a job, their cost, and the time for a number of ranks",
    .usage = usage,
    .run = run,
};
