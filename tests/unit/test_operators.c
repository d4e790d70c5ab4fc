/* Every operator's gradient against finite differences of the total, with a layer with
 * weights before it, so that the operator's own backward pass is in the chain. */
#include "graph_check.h"

enum { BATCH = 8, SHARDS = 4 };

static const double tolerance = 4e-3;

/* A smooth total of x: sum of tanh(x) weighted by position, through a dense layer. */
static void smooth_objective(struct tsl_graph *graph, struct tsl_value x) {
  struct tsl_value mixed =
      tsl_graph_dense(graph, x, "mixed", 3, true, TSL_ACTIVATION_TANH);
  tsl_graph_objective(graph, tsl_graph_sum(graph, mixed), 1.5);
}

/* h: the difference's step. */
static void check_by(struct tsl_graph *graph, const struct tsl_shape *input, double h) {
  finish_graph(graph, 11);
  float *batch = random_values(3, (size_t)(BATCH * tsl_shape_count(input)), -1.0F, 1.0F);
  double error = gradient_error(graph, batch, h, 6);
  printf("largest relative error %.2g\n", error);
  assert_true(error < tolerance);
  free(batch);
  tsl_graph_free(graph);
}

static void check(struct tsl_graph *graph, const struct tsl_shape *input) {
  check_by(graph, input, 5e-3);
}

static void check_layer(const struct tsl_shape *input,
                        struct tsl_value (*build)(struct tsl_graph *graph,
                                                  struct tsl_value x)) {
  struct tsl_graph *graph = make_graph(BATCH, SHARDS);
  struct tsl_value x = build(graph, tsl_graph_input(graph, input));
  smooth_objective(graph, x);
  check(graph, input);
}

static struct tsl_value build_dense(struct tsl_graph *graph, struct tsl_value x) {
  x = tsl_graph_dense(graph, x, "first", 7, true, TSL_ACTIVATION_SIGMOID);
  return tsl_graph_dense(graph, x, "second", 5, false, TSL_ACTIVATION_ELU);
}

static void test_dense__matches_differences(void **state) {
  (void)state;
  struct tsl_shape input = shape1(6);
  check_layer(&input, build_dense);
}

static struct tsl_value build_conv(struct tsl_graph *graph, struct tsl_value x) {
  struct tsl_conv conv = {.filters = 5, .kernel = 4, .stride = 2, .pad = 1, .bias = true};
  x = tsl_graph_conv(graph, x, "first", &conv, TSL_ACTIVATION_TANH);
  conv.filters = 16;
  conv.kernel = 3;
  conv.stride = 1;
  x = tsl_graph_conv(graph, x, "second", &conv, TSL_ACTIVATION_ELU);
  conv.filters = 6;
  conv.bias = false;
  return tsl_graph_conv(graph, x, "third", &conv, TSL_ACTIVATION_SIGMOID);
}

static void test_conv__matches_differences(void **state) {
  (void)state;
  struct tsl_shape input = shape3(3, 8, 8);
  check_layer(&input, build_conv);
}

/* Channels that fill no block, one and three among them, after a layer. */
static struct tsl_value build_few(struct tsl_graph *graph, struct tsl_value x) {
  struct tsl_conv conv = {.filters = 3, .kernel = 3, .stride = 1, .pad = 1, .bias = true};
  x = tsl_graph_conv(graph, x, "three", &conv, TSL_ACTIVATION_TANH);
  conv.filters = 20;
  conv.kernel = 4;
  conv.stride = 2;
  x = tsl_graph_conv(graph, x, "twenty", &conv, TSL_ACTIVATION_TANH);
  conv.filters = 1;
  x = tsl_graph_deconv(graph, x, "one", &conv, TSL_ACTIVATION_TANH);
  conv.filters = 12;
  conv.kernel = 3;
  x = tsl_graph_conv(graph, x, "twelve", &conv, TSL_ACTIVATION_TANH);
  conv.filters = 9;
  x = tsl_graph_deconv(graph, x, "nine", &conv, TSL_ACTIVATION_TANH);
  conv.filters = 24;
  conv.kernel = 5;
  conv.pad = 2;
  conv.stride = 1;
  return tsl_graph_deconv(graph, x, "twenty-four", &conv, TSL_ACTIVATION_NONE);
}

