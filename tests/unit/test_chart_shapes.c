#include "unit.h"

#include "report/chart.h"

#include "teasel/image.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A chart of 100 x 80 with data 0..1 on both axes. */
static void begin(struct tsl__chart *chart, struct tsl_text *out) {
  tsl__chart_begin(chart, out, 100, 80, &(struct tsl__margins){10, 5, 5, 10}, "x");
  tsl__chart_scales(chart, &(struct tsl__range){0, 1}, &(struct tsl__range){0, 1});
}

static size_t occurrences(const char *text, const char *word) {
  size_t count = 0;
  for (const char *at = text; (at = strstr(at, word)) != NULL; at++)
    count++;
  return count;
}

/* The places that the first path draws to: (at most 64); a line's numbers are differences
 * after the first two. */
struct place {
  double x, y;
  bool begins; /* after M */
};

static int read_path(const char *svg, struct place places[64]) {
  const char *at = strstr(svg, " d=\"");
  int count = 0;
  bool begins = false;
  assert_non_null(at);
  at += 4;
  while (*at != '"') {
    begins = begins || *at == 'M';
    if (isalpha((unsigned char)*at) || *at == ' ') {
      at++;
      continue;
    }
    char *end;
    struct place place = {.begins = begins};
    place.x = strtod(at, &end);
    assert_true(end > at);
    at = end;
    place.y = strtod(at, &end);
    assert_true(end > at);
    at = end;
    if (!begins) {
      place.x += places[count - 1].x;
      place.y += places[count - 1].y;
    }
    assert_true(count < 64);
    places[count++] = place;
    begins = false;
  }
  return count;
}

static void test_line__breaks_at_gaps_and_stays_inside(void **state) {
  (void)state;
  const double x[] = {0, 0.2, 0.4, 0.6, 5, 1}, y[] = {0, 1e30, NAN, -3, 0.5, INFINITY};
  struct place places[64];
  struct tsl_text out = {0};
  struct tsl__chart chart;
  begin(&chart, &out);
  tsl__chart_line(&chart, x, y, 6, "k0");
  int count = read_path(out.bytes, places);
  assert_int_equal(count, 4);
  for (int i = 0; i < count; i++) {
    assert_int_equal(places[i].begins, i == 0 || i == 2);
    assert_true(places[i].x >= 10 && places[i].x <= 95);
    assert_true(places[i].y >= 5 && places[i].y <= 70);
  }
  assert_null(strstr(out.bytes, "nan"));
  assert_null(strstr(out.bytes, "inf"));
  tsl_text_release(&out);
}

/* A wave drawn on a plot of 85 x 65 pixels. */
static void test_line__leaves_out_only_what_cannot_be_seen(void **state) {
  (void)state;
  enum { POINTS = 400 };
  double x[POINTS], y[POINTS];
  struct place places[64];
  for (int i = 0; i < POINTS; i++) {
    x[i] = i / (POINTS - 1.0);
    y[i] = i < POINTS / 2 ? 0.5 : 0.5 + 0.4 * sin(6.0 * (x[i] - 0.5));
  }
  struct tsl_text out = {0};
  struct tsl__chart chart;
  begin(&chart, &out);
  tsl__chart_line(&chart, x, y, POINTS, "k0");
  int count = read_path(out.bytes, places);
  assert_true(count > 5);
  for (int i = 0, next = 1; i < POINTS; i++) { /* height of the drawn line at each x */
    double px = 10 + 85 * x[i], py = 70 - 65 * y[i];
    while (next + 1 < count && places[next].x < px)
      next++;
    const struct place *a = &places[next - 1], *b = &places[next];
    double drawn = a->y + (b->y - a->y) * (px - a->x) / (b->x - a->x);
    assert_true(fabs(drawn - py) < 0.6);
  }
  tsl_text_release(&out);
}

