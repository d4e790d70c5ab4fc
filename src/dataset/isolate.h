/* isolate.h - work that may crash, in a process of its own. */
#ifndef TEASEL_DATASET_ISOLATE_H
#define TEASEL_DATASET_ISOLATE_H

#include "teasel/status.h"

/* Local. Calls `work` in a copy of this process and gives its status and error; what it
 * leaves in memory is lost, what it writes into files and shared maps stays. A crash is
 * TSL_FORMAT with `path`, the file that it worked on. MPI must not be called in it. Where
 * no process can be made, `work` is called here. */
enum tsl_status tsl__isolate(enum tsl_status (*work)(void *context,
                                                     struct tsl_error *err),
                             void *context, const char *path, struct tsl_error *err);

#endif
