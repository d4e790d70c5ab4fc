// ranks: 1 2 4
/* Encoding: every finished run once, the same bytes for any number of ranks. */
#include "train_case.h"

#include "teasel/encode.h"

#include <math.h>

enum { POINTS = 50, LATENT = 4, RUNS = 3 };

static struct tsl_world *world;

static const char job[] =
    CASE_HEAD "train: {iterations: 6, batch: 16, shards: 2}\n"
              "score:\n  udr: {points: 50}\n"
              "seeds: [0, 1]\nfamilies:\n  - model: beta_vae\n    beta: 4\n"
              "  - model: beta_tcvae\n    beta: 6\n    seeds: [5]\n";

static bool is_first(void) {
  return tsl_world_rank(world) == 0;
}

/* Local. Trains runs [begin, end) by this rank alone. */
static void train_runs(const struct train_case *made, struct tsl_store *store,
                       size_t begin, size_t end) {
  for (size_t i = begin; i < end; i++) {
    struct tsl_error err = {0};
    struct tsl_train_request request = case_request(made, i, store);
    if (tsl_train(&request, tsl_team_alone(), &err) != TSL_OK)
      fail_msg("%s: %s", err.where, err.text);
  }
}

/* Collective on the world. */
static struct tsl_store *open_trained(const struct train_case *made, const char *name,
                                      size_t trained) {
  if (is_first()) {
    struct tsl_store *store = case_store(made, name);
    train_runs(made, store, 0, trained);
    tsl_store_close(store);
  }
  assert_int_equal(tsl_team_barrier(tsl_world_team(world), NULL), TSL_OK);
  return case_store(made, name);
}

static void encode(const struct train_case *made, struct tsl_store *store,
                   struct tsl_team *team) {
  struct tsl_error err = {0};
  if (tsl_encode(store, team, made->job, made->dataset, NULL, &err) != TSL_OK)
    fail_msg("%s: %s", err.where, err.text);
}

static char *read_latents(struct tsl_store *store, size_t *count) {
  char path[TSL_PATH_MAX];
  char *bytes = NULL;
  tsl_store_path(store, TSL_STORE_LATENTS, path);
  assert_int_equal(tsl_file_read(path, &bytes, count, NULL), TSL_OK);
  return bytes;
}

static void assert_same_latents(struct tsl_store *a, struct tsl_store *b) {
  size_t count_a = 0;
  size_t count_b = 0;
  char *bytes_a = read_latents(a, &count_a);
  char *bytes_b = read_latents(b, &count_b);
  assert_int_equal(count_a, count_b);
  assert_memory_equal(bytes_a, bytes_b, count_a);
  free(bytes_a);
  free(bytes_b);
}

static void test_encode__gives_the_same_bytes_on_all_ranks_and_on_one(void **state) {
  (void)state;
  struct train_case made;
  case_open(&made, world, job, case_network);
  struct tsl_store *together = open_trained(&made, "together", RUNS);
  struct tsl_store *alone = open_trained(&made, "alone", RUNS);
  encode(&made, together, tsl_world_team(world));
  if (is_first()) {
    encode(&made, alone, tsl_team_alone());
    assert_same_latents(together, alone);
  }
  tsl_store_close(together);
  tsl_store_close(alone);
  case_close(&made);
}

/* mean and log_variance of the first points by the model itself */
static void assert_run_latents(const struct train_case *made, struct tsl_store *store,
                               const struct tsl_latents *latents, size_t index) {
  float samples[POINTS * 3 * 8 * 8];
  float mean[POINTS * LATENT];
  float log_variance[POINTS * LATENT];
  struct tsl_model model = {0};
  const struct tsl_run *run = tsl_job_run(made->job, index);
  assert_string_equal(latents->runs[index].name, run->name);
  assert_int_equal(tsl_model_load(store, run, NULL, &model, NULL), TSL_OK);
  tsl_dataset_gather(made->dataset, tsl_dataset_order(made->dataset), POINTS, samples);
  const struct tsl_feed feed = {model.values.input, samples};
  const struct tsl_fetch fetches[] = {{model.values.mean, mean},
                                      {model.values.log_variance, log_variance}};
  assert_int_equal(tsl_graph_compute(model.graph, &feed, 1, fetches, 2, POINTS, NULL),
                   TSL_OK);
  assert_memory_equal(latents->runs[index].mean, mean, sizeof mean);
  assert_memory_equal(latents->runs[index].log_variance, log_variance,
                      sizeof log_variance);
  tsl_model_release(&model);
}

