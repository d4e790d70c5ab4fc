#include "report/report_reference.h"

#include "report/report_csv.h"

#include "teasel/log.h"
#include "teasel/report.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { FILE_BYTES_MAX = 1 << 20, NAMES_MAX = 256 };

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

static bool is_known(const struct tsl__references *references, int setting,
                     const char *metric) {
  for (int i = 0; i < references->count; i++)
    if (references->list[i].setting == setting &&
        strcmp(references->list[i].metric, metric) == 0)
      return true;
  return false;
}

static bool is_metric(const char *metric) {
  for (int m = 0; m < TSL__CLUSTER_METRICS; m++)
    if (strcmp(metric, tsl__cluster_metrics[m]) == 0)
      return true;
  return false;
}

/* ---- what is not shown ---- */

/* Numbers of lines of one kind: ", 4, 7". */
struct left_out {
  struct tsl_text unfit, repeated;
  int unfit_count, repeated_count;
};

static void add_number(struct tsl_text *numbers, int *count, int line) {
  tsl_text_format(numbers, "%s%d", *count > 0 ? ", " : "", line);
  ++*count;
}

static void note_lines(const struct left_out *left, struct tsl_text *notes) {
  if (left->unfit_count > 0)
    tsl_text_format(notes, "line%s %s %s no setting of this job\n",
                    left->unfit_count == 1 ? "" : "s", left->unfit.bytes,
                    left->unfit_count == 1 ? "fits" : "fit");
  if (left->repeated_count > 0)
    tsl_text_format(notes,
                    "line%s %s: an earlier line has the same metric of the same setting, "
                    "and is shown\n",
                    left->repeated_count == 1 ? "" : "s", left->repeated.bytes);
}

static void note_metric(const struct tsl__csv *csv, int row, struct tsl_text *notes) {
  const char *metric = tsl__csv_cell(csv, row, "metric");
  const char *meant =
      tsl_text_nearest(metric, tsl__cluster_metrics, TSL__CLUSTER_METRICS);
  tsl_text_format(notes, "line %d: the metric '%s' is not shown", csv->lines[row],
                  metric);
  if (meant != NULL)
    tsl_text_format(notes, ": is '%s' meant?\n", meant);
  else
    tsl_text_format(notes, "; these are: %s, %s, %s, %s\n", tsl__cluster_metrics[0],
                    tsl__cluster_metrics[1], tsl__cluster_metrics[2],
                    tsl__cluster_metrics[3]);
}

/* Names of number options of the job's families, each once. Returns how many. */
static int option_names(const struct tsl_job *job, const char *names[NAMES_MAX]) {
  int count = 0;
  const struct tsl_family *last = NULL;
  for (size_t i = 0; i < tsl_job_run_count(job); i++) {
    const struct tsl_family *family = tsl_job_run(job, i)->family;
    for (size_t k = 0; family != last && k < family->option_count; k++) {
      const struct tsl_option *option = &family->options[k];
      bool known = option->type != TSL_OPTION_INTEGER && option->type != TSL_OPTION_REAL;
      for (int n = 0; n < count && !known; n++)
        known = strcmp(names[n], option->name) == 0;
      if (!known && count < NAMES_MAX)
        names[count++] = option->name;
    }
    last = family;
  }
  return count;
}

static void note_columns(const struct tsl__csv *csv, const struct tsl_job *job,
                         struct tsl_text *notes) {
  const char *names[NAMES_MAX];
  int count = option_names(job, names);
  for (int c = 0; c < csv->columns; c++) {
    bool known = is_reserved(csv->cells[c]);
    for (int n = 0; n < count && !known; n++)
      known = strcmp(csv->cells[c], names[n]) == 0;
    if (known)
      continue;
    const char *meant = tsl_text_nearest(csv->cells[c], names, (size_t)count);
    tsl_text_format(notes,
                    "column '%s' is no number option of the job's families, so that "
                    "lines with a value there fit no setting",
                    csv->cells[c]);
    if (meant != NULL)
      tsl_text_format(notes, ": is '%s' meant?", meant);
    tsl_text_add(notes, "\n");
  }
}

/* ---- reading ---- */

static enum tsl_status add(const struct tsl__csv *csv, int row, int setting,
                           struct tsl__references *out, struct tsl_error *err) {
  struct tsl__reference *more =
      realloc(out->list, (size_t)(out->count + 1) * sizeof *more);
  if (more == NULL)
    return tsl_error_set(err, TSL_MEMORY, csv->path, "no memory for its lines");
  out->list = more;
  TSL_TRY(take_line(csv, row, setting, &more[out->count], err));
  out->count++;
  return TSL_OK;
}

