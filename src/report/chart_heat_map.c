#include "report/chart.h"

#include "teasel/image.h"

#include <math.h>

static bool has_value(const struct tsl__heat_map *map, int row, int column) {
  return !isnan(map->values[(int64_t)row * map->columns + column]);
}

/* On TSL__COLOUR_LEVELS colours: few enough for PNG to press well. */
static void colour(const struct tsl__heat_map *map, int row, int column,
                   unsigned char rgb[3]) {
  double value = map->values[(int64_t)row * map->columns + column];
  double part = map->high > map->low ? (value - map->low) / (map->high - map->low) : 0;
  double level = round(fmin(fmax(part, 0), 1) * (TSL__COLOUR_LEVELS - 1));
  tsl__colour_map(level / (TSL__COLOUR_LEVELS - 1), rgb);
}

/* A pixel a cell, enlarged by whoever shows it: 115 x 115 cells take 10 KB, as paths they
 * take 170. */
static void paint(struct tsl__chart *chart, const struct tsl__heat_map *map) {
  struct tsl_image image = {0};
  struct tsl_text png = {0};
  enum tsl_status status = tsl_image_init(&image, map->columns, map->rows, 3, NULL);
  for (int row = 0; status == TSL_OK && row < map->rows; row++)
    for (int column = 0; column < map->columns; column++)
      if (has_value(map, row, column))
        colour(map, row, column,
               image.bytes + 3 * ((int64_t)row * map->columns + column));
  if (status == TSL_OK)
    status = tsl_image_png(&image, &png, NULL);
  if (status == TSL_OK)
    tsl__chart_image(chart,
                     &(struct tsl__box){map->left, map->top, map->columns * map->cell,
                                        map->rows * map->cell},
                     "png", &png, /*pixelated=*/true);
  else
    chart->out->failed = true;
  tsl_text_release(&png);
  tsl_image_release(&image);
}

/* Cells without a value, neighbours in a row joined, above the picture. */
static void cover_gaps(struct tsl__chart *chart, const struct tsl__heat_map *map) {
  struct tsl_text *out = chart->out;
  bool open = false;
  for (int row = 0; row < map->rows; row++)
    for (int column = 0; column < map->columns; column++) {
      int end = column;
      while (end < map->columns && !has_value(map, row, end))
        end++;
      if (end == column)
        continue;
      tsl_text_add(out, open ? "M" : "<path class=\"na\" d=\"M");
      open = true;
      tsl__chart_coordinate(out, map->left + column * map->cell);
      tsl_text_add(out, " ");
      tsl__chart_coordinate(out, map->top + row * map->cell);
      tsl_text_add(out, "h");
      tsl__chart_coordinate(out, (end - column) * map->cell);
      tsl_text_add(out, "v");
      tsl__chart_coordinate(out, map->cell);
      tsl_text_add(out, "h");
      tsl__chart_coordinate(out, -(end - column) * map->cell);
      tsl_text_add(out, "z");
      column = end;
    }
  if (open)
    tsl_text_add(out, "\"/>");
}

void tsl__chart_heat_map(struct tsl__chart *chart, const struct tsl__heat_map *map) {
  paint(chart, map);
  tsl_text_add(chart->out, "<g shape-rendering=\"crispEdges\">");
  cover_gaps(chart, map);
  tsl_text_add(chart->out, "</g>");
}

void tsl__chart_colour_bar(struct tsl__chart *chart, double left, double top,
                           double height, double low, double high) {
  enum { STEPS = 48 };
  tsl_text_add(chart->out, "<g shape-rendering=\"crispEdges\">");
  for (int i = 0; i < STEPS; i++) {
    unsigned char rgb[3];
    tsl__colour_map((i + 0.5) / STEPS, rgb);
    tsl_text_format(chart->out,
                    "<path fill=\"#%02x%02x%02x\" d=\"M%.1f %.2fh12v%.2fh-12z\"/>",
                    rgb[0], rgb[1], rgb[2], left, top + height - (i + 1) * height / STEPS,
                    height / STEPS + 0.3);
  }
  tsl_text_add(chart->out, "</g>");
  struct tsl__scale scale = {.low = low, .high = high, .from = top + height, .to = top};
  double ticks[TSL__TICKS_MAX];
  char buffer[32];
  int count = tsl__scale_ticks(&scale, 5, ticks);
  for (int i = 0; i < count; i++)
    tsl__chart_text(chart, left + 17, tsl__scale_at(&scale, ticks[i]) + 3.5, TSL__START,
                    "mu sm", tsl__tick_print(buffer, ticks[i]));
}
