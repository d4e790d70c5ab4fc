#include "unit.h"

#include "teasel/image.h"

#include <math.h>
#include <png.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* wants FILE */
#include <jpeglib.h>

/* ---- files in memory, written by the libraries themselves ---- */

static void paint(struct tsl_image *image, int width, int height, int channels) {
  struct tsl_error err = {0};
  assert_int_equal(tsl_image_init(image, width, height, channels, &err), TSL_OK);
  for (int y = 0; y < height; y++)
    for (int x = 0; x < width; x++)
      for (int c = 0; c < channels; c++)
        image->bytes[(y * width + x) * channels + c] =
            (uint8_t)(128 + 90 * sin(0.2 * x + c) * cos(0.15 * y - c));
}

static unsigned char *encode_jpeg(const struct tsl_image *image, int components,
                                  bool progressive, unsigned long *count) {
  struct jpeg_compress_struct jpeg;
  struct jpeg_error_mgr errors;
  unsigned char *bytes = NULL;
  unsigned char *row = calloc((size_t)image->width, (size_t)components);
  jpeg.err = jpeg_std_error(&errors);
  jpeg_create_compress(&jpeg);
  jpeg_mem_dest(&jpeg, &bytes, count);
  jpeg.image_width = (JDIMENSION)image->width;
  jpeg.image_height = (JDIMENSION)image->height;
  jpeg.input_components = components;
  jpeg.in_color_space = components == 4   ? JCS_CMYK
                        : components == 3 ? JCS_RGB
                                          : JCS_GRAYSCALE;
  jpeg_set_defaults(&jpeg);
  jpeg_set_quality(&jpeg, 95, TRUE);
  if (progressive)
    jpeg_simple_progression(&jpeg);
  jpeg_start_compress(&jpeg, TRUE);
  for (int y = 0; y < image->height; y++) {
    for (int i = 0; i < image->width * components; i++)
      row[i] = components == image->channels
                   ? image->bytes[y * image->width * components + i]
                   : (unsigned char)i;
    jpeg_write_scanlines(&jpeg, &row, 1);
  }
  jpeg_finish_compress(&jpeg);
  jpeg_destroy_compress(&jpeg);
  free(row);
  return bytes;
}

static void collect(png_structp png, png_bytep bytes, size_t count) {
  tsl_text_add_bytes(png_get_io_ptr(png), bytes, count);
}
static void nothing(png_structp png) {
  (void)png;
}

