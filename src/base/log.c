#include "teasel/log.h"

#include "teasel/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>

static enum tsl_log_level current_level = TSL_LOG_NORMAL;
static bool line_is_open;

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
  struct tsl_text shown;
  char buffer[sizeof line + 64];
  tsl_text_init_in(&shown, buffer, sizeof buffer);
  tsl_text_add_visible(&shown, line, /*lines=*/true);
  fprintf(stderr, "%steasel: %s\n", line_is_open ? "\r\033[K" : "", shown.bytes);
  tsl_text_release(&shown);
  line_is_open = false;
}

void tsl_log_line_open(bool open) {
  line_is_open = open;
}

void tsl_log_line_end(void) {
  if (line_is_open)
    fputc('\n', stderr);
  line_is_open = false;
}

double tsl_clock_seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}
