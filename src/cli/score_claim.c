#include "cli/score_claim.h"

#include "cli/stop.h"

#include "teasel/log.h"
#include "teasel/nn.h"

#include <string.h>
#include <time.h>

enum answer { WAIT, MINE, THEIRS };

static void tell(const struct tsl_claim_state *other, const char *what) {
  tsl_log(TSL_LOG_NORMAL, "process %lld on %s %s", (long long)other->pid,
          other->host[0] != '\0' ? other->host : "another machine", what);
}

/* Local, rank 0. Who holds the claim may have died with its machine: then the claim
 * stands still, and is taken over like that of a run. So only a process that is seen to
 * live is left to it. */
static enum tsl_status look(struct tsl__score_claim *claim, struct tsl_claim_state *first,
                            enum answer *out, struct tsl_error *err) {
  struct tsl_claim_state other;
  enum tsl_claim_answer answer = TSL_CLAIM_HELD;
  *out = WAIT;
  TSL_TRY(tsl_claims_take(claim->claims, NULL, &answer, &other, err));
  if (answer != TSL_CLAIM_HELD) {
    *out = MINE;
    TSL_TRY(tsl_claim_hold(claim->claims, NULL, &claim->held, err));
    claim->keeper = tsl_claim_keeper_begin(&claim->held);
    return TSL_OK;
  }
  if (other.session[0] == '\0') /* it is being written, or given back */
    return TSL_OK;
  const bool same = strcmp(first->session, other.session) == 0;
  if (other.near || (same && first->beat != other.beat)) {
    *out = THEIRS;
    tell(&other, "scores this folder and writes the report");
  } else if (!same) {
    *first = other;
    tell(&other, "was the last to score this folder; waiting for a sign of its life");
  }
  return TSL_OK;
}

static enum tsl_status begin(const struct tsl__session *session,
                             struct tsl__score_claim *claim, struct tsl_error *err) {
  char name[TSL_SESSION_MAX];
  return tsl_claims_open(session->store, tsl_session_print(name), tsl_nn_kernel_set(),
                         tsl_job_options(session->job)->schedule.claim_seconds,
                         tsl_clock_seconds, &claim->claims, err);
}

enum tsl_status tsl__score_claim_begin(const struct tsl__session *session,
                                       struct tsl__score_claim *out,
                                       struct tsl_error *err) {
  const struct timespec pause = {.tv_nsec = 250000000};
  const bool rank_0 = tsl_team_index(session->team) == 0;
  struct tsl_claim_state first = {.session = ""};
  enum answer answer = WAIT;
  *out = (struct tsl__score_claim){.mine = false};
  enum tsl_status status = rank_0 ? begin(session, out, err) : TSL_OK;
  while (answer == WAIT) {
    if (status == TSL_OK && rank_0)
      status = look(out, &first, &answer, err);
    if (status == TSL_OK && answer == WAIT)
      status = tsl_stop_check(&tsl__stop, err);
    TSL_TRY(tsl_team_agree(session->team, status, err));
    TSL_TRY(tsl_team_broadcast(session->team, 0, &answer, sizeof answer, err));
    if (answer == WAIT)
      nanosleep(&pause, NULL);
  }
  out->mine = answer == MINE;
  return TSL_OK;
}

void tsl__score_claim_end(struct tsl__score_claim *claim) {
  tsl_claim_keeper_end(claim->keeper);
  tsl_claim_drop(&claim->held);
  tsl_claims_close(claim->claims);
  *claim = (struct tsl__score_claim){.mine = false};
}
