#include "report/chart.h"

#include <math.h>
#include <stddef.h>
#include <stdio.h>

/* Every 32nd colour of viridis (van der Walt and Smith 2015, public domain), with
 * straight lines between them. */
static const unsigned char anchors[][3] = {
    {68, 1, 84},    {71, 44, 122}, {59, 81, 139},  {44, 113, 142}, {33, 144, 141},
    {39, 173, 129}, {92, 200, 99}, {170, 220, 50}, {253, 231, 37},
};
enum { ANCHORS = sizeof anchors / sizeof anchors[0] };

void tsl__colour_map(double value, unsigned char rgb[3]) {
  if (!(value > 0)) /* NaN too */
    value = 0;
  double at = fmin(value, 1) * (ANCHORS - 1);
  int below = (int)fmin(floor(at), ANCHORS - 2);
  double part = at - below;
  for (int c = 0; c < 3; c++)
    rgb[c] = (unsigned char)lround((1 - part) * anchors[below][c] +
                                   part * anchors[below + 1][c]);
}

const char *tsl__colour_anchor(int index) {
  static const char *const names[ANCHORS] = {
      "#440154", "#472c7a", "#3b518b", "#2c718e", "#21908d",
      "#27ad81", "#5cc863", "#aadc32", "#fde725",
  };
  return index >= 0 && index < ANCHORS ? names[index] : NULL;
}

bool tsl__colour_is_light(const unsigned char rgb[3]) {
  /* Relative luminance of WCAG 2.1; black and white contrast equally at 0.179. */
  static const double weight[3] = {0.2126, 0.7152, 0.0722};
  double luminance = 0;
  for (int c = 0; c < 3; c++) {
    double v = rgb[c] / 255.0;
    luminance += weight[c] * (v <= 0.03928 ? v / 12.92 : pow((v + 0.055) / 1.055, 2.4));
  }
  return luminance > 0.179;
}
