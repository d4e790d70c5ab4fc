/* builder.h - a data set while a reader fills it: the samples lie in the file that
 * becomes the cache, so that a set larger than the memory can be read. */
#ifndef TEASEL_DATASET_BUILDER_H
#define TEASEL_DATASET_BUILDER_H

#include "teasel/dataset.h"

#include <stddef.h>

/* Of the cache file. Sections follow one another, each at a multiple of 64 bytes:
 * samples, labels (int32), factors (float32), factor sizes (int32), then texts, each
 * with a terminator: label names, factor names, notes. */
enum { TSL__CACHE_HEADER_BYTES = 4096 };
struct tsl__cache_header {
  char magic[16];
  uint32_t byte_order; /* 0x01020304 as the writer has it */
  int32_t type;        /* enum tsl_sample_type */
  struct tsl_digest key;
  struct tsl_digest content;
  int64_t file_bytes;
  int64_t count, test_begin;
  int64_t dims[TSL_SHAPE_RANK_MAX];
  int32_t rank;
  int32_t has_labels;
  int32_t label_count, label_name_count;
  int32_t factor_count;
  int32_t reserved;
  int64_t labels_at, factors_at, sizes_at, names_at, notes_at; /* byte offsets, 0: none */
  int64_t names_bytes, notes_bytes;
  struct tsl_value_range range;
  struct tsl_digest self; /* of the header with this field zero */
};

struct tsl__builder {
  int fd;
  unsigned char *map; /* writable while reading */
  size_t map_bytes;
  int64_t reserved; /* samples that there is room for */
  int64_t count;    /* a reader that leaves samples out makes it smaller */
  struct tsl_shape shape;
  enum tsl_sample_type type;
  size_t sample_bytes;
  int64_t test_begin;    /* count when the set has no test part; set by reserve */
  int32_t *labels;       /* (count) */
  int label_count;       /* 0: no labels */
  float *factors;        /* (count, factor_count) */
  int32_t *factor_sizes; /* (factor_count) */
  int factor_count;
  int label_name_count;
  struct tsl_text label_names, factor_names; /* each with its terminator */
  struct tsl_text notes; /* lines for people, shown whenever the set is opened */
};

/* Local. fd: an empty file, borrowed. */
void tsl__builder_init(struct tsl__builder *builder, int fd);
void tsl__builder_release(struct tsl__builder *builder);
/* Local. Room for the samples on the disk, so that a full disk is an error here and not a
 * crash later. Once a builder. */
enum tsl_status tsl__builder_reserve(struct tsl__builder *builder, int64_t count,
                                     const struct tsl_shape *shape,
                                     enum tsl_sample_type type, struct tsl_error *err);
/* Local. Sample `index`: (shape). */
void *tsl__builder_sample(const struct tsl__builder *builder, int64_t index);
/* Local. After reserve: label_count classes; labels start as 0. */
enum tsl_status tsl__builder_labels(struct tsl__builder *builder, int label_count,
                                    struct tsl_error *err);
void tsl__builder_label_name(struct tsl__builder *builder, const char *name);
/* Local. After reserve: factors start as 0. names, sizes: (factor_count), NULL: named
 * factor0 ..., continuous. */
enum tsl_status tsl__builder_factors(struct tsl__builder *builder, int factor_count,
                                     const char *const *names, const int32_t *sizes,
                                     struct tsl_error *err);
/* Local. TSL_FORMAT naming the first float sample that holds a value that is not finite.
 */
enum tsl_status tsl__builder_check_finite(const struct tsl__builder *builder,
                                          const char *where, struct tsl_error *err);
/* Local. Writes everything but the samples, and the header last. */
enum tsl_status tsl__builder_finish(struct tsl__builder *builder,
                                    const struct tsl_digest *key, struct tsl_error *err);

/* Local. Digest of everything that a view shows but its name; file: the mapped cache. */
struct tsl_digest tsl__content_digest(const struct tsl__cache_header *header,
                                      const unsigned char *file);

#endif
