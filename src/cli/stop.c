#include "cli/stop.h"

#include "cli/launch.h"

#include "teasel/log.h"

#include <signal.h>
#include <stddef.h>

/* A handler can reach nothing else. */
static volatile sig_atomic_t asked_to_stop;

static void note_signal(int number) {
  (void)number;
  asked_to_stop = 1;
}

static bool is_ignored(int number) {
  struct sigaction now;
  return sigaction(number, NULL, &now) == 0 && now.sa_handler == SIG_IGN;
}

void tsl__stop_catch(void) {
  static const int numbers[] = {SIGTERM, SIGINT, SIGUSR1, SIGXCPU, SIGHUP};
  struct sigaction action = {.sa_handler = note_signal, .sa_flags = SA_RESTART};
  sigemptyset(&action.sa_mask);
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
    if (numbers[i] != SIGHUP || !is_ignored(SIGHUP))
      sigaction(numbers[i], &action, NULL);
  }
  signal(SIGPIPE, SIG_IGN);
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
    asked_to_stop = 1;
}

bool tsl__stop_asked(void *context) {
  (void)context;
  if (!asked_to_stop)
    look_for_launcher();
  return asked_to_stop != 0;
}

const struct tsl_stop tsl__stop = {.asked = tsl__stop_asked};
