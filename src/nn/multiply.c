#include "nn/multiply.h"

#include "nn/wide.h"
#include "teasel/status.h"

#include <stddef.h>

#if TSL__WIDE_BUILT

/* AHEAD: rows of b that are fetched ahead, since its rows may lie pages apart, where the
 * processor foresees nothing. */
enum { LANES = TSL__MULTIPLY_LANES, ROWS_MAX = 16, VECTORS_MAX = 3, AHEAD = 16 };

enum factors { FLOATS, PAIRS, PLACED /* pairs, at places */ };

TSL__WIDE_INLINE __m512 multiply_add(__m512 a, __m512 b, __m512 sum,
                                     enum factors factors) {
  return factors == FLOATS ? _mm512_fmadd_ps(a, b, sum)
                           : _mm512_dpbf16_ps(sum, (__m512bh)a, (__m512bh)b);
}

/* `rows` by `vectors` * 16 elements, held in registers. */
struct tile {
  __m512 sums[ROWS_MAX][VECTORS_MAX];
};

TSL__WIDE_INLINE void sum_tile(const struct tsl__product *product, const float *a,
                               const float *b, struct tile *tile, int rows, int vectors,
                               enum factors factors) {
  const int64_t a_row = product->a_row, a_depth = product->a_depth;
  for (int64_t k = 0; k < product->depth; k++) {
    const float *at = a + (factors == PLACED ? product->places[k] : k * a_depth);
    __m512 row[VECTORS_MAX];
#pragma GCC unroll 3
    for (int v = 0; v < vectors; v++) {
      row[v] = _mm512_load_ps(b + v * LANES);
      _mm_prefetch((const char *)(b + AHEAD * product->b_row + v * LANES), _MM_HINT_T0);
    }
#pragma GCC unroll 16
    for (int i = 0; i < rows; i++) {
      __m512 factor = _mm512_set1_ps(at[i * a_row]);
#pragma GCC unroll 3
      for (int v = 0; v < vectors; v++)
        tile->sums[i][v] = multiply_add(factor, row[v], tile->sums[i][v], factors);
    }
    b += product->b_row;
  }
}

TSL__WIDE_INLINE void clear_tile(struct tile *tile, int rows, int vectors) {
#pragma GCC unroll 16
  for (int i = 0; i < rows; i++) {
#pragma GCC unroll 3
    for (int v = 0; v < vectors; v++)
      tile->sums[i][v] = _mm512_setzero_ps();
  }
}

/* c: rows `step` floats apart */
TSL__WIDE_INLINE void store_tile(const struct tile *tile, float *c, int64_t step,
                                 int rows, int vectors) {
#pragma GCC unroll 16
  for (int i = 0; i < rows; i++) {
#pragma GCC unroll 3
    for (int v = 0; v < vectors; v++)
      _mm512_store_ps(c + i * step + v * LANES, tile->sums[i][v]);
  }
}

TSL__WIDE_INLINE void add_to_tile(struct tile *tile, const float *c, int64_t step,
                                  int rows, int vectors) {
#pragma GCC unroll 16
  for (int i = 0; i < rows; i++) {
#pragma GCC unroll 3
    for (int v = 0; v < vectors; v++)
      tile->sums[i][v] =
          _mm512_add_ps(_mm512_load_ps(c + i * step + v * LANES), tile->sums[i][v]);
  }
}

TSL__WIDE_INLINE void multiply_tile(const struct tsl__product *product, const float *a,
                                    const float *b, float *c, int rows, int vectors,
                                    enum factors factors) {
  struct tile tile;
  clear_tile(&tile, rows, vectors);
  if (product->add)
    add_to_tile(&tile, c, product->c_row, rows, vectors);
  sum_tile(product, a, b, &tile, rows, vectors, factors);
  store_tile(&tile, c, product->c_row, rows, vectors);
}

/* All rows of `vectors` * 16 columns, `most` rows at once. */
TSL__WIDE_INLINE void multiply_panel(const struct tsl__product *product, const float *a,
                                     const float *b, float *c, int most, int vectors,
                                     enum factors factors) {
  int64_t i = 0;
  for (; i + most <= product->rows; i += most)
    multiply_tile(product, a + i * product->a_row, b, c + i * product->c_row, most,
                  vectors, factors);
  for (; i + 4 <= product->rows; i += 4)
    multiply_tile(product, a + i * product->a_row, b, c + i * product->c_row, 4, vectors,
                  factors);
  for (; i < product->rows; i++)
    multiply_tile(product, a + i * product->a_row, b, c + i * product->c_row, 1, vectors,
                  factors);
}

