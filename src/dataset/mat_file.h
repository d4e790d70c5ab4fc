/* mat_file.h - numeric arrays of MATLAB's MAT files, version 5 (matio). */
#ifndef TEASEL_DATASET_MAT_FILE_H
#define TEASEL_DATASET_MAT_FILE_H

#include "teasel/status.h"

#include <stddef.h>
#include <stdint.h>

enum { TSL__MAT_NAME_MAX = 64, TSL__MAT_RANK_MAX = 8, TSL__MAT_ARRAYS_MAX = 16 };

/* Element types of MAT files, which `storage` names. */
enum { TSL__MAT_U8 = 2 };

/* What a file says about one of its arrays. MATLAB stores the first dimension fastest. */
struct tsl__mat_array {
  char name[TSL__MAT_NAME_MAX];
  int kind;    /* MATLAB's array class, 6 (double) to 15 (uint64) */
  int storage; /* element type on the disk, which may be narrower than the class */
  int rank;
  int64_t dims[TSL__MAT_RANK_MAX];
  int64_t count; /* of all values */
};

struct tsl__mat_file {
  const char *path; /* borrowed */
  int array_count;
  struct tsl__mat_array arrays[TSL__MAT_ARRAYS_MAX];
};

/* Local. Reads the whole file once, compressed parts to their check sums, and fills
 * `file`. TSL_FORMAT for anything that is cut off, damaged or no plain numeric array:
 * matio trusts sizes that a file states, so it is given files only that passed here. */
enum tsl_status tsl__mat_check(const char *path, struct tsl__mat_file *file,
                               struct tsl_error *err);
/* Local. NULL when the file has no array of this name. */
const struct tsl__mat_array *tsl__mat_find(const struct tsl__mat_file *file,
                                           const char *name);
/* Local. The first `count` values of a checked file's array of bytes; out: (count). */
enum tsl_status tsl__mat_read_bytes(const struct tsl__mat_file *file,
                                    const struct tsl__mat_array *array, int64_t count,
                                    uint8_t *out, struct tsl_error *err);
/* Local. The same of any class, as doubles. */
enum tsl_status tsl__mat_read_doubles(const struct tsl__mat_file *file,
                                      const struct tsl__mat_array *array, int64_t count,
                                      double *out, struct tsl_error *err);

#endif
