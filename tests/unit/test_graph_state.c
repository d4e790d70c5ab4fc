/* The state of training: what was taken from one graph and given to another goes on with
 * the same bytes, for every optimizer. */
#include "graph_check.h"

enum { BATCH = 8, SHARDS = 4, PIXELS = 3 * 16 * 16, HALF = 3 };

static const struct tsl_optimizer_options optimizers[] = {
    {TSL_OPTIMIZER_ADAM, 1e-2, 0.9, 0.999, 1e-8, 0},
    {TSL_OPTIMIZER_ADAMAX, 1e-2, 0.9, 0.999, 1e-8, 0},
    {TSL_OPTIMIZER_SGD, 1e-4, 0, 0, 0, 0.9}};
enum { OPTIMIZERS = sizeof optimizers / sizeof *optimizers };

/* Blocked, padded and plain layouts, running statistics, noise. */
static struct tsl_graph *build(const struct tsl_optimizer_options *optimizer,
                               uint64_t seed) {
  struct tsl_graph *graph = make_graph(BATCH, SHARDS);
  struct tsl_shape in = shape3(3, 16, 16), image = shape3(16, 4, 4), latent = shape1(5);
  struct tsl_conv conv = {.filters = 16, .kernel = 4, .stride = 2, .pad = 1};
  struct tsl_value x = tsl_graph_input(graph, &in);
  struct tsl_value h = tsl_graph_conv(graph, x, "encoder.0", &conv, TSL_ACTIVATION_NONE);
  h = tsl_graph_activate(graph, tsl_graph_batch_norm(graph, h, "encoder.0.norm"),
                         TSL_ACTIVATION_RELU);
  conv.filters = 10;
  conv.bias = true;
  h = tsl_graph_conv(graph, h, "encoder.1", &conv, TSL_ACTIVATION_TANH);
  h = tsl_graph_dropout(graph, h, 0.25);
  struct tsl_value mean = tsl_graph_dense(graph, h, "mean", 5, true, TSL_ACTIVATION_NONE);
  struct tsl_value log_variance =
      tsl_graph_dense(graph, h, "log_variance", 5, true, TSL_ACTIVATION_NONE);
  struct tsl_value noise = tsl_graph_noise(graph, "z", TSL_NOISE_NORMAL, &latent);
  h = tsl_graph_gaussian_sample(graph, mean, log_variance, noise);
  h = tsl_graph_dense(graph, h, "decoder.0", 256, true, TSL_ACTIVATION_RELU);
  h = tsl_graph_reshape(graph, h, &image);
  conv.filters = 12;
  h = tsl_graph_deconv(graph, h, "decoder.1", &conv, TSL_ACTIVATION_RELU);
  conv.filters = 3;
  h = tsl_graph_deconv(graph, h, "decoder.2", &conv, TSL_ACTIVATION_NONE);
  tsl_graph_objective(graph, tsl_graph_bernoulli(graph, h, x), 1);
  tsl_graph_objective(
      graph, tsl_graph_sum(graph, tsl_graph_gaussian_kl(graph, mean, log_variance)), 1);
  finish_graph(graph, seed);
  if (optimizer != NULL)
    assert_int_equal(tsl_graph_optimizer(graph, optimizer, NULL), TSL_OK);
  return graph;
}

static void train(struct tsl_graph *graph, int64_t begin, int64_t end) {
  double terms[1];
  for (int64_t i = begin; i < end; i++) {
    float *batch = random_values((uint64_t)i, (size_t)BATCH * PIXELS, 0, 1);
    struct tsl_step step = {
        .step = i, .seed = 7, .batch = batch, .update = true, .terms = terms};
    assert_int_equal(tsl_graph_step(graph, tsl_team_alone(), &step, NULL), TSL_OK);
    assert_true(step.finite);
    free(batch);
  }
}

/* The caller frees. */
static float *state_of(const struct tsl_graph *graph, int64_t *updates) {
  float *values = malloc((size_t)tsl_graph_state_floats(graph) * sizeof *values);
  struct tsl_error err = {0};
  assert_non_null(values);
  if (tsl_graph_state_get(graph, values, updates, &err) != TSL_OK)
    fail_msg("%s", err.text);
  return values;
}

