#include "unit.h"

#include "teasel/random.h"

#include <math.h>

static const struct tsl_stream stream = {.seed = 42, .purpose = TSL_PURPOSE_TEST};

static void test_words__differ_by_every_coordinate(void **state) {
  (void)state;
  uint32_t base[4], other[4];
  tsl_random_words(&stream, 1, 2, 3, base);
  struct tsl_stream seed = stream, purpose = stream, sub = stream;
  seed.seed++;
  purpose.purpose++;
  sub.sub++;
  const struct tsl_stream *streams[] = {&seed, &purpose, &sub, &stream, &stream, &stream};
  for (int i = 0; i < 6; i++) {
    tsl_random_words(streams[i], 1 + (i == 3), 2 + (i == 4), 3 + (i == 5), other);
    assert_memory_not_equal(base, other, sizeof base);
  }
  tsl_random_words(&stream, 1, 2, 3, other);
  assert_memory_equal(base, other, sizeof base);
}

static void test_normal__has_mean_0_variance_1_and_tails(void **state) {
  (void)state;
  enum { COUNT = 200000 };
  static float x[COUNT];
  tsl_random_normal(&stream, 0, 0, COUNT, x);
  double sum = 0, square = 0, beyond = 0;
  for (int i = 0; i < COUNT; i++) {
    sum += (double)x[i];
    square += (double)x[i] * (double)x[i];
    beyond += fabsf(x[i]) > 1.959964f;
  }
  assert_true(fabs(sum / COUNT) < 4 / sqrt(COUNT));
  assert_true(fabs(square / COUNT - 1) < 4 * sqrt(2.0 / COUNT));
  assert_true(fabs(beyond / COUNT - 0.05) < 4 * sqrt(0.05 * 0.95 / COUNT));
}

static void test_permutation__holds_every_number_once(void **state) {
  (void)state;
  int64_t order[1000];
  char seen[1000] = {0};
  tsl_random_permutation(&stream, 7, 1000, order);
  int fixed = 0;
  for (int i = 0; i < 1000; i++) {
    assert_in_range(order[i], 0, 999);
    assert_int_equal(seen[order[i]], 0);
    seen[order[i]] = 1;
    fixed += order[i] == i;
  }
  assert_true(fixed < 10);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_words__differ_by_every_coordinate),
      cmocka_unit_test(test_normal__has_mean_0_variance_1_and_tails),
      cmocka_unit_test(test_permutation__holds_every_number_once),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
