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

enum tsl_task_change {
  TSL_TASK_STARTED,
  TSL_TASK_ENDED,
  TSL_TASK_LEFT, /* interrupted: not done, not failed */
  TSL_TASK_FAILED,
  TSL_TASK_FOUND,  /* another process has done it; no ranks */
  TSL_TASK_CHANGED /* its team has another width now */
};

/* Whether this process may work on a task now. */
enum tsl_task_answer {
  TSL_TASK_MINE,
  TSL_TASK_HELD, /* another process works on it: asked again later */
  TSL_TASK_DONE  /* another process has done it */
};

/* How a rank's team changes while it works on a task. Ranks join when they are ready, or
 * are let go, at the boundary between two steps, which the team chooses: once its first
 * member has something offered, it tells the others with the votes of a step, and all of
 * them call change after that step. */
struct tsl_turn {
  bool joining;  /* this rank is to join a team that works already */
  bool released; /* out: this rank is to return TSL_OK at once; it has no team any more */
  struct tsl_team *team; /* the present one; NULL: released */
  /* Local, first member: whether the team should change. */
  bool (*offered)(void *context);
  /* Collective on *team, the old one. Makes *team the new one; joiners are its last
   * members, and wait for the first collective call on it. Sets released where this rank
   * is let go. */
  enum tsl_status (*change)(void *context, struct tsl_team **team, struct tsl_error *err);
  /* Local, joiner: it is ready. Waits until the team has changed, or no longer can: then
   * it is released. */
  enum tsl_status (*built)(void *context, struct tsl_error *err);
  void *context;
};

/* What the coordinator needs from the training stage. */
struct tsl_worker {
  /* Collective on team. Called on every member of the task's team, at the same time.
   * `poll` must be called between steps by a trainer, so that rank 0 serves messages
   * while it trains; it returns TSL_INTERRUPTED when the task should be left, which is
   * then what this returns. TSL_TAKEN: another process works on it now; it is put aside
   * and asked for again. A joiner calls nothing collective before turn->built. */
  enum tsl_status (*work)(void *context, int64_t id, struct tsl_team *team,
                          struct tsl_turn *turn,
                          enum tsl_status (*poll)(void *poll_context), void *poll_context,
                          struct tsl_error *err);
  /* Local, rank 0 only: called each time before a task is handed out; a failure is the
   * task's. NULL: all tasks are this process's own. */
  enum tsl_status (*ask)(void *context, int64_t id, enum tsl_task_answer *answer,
                         struct tsl_error *err);
  /* Local, rank 0 only: for the progress line and the ledger; NULL allowed. ranks:
   * (width) world ranks of the team. */
  void (*changed)(void *context, int64_t id, enum tsl_task_change change,
                  const int *ranks, int width);
  /* Local, rank 0 only: this rank is lost; its task is handed out again. NULL allowed. */
  void (*lost)(void *context, int rank);
  /* Local, rank 0 only: a message of kind TSL_MESSAGE_WORKER or above, which the worker
   * sent to rank 0; NULL allowed. */
  void (*message)(void *context, const struct tsl_message *message);
  /* Local, rank 0 only: what is known of costs now. The seconds of one rank that a
   * running task still needs; the seconds of waiting ones, as a multiple of what was
   * predicted. 0: not known yet. NULL: predictions are right. */
  double (*seconds_left)(void *context, int64_t id);
  double (*pace)(void *context);
  /* Local, rank 0 only: called about every second, for the progress line; NULL allowed.
   */
  void (*tick)(void *context);
  /* Local, every rank: true when a signal asked to stop; NULL allowed. */
  bool (*stop)(void *context);
  void *context;
};
/* Kinds below are the coordinator's own. */
enum { TSL_MESSAGE_WORKER = 64 };

/* Collective on the world. Hands out tasks, longest first, until all are done, here or by
 * other processes (worker->ask). Rank 0's tasks count. width: ranks a task: 1, 2, 4 ... ;
 * 0: what the rule of docs/scheduling.md says, powers of two up to task.widest. A task
 * that fails does not keep the others from being done; the first failure is returned at
 * the end, to all ranks. A rank that is lost keeps none from being done: its task goes to
 * others (but not more than twice), and TSL_PEER_LOST is returned at the end; when all
 * tasks are done, those that are left are tsl_world_survivors then. TSL_BAD_INPUT when
 * width is more than there are ranks or than a task's widest. TSL_GONE, from ask or work,
 * ends all tasks at once, and is returned. */
enum tsl_status tsl_schedule_run(struct tsl_world *world, const struct tsl_task *tasks,
                                 int64_t task_count, int width,
                                 const struct tsl_worker *worker, struct tsl_error *err);

/* Local. The makespan that tsl_schedule_run's decisions give for these ranks, seconds,
 * when W ranks take a W-th of the time: infinite where width is more than ranks or than a
 * task's widest. And the lower bound max(total / ranks, longest task on its widest team).
 */
struct tsl_plan {
  double makespan, bound, total;
  int64_t widened, narrowed; /* how often a running team changed its width */
};
struct tsl_plan tsl_schedule_plan(const struct tsl_task *tasks, int64_t task_count,
                                  int ranks, int width);

/* Makespans of what is left, again and again: nothing is allocated after the planner was
 * made. Without a head (docs/scheduling.md), since tasks have begun. */
struct tsl_planner;
/* Local. The tasks are copied. TSL_BAD_INPUT: a forced width does not fit. */
enum tsl_status tsl_planner_create(const struct tsl_task *tasks, int64_t task_count,
                                   int ranks, int width, struct tsl_planner **out,
                                   struct tsl_error *err);
void tsl_planner_free(struct tsl_planner *planner);
/* Local. (task_count) The copy, whose seconds and done may be changed. */
struct tsl_task *tsl_planner_tasks(struct tsl_planner *planner);
double tsl_planner_makespan(struct tsl_planner *planner); /* seconds */

#endif
