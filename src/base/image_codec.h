/* image_codec.h - one decoder a file format, chosen by tsl_image_decode. */
#ifndef TEASEL_BASE_IMAGE_CODEC_H
#define TEASEL_BASE_IMAGE_CODEC_H

#include "teasel/image.h"

#include <stdbool.h>

/* Local. *out is untouched on failure. */
enum tsl_status tsl__png_decode(const void *bytes, size_t count, const char *where,
                                struct tsl_image *out, struct tsl_error *err);
enum tsl_status tsl__jpeg_decode(const void *bytes, size_t count, const char *where,
                                 struct tsl_image *out, struct tsl_error *err);
/* Local. TSL_FORMAT when a header promises an empty picture or more than
 * TSL_IMAGE_PIXELS_MAX. */
enum tsl_status tsl__image_size_check(const char *where, size_t width, size_t height,
                                      struct tsl_error *err);

/* Local. EXIF's Orientation, 1 to 8, of a JPEG's APP1 marker (the bytes behind its
 * length); 1, as it is, where the marker says nothing or is broken. */
int tsl__exif_orientation(const unsigned char *marker, size_t count);
/* Local. Brings a picture stored with that orientation upright; orientations 5 to 8 swap
 * width and height. The picture is unchanged on failure. */
enum tsl_status tsl__image_turn(struct tsl_image *image, int orientation,
                                struct tsl_error *err);

#endif
