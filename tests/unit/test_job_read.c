#include "unit.h"

#include "job_fixture.h"

static struct tsl_job *read_file(const char *path, const char *const settings[3]) {
  char *bytes = NULL;
  size_t count = 0;
  struct tsl_error err = {0};
  struct tsl_job *job = NULL;
  assert_int_equal(fixture_read(NULL, path, &bytes, &count, &err), TSL_OK);
  if (fixture_job(path, bytes, settings, &job, &err) != TSL_OK)
    fail_msg("%s", err.text);
  free(bytes);
  return job;
}

static struct tsl_job *read_text(const char *text, const char *const settings[3]) {
  struct tsl_error err = {0};
  struct tsl_job *job = NULL;
  if (fixture_job("jobs/text.yaml", text, settings, &job, &err) != TSL_OK)
    fail_msg("%s", err.text);
  return job;
}

#define HEAD "name: t\ndataset: none\nnetwork: conv64\ntrain: {iterations: 10}\n"

static double beta_of(const struct tsl_job *job, size_t run) {
  double beta;
  memcpy(&beta, tsl_job_run(job, run)->family_options, sizeof beta);
  return beta;
}

static void test_thesis_grid__has_115_runs_of_23_settings(void **state) {
  (void)state;
  struct tsl_job *job = read_file("jobs/tubers-udr-115.yaml", NULL);
  assert_int_equal(tsl_job_run_count(job), 115);
  assert_int_equal(tsl_job_setting_count(job), 23);
  assert_string_equal(tsl_job_name(job), "tubers-udr-115");
  assert_string_equal(tsl_job_dataset(job)->name, "tubers");
  const struct tsl_run *last = tsl_job_run(job, 114);
  assert_string_equal(last->family->name, "c_beta_vae");
  assert_int_equal(last->options.seed, 4);
  assert_int_equal(last->setting, 22);
  assert_true(last->options.train.learning_rate == 1e-4);
  assert_int_equal(last->network->encoder.count, 5);
  assert_int_equal(last->network->encoder.entries[3].output.dims[1], 4);
  assert_int_equal(tsl_job_options(job)->udr.similarity, 3);
  assert_int_equal(tsl_job_options(job)->udr.points, 1000);
  struct tsl_digest data = {{0}};
  tsl_job_name_runs(job, &data);
  assert_memory_equal(last->name, "c_beta_vae-beta=2100-capacity=12-seed=4-", 40);
  assert_int_equal(strlen(last->name), 48);
  tsl_job_free(job);
}

static void test_axes__multiply_with_seeds_turning_fastest(void **state) {
  (void)state;
  struct tsl_job *job = read_text(HEAD "latent: [2, 4]\nseeds: [5, 7]\nfamilies:\n"
                                       "  - model: beta_vae\n    beta: [1, 4.0]\n"
                                       "    train.optimizer: [adam, adamax]\n",
                                  NULL);
  assert_int_equal(tsl_job_run_count(job), 16);
  assert_int_equal(tsl_job_setting_count(job), 8);
  assert_int_equal(tsl_job_run(job, 0)->options.seed, 5);
  assert_int_equal(tsl_job_run(job, 1)->options.seed, 7);
  assert_true(beta_of(job, 1) == 1 && beta_of(job, 2) == 4);
  assert_int_equal(tsl_job_run(job, 4)->options.train.optimizer, 1);
  assert_int_equal(tsl_job_run(job, 8)->options.latent, 4);
  const struct tsl_run *run = tsl_job_run(job, 7);
  assert_int_equal(run->label_count, 3);
  assert_string_equal(run->labels[0].key, "latent");
  assert_string_equal(run->labels[1].key, "optimizer");
  assert_string_equal(run->labels[2].value, "4");
  tsl_job_free(job);
}

