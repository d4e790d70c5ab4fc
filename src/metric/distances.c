#include "metric/distances.h"

#include <math.h>
#include <string.h>

enum {
  LANES = TSL__DISTANCE_LANES,
  WIDE = 2, /* vectors of columns at once, at most */
  HIGH = 4  /* rows at once, at most */
};

#pragma GCC diagnostic ignored "-Wpsabi" /* vectors stay inside inlined functions */
typedef double lanes __attribute__((vector_size(64), aligned(8), may_alias));
typedef int64_t masks __attribute__((vector_size(64), aligned(8), may_alias));

#define INLINE static inline __attribute__((always_inline))

INLINE lanes square_root(lanes x) {
  double values[LANES];
  memcpy(values, &x, sizeof values);
  for (int t = 0; t < LANES; t++)
    values[t] = sqrt(values[t]);
  memcpy(&x, values, sizeof values);
  return x;
}

/* sum + x * x, rounded once. */
INLINE lanes add_square(lanes x, lanes sum) {
  double values[LANES], sums[LANES];
  memcpy(values, &x, sizeof values);
  memcpy(sums, &sum, sizeof sums);
  for (int t = 0; t < LANES; t++)
    sums[t] = __builtin_fma(values[t], values[t], sums[t]);
  memcpy(&sum, sums, sizeof sums);
  return sum;
}

/* `height` rows against `wide` vectors of columns from `column` on, both known when
 * compiled. The lanes of `there` that are 0 hold no column. */
INLINE void meet(const struct tsl__distances *d, int64_t row, const int height,
                 int64_t column, const int wide, masks there, lanes *along) {
  lanes square[HIGH][WIDE] = {{{0}}};
  const int64_t latent = d->latent;
  const int64_t stride = (d->column_count + LANES - 1) / LANES * LANES;
  const double *rows = d->rows + row * latent, *columns = d->panel + column;
  for (int64_t k = 0; k < latent; k++) {
    lanes other[WIDE];
#pragma GCC unroll 2
    for (int v = 0; v < wide; v++)
      other[v] = *(const lanes *)(columns + k * stride + v * LANES);
#pragma GCC unroll 4
    for (int r = 0; r < height; r++) {
#pragma GCC unroll 2
      for (int v = 0; v < wide; v++)
        square[r][v] = add_square(other[v] - rows[r * latent + k], square[r][v]);
    }
  }
  lanes *down = (lanes *)(d->column_sums + column);
#pragma GCC unroll 2
  for (int v = 0; v < wide; v++) {
    lanes sum = down[v];
#pragma GCC unroll 4
    for (int r = 0; r < height; r++) {
      lanes distance = square_root(square[r][v]);
      distance = (lanes)((masks)distance & there);
      along[r] += distance;
      sum += distance;
    }
    down[v] = sum;
  }
}

/* `height` rows against the whole panel. */
INLINE void pass(const struct tsl__distances *d, int64_t row, const int height) {
  const masks all = ~(masks){0};
  lanes along[HIGH];
  lanes *sums = (lanes *)(d->row_sums + row * LANES);
#pragma GCC unroll 4
  for (int r = 0; r < height; r++)
    along[r] = sums[r];
  int64_t column = 0;
  for (; column + WIDE * LANES <= d->column_count; column += WIDE * LANES)
    meet(d, row, height, column, WIDE, all, along);
  for (; column < d->column_count; column += LANES) {
    masks there = {0};
    for (int t = 0; t < LANES; t++)
      there[t] = column + t < d->column_count ? -1 : 0;
    meet(d, row, height, column, 1, there, along);
  }
#pragma GCC unroll 4
  for (int r = 0; r < height; r++)
    sums[r] = along[r];
}

INLINE void add_inline(const struct tsl__distances *d, const int height) {
  int64_t row = 0;
  for (; row + height <= d->row_count; row += height)
    pass(d, row, height);
  for (; row < d->row_count; row++)
    pass(d, row, 1);
}

#if defined(__x86_64__)
__attribute__((target("avx512f"))) static void
add_avx512(const struct tsl__distances *request) {
  add_inline(request, HIGH);
}
__attribute__((target("avx2,fma"))) static void
add_avx2(const struct tsl__distances *request) {
  add_inline(request, HIGH / 2);
}
#endif

void tsl__distances_add_plain(const struct tsl__distances *request) {
  add_inline(request, 1);
}

void tsl__distances_add(const struct tsl__distances *request) {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f")) {
    add_avx512(request);
    return;
  }
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
    add_avx2(request);
    return;
  }
#endif
  tsl__distances_add_plain(request);
}