static void compare(const struct tsl_graph *a, const struct tsl_graph *b) {
  int64_t updates_a = 0, updates_b = 0;
  float *one = state_of(a, &updates_a), *other = state_of(b, &updates_b);
  assert_int_equal(updates_a, updates_b);
  for (int i = 0; i < tsl_graph_state_count(a); i++) {
    struct tsl_state_part part = tsl_graph_state_part(a, i);
    if (memcmp(one + part.offset, other + part.offset,
               (size_t)part.param->count * sizeof *one) != 0)
      fail_msg("%s differs", part.name);
  }
  free(one);
  free(other);
}

static void test_state__goes_on_with_the_same_bytes_elsewhere(void **state) {
  (void)state;
  for (int i = 0; i < OPTIMIZERS; i++) {
    struct tsl_graph *whole = build(&optimizers[i], 1), *first = build(&optimizers[i], 1);
    struct tsl_graph *second = build(&optimizers[i], 2);
    int64_t updates = 0;
    train(whole, 0, 2 * HALF);
    train(first, 0, HALF);
    float *values = state_of(first, &updates);
    assert_int_equal(updates, HALF);
    tsl_graph_free(first);
    train(second, 0, 1); /* what it held is forgotten */
    assert_int_equal(tsl_graph_state_set(second, values, updates, NULL), TSL_OK);
    train(second, HALF, 2 * HALF);
    compare(whole, second);
    free(values);
    tsl_graph_free(whole);
    tsl_graph_free(second);
  }
}

/* Without this the test above could pass with a state that nothing depends on. */
static void test_state__without_moments_or_updates_goes_on_differently(void **state) {
  (void)state;
  struct tsl_graph *whole = build(&optimizers[0], 1), *other = build(&optimizers[0], 1);
  int64_t updates = 0, count = tsl_graph_state_floats(whole);
  train(whole, 0, HALF);
  float *values = state_of(whole, &updates);
  train(whole, HALF, HALF + 1);
  int64_t ignored = 0;
  float *expected = state_of(whole, &ignored);
  for (int change = 0; change < 2; change++) {
    float *changed = malloc((size_t)count * sizeof *changed);
    memcpy(changed, values, (size_t)count * sizeof *changed);
    for (int i = 0; change == 0 && i < tsl_graph_state_count(whole); i++) {
      struct tsl_state_part part = tsl_graph_state_part(whole, i);
      if (strncmp(part.name, "exp_avg_sq/", 11) == 0)
        memset(changed + part.offset, 0, (size_t)part.param->count * sizeof *changed);
    }
    assert_int_equal(tsl_graph_state_set(other, changed, updates - change, NULL), TSL_OK);
    train(other, HALF, HALF + 1);
    float *got = state_of(other, &ignored);
    assert_memory_not_equal(got, expected, (size_t)count * sizeof *got);
    free(changed);
    free(got);
  }
  free(values);
  free(expected);
  tsl_graph_free(whole);
  tsl_graph_free(other);
}

static void test_state__names_each_array_as_pytorch_does(void **state) {
  (void)state;
  static const char *const expected[OPTIMIZERS][2] = {
      {"exp_avg/encoder.1.weight", "exp_avg_sq/encoder.1.weight"},
      {"exp_avg/encoder.1.weight", "exp_inf/encoder.1.weight"},
      {"momentum_buffer/encoder.1.weight", "params/encoder.0.norm.running_mean"}};
  for (int k = 0; k < OPTIMIZERS; k++) {
    struct tsl_graph *graph = build(&optimizers[k], 1);
    int64_t offset = 0;
    int found = 0, statistics = 0;
    for (int i = 0; i < tsl_graph_state_count(graph); i++) {
      struct tsl_state_part part = tsl_graph_state_part(graph, i);
      assert_int_equal(part.offset, offset);
      offset += part.param->count;
      found += strcmp(part.name, expected[k][0]) == 0;
      found += strcmp(part.name, expected[k][1]) == 0;
      statistics += strstr(part.name, "running_") != NULL;
      if (strcmp(part.name, expected[k][0]) == 0)
        assert_int_equal(part.param->dims[0], 10); /* not the padded block of 16 */
    }
    assert_int_equal(offset, tsl_graph_state_floats(graph));
    assert_int_equal(found, 2);
    assert_int_equal(statistics, 2); /* no moments of running statistics */
    tsl_graph_free(graph);
  }
}

