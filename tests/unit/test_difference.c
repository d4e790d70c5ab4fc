#include "unit.h"

#include "teasel/difference.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char folder[64];
static struct tsl_store *stores[2];
static struct tsl_difference difference;

static int make_stores(void **state) {
  (void)state;
  struct tsl_error err = {0};
  strcpy(folder, "/tmp/teasel-difference-XXXXXX");
  if (mkdtemp(folder) == NULL)
    return -1;
  for (int i = 0; i < 2; i++) {
    char path[128];
    snprintf(path, sizeof path, "%s/%d", folder, i);
    if (tsl_store_open(path, TSL_STORE_CREATE, &stores[i], &err) != TSL_OK)
      return -1;
    snprintf(path, sizeof path, "%s/%d/runs/r", folder, i);
    if (tsl_folder_create(path, &err) != TSL_OK)
      return -1;
  }
  tsl_difference_init(&difference);
  return 0;
}

static int drop_stores(void **state) {
  (void)state;
  char command[128];
  for (int i = 0; i < 2; i++)
    tsl_store_close(stores[i]);
  tsl_difference_release(&difference);
  snprintf(command, sizeof command, "rm -rf '%s'", folder);
  return system(command);
}

static void put_log(int side, const char *text) {
  char path[TSL_PATH_MAX];
  struct tsl_error err = {0};
  tsl_store_run_path(stores[side], "r", "log.csv", path);
  assert_int_equal(tsl_file_write(path, text, strlen(text), &err), TSL_OK);
}

static void put_model(int side, const char *name, float *values, int64_t count) {
  struct tsl_error err = {0};
  struct tsl_array array = {
      .type = TSL_ARRAY_F32, .rank = 1, .dims = {count}, .data = values};
  snprintf(array.name, sizeof array.name, "%s", name);
  assert_int_equal(tsl_store_model_write(stores[side], "r", &array, 1, &err), TSL_OK);
}

static void put_record(int side, double loss) {
  struct tsl_error err = {0};
  struct tsl_record record = {
      .outcome = TSL_OUTCOME_FINISHED, .steps = 2, .seconds = side, .term_count = 1};
  strcpy(record.terms[0].name, "kl");
  record.terms[0].value = loss;
  assert_int_equal(tsl_store_record_write(stores[side], "r", &record, &err), TSL_OK);
}

/* Two finished runs that do not differ. */
static void put_equal(void) {
  float values[] = {1, 2, 3};
  for (int i = 0; i < 2; i++) {
    put_log(i, "step,total\n0,1.5\n1,1.25\n");
    put_model(i, "w", values, 3);
    put_record(i, 0.5);
  }
}

static void compare(int64_t wanted) {
  struct tsl_error err = {0};
  const struct tsl_run_place a = {stores[0], "r"}, b = {stores[1], "r"};
  assert_int_equal(tsl_difference_run(&a, &b, &difference, &err), TSL_OK);
  assert_int_equal(difference.count, wanted);
}

static void check_said(const char *words) {
  assert_non_null(difference.lines.bytes);
  if (strstr(difference.lines.bytes, words) == NULL)
    fail_msg("'%s' is not in: %s", words, difference.lines.bytes);
}

static void test_ulps__neighbours_are_one_apart_also_across_zero(void **state) {
  (void)state;
  assert_int_equal(tsl_ulps_float(1, 1), 0);
  assert_int_equal(tsl_ulps_float(1, nextafterf(1, 2)), 1);
  assert_int_equal(tsl_ulps_float(nextafterf(1, 0), 1), 1);
  assert_int_equal(tsl_ulps_float(0.0F, -0.0F), 1);
  assert_int_equal(tsl_ulps_float(-1.0F, nextafterf(-1, -2)), 1);
  assert_int_equal(tsl_ulps_double(1, nextafter(1, 2)), 1);
  assert_int_equal(tsl_ulps_double(0, -nextafter(0, 1)), 2);
  assert_int_equal(tsl_ulps_float(NAN, NAN), 0);
  assert_true(tsl_ulps_float(NAN, 1) > 1000);
}

static void test_run__equal_but_for_its_time_is_no_difference(void **state) {
  (void)state;
  put_equal();
  compare(0);
  assert_int_equal(difference.compared, 3);
}

static void test_log__names_step_column_and_number_of_lines(void **state) {
  (void)state;
  put_equal();
  put_log(0, "step,total\n0,1.5\n5,1.25\n9,2\n");
  put_log(1, "step,total\n0,1.5\n5,1.2500000000000002\n9,3\n");
  compare(1);
  check_said("runs/r/log.csv: step 5, total: 1.25 and 1.2500000000000002, 1 ulp apart; "
             "2 of 3 lines differ\n");
}

static void test_log__clock_columns_are_left_out(void **state) {
  (void)state;
  put_equal();
  put_log(0, "step,seconds,total\n0,1,1.5\n");
  put_log(1, "step,total,seconds\n0,1.5,7\n");
  compare(0);
}

