#include "dataset/npy_file.h"
#include "dataset/reader.h"
#include "dataset/rows.h"
#include "teasel/arena.h"

#include <math.h>
#include <stdlib.h>

struct npy_options {
  char path[TSL_TEXT_MAX], labels[TSL_TEXT_MAX], factors[TSL_TEXT_MAX];
  int layout;
  int64_t maximum;
};

#define OFFSET(field) offsetof(struct npy_options, field)
static const struct tsl_option options[] = {
    {"path", TSL_OPTION_PATH, OFFSET(path), NULL, 0, 0, NULL, TSL_SCOPE_RUN,
     "NPY file of the samples: bytes or floats (count, values), (count, height, width) "
     "or "
     "(count, channels, height, width)"},
    {"labels", TSL_OPTION_PATH, OFFSET(labels), "", 0, 0, NULL, TSL_SCOPE_RUN,
     "NPY file of whole numbers from 0 (count); empty: no labels"},
    {"factors", TSL_OPTION_PATH, OFFSET(factors), "", 0, 0, NULL, TSL_SCOPE_RUN,
     "NPY file of numbers (count, factors); empty: no factors"},
    {"layout", TSL_OPTION_CHOICE, OFFSET(layout), "channels_first", 0, 0,
     TSL__LAYOUT_WORDS, TSL_SCOPE_RUN, "where the channels of (count, ., ., .) stand"},
    {"maximum", TSL_OPTION_INTEGER, OFFSET(maximum), "255", 1, 255, NULL, TSL_SCOPE_RUN,
     "value of a byte that means 1.0: 255, or 1 for binary samples kept as 0 and 1"},
};

static enum tsl_status fetch(void *context, int64_t begin, int64_t count,
                             enum tsl_array_type type, void *out, struct tsl_error *err) {
  const struct tsl__npy *npy = context;
  int64_t values =
      npy->array.dims[0] > 0 ? tsl_array_count(&npy->array) / npy->array.dims[0] : 0;
  return tsl__npy_read(npy, begin * values, count * values, type, out, err);
}

static enum tsl_status read_samples(const struct npy_options *chosen,
                                    struct tsl__builder *builder, struct tsl_error *err) {
  struct tsl__npy npy;
  TSL_TRY(tsl__npy_open(chosen->path, &npy, err));
  struct tsl__rows rows = {.path = chosen->path,
                           .name = "the array",
                           .array = npy.array,
                           .layout = (enum tsl__layout)chosen->layout,
                           .maximum = chosen->maximum,
                           .fetch = fetch,
                           .context = &npy};
  enum tsl_status status;
  if (npy.array.type == TSL_ARRAY_I64)
    status =
        tsl_error_set(err, TSL_FORMAT, chosen->path,
                      "the array holds whole numbers of more than a byte; save it as "
                      "uint8 (0 to 255) or as float32 (0 to 1)");
  else
    status = tsl__rows_read(&rows, builder, err);
  tsl__npy_close(&npy);
  return status;
}

static enum tsl_status read_labels(const char *path, struct tsl__builder *builder,
                                   struct tsl_error *err) {
  struct tsl__npy npy;
  void *labels = NULL;
  TSL_TRY(tsl__npy_open(path, &npy, err));
  int64_t count = tsl_array_count(&npy.array);
  enum tsl_status status = TSL_OK;
  if (npy.kind == 'f')
    status = tsl_error_set(err, TSL_FORMAT, path,
                           "labels are whole numbers, these are floats");
  if (status == TSL_OK)
    status = tsl_allocate(&labels, (size_t)count, sizeof(int64_t), err);
  if (status == TSL_OK)
    status = tsl__npy_read(&npy, 0, count, TSL_ARRAY_I64, labels, err);
  if (status == TSL_OK)
    status = tsl__rows_labels(path, labels, count, 0, builder, err);
  free(labels);
  tsl__npy_close(&npy);
  return status;
}

static enum tsl_status fill_factors(const struct tsl__npy *npy,
                                    struct tsl__builder *builder, struct tsl_error *err) {
  const struct tsl_array *array = &npy->array;
  char text[256];
  int64_t count = array->rank == 2 ? array->dims[1] : 1;
  if ((array->rank != 1 && array->rank != 2) || array->dims[0] != builder->count ||
      count < 1 || count > 10000)
    return tsl_error_set(
        err, TSL_FORMAT, npy->path,
        "the factors have the dimensions %s; (%lld, factors) is expected",
        tsl__dims_print(array, text, sizeof text), (long long)builder->count);
  TSL_TRY(tsl__builder_factors(builder, (int)count, NULL, NULL, err));
  TSL_TRY(tsl__npy_read(npy, 0, builder->count * count, TSL_ARRAY_F32, builder->factors,
                        err));
  for (int64_t i = 0; i < builder->count * count; i++)
    if (!isfinite(builder->factors[i]))
      return tsl_error_set(err, TSL_FORMAT, npy->path,
                           "a factor of sample %lld is not finite",
                           (long long)(i / count));
  return TSL_OK;
}

static enum tsl_status read_factors(const char *path, struct tsl__builder *builder,
                                    struct tsl_error *err) {
  struct tsl__npy npy;
  TSL_TRY(tsl__npy_open(path, &npy, err));
  enum tsl_status status = fill_factors(&npy, builder, err);
  tsl__npy_close(&npy);
  return status;
}

static enum tsl_status read_npy(const struct tsl_dataset_config *config,
                                const struct tsl_shape *shape,
                                struct tsl__builder *builder, struct tsl_error *err) {
  (void)shape;
  const struct npy_options *chosen = (const void *)config->reader_options;
  if (chosen->maximum != 255 && chosen->maximum != 1)
    return tsl_error_set(err, TSL_BAD_INPUT, config->file, "maximum is 255 or 1");
  TSL_TRY(read_samples(chosen, builder, err));
  if (chosen->labels[0] != '\0')
    TSL_TRY(read_labels(chosen->labels, builder, err));
  if (chosen->factors[0] != '\0')
    TSL_TRY(read_factors(chosen->factors, builder, err));
  return TSL_OK;
}

static enum tsl_status sources(const struct tsl_dataset_config *config,
                               struct tsl_digester *key, struct tsl_error *err) {
  const struct npy_options *chosen = (const void *)config->reader_options;
  const char *names[] = {chosen->path, chosen->labels, chosen->factors};
  for (int i = 0; i < 3; i++)
    if (names[i][0] != '\0')
      TSL_TRY(tsl__source_add(key, names[i], err));
  return TSL_OK;
}

const struct tsl_reader_ops tsl_reader_npy = {
    .reader = {.name = "npy",
               .summary = "NPY files (numpy.save) of samples, labels and factors",
               .options = options,
               .option_count = sizeof options / sizeof options[0],
               .options_bytes = sizeof(struct npy_options)},
    .sources = sources,
    .read = read_npy,
};
