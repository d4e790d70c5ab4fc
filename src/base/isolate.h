/* isolate.h - work that may crash, in a process of its own. */
#ifndef TEASEL_BASE_ISOLATE_H
#define TEASEL_BASE_ISOLATE_H

#include "teasel/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Local. Calls `work` in a copy of this process and gives its status and error; what it
 * leaves in memory is lost, what it writes into files and shared maps stays. A crash is
 * TSL_FORMAT with `path`, the file that it worked on. MPI must not be called in it. Where
 * no process can be made, `work` is called here. */
enum tsl_status tsl__isolate(enum tsl_status (*work)(void *context,
                                                     struct tsl_error *err),
                             void *context, const char *path, struct tsl_error *err);

/* A copy of this process, as each of the two sees it. */
struct tsl__copy {
  pid_t process; /* 0 in the copy */
  int channel;   /* to the other one */
  void *window;  /* memory that both see, for what is large */
};

/* Local. Makes a copy; this returns in it, too, where MPI must not be called and _exit is
 * the way out. It ends with this process. False: none can be made. */
bool tsl__copy_make(struct tsl__copy *out);
/* Local. To and from the other one; false when it has ended. What one puts in one piece
 * the other gets in one piece. more: a second piece, so that the other is woken once; 0
 * bytes of it are none. */
bool tsl__copy_put(const struct tsl__copy *copy, const void *bytes, size_t count,
                   const void *more, size_t more_count);
bool tsl__copy_get(const struct tsl__copy *copy, void *bytes, size_t count);
/* Local. Not in the copy: waits until it has ended, which it does once it has done what
 * it does and asks for more. Returns how it ended, as waitpid tells it. */
int tsl__copy_end(struct tsl__copy *copy);
/* Local. The error of a copy that ended so before it had answered: TSL_FORMAT with
 * `path`, the file that it worked on; TSL_MEMORY where the system killed it. */
enum tsl_status tsl__copy_crashed(int how, const char *path, struct tsl_error *err);

#endif
