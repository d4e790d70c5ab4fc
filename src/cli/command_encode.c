/* teasel encode: latents of one's own images, or of a data set, by a trained run. */
#include "cli/arguments.h"
#include "cli/command.h"
#include "cli/encode_output.h"
#include "cli/job_open.h"
#include "cli/output_check.h"
#include "cli/results_open.h"
#include "teasel/arena.h"
#include "teasel/encode.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] =
    "usage: teasel encode RESULTS --run RUN FILE... -o OUT\n"
    "       teasel encode RESULTS --run RUN DATASET -o OUT\n"
    "\n"
    "Writes the latents (mean and log variance of each) that a trained run gives for\n"
    "images: JPEG and PNG files of any size, brought to the network's input as the "
    "run's\n"
    "data set was, or all samples of a data set (a name, or the path of its .yaml).\n"
    "\n"
    "  --run RUN   the run's name, its 8 hex digits, or a beginning of either (they are "
    "the\n"
    "              folders of RESULTS/runs; scores.csv tells which is best)\n"
    "  -o OUT      OUT.csv: a line an image; else HDF5 with /mean and /log_variance\n"
    "              [images, latent], of families with clusters /cluster_logits\n"
    "              [images, clusters], and /names, or /indices (and /labels)\n"
    "\n"
    "Examples:\n"
    "  teasel encode results/demo --run 1a2b3c4d photo1.jpg photo2.png -o latents.csv\n"
    "  teasel encode results/demo --run beta_vae-beta=4-seed=0 ./mine.yaml -o "
    "latents.h5\n";

static bool ends_in(const char *text, const char *ending) {
  size_t length = strlen(text), tail = strlen(ending);
  return length >= tail && strcmp(text + length - tail, ending) == 0;
}

/* A data set's name or configuration, not a picture. */
static bool is_dataset(const char *word) {
  return ends_in(word, ".yaml") || ends_in(word, ".yml") ||
         (!tsl_file_exists(word) && strpbrk(word, "./") == NULL);
}

static enum tsl_status make_room(struct tsl_cli_latents *latents, int64_t count,
                                 struct tsl_error *err) {
  latents->count = count;
  const size_t numbers = (size_t)(count * latents->latent);
  TSL_TRY(tsl_allocate((void **)&latents->mean, numbers, sizeof(float), err));
  TSL_TRY(tsl_allocate((void **)&latents->log_variance, numbers, sizeof(float), err));
  if (latents->clusters == 0)
    return TSL_OK;
  return tsl_allocate((void **)&latents->cluster_logits,
                      (size_t)(count * latents->clusters), sizeof(float), err);
}

static struct tsl_codes codes_at(const struct tsl_cli_latents *latents, int64_t row) {
  return (struct tsl_codes){.mean = latents->mean + row * latents->latent,
                            .log_variance = latents->log_variance + row * latents->latent,
                            .cluster_logits =
                                latents->clusters > 0
                                    ? latents->cluster_logits + row * latents->clusters
                                    : NULL};
}

static enum tsl_status encode_files(const struct tsl_model *model,
                                    const struct tsl_dataset_config *config,
                                    struct tsl_cli_latents *latents,
                                    struct tsl_error *err) {
  const struct tsl_shape input = tsl_graph_value_shape(model->graph, model->values.input);
  if (input.rank != 3 || (input.dims[0] != 1 && input.dims[0] != 3))
    return tsl_error_set(err, TSL_BAD_INPUT, latents->names[0],
                         "the run's network takes no pictures of 1 or 3 channels; give a "
                         "data set");
  enum { PIECE = 64 }; /* pictures in memory at a time */
  const int64_t numbers = tsl_shape_count(&input);
  float *samples = NULL; /* (PIECE, input) */
  TSL_TRY(tsl_allocate((void **)&samples, (size_t)(PIECE * numbers), sizeof(float), err));
  enum tsl_status status = make_room(latents, latents->count, err);
  for (int64_t begin = 0; begin < latents->count && status == TSL_OK; begin += PIECE) {
    int64_t rows = latents->count - begin < PIECE ? latents->count - begin : PIECE;
    status = tsl_dataset_load_images(config, &input, latents->names + begin, (size_t)rows,
                                     samples, err);
    const struct tsl_codes codes = codes_at(latents, begin);
    if (status == TSL_OK)
      status = tsl_encode_values(model, samples, rows, &codes, err);
  }
  free(samples);
  return status;
}

static enum tsl_status encode_dataset(const struct tsl_model *model,
                                      const struct tsl_dataset *dataset,
                                      struct tsl_cli_latents *latents,
                                      struct tsl_error *err) {
  const struct tsl_dataset_view *view = tsl_dataset_view(dataset);
  latents->names = NULL;
  TSL_TRY(make_room(latents, view->count, err));
  TSL_TRY(tsl_allocate((void **)&latents->indices, (size_t)view->count, sizeof(int64_t),
                       err));
  for (int64_t i = 0; i < view->count; i++)
    latents->indices[i] = i;
  if (view->labels != NULL) {
    const size_t bytes = (size_t)view->count * sizeof(int32_t);
    TSL_TRY(tsl_allocate((void **)&latents->labels, bytes, 1, err));
    memcpy(latents->labels, view->labels, bytes);
  }
  const struct tsl_codes codes = codes_at(latents, 0);
  return tsl_encode_samples(model, dataset, latents->indices, view->count, &codes, err);
}

