/* Density of points of the plane by a model and by a Gaussian mixture fitted to the same
 * training samples by expectation maximisation (Dilokthanakul et al. 2016, figure 2).
 *
 * The model's is p(y) = mean over draws of w, z, x of p(y|x), a Gaussian whose mean is
 * the decoder's output. Its variance in dimension d follows from the loss r(y) = -log
 * p(y|x): r(mean + e_d) - r(mean) = 1 / (2 variance_d). */
#include "report/report_mixture.h"

#include "teasel/arena.h"
#include "teasel/fit.h"
#include "teasel/random.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
  CELLS = 72,
  DRAWS = 4000,
  FITTED_MAX = 5000,
  SCORED_MAX = 1000,
  SHOWN_MAX = 1500,
  STARTS = 3
};

/* Draws of p(y|x), each a Gaussian with axes along the coordinates. */
struct draws {
  float *mean;      /* (DRAWS, 2) */
  double *variance; /* (DRAWS, 2) */
};

/* x of each draw: w from N(0, I), a component, x from it. */
static enum tsl_status draw_codes(const struct tsl__mixture_painter *painter,
                                  float *codes, struct tsl_error *err) {
  const struct tsl_stream stream = {(uint64_t)painter->run->options.seed,
                                    TSL_PURPOSE_REPORT, 2};
  const int64_t n = painter->latent_w, latent = painter->latent;
  const int64_t all = painter->components * latent;
  enum { PIECE = 100 };
  float *w = NULL, *mean = NULL, *log_variance = NULL;
  enum tsl_status status = tsl_allocate((void **)&w, (size_t)(PIECE * n), sizeof *w, err);
  if (status == TSL_OK)
    status = tsl_allocate((void **)&mean, (size_t)(PIECE * all), sizeof *mean, err);
  if (status == TSL_OK)
    status = tsl_allocate((void **)&log_variance, (size_t)(PIECE * all),
                          sizeof *log_variance, err);
  for (int64_t first = 0; first < DRAWS && status == TSL_OK; first += PIECE) {
    for (int64_t i = 0; i < PIECE; i++)
      tsl_random_normal(&stream, (uint64_t)(first + i), 0, (size_t)n, w + i * n);
    status = tsl__mixture_components(painter, w, PIECE, mean, log_variance, err);
    for (int64_t i = 0; i < PIECE && status == TSL_OK; i++) {
      float *code = codes + (first + i) * latent;
      const int64_t k = (int64_t)tsl_random_below(&stream, (uint64_t)(first + i), 1, 0,
                                                  (uint64_t)painter->components);
      const int64_t at = i * all + k * latent;
      tsl_random_normal(&stream, (uint64_t)(first + i), 2, (size_t)latent, code);
      for (int64_t a = 0; a < latent; a++)
        code[a] = mean[at + a] + code[a] * expf(log_variance[at + a] / 2);
    }
  }
  free(w);
  free(mean);
  free(log_variance);
  return status;
}

/* loss: (DRAWS) -log p(y|x) of points y: (DRAWS, 2) at codes x: (DRAWS, latent). */
static enum tsl_status measure(const struct tsl__mixture_painter *painter,
                               const float *points, const float *codes, float *loss,
                               struct tsl_error *err) {
  const struct tsl_model_values *values = &painter->model.values;
  const struct tsl_feed feeds[] = {{values->input, points}, {values->code, codes}};
  const struct tsl_fetch fetch = {values->reconstruction, loss};
  return tsl_graph_compute(painter->model.graph, feeds, 2, &fetch, 1, DRAWS, err);
}

/* codes: (DRAWS, latent) */
static enum tsl_status find_variances(const struct tsl__mixture_painter *painter,
                                      const float *codes, struct draws *draws,
                                      struct tsl_error *err) {
  float *points = NULL, *least = NULL, *loss = NULL; /* (DRAWS, 2), (DRAWS), (DRAWS) */
  enum tsl_status status = tsl_allocate((void **)&points, 2 * DRAWS, sizeof *points, err);
  if (status == TSL_OK)
    status = tsl_allocate((void **)&least, DRAWS, sizeof *least, err);
  if (status == TSL_OK)
    status = tsl_allocate((void **)&loss, DRAWS, sizeof *loss, err);
  if (status == TSL_OK)
    status = measure(painter, draws->mean, codes, least, err);
  for (int d = 0; d < 2 && status == TSL_OK; d++) {
    memcpy(points, draws->mean, 2 * DRAWS * sizeof *points);
    for (int i = 0; i < DRAWS; i++)
      points[2 * i + d] += 1;
    status = measure(painter, points, codes, loss, err);
    for (int i = 0; i < DRAWS && status == TSL_OK; i++)
      draws->variance[2 * i + d] = 0.5 / fmax((double)loss[i] - (double)least[i], 1e-6);
  }
  free(points);
  free(least);
  free(loss);
  return status;
}

