/* Training in bfloat16 stays close to training in float32. */
#include "unit/graph_check.h"

#include <math.h>

enum { BATCH = 16, SHARDS = 4, STEPS = 40, LATENT = 4, PIXELS = 3 * 16 * 16 };

static struct tsl_graph *build(enum tsl_precision precision) {
  struct tsl_graph *graph = make_graph_in(BATCH, SHARDS, precision);
  const struct tsl_shape input = shape3(3, 16, 16), image = shape3(32, 4, 4);
  const struct tsl_shape latent = shape1(LATENT);
  struct tsl_conv conv = {16, 4, 2, 1, true};
  struct tsl_value x = tsl_graph_input(graph, &input);
  struct tsl_value h = tsl_graph_conv(graph, x, "e.0", &conv, TSL_ACTIVATION_RELU);
  conv.filters = 32;
  h = tsl_graph_conv(graph, h, "e.1", &conv, TSL_ACTIVATION_RELU);
  h = tsl_graph_dense(graph, h, "e.2", 64, true, TSL_ACTIVATION_RELU);
  struct tsl_value mean =
      tsl_graph_dense(graph, h, "m", LATENT, true, TSL_ACTIVATION_NONE);
  struct tsl_value log_variance =
      tsl_graph_dense(graph, h, "v", LATENT, true, TSL_ACTIVATION_NONE);
  struct tsl_value noise = tsl_graph_noise(graph, "z", TSL_NOISE_NORMAL, &latent);
  h = tsl_graph_gaussian_sample(graph, mean, log_variance, noise);
  h = tsl_graph_dense(graph, h, "d.0", 64, true, TSL_ACTIVATION_RELU);
  h = tsl_graph_dense(graph, h, "d.1", 512, true, TSL_ACTIVATION_RELU);
  h = tsl_graph_reshape(graph, h, &image);
  conv.filters = 16;
  h = tsl_graph_deconv(graph, h, "d.2", &conv, TSL_ACTIVATION_RELU);
  conv.filters = 3;
  h = tsl_graph_deconv(graph, h, "d.3", &conv, TSL_ACTIVATION_NONE);
  tsl_graph_objective(graph, tsl_graph_bernoulli(graph, h, x), 1);
  tsl_graph_objective(
      graph, tsl_graph_sum(graph, tsl_graph_gaussian_kl(graph, mean, log_variance)), 1);
  finish_graph(graph, 2);
  const struct tsl_optimizer_options adam = {.kind = TSL_OPTIMIZER_ADAM,
                                             .learning_rate = 2e-3,
                                             .beta1 = 0.9,
                                             .beta2 = 0.999,
                                             .epsilon = 1e-8};
  assert_int_equal(tsl_graph_optimizer(graph, &adam, NULL), TSL_OK);
  return graph;
}

/* Pictures of one brightness each, so that there is something to learn. losses: (STEPS)
 */
static void train(enum tsl_precision precision, double *losses) {
  struct tsl_graph *graph = build(precision);
  float *batch = random_values(1, BATCH * PIXELS, 0, 1);
  for (size_t i = 0; i < BATCH * PIXELS; i++)
    batch[i] = 0.1F * batch[i] + 0.9F * (float)(i / PIXELS) / BATCH;
  for (int64_t t = 0; t < STEPS; t++) {
    double terms[4];
    struct tsl_step step = {
        .step = t, .seed = 3, .batch = batch, .update = true, .terms = terms};
    assert_int_equal(tsl_graph_step(graph, tsl_team_alone(), &step, NULL), TSL_OK);
    losses[t] = terms[0];
  }
  free(batch);
  tsl_graph_free(graph);
}

static void test_losses__in_bfloat16_stay_close_to_those_in_float32(void **state) {
  (void)state;
  double whole[STEPS], rounded[STEPS];
  tsl_nn_start("", NULL);
  if (tsl_nn_precision_check(TSL_PRECISION_BFLOAT16, NULL) != TSL_OK)
    skip();
  train(TSL_PRECISION_FLOAT32, whole);
  train(TSL_PRECISION_BFLOAT16, rounded);
  assert_true(whole[STEPS - 1] < 0.95 * whole[0]);
  assert_true(rounded[0] != whole[0]); /* it is another arithmetic */
  for (int t = 0; t < STEPS; t++) {
    if (!(fabs(rounded[t] - whole[t]) < 0.01 * whole[t]))
      fail_msg("step %d: %g, in float32 %g", t, rounded[t], whole[t]);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_losses__in_bfloat16_stay_close_to_those_in_float32),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
