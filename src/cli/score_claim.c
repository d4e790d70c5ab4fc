#include "cli/score_claim.h"

#include "teasel/log.h"
#include "teasel/nn.h"

static enum tsl_status take(const struct tsl__session *session,
                            struct tsl__score_claim *claim, struct tsl_error *err) {
  char name[TSL_SESSION_MAX];
  struct tsl_claim_state other;
  enum tsl_claim_answer answer = TSL_CLAIM_HELD;
  TSL_TRY(tsl_claims_open(session->store, tsl_session_print(name), tsl_nn_kernel_set(),
                          tsl_job_options(session->job)->schedule.claim_seconds,
                          tsl_clock_seconds, &claim->claims, err));
  TSL_TRY(tsl_claims_take(claim->claims, NULL, &answer, &other, err));
  claim->mine = answer != TSL_CLAIM_HELD;
  if (!claim->mine) {
    tsl_log(TSL_LOG_NORMAL, "process %lld on %s scores this folder and writes the report",
            (long long)other.pid, other.host[0] != '\0' ? other.host : "another machine");
    return TSL_OK;
  }
  TSL_TRY(tsl_claim_hold(claim->claims, NULL, &claim->held, err));
  claim->keeper = tsl_claim_keeper_begin(&claim->held);
  return TSL_OK;
}

enum tsl_status tsl__score_claim_begin(const struct tsl__session *session,
                                       struct tsl__score_claim *out,
                                       struct tsl_error *err) {
  enum tsl_status status = TSL_OK;
  *out = (struct tsl__score_claim){.mine = false};
  if (tsl_team_index(session->team) == 0)
    status = take(session, out, err);
  TSL_TRY(tsl_team_agree(session->team, status, err));
  return tsl_team_broadcast(session->team, 0, &out->mine, sizeof out->mine, err);
}

void tsl__score_claim_end(struct tsl__score_claim *claim) {
  tsl_claim_keeper_end(claim->keeper);
  tsl_claim_drop(&claim->held);
  tsl_claims_close(claim->claims);
  *claim = (struct tsl__score_claim){.mine = false};
}
