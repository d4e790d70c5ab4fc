/* score_claim.h - of several processes on one results folder, one scores and reports. */
#ifndef TEASEL_CLI_SCORE_CLAIM_H
#define TEASEL_CLI_SCORE_CLAIM_H

#include "cli/session.h"

#include "teasel/claim.h"

struct tsl__score_claim {
  bool mine;                 /* on all ranks */
  bool told;                 /* for whom this process waits */
  struct tsl_claims *claims; /* the rest on rank 0 alone */
  struct tsl_claim held;
  struct tsl_claim_keeper *keeper;
};
enum tsl__score_leave {
  TSL__LEAVE_SAME, /* to another process that scores the same job here; others are waited
                      for */
  TSL__LEAVE_NEVER /* all others are waited for */
};
/* Collective on the world. Claims the stage; `mine` is false where it is left to another
 * process, which the log tells. Who has the claim has written job.used.yaml, so it says
 * what the other one scores. */
enum tsl_status tsl__score_claim_begin(const struct tsl__session *session,
                                       enum tsl__score_leave leave,
                                       struct tsl__score_claim *out,
                                       struct tsl_error *err);
/* Collective on the world. When all is written: job.used.yaml once more, since another
 * job may have been started here meanwhile. */
enum tsl_status tsl__score_claim_conclude(const struct tsl__session *session,
                                          struct tsl_error *err);
/* Local. Also after a failed _begin. */
void tsl__score_claim_end(struct tsl__score_claim *claim);

#endif
