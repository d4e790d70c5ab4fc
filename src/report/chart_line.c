#include "report/chart.h"

#include <math.h>
#include <stdlib.h>

/* Pixels that a line may leave out: less than can be seen. */
static const double tolerance = 0.25;

static void point(struct tsl__chart *chart, const char *command, double x, double y) {
  tsl_text_add(chart->out, command);
  tsl__chart_coordinate(chart->out, tsl__scale_at(&chart->x, x));
  tsl_text_add(chart->out, " ");
  tsl__chart_coordinate(chart->out, tsl__scale_at(&chart->y, y));
}

/* A line's points on the paper. */
struct stroke {
  const struct tsl__chart *chart;
  const double *x, *y; /* (count), of the data */
};

struct spot {
  double x, y; /* pixels */
};

static struct spot spot_of(const struct stroke *stroke, int64_t i) {
  return (struct spot){tsl__scale_at(&stroke->chart->x, stroke->x[i]),
                       tsl__scale_at(&stroke->chart->y, stroke->y[i])};
}

/* Distance of p from the segment a to b. */
static double distance(struct spot p, struct spot a, struct spot b) {
  double dx = b.x - a.x, dy = b.y - a.y, squares = dx * dx + dy * dy;
  double part = squares > 0 ? ((p.x - a.x) * dx + (p.y - a.y) * dy) / squares : 0;
  part = fmin(fmax(part, 0), 1);
  return hypot(p.x - a.x - part * dx, p.y - a.y - part * dy);
}

static bool is_straight(const struct stroke *stroke, int64_t from, int64_t to) {
  struct spot a = spot_of(stroke, from), b = spot_of(stroke, to);
  for (int64_t i = from + 1; i < to; i++)
    if (distance(spot_of(stroke, i), a, b) > tolerance)
      return false;
  return true;
}

/* Tenths of a pixel as short as SVG allows: "12", "-.5"; a space only where the sign does
 * not part it from the number before. */
static void add_tenths(struct tsl_text *out, long tenths, bool apart) {
  long whole = labs(tenths) / 10, rest = labs(tenths) % 10;
  tsl_text_add(out, tenths < 0 ? "-" : apart ? " " : "");
  if (whole > 0 || rest == 0)
    tsl_text_format(out, "%ld", whole);
  if (rest > 0)
    tsl_text_format(out, ".%ld", rest);
}

/* The finite points [begin, end): the first where it stands, each that is needed from the
 * one before. Differences of rounded places do not add up their errors. */
static void draw_stroke(struct tsl_text *out, const struct stroke *stroke, int64_t begin,
                        int64_t end) {
  struct spot spot = spot_of(stroke, begin);
  long x = lround(10 * spot.x), y = lround(10 * spot.y);
  tsl_text_add(out, "M");
  add_tenths(out, x, false);
  add_tenths(out, y, true);
  for (int64_t at = begin; at + 1 < end;) {
    int64_t next = at + 1;
    while (next + 1 < end && is_straight(stroke, at, next + 1))
      next++;
    spot = spot_of(stroke, next);
    tsl_text_add(out, at == begin ? "l" : "");
    add_tenths(out, lround(10 * spot.x) - x, at != begin);
    add_tenths(out, lround(10 * spot.y) - y, true);
    x = lround(10 * spot.x);
    y = lround(10 * spot.y);
    at = next;
  }
}

void tsl__chart_line(struct tsl__chart *chart, const double *x, const double *y,
                     int64_t count, const char *class) {
  const struct stroke stroke = {.chart = chart, .x = x, .y = y};
  tsl_text_format(chart->out, "<path class=\"ln %s\" d=\"", class);
  for (int64_t begin = 0; begin < count; begin++) {
    int64_t end = begin;
    while (end < count && isfinite(x[end]) && isfinite(y[end]))
      end++;
    if (end > begin)
      draw_stroke(chart->out, &stroke, begin, end);
    begin = end;
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
