/* read_fault: a library for LD_PRELOAD that lets the process in which one rank reads a
 * file meet a signal as it opens it. READ_FAULT="RANK FILE SIGNAL [ONCE]": RANK -1:
 * every rank; FILE is the end of the path; SIGNAL 0: the file cannot be opened, as on a
 * disk that fails (EIO); ONCE: a file that goes with it, and without which nothing
 * happens; from then on the seconds of this program's waits pass in a thousandth of the
 * time. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static pid_t program; /* the process that was started; others are its copies */

__attribute__((constructor)) static void begin(void) {
  program = getpid();
}

/* Whether the file cannot be opened. */
static int meet(const char *path) {
  const char *fault = getenv("READ_FAULT"), *own = getenv("OMPI_COMM_WORLD_RANK");
  char file[512] = "", once[512] = "";
  int rank = -1, signal = 0;
  if (fault == NULL || getpid() == program ||
      sscanf(fault, "%d %511s %d %511s", &rank, file, &signal, once) < 3 ||
      (rank >= 0 && (own != NULL ? strtol(own, NULL, 10) : 0) != rank))
    return 0;
  const size_t length = strlen(path), end = strlen(file);
  if (length < end || strcmp(path + length - end, file) != 0)
    return 0;
  if (once[0] != '\0' && unlink(once) != 0)
    return 0;
  if (signal != 0)
    raise(signal);
  return signal == 0;
}

#define WRAP(call)                                                                       \
  int call(const char *path, int flags, ...) {                                           \
    va_list arguments;                                                                   \
    va_start(arguments, flags);                                                          \
    const mode_t mode = (flags & O_CREAT) != 0 ? va_arg(arguments, mode_t) : 0;          \
    va_end(arguments);                                                                   \
    if (meet(path)) {                                                                    \
      errno = EIO;                                                                       \
      return -1;                                                                         \
    }                                                                                    \
    int (*const system_call)(const char *, int, ...) =                                   \
        (int (*)(const char *, int, ...))dlsym(RTLD_NEXT, #call);                        \
    return system_call(path, flags, mode);                                               \
  }

WRAP(open)
WRAP(open64)

/* The copy of a process that stands still is waited for with 1000 ms a time. */
int poll(struct pollfd *files, nfds_t count, int milliseconds) {
  int (*const system_call)(struct pollfd *, nfds_t, int) =
      (int (*)(struct pollfd *, nfds_t, int))dlsym(RTLD_NEXT, "poll");
  const char *fault = getenv("READ_FAULT"), *once = NULL;
  if (fault != NULL && milliseconds == 1000)
    once = strrchr(fault, ' ');
  if (once != NULL && once[1] == '/' && access(once + 1, F_OK) != 0)
    milliseconds = 1;
  return system_call(files, count, milliseconds);
}