static void test_few_channels__match_differences(void **state) {
  (void)state;
  struct tsl_shape input = shape3(2, 9, 10);
  check_layer(&input, build_few);
}

static struct tsl_value build_deconv(struct tsl_graph *graph, struct tsl_value x) {
  struct tsl_shape image = shape3(4, 2, 3);
  x = tsl_graph_dense(graph, x, "units", 24, true, TSL_ACTIVATION_TANH);
  x = tsl_graph_reshape(graph, x, &image);
  struct tsl_conv conv = {
      .filters = 16, .kernel = 4, .stride = 2, .pad = 1, .bias = true};
  x = tsl_graph_deconv(graph, x, "first", &conv, TSL_ACTIVATION_TANH);
  conv.filters = 5;
  x = tsl_graph_deconv(graph, x, "second", &conv, TSL_ACTIVATION_ELU);
  conv.filters = 3;
  conv.kernel = 3;
  conv.bias = false;
  return tsl_graph_deconv(graph, x, "third", &conv, TSL_ACTIVATION_NONE);
}

static void test_deconv__matches_differences(void **state) {
  (void)state;
  struct tsl_shape input = shape1(5);
  check_layer(&input, build_deconv);
}

/* Pictures of one pixel, as many as fill no block. */
static struct tsl_value build_pixel(struct tsl_graph *graph, struct tsl_value x) {
  struct tsl_shape pixel = shape3(20, 1, 1);
  x = tsl_graph_dense(graph, x, "units", 20, true, TSL_ACTIVATION_TANH);
  x = tsl_graph_reshape(graph, x, &pixel);
  struct tsl_conv conv = {
      .filters = 16, .kernel = 3, .stride = 1, .pad = 0, .bias = true};
  x = tsl_graph_deconv(graph, x, "pixel", &conv, TSL_ACTIVATION_TANH);
  conv.filters = 2;
  return tsl_graph_deconv(graph, x, "picture", &conv, TSL_ACTIVATION_NONE);
}

static void test_deconv_of_pixels__matches_differences(void **state) {
  (void)state;
  struct tsl_shape input = shape1(5);
  check_layer(&input, build_pixel);
}

/* Shards of more rows than a vector has places. */
static void test_deconv_of_many_pixels__matches_differences(void **state) {
  (void)state;
  struct tsl_shape input = shape1(5);
  struct tsl_graph *graph = make_graph(36, 2);
  smooth_objective(graph, build_pixel(graph, tsl_graph_input(graph, &input)));
  finish_graph(graph, 11);
  float *batch = random_values(3, 36 * 5, -1.0F, 1.0F);
  assert_true(gradient_error(graph, batch, 5e-3, 6) < tolerance);
  free(batch);
  tsl_graph_free(graph);
}

/* ReLU has a corner, so the units are kept on both sides of it by large biases. */
static struct tsl_value build_relu(struct tsl_graph *graph, struct tsl_value x) {
  struct tsl_conv conv = {
      .filters = 16, .kernel = 4, .stride = 2, .pad = 1, .bias = true};
  x = tsl_graph_conv(graph, x, "conv", &conv, TSL_ACTIVATION_RELU);
  x = tsl_graph_deconv(graph, x, "deconv", &conv, TSL_ACTIVATION_RELU);
  x = tsl_graph_dense(graph, x, "dense", 9, true, TSL_ACTIVATION_RELU);
  return tsl_graph_activate(graph, x, TSL_ACTIVATION_RELU);
}

