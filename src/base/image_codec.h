/* image_codec.h - one decoder a file format, chosen by tsl_image_decode. */
#ifndef TEASEL_BASE_IMAGE_CODEC_H
#define TEASEL_BASE_IMAGE_CODEC_H

#include "teasel/image.h"

/* Local. *out is untouched on failure. */
enum tsl_status tsl__png_decode(const void *bytes, size_t count, const char *where,
                                struct tsl_image *out, struct tsl_error *err);
enum tsl_status tsl__jpeg_decode(const void *bytes, size_t count, const char *where,
                                 struct tsl_image *out, struct tsl_error *err);
/* Local. TSL_FORMAT when a header promises an empty picture or more than
 * TSL_IMAGE_PIXELS_MAX. */
enum tsl_status tsl__image_size_check(const char *where, size_t width, size_t height,
                                      struct tsl_error *err);

#endif
