/* Logistic regression with an L2 penalty by Newton's method with a step that is halved
 * until the objective falls. Both forms are one: `blocks` linear functions of the point,
 * against an implicit zero function where there are two classes. */
#include "fit/linear.h"
#include "teasel/arena.h"
#include "teasel/fit.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* What one fit works on. size = blocks * (features + 1). */
struct work {
  const struct tsl_logistic_request *request;
  int blocks;
  int64_t size;
  double *sample_weights; /* (classes) */
  double *gradient;       /* (size) */
  double *hessian;        /* (size, size) */
  double *step;           /* (size) */
  double *trial;          /* (size) */
  double *probabilities;  /* (blocks) */
};

/* Linear functions of one point; out: (blocks) */
static void scores_of(const double *weights, int blocks, int64_t features,
                      const double *x, double *out) {
  for (int b = 0; b < blocks; b++) {
    const double *w = weights + b * (features + 1);
    double sum = w[features];
    for (int64_t f = 0; f < features; f++)
      sum += w[f] * x[f];
    out[b] = sum;
  }
}

/* Scores to probabilities in place; returns log of the normaliser. With one block the
 * other class has the score 0. */
static double normalise(double *scores, int blocks) {
  double top = blocks == 1 ? 0 : scores[0];
  for (int b = 0; b < blocks; b++)
    top = fmax(top, scores[b]);
  double sum = blocks == 1 ? exp(-top) : 0;
  for (int b = 0; b < blocks; b++)
    sum += exp(scores[b] - top);
  double log_sum = top + log(sum);
  for (int b = 0; b < blocks; b++)
    scores[b] = exp(scores[b] - log_sum);
  return log_sum;
}

static double objective(struct work *work, const double *weights) {
  const struct tsl_logistic_request *r = work->request;
  double penalty = 0, loss = 0;
  for (int b = 0; b < work->blocks; b++)
    for (int64_t f = 0; f < r->features; f++)
      penalty += weights[b * (r->features + 1) + f] * weights[b * (r->features + 1) + f];
  for (int64_t i = 0; i < r->points; i++) {
    scores_of(weights, work->blocks, r->features, r->x + i * r->features,
              work->probabilities);
    double own = work->blocks == 1 ? (r->y[i] == 1 ? work->probabilities[0] : 0)
                                   : work->probabilities[r->y[i]];
    loss += work->sample_weights[r->y[i]] *
            (normalise(work->probabilities, work->blocks) - own);
  }
  return penalty / 2 + r->strength * loss;
}

/* Adds one point to gradient and lower half of the Hessian. */
static void add_point(struct work *work, const double *x, int32_t y) {
  const struct tsl_logistic_request *r = work->request;
  int64_t width = r->features + 1;
  double scale = r->strength * work->sample_weights[y];
  for (int b = 0; b < work->blocks; b++) {
    double p = work->probabilities[b];
    double slope = scale * (p - (work->blocks == 1 ? y == 1 : y == b));
    double *gradient = work->gradient + b * width;
    for (int64_t f = 0; f < r->features; f++)
      gradient[f] += slope * x[f];
    gradient[r->features] += slope;
    for (int c = 0; c <= b; c++) {
      double curve = scale * p * ((b == c) - work->probabilities[c]);
      for (int64_t f = 0; f < width; f++) {
        double left = curve * (f < r->features ? x[f] : 1);
        double *row = work->hessian + (b * width + f) * work->size + c * width;
        for (int64_t g = 0; g < r->features; g++)
          row[g] += left * x[g];
        row[r->features] += left;
      }
    }
  }
}

static void derive(struct work *work, const double *weights) {
  const struct tsl_logistic_request *r = work->request;
  int64_t width = r->features + 1;
  memset(work->gradient, 0, (size_t)work->size * sizeof(double));
  memset(work->hessian, 0, (size_t)(work->size * work->size) * sizeof(double));
  for (int64_t i = 0; i < r->points; i++) {
    const double *x = r->x + i * r->features;
    scores_of(weights, work->blocks, r->features, x, work->probabilities);
    normalise(work->probabilities, work->blocks);
    add_point(work, x, r->y[i]);
  }
  double largest = 0;
  for (int64_t k = 0; k < work->size; k++) {
    if (k % width != r->features) {
      work->gradient[k] += weights[k];
      work->hessian[k * work->size + k] += 1;
    }
    largest = fmax(largest, work->hessian[k * work->size + k]);
  }
  /* The softmax's intercepts may all be moved together: a hair makes that unique. */
  for (int64_t k = 0; k < work->size; k++)
    work->hessian[k * work->size + k] += 1e-12 * largest;
}

static double norm(const double *values, int64_t count) {
  double sum = 0;
  for (int64_t i = 0; i < count; i++)
    sum += values[i] * values[i];
  return sqrt(sum);
}

