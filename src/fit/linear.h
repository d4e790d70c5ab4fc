/* linear.h - the two decompositions that the fits need, small, dense and in one order. */
#ifndef TEASEL_FIT_LINEAR_H
#define TEASEL_FIT_LINEAR_H

#include <stdbool.h>
#include <stdint.h>

/* Local. Lower Cholesky factor in place, upper part untouched; a: (size, size). False
 * when a is not positive definite. */
bool tsl__cholesky(double *a, int64_t size);
/* Local. Solves L L' x = b in place; factor: (size, size), b: (size) */
void tsl__cholesky_solve(const double *factor, int64_t size, double *b);
/* Local. Solves L x = b in place. */
void tsl__forward_solve(const double *factor, int64_t size, double *b);
/* Local. Eigenvalues and vectors of a symmetric matrix by cyclic Jacobi rotations (Golub
 * and Van Loan, 8.5), largest value first. a: (size, size), destroyed; values: (size);
 * vectors: (size, size), one a row. */
void tsl__eigen_symmetric(double *a, int64_t size, double *values, double *vectors);

#endif
