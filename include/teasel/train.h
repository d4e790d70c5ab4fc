/* train.h - stage: a run on a team -> model.h5, log.csv, record.json. */
#ifndef TEASEL_TRAIN_H
#define TEASEL_TRAIN_H

#include "teasel/dataset.h"
#include "teasel/job.h"
#include "teasel/schedule.h"
#include "teasel/store.h"
#include "teasel/team.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tsl_train_request {
  const struct tsl_run *run;
  const struct tsl_job_options *options;
  const struct tsl_dataset *dataset;
  struct tsl_store *store;                /* used by the team's first member only */
  enum tsl_status (*poll)(void *context); /* between steps; NULL allowed */
  void *poll_context;
  /* Local, first member only: before the run's files are begun, and when one could not be
   * written, with poll's context; a failure ends the run, TSL_TAKEN instead of the
   * failure to write. It looks whether the run is still this team's, for a rank that
   * stood still may have been given up meanwhile, and what it was writing been swept
   * away. NULL allowed. */
  enum tsl_status (*confirm)(void *context, struct tsl_error *err);
  /* Local, first member only: after each step. NULL allowed. */
  void (*progress)(void *context, int64_t steps_done);
  void *progress_context;
  struct tsl_turn *turn; /* by which the team may change; NULL: it never does */
};
/* Collective on team; where request->turn joins, on the team that takes this rank in.
 * Trains from the run's checkpoint, or from the start, to the end, or until
 * train.patience ends it; a non-finite loss ends it with
 * outcome DIVERGED, which is no error. The bytes of model.h5 and log.csv do not depend on
 * the team, nor on how it changes. Returns what poll returned when that is a failure
 * (TSL_INTERRUPTED), one step later where the team has several members: model.h5 and
 * record.json are then not written. TSL_BAD_INPUT when the training split is smaller than
 * a batch. */
enum tsl_status tsl_train(const struct tsl_train_request *request, struct tsl_team *team,
                          struct tsl_error *err);
/* Local. TSL_BAD_INPUT when the run asks for train.patience and less than a batch is held
 * out. */
enum tsl_status tsl_train_held_out_check(const struct tsl_run *run, int64_t held_out,
                                         struct tsl_error *err);
/* Local. Steps of the whole run: iterations, or epochs times batches an epoch. */
int64_t tsl_train_iterations(const struct tsl_run *run, int64_t training_count);

/* What a run asks for; from the graph's own operation count. */
struct tsl_train_cost {
  int64_t iterations;
  double operations; /* floating-point operations of one step of the whole batch */
  double seconds;    /* predicted for the whole run on one rank, before any measuring */
  size_t memory;     /* bytes of one rank's graph */
};
/* Local. Builds the run's model and frees it again. training_count: samples in the
 * training split. Fails with TSL_BAD_INPUT where the run cannot be trained (fewer samples
 * than a batch). */
enum tsl_status tsl_train_cost(const struct tsl_run *run, int64_t training_count,
                               struct tsl_train_cost *out, struct tsl_error *err);

/* ---- all runs of a job ---- */
struct tsl_sweep_progress {
  int64_t runs, finished, failed, running; /* numbers of runs; finished counts earlier
                                              starts of the same job too */
  int64_t steps_done, steps_total;         /* over all runs */
  double steps_per_second; /* of all ranks together, now; 0: unknown yet */
  double seconds;          /* since this start */
  double seconds_left;     /* from measured steps; NaN: unknown yet */
  const char *other;       /* "": none, or who holds a run that is not ours, and where */
  /* The run whose start or end is told; NULL when it is only a report of the time. */
  const struct tsl_run *run;
  enum {
    TSL_SWEEP_TIME,
    TSL_SWEEP_STARTED,
    TSL_SWEEP_ENDED,
    TSL_SWEEP_LEFT, /* interrupted */
    TSL_SWEEP_FAILED,
    TSL_SWEEP_WIDENED, /* the run's team has more ranks now, or fewer */
    TSL_SWEEP_LOST,    /* ranks no longer answer */
    TSL_SWEEP_TAKEN,   /* the run was another process', which is gone; note: whose */
    TSL_SWEEP_FOUND    /* the run is done, by a process that may not have told so */
  } event;
  const char *note;  /* NULL: none */
  int64_t run_steps; /* of that run, as far as is known here */
  const int *ranks;  /* (width) who trains it, or did; NULL: another process */
  int width;
};
struct tsl_sweep_request {
  const struct tsl_job *job; /* runs named: tsl_job_name_runs */
  const struct tsl_dataset *dataset;
  struct tsl_store *store; /* every rank has opened its own */
  /* Local, rank 0 alone: at starts and ends of runs, and about once a second. NULL
   * allowed. */
  void (*progress)(void *context, const struct tsl_sweep_progress *progress);
  /* Local, every rank, between steps: true when a signal asked to stop. NULL allowed. */
  bool (*stop)(void *context);
  void *context;
};
/* Collective on the world. TSL_BAD_INPUT when ranks compute with different kernels, or
 * with others than a finished run while some run is to be trained.
 * Trains every run of the job that has no record yet; a finished run is never repeated.
 * TSL_INTERRUPTED when some rank was asked to stop: finished runs are kept, started ones
 * go on from their checkpoint at the next start. A run that fails (a full disk) does not
 * keep the others from being trained; the first failure is returned at the end.
 */
enum tsl_status tsl_sweep_run(const struct tsl_sweep_request *request,
                              struct tsl_world *world, struct tsl_error *err);

#endif
