#include "dataset/builder.h"

#include "teasel/arena.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

void tsl__builder_init(struct tsl__builder *builder, int fd) {
  *builder = (struct tsl__builder){.fd = fd};
}

void tsl__builder_release(struct tsl__builder *builder) {
  if (builder->map != NULL)
    munmap(builder->map, builder->map_bytes);
  free(builder->labels);
  free(builder->factors);
  free(builder->factor_sizes);
  tsl_text_release(&builder->label_names);
  tsl_text_release(&builder->factor_names);
  tsl_text_release(&builder->notes);
  *builder = (struct tsl__builder){.fd = -1};
}

enum tsl_status tsl__builder_reserve(struct tsl__builder *builder, int64_t count,
                                     const struct tsl_shape *shape,
                                     enum tsl_sample_type type, struct tsl_error *err) {
  const size_t most = (size_t)1 << 46;
  size_t bytes = type == TSL_SAMPLE_F32 ? sizeof(float) : 1;
  for (int i = 0; i < shape->rank; i++) {
    if (shape->dims[i] < 1 || (size_t)shape->dims[i] > most / bytes)
      return tsl_error_set(err, TSL_FORMAT, "", "a sample of %lld values in dimension %d",
                           (long long)shape->dims[i], i);
    bytes *= (size_t)shape->dims[i];
  }
  if (count < 1)
    return tsl_error_set(err, TSL_BAD_INPUT, "", "the data set has no samples");
  if ((size_t)count > most / bytes)
    return tsl_error_set(err, TSL_FORMAT, "", "%lld samples of %zu bytes are too many",
                         (long long)count, bytes);
  builder->reserved = builder->count = builder->test_begin = count;
  builder->shape = *shape;
  builder->type = type;
  builder->sample_bytes = bytes;
  size_t total = TSL__CACHE_HEADER_BYTES + (size_t)count * bytes;
  int failure = posix_fallocate(builder->fd, 0, (off_t)total);
  if (failure != 0)
    return tsl_error_set(err, TSL_IO, "", "no room for %.1f MiB of samples: %s",
                         (double)total / 1048576, strerror(failure));
  void *map = mmap(NULL, total, PROT_READ | PROT_WRITE, MAP_SHARED, builder->fd, 0);
  if (map == MAP_FAILED)
    return tsl_error_set(err, TSL_MEMORY, "", "cannot map %zu MiB: %s", total >> 20,
                         strerror(errno));
  builder->map = map;
  builder->map_bytes = total;
  return TSL_OK;
}

void *tsl__builder_sample(const struct tsl__builder *builder, int64_t index) {
  return builder->map + TSL__CACHE_HEADER_BYTES + (size_t)index * builder->sample_bytes;
}

enum tsl_status tsl__builder_labels(struct tsl__builder *builder, int label_count,
                                    struct tsl_error *err) {
  void *labels = NULL;
  TSL_TRY(tsl_allocate(&labels, (size_t)builder->reserved, sizeof(int32_t), err));
  builder->labels = labels;
  builder->label_count = label_count;
  return TSL_OK;
}

void tsl__builder_label_name(struct tsl__builder *builder, const char *name) {
  tsl_text_add_bytes(&builder->label_names, name, strlen(name) + 1);
  builder->label_name_count++;
}

enum tsl_status tsl__builder_factors(struct tsl__builder *builder, int factor_count,
                                     const char *const *names, const int32_t *sizes,
                                     struct tsl_error *err) {
  void *factors = NULL, *copy = NULL;
  TSL_TRY(tsl_allocate(&factors, (size_t)builder->reserved * (size_t)factor_count,
                       sizeof(float), err));
  builder->factors = factors;
  TSL_TRY(tsl_allocate(&copy, (size_t)factor_count, sizeof(int32_t), err));
  builder->factor_sizes = copy;
  builder->factor_count = factor_count;
  for (int i = 0; i < factor_count; i++) {
    char numbered[32];
    snprintf(numbered, sizeof numbered, "factor%d", i);
    const char *name = names != NULL ? names[i] : numbered;
    tsl_text_add_bytes(&builder->factor_names, name, strlen(name) + 1);
    if (sizes != NULL)
      builder->factor_sizes[i] = sizes[i];
  }
  return TSL_OK;
}

