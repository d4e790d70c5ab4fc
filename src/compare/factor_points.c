/* The points that the factor metrics look at: more than UDR's, the same for all runs,
 * encoded when they are needed and not kept. */
#include "compare/comparison.h"
#include "metric/factor.h"
#include "teasel/arena.h"
#include "teasel/encode.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { TOGETHER = 256 }; /* points that are drawn and encoded at once */

/* Drawn for each value of the factor that has most of them: enough for votes to differ.
 */
enum { DRAWN_A_VALUE = 96 };

static int64_t most_values(const struct tsl_dataset_view *view) {
  int64_t most = 0;
  for (int j = 0; view->factor_sizes != NULL && j < view->factor_count; j++)
    most = view->factor_sizes[j] > most ? view->factor_sizes[j] : most;
  return most;
}

/* As many as asked for and half as many more to judge by. A data set that has less than
 * half of these would starve the metrics that vote: it is drawn where it can be. */
static void choose(const struct tsl__comparison *c, struct tsl__factor_points *out) {
  const struct tsl_job_options *options = tsl_job_options(c->job);
  const struct tsl_dataset_view *view =
      c->dataset != NULL ? tsl_dataset_view(c->dataset) : NULL;
  int64_t asked = options->factors.points, wanted = asked + asked / 2;
  out->factor_count = c->latents.factor_count;
  out->kind = TSL__POINTS_SAMPLES;
  if (view == NULL || view->factors == NULL || view->factor_count != out->factor_count) {
    out->kind = TSL__POINTS_OF_LATENTS;
    out->count = c->latents.points;
  } else if (options->factors.votes > 0 && view->count < wanted / 2 &&
             tsl_dataset_can_draw(c->dataset)) {
    int64_t enough = DRAWN_A_VALUE * most_values(view);
    out->kind = TSL__POINTS_DRAWN;
    out->count = enough > 0 && enough < wanted ? enough : wanted;
  } else {
    out->count = view->count < wanted ? view->count : wanted;
  }
  out->learn = out->count * 2 / 3;
  out->least = out->count < asked ? out->count : asked;
}

/* A factor of a drawn point has a value of the data set, as often as there, whatever the
 * point's other factors are. */
static void fill_values(const struct tsl__comparison *c, struct tsl__factor_points *p) {
  const struct tsl_dataset_view *view =
      p->kind != TSL__POINTS_OF_LATENTS ? tsl_dataset_view(c->dataset) : NULL;
  const int64_t *order =
      p->kind == TSL__POINTS_SAMPLES ? tsl_dataset_order(c->dataset) : NULL;
  const struct tsl_stream stream = {(uint64_t)tsl_job_dataset(c->job)->seed,
                                    TSL_PURPOSE_SCORE, 3};
  for (int64_t i = 0; i < p->count; i++) {
    for (int j = 0; j < p->factor_count; j++) {
      float *value = &p->values[i * p->factor_count + j];
      if (p->kind == TSL__POINTS_OF_LATENTS) {
        *value = c->latents.factors[i * p->factor_count + j];
        continue;
      }
      int64_t sample =
          order != NULL ? order[i]
                        : (int64_t)tsl_random_below(&stream, (uint64_t)i, 0, (uint32_t)j,
                                                    (uint64_t)view->count);
      *value = view->factors[sample * p->factor_count + j];
    }
  }
}

/* Discrete: told so by the data set, or without one when all values are whole. */
static enum tsl_status fill_factors(const struct tsl__comparison *c,
                                    struct tsl__factor_points *p, struct tsl_error *err) {
  const struct tsl_dataset_view *view =
      c->dataset != NULL ? tsl_dataset_view(c->dataset) : NULL;
  int count = p->factor_count;
  bool told = view != NULL && view->factor_sizes != NULL && view->factor_count == count;
  for (int64_t i = 0; i < p->count * count; i++)
    p->factors[i] = (double)p->values[i];
  for (int j = 0; j < count; j++) {
    bool whole = true;
    for (int64_t i = 0; i < p->count; i++)
      whole = whole && p->factors[i * count + j] == floor(p->factors[i * count + j]);
    p->sizes[j] = told ? view->factor_sizes[j] : whole;
    if (p->sizes[j] > 0)
      TSL_TRY(tsl__index_values(p->factors + j, count, p->count, err));
  }
  return TSL_OK;
}

