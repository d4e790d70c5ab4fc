/* model.h5 of a run: /params/<name>, in PyTorch's names and layouts. */
#include "store/file.h"
#include "store/store.h"

#include "teasel/digest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum tsl_status tsl_store_model_write(const struct tsl_store *store, const char *run,
                                      const struct tsl_array *params, size_t count,
                                      struct tsl_error *err) {
  char path[TSL_PATH_MAX];
  struct tsl_h5_writer *writer = NULL;
  TSL_TRY(tsl_h5_create(tsl_store_run_path(store, run, "model.h5", path), &writer, err));
  enum tsl_status status = TSL_OK;
  for (size_t i = 0; i < count && status == TSL_OK; i++) {
    struct tsl_array array = params[i];
    status =
        tsl__path_print(array.name, sizeof array.name, err, "/params/%s", params[i].name);
    if (status == TSL_OK)
      status = tsl_h5_write(writer, &array, err);
  }
  if (status != TSL_OK) {
    tsl_h5_abandon(writer);
    return status;
  }
  return tsl_h5_commit(writer, err);
}

static int by_name(const void *a, const void *b) {
  const struct tsl_array *const *one = a, *const *other = b;
  return strcmp((*one)->name, (*other)->name);
}

enum tsl_status tsl_arrays_digest(const struct tsl_array *arrays, size_t count,
                                  char digest[33], struct tsl_error *err) {
  void *memory = NULL;
  TSL_TRY(tsl_allocate(&memory, count + 1, sizeof(void *), err));
  const struct tsl_array **sorted = memory;
  struct tsl_digester *digester = tsl_digester_create();
  if (digester == NULL) {
    free(memory);
    return tsl_error_set(err, TSL_MEMORY, "", "no memory for a digest");
  }
  for (size_t i = 0; i < count; i++)
    sorted[i] = &arrays[i];
  qsort(memory, count, sizeof(void *), by_name);
  for (size_t i = 0; i < count; i++) {
    const struct tsl_array *array = sorted[i];
    const int64_t about[2] = {array->type, array->rank};
    tsl_digester_add(digester, array->name, strlen(array->name) + 1);
    tsl_digester_add(digester, about, sizeof about);
    tsl_digester_add(digester, array->dims, (size_t)array->rank * sizeof *array->dims);
    tsl_digester_add(digester, array->data,
                     (size_t)tsl_array_count(array) * tsl_array_type_bytes(array->type));
  }
  const struct tsl_digest value = tsl_digester_value(digester);
  tsl_digest_print(&value, digest);
  tsl_digester_free(digester);
  free(memory);
  return TSL_OK;
}

/* Reads names[i], each below /params, into params[i]. */
static enum tsl_status read_params(struct tsl_h5_reader *reader, char *const *names,
                                   size_t count, struct tsl_array *params,
                                   struct tsl_error *err) {
  for (size_t i = 0; i < count; i++) {
    char name[TSL_ARRAY_NAME_MAX];
    struct tsl_array about;
    TSL_TRY(tsl__path_print(name, sizeof name, err, "/params/%s", names[i]));
    TSL_TRY(tsl_h5_describe(reader, name, &about, err));
    TSL_TRY(tsl_h5_read(reader, name, about.type, &params[i], err));
    snprintf(params[i].name, sizeof params[i].name, "%s", names[i]);
  }
  return TSL_OK;
}

enum tsl_status tsl_store_model_read(const struct tsl_store *store, const char *run,
                                     struct tsl_array **params, size_t *count,
                                     struct tsl_error *err) {
  char path[TSL_PATH_MAX];
  struct tsl_h5_reader *reader = NULL;
  char **names = NULL;
  size_t name_count = 0;
  void *list = NULL;
  TSL_TRY(tsl_h5_open(tsl_store_run_path(store, run, "model.h5", path), &reader, err));
  enum tsl_status status = tsl_h5_list(reader, "/params", &names, &name_count, err);
  if (status == TSL_OK)
    status = tsl_allocate(&list, name_count + 1, sizeof(struct tsl_array), err);
  if (status == TSL_OK)
    status = read_params(reader, names, name_count, list, err);
  struct tsl_array *arrays = list;
  if (status == TSL_OK) {
    *params = arrays;
    *count = name_count;
    arrays = NULL;
  }
  for (size_t i = 0; arrays != NULL && i < name_count; i++)
    tsl_array_release(&arrays[i]);
  free(arrays);
  for (size_t i = 0; i < name_count; i++)
    free(names[i]);
  free(names);
  tsl_h5_close(reader);
  return status;
}