enum tsl_status tsl__builder_check_finite(const struct tsl__builder *builder,
                                          const char *where, struct tsl_error *err) {
  if (builder->type != TSL_SAMPLE_F32)
    return TSL_OK;
  size_t values = builder->sample_bytes / sizeof(float);
  for (int64_t i = 0; i < builder->count; i++) {
    const float *sample = tsl__builder_sample(builder, i); /* (shape) */
    for (size_t k = 0; k < values; k++)
      if (!isfinite(sample[k]))
        return tsl_error_set(err, TSL_FORMAT, where,
                             "sample %lld holds a value that is not finite (number %zu "
                             "of the sample)",
                             (long long)i, k);
  }
  return TSL_OK;
}

/* ---- writing what follows the samples ---- */

static enum tsl_status write_all(int fd, const void *bytes, size_t count, int64_t at,
                                 struct tsl_error *err) {
  const unsigned char *from = bytes;
  while (count > 0) {
    ssize_t written = pwrite(fd, from, count, (off_t)at);
    if (written < 0 && errno == EINTR)
      continue;
    if (written <= 0)
      return tsl_error_set(err, TSL_IO, "", "writing failed: %s", strerror(errno));
    from += written;
    at += written;
    count -= (size_t)written;
  }
  return TSL_OK;
}

static int64_t aligned(int64_t at) {
  return (at + TSL_ALIGNMENT - 1) / TSL_ALIGNMENT * TSL_ALIGNMENT;
}

/* Writes a section behind *end and moves *end; nothing when there are no bytes: *at 0. */
static enum tsl_status add_section(int fd, const void *bytes, size_t count, int64_t *end,
                                   int64_t *at, struct tsl_error *err) {
  *at = 0;
  if (bytes == NULL || count == 0)
    return TSL_OK;
  *at = aligned(*end);
  *end = *at + (int64_t)count;
  return write_all(fd, bytes, count, *at, err);
}

static struct tsl_value_range find_range(const struct tsl__builder *builder) {
  struct tsl_value_range range = {0};
  if (builder->type != TSL_SAMPLE_F32)
    return range;
  size_t values = builder->sample_bytes / sizeof(float);
  range.least = range.most = *(const float *)tsl__builder_sample(builder, 0);
  for (int64_t i = 0; i < builder->count; i++) {
    const float *sample = tsl__builder_sample(builder, i); /* (shape) */
    for (size_t k = 0; k < values; k++) {
      range.least = sample[k] < range.least ? sample[k] : range.least;
      range.most = sample[k] > range.most ? sample[k] : range.most;
      if (range.outside == 0 && (sample[k] < 0 || sample[k] > 1)) {
        range.outside = sample[k];
        range.outside_sample = i;
      }
    }
  }
  return range;
}

static struct tsl__cache_header describe(const struct tsl__builder *builder,
                                         const struct tsl_digest *key) {
  struct tsl__cache_header header;
  memset(&header, 0, sizeof header); /* padding too: the header is digested */
  snprintf(header.magic, sizeof header.magic, "teasel-cache-2");
  header.byte_order = 0x01020304u;
  header.type = (int32_t)builder->type;
  header.key = *key;
  header.count = builder->count;
  header.test_begin = builder->test_begin;
  header.rank = builder->shape.rank;
  for (int i = 0; i < builder->shape.rank; i++)
    header.dims[i] = builder->shape.dims[i];
  header.has_labels = builder->labels != NULL;
  header.label_count = builder->label_count;
  header.label_name_count = builder->label_name_count;
  header.factor_count = builder->factor_count;
  header.range = find_range(builder);
  return header;
}

