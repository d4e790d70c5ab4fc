/* Who is at work, and how far a run is: runs/<run>/progress.json. */
#include "teasel/watch.h"

#include "store/file.h"
#include "store/json.h"
#include "store/store.h"

#include "teasel/date.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char file_name[] = "progress.json";

char *tsl_host_print(char *buffer) {
  if (gethostname(buffer, TSL_HOST_TEXT) != 0)
    snprintf(buffer, TSL_HOST_TEXT, "unknown");
  buffer[TSL_HOST_TEXT - 1] = '\0';
  return buffer;
}

char *tsl_ranks_print(char *buffer, const int *ranks, int count) {
  size_t used = 0;
  buffer[0] = '\0';
  for (int i = 0; i < count;) {
    int last = i;
    while (last + 1 < count && ranks[last + 1] == ranks[last] + 1)
      last++;
    if (used + 32 > TSL_RANKS_TEXT) {
      snprintf(buffer + used, TSL_RANKS_TEXT - used, ",...");
      break;
    }
    int length = snprintf(buffer + used, TSL_RANKS_TEXT - used, "%s%d", i > 0 ? "," : "",
                          ranks[i]);
    if (last > i)
      length += snprintf(buffer + used + length, TSL_RANKS_TEXT - used - (size_t)length,
                         "-%d", ranks[last]);
    used += (size_t)length;
    i = last + 1;
  }
  return buffer;
}

static void add_text(struct tsl_text *text, const char *name, const char *value) {
  tsl_text_format(text, "  \"%s\": ", name);
  tsl_text_add_json(text, value);
  tsl_text_add(text, ",\n");
}

static void add_date(struct tsl_text *text, const char *name, double date) {
  char buffer[TSL_DATE_TEXT];
  add_text(text, name, tsl_date_print(buffer, date));
}

enum tsl_status tsl_store_progress_write(const struct tsl_store *store, const char *run,
                                         const struct tsl_run_progress *progress,
                                         struct tsl_error *err) {
  char path[TSL_PATH_MAX];
  char room[4096]; /* between two steps nothing is allocated */
  struct tsl_text text;
  tsl_text_init_in(&text, room, sizeof room);
  tsl_text_format(&text, "{\n  \"steps\": %lld,\n  \"iterations\": %lld,\n",
                  (long long)progress->steps, (long long)progress->iterations);
  tsl_text_add(&text, "  \"steps_per_second\": ");
  tsl_text_add_json_number(&text, progress->steps_per_second);
  tsl_text_format(&text, ",\n  \"width\": %d,\n", progress->width);
  add_text(&text, "ranks", progress->ranks);
  add_text(&text, "host", progress->host);
  tsl_text_format(&text, "  \"process\": %lld,\n  \"started\": %lld,\n",
                  (long long)progress->process.pid, (long long)progress->process.started);
  add_text(&text, "place", progress->process.place);
  add_date(&text, "since", progress->since);
  add_date(&text, "updated", progress->updated);
  tsl_text_add(&text, "  \"failure\": ");
  tsl_text_add_json(&text, progress->failure);
  tsl_text_add(&text, "\n}\n");
  tsl_store_run_path(store, run, file_name, path);
  enum tsl_status status =
      text.failed ? tsl_error_set(err, TSL_MEMORY, path, "no memory for the progress")
                  : tsl__file_replace(path, text.bytes, text.length, err);
  tsl_text_release(&text);
  return status;
}

