/* The jobs of the folder jobs/: each is read, has the runs that it says, and its used
 * form gives the same runs. */
#include "unit.h"

#include "job_fixture.h"

#include "teasel/model.h"

/* The families that there are, not the fixture's. */
static struct tsl_job *parse_job(const char *path, const char *bytes) {
  const struct tsl_family *families[64];
  struct tsl_registry registry = fixture_registry();
  struct tsl_error err = {0};
  struct tsl_job *job = NULL;
  registry.families = families;
  registry.family_count = tsl_model_count();
  for (size_t i = 0; i < registry.family_count; i++)
    families[i] = &tsl_model_at(i)->family;
  const struct tsl_job_text text = {path, bytes, strlen(bytes), NULL, 0};
  if (tsl_job_read(&text, &registry, &fixture_source, NULL, &job, &err) != TSL_OK)
    fail_msg("%s", err.text);
  return job;
}

static struct tsl_job *read_job(const char *path) {
  char *bytes = NULL;
  size_t count = 0;
  struct tsl_error err = {0};
  assert_int_equal(fixture_read(NULL, path, &bytes, &count, &err), TSL_OK);
  struct tsl_job *job = parse_job(path, bytes);
  free(bytes);
  return job;
}

static void test_jobs__have_their_runs_and_come_back(void **state) {
  (void)state;
  static const struct {
    const char *path;
    size_t runs;
    int settings;
  } jobs[] = {
      {"jobs/tubers-udr-115.yaml", 115, 23},
      {"jobs/potato-udr-115.yaml", 115, 23},
      {"jobs/potato-udr-115-short.yaml", 115, 23},
      {"jobs/fashion-udr-short.yaml", 27, 9},
      {"jobs/gmvae-arcs.yaml", 30, 6},
      {"jobs/gmvae-arcs-10.yaml", 20, 4},
      {"jobs/gmvae-mnist.yaml", 35, 7},
      {"jobs/gmvae-mnist-short.yaml", 12, 4},
      {"jobs/gmvae-fashion.yaml", 12, 4},
      {"jobs/gmvae-svhn.yaml", 9, 3},
      {"jobs/demo.yaml", 18, 6},
      {"jobs/smoke.yaml", 8, 4},
  };
  for (size_t i = 0; i < sizeof jobs / sizeof *jobs; i++) {
    struct tsl_job *job = read_job(jobs[i].path);
    struct tsl_digest data = {{3}};
    struct tsl_text used;
    assert_int_equal(tsl_job_run_count(job), jobs[i].runs);
    assert_int_equal(tsl_job_setting_count(job), jobs[i].settings);
    tsl_text_init(&used);
    tsl_job_print(job, &used);
    struct tsl_job *again = parse_job("job.used.yaml", used.bytes);
    tsl_job_name_runs(job, &data);
    tsl_job_name_runs(again, &data);
    for (size_t k = 0; k < jobs[i].runs; k++)
      assert_string_equal(tsl_job_run(job, k)->name, tsl_job_run(again, k)->name);
    tsl_text_release(&used);
    tsl_job_free(job);
    tsl_job_free(again);
  }
}

static void test_jobs__on_tubers_and_potatoes_are_the_same_grid(void **state) {
  (void)state;
  struct tsl_job *tubers = read_job("jobs/tubers-udr-115.yaml");
  struct tsl_job *potato = read_job("jobs/potato-udr-115.yaml");
  struct tsl_digest data = {{9}};
  tsl_job_name_runs(tubers, &data);
  tsl_job_name_runs(potato, &data);
  for (size_t i = 0; i < 115; i++)
    assert_string_equal(tsl_job_run(tubers, i)->name, tsl_job_run(potato, i)->name);
  tsl_job_free(tubers);
  tsl_job_free(potato);
}

static void test_dataset__paths_are_relative_to_the_file_that_names_them(void **state) {
  (void)state;
  struct tsl_job *job = read_job("jobs/potato-udr-115.yaml");
  struct tsl_text text;
  tsl_text_init(&text);
  tsl_dataset_config_print(tsl_job_dataset(job), &text);
  assert_non_null(
      strstr(text.bytes, "path: jobs/../configs/datasets/../../data/potato\n"));
  tsl_text_clear(&text);
  tsl_job_print(job, &text);
  assert_non_null(strstr(
      text.bytes, "path: /somewhere/jobs/../configs/datasets/../../data/potato\n"));
  tsl_text_release(&text);
  tsl_job_free(job);
}

#define EVALUATED                                                                        \
  "name: t\ndataset: arcs\nnetwork: gmvae-arcs\nlatent: 2\n"                             \
  "reconstruction: gaussian\ntrain: {epochs: 3, evaluate_every: 5}\nfamilies:\n"

static void test_evaluation__that_one_block_uses_stands_for_the_whole_job(void **state) {
  (void)state;
  static const char *const jobs[] = {
      EVALUATED "  - model: vae\n  - {model: gmvae, latent_w: 2}\n",
      EVALUATED "  - model: [vae, gmvae]\n",
      EVALUATED "  - model: vae\n  - {model: beta_vae, beta: 4, train.patience: 3}\n",
      EVALUATED "  - {model: vae, train.patience: [0, 3]}\n"};
  for (size_t i = 0; i < sizeof jobs / sizeof *jobs; i++) {
    struct tsl_job *job = parse_job("jobs/t.yaml", jobs[i]);
    assert_int_equal(tsl_job_run_count(job), 2);
    assert_int_equal(tsl_job_run(job, 0)->options.train.evaluate_every, 5);
    tsl_job_free(job);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_evaluation__that_one_block_uses_stands_for_the_whole_job),
      cmocka_unit_test(test_jobs__have_their_runs_and_come_back),
      cmocka_unit_test(test_jobs__on_tubers_and_potatoes_are_the_same_grid),
      cmocka_unit_test(test_dataset__paths_are_relative_to_the_file_that_names_them),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
