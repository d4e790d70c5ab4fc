/* k-means with k-means++ starts (Arthur and Vassilvitskii 2007) and Lloyd's steps. */
#include "teasel/arena.h"
#include "teasel/fit.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct work {
  const struct tsl_kmeans_request *request;
  double *centres;     /* (clusters, features) */
  double *sums;        /* (clusters, features) */
  double *nearest;     /* (points) squared distance to the nearest centre */
  int64_t *sizes;      /* (clusters) */
  int32_t *assignment; /* (points) */
};

enum { LANES = 8, FEW = 32 };

/* Of many features (pictures): in eight sums, so that it becomes vectors; the same bits
 * whatever their width. a, b: (count) */
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
__attribute__((target_clones("avx512f", "avx2", "default")))
#endif
static double
long_distance(const double *restrict a, const double *restrict b, int64_t count) {
  double sums[LANES] = {0}, rest = 0;
  int64_t whole = count - count % LANES;
  for (int64_t k = 0; k < whole; k += LANES)
    for (int lane = 0; lane < LANES; lane++)
      sums[lane] += (a[k + lane] - b[k + lane]) * (a[k + lane] - b[k + lane]);
  for (int64_t k = whole; k < count; k++)
    rest += (a[k] - b[k]) * (a[k] - b[k]);
  return ((sums[0] + sums[4]) + (sums[1] + sums[5])) +
         ((sums[2] + sums[6]) + (sums[3] + sums[7])) + rest;
}

static double square_distance(const double *a, const double *b, int64_t count) {
  if (count >= FEW)
    return long_distance(a, b, count);
  double sum = 0;
  for (int64_t k = 0; k < count; k++)
    sum += (a[k] - b[k]) * (a[k] - b[k]);
  return sum;
}

static void set_centre(struct work *work, int cluster, int64_t point) {
  const struct tsl_kmeans_request *r = work->request;
  memcpy(work->centres + cluster * r->features, r->x + point * r->features,
         (size_t)r->features * sizeof(double));
}

/* Each next centre is a point drawn with its squared distance to the centres so far. */
static void start(struct work *work, int number) {
  const struct tsl_kmeans_request *r = work->request;
  set_centre(
      work, 0,
      (int64_t)tsl_random_below(&r->stream, (uint64_t)number, 0, 0, (uint64_t)r->points));
  for (int64_t i = 0; i < r->points; i++)
    work->nearest[i] = (double)INFINITY;
  for (int c = 1; c < r->clusters; c++) {
    double total = 0;
    for (int64_t i = 0; i < r->points; i++) {
      double square = square_distance(r->x + i * r->features,
                                      work->centres + (c - 1) * r->features, r->features);
      work->nearest[i] = fmin(work->nearest[i], square);
      total += work->nearest[i];
    }
    double at = total * tsl_random_double(&r->stream, (uint64_t)number, (uint32_t)c, 0);
    int64_t chosen = 0;
    for (double sum = 0; chosen < r->points - 1; chosen++) {
      sum += work->nearest[chosen];
      if (sum > at)
        break;
    }
    set_centre(work, c, chosen);
  }
}

/* True when a point moved; sums and sizes are those of the new assignment. */
static bool assign(struct work *work, double *inertia) {
  const struct tsl_kmeans_request *r = work->request;
  size_t values = (size_t)(r->clusters * r->features);
  bool moved = false;
  *inertia = 0;
  memset(work->sums, 0, values * sizeof(double));
  memset(work->sizes, 0, (size_t)r->clusters * sizeof(int64_t));
  for (int64_t i = 0; i < r->points; i++) {
    const double *point = r->x + i * r->features;
    double best = (double)INFINITY;
    int32_t winner = 0;
    for (int32_t c = 0; c < r->clusters; c++) {
      double square =
          square_distance(point, work->centres + c * r->features, r->features);
      if (square < best) {
        best = square;
        winner = c;
      }
    }
    moved = moved || work->assignment[i] != winner;
    work->assignment[i] = winner;
    work->nearest[i] = best;
    *inertia += best;
    work->sizes[winner]++;
    for (int64_t k = 0; k < r->features; k++)
      work->sums[winner * r->features + k] += point[k];
  }
  return moved;
}

static void move_centres(struct work *work) {
  const struct tsl_kmeans_request *r = work->request;
  for (int c = 0; c < r->clusters; c++) {
    if (work->sizes[c] == 0) {
      int64_t farthest = 0;
      for (int64_t i = 1; i < r->points; i++)
        farthest = work->nearest[i] > work->nearest[farthest] ? i : farthest;
      set_centre(work, c, farthest);
      work->nearest[farthest] = 0; /* the next emptied cluster takes another */
      continue;
    }
    for (int64_t k = 0; k < r->features; k++)
      work->centres[c * r->features + k] =
          work->sums[c * r->features + k] / (double)work->sizes[c];
  }
}

static double fit_once(struct work *work, int number) {
  double inertia;
  memset(work->assignment, -1, (size_t)work->request->points * sizeof(int32_t));
  start(work, number);
  for (int step = 0; assign(work, &inertia) && step < work->request->steps; step++)
    move_centres(work);
  return inertia;
}

static enum tsl_status allocate(struct work *work, struct tsl_kmeans *model,
                                struct tsl_error *err) {
  const struct tsl_kmeans_request *r = work->request;
  size_t centres = (size_t)(r->clusters * r->features), points = (size_t)r->points;
  TSL_TRY(tsl_allocate((void **)&work->centres, centres, sizeof(double), err));
  TSL_TRY(tsl_allocate((void **)&work->sums, centres, sizeof(double), err));
  TSL_TRY(tsl_allocate((void **)&work->nearest, points, sizeof(double), err));
  TSL_TRY(tsl_allocate((void **)&work->sizes, (size_t)r->clusters, sizeof(int64_t), err));
  TSL_TRY(tsl_allocate((void **)&work->assignment, points, sizeof(int32_t), err));
  TSL_TRY(tsl_allocate((void **)&model->centres, centres, sizeof(double), err));
  return tsl_allocate((void **)&model->assignment, points, sizeof(int32_t), err);
}

enum tsl_status tsl_kmeans_fit(const struct tsl_kmeans_request *request,
                               struct tsl_kmeans *out, struct tsl_error *err) {
  if (request->clusters < 1 || request->points < request->clusters ||
      request->features < 1)
    return tsl_error_set(err, TSL_BAD_INPUT, "k-means",
                         "%lld points cannot be put into %d clusters",
                         (long long)request->points, request->clusters);
  struct work work = {.request = request};
  struct tsl_kmeans model = {.clusters = request->clusters,
                             .features = request->features,
                             .inertia = (double)INFINITY};
  enum tsl_status status = allocate(&work, &model, err);
  for (int number = 0; number < request->starts && status == TSL_OK; number++) {
    double inertia = fit_once(&work, number);
    if (!(inertia < model.inertia))
      continue;
    model.inertia = inertia;
    memcpy(model.centres, work.centres,
           (size_t)(request->clusters * request->features) * sizeof(double));
    memcpy(model.assignment, work.assignment, (size_t)request->points * sizeof(int32_t));
  }
  free(work.centres);
  free(work.sums);
  free(work.nearest);
  free(work.sizes);
  free(work.assignment);
  if (status == TSL_OK)
    *out = model;
  else
    tsl_kmeans_release(&model);
  return status;
}

void tsl_kmeans_release(struct tsl_kmeans *model) {
  free(model->centres);
  free(model->assignment);
  *model = (struct tsl_kmeans){0};
}
