/* report_statistic.h - medians, rank correlation and bootstrap intervals of a few hundred
 * numbers. NaN means 'no value' and is left out. */
#ifndef TEASEL_REPORT_STATISTIC_H
#define TEASEL_REPORT_STATISTIC_H

#include <stdint.h>

/* Even counts average the middle two; NaN without any finite value. values: (count) */
double tsl__median(const double *values, int count);
/* Linear interpolation between order statistics, part in 0..1. values: (count) */
double tsl__quantile(const double *values, int count, double part);
/* Spearman's correlation over the pairs where both are finite, average ranks for ties;
 * NaN for fewer than 3 pairs or a constant. x, y: (count) */
double tsl__spearman(const double *x, const double *y, int count);

struct tsl__interval {
  double value, low, high;
  int count; /* pairs */
};
/* Spearman's correlation with the 95% percentile bootstrap over pairs, drawn at `sub` of
 * the report's random numbers. x, y: (count) */
struct tsl__interval tsl__spearman_bootstrap(const double *x, const double *y, int count,
                                             uint32_t sub);

#endif
