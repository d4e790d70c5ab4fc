/* stop.h - signals that ask to stop: TERM, INT, USR1, XCPU and HUP set a flag, nothing
 * else. The death of the launcher on this machine is as a signal. */
#ifndef TEASEL_CLI_STOP_H
#define TEASEL_CLI_STOP_H

#include "teasel/stop.h"

/* Local. From now on these signals set the flag; but HUP stays ignored where it was, as
 * nohup wants it. And PIPE is ignored: a message that nobody reads any more is dropped,
 * and ends no work of days. A second INT ends the program at once. */
void tsl__stop_catch(void);
/* Local. For handlers of INT, each time one comes: whether it is a second wish and no
 * echo of the first, which came more than 0.3 s ago. */
bool tsl__stop_insisted(void);
/* Local. Where tsl__stop_catch was not called: the same signals set the flag until
 * tsl__stop_release, and then do again what they did before; one that came meanwhile and
 * was not heeded does it then. */
void tsl__stop_hold(void);
void tsl__stop_release(bool heeded);
/* Local. Whether one came, or the launcher is dead; a tsl_sweep_request's stop, whatever
 * the context. */
bool tsl__stop_asked(void *context);
/* The same for the stages behind training. */
extern const struct tsl_stop tsl__stop;

#endif
