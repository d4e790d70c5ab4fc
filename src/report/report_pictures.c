#include "report/report_pictures.h"

#include "teasel/arena.h"
#include "teasel/encode.h"
#include "teasel/model.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
  RANKED_MAX = 512, /* held-out samples among which errors are ranked */
  SHOWN = 10        /* of them on the page */
};

/* What the steps below share. */
struct painter {
  const struct tsl_run *run;
  const struct tsl_dataset *dataset;
  struct tsl_model model;
  int64_t latent;
  size_t sample; /* values of one sample */
  struct tsl__report_pictures *out;
};

/* Codes of samples: the posterior mean, or the code itself of a model without posterior.
 * batch: (rows, shape), codes: (rows, latent) */
static enum tsl_status encode(const struct painter *painter, const float *batch,
                              int64_t rows, float *codes, struct tsl_error *err) {
  const struct tsl_model_values *values = &painter->model.values;
  struct tsl_feed feed = {.value = values->input, .data = batch};
  struct tsl_fetch fetch = {
      .value = values->mean.index >= 0 ? values->mean : values->code, .data = codes};
  return tsl_graph_compute(painter->model.graph, &feed, 1, &fetch, 1, rows, err);
}

/* codes: (rows, latent) -> out: (rows, shape), in data space */
static enum tsl_status decode(const struct painter *painter, const float *codes,
                              int64_t rows, float *out, struct tsl_error *err) {
  struct tsl_feed feed = {.value = painter->model.values.code, .data = codes};
  struct tsl_fetch fetch = {.value = painter->model.values.output, .data = out};
  TSL_TRY(tsl_graph_compute(painter->model.graph, &feed, 1, &fetch, 1, rows, err));
  tsl_model_to_data_space(painter->run, out, (size_t)rows * painter->sample);
  return TSL_OK;
}

/* errors: (rows), of each sample at its code. */
static enum tsl_status measure(const struct painter *painter, const float *batch,
                               const float *codes, int64_t rows, float *errors,
                               struct tsl_error *err) {
  const struct tsl_model_values *values = &painter->model.values;
  const struct tsl_feed feeds[2] = {{.value = values->input, .data = batch},
                                    {.value = values->code, .data = codes}};
  struct tsl_fetch fetch = {.value = values->reconstruction, .data = errors};
  return tsl_graph_compute(painter->model.graph, feeds, 2, &fetch, 1, rows, err);
}

/* The encoded point whose code is nearest to the prior's centre. */
static int64_t central_point(const struct tsl_latents *latents,
                             const struct tsl_latents_run *codes) {
  int64_t best = 0;
  double least = HUGE_VAL;
  for (int64_t p = 0; p < latents->points; p++) {
    double squares = 0;
    for (int64_t a = 0; a < codes->latent; a++) {
      double mean = (double)codes->mean[p * codes->latent + a];
      squares += mean * mean;
    }
    if (squares < least) {
      least = squares;
      best = p;
    }
  }
  return latents->indices[best];
}

static enum tsl_status traverse(struct painter *painter, struct tsl_error *err) {
  struct tsl__report_pictures *out = painter->out;
  int64_t latent = painter->latent, rows = latent * out->steps;
  float *code = NULL, *codes = NULL; /* (latent), (latent, steps, latent) */
  enum tsl_status status =
      tsl_allocate((void **)&out->base, painter->sample, sizeof(float), err);
  if (status == TSL_OK)
    status = tsl_allocate((void **)&out->traversal, (size_t)rows * painter->sample,
                          sizeof(float), err);
  if (status == TSL_OK)
    status = tsl_allocate((void **)&code, (size_t)latent, sizeof(float), err);
  if (status == TSL_OK)
    status = tsl_allocate((void **)&codes, (size_t)(rows * latent), sizeof(float), err);
  if (status != TSL_OK)
    goto done;
  tsl_dataset_gather(painter->dataset, &out->base_index, 1, out->base);
  status = encode(painter, out->base, 1, code, err);
  if (status != TSL_OK)
    goto done;
  for (int64_t a = 0; a < latent; a++)
    for (int s = 0; s < out->steps; s++) {
      float *row = codes + (a * out->steps + s) * latent;
      double part = out->steps > 1 ? (double)s / (out->steps - 1) : 0.5;
      memcpy(row, code, (size_t)latent * sizeof *row);
      row[a] = (float)(out->range * (2 * part - 1));
    }
  status = decode(painter, codes, rows, out->traversal, err);
done:
  free(code);
  free(codes);
  return status;
}

struct ranked {
  float error;
  int64_t at;
};

static int by_error(const void *a, const void *b) {
  const struct ranked *x = a, *y = b;
  if (x->error != y->error)
    return x->error < y->error ? -1 : 1;
  return (x->at > y->at) - (x->at < y->at);
}

/* Keeps SHOWN of the ranked samples, at even ranks from the best to the worst. batch:
 * (count, shape), codes: (count, latent), indices: (count) */
