/* launch_idle.h - an mpirun that could start no rank, or has none left, and does not end:
 * told to go on without those that are killed, Open MPI 4.1 takes a rank that it could
 * not start, or that died before MPI had begun, for one of them.
 */
#ifndef TEASEL_CLI_LAUNCH_IDLE_H
#define TEASEL_CLI_LAUNCH_IDLE_H

#include <stdbool.h>
#include <sys/types.h>

struct tsl__idle {
  bool had;     /* ranks */
  double since; /* when none was seen first; 0: there are some */
  double next;  /* when it is looked again */
};
/* Local. To be called again and again, where all ranks are on this machine. True once it
 * has had no rank for long, and had some before, or no more processes can be started, or
 * it was asked to stop. */
bool tsl__idle_look(struct tsl__idle *idle, pid_t mpirun, bool stopping);

#endif
