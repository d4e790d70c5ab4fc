/* Calinski-Harabasz index (1974): variance between clusters over variance within, each by
 * its degrees of freedom. */
#include "metric/cluster.h"
#include "teasel/arena.h"

#include <math.h>
#include <stdlib.h>

static double index_of(const struct tsl__partition *partition,
                       const struct tsl_metric_input *input, const double *centres,
                       double *mean) {
  int64_t latent = input->latent;
  double between = 0, within = 0;
  for (int64_t i = 0; i < input->points; i++)
    for (int64_t k = 0; k < latent; k++)
      mean[k] += input->codes[i * latent + k] / (double)input->points;
  for (int c = 0; c < partition->count; c++)
    for (int64_t k = 0; k < latent; k++) {
      double apart = centres[c * latent + k] - mean[k];
      between += (double)partition->sizes[c] * apart * apart;
    }
  for (int64_t i = 0; i < input->points; i++)
    for (int64_t k = 0; k < latent; k++) {
      double apart =
          input->codes[i * latent + k] - centres[partition->group[i] * latent + k];
      within += apart * apart;
    }
  if (within == 0) /* points without spread score 1, as in scikit-learn */
    return 1;
  return between * (double)(input->points - partition->count) /
         (within * (partition->count - 1.0));
}

static enum tsl_status compute(const struct tsl_metric_input *input, double *out,
                               struct tsl_text *reason, struct tsl_error *err) {
  struct tsl__partition partition = {0};
  double *centres = NULL, *mean = NULL;
  *out = (double)NAN;
  TSL_TRY(tsl__partition_init(&partition, input->clusters, input->points, err));
  enum tsl_status status = TSL_OK;
  if (!tsl__clusters_comparable(partition.count, input->points, reason))
    goto done;
  status = tsl__centroids(&partition, input->codes, input->points, input->latent,
                          &centres, err);
  if (status == TSL_OK)
    status = tsl_allocate((void **)&mean, (size_t)input->latent, sizeof(double), err);
  if (status == TSL_OK)
    *out = index_of(&partition, input, centres, mean);
done:
  free(centres);
  free(mean);
  tsl__partition_release(&partition);
  return status;
}

const struct tsl_metric tsl_metric_calinski_harabasz = {
    .name = "calinski_harabasz",
    .summary = "Calinski-Harabasz index of the clusters (Calinski and Harabasz 1974).",
    .higher_is_better = true,
    .needs = TSL_METRIC_NEEDS_CLUSTERS,
    .compute = compute};
