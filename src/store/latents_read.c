/* latents.h5 back into memory. */
#include "store/file.h"
#include "store/h5.h"
#include "store/store.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A dataset of the expected shape; rows or columns -1: any. */
static enum tsl_status read_shaped(struct tsl_h5_reader *reader, const char *name,
                                   enum tsl_array_type type, int64_t rows,
                                   int64_t columns, struct tsl_array *out,
                                   struct tsl_error *err) {
  struct tsl_array array = {.data = NULL};
  TSL_TRY(tsl_h5_read(reader, name, type, &array, err));
  int rank = columns == 0 ? 1 : 2;
  if (array.rank != rank || (rows >= 0 && array.dims[0] != rows) ||
      (rank == 2 && columns > 0 && array.dims[1] != columns)) {
    tsl_array_release(&array);
    return tsl_error_set(
        err, TSL_FORMAT, reader->path,
        "%s has another shape than the file's other arrays; encode again", name);
  }
  *out = array;
  return TSL_OK;
}

static enum tsl_status read_points(struct tsl_h5_reader *reader,
                                   struct tsl_latents *latents, struct tsl_error *err) {
  struct tsl_array array = {.data = NULL};
  TSL_TRY(read_shaped(reader, "/indices", TSL_ARRAY_I64, -1, 0, &array, err));
  latents->points = array.dims[0];
  latents->indices = array.data;
  if (tsl_h5_has(reader, "/labels")) {
    TSL_TRY(
        read_shaped(reader, "/labels", TSL_ARRAY_I32, latents->points, 0, &array, err));
    latents->labels = array.data;
  }
  if (tsl_h5_has(reader, "/factors")) {
    TSL_TRY(
        read_shaped(reader, "/factors", TSL_ARRAY_F32, latents->points, -1, &array, err));
    latents->factors = array.data;
    if (array.dims[1] > INT_MAX)
      return tsl_error_set(err, TSL_FORMAT, reader->path,
                           "/factors holds too many; encode again");
    latents->factor_count = (int)array.dims[1];
  }
  return TSL_OK;
}

/* TSL_FORMAT when the run does not hold what was written. */
static enum tsl_status check_run(struct tsl_h5_reader *reader,
                                 const struct tsl_latents *latents, size_t index,
                                 struct tsl_error *err) {
  const char *run = latents->runs[index].name;
  struct tsl_array array = {.data = NULL};
  struct tsl_digest digest;
  char name[TSL_ARRAY_NAME_MAX];
  TSL_TRY(tsl__path_print(name, sizeof name, err, "/runs/%s/digest", run));
  if (!tsl_h5_has(reader, name)) /* of an earlier version of teasel */
    return TSL_OK;
  TSL_TRY(read_shaped(reader, name, TSL_ARRAY_U8, sizeof digest, 0, &array, err));
  enum tsl_status status = tsl__latents_digest(latents, index, &digest, err);
  if (status == TSL_OK && memcmp(array.data, &digest, sizeof digest) != 0)
    status = tsl_error_set(err, TSL_FORMAT, reader->path,
                           "damaged: the latents of %s are not those that were written; "
                           "`teasel run` or `teasel score` encodes again",
                           run);
  tsl_array_release(&array);
  return status;
}

static enum tsl_status read_run(struct tsl_h5_reader *reader, struct tsl_latents *latents,
                                size_t index, struct tsl_error *err) {
  struct tsl_latents_run *run = &latents->runs[index];
  struct tsl_array array = {.data = NULL};
  char name[TSL_ARRAY_NAME_MAX];
  TSL_TRY(tsl__path_print(name, sizeof name, err, "/runs/%s/mean", run->name));
  TSL_TRY(read_shaped(reader, name, TSL_ARRAY_F32, latents->points, run->latent, &array,
                      err));
  run->mean = array.data;
  TSL_TRY(tsl__path_print(name, sizeof name, err, "/runs/%s/log_variance", run->name));
  TSL_TRY(read_shaped(reader, name, TSL_ARRAY_F32, latents->points, run->latent, &array,
                      err));
  run->log_variance = array.data;
  TSL_TRY(tsl__path_print(name, sizeof name, err, "/runs/%s/cluster_logits", run->name));
  if (tsl_h5_has(reader, name)) {
    TSL_TRY(read_shaped(reader, name, TSL_ARRAY_F32, latents->points, -1, &array, err));
    run->cluster_logits = array.data;
    run->clusters = (int)array.dims[1];
  }
  return check_run(reader, latents, index, err);
}

/* Takes the strings of `names` into the runs. */
static enum tsl_status read_runs(struct tsl_h5_reader *reader, char **names,
                                 struct tsl_latents *latents, struct tsl_error *err) {
  for (size_t i = 0; i < latents->run_count; i++) {
    latents->runs[i].name = names[i];
    names[i] = NULL;
  }
  struct tsl_array widths = {.data = NULL};
  TSL_TRY(read_shaped(reader, "/run_table/latent", TSL_ARRAY_I64,
                      (int64_t)latents->run_count, 0, &widths, err));
  int64_t least = 1;
  for (size_t i = 0; widths.data != NULL && i < latents->run_count; i++) {
    latents->runs[i].latent = ((const int64_t *)widths.data)[i];
    least = latents->runs[i].latent < least ? latents->runs[i].latent : least;
  }
  tsl_array_release(&widths);
  if (least < 1)
    return tsl_error_set(err, TSL_FORMAT, reader->path,
                         "/run_table/latent holds %lld; encode again", (long long)least);
  for (size_t i = 0; i < latents->run_count; i++)
    TSL_TRY(read_run(reader, latents, i, err));
  return TSL_OK;
}

enum tsl_status tsl_store_latents_read(struct tsl_store *store, struct tsl_latents *out,
                                       struct tsl_error *err) {
  char path[TSL_PATH_MAX];
  struct tsl_h5_reader *reader = NULL;
  struct tsl_latents latents = {0};
  char **names = NULL;
  size_t count = 0;
  void *runs = NULL;
  TSL_TRY(tsl_h5_open(tsl_store_path(store, TSL_STORE_LATENTS, path), &reader, err));
  enum tsl_status status = read_points(reader, &latents, err);
  if (status == TSL_OK)
    status = tsl_h5_read_strings(reader, "/run_table/name", &names, &count, err);
  if (status == TSL_OK)
    status = tsl_allocate(&runs, count + 1, sizeof(struct tsl_latents_run), err);
  if (status == TSL_OK) {
    latents.runs = runs;
    latents.run_count = count;
    status = read_runs(reader, names, &latents, err);
  }
  if (status == TSL_OK) {
    *out = latents;
    latents = (struct tsl_latents){0};
  }
  for (size_t i = 0; i < count; i++)
    free(names[i]);
  free(names);
  tsl_latents_release(&latents);
  tsl_h5_close(reader);
  return status;
}

void tsl_latents_release(struct tsl_latents *latents) {
  for (size_t i = 0; i < latents->run_count; i++) {
    free((void *)latents->runs[i].name);
    free(latents->runs[i].mean);
    free(latents->runs[i].log_variance);
    free(latents->runs[i].cluster_logits);
  }
  free(latents->runs);
  free(latents->indices);
  free(latents->labels);
  free(latents->factors);
  *latents = (struct tsl_latents){0};
}
