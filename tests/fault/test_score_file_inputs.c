/* `score-file` on files that are not what they should be: one clear message, exit code 2.
 */
#include "unit.h"

#include "teasel/compare.h"
#include "teasel/store.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char path[64];

static const double zeros[64] = {0};

struct dataset {
  const char *name;
  int rank;
  int64_t dims[3];
  const double *values; /* NULL: zeros */
};

static void write_file(const struct dataset *datasets, int count) {
  struct tsl_h5_writer *writer = NULL;
  assert_int_equal(tsl_h5_create(path, &writer, NULL), TSL_OK);
  for (int i = 0; i < count; i++) {
    const double *values = datasets[i].values != NULL ? datasets[i].values : zeros;
    struct tsl_array array = {.type = TSL_ARRAY_F64,
                              .rank = datasets[i].rank,
                              .data = (void *)(uintptr_t)values};
    snprintf(array.name, sizeof array.name, "%s", datasets[i].name);
    memcpy(array.dims, datasets[i].dims, sizeof datasets[i].dims);
    assert_int_equal(tsl_h5_write(writer, &array, NULL), TSL_OK);
  }
  assert_int_equal(tsl_h5_commit(writer, NULL), TSL_OK);
}

static void expect_refused(const struct dataset *datasets, int count, const char *words) {
  struct tsl_score_file_options options = {.form = TSL_UDR_LIB};
  struct tsl_text json = {0};
  struct tsl_error err = {0};
  write_file(datasets, count);
  enum tsl_status status = tsl_score_file(path, &options, tsl_team_alone(), &json, &err);
  assert_null(json.bytes);
  assert_int_equal(tsl_status_exit_code(status), 2);
  assert_string_equal(err.where, path);
  if (strstr(err.text, words) == NULL)
    fail_msg("'%s' does not say '%s'", err.text, words);
}

static char *score(const struct dataset *datasets, int count) {
  struct tsl_score_file_options options = {.form = TSL_UDR_LIB};
  struct tsl_text json = {0};
  struct tsl_error err = {0};
  write_file(datasets, count);
  if (tsl_score_file(path, &options, tsl_team_alone(), &json, &err) != TSL_OK)
    fail_msg("%s: %s", err.where, err.text);
  return json.bytes;
}

static void test_missing_datasets__are_named(void **state) {
  (void)state;
  struct dataset udr[] = {{"/mu", 3, {2, 4, 2}, NULL},
                          {"/logvar", 3, {2, 4, 2}, NULL},
                          {"/family", 1, {2}, NULL},
                          {"/setting", 1, {2}, NULL}};
  expect_refused(udr, 0, "holds nothing to score");
  expect_refused(udr, 1, "/logvar");
  expect_refused(udr + 1, 3, "/mu");
  expect_refused(udr, 2, "/family");
  expect_refused(udr, 3, "/setting");
  struct dataset clusters[] = {
      {"/x", 2, {3, 2}, NULL}, {"/pred", 1, {3}, NULL}, {"/true", 1, {3}, NULL}};
  expect_refused(clusters, 1, "/pred");
  expect_refused(clusters, 2, "/true");
  expect_refused(clusters + 1, 2, "/x");
  struct dataset factors[] = {{"/mu", 2, {3, 2}, NULL},
                              {"/factors", 2, {3, 1}, NULL},
                              {"/mu_test", 2, {3, 2}, NULL}};
  expect_refused(factors + 1, 1, "/mu");
  expect_refused(factors, 3, "/factors_test");
}

static void test_wrong_shapes__are_named_with_both(void **state) {
  (void)state;
  struct dataset udr[] = {{"/mu", 3, {2, 4, 2}, NULL},
                          {"/logvar", 3, {2, 4, 1}, NULL},
                          {"/family", 1, {2}, NULL},
                          {"/setting", 1, {2}, NULL}};
  expect_refused(udr, 4, "/logvar has the shape [2, 4, 1], not [2, 4, 2]");
  udr[1].dims[2] = 2;
  udr[2].dims[0] = 3;
  expect_refused(udr, 4, "/family has the shape [3], not [2]");
  udr[0].rank = udr[1].rank = 2;
  expect_refused(udr, 4, "/mu has the shape [2, 4]");
  struct dataset clusters[] = {
      {"/x", 2, {3, 2}, NULL}, {"/pred", 1, {4}, NULL}, {"/true", 1, {3}, NULL}};
  expect_refused(clusters, 3, "/pred has the shape [4], not [3]");
}

