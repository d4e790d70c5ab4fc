/* `score-file` against recorded cases beside the project, where they are: every key of
 * NAME.expected*.json is in the result and equal. */
#include "unit.h"

#include "store/json.h"
#include "teasel/compare.h"
#include "teasel/store.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FOLDER "../shared/oracle/"

struct leaf {
  char path[160];
  char text[64];
};
struct leaves {
  struct leaf *items;
  size_t count, capacity;
};

static void add_leaf(void *context, const char *path, const char *text, bool is_string) {
  (void)is_string;
  struct leaves *leaves = context;
  if (leaves->count == leaves->capacity) {
    leaves->capacity = leaves->capacity > 0 ? 2 * leaves->capacity : 1024;
    leaves->items = realloc(leaves->items, leaves->capacity * sizeof *leaves->items);
    assert_non_null(leaves->items);
  }
  struct leaf *leaf = &leaves->items[leaves->count++];
  snprintf(leaf->path, sizeof leaf->path, "%s", path);
  snprintf(leaf->text, sizeof leaf->text, "%s", text);
}

static int compare_leaves(const void *a, const void *b) {
  return strcmp(((const struct leaf *)a)->path, ((const struct leaf *)b)->path);
}

static void expect_leaf(const struct leaves *found, const struct leaf *expected) {
  const struct leaf *leaf =
      bsearch(expected, found->items, found->count, sizeof *found->items, compare_leaves);
  if (leaf == NULL)
    fail_msg("%s is missing", expected->path);
  char *end = NULL;
  double wanted = strtod(expected->text, &end);
  if (end == expected->text || *end != '\0') {
    assert_string_equal(leaf->text, expected->text);
    return;
  }
  double tolerance = strncmp(expected->path, "lasso/", 6) == 0 ? 1e-8 : 1e-9;
  if (!(fabs(strtod(leaf->text, NULL) - wanted) <= tolerance))
    fail_msg("%s: %s, expected %s", leaf->path, leaf->text, expected->text);
}

static void expect(const char *input, const char *expected, enum tsl_udr_form form) {
  char path[256];
  snprintf(path, sizeof path, FOLDER "%s", input);
  if (access(path, R_OK) != 0) {
    print_message("%s is not here\n", path);
    skip();
  }
  struct tsl_score_file_options options = {.form = form, .matrices = true};
  struct tsl_text json = {0};
  struct tsl_error err = {0};
  if (tsl_score_file(path, &options, tsl_team_alone(), &json, &err) != TSL_OK)
    fail_msg("%s: %s", err.where, err.text);
  struct leaves found = {0}, wanted = {0};
  char *bytes = NULL;
  size_t count = 0;
  snprintf(path, sizeof path, FOLDER "%s", expected);
  assert_int_equal(tsl_file_read(path, &bytes, &count, &err), TSL_OK);
  assert_true(tsl__json_visit(json.bytes, json.length, add_leaf, &found));
  assert_true(tsl__json_visit(bytes, count, add_leaf, &wanted));
  assert_true(wanted.count > 10);
  qsort(found.items, found.count, sizeof *found.items, compare_leaves);
  for (size_t i = 0; i < wanted.count; i++)
    expect_leaf(&found, &wanted.items[i]);
  free(found.items);
  free(wanted.items);
  free(bytes);
  tsl_text_release(&json);
}

static void test_udr_lib__equals_the_record(void **state) {
  (void)state;
  expect("udr_small.h5", "udr_small.expected_lib.json", TSL_UDR_LIB);
}

static void test_udr_eq2__equals_the_record(void **state) {
  (void)state;
  expect("udr_small.h5", "udr_small.expected_eq2.json", TSL_UDR_EQ2);
}

static void test_udr_eq2full__equals_the_record(void **state) {
  (void)state;
  expect("udr_small.h5", "udr_small.expected_eq2full.json", TSL_UDR_EQ2FULL);
}

static void test_clusters__equal_the_record(void **state) {
  (void)state;
  expect("cluster_small.h5", "cluster_small.expected.json", TSL_UDR_LIB);
}

static void test_factors__equal_the_record(void **state) {
  (void)state;
  expect("factors_small.h5", "factors_small.expected.json", TSL_UDR_LIB);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_udr_lib__equals_the_record),
      cmocka_unit_test(test_udr_eq2__equals_the_record),
      cmocka_unit_test(test_udr_eq2full__equals_the_record),
      cmocka_unit_test(test_clusters__equal_the_record),
      cmocka_unit_test(test_factors__equal_the_record),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
