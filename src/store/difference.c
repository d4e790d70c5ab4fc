#include "store/difference.h"

#include <math.h>
#include <string.h>

void tsl_difference_init(struct tsl_difference *difference) {
  memset(difference, 0, sizeof *difference);
  tsl_text_init(&difference->lines);
}

void tsl_difference_release(struct tsl_difference *difference) {
  tsl_text_release(&difference->lines);
}

/* Bits as a number that grows with the value: neighbours in it are neighbouring floats.
 */
static uint32_t rank_float(float value) {
  const uint32_t sign = UINT32_C(1) << 31;
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  return (bits & sign) != 0 ? ~bits : bits | sign;
}

static uint64_t rank_double(double value) {
  const uint64_t sign = UINT64_C(1) << 63;
  uint64_t bits;
  memcpy(&bits, &value, sizeof bits);
  return (bits & sign) != 0 ? ~bits : bits | sign;
}

uint64_t tsl_ulps_float(float a, float b) {
  uint32_t one = rank_float(a), other = rank_float(b);
  return one > other ? one - other : other - one;
}

uint64_t tsl_ulps_double(double a, double b) {
  uint64_t one = rank_double(a), other = rank_double(b);
  return one > other ? one - other : other - one;
}

/* Values at an index, and their distance. */
static void compare_at(const struct tsl_array *a, const struct tsl_array *b, int64_t i,
                       struct tsl__spot *out) {
  int64_t one, other;
  switch (a->type) {
  case TSL_ARRAY_F32:
    out->a = (double)((const float *)a->data)[i];
    out->b = (double)((const float *)b->data)[i];
    out->ulps = tsl_ulps_float(((const float *)a->data)[i], ((const float *)b->data)[i]);
    return;
  case TSL_ARRAY_F64:
    out->a = ((const double *)a->data)[i];
    out->b = ((const double *)b->data)[i];
    out->ulps = tsl_ulps_double(out->a, out->b);
    return;
  case TSL_ARRAY_U8:
    one = ((const unsigned char *)a->data)[i];
    other = ((const unsigned char *)b->data)[i];
    break;
  case TSL_ARRAY_I32:
    one = ((const int32_t *)a->data)[i];
    other = ((const int32_t *)b->data)[i];
    break;
  default:
    one = ((const int64_t *)a->data)[i];
    other = ((const int64_t *)b->data)[i];
    break;
  }
  out->a = (double)one;
  out->b = (double)other;
  out->ulps =
      one > other ? (uint64_t)one - (uint64_t)other : (uint64_t)other - (uint64_t)one;
}

void tsl__spot_find(const struct tsl_array *a, const struct tsl_array *b,
                    struct tsl__spot *out) {
  memset(out, 0, sizeof *out);
  const int64_t count = tsl_array_count(a);
  if (count == 0 ||
      memcmp(a->data, b->data, (size_t)count * tsl_array_type_bytes(a->type)) == 0)
    return;
  for (int64_t i = 0; i < count; i++) {
    struct tsl__spot here = {0};
    compare_at(a, b, i, &here);
    if (here.ulps == 0)
      continue;
    if (out->differing++ == 0) {
      out->first = i;
      out->a = here.a;
      out->b = here.b;
      out->ulps = here.ulps;
    }
    out->most = here.ulps > out->most ? here.ulps : out->most;
  }
}

static void add_value(struct tsl_text *out, double value, enum tsl_array_type type) {
  if (type == TSL_ARRAY_F32)
    tsl_text_format(out, "%.9g", value);
  else
    tsl_text_add_number(out, value);
}

void tsl__spot_values(const struct tsl__spot *spot, enum tsl_array_type type,
                      struct tsl_text *out) {
  add_value(out, spot->a, type);
  tsl_text_add(out, " and ");
  add_value(out, spot->b, type);
  if (!isnan(spot->a) && !isnan(spot->b) &&
      (type == TSL_ARRAY_F32 || type == TSL_ARRAY_F64))
    tsl_text_format(out, ", %llu ulp%s apart", (unsigned long long)spot->ulps,
                    spot->ulps == 1 ? "" : "s");
}

void tsl__difference_begin(struct tsl_difference *out, const char *run,
                           const char *product) {
  if (run != NULL)
    tsl_text_format(&out->lines, "runs/%s/", run);
  tsl_text_format(&out->lines, "%s: ", product);
}

void tsl__difference_end(struct tsl_difference *out) {
  tsl_text_add(&out->lines, "\n");
  out->count++;
}

void tsl__difference_only(struct tsl_difference *out, const char *run,
                          const char *product, bool in_first) {
  tsl__difference_begin(out, run, product);
  tsl_text_format(&out->lines, "only in the %s", in_first ? "first" : "second");
  tsl__difference_end(out);
}
