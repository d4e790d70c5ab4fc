// ranks: 2 4 8
/* A step's bytes are the same whatever the number of ranks that share it: the whole world
 * as one team against each rank alone, with every synchronising operator in the graph. */
#include "unit/graph_check.h"

#include "nn/graph.h"
#include "teasel/team.h"

enum { BATCH = 16, SHARDS = 8, STEPS = 3, LATENT = 3, PIXELS = 3 * 8 * 8 };

static struct tsl_value build_decoder(struct tsl_graph *graph, struct tsl_value z) {
  struct tsl_shape pixel = shape3(20, 1, 1);
  struct tsl_conv first = {.filters = 16, .kernel = 2, .stride = 1, .pad = 0};
  struct tsl_conv wide = {
      .filters = 32, .kernel = 4, .stride = 2, .pad = 1, .bias = true};
  struct tsl_conv conv = {.filters = 3, .kernel = 4, .stride = 2, .pad = 1, .bias = true};
  struct tsl_value x =
      tsl_graph_dense(graph, z, "decoder.0", 20, false, TSL_ACTIVATION_NONE);
  x = tsl_graph_activate(graph, tsl_graph_batch_norm(graph, x, "decoder.0.norm"),
                         TSL_ACTIVATION_RELU);
  x = tsl_graph_reshape(graph, x, &pixel);
  x = tsl_graph_deconv(graph, x, "decoder.1", &first, TSL_ACTIVATION_RELU);
  x = tsl_graph_deconv(graph, x, "decoder.2", &wide, TSL_ACTIVATION_RELU);
  return tsl_graph_deconv(graph, x, "decoder.3", &conv, TSL_ACTIVATION_NONE);
}

static void give_optimizer(struct tsl_graph *graph) {
  struct tsl_optimizer_options options = {.kind = TSL_OPTIMIZER_ADAM,
                                          .learning_rate = 1e-2,
                                          .beta1 = 0.9,
                                          .beta2 = 0.999,
                                          .epsilon = 1e-8};
  assert_int_equal(tsl_graph_optimizer(graph, &options, NULL), TSL_OK);
}

static struct tsl_graph *build_in(enum tsl_precision precision) {
  struct tsl_graph *graph = make_graph_in(BATCH, SHARDS, precision);
  struct tsl_shape input = shape3(3, 8, 8), latent = shape1(LATENT);
  struct tsl_conv conv = {.filters = 16, .kernel = 4, .stride = 2, .pad = 1};
  struct tsl_value x = tsl_graph_input(graph, &input);
  struct tsl_value h = tsl_graph_conv(graph, x, "encoder.0", &conv, TSL_ACTIVATION_NONE);
  h = tsl_graph_activate(graph, tsl_graph_batch_norm(graph, h, "encoder.0.norm"),
                         TSL_ACTIVATION_RELU);
  conv.bias = true;
  h = tsl_graph_conv(graph, h, "encoder.1", &conv, TSL_ACTIVATION_RELU);
  h = tsl_graph_dense(graph, h, "encoder.2", 32, true, TSL_ACTIVATION_RELU);
  h = tsl_graph_dropout(graph, h, 0.25);
  struct tsl_value mean =
      tsl_graph_dense(graph, h, "mean", LATENT, true, TSL_ACTIVATION_NONE);
  struct tsl_value log_variance =
      tsl_graph_dense(graph, h, "log_variance", LATENT, true, TSL_ACTIVATION_NONE);
  struct tsl_value noise = tsl_graph_noise(graph, "z", TSL_NOISE_NORMAL, &latent);
  struct tsl_value z = tsl_graph_gaussian_sample(graph, mean, log_variance, noise);
  struct tsl_value logits = build_decoder(graph, z);
  struct tsl_value correlation =
      tsl_graph_total_correlation(graph, z, mean, log_variance, TSL_ESTIMATOR_MSS, 1000);
  struct tsl_value kl = tsl_graph_gaussian_kl(graph, mean, log_variance);
  struct tsl_value whole = tsl_graph_batch_mean(graph, tsl_graph_sum(graph, kl));
  struct tsl_ramp ramp = {.end = 2, .steps = 10};
  tsl_graph_objective(graph, tsl_graph_bernoulli(graph, logits, x), 1);
  tsl_graph_objective(graph, tsl_graph_element(graph, correlation, 1), 4);
  tsl_graph_objective(graph, tsl_graph_ramp_distance(graph, whole, &ramp), 10);
  tsl_graph_term(graph, "kl_per_dim", kl);
  tsl_graph_term(graph, "terms", correlation);
  tsl_graph_term_ramp(graph, "capacity", &ramp);
  finish_graph(graph, 4);
  give_optimizer(graph);
  return graph;
}

