#include "cli/stop.h"

#include <signal.h>
#include <stddef.h>

/* A handler can reach nothing else. */
static volatile sig_atomic_t asked_to_stop;

static void note_signal(int number) {
  (void)number;
  asked_to_stop = 1;
}

void tsl__stop_catch(void) {
  static const int numbers[] = {SIGTERM, SIGINT, SIGUSR1};
  struct sigaction action = {.sa_handler = note_signal, .sa_flags = SA_RESTART};
  sigemptyset(&action.sa_mask);
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
    sigaction(numbers[i], &action, NULL);
}

bool tsl__stop_asked(void *context) {
  (void)context;
  return asked_to_stop != 0;
}

const struct tsl_stop tsl__stop = {.asked = tsl__stop_asked};