TSL__WIDE_INLINE void multiply_all(const struct tsl__product *product, const float *a,
                                   const float *b, float *c, enum factors factors) {
  int64_t left = product->columns / LANES;
  while (left > 0) {
    /* 3 vectors by 8 rows keep both multipliers busy; 4 = 2 + 2 is better than 3 + 1. */
    int vectors = left == 1 ? 1 : left == 2 || left == 4 ? 2 : 3;
    if (vectors == 3)
      multiply_panel(product, a, b, c, 8, 3, factors);
    else if (vectors == 2)
      multiply_panel(product, a, b, c, 12, 2, factors);
    else
      multiply_panel(product, a, b, c, 16, 1, factors);
    b += vectors * LANES;
    c += vectors * LANES;
    left -= vectors;
  }
}

TSL__WIDE static void multiply_pairs(const struct tsl__product *product, const float *a,
                                     const float *b, float *c) {
  multiply_all(product, a, b, c, PAIRS);
}

TSL__WIDE static void multiply_placed(const struct tsl__product *product, const float *a,
                                      const float *b, float *c) {
  multiply_all(product, a, b, c, PLACED);
}

TSL__WIDE static void multiply_floats(const struct tsl__product *product, const float *a,
                                      const float *b, float *c) {
  multiply_all(product, a, b, c, FLOATS);
}

void tsl__multiply(const struct tsl__product *product, const float *a, const float *b,
                   float *c) {
  if (product->places != NULL)
    multiply_placed(product, a, b, c);
  else if (product->pairs)
    multiply_pairs(product, a, b, c);
  else
    multiply_floats(product, a, b, c);
}

/* ---- sums over shards ---- */

enum { LEVELS = 16, TILE_FLOATS = ROWS_MAX * VECTORS_MAX * LANES };

/* Shard after shard; partial sums of 2^level shards wait in `room` as a binary counter
 * carries. room: (levels, TILE_FLOATS) */
TSL__WIDE_INLINE void shards_tile(const struct tsl__product *product,
                                  const struct tsl__shards *shards, const float *a,
                                  const float *b, float *c, float *room, int rows,
                                  int vectors) {
  const int64_t step = vectors * LANES;
  for (int64_t s = 0; s < shards->count; s++) {
    struct tile tile;
    float *level = room;
    clear_tile(&tile, rows, vectors);
    sum_tile(product, a + s * shards->a_shard, b + s * shards->b_shard, &tile, rows,
             vectors, FLOATS);
    for (int64_t carry = s; carry % 2 != 0; carry /= 2, level += TILE_FLOATS)
      add_to_tile(&tile, level, step, rows, vectors);
    if (s + 1 < shards->count)
      store_tile(&tile, level, step, rows, vectors);
    else
      store_tile(&tile, c, product->c_row, rows, vectors);
  }
}

TSL__WIDE_INLINE void shards_panel(const struct tsl__product *product,
                                   const struct tsl__shards *shards, const float *a,
                                   const float *b, float *c, int most, int vectors) {
  _Alignas(64) float room[LEVELS * TILE_FLOATS];
  int64_t i = 0;
  for (; i + most <= product->rows; i += most)
    shards_tile(product, shards, a + i * product->a_row, b, c + i * product->c_row, room,
                most, vectors);
  for (; i < product->rows; i++)
    shards_tile(product, shards, a + i * product->a_row, b, c + i * product->c_row, room,
                1, vectors);
}

TSL__WIDE void tsl__multiply_shards(const struct tsl__product *product,
                                    const struct tsl__shards *shards, const float *a,
                                    const float *b, float *c) {
  int64_t left = product->columns / LANES;
  while (left > 0) {
    int vectors = left == 1 ? 1 : left == 2 || left == 4 ? 2 : 3;
    if (vectors == 3)
      shards_panel(product, shards, a, b, c, 8, 3);
    else if (vectors == 2)
      shards_panel(product, shards, a, b, c, 12, 2);
    else
      shards_panel(product, shards, a, b, c, 16, 1);
    b += vectors * LANES;
    c += vectors * LANES;
    left -= vectors;
  }
}

/* ---- bfloat16 ---- */

/* Two vectors, rounded, in the halves of 16 words. */
TSL__WIDE_INLINE __m512i pair(__m512 low, __m512 high) {
  __m512i a = _mm512_cvtepu16_epi32((__m256i)_mm512_cvtneps_pbh(low));
  __m512i b = _mm512_cvtepu16_epi32((__m256i)_mm512_cvtneps_pbh(high));
  return _mm512_or_si512(a, _mm512_slli_epi32(b, 16));
}

TSL__WIDE void tsl__pairs_along(const float *x, int64_t count, float *pairs) {
  for (int64_t i = 0; i < count; i += LANES / 2)
    _mm256_storeu_si256((__m256i *)(void *)(pairs + i),
                        (__m256i)_mm512_cvtneps_pbh(_mm512_loadu_ps(x + 2 * i)));
}

