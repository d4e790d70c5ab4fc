#include "cli/step_replay.h"
#include "cli/step_output.h"

#include "teasel/arena.h"
#include "teasel/log.h"
#include "teasel/model.h"
#include "teasel/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct replay {
  const struct tsl_run *run;
  const char *path; /* of the file that is read */
  struct tsl_h5_reader *in;
  struct tsl_model model;
  int64_t first_step;
  int64_t dataset_size;
  float *samples; /* (B, input) of one step */
  int streams;
  float **noise; /* (streams) of one step: (B, noise shape), NULL: not needed */
  struct tsl__step_result result;
};

static void replay_release(struct replay *replay) {
  for (int i = 0; replay->noise != NULL && i < replay->streams; i++)
    free(replay->noise[i]);
  free(replay->samples);
  free(replay->noise);
  tsl__step_result_release(&replay->result);
  tsl_model_release(&replay->model);
  tsl_h5_close(replay->in);
}

/* "[3, 64, 64]" into a buffer of PRINTED_SHAPE_MAX bytes; returns the buffer. */
enum { PRINTED_SHAPE_MAX = 256 };
static char *print_dims(char *buffer, int rank, const int64_t *dims) {
  size_t used = (size_t)snprintf(buffer, PRINTED_SHAPE_MAX, "[");
  for (int i = 0; i < rank && used < PRINTED_SHAPE_MAX; i++)
    used += (size_t)snprintf(buffer + used, PRINTED_SHAPE_MAX - used, "%s%lld",
                             i > 0 ? ", " : "", (long long)dims[i]);
  if (used < PRINTED_SHAPE_MAX)
    snprintf(buffer + used, PRINTED_SHAPE_MAX - used, "]");
  return buffer;
}

static bool same_dims(const struct tsl_array *array, int rank, const int64_t *dims) {
  return array->rank == rank &&
         memcmp(array->dims, dims, (size_t)rank * sizeof dims[0]) == 0;
}

/* [T, B, shape], or [T, B, samples, shape] of joint samples; 0: not joint. */
static int step_dims(const struct replay *replay, const struct tsl_shape *shape,
                     int64_t samples, int64_t dims[TSL_ARRAY_RANK_MAX]) {
  int rank = 2;
  dims[0] = replay->result.steps;
  dims[1] = replay->result.batch;
  if (samples > 0)
    dims[rank++] = samples;
  for (int i = 0; i < shape->rank; i++)
    dims[rank++] = shape->dims[i];
  return rank;
}

/* An integer attribute of the file, -1 where it has none. */
static enum tsl_status read_count(struct replay *replay, const char *name, int64_t *out,
                                  struct tsl_error *err) {
  double value = 0;
  *out = -1;
  if (tsl_h5_read_attribute(replay->in, "/", name, &value, NULL) != TSL_OK)
    return TSL_OK;
  if (!(value >= 0 && value < 9e15) || value != (double)(int64_t)value)
    return tsl_error_set(err, TSL_BAD_INPUT, replay->path,
                         "attribute %s is %g; give a whole number from 0", name, value);
  *out = (int64_t)value;
  return TSL_OK;
}

static enum tsl_status read_attributes(struct replay *replay, struct tsl_error *err) {
  const char *family = replay->run->family->name;
  const struct tsl_model_ops *ops = tsl_model_find(family);
  TSL_TRY(read_count(replay, "first_step", &replay->first_step, err));
  TSL_TRY(read_count(replay, "dataset_size", &replay->dataset_size, err));
  if (replay->dataset_size < 0 && ops != NULL && ops->check_request != NULL)
    return tsl_error_set(err, TSL_BAD_INPUT, replay->path,
                         "attribute dataset_size is missing; the losses of %s depend on "
                         "the number of training samples",
                         family);
  if (replay->first_step < 0)
    replay->first_step = 0;
  if (replay->dataset_size < 0)
    replay->dataset_size = 0;
  return TSL_OK;
}

