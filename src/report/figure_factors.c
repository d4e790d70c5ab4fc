/* UDR against the metrics that know the true factors, and how that agreement grows with
 * the number of comparisons P (thesis figure 2.9; Duan et al. 2020). */
#include "report/figure.h"

#include "report/report_statistic.h"

#include "teasel/random.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WIDTH = 270, HEIGHT = 250, DRAWS = 100, STEPS_MAX = 16 };

/* True for the metrics that know the factors; the others (clustering) know labels. */
static bool needs_factors(const char *name) {
  const struct tsl_metric *metric = tsl_metric_find(name);
  return metric != NULL && (metric->needs & TSL_METRIC_NEEDS_FACTORS) != 0;
}

/* Scored runs with their numbers side by side. */
struct sample {
  int count;
  int *order;      /* (count): indices into runs */
  double *udr;     /* (count) */
  double *metric;  /* (count) */
  double *sampled; /* (count) */
  double *pairs;   /* (count): U of the comparisons drawn */
};

static void sample_release(struct sample *sample) {
  free(sample->order);
  free(sample->udr);
  free(sample->metric);
  free(sample->sampled);
  free(sample->pairs);
}

static enum tsl_status sample_init(const struct tsl__report_data *data,
                                   struct sample *sample, struct tsl_error *err) {
  size_t n = (size_t)data->run_count + 1;
  *sample = (struct sample){.order = calloc(n, sizeof(int)),
                            .udr = calloc(n, sizeof(double)),
                            .metric = calloc(n, sizeof(double)),
                            .sampled = calloc(n, sizeof(double)),
                            .pairs = calloc(n, sizeof(double))};
  if (sample->order == NULL || sample->udr == NULL || sample->metric == NULL ||
      sample->sampled == NULL || sample->pairs == NULL)
    return tsl_error_set(err, TSL_MEMORY, "", "no memory for %d runs", data->run_count);
  sample->count = tsl__scored_runs(data, sample->order);
  return TSL_OK;
}

static void read_metric(const struct tsl__report_data *data, int metric,
                        struct sample *sample) {
  for (int i = 0; i < sample->count; i++) {
    const struct tsl__report_run *run = &data->runs[sample->order[i]];
    sample->metric[i] =
        data->scores.metrics[run->score * data->scores.metric_count + metric];
    sample->udr[i] =
        tsl__report_udr(data, data->similarity, TSL_UDR_SETTING, sample->order[i]);
    if (!isfinite(sample->udr[i]))
      sample->udr[i] =
          tsl__report_udr(data, data->similarity, TSL_UDR_ALL, sample->order[i]);
  }
}

static void interval_text(const struct tsl__interval *interval, char *buffer,
                          size_t bytes) {
  char value[32], low[32], high[32];
  snprintf(buffer, bytes, "\xcf\x81 %s [%s, %s]",
           tsl__print_score(value, interval->value), tsl__print_score(low, interval->low),
           tsl__print_score(high, interval->high));
}

static void write_scatter(const struct tsl__report_data *data,
                          const struct sample *sample, int metric,
                          struct tsl__page *page) {
  const char *metric_name = data->scores.metric_names[metric];
  struct tsl__interval interval = tsl__spearman_bootstrap(
      sample->udr, sample->metric, sample->count, (uint32_t)metric);
  struct tsl__range x = tsl__range_none(), y = tsl__range_none();
  for (int i = 0; i < sample->count; i++)
    if (isfinite(sample->udr[i]) && isfinite(sample->metric[i])) {
      tsl__range_add(&x, sample->udr[i]);
      tsl__range_add(&y, sample->metric[i]);
    }
  x = tsl__range_drawable(&x, 0.05);
  y = tsl__range_drawable(&y, 0.05);
  char text[160], title[512], file[96];
  interval_text(&interval, text, sizeof text);
  snprintf(title, sizeof title, "%s against UDR of %d runs, Spearman's correlation %s",
           metric_name, interval.count, text);
  struct tsl_text svg = {0};
  struct tsl__chart chart;
  double key = 14 * tsl__family_key(data, NULL, 0, WIDTH - 54, 0);
  tsl__chart_begin(&chart, &svg, WIDTH, HEIGHT + key,
                   &(struct tsl__margins){44, 28, 10, 38 + key}, title);
  tsl__chart_scales(&chart, &x, &y);
  tsl__chart_axes(&chart, &(struct tsl__axis){"UDR", 5, true},
                  &(struct tsl__axis){metric_name, 5, true});
  tsl__chart_text(&chart, WIDTH - 10, 19, TSL__END, "tx", text);
  for (int i = 0; i < sample->count; i++) {
    tsl__report_run_title(data, sample->order[i], title, sizeof title);
    if (isfinite(sample->udr[i]) && isfinite(sample->metric[i]))
      tsl__chart_mark(&chart, sample->udr[i], sample->metric[i], 3.4,
                      data->runs[sample->order[i]].family, title);
  }
  tsl__family_key(data, &chart, 44, WIDTH - 54, HEIGHT + 8);
  tsl__chart_end(&chart);
  snprintf(file, sizeof file, "factor_%s", metric_name);
  tsl__page_figure(page, file, &svg, NULL);
  tsl_text_release(&svg);
}

