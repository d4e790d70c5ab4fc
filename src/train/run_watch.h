/* run_watch.h - a run that is being trained tells how far it is: progress.json, written
 * by the team's first member every few seconds. */
#ifndef TEASEL_TRAIN_RUN_WATCH_H
#define TEASEL_TRAIN_RUN_WATCH_H

#include "teasel/train.h"
#include "teasel/watch.h"

struct tsl__run_watch {
  const struct tsl_store *store; /* NULL: not the first member */
  const char *run;
  struct tsl_run_progress progress;
  double written; /* tsl_clock_seconds; 0: not yet */
  double counted; /* when steps were counted for the speed, tsl_clock_seconds */
  int64_t counted_steps;
};

/* Each is local, on every member of the team. What cannot be written is left out. */
void tsl__run_watch_begin(struct tsl__run_watch *watch,
                          const struct tsl_train_request *request,
                          const struct tsl_team *team);
/* After each step, on the first member. */
void tsl__run_watch_step(struct tsl__run_watch *watch, const struct tsl_team *team,
                         int64_t steps_done);
/* Removes the file, or says why the run failed. */
void tsl__run_watch_end(struct tsl__run_watch *watch, enum tsl_status status,
                        const struct tsl_error *error);

#endif
