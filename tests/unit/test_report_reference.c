/* The CSV file of what others found, matched to a job's settings. */
#include "unit.h"

#include "job_fixture.h"

#include "report/report_csv.h"
#include "report/report_reference.h"
#include "teasel/store.h"

#include <math.h>

static char path[64];

static int make_path(void **state) {
  (void)state;
  strcpy(path, "/tmp/teasel-reference-XXXXXX");
  int file = mkstemp(path);
  return file < 0 ? -1 : close(file);
}

static int drop_path(void **state) {
  (void)state;
  return unlink(path);
}

static const char job_text[] = "name: x\ndataset: tubers\nnetwork: conv64\n"
                               "train: {iterations: 100}\nseeds: [0, 1]\nfamilies:\n"
                               "  - model: beta_vae\n    beta: [4, 8]\n"
                               "  - model: c_beta_vae\n    beta: 8\n    capacity: 6\n"
                               "    capacity_steps: 50\n";

static enum tsl_status read_text(const char *text, struct tsl__references *out,
                                 struct tsl_error *err) {
  struct tsl_job *job = NULL;
  const char *const settings[3] = {NULL, NULL, NULL};
  if (fixture_job("jobs/x.yaml", job_text, settings, &job, err) != TSL_OK)
    fail_msg("%s", err->text);
  assert_int_equal(tsl_file_write(path, text, strlen(text), NULL), TSL_OK);
  enum tsl_status status = tsl__references_read(path, job, out, err);
  tsl_job_free(job);
  return status;
}

static void test_reference__lines_find_their_settings(void **state) {
  (void)state;
  struct tsl__references found;
  struct tsl_error err = {0};
  const char *text = "model,beta,capacity,metric,best,mean,deviation,runs,source\r\n"
                     "beta_vae,8,,acc_makhzani,0.5,0.25,,3,\"A, \"\"B\"\" 2016\"\r\n"
                     "\n"
                     ",8,6,acc_makhzani,0.75,,0.125,,C\n"
                     "beta_vae,5,,acc_makhzani,1,1,1,1,D\n";
  if (read_text(text, &found, &err) != TSL_OK)
    fail_msg("%s", err.text);
  assert_int_equal(found.count, 2);
  assert_string_equal(found.notes.bytes, "line 5 fits no setting of this job\n");
  assert_int_equal(found.list[0].setting, 1);
  assert_string_equal(found.list[0].metric, "acc_makhzani");
  assert_string_equal(found.list[0].source, "A, \"B\" 2016");
  assert_true(found.list[0].best == 0.5 && found.list[0].mean == 0.25 &&
              found.list[0].runs == 3);
  assert_true(isnan(found.list[0].deviation));
  assert_int_equal(found.list[1].setting, 2);
  assert_true(found.list[1].deviation == 0.125 && isnan(found.list[1].mean));
  tsl__references_release(&found);
}

static void test_reference__errors_name_file_and_line(void **state) {
  (void)state;
  static const char *const wrong[] = {
      "model,beta,metric,best\nbeta_vae,4,acc_makhzani,0.5x\n",
      "model,beta,metric,best\nbeta_vae,4,acc_makhzani\n",
      "model,beta,metric,best\nbeta_vae,4,acc,0.5x\n",
      "model,beta,metric,best\nbeta_vae,four,acc_makhzani,1\n"};
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    struct tsl__references found = {.count = 9};
    struct tsl_error err = {0};
    assert_int_equal(read_text(wrong[i], &found, &err), TSL_BAD_INPUT);
    assert_string_equal(err.where, path);
    assert_non_null(strstr(err.text, "line 2"));
    assert_null(found.list);
    assert_int_equal(found.count, 0);
    assert_null(found.notes.bytes);
  }
}

static void test_reference__a_file_without_metrics_is_refused(void **state) {
  (void)state;
  static const char *const wrong[] = {"", "\n\n", "model,beta,best\nbeta_vae,4,0.5\n"};
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    struct tsl__references found;
    struct tsl_error err = {0};
    assert_int_equal(read_text(wrong[i], &found, &err), TSL_BAD_INPUT);
    assert_non_null(strstr(err.text, "`metric`"));
  }
}

