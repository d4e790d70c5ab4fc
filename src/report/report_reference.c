#include "report/report_reference.h"

#include "teasel/arena.h"
#include "teasel/store.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { COLUMNS_MAX = 32, CELL_MAX = 160 };

/* A line's cells, and the header's. */
struct line {
  int count;
  char cells[COLUMNS_MAX][CELL_MAX];
};

/* What is read, and where. */
struct reading {
  const char *path;
  int number; /* of the line */
  struct line header, line;
};

/* Cells between commas; one in quotes may hold commas, and two quotes for one. Returns
 * where the next line begins; NULL: too many or too long cells. */
static const char *split(const char *at, struct line *line) {
  size_t length = 0;
  bool quoted = false;
  *line = (struct line){.count = 1};
  for (; *at != '\0' && (quoted || *at != '\n'); at++) {
    if (*at == '"' && quoted && at[1] == '"') {
      at++;
    } else if (*at == '"') {
      quoted = !quoted;
      continue;
    } else if (*at == ',' && !quoted) {
      if (line->count == COLUMNS_MAX)
        return NULL;
      line->count++;
      length = 0;
      continue;
    } else if (*at == '\r') {
      continue;
    }
    if (length + 1 == CELL_MAX)
      return NULL;
    line->cells[line->count - 1][length++] = *at;
  }
  return *at == '\n' ? at + 1 : at;
}

static const char *cell_of(const struct reading *reading, const char *column) {
  for (int c = 0; c < reading->header.count; c++)
    if (strcmp(reading->header.cells[c], column) == 0)
      return reading->line.cells[c];
  return "";
}

/* NaN for an empty cell. */
static enum tsl_status number_of(const struct reading *reading, const char *text,
                                 double *out, struct tsl_error *err) {
  char *end = NULL;
  *out = (double)NAN;
  if (text[0] == '\0')
    return TSL_OK;
  *out = strtod(text, &end);
  if (*end == '\0')
    return TSL_OK;
  return tsl_error_set(err, TSL_BAD_INPUT, reading->path, "line %d: '%s' is no number",
                       reading->number, text);
}

static bool is_reserved(const char *column) {
  static const char *const words[] = {"model",     "metric", "best",  "mean",
                                      "deviation", "runs",   "source"};
  for (size_t i = 0; i < sizeof words / sizeof *words; i++)
    if (strcmp(column, words[i]) == 0)
      return true;
  return false;
}

/* *value: of the family's option `name`; false: it has no number of that name. */
static bool option_value(const struct tsl_run *run, const char *name, double *value) {
  const struct tsl_family *family = run->family;
  for (size_t i = 0; i < family->option_count; i++) {
    const struct tsl_option *option = &family->options[i];
    const char *at = (const char *)run->family_options + option->offset;
    if (strcmp(option->name, name) != 0)
      continue;
    if (option->type == TSL_OPTION_INTEGER)
      *value = (double)*(const int64_t *)(const void *)at;
    else if (option->type == TSL_OPTION_REAL)
      *value = *(const double *)(const void *)at;
    else
      return false;
    return true;
  }
  return false;
}

/* *matches: the line is of the run's setting. */
static enum tsl_status match(const struct reading *reading, const struct tsl_run *run,
                             bool *matches, struct tsl_error *err) {
  const char *model = cell_of(reading, "model");
  *matches = model[0] == '\0' || strcmp(model, run->family->name) == 0;
  for (int c = 0; c < reading->header.count && *matches; c++) {
    double wanted, value;
    const char *column = reading->header.cells[c];
    if (is_reserved(column) || reading->line.cells[c][0] == '\0')
      continue;
    TSL_TRY(number_of(reading, reading->line.cells[c], &wanted, err));
    *matches = option_value(run, column, &value) && value == wanted;
  }
  return TSL_OK;
}

static enum tsl_status take_line(const struct reading *reading, int setting,
                                 struct tsl__reference *out, struct tsl_error *err) {
  *out = (struct tsl__reference){.setting = setting};
  snprintf(out->metric, sizeof out->metric, "%.47s", cell_of(reading, "metric"));
  snprintf(out->source, sizeof out->source, "%.159s", cell_of(reading, "source"));
  TSL_TRY(number_of(reading, cell_of(reading, "best"), &out->best, err));
  TSL_TRY(number_of(reading, cell_of(reading, "mean"), &out->mean, err));
  TSL_TRY(number_of(reading, cell_of(reading, "deviation"), &out->deviation, err));
  return number_of(reading, cell_of(reading, "runs"), &out->runs, err);
}

/* The line once for each setting that it is of. */
static enum tsl_status add_line(const struct reading *reading, const struct tsl_job *job,
                                struct tsl__reference **out, int *count,
                                struct tsl_error *err) {
  if (reading->line.count != reading->header.count)
    return tsl_error_set(err, TSL_BAD_INPUT, reading->path,
                         "line %d has %d cells, the header %d", reading->number,
                         reading->line.count, reading->header.count);
  int last = -1;
  for (size_t i = 0; i < tsl_job_run_count(job); i++) {
    const struct tsl_run *run = tsl_job_run(job, i);
    bool matches = false;
    if (run->setting == last)
      continue;
    last = run->setting;
    TSL_TRY(match(reading, run, &matches, err));
    if (!matches)
      continue;
    struct tsl__reference *more = realloc(*out, (size_t)(*count + 1) * sizeof **out);
    if (more == NULL)
      return tsl_error_set(err, TSL_MEMORY, reading->path, "no memory for its lines");
    *out = more;
    TSL_TRY(take_line(reading, run->setting, &more[*count], err));
    (*count)++;
  }
  return TSL_OK;
}

enum tsl_status tsl__references_read(const char *path, const struct tsl_job *job,
                                     struct tsl__reference **out, int *count,
                                     struct tsl_error *err) {
  char *bytes = NULL;
  size_t length = 0;
  struct reading *reading = NULL;
  *out = NULL;
  *count = 0;
  TSL_TRY(tsl_file_read(path, &bytes, &length, err));
  enum tsl_status status = tsl_allocate((void **)&reading, 1, sizeof *reading, err);
  const char *at = bytes;
  for (int number = 1; status == TSL_OK && *at != '\0'; number++) {
    reading->path = path;
    reading->number = number;
    at = split(at, number == 1 ? &reading->header : &reading->line);
    if (at == NULL) {
      status = tsl_error_set(err, TSL_BAD_INPUT, path,
                             "line %d has over %d cells, or one of over %d bytes", number,
                             COLUMNS_MAX, CELL_MAX - 1);
      break;
    }
    bool empty = reading->line.count == 1 && reading->line.cells[0][0] == '\0';
    if (number > 1 && !empty)
      status = add_line(reading, job, out, count, err);
  }
  free(reading);
  free(bytes);
  if (status != TSL_OK) {
    free(*out);
    *out = NULL;
    *count = 0;
  }
  return status;
}
