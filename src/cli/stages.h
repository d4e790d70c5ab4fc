/* stages.h - the stages behind training, for the commands that run them. */
#ifndef TEASEL_CLI_STAGES_H
#define TEASEL_CLI_STAGES_H

#include "cli/session.h"

/* Collective on the world. Finished runs to latents, latents to scores. */
enum tsl_status tsl__stage_score(struct tsl__session *session, struct tsl_error *err);
/* Collective on the world. Everything to report.html, on rank 0, which then prints
 * `report: PATH` as the last line of standard output. */
enum tsl_status tsl__stage_report(struct tsl__session *session, struct tsl_error *err);

/* Collective on the world. Whether the same program wrote scores and report from these
 * very runs and options, and all of it is still as it was; then says so. */
enum tsl_status tsl__stages_fresh(struct tsl__session *session, bool *fresh,
                                  struct tsl_error *err);
/* Local. Notes that they were written just now. */
void tsl__stages_seal(const struct tsl__session *session);

/* A stage as above. */
typedef enum tsl_status tsl__stage(struct tsl__session *session, struct tsl_error *err);
/* Collective on the world. A whole command of the form `teasel STAGE RESULTS [--set
 * ...]`.
 */
enum tsl_status tsl__stage_command(int argc, char **argv, tsl__stage *stage,
                                   struct tsl_error *err);

#endif
