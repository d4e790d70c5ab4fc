#include "dataset/picture.h"

#include "dataset/reader.h"
#include "teasel/arena.h"
#include "teasel/image.h"
#include "teasel/store.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum tsl_status tsl__picture_check_shape(const struct tsl_shape *shape,
                                         struct tsl_error *err) {
  if (shape->rank != 3 || (shape->dims[0] != 1 && shape->dims[0] != 3))
    return tsl_error_set(err, TSL_BAD_INPUT, "",
                         "pictures need a network with an input of [1 or 3, height, "
                         "width]");
  if (shape->dims[1] > 4096 || shape->dims[2] > 4096)
    return tsl_error_set(err, TSL_BAD_INPUT, "",
                         "pictures are brought to at most 4096 x 4096 pixels");
  return TSL_OK;
}

enum tsl_status tsl__picture_read(const char *path, double crop,
                                  const struct tsl_shape *shape, uint8_t *sample,
                                  struct tsl_error *err) {
  struct stat facts;
  char *bytes = NULL;
  size_t count = 0;
  struct tsl_image image = {0};
  if (stat(path, &facts) != 0)
    return tsl_error_set(err, TSL_BAD_INPUT, path, "cannot be found: %s",
                         strerror(errno));
  if (!S_ISREG(facts.st_mode))
    return tsl_error_set(err, TSL_FORMAT, path, "not a file");
  if (facts.st_size > (off_t)1 << 30)
    return tsl_error_set(err, TSL_FORMAT, path, "larger than 1 GiB, so hardly a picture");
  TSL_TRY(tsl_file_read(path, &bytes, &count, err));
  enum tsl_status status = tsl_image_decode(bytes, count, path, &image, err);
  if (status == TSL_OK)
    tsl_image_average(&image, crop, (int)shape->dims[0], (int)shape->dims[1],
                      (int)shape->dims[2], sample);
  tsl_image_release(&image);
  free(bytes);
  return status;
}

enum tsl_status tsl_dataset_load_images(const struct tsl_dataset_config *config,
                                        const struct tsl_shape *shape,
                                        const char *const *files, size_t count,
                                        float *out, struct tsl_error *err) {
  double crop = tsl__image_folder_crop(config);
  size_t values = (size_t)tsl_shape_count(shape), unreadable = 0;
  void *memory = NULL;
  TSL_TRY(tsl__picture_check_shape(shape, err));
  TSL_TRY(tsl_allocate(&memory, values, 1, err));
  const uint8_t *sample = memory; /* (shape) */
  for (size_t i = 0; i < count; i++) {
    struct tsl_error problem = {0};
    if (tsl__picture_read(files[i], crop, shape, memory, &problem) != TSL_OK) {
      unreadable++;
      tsl_error_add(err, TSL_BAD_INPUT, problem.where, "%s", problem.text);
    }
    for (size_t k = 0; k < values; k++)
      out[i * values + k] = (float)sample[k] / 255.0f;
  }
  free(memory);
  return unreadable > 0 ? TSL_BAD_INPUT : TSL_OK;
}
