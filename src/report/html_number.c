#include "report/html.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static char *print_missing(char *buffer) {
  memcpy(buffer, "\xe2\x80\x93", 4); /* en dash */
  return buffer;
}

char *tsl__print_score(char *buffer, double value) {
  if (!isfinite(value))
    return print_missing(buffer);
  if (fabs(value) >= 10)
    return tsl__print_quantity(buffer, value);
  snprintf(buffer, 32, "%.3f", value);
  if (strcmp(buffer, "-0.000") == 0)
    snprintf(buffer, 32, "0.000");
  return buffer;
}

char *tsl__print_quantity(char *buffer, double value) {
  if (!isfinite(value))
    return print_missing(buffer);
  double size = fabs(value);
  if (size >= 1e7)
    snprintf(buffer, 32, "%.2e", value);
  else if (size >= 100)
    snprintf(buffer, 32, "%.0f", value);
  else if (value == floor(value))
    snprintf(buffer, 32, "%.0f", value + 0.0);
  else if (size >= 10)
    snprintf(buffer, 32, "%.1f", value);
  else if (size >= 1)
    snprintf(buffer, 32, "%.2f", value);
  else
    snprintf(buffer, 32, "%.3g", value);
  return buffer;
}
