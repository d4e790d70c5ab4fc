/* The sampled KL against differences and against what it estimates. */
#include "graph_check.h"

enum { BATCH = 8, SHARDS = 4, LATENT = 3 };

struct parts {
  struct tsl_value x, mean, log_variance, kl;
};

static struct parts build(struct tsl_graph *graph, const struct tsl_shape *input) {
  const struct tsl_shape latent = shape1(LATENT);
  struct tsl_value x = tsl_graph_input(graph, input);
  struct parts parts = {
      .x = x,
      .mean = tsl_graph_dense(graph, x, "mean", LATENT, true, TSL_ACTIVATION_NONE),
      .log_variance =
          tsl_graph_dense(graph, x, "log_variance", LATENT, true, TSL_ACTIVATION_NONE)};
  struct tsl_value noise = tsl_graph_noise(graph, "z", TSL_NOISE_NORMAL, &latent);
  struct tsl_value z =
      tsl_graph_gaussian_sample(graph, parts.mean, parts.log_variance, noise);
  parts.kl =
      tsl_graph_sum(graph, tsl_graph_sampled_kl(graph, z, parts.log_variance, noise));
  return parts;
}

static void test_sampled_kl__matches_differences(void **state) {
  (void)state;
  const struct tsl_shape input = shape1(4);
  struct tsl_graph *graph = make_graph(BATCH, SHARDS);
  struct parts parts = build(graph, &input);
  tsl_graph_objective(graph, parts.kl, 1.5);
  finish_graph(graph, 11);
  float *batch = random_values(3, BATCH * 4, -1.0F, 1.0F);
  assert_true(gradient_error(graph, batch, 5e-3, 12) < 4e-3);
  free(batch);
  tsl_graph_free(graph);
}

static void test_sampled_kl__has_the_analytic_kl_as_its_mean(void **state) {
  (void)state;
  const struct tsl_shape input = shape1(4);
  struct tsl_graph *graph = make_graph(BATCH, SHARDS);
  struct parts parts = build(graph, &input);
  struct tsl_value analytic =
      tsl_graph_sum(graph, tsl_graph_gaussian_kl(graph, parts.mean, parts.log_variance));
  tsl_graph_objective(graph, parts.kl, 1);
  tsl_graph_term(graph, "sampled", parts.kl);
  tsl_graph_term(graph, "analytic", analytic);
  finish_graph(graph, 11);
  float *batch = random_values(3, BATCH * 4, -3.0F, 3.0F);
  double sampled = 0;
  double expected = 0;
  enum { DRAWS = 2000 };
  for (int64_t t = 0; t < DRAWS; t++) {
    double terms[3];
    struct tsl_step step = {.step = t, .seed = 5, .batch = batch, .terms = terms};
    assert_int_equal(tsl_graph_step(graph, tsl_team_alone(), &step, NULL), TSL_OK);
    sampled += terms[1] / DRAWS;
    expected = terms[2];
  }
  /* The deviation of one draw is below 2 nats; of the mean of 16,000 below 0.02. */
  assert_true(expected > 0.5);
  assert_true(fabs(sampled - expected) < 0.06);
  free(batch);
  tsl_graph_free(graph);
}

/* A step tells values of all its shards, as they are before the update. */
static void test_step__fetches_what_compute_gives_before_the_update(void **state) {
  (void)state;
  const struct tsl_shape input = shape1(4);
  struct tsl_graph *graph = make_graph(BATCH, SHARDS);
  struct parts parts = build(graph, &input);
  struct tsl_value whole = tsl_graph_batch_mean(graph, parts.kl);
  const struct tsl_ramp ramp = {.end = 1, .steps = 1};
  tsl_graph_objective(graph, tsl_graph_ramp_distance(graph, whole, &ramp), 1);
  finish_graph(graph, 11);
  const struct tsl_optimizer_options options = {.kind = TSL_OPTIMIZER_SGD,
                                                .learning_rate = 0.1};
  assert_int_equal(tsl_graph_optimizer(graph, &options, NULL), TSL_OK);
  float *batch = random_values(3, BATCH * 4, -1.0F, 1.0F);
  float expected[BATCH * LATENT];
  float got[BATCH * LATENT];
  const struct tsl_feed feed = {parts.x, batch};
  const struct tsl_fetch computed = {parts.mean, expected};
  const struct tsl_fetch fetched = {parts.mean, got};
  assert_int_equal(tsl_graph_compute(graph, &feed, 1, &computed, 1, BATCH, NULL), TSL_OK);
  double terms[1];
  struct tsl_step step = {.batch = batch,
                          .update = true,
                          .fetches = &fetched,
                          .fetch_count = 1,
                          .terms = terms};
  assert_int_equal(tsl_graph_step(graph, tsl_team_alone(), &step, NULL), TSL_OK);
  assert_memory_equal(got, expected, sizeof got);
  assert_int_equal(tsl_graph_compute(graph, &feed, 1, &computed, 1, BATCH, NULL), TSL_OK);
  assert_memory_not_equal(got, expected, sizeof got);

  const struct tsl_fetch none = {whole, got};
  step.fetches = &none;
  assert_int_equal(tsl_graph_step(graph, tsl_team_alone(), &step, NULL), TSL_INTERNAL);
  free(batch);
  tsl_graph_free(graph);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_sampled_kl__matches_differences),
      cmocka_unit_test(test_sampled_kl__has_the_analytic_kl_as_its_mean),
      cmocka_unit_test(test_step__fetches_what_compute_gives_before_the_update)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
