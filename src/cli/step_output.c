#include "cli/step_output.h"

#include "teasel/arena.h"
#include "teasel/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void tsl__step_result_release(struct tsl__step_result *result) {
  for (int i = 0; result->gradients != NULL && i < result->params; i++)
    free(result->gradients[i]);
  free(result->gradients);
  free(result->terms);
  for (int i = 0; i < result->latent_count; i++)
    free(result->latents[i].rows);
}

/* /loss/<term>: [T], or [T, d] for a term of one number a latent dimension. */
static enum tsl_status write_losses(const struct tsl__step_result *result,
                                    const struct tsl_graph *graph,
                                    struct tsl_h5_writer *out, struct tsl_error *err) {
  const int64_t numbers = tsl_graph_term_numbers(graph);
  for (int i = 0; i < tsl_graph_term_count(graph); i++) {
    const struct tsl_term term = tsl_graph_term_at(graph, i);
    const size_t count = (size_t)term.count;
    const bool per_dimension = strstr(term.name, "_per_dim") != NULL;
    double *column = NULL; /* (T, term.count) */
    TSL_TRY(tsl_allocate((void **)&column, (size_t)result->steps * count, sizeof(double),
                         err));
    for (int64_t t = 0; t < result->steps; t++)
      memcpy(column + (size_t)t * count, result->terms + t * numbers + term.offset,
             count * sizeof(double));
    struct tsl_array array = {.type = TSL_ARRAY_F64,
                              .rank = per_dimension ? 2 : 1,
                              .dims = {result->steps, term.count},
                              .data = column};
    snprintf(array.name, sizeof array.name, "/loss/%s", term.name);
    enum tsl_status status = tsl_h5_write(out, &array, err);
    free(column);
    TSL_TRY(status);
  }
  return TSL_OK;
}

static enum tsl_status write_param(struct tsl_h5_writer *out, const char *group,
                                   const struct tsl_param *param, float *values,
                                   struct tsl_error *err) {
  struct tsl_array array = {.type = TSL_ARRAY_F32, .rank = param->rank, .data = values};
  snprintf(array.name, sizeof array.name, "/%s/%s", group, param->name);
  memcpy(array.dims, param->dims, sizeof param->dims);
  return tsl_h5_write(out, &array, err);
}

static enum tsl_status write_params(const struct tsl__step_result *result,
                                    const struct tsl_graph *graph,
                                    struct tsl_h5_writer *out, struct tsl_error *err) {
  for (int i = 0; i < result->params; i++) {
    const struct tsl_param *param = tsl_graph_param(graph, i);
    if (result->gradients[i] != NULL)
      TSL_TRY(write_param(out, "grads", param, result->gradients[i], err));
    float *values = NULL; /* (param) */
    TSL_TRY(tsl_allocate((void **)&values, (size_t)param->count, sizeof(float), err));
    tsl_graph_param_get(graph, i, values);
    enum tsl_status status = write_param(out, "params_after", param, values, err);
    free(values);
    TSL_TRY(status);
  }
  return TSL_OK;
}

static enum tsl_status write_latents(const struct tsl__step_result *result,
                                     struct tsl_h5_writer *out, struct tsl_error *err) {
  for (int i = 0; i < result->latent_count; i++) {
    const struct tsl__step_latent *latent = &result->latents[i];
    struct tsl_array array = {.type = TSL_ARRAY_F32,
                              .rank = 2,
                              .dims = {result->batch, latent->count},
                              .data = latent->rows};
    snprintf(array.name, sizeof array.name, "/latents/%s", latent->name);
    TSL_TRY(tsl_h5_write(out, &array, err));
  }
  return TSL_OK;
}

enum tsl_status tsl__step_write(const struct tsl__step_result *result,
                                const struct tsl_graph *graph, const char *path,
                                struct tsl_error *err) {
  struct tsl_h5_writer *out = NULL;
  TSL_TRY(tsl_h5_create(path, &out, err));
  enum tsl_status status = write_losses(result, graph, out, err);
  if (status == TSL_OK)
    status = write_params(result, graph, out, err);
  if (status == TSL_OK)
    status = write_latents(result, out, err);
  if (status == TSL_OK)
    return tsl_h5_commit(out, err);
  tsl_h5_abandon(out);
  return status;
}
