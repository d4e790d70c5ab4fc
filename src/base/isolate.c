/* HDF5 1.10 crashes on some damaged files (HDFGroup/hdf5 issues 1368, 5573, 5871, mended
 * only in 1.14 and later), and one rank's crash ends the whole mpirun. */
#include "base/isolate.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
  WINDOW = 1 << 22, /* bytes; the system gives them when they are used */
  LARGE = 1 << 16,  /* bytes from which on a piece goes through the window */
  PATIENCE = 1200   /* seconds */
};

/* In the copy: no handler of this program or of MPI runs; what asks this process to stop
 * is its own business, and what it asks the copy to is to end with it. A crash that is
 * expected leaves no core file, which would be as large as this process. */
static void leave_handlers(pid_t parent) {
  static const int crashes[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGXCPU},
                   wishes[] = {SIGTERM, SIGINT, SIGHUP, SIGUSR1};
  const struct rlimit no_core = {0, 0};
  for (size_t i = 0; i < sizeof crashes / sizeof *crashes; i++)
    signal(crashes[i], SIG_DFL);
  for (size_t i = 0; i < sizeof wishes / sizeof *wishes; i++)
    signal(wishes[i], SIG_IGN);
  setrlimit(RLIMIT_CORE, &no_core);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) /* it died before it was asked for */
    _exit(1);
}

bool tsl__copy_make(struct tsl__copy *out) {
  int ends[2];
  void *window = mmap(NULL, WINDOW, PROT_READ | PROT_WRITE,
                      MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (window == MAP_FAILED)
    return false;
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
    munmap(window, WINDOW);
    return false;
  }
  const pid_t parent = getpid(), process = fork();
  if (process < 0) {
    close(ends[0]);
    close(ends[1]);
    munmap(window, WINDOW);
    return false;
  }
  const int mine = process == 0 ? 1 : 0;
  close(ends[1 - mine]);
  *out = (struct tsl__copy){.process = process,
                            .channel = ends[mine],
                            .window = window,
                            .patience = process == 0 ? 0 : PATIENCE};
  if (process == 0)
    leave_handlers(parent);
  return true;
}

static bool put_small(int channel, struct iovec parts[2]) {
  struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
  while (parts[0].iov_len + parts[1].iov_len > 0) {
    ssize_t done = sendmsg(channel, &message, MSG_NOSIGNAL);
    if (done < 0 && errno == EINTR)
      continue;
    if (done <= 0)
      return false;
    for (int i = 0; i < 2; i++) {
      const size_t most = parts[i].iov_len,
                   gone = (size_t)done < most ? (size_t)done : most;
      parts[i].iov_base = (char *)parts[i].iov_base + gone;
      parts[i].iov_len -= gone;
      done -= (ssize_t)gone;
    }
  }
  return true;
}

/* Nanoseconds of processor time that the other one has used; 0: nobody can tell. */
static int64_t time_used(const struct tsl__copy *copy) {
  clockid_t clock;
  struct timespec used;
  if (clock_getcpuclockid(copy->process, &clock) != 0 || clock_gettime(clock, &used) != 0)
    return 0;
  return (int64_t)used.tv_sec * 1000000000 + used.tv_nsec;
}

/* Until there is something to be read, or the end. Seconds are counted one by one, so
 * that a batch system may suspend both processes for as long as it wants. */
static bool await(struct tsl__copy *copy) {
  struct pollfd channel = {.fd = copy->channel, .events = POLLIN};
  int64_t used = 0;
  for (int still = 0; copy->patience > 0 && still < copy->patience;) {
    const int ready = poll(&channel, 1, 1000);
    if (ready > 0)
      return true;
    if (ready < 0 && errno != EINTR)
      return false;
    const int64_t now = ready == 0 ? time_used(copy) : used;
    still = now != used ? 0 : still + (ready == 0);
    used = now;
    /* A signal ends the second early, and may be why not to go on. */
    if (copy->waiting != NULL && !copy->waiting->go_on(copy->waiting->context)) {
      copy->left = true;
      return false;
    }
  }
  copy->stands_still = copy->patience > 0;
  return !copy->stands_still;
}

static bool get_small(struct tsl__copy *copy, void *bytes, size_t count) {
  char *next = bytes;
  while (count > 0) {
    if (!await(copy))
      return false;
    ssize_t done = recv(copy->channel, next, count, 0);
    if (done < 0 && errno == EINTR)
      continue;
    if (done <= 0)
      return false;
    next += done;
    count -= (size_t)done;
  }
  return true;
}

