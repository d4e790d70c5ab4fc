// ranks: 1 2 3 4
/* Scores are the same bytes for any number of members, and whether they were made at once
 * or run by run; what is known is not computed again. */
#include "unit.h"

#include "unit/job_fixture.h"

#include "teasel/compare.h"
#include "teasel/random.h"

#include <hdf5.h>
#include <math.h>

enum { POINTS = 60, FACTORS = 2, RUNS_MAX = 20 };

static struct tsl_world *world;
static char folder[64];

static const char text[] = "name: t\ndataset: none\nnetwork: conv64\n"
                           "train: {iterations: 10}\nlatent: 5\nfamilies:\n"
                           "  - model: beta_vae\n    beta: [1, 2, 3]\n"
                           "  - model: beta_tcvae\n    beta: 2\n    latent: 3\n";

/* Setting 2 is setting 0 by another name. */
static const char twins_text[] = "name: t\ndataset: none\nnetwork: conv64\n"
                                 "train: {iterations: 10}\nlatent: 5\nfamilies:\n"
                                 "  - model: beta_vae\n    beta: [1, 2]\n"
                                 "  - model: vae\n";

static struct tsl_job *make_job_of(const char *job_text, const char *seeds,
                                   const char *more) {
  struct tsl_job *job = NULL;
  struct tsl_error err = {0};
  const char *settings[3] = {seeds, more, NULL};
  if (fixture_job("jobs/t.yaml", job_text, settings, &job, &err) != TSL_OK)
    fail_msg("%s: %s", err.where, err.text);
  tsl_job_name_runs(job, &(struct tsl_digest){{0}});
  return job;
}

static struct tsl_job *make_job(const char *seeds, const char *more) {
  return make_job_of(text, seeds, more);
}

/* The run whose latents a run has: a VAE those of the beta-VAE with beta 1. */
static const struct tsl_run *twin_of(const struct tsl_job *job,
                                     const struct tsl_run *run) {
  for (size_t i = 0; i < tsl_job_run_count(job); i++) {
    const struct tsl_run *other = tsl_job_run(job, i);
    if (strcmp(run->family->name, "vae") == 0 && other->setting == 0 &&
        other->options.seed == run->options.seed)
      return other;
  }
  return run;
}

/* Latents that are a function of the run's name, a few of them out of order. */
static void fill_run(const struct tsl_run *run, struct tsl_latents_run *out) {
  struct tsl_digest digest = tsl_digest_bytes(run->name, strlen(run->name));
  struct tsl_stream own = {.purpose = TSL_PURPOSE_TEST}, shared = own;
  memcpy(&own.seed, digest.bytes, sizeof own.seed);
  int64_t d = run->options.latent;
  out->name = (char *)(uintptr_t)run->name;
  out->latent = d;
  out->mean = calloc((size_t)(POINTS * d), sizeof(float));
  out->log_variance = calloc((size_t)(POINTS * d), sizeof(float));
  float common[8], noise[8], mixing[64];
  tsl_random_normal(&own, 1000, 0, 64, mixing);
  for (int64_t i = 0; i < POINTS; i++) {
    tsl_random_normal(&shared, (uint64_t)i, 0, 8, common);
    tsl_random_normal(&own, (uint64_t)i, 0, 8, noise);
    for (int64_t k = 0; k < d; k++) {
      float sum = 0.3F * noise[k];
      for (int64_t l = 0; l < d; l++)
        sum += (k == l ? 1.0F : 0.4F * mixing[k * 8 + l]) * common[l];
      out->mean[i * d + k] = sum;
      out->log_variance[i * d + k] = -2;
    }
  }
  for (int64_t i = 0; i < POINTS; i++) {
    if (run->setting == 1 && run->options.seed == 1) /* a constant, informative */
      out->mean[i * d + 1] = 2;
    if (run->setting == 1 && run->options.seed == 2) /* nothing is informative */
      for (int64_t k = 0; k < d; k++)
        out->mean[i * d + k] = out->log_variance[i * d + k] = 0;
  }
  if (run->setting == 2 && run->options.seed == 0)
    out->mean[7 * d + 2] = (float)NAN;
}

/* The family that has clusters of its own; "": none. */
static const char *with_clusters = "";

