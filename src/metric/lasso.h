/* lasso.h - the Lasso from Gram matrices, many targets at a time. */
#ifndef TEASEL_METRIC_LASSO_H
#define TEASEL_METRIC_LASSO_H

#include <stdbool.h>
#include <stdint.h>

/* Targets in one vector, and vectors that are solved together: the sweeps of several hide
 * each other's waiting. */
enum { TSL__LASSO_LANES = 8, TSL__LASSO_TOGETHER = 4 };

/* Local. For each of panels * 8 targets y: min over w of |y - X w|^2 / (2 n) + penalty
 * |w|_1, with X and y centred, so that the intercept is the mean. Cyclic coordinate
 * descent from 0 (Friedman et al. 2010, section 2.2) until the optimality conditions hold
 * within 1e-13, lane by lane: a lane that is there stands still, so its bits do not
 * depend on the other lanes. True when all came within 1e-10.
 * A predictor whose diagonal of gram is 0 is left out: its w is 0.
 * gram: (count, count) X'X/n; moments: X'y/n of target t at [a * stride + t]; out: |w_a|
 * likewise; scratch: (2 * TOGETHER * LANES * count). */
bool tsl__lasso(const double *gram, int64_t count, const double *moments, int64_t panels,
                int64_t stride, double penalty, double *scratch, double *out);

#endif
