/* Good and bad in the plane of two latents (thesis figure 4.23). */
#include "report/classify_page.h"

#include <stdio.h>

enum { WIDTH = 560, HEIGHT = 460, MARKS_MAX = 1500 };

struct axes {
  int x, y; /* latents */
};

static double value_of(const struct tsl__classify_view *view, int64_t point, int latent) {
  return (double)view->mean[point * view->result->latent + latent];
}

/* Every `step`-th point that is not labelled, so that the file stays small. */
static int64_t step_of(const struct tsl_classification *result) {
  return 1 + (result->points - result->labelled_count) / (MARKS_MAX - 1);
}

static void add_marks(const struct tsl__classify_view *view, struct axes axes,
                      struct tsl__chart *chart) {
  double x[MARKS_MAX], y[MARKS_MAX];
  unsigned char bad[MARKS_MAX];
  int64_t count = 0;
  for (int64_t i = 0; i < view->result->points && count < MARKS_MAX;
       i += step_of(view->result))
    if (!view->result->labelled[i]) {
      x[count] = value_of(view, i, axes.x);
      y[count] = value_of(view, i, axes.y);
      bad[count++] = view->bad[i];
    }
  const struct tsl__dots dots = {
      .x = x, .y = y, .series = bad, .count = count, .diameter = 4.8};
  tsl__chart_dots(chart, &dots);
}

static void add_threshold(const struct tsl_cut *cut, struct tsl__chart *chart) {
  const double x[] = {cut->threshold, cut->threshold};
  const double y[] = {chart->y.low, chart->y.high};
  tsl__chart_line(chart, x, y, 2, "k2");
}

static void add_key(const struct tsl__classify_view *view, struct tsl__chart *chart) {
  const char *names[] = {view->good, view->bad_name};
  double left = chart->left + 12;
  for (int series = 0; series < 2; series++) {
    tsl_text_format(chart->out,
                    "<rect class=\"f%d\" x=\"%.1f\" y=\"10\" width=\"10\" "
                    "height=\"10\"/>",
                    series, left);
    tsl__chart_text(chart, left + 15, 19, TSL__START, "tx", names[series]);
    left += 15 + tsl__chart_text_width(names[series], 12) + 22;
  }
}

void tsl__classify_scatter(const struct tsl__classify_view *view,
                           struct tsl__page *page) {
  const struct tsl_classification *result = view->result;
  const struct tsl_cut *best = &result->cuts[0];
  const struct tsl_cut *second = &result->cuts[result->cut_count > 1 ? 1 : 0];
  struct axes axes = {best->latent, second->latent};
  struct tsl__range x = tsl__range_none(), y = tsl__range_none();
  for (int64_t i = 0; i < result->points; i++) {
    tsl__range_add(&x, value_of(view, i, axes.x));
    tsl__range_add(&y, value_of(view, i, axes.y));
  }
  x = tsl__range_drawable(&x, 0.03);
  y = tsl__range_drawable(&y, 0.03);
  char title[128], across[64], up[64], caption[512], cut[128], file[128];
  snprintf(title, sizeof title, "Points in the plane of latents %d and %d", axes.x,
           axes.y);
  snprintf(across, sizeof across, "latent %d", axes.x);
  snprintf(up, sizeof up, "latent %d", axes.y);
  struct tsl_text svg = {0};
  struct tsl__chart chart;
  tsl__chart_begin(&chart, &svg, WIDTH, HEIGHT, &(struct tsl__margins){48, 32, 12, 42},
                   title);
  tsl__chart_scales(&chart, &x, &y);
  tsl__chart_axes(&chart, &(struct tsl__axis){across, 7, true},
                  &(struct tsl__axis){up, 7, true});
  add_marks(view, axes, &chart);
  add_threshold(best, &chart);
  add_key(view, &chart);
  tsl__chart_end(&chart);
  snprintf(
      caption, sizeof caption,
      "Posterior means of the two latents that tell most, of %s points that were not "
      "labelled; the line is the threshold: %s.",
      step_of(result) > 1 ? "evenly chosen" : "all",
      tsl__cut_print(best, "called bad", cut, sizeof cut));
  snprintf(file, sizeof file, "%sscatter", view->prefix);
  tsl__page_figure(page, file, &svg, caption);
  tsl_text_release(&svg);
}
