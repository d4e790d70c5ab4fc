#include "teasel/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>

static enum tsl_log_level current_level = TSL_LOG_NORMAL;

void tsl_log_level_set(enum tsl_log_level level) {
  current_level = level;
}

enum tsl_log_level tsl_log_level_get(void) {
  return current_level;
}

void tsl_log(enum tsl_log_level level, const char *format, ...) {
  if (level > current_level)
    return;
  /* One write a line, so that the lines of several ranks do not mix. */
  char line[4096];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(line, sizeof line, format, arguments);
  va_end(arguments);
  fprintf(stderr, "teasel: %s\n", line);
}

double tsl_clock_seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}
