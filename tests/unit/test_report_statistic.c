#include "unit.h"

#include "report/report_statistic.h"

#include <math.h>

static void test_median__even_odd_and_gaps(void **state) {
  (void)state;
  assert_true(tsl__median((double[]){3, 1, 2}, 3) == 2);
  assert_true(tsl__median((double[]){3, NAN, 1, 2, 10}, 5) == 2.5);
  assert_true(isnan(tsl__median((double[]){NAN, INFINITY}, 2)));
  assert_true(isnan(tsl__median(NULL, 0)));
  assert_true(tsl__quantile((double[]){0, 10, 20, 30, 40}, 5, 0.1) == 4);
}

static void test_spearman__equals_the_worked_value_with_ties(void **state) {
  (void)state;
  /* Ranks (1, 2.5, 2.5, 4) and (1, 3, 2, 4): covariance 4.5 over sqrt(4.5 * 5). */
  double value = tsl__spearman((double[]){1, 2, 2, 5}, (double[]){0, 3, 1, 9}, 4);
  assert_true(fabs(value - 4.5 / sqrt(4.5 * 5)) < 1e-12);
  assert_true(tsl__spearman((double[]){1, 2, 3}, (double[]){9, 4, 1}, 3) == -1);
}

static void test_spearman__undefined_is_nan(void **state) {
  (void)state;
  assert_true(isnan(tsl__spearman((double[]){1, 1, 1}, (double[]){1, 2, 3}, 3)));
  assert_true(isnan(tsl__spearman((double[]){1, 2, NAN}, (double[]){1, 2, 3}, 3)));
}

static void test_bootstrap__holds_the_value_and_repeats(void **state) {
  (void)state;
  double x[40], y[40];
  for (int i = 0; i < 40; i++) {
    x[i] = i;
    y[i] = i + 12 * sin(7.0 * i);
  }
  struct tsl__interval a = tsl__spearman_bootstrap(x, y, 40, 3);
  struct tsl__interval b = tsl__spearman_bootstrap(x, y, 40, 3);
  assert_true(a.low < a.value && a.value < a.high && a.high <= 1);
  assert_true(a.low > 0.3);
  assert_int_equal(a.count, 40);
  assert_true(a.low == b.low && a.high == b.high);
}

static void test_bootstrap__without_data_is_nan(void **state) {
  (void)state;
  struct tsl__interval none = tsl__spearman_bootstrap(NULL, NULL, 0, 0);
  assert_true(isnan(none.value) && isnan(none.low) && none.count == 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_median__even_odd_and_gaps),
      cmocka_unit_test(test_spearman__equals_the_worked_value_with_ties),
      cmocka_unit_test(test_spearman__undefined_is_nan),
      cmocka_unit_test(test_bootstrap__holds_the_value_and_repeats),
      cmocka_unit_test(test_bootstrap__without_data_is_nan),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
