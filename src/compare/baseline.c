#include "compare/baselines.h"
#include "teasel/arena.h"
#include "teasel/fit.h"
#include "teasel/metric.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KMEANS_STARTS = 10, MIXTURE_STARTS = 3, STEPS = 300 };

const char *const tsl__baseline_metrics[TSL__BASELINE_SCORES] = {
    "acc_makhzani", "acc_majority", "acc_hungarian", "nmi", "ari"};

static enum tsl_status allocate(int64_t points, int clusters, struct tsl__clustering *out,
                                struct tsl_error *err) {
  out->cluster_count = clusters;
  TSL_TRY(tsl_allocate((void **)&out->clusters, (size_t)points, sizeof(int32_t), err));
  return tsl_allocate((void **)&out->certainty, (size_t)points,
                      (size_t)clusters * sizeof(double), err);
}

void tsl__clustering_release(struct tsl__clustering *clustering) {
  free(clustering->clusters);
  free(clustering->certainty);
  *clustering = (struct tsl__clustering){0};
}

static void take_kmeans(const struct tsl__clustering_request *r,
                        const struct tsl_kmeans *model, struct tsl__clustering *out) {
  memcpy(out->clusters, model->assignment, (size_t)r->points * sizeof(int32_t));
  for (int64_t i = 0; i < r->points; i++)
    for (int c = 0; c < r->clusters; c++) {
      double square = 0;
      for (int64_t k = 0; k < r->features; k++) {
        double away = r->x[i * r->features + k] - model->centres[c * r->features + k];
        square += away * away;
      }
      out->certainty[i * r->clusters + c] = -square;
    }
}

enum tsl_status tsl__clustering_kmeans(const struct tsl__clustering_request *r,
                                       struct tsl__clustering *out, double *inertia,
                                       struct tsl_error *err) {
  const struct tsl_kmeans_request request = {.x = r->x,
                                             .points = r->points,
                                             .features = r->features,
                                             .clusters = r->clusters,
                                             .starts = KMEANS_STARTS,
                                             .steps = STEPS,
                                             .stream = r->stream};
  struct tsl_kmeans model;
  struct tsl__clustering found = {0};
  TSL_TRY(tsl_kmeans_fit(&request, &model, err));
  enum tsl_status status = allocate(r->points, r->clusters, &found, err);
  if (status == TSL_OK) {
    take_kmeans(r, &model, &found);
    *out = found;
  } else {
    tsl__clustering_release(&found);
  }
  if (status == TSL_OK && inertia != NULL)
    *inertia = model.inertia;
  tsl_kmeans_release(&model);
  return status;
}

static enum tsl_status fit_kmeans(const struct tsl__baseline_request *r,
                                  struct tsl__clustering *found, double *fit,
                                  struct tsl_error *err) {
  const struct tsl__clustering_request request = {r->x, r->points, r->features,
                                                  r->clusters, r->stream};
  return tsl__clustering_kmeans(&request, found, fit, err);
}

/* log(sum of exp of the others): row: (count) */
static double log_sum_without(const double *row, int count, int without) {
  double top = -(double)INFINITY, sum = 0;
  for (int c = 0; c < count; c++)
    top = c != without ? fmax(top, row[c]) : top;
  for (int c = 0; c < count; c++)
    sum += c != without ? exp(row[c] - top) : 0;
  return top + log(sum > 1 ? sum : 1); /* the top one itself gives exp(0) */
}

/* Log joint densities to log odds in place: they rank as the responsibilities do, which
 * saturate at 1. scratch: (count) */
static void take_odds(const struct tsl__baseline_request *r,
                      struct tsl__clustering *found, double *scratch) {
  int count = r->clusters;
  for (int64_t i = 0; i < r->points; i++) {
    double *row = found->certainty + i * count;
    memcpy(scratch, row, (size_t)count * sizeof(double));
    for (int c = 0; c < count; c++) {
      found->clusters[i] =
          scratch[c] > scratch[found->clusters[i]] ? c : found->clusters[i];
      row[c] = count > 1 ? scratch[c] - log_sum_without(scratch, count, c) : 0;
    }
  }
}

