/* Davies-Bouldin index (1979): mean over clusters of the largest (s_i + s_j) / d_ij, s
 * the mean distance to the centroid, d the distance of centroids. */
#include "metric/cluster.h"
#include "teasel/arena.h"

#include <math.h>
#include <stdlib.h>

static double distance(const double *a, const double *b, int64_t count) {
  double sum = 0;
  for (int64_t k = 0; k < count; k++)
    sum += (a[k] - b[k]) * (a[k] - b[k]);
  return sqrt(sum);
}

/* Clusters whose centroids coincide do not count against each other; all distances zero
 * (within 1e-8) scores 0, both as in scikit-learn. */
static double index_of(const double *centres, const double *spread, int count,
                       int64_t latent) {
  double widest = 0, farthest = 0, total = 0;
  for (int i = 0; i < count; i++) {
    double worst = 0;
    widest = fmax(widest, spread[i]);
    for (int j = 0; j < count; j++) {
      double apart = distance(centres + i * latent, centres + j * latent, latent);
      farthest = fmax(farthest, apart);
      if (apart > 0)
        worst = fmax(worst, (spread[i] + spread[j]) / apart);
    }
    total += worst;
  }
  return widest <= 1e-8 || farthest <= 1e-8 ? 0 : total / count;
}

static enum tsl_status compute(const struct tsl_metric_input *input, double *out,
                               struct tsl_text *reason, struct tsl_error *err) {
  struct tsl__partition partition = {0};
  double *centres = NULL, *spread = NULL;
  *out = (double)NAN;
  TSL_TRY(tsl__partition_init(&partition, input->clusters, input->points, err));
  enum tsl_status status = TSL_OK;
  if (!tsl__clusters_comparable(partition.count, input->points, reason))
    goto done;
  status = tsl__centroids(&partition, input->codes, input->points, input->latent,
                          &centres, err);
  if (status == TSL_OK)
    status = tsl_allocate((void **)&spread, (size_t)partition.count, sizeof(double), err);
  if (status != TSL_OK)
    goto done;
  for (int64_t i = 0; i < input->points; i++) {
    int32_t c = partition.group[i];
    spread[c] += distance(input->codes + i * input->latent, centres + c * input->latent,
                          input->latent);
  }
  for (int c = 0; c < partition.count; c++)
    spread[c] /= (double)partition.sizes[c];
  *out = index_of(centres, spread, partition.count, input->latent);
done:
  free(centres);
  free(spread);
  tsl__partition_release(&partition);
  return status;
}

const struct tsl_metric tsl_metric_davies_bouldin = {
    .name = "davies_bouldin",
    .summary = "Davies-Bouldin index of the clusters (Davies and Bouldin 1979); lower is "
               "better.",
    .higher_is_better = false,
    .needs = TSL_METRIC_NEEDS_CLUSTERS,
    .compute = compute};