/* Attributes and the number of steps: what must be known before the model is built. */
static enum tsl_status read_header(struct replay *replay, struct tsl_error *err) {
  TSL_TRY(read_attributes(replay, err));
  if (!tsl_h5_has(replay->in, "/batch"))
    return tsl_error_set(err, TSL_BAD_INPUT, replay->path,
                         "/batch is missing; it holds the batches, [steps, batch, ...]");
  struct tsl_array batch;
  TSL_TRY(tsl_h5_describe(replay->in, "/batch", &batch, err));
  replay->result.batch = replay->run->options.train.batch;
  replay->result.steps = batch.rank > 0 ? batch.dims[0] : 0;
  int64_t wanted[TSL_ARRAY_RANK_MAX];
  int rank = step_dims(replay, &replay->run->network->input, 0, wanted);
  char given[PRINTED_SHAPE_MAX];
  char needed[PRINTED_SHAPE_MAX];
  if (replay->result.steps < 1 || !same_dims(&batch, rank, wanted))
    return tsl_error_set(
        err, TSL_BAD_INPUT, replay->path,
        "/batch is %s; it must be [steps, batch, input], and the job's train.batch and "
        "network input are %s",
        print_dims(given, batch.rank, batch.dims),
        print_dims(needed, rank - 1, wanted + 1));
  return TSL_OK;
}

static int param_find(const struct tsl_graph *graph, const char *name) {
  for (int i = 0; i < tsl_graph_param_count(graph); i++) {
    if (strcmp(tsl_graph_param(graph, i)->name, name) == 0)
      return i;
  }
  return -1;
}

/* Problems that were gathered are one failure. */
static enum tsl_status all_told(const struct tsl_error *problems, struct tsl_error *err) {
  if (problems->status == TSL_OK)
    return TSL_OK;
  if (err != NULL)
    *err = *problems;
  return TSL_BAD_INPUT;
}

/* Names that the file has and the network has not, or the other way round. */
static enum tsl_status check_param_names(struct replay *replay, struct tsl_error *err) {
  struct tsl_error problems = {0};
  char **names = NULL;
  size_t count = 0;
  if (tsl_h5_has(replay->in, "/params"))
    TSL_TRY(tsl_h5_list(replay->in, "/params", &names, &count, err));
  char path[TSL_ARRAY_NAME_MAX];
  for (int i = 0; i < tsl_graph_param_count(replay->model.graph); i++) {
    const char *name = tsl_graph_param(replay->model.graph, i)->name;
    snprintf(path, sizeof path, "/params/%s", name);
    if (!tsl_h5_has(replay->in, path))
      tsl_error_add(&problems, TSL_BAD_INPUT, replay->path,
                    "%s is missing; the network has this weight", path);
  }
  for (size_t i = 0; i < count; i++) {
    if (param_find(replay->model.graph, names[i]) < 0)
      tsl_error_add(&problems, TSL_BAD_INPUT, replay->path,
                    "/params/%s is not a weight of this network", names[i]);
    free(names[i]);
  }
  free(names);
  return all_told(&problems, err);
}

static enum tsl_status check_param_shapes(struct replay *replay, struct tsl_error *err) {
  struct tsl_error problems = {0};
  char path[TSL_ARRAY_NAME_MAX];
  char given[PRINTED_SHAPE_MAX];
  char needed[PRINTED_SHAPE_MAX];
  for (int i = 0; i < tsl_graph_param_count(replay->model.graph); i++) {
    const struct tsl_param *param = tsl_graph_param(replay->model.graph, i);
    struct tsl_array array;
    snprintf(path, sizeof path, "/params/%s", param->name);
    TSL_TRY(tsl_h5_describe(replay->in, path, &array, err));
    if (!same_dims(&array, param->rank, param->dims))
      tsl_error_add(&problems, TSL_BAD_INPUT, replay->path,
                    "%s is %s, the network has %s", path,
                    print_dims(given, array.rank, array.dims),
                    print_dims(needed, param->rank, param->dims));
  }
  return all_told(&problems, err);
}

static enum tsl_status read_params(struct replay *replay, struct tsl_error *err) {
  TSL_TRY(check_param_names(replay, err));
  TSL_TRY(check_param_shapes(replay, err));
  for (int i = 0; i < tsl_graph_param_count(replay->model.graph); i++) {
    char path[TSL_ARRAY_NAME_MAX];
    snprintf(path, sizeof path, "/params/%s",
             tsl_graph_param(replay->model.graph, i)->name);
    struct tsl_array array = {0};
    TSL_TRY(tsl_h5_read(replay->in, path, TSL_ARRAY_F32, &array, err));
    tsl_graph_param_set(replay->model.graph, i, array.data);
    tsl_array_release(&array);
  }
  return TSL_OK;
}

static bool draws(const struct tsl_graph *graph, const char *stream) {
  for (int i = 0; i < tsl_graph_noise_count(graph); i++)
    if (strcmp(tsl_graph_noise_name(graph, i), stream) == 0)
      return true;
  return false;
}

