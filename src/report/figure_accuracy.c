/* Accuracy of the clusters of each setting, beside what others found (Dilokthanakul et
 * al. 2016, table 1). */
#include "report/figure.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
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

/* What is known of some runs; values that are not finite are left out. deviation: of the
 * sample, runs - 1 below the line. */
static struct summary summarise_values(const double *values, int count) {
  struct summary out = {0, (double)NAN, (double)NAN, (double)NAN};
  double sum = 0, squares = 0;
  for (int i = 0; i < count; i++) {
    if (!isfinite(values[i]))
      continue;
    out.best = out.runs == 0 ? values[i] : fmax(out.best, values[i]);
    out.runs++;
    sum += values[i];
  }
  if (out.runs == 0)
    return out;
  out.mean = sum / out.runs;
  for (int i = 0; i < count; i++)
    if (isfinite(values[i]))
      squares += (values[i] - out.mean) * (values[i] - out.mean);
  if (out.runs > 1)
    out.deviation = sqrt(squares / (out.runs - 1));
  return out;
}

/* values: (run_count) scratch */
static struct summary summarise(const struct tsl__report_data *data, int setting,
                                const char *metric, double *values) {
  int count = 0;
  for (int i = 0; i < data->run_count; i++)
    if (data->runs[i].setting == setting &&
        data->runs[i].record.outcome != TSL_OUTCOME_NONE)
      values[count++] = last_value(&data->runs[i], metric);
  return summarise_values(values, count);
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

static void add_summary(const struct summary *summary, struct tsl_text *out) {
  tsl__cell_count(out, summary->runs);
  tsl__cell_score(out, summary->best, NULL);
  tsl__cell_score(out, summary->mean, NULL);
  tsl__cell_score(out, summary->deviation, NULL);
}

/* The lines of clusters.csv, below the settings. */
static void add_baselines(const struct tsl__report_data *data, size_t metric, bool others,
                          struct tsl_text *out) {
  for (int i = 0; i < data->baseline_count; i++) {
    const struct tsl__baseline_group *group = &data->baselines[i];
    struct summary summary =
        summarise_values(metric == 0 ? group->makhzani : group->hungarian, group->runs);
    char text[320];
    bool kmeans = strcmp(group->method, "kmeans") == 0;
    snprintf(text, sizeof text, "%d clusters of the %s%s%s%s", group->clusters,
             group->family[0] != '\0' ? "latents of " : "data", group->family,
             group->parameters[0] != '\0' ? " " : "", group->parameters);
    tsl__row_begin(out, NULL);
    tsl__cell_header(out, kmeans ? "k-means" : "Gaussian mixture");
    tsl__cell_text(out, text);
    add_summary(&summary, out);
    if (others)
      add_reference(NULL, out);
    tsl__row_end(out);
  }
}

/* values: (run_count) scratch */
static void write_table(const struct tsl__report_data *data, size_t metric,
                        double *values, struct tsl_text *out) {
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
  bool others = any_reference(data, metrics[metric]);
  char caption[160];
  snprintf(caption, sizeof caption, "%s of the held-out points at each run's end%s",
           metrics[metric], others ? ", beside what others found" : "");
  tsl__table_begin(out, caption, columns, others ? 11 : 6);
  for (int s = 0; s < data->setting_count; s++) {
    int first = tsl__report_setting_first(data, s);
    struct summary summary = summarise(data, s, metrics[metric], values);
    if (first < 0 || summary.runs == 0)
      continue;
    tsl__row_begin(out, NULL);
    tsl__cell_header(out, data->families[data->runs[first].family].name);
    tsl__cell_text(out, data->runs[first].label);
    add_summary(&summary, out);
    if (others)
      add_reference(reference_of(data, s, metrics[metric]), out);
    tsl__row_end(out);
  }
  add_baselines(data, metric, others, out);
  tsl__table_end(out);
}

static enum tsl_status write(const struct tsl__report_data *data, struct tsl__page *page,
                             struct tsl_error *err) {
  bool any = data->baseline_count > 0;
  for (int i = 0; i < data->run_count; i++)
    any = any || isfinite(last_value(&data->runs[i], metrics[0]));
  if (!any)
    return TSL_OK;
  double *values = calloc((size_t)data->run_count + 1, sizeof *values);
  if (values == NULL)
    return tsl_error_set(err, TSL_MEMORY, "", "no memory for a table");
  tsl__section_begin(page, "accuracy", "Accuracy", "Accuracy of the clusters");
  tsl__page_definition(
      page, "Makhzani's protocol: the point that is surest of a cluster names it. "
            "Hungarian: the best one-to-one matching of clusters and labels. Deviation: "
            "of the sample. What others found is told by report.reference; k-means and "
            "Gaussian mixtures (score.baselines) are fitted to the encoded points.");
  for (size_t m = 0; m < sizeof metrics / sizeof *metrics; m++)
    write_table(data, m, values, &page->html);
  tsl__section_end(page);
  free(values);
  return TSL_OK;
}

const struct tsl__figure tsl__figure_accuracy = {.name = "accuracy", .write = write};
