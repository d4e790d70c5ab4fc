/* schedule.h - which ranks train which run, and when. Costs are handed in: this folder
 * knows no networks. */
#ifndef TEASEL_SCHEDULE_H
#define TEASEL_SCHEDULE_H

#include "teasel/status.h"
#include "teasel/team.h"

#include <stdbool.h>
#include <stdint.h>

struct tsl_task {
  int64_t id;     /* caller's number of the run */
  double seconds; /* predicted on one rank */
  int widest;     /* most ranks that can share it: its shards */
  bool done;      /* finished before; never handed out */
};

/* What the coordinator needs from the training stage. Called on every member of the
 * task's team, at the same time; `poll` must be called between steps by a trainer, so
 * that rank 0 serves messages while it trains; it returns TSL_INTERRUPTED when the run
 * should be left. */
struct tsl_worker {
  enum tsl_status (*work)(void *context, int64_t id, struct tsl_team *team,
                          enum tsl_status (*poll)(void *poll_context), void *poll_context,
                          struct tsl_error *err);
  /* Local, rank 0 only: for the progress line and the ledger; NULL allowed. */
  void (*changed)(void *context, int64_t id, bool started, const int *ranks, int width);
  void *context;
};

/* Collective on the world. Hands out tasks, longest first, until all are done. width: 0
 * auto. */
enum tsl_status tsl_schedule_run(struct tsl_world *world, const struct tsl_task *tasks,
                                 int64_t task_count, int width,
                                 const struct tsl_worker *worker, struct tsl_error *err);

/* Local. The makespan that tsl_schedule_run's decisions give for these ranks: seconds,
 * and the lower bound max(total / ranks, longest). */
struct tsl_plan {
  double makespan, bound, total;
};
struct tsl_plan tsl_schedule_plan(const struct tsl_task *tasks, int64_t task_count,
                                  int ranks, int width);

#endif
