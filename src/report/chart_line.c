#include "report/chart.h"

#include <math.h>

static void point(struct tsl__chart *chart, const char *command, double x, double y) {
  tsl_text_add(chart->out, command);
  tsl__chart_coordinate(chart->out, tsl__scale_at(&chart->x, x));
  tsl_text_add(chart->out, " ");
  tsl__chart_coordinate(chart->out, tsl__scale_at(&chart->y, y));
}

void tsl__chart_line(struct tsl__chart *chart, const double *x, const double *y,
                     int64_t count, const char *class) {
  tsl_text_format(chart->out, "<path class=\"ln %s\" d=\"", class);
  bool pen = false;
  for (int64_t i = 0; i < count; i++) {
    bool drawn = isfinite(x[i]) && isfinite(y[i]);
    if (drawn)
      point(chart, pen ? "L" : "M", x[i], y[i]);
    pen = drawn;
  }
  tsl_text_add(chart->out, "\"/>");
}

void tsl__chart_band(struct tsl__chart *chart, const double *x, const double *low,
                     const double *high, int64_t count, const char *class) {
  bool pen = false;
  tsl_text_format(chart->out, "<path class=\"area %s\" d=\"", class);
  for (int64_t i = 0; i < count; i++)
    if (isfinite(x[i]) && isfinite(low[i]) && isfinite(high[i])) {
      point(chart, pen ? "L" : "M", x[i], high[i]);
      pen = true;
    }
  for (int64_t i = count - 1; i >= 0; i--)
    if (isfinite(x[i]) && isfinite(low[i]) && isfinite(high[i]))
      point(chart, "L", x[i], low[i]);
  tsl_text_add(chart->out, pen ? "Z\"/>" : "\"/>");
}

void tsl__chart_spread(double *y, int count, double gap, double low, double high) {
  for (int i = 0; i < count; i++) {
    double least = i == 0 ? low : y[i - 1] + gap;
    y[i] = fmax(y[i], least);
  }
  for (int i = count - 1; i >= 0; i--) {
    double most = i == count - 1 ? high : y[i + 1] - gap;
    y[i] = fmin(y[i], most);
  }
}