static void test_relu__matches_differences(void **state) {
  (void)state;
  struct tsl_shape input = shape3(2, 4, 4);
  struct tsl_graph *graph = make_graph(BATCH, SHARDS);
  struct tsl_value x = build_relu(graph, tsl_graph_input(graph, &input));
  smooth_objective(graph, x);
  finish_graph(graph, 11);
  for (int p = 0; p < tsl_graph_param_count(graph); p++) {
    const struct tsl_param *param = tsl_graph_param(graph, p);
    if (param->rank != 1 || strncmp(param->name, "mixed", 5) == 0)
      continue;
    float bias[16] = {0};
    for (int64_t i = 0; i < param->count; i++)
      bias[i] = i % 2 == 0 ? 2.0F : -9.0F;
    tsl_graph_param_set(graph, p, bias);
  }
  float *batch = random_values(3, (size_t)(BATCH * 32), -1.0F, 1.0F);
  double error = gradient_error(graph, batch, 5e-3, 6);
  printf("largest relative error %.2g\n", error);
  assert_true(error < tolerance);
  free(batch);
  tsl_graph_free(graph);
}

static void add_vae_losses(struct tsl_graph *graph, struct tsl_value x,
                           struct tsl_value hidden) {
  struct tsl_shape latent = shape1(3);
  struct tsl_value mean =
      tsl_graph_dense(graph, hidden, "mean", 3, true, TSL_ACTIVATION_NONE);
  struct tsl_value log_variance =
      tsl_graph_dense(graph, hidden, "log_variance", 3, true, TSL_ACTIVATION_NONE);
  struct tsl_value noise = tsl_graph_noise(graph, "z", TSL_NOISE_NORMAL, &latent);
  struct tsl_value z = tsl_graph_gaussian_sample(graph, mean, log_variance, noise);
  int64_t count = tsl_graph_value_shape(graph, x).dims[0];
  struct tsl_value logits =
      tsl_graph_dense(graph, z, "output", count, true, TSL_ACTIVATION_NONE);
  struct tsl_value kl = tsl_graph_gaussian_kl(graph, mean, log_variance);
  tsl_graph_objective(graph, tsl_graph_bernoulli(graph, logits, x), 1.0);
  tsl_graph_objective(graph, tsl_graph_sum(graph, kl), 4.0);
  tsl_graph_objective(graph, tsl_graph_element(graph, kl, 1), 0.5);
  tsl_graph_term(graph, "kl_per_dim", kl);
}

static void test_vae_losses__match_differences(void **state) {
  (void)state;
  struct tsl_shape input = shape1(6);
  struct tsl_graph *graph = make_graph(BATCH, SHARDS);
  struct tsl_value x = tsl_graph_input(graph, &input);
  struct tsl_value hidden =
      tsl_graph_dense(graph, x, "hidden", 7, true, TSL_ACTIVATION_TANH);
  add_vae_losses(graph, x, hidden);
  check(graph, &input);
}

static struct tsl_value build_pool(struct tsl_graph *graph, struct tsl_value x) {
  struct tsl_conv conv = {
      .filters = 16, .kernel = 3, .stride = 1, .pad = 1, .bias = true};
  x = tsl_graph_conv(graph, x, "conv", &conv, TSL_ACTIVATION_TANH);
  x = tsl_graph_maxpool(graph, x, 3, 2, 1);
  conv.filters = 3;
  x = tsl_graph_conv(graph, x, "narrow", &conv, TSL_ACTIVATION_SIGMOID);
  return tsl_graph_maxpool(graph, x, 2, 1, 0);
}

/* A small step, so that no window's largest value changes within it. */
static void test_maxpool__matches_differences(void **state) {
  (void)state;
  struct tsl_shape input = shape3(2, 7, 6);
  struct tsl_graph *graph = make_graph(BATCH, SHARDS);
  smooth_objective(graph, build_pool(graph, tsl_graph_input(graph, &input)));
  check_by(graph, &input, 5e-4);
}

