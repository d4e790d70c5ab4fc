/* image.h - pictures in memory and as files (libpng, libjpeg). */
#ifndef TEASEL_IMAGE_H
#define TEASEL_IMAGE_H

#include "teasel/status.h"
#include "teasel/text.h"

#include <stddef.h>
#include <stdint.h>

/* Pictures of more pixels are refused, so that a broken header cannot exhaust memory. */
enum { TSL_IMAGE_PIXELS_MAX = 64000000 };

/* 8 bits a channel, rows top to bottom, pixels interleaved. */
struct tsl_image {
  int width, height;
  int channels;   /* 1 grey, 3 RGB */
  uint8_t *bytes; /* (height, width, channels); owned, tsl_image_release */
};

enum tsl_status tsl_image_init(struct tsl_image *image, int width, int height,
                               int channels, struct tsl_error *err); /* white */
void tsl_image_release(struct tsl_image *image);
/* Local. PNG bytes added to text (for data: addresses and files). */
enum tsl_status tsl_image_png(const struct tsl_image *image, struct tsl_text *out,
                              struct tsl_error *err);
/* Local. The same as JPEG, with losses; quality: 1 to 100. */
enum tsl_status tsl_image_jpeg(const struct tsl_image *image, int quality,
                               struct tsl_text *out, struct tsl_error *err);
/* Local. JPEG or PNG by content; grey or RGB as the file is, alpha on white, 16 bits to
 * 8, palette expanded; turned upright where a JPEG's EXIF says how it lies. where: the
 * file's name for messages. Truncated or broken, even where the library would only warn:
 * TSL_FORMAT. CMYK is refused. */
enum tsl_status tsl_image_decode(const void *bytes, size_t count, const char *where,
                                 struct tsl_image *out, struct tsl_error *err);
/* Local. The largest centred rectangle with the proportions of width x height, its sides
 * times `crop` (0 < crop <= 1), averaged by area to (channels, height, width), 8 bits.
 * Grey is repeated for 3 channels; RGB becomes luma (BT.601) for 1. */
void tsl_image_average(const struct tsl_image *image, double crop, int channels,
                       int height, int width, uint8_t *planes);
/* Local. A sample (channels, height, width) in 0..1, clipped, into the picture at (left,
 * top), every pixel `scale` times; what falls outside is left out. Of other than 3
 * channels the first is shown as grey. */
void tsl_image_put(struct tsl_image *image, int left, int top, int scale,
                   const float *sample, int channels, int height, int width);

#endif