static void test_state__holds_the_parameters_as_they_are_got(void **state) {
  (void)state;
  struct tsl_graph *graph = build(&optimizers[0], 1);
  int64_t updates = 0;
  train(graph, 0, 2);
  float *values = state_of(graph, &updates);
  for (int i = 0; i < tsl_graph_param_count(graph); i++) {
    struct tsl_state_part part = tsl_graph_state_part(graph, i);
    size_t bytes = (size_t)part.param->count * sizeof(float);
    float *weights = malloc(bytes);
    tsl_graph_param_get(graph, i, weights);
    assert_memory_equal(weights, values + part.offset, bytes);
    free(weights);
  }
  free(values);
  tsl_graph_free(graph);
}

/* The loss of samples that are not trained on: nothing is changed, dropout is left out,
 * and of the same step it is the same number again. */
static void test_evaluation__changes_nothing(void **state) {
  (void)state;
  struct tsl_graph *graph = build(&optimizers[0], 1), *other = build(&optimizers[0], 1);
  float *batch = random_values(50, (size_t)BATCH * PIXELS, 0, 1);
  double before[1], again[1], training[1];
  struct tsl_step step = {
      .step = 9, .seed = 7, .batch = batch, .evaluate = true, .terms = before};
  train(graph, 0, HALF);
  train(other, 0, HALF);
  assert_int_equal(tsl_graph_step(graph, tsl_team_alone(), &step, NULL), TSL_OK);
  step.terms = again;
  step.update = true; /* is not heard */
  assert_int_equal(tsl_graph_step(graph, tsl_team_alone(), &step, NULL), TSL_OK);
  assert_true(before[0] == again[0] && step.finite);
  compare(graph, other);
  train(graph, HALF, 2 * HALF);
  train(other, HALF, 2 * HALF);
  compare(graph, other);
  step.evaluate = step.update = false;
  step.terms = training;
  assert_int_equal(tsl_graph_step(other, tsl_team_alone(), &step, NULL), TSL_OK);
  step.evaluate = true;
  step.terms = before;
  assert_int_equal(tsl_graph_step(other, tsl_team_alone(), &step, NULL), TSL_OK);
  assert_true(before[0] != training[0]); /* dropout, statistics of the batch */
  assert_true(fabs(before[0] - training[0]) < 0.5 * training[0]);
  free(batch);
  tsl_graph_free(graph);
  tsl_graph_free(other);
}

static void test_state__needs_an_optimizer(void **state) {
  (void)state;
  struct tsl_graph *graph = build(NULL, 1);
  float *values = calloc((size_t)tsl_graph_state_floats(graph), sizeof *values);
  int64_t updates = 0;
  struct tsl_error err = {0};
  assert_int_equal(tsl_graph_state_get(graph, values, &updates, &err), TSL_INTERNAL);
  assert_int_equal(tsl_graph_state_set(graph, values, 1, &err), TSL_INTERNAL);
  assert_non_null(strstr(err.text, "optimizer"));
  free(values);
  tsl_graph_free(graph);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_state__goes_on_with_the_same_bytes_elsewhere),
      cmocka_unit_test(test_state__without_moments_or_updates_goes_on_differently),
      cmocka_unit_test(test_state__names_each_array_as_pytorch_does),
      cmocka_unit_test(test_state__holds_the_parameters_as_they_are_got),
      cmocka_unit_test(test_evaluation__changes_nothing),
      cmocka_unit_test(test_state__needs_an_optimizer),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
