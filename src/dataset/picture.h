/* picture.h - picture files brought to a network's shape. */
#ifndef TEASEL_DATASET_PICTURE_H
#define TEASEL_DATASET_PICTURE_H

#include "teasel/network.h"
#include "teasel/status.h"

#include <stdint.h>

/* Local. One PNG or JPEG file, cropped and averaged; sample: (shape), rank 3 with 1 or 3
 * channels. TSL_FORMAT or TSL_IO with the file as the place. */
enum tsl_status tsl__picture_read(const char *path, double crop,
                                  const struct tsl_shape *shape, uint8_t *sample,
                                  struct tsl_error *err);
/* Local. TSL_BAD_INPUT when pictures cannot have this shape. */
enum tsl_status tsl__picture_check_shape(const struct tsl_shape *shape,
                                         struct tsl_error *err);

#endif
