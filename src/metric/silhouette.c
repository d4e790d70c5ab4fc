/* Silhouette (Rousseeuw 1987), mean over points of (b - a) / max(a, b): a the mean
 * Euclidean distance to the others of the own cluster, b the least mean distance to
 * another cluster. A point alone in its cluster scores 0.
 *
 * Eight points at a time stand in the lanes of vectors and meet all points cluster by
 * cluster, so memory is linear in points and the order of every sum is fixed. */
#include "metric/cluster.h"
#include "teasel/arena.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LANES = 8, TOGETHER = 4 };

#pragma GCC diagnostic ignored "-Wpsabi" /* vectors stay inside inlined functions */
typedef double lanes __attribute__((vector_size(64), aligned(8), may_alias));

struct layout {
  int64_t points, latent;
  int clusters;
  int64_t *begin; /* (clusters + 1) in the sorted order */
  int32_t *own;   /* (points) cluster, sorted */
  double *sorted; /* (points, latent), cluster after cluster */
  double *panel;  /* (latent, LANES) */
  double *sums;   /* (clusters, LANES) */
};

static inline __attribute__((always_inline)) lanes square_root(lanes x) {
  double values[LANES];
  memcpy(values, &x, sizeof values);
  for (int t = 0; t < LANES; t++)
    values[t] = sqrt(values[t]);
  memcpy(&x, values, sizeof values);
  return x;
}

/* Distances of the panel's points to `count` points, summed in order. */
static inline __attribute__((always_inline)) lanes
add_distances(const double *panel, const double *others, int64_t count, int64_t latent) {
  const lanes *point = (const lanes *)panel;
  lanes sum = {0};
  int64_t j = 0;
  for (; j + TOGETHER <= count; j += TOGETHER) {
    const double *other = others + j * latent;
    lanes square[TOGETHER] = {{0}};
    for (int64_t k = 0; k < latent; k++) {
      for (int t = 0; t < TOGETHER; t++) {
        lanes difference = point[k] - other[t * latent + k];
        square[t] += difference * difference;
      }
    }
    for (int t = 0; t < TOGETHER; t++)
      sum += square_root(square[t]);
  }
  for (; j < count; j++) {
    const double *other = others + j * latent;
    lanes square = {0};
    for (int64_t k = 0; k < latent; k++) {
      lanes difference = point[k] - other[k];
      square += difference * difference;
    }
    sum += square_root(square);
  }
  return sum;
}

static inline __attribute__((always_inline)) void
panel_sums_inline(const struct layout *l) {
  for (int c = 0; c < l->clusters; c++)
    *(lanes *)(l->sums + (int64_t)c * LANES) =
        add_distances(l->panel, l->sorted + l->begin[c] * l->latent,
                      l->begin[c + 1] - l->begin[c], l->latent);
}

#if defined(__x86_64__)
__attribute__((target("avx512f"))) static void panel_sums_avx512(const struct layout *l) {
  panel_sums_inline(l);
}
__attribute__((target("avx2"))) static void panel_sums_avx2(const struct layout *l) {
  panel_sums_inline(l);
}
#endif
static void panel_sums_plain(const struct layout *l) {
  panel_sums_inline(l);
}

static void panel_sums(const struct layout *l) {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f")) {
    panel_sums_avx512(l);
    return;
  }
  if (__builtin_cpu_supports("avx2")) {
    panel_sums_avx2(l);
    return;
  }
#endif
  panel_sums_plain(l);
}

/* Silhouette of sorted point i, which stands in this lane. */
static double score_lane(const struct layout *l, int64_t i, int lane) {
  int own = l->own[i];
  int64_t size = l->begin[own + 1] - l->begin[own];
  if (size == 1)
    return 0;
  double a = l->sums[own * LANES + lane] / (double)(size - 1), b = (double)INFINITY;
  for (int c = 0; c < l->clusters; c++)
    if (c != own)
      b = fmin(b, l->sums[c * LANES + lane] / (double)(l->begin[c + 1] - l->begin[c]));
  double most = fmax(a, b);
  return most > 0 ? (b - a) / most : 0;
}

static double score_all(struct layout *l) {
  double total = 0;
  for (int64_t i = 0; i < l->points; i += LANES) {
    int64_t left = l->points - i;
    int count = left < LANES ? (int)left : LANES;
    for (int64_t k = 0; k < l->latent; k++)
      for (int t = 0; t < LANES; t++)
        l->panel[k * LANES + t] = l->sorted[(i + (t < count ? t : 0)) * l->latent + k];
    panel_sums(l);
    for (int t = 0; t < count; t++)
      total += score_lane(l, i + t, t);
  }
  return total / (double)l->points;
}

static enum tsl_status layout_init(struct layout *l, const struct tsl__partition *p,
                                   const struct tsl_metric_input *input,
                                   struct tsl_error *err) {
  size_t points = (size_t)l->points, latent = (size_t)l->latent;
  size_t clusters = (size_t)l->clusters;
  TSL_TRY(tsl_allocate((void **)&l->begin, clusters + 2, sizeof(int64_t), err));
  TSL_TRY(tsl_allocate((void **)&l->own, points, sizeof(int32_t), err));
  TSL_TRY(tsl_allocate((void **)&l->sorted, points, latent * sizeof(double), err));
  TSL_TRY(tsl_allocate((void **)&l->panel, latent, LANES * sizeof(double), err));
  TSL_TRY(tsl_allocate((void **)&l->sums, clusters, LANES * sizeof(double), err));
  /* A counting sort: begin[c + 1] is where the next point of c goes. */
  int64_t *next = l->begin + 1;
  for (size_t c = 1; c < clusters; c++)
    next[c] = next[c - 1] + p->sizes[c - 1];
  for (size_t i = 0; i < points; i++) {
    int64_t place = next[p->group[i]]++;
    l->own[place] = p->group[i];
    memcpy(l->sorted + (size_t)place * latent, input->codes + i * latent,
           latent * sizeof(double));
  }
  return TSL_OK;
}

static enum tsl_status compute(const struct tsl_metric_input *input, double *out,
                               struct tsl_text *reason, struct tsl_error *err) {
  struct tsl__partition partition = {0};
  *out = (double)NAN;
  TSL_TRY(tsl__partition_init(&partition, input->clusters, input->points, err));
  struct layout layout = {
      .points = input->points, .latent = input->latent, .clusters = partition.count};
  enum tsl_status status = TSL_OK;
  if (tsl__clusters_comparable(partition.count, input->points, reason)) {
    status = layout_init(&layout, &partition, input, err);
    if (status == TSL_OK)
      *out = score_all(&layout);
  }
  free(layout.begin);
  free(layout.own);
  free(layout.sorted);
  free(layout.panel);
  free(layout.sums);
  tsl__partition_release(&partition);
  return status;
}

const struct tsl_metric tsl_metric_silhouette = {
    .name = "silhouette",
    .summary = "Mean silhouette of the clusters by Euclidean distance (Rousseeuw 1987).",
    .higher_is_better = true,
    .needs = TSL_METRIC_NEEDS_CLUSTERS,
    .compute = compute};
