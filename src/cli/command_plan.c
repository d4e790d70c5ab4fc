/* plan: a job's runs, what they cost, and how long so many ranks would take. */
#include "cli/arguments.h"
#include "cli/command.h"
#include "cli/job_cost.h"
#include "cli/job_open.h"

#include "teasel/report.h"

#include <math.h>
#include <stdio.h>

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
  const struct request *request;
  struct tsl_job *job;
  struct tsl__job_cost cost;
};

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

static void print_runs(const struct plan *plan) {
  char text[2048], time[32];
  size_t runs = tsl_job_run_count(plan->job);
  printf("%-60s %12s %12s %10s %12s\n", "run", "iterations", "Gflop a step", "MiB a rank",
         "on one rank");
  for (size_t i = 0; i < runs; i++) {
    const struct tsl_run *run = tsl_job_run(plan->job, i);
    const struct tsl_train_cost *cost = &plan->cost.costs[run->setting];
    describe(run, text, sizeof text);
    printf("%-60s %12lld %12.4g %10.1f %12s\n", run->name[0] != '\0' ? run->name : text,
           (long long)cost->iterations, cost->operations / 1e9,
           (double)cost->memory / 1048576.0, duration(plan->cost.tasks[i].seconds, time));
  }
}

static void print_ranks(const struct plan *plan, int64_t ranks) {
  char time[32], bound[32];
  int width = (int)tsl_job_options(plan->job)->schedule.width;
  struct tsl_plan found = tsl_schedule_plan(
      plan->cost.tasks, (int64_t)tsl_job_run_count(plan->job), (int)ranks, width);
  printf("%8lld %14s %14s ", (long long)ranks, duration(found.makespan, time),
         duration(found.bound, bound));
  if (isfinite(found.makespan) && found.bound > 0)
    printf("%10.3f %10lld\n", found.makespan / found.bound,
           (long long)found.widened + (long long)found.narrowed);
  else
    printf("%10s %10s\n", "-", "-");
}

static void print_plan(const struct plan *plan) {
  size_t runs = tsl_job_run_count(plan->job);
  const struct tsl_dataset_config *config = tsl_job_dataset(plan->job);
  print_runs(plan);
  printf(
      "\n%s: %zu runs of %d settings on data set %s; at most %.1f MiB a rank beside the "
      "data\n",
      tsl_job_name(plan->job), runs, tsl_job_setting_count(plan->job), config->name,
      (double)plan->cost.memory / 1048576.0);
  printf("speed: %.1f Gflop/s a rank (%s)\n\n", plan->cost.speed / 1e9,
         plan->cost.measured ? "measured here just now" : "as given");
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

static enum tsl_status run(int argc, char **argv, struct tsl_error *err) {
  struct request request = {0};
  const struct tsl_cli_option table[] = {
      {.name = "--ranks",
       .alias = "-n",
       .number = &request.ranks,
       .least = 1,
       .most = TSL_CLI_RANKS_MOST},
      {.name = "--gflops", .real = &request.gflops, .least = 1e-6, .most = 1e9},
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
    status = tsl_report_check(plan.job, err);
  if (status == TSL_OK) {
    plan.cost = (struct tsl__job_cost){
        .job = plan.job, .gflops = request.gflops, .ids = request.ids};
    status = tsl__job_cost_find(&plan.cost, err);
  }
  if (status == TSL_OK)
    print_plan(&plan);
  tsl__job_cost_release(&plan.cost);
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