static void test_log__another_length_or_column_is_a_difference(void **state) {
  (void)state;
  put_equal();
  put_log(1, "step,total\n0,1.5\n");
  compare(1);
  check_said("log.csv: 2 and 1 lines, of which the first 1 are equal");
  put_log(1, "step,total,kl\n0,1.5,1\n1,1.25,1\n");
  compare(2);
  check_said("log.csv: only one has the column kl");
}

static void test_log__what_was_not_kept_is_a_difference_unless_lenient(void **state) {
  (void)state;
  char path[TSL_PATH_MAX];
  put_equal();
  assert_int_equal(unlink(tsl_store_run_path(stores[0], "r", "log.csv", path)), 0);
  compare(1);
  check_said("log.csv: only in the second");
  difference.lenient = true;
  compare(1);
}

static void test_model__names_tensor_index_and_size(void **state) {
  (void)state;
  float values[] = {1, nextafterf(2, 3), nextafterf(nextafterf(3, 4), 4)};
  put_equal();
  put_model(1, "w", values, 3);
  compare(1);
  check_said("runs/r/model.h5: w[1]: 2 and 2.00000024, 1 ulp apart; 2 of 3 numbers "
             "differ, by at most 2 ulps\n");
}

static void test_model__a_nan_is_told_without_a_distance(void **state) {
  (void)state;
  float values[] = {1, NAN, 3};
  put_equal();
  put_model(1, "w", values, 3);
  compare(1);
  check_said("model.h5: w[1]: 2 and nan; 1 of 3 numbers differ\n");
}

static void test_model__other_shapes_and_names_are_told(void **state) {
  (void)state;
  float values[] = {1, 2, 3};
  put_equal();
  put_model(1, "w", values, 2);
  compare(1);
  check_said("model.h5: w has the shapes [3] and [2]\n");
  put_model(1, "v", values, 3);
  compare(2);
  check_said("model.h5: v is only in the second; 2 of 2 tensors differ\n");
}

static void test_record__held_out_terms_are_compared(void **state) {
  (void)state;
  put_equal();
  put_record(1, 0.75);
  compare(1);
  check_said("record.json: held-out kl: 0.5 and 0.75, ");
}

static void test_record__step_of_the_weights_is_compared(void **state) {
  (void)state;
  struct tsl_error err = {0};
  struct tsl_record record = {
      .outcome = TSL_OUTCOME_FINISHED, .steps = 2, .weights_of_step = 2};
  put_equal();
  for (int i = 0; i < 2; i++) {
    record.weights_of_step = 2 - i;
    assert_int_equal(tsl_store_record_write(stores[i], "r", &record, &err), TSL_OK);
  }
  compare(1);
  check_said("runs/r/record.json: weights_of_step: 2 and 1\n");
}

/* A rerun logs by what the folder's job says now. */
static void test_log__of_other_steps_is_compared_where_both_have_them(void **state) {
  (void)state;
  struct tsl_error err = {0};
  const char *text = "step,total\n0,1.5\n2,1.25\n4,2\n5,1\n";
  const struct tsl_digest digest = tsl_digest_bytes(text, strlen(text));
  struct tsl_record record = {.outcome = TSL_OUTCOME_FINISHED, .steps = 6};
  tsl_digest_print(&digest, record.log);
  put_equal();
  for (int i = 0; i < 2; i++)
    assert_int_equal(tsl_store_record_write(stores[i], "r", &record, &err), TSL_OK);
  put_log(0, text);
  put_log(1, "step,total\n0,1.5\n3,7\n4,2\n5,1\n");
  compare(1);
  check_said("runs/r/log.csv: step 2, step: 2 and 3");
  difference.lenient = true;
  compare(1);
  check_said("runs/r/log.csv: other steps were logged; the 3 lines of the same are "
             "compared\n");
  put_log(1, "step,total\n0,1.5\n4,2.5\n5,1\n");
  compare(2);
  check_said("runs/r/log.csv: step 4, total: 2 and 2.5");
  put_log(0, "step,total\n0,1.5\n5,1\n"); /* cut by somebody */
  put_log(1, text);
  compare(3);
}

static void put_counted(int side, double threshold, enum tsl_outcome outcome) {
  struct tsl_error err = {0};
  struct tsl_record record = {
      .outcome = outcome, .steps = 2, .informative_kl = threshold};
  put_log(side, outcome == TSL_OUTCOME_COLLAPSED
                    ? "step,kl_0,informative\n0,0.25,1\n1,0.125,0\n"
                    : "step,kl_0,informative\n0,0.25,1\n1,0.125,1\n");
  assert_int_equal(tsl_store_record_write(stores[side], "r", &record, &err), TSL_OK);
}