static bool descend(struct work *work, double *weights) {
  enum { STEPS = 200, HALVINGS = 60 };
  double start = -1, value = objective(work, weights);
  for (int step = 0; step < STEPS; step++) {
    derive(work, weights);
    double size = norm(work->gradient, work->size);
    start = start < 0 ? size : start;
    if (size <= 1e-9 * start || size == 0)
      return true;
    memcpy(work->step, work->gradient, (size_t)work->size * sizeof(double));
    if (!tsl__cholesky(work->hessian, work->size))
      return false;
    tsl__cholesky_solve(work->hessian, work->size, work->step);
    double length = 1, next = value;
    int halving = 0;
    for (; halving < HALVINGS; halving++, length /= 2) {
      for (int64_t k = 0; k < work->size; k++)
        work->trial[k] = weights[k] - length * work->step[k];
      next = objective(work, work->trial);
      if (next < value)
        break;
    }
    if (halving == HALVINGS) /* no step falls any more: at the end of double precision */
      return size <= 1e-6 * start;
    memcpy(weights, work->trial, (size_t)work->size * sizeof(double));
    value = next;
  }
  return false;
}

/* The softmax does not see a shift of all intercepts: they are given with sum 0. */
static void centre_intercepts(struct tsl_logistic *model) {
  double sum = 0;
  for (int b = 0; b < model->blocks; b++)
    sum += model->weights[b * (model->features + 1) + model->features];
  for (int b = 0; b < model->blocks; b++)
    model->weights[b * (model->features + 1) + model->features] -= sum / model->blocks;
}

static enum tsl_status check(const struct tsl_logistic_request *r, int64_t *counts,
                             struct tsl_error *err) {
  for (int64_t i = 0; i < r->points; i++) {
    if (r->y[i] < 0 || r->y[i] >= r->classes)
      return tsl_error_set(err, TSL_BAD_INPUT, "logistic regression",
                           "label %d of point %lld is not below %d", r->y[i],
                           (long long)i, r->classes);
    counts[r->y[i]]++;
  }
  for (int c = 0; c < r->classes; c++)
    if (counts[c] == 0)
      return tsl_error_set(err, TSL_BAD_INPUT, "logistic regression",
                           "class %d has no point to learn from; label some", c);
  for (int64_t k = 0; k < r->points * r->features; k++)
    if (!isfinite(r->x[k]))
      return tsl_error_set(err, TSL_BAD_INPUT, "logistic regression",
                           "value %lld of point %lld is not finite",
                           (long long)(k % r->features), (long long)(k / r->features));
  return TSL_OK;
}

enum tsl_status tsl_logistic_fit(const struct tsl_logistic_request *request,
                                 struct tsl_logistic *out, struct tsl_error *err) {
  if (request->classes < 2 || request->features < 1 || !(request->strength > 0))
    return tsl_error_set(err, TSL_BAD_INPUT, "logistic regression",
                         "needs two classes, a feature and a strength above 0");
  struct work work = {.request = request,
                      .blocks = request->classes == 2 ? 1 : request->classes};
  work.size = work.blocks * (request->features + 1);
  size_t size = (size_t)work.size;
  int64_t *counts = calloc((size_t)request->classes, sizeof *counts);
  double *memory = NULL;
  struct tsl_logistic model = {
      .classes = request->classes, .features = request->features, .blocks = work.blocks};
  enum tsl_status status = TSL_MEMORY;
  if (counts == NULL) {
    tsl_error_set(err, status, NULL, "out of memory");
    goto done;
  }
  status = check(request, counts, err);
  if (status != TSL_OK)
    goto done;
  size_t room = 3 * size + size * size + (size_t)(work.blocks + request->classes);
  status = tsl_allocate((void **)&memory, room, sizeof(double), err);
  if (status != TSL_OK)
    goto done;
  status = tsl_allocate((void **)&model.weights, size, sizeof(double), err);
  if (status != TSL_OK)
    goto done;
  work.gradient = memory;
  work.step = memory + size;
  work.trial = memory + 2 * size;
  work.hessian = memory + 3 * size;
  work.probabilities = work.hessian + size * size;
  work.sample_weights = work.probabilities + work.blocks;
  for (int c = 0; c < request->classes; c++)
    work.sample_weights[c] =
        request->balanced
            ? (double)request->points / ((double)request->classes * (double)counts[c])
            : 1;
  model.converged = descend(&work, model.weights);
  if (model.blocks > 1)
    centre_intercepts(&model);
  *out = model;
  model.weights = NULL;
done:
  free(model.weights);
  free(memory);
  free(counts);
  return status;
}

void tsl_logistic_release(struct tsl_logistic *model) {
  free(model->weights);
  *model = (struct tsl_logistic){0};
}

void tsl_logistic_predict(const struct tsl_logistic *model, const double *x,
                          int64_t points, int32_t *out) {
  for (int64_t i = 0; i < points; i++) {
    const double *point = x + i * model->features;
    double best = 0;
    int32_t winner = 0;
    for (int b = 0; b < model->blocks; b++) {
      double score;
      scores_of(model->weights + b * (model->features + 1), 1, model->features, point,
                &score);
      bool better = model->blocks == 1 ? score > 0 : b == 0 || score > best;
      if (better) {
        best = score;
        winner = model->blocks == 1 ? 1 : b;
      }
    }
    out[i] = winner;
  }
}

void tsl_logistic_probabilities(const struct tsl_logistic *model, const double *x,
                                int64_t points, double *out) {
  for (int64_t i = 0; i < points; i++) {
    double *row = out + i * model->classes;
    double *scores = model->blocks == 1 ? row + 1 : row;
    scores_of(model->weights, model->blocks, model->features, x + i * model->features,
              scores);
    normalise(scores, model->blocks);
    if (model->blocks == 1)
      row[0] = 1 - row[1];
  }
}
