/* Adjusted Rand index (Hubert and Arabie 1985) from the four counts of point pairs. */
#include "metric/partitions.h"

static double square(int64_t count) {
  return (double)count * (double)count;
}

static enum tsl_status score(const struct tsl__table *table, double *out,
                             struct tsl_error *err) {
  (void)err;
  double cells = 0, rows = 0, columns = 0, n = (double)table->points;
  for (int64_t i = 0; i < (int64_t)table->rows * table->columns; i++)
    cells += square(table->counts[i]);
  for (int i = 0; i < table->rows; i++)
    rows += square(table->row_sizes[i]);
  for (int i = 0; i < table->columns; i++)
    columns += square(table->column_sizes[i]);
  /* Ordered pairs together in both, in one only, in neither. */
  double both = cells - n, row_only = rows - cells, column_only = columns - cells;
  double neither = n * n - both - row_only - column_only - n;
  if (row_only == 0 && column_only == 0) {
    *out = 1;
    return TSL_OK;
  }
  *out = 2 * (both * neither - row_only * column_only) /
         ((both + row_only) * (row_only + neither) +
          (both + column_only) * (column_only + neither));
  return TSL_OK;
}

static enum tsl_status compute(const struct tsl_metric_input *input, double *out,
                               struct tsl_text *reason, struct tsl_error *err) {
  (void)reason;
  return tsl__partitions_score(input, score, out, err);
}

const struct tsl_metric tsl_metric_ari = {
    .name = "ari",
    .summary =
        "Rand index of clusters and labels, adjusted for chance (Hubert and Arabie "
        "1985).",
    .higher_is_better = true,
    .needs = TSL_METRIC_NEEDS_CLUSTERS | TSL_METRIC_NEEDS_LABELS,
    .compute = compute};
