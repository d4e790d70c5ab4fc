#include "cli/progress.h"

#include "teasel/log.h"

#include <math.h>
#include <stdio.h>

enum { CELLS = 24, FEW_RUNS = 60 };

void tsl__progress_init(struct tsl__progress *progress, bool bar) {
  *progress = (struct tsl__progress){.bar = bar, .drawn = -INFINITY};
}

/* "12 s", "4 min 05 s", "3 h 12 min", "2 d 4 h"; buffer: 32 bytes. */
static const char *print_duration(double seconds, char *buffer) {
  if (!(seconds >= 0) || seconds > 1e9)
    return "?";
  long long total = llround(seconds);
  if (total < 60)
    snprintf(buffer, 32, "%lld s", total);
  else if (total < 3600)
    snprintf(buffer, 32, "%lld min %02lld s", total / 60, total % 60);
  else if (total < 86400)
    snprintf(buffer, 32, "%lld h %02lld min", total / 3600, total / 60 % 60);
  else
    snprintf(buffer, 32, "%lld d %lld h", total / 86400, total / 3600 % 24);
  return buffer;
}

static void print_state(const struct tsl_sweep_progress *now, char *line, size_t bytes) {
  char left[32];
  double part =
      now->steps_total > 0 ? (double)now->steps_done / (double)now->steps_total : 1;
  int used = snprintf(line, bytes, "%lld of %lld runs, %.0f %% of the steps",
                      (long long)now->finished, (long long)now->runs, floor(100 * part));
  if (now->failed > 0)
    used += snprintf(line + used, bytes - (size_t)used, ", %lld failed",
                     (long long)now->failed);
  if (now->steps_per_second > 0)
    used += snprintf(line + used, bytes - (size_t)used, ", %.0f steps/s",
                     now->steps_per_second);
  if (isfinite(now->seconds_left))
    snprintf(line + used, bytes - (size_t)used, ", %s left",
             print_duration(now->seconds_left, left));
}

static void draw_bar(struct tsl__progress *progress,
                     const struct tsl_sweep_progress *now) {
  char line[256], cells[CELLS + 1];
  double part =
      now->steps_total > 0 ? (double)now->steps_done / (double)now->steps_total : 1;
  for (int i = 0; i < CELLS; i++)
    cells[i] = i < (int)(part * CELLS) ? '#' : '.';
  cells[CELLS] = '\0';
  print_state(now, line, sizeof line);
  fprintf(stderr, "\r[%s] %s\033[K", cells, line); /* erase what stood behind */
  fflush(stderr);
  progress->open = true;
}

void tsl__progress_show(void *context, const struct tsl_sweep_progress *now) {
  struct tsl__progress *progress = context;
  double time = tsl_clock_seconds();
  if (tsl_log_level_get() == TSL_LOG_QUIET)
    return;
  if (progress->bar) {
    if (now->event == TSL_SWEEP_TIME && time - progress->drawn < 0.2)
      return;
    draw_bar(progress, now);
    progress->drawn = time;
    return;
  }
  if (now->event == TSL_SWEEP_STARTED && now->run != NULL)
    tsl_log(TSL_LOG_VERBOSE, "%s begins on %d rank%s", now->run->name, now->width,
            now->width == 1 ? "" : "s");
  bool ended = now->event == TSL_SWEEP_ENDED || now->event == TSL_SWEEP_FAILED;
  if (time - progress->drawn < 60 && !(ended && now->runs <= FEW_RUNS))
    return;
  if (!ended && !isfinite(progress->drawn)) { /* the first minute begins now */
    progress->drawn = time;
    return;
  }
  char line[256];
  print_state(now, line, sizeof line);
  tsl_log(TSL_LOG_NORMAL, "%s", line);
  progress->drawn = time;
}

void tsl__progress_end(struct tsl__progress *progress) {
  if (progress->open)
    fputc('\n', stderr);
  progress->open = false;
}
