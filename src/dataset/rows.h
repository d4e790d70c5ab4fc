/* rows.h - samples from any array file: HDF5 and NPY read alike. */
#ifndef TEASEL_DATASET_ROWS_H
#define TEASEL_DATASET_ROWS_H

#include "dataset/builder.h"
#include "teasel/array.h"

enum tsl__layout { TSL__CHANNELS_FIRST, TSL__CHANNELS_LAST };
#define TSL__LAYOUT_WORDS "channels_first|channels_last"

/* Samples as they stand in a file: (count, D), (count, H, W) or (count, three
 * dimensions).
 */
struct tsl__rows {
  const char *path; /* for messages */
  const char *name; /* of the array, for messages */
  struct tsl_array
      array; /* type, rank and dims; u8 or any other, which becomes float32 */
  enum tsl__layout layout;
  int64_t maximum; /* of u8: 255, or 1 for binary samples kept as 0 and 1 */
  /* Rows [begin, begin + count) converted to `type`. */
  enum tsl_status (*fetch)(void *context, int64_t begin, int64_t count,
                           enum tsl_array_type type, void *out, struct tsl_error *err);
  void *context;
};

/* Local. Reserves the builder and fills the samples. */
enum tsl_status tsl__rows_read(const struct tsl__rows *rows, struct tsl__builder *builder,
                               struct tsl_error *err);
/* Local. Labels (count); classes: 0: one more than the largest. TSL_FORMAT when a label
 * is negative or too large. path: for messages. */
enum tsl_status tsl__rows_labels(const char *path, const int64_t *labels, int64_t count,
                                 int64_t classes, struct tsl__builder *builder,
                                 struct tsl_error *err);
/* Local. The digits of dims: "[10, 3]". Returns the buffer. */
char *tsl__dims_print(const struct tsl_array *array, char *buffer, size_t size);

#endif
