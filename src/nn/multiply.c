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

/* Quarters of four vectors: out[q] = the quarter q of each of a, b, c, d. */
TSL__WIDE_INLINE void deal_quarters(__m512 a, __m512 b, __m512 c, __m512 d, __m512 *out) {
  __m512 ab_low = _mm512_shuffle_f32x4(a, b, 0x44),
         ab_high = _mm512_shuffle_f32x4(a, b, 0xee);
  __m512 cd_low = _mm512_shuffle_f32x4(c, d, 0x44),
         cd_high = _mm512_shuffle_f32x4(c, d, 0xee);
  out[0] = _mm512_shuffle_f32x4(ab_low, cd_low, 0x88);
  out[1] = _mm512_shuffle_f32x4(ab_low, cd_low, 0xdd);
  out[2] = _mm512_shuffle_f32x4(ab_high, cd_high, 0x88);
  out[3] = _mm512_shuffle_f32x4(ab_high, cd_high, 0xdd);
}

/* A block of 16x16: 4x4 blocks within quarters of vectors, then the quarters. */
TSL__WIDE_INLINE void transpose_block(const float *from, int64_t from_row, float *to,
                                      int64_t to_row) {
  __m512 mixed[4][4]; /* of rows 4 g ...: column k of each quarter */
#pragma GCC unroll 4
  for (int g = 0; g < 4; g++) {
    const float *at = from + 4 * g * from_row;
    __m512 a = _mm512_load_ps(at), b = _mm512_load_ps(at + from_row);
    __m512 c = _mm512_load_ps(at + 2 * from_row), d = _mm512_load_ps(at + 3 * from_row);
    __m512 ab_low = _mm512_unpacklo_ps(a, b), ab_high = _mm512_unpackhi_ps(a, b);
    __m512 cd_low = _mm512_unpacklo_ps(c, d), cd_high = _mm512_unpackhi_ps(c, d);
    mixed[0][g] = _mm512_shuffle_ps(ab_low, cd_low, 0x44);
    mixed[1][g] = _mm512_shuffle_ps(ab_low, cd_low, 0xee);
    mixed[2][g] = _mm512_shuffle_ps(ab_high, cd_high, 0x44);
    mixed[3][g] = _mm512_shuffle_ps(ab_high, cd_high, 0xee);
  }
#pragma GCC unroll 4
  for (int k = 0; k < 4; k++) {
    __m512 out[4];
    deal_quarters(mixed[k][0], mixed[k][1], mixed[k][2], mixed[k][3], out);
#pragma GCC unroll 4
    for (int q = 0; q < 4; q++)
      _mm512_store_ps(to + (4 * q + k) * to_row, out[q]);
  }
}

TSL__WIDE void tsl__transpose(const float *from, int64_t rows, int64_t columns,
                              float *to) {
  for (int64_t j = 0; j < columns; j += LANES) {
    for (int64_t i = 0; i < rows; i += LANES)
      transpose_block(from + i * columns + j, columns, to + j * rows + i, rows);
  }
}

#else

void tsl__transpose(const float *from, int64_t rows, int64_t columns, float *to) {
  for (int64_t i = 0; i < rows; i++) {
    for (int64_t j = 0; j < columns; j++)
      to[j * rows + i] = from[i * columns + j];
  }
}

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
