/* Losses over training: every run faint, each family's best run in front (thesis figure
 * 4.3). */
#include "report/figure_log.h"

#include "report/report_statistic.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
  WIDTH = 344,
  HEIGHT = 240,
  POINTS_BEST = 144, /* one for two pixels */
  POINTS_LEAST = 32, /* of a faint line among very many */
  POINTS_TOGETHER = 4000
};

struct view {
  const char *column;
  const char *title;
  const char *unit;
  bool capacity; /* C is drawn with it */
};

/* Of a faint line: the more lines, the less of each is seen. */
static int faint_points(const struct tsl__report_data *data) {
  int share = POINTS_TOGETHER / (data->run_count > 0 ? data->run_count : 1);
  return share < POINTS_LEAST ? POINTS_LEAST : share < 100 ? share : 100;
}

static bool is_family_best(const struct tsl__report_data *data, int run) {
  return data->families[data->runs[run].family].best_run == run;
}

/* Range over all runs but for the first twentieth of the steps, where losses fall from
 * values that would flatten everything after. */
static bool find_ranges(const struct tsl__report_data *data, const struct view *view,
                        struct tsl__range *x, struct tsl__range *y) {
  struct tsl__log_series series;
  *x = *y = tsl__range_none();
  tsl__range_add(x, 0);
  for (int i = 0; i < data->run_count; i++) {
    const struct tsl_table *log = &data->runs[i].log;
    tsl__log_series_read(log, tsl__report_log_column(log, view->column),
                         faint_points(data), &series);
    for (int p = 0; p < series.count; p++) {
      tsl__range_add(x, series.step[p]);
      if (p >= series.count / 20)
        tsl__range_add(y, series.value[p]);
    }
  }
  return y->low <= y->high;
}

static void draw_run(const struct tsl__report_data *data, const struct view *view,
                     int run, bool front, struct tsl__chart *chart) {
  const struct tsl_table *log = &data->runs[run].log;
  struct tsl__log_series series;
  char class[64];
  int colour = data->runs[run].family % TSL__SERIES_COUNT;
  tsl__log_series_read(log, tsl__report_log_column(log, view->column),
                       front ? POINTS_BEST : faint_points(data), &series);
  for (int p = 0; p < series.count; p++) /* above the picture: left out, not clamped */
    if (series.value[p] > chart->y.high)
      series.value[p] = NAN;
  snprintf(class, sizeof class, front ? "k%d" : "k%d th faint", colour);
  if (series.count > 0)
    tsl__chart_line(chart, series.step, series.value, series.count, class);
  if (!front || !view->capacity)
    return;
  tsl__log_series_read(log, tsl__report_log_column(log, "capacity"), POINTS_BEST,
                       &series);
  snprintf(class, sizeof class, "k%d dash", colour);
  if (series.count > 0)
    tsl__chart_line(chart, series.step, series.value, series.count, class);
}

static bool write_view(const struct tsl__report_data *data, const struct view *view,
                       struct tsl__page *page) {
  struct tsl__range x, y;
  if (!find_ranges(data, view, &x, &y))
    return false;
  x = tsl__range_drawable(&x, 0);
  y = tsl__range_drawable(&y, 0.04);
  struct tsl_text svg = {0};
  struct tsl__chart chart;
  char label[128], name[64];
  snprintf(label, sizeof label, "%s of every run over training steps", view->title);
  double key = 14 * tsl__family_key(data, NULL, 0, WIDTH - 58, 0);
  tsl__chart_begin(&chart, &svg, WIDTH, HEIGHT + key,
                   &(struct tsl__margins){44, 28, 14, 38 + key}, label);
  tsl__chart_scales(&chart, &x, &y);
  snprintf(label, sizeof label, "%s%s", view->title, view->unit);
  tsl__chart_axes(&chart, &(struct tsl__axis){"step", 5, true},
                  &(struct tsl__axis){label, 5, true});
  for (int front = 0; front < 2; front++)
    for (int i = 0; i < data->run_count; i++)
      if (is_family_best(data, i) == (front == 1))
        draw_run(data, view, i, front == 1, &chart);
  tsl__family_key(data, &chart, 44, WIDTH - 58, HEIGHT + 8);
  tsl__chart_end(&chart);
  snprintf(name, sizeof name, "training_%s", view->column);
  tsl__page_figure(page, name, &svg, NULL);
  tsl_text_release(&svg);
  return true;
}

static enum tsl_status write(const struct tsl__report_data *data, struct tsl__page *page,
                             struct tsl_error *err) {
  (void)err;
  static const struct view views[] = {
      {"total", "loss", "", false},
      {"reconstruction", "reconstruction", "", false},
      {"kl", "KL", ", nats (dashed: C)", true},
      {"informative", "informative latents", "", false},
      {"total_correlation", "total correlation", ", nats", false},
  };
  bool any = false;
  tsl__section_begin(page, "training", "Training", "Training");
  tsl_text_add(&page->html, "<p class=\"def\">Batch means as logged; neighbouring lines "
                            "of the log are averaged. Each family's best run in front, "
                            "the others faint.</p>\n");
  tsl__grid_begin(page);
  for (size_t v = 0; v < sizeof views / sizeof views[0]; v++)
    any = write_view(data, &views[v], page) || any;
  tsl__grid_end(page);
  if (!any)
    tsl__page_absent(page, "No run has a log yet.");
  tsl__section_end(page);
  return TSL_OK;
}

const struct tsl__figure tsl__figure_training = {.name = "training", .write = write};