/* Comparisons that a run can have in a group, into sample->pairs; returns their number.
 */
static int comparisons(const struct tsl__report_data *data, struct sample *sample,
                       enum tsl_udr_group group, int target) {
  int run = sample->order[target], count = 0;
  for (int k = 0; k < sample->count; k++) {
    int other = sample->order[k];
    bool fits =
        group == TSL_UDR_ALL ||
        (group == TSL_UDR_FAMILY ? data->runs[other].family == data->runs[run].family
                                 : data->runs[other].setting == data->runs[run].setting);
    double u = tsl__report_pair(data, data->similarity, other, run);
    if (other != run && fits && isfinite(u))
      sample->pairs[count++] = u;
  }
  return count;
}

/* UDR of every run from P comparisons drawn without replacement; NaN where there are
 * fewer. Fills sample->sampled. */
static void draw_udr(const struct tsl__report_data *data, struct sample *sample,
                     enum tsl_udr_group group, int wanted, int draw) {
  struct tsl_stream stream = {.purpose = TSL_PURPOSE_REPORT,
                              .sub = 1000u + (uint32_t)group};
  for (int i = 0; i < sample->count; i++) {
    int count = comparisons(data, sample, group, i);
    sample->sampled[i] = NAN;
    if (count < wanted)
      continue;
    for (int p = 0; p < wanted; p++) {
      int pick = p + (int)tsl_random_below(&stream, (uint64_t)draw, (uint32_t)i,
                                           (uint32_t)p, (uint64_t)(count - p));
      double swapped = sample->pairs[p];
      sample->pairs[p] = sample->pairs[pick];
      sample->pairs[pick] = swapped;
    }
    sample->sampled[i] = tsl__median(sample->pairs, wanted);
  }
}

struct growth {
  int count;
  double p[STEPS_MAX];
  double middle[STEPS_MAX], low[STEPS_MAX], high[STEPS_MAX]; /* of the correlation */
};

/* P = 1, 2, 3, 4, 6, 9, ... up to what a group gives. */
static int next_p(int p, int most) {
  int next = p < 4 ? p + 1 : p + p / 2;
  return p < most && next > most ? most : next;
}

static void find_growth(const struct tsl__report_data *data, struct sample *sample,
                        enum tsl_udr_group group, struct growth *growth) {
  int most = 0;
  double values[DRAWS];
  growth->count = 0;
  for (int i = 0; i < sample->count; i++) {
    int count = comparisons(data, sample, group, i);
    most = count > most ? count : most;
  }
  for (int p = 1; p <= most && growth->count < STEPS_MAX; p = next_p(p, most)) {
    for (int draw = 0; draw < DRAWS; draw++) {
      draw_udr(data, sample, group, p, draw);
      values[draw] = tsl__spearman(sample->sampled, sample->metric, sample->count);
    }
    int at = growth->count++;
    growth->p[at] = p;
    growth->middle[at] = tsl__median(values, DRAWS);
    growth->low[at] = tsl__quantile(values, DRAWS, 0.05);
    growth->high[at] = tsl__quantile(values, DRAWS, 0.95);
  }
}