enum tsl_status tsl__factor_points_init(const struct tsl__comparison *comparison,
                                        struct tsl__factor_points *out,
                                        struct tsl_error *err) {
  struct tsl__factor_points points = {0};
  if (comparison->latents.factors == NULL) {
    *out = points;
    return TSL_OK;
  }
  choose(comparison, &points);
  size_t count = (size_t)points.count, width = (size_t)points.factor_count;
  enum tsl_status status =
      tsl_allocate((void **)&points.values, count, width * sizeof(float), err);
  if (status == TSL_OK)
    status = tsl_allocate((void **)&points.factors, count, width * sizeof(double), err);
  if (status == TSL_OK)
    status = tsl_allocate((void **)&points.sizes, width, sizeof *points.sizes, err);
  if (status == TSL_OK) {
    fill_values(comparison, &points);
    status = fill_factors(comparison, &points, err);
  }
  if (status == TSL_OK)
    *out = points;
  else
    tsl__factor_points_release(&points);
  return status;
}

void tsl__factor_points_release(struct tsl__factor_points *points) {
  free(points->values);
  free(points->factors);
  free(points->sizes);
  *points = (struct tsl__factor_points){0};
}

/* samples: (TOGETHER, shape), means: (TOGETHER, latent) */
static enum tsl_status encode(const struct tsl__comparison *c,
                              const struct tsl_model *model, int64_t latent,
                              float *samples, float *means, double *codes,
                              struct tsl_error *err) {
  const struct tsl__factor_points *p = &c->factor_points;
  for (int64_t begin = 0; begin < p->count; begin += TOGETHER) {
    int64_t now = p->count - begin < TOGETHER ? p->count - begin : TOGETHER;
    if (p->kind == TSL__POINTS_SAMPLES)
      tsl_dataset_gather(c->dataset, tsl_dataset_order(c->dataset) + begin, now, samples);
    else
      TSL_TRY(tsl_dataset_draw(c->dataset, p->values + begin * p->factor_count, now,
                               samples, err));
    struct tsl_feed feed = {model->values.input, samples};
    struct tsl_fetch fetch = {model->values.mean, means};
    TSL_TRY(tsl_graph_compute(model->graph, &feed, 1, &fetch, 1, now, err));
    for (int64_t i = 0; i < now * latent; i++)
      codes[begin * latent + i] = (double)means[i];
  }
  return TSL_OK;
}

enum tsl_status tsl__factor_codes(const struct tsl__comparison *comparison, int run,
                                  double **out, struct tsl_error *err) {
  const struct tsl__factor_points *p = &comparison->factor_points;
  const struct tsl_latents_run *latents =
      &comparison->latents.runs[comparison->latents_of[run]];
  int64_t latent = latents->latent;
  double *codes = NULL;
  float *samples = NULL, *means = NULL;
  struct tsl_model model = {0};
  enum tsl_status status = tsl_allocate((void **)&codes, (size_t)p->count,
                                        (size_t)latent * sizeof *codes, err);
  if (status == TSL_OK && p->kind == TSL__POINTS_OF_LATENTS) {
    for (int64_t i = 0; i < p->count * latent; i++)
      codes[i] = (double)latents->mean[i];
  } else if (status == TSL_OK) {
    size_t sample =
        (size_t)tsl_shape_count(&tsl_dataset_view(comparison->dataset)->shape);
    status = tsl_model_load(comparison->store, tsl_job_run(comparison->job, (size_t)run),
                            comparison->dataset, &model, err);
    if (status == TSL_OK)
      status = tsl_allocate((void **)&samples, TOGETHER, sample * sizeof *samples, err);
    if (status == TSL_OK)
      status =
          tsl_allocate((void **)&means, TOGETHER, (size_t)latent * sizeof *means, err);
    if (status == TSL_OK)
      status = encode(comparison, &model, latent, samples, means, codes, err);
    tsl_model_release(&model);
  }
  free(samples);
  free(means);
  if (status == TSL_OK)
    *out = codes;
  else
    free(codes);
  return status;
}