/* Three clusters, of which the first two have points: those of label 0 in the first, and
 * of label 1 in the second, but for ten of them. */
static void fill_clusters(struct tsl_latents_run *out) {
  out->clusters = 3;
  out->cluster_logits = calloc(3 * POINTS, sizeof(float));
  for (int i = 0; i < POINTS; i++) {
    int k = i % 2 == 1 && i > 19 ? 1 : 0;
    out->cluster_logits[i * 3 + k] = 50 - (float)i / 10;
    out->cluster_logits[i * 3 + 1 - k] = -50;
    out->cluster_logits[i * 3 + 2] = -60;
  }
}

/* Setting 2 with seed 1 has no latents. */
static void write_latents(struct tsl_store *store, const struct tsl_job *job) {
  struct tsl_latents_run runs[RUNS_MAX] = {{0}};
  int64_t indices[POINTS];
  int32_t labels[POINTS];
  float factors[POINTS * FACTORS];
  struct tsl_latents latents = {.points = POINTS,
                                .indices = indices,
                                .labels = labels,
                                .factors = factors,
                                .factor_count = FACTORS,
                                .runs = runs};
  for (int i = 0; i < POINTS; i++) {
    indices[i] = i;
    labels[i] = i % 2;
    factors[i * FACTORS] = (float)(i % 3);
    factors[i * FACTORS + 1] = (float)(i % 4);
  }
  for (size_t i = 0; i < tsl_job_run_count(job); i++) {
    const struct tsl_run *run = tsl_job_run(job, i);
    if (run->setting == 2 && run->options.seed == 1)
      continue;
    struct tsl_latents_run *out = &runs[latents.run_count++];
    fill_run(twin_of(job, run), out);
    out->name = (char *)(uintptr_t)run->name;
    if (strcmp(run->family->name, with_clusters) == 0) {
      fill_clusters(out);
      for (int64_t k = 0; k < POINTS * out->latent && run->options.seed == 4; k++) {
        out->mean[k] *= 0.01F; /* nothing is informative */
        out->log_variance[k] = 0;
      }
    }
  }
  struct tsl_error err = {0};
  if (tsl_store_latents_write(store, tsl_team_alone(), &latents, &err) != TSL_OK)
    fail_msg("%s: %s", err.where, err.text);
  for (size_t i = 0; i < latents.run_count; i++) {
    free(runs[i].mean);
    free(runs[i].log_variance);
    free(runs[i].cluster_logits);
  }
}

static struct tsl_store *open_store(const char *name) {
  char path[128];
  struct tsl_store *store = NULL;
  struct tsl_error err = {0};
  snprintf(path, sizeof path, "%s/%s", folder, name);
  if (tsl_store_open(path, TSL_STORE_CREATE, &store, &err) != TSL_OK)
    fail_msg("%s: %s", err.where, err.text);
  return store;
}

static struct tsl_compare_counts compare(struct tsl_store *store, struct tsl_team *team,
                                         const struct tsl_job *job) {
  struct tsl_compare_counts counts = {0};
  struct tsl_error err = {0};
  if (tsl_compare_counted(store, team, job, NULL, NULL, &counts, &err) != TSL_OK)
    fail_msg("%s: %s", err.where, err.text);
  return counts;
}

static void assert_same_bytes(struct tsl_store *one, struct tsl_store *other) {
  static const enum tsl_store_file files[] = {
      TSL_STORE_SCORES, TSL_STORE_SCORES_CSV, TSL_STORE_UDR_SETTING_CSV,
      TSL_STORE_UDR_FAMILY_CSV, TSL_STORE_UDR_ALL_CSV};
  for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
    char path[TSL_PATH_MAX];
    char *bytes[2];
    size_t counts[2];
    assert_int_equal(
        tsl_file_read(tsl_store_path(one, files[i], path), &bytes[0], &counts[0], NULL),
        TSL_OK);
    assert_int_equal(
        tsl_file_read(tsl_store_path(other, files[i], path), &bytes[1], &counts[1], NULL),
        TSL_OK);
    assert_int_equal(counts[0], counts[1]);
    assert_memory_equal(bytes[0], bytes[1], counts[0]);
    free(bytes[0]);
    free(bytes[1]);
  }
}

