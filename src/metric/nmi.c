/* Normalised mutual information: I(clusters, labels) over the mean of both entropies. */
#include "metric/partitions.h"

static enum tsl_status score(const struct tsl__table *table, double *out,
                             struct tsl_error *err) {
  (void)err;
  if (table->rows == 1 && table->columns == 1) { /* both undivided: the same partition */
    *out = 1;
    return TSL_OK;
  }
  double information = tsl__table_information(table);
  double entropies = tsl__entropy(table->row_sizes, table->rows, table->points) +
                     tsl__entropy(table->column_sizes, table->columns, table->points);
  bool undivided = table->rows == 1 || table->columns == 1;
  *out = undivided || information < 2.3e-16 ? 0 : information / (entropies / 2);
  return TSL_OK;
}

static enum tsl_status compute(const struct tsl_metric_input *input, double *out,
                               struct tsl_text *reason, struct tsl_error *err) {
  (void)reason;
  return tsl__partitions_score(input, score, out, err);
}

const struct tsl_metric tsl_metric_nmi = {
    .name = "nmi",
    .summary = "Mutual information of clusters and labels over the arithmetic mean of "
               "their entropies.",
    .higher_is_better = true,
    .needs = TSL_METRIC_NEEDS_CLUSTERS | TSL_METRIC_NEEDS_LABELS,
    .compute = compute};
