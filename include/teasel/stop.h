/* stop.h - whether the program was asked to end early. Long work looks between its pieces
 * and ends there with everything finished kept. */
#ifndef TEASEL_STOP_H
#define TEASEL_STOP_H

#include "teasel/status.h"

#include <stdbool.h>

struct tsl_stop {
  bool (*asked)(void *context); /* true from the moment on when a signal came */
  void *context;
};

/* Local. stop: NULL where nobody ever asks. */
bool tsl_stop_asked(const struct tsl_stop *stop);
/* Local. TSL_INTERRUPTED when asked. A member of a team lets the others know by the next
 * vote. */
enum tsl_status tsl_stop_check(const struct tsl_stop *stop, struct tsl_error *err);

#endif