static struct tsl_value build_upsample(struct tsl_graph *graph, struct tsl_value x) {
  struct tsl_conv conv = {
      .filters = 16, .kernel = 3, .stride = 1, .pad = 1, .bias = true};
  x = tsl_graph_conv(graph, x, "conv", &conv, TSL_ACTIVATION_TANH);
  x = tsl_graph_upsample(graph, x, 2);
  conv.filters = 3;
  x = tsl_graph_conv(graph, x, "narrow", &conv, TSL_ACTIVATION_SIGMOID);
  return tsl_graph_upsample(graph, x, 3);
}

static void test_upsample__matches_differences(void **state) {
  (void)state;
  struct tsl_shape input = shape3(2, 3, 4);
  check_layer(&input, build_upsample);
}

static struct tsl_value build_dropout(struct tsl_graph *graph, struct tsl_value x) {
  x = tsl_graph_dense(graph, x, "first", 20, true, TSL_ACTIVATION_TANH);
  x = tsl_graph_dropout(graph, x, 0.3);
  x = tsl_graph_dense(graph, x, "second", 20, true, TSL_ACTIVATION_TANH);
  return tsl_graph_dropout(graph, x, 0.6);
}

static void test_dropout__matches_differences(void **state) {
  (void)state;
  struct tsl_shape input = shape1(6);
  check_layer(&input, build_dropout);
}

static struct tsl_value build_norm(struct tsl_graph *graph, struct tsl_value x) {
  struct tsl_conv conv = {.filters = 16, .kernel = 3, .stride = 2, .pad = 1};
  x = tsl_graph_conv(graph, x, "wide", &conv, TSL_ACTIVATION_NONE);
  x = tsl_graph_activate(graph, tsl_graph_batch_norm(graph, x, "wide.norm"),
                         TSL_ACTIVATION_TANH);
  conv.filters = 3;
  x = tsl_graph_conv(graph, x, "narrow", &conv, TSL_ACTIVATION_NONE);
  x = tsl_graph_activate(graph, tsl_graph_batch_norm(graph, x, "narrow.norm"),
                         TSL_ACTIVATION_ELU);
  x = tsl_graph_dense(graph, x, "dense", 5, false, TSL_ACTIVATION_NONE);
  return tsl_graph_batch_norm(graph, x, "dense.norm");
}

static void test_batch_norm__matches_differences(void **state) {
  (void)state;
  struct tsl_shape input = shape3(2, 6, 6);
  check_layer(&input, build_norm);
}

static void build_correlation(struct tsl_graph *graph, const struct tsl_shape *input,
                              enum tsl_estimator estimator) {
  struct tsl_shape latent = shape1(3);
  struct tsl_value x = tsl_graph_input(graph, input);
  struct tsl_value mean = tsl_graph_dense(graph, x, "mean", 3, true, TSL_ACTIVATION_NONE);
  struct tsl_value log_variance =
      tsl_graph_dense(graph, x, "log_variance", 3, true, TSL_ACTIVATION_NONE);
  struct tsl_value noise = tsl_graph_noise(graph, "z", TSL_NOISE_NORMAL, &latent);
  struct tsl_value z = tsl_graph_gaussian_sample(graph, mean, log_variance, noise);
  struct tsl_value terms =
      tsl_graph_total_correlation(graph, z, mean, log_variance, estimator, 100);
  tsl_graph_objective(graph, tsl_graph_element(graph, terms, 0), 1.0);
  tsl_graph_objective(graph, tsl_graph_element(graph, terms, 1), 6.0);
  tsl_graph_objective(graph, tsl_graph_element(graph, terms, 2), 0.5);
  struct tsl_value output =
      tsl_graph_dense(graph, z, "output", input->dims[0], true, TSL_ACTIVATION_NONE);
  tsl_graph_objective(graph, tsl_graph_squared_error(graph, output, x), 1.0);
}