static void write_growth(const struct tsl__report_data *data, struct sample *sample,
                         int metric, struct tsl__page *page) {
  static const enum tsl_udr_group groups[] = {TSL_UDR_SETTING, TSL_UDR_ALL};
  struct growth growth[2];
  struct tsl__range x = {1, 2}, y = {0, 1};
  for (int g = 0; g < 2; g++) {
    find_growth(data, sample, groups[g], &growth[g]);
    for (int i = 0; i < growth[g].count; i++) {
      tsl__range_add(&x, growth[g].p[i]);
      tsl__range_add(&y, growth[g].low[i]);
    }
  }
  char label[160], file[96];
  struct tsl_text svg = {0};
  struct tsl__chart chart;
  snprintf(label, sizeof label,
           "Correlation of UDR with %s over the number of comparisons",
           data->scores.metric_names[metric]);
  tsl__chart_begin(&chart, &svg, WIDTH, HEIGHT, &(struct tsl__margins){44, 28, 52, 38},
                   label);
  tsl__chart_scales(&chart, &x, &y);
  chart.x.logarithmic = true;
  snprintf(label, sizeof label, "\xcf\x81 with %s", data->scores.metric_names[metric]);
  tsl__chart_axes(&chart, &(struct tsl__axis){"comparisons P", 6, true},
                  &(struct tsl__axis){label, 5, true});
  for (int g = 0; g < 2; g++) {
    const struct growth *line = &growth[g];
    char class[8];
    snprintf(class, sizeof class, "f%d", g);
    if (line->count == 0)
      continue;
    tsl__chart_band(&chart, line->p, line->low, line->high, line->count, class);
    snprintf(class, sizeof class, "k%d", g);
    tsl__chart_line(&chart, line->p, line->middle, line->count, class);
    if (line->count == 1)
      tsl__chart_mark(&chart, line->p[0], line->middle[0], 3, g, NULL);
    double end = line->middle[line->count - 1];
    if (isfinite(end))
      tsl__chart_text(&chart, tsl__scale_at(&chart.x, line->p[line->count - 1]) + 5,
                      tsl__scale_at(&chart.y, end) + (g == 0 ? -4 : 10), TSL__START,
                      "tx sm", tsl_udr_group_word(groups[g]));
  }
  tsl__chart_end(&chart);
  snprintf(file, sizeof file, "comparisons_%s", data->scores.metric_names[metric]);
  tsl__page_figure(page, file, &svg, NULL);
  tsl_text_release(&svg);
}

static void write_section(const struct tsl__report_data *data, struct sample *sample,
                          struct tsl__page *page) {
  tsl__section_begin(page, "factors", "Factors", "UDR and the true factors");
  tsl_text_format(
      &page->html,
      "<p class=\"def\">Each mark is a run: its UDR (%s, %s, same setting) against a "
      "metric "
      "that knows the factors; \xcf\x81 is Spearman's correlation with its 95%% "
      "bootstrap "
      "interval. Second row: the same correlation when UDR takes only P comparisons, "
      "median and 5 to 95%% of %d draws.</p>\n",
      tsl__similarity_title(data->similarity),
      tsl_udr_form_word(tsl__report_form(data, data->similarity)), (int)DRAWS);
  for (int row = 0; row < 2; row++) {
    tsl__grid_begin(page);
    for (int m = 0; m < data->scores.metric_count; m++) {
      if (!needs_factors(data->scores.metric_names[m]))
        continue;
      read_metric(data, m, sample);
      if (row == 0)
        write_scatter(data, sample, m, page);
      else
        write_growth(data, sample, m, page);
    }
    tsl__grid_end(page);
  }
  tsl__section_end(page);
}

static enum tsl_status write(const struct tsl__report_data *data, struct tsl__page *page,
                             struct tsl_error *err) {
  int wanted = 0;
  for (int m = 0; data->has_scores && m < data->scores.metric_count; m++)
    wanted += needs_factors(data->scores.metric_names[m]);
  if (wanted == 0 || !tsl__report_has_similarity(data, data->similarity))
    return TSL_OK;
  struct sample sample;
  enum tsl_status status = sample_init(data, &sample, err);
  if (status == TSL_OK)
    write_section(data, &sample, page);
  sample_release(&sample);
  return status;
}

const struct tsl__figure tsl__figure_factors = {.name = "factors", .write = write};
