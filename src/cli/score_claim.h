/* score_claim.h - of several processes on one results folder, one scores and reports. */
#ifndef TEASEL_CLI_SCORE_CLAIM_H
#define TEASEL_CLI_SCORE_CLAIM_H

#include "cli/session.h"

#include "teasel/claim.h"

struct tsl__score_claim {
  bool mine;                 /* on all ranks */
  struct tsl_claims *claims; /* the rest on rank 0 alone */
  struct tsl_claim held;
  struct tsl_claim_keeper *keeper;
};
/* Collective on the world. Claims the stage; `mine` is false where another process has
 * it, which the log tells. */
enum tsl_status tsl__score_claim_begin(const struct tsl__session *session,
                                       struct tsl__score_claim *out,
                                       struct tsl_error *err);
/* Local. Also after a failed _begin. */
void tsl__score_claim_end(struct tsl__score_claim *claim);

#endif
