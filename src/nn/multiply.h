/* multiply.h - products of small matrices on AVX-512, for kernels whose operands the
 * caller lays out. Every element is one chain of fused multiply-adds over the depth, in
 * order, so its bits depend on no blocking.
 */
#ifndef TEASEL_NN_MULTIPLY_H
#define TEASEL_NN_MULTIPLY_H

#include <stdbool.h>
#include <stdint.h>

/* c[i][j] = (add ? c[i][j] : 0) + sum over k of a[i * a_row + k * a_depth] * b[k][j] */
struct tsl__product {
  int64_t rows, columns, depth; /* columns: a multiple of 16 */
  int64_t a_row, a_depth;       /* floats from element to element of a */
  int64_t b_row, c_row;  /* floats from row to row; rows begin aligned to 64 bytes */
  const int64_t *places; /* (depth), of pairs alone: where the elements of a row of a lie,
                            in place of k * a_depth; or NULL */
  bool add;
  bool pairs; /* an element of a and of b is a pair of bfloat16, neighbours in depth,
                 whose two products are added: where tsl__dnnl_bfloat16() */
};

enum { TSL__MULTIPLY_LANES = 16 };

/* Only where tsl__dnnl_block() is 16. a: as told, b: (depth, columns), c: (rows,
 * columns) */
void tsl__multiply(const struct tsl__product *product, const float *a, const float *b,
                   float *c);
/* The sum of `shards` such products (a power of two; no pairs, no add), each made whole
 * and then added in pairs, as a tree over shards: c is written once. a_shard, b_shard:
 * floats from shard to shard */
struct tsl__shards {
  int64_t count, a_shard, b_shard;
};
void tsl__multiply_shards(const struct tsl__product *product,
                          const struct tsl__shards *shards, const float *a,
                          const float *b, float *c);
/* to[j][i] = from[i][j]; rows and columns multiples of 16, rows of both arrays aligned to
 * 64 bytes. from: (rows, columns), to: (columns, rows) */
void tsl__transpose(const float *from, int64_t rows, int64_t columns, float *to);

/* Numbers rounded to bfloat16, two in the place of a float, the first in the low half.
 * along: of neighbours, x: (2 count); across: of two rows, (count) each. count: a
 * multiple of 8 (along) or 16 (across); pairs: (count) */
void tsl__pairs_along(const float *x, int64_t count, float *pairs);
void tsl__pairs_across(const float *first, const float *second, int64_t count,
                       float *pairs);
/* Numbers rounded to bfloat16, one after the other. x, to: (count) */
void tsl__halves(const float *x, int64_t count, uint16_t *to);
/* Rows of pairs along, (rows, count), to pairs of rows, (rows / 2, 2 count), of their
 * numbers; a row after the last is 0. count: a multiple of 8 */
void tsl__pairs_turn(const float *along, int64_t rows, int64_t count, float *across);
/* Windows of 4 numbers, each 2 behind the last, to pairs of windows of their numbers,
 * `step` floats from pair to pair; a window after the last is 0. line: up to four
 * numbers behind the windows are read. */
void tsl__pairs_of_windows(const uint16_t *line, int64_t windows, float *pairs,
                           int64_t step);
/* Rows of 16 numbers to pairs of rows, `step` floats from pair to pair. x: (rows, 16) */
void tsl__pairs_of_rows(const float *x, int64_t rows, float *pairs, int64_t step);

#endif
