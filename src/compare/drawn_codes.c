/* Points drawn at given factors and encoded by a run's model, for the metrics that vote.
 * A factor's values are those that it has in the data set, as often as there. */
#include "compare/comparison.h"
#include "teasel/arena.h"
#include "teasel/encode.h"

#include <stdlib.h>

/* Points that are drawn and encoded at once. */
enum { TOGETHER = 64 };

struct drawing {
  struct tsl_code_source source;
  const struct tsl_dataset *dataset;
  struct tsl_model model;
  float *factors; /* (TOGETHER, factor_count) */
  float *samples; /* (TOGETHER, shape) */
  float *means;   /* (TOGETHER, latent) */
};

static double value_at(void *context, int factor, double at) {
  const struct drawing *drawing = context;
  const struct tsl_dataset_view *view = tsl_dataset_view(drawing->dataset);
  int64_t sample = (int64_t)(at * (double)view->count);
  return (double)view->factors[sample * view->factor_count + factor];
}

static enum tsl_status encode(void *context, const double *factors, int64_t count,
                              double *codes, struct tsl_error *err) {
  struct drawing *drawing = context;
  int width = drawing->source.factor_count;
  int64_t latent = drawing->source.latent;
  for (int64_t begin = 0; begin < count; begin += TOGETHER) {
    int64_t now = count - begin < TOGETHER ? count - begin : TOGETHER;
    for (int64_t i = 0; i < now * width; i++)
      drawing->factors[i] = (float)factors[begin * width + i];
    TSL_TRY(
        tsl_dataset_draw(drawing->dataset, drawing->factors, now, drawing->samples, err));
    struct tsl_feed feed = {drawing->model.values.input, drawing->samples};
    struct tsl_fetch fetch = {drawing->model.values.mean, drawing->means};
    TSL_TRY(tsl_graph_compute(drawing->model.graph, &feed, 1, &fetch, 1, now, err));
    for (int64_t i = 0; i < now * latent; i++)
      codes[begin * latent + i] = (double)drawing->means[i];
  }
  return TSL_OK;
}

enum tsl_status tsl__drawn_codes_create(const struct tsl__comparison *comparison,
                                        const struct tsl_run *run,
                                        struct tsl_code_source **out,
                                        struct tsl_error *err) {
  const struct tsl_dataset_view *view = tsl_dataset_view(comparison->dataset);
  struct drawing *drawing = NULL;
  TSL_TRY(tsl_allocate((void **)&drawing, 1, sizeof *drawing, err));
  drawing->dataset = comparison->dataset;
  drawing->source = (struct tsl_code_source){.latent = run->options.latent,
                                             .factor_count = view->factor_count,
                                             .value = value_at,
                                             .encode = encode,
                                             .context = drawing};
  size_t sample = (size_t)tsl_shape_count(&view->shape);
  enum tsl_status status =
      tsl_model_load(comparison->store, run, comparison->dataset, &drawing->model, err);
  if (status == TSL_OK)
    status = tsl_allocate((void **)&drawing->factors, TOGETHER,
                          (size_t)view->factor_count * sizeof(float), err);
  if (status == TSL_OK)
    status =
        tsl_allocate((void **)&drawing->samples, TOGETHER, sample * sizeof(float), err);
  if (status == TSL_OK)
    status = tsl_allocate((void **)&drawing->means, TOGETHER,
                          (size_t)run->options.latent * sizeof(float), err);
  if (status == TSL_OK)
    *out = &drawing->source;
  else
    tsl__drawn_codes_free(&drawing->source);
  return status;
}

void tsl__drawn_codes_free(struct tsl_code_source *source) {
  if (source == NULL)
    return;
  struct drawing *drawing = source->context;
  tsl_model_release(&drawing->model);
  free(drawing->factors);
  free(drawing->samples);
  free(drawing->means);
  free(drawing);
}