static struct tsl_graph *build(void) {
  return build_in(TSL_PRECISION_FLOAT32);
}

/* Steps [begin, end). terms: (numbers) of the last step. */
static void train(struct tsl_graph *graph, struct tsl_team *team, int64_t begin,
                  int64_t end, double *terms) {
  int64_t part = BATCH / tsl_team_size(team);
  for (int64_t step = begin; step < end; step++) {
    float *batch = random_values((uint64_t)step, BATCH * PIXELS, 0, 1);
    struct tsl_step now = {.step = step,
                           .seed = 9,
                           .batch = batch + tsl_team_index(team) * part * PIXELS,
                           .update = true,
                           .terms = terms};
    struct tsl_error err = {0};
    if (tsl_graph_step(graph, team, &now, &err) != TSL_OK)
      fail_msg("%s", err.text);
    assert_true(now.finite);
    free(batch);
  }
}

static void compare(const struct tsl_graph *alone, const struct tsl_graph *shared) {
  for (int p = 0; p < tsl_graph_param_count(alone); p++) {
    const struct tsl_param *param = tsl_graph_param(alone, p);
    size_t bytes = (size_t)param->count * sizeof(float);
    float *a = malloc(bytes), *b = malloc(bytes);
    tsl_graph_param_get(alone, p, a);
    tsl_graph_param_get(shared, p, b);
    if (memcmp(a, b, bytes) != 0)
      fail_msg("%s differs from that of one rank", param->name);
    free(a);
    free(b);
  }
}

/* Three joint samples through a decoder with batch normalisation, beside a mixture whose
 * term has a bound: every operator of a Gaussian-mixture VAE. */
static struct tsl_graph *build_mixture(void) {
  enum { K = 4, JOINT = 3 };
  struct tsl_graph *graph = make_graph(BATCH, SHARDS);
  struct tsl_shape input = shape3(3, 8, 8), latent = shape1(LATENT);
  struct tsl_value x = tsl_graph_input(graph, &input);
  struct tsl_value h =
      tsl_graph_dense(graph, x, "encoder.0", 32, true, TSL_ACTIVATION_TANH);
  struct tsl_value mean =
      tsl_graph_dense(graph, h, "mean", LATENT, true, TSL_ACTIVATION_NONE);
  struct tsl_value log_variance =
      tsl_graph_dense(graph, h, "log_variance", LATENT, true, TSL_ACTIVATION_NONE);
  struct tsl_mixture_inputs inputs = {.mean = tsl_graph_repeat(graph, mean, JOINT),
                                      .log_variance =
                                          tsl_graph_repeat(graph, log_variance, JOINT)};
  inputs.x = tsl_graph_gaussian_sample(
      graph, inputs.mean, inputs.log_variance,
      tsl_graph_joint_noise(graph, "x", TSL_NOISE_NORMAL, &latent, JOINT));
  struct tsl_value prior =
      tsl_graph_joint_noise(graph, "w", TSL_NOISE_NORMAL, &latent, JOINT);
  inputs.component_mean =
      tsl_graph_dense(graph, prior, "prior_mean", K * LATENT, true, TSL_ACTIVATION_NONE);
  inputs.component_log_variance = tsl_graph_dense(graph, prior, "prior_log_variance",
                                                  K * LATENT, true, TSL_ACTIVATION_NONE);
  struct tsl_value parts = tsl_graph_mixture(graph, &inputs);
  struct tsl_value z_prior = tsl_graph_element(graph, parts, K + 1);
  tsl_graph_objective(graph,
                      tsl_graph_bernoulli(graph, build_decoder(graph, inputs.x),
                                          tsl_graph_repeat(graph, x, JOINT)),
                      1);
  tsl_graph_objective(graph, tsl_graph_element(graph, parts, K), 1);
  tsl_graph_objective(
      graph, tsl_graph_at_least(graph, tsl_graph_batch_mean(graph, z_prior), 0.01), 5);
  tsl_graph_term(graph, "z_prior", z_prior);
  tsl_graph_term(graph, "parts", parts);
  finish_graph(graph, 4);
  give_optimizer(graph);
  return graph;
}

