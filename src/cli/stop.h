/* stop.h - signals that ask to stop: TERM, INT, USR1 set a flag, nothing else. */
#ifndef TEASEL_CLI_STOP_H
#define TEASEL_CLI_STOP_H

#include "teasel/stop.h"

/* Local. From now on these signals set the flag. */
void tsl__stop_catch(void);
/* Local. Whether one came; a tsl_sweep_request's stop, whatever the context. */
bool tsl__stop_asked(void *context);
/* The same for the stages behind training. */
extern const struct tsl_stop tsl__stop;

#endif
