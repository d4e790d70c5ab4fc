#include "metric/rank.h"

#include <string.h>

enum { DIGIT_BITS = 11, DIGITS = 6, BINS = 1 << DIGIT_BITS };

/* Order of doubles as order of unsigned integers, -0 equal to +0: the magnitude above or
 * below the middle, so that low bits that are all zero stay so for either sign. */
static uint64_t key_of(double value) {
  uint64_t bits;
  memcpy(&bits, &value, sizeof bits);
  uint64_t magnitude = bits & ~((uint64_t)1 << 63);
  return ((uint64_t)1 << 63) + (bits >> 63 ? 0 - magnitude : magnitude);
}

/* Least significant digit first; a digit that all keys share is passed over, so that
 * values which were floats take four passes. Returns where the sorted items are. */
static struct tsl__rank_item *sort(struct tsl__rank_item *items,
                                   struct tsl__rank_item *other, size_t count) {
  uint64_t differ = 0;
  for (size_t i = 1; i < count; i++)
    differ |= items[i].key ^ items[0].key;
  for (int digit = 0; digit < DIGITS; digit++) {
    uint32_t starts[BINS] = {0};
    int shift = digit * DIGIT_BITS;
    if ((differ >> shift & (BINS - 1)) == 0)
      continue;
    for (size_t i = 0; i < count; i++)
      starts[items[i].key >> shift & (BINS - 1)]++;
    uint32_t sum = 0;
    for (int bin = 0; bin < BINS; bin++) {
      uint32_t held = starts[bin];
      starts[bin] = sum;
      sum += held;
    }
    for (size_t i = 0; i < count; i++)
      other[starts[items[i].key >> shift & (BINS - 1)]++] = items[i];
    struct tsl__rank_item *held = items;
    items = other;
    other = held;
  }
  return items;
}

void tsl__ranks(const double *values, int64_t count, struct tsl__rank_item *scratch,
                double *out, size_t stride) {
  size_t n = (size_t)count;
  for (size_t i = 0; i < n; i++)
    scratch[i] = (struct tsl__rank_item){key_of(values[i]), (uint32_t)i};
  struct tsl__rank_item *sorted = sort(scratch, scratch + n, n);
  for (size_t begin = 0; begin < n;) {
    size_t end = begin + 1;
    while (end < n && sorted[end].key == sorted[begin].key)
      end++;
    /* Ranks begin+1 .. end have the average (begin + 1 + end) / 2. */
    double twice = (double)(begin + 1 + end) - (double)(n + 1);
    for (size_t i = begin; i < end; i++)
      out[sorted[i].index * stride] = twice;
    begin = end;
  }
}
