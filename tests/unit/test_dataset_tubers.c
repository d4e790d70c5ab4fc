#include "unit.h"

#include "dataset_case.h"

enum { FACTORS = 7, SPOTS = 6 };

static void open_tubers(const struct tsl_dataset_config *config,
                        struct tsl_dataset **dataset) {
  struct tsl_error err = {0};
  enum tsl_status status = case_open(config, dataset, &err);
  if (status != TSL_OK)
    print_error("%s: %s\n", err.where, err.text);
  assert_int_equal(status, TSL_OK);
}

static void test_tubers__are_bad_exactly_where_they_have_spots(void **state) {
  (void)state;
  struct tsl_dataset_config config = case_config("tubers");
  struct tsl_dataset *dataset;
  int64_t count = 8498, wanted = 1554, within = 100; /* of half: five deviations */
  if (under_valgrind()) {
    case_set(&config, "count", "300");
    case_set(&config, "good", "100");
    count = 300;
    wanted = 100;
    within = 21;
  }
  open_tubers(&config, &dataset);
  const struct tsl_dataset_view *view = tsl_dataset_view(dataset);
  assert_int_equal(view->count, count);
  assert_int_equal(view->factor_count, FACTORS);
  assert_string_equal(view->factor_names[SPOTS], "spots");
  int64_t good = 0, early = 0;
  for (int64_t i = 0; i < view->count; i++) {
    assert_int_equal(view->labels[i], view->factors[i * FACTORS + SPOTS] > 0);
    good += view->labels[i] == 0;
    early += view->labels[i] == 0 && i < view->count / 2;
    for (int k = 0; k < FACTORS; k++)
      assert_in_range((int)view->factors[i * FACTORS + k], 0, view->factor_sizes[k] - 1);
  }
  assert_int_equal(good, wanted);
  assert_in_range(early, wanted / 2 - within, wanted / 2 + within);
  tsl_dataset_close(dataset);
}

/* A number that changes is a new data set under an old name: every recorded sweep on
 * tubers would no longer be repeatable. */
static void test_tubers__have_the_recorded_digest(void **state) {
  (void)state;
  struct tsl_dataset_config config = case_config("tubers");
  struct tsl_dataset *dataset;
  char hex[33];
  if (under_valgrind())
    skip();
  open_tubers(&config, &dataset);
  tsl_digest_print(&tsl_dataset_view(dataset)->digest, hex);
  tsl_dataset_close(dataset);
  assert_string_equal(hex, "3e855e81e5166fca55080827fa174b51");
  case_set(&config, "size", "32");
  open_tubers(&config, &dataset);
  tsl_digest_print(&tsl_dataset_view(dataset)->digest, hex);
  tsl_dataset_close(dataset);
  assert_string_equal(hex, "a407329a2431de8cbdbbed8d00370e20");
}

static void test_tubers__change_with_the_seed(void **state) {
  (void)state;
  struct tsl_dataset_config config = case_config("tubers");
  struct tsl_dataset *one, *other;
  case_set(&config, "count", "50");
  case_set(&config, "good", "20");
  open_tubers(&config, &one);
  config.seed = 1;
  open_tubers(&config, &other);
  assert_memory_not_equal(tsl_dataset_view(one)->samples,
                          tsl_dataset_view(other)->samples, 3 * 64 * 64);
  tsl_dataset_close(one);
  tsl_dataset_close(other);
}

