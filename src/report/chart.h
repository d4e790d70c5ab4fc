/* chart.h - primitives that write SVG into text: pure functions of numbers.
 *
 * Every coordinate written is finite and inside the chart, whatever the data: non-finite
 * values are left out, others are clamped to the plot. Colours are classes (`f0` fills,
 * `k0` strokes the first series, `tx` text, `mu` muted text), given by tsl__chart_style
 * for light and dark, so that the same element is right in the page and in a file of its
 * own. Text is at its natural size: a chart is never scaled, its box scrolls.
 */
#ifndef TEASEL_REPORT_CHART_H
#define TEASEL_REPORT_CHART_H

#include "teasel/text.h"

#include <stdbool.h>

enum {
  TSL__SERIES_COUNT = 8, /* colours of series; more series begin again */
  TSL__TICKS_MAX = 16,
  TSL__COLOUR_LEVELS = 64 /* of a heat map */
};

/* Smallest and largest finite value seen; low > high: none yet. */
struct tsl__range {
  double low, high;
};
struct tsl__range tsl__range_none(void);
void tsl__range_add(struct tsl__range *range, double value);
/* A range that can be drawn: [0, 1] for none, widened where it is a point, then by
 * `margin` of its length on both sides. */
struct tsl__range tsl__range_drawable(const struct tsl__range *range, double margin);

/* From data to pixels; logarithmic needs low > 0. */
struct tsl__scale {
  double low, high;
  double from, to;
  bool logarithmic;
};
/* Clamped to the scale; NaN stays NaN. */
double tsl__scale_at(const struct tsl__scale *scale, double value);
/* Round numbers (1, 2, 5 times powers of ten; powers alone on a logarithmic scale) inside
 * the scale, at most TSL__TICKS_MAX; returns their number. */
int tsl__scale_ticks(const struct tsl__scale *scale, int wanted,
                     double ticks[TSL__TICKS_MAX]);

struct tsl__chart {
  struct tsl_text *out;
  double width, height;
  double left, right, top, bottom; /* edges of the plot */
  struct tsl__scale x, y;
};
/* Opens <svg>; label says in words what is seen. Margins: pixels left of, above, right of
 * and below the plot. */
struct tsl__margins {
  double left, top, right, bottom;
};
void tsl__chart_begin(struct tsl__chart *chart, struct tsl_text *out, double width,
                      double height, const struct tsl__margins *margins,
                      const char *label);
void tsl__chart_scales(struct tsl__chart *chart, const struct tsl__range *x,
                       const struct tsl__range *y);
void tsl__chart_end(struct tsl__chart *chart);
/* CSS of all charts, light and dark. */
const char *tsl__chart_style(void);
/* A file of its own: <svg> as written by the functions above with the style and a ground
 * put in. */
void tsl__chart_alone(const struct tsl_text *svg, struct tsl_text *out);

enum tsl__anchor { TSL__START, TSL__MIDDLE, TSL__END };
/* Escaped text; class: CSS classes ("mu"). degrees: turned about (x, y). */
void tsl__chart_text(struct tsl__chart *chart, double x, double y,
                     enum tsl__anchor anchor, const char *class, const char *text);
void tsl__chart_text_turned(struct tsl__chart *chart, double x, double y, double degrees,
                            enum tsl__anchor anchor, const char *class, const char *text);
/* Pixels that a text of this size takes, near enough to set margins by. */
double tsl__chart_text_width(const char *text, double size);
/* A coordinate with at most one digit after the point; 0 for what is not finite. */
void tsl__chart_coordinate(struct tsl_text *out, double value);

/* Lines, ticks and numbers of both axes, with grid lines; titles may be NULL. */
struct tsl__axis {
  const char *title;
  int ticks;    /* about how many */
  bool numbers; /* false: lines alone */
};
void tsl__chart_axes(struct tsl__chart *chart, const struct tsl__axis *x,
                     const struct tsl__axis *y);
/* A round number as short as it can be: "0.2", "40k", "1.5M". buffer: 32 bytes. */
char *tsl__tick_print(char *buffer, double value);

/* Line through (x, y), broken where either is not finite; points without which it looks
 * the same are left out. (count) each. */
void tsl__chart_line(struct tsl__chart *chart, const double *x, const double *y,
                     int64_t count, const char *class);
/* Area between low and high over x. (count) each. */
void tsl__chart_band(struct tsl__chart *chart, const double *x, const double *low,
                     const double *high, int64_t count, const char *class);
/* Moves labels, given in order of y, apart to at least `gap` pixels, inside [low, high]
 * where they fit. (count) */
void tsl__chart_spread(double *y, int count, double gap, double low, double high);

/* One mark at (x, y) of the data: shape by series (circle, square, triangle, diamond);
 * title is shown when pointed at; NULL: none. */
void tsl__chart_mark(struct tsl__chart *chart, double x, double y, double radius,
                     int series, const char *title);

/* Many points without titles as a few paths: round or square by series, lying over each
 * other in about the order given. */
struct tsl__dots {
  const double *x, *y;         /* (count) each, of the data; not finite: left out */
  const unsigned char *series; /* (count) */
  int64_t count;
  double diameter; /* pixels */
};
void tsl__chart_dots(struct tsl__chart *chart, const struct tsl__dots *dots);

/* The same shape at pixels, for keys. */
void tsl__chart_symbol(struct tsl__chart *chart, double left, double top, double radius,
                       int series);

/* Bars of a histogram: density of `count` values, finite ones only, over `bins` equal
 * bins of the x scale; y scale in density. Returns how many values were outside. */
int64_t tsl__chart_histogram(struct tsl__chart *chart, const double *values,
                             int64_t count, int bins, const char *class);
/* Density per bin, as above; densities: (bins). */
int64_t tsl__histogram_density(const double *values, int64_t count, double low,
                               double high, int bins, double *densities);

/* Perceptually uniform colours, `viridis`: 0 dark violet, 1 yellow. rgb: 0..255. */
void tsl__colour_map(double value, unsigned char rgb[3]);
/* The anchors of the same map as "#rrggbb" (for the page's script); NULL at the end. */
const char *tsl__colour_anchor(int index);
/* True when dark text reads better on that colour than white. */
bool tsl__colour_is_light(const unsigned char rgb[3]);

struct tsl__box {
  double left, top, width, height; /* pixels */
};
/* A picture file's bytes, stretched over the box; kind: "png" or "jpeg"; pixelated: its
 * pixels stay squares. */
void tsl__chart_image(struct tsl__chart *chart, const struct tsl__box *box,
                      const char *kind, const struct tsl_text *bytes, bool pixelated);

struct tsl__heat_map {
  int rows, columns;
  const double *values; /* (rows, columns); NaN: no value, class `na` */
  double low, high;     /* ends of the colour map */
  double cell;          /* side in pixels */
  double left, top;     /* of the first cell */
};
void tsl__chart_heat_map(struct tsl__chart *chart, const struct tsl__heat_map *map);
/* The map's colours with their numbers, upright. */
void tsl__chart_colour_bar(struct tsl__chart *chart, double left, double top,
                           double height, double low, double high);

#endif
