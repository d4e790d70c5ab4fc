/* The first principal components by subspace iteration (Halko, Martinsson and Tropp 2011,
 * algorithm 4.4): no matrix of features by features is ever made, so pictures of
 * thousands of pixels can be projected. */
#include "fit/linear.h"
#include "teasel/arena.h"
#include "teasel/fit.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SPARE = 10, ROUNDS_MAX = 60 };

struct work {
  const double *x; /* (points, features) */
  int64_t points, features;
  int64_t width;   /* columns that are iterated: some more than are asked for */
  double *basis;   /* (features, width), orthonormal columns */
  double *product; /* (features, width): covariance times basis */
  double *centred; /* (features) one point less the mean */
  double *along;   /* (width) its coordinates */
  double *inner;   /* (width, width): basis' covariance basis */
  double *values;  /* (width) */
  double *turns;   /* (width, width) */
};

/* out += factor row; both (count). Products and sums are rounded apart, so the bits do
 * not depend on the width of the vectors. */
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
__attribute__((target_clones("avx512f", "avx2", "default")))
#endif
static void
add_scaled(double *restrict out, const double *restrict row, double factor,
           int64_t count) {
  for (int64_t k = 0; k < count; k++)
    out[k] += factor * row[k];
}

/* product = covariance basis, inner = basis' covariance basis. mean: (features) */
static void multiply(struct work *work, const double *mean) {
  int64_t d = work->features, width = work->width;
  double below = work->points > 1 ? (double)(work->points - 1) : 1;
  memset(work->product, 0, (size_t)(d * width) * sizeof(double));
  memset(work->inner, 0, (size_t)(width * width) * sizeof(double));
  for (int64_t i = 0; i < work->points; i++) {
    memset(work->along, 0, (size_t)width * sizeof(double));
    for (int64_t l = 0; l < d; l++) {
      work->centred[l] = work->x[i * d + l] - mean[l];
      add_scaled(work->along, work->basis + l * width, work->centred[l], width);
    }
    for (int64_t l = 0; l < d; l++)
      add_scaled(work->product + l * width, work->along, work->centred[l], width);
    for (int64_t k = 0; k < width; k++)
      add_scaled(work->inner + k * width, work->along, work->along[k], width);
  }
  for (int64_t k = 0; k < d * width; k++)
    work->product[k] /= below;
  for (int64_t k = 0; k < width * width; k++)
    work->inner[k] /= below;
}

static double column_product(const double *matrix, int64_t rows, int64_t width, int64_t a,
                             int64_t b) {
  double sum = 0;
  for (int64_t l = 0; l < rows; l++)
    sum += matrix[l * width + a] * matrix[l * width + b];
  return sum;
}

/* basis = the columns of product, made orthonormal by Gram and Schmidt, twice. A column
 * that is a sum of the others becomes zero and stays so. */
static void orthonormalise(struct work *work) {
  int64_t d = work->features, width = work->width;
  double *m = work->basis;
  memcpy(m, work->product, (size_t)(d * width) * sizeof(double));
  for (int64_t k = 0; k < width; k++) {
    double before = column_product(m, d, width, k, k);
    for (int pass = 0; pass < 2; pass++)
      for (int64_t j = 0; j < k; j++) {
        double shared = column_product(m, d, width, j, k);
        for (int64_t l = 0; l < d; l++)
          m[l * width + k] -= shared * m[l * width + j];
      }
    double square = column_product(m, d, width, k, k);
    double scale = square > 1e-24 * before && square > 0 ? 1 / sqrt(square) : 0;
    for (int64_t l = 0; l < d; l++)
      m[l * width + k] *= scale;
  }
}

/* The components are the basis turned so that the covariance in it is diagonal; of each
 * the entry largest in size is positive. */
static void turn(const struct work *work, int64_t count, struct tsl_pca *out) {
  int64_t d = work->features, width = work->width;
  for (int64_t c = 0; c < count; c++) {
    double *row = out->components + c * d, largest = 0;
    out->variances[c] = work->values[c] > 0 ? work->values[c] : 0;
    for (int64_t l = 0; l < d; l++) {
      row[l] = 0;
      for (int64_t k = 0; k < width; k++)
        row[l] += work->turns[c * width + k] * work->basis[l * width + k];
      largest = fabs(row[l]) > fabs(largest) ? row[l] : largest;
    }
    for (int64_t l = 0; l < d && largest < 0; l++)
      row[l] = -row[l];
  }
}

/* Until none of the wanted variances grows by more than a millionth of the largest. */
static void iterate(struct work *work, int64_t count, struct tsl_pca *out) {
  int64_t d = work->features, width = work->width;
  const struct tsl_stream stream = {.seed = 0, .purpose = TSL_PURPOSE_FIT, .sub = 1};
  for (int64_t k = 0; k < d * width; k++)
    work->product[k] =
        tsl_random_double(&stream, (uint64_t)(k / width), (uint32_t)(k % width), 0) - 0.5;
  bool settled = false;
  for (int round = 0; round < ROUNDS_MAX && !settled; round++) {
    orthonormalise(work);
    multiply(work, out->mean);
    tsl__eigen_symmetric(work->inner, width, work->values, work->turns);
    settled = round > 0;
    for (int64_t c = 0; c < count; c++) {
      settled =
          settled && fabs(work->values[c] - out->variances[c]) <= 1e-6 * work->values[0];
      out->variances[c] = work->values[c];
    }
  }
  turn(work, count, out);
}

static enum tsl_status allocate(struct work *work, int64_t count, struct tsl_pca *out,
                                struct tsl_error *err) {
  size_t d = (size_t)work->features, width = (size_t)work->width;
  struct {
    double **place;
    size_t count;
  } const wanted[] = {{&work->basis, d * width},
                      {&work->product, d * width},
                      {&work->centred, d},
                      {&work->along, width},
                      {&work->inner, width * width},
                      {&work->values, width},
                      {&work->turns, width * width},
                      {&out->mean, d},
                      {&out->components, (size_t)count * d},
                      {&out->variances, (size_t)count}};
  for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++)
    TSL_TRY(tsl_allocate((void **)wanted[i].place, wanted[i].count, sizeof(double), err));
  return TSL_OK;
}

enum tsl_status tsl_pca_fit_leading(const double *x, int64_t points, int64_t features,
                                    int64_t count, struct tsl_pca *out,
                                    struct tsl_error *err) {
  if (count < 1 || count > features)
    return tsl_error_set(err, TSL_BAD_INPUT, "principal components",
                         "%lld of %lld features cannot be found", (long long)count,
                         (long long)features);
  struct tsl_pca model = {.features = features};
  struct work work = {.x = x, .points = points, .features = features};
  work.width = count + SPARE < features ? count + SPARE : features;
  enum tsl_status status = allocate(&work, count, &model, err);
  if (status == TSL_OK) {
    for (int64_t i = 0; i < points; i++)
      for (int64_t k = 0; k < features; k++)
        model.mean[k] += x[i * features + k] / (double)points;
    iterate(&work, count, &model);
    *out = model;
    model = (struct tsl_pca){0};
  }
  free(work.basis);
  free(work.product);
  free(work.centred);
  free(work.along);
  free(work.inner);
  free(work.values);
  free(work.turns);
  tsl_pca_release(&model);
  return status;
}