static void check_step(struct tsl_world *world, struct tsl_graph *alone,
                       struct tsl_graph *shared) {
  double terms_alone[16], terms_shared[16];
  assert_true(tsl_graph_term_numbers(alone) <= 16);
  train(alone, tsl_team_alone(), 0, STEPS, terms_alone);
  train(shared, tsl_world_team(world), 0, STEPS, terms_shared);
  for (int64_t i = 0; i < tsl_graph_term_numbers(alone); i++)
    assert_memory_equal(&terms_alone[i], &terms_shared[i], sizeof(double));
  compare(alone, shared);
  tsl_graph_free(alone);
  tsl_graph_free(shared);
}

static void test_step__has_the_bytes_of_one_rank(void **state) {
  check_step(*state, build(), build());
}

static void test_step_of_a_mixture__has_the_bytes_of_one_rank(void **state) {
  check_step(*state, build_mixture(), build_mixture());
}

static void test_step_in_bfloat16__has_the_bytes_of_one_rank(void **state) {
  tsl_nn_start("", NULL);
  if (tsl_nn_precision_check(TSL_PRECISION_BFLOAT16, NULL) != TSL_OK)
    skip();
  check_step(*state, build_in(TSL_PRECISION_BFLOAT16), build_in(TSL_PRECISION_BFLOAT16));
}

/* Together, then each alone, then together again. */
static void test_step__may_change_its_width(void **state) {
  struct tsl_team *team = tsl_world_team(*state);
  struct tsl_graph *alone = build(), *shared = build();
  double terms[16];
  train(alone, tsl_team_alone(), 0, 4, terms);
  train(shared, team, 0, 2, terms);
  assert_int_equal(tsl_graph_collect(shared, team, NULL), TSL_OK);
  train(shared, tsl_team_alone(), 2, 3, terms);
  train(shared, team, 3, 4, terms);
  compare(alone, shared);
  tsl_graph_free(alone);
  tsl_graph_free(shared);
}

static void test_step__refuses_a_state_that_was_not_collected(void **state) {
  struct tsl_graph *shared = build();
  struct tsl_error err = {0};
  double terms[16];
  train(shared, tsl_world_team(*state), 0, 1, terms);
  float *batch = random_values(1, BATCH * PIXELS, 0, 1);
  struct tsl_step step = {.batch = batch, .update = true, .terms = terms};
  assert_int_equal(tsl_graph_step(shared, tsl_team_alone(), &step, &err), TSL_INTERNAL);
  assert_non_null(strstr(err.text, "collected"));
  free(batch);
  tsl_graph_free(shared);
}

/* What one of a team takes after three steps goes on alone, elsewhere. */
static void test_state__is_that_of_one_rank_once_collected(void **state) {
  struct tsl_team *team = tsl_world_team(*state);
  struct tsl_graph *alone = build(), *shared = build(), *other = build();
  struct tsl_error err = {0};
  double terms[16];
  int64_t updates = 0;
  size_t bytes = (size_t)tsl_graph_state_floats(alone) * sizeof(float);
  float *one = malloc(bytes), *many = malloc(bytes);
  assert_non_null(one);
  assert_non_null(many);
  train(alone, tsl_team_alone(), 0, 3, terms);
  train(shared, team, 0, 3, terms);
  assert_int_equal(tsl_graph_state_get(shared, many, &updates, &err), TSL_INTERNAL);
  assert_non_null(strstr(err.text, "collected"));
  assert_int_equal(tsl_graph_collect(shared, team, NULL), TSL_OK);
  assert_int_equal(tsl_graph_state_get(shared, many, &updates, NULL), TSL_OK);
  assert_int_equal(updates, 3);
  assert_int_equal(tsl_graph_state_get(alone, one, &updates, NULL), TSL_OK);
  assert_memory_equal(one, many, bytes);
  assert_int_equal(tsl_graph_state_set(other, many, updates, NULL), TSL_OK);
  train(alone, tsl_team_alone(), 3, 5, terms);
  train(other, tsl_team_alone(), 3, 5, terms);
  train(shared, team, 3, 5, terms); /* and the team goes on, too */
  compare(alone, other);
  compare(alone, shared);
  free(one);
  free(many);
  tsl_graph_free(alone);
  tsl_graph_free(shared);
  tsl_graph_free(other);
}

