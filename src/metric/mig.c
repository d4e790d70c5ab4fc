/* Mutual information gap (Chen et al. 2018): mean over factors of the two largest
 * informations' difference over the factor's entropy. */
#include "metric/factor.h"

#include <math.h>

static enum tsl_status compute(const struct tsl_metric_input *input, double *out,
                               struct tsl_text *reason, struct tsl_error *err) {
  struct tsl__information information;
  *out = (double)NAN;
  if (!tsl__gap_defined(input, reason))
    return TSL_OK;
  TSL_TRY(tsl__information_init(&information, input, err));
  *out = tsl__mean_gap(information.information, input->latent, input->factor_count,
                       information.entropy);
  tsl__information_release(&information);
  return TSL_OK;
}

const struct tsl_metric tsl_metric_mig = {
    .name = "mig",
    .summary = "Mutual information gap with 20 equal-width bins per latent (Chen et al. "
               "2018).",
    .higher_is_better = true,
    .needs = TSL_METRIC_NEEDS_FACTORS,
    .compute = compute};
