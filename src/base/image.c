#include "teasel/image.h"

#include "base/image_codec.h"
#include "teasel/arena.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum tsl_status tsl__image_size_check(const char *where, size_t width, size_t height,
                                      struct tsl_error *err) {
  if (width == 0 || height == 0)
    return tsl_error_set(err, TSL_FORMAT, where, "the picture has no pixels (%zu x %zu)",
                         width, height);
  if (width > TSL_IMAGE_PIXELS_MAX / height)
    return tsl_error_set(err, TSL_FORMAT, where,
                         "the picture's header says %zu x %zu pixels, more than the %d "
                         "million that are accepted; scale it down",
                         width, height, TSL_IMAGE_PIXELS_MAX / 1000000);
  return TSL_OK;
}

enum tsl_status tsl_image_init(struct tsl_image *image, int width, int height,
                               int channels, struct tsl_error *err) {
  TSL_TRY(tsl__image_size_check("", (size_t)width, (size_t)height, err));
  size_t count = (size_t)width * (size_t)height * (size_t)channels;
  void *bytes = NULL;
  TSL_TRY(tsl_allocate(&bytes, count, 1, err));
  memset(bytes, 255, count);
  *image = (struct tsl_image){
      .width = width, .height = height, .channels = channels, .bytes = bytes};
  return TSL_OK;
}

void tsl_image_release(struct tsl_image *image) {
  free(image->bytes);
  *image = (struct tsl_image){0};
}

enum tsl_status tsl_image_decode(const void *bytes, size_t count, const char *where,
                                 struct tsl_image *out, struct tsl_error *err) {
  static const unsigned char png[] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
  static const unsigned char jpeg[] = {0xff, 0xd8, 0xff};
  if (count == 0)
    return tsl_error_set(err, TSL_FORMAT, where, "the file is empty");
  if (count >= sizeof png && memcmp(bytes, png, sizeof png) == 0)
    return tsl__png_decode(bytes, count, where, out, err);
  if (count >= sizeof jpeg && memcmp(bytes, jpeg, sizeof jpeg) == 0)
    return tsl__jpeg_decode(bytes, count, where, out, err);
  return tsl_error_set(err, TSL_FORMAT, where,
                       "neither a PNG nor a JPEG picture (told by its first bytes)");
}

/* 0..1 to 0..255; what is not a number is black. */
static uint8_t to_byte(float value) {
  if (!(value > 0.0f))
    return 0;
  return value >= 1.0f ? 255 : (uint8_t)lroundf(value * 255.0f);
}

void tsl_image_put(struct tsl_image *image, int left, int top, int scale,
                   const float *sample, int channels, int height, int width) {
  size_t plane = (size_t)height * (size_t)width;
  for (int y = 0; y < height * scale; y++) {
    for (int x = 0; x < width * scale; x++) {
      int column = left + x, row = top + y;
      if (column < 0 || row < 0 || column >= image->width || row >= image->height)
        continue;
      size_t from = (size_t)(y / scale) * (size_t)width + (size_t)(x / scale);
      uint8_t *to = image->bytes + ((size_t)row * (size_t)image->width + (size_t)column) *
                                       (size_t)image->channels;
      for (int c = 0; c < image->channels; c++)
        to[c] = to_byte(sample[from + (channels == 3 ? (size_t)c * plane : 0)]);
    }
  }
}