/* The kernels of the members in `failing` (bits) fail: all hear the lowest one's error in
 * that step, none waits, no weight changes, and the next step works. */
static void check_failing(struct tsl_team *team, unsigned failing, int lowest) {
  struct tsl_graph *shared = build(), *untouched = build();
  struct tsl_error err = {.rank = -1};
  double terms[16];
  float *batch = random_values(1, BATCH * PIXELS, 0, 1);
  struct tsl_step step = {.batch = batch, .update = true, .terms = terms};
  shared->dnnl.failed = (failing >> tsl_team_index(team)) & 1;
  assert_int_equal(tsl_graph_step(shared, team, &step, &err), TSL_LIBRARY);
  assert_non_null(strstr(err.text, "oneDNN"));
  assert_int_equal(err.rank, lowest);
  assert_memory_equal(shared->weights, untouched->weights,
                      shared->trained * sizeof(float));
  train(shared, team, 0, 1, terms);
  free(batch);
  tsl_graph_free(shared);
  tsl_graph_free(untouched);
}

static void test_step__fails_on_all_when_it_fails_on_some(void **state) {
  struct tsl_team *team = tsl_world_team(*state);
  int last = tsl_team_size(team) - 1;
  check_failing(team, 1, 0);
  check_failing(team, 1U << last, last);
  check_failing(team, (2U << last) - 1, 0);
}

/* What members tell: nobody, the first, the last, all of them. */
static void test_step__all_hear_what_any_member_calls(void **state) {
  struct tsl_team *team = tsl_world_team(*state);
  int index = tsl_team_index(team), last = tsl_team_size(team) - 1;
  struct tsl_graph *shared = build(), *alone = build();
  const uint32_t high = (uint32_t)1 << 31;
  const uint32_t calls[] = {0, index == 0 ? 2 : 0, index == last ? high : 0,
                            (uint32_t)1 << index};
  const uint32_t heard[] = {0, 2, high, ((uint32_t)2 << last) - 1};
  double terms[16];
  for (int i = 0; i < 4; i++) {
    float *batch = random_values((uint64_t)i, BATCH * PIXELS, 0, 1);
    struct tsl_step step = {.step = i,
                            .seed = 9,
                            .batch = batch + index * BATCH / (last + 1) * PIXELS,
                            .update = true,
                            .calls = calls[i],
                            .terms = terms};
    assert_int_equal(tsl_graph_step(shared, team, &step, NULL), TSL_OK);
    assert_int_equal(step.heard, heard[i]);
    free(batch);
  }
  train(alone, tsl_team_alone(), 0, 4, terms);
  compare(alone, shared);
  tsl_graph_free(alone);
  tsl_graph_free(shared);
}

int main(int argc, char **argv) {
  struct tsl_world *world = NULL;
  if (tsl_world_open(&argc, &argv, &world, NULL) != TSL_OK ||
      tsl_nn_start("", NULL) != TSL_OK)
    return 1;
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_prestate(test_step__has_the_bytes_of_one_rank, world),
      cmocka_unit_test_prestate(test_step_of_a_mixture__has_the_bytes_of_one_rank, world),
      cmocka_unit_test_prestate(test_step_in_bfloat16__has_the_bytes_of_one_rank, world),
      cmocka_unit_test_prestate(test_step__may_change_its_width, world),
      cmocka_unit_test_prestate(test_state__is_that_of_one_rank_once_collected, world),
      cmocka_unit_test_prestate(test_step__fails_on_all_when_it_fails_on_some, world),
      cmocka_unit_test_prestate(test_step__all_hear_what_any_member_calls, world),
      cmocka_unit_test_prestate(test_step__refuses_a_state_that_was_not_collected, world),
  };
  int failed = cmocka_run_group_tests(tests, NULL, NULL);
  tsl_world_close(world);
  return failed;
}