static void test_dots__one_path_a_series(void **state) {
  (void)state;
  const double x[] = {0, 1, NAN, 0.5, 7}, y[] = {0, 1, 0, 0.5, 0};
  const unsigned char series[] = {0, 1, 1, 0, 0};
  struct tsl_text out = {0};
  struct tsl__chart chart;
  begin(&chart, &out);
  tsl__chart_dots(&chart, &(struct tsl__dots){x, y, series, 5, 4});
  assert_int_equal(occurrences(out.bytes, "<path"), 2);
  assert_int_equal(occurrences(out.bytes, "h0"), 4);
  assert_non_null(strstr(out.bytes, "\"dots k0\" stroke-width=\"4.0\" d=\"M10 70h0M"));
  assert_non_null(strstr(out.bytes, "M95 70h0\"")); /* 7 is clamped */
  assert_non_null(strstr(out.bytes, "\"dots k1 sq\" stroke-width=\"4.0\" d=\"M95 5h0\""));
  tsl_text_release(&out);
}

static void test_line__nothing_is_an_empty_path(void **state) {
  (void)state;
  struct tsl_text out = {0};
  struct tsl__chart chart;
  begin(&chart, &out);
  tsl__chart_line(&chart, NULL, NULL, 0, "k0");
  tsl__chart_band(&chart, NULL, NULL, NULL, 0, "f0");
  assert_int_equal(occurrences(out.bytes, "d=\"\""), 2);
  tsl_text_release(&out);
}

static void test_spread__keeps_order_and_gap(void **state) {
  (void)state;
  double y[] = {10, 11, 12, 95, 96};
  tsl__chart_spread(y, 5, 10, 5, 100);
  for (int i = 1; i < 5; i++)
    assert_true(y[i] - y[i - 1] >= 10 - 1e-9);
  assert_true(y[0] >= 5 && y[4] <= 100);
}

static void test_mark__missing_values_draw_nothing(void **state) {
  (void)state;
  struct tsl_text out = {0};
  struct tsl__chart chart;
  begin(&chart, &out);
  size_t before = out.length;
  tsl__chart_mark(&chart, NAN, 0.5, 3, 0, "run");
  assert_int_equal(out.length, before);
  for (int series = 0; series < 9; series++)
    tsl__chart_mark(&chart, 0.5, 0.5, 3, series, series % 2 ? NULL : "a<b");
  assert_int_equal(occurrences(out.bytes, "class=\"mark f0\""), 2); /* 0 and 8 */
  assert_int_equal(occurrences(out.bytes, "<title>a&lt;b</title>"), 5);
  tsl_text_release(&out);
}

static void test_histogram__density_integrates_to_the_share_inside(void **state) {
  (void)state;
  const double values[] = {0, 0.1, 0.1, 0.9, 1, 7, NAN, -3};
  double densities[4], area = 0;
  assert_int_equal(tsl__histogram_density(values, 8, 0, 1, 4, densities), 2);
  for (int b = 0; b < 4; b++)
    area += densities[b] / 4;
  assert_true(fabs(area - 5.0 / 7) < 1e-12);
  assert_true(fabs(densities[0] - 3 / (7 * 0.25)) < 1e-12);
}

static void test_histogram__no_values_is_an_empty_path(void **state) {
  (void)state;
  struct tsl_text out = {0};
  struct tsl__chart chart;
  begin(&chart, &out);
  assert_int_equal(tsl__chart_histogram(&chart, NULL, 0, 10, "f0"), 0);
  assert_non_null(strstr(out.bytes, "d=\"\""));
  tsl_text_release(&out);
}

