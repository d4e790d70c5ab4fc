/* What tsl_job_print writes is read again to the same runs, also when the files that the
 * job named are gone. */
#include "unit.h"

#include "job_fixture.h"

static enum tsl_status nothing_read(void *context, const char *path, char **bytes,
                                    size_t *count, struct tsl_error *err) {
  (void)context, (void)bytes, (void)count;
  return tsl_error_set(err, TSL_IO, path, "there is no disk");
}

static bool nothing_exists(void *context, const char *path) {
  (void)context, (void)path;
  return false;
}

static const struct tsl_file_source nothing = {.read = nothing_read,
                                               .exists = nothing_exists};

static void check_again(const struct tsl_job *job, const struct tsl_job *again) {
  assert_int_equal(tsl_job_run_count(job), tsl_job_run_count(again));
  assert_string_equal(tsl_job_name(job), tsl_job_name(again));
  assert_memory_equal(tsl_job_options(job), tsl_job_options(again),
                      sizeof *tsl_job_options(job));
  for (size_t i = 0; i < tsl_job_run_count(job); i++) {
    const struct tsl_run *a = tsl_job_run(job, i), *b = tsl_job_run(again, i);
    assert_string_equal(a->name, b->name);
    assert_memory_equal(&a->id, &b->id, sizeof a->id);
    assert_memory_equal(&a->options, &b->options, sizeof a->options);
    assert_memory_equal(a->family_options, b->family_options, sizeof a->family_options);
    assert_int_equal(a->setting, b->setting);
  }
}

static void check_round_trip(const char *file, const char *text,
                             const char *const settings[3]) {
  struct tsl_registry registry = fixture_registry();
  struct tsl_job *job = NULL, *again = NULL;
  struct tsl_error err = {0};
  struct tsl_digest data = {{7}};
  if (fixture_job(file, text, settings, &job, &err) != TSL_OK)
    fail_msg("%s", err.text);
  struct tsl_text used, twice;
  tsl_text_init(&used);
  tsl_text_init(&twice);
  tsl_job_print(job, &used);
  const struct tsl_job_text moved = {"elsewhere/job.used.yaml", used.bytes, used.length,
                                     NULL, 0};
  if (tsl_job_read(&moved, &registry, &nothing, NULL, &again, &err) != TSL_OK)
    fail_msg("%s\n%s", err.text, used.bytes);
  tsl_job_name_runs(job, &data);
  tsl_job_name_runs(again, &data);
  check_again(job, again);
  tsl_job_print(again, &twice);
  const char *body = strstr(used.bytes, "\nname: "); /* behind the comments */
  assert_string_equal(body, strstr(twice.bytes, "\nname: "));
  tsl_text_release(&used);
  tsl_text_release(&twice);
  tsl_job_free(job);
  tsl_job_free(again);
}

static void test_used_job__of_the_thesis_grid_gives_the_same_ids(void **state) {
  (void)state;
  char *bytes = NULL;
  size_t count = 0;
  struct tsl_error err = {0};
  const char *const settings[3] = {"train.iterations=2000", "beta=4.0", NULL};
  assert_int_equal(fixture_read(NULL, "jobs/tubers-udr-115.yaml", &bytes, &count, &err),
                   TSL_OK);
  check_round_trip("jobs/tubers-udr-115.yaml", bytes, NULL);
  check_round_trip("jobs/tubers-udr-115.yaml", bytes, settings);
  free(bytes);
}

static void test_used_job__keeps_axes_of_networks_and_parameters(void **state) {
  (void)state;
  check_round_trip(
      "jobs/t.yaml",
      "name: t\ndataset: {reader: pictures, folder: pictures/a b, crop: 0.9}\n"
      "train: {epochs: 2, learning_rate: 1.0e-5, optimizer: [adam, sgd]}\n"
      "latent: [3, 5]\nseeds: [0, 4294967295]\n"
      "score: {udr: {similarity: [lasso]}, held_out: 0.25}\n"
      "network: {input: [4], parameters: {hidden: 8, act: relu, drop: 1e-05},\n"
      "  encoder: [dense: {units: $hidden, activation: $act}, dropout: $drop],\n"
      "  decoder: [dense: {units: 4}]}\n"
      "schedule: {width: 4, cache: \"\", isa: avx2}\n"
      "families:\n  - model: beta_vae\n    network.hidden: [8, 16]\n    beta: [1, 0.5]\n"
      "  - model: vae\n    network:\n      - conv64\n"
      "      - {name: tiny, input: [2], encoder: [dense: 2], decoder: [dense: 2]}\n",
      NULL);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_used_job__of_the_thesis_grid_gives_the_same_ids),
      cmocka_unit_test(test_used_job__keeps_axes_of_networks_and_parameters),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
