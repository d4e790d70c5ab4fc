/* plan: the coordinator's decisions, with a clock that only counts. */
#include "schedule/decide.h"

#include <math.h>

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

struct tsl_plan tsl_schedule_plan(const struct tsl_task *tasks, int64_t task_count,
                                  int ranks, int width) {
  struct tsl_plan plan = {.makespan = INFINITY};
  for (int64_t i = 0; i < task_count; i++) {
    if (tasks[i].done)
      continue;
    int widest = width > 0 ? width : tsl__widest(&tasks[i], ranks);
    plan.total += tasks[i].seconds;
    plan.bound = fmax(plan.bound, tasks[i].seconds / widest);
  }
  plan.bound = fmax(plan.bound, plan.total / ranks);
  struct tsl__decider *decider = NULL;
  if (!fits(tasks, task_count, ranks, width) ||
      tsl__decider_create(tasks, task_count, ranks, width, 0, &decider, NULL) != TSL_OK)
    return plan;
  simulate(decider, ranks, &plan);
  tsl__decider_free(decider);
  return plan;
}