static double model_density(const struct draws *draws, double x, double y) {
  double sum = 0;
  for (int64_t i = 0; i < DRAWS; i++) {
    const double *v = draws->variance + 2 * i;
    double dx = x - (double)draws->mean[2 * i], dy = y - (double)draws->mean[2 * i + 1];
    double exponent = dx * dx / v[0] + dy * dy / v[1];
    if (exponent < 80)
      sum += exp(-exponent / 2) / (2 * M_PI * sqrt(v[0] * v[1]));
  }
  return sum / DRAWS;
}

static double mixture_density(const struct tsl_mixture *mixture, double *logs, double x,
                              double y) {
  const double point[2] = {x, y};
  double scratch[2], sum = 0;
  tsl_mixture_log_joint(mixture, point, 1, scratch, logs);
  for (int k = 0; k < mixture->components; k++)
    sum += exp(logs[k]);
  return sum;
}

/* ---- the Gaussian mixture ---- */

/* The best of a few starts on the training samples, as many components as the model. */
static enum tsl_status fit(const struct tsl__mixture_painter *painter,
                           struct tsl_mixture *out, struct tsl_error *err) {
  const int64_t *order = tsl_dataset_order(painter->dataset);
  const int64_t held_out =
      tsl_dataset_held_out(painter->dataset, painter->run->options.held_out);
  int64_t count = tsl_dataset_view(painter->dataset)->count - held_out;
  double *x = NULL; /* (count, 2) */
  enum tsl_status status = TSL_OK;
  count = count < FITTED_MAX ? count : FITTED_MAX;
  TSL_TRY(tsl_allocate((void **)&x, (size_t)count, 2 * sizeof *x, err));
  for (int64_t i = 0; i < count; i++) {
    float point[2];
    tsl_dataset_gather(painter->dataset, &order[held_out + i], 1, point);
    x[2 * i] = (double)point[0];
    x[2 * i + 1] = (double)point[1];
  }
  for (uint32_t start = 0; start < STARTS && status == TSL_OK; start++) {
    struct tsl_mixture next = {0};
    const struct tsl_mixture_request request = {
        .x = x,
        .points = count,
        .features = 2,
        .components = (int)painter->components,
        .steps = 300,
        .tolerance = 1e-5,
        .ridge = 1e-6,
        .stream = {(uint64_t)painter->run->options.seed, TSL_PURPOSE_REPORT, 3 + start}};
    status = tsl_mixture_fit(&request, &next, err);
    if (status == TSL_OK && (start == 0 || next.log_likelihood > out->log_likelihood)) {
      tsl_mixture_release(out);
      *out = next;
    } else {
      tsl_mixture_release(&next);
    }
  }
  free(x);
  return status;
}

/* ---- the grid ---- */

/* The samples that are plotted, and a square around them. */
static enum tsl_status take_points(const struct tsl__mixture_painter *painter,
                                   struct tsl__density *out, struct tsl_error *err) {
  const struct tsl_dataset_view *view = tsl_dataset_view(painter->dataset);
  const int64_t *order = tsl_dataset_order(painter->dataset);
  double low[2] = {HUGE_VAL, HUGE_VAL}, high[2] = {-HUGE_VAL, -HUGE_VAL}, side = 0;
  out->shown = view->count < SHOWN_MAX ? view->count : SHOWN_MAX;
  TSL_TRY(
      tsl_allocate((void **)&out->points, (size_t)out->shown, 2 * sizeof(float), err));
  tsl_dataset_gather(painter->dataset, order, out->shown, out->points);
  if (view->labels != NULL)
    TSL_TRY(
        tsl_allocate((void **)&out->labels, (size_t)out->shown, sizeof(int32_t), err));
  for (int64_t i = 0; i < out->shown; i++) {
    if (out->labels != NULL && view->labels != NULL)
      out->labels[i] = view->labels[order[i]];
    for (int d = 0; d < 2; d++) {
      low[d] = fmin(low[d], (double)out->points[2 * i + d]);
      high[d] = fmax(high[d], (double)out->points[2 * i + d]);
    }
  }
  for (int d = 0; d < 2; d++)
    side = fmax(side, 1.15 * (high[d] - low[d]));
  for (int d = 0; d < 2; d++) {
    out->low[d] = (low[d] + high[d] - side) / 2;
    out->high[d] = (low[d] + high[d] + side) / 2;
  }
  return side > 0 ? TSL_OK
                  : tsl_error_set(err, TSL_BAD_INPUT, "", "all points are the same");
}