static void test_encode__takes_finished_runs_and_adds_later_ones(void **state) {
  (void)state;
  struct train_case made;
  case_open(&made, world, job, case_network);
  struct tsl_store *store = open_trained(&made, "results", RUNS - 1);
  struct tsl_latents latents = {0};
  encode(&made, store, tsl_world_team(world));
  assert_int_equal(tsl_store_latents_read(store, &latents, NULL), TSL_OK);
  assert_int_equal(latents.run_count, RUNS - 1);
  assert_int_equal(latents.points, POINTS);
  assert_int_equal(latents.indices[7], tsl_dataset_order(made.dataset)[7]);
  assert_int_equal(latents.labels[7],
                   tsl_dataset_view(made.dataset)->labels[latents.indices[7]]);
  tsl_latents_release(&latents);

  assert_int_equal(tsl_team_barrier(tsl_world_team(world), NULL), TSL_OK);
  if (is_first())
    train_runs(&made, store, RUNS - 1, RUNS);
  assert_int_equal(tsl_team_barrier(tsl_world_team(world), NULL), TSL_OK);
  encode(&made, store, tsl_world_team(world));
  assert_int_equal(tsl_store_latents_read(store, &latents, NULL), TSL_OK);
  assert_int_equal(latents.run_count, RUNS);
  for (size_t i = 0; i < RUNS; i++)
    assert_run_latents(&made, store, &latents, i);
  tsl_latents_release(&latents);
  tsl_store_close(store);
  case_close(&made);
}

/* A mixture's clusters at the posterior means: each point's probabilities add up to 1. */
static void test_encode__gives_the_clusters_of_a_mixture(void **state) {
  (void)state;
  enum { K = 3 };
  struct train_case made;
  struct tsl_latents latents = {0};
  case_open(&made, world,
            CASE_HEAD "train: {iterations: 6, batch: 16, shards: 2}\n"
                      "score:\n  udr: {points: 50}\nseeds: [0, 1]\nfamilies:\n"
                      "  - model: gmvae\n    latent_w: 2\n    components: 3\n"
                      "    samples: 2\n",
            case_network_prior);
  struct tsl_store *together = open_trained(&made, "clusters", 2);
  struct tsl_store *alone = open_trained(&made, "clusters_alone", 2);
  encode(&made, together, tsl_world_team(world));
  if (is_first()) {
    encode(&made, alone, tsl_team_alone());
    assert_same_latents(together, alone);
  }
  assert_int_equal(tsl_store_latents_read(together, &latents, NULL), TSL_OK);
  for (size_t r = 0; r < 2; r++) {
    assert_int_equal(latents.runs[r].clusters, K);
    for (int i = 0; i < POINTS; i++) {
      double sum = 0;
      for (int k = 0; k < K; k++)
        sum += 1 / (1 + exp(-(double)latents.runs[r].cluster_logits[i * K + k]));
      assert_true(fabs(sum - 1) < 1e-5);
    }
    assert_run_latents(&made, together, &latents, r);
  }
  tsl_latents_release(&latents);
  tsl_store_close(together);
  tsl_store_close(alone);
  case_close(&made);
}

/* The member that meets the broken model tells the others; nobody waits. */
static void test_encode__fails_on_all_ranks_where_one_model_is_broken(void **state) {
  (void)state;
  struct train_case made;
  case_open(&made, world, job, case_network);
  for (size_t broken = 0; broken < RUNS; broken++) {
    char name[32];
    char path[TSL_PATH_MAX];
    snprintf(name, sizeof name, "broken%zu", broken);
    struct tsl_store *store = open_trained(&made, name, RUNS);
    if (is_first())
      assert_int_equal(
          tsl_file_write(tsl_store_run_path(store, tsl_job_run(made.job, broken)->name,
                                            "model.h5", path),
                         "no model", 8, NULL),
          TSL_OK);
    assert_int_equal(tsl_team_barrier(tsl_world_team(world), NULL), TSL_OK);
    struct tsl_error err = {0};
    assert_int_not_equal(
        tsl_encode(store, tsl_world_team(world), made.job, made.dataset, NULL, &err),
        TSL_OK);
    assert_non_null(strstr(err.where, "model.h5"));
    assert_false(tsl_file_exists(tsl_store_path(store, TSL_STORE_LATENTS, path)));
    tsl_store_close(store);
  }
  case_close(&made);
}

