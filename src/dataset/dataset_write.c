#include "teasel/dataset.h"
#include "teasel/store.h"

#include <stdio.h>

/* A borrowed array of the view under a name of the file. */
static struct tsl_array named(const char *name, enum tsl_array_type type,
                              const void *data, int64_t count) {
  struct tsl_array array = {
      .type = type, .rank = 1, .dims = {count}, .data = (void *)(uintptr_t)data};
  snprintf(array.name, sizeof array.name, "%s", name);
  return array;
}

static enum tsl_status write_labels(const struct tsl_dataset_view *view,
                                    struct tsl_h5_writer *file, struct tsl_error *err) {
  if (view->labels == NULL)
    return TSL_OK;
  struct tsl_array labels = named("/labels", TSL_ARRAY_I32, view->labels, view->count);
  TSL_TRY(tsl_h5_write(file, &labels, err));
  TSL_TRY(tsl_h5_write_attribute(file, "/labels", "classes", view->label_count, err));
  if (view->label_names == NULL)
    return TSL_OK;
  return tsl_h5_write_strings(file, "/label_names", view->label_names,
                              (size_t)view->label_count, err);
}

static enum tsl_status write_factors(const struct tsl_dataset_view *view,
                                     struct tsl_h5_writer *file, struct tsl_error *err) {
  if (view->factors == NULL)
    return TSL_OK;
  struct tsl_array factors = named("/factors", TSL_ARRAY_F32, view->factors, view->count);
  struct tsl_array sizes =
      named("/factor_sizes", TSL_ARRAY_I32, view->factor_sizes, view->factor_count);
  factors.rank = 2;
  factors.dims[1] = view->factor_count;
  TSL_TRY(tsl_h5_write(file, &factors, err));
  TSL_TRY(tsl_h5_write(file, &sizes, err));
  return tsl_h5_write_strings(file, "/factor_names", view->factor_names,
                              (size_t)view->factor_count, err);
}

static enum tsl_status write_all(const struct tsl_dataset_view *view,
                                 struct tsl_h5_writer *file, struct tsl_error *err) {
  enum tsl_array_type type = view->type == TSL_SAMPLE_U8 ? TSL_ARRAY_U8 : TSL_ARRAY_F32;
  struct tsl_array images = named("/images", type, view->samples, view->count);
  images.rank = 1 + view->shape.rank;
  for (int i = 0; i < view->shape.rank; i++)
    images.dims[1 + i] = view->shape.dims[i];
  TSL_TRY(tsl_h5_write(file, &images, err));
  TSL_TRY(write_labels(view, file, err));
  TSL_TRY(write_factors(view, file, err));
  if (view->test_begin == view->count)
    return TSL_OK;
  struct tsl_array begin = named("/test_begin", TSL_ARRAY_I64, &view->test_begin, 1);
  return tsl_h5_write(file, &begin, err);
}

enum tsl_status tsl_dataset_write(const struct tsl_dataset *dataset, const char *path,
                                  struct tsl_error *err) {
  struct tsl_h5_writer *file = NULL;
  TSL_TRY(tsl_h5_create(path, &file, err));
  enum tsl_status status = write_all(tsl_dataset_view(dataset), file, err);
  if (status == TSL_OK)
    return tsl_h5_commit(file, err);
  tsl_h5_abandon(file);
  return status;
}