static void score(const struct tsl__mixture_painter *painter, const struct draws *draws,
                  const struct tsl_mixture *mixture, double *logs,
                  struct tsl__density *out) {
  const int64_t *order = tsl_dataset_order(painter->dataset);
  int64_t count = tsl_dataset_held_out(painter->dataset, painter->run->options.held_out);
  double model = 0, fitted = 0;
  count = count < SCORED_MAX ? count : SCORED_MAX;
  for (int64_t i = 0; i < count; i++) {
    float y[2];
    tsl_dataset_gather(painter->dataset, &order[i], 1, y);
    model += log(fmax(model_density(draws, (double)y[0], (double)y[1]), 1e-300));
    fitted +=
        log(fmax(mixture_density(mixture, logs, (double)y[0], (double)y[1]), 1e-300));
  }
  out->scored = count;
  out->model_score = count > 0 ? model / (double)count : (double)NAN;
  out->mixture_score = count > 0 ? fitted / (double)count : (double)NAN;
}

static enum tsl_status fill_grid(const struct tsl__mixture_painter *painter,
                                 const struct draws *draws,
                                 const struct tsl_mixture *mixture,
                                 struct tsl__density *out, struct tsl_error *err) {
  double *logs = NULL; /* (components) */
  TSL_TRY(tsl_allocate((void **)&out->model, CELLS * CELLS, sizeof(double), err));
  TSL_TRY(tsl_allocate((void **)&out->mixture, CELLS * CELLS, sizeof(double), err));
  TSL_TRY(tsl_allocate((void **)&logs, (size_t)painter->components, sizeof *logs, err));
  for (int row = 0; row < CELLS; row++)
    for (int column = 0; column < CELLS; column++) {
      double x = out->low[0] + (column + 0.5) / CELLS * (out->high[0] - out->low[0]);
      double y = out->high[1] - (row + 0.5) / CELLS * (out->high[1] - out->low[1]);
      out->model[row * CELLS + column] = model_density(draws, x, y);
      out->mixture[row * CELLS + column] = mixture_density(mixture, logs, x, y);
    }
  score(painter, draws, mixture, logs, out);
  out->draws = DRAWS;
  out->cells = CELLS;
  free(logs);
  return TSL_OK;
}

enum tsl_status tsl__mixture_density(struct tsl__mixture_painter *painter,
                                     struct tsl_error *err) {
  struct tsl__density *out = &painter->out->density;
  struct draws draws = {0};
  struct tsl_mixture mixture = {0};
  float *codes = NULL; /* (DRAWS, latent) */
  if (painter->sample != 2 ||
      painter->run->options.reconstruction == TSL_RECONSTRUCTION_BERNOULLI)
    return TSL_OK;
  enum tsl_status status =
      tsl_allocate((void **)&codes, DRAWS * (size_t)painter->latent, sizeof *codes, err);
  if (status == TSL_OK)
    status = tsl_allocate((void **)&draws.mean, 2 * DRAWS, sizeof(float), err);
  if (status == TSL_OK)
    status = tsl_allocate((void **)&draws.variance, 2 * DRAWS, sizeof(double), err);
  if (status == TSL_OK)
    status = draw_codes(painter, codes, err);
  if (status == TSL_OK)
    status = tsl__mixture_decode(painter, codes, DRAWS, draws.mean, err);
  if (status == TSL_OK)
    status = find_variances(painter, codes, &draws, err);
  if (status == TSL_OK)
    status = take_points(painter, out, err);
  if (status == TSL_OK)
    status = fit(painter, &mixture, err);
  if (status == TSL_OK)
    status = fill_grid(painter, &draws, &mixture, out, err);
  tsl_mixture_release(&mixture);
  free(draws.mean);
  free(draws.variance);
  free(codes);
  return status;
}
