/* Gaussian mixture with full covariances by expectation maximisation (Dempster et al.
 * 1977), started from k-means. */
#include "fit/linear.h"
#include "teasel/arena.h"
#include "teasel/fit.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double LOG_2_PI = 1.8378770664093454835606594728112;

void tsl_mixture_log_joint(const struct tsl_mixture *model, const double *x,
                           int64_t points, double *scratch, double *out) {
  int64_t d = model->features;
  for (int c = 0; c < model->components; c++) {
    const double *factor = model->factors + c * d * d;
    double constant = log(model->weights[c]) - (double)d / 2 * LOG_2_PI;
    for (int64_t k = 0; k < d; k++)
      constant -= log(factor[k * d + k]);
    for (int64_t i = 0; i < points; i++) {
      double square = 0;
      for (int64_t k = 0; k < d; k++)
        scratch[k] = x[i * d + k] - model->means[c * d + k];
      tsl__forward_solve(factor, d, scratch);
      for (int64_t k = 0; k < d; k++)
        square += scratch[k] * scratch[k];
      out[i * model->components + c] = constant - square / 2;
    }
  }
}

/* Log joint densities to responsibilities in place; returns the mean log likelihood. */
static double expect(const struct tsl_mixture *model, const double *x, int64_t points,
                     double *scratch, double *responsibilities) {
  double total = 0;
  tsl_mixture_log_joint(model, x, points, scratch, responsibilities);
  for (int64_t i = 0; i < points; i++) {
    double *row = responsibilities + i * model->components;
    double top = row[0], sum = 0;
    for (int c = 1; c < model->components; c++)
      top = fmax(top, row[c]);
    for (int c = 0; c < model->components; c++)
      sum += exp(row[c] - top);
    /* sum >= 1: the top component itself gives exp(0). */
    double log_sum = top + log(sum > 1 ? sum : 1);
    for (int c = 0; c < model->components; c++)
      row[c] = exp(row[c] - log_sum);
    total += log_sum;
  }
  return total / (double)points;
}

/* One component from its responsibilities; false when its covariance has no factor. */
static bool maximise(struct tsl_mixture *model, const struct tsl_mixture_request *r,
                     const double *responsibilities, int c) {
  int64_t d = r->features;
  double *mean = model->means + c * d, *covariance = model->covariances + c * d * d;
  double mass = 10 * 2.220446049250313e-16; /* as scikit-learn keeps it off 0 */
  memset(mean, 0, (size_t)d * sizeof(double));
  memset(covariance, 0, (size_t)(d * d) * sizeof(double));
  for (int64_t i = 0; i < r->points; i++) {
    double share = responsibilities[i * r->components + c];
    mass += share;
    for (int64_t k = 0; k < d; k++)
      mean[k] += share * r->x[i * d + k];
  }
  for (int64_t k = 0; k < d; k++)
    mean[k] /= mass;
  for (int64_t i = 0; i < r->points; i++) {
    double share = responsibilities[i * r->components + c] / mass;
    for (int64_t k = 0; k < d; k++)
      for (int64_t l = 0; l <= k; l++)
        covariance[k * d + l] +=
            share * (r->x[i * d + k] - mean[k]) * (r->x[i * d + l] - mean[l]);
  }
  for (int64_t k = 0; k < d; k++) {
    covariance[k * d + k] += r->ridge;
    for (int64_t l = 0; l < k; l++)
      covariance[l * d + k] = covariance[k * d + l];
  }
  model->weights[c] = mass / (double)r->points;
  memcpy(model->factors + c * d * d, covariance, (size_t)(d * d) * sizeof(double));
  return tsl__cholesky(model->factors + c * d * d, d);
}

static enum tsl_status maximise_all(struct tsl_mixture *model,
                                    const struct tsl_mixture_request *r,
                                    const double *responsibilities,
                                    struct tsl_error *err) {
  for (int c = 0; c < r->components; c++)
    if (!maximise(model, r, responsibilities, c))
      return tsl_error_set(err, TSL_BAD_INPUT, "Gaussian mixture",
                           "component %d collapsed onto too few points; take fewer "
                           "components or a larger ridge",
                           c);
  return TSL_OK;
}

static enum tsl_status begin(const struct tsl_mixture_request *r,
                             double *responsibilities, struct tsl_error *err) {
  struct tsl_kmeans kmeans;
  struct tsl_kmeans_request request = {.x = r->x,
                                       .points = r->points,
                                       .features = r->features,
                                       .clusters = r->components,
                                       .starts = 1,
                                       .steps = 300,
                                       .stream = r->stream};
  TSL_TRY(tsl_kmeans_fit(&request, &kmeans, err));
  for (int64_t i = 0; i < r->points; i++)
    responsibilities[i * r->components + kmeans.assignment[i]] = 1;
  tsl_kmeans_release(&kmeans);
  return TSL_OK;
}

static enum tsl_status allocate(struct tsl_mixture *model, double **responsibilities,
                                const struct tsl_mixture_request *r,
                                struct tsl_error *err) {
  size_t k = (size_t)r->components, d = (size_t)r->features;
  TSL_TRY(tsl_allocate((void **)&model->weights, k, sizeof(double), err));
  TSL_TRY(tsl_allocate((void **)&model->means, k, d * sizeof(double), err));
  TSL_TRY(tsl_allocate((void **)&model->covariances, k, d * d * sizeof(double), err));
  TSL_TRY(tsl_allocate((void **)&model->factors, k, d * d * sizeof(double), err));
  return tsl_allocate((void **)responsibilities, (size_t)r->points * k + d,
                      sizeof(double), err);
}

enum tsl_status tsl_mixture_fit(const struct tsl_mixture_request *r,
                                struct tsl_mixture *out, struct tsl_error *err) {
  struct tsl_mixture model = {.components = r->components, .features = r->features};
  double *responsibilities = NULL; /* (points, components), then scratch (features) */
  enum tsl_status status = allocate(&model, &responsibilities, r, err);
  if (status == TSL_OK)
    status = begin(r, responsibilities, err);
  if (status == TSL_OK)
    status = maximise_all(&model, r, responsibilities, err);
  double before = -(double)INFINITY;
  for (; status == TSL_OK && model.steps < r->steps && !model.converged; model.steps++) {
    double *scratch = responsibilities + r->points * r->components;
    model.log_likelihood = expect(&model, r->x, r->points, scratch, responsibilities);
    status = maximise_all(&model, r, responsibilities, err);
    model.converged = fabs(model.log_likelihood - before) < r->tolerance;
    before = model.log_likelihood;
  }
  free(responsibilities);
  if (status == TSL_OK)
    *out = model;
  else
    tsl_mixture_release(&model);
  return status;
}

void tsl_mixture_release(struct tsl_mixture *model) {
  free(model->weights);
  free(model->means);
  free(model->covariances);
  free(model->factors);
  *model = (struct tsl_mixture){0};
}
