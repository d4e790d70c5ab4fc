#include "report/chart.h"

#include <math.h>

enum { NO_VALUE = TSL__COLOUR_LEVELS };

static int level(const struct tsl__heat_map *map, int row, int column) {
  double value = map->values[(int64_t)row * map->columns + column];
  if (isnan(value))
    return NO_VALUE;
  double part = map->high > map->low ? (value - map->low) / (map->high - map->low) : 0;
  return (int)lround(fmin(fmax(part, 0), 1) * (TSL__COLOUR_LEVELS - 1));
}

/* All cells of one level as one path, neighbours in a row joined: 115 x 115 cells take
 * some 150 KB instead of a megabyte of rectangles. */
static void level_path(struct tsl__chart *chart, const struct tsl__heat_map *map,
                       int wanted) {
  struct tsl_text *out = chart->out;
  bool open = false;
  for (int row = 0; row < map->rows; row++) {
    for (int column = 0; column < map->columns; column++) {
      if (level(map, row, column) != wanted)
        continue;
      int end = column + 1;
      while (end < map->columns && level(map, row, end) == wanted)
        end++;
      if (!open) {
        unsigned char rgb[3];
        tsl__colour_map((double)wanted / (TSL__COLOUR_LEVELS - 1), rgb);
        if (wanted == NO_VALUE)
          tsl_text_add(out, "<path class=\"na\" d=\"");
        else
          tsl_text_format(out, "<path fill=\"#%02x%02x%02x\" d=\"", rgb[0], rgb[1],
                          rgb[2]);
        open = true;
      }
      tsl_text_add(out, "M");
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
      column = end - 1;
    }
  }
  if (open)
    tsl_text_add(out, "\"/>");
}

void tsl__chart_heat_map(struct tsl__chart *chart, const struct tsl__heat_map *map) {
  tsl_text_add(chart->out, "<g shape-rendering=\"crispEdges\">");
  for (int wanted = 0; wanted <= NO_VALUE; wanted++)
    level_path(chart, map, wanted);
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