/* Who scores by another threshold trains nothing anew, and a rerun counts by the new. */
static void test_run__what_is_counted_by_another_threshold_is_left_out(void **state) {
  (void)state;
  put_equal();
  put_counted(0, 0.2, TSL_OUTCOME_COLLAPSED);
  put_counted(1, 0.01, TSL_OUTCOME_FINISHED);
  compare(0);
  check_said("runs/r/log.csv: informative latents were counted above 0.2 and 0.01 nats, "
             "which is left out\n");
  put_counted(1, 0.2, TSL_OUTCOME_FINISHED);
  compare(2);
  check_said("runs/r/log.csv: step 1, informative: 0 and 1");
  check_said("runs/r/record.json: collapsed after 2 steps, and finished after 2\n");
}

static void test_model__lost_by_one_is_told_and_its_digest_decides(void **state) {
  (void)state;
  struct tsl_error err = {0};
  char path[TSL_PATH_MAX];
  float values[] = {1, 2, 3};
  struct tsl_record record = {.outcome = TSL_OUTCOME_FINISHED, .steps = 2};
  struct tsl_array array = {.name = "w", .rank = 1, .dims = {3}, .data = values};
  array.type = TSL_ARRAY_F32;
  put_equal();
  assert_int_equal(unlink(tsl_store_run_path(stores[1], "r", "model.h5", path)), 0);
  compare(0);
  check_said("runs/r/model.h5: only in the first; of the other's weights nothing is "
             "known\n");
  assert_int_equal(tsl_arrays_digest(&array, 1, record.weights, &err), TSL_OK);
  for (int i = 0; i < 2; i++)
    assert_int_equal(tsl_store_record_write(stores[i], "r", &record, &err), TSL_OK);
  compare(0);
  check_said(
      "runs/r/model.h5: only in the first; the digests of the weights are equal\n");
  record.weights[0] = record.weights[0] == '0' ? '1' : '0';
  assert_int_equal(tsl_store_record_write(stores[1], "r", &record, &err), TSL_OK);
  compare(1);
  check_said("runs/r/model.h5: the weights have the digests ");
}

static void test_run__unfinished_on_one_side_is_told_on_both_is_nothing(void **state) {
  (void)state;
  char path[TSL_PATH_MAX];
  put_equal();
  assert_int_equal(unlink(tsl_store_run_path(stores[1], "r", "record.json", path)), 0);
  compare(1);
  check_said("runs/r: finished only in the first\n");
  assert_int_equal(unlink(tsl_store_run_path(stores[0], "r", "record.json", path)), 0);
  compare(1);
}

static void test_digest__is_of_content_whatever_the_order(void **state) {
  (void)state;
  struct tsl_error err = {0};
  float one[] = {1, 2}, other[] = {3};
  struct tsl_array arrays[] = {
      {.name = "a", .type = TSL_ARRAY_F32, .rank = 1, .dims = {2}, .data = one},
      {.name = "b", .type = TSL_ARRAY_F32, .rank = 1, .dims = {1}, .data = other}};
  struct tsl_array swapped[] = {arrays[1], arrays[0]};
  char first[33], second[33];
  assert_int_equal(tsl_arrays_digest(arrays, 2, first, &err), TSL_OK);
  assert_int_equal(tsl_arrays_digest(swapped, 2, second, &err), TSL_OK);
  assert_string_equal(first, second);
  one[1] = nextafterf(2, 3);
  assert_int_equal(tsl_arrays_digest(arrays, 2, second, &err), TSL_OK);
  assert_string_not_equal(first, second);
  one[1] = 2;
  strcpy(arrays[1].name, "c");
  assert_int_equal(tsl_arrays_digest(arrays, 2, second, &err), TSL_OK);
  assert_string_not_equal(first, second);
}

#define WITH_STORES(test) cmocka_unit_test_setup_teardown(test, make_stores, drop_stores)

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_ulps__neighbours_are_one_apart_also_across_zero),
      cmocka_unit_test(test_digest__is_of_content_whatever_the_order),
      WITH_STORES(test_run__equal_but_for_its_time_is_no_difference),
      WITH_STORES(test_log__names_step_column_and_number_of_lines),
      WITH_STORES(test_log__clock_columns_are_left_out),
      WITH_STORES(test_log__another_length_or_column_is_a_difference),
      WITH_STORES(test_log__what_was_not_kept_is_a_difference_unless_lenient),
      WITH_STORES(test_log__of_other_steps_is_compared_where_both_have_them),
      WITH_STORES(test_model__names_tensor_index_and_size),
      WITH_STORES(test_model__a_nan_is_told_without_a_distance),
      WITH_STORES(test_model__other_shapes_and_names_are_told),
      WITH_STORES(test_run__what_is_counted_by_another_threshold_is_left_out),
      WITH_STORES(test_model__lost_by_one_is_told_and_its_digest_decides),
      WITH_STORES(test_record__held_out_terms_are_compared),
      WITH_STORES(test_record__step_of_the_weights_is_compared),
      WITH_STORES(test_run__unfinished_on_one_side_is_told_on_both_is_nothing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
