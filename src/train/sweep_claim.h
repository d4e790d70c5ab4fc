/* sweep_claim.h - which runs of a sweep this start may train, among several on one
 * results folder. */
#ifndef TEASEL_TRAIN_SWEEP_CLAIM_H
#define TEASEL_TRAIN_SWEEP_CLAIM_H

#include "teasel/claim.h"
#include "teasel/job.h"
#include "teasel/schedule.h"

struct tsl__sweep_claims {
  const struct tsl_store *store; /* borrowed */
  struct tsl_claims *claims;
  /* Of the run that this rank trains as its team's first member. */
  struct tsl_claim held;
  int64_t steps;  /* done */
  int64_t from;   /* of these, taken before this start */
  double seconds; /* since its training began */
  double looked;  /* whether the folder is still there; tsl_clock_seconds */
  enum tsl_status (*poll)(void *context);
  void *poll_context;
  int64_t unsettled; /* rank 0: claims on finished runs that were not taken away */
  /* Rank 0: of the run that was found in other hands last; "": none is. */
  char other_run[TSL_RUN_NAME_MAX], other[TSL_CLAIM_TEXT];
};

/* Collective on team, of all ranks: one session for all. */
enum tsl_status tsl__sweep_claims_init(struct tsl__sweep_claims *claims,
                                       const struct tsl_store *store,
                                       struct tsl_team *team, double seconds,
                                       struct tsl_error *err);
void tsl__sweep_claims_release(struct tsl__sweep_claims *claims);

enum { TSL__BEFORE_TEXT = 128 };
/* Local, rank 0. Claims the run, unless it is done or another's. *untold: it is done, and
 * who did it is gone and may not have said so. before: "", or who had it and is gone;
 * TSL__BEFORE_TEXT bytes. TSL_BAD_INPUT where others train with other kernels. */
enum tsl_status tsl__sweep_claims_ask(struct tsl__sweep_claims *claims, const char *run,
                                      enum tsl_task_answer *answer, bool *untold,
                                      char *before, struct tsl_error *err);
/* Local, rank 0. Takes away the claim that was left on a run that is done. true: there
 * was one whose owner is gone and may not have said that the run is done; one that may
 * still be somebody's is left, and counted in `unsettled`. */
bool tsl__sweep_claims_settle(struct tsl__sweep_claims *claims, const char *run);

/* Collective on team, before anything of the run is written; a team of NULL: this rank
 * joins one whose first member holds the run. poll: the coordinator's, which
 * tsl__sweep_claims_poll calls. TSL_TAKEN: another process has the run. */
enum tsl_status tsl__sweep_claims_begin(struct tsl__sweep_claims *claims, const char *run,
                                        struct tsl_team *team,
                                        enum tsl_status (*poll)(void *context),
                                        void *poll_context, struct tsl_error *err);
/* Local. Between steps: whether the folder is there, the heartbeat, then the coordinator.
 * TSL_GONE: it is not; TSL_TAKEN: the run is lost. */
enum tsl_status tsl__sweep_claims_poll(void *claims);
/* Local, the first member. Looks at once whether the claim is still held: TSL_TAKEN when
 * another rank or process has the run, or has finished it. */
enum tsl_status tsl__sweep_claims_confirm(void *claims, struct tsl_error *err);
/* Local. Gives the run back, unless it is finished: then it stays claimed until rank 0
 * has told that, so that no run ends without a word. */
void tsl__sweep_claims_end(struct tsl__sweep_claims *claims, bool finished);
/* Local, rank 0. The end of the run is told: gives it back. */
void tsl__sweep_claims_told(struct tsl__sweep_claims *claims, const char *run);

#endif
