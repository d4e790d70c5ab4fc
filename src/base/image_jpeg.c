#include "base/image_codec.h"

/* jpeglib.h wants FILE. */
#include <stdio.h>

#include <jpeglib.h>
#include <setjmp.h>
#include <stdlib.h>

/* Of a progressive JPEG; programs write about ten. Each may pass over the whole picture,
 * so a file of many tiny ones would take hours. */
enum { SCANS_MAX = 100 };

/* All that must outlive libjpeg's longjmp. The library hands back only a pointer to
 * `errors`, so that stands first. */
struct decoder {
  struct jpeg_error_mgr errors;
  struct jpeg_progress_mgr progress;
  jmp_buf escape;
  char message[JMSG_LENGTH_MAX];
  struct jpeg_decompress_struct jpeg;
  struct tsl_image image;
  int orientation; /* of EXIF */
  const unsigned char *bytes;
  size_t count;
  const char *where;
  struct tsl_error *err;
};

static void on_error(j_common_ptr common) {
  struct decoder *decoder = (struct decoder *)common->err;
  common->err->format_message(common, decoder->message);
  longjmp(decoder->escape, 1); /* NOLINT: libjpeg knows no other way */
}

/* Level -1 is corrupt data that libjpeg would fill up with grey (a cut-off file, for
 * one): here an error. Higher levels are trace messages. */
static void on_message(j_common_ptr common, int level) {
  if (level < 0)
    on_error(common);
}

static void on_progress(j_common_ptr common) {
  struct decoder *decoder = (struct decoder *)common->err;
  if (decoder->jpeg.input_scan_number <= SCANS_MAX)
    return;
  snprintf(decoder->message, sizeof decoder->message, "more than %d scans", SCANS_MAX);
  longjmp(decoder->escape, 1); /* NOLINT: libjpeg knows no other way */
}

/* The first APP1 marker that is EXIF's and says something. */
static int orientation(const struct jpeg_decompress_struct *jpeg) {
  int found = 1;
  for (jpeg_saved_marker_ptr m = jpeg->marker_list; m != NULL && found == 1; m = m->next)
    found = tsl__exif_orientation(m->data, m->data_length);
  return found;
}

static enum tsl_status decode(struct decoder *decoder) {
  struct jpeg_decompress_struct *jpeg = &decoder->jpeg;
  if (setjmp(decoder->escape) != 0) /* NOLINT: libjpeg knows no other way */
    return tsl_error_set(decoder->err, TSL_FORMAT, decoder->where, "broken JPEG: %s",
                         decoder->message);
  jpeg_create_decompress(jpeg);
  jpeg->progress = &decoder->progress;
  jpeg_mem_src(jpeg, decoder->bytes, decoder->count);
  jpeg_save_markers(jpeg, JPEG_APP0 + 1, 0xffff);
  jpeg_read_header(jpeg, TRUE);
  decoder->orientation = orientation(jpeg);
  TSL_TRY(tsl__image_size_check(decoder->where, jpeg->image_width, jpeg->image_height,
                                decoder->err));
  if (jpeg->num_components != 1 && jpeg->num_components != 3)
    return tsl_error_set(decoder->err, TSL_FORMAT, decoder->where,
                         "a JPEG of %d components (CMYK?); save it as RGB or grey",
                         jpeg->num_components);
  jpeg->out_color_space = jpeg->num_components == 1 ? JCS_GRAYSCALE : JCS_RGB;
  TSL_TRY(tsl_image_init(&decoder->image, (int)jpeg->image_width, (int)jpeg->image_height,
                         jpeg->num_components, decoder->err));
  jpeg_start_decompress(jpeg);
  size_t row = (size_t)jpeg->output_width * (size_t)jpeg->output_components;
  while (jpeg->output_scanline < jpeg->output_height) {
    JSAMPROW line = decoder->image.bytes + jpeg->output_scanline * row;
    jpeg_read_scanlines(jpeg, &line, 1);
  }
  jpeg_finish_decompress(jpeg);
  return tsl__image_turn(&decoder->image, decoder->orientation, decoder->err);
}

enum tsl_status tsl__jpeg_decode(const void *bytes, size_t count, const char *where,
                                 struct tsl_image *out, struct tsl_error *err) {
  struct decoder decoder = {.bytes = bytes, .count = count, .where = where, .err = err};
  decoder.jpeg.err = jpeg_std_error(&decoder.errors);
  decoder.errors.error_exit = on_error;
  decoder.errors.emit_message = on_message;
  decoder.progress.progress_monitor = on_progress;
  enum tsl_status status = decode(&decoder);
  jpeg_destroy_decompress(&decoder.jpeg);
  if (status == TSL_OK)
    *out = decoder.image;
  else
    tsl_image_release(&decoder.image);
  return status;
}

/* As the decoder: `errors` stands first. */
struct encoder {
  struct jpeg_error_mgr errors;
  jmp_buf escape;
  char message[JMSG_LENGTH_MAX];
  struct jpeg_compress_struct jpeg;
  unsigned char *bytes; /* libjpeg's, by malloc */
  unsigned long count;
};

static void on_encoder_error(j_common_ptr common) {
  struct encoder *encoder = (struct encoder *)common->err;
  common->err->format_message(common, encoder->message);
  longjmp(encoder->escape, 1); /* NOLINT: libjpeg knows no other way */
}

static enum tsl_status encode(struct encoder *encoder, const struct tsl_image *image,
                              int quality, struct tsl_error *err) {
  struct jpeg_compress_struct *jpeg = &encoder->jpeg;
  if (setjmp(encoder->escape) != 0) /* NOLINT: libjpeg knows no other way */
    return tsl_error_set(err, TSL_LIBRARY, "", "libjpeg cannot write a picture: %s",
                         encoder->message);
  jpeg_create_compress(jpeg);
  jpeg_mem_dest(jpeg, &encoder->bytes, &encoder->count);
  jpeg->image_width = (JDIMENSION)image->width;
  jpeg->image_height = (JDIMENSION)image->height;
  jpeg->input_components = image->channels;
  jpeg->in_color_space = image->channels == 3 ? JCS_RGB : JCS_GRAYSCALE;
  jpeg_set_defaults(jpeg);
  jpeg_set_quality(jpeg, quality, TRUE);
  jpeg->optimize_coding = TRUE;
  jpeg_start_compress(jpeg, TRUE);
  size_t row = (size_t)image->width * (size_t)image->channels;
  while (jpeg->next_scanline < jpeg->image_height) {
    JSAMPROW line = image->bytes + jpeg->next_scanline * row;
    jpeg_write_scanlines(jpeg, &line, 1);
  }
  jpeg_finish_compress(jpeg);
  return TSL_OK;
}

enum tsl_status tsl_image_jpeg(const struct tsl_image *image, int quality,
                               struct tsl_text *out, struct tsl_error *err) {
  struct encoder encoder = {0};
  encoder.jpeg.err = jpeg_std_error(&encoder.errors);
  encoder.errors.error_exit = on_encoder_error;
  enum tsl_status status = encode(&encoder, image, quality, err);
  jpeg_destroy_compress(&encoder.jpeg);
  if (status == TSL_OK)
    tsl_text_add_bytes(out, encoder.bytes, encoder.count);
  free(encoder.bytes);
  if (status == TSL_OK && out->failed)
    status = tsl_error_set(err, TSL_MEMORY, "", "out of memory writing a JPEG picture");
  return status;
}
