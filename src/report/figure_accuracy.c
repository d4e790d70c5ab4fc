/* Accuracy of the clusters of each setting, beside what others found (Dilokthanakul et
 * al. 2016, table 1). */
#include "report/figure.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const char *const metrics[] = {"acc_makhzani", "acc_hungarian"};

/* The last value that a run's log has of the metric; NaN. */
static double last_value(const struct tsl__report_run *run, const char *metric) {
  const struct tsl_table *log = &run->log;
  int column = tsl__report_log_column(log, metric);
  for (int64_t row = log->rows - 1; column >= 0 && row >= 0; row--)
    if (isfinite(log->values[row * log->columns + column]))
      return log->values[row * log->columns + column];
  return (double)NAN;
}

struct summary {
  int runs;
  double best, mean, deviation;
};

/* deviation: of the sample, runs - 1 below the line. */
static struct summary summarise(const struct tsl__report_data *data, int setting,
                                const char *metric) {
  struct summary out = {0, (double)NAN, (double)NAN, (double)NAN};
  double sum = 0, squares = 0;
  for (int i = 0; i < data->run_count; i++) {
    double value = last_value(&data->runs[i], metric);
    if (data->runs[i].setting != setting || !isfinite(value) ||
        data->runs[i].record.outcome == TSL_OUTCOME_NONE)
      continue;
    out.best = out.runs == 0 ? value : fmax(out.best, value);
    out.runs++;
    sum += value;
  }
  if (out.runs == 0)
    return out;
  out.mean = sum / out.runs;
  for (int i = 0; i < data->run_count; i++) {
    double value = last_value(&data->runs[i], metric);
    if (data->runs[i].setting == setting && isfinite(value) &&
        data->runs[i].record.outcome != TSL_OUTCOME_NONE)
      squares += (value - out.mean) * (value - out.mean);
  }
  if (out.runs > 1)
    out.deviation = sqrt(squares / (out.runs - 1));
  return out;
}

static const struct tsl__reference *reference_of(const struct tsl__report_data *data,
                                                 int setting, const char *metric) {
  for (int i = 0; i < data->reference_count; i++)
    if (data->references[i].setting == setting &&
        strcmp(data->references[i].metric, metric) == 0)
      return &data->references[i];
  return NULL;
}

static bool any_reference(const struct tsl__report_data *data, const char *metric) {
  for (int i = 0; i < data->reference_count; i++)
    if (strcmp(data->references[i].metric, metric) == 0)
      return true;
  return false;
}

static void add_reference(const struct tsl__reference *reference, struct tsl_text *out) {
  const struct tsl__reference none = {.best = (double)NAN,
                                      .mean = (double)NAN,
                                      .deviation = (double)NAN,
                                      .runs = (double)NAN};
  if (reference == NULL)
    reference = &none;
  tsl__cell_count(out, reference->runs);
  tsl__cell_score(out, reference->best, NULL);
  tsl__cell_score(out, reference->mean, NULL);
  tsl__cell_score(out, reference->deviation, NULL);
  tsl__cell_text(out, reference->source);
}

static void write_table(const struct tsl__report_data *data, const char *metric,
                        struct tsl_text *out) {
  static const struct tsl__column columns[] = {
      {"family", NULL, false},
      {"parameters", NULL, false},
      {"runs", NULL, true},
      {"best", NULL, true},
      {"mean", NULL, true},
      {"deviation", "standard deviation over the runs, runs - 1 below the line", true},
      {"runs, source", "what others found", true},
      {"best, source", "what others found", true},
      {"mean, source", "what others found", true},
      {"deviation, source", "what others found", true},
      {"source", NULL, false}};
  bool others = any_reference(data, metric);
  char caption[160];
  snprintf(caption, sizeof caption, "%s of the held-out points at each run's end%s",
           metric, others ? ", beside what others found" : "");
  tsl__table_begin(out, caption, columns, others ? 11 : 6);
  for (int s = 0; s < data->setting_count; s++) {
    int first = tsl__report_setting_first(data, s);
    struct summary summary = summarise(data, s, metric);
    if (first < 0 || summary.runs == 0)
      continue;
    tsl__row_begin(out, NULL);
    tsl__cell_header(out, data->families[data->runs[first].family].name);
    tsl__cell_text(out, data->runs[first].label);
    tsl__cell_count(out, summary.runs);
    tsl__cell_score(out, summary.best, NULL);
    tsl__cell_score(out, summary.mean, NULL);
    tsl__cell_score(out, summary.deviation, NULL);
    if (others)
      add_reference(reference_of(data, s, metric), out);
    tsl__row_end(out);
  }
  tsl__table_end(out);
}

static enum tsl_status write(const struct tsl__report_data *data, struct tsl__page *page,
                             struct tsl_error *err) {
  bool any = false;
  (void)err;
  for (int i = 0; i < data->run_count; i++)
    any = any || isfinite(last_value(&data->runs[i], metrics[0]));
  if (!any)
    return TSL_OK;
  tsl__section_begin(page, "accuracy", "Accuracy", "Accuracy of the clusters");
  tsl__page_definition(
      page, "Makhzani's protocol: the point that is surest of a cluster names it. "
            "Hungarian: the best one-to-one matching of clusters and labels. Deviation: "
            "of the sample. What others found is told by report.reference.");
  for (size_t m = 0; m < sizeof metrics / sizeof *metrics; m++)
    write_table(data, metrics[m], &page->html);
  tsl__section_end(page);
  return TSL_OK;
}

const struct tsl__figure tsl__figure_accuracy = {.name = "accuracy", .write = write};
