/* stages.h - the stages behind training, for the commands that run them. */
#ifndef TEASEL_CLI_STAGES_H
#define TEASEL_CLI_STAGES_H

#include "cli/session.h"

/* Collective on the world. Finished runs to latents, latents to scores. */
enum tsl_status tsl__stage_score(struct tsl__session *session, struct tsl_error *err);
/* Collective on the world. Everything to report.html, on rank 0, which then prints
 * `report: PATH` as the last line of standard output. */
enum tsl_status tsl__stage_report(struct tsl__session *session, struct tsl_error *err);

/* A stage as above. */
typedef enum tsl_status tsl__stage(struct tsl__session *session, struct tsl_error *err);
/* Collective on the world. A whole command of the form `teasel STAGE RESULTS [--set
 * ...]`.
 */
enum tsl_status tsl__stage_command(int argc, char **argv, tsl__stage *stage,
                                   struct tsl_error *err);

#endif
