#include "teasel/encode.h"

#include "teasel/train.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct tsl_array *find_array(const struct tsl_array *arrays, size_t count,
                                          const char *name) {
  for (size_t i = 0; i < count; i++) {
    if (strcmp(arrays[i].name, name) == 0)
      return &arrays[i];
  }
  return NULL;
}

static bool fits(const struct tsl_array *array, const struct tsl_param *param) {
  return array->type == TSL_ARRAY_F32 && array->rank == param->rank &&
         memcmp(array->dims, param->dims, (size_t)param->rank * sizeof param->dims[0]) ==
             0;
}

/* A file without all its weights; the run's record is what keeps `teasel run` from
 * training it again. */
static enum tsl_status refuse(const struct tsl_store *store, const char *run,
                              const char *why, struct tsl_error *err) {
  char path[TSL_PATH_MAX], record[TSL_PATH_MAX];
  return tsl_error_set(err, TSL_FORMAT, tsl_store_run_path(store, run, "model.h5", path),
                       "%s; remove %s and give the job to `teasel run` again: the run is "
                       "trained anew",
                       why, tsl_store_run_path(store, run, "record.json", record));
}

static enum tsl_status read_weights(const struct tsl_store *store, const char *run,
                                    struct tsl_array **arrays, size_t *count,
                                    struct tsl_error *err) {
  struct tsl_error why = {0};
  char path[TSL_PATH_MAX];
  enum tsl_status status = tsl_store_model_read(store, run, arrays, count, &why);
  if (status == TSL_OK)
    return TSL_OK;
  bool exists = false;
  TSL_TRY(tsl_file_look(tsl_store_run_path(store, run, "model.h5", path), &exists, err));
  if (!exists)
    return refuse(store, run, "the weights of a finished run are missing", err);
  if (status == TSL_FORMAT)
    return refuse(store, run, why.text, err);
  if (err != NULL)
    *err = why;
  return status;
}

/* A file whose bytes changed since the run was trained, by accident or by hand. Records
 * of earlier versions hold no digest. */
static enum tsl_status check_digest(const struct tsl_store *store, const char *run,
                                    const struct tsl_array *arrays, size_t count,
                                    struct tsl_error *err) {
  struct tsl_record record;
  char digest[sizeof record.weights];
  TSL_TRY(tsl_store_record_read(store, run, &record, err));
  TSL_TRY(tsl_arrays_digest(arrays, count, digest, err));
  if (record.weights[0] == '\0' || strcmp(record.weights, digest) == 0)
    return TSL_OK;
  return refuse(store, run, "the weights are not those that were trained", err);
}

/* Every weight of the graph from the file; a model.h5 of another network is an error. */
static enum tsl_status set_params(const struct tsl_store *store, const char *run,
                                  struct tsl_graph *graph, const struct tsl_array *arrays,
                                  size_t count, struct tsl_error *err) {
  for (int i = 0; i < tsl_graph_param_count(graph); i++) {
    const struct tsl_param *param = tsl_graph_param(graph, i);
    const struct tsl_array *array = find_array(arrays, count, param->name);
    if (array == NULL || !fits(array, param)) {
      char why[sizeof param->name + 64];
      snprintf(why, sizeof why, "weight %s %s", param->name,
               array == NULL ? "is missing" : "has another shape than in the network");
      return refuse(store, run, why, err);
    }
    tsl_graph_param_set(graph, i, array->data);
  }
  return TSL_OK;
}

enum tsl_status tsl_model_load(const struct tsl_store *store, const struct tsl_run *run,
                               const struct tsl_dataset *dataset, struct tsl_model *out,
                               struct tsl_error *err) {
  /* The losses are not looked at, so without data any allowed N and length do. */
  int64_t samples = run->options.train.batch;
  int64_t iterations = 1;
  if (dataset != NULL) {
    samples = tsl_dataset_view(dataset)->count -
              tsl_dataset_held_out(dataset, run->options.held_out);
    iterations = tsl_train_iterations(run, samples);
  }
  struct tsl_array *arrays = NULL;
  size_t count = 0;
  struct tsl_model model = {0};
  enum tsl_status status = read_weights(store, run->name, &arrays, &count, err);
  if (status == TSL_OK)
    status = check_digest(store, run->name, arrays, count, err);
  if (status == TSL_OK)
    status = tsl_model_create(run, samples, iterations, &model, err);
  if (status == TSL_OK)
    status = set_params(store, run->name, model.graph, arrays, count, err);
  for (size_t i = 0; i < count; i++)
    tsl_array_release(&arrays[i]);
  free(arrays);
  if (status == TSL_OK)
    *out = model;
  else
    tsl_model_release(&model);
  return status;
}
