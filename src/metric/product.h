/* product.h - dot products of columns, every one summed over points from first to last:
 * its bits depend on the two columns alone, not on the neighbours, the place, or the
 * instruction set (multiplication and addition stay two roundings everywhere). */
#ifndef TEASEL_METRIC_PRODUCT_H
#define TEASEL_METRIC_PRODUCT_H

#include <stdint.h>

enum { TSL__PANEL = 8 }; /* columns that stand together: (points, 8) */

/* Local. out[r][c] = sum over points of a[.][r] * b[.][c] for row_panels and
 * column_panels consecutive panels. a: (row_panels, points, 8), b: (column_panels,
 * points, 8), out: (row_panels * 8, column_panels * 8). */
void tsl__product(const double *a, int64_t row_panels, const double *b,
                  int64_t column_panels, int64_t points, double *out);

#endif