static enum tsl_status encode_named(const struct tsl_model *model, const char *name,
                                    const char *cache, const char *out,
                                    struct tsl_cli_latents *latents,
                                    struct tsl_error *err) {
  const struct tsl_shape input = tsl_graph_value_shape(model->graph, model->values.input);
  struct tsl_dataset_config *config = NULL;
  struct tsl_dataset *dataset = NULL;
  char path[TSL_PATH_MAX];
  if (strchr(name, '/') == NULL && tsl_file_exists(name)) {
    snprintf(path, sizeof path, "./%s", name); /* a bare word would be a known name */
    name = path;
  }
  TSL_TRY(tsl_allocate((void **)&config, 1, sizeof *config, err));
  enum tsl_status status = tsl_cli_dataset_config(name, config, err);
  if (status == TSL_OK && config->reader == NULL)
    status = tsl_error_set(err, TSL_BAD_INPUT, name, "there is nothing to encode");
  if (status == TSL_OK)
    status = tsl_cli_output_check_dataset(out, config, err);
  if (status == TSL_OK)
    status = tsl_cli_dataset_open(config, &input, cache, tsl_team_alone(), &dataset, err);
  if (status == TSL_OK)
    status = encode_dataset(model, dataset, latents, err);
  tsl_dataset_close(dataset);
  free(config);
  return status;
}

static enum tsl_status encode_words(const struct tsl_cli_results *results,
                                    const struct tsl_run *run, const char **words,
                                    size_t word_count, const char *out,
                                    struct tsl_error *err) {
  const struct tsl_job_options *options = tsl_job_options(results->job);
  struct tsl_cli_latents latents = {.latent = run->options.latent,
                                    .clusters = tsl_model_clusters(run),
                                    .count = (int64_t)word_count,
                                    .names = words};
  struct tsl_model model = {0};
  char path[TSL_PATH_MAX];
  const char *const weights =
      tsl_store_run_path(results->store, run->name, "model.h5", path);
  enum tsl_status status = tsl_cli_output_check(out, words, word_count, err);
  if (status == TSL_OK)
    status = tsl_cli_output_check(out, &weights, 1, err);
  if (status == TSL_OK)
    status = tsl_nn_start(options->schedule.isa, err);
  if (status == TSL_OK)
    status = tsl_model_load(results->store, run, NULL, &model, err);
  if (status == TSL_OK && model.values.mean.index < 0)
    status = tsl_error_set(err, TSL_BAD_INPUT, run->name,
                           "the family %s has no posterior", run->family->name);
  if (status == TSL_OK)
    status =
        word_count == 1 && is_dataset(words[0])
            ? encode_named(&model, words[0], options->schedule.cache, out, &latents, err)
            : encode_files(&model, tsl_job_dataset(results->job), &latents, err);
  if (status == TSL_OK)
    status = ends_in(out, ".csv") ? tsl_cli_latents_csv(&latents, out, err)
                                  : tsl_cli_latents_h5(&latents, out, err);
  tsl_cli_latents_release(&latents);
  tsl_model_release(&model);
  return status;
}

static enum tsl_status encode(const char *run_text, const char *out,
                              const struct tsl_cli_arguments *arguments,
                              struct tsl_error *err) {
  struct tsl_cli_results results = {.store = NULL, .job = NULL};
  const struct tsl_run *run = NULL;
  if (run_text == NULL || out == NULL)
    return tsl_error_set(err, TSL_BAD_INPUT, "encode", "%s is missing; see --help",
                         run_text == NULL ? "--run RUN" : "-o OUT");
  TSL_TRY(tsl_cli_results_open(arguments->words[0], &results, err));
  enum tsl_status status = tsl_cli_run_find(results.job, run_text, &run, err);
  if (status == TSL_OK)
    status = encode_words(&results, run, arguments->words + 1, arguments->word_count - 1,
                          out, err);
  tsl_cli_results_close(&results);
  return status;
}

static enum tsl_status run(int argc, char **argv, struct tsl_error *err) {
  const char *run_text = NULL;
  const char *out = NULL;
  const struct tsl_cli_option options[] = {
      {.name = "--run", .text = &run_text},
      {.name = "--output", .alias = "-o", .text = &out},
      {.name = NULL}};
  struct tsl_cli_arguments arguments = {0};
  enum tsl_status status =
      tsl_cli_parse(argc, argv, options, /*with_settings=*/false, &arguments, err);
  if (status == TSL_OK)
    status = tsl_cli_words_check(&arguments, "encode", 2, SIZE_MAX,
                                 "RESULTS and image files or a data set", err);
  if (status == TSL_OK)
    status = encode(run_text, out, &arguments, err);
  tsl_cli_arguments_release(&arguments);
  return status;
}

const struct tsl_command tsl_command_encode = {
    .name = "encode",
    .summary = "latents of your own images or of a data set by a trained run",
    .usage = usage,
    .run = run};
