/* The clock for patience with other ranks. */
#include "unit.h"

#include "team/awake.h"

static void test_awake__goes_on_with_the_clock_of_who_waits(void **state) {
  (void)state;
  struct tsl__awake awake = {.seen = 0};
  const double begun = tsl__awake_look(&awake, 1000);
  double now = 1000;
  for (int i = 0; i < 400; i++)
    tsl__awake_look(&awake, now += 0.5);
  assert_true(tsl__awake_look(&awake, now) - begun == 200);
}

static void test_awake__stands_still_with_the_process(void **state) {
  (void)state;
  struct tsl__awake awake = {.seen = 0};
  const double begun = tsl__awake_look(&awake, 1000);
  tsl__awake_look(&awake, 1001);
  /* An hour in which it did not run, twice. */
  const double once = tsl__awake_look(&awake, 4601) - begun;
  assert_true(once > 1 && once < 10);
  const double twice = tsl__awake_look(&awake, 8201) - begun;
  assert_true(twice > once && twice < 20);
  assert_true(tsl__awake_look(&awake, 8202) - begun == twice + 1);
}

static void test_awake__is_the_clock_when_first_looked_at(void **state) {
  (void)state;
  struct tsl__awake awake = {.seen = 0};
  assert_true(tsl__awake_look(&awake, 123456) == 123456);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_awake__goes_on_with_the_clock_of_who_waits),
      cmocka_unit_test(test_awake__stands_still_with_the_process),
      cmocka_unit_test(test_awake__is_the_clock_when_first_looked_at),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
