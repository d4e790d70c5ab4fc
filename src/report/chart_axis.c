#include "report/chart.h"

#include <math.h>
#include <stdio.h>

struct tsl__range tsl__range_none(void) {
  return (struct tsl__range){.low = HUGE_VAL, .high = -HUGE_VAL};
}

void tsl__range_add(struct tsl__range *range, double value) {
  if (!isfinite(value))
    return;
  range->low = fmin(range->low, value);
  range->high = fmax(range->high, value);
}

struct tsl__range tsl__range_drawable(const struct tsl__range *range, double margin) {
  struct tsl__range out = *range;
  if (!(out.low <= out.high))
    return (struct tsl__range){0, 1};
  double length = out.high - out.low;
  if (!(length > 1e-12 * fmax(fabs(out.low), fabs(out.high)))) {
    length = fmax(fabs(out.low), 1);
    out.low -= length / 2;
    out.high += length / 2;
  }
  out.low -= margin * length;
  out.high += margin * length;
  return out;
}

double tsl__scale_at(const struct tsl__scale *scale, double value) {
  double low = scale->low, high = scale->high;
  if (isnan(value))
    return value;
  value = fmin(fmax(value, low), high);
  if (scale->logarithmic) {
    value = log(value);
    low = log(low);
    high = log(high);
  }
  if (!(high > low))
    return scale->from;
  return scale->from + (value - low) / (high - low) * (scale->to - scale->from);
}

/* The smallest of 1, 2, 5 times a power of ten that cuts `length` into at most `wanted`.
 */
static double round_step(double length, int wanted) {
  double rough = length / wanted;
  double power = pow(10, floor(log10(rough)));
  double lead = rough / power;
  if (lead <= 1)
    return power;
  return lead <= 2 ? 2 * power : lead <= 5 ? 5 * power : 10 * power;
}

static int logarithmic_ticks(const struct tsl__scale *scale, int wanted,
                             double ticks[TSL__TICKS_MAX]) {
  static const double leads[] = {1, 2, 5};
  int count = 0;
  int used = log10(scale->high / scale->low) * 3 <= wanted ? 3 : 1;
  int first = (int)floor(log10(scale->low)), last = (int)floor(log10(scale->high));
  for (int power = first; power <= last; power++)
    for (int i = 0; i < used; i++) {
      double tick = leads[i] * pow(10, power);
      if (tick >= scale->low && tick <= scale->high && count < TSL__TICKS_MAX)
        ticks[count++] = tick;
    }
  return count;
}

int tsl__scale_ticks(const struct tsl__scale *scale, int wanted,
                     double ticks[TSL__TICKS_MAX]) {
  double length = scale->high - scale->low;
  if (!(length > 0) || !isfinite(length) || wanted < 1)
    return 0;
  if (scale->logarithmic)
    return logarithmic_ticks(scale, wanted, ticks);
  double step = round_step(length, wanted);
  double first = ceil(scale->low / step - 1e-9), last = floor(scale->high / step + 1e-9);
  int count = 0;
  for (double i = first; i <= last && count < TSL__TICKS_MAX; i++)
    ticks[count++] = i == 0 ? 0 : i * step;
  return count;
}

char *tsl__tick_print(char *buffer, double value) {
  double size = fabs(value);
  if (size >= 1e6)
    snprintf(buffer, 32, "%.6gM", value / 1e6);
  else if (size >= 1e4)
    snprintf(buffer, 32, "%.6gk", value / 1e3);
  else
    snprintf(buffer, 32, "%.6g", value);
  return buffer;
}

static void segment(struct tsl__chart *chart, const double at[4], const char *class) {
  tsl_text_format(chart->out, "<path class=\"%s\" d=\"M%.1f %.1fL%.1f %.1f\"/>", class,
                  at[0], at[1], at[2], at[3]);
}

static void axis_x(struct tsl__chart *chart, const struct tsl__axis *axis) {
  double ticks[TSL__TICKS_MAX];
  char buffer[32];
  int count = tsl__scale_ticks(&chart->x, axis->ticks, ticks);
  for (int i = 0; i < count && axis->numbers; i++) {
    double at = tsl__scale_at(&chart->x, ticks[i]);
    segment(chart, (double[]){at, chart->bottom, at, chart->bottom + 4}, "ax");
    tsl__chart_text(chart, at, chart->bottom + 15, TSL__MIDDLE, "mu sm",
                    tsl__tick_print(buffer, ticks[i]));
  }
  segment(chart, (double[]){chart->left, chart->bottom, chart->right, chart->bottom},
          "ax");
  if (axis->title != NULL)
    tsl__chart_text(chart, (chart->left + chart->right) / 2, chart->bottom + 30,
                    TSL__MIDDLE, "mu", axis->title);
}

static void axis_y(struct tsl__chart *chart, const struct tsl__axis *axis) {
  double ticks[TSL__TICKS_MAX];
  char buffer[32];
  int count = tsl__scale_ticks(&chart->y, axis->ticks, ticks);
  for (int i = 0; i < count; i++) {
    double at = tsl__scale_at(&chart->y, ticks[i]);
    segment(chart, (double[]){chart->left, at, chart->right, at}, "gr");
    if (axis->numbers)
      tsl__chart_text(chart, chart->left - 5, at + 3.5, TSL__END, "mu sm",
                      tsl__tick_print(buffer, ticks[i]));
  }
  if (axis->title != NULL)
    tsl__chart_text(chart, 2, chart->top - 9, TSL__START, "mu", axis->title);
}

void tsl__chart_axes(struct tsl__chart *chart, const struct tsl__axis *x,
                     const struct tsl__axis *y) {
  axis_y(chart, y);
  axis_x(chart, x);
}