static enum tsl_status keep(struct painter *painter, const struct ranked *ranked,
                            int64_t count, const float *batch, const float *codes,
                            const int64_t *indices, struct tsl_error *err) {
  struct tsl__report_pictures *out = painter->out;
  int shown = count < SHOWN ? (int)count : SHOWN;
  float *picked; /* (shown, latent) */
  size_t sample = painter->sample, latent = (size_t)painter->latent;
  TSL_TRY(tsl_allocate((void **)&picked, (size_t)shown * latent, sizeof *picked, err));
  for (int s = 0; s < shown; s++) {
    int64_t rank = shown > 1 ? s * (count - 1) / (shown - 1) : 0;
    int64_t at = ranked[rank].at;
    out->errors[s] = (double)ranked[rank].error;
    out->sample_indices[s] = indices[at];
    memcpy(out->originals + (size_t)s * sample, batch + (size_t)at * sample,
           sample * sizeof *batch);
    memcpy(picked + (size_t)s * latent, codes + (size_t)at * latent,
           latent * sizeof *codes);
  }
  enum tsl_status status = decode(painter, picked, shown, out->reconstructions, err);
  if (status == TSL_OK)
    out->samples = shown;
  free(picked);
  return status;
}

/* Buffers of `count` held-out samples. */
struct held_out {
  float *batch;          /* (count, shape) */
  float *codes;          /* (count, latent) */
  float *errors;         /* (count) */
  struct ranked *ranked; /* (count) */
};

static enum tsl_status reserve(const struct painter *painter, size_t count,
                               struct held_out *held, struct tsl_error *err) {
  struct tsl__report_pictures *out = painter->out;
  size_t sample = painter->sample;
  TSL_TRY(tsl_allocate((void **)&held->batch, count * sample, sizeof(float), err));
  TSL_TRY(tsl_allocate((void **)&held->codes, count * (size_t)painter->latent,
                       sizeof(float), err));
  TSL_TRY(tsl_allocate((void **)&held->errors, count, sizeof(float), err));
  TSL_TRY(tsl_allocate((void **)&held->ranked, count, sizeof *held->ranked, err));
  TSL_TRY(tsl_allocate((void **)&out->errors, SHOWN, sizeof *out->errors, err));
  TSL_TRY(tsl_allocate((void **)&out->sample_indices, SHOWN, sizeof(int64_t), err));
  TSL_TRY(tsl_allocate((void **)&out->originals, SHOWN * sample, sizeof(float), err));
  return tsl_allocate((void **)&out->reconstructions, SHOWN * sample, sizeof(float), err);
}

static enum tsl_status reconstruct(struct painter *painter, struct tsl_error *err) {
  struct tsl__report_pictures *out = painter->out;
  const int64_t *order = tsl_dataset_order(painter->dataset);
  int64_t count = tsl_dataset_held_out(painter->dataset, painter->run->options.held_out);
  struct held_out held = {0};
  double sum = 0;
  if (count > RANKED_MAX)
    count = RANKED_MAX;
  if (count < 1 || painter->model.values.reconstruction.index < 0)
    return TSL_OK;
  enum tsl_status status = reserve(painter, (size_t)count, &held, err);
  if (status != TSL_OK)
    goto done;
  tsl_dataset_gather(painter->dataset, order, count, held.batch);
  status = encode(painter, held.batch, count, held.codes, err);
  if (status == TSL_OK)
    status = measure(painter, held.batch, held.codes, count, held.errors, err);
  if (status != TSL_OK)
    goto done;
  for (int64_t i = 0; i < count; i++) {
    held.ranked[i] = (struct ranked){held.errors[i], i};
    sum += (double)held.errors[i];
  }
  qsort(held.ranked, (size_t)count, sizeof *held.ranked, by_error);
  out->error_count = count;
  out->error_mean = sum / (double)count;
  status = keep(painter, held.ranked, count, held.batch, held.codes, order, err);
done:
  free(held.batch);
  free(held.codes);
  free(held.errors);
  free(held.ranked);
  return status;
}

enum tsl_status
tsl__pictures_compute(const struct tsl_store *store, const struct tsl_job *job,
                      const struct tsl_run *run, const struct tsl_dataset *dataset,
                      const struct tsl_latents *latents,
                      const struct tsl_latents_run *codes,
                      struct tsl__report_pictures *out, struct tsl_error *err) {
  const struct tsl_job_options *options = tsl_job_options(job);
  struct painter painter = {.run = run, .dataset = dataset, .out = out};
  struct tsl_error trouble = {0};
  out->shape = run->network->input;
  out->steps = (int)options->traversals.steps;
  out->reconstruction = run->options.reconstruction;
  out->range = options->traversals.range;
  out->base_index =
      codes != NULL ? central_point(latents, codes) : tsl_dataset_order(dataset)[0];
  painter.sample = (size_t)tsl_shape_count(&out->shape);
  enum tsl_status status = tsl_model_load(store, run, dataset, &painter.model, &trouble);
  if (status == TSL_OK) {
    painter.latent = run->options.latent;
    out->latent = (int)painter.latent;
    status = traverse(&painter, &trouble);
    if (status == TSL_OK)
      status = reconstruct(&painter, &trouble);
    tsl_model_release(&painter.model);
  }
  if (status == TSL_MEMORY)
    return tsl_error_set(err, status, trouble.where, "%s", trouble.text);
  if (status != TSL_OK) {
    struct tsl_shape shape = out->shape;
    tsl__pictures_release(out);
    out->shape = shape;
    snprintf(out->trouble, sizeof out->trouble, "no pictures: %.200s%s%.250s",
             trouble.where, trouble.where[0] == '\0' ? "" : ": ", trouble.text);
  }
  return TSL_OK;
}