/* rows: height rows of packed PNG pixels as the header says. */
static void encode_png(struct tsl_text *out, int width, int height, int depth, int colour,
                       int interlace, const png_color *palette, int colours,
                       unsigned char *pixels, size_t row) {
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
  png_infop info = png_create_info_struct(png);
  png_bytep *rows = calloc((size_t)height, sizeof *rows);
  tsl_text_init(out);
  png_set_write_fn(png, out, collect, nothing);
  png_set_IHDR(png, info, (png_uint_32)width, (png_uint_32)height, depth, colour,
               interlace, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  if (palette != NULL)
    png_set_PLTE(png, info, palette, colours);
  png_write_info(png, info);
  for (int y = 0; y < height; y++)
    rows[y] = pixels + (size_t)y * row;
  png_write_image(png, rows);
  png_write_end(png, NULL);
  png_destroy_write_struct(&png, &info);
  free(rows);
}

static void decode(const struct tsl_text *text, struct tsl_image *image) {
  struct tsl_error err = {0};
  enum tsl_status status =
      tsl_image_decode(text->bytes, text->length, "case.png", image, &err);
  if (status != TSL_OK)
    print_error("%s\n", err.text);
  assert_int_equal(status, TSL_OK);
}

/* ---- PNG ---- */

static void test_png__written_pictures_are_read_back(void **state) {
  (void)state;
  for (int channels = 1; channels <= 3; channels += 2) {
    struct tsl_image image, again;
    struct tsl_text text;
    struct tsl_error err = {0};
    paint(&image, 37, 23, channels);
    tsl_text_init(&text);
    assert_int_equal(tsl_image_png(&image, &text, &err), TSL_OK);
    decode(&text, &again);
    assert_int_equal(again.width, 37);
    assert_int_equal(again.height, 23);
    assert_int_equal(again.channels, channels);
    assert_memory_equal(again.bytes, image.bytes, (size_t)(37 * 23 * channels));
    tsl_image_release(&image);
    tsl_image_release(&again);
    tsl_text_release(&text);
  }
}

static void test_jpeg__written_pictures_are_read_back_nearly(void **state) {
  (void)state;
  for (int channels = 1; channels <= 3; channels += 2) {
    struct tsl_image image, again;
    struct tsl_text text = {0};
    struct tsl_error err = {0};
    assert_int_equal(tsl_image_init(&image, 37, 23, channels, &err), TSL_OK);
    for (int i = 0; i < 37 * 23 * channels; i++) /* a soft slope from left to right */
      image.bytes[i] = (uint8_t)(20 + 5 * (i / channels % 37));
    assert_int_equal(tsl_image_jpeg(&image, 90, &text, &err), TSL_OK);
    decode(&text, &again);
    assert_int_equal(again.width, 37);
    assert_int_equal(again.height, 23);
    assert_int_equal(again.channels, channels);
    for (int i = 0; i < 37 * 23 * channels; i++)
      assert_true(abs(again.bytes[i] - image.bytes[i]) < 12);
    tsl_image_release(&image);
    tsl_image_release(&again);
    tsl_text_release(&text);
  }
}

static void test_png__16_bits_become_8(void **state) {
  (void)state;
  unsigned char pixels[2 * 2 * 2] = {0, 0, 255, 255, 0x80, 0x80, 0x40, 0x40};
  struct tsl_text text;
  struct tsl_image image;
  encode_png(&text, 2, 2, 16, PNG_COLOR_TYPE_GRAY, PNG_INTERLACE_NONE, NULL, 0, pixels,
             4);
  decode(&text, &image);
  assert_int_equal(image.channels, 1);
  assert_int_equal(image.bytes[0], 0);
  assert_int_equal(image.bytes[1], 255);
  assert_int_equal(image.bytes[2], 0x80);
  assert_int_equal(image.bytes[3], 0x40);
  tsl_image_release(&image);
  tsl_text_release(&text);
}

static void test_png__palettes_bits_and_interlacing_are_expanded(void **state) {
  (void)state;
  const png_color palette[] = {{255, 0, 0}, {0, 255, 0}, {0, 0, 255}, {9, 8, 7}};
  unsigned char pixels[8 * 2];
  struct tsl_text text;
  struct tsl_image image;
  for (int y = 0; y < 8; y++) { /* two bits a pixel: 0 1 2 3 0 1 2 3 */
    pixels[2 * y] = 0x1b;
    pixels[2 * y + 1] = 0x1b;
  }
  encode_png(&text, 8, 8, 2, PNG_COLOR_TYPE_PALETTE, PNG_INTERLACE_ADAM7, palette, 4,
             pixels, 2);
  decode(&text, &image);
  assert_int_equal(image.channels, 3);
  for (int i = 0; i < 64; i++) {
    assert_int_equal(image.bytes[3 * i], palette[i % 4].red);
    assert_int_equal(image.bytes[3 * i + 1], palette[i % 4].green);
    assert_int_equal(image.bytes[3 * i + 2], palette[i % 4].blue);
  }
  tsl_image_release(&image);
  tsl_text_release(&text);
}

static void test_png__alpha_lies_on_white(void **state) {
  (void)state;
  unsigned char pixels[] = {10, 20, 30, 0, 10, 20, 30, 255, 0, 100, 200, 51};
  struct tsl_text text;
  struct tsl_image image;
  encode_png(&text, 3, 1, 8, PNG_COLOR_TYPE_RGB_ALPHA, PNG_INTERLACE_NONE, NULL, 0,
             pixels, 12);
  decode(&text, &image);
  static const uint8_t want[] = {255, 255, 255, 10, 20, 30, 204, 224, 244};
  assert_memory_equal(image.bytes, want, sizeof want);
  tsl_image_release(&image);
  tsl_text_release(&text);
}

/* ---- JPEG ---- */

static void test_jpeg__colours_grey_and_progressive_are_read(void **state) {
  (void)state;
  for (int kind = 0; kind < 4; kind++) {
    struct tsl_image image, again;
    struct tsl_error err = {0};
    unsigned long count = 0;
    int channels = kind % 2 == 0 ? 3 : 1;
    paint(&image, 50, 34, channels);
    unsigned char *bytes = encode_jpeg(&image, channels, kind >= 2, &count);
    assert_int_equal(tsl_image_decode(bytes, count, "a.jpg", &again, &err), TSL_OK);
    assert_int_equal(again.channels, channels);
    double error = 0;
    for (int i = 0; i < 50 * 34 * channels; i++)
      error += fabs((double)image.bytes[i] - again.bytes[i]) / (50 * 34 * channels);
    assert_true(error < 4);
    tsl_image_release(&image);
    tsl_image_release(&again);
    free(bytes);
  }
}

static void test_jpeg__cmyk_is_refused(void **state) {
  (void)state;
  struct tsl_image image, again = {0};
  struct tsl_error err = {0};
  unsigned long count = 0;
  paint(&image, 16, 16, 3);
  unsigned char *bytes = encode_jpeg(&image, 4, false, &count);
  assert_int_equal(tsl_image_decode(bytes, count, "print.jpg", &again, &err), TSL_FORMAT);
  assert_string_equal(err.where, "print.jpg");
  assert_non_null(strstr(err.text, "CMYK"));
  tsl_image_release(&image);
  free(bytes);
}

/* ---- broken files ---- */

static void refuse_prefixes(const unsigned char *bytes, size_t count, const char *name) {
  for (size_t tenth = 0; tenth < 40; tenth++) {
    struct tsl_image image = {0};
    struct tsl_error err = {0};
    size_t cut = count * tenth / 40;
    /* A copy of exactly that length, so that reading beyond it is seen. */
    unsigned char *copy = malloc(cut + 1);
    memcpy(copy, bytes, cut);
    assert_int_equal(tsl_image_decode(copy, cut, name, &image, &err), TSL_FORMAT);
    assert_string_equal(err.where, name);
    assert_true(strlen(err.text) > 10);
    assert_null(image.bytes);
    free(copy);
  }
}

static void test_decode__files_cut_anywhere_are_refused(void **state) {
  (void)state;
  struct tsl_image image;
  struct tsl_text text;
  struct tsl_error err = {0};
  unsigned long count = 0;
  paint(&image, 60, 40, 3);
  tsl_text_init(&text);
  assert_int_equal(tsl_image_png(&image, &text, &err), TSL_OK);
  refuse_prefixes((const unsigned char *)text.bytes, text.length, "cut.png");
  for (int progressive = 0; progressive < 2; progressive++) {
    unsigned char *bytes = encode_jpeg(&image, 3, progressive, &count);
    refuse_prefixes(bytes, count, "cut.jpg");
    free(bytes);
  }
  tsl_image_release(&image);
  tsl_text_release(&text);
}

/* Any answer is fine but a crash; sanitizers watch. A PNG has check sums, so every bit
 * counts there (but the ones of chunks that may be left out). */
static void test_decode__flipped_bits_do_no_harm(void **state) {
  (void)state;
  struct tsl_image image;
  struct tsl_text text;
  struct tsl_error err = {0};
  unsigned long count = 0;
  paint(&image, 24, 24, 3);
  tsl_text_init(&text);
  assert_int_equal(tsl_image_png(&image, &text, &err), TSL_OK);
  unsigned char *jpeg = encode_jpeg(&image, 3, true, &count);
  size_t refused = 0;
  for (size_t bit = 0; bit < 8 * (size_t)count; bit += 3) {
    struct tsl_image again = {0};
    jpeg[bit / 8] ^= (unsigned char)(1u << bit % 8);
    tsl_image_decode(jpeg, count, "flipped.jpg", &again, &err);
    tsl_image_release(&again);
    jpeg[bit / 8] ^= (unsigned char)(1u << bit % 8);
  }
  size_t tried = 0;
  for (size_t bit = 0; bit < 8 * text.length; bit += 5, tried++) {
    struct tsl_image again = {0};
    text.bytes[bit / 8] = (char)(text.bytes[bit / 8] ^ 1 << bit % 8);
    refused +=
        tsl_image_decode(text.bytes, text.length, "flipped.png", &again, &err) != TSL_OK;
    tsl_image_release(&again);
    text.bytes[bit / 8] = (char)(text.bytes[bit / 8] ^ 1 << bit % 8);
  }
  assert_true(refused > tried * 95 / 100);
  free(jpeg);
  tsl_image_release(&image);
  tsl_text_release(&text);
}

static void test_decode__huge_headers_and_other_files_are_refused(void **state) {
  (void)state;
  struct tsl_image image = {0};
  struct tsl_error err = {0};
  unsigned char pixel[8192] = {0};
  struct tsl_text text;
  unsigned long count = 0;
  /* 60000 x 60000 in a header of a picture that has one row of pixels: IHDR patched with
   * its check sum is more than libpng lets us write, so a true JPEG header serves. */
  struct tsl_image small;
  paint(&small, 8, 8, 1);
  unsigned char *jpeg = encode_jpeg(&small, 1, false, &count);
  for (size_t i = 0; i + 8 < count; i++)
    if (jpeg[i] == 0xff && jpeg[i + 1] == 0xc0)
      jpeg[i + 5] = jpeg[i + 7] = 0xe0; /* 57352 x 57352 */
  assert_int_equal(tsl_image_decode(jpeg, count, "huge.jpg", &image, &err), TSL_FORMAT);
  assert_non_null(strstr(err.text, "64 million"));
  encode_png(&text, 65000, 1, 1, PNG_COLOR_TYPE_GRAY, PNG_INTERLACE_NONE, NULL, 0, pixel,
             8125);
  decode(&text, &image);
  assert_int_equal(image.width, 65000);
  tsl_image_release(&image);
  assert_int_equal(tsl_image_decode("GIF89a....", 10, "a.gif", &image, &err), TSL_FORMAT);
  assert_non_null(strstr(err.text, "neither a PNG nor a JPEG"));
  assert_int_equal(tsl_image_decode("", 0, "empty", &image, &err), TSL_FORMAT);
  assert_non_null(strstr(err.text, "empty"));
  free(jpeg);
  tsl_image_release(&small);
  tsl_text_release(&text);
}

/* ---- scaling ---- */

static void test_average__of_whole_blocks_is_their_mean(void **state) {
  (void)state;
  struct tsl_image image;
  uint8_t planes[3 * 8 * 8];
  paint(&image, 24, 24, 3);
  tsl_image_average(&image, 1.0, 3, 8, 8, planes);
  for (int c = 0; c < 3; c++)
    for (int y = 0; y < 8; y++)
      for (int x = 0; x < 8; x++) {
        int sum = 0;
        for (int k = 0; k < 9; k++)
          sum += image.bytes[((3 * y + k / 3) * 24 + 3 * x + k % 3) * 3 + c];
        assert_int_equal(planes[(c * 8 + y) * 8 + x], (2 * sum + 9) / 18);
      }
  tsl_image_release(&image);
}

static void test_average__crops_the_centre_and_weighs_rims(void **state) {
  (void)state;
  struct tsl_image image;
  struct tsl_error err = {0};
  uint8_t out[4];
  /* Columns 0 ... 9 of 10, 20, ..., 100; 2 rows; the square centre is columns 4 and 5. */
  assert_int_equal(tsl_image_init(&image, 10, 2, 1, &err), TSL_OK);
  for (int i = 0; i < 20; i++)
    image.bytes[i] = (uint8_t)(10 * (i % 10 + 1));
  tsl_image_average(&image, 1.0, 1, 1, 1, out);
  assert_int_equal(out[0], 55);
  tsl_image_average(&image, 1.0, 1, 2, 2, out);
  assert_int_equal(out[0], 50);
  assert_int_equal(out[1], 60);
  struct tsl_image strip = image;
  strip.height = 1;
  strip.width = 10;
  uint8_t wide[4];
  tsl_image_average(&strip, 1.0, 1, 1, 4, wide); /* 4 x 1 of 10 x 1: columns 3 ... 6 */
  assert_int_equal(wide[0], 40);
  assert_int_equal(wide[3], 70);
  tsl_image_average(&strip, 0.625, 1, 1, 4, wide); /* 2.5 x 0.625 at 3.75: 5/8 a pixel */
  assert_int_equal(wide[0], 46);                   /* (0.25 * 40 + 0.375 * 50) / 0.625 */
  tsl_image_release(&image);
}

static void test_average__turns_colours_grey_and_grey_to_colours(void **state) {
  (void)state;
  struct tsl_image image;
  struct tsl_error err = {0};
  uint8_t out[3];
  assert_int_equal(tsl_image_init(&image, 2, 2, 3, &err), TSL_OK);
  for (int i = 0; i < 4; i++) {
    image.bytes[3 * i] = 200;
    image.bytes[3 * i + 1] = 100;
    image.bytes[3 * i + 2] = 50;
  }
  tsl_image_average(&image, 1.0, 1, 1, 1, out);
  assert_int_equal(out[0], 124); /* 59.8 + 58.7 + 5.7 = 124.2 */
  tsl_image_release(&image);
  assert_int_equal(tsl_image_init(&image, 2, 2, 1, &err), TSL_OK);
  memset(image.bytes, 77, 4);
  tsl_image_average(&image, 1.0, 3, 1, 1, out);
  assert_int_equal(out[0], 77);
  assert_int_equal(out[2], 77);
  tsl_image_release(&image);
}

static void test_put__clips_values_and_places(void **state) {
  (void)state;
  struct tsl_image image;
  struct tsl_error err = {0};
  const float sample[] = {-1.0f, 0.5f, 2.0f, NAN};
  assert_int_equal(tsl_image_init(&image, 4, 3, 3, &err), TSL_OK);
  tsl_image_put(&image, 1, -1, 2, sample, 1, 2, 2);
  static const uint8_t want[] = {255, 0, 0, 128}; /* the first row's second copy */
  for (int x = 0; x < 4; x++)
    assert_int_equal(image.bytes[3 * x], want[x]);
  static const uint8_t last[] = {255, 255, 255, 0};
  for (int x = 0; x < 4; x++)
    assert_int_equal(image.bytes[(2 * 4 + x) * 3 + 2], last[x]);
  tsl_image_release(&image);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_png__written_pictures_are_read_back),
      cmocka_unit_test(test_jpeg__written_pictures_are_read_back_nearly),
      cmocka_unit_test(test_png__16_bits_become_8),
      cmocka_unit_test(test_png__palettes_bits_and_interlacing_are_expanded),
      cmocka_unit_test(test_png__alpha_lies_on_white),
      cmocka_unit_test(test_jpeg__colours_grey_and_progressive_are_read),
      cmocka_unit_test(test_jpeg__cmyk_is_refused),
      cmocka_unit_test(test_decode__files_cut_anywhere_are_refused),
      cmocka_unit_test(test_decode__flipped_bits_do_no_harm),
      cmocka_unit_test(test_decode__huge_headers_and_other_files_are_refused),
      cmocka_unit_test(test_average__of_whole_blocks_is_their_mean),
      cmocka_unit_test(test_average__crops_the_centre_and_weighs_rims),
      cmocka_unit_test(test_average__turns_colours_grey_and_grey_to_colours),
      cmocka_unit_test(test_put__clips_values_and_places),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
