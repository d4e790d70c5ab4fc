/* Anyone's HDF5 file, and what `teasel data write` writes. */
#include "dataset/reader.h"
#include "dataset/rows.h"
#include "teasel/store.h"

#include <math.h>
#include <stdlib.h>

struct hdf5_options {
  char path[TSL_TEXT_MAX];
  char images[TSL_TEXT_MAX], labels[TSL_TEXT_MAX], factors[TSL_TEXT_MAX];
  int layout;
  int64_t maximum;
};

#define OFFSET(field) offsetof(struct hdf5_options, field)
static const struct tsl_option options[] = {
    {"path", TSL_OPTION_PATH, OFFSET(path), NULL, 0, 0, NULL, TSL_SCOPE_RUN, "HDF5 file"},
    {"images", TSL_OPTION_TEXT, OFFSET(images), "/images", 0, 0, NULL, TSL_SCOPE_RUN,
     "dataset of the samples: bytes or floats (count, values), (count, height, width) or "
     "(count, channels, height, width)"},
    {"labels", TSL_OPTION_TEXT, OFFSET(labels), "/labels", 0, 0, NULL, TSL_SCOPE_RUN,
     "dataset of whole numbers from 0 (count), read where it exists; /label_names beside "
     "it"},
    {"factors", TSL_OPTION_TEXT, OFFSET(factors), "/factors", 0, 0, NULL, TSL_SCOPE_RUN,
     "dataset of numbers (count, factors), read where it exists; /factor_names and "
     "/factor_sizes beside it"},
    {"layout", TSL_OPTION_CHOICE, OFFSET(layout), "channels_first", 0, 0,
     TSL__LAYOUT_WORDS, TSL_SCOPE_RUN, "where the channels of (count, ., ., .) stand"},
    {"maximum", TSL_OPTION_INTEGER, OFFSET(maximum), "255", 1, 255, NULL, TSL_SCOPE_RUN,
     "value of a byte that means 1.0: 255, or 1 for binary samples kept as 0 and 1"},
};

struct source {
  struct tsl_h5_reader *file;
  const struct hdf5_options *chosen;
};

static enum tsl_status fetch(void *context, int64_t begin, int64_t count,
                             enum tsl_array_type type, void *out, struct tsl_error *err) {
  const struct source *source = context;
  return tsl_h5_read_rows(source->file, source->chosen->images, begin, count, type, out,
                          err);
}

static enum tsl_status read_images(struct source *source, struct tsl__builder *builder,
                                   struct tsl_error *err) {
  const struct hdf5_options *chosen = source->chosen;
  struct tsl__rows rows = {.path = chosen->path,
                           .name = chosen->images,
                           .layout = (enum tsl__layout)chosen->layout,
                           .maximum = chosen->maximum,
                           .fetch = fetch,
                           .context = source};
  TSL_TRY(tsl_h5_describe(source->file, chosen->images, &rows.array, err));
  if (rows.array.type == TSL_ARRAY_I32 || rows.array.type == TSL_ARRAY_I64)
    return tsl_error_set(err, TSL_FORMAT, chosen->path,
                         "%s holds whole numbers of more than a byte; save it as uint8 "
                         "(0 to 255) or as float32 (0 to 1)",
                         chosen->images);
  return tsl__rows_read(&rows, builder, err);
}

/* Strings of a dataset of names; *count 0 where there is none. */
static enum tsl_status read_names(const struct source *source, const char *name,
                                  char ***names, size_t *count, struct tsl_error *err) {
  *names = NULL;
  *count = 0;
  if (!tsl_h5_has(source->file, name))
    return TSL_OK;
  return tsl_h5_read_strings(source->file, name, names, count, err);
}

static void free_names(char **names, size_t count) {
  for (size_t i = 0; i < count; i++)
    free(names[i]);
  free(names);
}

static enum tsl_status read_labels(struct source *source, struct tsl__builder *builder,
                                   struct tsl_error *err) {
  const struct hdf5_options *chosen = source->chosen;
  struct tsl_array labels = {0};
  char **names = NULL;
  size_t count = 0;
  if (chosen->labels[0] == '\0' || !tsl_h5_has(source->file, chosen->labels))
    return TSL_OK;
  TSL_TRY(read_names(source, "/label_names", &names, &count, err));
  double classes = 0; /* an attribute that our own files have; 0: not known */
  if (tsl_h5_read_attribute(source->file, chosen->labels, "classes", &classes, NULL) !=
          TSL_OK ||
      !(classes >= (double)count && classes <= 1e6))
    classes = (double)count;
  enum tsl_status status =
      tsl_h5_read(source->file, chosen->labels, TSL_ARRAY_I64, &labels, err);
  if (status == TSL_OK)
    status = tsl__rows_labels(chosen->path, labels.data, tsl_array_count(&labels),
                              (int64_t)classes, builder, err);
  for (size_t i = 0; i < count; i++)
    tsl__builder_label_name(builder, names[i]);
  tsl_array_release(&labels);
  free_names(names, count);
  return status;
}

static enum tsl_status check_factors(const struct source *source,
                                     const struct tsl_array *factors, size_t names,
                                     const struct tsl__builder *builder,
                                     struct tsl_error *err) {
  char text[256];
  if ((factors->rank != 1 && factors->rank != 2) || factors->dims[0] != builder->count ||
      (factors->rank == 2 && (factors->dims[1] < 1 || factors->dims[1] > 10000)))
    return tsl_error_set(
        err, TSL_FORMAT, source->chosen->path,
        "%s has the dimensions %s; (%lld, factors) is expected", source->chosen->factors,
        tsl__dims_print(factors, text, sizeof text), (long long)builder->count);
  int64_t count = factors->rank == 2 ? factors->dims[1] : 1;
  if (names != 0 && (int64_t)names != count)
    return tsl_error_set(err, TSL_FORMAT, source->chosen->path,
                         "/factor_names has %zu names for %lld factors", names,
                         (long long)count);
  return TSL_OK;
}

