/* The cropped digits of SVHN, the Street View House Numbers (Netzer et al. 2011): MAT
 * files with X, bytes of [32, 32, 3, count] with the rows fastest, and y, [count, 1], 1
 * to 9 for these digits and 10 for the digit 0. */
#include "dataset/mat_file.h"
#include "dataset/reader.h"
#include "teasel/arena.h"

#include <stdio.h>
#include <stdlib.h>

enum { SIDE = 32, CHANNELS = 3, PLANE = SIDE * SIDE, DIGITS = 10, PARTS = 3 };
enum { IMAGE = CHANNELS * PLANE };

struct svhn_options {
  char train[TSL_TEXT_MAX], extra[TSL_TEXT_MAX], test[TSL_TEXT_MAX];
  int64_t count, extra_count, test_count;
};

#define OFFSET(field) offsetof(struct svhn_options, field)
static const struct tsl_option options[] = {
    {"train", TSL_OPTION_PATH, OFFSET(train), NULL, 0, 0, NULL, TSL_SCOPE_RUN,
     "MAT file of the training images and labels, train_32x32.mat"},
    {"extra", TSL_OPTION_PATH, OFFSET(extra), "", 0, 0, NULL, TSL_SCOPE_RUN,
     "MAT file of easier images that are added to them, extra_32x32.mat; empty: none"},
    {"test", TSL_OPTION_PATH, OFFSET(test), "", 0, 0, NULL, TSL_SCOPE_RUN,
     "MAT file of the test images, test_32x32.mat; empty: no test part"},
    {"count", TSL_OPTION_INTEGER, OFFSET(count), "0", 0, 4294967295.0, NULL,
     TSL_SCOPE_RUN, "only so many of the first training images; 0: all"},
    {"extra_count", TSL_OPTION_INTEGER, OFFSET(extra_count), "0", 0, 4294967295.0, NULL,
     TSL_SCOPE_RUN, "only so many of the first extra images; 0: all"},
    {"test_count", TSL_OPTION_INTEGER, OFFSET(test_count), "0", 0, 4294967295.0, NULL,
     TSL_SCOPE_RUN, "only so many of the first test images; 0: all"},
};

struct part {
  struct tsl__mat_file file;
  const struct tsl__mat_array *images, *labels;
  int64_t count; /* to be read; 0: this part is not asked for */
};

static enum tsl_status check_images(const struct tsl__mat_file *file,
                                    const struct tsl__mat_array *images,
                                    struct tsl_error *err) {
  /* MATLAB drops the last dimension of a single image. */
  bool fits = (images->rank == 4 || images->rank == 3) && images->dims[0] == SIDE &&
              images->dims[1] == SIDE && images->dims[2] == CHANNELS;
  if (!fits)
    return tsl_error_set(err, TSL_FORMAT, file->path,
                         "X is not of the dimensions [32, 32, 3, count]: is this one of "
                         "the files of cropped digits (train_32x32.mat)?");
  return TSL_OK;
}

static enum tsl_status open_part(const char *path, int64_t limit, struct part *part,
                                 struct tsl_error *err) {
  TSL_TRY(tsl__mat_check(path, &part->file, err));
  part->images = tsl__mat_find(&part->file, "X");
  part->labels = tsl__mat_find(&part->file, "y");
  if (part->images == NULL || part->labels == NULL)
    return tsl_error_set(err, TSL_FORMAT, path, "the file has no array %s",
                         part->images == NULL ? "X" : "y");
  TSL_TRY(check_images(&part->file, part->images, err));
  part->count = part->images->rank == 4 ? part->images->dims[3] : 1;
  if (part->labels->count != part->count)
    return tsl_error_set(err, TSL_FORMAT, path, "y has %lld labels for %lld images",
                         (long long)part->labels->count, (long long)part->count);
  if (limit > 0 && limit < part->count)
    part->count = limit;
  return TSL_OK;
}