TSL__WIDE void tsl__halves(const float *x, int64_t count, uint16_t *to) {
  for (int64_t i = 0; i < count; i += LANES) {
    __mmask16 there = count - i < LANES ? (__mmask16)((1U << (count - i)) - 1U) : 0xffffU;
    __m512 some = _mm512_maskz_loadu_ps(there, x + i);
    _mm256_mask_storeu_epi16(to + i, there, (__m256i)_mm512_cvtneps_pbh(some));
  }
}

TSL__WIDE void tsl__pairs_across(const float *first, const float *second, int64_t count,
                                 float *pairs) {
  for (int64_t i = 0; i < count; i += LANES)
    _mm512_storeu_si512(pairs + i,
                        pair(_mm512_loadu_ps(first + i), _mm512_loadu_ps(second + i)));
}

TSL__WIDE void tsl__pairs_turn(const float *along, int64_t rows, int64_t count,
                               float *across) {
  const __m256i *at = (const __m256i *)(const void *)along;
  const int64_t row = count / (LANES / 2);
  for (int64_t i = 0; i < rows; i += 2, at += 2 * row) {
    for (int64_t k = 0; k < row; k++, across += LANES) {
      __m256i a = _mm256_loadu_si256(at + k);
      __m256i b =
          i + 1 < rows ? _mm256_loadu_si256(at + row + k) : _mm256_setzero_si256();
      _mm512_storeu_si512(
          across, _mm512_or_si512(_mm512_cvtepu16_epi32(a),
                                  _mm512_slli_epi32(_mm512_cvtepu16_epi32(b), 16)));
    }
  }
}

TSL__WIDE void tsl__pairs_of_windows(const uint16_t *line, int64_t windows, float *pairs,
                                     int64_t step) {
  /* Bytes of the numbers 0, 2, 1, 3, 2, 4, 3, 5: each of a window and of the next. */
  const __m128i both = _mm_setr_epi8(0, 1, 4, 5, 2, 3, 6, 7, 4, 5, 8, 9, 6, 7, 10, 11);
  for (int64_t w = 0; w < windows; w += 2, pairs += step) {
    __m128i some = _mm_loadu_si128((const __m128i *)(const void *)(line + 2 * w));
    some = _mm_shuffle_epi8(some, both);
    if (w + 1 == windows)
      some = _mm_and_si128(some, _mm_set1_epi32(0xffff));
    _mm_storeu_si128((__m128i *)(void *)pairs, some);
  }
}

TSL__WIDE void tsl__pairs_of_rows(const float *x, int64_t rows, float *pairs,
                                  int64_t step) {
  for (int64_t i = 0; i < rows; i += 2, pairs += step) {
    __m512 second =
        i + 1 < rows ? _mm512_loadu_ps(x + (i + 1) * LANES) : _mm512_setzero_ps();
    _mm512_storeu_si512(pairs, pair(_mm512_loadu_ps(x + i * LANES), second));
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

void tsl__multiply_shards(const struct tsl__product *product,
                          const struct tsl__shards *shards, const float *a,
                          const float *b, float *c) {
  (void)product, (void)shards, (void)a, (void)b, (void)c;
  TSL_BUG("sums over shards are made with AVX-512");
}

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

void tsl__pairs_along(const float *x, int64_t count, float *pairs) {
  (void)x, (void)count, (void)pairs;
  TSL_BUG("bfloat16 needs AVX512-BF16");
}

void tsl__halves(const float *x, int64_t count, uint16_t *to) {
  (void)x, (void)count, (void)to;
  TSL_BUG("bfloat16 needs AVX512-BF16");
}

void tsl__pairs_across(const float *first, const float *second, int64_t count,
                       float *pairs) {
  (void)first, (void)second, (void)count, (void)pairs;
  TSL_BUG("bfloat16 needs AVX512-BF16");
}

void tsl__pairs_turn(const float *along, int64_t rows, int64_t count, float *across) {
  (void)along, (void)rows, (void)count, (void)across;
  TSL_BUG("bfloat16 needs AVX512-BF16");
}

void tsl__pairs_of_windows(const uint16_t *line, int64_t windows, float *pairs,
                           int64_t step) {
  (void)line, (void)windows, (void)pairs, (void)step;
  TSL_BUG("bfloat16 needs AVX512-BF16");
}

void tsl__pairs_of_rows(const float *x, int64_t rows, float *pairs, int64_t step) {
  (void)x, (void)rows, (void)pairs, (void)step;
  TSL_BUG("bfloat16 needs AVX512-BF16");
}

#endif
