/* launch_session.h - what Open MPI leaves on this machine when mpirun is killed with -9,
 * or the machine's memory runs out: a session folder in the folder of temporary files
 * (8 MB) and segments of shared memory in /dev/shm (4 MB a rank). mpirun removes its own
 * in any other end.
 *
 * The session folder is called ompi.HOST.USER/pid.N, after mpirun's process number, and
 * names its job, after which the segments are called. The launcher marks the folders of
 * the mpiruns that it starts; no others are touched, and none of a process that may live.
 */
#ifndef TEASEL_CLI_LAUNCH_SESSION_H
#define TEASEL_CLI_LAUNCH_SESSION_H

#include "teasel/status.h"

#include <stdbool.h>
#include <sys/types.h>

/* Local. Whether an mpirun could keep its session in the folder of temporary files:
 * TSL_BAD_INPUT where that is none, TSL_IO where there is no room or no right. */
enum tsl_status tsl__session_place_check(struct tsl_error *err);
/* Local. Marks the session of an mpirun as the launcher's, once there is one; false:
 * there is none yet. */
bool tsl__session_folder_mark(pid_t mpirun);
/* Local. Removes what is left of an mpirun that has ended. */
void tsl__session_folder_clear(pid_t mpirun);
/* Local. Removes what is left of marked sessions whose mpirun is dead. */
void tsl__session_folders_sweep(void);

#endif
