#include "metric/partitions.h"

#include <math.h>
#include <stdlib.h>

enum tsl_status
tsl__partitions_score(const struct tsl_metric_input *input,
                      enum tsl_status (*score)(const struct tsl__table *table,
                                               double *out, struct tsl_error *err),
                      double *out, struct tsl_error *err) {
  struct tsl__partition clusters = {0}, labels = {0};
  int64_t *counts = NULL;
  enum tsl_status status =
      tsl__partition_init(&clusters, input->clusters, input->points, err);
  if (status == TSL_OK)
    status = tsl__partition_init(&labels, input->labels, input->points, err);
  if (status == TSL_OK)
    status = tsl__contingency(&clusters, &labels, input->points, &counts, err);
  if (status == TSL_OK) {
    struct tsl__table table = {input->points, clusters.count, labels.count,
                               counts,        clusters.sizes, labels.sizes};
    status = score(&table, out, err);
  }
  free(counts);
  tsl__partition_release(&clusters);
  tsl__partition_release(&labels);
  return status;
}

double tsl__table_information(const struct tsl__table *table) {
  double sum = 0, n = (double)table->points;
  for (int r = 0; r < table->rows; r++) {
    for (int c = 0; c < table->columns; c++) {
      double count = (double)table->counts[(int64_t)r * table->columns + c];
      if (count > 0)
        sum += count / n *
               (log(count / n) - log((double)table->row_sizes[r] / n) -
                log((double)table->column_sizes[c] / n));
    }
  }
  return sum > 0 ? sum : 0;
}

double tsl__entropy(const int64_t *sizes, int count, int64_t points) {
  double sum = 0;
  for (int i = 0; i < count; i++) {
    double p = (double)sizes[i] / (double)points;
    sum -= p > 0 ? p * log(p) : 0;
  }
  return sum > 0 ? sum : 0;
}