static void test_scores__are_the_same_bytes_for_any_number_of_members(void **state) {
  (void)state;
  struct tsl_team *team = tsl_world_team(world);
  struct tsl_job *job = make_job("seeds=[0, 1, 2, 3, 4]", NULL);
  struct tsl_store *together = open_store("together");
  if (tsl_world_rank(world) == 0)
    write_latents(together, job);
  assert_int_equal(tsl_team_barrier(team, NULL), TSL_OK);
  struct tsl_compare_counts counts = compare(together, team, job);
  assert_int_equal(counts.pairs_computed, 19 * 18 / 2);
  assert_int_equal(counts.pairs_reused, 0);
  if (tsl_world_rank(world) == 0) {
    struct tsl_store *alone = open_store("alone");
    write_latents(alone, job);
    compare(alone, tsl_team_alone(), job);
    assert_same_bytes(together, alone);
    tsl_store_close(alone);
  }
  tsl_store_close(together);
  tsl_job_free(job);
}

static void test_added_seeds__compute_their_own_pairs_only(void **state) {
  (void)state;
  struct tsl_team *team = tsl_world_team(world);
  struct tsl_store *store = open_store("incremental"), *whole = open_store("together");
  static const char *const steps[] = {"seeds=[1, 3]", "seeds=[0, 1, 2, 3, 4]",
                                      "seeds=[0, 1, 2, 3, 4]"};
  static const int64_t computed[] = {21, 19 * 9 - 21, 0};
  int64_t metrics = 0;
  for (int step = 0; step < 3; step++) {
    struct tsl_job *job = make_job(steps[step], NULL);
    if (tsl_world_rank(world) == 0)
      write_latents(store, job);
    assert_int_equal(tsl_team_barrier(team, NULL), TSL_OK);
    struct tsl_compare_counts counts = compare(store, team, job);
    assert_int_equal(counts.pairs_computed, computed[step]);
    assert_int_equal(counts.pairs_reused, step == 0 ? 0 : step == 1 ? 21 : 19 * 9);
    if (step == 1)
      metrics = counts.metrics_computed + counts.metrics_reused;
    if (step == 2)
      assert_int_equal(counts.metrics_reused, metrics);
    tsl_job_free(job);
  }
  if (tsl_world_rank(world) == 0)
    assert_same_bytes(store, whole);
  assert_int_equal(tsl_team_barrier(team, NULL), TSL_OK);
  tsl_store_close(store);
  tsl_store_close(whole);
}

static const struct tsl_score_run *find(const struct tsl_scores *scores, int setting,
                                        int64_t seed, int *index) {
  for (int i = 0; i < scores->run_count; i++) {
    if (scores->runs[i].setting == setting && scores->runs[i].seed == seed) {
      *index = i;
      return &scores->runs[i];
    }
  }
  fail_msg("no run of setting %d with seed %d", setting, (int)seed);
  return NULL;
}

static void test_equal_runs__score_the_same_when_scored_twice(void **state) {
  (void)state;
  struct tsl_team *team = tsl_world_team(world);
  struct tsl_job *job = make_job_of(twins_text, "seeds=[3, 4]", NULL);
  struct tsl_store *once = open_store("twins_once"), *twice = open_store("twins_twice");
  if (tsl_world_rank(world) == 0) {
    write_latents(once, job);
    write_latents(twice, job);
  }
  assert_int_equal(tsl_team_barrier(team, NULL), TSL_OK);
  compare(once, team, job);
  compare(twice, team, job);
  struct tsl_compare_counts counts = compare(twice, team, job);
  assert_int_equal(counts.pairs_computed, 0);
  assert_int_equal(counts.pairs_reused, 6 * 5 / 2);
  if (tsl_world_rank(world) == 0) {
    assert_same_bytes(once, twice);
    struct tsl_scores scores = {0};
    assert_int_equal(tsl_scores_read(twice, &scores, NULL), TSL_OK);
    int one = 0, other = 0;
    assert_string_equal(find(&scores, 0, 3, &one)->digest,
                        find(&scores, 2, 3, &other)->digest);
    const double *u = scores.pairwise[TSL_SPEARMAN][TSL_UDR_LIB];
    assert_true(u[one * scores.run_count + other] > 0);
    tsl_scores_release(&scores);
  }
  assert_int_equal(tsl_team_barrier(team, NULL), TSL_OK);
  tsl_store_close(once);
  tsl_store_close(twice);
  tsl_job_free(job);
}

