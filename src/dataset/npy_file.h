/* npy_file.h - arrays as numpy.save writes them (NPY, versions 1 to 3). */
#ifndef TEASEL_DATASET_NPY_FILE_H
#define TEASEL_DATASET_NPY_FILE_H

#include "teasel/array.h"
#include "teasel/status.h"

struct tsl__npy {
  const char *path; /* borrowed */
  int fd;
  char kind;              /* 'u' unsigned, 'i' signed, 'f' floating */
  int item_bytes;         /* of one number: 1, 2, 4, 8 */
  struct tsl_array array; /* rank and dims; type: u8 for bytes, else f32 or i64 */
  int64_t data_at;        /* offset of the numbers */
};

/* Local. TSL_FORMAT when the file is cut off or holds what is not read here. path is
 * borrowed until the end. */
enum tsl_status tsl__npy_open(const char *path, struct tsl__npy *npy,
                              struct tsl_error *err);
void tsl__npy_close(struct tsl__npy *npy);
/* Local. Numbers [begin, begin + count) of all, in the order of the file, as `type` (u8
 * only from bytes). */
enum tsl_status tsl__npy_read(const struct tsl__npy *npy, int64_t begin, int64_t count,
                              enum tsl_array_type type, void *out, struct tsl_error *err);

#endif
