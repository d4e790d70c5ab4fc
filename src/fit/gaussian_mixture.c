/* Gaussian mixture with full covariances by expectation maximisation (Dempster et al.
 * 1977), started from k-means. */
#include "fit/linear.h"
#include "teasel/arena.h"
#include "teasel/fit.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double LOG_2_PI = 1.8378770664093454835606594728112;

/* Points first .. end - 1 and component c. */
static void log_joint_of(const struct tsl_mixture *model, int c, const double *x,
                         int64_t first, int64_t end, double *scratch, double *out) {
  int64_t d = model->features;
  const double *factor = model->factors + c * d * d;
  double constant = log(model->weights[c]) - (double)d / 2 * LOG_2_PI;
  for (int64_t k = 0; k < d; k++)
    constant -= log(factor[k * d + k]);
  for (int64_t i = first; i < end; i++) {
    double square = 0;
    for (int64_t k = 0; k < d; k++)
      scratch[k] = x[i * d + k] - model->means[c * d + k];
    tsl__forward_solve(factor, d, scratch);
    for (int64_t k = 0; k < d; k++)
      square += scratch[k] * scratch[k];
    out[i * model->components + c] = constant - square / 2;
  }
}

/* Block by block of points, so that their rows stay in the cache over all components. */
void tsl_mixture_log_joint(const struct tsl_mixture *model, const double *x,
                           int64_t points, double *scratch, double *out) {
  enum { BLOCK = 64 };
  for (int64_t first = 0; first < points; first += BLOCK) {
    int64_t end = first + BLOCK < points ? first + BLOCK : points;
    for (int c = 0; c < model->components; c++)
      log_joint_of(model, c, x, first, end, scratch, out);
  }
}

/* exp, whose slowest answers are the many that are 0: below the logarithm of the least
 * double, -745.13. */
static double exponential(double x) {
  return x < -746 ? 0 : exp(x);
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
      sum += exponential(row[c] - top);
    /* sum >= 1: the top component itself gives exp(0). */
    double log_sum = top + log(sum > 1 ? sum : 1);
    for (int c = 0; c < model->components; c++)
      row[c] = exponential(row[c] - log_sum);
    total += log_sum;
  }
  return total / (double)points;
}

enum { TOGETHER = 8 };

/* Components first .. end - 1, at most TOGETHER: their responsibilities of a point stand
 * side by side. mass: (end - first) */
static void add_means(struct tsl_mixture *model, const struct tsl_mixture_request *r,
                      const double *responsibilities, int first, int end, double *mass) {
  int64_t d = r->features;
  memset(model->means + first * d, 0, (size_t)((end - first) * d) * sizeof(double));
  for (int c = first; c < end; c++)
    mass[c - first] = 10 * 2.220446049250313e-16; /* as scikit-learn keeps it off 0 */
  for (int64_t i = 0; i < r->points; i++) {
    for (int c = first; c < end; c++) {
      double share = responsibilities[i * r->components + c];
      if (share == 0) /* as most of many components have it */
        continue;
      double *mean = model->means + c * d;
      mass[c - first] += share;
      for (int64_t k = 0; k < d; k++)
        mean[k] += share * r->x[i * d + k];
    }
  }
  for (int c = first; c < end; c++)
    for (int64_t k = 0; k < d; k++)
      model->means[c * d + k] /= mass[c - first];
}

static void add_covariances(struct tsl_mixture *model,
                            const struct tsl_mixture_request *r,
                            const double *responsibilities, int first, int end,
                            const double *mass) {
  int64_t d = r->features;
  memset(model->covariances + first * d * d, 0,
         (size_t)((end - first) * d * d) * sizeof(double));
  for (int64_t i = 0; i < r->points; i++) {
    for (int c = first; c < end; c++) {
      double share = responsibilities[i * r->components + c] / mass[c - first];
      if (share == 0)
        continue;
      const double *mean = model->means + c * d;
      double *covariance = model->covariances + c * d * d;
      for (int64_t k = 0; k < d; k++)
        for (int64_t l = 0; l <= k; l++)
          covariance[k * d + l] +=
              share * (r->x[i * d + k] - mean[k]) * (r->x[i * d + l] - mean[l]);
    }
  }
}

/* False when the covariance has no factor. */
static bool complete(struct tsl_mixture *model, const struct tsl_mixture_request *r,
                     int c, double mass) {
  int64_t d = r->features;
  double *covariance = model->covariances + c * d * d;
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
  const int64_t fit =
      2048 / (r->features * r->features); /* that the nearest cache holds */
  const int together = fit < 1 ? 1 : fit < TOGETHER ? (int)fit : TOGETHER;
  double mass[TOGETHER];
  for (int first = 0; first < r->components; first += together) {
    int end = first + together < r->components ? first + together : r->components;
    add_means(model, r, responsibilities, first, end, mass);
    add_covariances(model, r, responsibilities, first, end, mass);
    for (int c = first; c < end; c++)
      if (!complete(model, r, c, mass[c - first]))
        return tsl_error_set(err, TSL_BAD_INPUT, "Gaussian mixture",
                             "component %d collapsed onto too few points; take fewer "
                             "components or a larger ridge",
                             c);
  }
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
  const int share = TSL_MIXTURE_WORK_MAX / r->components;
  const int allowed = share > 0 ? share : 1;
  const int most = r->steps < allowed ? r->steps : allowed;
  for (; status == TSL_OK && model.steps < most && !model.converged; model.steps++) {
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
