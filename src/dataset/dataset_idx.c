/* The IDX files of MNIST and Fashion-MNIST (LeCun, Cortes, Burges): two zero bytes, the
 * type (8: unsigned bytes), the number of dimensions, each dimension as a big-endian
 * 32-bit integer, then the values. Compressed by gzip or not, told by content. */
#include "base/regular.h"
#include "dataset/reader.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

struct idx_options {
  char images[TSL_TEXT_MAX], labels[TSL_TEXT_MAX];
  char test_images[TSL_TEXT_MAX], test_labels[TSL_TEXT_MAX];
  char label_names[TSL_TEXT_MAX];
  int64_t classes, count, test_count;
};

#define OFFSET(field) offsetof(struct idx_options, field)
static const struct tsl_option options[] = {
    {"images", TSL_OPTION_PATH, OFFSET(images), NULL, 0, 0, NULL, TSL_SCOPE_RUN,
     "IDX file of the training images, gzip or not"},
    {"labels", TSL_OPTION_PATH, OFFSET(labels), "", 0, 0, NULL, TSL_SCOPE_RUN,
     "IDX file of their labels; empty: no labels"},
    {"test_images", TSL_OPTION_PATH, OFFSET(test_images), "", 0, 0, NULL, TSL_SCOPE_RUN,
     "IDX file of the test images; empty: no test part"},
    {"test_labels", TSL_OPTION_PATH, OFFSET(test_labels), "", 0, 0, NULL, TSL_SCOPE_RUN,
     "IDX file of their labels"},
    {"classes", TSL_OPTION_INTEGER, OFFSET(classes), "10", 1, 256, NULL, TSL_SCOPE_RUN,
     "number of classes; a label beyond is an error"},
    {"label_names", TSL_OPTION_TEXT, OFFSET(label_names), "", 0, 0, NULL, TSL_SCOPE_RUN,
     "names of the classes, separated by commas; empty: numbers"},
    {"count", TSL_OPTION_INTEGER, OFFSET(count), "0", 0, 4294967295.0, NULL,
     TSL_SCOPE_RUN, "only so many of the first training images; 0: all"},
    {"test_count", TSL_OPTION_INTEGER, OFFSET(test_count), "0", 0, 4294967295.0, NULL,
     TSL_SCOPE_RUN, "only so many of the first test images; 0: all"},
};

/* ---- one file ---- */

struct idx_file {
  char path[TSL_TEXT_MAX];
  gzFile stream;
  int rank;
  int64_t dims[4];
  int64_t item_bytes; /* of everything behind the first dimension */
};

/* What zlib says is wrong, without the path that it puts in front. */
static enum tsl_status damaged(const struct idx_file *file, struct tsl_error *err) {
  int code = Z_OK;
  const char *why = gzerror(file->stream, &code);
  size_t length = strlen(file->path);
  if (code == Z_ERRNO)
    why = strerror(errno);
  else if (strncmp(why, file->path, length) == 0 && strncmp(why + length, ": ", 2) == 0)
    why += length + 2;
  return tsl_error_set(err, TSL_FORMAT, file->path,
                       "reading failed: %s; the file is damaged or cut off", why);
}

static enum tsl_status read_exactly(struct idx_file *file, void *out, int64_t count,
                                    struct tsl_error *err) {
  unsigned char *to = out;
  while (count > 0) {
    unsigned piece = count > (1 << 30) ? 1u << 30 : (unsigned)count;
    int got = gzread(file->stream, to, piece);
    if (got < 0)
      return damaged(file, err);
    if (got == 0)
      return tsl_error_set(err, TSL_FORMAT, file->path,
                           "the file is cut off: %lld bytes are missing",
                           (long long)count);
    to += got;
    count -= got;
  }
  return TSL_OK;
}

static uint32_t big_endian(const unsigned char *bytes) {
  return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 |
         (uint32_t)bytes[3];
}

/* gzip packs at most about 1032 bytes into one, so a larger promise is a broken header.
 */
static enum tsl_status check_promise(const struct idx_file *file, struct tsl_error *err) {
  struct stat facts;
  if (stat(file->path, &facts) != 0)
    return tsl_error_set(err, TSL_IO, file->path, "cannot be read: %s", strerror(errno));
  double promised = (double)file->dims[0] * (double)file->item_bytes;
  double most = (double)facts.st_size * (gzdirect(file->stream) ? 1 : 1032);
  if (promised > most)
    return tsl_error_set(err, TSL_FORMAT, file->path,
                         "the header promises %.0f bytes, more than a file of %lld bytes "
                         "holds; it is cut off or not an IDX file",
                         promised, (long long)facts.st_size);
  return TSL_OK;
}

