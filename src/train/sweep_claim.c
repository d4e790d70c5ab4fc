#include "train/sweep_claim.h"

#include "teasel/log.h"
#include "teasel/nn.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum tsl_status tsl__sweep_claims_init(struct tsl__sweep_claims *claims,
                                       const struct tsl_store *store,
                                       struct tsl_team *team, double seconds,
                                       struct tsl_error *err) {
  char session[TSL_SESSION_MAX] = "";
  *claims = (struct tsl__sweep_claims){.store = store};
  if (tsl_team_index(team) == 0)
    tsl_session_print(session);
  TSL_TRY(tsl_team_broadcast(team, 0, session, sizeof session, err));
  enum tsl_status status = tsl_claims_open(store, session, tsl_nn_kernel_set(), seconds,
                                           tsl_clock_seconds, &claims->claims, err);
  return tsl_team_agree(team, status, err);
}

void tsl__sweep_claims_release(struct tsl__sweep_claims *claims) {
  tsl_claims_close(claims->claims);
  *claims = (struct tsl__sweep_claims){.store = NULL};
}

static enum tsl_status check_kernels(const char *run, const char *kernels,
                                     struct tsl_error *err) {
  if (kernels[0] == '\0' || strcmp(kernels, tsl_nn_kernel_set()) == 0)
    return TSL_OK;
  return tsl_error_set(
      err, TSL_BAD_INPUT, "schedule.isa",
      "another process trains run %s of this folder with %s, and this "
      "one computes with %s: set schedule.isa to an instruction set that "
      "all machines have",
      run, kernels, tsl_nn_kernel_set());
}

/* As at the start of a sweep: a record whose weights were lost does not count. */
static enum tsl_status look_if_done(const struct tsl__sweep_claims *claims,
                                    const char *run, bool *done, struct tsl_error *err) {
  char path[TSL_PATH_MAX];
  struct tsl_record record;
  bool weights = false;
  *done = false;
  TSL_TRY(tsl_store_record_read(claims->store, run, &record, err));
  TSL_TRY(tsl_file_look(tsl_store_run_path(claims->store, run, "model.h5", path),
                        &weights, err));
  *done = record.outcome != TSL_OUTCOME_NONE && weights;
  return *done ? check_kernels(run, record.kernels, err) : TSL_OK;
}

bool tsl__sweep_claims_settle(struct tsl__sweep_claims *claims, const char *run) {
  enum tsl_claim_answer claimed = TSL_CLAIM_HELD;
  struct tsl_claim_state other;
  bool found = false;
  if (tsl_claim_read(claims->store, run, &other, &found, NULL) != TSL_OK || !found)
    return false;
  if (tsl_claims_take_finished(claims->claims, run, &claimed, &other, NULL) != TSL_OK)
    return false; /* as in a folder that is read only; the claim is in nobody's way */
  if (claimed == TSL_CLAIM_HELD) {
    claims->unsettled++;
    return false;
  }
  tsl_claims_return(claims->claims, run);
  return other.number > 0; /* else its owner has just given it back */
}

/* Whose the run is that this start waits for; claim NULL: it is no other's any more. */
static void remember_other(struct tsl__sweep_claims *claims, const char *run,
                           const struct tsl_claim_state *claim) {
  if (claim == NULL && strcmp(claims->other_run, run) == 0) {
    claims->other_run[0] = '\0';
    claims->other[0] = '\0';
  } else if (claim != NULL && claim->number > 0) {
    snprintf(claims->other_run, sizeof claims->other_run, "%s", run);
    tsl_claim_state_print(claims->other, run, claim);
  }
}

enum tsl_status tsl__sweep_claims_ask(struct tsl__sweep_claims *claims, const char *run,
                                      enum tsl_task_answer *answer, bool *untold,
                                      char *before, struct tsl_error *err) {
  enum tsl_claim_answer claimed = TSL_CLAIM_HELD;
  struct tsl_claim_state other;
  bool done = false;
  before[0] = '\0';
  *untold = false;
  TSL_TRY(tsl_store_look(claims->store, err));
  TSL_TRY(look_if_done(claims, run, &done, err));
  if (done) {
    *untold = tsl__sweep_claims_settle(claims, run);
  } else {
    TSL_TRY(tsl_claims_take(claims->claims, run, &claimed, &other, err));
    if (claimed == TSL_CLAIM_HELD) {
      *answer = TSL_TASK_HELD;
      remember_other(claims, run, &other);
      /* Of one whose machine is gone the claim stands, until it is stale. */
      return other.moved ? check_kernels(run, other.kernels, err) : TSL_OK;
    }
    /* A run is written before it is given back, so who has just claimed it looks once
     * more. */
    TSL_TRY(look_if_done(claims, run, &done, err));
    if (done)
      tsl_claims_return(claims->claims, run);
    *untold = done && claimed == TSL_CLAIM_REVIVED;
  }
  remember_other(claims, run, NULL);
  *answer = done ? TSL_TASK_DONE : TSL_TASK_MINE;
  if (claimed == TSL_CLAIM_REVIVED && !done) {
    snprintf(before, TSL__BEFORE_TEXT, "of process %lld on %s", (long long)other.pid,
             other.host[0] != '\0' ? other.host : "another machine");
    tsl_log(TSL_LOG_NORMAL, "%s goes on here; it was %s, which is gone", run, before);
  }
  return TSL_OK;
}

enum tsl_status tsl__sweep_claims_begin(struct tsl__sweep_claims *claims, const char *run,
                                        struct tsl_team *team,
                                        enum tsl_status (*poll)(void *context),
                                        void *poll_context, struct tsl_error *err) {
  enum tsl_status status = TSL_OK;
  claims->poll = poll;
  claims->poll_context = poll_context;
  claims->steps = 0;
  claims->from = 0;
  claims->seconds = 0;
  claims->held = (struct tsl_claim){.claims = NULL};
  if (team == NULL)
    return TSL_OK;
  if (tsl_team_index(team) == 0)
    status = tsl_claim_hold(claims->claims, run, &claims->held, err);
  return tsl_team_agree(team, status, err);
}

enum tsl_status tsl__sweep_claims_poll(void *context) {
  const double pause = 1; /* seconds between two looks at the folder */
  struct tsl__sweep_claims *claims = context;
  const double now = tsl_clock_seconds();
  if (claims->held.claims != NULL && now - claims->looked >= pause) {
    claims->looked = now;
    TSL_TRY(tsl_store_look(claims->store, NULL));
  }
  double rate = claims->seconds > 0
                    ? (double)(claims->steps - claims->from) / claims->seconds
                    : (double)NAN;
  const enum tsl_status status = tsl_claim_beat(&claims->held, claims->steps, rate, NULL);
  TSL_TRY(tsl_store_explain(claims->store, status, NULL));
  return claims->poll(claims->poll_context);
}

enum tsl_status tsl__sweep_claims_confirm(void *context, struct tsl_error *err) {
  struct tsl__sweep_claims *claims = context;
  claims->held.beaten = -INFINITY;
  return tsl_claim_beat(&claims->held, claims->steps, (double)NAN, err);
}

void tsl__sweep_claims_end(struct tsl__sweep_claims *claims, bool finished) {
  if (finished)
    claims->held.claims = NULL;
  else
    tsl_claim_drop(&claims->held);
}

void tsl__sweep_claims_told(struct tsl__sweep_claims *claims, const char *run) {
  tsl_claims_return(claims->claims, run);
}
