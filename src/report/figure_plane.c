/* Points of the plane where pictures would be drawn: what latents do to one of them, and
 * samples with their reconstructions. */
#include "report/figure_plane.h"

#include <math.h>
#include <stdio.h>

enum { WIDTH = 360, HEIGHT = 320, LEFT = 40, TOP = 16, RIGHT = 12, BOTTOM = 28 };

bool tsl__plane_fits(const struct tsl_shape *shape) {
  return shape->rank == 1 && shape->dims[0] == 2;
}

/* values: (count, 2) */
static void extend(struct tsl__range *x, struct tsl__range *y, const float *values,
                   int64_t count) {
  for (int64_t i = 0; i < count; i++) {
    tsl__range_add(x, (double)values[2 * i]);
    tsl__range_add(y, (double)values[2 * i + 1]);
  }
}

/* Both axes of one scale. below: pixels for words under the plot. */
static void begin(struct tsl__chart *chart, struct tsl_text *svg, double below,
                  const char *label, struct tsl__range x, struct tsl__range y) {
  x = tsl__range_drawable(&x, 0.08);
  y = tsl__range_drawable(&y, 0.08);
  double width = WIDTH - LEFT - RIGHT, height = HEIGHT - TOP - BOTTOM;
  double pixel = fmax((x.high - x.low) / width, (y.high - y.low) / height) / 2;
  double across = (x.high + x.low) / 2, up = (y.high + y.low) / 2;
  tsl__chart_begin(chart, svg, WIDTH, HEIGHT + below,
                   &(struct tsl__margins){LEFT, TOP, RIGHT, BOTTOM + below}, label);
  tsl__chart_scales(chart,
                    &(struct tsl__range){across - pixel * width, across + pixel * width},
                    &(struct tsl__range){up - pixel * height, up + pixel * height});
  tsl__chart_axes(chart, &(struct tsl__axis){NULL, 6, true},
                  &(struct tsl__axis){NULL, 6, true});
}

void tsl__plane_traversal(const struct tsl__report_pictures *pictures, const int *order,
                          int rows, const char *label, struct tsl_text *svg) {
  enum { STEPS_MAX = 256 };
  struct tsl__range x = tsl__range_none(), y = tsl__range_none();
  struct tsl__chart chart;
  const int steps = pictures->steps < STEPS_MAX ? pictures->steps : STEPS_MAX;
  extend(&x, &y, pictures->traversal, (int64_t)pictures->latent * pictures->steps);
  const int lines = (rows + 3) / 4; /* of the key */
  begin(&chart, svg, 14.0 * lines, label, x, y);
  for (int row = 0; row < rows; row++) {
    const float *way =
        pictures->traversal + 2 * (size_t)order[row] * (size_t)pictures->steps;
    double px[STEPS_MAX], py[STEPS_MAX];
    char class[16], name[32];
    for (int s = 0; s < steps; s++) {
      px[s] = (double)way[2 * s];
      py[s] = (double)way[2 * s + 1];
    }
    snprintf(class, sizeof class, "k%d", row % TSL__SERIES_COUNT);
    tsl__chart_line(&chart, px, py, steps, class);
    for (int s = 0; s < steps; s++) /* larger where the latent is larger */
      tsl__chart_mark(&chart, px[s], py[s], 1.5 + 3.0 * s / (steps > 1 ? steps - 1 : 1),
                      row, NULL);
    snprintf(name, sizeof name, "z%d", order[row]);
    const int line = row / 4;
    double left = LEFT + 74.0 * (row % 4), top = HEIGHT + 8 + 14.0 * line;
    tsl__chart_symbol(&chart, left + 4, top - 3.5, 3.6, row);
    tsl__chart_text(&chart, left + 12, top, TSL__START, "tx sm", name);
  }
  tsl__chart_end(&chart);
}

void tsl__plane_reconstructions(const struct tsl__report_pictures *pictures,
                                const char *label, struct tsl_text *svg) {
  static const char *const words[] = {"original", "model"};
  struct tsl__range x = tsl__range_none(), y = tsl__range_none();
  struct tsl__chart chart;
  char error[32];
  extend(&x, &y, pictures->originals, pictures->samples);
  extend(&x, &y, pictures->reconstructions, pictures->samples);
  begin(&chart, svg, 14, label, x, y);
  for (int s = 0; s < pictures->samples; s++) {
    const float *from = pictures->originals + 2 * (size_t)s,
                *to = pictures->reconstructions + 2 * (size_t)s;
    const double px[2] = {(double)from[0], (double)to[0]};
    const double py[2] = {(double)from[1], (double)to[1]};
    tsl__print_quantity(error, pictures->errors[s]);
    tsl__chart_line(&chart, px, py, 2, "th k0");
    tsl__chart_mark(&chart, px[0], py[0], 3.6, 0, error);
    tsl__chart_mark(&chart, px[1], py[1], 3.6, 1, error);
  }
  for (int i = 0; i < 2; i++) {
    tsl__chart_symbol(&chart, LEFT + 4 + 74 * i, HEIGHT + 4.5, 3.6, i);
    tsl__chart_text(&chart, LEFT + 12 + 74 * i, HEIGHT + 8, TSL__START, "tx sm",
                    words[i]);
  }
  tsl__chart_end(&chart);
}
