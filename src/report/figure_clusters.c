/* Clusters over training: the z-prior term (Dilokthanakul et al. 2016, figure 3), the
 * accuracy of the held-out points (figure 4), clusters in use, and the two terms whose
 * end at 0 is a collapse. */
#include "report/figure_log.h"
#include "report/report_statistic.h"

#include "teasel/arena.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WIDTH = 344, HEIGHT = 240, POINTS = 100 };

struct view {
  const char *column;
  const char *title;
};

/* A view's curves. */
struct curves {
  struct tsl__log_series *runs; /* (run_count), count 0: no clusters */
  double *values;               /* (run_count) scratch */
  bool epochs;                  /* abscissa; steps where they are not known */
};

/* Every run with clusters has an epoch of known length. */
static bool knows_epochs(const struct tsl__report_data *data) {
  for (int i = 0; i < data->run_count; i++)
    if (tsl__run_has_clusters(data, i) && !(data->runs[i].epoch_steps > 0))
      return false;
  return true;
}

/* Of each run with clusters what its log has; in epochs: how many are over after the step
 * that is logged. */
static void read_runs(const struct tsl__report_data *data, const struct view *view,
                      struct curves *curves) {
  for (int i = 0; i < data->run_count; i++) {
    const struct tsl_table *log = &data->runs[i].log;
    struct tsl__log_series *series = &curves->runs[i];
    series->count = 0;
    if (!tsl__run_has_clusters(data, i))
      continue;
    tsl__log_series_read_sparse(log, tsl__report_log_column(log, view->column), POINTS,
                                series);
    for (int p = 0; p < series->count && curves->epochs; p++)
      series->step[p] = (series->step[p] + 1) / data->runs[i].epoch_steps;
  }
}

/* Between its points; NaN outside of them. */
static double value_at(const struct tsl__log_series *series, double step) {
  for (int p = 0; p < series->count; p++) {
    if (series->step[p] == step)
      return series->value[p];
    if (series->step[p] < step)
      continue;
    if (p == 0)
      return (double)NAN;
    double from = series->step[p - 1], part = (step - from) / (series->step[p] - from);
    return series->value[p - 1] + part * (series->value[p] - series->value[p - 1]);
  }
  return (double)NAN;
}

/* The median over a setting's runs where the longest of them has points; returns how many
 * runs there are. */
static int find_median(const struct tsl__report_data *data, const struct curves *curves,
                       int setting, struct tsl__log_series *out) {
  int longest = -1, runs = 0;
  out->count = 0;
  for (int i = 0; i < data->run_count; i++) {
    const struct tsl__log_series *series = &curves->runs[i];
    if (data->runs[i].setting != setting || series->count == 0)
      continue;
    runs++;
    if (longest < 0 || series->step[series->count - 1] >
                           curves->runs[longest].step[curves->runs[longest].count - 1])
      longest = i;
  }
  for (int p = 0; longest >= 0 && p < curves->runs[longest].count; p++) {
    int count = 0;
    double step = curves->runs[longest].step[p];
    for (int i = 0; i < data->run_count; i++)
      if (data->runs[i].setting == setting)
        curves->values[count++] = value_at(&curves->runs[i], step);
    out->step[p] = step;
    out->value[p] = tsl__median(curves->values, count);
    out->count++;
  }
  return runs;
}

/* Place of a setting among those that have clusters: its colour. */
static int place_of(const struct tsl__report_data *data, int setting) {
  int place = 0;
  for (int s = 0; s < setting; s++) {
    bool any = false;
    for (int i = 0; i < data->run_count && !any; i++)
      any = data->runs[i].setting == s && tsl__run_has_clusters(data, i);
    place += any;
  }
  return place;
}

static bool setting_has_clusters(const struct tsl__report_data *data, int setting) {
  for (int i = 0; i < data->run_count; i++)
    if (data->runs[i].setting == setting && tsl__run_has_clusters(data, i))
      return true;
  return false;
}

/* Colour and name of each setting, a line each; returns the height. chart NULL: only
 * that. */
static double add_key(const struct tsl__report_data *data, struct tsl__chart *chart,
                      double left, double baseline) {
  double height = 0;
  for (int s = 0; s < data->setting_count; s++) {
    char label[256];
    if (!setting_has_clusters(data, s))
      continue;
    if (chart != NULL) {
      int place = place_of(data, s);
      tsl_text_format(chart->out, "<path class=\"ln k%d%s\" d=\"M%.1f %.1fh16\"/>",
                      place % TSL__SERIES_COUNT, place < TSL__SERIES_COUNT ? "" : " dash",
                      left, baseline + height - 3.5);
      tsl__setting_short(data, s, label, sizeof label);
      tsl__chart_text(chart, left + 21, baseline + height, TSL__START, "tx sm", label);
    }
    height += 14;
  }
  return height;
}

