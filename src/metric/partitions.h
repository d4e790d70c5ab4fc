/* partitions.h - a score of two partitions from their table. */
#ifndef TEASEL_METRIC_PARTITIONS_H
#define TEASEL_METRIC_PARTITIONS_H

#include "metric/cluster.h"

struct tsl__table {
  int64_t points;
  int rows, columns;     /* clusters, labels */
  const int64_t *counts; /* (rows, columns) */
  const int64_t *row_sizes;
  const int64_t *column_sizes;
};

/* Local. Makes the table of input's clusters and labels and gives it to `score`. */
enum tsl_status
tsl__partitions_score(const struct tsl_metric_input *input,
                      enum tsl_status (*score)(const struct tsl__table *table,
                                               double *out, struct tsl_error *err),
                      double *out, struct tsl_error *err);

/* Local. Mutual information in nats, never negative. */
double tsl__table_information(const struct tsl__table *table);
/* Local. Entropy in nats of groups of these sizes. */
double tsl__entropy(const int64_t *sizes, int count, int64_t points);

#endif