static void take_leaf(void *context, const char *path, const char *text, bool is_string) {
  (void)is_string;
  struct tsl_run_progress *progress = context;
  if (strcmp(path, "steps") == 0)
    progress->steps = strtoll(text, NULL, 10);
  else if (strcmp(path, "iterations") == 0)
    progress->iterations = strtoll(text, NULL, 10);
  else if (strcmp(path, "steps_per_second") == 0)
    progress->steps_per_second = strtod(text, NULL);
  else if (strcmp(path, "width") == 0)
    progress->width = (int)strtol(text, NULL, 10);
  else if (strcmp(path, "ranks") == 0)
    snprintf(progress->ranks, sizeof progress->ranks, "%s", text);
  else if (strcmp(path, "host") == 0)
    snprintf(progress->host, sizeof progress->host, "%s", text);
  else if (strcmp(path, "process") == 0)
    progress->process.pid = strtoll(text, NULL, 10);
  else if (strcmp(path, "started") == 0)
    progress->process.started = strtoll(text, NULL, 10);
  else if (strcmp(path, "place") == 0)
    snprintf(progress->process.place, sizeof progress->process.place, "%s", text);
  else if (strcmp(path, "since") == 0)
    progress->known = tsl_date_parse(text, &progress->since) && progress->known;
  else if (strcmp(path, "updated") == 0)
    progress->known = tsl_date_parse(text, &progress->updated) && progress->known;
  else if (strcmp(path, "failure") == 0)
    snprintf(progress->failure, sizeof progress->failure, "%s", text);
}

void tsl_store_progress_read(const struct tsl_store *store, const char *run,
                             struct tsl_run_progress *out) {
  char path[TSL_PATH_MAX];
  char *bytes = NULL;
  size_t count = 0;
  memset(out, 0, sizeof *out);
  tsl_store_run_path(store, run, file_name, path);
  if (tsl_file_read(path, &bytes, &count, NULL) != TSL_OK)
    return;
  out->known = true;
  if (!tsl__json_visit(bytes, count, take_leaf, out))
    out->known = false;
  free(bytes);
}

void tsl_store_progress_remove(const struct tsl_store *store, const char *run) {
  char path[TSL_PATH_MAX];
  struct tsl_run_progress progress;
  struct tsl_process self;
  tsl_process_self(&self);
  tsl_store_progress_read(store, run, &progress);
  if (progress.known && progress.process.pid == self.pid &&
      progress.process.started == self.started &&
      strcmp(progress.process.place, self.place) == 0)
    unlink(tsl_store_run_path(store, run, file_name, path));
}

/* Cell `column` of a line that ends before `end`; NaN where it is no number. */
static double cell_of(const char *line, const char *end, int column) {
  for (; column > 0 && line < end; column--) {
    const char *comma = memchr(line, ',', (size_t)(end - line));
    line = comma != NULL ? comma + 1 : end;
  }
  char *rest = NULL;
  const double value = line < end ? strtod(line, &rest) : (double)NAN;
  return rest != NULL && rest > line && rest <= end ? value : (double)NAN;
}

/* The number of a column by its name in the header; -1: there is none. */
static int find_column(const char *bytes, const char *name) {
  for (int column = 0;; column++) {
    const size_t length = strcspn(bytes, ",\n");
    if (length == strlen(name) && strncmp(bytes, name, length) == 0)
      return column;
    if (bytes[length] != ',')
      return -1;
    bytes += length + 1;
  }
}

void tsl_store_log_last(const struct tsl_store *store, const char *run, int64_t *step,
                        double *total) {
  char path[TSL_PATH_MAX];
  char *bytes = NULL;
  size_t count = 0;
  *step = -1;
  *total = NAN;
  tsl_store_run_path(store, run, "log.csv", path);
  if (tsl_file_read(path, &bytes, &count, NULL) != TSL_OK)
    return;
  const int total_column = find_column(bytes, "total"),
            step_column = find_column(bytes, "step");
  /* A line that is being written has no end yet. */
  const char *end = memrchr(bytes, '\n', count);
  const char *before = end != NULL ? memrchr(bytes, '\n', (size_t)(end - bytes)) : NULL;
  if (total_column >= 0 && step_column >= 0 && before != NULL) {
    const double found = cell_of(before + 1, end, step_column);
    *step = found >= 0 && found < 9e15 ? (int64_t)found : -1;
    *total = cell_of(before + 1, end, total_column);
  }
  free(bytes);
}