static double metric_of(const struct tsl_scores *scores, int run, const char *name) {
  for (int m = 0; m < scores->metric_count; m++)
    if (strcmp(scores->metric_names[m], name) == 0)
      return scores->metrics[run * scores->metric_count + m];
  fail_msg("no metric %s", name);
  return 0;
}

/* A family's own clusters are judged, on all latents, and those of the others by k-means
 * as ever. */
static void check_clusters(const struct tsl_scores *scores) {
  int own = 0, close = 0, other = 0;
  find(scores, 2, 3, &own);
  assert_int_equal(find(scores, 2, 4, &close)->informative, 0);
  const char *notes = find(scores, 0, 3, &other)->notes;
  assert_true(metric_of(scores, own, "clusters_used") == 2);
  assert_true(fabs(metric_of(scores, own, "acc_makhzani") - 50.0 / 60) < 1e-12);
  assert_true(fabs(metric_of(scores, own, "acc_hungarian") - 50.0 / 60) < 1e-12);
  assert_true(isfinite(metric_of(scores, own, "silhouette")));
  assert_true(isfinite(metric_of(scores, close, "silhouette")));
  assert_true(metric_of(scores, other, "clusters_used") == 2);
  assert_true(isfinite(metric_of(scores, other, "acc_hungarian")));
  assert_true(metric_of(scores, other, "acc_makhzani") >= 0.5);
  assert_null(strstr(notes, "acc_makhzani"));
}

static void test_clusters_of_a_family__are_judged_in_place_of_k_means(void **state) {
  (void)state;
  struct tsl_team *team = tsl_world_team(world);
  struct tsl_job *job = make_job_of(twins_text, "seeds=[3, 4]", NULL);
  struct tsl_store *together = open_store("clusters");
  with_clusters = "vae";
  if (tsl_world_rank(world) == 0)
    write_latents(together, job);
  assert_int_equal(tsl_team_barrier(team, NULL), TSL_OK);
  compare(together, team, job);
  if (tsl_world_rank(world) == 0) {
    struct tsl_store *alone = open_store("clusters_alone");
    struct tsl_scores scores = {0};
    write_latents(alone, job);
    compare(alone, tsl_team_alone(), job);
    assert_same_bytes(together, alone);
    assert_int_equal(tsl_scores_read(alone, &scores, NULL), TSL_OK);
    check_clusters(&scores);
    tsl_scores_release(&scores);
    tsl_store_close(alone);
  }
  with_clusters = "";
  assert_int_equal(tsl_team_barrier(team, NULL), TSL_OK);
  tsl_store_close(together);
  tsl_job_free(job);
}

static void set_version(struct tsl_store *store, int version) {
  char path[TSL_PATH_MAX];
  hid_t file =
      H5Fopen(tsl_store_path(store, TSL_STORE_SCORES, path), H5F_ACC_RDWR, H5P_DEFAULT);
  hid_t attribute = H5Aopen(file, "version", H5P_DEFAULT);
  assert_true(H5Awrite(attribute, H5T_NATIVE_INT, &version) >= 0);
  H5Aclose(attribute);
  H5Fclose(file);
}

static void test_older_scores__give_all_but_what_other_rules_made(void **state) {
  (void)state;
  struct tsl_team *team = tsl_world_team(world);
  struct tsl_job *job = make_job_of(twins_text, "seeds=[3, 4]", NULL);
  struct tsl_store *store = open_store("clusters");
  const int clustering = 9, runs = 6;
  struct tsl_compare_counts same = compare(store, team, job);
  if (tsl_world_rank(world) == 0) {
    assert_int_equal(same.metrics_computed, 0);
    set_version(store, 5);
  }
  assert_int_equal(tsl_team_barrier(team, NULL), TSL_OK);
  struct tsl_compare_counts counts = compare(store, team, job);
  assert_int_equal(counts.pairs_computed, 0);
  if (tsl_world_rank(world) == 0) {
    assert_int_equal(counts.metrics_computed, clustering * runs);
    assert_int_equal(counts.metrics_reused, same.metrics_reused - clustering * runs);
  }
  assert_int_equal(tsl_team_barrier(team, NULL), TSL_OK);
  tsl_store_close(store);
  tsl_job_free(job);
}

