/* A run's id and folder: what they depend on, and that they stay. */
#include "unit.h"

#include "job_fixture.h"

#define HEAD "name: t\ndataset: none\nnetwork: conv64\ntrain: {iterations: 10}\n"
#define ONE "families: [{model: beta_vae, beta: 4}]\n"

static void name_of(const char *text, const char *setting, char name[TSL_RUN_NAME_MAX],
                    char id[33]) {
  const char *const settings[3] = {setting, NULL};
  struct tsl_digest data = {{5}};
  struct tsl_error err = {0};
  struct tsl_job *job = NULL;
  if (fixture_job("jobs/t.yaml", text, settings, &job, &err) != TSL_OK)
    fail_msg("%s", err.text);
  tsl_job_name_runs(job, &data);
  snprintf(name, TSL_RUN_NAME_MAX, "%s", tsl_job_run(job, 0)->name);
  tsl_digest_print(&tsl_job_run(job, 0)->id, id);
  tsl_job_free(job);
}

/* These were computed once and must never change: results of finished runs are found by
 * them. A default that changes, an option that is renamed or a network text that is
 * written otherwise shows here. */
static void test_id__is_the_recorded_one(void **state) {
  (void)state;
  char name[TSL_RUN_NAME_MAX], id[33];
  name_of(HEAD ONE, NULL, name, id);
  assert_string_equal(name, "beta_vae-beta=4-seed=0-6d08599c");
  name_of("name: t\ndataset: none\nlatent: 3\nreconstruction: gaussian\nseeds: 7\n"
          "train: {epochs: 2, batch: 12, shards: 4, optimizer: sgd, learning_rate: 0.1,\n"
          "  momentum: 0.5, beta1: 0.8, beta2: 0.9, epsilon: 1.0e-3}\n"
          "score: {held_out: 0.25}\n"
          "network:\n  input: [3, 8, 8]\n  encoder:\n"
          "    - conv: {filters: 4, kernel: 3, stride: 1, pad: 1, norm: batch}\n"
          "    - maxpool: {kernel: 2}\n    - upsample: {factor: 2}\n"
          "    - dropout: {rate: 0.5}\n    - dense: {units: 5, activation: elu}\n"
          "  decoder:\n    - dense: {units: 16, activation: sigmoid}\n"
          "    - reshape: [1, 4, 4]\n    - deconv: {filters: 3, kernel: 2, stride: 2}\n"
          "  prior:\n    - dense: {units: 2, activation: tanh}\n"
          "families: [{model: beta_tcvae, estimator: mss}]\n",
          NULL, name, id);
  assert_string_equal(name, "beta_tcvae-estimator=mss-seed=7-88ad1188");
}

static void check_same(const char *text, const char *setting, bool same) {
  char name[TSL_RUN_NAME_MAX], id[33], other[33];
  name_of(HEAD ONE, NULL, name, id);
  name_of(text, setting, name, other);
  if ((strcmp(id, other) == 0) != same)
    fail_msg("%s id for %s%s%s", same ? "another" : "the same", text,
             setting != NULL ? "with " : "", setting != NULL ? setting : "");
}

static void test_id__depends_on_what_changes_weights(void **state) {
  (void)state;
  static const char *const changes[] = {"latent=9",
                                        "reconstruction=squared_error",
                                        "train.batch=32",
                                        "train.iterations=11",
                                        "train.shards=4",
                                        "train.optimizer=adamax",
                                        "train.beta1=0.8",
                                        "train.beta2=0.99",
                                        "train.epsilon=1e-7",
                                        "train.learning_rate=0.001",
                                        "seeds=1",
                                        "beta=5",
                                        "score.held_out=0.2",
                                        "network=conv64-narrow",
                                        "train.momentum=0.5",
                                        "train.epochs=1"};
  for (size_t i = 0; i < sizeof changes / sizeof *changes; i++)
    check_same(HEAD ONE, changes[i], false);
}

static void test_id__depends_on_nothing_else(void **state) {
  (void)state;
  static const char *const changes[] = {"name=other",
                                        "score.udr.points=50",
                                        "score.udr.similarity=[lasso]",
                                        "score.udr.informative_kl=0.1",
                                        "report.traversals.steps=3",
                                        "train.log_every=5",
                                        "schedule.width=4",
                                        "schedule.isa=avx2",
                                        "schedule.cache=/tmp/x",
                                        "beta=4.0",
                                        "latent=10",
                                        "train.learning_rate=1.0e-4"};
  for (size_t i = 0; i < sizeof changes / sizeof *changes; i++)
    check_same(HEAD ONE, changes[i], true);
  check_same("train:\n  iterations: 10\n" ONE
             "network: ./../configs/networks/conv64.yaml\n"
             "dataset: none\nseeds: [0, 1]\nname: t\n",
             NULL, true);
}

static void test_name__stays_inside_the_results_folder(void **state) {
  (void)state;
  char name[TSL_RUN_NAME_MAX], id[33];
  name_of("name: t\ndataset: none\ntrain: {iterations: 10}\nfamilies:\n  - model: vae\n"
          "    network: {name: \"../../a b/\\xe9\", input: [2], encoder: [dense: 2], "
          "decoder: [dense: 2]}\n",
          NULL, name, id);
  assert_memory_equal(name, "vae-network=.._.._a_b___-seed=0-", 32);
  assert_null(strchr(name, '/'));
  name_of(
      "name: t\ndataset: none\ntrain: {iterations: 10}\nfamilies:\n  - model: vae\n"
      "    network: {parameters: {a: 2, b: 2, c: 2, d: 2, e: 2}, input: [2],\n"
      "      encoder: [dense: 2], decoder: [dense: 2]}\n"
      "    network.a: 11111111111111111111111111111111111111111111111111111111111111\n"
      "    network.b: 11111111111111111111111111111111111111111111111111111111111111\n"
      "    network.c: 11111111111111111111111111111111111111111111111111111111111111\n"
      "    network.d: 11111111111111111111111111111111111111111111111111111111111111\n"
      "    network.e: x1111111111111111111111111111111111111111111111111111111111111\n",
      NULL, name, id);
  assert_true(strlen(name) < 200); /* file systems take 255 */
  assert_memory_equal(strrchr(name, '-') + 1, id, 8);
}

static void test_name__does_not_depend_on_the_order_of_the_file(void **state) {
  (void)state;
  char name[TSL_RUN_NAME_MAX], other[TSL_RUN_NAME_MAX], id[33];
  name_of(HEAD "families: [{model: beta_tcvae, estimator: mss, beta: 2, latent: 3}]\n",
          NULL, name, id);
  name_of("families: [{latent: 3, beta: 2, estimator: mss, model: beta_tcvae}]\n" HEAD,
          NULL, other, id);
  assert_string_equal(name, other);
  assert_memory_equal(name, "beta_tcvae-latent=3-beta=2-estimator=mss-seed=0-", 48);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_id__is_the_recorded_one),
      cmocka_unit_test(test_id__depends_on_what_changes_weights),
      cmocka_unit_test(test_id__depends_on_nothing_else),
      cmocka_unit_test(test_name__stays_inside_the_results_folder),
      cmocka_unit_test(test_name__does_not_depend_on_the_order_of_the_file),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
