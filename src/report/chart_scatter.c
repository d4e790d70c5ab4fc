#include "report/chart.h"

#include <math.h>

/* Shapes of about equal area about (x, y), as paths. */
static void shape(struct tsl_text *out, int kind, double x, double y, double r) {
  switch (kind) {
  case 0:
    tsl_text_format(out, "M%.1f %.1fa%.1f %.1f 0 1 0 %.1f 0a%.1f %.1f 0 1 0 %.1f 0Z",
                    x - r, y, r, r, 2 * r, r, r, -2 * r);
    break;
  case 1:
    tsl_text_format(out, "M%.1f %.1fh%.1fv%.1fh%.1fZ", x - 0.89 * r, y - 0.89 * r,
                    1.78 * r, 1.78 * r, -1.78 * r);
    break;
  case 2:
    tsl_text_format(out, "M%.1f %.1fL%.1f %.1fL%.1f %.1fZ", x, y - 1.3 * r, x + 1.2 * r,
                    y + 0.8 * r, x - 1.2 * r, y + 0.8 * r);
    break;
  default:
    tsl_text_format(out, "M%.1f %.1fL%.1f %.1fL%.1f %.1fL%.1f %.1fZ", x, y - 1.25 * r,
                    x + 1.25 * r, y, x, y + 1.25 * r, x - 1.25 * r, y);
  }
}

void tsl__chart_symbol(struct tsl__chart *chart, double left, double top, double radius,
                       int series) {
  tsl_text_format(chart->out, "<path class=\"f%d\" d=\"", series % TSL__SERIES_COUNT);
  shape(chart->out, series % 4, left, top, radius);
  tsl_text_add(chart->out, "\"/>");
}

void tsl__chart_mark(struct tsl__chart *chart, double x, double y, double radius,
                     int series, const char *title) {
  if (!isfinite(x) || !isfinite(y))
    return;
  tsl_text_format(chart->out, "<path class=\"mark f%d\" d=\"",
                  series % TSL__SERIES_COUNT);
  shape(chart->out, series % 4, tsl__scale_at(&chart->x, x), tsl__scale_at(&chart->y, y),
        radius);
  if (title == NULL) {
    tsl_text_add(chart->out, "\"/>");
    return;
  }
  tsl_text_add(chart->out, "\"><title>");
  tsl_text_add_html(chart->out, title);
  tsl_text_add(chart->out, "</title></path>");
}

/* A line of no length with round or square ends is a dot of ten letters. */
static void dots_of_series(struct tsl__chart *chart, const struct tsl__dots *dots,
                           int64_t begin, int64_t end, int series) {
  bool open = false;
  for (int64_t i = begin; i < end; i++) {
    if (dots->series[i] != series || !isfinite(dots->x[i]) || !isfinite(dots->y[i]))
      continue;
    if (!open)
      tsl_text_format(chart->out, "<path class=\"dots k%d%s\" stroke-width=\"%.1f\" d=\"",
                      series % TSL__SERIES_COUNT, series % 2 != 0 ? " sq" : "",
                      dots->diameter);
    open = true;
    tsl_text_add(chart->out, "M");
    tsl__chart_coordinate(chart->out, tsl__scale_at(&chart->x, dots->x[i]));
    tsl_text_add(chart->out, " ");
    tsl__chart_coordinate(chart->out, tsl__scale_at(&chart->y, dots->y[i]));
    tsl_text_add(chart->out, "h0");
  }
  if (open)
    tsl_text_add(chart->out, "\"/>");
}

void tsl__chart_dots(struct tsl__chart *chart, const struct tsl__dots *dots) {
  enum {
    TOGETHER = 250
  }; /* points before the series begin anew, so that none hides all */
  int most = 0;
  for (int64_t i = 0; i < dots->count; i++)
    most = dots->series[i] > most ? dots->series[i] : most;
  for (int64_t begin = 0; begin < dots->count; begin += TOGETHER) {
    int64_t end = begin + TOGETHER < dots->count ? begin + TOGETHER : dots->count;
    for (int series = 0; series <= most; series++)
      dots_of_series(chart, dots, begin, end, series);
  }
}