static void test_another_threshold__computes_everything_anew(void **state) {
  (void)state;
  struct tsl_job *job =
      make_job("seeds=[0, 1, 2, 3, 4]", "score.udr.informative_kl=0.02");
  struct tsl_store *store = open_store("incremental");
  struct tsl_compare_counts counts = compare(store, tsl_world_team(world), job);
  assert_int_equal(counts.pairs_reused, 0);
  assert_int_equal(counts.pairs_computed, 19 * 9);
  tsl_store_close(store);
  tsl_job_free(job);
}

static void test_odd_runs__are_told_and_scored_as_defined(void **state) {
  (void)state;
  struct tsl_store *store = open_store("together");
  struct tsl_scores scores = {0};
  int i;
  assert_int_equal(tsl_scores_read(store, &scores, NULL), TSL_OK);
  const double *udr = scores.udr[TSL_SPEARMAN][TSL_UDR_LIB][TSL_UDR_SETTING];
  const struct tsl_score_run *run = find(&scores, 2, 1, &i);
  assert_int_equal(run->latent, 0);
  assert_true(isnan(udr[i]));
  assert_non_null(strstr(run->notes, "no latents"));
  run = find(&scores, 1, 2, &i);
  assert_int_equal(run->informative, 0);
  assert_true(run->flagged);
  assert_true(udr[i] == 0);
  run = find(&scores, 2, 0, &i);
  assert_int_equal(run->informative, 4);
  assert_true(run->flagged);
  assert_true(udr[i] > 0);
  run = find(&scores, 1, 1, &i);
  assert_int_equal(run->informative, 5);
  assert_false(run->flagged);
  run = find(&scores, 3, 4, &i);
  assert_int_equal(run->latent, 3);
  assert_true(udr[i] > 0.1 && udr[i] <= 1);
  tsl_scores_release(&scores);
  tsl_store_close(store);
}

/* The failing members are given a folder without latents. */
static void expect_failure(const struct tsl_job *job,
                           bool (*fails)(int index, int size)) {
  struct tsl_team *team = tsl_world_team(world);
  int index = tsl_team_index(team), size = tsl_team_size(team);
  bool any = false;
  for (int i = 0; i < size; i++)
    any = any || fails(i, size);
  struct tsl_store *store = open_store(fails(index, size) ? "empty" : "together");
  struct tsl_error err = {0};
  enum tsl_status status = tsl_compare(store, team, job, NULL, NULL, &err);
  assert_int_equal(status != TSL_OK, any);
  if (any)
    assert_non_null(strstr(err.where, "empty/latents.h5"));
  tsl_store_close(store);
}

static bool first_fails(int index, int size) {
  (void)size;
  return index == 0;
}
static bool last_fails(int index, int size) {
  return index == size - 1;
}
static bool all_fail(int index, int size) {
  return index < size;
}
static bool none_fails(int index, int size) {
  return index >= size;
}

static void test_a_members_failure__is_everybodys(void **state) {
  (void)state;
  struct tsl_job *job = make_job("seeds=[0, 1, 2, 3, 4]", NULL);
  expect_failure(job, first_fails);
  expect_failure(job, last_fails);
  expect_failure(job, all_fail);
  expect_failure(job, none_fails);
  tsl_job_free(job);
}

/* One member is asked to stop, at the given look: false until then. */
static bool asked_later(void *context) {
  int *looks = context;
  return (*looks)-- <= 0;
}

static void test_a_member_asked_to_stop__ends_all_and_leaves_the_files(void **state) {
  (void)state;
  struct tsl_job *job = make_job("seeds=[0, 1, 2, 3, 4]", NULL);
  struct tsl_team *team = tsl_world_team(world);
  int index = tsl_team_index(team), size = tsl_team_size(team);
  struct tsl_store *store = open_store("stopped");
  if (index == 0)
    write_latents(store, job);
  tsl_team_barrier(team, NULL);
  struct tsl_error err = {0};
  char path[TSL_PATH_MAX];
  for (int first_look = 0; first_look < 3; first_look++) {
    int looks = index == size - 1 ? first_look : 1000000;
    const struct tsl_stop stop = {asked_later, &looks};
    assert_int_equal(tsl_compare(store, team, job, NULL, &stop, &err), TSL_INTERRUPTED);
    assert_false(tsl_file_exists(tsl_store_path(store, TSL_STORE_SCORES, path)));
    assert_false(tsl_file_exists(tsl_store_path(store, TSL_STORE_SCORES_CSV, path)));
  }
  tsl_store_close(store);
  tsl_job_free(job);
}

