/* Modularity (Ridgeway and Mozer 2018) as in disentanglement_lib: mean over latents of 1
 * less the share of squared information that is not about the latent's best factor; a
 * latent without information scores 0. */
#include "metric/factor.h"

#include <math.h>

static enum tsl_status compute(const struct tsl_metric_input *input, double *out,
                               struct tsl_text *reason, struct tsl_error *err) {
  struct tsl__information information;
  int factors = input->factor_count;
  *out = (double)NAN;
  if (factors < 2) {
    tsl_text_add(reason, "needs two factors");
    return TSL_OK;
  }
  TSL_TRY(tsl__information_init(&information, input, err));
  double total = 0;
  for (int64_t a = 0; a < input->latent; a++) {
    double sum = 0, most = 0;
    for (int j = 0; j < factors; j++) {
      double value = information.information[a * factors + j];
      sum += value * value;
      most = fmax(most, value * value);
    }
    total += most > 0 ? 1 - (sum - most) / (most * (factors - 1)) : 0;
  }
  *out = total / (double)input->latent;
  tsl__information_release(&information);
  return TSL_OK;
}

const struct tsl_metric tsl_metric_modularity = {
    .name = "modularity",
    .summary = "Modularity of the mutual information with 20 equal-width bins per latent "
               "(Ridgeway and Mozer 2018).",
    .higher_is_better = true,
    .needs = TSL_METRIC_NEEDS_FACTORS,
    .compute = compute};