static void test_block__replaces_what_the_top_sets(void **state) {
  (void)state;
  struct tsl_job *job =
      read_text(HEAD "seeds: [0, 1]\nfamilies:\n  - model: vae\n    seeds: 9\n"
                     "    train: {epochs: 3, batch: 32}\n  - {model: vae, latent: 3}\n",
                NULL);
  assert_int_equal(tsl_job_run_count(job), 3);
  assert_int_equal(tsl_job_run(job, 0)->options.seed, 9);
  assert_int_equal(tsl_job_run(job, 0)->options.train.epochs, 3);
  assert_int_equal(tsl_job_run(job, 0)->options.train.iterations, 0);
  assert_int_equal(tsl_job_run(job, 0)->options.train.batch, 32);
  assert_int_equal(tsl_job_run(job, 1)->options.train.iterations, 10);
  assert_int_equal(tsl_job_run(job, 1)->network->decoder.entries[0].output.dims[0], 256);
  tsl_job_free(job);
}

static void test_models__in_a_list_are_an_axis(void **state) {
  (void)state;
  struct tsl_job *job = read_text(
      HEAD "families:\n  - {model: [beta_vae, beta_tcvae], beta: [2, 3]}\n", NULL);
  assert_int_equal(tsl_job_run_count(job), 4);
  assert_string_equal(tsl_job_run(job, 0)->family->name, "beta_vae");
  assert_string_equal(tsl_job_run(job, 3)->family->name, "beta_tcvae");
  assert_true(beta_of(job, 3) == 3);
  tsl_job_free(job);
}

static void test_set__overrides_the_file_and_reaches_lists(void **state) {
  (void)state;
  const char *const settings[3] = {"train.iterations=2000", "seeds=[0, 1]", "beta=4"};
  struct tsl_job *job = read_file("jobs/tubers-udr-115.yaml", settings);
  /* beta 4 for all: one setting each of the first two, two of the third */
  assert_int_equal(tsl_job_run_count(job), 8);
  assert_int_equal(tsl_job_run(job, 0)->options.train.iterations, 2000);
  assert_true(beta_of(job, 7) == 4);
  tsl_job_free(job);
  const char *const width[3] = {"schedule.width=4", "train.epochs=2", NULL};
  job = read_file("jobs/tubers-udr-115.yaml", width);
  assert_int_equal(tsl_job_options(job)->schedule.width, 4);
  assert_int_equal(tsl_job_run(job, 0)->options.train.epochs, 2);
  assert_int_equal(tsl_job_run(job, 0)->options.train.iterations, 0);
  tsl_job_free(job);
}

static void test_set__beta_4_and_4_0_are_one_run(void **state) {
  (void)state;
  const char *const four[3] = {"beta=4", NULL}, *const real[3] = {"beta=4.0e0", NULL};
  struct tsl_digest data = {{1}};
  struct tsl_job *a = read_text(HEAD "families: [{model: beta_vae}]\n", four);
  struct tsl_job *b = read_text(HEAD "families: [{model: beta_vae}]\n", real);
  tsl_job_name_runs(a, &data);
  tsl_job_name_runs(b, &data);
  assert_string_equal(tsl_job_run(a, 0)->name, tsl_job_run(b, 0)->name);
  tsl_job_free(a);
  tsl_job_free(b);
}

static void test_file__with_a_byte_order_mark_is_the_same_job(void **state) {
  (void)state;
  struct tsl_digest data = {{1}};
  struct tsl_job *a = read_text(HEAD "families: [{model: beta_vae}]\n", NULL);
  struct tsl_job *b =
      read_text("\xef\xbb\xbf" HEAD "families: [{model: beta_vae}]\n", NULL);
  tsl_job_name_runs(a, &data);
  tsl_job_name_runs(b, &data);
  assert_string_equal(tsl_job_name(b), "t");
  assert_string_equal(tsl_job_run(a, 0)->name, tsl_job_run(b, 0)->name);
  tsl_job_free(a);
  tsl_job_free(b);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_thesis_grid__has_115_runs_of_23_settings),
      cmocka_unit_test(test_axes__multiply_with_seeds_turning_fastest),
      cmocka_unit_test(test_block__replaces_what_the_top_sets),
      cmocka_unit_test(test_models__in_a_list_are_an_axis),
      cmocka_unit_test(test_set__overrides_the_file_and_reaches_lists),
      cmocka_unit_test(test_set__beta_4_and_4_0_are_one_run),
      cmocka_unit_test(test_file__with_a_byte_order_mark_is_the_same_job),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
