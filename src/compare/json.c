#include "compare/json.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

void tsl__json_number(struct tsl_text *out, double value) {
  if (!isfinite(value)) {
    tsl_text_add(out, "null");
    return;
  }
  if (value == floor(value) && fabs(value) < 1e15) {
    tsl_text_format(out, "%.0f", value);
    return;
  }
  char buffer[40];
  for (int digits = 15; digits <= 17; digits++) {
    snprintf(buffer, sizeof buffer, "%.*g", digits, value);
    if (digits == 17 || strtod(buffer, NULL) == value)
      break;
  }
  tsl_text_add(out, buffer);
}

void tsl__json_array(struct tsl_text *out, const double *values, const int64_t *dims,
                     int rank) {
  int64_t stride = 1;
  for (int i = 1; i < rank; i++)
    stride *= dims[i];
  tsl_text_add(out, "[");
  for (int64_t i = 0; i < dims[0]; i++) {
    if (i > 0)
      tsl_text_add(out, ", ");
    if (rank == 1)
      tsl__json_number(out, values[i]);
    else
      tsl__json_array(out, values + i * stride, dims + 1, rank - 1);
  }
  tsl_text_add(out, "]");
}

void tsl__json_key(struct tsl_text *out, const char *key) {
  bool first = out->length > 0 && out->bytes[out->length - 1] == '{';
  tsl_text_format(out, "%s\"%s\": ", first ? "" : ",\n ", key);
}
