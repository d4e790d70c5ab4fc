#include "cli/stop.h"

#include "cli/launch.h"

#include "teasel/log.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <time.h>
#include <unistd.h>

enum { COUNT = 5 };
static const int numbers[COUNT] = {SIGTERM, SIGINT, SIGUSR1, SIGXCPU, SIGHUP};

/* A handler can reach nothing else. */
static volatile sig_atomic_t asked_to_stop; /* 0: no; the first signal's number */
static struct timespec interrupted;         /* when the first INT came; 0: none has */

static bool caught;                    /* for good */
static bool held;                      /* for a while */
static struct sigaction before[COUNT]; /* while held: what is done otherwise */

/* `timeout -s INT` sends one wish to the process and to its group, which are two signals
 * within milliseconds. */
bool tsl__stop_insisted(void) {
  const double one_wish = 0.3; /* seconds */
  struct timespec now = {0, 0};
  clock_gettime(CLOCK_MONOTONIC, &now);
  if (interrupted.tv_sec == 0 && interrupted.tv_nsec == 0)
    interrupted = now;
  return (double)(now.tv_sec - interrupted.tv_sec) +
             (double)(now.tv_nsec - interrupted.tv_nsec) * 1e-9 >
         one_wish;
}

/* Who interrupts twice does not want to wait, also not for who reads the messages. */
static void end_at_once(void) {
  static const char words[] =
      "teasel: interrupted twice: not waiting for what is being saved\n";
  struct pollfd messages = {.fd = STDERR_FILENO, .events = POLLOUT};
  if (poll(&messages, 1, 0) == 1 && (messages.revents & POLLOUT) != 0 &&
      write(STDERR_FILENO, words, sizeof words - 1) < 0)
    messages.revents = 0; /* nobody can be told */
  signal(SIGINT, SIG_DFL);
  raise(SIGINT); /* comes when this handler has returned */
}

static void note_signal(int number) {
  const int before_handler = errno;
  if (asked_to_stop == 0)
    asked_to_stop = number;
  if (number == SIGINT && tsl__stop_insisted())
    end_at_once();
  errno = before_handler;
}

static void catch_signals(void) {
  struct sigaction action = {.sa_handler = note_signal, .sa_flags = SA_RESTART};
  sigemptyset(&action.sa_mask);
  for (size_t i = 0; i < COUNT; i++) {
    sigaction(numbers[i], NULL, &before[i]);
    const bool ignored = before[i].sa_handler == SIG_IGN;
    if (!ignored || (numbers[i] != SIGHUP && !held))
      sigaction(numbers[i], &action, NULL);
  }
}

void tsl__stop_catch(void) {
  caught = true;
  catch_signals();
  signal(SIGPIPE, SIG_IGN);
}

void tsl__stop_hold(void) {
  held = !caught;
  if (held)
    catch_signals();
}

void tsl__stop_release(bool heeded) {
  if (!held)
    return;
  held = false;
  for (size_t i = 0; i < COUNT; i++)
    sigaction(numbers[i], &before[i], NULL);
  if (asked_to_stop != 0 && !heeded)
    raise(asked_to_stop);
}

/* A launcher that is killed has mpirun hand on a signal, which comes too early where
 * mpirun had no ranks yet. */
static void look_for_launcher(void) {
  static double looked; /* tsl_clock_seconds */
  const double pause = 1;
  const double now = tsl_clock_seconds();
  if (looked > 0 && now - looked < pause)
    return;
  looked = now;
  if (tsl__launch_is_lost())
    asked_to_stop = SIGTERM;
}

bool tsl__stop_asked(void *context) {
  (void)context;
  if (!asked_to_stop)
    look_for_launcher();
  return asked_to_stop != 0;
}

const struct tsl_stop tsl__stop = {.asked = tsl__stop_asked};