/* A stream that nothing draws is a name misspelt, or another job's file. */
static enum tsl_status check_noise_names(const struct replay *replay,
                                         struct tsl_error *problems,
                                         struct tsl_error *err) {
  char **names = NULL;
  size_t count = 0;
  if (!tsl_h5_has(replay->in, "/noise"))
    return TSL_OK;
  TSL_TRY(tsl_h5_list(replay->in, "/noise", &names, &count, err));
  for (size_t i = 0; i < count; i++) {
    if (!draws(replay->model.graph, names[i]))
      tsl_error_add(problems, TSL_BAD_INPUT, replay->path,
                    "/noise/%s is not a stream that this job draws; leave it out",
                    names[i]);
    free(names[i]);
  }
  free(names);
  return TSL_OK;
}

/* Every stream that the graph draws must be given: a replay draws nothing itself. */
static enum tsl_status check_noise(const struct replay *replay, struct tsl_error *err) {
  struct tsl_error problems = {0};
  for (int i = 0; i < replay->streams; i++) {
    struct tsl_shape shape = tsl_graph_noise_shape(replay->model.graph, i);
    int64_t wanted[TSL_ARRAY_RANK_MAX];
    int rank = step_dims(replay, &shape, tsl_graph_noise_samples(replay->model.graph, i),
                         wanted);
    char path[TSL_ARRAY_NAME_MAX];
    char given[PRINTED_SHAPE_MAX];
    char needed[PRINTED_SHAPE_MAX];
    snprintf(path, sizeof path, "/noise/%s",
             tsl_graph_noise_name(replay->model.graph, i));
    print_dims(needed, rank, wanted);
    if (!tsl_h5_has(replay->in, path)) {
      tsl_error_add(&problems, TSL_BAD_INPUT, replay->path,
                    "%s is missing; the job needs this stream, %s", path, needed);
      continue;
    }
    struct tsl_array array;
    TSL_TRY(tsl_h5_describe(replay->in, path, &array, err));
    if (!same_dims(&array, rank, wanted))
      tsl_error_add(&problems, TSL_BAD_INPUT, replay->path, "%s is %s, the job needs %s",
                    path, print_dims(given, array.rank, array.dims), needed);
  }
  TSL_TRY(check_noise_names(replay, &problems, err));
  return all_told(&problems, err);
}

/* What the family has of posteriors, named after their heads. */
static enum tsl_status allocate_latents(struct replay *replay, struct tsl_error *err) {
  const struct tsl_model_values *values = &replay->model.values;
  const bool two = values->w_mean.index >= 0;
  const struct {
    struct tsl_value value;
    const char *name;
  } heads[] = {{values->mean, two ? "x_mean" : "mean"},
               {values->log_variance, two ? "x_log_variance" : "log_variance"},
               {values->w_mean, "w_mean"},
               {values->w_log_variance, "w_log_variance"}};
  for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++) {
    if (heads[i].value.index < 0)
      continue;
    struct tsl__step_latent *latent =
        &replay->result.latents[replay->result.latent_count];
    struct tsl_shape shape = tsl_graph_value_shape(replay->model.graph, heads[i].value);
    *latent = (struct tsl__step_latent){
        .name = heads[i].name, .value = heads[i].value, .count = tsl_shape_count(&shape)};
    TSL_TRY(tsl_allocate((void **)&latent->rows,
                         (size_t)(replay->result.batch * latent->count), sizeof(float),
                         err));
    replay->result.latent_count++;
  }
  return TSL_OK;
}

