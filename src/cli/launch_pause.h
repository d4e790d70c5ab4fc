/* launch_pause.h - Ctrl-Z: the ranks stand still with the launcher, and go on with it.
 *
 * mpirun and its ranks are in another process group than the launcher, so that a Ctrl-C
 * does not kill them, and a Ctrl-Z does not reach them either. mpirun hands TSTP on to
 * its ranks as STOP, and CONT as it is, but does not stand still itself.
 */
#ifndef TEASEL_CLI_LAUNCH_PAUSE_H
#define TEASEL_CLI_LAUNCH_PAUSE_H

#include <stdbool.h>
#include <sys/types.h>

/* Local. From now on TSTP, unless it is ignored, is noted; until _release. */
void tsl__pause_catch(void);
void tsl__pause_release(void);
/* Local. Where TSTP has come: makes the process stand still, then this one, and both go
 * on at CONT. process: mpirun, or one rank without it; 0: none. Returns the seconds that
 * it took. Where this process is killed meanwhile the other goes on, to hear of that. */
double tsl__pause_heed(pid_t process, bool is_mpirun);

#endif