/* Columns of pixels to rows, in place; planes: (count, 32, 32). */
static void transpose(uint8_t *planes, int64_t count) {
  for (int64_t i = 0; i < count; i++) {
    uint8_t *plane = planes + i * PLANE;
    for (int row = 0; row < SIDE; row++)
      for (int column = 0; column < row; column++) {
        uint8_t held = plane[row * SIDE + column];
        plane[row * SIDE + column] = plane[column * SIDE + row];
        plane[column * SIDE + row] = held;
      }
  }
}

/* labels: (count) of the part. */
static enum tsl_status read_labels(const struct part *part, int32_t *labels,
                                   struct tsl_error *err) {
  void *memory = NULL;
  TSL_TRY(tsl_allocate(&memory, (size_t)part->count, sizeof(double), err));
  const double *values = memory;
  enum tsl_status status =
      tsl__mat_read_doubles(&part->file, part->labels, part->count, memory, err);
  for (int64_t i = 0; status == TSL_OK && i < part->count; i++) {
    int digit = values[i] >= 1 && values[i] <= DIGITS ? (int)values[i] : 0;
    if (digit == 0 || (double)digit != values[i])
      status = tsl_error_set(err, TSL_FORMAT, part->file.path,
                             "label %lld is %g; labels are 1 to 10, 10 for the digit 0",
                             (long long)i, values[i]);
    labels[i] = digit % DIGITS;
  }
  free(memory);
  return status;
}

static enum tsl_status read_part(const struct part *part, int64_t begin,
                                 struct tsl__builder *builder, struct tsl_error *err) {
  uint8_t *images = tsl__builder_sample(builder, begin); /* (count, 3, 32, 32) */
  TSL_TRY(
      tsl__mat_read_bytes(&part->file, part->images, part->count * IMAGE, images, err));
  transpose(images, part->count * CHANNELS);
  return read_labels(part, builder->labels + begin, err);
}

static enum tsl_status read_parts(const struct part *parts, struct tsl__builder *builder,
                                  struct tsl_error *err) {
  const struct tsl_shape shape = {3, {CHANNELS, SIDE, SIDE}};
  int64_t train = parts[0].count + parts[1].count, begin = 0;
  TSL_TRY(
      tsl__builder_reserve(builder, train + parts[2].count, &shape, TSL_SAMPLE_U8, err));
  builder->test_begin = train;
  TSL_TRY(tsl__builder_labels(builder, DIGITS, err));
  for (int k = 0; k < PARTS; k++) {
    if (parts[k].count > 0)
      TSL_TRY(read_part(&parts[k], begin, builder, err));
    begin += parts[k].count;
  }
  return TSL_OK;
}

static enum tsl_status read_svhn(const struct tsl_dataset_config *config,
                                 const struct tsl_shape *shape,
                                 struct tsl__builder *builder, struct tsl_error *err) {
  (void)shape;
  const struct svhn_options *chosen = (const void *)config->reader_options;
  const char *paths[PARTS] = {chosen->train, chosen->extra, chosen->test};
  const int64_t limits[PARTS] = {chosen->count, chosen->extra_count, chosen->test_count};
  struct part parts[PARTS] = {0};
  for (int k = 0; k < PARTS; k++)
    if (paths[k][0] != '\0')
      TSL_TRY(open_part(paths[k], limits[k], &parts[k], err));
  return read_parts(parts, builder, err);
}

static enum tsl_status sources(const struct tsl_dataset_config *config,
                               struct tsl_digester *key, struct tsl_error *err) {
  const struct svhn_options *chosen = (const void *)config->reader_options;
  const char *names[PARTS] = {chosen->train, chosen->extra, chosen->test};
  for (int k = 0; k < PARTS; k++)
    if (names[k][0] != '\0')
      TSL_TRY(tsl__source_add(key, names[k], err));
  return TSL_OK;
}

const struct tsl_reader_ops tsl_reader_svhn = {
    .reader = {.name = "svhn",
               .summary = "MAT files of SVHN's cropped digits (train, extra, "
                          "test_32x32.mat)",
               .options = options,
               .option_count = sizeof options / sizeof options[0],
               .options_bytes = sizeof(struct svhn_options)},
    .isolated = true,
    .sources = sources,
    .read = read_svhn,
};