/* Asked to stop from the given look on. */
static bool asked_later(void *context) {
  int *looks = context;
  return (*looks)-- <= 0;
}

/* Every member ends after its first run, or the last member alone; what was encoded is
 * kept, and a later call brings the rest. */
static void test_encode__keeps_what_it_has_when_asked_to_stop(void **state) {
  (void)state;
  struct train_case made;
  struct tsl_team *team = tsl_world_team(world);
  case_open(&made, world, job, case_network);
  struct tsl_store *whole = open_trained(&made, "unstopped", RUNS);
  encode(&made, whole, team);
  for (int all = 0; all < 2; all++) {
    struct tsl_store *store = open_trained(&made, all ? "all-stop" : "last-stops", RUNS);
    const int size = tsl_team_size(team), index = tsl_team_index(team);
    const bool stops = all || index + 1 == size;
    int looks = stops ? 1 : RUNS + 1;
    const struct tsl_stop stop = {asked_later, &looks};
    struct tsl_error err = {0};
    size_t left = 0;
    for (int member = all ? 0 : size - 1; member < size; member++)
      for (int run = member + size; run < RUNS; run += size)
        left++;
    enum tsl_status status = tsl_encode(store, team, made.job, made.dataset, &stop, &err);
    assert_int_equal(status, left > 0 ? TSL_INTERRUPTED : TSL_OK);
    struct tsl_latents latents;
    assert_int_equal(tsl_store_latents_read(store, &latents, &err), TSL_OK);
    assert_int_equal(latents.run_count, RUNS - left);
    tsl_latents_release(&latents);
    assert_int_equal(tsl_team_barrier(team, NULL), TSL_OK);
    /* Asked at once: what is known stays. */
    looks = 0;
    status = tsl_encode(store, team, made.job, made.dataset, &stop, &err);
    assert_int_equal(status, left > 0 ? TSL_INTERRUPTED : TSL_OK);
    assert_int_equal(tsl_store_latents_read(store, &latents, &err), TSL_OK);
    assert_int_equal(latents.run_count, RUNS - left);
    tsl_latents_release(&latents);
    assert_int_equal(tsl_team_barrier(team, NULL), TSL_OK);
    encode(&made, store, team);
    assert_same_latents(whole, store);
    tsl_store_close(store);
  }
  tsl_store_close(whole);
  case_close(&made);
}

static void test_encode__writes_nothing_when_asked_to_stop_at_once(void **state) {
  (void)state;
  struct train_case made;
  case_open(&made, world, job, case_network);
  struct tsl_store *store = open_trained(&made, "at-once", RUNS);
  int looks = 0;
  char path[TSL_PATH_MAX];
  const struct tsl_stop stop = {asked_later, &looks};
  struct tsl_error err = {0};
  assert_int_equal(
      tsl_encode(store, tsl_world_team(world), made.job, made.dataset, &stop, &err),
      TSL_INTERRUPTED);
  assert_false(tsl_file_exists(tsl_store_path(store, TSL_STORE_LATENTS, path)));
  tsl_store_close(store);
  case_close(&made);
}

int main(int argc, char **argv) {
  if (tsl_world_open(&argc, &argv, &world, NULL) != TSL_OK ||
      tsl_nn_start("", NULL) != TSL_OK)
    return 1;
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_encode__gives_the_same_bytes_on_all_ranks_and_on_one),
      cmocka_unit_test(test_encode__takes_finished_runs_and_adds_later_ones),
      cmocka_unit_test(test_encode__gives_the_clusters_of_a_mixture),
      cmocka_unit_test(test_encode__fails_on_all_ranks_where_one_model_is_broken),
      cmocka_unit_test(test_encode__keeps_what_it_has_when_asked_to_stop),
      cmocka_unit_test(test_encode__writes_nothing_when_asked_to_stop_at_once)};
  int failed = cmocka_run_group_tests(tests, NULL, NULL);
  tsl_world_close(world);
  return failed;
}
