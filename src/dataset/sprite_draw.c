/* dSprites (Matthey, Higgins, Hassabis, Lerchner 2017) re-created from its geometry: a
 * pixel is set when its centre lies inside the outline. Lengths are pixels, y runs down.
 */
#include "dataset/sprite_draw.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SQUARE, ELLIPSE, HEART, CORNERS_MAX = 150 };

static const double turn = 6.283185307179586476925286766559;

struct outline {
  int count;
  double x[CORNERS_MAX], y[CORNERS_MAX];
};

static void square(struct outline *outline) {
  const double half_side = 9.6;
  outline->count = 4;
  for (int i = 0; i < 4; i++) {
    outline->x[i] = i == 0 || i == 3 ? -half_side : half_side;
    outline->y[i] = i < 2 ? -half_side : half_side;
  }
}

static void ellipse(struct outline *outline) {
  outline->count = 72;
  for (int i = 0; i < outline->count; i++) {
    double t = turn * i / outline->count;
    outline->x[i] = 12.775 * cos(t);
    outline->y[i] = 7.22 * sin(t);
  }
}

static void heart(struct outline *outline) {
  outline->count = 150;
  for (int i = 0; i < outline->count; i++) {
    double t = turn * i / outline->count, s = sin(t);
    outline->x[i] = 9.6 * s * s * s;
    outline->y[i] =
        -0.6623 * (13 * cos(t) - 5 * cos(2 * t) - 2 * cos(3 * t) - cos(4 * t)) - 1.44;
  }
}

/* Scaled, turned, moved to its place. */
static void place(struct outline *outline, const int *levels) {
  double scale = 0.5 + 0.1 * levels[TSL__SPRITE_SCALE];
  /* The last orientation is a full turn: the first one, and no rounding between them. */
  double angle = -turn * (levels[TSL__SPRITE_ORIENTATION] % 39) / 39;
  double cosine = cos(angle), sine = sin(angle);
  double centre_x = 16 + 32.0 * levels[TSL__SPRITE_X] / 31;
  double centre_y = 16 + 32.0 * levels[TSL__SPRITE_Y] / 31;
  for (int i = 0; i < outline->count; i++) {
    double x = scale * outline->x[i], y = scale * outline->y[i];
    outline->x[i] = centre_x + x * cosine - y * sine;
    outline->y[i] = centre_y + x * sine + y * cosine;
  }
}

static int by_value(const void *a, const void *b) {
  double left = *(const double *)a, right = *(const double *)b;
  return (left > right) - (left < right);
}

/* Where the horizontal line at `height` crosses the outline, from left to right. An edge
 * holds its upper end only, so that a corner counts once. */
static int crossings(const struct outline *outline, double height, double *out) {
  int found = 0;
  for (int i = 0; i < outline->count; i++) {
    int next = i + 1 < outline->count ? i + 1 : 0;
    double y0 = outline->y[i], y1 = outline->y[next];
    if ((y0 <= height) == (y1 <= height))
      continue;
    double part = (height - y0) / (y1 - y0);
    out[found++] = outline->x[i] + part * (outline->x[next] - outline->x[i]);
  }
  if (found > 2)
    qsort(out, (size_t)found, sizeof *out, by_value);
  else if (found == 2 && out[0] > out[1]) {
    double held = out[0];
    out[0] = out[1];
    out[1] = held;
  }
  return found;
}

void tsl__sprite_draw(const int levels[TSL__SPRITE_FACTOR_COUNT], uint8_t *plane) {
  struct outline outline;
  static void (*const shapes[])(struct outline *) = {square, ellipse, heart};
  shapes[levels[TSL__SPRITE_SHAPE]](&outline);
  place(&outline, levels);
  memset(plane, 0, (size_t)TSL__SPRITE_SIDE * TSL__SPRITE_SIDE);
  for (int row = 0; row < TSL__SPRITE_SIDE; row++) {
    double cuts[CORNERS_MAX];
    int found = crossings(&outline, row + 0.5, cuts);
    for (int k = 0; k + 1 < found; k += 2) {
      /* Centres column + 0.5 in (cut, next cut]. */
      int first = (int)ceil(cuts[k] - 0.5), last = (int)ceil(cuts[k + 1] - 0.5);
      for (int column = first < 0 ? 0 : first; column < last; column++)
        if (column < TSL__SPRITE_SIDE)
          plane[row * TSL__SPRITE_SIDE + column] = 255;
    }
  }
}
