/* HDF5 1.10 crashes on some damaged files (HDFGroup/hdf5 issues 1368, 5573, 5871, mended
 * only in 1.14 and later), and one rank's crash ends the whole mpirun. */
#include "dataset/isolate.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* In the copy: no handler of this program or of MPI runs; what asks this process to stop
 * is its own business, and what it asks the copy to is to end with it. */
static void leave_handlers(pid_t parent) {
  static const int crashes[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT},
                   wishes[] = {SIGTERM, SIGINT, SIGHUP, SIGUSR1};
  for (size_t i = 0; i < sizeof crashes / sizeof *crashes; i++)
    signal(crashes[i], SIG_DFL);
  for (size_t i = 0; i < sizeof wishes / sizeof *wishes; i++)
    signal(wishes[i], SIG_IGN);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) /* it died before it was asked for */
    _exit(1);
}

static bool put(int fd, const void *bytes, size_t count) {
  const char *next = bytes;
  while (count > 0) {
    ssize_t done = write(fd, next, count);
    if (done < 0 && errno == EINTR)
      continue;
    if (done <= 0)
      return false;
    next += done;
    count -= (size_t)done;
  }
  return true;
}

/* False at the end of the pipe: the copy has crashed. */
static bool get(int fd, void *bytes, size_t count) {
  char *next = bytes;
  while (count > 0) {
    ssize_t done = read(fd, next, count);
    if (done < 0 && errno == EINTR)
      continue;
    if (done <= 0)
      return false;
    next += done;
    count -= (size_t)done;
  }
  return true;
}

enum tsl_status tsl__isolate(enum tsl_status (*work)(void *context,
                                                     struct tsl_error *err),
                             void *context, const char *path, struct tsl_error *err) {
  struct tsl_error said = {0};
  int ends[2], how = 0;
  if (pipe2(ends, O_CLOEXEC) != 0)
    return work(context, err);
  const pid_t parent = getpid(), child = fork();
  if (child < 0) {
    close(ends[0]);
    close(ends[1]);
    return work(context, err);
  }
  if (child == 0) {
    leave_handlers(parent);
    said.status = (int)work(context, &said);
    _exit(put(ends[1], &said, sizeof said) ? 0 : 1);
  }
  close(ends[1]);
  const bool heard = get(ends[0], &said, sizeof said);
  close(ends[0]);
  while (waitpid(child, &how, 0) < 0 && errno == EINTR)
    ;
  if (!heard && WIFSIGNALED(how) && WTERMSIG(how) == SIGKILL)
    return tsl_error_set(err, TSL_MEMORY, path,
                         "the process that read it was killed, as the system does when "
                         "memory runs out");
  if (!heard)
    return tsl_error_set(err, TSL_FORMAT, path,
                         "reading it crashed the library that reads it (%s); the file is "
                         "damaged: make or fetch it again",
                         WIFSIGNALED(how) ? strsignal(WTERMSIG(how)) : "it left early");
  if (said.status != TSL_OK && err != NULL)
    *err = said;
  return (enum tsl_status)said.status;
}
