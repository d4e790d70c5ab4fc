/* JPEG files that lie on their side, as cameras write them, come out upright. */
#include "unit.h"

#include "teasel/image.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* wants FILE */
#include <jpeglib.h>

enum { WIDTH = 48, HEIGHT = 32, EXIF_BYTES = 6 + 8 + 2 + 2 * 12 + 4 };

/* Quarters of grey: 0 and 80 above, 160 and 240 below. */
static uint8_t grey_at(int x, int y) {
  return (uint8_t)(80 * ((x >= WIDTH / 2) + 2 * (y >= HEIGHT / 2)));
}

static void put(unsigned char *at, unsigned value, int bytes, bool big_endian) {
  for (int i = 0; i < bytes; i++)
    at[i] = (unsigned char)(value >> 8 * (big_endian ? bytes - 1 - i : i));
}

/* EXIF with two entries: the picture's width, then its orientation. */
static void make_exif(unsigned char *out, unsigned orientation, bool big_endian) {
  memset(out, 0, EXIF_BYTES);
  memcpy(out, "Exif\0\0", 6);
  unsigned char *tiff = out + 6;
  memcpy(tiff, big_endian ? "MM" : "II", 2);
  put(tiff + 2, 42, 2, big_endian);
  put(tiff + 4, 8, 4, big_endian);
  put(tiff + 8, 2, 2, big_endian);
  static const unsigned tags[] = {0x100, 0x112};
  for (int i = 0; i < 2; i++) {
    unsigned char *entry = tiff + 10 + 12 * i;
    put(entry, tags[i], 2, big_endian);
    put(entry + 2, 3, 2, big_endian);
    put(entry + 4, 1, 4, big_endian);
    put(entry + 8, i == 0 ? WIDTH : orientation, 2, big_endian);
  }
}

/* The quarters as a JPEG file with this marker; bytes: 0 for none. */
static void decode_with(const unsigned char *exif, unsigned bytes,
                        struct tsl_image *image) {
  struct jpeg_compress_struct jpeg;
  struct jpeg_error_mgr errors;
  struct tsl_error err = {0};
  unsigned char *file = NULL, row[WIDTH], *rows[] = {row};
  unsigned long count = 0;
  jpeg.err = jpeg_std_error(&errors);
  jpeg_create_compress(&jpeg);
  jpeg_mem_dest(&jpeg, &file, &count);
  jpeg.image_width = WIDTH;
  jpeg.image_height = HEIGHT;
  jpeg.input_components = 1;
  jpeg.in_color_space = JCS_GRAYSCALE;
  jpeg_set_defaults(&jpeg);
  jpeg_start_compress(&jpeg, TRUE);
  if (bytes > 0)
    jpeg_write_marker(&jpeg, JPEG_APP0 + 1, exif, bytes);
  for (int y = 0; y < HEIGHT; y++) {
    for (int x = 0; x < WIDTH; x++)
      row[x] = grey_at(x, y);
    jpeg_write_scanlines(&jpeg, rows, 1);
  }
  jpeg_finish_compress(&jpeg);
  jpeg_destroy_compress(&jpeg);
  assert_int_equal(tsl_image_decode(file, count, "lying.jpg", image, &err), TSL_OK);
  free(file);
}

/* The greys of the four corners: left and right above, left and right below. */
static void assert_corners(const struct tsl_image *image, const char *want) {
  static const char names[] = "abcd"; /* quarters as stored */
  char got[5] = "";
  for (int corner = 0; corner < 4; corner++) {
    int x = corner % 2 == 0 ? 2 : image->width - 3;
    int y = corner / 2 == 0 ? 2 : image->height - 3;
    got[corner] = names[(image->bytes[y * image->width + x] + 40) / 80];
  }
  assert_string_equal(got, want);
}

static void test_jpeg__comes_upright_by_every_orientation(void **state) {
  (void)state;
  /* Where the first row and column belong, by the EXIF standard: 1 top left, 2 top right,
   * 3 bottom right, 4 bottom left, 5 left top, 6 right top, 7 right bottom, 8 left
   * bottom. */
  static const char *const upright[] = {"abcd", "badc", "dcba", "cdab",
                                        "acbd", "cadb", "dbca", "bdac"};
  unsigned char exif[EXIF_BYTES];
  for (unsigned orientation = 1; orientation <= 8; orientation++)
    for (int big_endian = 0; big_endian < 2; big_endian++) {
      struct tsl_image image = {0};
      make_exif(exif, orientation, big_endian);
      decode_with(exif, EXIF_BYTES, &image);
      assert_int_equal(image.width, orientation < 5 ? WIDTH : HEIGHT);
      assert_int_equal(image.height, orientation < 5 ? HEIGHT : WIDTH);
      assert_corners(&image, upright[orientation - 1]);
      tsl_image_release(&image);
    }
}

static void test_jpeg__lies_as_stored_when_exif_says_nothing_sensible(void **state) {
  (void)state;
  unsigned char exif[EXIF_BYTES];
  struct tsl_image image = {0};
  static const unsigned strange[] = {0, 9, 65535};
  for (int i = 0; i < 3; i++) {
    make_exif(exif, strange[i], false);
    decode_with(exif, EXIF_BYTES, &image);
    assert_corners(&image, "abcd");
    tsl_image_release(&image);
  }
  /* Cut off anywhere before the value, and with a folder beyond the end. */
  make_exif(exif, 6, true);
  for (unsigned bytes = 0; bytes < EXIF_BYTES - 6; bytes++) {
    decode_with(exif, bytes, &image);
    assert_corners(&image, bytes < 6 + 8 + 2 + 12 + 10 ? "abcd" : "cadb");
    tsl_image_release(&image);
  }
  put(exif + 10, 0xfffffff0u, 4, true);
  decode_with(exif, EXIF_BYTES, &image);
  assert_corners(&image, "abcd");
  tsl_image_release(&image);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_jpeg__comes_upright_by_every_orientation),
      cmocka_unit_test(test_jpeg__lies_as_stored_when_exif_says_nothing_sensible)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
