/* Clustering and other scores against labels, one row a setting. */
#include "report/figure.h"

#include "report/report_statistic.h"

#include <math.h>
#include <stdlib.h>

enum { METRICS_MAX = 32 };

static double setting_median(const struct tsl__report_data *data, int setting, int metric,
                             double *values) {
  int count = 0;
  for (int i = 0; i < data->run_count; i++) {
    const struct tsl__report_run *run = &data->runs[i];
    if (run->setting == setting && run->score >= 0)
      values[count++] =
          data->scores.metrics[run->score * data->scores.metric_count + metric];
  }
  return tsl__median(values, count);
}

static bool smaller_is_better(const char *name) {
  const struct tsl_metric *metric = tsl_metric_find(name);
  return metric != NULL && !metric->higher_is_better;
}

/* medians: (settings, metrics) */
static void write_table(const struct tsl__report_data *data, const double *medians,
                        const double *best, struct tsl_text *out) {
  int metrics = data->scores.metric_count;
  if (metrics > METRICS_MAX)
    metrics = METRICS_MAX;
  struct tsl__column columns[METRICS_MAX + 2] = {{"family", NULL, false},
                                                 {"parameters", NULL, false}};
  for (int m = 0; m < metrics; m++)
    columns[2 + m] = (struct tsl__column){data->scores.metric_names[m],
                                          smaller_is_better(data->scores.metric_names[m])
                                              ? "median over the seeds; smaller is better"
                                              : "median over the seeds; larger is better",
                                          true};
  tsl__table_begin(out,
                   "Median over the seeds of each setting; best of each column marked",
                   columns, 2 + metrics);
  for (int s = 0; s < data->setting_count; s++) {
    int first = tsl__report_setting_first(data, s);
    if (first < 0)
      continue;
    tsl__row_begin(out, NULL);
    tsl__cell_header(out, data->families[data->runs[first].family].name);
    tsl__cell_text(out, data->runs[first].label);
    for (int m = 0; m < metrics; m++)
      tsl__cell_score(out, medians[s * data->scores.metric_count + m],
                      tsl__report_setting_may_be_best(data, s) &&
                              medians[s * data->scores.metric_count + m] == best[m]
                          ? "best"
                          : NULL);
    tsl__row_end(out);
  }
  tsl__table_end(out);
}

/* The best median of each metric; NaN where all settings have the same. */
static void find_best(const struct tsl__report_data *data, const double *medians,
                      double best[METRICS_MAX]) {
  int metrics = data->scores.metric_count;
  for (int m = 0; m < metrics && m < METRICS_MAX; m++) {
    double sign = smaller_is_better(data->scores.metric_names[m]) ? -1 : 1;
    double most = -HUGE_VAL, least = HUGE_VAL;
    for (int s = 0; s < data->setting_count; s++) {
      if (!tsl__report_setting_may_be_best(data, s))
        continue;
      double value = sign * medians[s * metrics + m];
      most = value > most ? value : most;
      least = value < least ? value : least;
    }
    best[m] = most > least ? sign * most : (double)NAN;
  }
}

static enum tsl_status write(const struct tsl__report_data *data, struct tsl__page *page,
                             struct tsl_error *err) {
  if (!data->has_scores || data->scores.metric_count == 0)
    return TSL_OK;
  int metrics = data->scores.metric_count;
  double best[METRICS_MAX];
  double *medians =
      calloc((size_t)data->setting_count * (size_t)metrics + 1, sizeof *medians);
  double *values = calloc((size_t)data->run_count + 1, sizeof *values);
  if (medians == NULL || values == NULL) {
    free(medians);
    free(values);
    return tsl_error_set(err, TSL_MEMORY, "", "no memory for a table");
  }
  for (int s = 0; s < data->setting_count; s++)
    for (int m = 0; m < metrics; m++)
      medians[s * metrics + m] = setting_median(data, s, m, values);
  find_best(data, medians, best);
  tsl__section_begin(page, "metrics", "Metrics", "Scores against labels and factors");
  tsl__page_definition(page,
                       "Computed from the posterior means of the encoded points and "
                       "the data set's labels or factors; see "
                       "<a href=\"#definitions\">Definitions</a>. UDR uses neither.");
  write_table(data, medians, best, &page->html);
  tsl__section_end(page);
  free(medians);
  free(values);
  return TSL_OK;
}

const struct tsl__figure tsl__figure_clustering = {.name = "clustering", .write = write};
