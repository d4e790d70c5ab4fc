#include "base/image_codec.h"

#include "teasel/arena.h"

#include <png.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* All that must outlive libpng's longjmp. */
struct decoder {
  const unsigned char *bytes;
  size_t count, at;
  const char *where;
  char message[256];
  png_structp png;
  png_infop info;
  unsigned char *pixels; /* (height, width, channels), alpha included */
  png_bytep *rows;       /* (height) */
  size_t width, height, channels;
  enum tsl_status status; /* of a failure that is not libpng's */
  struct tsl_error *err;
};

static void on_error(png_structp png, png_const_charp message) {
  struct decoder *decoder = png_get_error_ptr(png);
  snprintf(decoder->message, sizeof decoder->message, "%s", message);
  png_longjmp(png, 1);
}

static void on_warning(png_structp png, png_const_charp message) {
  (void)png;
  (void)message;
}

static void read_bytes(png_structp png, png_bytep out, size_t count) {
  struct decoder *decoder = png_get_io_ptr(png);
  if (count > decoder->count - decoder->at)
    png_error(png, "the file ends too early");
  memcpy(out, decoder->bytes + decoder->at, count);
  decoder->at += count;
}

/* Everything becomes 8 bits a channel: grey, grey and alpha, RGB, RGBA. */
static void normalise(struct decoder *decoder) {
  png_set_expand(decoder->png);
  png_set_scale_16(decoder->png);
  png_set_interlace_handling(decoder->png);
  png_read_update_info(decoder->png, decoder->info);
  decoder->channels = png_get_channels(decoder->png, decoder->info);
}

static enum tsl_status allocate_rows(struct decoder *decoder) {
  size_t row = decoder->width * decoder->channels;
  void *pixels = NULL, *rows = NULL;
  TSL_TRY(tsl_allocate(&pixels, decoder->height, row, decoder->err));
  decoder->pixels = pixels;
  TSL_TRY(tsl_allocate(&rows, decoder->height, sizeof *decoder->rows, decoder->err));
  decoder->rows = rows;
  for (size_t y = 0; y < decoder->height; y++)
    decoder->rows[y] = decoder->pixels + y * row;
  return TSL_OK;
}

/* Returns from libpng's errors, too: nothing here may own anything but through decoder.
 */
static enum tsl_status decode(struct decoder *decoder) {
  if (setjmp(png_jmpbuf(decoder->png)) != 0) /* NOLINT: libpng knows no other way */
    return tsl_error_set(decoder->err, TSL_FORMAT, decoder->where, "broken PNG: %s",
                         decoder->message);
  png_set_read_fn(decoder->png, decoder, read_bytes);
  png_set_user_limits(decoder->png, TSL_IMAGE_PIXELS_MAX, TSL_IMAGE_PIXELS_MAX);
  png_set_chunk_malloc_max(decoder->png, 8u << 20);
  png_read_info(decoder->png, decoder->info);
  decoder->width = png_get_image_width(decoder->png, decoder->info);
  decoder->height = png_get_image_height(decoder->png, decoder->info);
  decoder->status = tsl__image_size_check(decoder->where, decoder->width, decoder->height,
                                          decoder->err);
  if (decoder->status != TSL_OK)
    return decoder->status;
  normalise(decoder);
  decoder->status = allocate_rows(decoder);
  if (decoder->status != TSL_OK)
    return decoder->status;
  png_read_image(decoder->png, decoder->rows);
  png_read_end(decoder->png, NULL);
  return TSL_OK;
}

/* Alpha over white. */
static void flatten(const struct decoder *decoder, struct tsl_image *image) {
  size_t colours = (size_t)image->channels, channels = decoder->channels;
  for (size_t i = 0; i < decoder->width * decoder->height; i++) {
    const unsigned char *from = decoder->pixels + i * channels;
    unsigned alpha = channels > colours ? from[colours] : 255u;
    for (size_t c = 0; c < colours; c++)
      image->bytes[i * colours + c] =
          (uint8_t)((from[c] * alpha + 255u * (255u - alpha) + 127u) / 255u);
  }
}

enum tsl_status tsl__png_decode(const void *bytes, size_t count, const char *where,
                                struct tsl_image *out, struct tsl_error *err) {
  struct decoder decoder = {.bytes = bytes, .count = count, .where = where, .err = err};
  struct tsl_image image = {0};
  enum tsl_status status = TSL_MEMORY;
  decoder.png =
      png_create_read_struct(PNG_LIBPNG_VER_STRING, &decoder, on_error, on_warning);
  decoder.info = decoder.png != NULL ? png_create_info_struct(decoder.png) : NULL;
  if (decoder.info == NULL) {
    tsl_error_set(err, TSL_MEMORY, where, "out of memory decoding the picture");
    goto done;
  }
  status = decode(&decoder);
  if (status != TSL_OK)
    goto done;
  status = tsl_image_init(&image, (int)decoder.width, (int)decoder.height,
                          decoder.channels >= 3 ? 3 : 1, err);
  if (status != TSL_OK)
    goto done;
  flatten(&decoder, &image);
  *out = image;
done:
  png_destroy_read_struct(&decoder.png, &decoder.info, NULL);
  free(decoder.pixels);
  free(decoder.rows);
  return status;
}

struct encoder {
  struct tsl_text *out;
  char message[256];
};

static void write_bytes(png_structp png, png_bytep bytes, size_t count) {
  struct encoder *encoder = png_get_io_ptr(png);
  tsl_text_add_bytes(encoder->out, bytes, count);
}

static void flush_bytes(png_structp png) {
  (void)png;
}

static void on_encoder_error(png_structp png, png_const_charp message) {
  struct encoder *encoder = png_get_error_ptr(png);
  snprintf(encoder->message, sizeof encoder->message, "%s", message);
  png_longjmp(png, 1);
}

static enum tsl_status encode(png_structp png, png_infop info, struct encoder *encoder,
                              const struct tsl_image *image, struct tsl_error *err) {
  if (setjmp(png_jmpbuf(png)) != 0) /* NOLINT: libpng knows no other way */
    return tsl_error_set(err, TSL_LIBRARY, "", "libpng cannot write a picture: %s",
                         encoder->message);
  png_set_write_fn(png, encoder, write_bytes, flush_bytes);
  png_set_IHDR(png, info, (png_uint_32)image->width, (png_uint_32)image->height, 8,
               image->channels == 3 ? PNG_COLOR_TYPE_RGB : PNG_COLOR_TYPE_GRAY,
               PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  png_write_info(png, info);
  for (int y = 0; y < image->height; y++)
    png_write_row(png, image->bytes +
                           (size_t)y * (size_t)image->width * (size_t)image->channels);
  png_write_end(png, NULL);
  return TSL_OK;
}

enum tsl_status tsl_image_png(const struct tsl_image *image, struct tsl_text *out,
                              struct tsl_error *err) {
  struct encoder encoder = {.out = out};
  enum tsl_status status = TSL_MEMORY;
  png_infop info = NULL;
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, &encoder,
                                            on_encoder_error, on_warning);
  if (png != NULL)
    info = png_create_info_struct(png);
  if (info != NULL)
    status = encode(png, info, &encoder, image, err);
  png_destroy_write_struct(&png, &info);
  if (status == TSL_OK && out->failed)
    status = TSL_MEMORY;
  if (status == TSL_MEMORY)
    tsl_error_set(err, TSL_MEMORY, "", "out of memory writing a PNG picture");
  return status;
}
