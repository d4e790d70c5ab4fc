/* plan: the coordinator's decisions, with a clock that only counts. */
#include "schedule/decide.h"

#include "teasel/arena.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool fits(const struct tsl_task *tasks, int64_t task_count, int ranks, int width) {
  for (int64_t i = 0; i < task_count; i++) {
    if (!tasks[i].done && width > tasks[i].widest)
      return false;
  }
  return width <= ranks;
}

static void simulate(struct tsl__decider *decider, int ranks, struct tsl_plan *plan) {
  int idle = ranks;
  double now = 0, end = 0;
  for (;;) {
    struct tsl__move move = tsl__decider_next(decider, now, idle);
    if (move.kind == TSL__MOVE_START) {
      idle -= move.width;
      continue;
    }
    if (move.kind != TSL__MOVE_NONE) {
      bool widened = move.kind == TSL__MOVE_WIDEN;
      idle += widened ? -move.width / 2 : move.width;
      plan->widened += widened;
      plan->narrowed += !widened;
      tsl__decider_settle(decider, now, move.task, move.width, false);
      continue;
    }
    int64_t task = tsl__decider_first_end(decider, &end);
    if (task < 0)
      break;
    now = fmin(end, tsl__decider_wake(decider, now));
    for (; task >= 0 && end <= now; task = tsl__decider_first_end(decider, &end))
      idle += tsl__decider_end(decider, task);
  }
  plan->makespan = now;
}

/* The plan with this head, its bound known. */
static struct tsl_plan plan_with(const struct tsl_task *tasks, int64_t task_count,
                                 int ranks, int width, int64_t head) {
  struct tsl_plan plan = {.makespan = INFINITY};
  struct tsl__decider *decider = NULL;
  for (int64_t i = 0; i < task_count; i++) {
    if (tasks[i].done)
      continue;
    int widest = width > 0 ? width : tsl__widest(&tasks[i], ranks);
    plan.total += tasks[i].seconds;
    plan.bound = fmax(plan.bound, tasks[i].seconds / widest);
  }
  plan.bound = fmax(plan.bound, plan.total / ranks);
  if (!fits(tasks, task_count, ranks, width) ||
      tsl__decider_create(tasks, task_count, ranks, width, head, 0, &decider, NULL) !=
          TSL_OK)
    return plan;
  simulate(decider, ranks, &plan);
  tsl__decider_free(decider);
  return plan;
}

int64_t tsl__plan_head(const struct tsl_task *tasks, int64_t task_count, int ranks,
                       int width) {
  /* Where many tasks share a rank the rule finds room for all; heads of 1 to 5 sixteenths
   * of the tasks; what saves less than this share of the time is not worth it. */
  const int64_t many = 4, part = 16, heads = 5;
  const double worth = 0.005;
  int64_t waiting = 0, best = 0;
  for (int64_t i = 0; i < task_count; i++)
    waiting += !tasks[i].done;
  if (width > 0 || waiting > many * ranks || waiting < part)
    return 0;
  struct tsl_plan plan = plan_with(tasks, task_count, ranks, width, 0);
  double least = plan.makespan;
  for (int64_t k = 1; k <= heads && least > (1 + worth) * plan.bound; k++) {
    double made = plan_with(tasks, task_count, ranks, width, waiting * k / part).makespan;
    if (made < least - worth * plan.makespan) {
      least = made;
      best = waiting * k / part;
    }
  }
  return best;
}

struct tsl_plan tsl_schedule_plan(const struct tsl_task *tasks, int64_t task_count,
                                  int ranks, int width) {
  return plan_with(tasks, task_count, ranks, width,
                   tsl__plan_head(tasks, task_count, ranks, width));
}

/* ---- again and again ---- */

struct tsl_planner {
  struct tsl_task *tasks;
  struct tsl__decider *decider;
  int ranks;
};

enum tsl_status tsl_planner_create(const struct tsl_task *tasks, int64_t task_count,
                                   int ranks, int width, struct tsl_planner **out,
                                   struct tsl_error *err) {
  void *memory = NULL, *copy = NULL;
  if (!fits(tasks, task_count, ranks, width))
    return tsl_error_set(err, TSL_BAD_INPUT, "schedule.width",
                         "teams of %d ranks do not fit %d ranks and these tasks", width,
                         ranks);
  TSL_TRY(tsl_allocate(&memory, 1, sizeof(struct tsl_planner), err));
  struct tsl_planner *planner = memory;
  planner->ranks = ranks;
  enum tsl_status status = tsl_allocate(&copy, (size_t)task_count, sizeof *tasks, err);
  planner->tasks = copy;
  if (status == TSL_OK) {
    memcpy(planner->tasks, tasks, (size_t)task_count * sizeof *tasks);
    status = tsl__decider_create(planner->tasks, task_count, ranks, width, 0, 0,
                                 &planner->decider, err);
  }
  if (status == TSL_OK)
    *out = planner;
  else
    tsl_planner_free(planner);
  return status;
}

void tsl_planner_free(struct tsl_planner *planner) {
  if (planner == NULL)
    return;
  tsl__decider_free(planner->decider);
  free(planner->tasks);
  free(planner);
}

struct tsl_task *tsl_planner_tasks(struct tsl_planner *planner) {
  return planner->tasks;
}

double tsl_planner_makespan(struct tsl_planner *planner) {
  struct tsl_plan plan = {.makespan = 0};
  tsl__decider_begin(planner->decider, 0);
  simulate(planner->decider, planner->ranks, &plan);
  return plan.makespan;
}