static enum tsl_status read_header(struct idx_file *file, int least_rank, int most_rank,
                                   struct tsl_error *err) {
  unsigned char magic[4] = {0}, dims[16] = {0};
  TSL_TRY(read_exactly(file, magic, 4, err));
  if (magic[0] != 0 || magic[1] != 0)
    return tsl_error_set(err, TSL_FORMAT, file->path,
                         "not an IDX file: it begins with the bytes %02x %02x %02x %02x",
                         magic[0], magic[1], magic[2], magic[3]);
  if (magic[2] != 8)
    return tsl_error_set(
        err, TSL_FORMAT, file->path,
        "an IDX file of type 0x%02x; only unsigned bytes (0x08) are read", magic[2]);
  file->rank = magic[3];
  if (file->rank < least_rank || file->rank > most_rank)
    return tsl_error_set(err, TSL_FORMAT, file->path,
                         "an IDX file of %d dimensions; %s have %s", file->rank,
                         most_rank == 1 ? "labels" : "images",
                         most_rank == 1 ? "1" : "2 to 4");
  TSL_TRY(read_exactly(file, dims, 4 * (int64_t)file->rank, err));
  file->item_bytes = 1;
  for (int i = 0; i < file->rank; i++) {
    file->dims[i] = big_endian(dims + 4 * i);
    if (file->dims[i] == 0 || (i > 0 && file->dims[i] > 65536))
      return tsl_error_set(err, TSL_FORMAT, file->path, "dimension %d is %lld", i,
                           (long long)file->dims[i]);
    if (i > 0)
      file->item_bytes *= file->dims[i];
  }
  return check_promise(file, err);
}

static enum tsl_status open_idx(const char *path, int least_rank, int most_rank,
                                struct idx_file *file, struct tsl_error *err) {
  snprintf(file->path, sizeof file->path, "%s", path);
  int number = tsl__regular_open(file->path);
  if (number < 0)
    return tsl__regular_error(err, file->path, errno);
  file->stream = gzdopen(number, "rb");
  if (file->stream == NULL) {
    close(number);
    return tsl_error_set(err, TSL_MEMORY, file->path, "no memory to read the file");
  }
  gzbuffer(file->stream, 1u << 17);
  return read_header(file, least_rank, most_rank, err);
}

/* The end of the file is read too: there gzip keeps its check sum. skip: values that were
 * not asked for. */
static enum tsl_status close_idx(struct idx_file *file, int64_t skip,
                                 struct tsl_error *err) {
  unsigned char bytes[4096];
  while (skip > 0) {
    int64_t piece = skip > (int64_t)sizeof bytes ? (int64_t)sizeof bytes : skip;
    TSL_TRY(read_exactly(file, bytes, piece, err));
    skip -= piece;
  }
  int more = gzread(file->stream, bytes, 1);
  if (more > 0)
    return tsl_error_set(err, TSL_FORMAT, file->path,
                         "the file holds more values than its header says");
  int code = Z_OK;
  gzerror(file->stream, &code);
  return more < 0 || (code != Z_OK && code != Z_STREAM_END) ? damaged(file, err) : TSL_OK;
}

/* ---- a pair of files ---- */

struct part {
  struct idx_file images, labels;
  bool has_labels;
  int64_t count; /* to be read */
};

static enum tsl_status open_part(const char *images, const char *labels, int64_t limit,
                                 struct part *part, struct tsl_error *err) {
  TSL_TRY(open_idx(images, 2, 4, &part->images, err));
  part->count = part->images.dims[0];
  if (limit > 0 && limit < part->count)
    part->count = limit;
  part->has_labels = labels[0] != '\0';
  if (!part->has_labels)
    return TSL_OK;
  TSL_TRY(open_idx(labels, 1, 1, &part->labels, err));
  if (part->labels.dims[0] != part->images.dims[0])
    return tsl_error_set(err, TSL_FORMAT, part->labels.path,
                         "%lld labels for the %lld images of %s",
                         (long long)part->labels.dims[0], (long long)part->images.dims[0],
                         part->images.path);
  return TSL_OK;
}

static void release_part(struct part *part) {
  if (part->images.stream != NULL)
    gzclose(part->images.stream);
  if (part->labels.stream != NULL)
    gzclose(part->labels.stream);
}

static enum tsl_status read_labels(struct part *part, int64_t classes, int32_t *out,
                                   struct tsl_error *err) {
  for (int64_t i = 0; i < part->count; i++) {
    unsigned char label;
    TSL_TRY(read_exactly(&part->labels, &label, 1, err));
    if (label >= classes)
      return tsl_error_set(err, TSL_FORMAT, part->labels.path,
                           "label %lld is %d, but there are %lld classes, from 0 on",
                           (long long)i, label, (long long)classes);
    out[i] = label;
  }
  return close_idx(&part->labels, part->labels.dims[0] - part->count, err);
}