/* Until a stop comes late enough, whole rounds of metrics are done; none is done twice.
 */
static void test_interrupted_metrics__are_kept_for_the_next_call(void **state) {
  (void)state;
  struct tsl_job *job = make_job("seeds=[0, 1, 2, 3, 4]", NULL);
  struct tsl_team *team = tsl_world_team(world);
  int index = tsl_team_index(team), size = tsl_team_size(team), looks = 0;
  struct tsl_store *store = open_store("kept"), *whole = open_store("together");
  struct tsl_compare_counts all = {0}, rest = {0};
  struct tsl_error err = {0};
  char path[TSL_PATH_MAX];
  if (index == 0)
    write_latents(store, job);
  tsl_team_barrier(team, NULL);
  enum tsl_status status = TSL_INTERRUPTED;
  int interrupted = 0;
  for (int first_look = 20; status == TSL_INTERRUPTED && first_look < 200;
       first_look += 20) {
    looks = index == size - 1 ? first_look : 1000000;
    const struct tsl_stop stop = {asked_later, &looks};
    status = tsl_compare_counted(store, team, job, NULL, &stop, &rest, &err);
    interrupted += status == TSL_INTERRUPTED;
  }
  assert_int_equal(status, TSL_OK);
  assert_true(interrupted > 0);
  assert_false(tsl_file_exists(tsl_store_path(store, TSL_STORE_SCORES_UNFINISHED, path)));
  assert_int_equal(rest.pairs_computed, 0);
  assert_true(rest.metrics_reused > 0);
  all = compare(whole, team, job);
  assert_int_equal(rest.metrics_computed + rest.metrics_reused,
                   all.metrics_computed + all.metrics_reused);
  if (index == 0)
    assert_same_bytes(store, whole);
  tsl_team_barrier(team, NULL);
  tsl_store_close(whole);
  tsl_store_close(store);
  tsl_job_free(job);
}

static void test_missing_latents__are_every_members_error(void **state) {
  (void)state;
  struct tsl_job *job = make_job("seeds=[0]", NULL);
  struct tsl_store *store = open_store("empty");
  struct tsl_error err = {0};
  assert_int_not_equal(tsl_compare(store, tsl_world_team(world), job, NULL, NULL, &err),
                       TSL_OK);
  assert_non_null(strstr(err.where, "latents.h5"));
  tsl_store_close(store);
  tsl_job_free(job);
}

int main(int argc, char **argv) {
  struct tsl_error err = {0};
  snprintf(folder, sizeof folder, "/tmp/teasel-compare-%ld", (long)getppid());
  if (tsl_world_open(&argc, &argv, &world, &err) != TSL_OK)
    return 1;
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_scores__are_the_same_bytes_for_any_number_of_members),
      cmocka_unit_test(test_added_seeds__compute_their_own_pairs_only),
      cmocka_unit_test(test_equal_runs__score_the_same_when_scored_twice),
      cmocka_unit_test(test_clusters_of_a_family__are_judged_in_place_of_k_means),
      cmocka_unit_test(test_older_scores__give_all_but_what_other_rules_made),
      cmocka_unit_test(test_another_threshold__computes_everything_anew),
      cmocka_unit_test(test_odd_runs__are_told_and_scored_as_defined),
      cmocka_unit_test(test_a_members_failure__is_everybodys),
      cmocka_unit_test(test_a_member_asked_to_stop__ends_all_and_leaves_the_files),
      cmocka_unit_test(test_interrupted_metrics__are_kept_for_the_next_call),
      cmocka_unit_test(test_missing_latents__are_every_members_error),
  };
  int failed = cmocka_run_group_tests(tests, NULL, NULL);
  tsl_team_barrier(tsl_world_team(world), &err);
  if (tsl_world_rank(world) == 0) {
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    failed += system(command) != 0; /* NOLINT: a folder of this test */
  }
  tsl_world_close(world);
  return failed != 0;
}
