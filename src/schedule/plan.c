/* plan: the coordinator's decisions, with a clock that only counts. */
#include "schedule/queue.h"

#include "teasel/arena.h"

#include <math.h>
#include <stdlib.h>

struct running {
  double end;
  int width;
};

/* Largest width that the task can get on these ranks. */
static int widest(const struct tsl_task *task, int ranks, int width) {
  if (width > 0)
    return width;
  int wide = 1;
  while (2 * wide <= ranks && 2 * wide <= task->widest)
    wide *= 2;
  return wide;
}

static bool fits(const struct tsl_task *tasks, int64_t task_count, int ranks, int width) {
  for (int64_t i = 0; i < task_count; i++) {
    if (!tasks[i].done && width > tasks[i].widest)
      return false;
  }
  return width <= ranks;
}

/* running: (ranks) room for the teams. */
static double simulate(struct tsl__queue *queue, int ranks, struct running *running) {
  int idle = ranks, teams = 0;
  double now = 0;
  for (;;) {
    int width = 0;
    int64_t task = tsl__queue_take(queue, idle, &width);
    if (task >= 0) {
      running[teams++] =
          (struct running){now + queue->tasks[task].seconds / width, width};
      idle -= width;
      continue;
    }
    if (teams == 0)
      return now;
    int first = 0;
    for (int i = 1; i < teams; i++) {
      if (running[i].end < running[first].end)
        first = i;
    }
    now = running[first].end;
    idle += running[first].width;
    running[first] = running[--teams];
  }
}

struct tsl_plan tsl_schedule_plan(const struct tsl_task *tasks, int64_t task_count,
                                  int ranks, int width) {
  struct tsl_plan plan = {0};
  struct tsl__queue queue = {0};
  void *running = NULL;
  for (int64_t i = 0; i < task_count; i++) {
    if (tasks[i].done)
      continue;
    double alone = tasks[i].seconds / widest(&tasks[i], ranks, width);
    plan.total += tasks[i].seconds;
    plan.bound = fmax(plan.bound, alone);
  }
  plan.bound = fmax(plan.bound, plan.total / ranks);
  plan.makespan = INFINITY;
  if (fits(tasks, task_count, ranks, width) &&
      tsl__queue_init(&queue, tasks, task_count, width, NULL) == TSL_OK &&
      tsl_allocate(&running, (size_t)ranks, sizeof(struct running), NULL) == TSL_OK)
    plan.makespan = simulate(&queue, ranks, running);
  tsl__queue_release(&queue);
  free(running);
  return plan;
}
