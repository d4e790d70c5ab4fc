/* array.h - a named array of numbers, as it stands in an HDF5 file: what stages and files
 * share. */
#ifndef TEASEL_ARRAY_H
#define TEASEL_ARRAY_H

#include <stddef.h>
#include <stdint.h>

enum tsl_array_type {
  TSL_ARRAY_U8,
  TSL_ARRAY_I32,
  TSL_ARRAY_I64,
  TSL_ARRAY_F32,
  TSL_ARRAY_F64
};

enum { TSL_ARRAY_RANK_MAX = 8, TSL_ARRAY_NAME_MAX = 512 };

/* Row-major. data is borrowed when writing; owned by the array (free with
 * tsl_array_release) when it was read. rank 0 is a scalar. */
struct tsl_array {
  char name[TSL_ARRAY_NAME_MAX]; /* path in the file: "/params/encoder.0.weight" */
  enum tsl_array_type type;
  int rank;
  int64_t dims[TSL_ARRAY_RANK_MAX];
  void *data;
};

size_t tsl_array_type_bytes(enum tsl_array_type type);
int64_t tsl_array_count(const struct tsl_array *array);
void tsl_array_release(struct tsl_array *array);

#endif
