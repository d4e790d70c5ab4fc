/* step_replay.h - training steps of one run, replayed from a file (docs/step-files.md).
 */
#ifndef TEASEL_CLI_STEP_REPLAY_H
#define TEASEL_CLI_STEP_REPLAY_H

#include "teasel/job.h"
#include "teasel/status.h"

/* Local. Reads weights, batches and noise of `in`, takes its steps, writes losses,
 * gradients, weights and latents to `out`. Missing, unknown or misshapen arrays:
 * TSL_BAD_INPUT, all of them at once. */
enum tsl_status tsl__step_replay(const struct tsl_run *run, const char *in,
                                 const char *out, struct tsl_error *err);

#endif