static bool find_ranges(const struct tsl__report_data *data, const struct curves *curves,
                        struct tsl__range *x, struct tsl__range *y) {
  *x = *y = tsl__range_none();
  for (int i = 0; i < data->run_count; i++)
    for (int p = 0; p < curves->runs[i].count; p++) {
      tsl__range_add(x, curves->runs[i].step[p]);
      tsl__range_add(y, curves->runs[i].value[p]);
    }
  bool any = y->low <= y->high;
  tsl__range_add(x, 0);
  tsl__range_add(y, 0);
  *x = tsl__range_drawable(x, 0);
  *y = tsl__range_drawable(y, 0.02);
  y->low = 0;
  return any;
}

/* A line, or a dot where there is one point only. Colours that come again are dashed. */
static void draw_series(const struct tsl__log_series *series, int place, bool front,
                        struct tsl__chart *chart) {
  char class[32];
  int colour = place % TSL__SERIES_COUNT;
  if (series->count == 1) {
    tsl__chart_mark(chart, series->step[0], series->value[0], front ? 4 : 2, colour,
                    NULL);
    return;
  }
  snprintf(class, sizeof class, "%sk%d%s", front ? "" : "th faint ", colour,
           place < TSL__SERIES_COUNT ? "" : " dash");
  if (series->count > 0)
    tsl__chart_line(chart, series->step, series->value, series->count, class);
}

/* Thin lines of all runs, the settings' medians above them. */
static void draw_curves(const struct tsl__report_data *data, const struct curves *curves,
                        struct tsl__chart *chart) {
  struct tsl__log_series median;
  for (int i = 0; i < data->run_count; i++)
    draw_series(&curves->runs[i], place_of(data, data->runs[i].setting), false, chart);
  for (int s = 0; s < data->setting_count; s++)
    if (find_median(data, curves, s, &median) > 0)
      draw_series(&median, place_of(data, s), true, chart);
}

static void write_view(const struct tsl__report_data *data, const struct view *view,
                       struct curves *curves, struct tsl__page *page) {
  struct tsl__range x, y;
  const char *unit = curves->epochs ? "epoch" : "step";
  read_runs(data, view, curves);
  if (!find_ranges(data, curves, &x, &y))
    return;
  struct tsl_text svg = {0};
  struct tsl__chart chart;
  char label[192], name[64];
  snprintf(label, sizeof label, "%s of every run over training %ss", view->title, unit);
  double key = add_key(data, NULL, 0, 0);
  tsl__chart_begin(&chart, &svg, WIDTH, HEIGHT + key,
                   &(struct tsl__margins){44, 28, 14, 38 + key}, label);
  tsl__chart_scales(&chart, &x, &y);
  tsl__chart_axes(&chart, &(struct tsl__axis){unit, 5, true},
                  &(struct tsl__axis){view->title, 5, true});
  draw_curves(data, curves, &chart);
  add_key(data, &chart, 44, HEIGHT + 8);
  tsl__chart_end(&chart);
  snprintf(name, sizeof name, "clusters_%s", view->column);
  tsl__page_figure(page, name, &svg, NULL);
  tsl_text_release(&svg);
}

static void define(const struct tsl__report_data *data, struct tsl__page *page) {
  char text[800], points[48] = "";
  if (data->held_out > 0)
    snprintf(points, sizeof points, "%lld ", (long long)data->held_out);
  snprintf(text, sizeof text,
           "A thin line a run, coloured by setting; above them the median of each "
           "setting. Losses are batch means. The z-prior term is the mean KL of p(z|x,w) "
           "from the uniform: 0 where the clusters tell nothing, log K where every point "
           "is sure of its own. A run collapses where conditional prior and w-prior both "
           "end near 0: then x and w tell nothing of the data. Accuracies and clusters "
           "that have at least one point are those of the %sheld-out points.",
           points);
  tsl__page_definition(page, text);
}

static enum tsl_status write(const struct tsl__report_data *data, struct tsl__page *page,
                             struct tsl_error *err) {
  static const struct view views[] = {
      {"acc_makhzani", "accuracy, Makhzani's protocol"},
      {"acc_majority", "accuracy, majority of each cluster"},
      {"acc_hungarian", "accuracy, Hungarian matching"},
      {"clusters", "clusters in use"},
      {"z_prior", "z-prior, nats"},
      {"conditional_prior", "conditional prior, nats"},
      {"w_prior", "w-prior, nats"},
  };
  struct curves curves = {.epochs = knows_epochs(data)};
  bool any = false;
  for (int i = 0; i < data->run_count; i++)
    any = any || tsl__run_has_clusters(data, i);
  if (!any)
    return TSL_OK;
  enum tsl_status status = tsl_allocate((void **)&curves.runs, (size_t)data->run_count,
                                        sizeof *curves.runs, err);
  if (status == TSL_OK)
    status = tsl_allocate((void **)&curves.values, (size_t)data->run_count,
                          sizeof *curves.values, err);
  if (status == TSL_OK) {
    tsl__section_begin(page, "clusters", "Clusters", "Clusters over training");
    define(data, page);
    tsl__grid_begin(page);
    for (size_t v = 0; v < sizeof views / sizeof views[0]; v++)
      write_view(data, &views[v], &curves, page);
    tsl__grid_end(page);
    tsl__section_end(page);
  }
  free(curves.runs);
  free(curves.values);
  return status;
}

const struct tsl__figure tsl__figure_clusters = {.name = "clusters", .write = write};
