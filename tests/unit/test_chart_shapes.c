#include "unit.h"

#include "report/chart.h"

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

/* Every number of the first path's d= stands in [0, limit]; returns how many. */
static int numbers_in_range(const char *svg, double limit) {
  const char *at = strstr(svg, " d=\"");
  int count = 0;
  assert_non_null(at);
  at += 4;
  while (*at != '"') {
    if (isdigit((unsigned char)*at) || *at == '-') {
      char *end;
      double value = strtod(at, &end);
      assert_true(value >= 0 && value <= limit);
      at = end;
      count++;
    } else {
      at++;
    }
  }
  return count;
}

static void test_line__breaks_at_gaps_and_stays_inside(void **state) {
  (void)state;
  const double x[] = {0, 0.2, 0.4, 0.6, 5, 1}, y[] = {0, 1e30, NAN, -3, 0.5, INFINITY};
  struct tsl_text out = {0};
  struct tsl__chart chart;
  begin(&chart, &out);
  tsl__chart_line(&chart, x, y, 6, "k0");
  assert_int_equal(occurrences(out.bytes, "M"), 2);
  assert_int_equal(numbers_in_range(out.bytes, 100), 8);
  assert_null(strstr(out.bytes, "nan"));
  assert_null(strstr(out.bytes, "inf"));
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

static void test_heat_map__every_cell_once_and_gaps_marked(void **state) {
  (void)state;
  const double values[] = {0, 0, 1, NAN, 0.5, 2};
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
  begin(&chart, &out);
  tsl__chart_heat_map(&chart, &map);
  assert_int_equal(occurrences(out.bytes, "class=\"na\""), 1);
  assert_non_null(strstr(out.bytes, "h10v5h-10z"));     /* the two zeros are one strip */
  assert_int_equal(occurrences(out.bytes, "v5"), 5);    /* strips */
  assert_non_null(strstr(out.bytes, "#fde725"));        /* 1, and 2 clamped */
  assert_int_equal(occurrences(out.bytes, "<path"), 4); /* colours and the gap */
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
      cmocka_unit_test(test_line__nothing_is_an_empty_path),
      cmocka_unit_test(test_spread__keeps_order_and_gap),
      cmocka_unit_test(test_mark__missing_values_draw_nothing),
      cmocka_unit_test(test_histogram__density_integrates_to_the_share_inside),
      cmocka_unit_test(test_histogram__no_values_is_an_empty_path),
      cmocka_unit_test(test_heat_map__every_cell_once_and_gaps_marked),
      cmocka_unit_test(test_colour_map__ends_and_rising_lightness),
      cmocka_unit_test(test_colour_anchor__equals_the_map),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