/* sizes: (factor_count) of the builder. */
static enum tsl_status read_sizes(const struct source *source,
                                  struct tsl__builder *builder, struct tsl_error *err) {
  struct tsl_array sizes = {0};
  if (!tsl_h5_has(source->file, "/factor_sizes"))
    return TSL_OK;
  TSL_TRY(tsl_h5_read(source->file, "/factor_sizes", TSL_ARRAY_I32, &sizes, err));
  enum tsl_status status = TSL_OK;
  if (tsl_array_count(&sizes) != builder->factor_count)
    status = tsl_error_set(err, TSL_FORMAT, source->chosen->path,
                           "/factor_sizes has %lld numbers for %d factors",
                           (long long)tsl_array_count(&sizes), builder->factor_count);
  const int32_t *values = sizes.data;
  for (int k = 0; status == TSL_OK && k < builder->factor_count; k++)
    builder->factor_sizes[k] = values[k] > 0 ? values[k] : 0;
  tsl_array_release(&sizes);
  return status;
}

static enum tsl_status fill_factors(struct source *source, struct tsl_array *factors,
                                    char **names, size_t name_count,
                                    struct tsl__builder *builder, struct tsl_error *err) {
  const char *path = source->chosen->path;
  TSL_TRY(
      tsl_h5_read(source->file, source->chosen->factors, TSL_ARRAY_F32, factors, err));
  TSL_TRY(check_factors(source, factors, name_count, builder, err));
  int count = factors->rank == 2 ? (int)factors->dims[1] : 1;
  TSL_TRY(tsl__builder_factors(builder, count, (const char *const *)names, NULL, err));
  const float *values = factors->data; /* (count, factor_count) */
  for (int64_t i = 0; i < builder->count * count; i++) {
    if (!isfinite(values[i]))
      return tsl_error_set(err, TSL_FORMAT, path, "%s of sample %lld is not finite",
                           source->chosen->factors, (long long)(i / count));
    builder->factors[i] = values[i];
  }
  return read_sizes(source, builder, err);
}

static enum tsl_status read_factors(struct source *source, struct tsl__builder *builder,
                                    struct tsl_error *err) {
  const struct hdf5_options *chosen = source->chosen;
  struct tsl_array factors = {0};
  char **names = NULL;
  size_t count = 0;
  if (chosen->factors[0] == '\0' || !tsl_h5_has(source->file, chosen->factors))
    return TSL_OK;
  TSL_TRY(read_names(source, "/factor_names", &names, &count, err));
  enum tsl_status status = fill_factors(source, &factors, names, count, builder, err);
  tsl_array_release(&factors);
  free_names(names, count);
  return status;
}

static enum tsl_status read_test_begin(struct source *source,
                                       struct tsl__builder *builder,
                                       struct tsl_error *err) {
  struct tsl_array begin = {0};
  if (!tsl_h5_has(source->file, "/test_begin"))
    return TSL_OK;
  TSL_TRY(tsl_h5_read(source->file, "/test_begin", TSL_ARRAY_I64, &begin, err));
  enum tsl_status status = TSL_OK;
  int64_t value = tsl_array_count(&begin) == 1 ? *(const int64_t *)begin.data : -1;
  if (value < 1 || value > builder->count)
    status = tsl_error_set(err, TSL_FORMAT, source->chosen->path,
                           "/test_begin is no number from 1 to %lld",
                           (long long)builder->count);
  else
    builder->test_begin = value;
  tsl_array_release(&begin);
  return status;
}

static enum tsl_status read_hdf5(const struct tsl_dataset_config *config,
                                 const struct tsl_shape *shape,
                                 struct tsl__builder *builder, struct tsl_error *err) {
  (void)shape;
  struct source source = {.chosen = (const void *)config->reader_options};
  if (source.chosen->maximum != 255 && source.chosen->maximum != 1)
    return tsl_error_set(err, TSL_BAD_INPUT, config->file, "maximum is 255 or 1");
  TSL_TRY(tsl_h5_open_here(source.chosen->path, &source.file, err)); /* isolated */
  enum tsl_status status = read_images(&source, builder, err);
  if (status == TSL_OK)
    status = read_labels(&source, builder, err);
  if (status == TSL_OK)
    status = read_factors(&source, builder, err);
  if (status == TSL_OK)
    status = read_test_begin(&source, builder, err);
  tsl_h5_close(source.file);
  return status;
}

static enum tsl_status sources(const struct tsl_dataset_config *config,
                               struct tsl_digester *key, struct tsl_error *err) {
  const struct hdf5_options *chosen = (const void *)config->reader_options;
  return tsl__source_add(key, chosen->path, err);
}

const struct tsl_reader_ops tsl_reader_hdf5 = {
    .reader = {.name = "hdf5",
               .summary = "an HDF5 file: /images, and where they exist /labels, "
                          "/label_names, /factors, /factor_names, /factor_sizes, "
                          "/test_begin",
               .options = options,
               .option_count = sizeof options / sizeof options[0],
               .options_bytes = sizeof(struct hdf5_options)},
    .isolated = true,
    .sources = sources,
    .read = read_hdf5,
};