static enum tsl_status read_part(struct part *part, int64_t classes, int64_t begin,
                                 struct tsl__builder *builder, struct tsl_error *err) {
  int64_t bytes = part->images.item_bytes;
  TSL_TRY(read_exactly(&part->images, tsl__builder_sample(builder, begin),
                       part->count * bytes, err));
  TSL_TRY(close_idx(&part->images, (part->images.dims[0] - part->count) * bytes, err));
  if (builder->labels == NULL)
    return TSL_OK;
  return read_labels(part, classes, builder->labels + begin, err);
}

static struct tsl_shape shape_of(const struct idx_file *file) {
  const int64_t *dims = file->dims;
  if (file->rank == 2)
    return (struct tsl_shape){1, {dims[1]}};
  if (file->rank == 3)
    return (struct tsl_shape){3, {1, dims[1], dims[2]}};
  return (struct tsl_shape){3, {dims[1], dims[2], dims[3]}};
}

static enum tsl_status check_parts(const struct part *train, const struct part *test,
                                   struct tsl_error *err) {
  if (test->count > 0 &&
      (train->images.rank != test->images.rank ||
       memcmp(train->images.dims + 1, test->images.dims + 1,
              (size_t)(train->images.rank - 1) * sizeof *train->images.dims) != 0))
    return tsl_error_set(err, TSL_FORMAT, test->images.path,
                         "the test images have other dimensions than those of %s",
                         train->images.path);
  if (test->count > 0 && train->has_labels != test->has_labels)
    return tsl_error_set(err, TSL_BAD_INPUT, "",
                         "give labels for both parts (labels, test_labels) or for none");
  return TSL_OK;
}

static enum tsl_status add_label_names(const struct tsl_dataset_config *config,
                                       struct tsl__builder *builder,
                                       struct tsl_error *err) {
  const struct idx_options *chosen = (const void *)config->reader_options;
  char text[TSL_TEXT_MAX], *rest = NULL;
  snprintf(text, sizeof text, "%s", chosen->label_names);
  for (char *name = strtok_r(text, ",", &rest); name != NULL;
       name = strtok_r(NULL, ",", &rest))
    tsl__builder_label_name(builder, name + strspn(name, " "));
  if (builder->label_name_count != 0 && builder->label_name_count != chosen->classes)
    return tsl_error_set(err, TSL_BAD_INPUT, config->file,
                         "label_names gives %d names for %lld classes",
                         builder->label_name_count, (long long)chosen->classes);
  return TSL_OK;
}

static enum tsl_status read_parts(const struct tsl_dataset_config *config,
                                  struct part *train, struct part *test,
                                  struct tsl__builder *builder, struct tsl_error *err) {
  const struct idx_options *chosen = (const void *)config->reader_options;
  TSL_TRY(open_part(chosen->images, chosen->labels, chosen->count, train, err));
  if (chosen->test_images[0] != '\0')
    TSL_TRY(open_part(chosen->test_images, chosen->test_labels, chosen->test_count, test,
                      err));
  TSL_TRY(check_parts(train, test, err));
  struct tsl_shape shape = shape_of(&train->images);
  TSL_TRY(tsl__builder_reserve(builder, train->count + test->count, &shape, TSL_SAMPLE_U8,
                               err));
  builder->test_begin = train->count;
  if (train->has_labels) {
    TSL_TRY(tsl__builder_labels(builder, (int)chosen->classes, err));
    TSL_TRY(add_label_names(config, builder, err));
  }
  TSL_TRY(read_part(train, chosen->classes, 0, builder, err));
  if (test->count > 0)
    TSL_TRY(read_part(test, chosen->classes, train->count, builder, err));
  return TSL_OK;
}

static enum tsl_status read_idx(const struct tsl_dataset_config *config,
                                const struct tsl_shape *shape,
                                struct tsl__builder *builder, struct tsl_error *err) {
  (void)shape;
  struct part train = {0}, test = {0};
  enum tsl_status status = read_parts(config, &train, &test, builder, err);
  release_part(&train);
  release_part(&test);
  return status;
}

static enum tsl_status sources(const struct tsl_dataset_config *config,
                               struct tsl_digester *key, struct tsl_error *err) {
  const struct idx_options *chosen = (const void *)config->reader_options;
  const char *names[] = {chosen->images, chosen->labels, chosen->test_images,
                         chosen->test_labels};
  for (int i = 0; i < 4; i++) {
    if (names[i][0] != '\0')
      TSL_TRY(tsl__source_add(key, names[i], err));
  }
  return TSL_OK;
}

const struct tsl_reader_ops tsl_reader_idx = {
    .reader = {.name = "idx",
               .summary = "IDX files as of MNIST and Fashion-MNIST, gzip or not",
               .options = options,
               .option_count = sizeof options / sizeof options[0],
               .options_bytes = sizeof(struct idx_options)},
    .sources = sources,
    .read = read_idx,
};