static enum tsl_status write_sections(struct tsl__builder *builder,
                                      struct tsl__cache_header *header,
                                      struct tsl_error *err) {
  size_t count = (size_t)builder->count, factors = (size_t)builder->factor_count;
  int64_t end = TSL__CACHE_HEADER_BYTES + (int64_t)(count * builder->sample_bytes);
  TSL_TRY(add_section(builder->fd, builder->labels, count * sizeof(int32_t), &end,
                      &header->labels_at, err));
  TSL_TRY(add_section(builder->fd, builder->factors, count * factors * sizeof(float),
                      &end, &header->factors_at, err));
  TSL_TRY(add_section(builder->fd, builder->factor_sizes, factors * sizeof(int32_t), &end,
                      &header->sizes_at, err));
  struct tsl_text names;
  tsl_text_init(&names);
  tsl_text_add_bytes(&names, builder->label_names.bytes, builder->label_names.length);
  tsl_text_add_bytes(&names, builder->factor_names.bytes, builder->factor_names.length);
  enum tsl_status status = TSL_MEMORY;
  if (names.failed || builder->notes.failed || builder->label_names.failed ||
      builder->factor_names.failed)
    tsl_error_set(err, status, "", "out of memory writing names");
  else
    status =
        add_section(builder->fd, names.bytes, names.length, &end, &header->names_at, err);
  header->names_bytes = (int64_t)names.length;
  tsl_text_release(&names);
  TSL_TRY(status);
  header->notes_bytes = (int64_t)builder->notes.length;
  TSL_TRY(add_section(builder->fd, builder->notes.bytes, builder->notes.length, &end,
                      &header->notes_at, err));
  header->file_bytes = end;
  return TSL_OK;
}

enum tsl_status tsl__builder_finish(struct tsl__builder *builder,
                                    const struct tsl_digest *key, struct tsl_error *err) {
  if (builder->map == NULL || builder->count < 1)
    return tsl_error_set(err, TSL_BAD_INPUT, "", "the data set has no samples");
  struct tsl__cache_header header = describe(builder, key);
  TSL_TRY(write_sections(builder, &header, err));
  munmap(builder->map, builder->map_bytes);
  builder->map = NULL;
  if (ftruncate(builder->fd, (off_t)header.file_bytes) != 0)
    return tsl_error_set(err, TSL_IO, "", "writing failed: %s", strerror(errno));
  size_t bytes = (size_t)header.file_bytes;
  void *map = mmap(NULL, bytes, PROT_READ, MAP_SHARED, builder->fd, 0);
  if (map == MAP_FAILED)
    return tsl_error_set(err, TSL_MEMORY, "", "cannot map %zu MiB: %s", bytes >> 20,
                         strerror(errno));
  header.content = tsl__content_digest(&header, map);
  munmap(map, bytes);
  header.self = tsl_digest_bytes(&header, sizeof header);
  return write_all(builder->fd, &header, sizeof header, 0, err);
}

struct tsl_digest tsl__content_digest(const struct tsl__cache_header *header,
                                      const unsigned char *file) {
  struct tsl_digest digest = {0};
  struct tsl_digester *digester = tsl_digester_create();
  if (digester == NULL)
    return digest;
  int64_t facts[] = {header->type,        header->count,
                     header->test_begin,  header->rank,
                     header->dims[0],     header->dims[1],
                     header->dims[2],     header->has_labels,
                     header->label_count, header->label_name_count,
                     header->factor_count};
  tsl_digester_add(digester, facts, sizeof facts);
  size_t sample = header->type == TSL_SAMPLE_F32 ? sizeof(float) : 1;
  for (int i = 0; i < header->rank; i++)
    sample *= (size_t)header->dims[i];
  size_t count = (size_t)header->count, factors = (size_t)header->factor_count;
  const struct {
    int64_t at;
    size_t bytes;
  } sections[] = {{TSL__CACHE_HEADER_BYTES, count * sample},
                  {header->labels_at, count * sizeof(int32_t)},
                  {header->factors_at, count * factors * sizeof(float)},
                  {header->sizes_at, factors * sizeof(int32_t)},
                  {header->names_at, (size_t)header->names_bytes}};
  for (size_t i = 0; i < sizeof sections / sizeof sections[0]; i++)
    if (sections[i].at != 0)
      tsl_digester_add(digester, file + sections[i].at, sections[i].bytes);
  digest = tsl_digester_value(digester);
  tsl_digester_free(digester);
  return digest;
}
