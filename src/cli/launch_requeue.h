/* launch_requeue.h - puts the SLURM job of a launcher back into its queue. */
#ifndef TEASEL_CLI_LAUNCH_REQUEUE_H
#define TEASEL_CLI_LAUNCH_REQUEUE_H

#include <signal.h>
#include <stdbool.h>

/* Local. Puts this job back, of an array this task alone, which ends it: SLURM kills what
 * is left of it, and this waits for that a while, or until *signals (how many have come)
 * grows. seconds: that scontrol has for it. Says in the log why it could not. */
bool tsl__launch_requeue(const volatile sig_atomic_t *signals, double seconds);

#endif
