#include "cli/stop.h"

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

bool tsl__stop_asked(void *context) {
  (void)context;
  return asked_to_stop != 0;
}

const struct tsl_stop tsl__stop = {.asked = tsl__stop_asked};
