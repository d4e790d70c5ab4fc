#include "unit.h"

#include "report/figure.h"

#include "teasel/image.h"

#include <math.h>
#include <string.h>

/* A grid of one row and two samples, decoded again from the file that it keeps. */
static void paint(const struct tsl_shape *shape, const float *samples,
                  struct tsl_image *image) {
  struct tsl__page page;
  struct tsl_text svg = {0};
  struct tsl__chart chart;
  struct tsl__picture_grid grid = {.shape = shape,
                                   .samples = samples,
                                   .rows = 1,
                                   .columns = 2,
                                   .cell_width = 64,
                                   .cell_height = 64,
                                   .file = "a <b> name"};
  tsl__page_init(&page);
  tsl__chart_begin(&chart, &svg, 128, 64, &(struct tsl__margins){0}, "grid");
  assert_int_equal(tsl__picture_grid_write(&chart, &page, &grid, NULL), TSL_OK);
  assert_int_equal(page.file_count, 1);
  assert_string_equal(page.files[0].name, "a--b--name.png");
  assert_non_null(strstr(svg.bytes, "href=\"data:image/png;base64,iVBORw0KGgo"));
  assert_int_equal(tsl_image_decode(page.files[0].bytes.bytes, page.files[0].bytes.length,
                                    "grid", image, NULL),
                   TSL_OK);
  tsl_text_release(&svg);
  tsl__page_release(&page);
}

static void test_grid__colours_side_by_side(void **state) {
  (void)state;
  const struct tsl_shape shape = {.rank = 3, .dims = {3, 1, 1}};
  struct tsl_image image;
  paint(&shape, (float[]){1, 0, 0.2f, 0, 1, 7}, &image);
  assert_int_equal(image.width, 2);
  assert_int_equal(image.channels, 3);
  assert_memory_equal(image.bytes, ((uint8_t[]){255, 0, 51, 0, 255, 255}), 6);
  tsl_image_release(&image);
}

static void test_grid__other_channels_become_their_mean(void **state) {
  (void)state;
  const struct tsl_shape shape = {.rank = 3, .dims = {2, 1, 1}};
  struct tsl_image image;
  paint(&shape, (float[]){1, 0.2f, NAN, 0.4f}, &image);
  assert_int_equal(image.bytes[0], 153);
  assert_int_equal(image.bytes[image.channels], 51);
  tsl_image_release(&image);
}

static void test_grid__vectors_become_tiles_on_their_own_range(void **state) {
  (void)state;
  const struct tsl_shape shape = {.rank = 1, .dims = {3}};
  struct tsl_image image;
  paint(&shape, (float[]){-5, 0, 5, 5, 5, -5}, &image);
  assert_int_equal(image.width, 6); /* two rows of three stripes */
  assert_int_equal(image.height, 1);
  assert_int_equal(image.bytes[0], 0);
  assert_int_equal(image.bytes[2 * image.channels], 255);
  tsl_image_release(&image);
}

static void test_grid__nothing_draws_nothing(void **state) {
  (void)state;
  const struct tsl_shape shape = {.rank = 1, .dims = {3}};
  struct tsl_text svg = {0};
  struct tsl__page page;
  struct tsl__chart chart;
  tsl__page_init(&page);
  tsl__chart_begin(&chart, &svg, 10, 10, &(struct tsl__margins){0}, "none");
  size_t before = svg.length;
  struct tsl__picture_grid grid = {.shape = &shape, .file = "none"};
  assert_int_equal(tsl__picture_grid_write(&chart, &page, &grid, NULL), TSL_OK);
  assert_int_equal(svg.length, before);
  assert_int_equal(page.file_count, 0);
  tsl_text_release(&svg);
  tsl__page_release(&page);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_grid__colours_side_by_side),
      cmocka_unit_test(test_grid__other_channels_become_their_mean),
      cmocka_unit_test(test_grid__vectors_become_tiles_on_their_own_range),
      cmocka_unit_test(test_grid__nothing_draws_nothing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
