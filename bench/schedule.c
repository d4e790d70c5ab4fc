/* schedule: makespan over bound in simulations, and what planning costs.
 *
 * Lines are: result:, name, value, unit, note, with tabs between. The simulation is
 * tsl_schedule_plan, which asks the same rule as the coordinator of `teasel run`. */
#include "teasel/schedule.h"
#include "teasel/log.h"
#include "teasel/random.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

enum { MODELS = 115, SEEDS = 100 };

/* ---- grids of 115 models, costs from 1 to 10 hours ---- */

static double uniform(double u) {
  return 1 + 9 * u;
}
static double logarithmic(double u) {
  return pow(10, u);
}
static double ten_steps(double u) {
  return 1 + floor(10 * u);
}
static double two_costs(double u) {
  return u < 0.5 ? 1 : 10;
}

static const struct {
  const char *name;
  double (*hours)(double u);
} grids[] = {{"uniform", uniform},
             {"log-uniform", logarithmic},
             {"1, 2 ... 10", ten_steps},
             {"1 or 10", two_costs}};

static void grid_fill(struct tsl_task tasks[MODELS], size_t grid, uint64_t seed) {
  const struct tsl_stream stream = {.seed = seed, .purpose = TSL_PURPOSE_TEST, .sub = 0};
  float draws[MODELS];
  tsl_random_uniform(&stream, 0, 0, MODELS, draws);
  for (int i = 0; i < MODELS; i++)
    tasks[i] = (struct tsl_task){
        .id = i, .seconds = 3600 * grids[grid].hours((double)draws[i]), .widest = 8};
}

static void print_grids(void) {
  const int ranks[] = {8, 64, 512};
  struct tsl_task tasks[MODELS];
  for (size_t k = 0; k < sizeof ranks / sizeof *ranks; k++) {
    for (size_t grid = 0; grid < sizeof grids / sizeof *grids; grid++) {
      double worst = 0, sum = 0, changes = 0;
      for (uint64_t seed = 0; seed < SEEDS; seed++) {
        grid_fill(tasks, grid, seed);
        struct tsl_plan plan = tsl_schedule_plan(tasks, MODELS, ranks[k], 0);
        worst = fmax(worst, plan.makespan / plan.bound);
        sum += plan.makespan / plan.bound;
        changes += (double)(plan.widened + plan.narrowed);
      }
      printf(
          "result:\tmakespan over bound, P = %d, costs %s\t%.3f\t1\tworst of %d grids of "
          "%d models; mean %.3f, %.1f changes of width a run\n",
          ranks[k], grids[grid].name, worst, SEEDS, MODELS, sum / SEEDS,
          changes / SEEDS / MODELS);
    }
  }
}

/* ---- the largest plan ---- */

static double processor_seconds(void) {
  struct timespec now = {0};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static int print_large(int64_t runs, int ranks) {
  struct tsl_task *tasks = calloc((size_t)runs, sizeof *tasks);
  if (tasks == NULL)
    return 1;
  for (int64_t i = 0; i < runs; i++)
    tasks[i] = (struct tsl_task){
        .id = i,
        .seconds = 3600 * uniform((double)(i * 7919 % runs) / (double)runs),
        .widest = 8};
  double begun = processor_seconds();
  struct tsl_plan plan = tsl_schedule_plan(tasks, runs, ranks, 0);
  double seconds = processor_seconds() - begun;
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  printf(
      "result:\tplanning %lld runs on %d ranks\t%.2f\ts\tone core; makespan %.4f of the "
      "bound\n",
      (long long)runs, ranks, seconds, plan.makespan / plan.bound);
  printf("result:\tmemory of planning %lld runs on %d ranks\t%.0f\tMiB\tresident at "
         "most\n",
         (long long)runs, ranks, (double)usage.ru_maxrss / 1024);
  free(tasks);
  return 0;
}

/* ---- tasks that do nothing ---- */

static enum tsl_status no_work(void *context, int64_t id, struct tsl_team *team,
                               struct tsl_turn *turn,
                               enum tsl_status (*poll)(void *poll_context),
                               void *poll_context, struct tsl_error *err) {
  (void)context, (void)id, (void)team, (void)turn, (void)err;
  return poll(poll_context);
}

static int print_no_ops(struct tsl_world *world, int64_t runs) {
  struct tsl_task *tasks = calloc((size_t)runs, sizeof *tasks);
  const struct tsl_worker worker = {.work = no_work};
  if (tasks == NULL)
    return 1;
  for (int64_t i = 0; i < runs; i++)
    tasks[i] = (struct tsl_task){.id = i, .seconds = 1, .widest = 1};
  tsl_team_barrier(tsl_world_team(world), NULL);
  double begun = tsl_clock_seconds();
  enum tsl_status status = tsl_schedule_run(world, tasks, runs, 0, &worker, NULL);
  double seconds = tsl_clock_seconds() - begun;
  if (tsl_world_rank(world) == 0)
    printf(
        "result:\thanding out %lld tasks that do nothing, %d ranks\t%.1f\tus\ta task, on "
        "the wall\n",
        (long long)runs, tsl_world_size(world), 1e6 * seconds / (double)runs);
  free(tasks);
  return status == TSL_OK ? 0 : 1;
}

int main(int argc, char **argv) {
  struct tsl_world *world = NULL;
  if (tsl_world_open(&argc, &argv, &world, NULL) != TSL_OK)
    return 1;
  int failed = 0;
  if (argc > 1 && strcmp(argv[1], "no-ops") == 0) {
    failed = print_no_ops(world, 10000);
  } else if (tsl_world_rank(world) == 0) {
    print_grids();
    failed = print_large(1000000, 100000);
  }
  tsl_world_close(world);
  return failed;
}
