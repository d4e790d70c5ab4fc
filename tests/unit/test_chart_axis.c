#include "unit.h"

#include "report/chart.h"

#include <math.h>
#include <string.h>

static void test_range__ignores_what_is_not_finite(void **state) {
  (void)state;
  struct tsl__range range = tsl__range_none();
  tsl__range_add(&range, NAN);
  tsl__range_add(&range, INFINITY);
  struct tsl__range drawable = tsl__range_drawable(&range, 0);
  assert_true(drawable.low == 0 && drawable.high == 1);
  tsl__range_add(&range, 3);
  tsl__range_add(&range, -1);
  drawable = tsl__range_drawable(&range, 0.25);
  assert_true(drawable.low == -2 && drawable.high == 4);
}

static void test_range__a_point_is_widened(void **state) {
  (void)state;
  struct tsl__range range = {5, 5};
  struct tsl__range drawable = tsl__range_drawable(&range, 0);
  assert_true(drawable.low < 5 && drawable.high > 5);
}

static void test_scale__clamps_and_keeps_nan(void **state) {
  (void)state;
  struct tsl__scale scale = {.low = 0, .high = 10, .from = 100, .to = 200};
  assert_true(tsl__scale_at(&scale, 5) == 150);
  assert_true(tsl__scale_at(&scale, 1e300) == 200);
  assert_true(tsl__scale_at(&scale, -INFINITY) == 100);
  assert_true(isnan(tsl__scale_at(&scale, NAN)));
  scale = (struct tsl__scale){1, 100, 0, 2, true};
  assert_true(fabs(tsl__scale_at(&scale, 10) - 1) < 1e-12);
}

static void test_ticks__round_inside_and_not_too_many(void **state) {
  (void)state;
  double ticks[TSL__TICKS_MAX];
  for (int wanted = 1; wanted <= 10; wanted++)
    for (double length = 1e-6; length < 1e9; length *= 3.7) {
      struct tsl__scale scale = {.low = -length / 3, .high = length, .from = 0, .to = 1};
      int count = tsl__scale_ticks(&scale, wanted, ticks);
      assert_in_range(count, 1, wanted + 2);
      for (int i = 0; i < count; i++)
        assert_true(ticks[i] >= scale.low - 1e-9 * length &&
                    ticks[i] <= scale.high + 1e-9 * length);
    }
  struct tsl__scale scale = {.low = 0, .high = 300000, .from = 0, .to = 1};
  assert_int_equal(tsl__scale_ticks(&scale, 4, ticks), 4);
  assert_true(ticks[1] == 100000);
}

static void test_ticks__logarithmic_are_powers(void **state) {
  (void)state;
  double ticks[TSL__TICKS_MAX];
  struct tsl__scale scale = {1, 1000, 0, 1, true};
  assert_int_equal(tsl__scale_ticks(&scale, 5, ticks), 4);
  assert_true(fabs(ticks[3] - 1000) < 1e-9);
}

static void test_ticks__empty_scale_has_none(void **state) {
  (void)state;
  double ticks[TSL__TICKS_MAX];
  struct tsl__scale point = {.low = 1, .high = 1}, broken = {.low = NAN, .high = 1};
  assert_int_equal(tsl__scale_ticks(&point, 5, ticks), 0);
  assert_int_equal(tsl__scale_ticks(&broken, 5, ticks), 0);
}

static void test_tick_print__short(void **state) {
  (void)state;
  char buffer[32];
  assert_string_equal(tsl__tick_print(buffer, 0.2), "0.2");
  assert_string_equal(tsl__tick_print(buffer, 300000), "300k");
  assert_string_equal(tsl__tick_print(buffer, 1.5e6), "1.5M");
  assert_string_equal(tsl__tick_print(buffer, 3 * 0.1), "0.3");
}

static void test_text__is_escaped(void **state) {
  (void)state;
  struct tsl_text out = {0};
  struct tsl__chart chart;
  tsl__chart_begin(&chart, &out, 100, 50, &(struct tsl__margins){0}, "<&\"'>");
  tsl__chart_text(&chart, 1, NAN, TSL__MIDDLE, "mu", "<script>alert(1)</script>");
  tsl__chart_end(&chart);
  assert_null(strstr(out.bytes, "<script"));
  assert_non_null(strstr(out.bytes, "aria-label=\"&lt;&amp;&quot;&#39;&gt;\""));
  assert_null(strstr(out.bytes, "nan"));
  tsl_text_release(&out);
}

static void test_alone__has_style_and_ground(void **state) {
  (void)state;
  struct tsl_text out = {0}, alone = {0};
  struct tsl__chart chart;
  tsl__chart_begin(&chart, &out, 100, 50, &(struct tsl__margins){0}, "empty");
  tsl__chart_end(&chart);
  tsl__chart_alone(&out, &alone);
  assert_non_null(strstr(alone.bytes, "prefers-color-scheme:dark"));
  assert_non_null(strstr(alone.bytes, "class=\"bg\""));
  assert_int_equal(strncmp(alone.bytes, "<svg xmlns=", 11), 0);
  tsl_text_release(&out);
  tsl_text_release(&alone);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_range__ignores_what_is_not_finite),
      cmocka_unit_test(test_range__a_point_is_widened),
      cmocka_unit_test(test_scale__clamps_and_keeps_nan),
      cmocka_unit_test(test_ticks__round_inside_and_not_too_many),
      cmocka_unit_test(test_ticks__logarithmic_are_powers),
      cmocka_unit_test(test_ticks__empty_scale_has_none),
      cmocka_unit_test(test_tick_print__short),
      cmocka_unit_test(test_text__is_escaped),
      cmocka_unit_test(test_alone__has_style_and_ground),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
