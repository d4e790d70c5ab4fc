#include "unit.h"

#include "fake_scores.h"

#include <stdlib.h>
#include <string.h>

static char folder[] = "/tmp/teasel-scores-XXXXXX";
static struct tsl_store *store;

static int open_folder(void **state) {
  (void)state;
  if (mkdtemp(folder) == NULL)
    return 1;
  return tsl_store_open(folder, TSL_STORE_CREATE, &store, NULL) != TSL_OK;
}

static int remove_folder(void **state) {
  (void)state;
  tsl_store_close(store);
  char command[128];
  snprintf(command, sizeof command, "rm -rf '%s'", folder);
  return system(command); /* NOLINT: a folder that mkdtemp named */
}

static void expect_same(const double *a, const double *b, int count) {
  assert_non_null(b);
  for (int i = 0; i < count; i++)
    assert_true(a[i] == b[i] || (isnan(a[i]) && isnan(b[i])));
}

static void test_scores__survive_writing_and_reading(void **state) {
  (void)state;
  struct tsl_scores written = {0}, read = {0};
  assert_int_equal(fake_scores(&written, 3, 4), TSL_OK);
  assert_int_equal(tsl_scores_write(store, &written, NULL), TSL_OK);
  struct tsl_error err = {0};
  if (tsl_scores_read(store, &read, &err) != TSL_OK)
    fail_msg("%s: %s", err.where, err.text);
  assert_int_equal(read.run_count, 9);
  assert_int_equal(read.latent_max, 4);
  assert_true(read.informative_kl == 0.01);
  assert_memory_equal(read.runs, written.runs, 9 * sizeof *read.runs);
  expect_same(written.kl, read.kl, 36);
  expect_same(written.metrics, read.metrics, 18);
  assert_string_equal(read.metric_names[1], "silhouette");
  for (int s = 0; s < TSL_SIMILARITY_COUNT; s++) {
    assert_memory_equal(read.matrices[s], written.matrices[s],
                        9 * 9 * 16 * sizeof(float));
    for (int form = 0; form < TSL_UDR_FORM_COUNT; form++) {
      if (s == TSL_LASSO && form == TSL_UDR_EQ2FULL) {
        assert_null(read.pairwise[s][form]);
        continue;
      }
      expect_same(written.pairwise[s][form], read.pairwise[s][form], 81);
      for (int group = 0; group < TSL_UDR_GROUP_COUNT; group++)
        expect_same(written.udr[s][form][group], read.udr[s][form][group], 9);
    }
  }
  tsl_scores_release(&written);
  tsl_scores_release(&read);
}

static void test_one_similarity__leaves_the_other_null(void **state) {
  (void)state;
  struct tsl_scores written = {0}, read = {0};
  assert_int_equal(tsl_scores_init(&written, 2, 3, 1u << TSL_LASSO, 0, NULL), TSL_OK);
  assert_int_equal(tsl_scores_write(store, &written, NULL), TSL_OK);
  assert_int_equal(tsl_scores_read(store, &read, NULL), TSL_OK);
  assert_null(read.matrices[TSL_SPEARMAN]);
  assert_null(read.udr[TSL_SPEARMAN][0][0]);
  assert_true(isnan(read.udr[TSL_LASSO][TSL_UDR_EQ2][TSL_UDR_ALL][1]));
  tsl_scores_release(&written);
  tsl_scores_release(&read);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_scores__survive_writing_and_reading),
      cmocka_unit_test(test_one_similarity__leaves_the_other_null),
  };
  return cmocka_run_group_tests(tests, open_folder, remove_folder);
}