/* Each kind of what is not shown, and only that. */
static void test_reference__what_is_not_shown_is_noted(void **state) {
  (void)state;
  struct tsl__references found;
  struct tsl_error err = {0};
  const char *text = "model,bta,beta,metric,best\n"
                     "beta_vae,,4,acc_makhzani,0.1\n"
                     "beta_vae,4,,acc_makhzani,0.2\n"
                     "beta_vea,,4,acc_makhzani,0.3\n"
                     "beta_vae,,8,acc_makhzan,0.4\n"
                     "beta_vae,,8,speed,0.4\n"
                     "beta_vae,,4,acc_makhzani,0.5\n"
                     "beta_vae,,4,clusters,6\n";
  if (read_text(text, &found, &err) != TSL_OK)
    fail_msg("%s", err.text);
  assert_int_equal(found.count, 2);
  assert_true(found.list[0].best == 0.1);
  assert_string_equal(
      found.notes.bytes,
      "column 'bta' is no number option of the job's families, so that lines with a "
      "value there fit no setting: is 'beta' meant?\n"
      "line 5: the metric 'acc_makhzan' is not shown: is 'acc_makhzani' meant?\n"
      "line 6: the metric 'speed' is not shown; these are: acc_makhzani, clusters, "
      "acc_majority, acc_hungarian\n"
      "lines 3, 4 fit no setting of this job\n"
      "line 7: an earlier line has the same metric of the same setting, and is shown\n");
  tsl__references_release(&found);
}

static void test_reference__a_missing_file_is_bad_input(void **state) {
  (void)state;
  static const char *const paths[] = {"/tmp/teasel-no-such-file.csv", "/tmp",
                                      "/dev/zero"};
  struct tsl_job *job = NULL;
  const char *const settings[3] = {NULL, NULL, NULL};
  assert_int_equal(fixture_job("jobs/x.yaml", job_text, settings, &job, NULL), TSL_OK);
  for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
    struct tsl__references found;
    struct tsl_error err = {0};
    assert_int_equal(tsl__references_read(paths[i], job, &found, &err), TSL_BAD_INPUT);
    assert_string_equal(err.where, paths[i]);
    assert_non_null(strstr(err.text, "report.reference"));
  }
  tsl_job_free(job);
}

static void test_csv__quotes_hold_commas_line_ends_and_quotes(void **state) {
  (void)state;
  const char *text = "a,b\r\n\"x, \"\"y\"\"\nz\",2.5\n\n,\nlast,3";
  struct tsl__csv csv;
  struct tsl_error err = {0};
  double value = 0;
  assert_int_equal(tsl_file_write(path, text, strlen(text), NULL), TSL_OK);
  if (tsl__csv_read(path, &csv, &err) != TSL_OK)
    fail_msg("%s", err.text);
  assert_int_equal(csv.columns, 2);
  assert_int_equal(csv.rows, 4);
  assert_string_equal(tsl__csv_cell(&csv, 1, "a"), "x, \"y\"\nz");
  assert_int_equal(tsl__csv_number(&csv, 1, "b", &value, NULL), TSL_OK);
  assert_true(value == 2.5);
  assert_string_equal(tsl__csv_cell(&csv, 2, "b"), "");
  assert_string_equal(tsl__csv_cell(&csv, 3, "a"), "last");
  assert_string_equal(tsl__csv_cell(&csv, 3, "nothing"), "");
  assert_int_equal(csv.lines[3], 6);
  tsl__csv_release(&csv);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_reference__lines_find_their_settings),
      cmocka_unit_test(test_csv__quotes_hold_commas_line_ends_and_quotes),
      cmocka_unit_test(test_reference__errors_name_file_and_line),
      cmocka_unit_test(test_reference__a_file_without_metrics_is_refused),
      cmocka_unit_test(test_reference__what_is_not_shown_is_noted),
      cmocka_unit_test(test_reference__a_missing_file_is_bad_input),
  };
  return cmocka_run_group_tests(tests, make_path, drop_path);
}
