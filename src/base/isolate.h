/* isolate.h - work that may crash, in a process of its own. */
#ifndef TEASEL_BASE_ISOLATE_H
#define TEASEL_BASE_ISOLATE_H

#include "teasel/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* What a process does while it waits for its copy: asked about once a second, and when a
 * signal comes. */
struct tsl__waiting {
  bool (*go_on)(void *context); /* false: wait no longer */
  void *context;
};

/* Local. Calls `work` in a copy of this process and gives its status and error; what it
 * leaves in memory is lost, what it writes into files and shared maps stays. A crash is
 * TSL_FORMAT with `path`, the file that it worked on. MPI must not be called in it. One
 * that stands still for the patience of tsl__copy_make is TSL_IO. Where no process can be
 * made, `work` is called here. waiting: NULL, or TSL_INTERRUPTED where it says so. */
enum tsl_status
tsl__isolate(enum tsl_status (*work)(void *context, struct tsl_error *err), void *context,
             const char *path, const struct tsl__waiting *waiting, struct tsl_error *err);

/* A copy of this process, as each of the two sees it. */
struct tsl__copy {
  pid_t process; /* 0 in the copy */
  int channel;   /* to the other one */
  void *window;  /* memory that both see, for what is large */
  int patience;  /* seconds that tsl__copy_get waits for a copy that stands still, using
                    no processor time; 0: without end, as in the copy */
  bool stands_still;                  /* it did so for longer */
  const struct tsl__waiting *waiting; /* borrowed; NULL: nothing */
  bool left;                          /* it said not to wait any longer */
};

/* What tsl__copy_end returns of one that stood still; waitpid tells nothing below 0. */
enum { TSL__COPY_STOOD_STILL = -1 };

/* Local. Makes a copy; this returns in it, too, where MPI must not be called and _exit is
 * the way out. It ends with this process. False: none can be made. The patience is
 * twenty minutes, which a slow network file system does not try. */
bool tsl__copy_make(struct tsl__copy *out);
/* Local. To and from the other one; false when it has ended or stands still. What one
 * puts in one piece the other gets in one piece. more: a second piece, so that the other
 * is woken once; 0 bytes of it are none. */
bool tsl__copy_put(struct tsl__copy *copy, const void *bytes, size_t count,
                   const void *more, size_t more_count);
bool tsl__copy_get(struct tsl__copy *copy, void *bytes, size_t count);
/* Local. Not in the copy: ends it, where it has not ended by itself; what it was doing is
 * not finished. Returns how it ended, as waitpid tells it, or TSL__COPY_STOOD_STILL. */
int tsl__copy_end(struct tsl__copy *copy);
/* Local. The error of a copy that ended so before it had answered: TSL_FORMAT with
 * `path`, the file that it worked on; TSL_MEMORY where the system killed it, TSL_IO where
 * it stood still. */
enum tsl_status tsl__copy_crashed(int how, const char *path, struct tsl_error *err);

#endif
