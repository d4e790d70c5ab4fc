/* Principal components from the eigenvectors of the covariance. */
#include "fit/linear.h"
#include "teasel/arena.h"
#include "teasel/fit.h"

#include <math.h>
#include <stdlib.h>

static void fill_covariance(const struct tsl_pca *model, const double *x, int64_t points,
                            double *out) {
  int64_t d = model->features;
  for (int64_t i = 0; i < points; i++)
    for (int64_t k = 0; k < d; k++)
      for (int64_t l = 0; l < d; l++)
        out[k * d + l] +=
            (x[i * d + k] - model->mean[k]) * (x[i * d + l] - model->mean[l]);
  for (int64_t k = 0; k < d * d; k++)
    out[k] /= points > 1 ? (double)(points - 1) : 1;
}

/* A component and its negative are the same line: the entry largest in size is made
 * positive. */
static void fix_signs(struct tsl_pca *model) {
  int64_t d = model->features;
  for (int64_t k = 0; k < d; k++) {
    double *row = model->components + k * d, largest = 0;
    for (int64_t l = 0; l < d; l++)
      largest = fabs(row[l]) > fabs(largest) ? row[l] : largest;
    for (int64_t l = 0; l < d && largest < 0; l++)
      row[l] = -row[l];
  }
}

enum tsl_status tsl_pca_fit(const double *x, int64_t points, int64_t features,
                            struct tsl_pca *out, struct tsl_error *err) {
  struct tsl_pca model = {.features = features};
  double *covariance = NULL;
  size_t d = (size_t)features;
  enum tsl_status status = tsl_allocate((void **)&model.mean, d, sizeof(double), err);
  if (status == TSL_OK)
    status = tsl_allocate((void **)&model.components, d, d * sizeof(double), err);
  if (status == TSL_OK)
    status = tsl_allocate((void **)&model.variances, d, sizeof(double), err);
  if (status == TSL_OK)
    status = tsl_allocate((void **)&covariance, d, d * sizeof(double), err);
  if (status == TSL_OK) {
    for (int64_t i = 0; i < points; i++)
      for (size_t k = 0; k < d; k++)
        model.mean[k] += x[(size_t)i * d + k] / (double)points;
    fill_covariance(&model, x, points, covariance);
    tsl__eigen_symmetric(covariance, features, model.variances, model.components);
    fix_signs(&model);
    *out = model;
    model = (struct tsl_pca){0};
  }
  free(covariance);
  tsl_pca_release(&model);
  return status;
}

void tsl_pca_release(struct tsl_pca *model) {
  free(model->mean);
  free(model->components);
  free(model->variances);
  *model = (struct tsl_pca){0};
}

void tsl_pca_project(const struct tsl_pca *model, const double *x, int64_t points,
                     int64_t count, double *out) {
  int64_t d = model->features;
  for (int64_t i = 0; i < points; i++)
    for (int64_t c = 0; c < count; c++) {
      double sum = 0;
      for (int64_t k = 0; k < d; k++)
        sum += (x[i * d + k] - model->mean[k]) * model->components[c * d + k];
      out[i * count + c] = sum;
    }
}
