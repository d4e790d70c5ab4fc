// ranks: 8
/* The determinism contract: the same run on 1, 2, 4 and 8 ranks, in any order, gives the
 * same bytes of model.h5 and log.csv. */
#include "train_case.h"

static struct tsl_world *world;

/* Trains run 0 on these ranks, into the results folder `name`; the others wait. */
static void train_on(const struct train_case *made, const char *name, const int *ranks,
                     int width, uint32_t epoch) {
  bool member = false;
  for (int i = 0; i < width; i++)
    member = member || ranks[i] == tsl_world_rank(world);
  if (member) {
    struct tsl_team *team = NULL;
    struct tsl_error err = {0};
    assert_int_equal(tsl_team_create(world, ranks, width, epoch, &team, NULL), TSL_OK);
    struct tsl_store *store = case_store(made, name);
    struct tsl_train_request request = case_request(made, 0, store);
    if (tsl_train(&request, team, &err) != TSL_OK)
      fail_msg("%s: %s", err.where, err.text);
    tsl_store_close(store);
    tsl_team_free(team);
  }
  assert_int_equal(tsl_team_barrier(tsl_world_team(world), NULL), TSL_OK);
}

/* What a run with two latents left on its way, where it was asked to. */
static void check_snapshots(const struct tsl_store *a, const struct tsl_store *b,
                            const struct tsl_run *run, int64_t wanted) {
  struct tsl_snapshot *snapshots = NULL;
  size_t count = 0;
  assert_int_equal(tsl_store_snapshots_read(a, run->name, &snapshots, &count, NULL),
                   TSL_OK);
  assert_int_equal(count, run->options.latent == 2 ? wanted : 0);
  for (size_t i = 0; i < count; i++) {
    char file[64];
    assert_int_equal(snapshots[i].step, (int64_t)(i + 1) * 15 / wanted);
    assert_int_equal(snapshots[i].points, 120);
    assert_int_equal(snapshots[i].components, 4);
    snprintf(file, sizeof file, "snapshot.%lld.h5", (long long)snapshots[i].step);
    case_equal(a, b, run, file);
  }
  tsl_snapshots_release(snapshots, count);
}

static void check_same_bytes(const struct train_case *made, const char *name,
                             const char *other) {
  if (tsl_world_rank(world) != 0)
    return;
  const struct tsl_run *run = tsl_job_run(made->job, 0);
  struct tsl_store *a = case_store(made, name), *b = case_store(made, other);
  case_equal(a, b, run, "model.h5");
  case_equal(a, b, run, "log.csv");
  check_snapshots(a, b, run, tsl_job_options(made->job)->snapshots);
  struct tsl_record first, second;
  assert_int_equal(tsl_store_record_read(a, run->name, &first, NULL), TSL_OK);
  assert_int_equal(tsl_store_record_read(b, run->name, &second, NULL), TSL_OK);
  assert_true(first.term_count >= 2);
  assert_int_equal(first.term_count, second.term_count);
  assert_int_equal(first.outcome, second.outcome);
  for (int i = 0; i < first.term_count; i++)
    assert_true(first.terms[i].value == second.terms[i].value);
  tsl_store_close(a);
  tsl_store_close(b);
}

static void check_widths(const char *job, const char *network) {
  const int ranks[] = {0, 1, 2, 3, 4, 5, 6, 7}, backwards[] = {7, 3, 5, 1};
  static uint32_t epoch = 0;
  struct train_case made;
  case_open(&made, world, job, network);
  train_on(&made, "alone", ranks, 1, ++epoch);
  train_on(&made, "two", ranks, 2, ++epoch);
  train_on(&made, "four", backwards, 4, ++epoch);
  train_on(&made, "eight", ranks, 8, ++epoch);
  check_same_bytes(&made, "alone", "two");
  check_same_bytes(&made, "alone", "four");
  check_same_bytes(&made, "alone", "eight");
  case_close(&made);
}

#define TRAIN "train: {iterations: 15, batch: 16, shards: 8, log_every: 4"

static void test_width__vae_gives_the_same_bytes(void **state) {
  (void)state;
  check_widths(CASE_HEAD TRAIN "}\nseeds: [3]\nfamilies:\n  - model: vae\n",
               case_network);
}

static void test_width__c_beta_vae_gives_the_same_bytes(void **state) {
  (void)state;
  check_widths(CASE_HEAD TRAIN ", optimizer: adamax}\nseeds: [1]\nfamilies:\n"
                               "  - model: c_beta_vae\n    beta: 10\n    capacity: 2\n",
               case_network);
}

static void test_width__beta_tcvae_gives_the_same_bytes(void **state) {
  (void)state;
  check_widths(CASE_HEAD TRAIN "}\nseeds: [0]\nfamilies:\n"
                               "  - model: beta_tcvae\n    beta: 6\n",
               case_network);
}

static void test_width__batch_norm_and_dropout_give_the_same_bytes(void **state) {
  (void)state;
  check_widths(CASE_HEAD TRAIN ", optimizer: sgd, learning_rate: 1.0e-3, momentum: 0.9}\n"
                               "reconstruction: squared_error\nseeds: [0]\nfamilies:\n"
                               "  - model: beta_vae\n    beta: 2\n",
               case_network_norm);
}

static void test_width__gmvae_gives_the_same_bytes(void **state) {
  (void)state;
  check_widths(CASE_HEAD TRAIN "}\nseeds: [2]\nfamilies:\n  - model: gmvae\n"
                               "    latent_w: 3\n    components: 4\n    samples: 3\n"
                               "    z_prior_threshold: 0.01\n",
               case_network_prior);
}

static void test_width__snapshots_have_the_same_bytes(void **state) {
  (void)state;
  check_widths(CASE_HEAD TRAIN "}\nreport: {snapshots: 4}\nseeds: [2]\nfamilies:\n"
                               "  - model: gmvae\n    latent: 2\n    latent_w: 3\n"
                               "    components: 4\n    samples: 2\n",
               case_network_prior);
}

int main(int argc, char **argv) {
  if (tsl_world_open(&argc, &argv, &world, NULL) != TSL_OK ||
      tsl_nn_start("", NULL) != TSL_OK)
    return 1;
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_width__vae_gives_the_same_bytes),
      cmocka_unit_test(test_width__c_beta_vae_gives_the_same_bytes),
      cmocka_unit_test(test_width__beta_tcvae_gives_the_same_bytes),
      cmocka_unit_test(test_width__gmvae_gives_the_same_bytes),
      cmocka_unit_test(test_width__snapshots_have_the_same_bytes),
      cmocka_unit_test(test_width__batch_norm_and_dropout_give_the_same_bytes),
  };
  int failed = cmocka_run_group_tests(tests, NULL, NULL);
  tsl_world_close(world);
  return failed;
}
