#include "report/report_reference.h"

#include "report/report_csv.h"

#include "teasel/arena.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const tsl__cluster_metrics[TSL__CLUSTER_METRICS] = {
    "acc_makhzani", "clusters", "acc_majority", "acc_hungarian"};

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
static enum tsl_status match(const struct tsl__csv *csv, int row,
                             const struct tsl_run *run, bool *matches,
                             struct tsl_error *err) {
  const char *model = tsl__csv_cell(csv, row, "model");
  *matches = model[0] == '\0' || strcmp(model, run->family->name) == 0;
  for (int c = 0; c < csv->columns && *matches; c++) {
    double wanted, value;
    const char *column = csv->cells[c];
    if (is_reserved(column))
      continue;
    TSL_TRY(tsl__csv_number(csv, row, column, &wanted, err));
    *matches = isnan(wanted) || (option_value(run, column, &value) && value == wanted);
  }
  return TSL_OK;
}

static enum tsl_status take_line(const struct tsl__csv *csv, int row, int setting,
                                 struct tsl__reference *out, struct tsl_error *err) {
  *out = (struct tsl__reference){.setting = setting};
  snprintf(out->metric, sizeof out->metric, "%.47s", tsl__csv_cell(csv, row, "metric"));
  snprintf(out->source, sizeof out->source, "%.159s", tsl__csv_cell(csv, row, "source"));
  TSL_TRY(tsl__csv_number(csv, row, "best", &out->best, err));
  TSL_TRY(tsl__csv_number(csv, row, "mean", &out->mean, err));
  TSL_TRY(tsl__csv_number(csv, row, "deviation", &out->deviation, err));
  return tsl__csv_number(csv, row, "runs", &out->runs, err);
}

/* The line once for each setting that it is of. */
static enum tsl_status add_line(const struct tsl__csv *csv, int row,
                                const struct tsl_job *job, struct tsl__reference **out,
                                int *count, struct tsl_error *err) {
  int last = -1;
  for (size_t i = 0; i < tsl_job_run_count(job); i++) {
    const struct tsl_run *run = tsl_job_run(job, i);
    bool matches = false;
    if (run->setting == last)
      continue;
    last = run->setting;
    TSL_TRY(match(csv, row, run, &matches, err));
    if (!matches)
      continue;
    struct tsl__reference *more = realloc(*out, (size_t)(*count + 1) * sizeof **out);
    if (more == NULL)
      return tsl_error_set(err, TSL_MEMORY, csv->path, "no memory for its lines");
    *out = more;
    TSL_TRY(take_line(csv, row, run->setting, &more[*count], err));
    (*count)++;
  }
  return TSL_OK;
}

enum tsl_status tsl__references_read(const char *path, const struct tsl_job *job,
                                     struct tsl__reference **out, int *count,
                                     struct tsl_error *err) {
  struct tsl__csv csv;
  *out = NULL;
  *count = 0;
  TSL_TRY(tsl__csv_read(path, &csv, err));
  enum tsl_status status = TSL_OK;
  for (int row = 1; row < csv.rows && status == TSL_OK; row++)
    status = add_line(&csv, row, job, out, count, err);
  tsl__csv_release(&csv);
  if (status != TSL_OK) {
    free(*out);
    *out = NULL;
    *count = 0;
  }
  return status;
}
