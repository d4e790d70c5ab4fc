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
  int64_t b_row, c_row; /* floats from row to row; rows begin aligned to 64 bytes */
  bool add;
};

enum { TSL__MULTIPLY_LANES = 16 };

/* Only where tsl__dnnl_block() is 16. a: as told, b: (depth, columns), c: (rows,
 * columns) */
void tsl__multiply(const struct tsl__product *product, const float *a, const float *b,
                   float *c);
/* to[j][i] = from[i][j]; rows and columns multiples of 16, rows of both arrays aligned to
 * 64 bytes. from: (rows, columns), to: (columns, rows) */
void tsl__transpose(const float *from, int64_t rows, int64_t columns, float *to);

#endif