/* One word back and forth for each windowful. */
static bool turn(struct tsl__copy *copy, bool mine) {
  char word = 0;
  struct iovec parts[2] = {{&word, mine ? 1 : 0}, {NULL, 0}};
  return mine ? put_small(copy->channel, parts) : get_small(copy, &word, 1);
}

static bool put_large(struct tsl__copy *copy, const void *bytes, size_t count) {
  bool heard = true;
  for (size_t at = 0; at < count && heard; at += WINDOW) {
    memcpy(copy->window, (const char *)bytes + at,
           count - at < WINDOW ? count - at : WINDOW);
    heard = turn(copy, true) && turn(copy, false);
  }
  return heard;
}

static bool get_large(struct tsl__copy *copy, void *bytes, size_t count) {
  bool heard = true;
  for (size_t at = 0; at < count && heard; at += WINDOW) {
    heard = turn(copy, false);
    if (heard)
      memcpy((char *)bytes + at, copy->window, count - at < WINDOW ? count - at : WINDOW);
    heard = heard && turn(copy, true);
  }
  return heard;
}

bool tsl__copy_put(struct tsl__copy *copy, const void *bytes, size_t count,
                   const void *more, size_t more_count) {
  const bool large = count >= LARGE, more_large = more_count >= LARGE;
  struct iovec parts[2] = {{(void *)(uintptr_t)bytes, large ? 0 : count},
                           {(void *)(uintptr_t)more, more_large ? 0 : more_count}};
  return (!large || put_large(copy, bytes, count)) && put_small(copy->channel, parts) &&
         (!more_large || put_large(copy, more, more_count));
}

bool tsl__copy_get(struct tsl__copy *copy, void *bytes, size_t count) {
  return count < LARGE ? get_small(copy, bytes, count) : get_large(copy, bytes, count);
}

/* One that has ended keeps how; one that may stand still, where even that signal waits,
 * as in the calls of some network file systems, is left to the system after a while. */
int tsl__copy_end(struct tsl__copy *copy) {
  const struct timespec pause = {.tv_nsec = 10000000};
  int how = 0, looks = 0;
  pid_t ended = 0;
  const bool leave = copy->stands_still || copy->left;
  shutdown(copy->channel, SHUT_RDWR); /* copies made later hold this end, too */
  close(copy->channel);
  munmap(copy->window, WINDOW);
  kill(copy->process, SIGKILL);
  while (ended == 0 || (ended < 0 && errno == EINTR)) {
    ended = waitpid(copy->process, &how, leave ? WNOHANG : 0);
    if (ended == 0 && looks++ == 1000)
      break;
    if (ended == 0)
      nanosleep(&pause, NULL);
  }
  how = copy->stands_still ? TSL__COPY_STOOD_STILL : how;
  *copy = (struct tsl__copy){.process = -1, .channel = -1};
  return how;
}

enum tsl_status tsl__copy_crashed(int how, const char *path, struct tsl_error *err) {
  if (how == TSL__COPY_STOOD_STILL)
    return tsl_error_set(err, TSL_IO, path,
                         "the process that reads it has stood still for a long time; is "
                         "its file system there, or was the process stopped? Run the "
                         "same command again when the file can be read");
  if (WIFSIGNALED(how) && WTERMSIG(how) == SIGKILL)
    return tsl_error_set(err, TSL_MEMORY, path,
                         "the process that read it was killed, as the system does when "
                         "memory runs out; give it more memory, or start fewer ranks a "
                         "host");
  return tsl_error_set(err, TSL_FORMAT, path,
                       "reading it crashed the library that reads it (%s); the file is "
                       "damaged and has to be made or fetched anew",
                       WIFSIGNALED(how) ? strsignal(WTERMSIG(how)) : "it left early");
}

enum tsl_status tsl__isolate(enum tsl_status (*work)(void *context,
                                                     struct tsl_error *err),
                             void *context, const char *path,
                             const struct tsl__waiting *waiting, struct tsl_error *err) {
  struct tsl_error said = {0};
  struct tsl__copy copy;
  if (!tsl__copy_make(&copy))
    return work(context, err);
  if (copy.process == 0) {
    said.status = (int)work(context, &said);
    _exit(tsl__copy_put(&copy, &said, sizeof said, NULL, 0) ? 0 : 1);
  }
  copy.waiting = waiting;
  const bool heard = tsl__copy_get(&copy, &said, sizeof said), left = copy.left;
  const int how = tsl__copy_end(&copy);
  if (left)
    return tsl_error_set(err, TSL_INTERRUPTED, path, "the reading of it was given up");
  if (!heard)
    return tsl__copy_crashed(how, path, err);
  if (said.status != TSL_OK && err != NULL)
    *err = said;
  return (enum tsl_status)said.status;
}
