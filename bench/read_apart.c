/* read_apart [RUNS [POINTS [MIB]]]: what it costs to read latents.h5 in a copy of the
 * process, beside reading it in the process itself. RUNS runs (20) of 10 latents at
 * POINTS samples (10000); the process has MIB MiB of memory of its own besides. Ratios
 * are of the medians of 11 turns. */
#include "teasel/arena.h"
#include "teasel/claim.h"
#include "teasel/log.h"
#include "teasel/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TURNS = 11, LATENT = 10 };

static enum tsl_status write_latents(struct tsl_store *store, size_t runs, int64_t points,
                                     struct tsl_error *err) {
  void *names = NULL, *list = NULL, *values = NULL, *indices = NULL;
  TSL_TRY(tsl_allocate(&names, runs, 32, err));
  TSL_TRY(tsl_allocate(&list, runs, sizeof(struct tsl_latents_run), err));
  TSL_TRY(tsl_allocate(&values, (size_t)points * LATENT, sizeof(float), err));
  TSL_TRY(tsl_allocate(&indices, (size_t)points, sizeof(int64_t), err));
  struct tsl_latents latents = {
      .points = points, .indices = indices, .run_count = runs, .runs = list};
  for (size_t i = 0; i < runs; i++) {
    char *name = (char *)names + 32 * i;
    snprintf(name, 32, "beta_vae-%08zu", i);
    latents.runs[i] = (struct tsl_latents_run){
        .name = name, .latent = LATENT, .mean = values, .log_variance = values};
  }
  enum tsl_status status =
      tsl_store_latents_write(store, tsl_team_alone(), &latents, err);
  free(indices);
  free(values);
  free(list);
  free(names);
  return status;
}

typedef enum tsl_status (*opener)(const char *path, struct tsl_h5_reader **out,
                                  struct tsl_error *err);

/* Every dataset of numbers; seconds of it and of opening and closing alone. */
static enum tsl_status read_all(opener open, const char *path, double *seconds,
                                double *opening, struct tsl_error *err) {
  struct tsl_h5_reader *reader = NULL;
  char **names = NULL;
  size_t count = 0;
  double begun = tsl_clock_seconds();
  TSL_TRY(open(path, &reader, err));
  tsl_h5_close(reader);
  *opening = tsl_clock_seconds() - begun;
  begun = tsl_clock_seconds();
  TSL_TRY(open(path, &reader, err));
  enum tsl_status status = tsl_h5_list(reader, "/runs", &names, &count, err);
  for (size_t i = 0; i < count; i++) {
    char name[TSL_ARRAY_NAME_MAX];
    struct tsl_array array;
    snprintf(name, sizeof name, "/runs/%s", names[i]);
    if (status == TSL_OK)
      status = tsl_h5_describe(reader, name, &array, err);
    if (status == TSL_OK && tsl_h5_has(reader, name))
      status = tsl_h5_read(reader, name, array.type, &array, err);
    if (status == TSL_OK)
      tsl_array_release(&array);
    free(names[i]);
  }
  free(names);
  tsl_h5_close(reader);
  *seconds = tsl_clock_seconds() - begun;
  return status;
}

static int by_size(const void *a, const void *b) {
  const double *one = a, *other = b;
  return (*one > *other) - (*one < *other);
}

static double median(double *values) {
  qsort(values, TURNS, sizeof *values, by_size);
  return values[TURNS / 2];
}

static enum tsl_status measure(const char *path, struct tsl_error *err) {
  static const opener openers[2] = {tsl_h5_open, tsl_h5_open_here};
  double seconds[2][TURNS], opening[2][TURNS], read[2], opened[2];
  for (int turn = 0; turn < TURNS; turn++)
    for (int k = 0; k < 2; k++)
      TSL_TRY(read_all(openers[k], path, &seconds[k][turn], &opening[k][turn], err));
  for (int k = 0; k < 2; k++) {
    read[k] = 1e3 * median(seconds[k]);
    opened[k] = 1e3 * median(opening[k]);
  }
  printf("open: %.2f ms in a copy, %.2f ms here\n", opened[0], opened[1]);
  printf("read: %.2f ms in a copy, %.2f ms here, ratio %.2f\n", read[0], read[1],
         read[0] / read[1]);
  return TSL_OK;
}

int main(int count, char **words) {
  const size_t runs = count > 1 ? strtoull(words[1], NULL, 10) : 20;
  const int64_t points = count > 2 ? strtoll(words[2], NULL, 10) : 10000;
  const size_t more = count > 3 ? strtoull(words[3], NULL, 10) << 20 : 0;
  char folder[] = "/dev/shm/teasel-read-apart-XXXXXX", path[TSL_PATH_MAX];
  struct tsl_store *store = NULL;
  struct tsl_error err = {0};
  char *memory = malloc(more + 1);
  if (memory == NULL || mkdtemp(folder) == NULL)
    return 1;
  memset(memory, 1, more + 1);
  tsl_log_level_set(TSL_LOG_QUIET);
  enum tsl_status status = tsl_store_open(folder, TSL_STORE_CREATE, &store, &err);
  if (status == TSL_OK)
    status = write_latents(store, runs, points, &err);
  if (status == TSL_OK)
    status = measure(tsl_store_path(store, TSL_STORE_LATENTS, path), &err);
  if (status != TSL_OK)
    fprintf(stderr, "%s: %s\n", err.where, err.text);
  if (store != NULL) {
    tsl_store_remove(store, TSL_STORE_LATENTS);
    tsl_store_undo(store);
  }
  tsl_store_close(store);
  free(memory);
  return status == TSL_OK ? 0 : 1;
}
