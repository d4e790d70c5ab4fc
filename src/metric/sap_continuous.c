/* SAP for continuous factors (Kumar et al. 2018): the gap of squared correlations. */
#include "metric/factor.h"
#include "teasel/arena.h"

#include <math.h>
#include <stdlib.h>

static double mean_of(const double *values, int64_t stride, int64_t points) {
  double sum = 0;
  for (int64_t i = 0; i < points; i++)
    sum += values[i * stride];
  return sum / (double)points;
}

/* cov^2 / (var var) with points - 1 below the lines; 0 for a latent that hardly varies,
 * as in disentanglement_lib. */
static double squared_correlation(const struct tsl_metric_input *input, int64_t a,
                                  int j) {
  const double *x = input->codes + a, *y = input->factors + j;
  int64_t down = input->latent, across = input->factor_count;
  double x_mean = mean_of(x, down, input->points);
  double y_mean = mean_of(y, across, input->points);
  double xx = 0, yy = 0, xy = 0, divisor = (double)input->points - 1;
  for (int64_t i = 0; i < input->points; i++) {
    double dx = x[i * down] - x_mean, dy = y[i * across] - y_mean;
    xx += dx * dx;
    yy += dy * dy;
    xy += dx * dy;
  }
  xx /= divisor;
  yy /= divisor;
  xy /= divisor;
  return xx > 1e-12 && yy > 0 ? xy * xy / (xx * yy) : 0;
}

enum tsl_status tsl__sap_continuous_matrix(const struct tsl_metric_input *input,
                                           double **out, struct tsl_error *err) {
  TSL_TRY(tsl_allocate((void **)out, (size_t)input->latent,
                       (size_t)input->factor_count * sizeof(double), err));
  for (int64_t a = 0; a < input->latent; a++)
    for (int j = 0; j < input->factor_count; j++)
      (*out)[a * input->factor_count + j] = squared_correlation(input, a, j);
  return TSL_OK;
}

static enum tsl_status compute(const struct tsl_metric_input *input, double *out,
                               struct tsl_text *reason, struct tsl_error *err) {
  double *matrix = NULL;
  *out = (double)NAN;
  if (!tsl__gap_defined(input, reason))
    return TSL_OK;
  TSL_TRY(tsl__sap_continuous_matrix(input, &matrix, err));
  *out = tsl__mean_gap(matrix, input->latent, input->factor_count, NULL);
  free(matrix);
  return TSL_OK;
}

const struct tsl_metric tsl_metric_sap_continuous = {
    .name = "sap_continuous",
    .summary = "SAP: mean gap of the two largest squared correlations of a factor with "
               "single latents (Kumar et al. 2018).",
    .higher_is_better = true,
    .needs = TSL_METRIC_NEEDS_FACTORS,
    .compute = compute};