static void test_total_correlation__matches_differences(void **state) {
  (void)state;
  struct tsl_shape input = shape1(4);
  const enum tsl_estimator estimators[] = {TSL_ESTIMATOR_MWS, TSL_ESTIMATOR_MSS};
  for (int i = 0; i < 2; i++) {
    struct tsl_graph *graph = make_graph(BATCH, SHARDS);
    build_correlation(graph, &input, estimators[i]);
    check(graph, &input);
  }
}

static void test_gaussian_likelihood__matches_differences(void **state) {
  (void)state;
  struct tsl_shape input = shape1(5);
  struct tsl_graph *graph = make_graph(BATCH, SHARDS);
  struct tsl_value x = tsl_graph_input(graph, &input);
  struct tsl_value mean = tsl_graph_dense(graph, x, "mean", 5, true, TSL_ACTIVATION_NONE);
  struct tsl_value log_variance =
      tsl_graph_dense(graph, x, "log_variance", 5, true, TSL_ACTIVATION_TANH);
  struct tsl_value loss = tsl_graph_gaussian_likelihood(graph, mean, log_variance, x);
  tsl_graph_objective(graph, loss, 1.0);
  check(graph, &input);
}

/* beta |KL - C| on both sides of C. */
static void test_ramp_distance__matches_differences(void **state) {
  (void)state;
  struct tsl_shape input = shape1(4);
  const double ends[] = {0.001, 50.0};
  for (int i = 0; i < 2; i++) {
    struct tsl_graph *graph = make_graph(BATCH, SHARDS);
    struct tsl_value x = tsl_graph_input(graph, &input);
    struct tsl_value mean =
        tsl_graph_dense(graph, x, "mean", 3, true, TSL_ACTIVATION_NONE);
    struct tsl_value log_variance =
        tsl_graph_dense(graph, x, "log_variance", 3, true, TSL_ACTIVATION_NONE);
    struct tsl_value kl = tsl_graph_gaussian_kl(graph, mean, log_variance);
    struct tsl_value whole = tsl_graph_batch_mean(graph, tsl_graph_sum(graph, kl));
    struct tsl_ramp ramp = {.end = ends[i], .steps = 10};
    tsl_graph_objective(graph, tsl_graph_ramp_distance(graph, whole, &ramp), 7.0);
    tsl_graph_term(graph, "kl", whole);
    smooth_objective(graph, mean);
    check(graph, &input);
  }
}

/* A posterior with joint samples against a mixture that its samples make. joint: 1 has no
 * operator of repetition. Returns the mixture's parts, (4 + 2). */
static struct tsl_value build_mixture(struct tsl_graph *graph,
                                      const struct tsl_shape *input, int64_t joint) {
  struct tsl_shape code = shape1(3);
  struct tsl_value x = tsl_graph_input(graph, input);
  struct tsl_value mean = tsl_graph_dense(graph, x, "mean", 3, true, TSL_ACTIVATION_NONE);
  struct tsl_value log_variance =
      tsl_graph_dense(graph, x, "log_variance", 3, true, TSL_ACTIVATION_TANH);
  struct tsl_mixture_inputs inputs = {.mean = tsl_graph_repeat(graph, mean, joint),
                                      .log_variance =
                                          tsl_graph_repeat(graph, log_variance, joint)};
  inputs.x = tsl_graph_gaussian_sample(
      graph, inputs.mean, inputs.log_variance,
      tsl_graph_joint_noise(graph, "x", TSL_NOISE_NORMAL, &code, joint));
  struct tsl_value w =
      tsl_graph_dense(graph, inputs.x, "prior", 6, true, TSL_ACTIVATION_TANH);
  inputs.component_mean =
      tsl_graph_dense(graph, w, "prior_mean", 12, true, TSL_ACTIVATION_NONE);
  inputs.component_log_variance =
      tsl_graph_dense(graph, w, "prior_log_variance", 12, true, TSL_ACTIVATION_TANH);
  return tsl_graph_mixture(graph, &inputs);
}