static enum tsl_status replay_allocate(struct replay *replay, struct tsl_error *err) {
  const struct tsl_graph *graph = replay->model.graph;
  const size_t batch = (size_t)replay->result.batch;
  const size_t samples = batch * (size_t)tsl_shape_count(&replay->run->network->input);
  const size_t terms =
      (size_t)replay->result.steps * (size_t)tsl_graph_term_numbers(graph);
  replay->streams = tsl_graph_noise_count(graph);
  replay->result.params = tsl_graph_param_count(graph);
  TSL_TRY(tsl_allocate((void **)&replay->samples, samples, sizeof(float), err));
  TSL_TRY(tsl_allocate((void **)&replay->noise, (size_t)replay->streams,
                       sizeof *replay->noise, err));
  TSL_TRY(tsl_allocate((void **)&replay->result.terms, terms, sizeof(double), err));
  TSL_TRY(tsl_allocate((void **)&replay->result.gradients, (size_t)replay->result.params,
                       sizeof *replay->result.gradients, err));
  for (int i = 0; i < replay->streams; i++) {
    struct tsl_shape shape = tsl_graph_noise_shape(graph, i);
    const int64_t joint = tsl_graph_noise_samples(graph, i);
    TSL_TRY(tsl_allocate((void **)&replay->noise[i],
                         batch * (size_t)(joint > 0 ? joint : 1) *
                             (size_t)tsl_shape_count(&shape),
                         sizeof(float), err));
  }
  for (int i = 0; i < replay->result.params; i++) {
    const struct tsl_param *param = tsl_graph_param(graph, i);
    if (param->trained)
      TSL_TRY(tsl_allocate((void **)&replay->result.gradients[i], (size_t)param->count,
                           sizeof(float), err));
  }
  return allocate_latents(replay, err);
}

static enum tsl_status read_step(struct replay *replay, int64_t t,
                                 struct tsl_error *err) {
  TSL_TRY(
      tsl_h5_read_rows(replay->in, "/batch", t, 1, TSL_ARRAY_F32, replay->samples, err));
  for (int i = 0; i < replay->streams; i++) {
    char path[TSL_ARRAY_NAME_MAX];
    snprintf(path, sizeof path, "/noise/%s",
             tsl_graph_noise_name(replay->model.graph, i));
    TSL_TRY(
        tsl_h5_read_rows(replay->in, path, t, 1, TSL_ARRAY_F32, replay->noise[i], err));
  }
  return TSL_OK;
}

static void keep_gradients(struct replay *replay) {
  struct tsl_graph *graph = replay->model.graph;
  for (int i = 0; i < replay->result.params; i++) {
    if (replay->result.gradients[i] != NULL)
      tsl_graph_gradient_get(graph, i, replay->result.gradients[i]);
  }
}

static enum tsl_status take_steps(struct replay *replay, struct tsl_error *err) {
  const int64_t numbers = tsl_graph_term_numbers(replay->model.graph);
  /* The posterior as the step sees it: with batch statistics, after dropout. */
  struct tsl_fetch posterior[TSL__STEP_LATENTS_MAX];
  for (int i = 0; i < replay->result.latent_count; i++)
    posterior[i] = (struct tsl_fetch){replay->result.latents[i].value,
                                      replay->result.latents[i].rows};
  for (int64_t t = 0; t < replay->result.steps; t++) {
    TSL_TRY(read_step(replay, t, err));
    struct tsl_step step = {.step = replay->first_step + t,
                            .seed = (uint64_t)replay->run->options.seed,
                            .batch = replay->samples,
                            .noise = (const float *const *)replay->noise,
                            .update = true,
                            .fetches = posterior,
                            .fetch_count = t == 0 ? replay->result.latent_count : 0,
                            .terms = replay->result.terms + t * numbers};
    TSL_TRY(tsl_graph_step(replay->model.graph, tsl_team_alone(), &step, err));
    if (!step.finite)
      tsl_log(TSL_LOG_NORMAL, "%s: the loss of step %lld is not finite", replay->path,
              (long long)step.step);
    if (t == 0)
      keep_gradients(replay);
  }
  return TSL_OK;
}

static int64_t run_iterations(const struct replay *replay) {
  const struct tsl_run_options *options = &replay->run->options;
  if (options->train.iterations > 0)
    return options->train.iterations;
  return options->train.epochs * (replay->dataset_size / options->train.batch);
}

enum tsl_status tsl__step_replay(const struct tsl_run *run, const char *in,
                                 const char *out, struct tsl_error *err) {
  struct replay replay = {.run = run, .path = in};
  enum tsl_status status = tsl_h5_open(in, &replay.in, err);
  if (status != TSL_OK)
    return status;
  if ((status = read_header(&replay, err)) != TSL_OK ||
      (status = tsl_model_create(run, replay.dataset_size, run_iterations(&replay),
                                 &replay.model, err)) != TSL_OK ||
      (status = read_params(&replay, err)) != TSL_OK ||
      (status = replay_allocate(&replay, err)) != TSL_OK ||
      (status = check_noise(&replay, err)) != TSL_OK ||
      (status = take_steps(&replay, err)) != TSL_OK)
    goto done;
  status = tsl__step_write(&replay.result, replay.model.graph, out, err);
done:
  replay_release(&replay);
  return status;
}
