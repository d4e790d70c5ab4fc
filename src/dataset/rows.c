#include "dataset/rows.h"

#include "teasel/arena.h"
#include "teasel/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char *tsl__dims_print(const struct tsl_array *array, char *buffer, size_t size) {
  size_t used = (size_t)snprintf(buffer, size, "[");
  for (int i = 0; i < array->rank && used < size; i++)
    used += (size_t)snprintf(buffer + used, size - used, "%s%lld", i > 0 ? ", " : "",
                             (long long)array->dims[i]);
  if (used < size)
    snprintf(buffer + used, size - used, "]");
  return buffer;
}

static enum tsl_status shape_of(const struct tsl__rows *rows, struct tsl_shape *shape,
                                struct tsl_error *err) {
  const int64_t *dims = rows->array.dims;
  char text[256];
  bool last = rows->layout == TSL__CHANNELS_LAST;
  switch (rows->array.rank) {
  case 2:
    *shape = (struct tsl_shape){1, {dims[1]}};
    return TSL_OK;
  case 3:
    *shape = (struct tsl_shape){3, {1, dims[1], dims[2]}};
    return TSL_OK;
  case 4:
    *shape = last ? (struct tsl_shape){3, {dims[3], dims[1], dims[2]}}
                  : (struct tsl_shape){3, {dims[1], dims[2], dims[3]}};
    return TSL_OK;
  default:
    return tsl_error_set(err, TSL_FORMAT, rows->path,
                         "%s has the dimensions %s; samples are (count, values), (count, "
                         "height, width) or (count, channels, height, width)",
                         rows->name, tsl__dims_print(&rows->array, text, sizeof text));
  }
}

/* (height, width, channels) to (channels, height, width), in place by way of `spare`.
 * bytes: of one value. */
static void channels_first(unsigned char *sample, const struct tsl_shape *shape,
                           size_t bytes, unsigned char *spare) {
  size_t channels = (size_t)shape->dims[0];
  size_t plane = (size_t)shape->dims[1] * (size_t)shape->dims[2];
  memcpy(spare, sample, channels * plane * bytes);
  for (size_t c = 0; c < channels; c++)
    for (size_t i = 0; i < plane; i++)
      memcpy(sample + (c * plane + i) * bytes, spare + (i * channels + c) * bytes, bytes);
}

/* Binary samples kept as 0 and 1 become 0 and 255. */
static enum tsl_status stretch(const struct tsl__rows *rows,
                               const struct tsl__builder *builder,
                               struct tsl_error *err) {
  int largest = 0;
  uint8_t *values = tsl__builder_sample(builder, 0);
  size_t count = (size_t)builder->count * builder->sample_bytes;
  for (size_t i = 0; i < count; i++)
    largest = values[i] > largest ? values[i] : largest;
  if (rows->maximum == 255) {
    if (largest == 1)
      tsl_log(TSL_LOG_NORMAL,
              "%s: all values of %s are 0 or 1 of 255; if 1 means white, set maximum: 1",
              rows->path, rows->name);
    return TSL_OK;
  }
  if (largest > 1)
    return tsl_error_set(err, TSL_FORMAT, rows->path,
                         "%s holds the value %d, but maximum is 1", rows->name, largest);
  for (size_t i = 0; i < count; i++)
    values[i] = (uint8_t)(values[i] * 255);
  return TSL_OK;
}

static enum tsl_status fetch_all(const struct tsl__rows *rows,
                                 struct tsl__builder *builder, struct tsl_error *err) {
  enum tsl_array_type type =
      builder->type == TSL_SAMPLE_U8 ? TSL_ARRAY_U8 : TSL_ARRAY_F32;
  const int64_t piece = 1 + (int64_t)((16u << 20) / builder->sample_bytes);
  for (int64_t begin = 0; begin < builder->count; begin += piece) {
    int64_t left = builder->count - begin;
    TSL_TRY(rows->fetch(rows->context, begin, left < piece ? left : piece, type,
                        tsl__builder_sample(builder, begin), err));
  }
  return TSL_OK;
}

enum tsl_status tsl__rows_read(const struct tsl__rows *rows, struct tsl__builder *builder,
                               struct tsl_error *err) {
  struct tsl_shape shape;
  TSL_TRY(shape_of(rows, &shape, err));
  if (rows->array.dims[0] < 1)
    return tsl_error_set(err, TSL_FORMAT, rows->path, "%s holds no samples", rows->name);
  bool bytes = rows->array.type == TSL_ARRAY_U8;
  enum tsl_status status = tsl__builder_reserve(
      builder, rows->array.dims[0], &shape, bytes ? TSL_SAMPLE_U8 : TSL_SAMPLE_F32, err);
  if (status == TSL_FORMAT && err != NULL) /* the file's fault, which the builder does
                                              not know */
    snprintf(err->where, sizeof err->where, "%s", rows->path);
  TSL_TRY(status);
  TSL_TRY(fetch_all(rows, builder, err));
  if (rows->array.rank == 4 && rows->layout == TSL__CHANNELS_LAST) {
    void *spare = NULL;
    TSL_TRY(tsl_allocate(&spare, builder->sample_bytes, 1, err));
    for (int64_t i = 0; i < builder->count; i++)
      channels_first(tsl__builder_sample(builder, i), &shape, bytes ? 1 : sizeof(float),
                     spare);
    free(spare);
  }
  return bytes ? stretch(rows, builder, err)
               : tsl__builder_check_finite(builder, rows->path, err);
}

enum tsl_status tsl__rows_labels(const char *path, const int64_t *labels, int64_t count,
                                 int64_t classes, struct tsl__builder *builder,
                                 struct tsl_error *err) {
  const int64_t most = 1000000;
  int64_t largest = 0;
  if (count != builder->count)
    return tsl_error_set(err, TSL_FORMAT, path, "%lld labels for %lld samples",
                         (long long)count, (long long)builder->count);
  for (int64_t i = 0; i < count; i++) {
    if (labels[i] < 0 || labels[i] >= (classes > 0 ? classes : most))
      return tsl_error_set(err, TSL_FORMAT, path,
                           "label %lld is %lld; labels are from 0 to %lld", (long long)i,
                           (long long)labels[i],
                           (long long)(classes > 0 ? classes : most) - 1);
    largest = labels[i] > largest ? labels[i] : largest;
  }
  TSL_TRY(tsl__builder_labels(builder, (int)(classes > 0 ? classes : largest + 1), err));
  for (int64_t i = 0; i < count; i++)
    builder->labels[i] = (int32_t)labels[i];
  return TSL_OK;
}