static void test_draw__gives_the_sample_of_the_same_factors(void **state) {
  (void)state;
  enum { COUNT = 12, VALUES = 3 * 32 * 32 };
  struct tsl_dataset_config config = case_config("tubers");
  struct tsl_dataset *dataset;
  struct tsl_error err = {0};
  static float drawn[COUNT * VALUES], gathered[COUNT * VALUES];
  int64_t indices[COUNT];
  case_set(&config, "count", "12");
  case_set(&config, "good", "4");
  case_set(&config, "size", "32");
  open_tubers(&config, &dataset);
  assert_true(tsl_dataset_can_draw(dataset));
  for (int i = 0; i < COUNT; i++)
    indices[i] = i;
  tsl_dataset_gather(dataset, indices, COUNT, gathered);
  const float *factors = tsl_dataset_view(dataset)->factors;
  assert_int_equal(tsl_dataset_draw(dataset, factors, COUNT, drawn, &err), TSL_OK);
  assert_memory_equal(drawn, gathered, sizeof drawn);
  float beyond[FACTORS] = {0, 0, 0, 0, 0, 0, 7};
  assert_int_equal(tsl_dataset_draw(dataset, beyond, 1, drawn, &err), TSL_BAD_INPUT);
  assert_non_null(strstr(err.text, "spots"));
  tsl_dataset_close(dataset);
}

/* Mean of the picture's brightness over pixels that are not ground. */
static void body(const float *sample, double *pixels, double *x, double *y,
                 double *light) {
  *pixels = *x = *y = *light = 0;
  for (int row = 0; row < 64; row++)
    for (int column = 0; column < 64; column++) {
      double red = (double)sample[row * 64 + column];
      if (red < 0.16)
        continue;
      *pixels += 1;
      *x += column;
      *y += row;
      *light += red;
    }
  *x /= *pixels;
  *y /= *pixels;
  *light /= *pixels;
}

static void test_factors__move_what_they_are_named_after(void **state) {
  (void)state;
  struct tsl_dataset_config config = case_config("tubers");
  struct tsl_dataset *dataset;
  struct tsl_error err = {0};
  static float sample[3 * 64 * 64];
  enum { SIZE, ELONGATION, X, Y, ROTATION, BRIGHTNESS };
  case_set(&config, "count", "1");
  case_set(&config, "good", "1");
  open_tubers(&config, &dataset);
  for (int factor = 0; factor < FACTORS; factor++) {
    double low[4], high[4];
    float levels[FACTORS] = {8, 8, 8, 8, 4, 12, 0};
    levels[factor] = 0;
    assert_int_equal(tsl_dataset_draw(dataset, levels, 1, sample, &err), TSL_OK);
    body(sample, &low[0], &low[1], &low[2], &low[3]);
    levels[factor] = (float)(tsl_dataset_view(dataset)->factor_sizes[factor] - 1);
    assert_int_equal(tsl_dataset_draw(dataset, levels, 1, sample, &err), TSL_OK);
    body(sample, &high[0], &high[1], &high[2], &high[3]);
    if (factor == SIZE)
      assert_true(high[0] > 1.7 * low[0]);
    if (factor == ELONGATION)
      assert_true(high[0] < 1.1 * low[0] && high[0] > 0.9 * low[0]);
    if (factor == X)
      assert_true(high[1] - low[1] > 9 && high[2] - low[2] < 2);
    if (factor == Y)
      assert_true(high[2] - low[2] > 9 && high[1] - low[1] < 2);
    if (factor == BRIGHTNESS)
      assert_true(high[3] > 1.5 * low[3]);
    if (factor == SPOTS)
      assert_true(high[0] < 0.97 * low[0]);
  }
  tsl_dataset_close(dataset);
}

static void test_tubers__more_good_than_all_is_refused(void **state) {
  (void)state;
  struct tsl_dataset_config config = case_config("tubers");
  struct tsl_dataset *dataset = NULL;
  struct tsl_error err = {0};
  case_set(&config, "count", "10");
  assert_int_equal(case_open(&config, &dataset, &err), TSL_BAD_INPUT);
  assert_string_equal(err.text, "good: 1554 is more than count: 10");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_tubers__are_bad_exactly_where_they_have_spots),
      cmocka_unit_test(test_tubers__have_the_recorded_digest),
      cmocka_unit_test(test_tubers__change_with_the_seed),
      cmocka_unit_test(test_draw__gives_the_sample_of_the_same_factors),
      cmocka_unit_test(test_factors__move_what_they_are_named_after),
      cmocka_unit_test(test_tubers__more_good_than_all_is_refused),
  };
  return cmocka_run_group_tests(tests, case_begin, case_end);
}
