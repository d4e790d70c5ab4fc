#include "report/chart.h"

#include <math.h>

int64_t tsl__histogram_density(const double *values, int64_t count, double low,
                               double high, int bins, double *densities) {
  int64_t finite = 0, outside = 0;
  double width = (high - low) / bins;
  for (int b = 0; b < bins; b++)
    densities[b] = 0;
  for (int64_t i = 0; i < count; i++) {
    if (!isfinite(values[i]))
      continue;
    finite++;
    double at = floor((values[i] - low) / width);
    if (values[i] == high)
      at = bins - 1;
    if (at < 0 || at >= bins)
      outside++;
    else
      densities[(int)at]++;
  }
  for (int b = 0; b < bins && finite > 0; b++)
    densities[b] /= (double)finite * width;
  return outside;
}

int64_t tsl__chart_histogram(struct tsl__chart *chart, const double *values,
                             int64_t count, int bins, const char *class) {
  enum { BINS_MAX = 256 };
  double densities[BINS_MAX];
  if (bins > BINS_MAX)
    bins = BINS_MAX;
  int64_t outside =
      tsl__histogram_density(values, count, chart->x.low, chart->x.high, bins, densities);
  double width = (chart->x.high - chart->x.low) / bins;
  tsl_text_format(chart->out, "<path class=\"bars %s\" d=\"", class);
  for (int b = 0; b < bins; b++) {
    if (densities[b] <= 0)
      continue;
    double left = tsl__scale_at(&chart->x, chart->x.low + b * width);
    double right = tsl__scale_at(&chart->x, chart->x.low + (b + 1) * width);
    double top = tsl__scale_at(&chart->y, densities[b]);
    tsl_text_format(chart->out, "M%.1f %.1fV%.1fH%.1fV%.1fZ", left, chart->bottom, top,
                    fmax(right - 0.5, left), chart->bottom);
  }
  tsl_text_add(chart->out, "\"/>");
  return outside;
}
