/* baselines.h - clusterings without a clustering model, scored as one. */
#ifndef TEASEL_COMPARE_BASELINES_H
#define TEASEL_COMPARE_BASELINES_H

#include "teasel/job.h"
#include "teasel/random.h"
#include "teasel/status.h"

#include <stdint.h>

/* A Gaussian mixture of more features than this is fitted to the first so many principal
 * components: a full covariance of every pixel has more numbers than there are points. */
enum { TSL__BASELINE_FEATURES_MAX = 50, TSL__BASELINE_SCORES = 5 };

/* Names of the metrics, in the order of a baseline's scores. */
extern const char *const tsl__baseline_metrics[TSL__BASELINE_SCORES];

/* A clustering with how certain each point is of each cluster. */
struct tsl__clustering {
  int32_t *clusters; /* (points) */
  double *certainty; /* (points, cluster_count), the larger the surer */
  int cluster_count;
};
struct tsl__clustering_request {
  const double *x; /* (points, features) */
  int64_t points, features;
  int clusters; /* 1 .. points */
  struct tsl_stream stream;
};
/* Local. k-means, the best of 10 starts; the nearer a cluster's centre (-distance^2), the
 * more certain. inertia: NULL allowed. TSL_BAD_INPUT when there are fewer points than
 * clusters. */
enum tsl_status tsl__clustering_kmeans(const struct tsl__clustering_request *request,
                                       struct tsl__clustering *out, double *inertia,
                                       struct tsl_error *err);
void tsl__clustering_release(struct tsl__clustering *clustering);

/* The random numbers of k-means on the latents of the run with this seed, in scores.csv
 * and in clusters.csv: the same numbers in both. */
static inline struct tsl_stream tsl__kmeans_stream(int64_t seed) {
  return (struct tsl_stream){(uint64_t)seed, TSL_PURPOSE_FIT, 0};
}

struct tsl__baseline_request {
  enum tsl_baseline method;
  const double *x;       /* (points, features) */
  const int32_t *labels; /* (points) */
  int64_t points, features;
  int clusters;
  struct tsl_stream stream;
};
struct tsl__baseline {
  double scores[TSL__BASELINE_SCORES]; /* NaN: undefined, see note */
  int used;                            /* clusters that have a point */
  double fit;     /* inertia of k-means, mean log likelihood of a mixture; NaN: none */
  char note[256]; /* why there are no scores; "" */
};
/* Local. Fits and scores. A mixture that collapses, or more clusters than points, is a
 * note and no failure. */
enum tsl_status tsl__baseline_score(const struct tsl__baseline_request *request,
                                    struct tsl__baseline *out, struct tsl_error *err);

#endif
