#include "nn/density.h"

#include "nn/vector.h"

TSL__VECTOR void tsl__density_of_row(double *restrict density, float z,
                                     const float *restrict mean,
                                     const float *restrict log_variance,
                                     const float *restrict precision, int64_t batch) {
  for (int64_t j = 0; j < batch; j++) {
    double difference = (double)z - (double)mean[j];
    density[j] = -0.5 * (TSL__LOG_2_PI + (double)log_variance[j] +
                         difference * difference * (double)precision[j]);
  }
}

TSL__VECTOR void tsl__density_of_column(double *restrict density, const float *restrict z,
                                        float mean, float log_variance, float precision,
                                        int64_t batch) {
  for (int64_t i = 0; i < batch; i++) {
    double difference = (double)z[i] - (double)mean;
    density[i] = -0.5 * (TSL__LOG_2_PI + (double)log_variance +
                         difference * difference * (double)precision);
  }
}

TSL__VECTOR void tsl__shares(float *restrict share, const double *restrict a,
                             const double *restrict b, double c, int64_t batch) {
  for (int64_t j = 0; j < batch; j++)
    share[j] = tsl__exp((float)(a[j] + b[j] - c));
}

TSL__VECTOR void tsl__shares_by_row(float *restrict share, const double *restrict a,
                                    const double *restrict b, const double *restrict c,
                                    int64_t batch) {
  for (int64_t i = 0; i < batch; i++)
    share[i] = tsl__exp((float)(a[i] + b[i] - c[i]));
}

TSL__VECTOR void tsl__add_doubles(double *restrict to, const double *restrict x,
                                  int64_t batch) {
  for (int64_t j = 0; j < batch; j++)
    to[j] += x[j];
}

void tsl__clear_doubles(double *to, int64_t batch) {
  for (int64_t j = 0; j < batch; j++)
    to[j] = 0;
}
