/* regular.h - files opened to read, where a pipe, a socket or a device may stand instead:
 * opening a pipe that nobody writes into waits for ever, and a device may have no end. */
#ifndef TEASEL_BASE_REGULAR_H
#define TEASEL_BASE_REGULAR_H

#include "teasel/status.h"

/* Local. Never waits. A descriptor of a regular file, or of a folder, which read refuses
 * with EISDIR; -1 with errno, ESPIPE where something else stands there. */
int tsl__regular_open(const char *path);
/* Local. The error of a file that could not be opened with this errno: TSL_FORMAT for
 * ESPIPE, else TSL_IO. */
enum tsl_status tsl__regular_error(struct tsl_error *err, const char *path, int number);

#endif
