/* Clusters over training: the z-prior term (Dilokthanakul et al. 2016, figure 3), the
 * accuracy of the held-out points (figure 4), clusters in use. */
#include "report/figure_log.h"

#include <math.h>
#include <stdio.h>

enum { WIDTH = 344, HEIGHT = 240, POINTS = 100 };

struct view {
  const char *column;
  const char *title;
  bool from_zero;
};

static void read_view(const struct tsl__report_data *data, const struct view *view,
                      int run, struct tsl__log_series *series) {
  const struct tsl_table *log = &data->runs[run].log;
  tsl__log_series_read_sparse(log, tsl__report_log_column(log, view->column), POINTS,
                              series);
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

/* Colour and name of each setting, a line each; returns the height. chart NULL: only
 * that. */
static double add_key(const struct tsl__report_data *data, struct tsl__chart *chart,
                      double left, double baseline) {
  double height = 0;
  for (int s = 0; s < data->setting_count; s++) {
    int first = tsl__report_setting_first(data, s);
    char label[256];
    if (first < 0 || !tsl__run_has_clusters(data, first))
      continue;
    if (chart != NULL) {
      tsl_text_format(chart->out, "<path class=\"ln k%d\" d=\"M%.1f %.1fh16\"/>",
                      place_of(data, s) % TSL__SERIES_COUNT, left,
                      baseline + height - 3.5);
      tsl__setting_short(data, s, label, sizeof label);
      tsl__chart_text(chart, left + 21, baseline + height, TSL__START, "tx sm", label);
    }
    height += 14;
  }
  return height;
}

static bool find_ranges(const struct tsl__report_data *data, const struct view *view,
                        struct tsl__range *x, struct tsl__range *y) {
  struct tsl__log_series series;
  *x = *y = tsl__range_none();
  for (int i = 0; i < data->run_count; i++) {
    read_view(data, view, i, &series);
    for (int p = 0; p < series.count && tsl__run_has_clusters(data, i); p++) {
      tsl__range_add(x, series.step[p]);
      tsl__range_add(y, series.value[p]);
    }
  }
  bool any = y->low <= y->high;
  tsl__range_add(x, 0);
  if (view->from_zero)
    tsl__range_add(y, 0);
  return any;
}

static bool write_view(const struct tsl__report_data *data, const struct view *view,
                       struct tsl__page *page) {
  struct tsl__range x, y;
  struct tsl__log_series series;
  if (!find_ranges(data, view, &x, &y))
    return false;
  x = tsl__range_drawable(&x, 0);
  y = tsl__range_drawable(&y, 0.02);
  if (view->from_zero)
    y.low = 0;
  struct tsl_text svg = {0};
  struct tsl__chart chart;
  char label[192], name[64];
  snprintf(label, sizeof label, "%s of every run over training steps", view->title);
  double key = add_key(data, NULL, 0, 0);
  tsl__chart_begin(&chart, &svg, WIDTH, HEIGHT + key,
                   &(struct tsl__margins){44, 28, 14, 38 + key}, label);
  tsl__chart_scales(&chart, &x, &y);
  tsl__chart_axes(&chart, &(struct tsl__axis){"step", 5, true},
                  &(struct tsl__axis){view->title, 5, true});
  for (int i = 0; i < data->run_count; i++) {
    char class[32];
    if (!tsl__run_has_clusters(data, i))
      continue;
    read_view(data, view, i, &series);
    snprintf(class, sizeof class, "th k%d",
             place_of(data, data->runs[i].setting) % TSL__SERIES_COUNT);
    tsl__chart_line(&chart, series.step, series.value, series.count, class);
  }
  add_key(data, &chart, 44, HEIGHT + 8);
  tsl__chart_end(&chart);
  snprintf(name, sizeof name, "clusters_%s", view->column);
  tsl__page_figure(page, name, &svg, NULL);
  tsl_text_release(&svg);
  return true;
}

static enum tsl_status write(const struct tsl__report_data *data, struct tsl__page *page,
                             struct tsl_error *err) {
  static const struct view views[] = {
      {"z_prior", "z-prior, nats", true},
      {"acc_makhzani", "accuracy, Makhzani's protocol", true},
      {"acc_hungarian", "accuracy, Hungarian matching", true},
      {"clusters", "clusters in use", true},
  };
  bool any = false;
  (void)err;
  for (int i = 0; i < data->run_count; i++)
    any = any || tsl__run_has_clusters(data, i);
  if (!any)
    return TSL_OK;
  tsl__section_begin(page, "clusters", "Clusters", "Clusters over training");
  tsl__page_definition(
      page, "A line a run, coloured by setting. The z-prior term is the mean KL of "
            "p(z|x,w) from the uniform: 0 where the clusters tell nothing, log K where "
            "every point is sure of its own (batch means). Accuracies and clusters that "
            "have at least one point are those of the held-out points.");
  tsl__grid_begin(page);
  for (size_t v = 0; v < sizeof views / sizeof views[0]; v++)
    write_view(data, &views[v], page);
  tsl__grid_end(page);
  tsl__section_end(page);
  return TSL_OK;
}

const struct tsl__figure tsl__figure_clusters = {.name = "clusters", .write = write};
