/* Products of columns against the sums that define them, to the bit: their order is a
 * promise, whatever is worked on together. */
#include "unit.h"

#include "metric/product.h"
#include "teasel/arena.h"
#include "teasel/random.h"

#include <stdlib.h>
#include <string.h>

enum { PANEL = TSL__PANEL };

static double *doubles(uint64_t seed, size_t count) {
  void *made = NULL;
  assert_int_equal(tsl_allocate(&made, count, sizeof(double), NULL), TSL_OK);
  double *out = made;
  const struct tsl_stream stream = {.seed = seed, .purpose = TSL_PURPOSE_TEST};
  for (size_t i = 0; i < count && seed > 0; i++)
    out[i] = tsl_random_double(&stream, i, 0, 0) - 0.5;
  return out;
}

/* Element (row r of all panels, point k) of (panels, points, PANEL). */
static double at(const double *panels, int64_t points, int64_t r, int64_t k) {
  return panels[(r / PANEL * points + k) * PANEL + r % PANEL];
}

/* out: (row_panels * PANEL, column_panels * PANEL) */
static void multiply_plainly(const double *a, int64_t row_panels, const double *b,
                             int64_t column_panels, int64_t points, double *out) {
  for (int64_t i = 0; i < row_panels * PANEL; i++) {
    for (int64_t j = 0; j < column_panels * PANEL; j++) {
      double sum = 0;
      for (int64_t k = 0; k < points; k++) {
        double product = at(a, points, i, k) * at(b, points, j, k);
        sum += product;
      }
      out[i * column_panels * PANEL + j] = sum;
    }
  }
}

static void check(int64_t row_panels, int64_t column_panels, int64_t points) {
  const size_t count = (size_t)(row_panels * column_panels * PANEL * PANEL);
  double *a = doubles(1, (size_t)(row_panels * points * PANEL));
  double *b = doubles(2, (size_t)(column_panels * points * PANEL));
  double *given = doubles(3, count), *wanted = doubles(0, count);
  tsl__product(a, row_panels, b, column_panels, points, given);
  multiply_plainly(a, row_panels, b, column_panels, points, wanted);
  for (size_t i = 0; i < count; i++) {
    if (memcmp(&given[i], &wanted[i], sizeof given[i]) != 0)
      fail_msg("%lld by %lld panels of %lld points: element %zu is %.17g, not %.17g",
               (long long)row_panels, (long long)column_panels, (long long)points, i,
               given[i], wanted[i]);
  }
  free(a);
  free(b);
  free(given);
  free(wanted);
}

static void test_product__is_the_plain_sum_to_the_bit(void **state) {
  (void)state;
  const int64_t points[] = {1, 2, 127, 128, 129, 1000};
  for (int64_t rows = 1; rows <= 4; rows++)
    for (int64_t columns = 1; columns <= 5; columns++)
      for (size_t i = 0; i < sizeof points / sizeof points[0]; i++)
        check(rows, columns, points[i]);
}

static void test_product__of_no_points_is_zero(void **state) {
  (void)state;
  double out[PANEL * PANEL], some = 1;
  memset(out, 0xff, sizeof out);
  tsl__product(&some, 1, &some, 1, 0, out);
  for (int i = 0; i < PANEL * PANEL; i++)
    assert_true(out[i] == 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_product__is_the_plain_sum_to_the_bit),
      cmocka_unit_test(test_product__of_no_points_is_zero),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
