/* factor.h - what the factor metrics share. */
#ifndef TEASEL_METRIC_FACTOR_H
#define TEASEL_METRIC_FACTOR_H

#include "metric/cluster.h"

enum { TSL__BINS = 20 }; /* equal-width bins per latent, the default of the field */

/* Mutual information of binned latents and factors, in nats. */
struct tsl__information {
  int64_t latent;
  int factor_count;
  double *information; /* (latent, factor_count) */
  double *entropy;     /* (factor_count) */
};
/* Local. Latents are cut into 20 equal-width bins between their least and largest value;
 * continuous factors likewise, discrete ones hold indices. */
enum tsl_status tsl__information_init(struct tsl__information *out,
                                      const struct tsl_metric_input *input,
                                      struct tsl_error *err);
void tsl__information_release(struct tsl__information *information);

/* Local. Replaces each value by its place among the different values, from 0 by rising
 * value: what discrete factors are counted by. values: (points), stride apart. */
enum tsl_status tsl__index_values(double *values, int64_t stride, int64_t points,
                                  struct tsl_error *err);

/* Local. Mean over columns of largest less second largest of each: (rows, columns), each
 * column divided by scale (columns) when that is not NULL. rows is at least 2. */
double tsl__mean_gap(const double *matrix, int64_t rows, int columns,
                     const double *scale);

/* Local. The matrices that SAP's gaps are taken of: (latent, factor_count), free() it. */
enum tsl_status tsl__sap_continuous_matrix(const struct tsl_metric_input *input,
                                           double **out, struct tsl_error *err);
enum tsl_status tsl__sap_discrete_matrix(const struct tsl_metric_input *input,
                                         double **out, struct tsl_error *err);

/* Local. False with the reason when there are fewer than two latents or a factor of the
 * points (count, factor_count) never changes: then the gap is undefined. */
bool tsl__gap_defined(const struct tsl_metric_input *input, struct tsl_text *reason);

#endif
