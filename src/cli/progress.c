#include "cli/progress.h"

#include "teasel/date.h"
#include "teasel/log.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { CELLS_MOST = 40, CELLS_LEAST = 8, LINE = 512, OTHER_LINE = 1024 };

void tsl__progress_init(struct tsl__progress *progress, bool bar) {
  *progress = (struct tsl__progress){.bar = bar, .drawn = -INFINITY};
}

int tsl__terminal_columns(int file) {
  const int usual = 80; /* of a pipe to a terminal, as mpirun's */
  struct winsize size;
  if (isatty(file) == 1 && ioctl(file, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
    return size.ws_col;
  const char *columns = getenv("COLUMNS");
  long given = columns != NULL ? strtol(columns, NULL, 10) : 0;
  return given > 0 && given < LINE ? (int)given : usual;
}

/* What is done: 0 to 1. */
static double part_of(const struct tsl_sweep_progress *now) {
  return now->steps_total > 0 ? (double)now->steps_done / (double)now->steps_total : 1;
}

/* All runs that are left are worked on by other processes. */
static bool is_waiting(const struct tsl_sweep_progress *now) {
  return now->running == 0 && now->finished + now->failed < now->runs;
}

/* "waiting for other processes: process 4711 on node1 holds runs/RUN/claim.1" */
static void print_waiting(const struct tsl_sweep_progress *now, char *line,
                          size_t bytes) {
  const bool known = now->other != NULL && now->other[0] != '\0';
  snprintf(line, bytes, "waiting for other processes%s%.700s", known ? ": " : "",
           known ? now->other : "");
}

/* Without an outcome of all, what is left is not known from steps. */
static bool has_time_left(const struct tsl_sweep_progress *now) {
  return isfinite(now->seconds_left) &&
         (now->failed == 0 || now->finished + now->failed < now->runs);
}

/* brief: what fits beside a bar on a terminal of 80 columns. waiting: for a while by now,
 * not just between two runs. */
static void print_state(const struct tsl_sweep_progress *now, bool brief, bool waiting,
                        char *line, size_t bytes) {
  char left[TSL_DATE_TEXT];
  int used = snprintf(line, bytes, "%lld of %lld runs, %.0f %%%s",
                      (long long)now->finished, (long long)now->runs,
                      floor(100 * part_of(now)), brief ? "" : " of the steps");
  if (now->running > 0 && !brief)
    used += snprintf(line + used, bytes - (size_t)used, ", %lld running",
                     (long long)now->running);
  if (waiting && !brief) {
    char others[OTHER_LINE];
    print_waiting(now, others, sizeof others);
    used += snprintf(line + used, bytes - (size_t)used, ", %s", others);
  }
  if (now->failed > 0)
    used += snprintf(line + used, bytes - (size_t)used, ", %lld failed",
                     (long long)now->failed);
  if (now->steps_per_second > 0)
    used += snprintf(line + used, bytes - (size_t)used, ", %.0f steps/s",
                     now->steps_per_second);
  if (has_time_left(now))
    snprintf(line + used, bytes - (size_t)used, ", %s left",
             tsl_duration_print(left, now->seconds_left));
}

/* "[####....] state" in `columns` places: a narrow terminal gets fewer cells, then no
 * bar, then the beginning of the state. */
static void print_bar(const struct tsl_sweep_progress *now, int columns, char *line) {
  char state[LINE / 2];
  print_state(now, /*brief=*/true, /*waiting=*/false, state, sizeof state);
  int room = columns - 1 - (int)strlen(state) - 3;
  int cells = room > CELLS_MOST ? CELLS_MOST : room, used = 0;
  if (cells >= CELLS_LEAST) {
    line[used++] = '[';
    for (int i = 0; i < cells; i++)
      line[used++] = i < (int)(part_of(now) * cells) ? '#' : '.';
    line[used++] = ']';
    line[used++] = ' ';
  }
  snprintf(line + used, LINE - (size_t)used, "%s", state);
  if (columns - 1 < LINE)
    line[columns > 1 ? columns - 1 : 0] = '\0';
}

static void draw_bar(const struct tsl_sweep_progress *now) {
  char line[LINE], drawn[LINE + 8];
  print_bar(now, tsl__terminal_columns(STDERR_FILENO), line);
  snprintf(drawn, sizeof drawn, "\r%s\033[K", line); /* erase what stood behind */
  fputs(drawn, stderr);
  fflush(stderr);
  tsl_log_line_open(true);
}

/* One line a start and an end of a run, for those who want to know more. */
static void tell_run(const struct tsl_sweep_progress *now) {
  const char *name = now->run != NULL ? now->run->name : "";
  if (now->event == TSL_SWEEP_STARTED)
    tsl_log(TSL_LOG_VERBOSE, "%s begins on %d rank%s", name, now->width,
            now->width == 1 ? "" : "s");
  else if (now->event == TSL_SWEEP_WIDENED)
    tsl_log(TSL_LOG_VERBOSE, "%s goes on on %d rank%s", name, now->width,
            now->width == 1 ? "" : "s");
  else if (now->event == TSL_SWEEP_ENDED)
    tsl_log(TSL_LOG_VERBOSE, "%s is finished", name);
  else if (now->event == TSL_SWEEP_FAILED)
    tsl_log(TSL_LOG_NORMAL, "%s failed", name);
}

void tsl__progress_show(struct tsl__progress *progress,
                        const struct tsl_sweep_progress *now) {
  const double minute = 60, blink = 0.2; /* seconds */
  double time = tsl_clock_seconds();
  if (tsl_log_level_get() == TSL_LOG_QUIET)
    return;
  tell_run(now);
  /* A process that has nothing to do says so at once, not after a minute. */
  const int ticks = 3; /* seconds or so: at the start nobody has a run yet */
  progress->idle = is_waiting(now) ? progress->idle + 1 : 0;
  char line[OTHER_LINE + LINE];
  if (progress->bar && progress->idle == ticks) {
    print_waiting(now, line, sizeof line);
    tsl_log(TSL_LOG_NORMAL, "%s", line);
  }
  if (progress->bar) {
    if (now->event == TSL_SWEEP_TIME && time - progress->drawn < blink)
      return;
    draw_bar(now);
    progress->drawn = time;
    return;
  }
  if (!isfinite(progress->drawn)) /* the first minute begins now */
    progress->drawn = time;
  bool last = now->event != TSL_SWEEP_TIME && now->event != TSL_SWEEP_STARTED &&
              now->event != TSL_SWEEP_WIDENED && now->finished + now->failed == now->runs;
  if (time - progress->drawn < minute && !last && progress->idle != ticks)
    return;
  print_state(now, /*brief=*/false, progress->idle >= ticks, line, sizeof line);
  tsl_log(TSL_LOG_NORMAL, "%s", line);
  progress->drawn = time;
}

void tsl__progress_end(struct tsl__progress *progress) {
  if (progress->bar)
    tsl_log_line_end();
}