static void test_mixture__matches_differences(void **state) {
  (void)state;
  struct tsl_shape input = shape1(5);
  for (int64_t joint = 1; joint <= 3; joint += 2) {
    struct tsl_graph *graph = make_graph(BATCH, SHARDS);
    struct tsl_value parts = build_mixture(graph, &input, joint);
    tsl_graph_objective(graph, tsl_graph_element(graph, parts, 4), 1.0);
    tsl_graph_objective(graph, tsl_graph_element(graph, parts, 5), 3.0);
    smooth_objective(graph, tsl_graph_slice(graph, parts, 1, 2));
    check(graph, &input);
  }
}

/* Each of the two terms alone, in which the other cannot hide an error. */
static void test_mixture_terms__match_differences(void **state) {
  (void)state;
  struct tsl_shape input = shape1(5);
  for (int64_t term = 4; term <= 5; term++) {
    struct tsl_graph *graph = make_graph(BATCH, SHARDS);
    struct tsl_value parts = build_mixture(graph, &input, 2);
    tsl_graph_objective(graph, tsl_graph_element(graph, parts, term), 1.0);
    check(graph, &input);
  }
}

/* max(least, mean) on both sides of it. */
static void test_at_least__matches_differences(void **state) {
  (void)state;
  struct tsl_shape input = shape1(4);
  const double bounds[] = {1e-4, 50.0};
  for (int i = 0; i < 2; i++) {
    struct tsl_graph *graph = make_graph(BATCH, SHARDS);
    struct tsl_value parts = build_mixture(graph, &input, 2);
    struct tsl_value whole =
        tsl_graph_batch_mean(graph, tsl_graph_element(graph, parts, 5));
    tsl_graph_objective(graph, tsl_graph_at_least(graph, whole, bounds[i]), 7.0);
    smooth_objective(graph, tsl_graph_slice(graph, parts, 0, 2));
    check(graph, &input);
  }
}

/* C(step) x of joint samples, of the batch, and past the ramp's end. */
static void test_ramp_scale__matches_differences(void **state) {
  (void)state;
  struct tsl_shape input = shape1(4);
  const int64_t steps[] = {10, 2};
  for (int i = 0; i < 2; i++) {
    struct tsl_graph *graph = make_graph(BATCH, SHARDS);
    struct tsl_value parts = build_mixture(graph, &input, 2);
    const struct tsl_ramp ramp = {.end = 1.5, .steps = steps[i]};
    struct tsl_value mean =
        tsl_graph_batch_mean(graph, tsl_graph_element(graph, parts, 5));
    tsl_graph_objective(
        graph, tsl_graph_ramp_scale(graph, tsl_graph_element(graph, parts, 4), &ramp), 1);
    tsl_graph_objective(graph, tsl_graph_ramp_scale(graph, mean, &ramp), 7.0);
    check(graph, &input);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_dense__matches_differences),
      cmocka_unit_test(test_conv__matches_differences),
      cmocka_unit_test(test_few_channels__match_differences),
      cmocka_unit_test(test_deconv__matches_differences),
      cmocka_unit_test(test_deconv_of_pixels__matches_differences),
      cmocka_unit_test(test_deconv_of_many_pixels__matches_differences),
      cmocka_unit_test(test_relu__matches_differences),
      cmocka_unit_test(test_vae_losses__match_differences),
      cmocka_unit_test(test_maxpool__matches_differences),
      cmocka_unit_test(test_upsample__matches_differences),
      cmocka_unit_test(test_dropout__matches_differences),
      cmocka_unit_test(test_batch_norm__matches_differences),
      cmocka_unit_test(test_total_correlation__matches_differences),
      cmocka_unit_test(test_gaussian_likelihood__matches_differences),
      cmocka_unit_test(test_ramp_distance__matches_differences),
      cmocka_unit_test(test_mixture__matches_differences),
      cmocka_unit_test(test_mixture_terms__match_differences),
      cmocka_unit_test(test_at_least__matches_differences),
      cmocka_unit_test(test_ramp_scale__matches_differences),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
