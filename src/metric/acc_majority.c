/* Accuracy when each cluster takes its most frequent label: purity. */
#include "metric/partitions.h"

static enum tsl_status score(const struct tsl__table *table, double *out,
                             struct tsl_error *err) {
  (void)err;
  int64_t right = 0;
  for (int r = 0; r < table->rows; r++) {
    int64_t most = 0;
    for (int c = 0; c < table->columns; c++) {
      int64_t count = table->counts[(int64_t)r * table->columns + c];
      most = count > most ? count : most;
    }
    right += most;
  }
  *out = (double)right / (double)table->points;
  return TSL_OK;
}

static enum tsl_status compute(const struct tsl_metric_input *input, double *out,
                               struct tsl_text *reason, struct tsl_error *err) {
  (void)reason;
  return tsl__partitions_score(input, score, out, err);
}

const struct tsl_metric tsl_metric_acc_majority = {
    .name = "acc_majority",
    .summary = "Accuracy when each cluster takes its most frequent label (purity).",
    .higher_is_better = true,
    .needs = TSL_METRIC_NEEDS_CLUSTERS | TSL_METRIC_NEEDS_LABELS,
    .compute = compute};