/* The likeliest of a few starts; x: (points, features) after the projection. */
static enum tsl_status fit_starts(const struct tsl__baseline_request *r, const double *x,
                                  int64_t features, struct tsl_mixture *best,
                                  struct tsl_error *err) {
  struct tsl_mixture_request request = {.x = x,
                                        .points = r->points,
                                        .features = features,
                                        .components = r->clusters,
                                        .steps = STEPS,
                                        .tolerance = 1e-3,
                                        .ridge = 1e-6,
                                        .stream = r->stream};
  struct tsl_error problem = {0};
  enum tsl_status status = TSL_OK;
  bool found = false;
  for (int start = 0; start < MIXTURE_STARTS; start++) {
    struct tsl_mixture model;
    request.stream.sub = r->stream.sub + 1 + (uint32_t)start;
    struct tsl_error here = {0};
    enum tsl_status one = tsl_mixture_fit(&request, &model, &here);
    if (one != TSL_OK) {
      status = one;
      problem = here;
      continue;
    }
    if (found && model.log_likelihood <= best->log_likelihood) {
      tsl_mixture_release(&model);
      continue;
    }
    if (found)
      tsl_mixture_release(best);
    *best = model;
    found = true;
  }
  if (!found)
    return tsl_error_set(err, status, problem.where, "%s", problem.text);
  return TSL_OK;
}

static enum tsl_status fit_projected(const struct tsl__baseline_request *r,
                                     const double *x, int64_t features,
                                     struct tsl__clustering *found, double *fit,
                                     struct tsl_error *err) {
  struct tsl_mixture model;
  double *scratch = NULL;
  size_t most = (size_t)features + (size_t)r->clusters;
  TSL_TRY(tsl_allocate((void **)&scratch, most, sizeof(double), err));
  enum tsl_status status = fit_starts(r, x, features, &model, err);
  if (status == TSL_OK) {
    tsl_mixture_log_joint(&model, x, r->points, scratch, found->certainty);
    take_odds(r, found, scratch);
    *fit = model.log_likelihood;
    tsl_mixture_release(&model);
  }
  free(scratch);
  return status;
}

static enum tsl_status fit_mixture(const struct tsl__baseline_request *r,
                                   struct tsl__clustering *found, double *fit,
                                   struct tsl_error *err) {
  struct tsl_pca pca;
  double *projected = NULL;
  int64_t features = TSL__BASELINE_FEATURES_MAX;
  TSL_TRY(allocate(r->points, r->clusters, found, err));
  if (r->features <= features)
    return fit_projected(r, r->x, r->features, found, fit, err);
  TSL_TRY(tsl_allocate((void **)&projected, (size_t)(r->points * features),
                       sizeof(double), err));
  enum tsl_status status =
      tsl_pca_fit_leading(r->x, r->points, r->features, features, &pca, err);
  if (status == TSL_OK) {
    tsl_pca_project(&pca, r->x, r->points, features, projected);
    tsl_pca_release(&pca);
    status = fit_projected(r, projected, features, found, fit, err);
  }
  free(projected);
  return status;
}

static void note(struct tsl__baseline *out, const char *text) {
  if (out->note[0] == '\0')
    snprintf(out->note, sizeof out->note, "%.250s", text);
}

static enum tsl_status score(const struct tsl__baseline_request *r,
                             const struct tsl__clustering *found,
                             struct tsl__baseline *out, struct tsl_error *err) {
  const struct tsl_metric_input input = {.points = r->points,
                                         .latent = r->features,
                                         .codes = r->x,
                                         .clusters = found->clusters,
                                         .labels = r->labels,
                                         .responsibilities = found->certainty,
                                         .cluster_count = r->clusters};
  for (int m = 0; m < TSL__BASELINE_SCORES; m++) {
    struct tsl_text reason = {0};
    enum tsl_status status = tsl_metric_find(tsl__baseline_metrics[m])
                                 ->compute(&input, &out->scores[m], &reason, err);
    if (reason.length > 0)
      note(out, reason.bytes);
    tsl_text_release(&reason);
    TSL_TRY(status);
  }
  for (int c = 0; c < r->clusters; c++) {
    bool used = false;
    for (int64_t i = 0; i < r->points && !used; i++)
      used = found->clusters[i] == c;
    out->used += used;
  }
  return TSL_OK;
}

enum tsl_status tsl__baseline_score(const struct tsl__baseline_request *request,
                                    struct tsl__baseline *out, struct tsl_error *err) {
  struct tsl__clustering found = {0};
  struct tsl_error problem = {0};
  *out = (struct tsl__baseline){.fit = (double)NAN};
  for (int m = 0; m < TSL__BASELINE_SCORES; m++)
    out->scores[m] = (double)NAN;
  enum tsl_status status = request->method == TSL_BASELINE_KMEANS
                               ? fit_kmeans(request, &found, &out->fit, &problem)
                               : fit_mixture(request, &found, &out->fit, &problem);
  if (status == TSL_OK)
    status = score(request, &found, out, err);
  else if (status == TSL_BAD_INPUT)
    note(out, problem.text);
  else
    tsl_error_set(err, status, problem.where, "%s", problem.text);
  status = status == TSL_BAD_INPUT ? TSL_OK : status;
  tsl__clustering_release(&found);
  return status;
}