/* The picture between `base64,` and the quote, decoded. */
static void decode_picture(const char *svg, struct tsl_image *image) {
  static const char digits[] =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const char *at = strstr(svg, "base64,");
  struct tsl_text bytes = {0};
  unsigned word = 0;
  assert_non_null(at);
  at += 7;
  for (int bits = 0; *at != '"' && *at != '='; at++) {
    word = word << 6 | (unsigned)(strchr(digits, *at) - digits);
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      unsigned char byte = (unsigned char)(word >> bits & 255u);
      tsl_text_add_bytes(&bytes, &byte, 1);
    }
  }
  assert_int_equal(tsl_image_decode(bytes.bytes, bytes.length, "map", image, NULL),
                   TSL_OK);
  tsl_text_release(&bytes);
}

static void test_heat_map__every_cell_a_pixel_and_gaps_covered(void **state) {
  (void)state;
  const double values[] = {0, 0, 1, NAN, NAN, 2};
  struct tsl__heat_map map = {.rows = 2,
                              .columns = 3,
                              .values = values,
                              .low = 0,
                              .high = 1,
                              .cell = 5,
                              .left = 10,
                              .top = 10};
  struct tsl_text out = {0};
  struct tsl__chart chart;
  struct tsl_image image = {0};
  begin(&chart, &out);
  tsl__chart_heat_map(&chart, &map);
  assert_non_null(
      strstr(out.bytes, "x=\"10.0\" y=\"10.0\" width=\"15.0\" height=\"10.0\""));
  assert_non_null(strstr(out.bytes, "<path class=\"na\" d=\"M10 15h10v5h-10z\"/>"));
  decode_picture(out.bytes, &image);
  assert_int_equal(image.width, 3);
  assert_int_equal(image.height, 2);
  static const uint8_t low[3] = {68, 1, 84}, high[3] = {253, 231, 37};
  assert_memory_equal(image.bytes, low, 3);
  assert_memory_equal(image.bytes + 3, low, 3);
  assert_memory_equal(image.bytes + 6, high, 3);
  assert_memory_equal(image.bytes + 15, high, 3); /* 2 is clamped */
  tsl_image_release(&image);
  tsl_text_release(&out);
}

static void test_colour_map__ends_and_rising_lightness(void **state) {
  (void)state;
  unsigned char rgb[3];
  tsl__colour_map(0, rgb);
  assert_int_equal(rgb[0], 68);
  tsl__colour_map(NAN, rgb);
  assert_int_equal(rgb[0], 68);
  tsl__colour_map(7, rgb);
  assert_int_equal(rgb[0], 253);
  double last = -1;
  for (int i = 0; i <= 100; i++) {
    tsl__colour_map(i / 100.0, rgb);
    double luma = 0.2126 * rgb[0] + 0.7152 * rgb[1] + 0.0722 * rgb[2];
    assert_true(luma > last);
    last = luma;
  }
  int anchors = 0;
  while (tsl__colour_anchor(anchors) != NULL)
    anchors++;
  assert_int_equal(anchors, 9);
}

static void test_colour_anchor__equals_the_map(void **state) {
  (void)state;
  for (int i = 0; i < 9; i++) {
    unsigned char rgb[3];
    tsl__colour_map(i / 8.0, rgb);
    long value = strtol(tsl__colour_anchor(i) + 1, NULL, 16);
    assert_int_equal(value, rgb[0] << 16 | rgb[1] << 8 | rgb[2]);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_line__breaks_at_gaps_and_stays_inside),
      cmocka_unit_test(test_line__leaves_out_only_what_cannot_be_seen),
      cmocka_unit_test(test_dots__one_path_a_series),
      cmocka_unit_test(test_line__nothing_is_an_empty_path),
      cmocka_unit_test(test_spread__keeps_order_and_gap),
      cmocka_unit_test(test_mark__missing_values_draw_nothing),
      cmocka_unit_test(test_histogram__density_integrates_to_the_share_inside),
      cmocka_unit_test(test_histogram__no_values_is_an_empty_path),
      cmocka_unit_test(test_heat_map__every_cell_a_pixel_and_gaps_covered),
      cmocka_unit_test(test_colour_map__ends_and_rising_lightness),
      cmocka_unit_test(test_colour_anchor__equals_the_map),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
