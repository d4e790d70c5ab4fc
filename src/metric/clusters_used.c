/* Clusters to which at least one point belongs. */
#include "metric/cluster.h"

int tsl_clusters_choose(const double *logits, int64_t points, int components,
                        int32_t *chosen) {
  int used = 0;
  for (int64_t i = 0; i < points; i++) {
    const double *row = logits + i * components;
    chosen[i] = 0;
    for (int k = 1; k < components; k++)
      chosen[i] = row[k] > row[chosen[i]] ? k : chosen[i];
  }
  for (int k = 0; k < components; k++) {
    bool found = false;
    for (int64_t i = 0; i < points && !found; i++)
      found = chosen[i] == k;
    used += found;
  }
  return used;
}

static enum tsl_status compute(const struct tsl_metric_input *input, double *out,
                               struct tsl_text *reason, struct tsl_error *err) {
  (void)reason;
  struct tsl__partition partition;
  TSL_TRY(tsl__partition_init(&partition, input->clusters, input->points, err));
  *out = (double)partition.count;
  tsl__partition_release(&partition);
  return TSL_OK;
}

const struct tsl_metric tsl_metric_clusters_used = {
    .name = "clusters_used",
    .summary = "Clusters to which at least one point belongs.",
    .higher_is_better = true,
    .needs = TSL_METRIC_NEEDS_CLUSTERS | TSL_METRIC_NEEDS_RESPONSIBILITIES,
    .compute = compute};
