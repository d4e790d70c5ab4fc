/* density.h - loops over the samples of a batch: log densities of normal distributions
 * and what share of a sum each has. Arrays without a shape: (batch). */
#ifndef TEASEL_NN_DENSITY_H
#define TEASEL_NN_DENSITY_H

#include <stdint.h>

#define TSL__LOG_2_PI 1.8378770664093454836

/* density_j = log N(z; mean_j, variance_j) */
void tsl__density_of_row(double *restrict density, float z, const float *restrict mean,
                         const float *restrict log_variance,
                         const float *restrict precision, int64_t batch);
/* density_i = log N(z_i; mean, variance) */
void tsl__density_of_column(double *restrict density, const float *restrict z, float mean,
                            float log_variance, float precision, int64_t batch);
/* share_j = exp(a_j + b_j - c) */
void tsl__shares(float *restrict share, const double *restrict a,
                 const double *restrict b, double c, int64_t batch);
/* share_i = exp(a_i + b_i - c_i) */
void tsl__shares_by_row(float *restrict share, const double *restrict a,
                        const double *restrict b, const double *restrict c,
                        int64_t batch);
void tsl__add_doubles(double *restrict to, const double *restrict x, int64_t batch);
void tsl__clear_doubles(double *to, int64_t batch);

#endif
