#include "nn/multiply.h"

#include "nn/wide.h"

#if TSL__WIDE_BUILT

enum { LANES = TSL__MULTIPLY_LANES, ROWS_MAX = 16, VECTORS_MAX = 3 };

/* `rows` by `vectors` * 16 elements, held in registers. */
TSL__WIDE_INLINE void multiply_tile(const struct tsl__product *product, const float *a,
                                    const float *b, float *c, int rows, int vectors) {
  const int64_t a_row = product->a_row, a_depth = product->a_depth;
  const int64_t b_row = product->b_row, c_row = product->c_row;
  __m512 sums[ROWS_MAX][VECTORS_MAX];
#pragma GCC unroll 16
  for (int i = 0; i < rows; i++) {
#pragma GCC unroll 3
    for (int v = 0; v < vectors; v++)
      sums[i][v] =
          product->add ? _mm512_load_ps(c + i * c_row + v * LANES) : _mm512_setzero_ps();
  }
  for (int64_t k = 0; k < product->depth; k++) {
    __m512 row[VECTORS_MAX];
#pragma GCC unroll 3
    for (int v = 0; v < vectors; v++)
      row[v] = _mm512_load_ps(b + v * LANES);
#pragma GCC unroll 16
    for (int i = 0; i < rows; i++) {
      __m512 factor = _mm512_set1_ps(a[i * a_row]);
#pragma GCC unroll 3
      for (int v = 0; v < vectors; v++)
        sums[i][v] = _mm512_fmadd_ps(factor, row[v], sums[i][v]);
    }
    a += a_depth;
    b += b_row;
  }
#pragma GCC unroll 16
  for (int i = 0; i < rows; i++) {
#pragma GCC unroll 3
    for (int v = 0; v < vectors; v++)
      _mm512_store_ps(c + i * c_row + v * LANES, sums[i][v]);
  }
}

/* All rows of `vectors` * 16 columns, `most` rows at once. */
TSL__WIDE_INLINE void multiply_panel(const struct tsl__product *product, const float *a,
                                     const float *b, float *c, int most, int vectors) {
  int64_t i = 0;
  for (; i + most <= product->rows; i += most)
    multiply_tile(product, a + i * product->a_row, b, c + i * product->c_row, most,
                  vectors);
  for (; i + 4 <= product->rows; i += 4)
    multiply_tile(product, a + i * product->a_row, b, c + i * product->c_row, 4, vectors);
  for (; i < product->rows; i++)
    multiply_tile(product, a + i * product->a_row, b, c + i * product->c_row, 1, vectors);
}

TSL__WIDE void tsl__multiply(const struct tsl__product *product, const float *a,
                             const float *b, float *c) {
  int64_t left = product->columns / LANES;
  while (left > 0) {
    /* 3 vectors by 8 rows keep both multipliers busy; 4 = 2 + 2 is better than 3 + 1. */
    int vectors = left == 1 ? 1 : left == 2 || left == 4 ? 2 : 3;
    if (vectors == 3)
      multiply_panel(product, a, b, c, 8, 3);
    else if (vectors == 2)
      multiply_panel(product, a, b, c, 12, 2);
    else
      multiply_panel(product, a, b, c, 16, 1);
    b += vectors * LANES;
    c += vectors * LANES;
    left -= vectors;
  }
}

#else

void tsl__multiply(const struct tsl__product *product, const float *a, const float *b,
                   float *c) {
  for (int64_t i = 0; i < product->rows; i++) {
    for (int64_t j = 0; j < product->columns; j++) {
      float sum = product->add ? c[i * product->c_row + j] : 0.0F;
      for (int64_t k = 0; k < product->depth; k++)
        sum += a[i * product->a_row + k * product->a_depth] * b[k * product->b_row + j];
      c[i * product->c_row + j] = sum;
    }
  }
}

#endif
