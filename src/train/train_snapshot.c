/* train_snapshot: where a run on its way puts the samples that UDR compares, at a few
 * steps, when its latents are a plane that can be drawn. A function of the weights at
 * that step, so that neither team nor interruption shows. */
#include "train/trainer.h"

#include "teasel/arena.h"

#include <stdlib.h>

enum { PIECE = 256 /* samples at a time */ };

bool tsl__snapshot_is_due(const struct tsl__trainer *trainer) {
  const struct tsl_model_values *values = &trainer->model.values;
  int64_t count = trainer->request->options->snapshots, steps = trainer->steps;
  if (count == 0 || values->mean.index < 0 || trainer->run->options.latent != 2)
    return false;
  /* The first i whose share of the steps has been reached. */
  int64_t i = (steps * count + trainer->iterations - 1) / trainer->iterations;
  return i > 0 && i * trainer->iterations / count == steps;
}

/* What is computed a piece at a time. */
struct work {
  float *samples; /* (PIECE, shape) */
  float *logs;    /* (PIECE, components) log p(component|x) */
};

/* The largest, the lowest of equals; nothing is larger than a value that is no number. */
static int32_t largest(const float *values, int64_t count) {
  int32_t best = 0;
  for (int64_t k = 1; k < count; k++)
    if (values[k] > values[best])
      best = (int32_t)k;
  return best;
}

static enum tsl_status take_points(struct tsl__trainer *trainer, struct work *work,
                                   struct tsl_snapshot *out, struct tsl_error *err) {
  const struct tsl_model *model = &trainer->model;
  const int64_t *order = tsl_dataset_order(trainer->request->dataset);
  for (int64_t first = 0; first < out->points; first += PIECE) {
    const int64_t rows = out->points - first < PIECE ? out->points - first : PIECE;
    const struct tsl_feed feed = {model->values.input, work->samples};
    const struct tsl_fetch fetches[] = {
        {model->values.mean, out->mean + first * out->latent},
        {model->values.log_responsibilities, work->logs}};
    tsl_dataset_gather(trainer->request->dataset, order + first, rows, work->samples);
    TSL_TRY(tsl_graph_compute(model->graph, &feed, 1, fetches,
                              out->components > 0 ? 2 : 1, rows, err));
    for (int64_t i = 0; i < rows && out->components > 0; i++)
      out->assignment[first + i] =
          largest(work->logs + i * out->components, out->components);
  }
  return TSL_OK;
}

/* The mixture that the prior network makes of w = 0. */
static enum tsl_status take_components(const struct tsl_model *model,
                                       struct tsl_snapshot *out, struct tsl_error *err) {
  const struct tsl_shape shape = tsl_graph_value_shape(model->graph, model->values.w);
  float *zero = NULL; /* (latent_w) */
  TSL_TRY(
      tsl_allocate((void **)&zero, (size_t)tsl_shape_count(&shape), sizeof *zero, err));
  const struct tsl_feed feed = {model->values.w, zero};
  const struct tsl_fetch fetches[] = {
      {model->values.component_mean, out->component_mean},
      {model->values.component_log_variance, out->component_log_variance}};
  enum tsl_status status = tsl_graph_compute(model->graph, &feed, 1, fetches, 2, 1, err);
  free(zero);
  return status;
}

static enum tsl_status reserve(const struct tsl__trainer *trainer, struct work *work,
                               struct tsl_snapshot *out, struct tsl_error *err) {
  const size_t points = (size_t)out->points, latent = (size_t)out->latent;
  const size_t components = (size_t)out->components;
  TSL_TRY(tsl_allocate((void **)&work->samples,
                       PIECE * (size_t)tsl_shape_count(&trainer->view->shape),
                       sizeof(float), err));
  TSL_TRY(tsl_allocate((void **)&out->mean, points * latent, sizeof(float), err));
  if (components == 0)
    return TSL_OK;
  TSL_TRY(tsl_allocate((void **)&work->logs, PIECE * components, sizeof(float), err));
  TSL_TRY(tsl_allocate((void **)&out->assignment, points, sizeof(int32_t), err));
  TSL_TRY(tsl_allocate((void **)&out->component_mean, components * latent, sizeof(float),
                       err));
  return tsl_allocate((void **)&out->component_log_variance, components * latent,
                      sizeof(float), err);
}

enum tsl_status tsl__snapshot_keep(struct tsl__trainer *trainer, struct tsl_error *err) {
  const struct tsl_model *model = &trainer->model;
  const int64_t asked = trainer->request->options->udr.points;
  struct tsl_snapshot snapshot = {
      .step = trainer->steps,
      .points = asked < trainer->view->count ? asked : trainer->view->count,
      .latent = trainer->run->options.latent};
  struct work work = {0};
  if (model->values.log_responsibilities.index >= 0) {
    const struct tsl_shape shape =
        tsl_graph_value_shape(model->graph, model->values.log_responsibilities);
    snapshot.components = tsl_shape_count(&shape);
  }
  enum tsl_status status = reserve(trainer, &work, &snapshot, err);
  if (status == TSL_OK)
    status = take_points(trainer, &work, &snapshot, err);
  if (status == TSL_OK && snapshot.components > 0)
    status = take_components(model, &snapshot, err);
  if (status == TSL_OK)
    status = tsl_store_snapshot_write(trainer->request->store, trainer->run->name,
                                      &snapshot, err);
  free(work.samples);
  free(work.logs);
  tsl_snapshot_release(&snapshot);
  return status;
}