/* The line once for each setting that it is of. */
static enum tsl_status add_line(const struct tsl__csv *csv, int row,
                                const struct tsl_job *job, struct tsl__references *out,
                                struct left_out *left, struct tsl_error *err) {
  const char *metric = tsl__csv_cell(csv, row, "metric");
  int last = -1;
  bool any = false, repeated = false;
  struct tsl__reference numbers; /* read in any case: their errors are told */
  TSL_TRY(take_line(csv, row, 0, &numbers, err));
  for (size_t i = 0; i < tsl_job_run_count(job); i++) {
    const struct tsl_run *run = tsl_job_run(job, i);
    bool matches = false;
    if (run->setting == last)
      continue;
    last = run->setting;
    TSL_TRY(match(csv, row, run, &matches, err));
    any = any || matches;
    if (!matches || !is_metric(metric))
      continue;
    if (is_known(out, run->setting, metric))
      repeated = true;
    else
      TSL_TRY(add(csv, row, run->setting, out, err));
  }
  if (!is_metric(metric))
    note_metric(csv, row, &out->notes);
  else if (!any)
    add_number(&left->unfit, &left->unfit_count, csv->lines[row]);
  else if (repeated)
    add_number(&left->repeated, &left->repeated_count, csv->lines[row]);
  return TSL_OK;
}

/* Nothing else than a file of moderate size is read. */
static enum tsl_status check_file(const char *path, struct tsl_error *err) {
  struct stat what;
  if (stat(path, &what) != 0)
    return tsl_error_set(err, TSL_BAD_INPUT, path,
                         "report.reference: there is no such file; correct the path, "
                         "which counts from the job file's folder, or leave it empty");
  if (!S_ISREG(what.st_mode) || what.st_size > FILE_BYTES_MAX)
    return tsl_error_set(err, TSL_BAD_INPUT, path,
                         "report.reference: is no CSV file of at most %d bytes",
                         FILE_BYTES_MAX);
  return TSL_OK;
}

static enum tsl_status read_lines(const struct tsl__csv *csv, const struct tsl_job *job,
                                  struct tsl__references *out, struct tsl_error *err) {
  struct left_out left = {.unfit_count = 0};
  enum tsl_status status = TSL_OK;
  if (csv->rows == 0 || tsl__csv_column(csv, "metric") < 0)
    return tsl_error_set(err, TSL_BAD_INPUT, csv->path,
                         "report.reference: the first line must name the columns, "
                         "`metric` among them");
  note_columns(csv, job, &out->notes);
  for (int row = 1; row < csv->rows && status == TSL_OK; row++)
    status = add_line(csv, row, job, out, &left, err);
  note_lines(&left, &out->notes);
  if (status == TSL_OK &&
      (out->notes.failed || left.unfit.failed || left.repeated.failed))
    status = tsl_error_set(err, TSL_MEMORY, csv->path, "no memory for its lines");
  tsl_text_release(&left.unfit);
  tsl_text_release(&left.repeated);
  return status;
}

enum tsl_status tsl__references_read(const char *path, const struct tsl_job *job,
                                     struct tsl__references *out, struct tsl_error *err) {
  struct tsl__csv csv;
  *out = (struct tsl__references){.count = 0};
  TSL_TRY(check_file(path, err));
  TSL_TRY(tsl__csv_read(path, &csv, err));
  enum tsl_status status = read_lines(&csv, job, out, err);
  tsl__csv_release(&csv);
  if (status != TSL_OK)
    tsl__references_release(out);
  return status;
}

void tsl__references_release(struct tsl__references *references) {
  free(references->list);
  tsl_text_release(&references->notes);
  *references = (struct tsl__references){.count = 0};
}

void tsl__references_log(const char *path, const struct tsl__references *references) {
  for (const char *at = references->notes.bytes; at != NULL && *at != '\0';) {
    size_t length = strcspn(at, "\n");
    tsl_log(TSL_LOG_NORMAL, "warning: %s: %.*s", path, (int)length, at);
    at += length + (at[length] == '\n');
  }
}

enum tsl_status tsl_report_check(const struct tsl_job *job, struct tsl_error *err) {
  const char *path = tsl_job_options(job)->reference;
  struct tsl__references references;
  struct tsl_error why = {.rank = -1};
  if (path[0] == '\0')
    return TSL_OK;
  enum tsl_status status = tsl__references_read(path, job, &references, &why);
  if (status == TSL_OK) {
    tsl__references_log(path, &references);
    tsl__references_release(&references);
    return TSL_OK;
  }
  return tsl_error_set(err, status == TSL_MEMORY ? status : TSL_BAD_INPUT, why.where,
                       "%s", why.text);
}
