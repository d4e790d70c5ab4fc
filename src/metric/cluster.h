/* cluster.h - what the clustering metrics share: numbered groups and the table of two
 * partitions. */
#ifndef TEASEL_METRIC_CLUSTER_H
#define TEASEL_METRIC_CLUSTER_H

#include "teasel/metric.h"

/* A partition with its groups numbered 0 .. count-1 by rising label. */
struct tsl__partition {
  int count;
  int32_t *group;  /* (points) */
  int64_t *sizes;  /* (count) */
  int32_t *labels; /* (count) what each group was called */
};
/* Local. */
enum tsl_status tsl__partition_init(struct tsl__partition *out, const int32_t *labels,
                                    int64_t points, struct tsl_error *err);
void tsl__partition_release(struct tsl__partition *partition);

/* Local. Number of points in group r of one and group c of the other: (rows->count,
 * columns->count), free() it. */
enum tsl_status tsl__contingency(const struct tsl__partition *rows,
                                 const struct tsl__partition *columns, int64_t points,
                                 int64_t **out, struct tsl_error *err);

/* Local. True when there are at least two clusters and fewer than points, else the reason
 * is added. */
bool tsl__clusters_comparable(int clusters, int64_t points, struct tsl_text *reason);

/* Local. Mean of each group: (count, latent), free() it. */
enum tsl_status tsl__centroids(const struct tsl__partition *partition,
                               const double *codes, int64_t points, int64_t latent,
                               double **out, struct tsl_error *err);

/* Accuracy by representatives, with what ties at the largest value could change. */
struct tsl__makhzani {
  double accuracy;
  double least, most;       /* over all choices among tied representatives */
  int64_t *representatives; /* (cluster_count) */
  int64_t *ties;            /* (cluster_count) points with the largest value */
};
/* Local. input: clusters, labels, responsibilities. TSL_BAD_INPUT when a cluster is not
 * below cluster_count. */
enum tsl_status tsl__makhzani_init(struct tsl__makhzani *out,
                                   const struct tsl_metric_input *input,
                                   struct tsl_error *err);
void tsl__makhzani_release(struct tsl__makhzani *result);

#endif