static void test_values_that_mean_nothing__are_refused(void **state) {
  (void)state;
  const double broken[6] = {0, 1, 2, (double)NAN, 4, 5}, far[3] = {0, 1, 9};
  const double halves[3] = {0, 0.5, 1};
  struct dataset clusters[] = {{"/x", 2, {3, 2}, broken},
                               {"/pred", 1, {3}, NULL},
                               {"/true", 1, {3}, NULL},
                               {"/q", 2, {3, 2}, NULL}};
  expect_refused(clusters, 3, "/x holds a value that is not finite in row 1");
  clusters[0].values = NULL;
  clusters[1].values = far;
  expect_refused(clusters, 4, "cluster 9");
  struct dataset factors[] = {{"/mu", 2, {3, 2}, NULL}, {"/factors", 2, {3, 1}, halves}};
  expect_refused(factors, 2, "/factors holds 0.5 in row 1");
}

static void test_a_missing_file__is_bad_input(void **state) {
  (void)state;
  struct tsl_score_file_options options = {.form = TSL_UDR_LIB};
  struct tsl_text json = {0};
  struct tsl_error err = {0};
  assert_int_equal(
      tsl_score_file("/tmp/teasel-none.h5", &options, tsl_team_alone(), &json, &err),
      TSL_BAD_INPUT);
  assert_string_equal(err.where, "/tmp/teasel-none.h5");
}

static void test_a_file_that_is_not_hdf5__is_refused(void **state) {
  (void)state;
  FILE *file = fopen(path, "w");
  assert_non_null(file);
  fputs("mu,logvar\n", file);
  fclose(file);
  struct tsl_score_file_options options = {.form = TSL_UDR_LIB};
  struct tsl_text json = {0};
  struct tsl_error err = {0};
  assert_int_not_equal(tsl_score_file(path, &options, tsl_team_alone(), &json, &err),
                       TSL_OK);
  assert_non_null(strstr(err.where, path));
  unlink(path);
  assert_int_not_equal(tsl_score_file(path, &options, tsl_team_alone(), &json, &err),
                       TSL_OK);
}

static void test_lone_and_empty_models__are_told_not_refused(void **state) {
  (void)state;
  const double numbers[3] = {0, 0, 1};
  double latents[12] = {1, -1, 2, -2, 1, 2, 3, 4, 0, 0, 0, 0};
  struct dataset udr[] = {{"/mu", 3, {3, 4, 1}, latents},
                          {"/logvar", 3, {3, 4, 1}, NULL},
                          {"/family", 1, {3}, NULL},
                          {"/setting", 1, {3}, numbers}};
  char *json = score(udr, 4);
  assert_non_null(strstr(json, "\"degenerate_models\": [2]"));
  assert_non_null(strstr(json, "model 2 has no informative latent"));
  assert_non_null(strstr(json, "model 2 is alone in its group: udr_setting is null"));
  free(json);
  latents[5] = (double)INFINITY;
  json = score(udr, 4);
  assert_non_null(strstr(json, "\"nonfinite_dims\": [[1, 0]]"));
  assert_non_null(strstr(json, "\"degenerate_models\": [1, 2]"));
  free(json);
  udr[0].dims[0] = udr[1].dims[0] = udr[2].dims[0] = udr[3].dims[0] = 1;
  json = score(udr, 4);
  assert_non_null(strstr(json, "\"udr_all\": [null]"));
  free(json);
}

static void test_one_cluster__gives_nulls_with_the_reason(void **state) {
  (void)state;
  const double spread[6] = {0, 1, 2, 3, 4, 5};
  struct dataset clusters[] = {
      {"/x", 2, {3, 2}, spread}, {"/pred", 1, {3}, NULL}, {"/true", 1, {3}, NULL}};
  char *json = score(clusters, 3);
  assert_non_null(strstr(json, "\"silhouette\": null"));
  assert_non_null(strstr(json, "silhouette is null: fewer than two clusters"));
  assert_non_null(strstr(json, "\"acc_majority\": 1"));
  free(json);
}

static int name_file(void **state) {
  (void)state;
  snprintf(path, sizeof path, "/tmp/teasel-inputs-%ld.h5", (long)getpid());
  return 0;
}

static int remove_file(void **state) {
  (void)state;
  unlink(path);
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_missing_datasets__are_named),
      cmocka_unit_test(test_wrong_shapes__are_named_with_both),
      cmocka_unit_test(test_values_that_mean_nothing__are_refused),
      cmocka_unit_test(test_a_missing_file__is_bad_input),
      cmocka_unit_test(test_a_file_that_is_not_hdf5__is_refused),
      cmocka_unit_test(test_lone_and_empty_models__are_told_not_refused),
      cmocka_unit_test(test_one_cluster__gives_nulls_with_the_reason),
  };
  return cmocka_run_group_tests(tests, name_file, remove_file);
}
