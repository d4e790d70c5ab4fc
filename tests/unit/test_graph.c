/* The graph as a whole: errors, parameters, shards, memory, computing, optimizers. */
#include "graph_check.h"

#include <malloc.h>

enum { BATCH = 8, SHARDS = 4 };

/* ---- errors ---- */

static void expect_failure(struct tsl_graph *graph, const char *where,
                           const char *words) {
  struct tsl_error err = {0};
  assert_int_equal(tsl_graph_finish(graph, &err), TSL_BAD_INPUT);
  assert_string_equal(err.where, where);
  assert_non_null(strstr(err.text, words));
  tsl_graph_free(graph);
}

static void test_finish__names_layer_and_shapes_of_the_first_error(void **state) {
  (void)state;
  struct tsl_shape in = shape3(3, 4, 4), target = shape1(40), flat = shape1(48);
  struct tsl_conv conv = {.filters = 4, .kernel = 7, .stride = 1, .pad = 1, .bias = true};
  struct tsl_graph *graph = make_graph(BATCH, SHARDS);
  struct tsl_value x = tsl_graph_input(graph, &in);
  x = tsl_graph_conv(graph, x, "encoder.0", &conv, TSL_ACTIVATION_RELU);
  x = tsl_graph_dense(graph, x, "encoder.1", 0, true, TSL_ACTIVATION_RELU);
  expect_failure(graph, "encoder.0", "(3, 4, 4)");
  graph = make_graph(BATCH, SHARDS);
  tsl_graph_reshape(graph, tsl_graph_input(graph, &in), &target);
  expect_failure(graph, "reshape", "(3, 4, 4) cannot be reshaped to (40)");
  graph = make_graph(BATCH, SHARDS);
  x = tsl_graph_reshape(graph, tsl_graph_input(graph, &in), &flat);
  tsl_graph_conv(graph, x, "encoder.1", &conv, TSL_ACTIVATION_NONE);
  expect_failure(graph, "encoder.1", "(48)");
}

static void test_create__refuses_shards_that_do_not_divide(void **state) {
  (void)state;
  struct tsl_graph *graph = NULL;
  struct tsl_error err = {0};
  const int64_t shapes[][2] = {{64, 3}, {60, 8}, {64, 0}, {0, 1}};
  for (int i = 0; i < 4; i++) {
    const struct tsl_graph_shape shape = {.batch = shapes[i][0], .shards = shapes[i][1]};
    assert_int_equal(tsl_graph_create(&shape, &graph, &err), TSL_BAD_INPUT);
  }
  assert_string_equal(err.where, "train.shards");
}

/* ---- a small autoencoder with everything blocked and padded ---- */

struct model {
  struct tsl_graph *graph;
  struct tsl_value x, code, output;
};

static struct model build(int64_t shards, bool synchronised) {
  struct model model = {.graph = make_graph(BATCH, shards)};
  struct tsl_graph *graph = model.graph;
  struct tsl_shape in = shape3(3, 16, 16), image = shape3(16, 4, 4);
  struct tsl_conv conv = {
      .filters = 16, .kernel = 4, .stride = 2, .pad = 1, .bias = true};
  model.x = tsl_graph_input(graph, &in);
  struct tsl_value h =
      tsl_graph_conv(graph, model.x, "encoder.0", &conv, TSL_ACTIVATION_RELU);
  conv.filters = 10;
  h = tsl_graph_conv(graph, h, "encoder.1", &conv, TSL_ACTIVATION_TANH);
  if (synchronised)
    h = tsl_graph_batch_norm(graph, h, "encoder.1.norm");
  model.code = tsl_graph_dense(graph, h, "mean", 5, true, TSL_ACTIVATION_NONE);
  h = tsl_graph_dense(graph, model.code, "decoder.0", 256, true, TSL_ACTIVATION_RELU);
  h = tsl_graph_reshape(graph, h, &image);
  conv.filters = 12;
  h = tsl_graph_deconv(graph, h, "decoder.1", &conv, TSL_ACTIVATION_RELU);
  conv.filters = 3;
  model.output = tsl_graph_deconv(graph, h, "decoder.2", &conv, TSL_ACTIVATION_NONE);
  struct tsl_value loss = tsl_graph_bernoulli(graph, model.output, model.x);
  tsl_graph_objective(graph, loss, 1);
  finish_graph(graph, 3);
  struct tsl_optimizer_options options = {.kind = TSL_OPTIMIZER_ADAM,
                                          .learning_rate = 1e-2,
                                          .beta1 = 0.9,
                                          .beta2 = 0.999,
                                          .epsilon = 1e-8};
  assert_int_equal(tsl_graph_optimizer(graph, &options, NULL), TSL_OK);
  return model;
}

static double train(struct tsl_graph *graph, int steps) {
  float *batch = random_values(5, (size_t)BATCH * 768, 0, 1);
  double terms[1];
  for (int i = 0; i < steps; i++) {
    struct tsl_step step = {.step = i, .batch = batch, .update = true, .terms = terms};
    assert_int_equal(tsl_graph_step(graph, tsl_team_alone(), &step, NULL), TSL_OK);
    assert_true(step.finite);
  }
  free(batch);
  return terms[0];
}

static void test_params__come_back_as_they_were_set(void **state) {
  (void)state;
  struct model model = build(SHARDS, false);
  for (int p = 0; p < tsl_graph_param_count(model.graph); p++) {
    size_t count = (size_t)tsl_graph_param(model.graph, p)->count;
    float *values = random_values((uint64_t)p, count, -1, 1);
    float *back = malloc(count * sizeof *back);
    tsl_graph_param_set(model.graph, p, values);
    tsl_graph_param_get(model.graph, p, back);
    assert_memory_equal(values, back, count * sizeof *values);
    free(values);
    free(back);
  }
  tsl_graph_free(model.graph);
}

static void test_initialise__is_uniform_within_one_over_root_fan(void **state) {
  (void)state;
  struct model model = build(SHARDS, false);
  /* decoder.1: a transposed weight (16, 12, 4, 4), whose fan is 12 * 16 in PyTorch */
  for (int p = 0; p < tsl_graph_param_count(model.graph); p++) {
    const struct tsl_param *param = tsl_graph_param(model.graph, p);
    if (strncmp(param->name, "decoder.1", 9) != 0)
      continue;
    assert_int_equal(param->fan_in, 12 * 16);
    float values[16 * 12 * 16], largest = 0;
    tsl_graph_param_get(model.graph, p, values);
    for (int64_t i = 0; i < param->count; i++)
      largest = fmaxf(largest, fabsf(values[i]));
    float bound = 1 / sqrtf(12 * 16);
    assert_true(largest <= bound && largest > 0.8F * bound);
  }
  tsl_graph_free(model.graph);
}

static void test_training__lowers_the_loss(void **state) {
  (void)state;
  for (int synchronised = 0; synchronised < 2; synchronised++) {
    struct model model = build(SHARDS, synchronised);
    double first = train(model.graph, 1), last = train(model.graph, 60);
    assert_true(last < 0.95 * first);
    tsl_graph_free(model.graph);
  }
}

/* Padded channels of blocked weights stay zero, or they would leak into sums. */
static void test_training__gives_the_same_bytes_again(void **state) {
  (void)state;
  struct model one = build(SHARDS, true), two = build(SHARDS, true);
  train(one.graph, 5);
  train(two.graph, 5);
  for (int p = 0; p < tsl_graph_param_count(one.graph); p++) {
    size_t bytes = (size_t)tsl_graph_param(one.graph, p)->count * sizeof(float);
    float *a = malloc(bytes), *b = malloc(bytes);
    tsl_graph_param_get(one.graph, p, a);
    tsl_graph_param_get(two.graph, p, b);
    assert_memory_equal(a, b, bytes);
    free(a);
    free(b);
  }
  tsl_graph_free(one.graph);
  tsl_graph_free(two.graph);
}

/* Reloading weights continues as if nothing had happened (with an optimizer without
 * state), so a step leaves nothing behind but weights. */
static void test_step__depends_on_weights_alone(void **state) {
  (void)state;
  struct model used = build(SHARDS, false), fresh = build(SHARDS, false);
  struct tsl_optimizer_options sgd = {.kind = TSL_OPTIMIZER_SGD, .learning_rate = 1e-3};
  tsl_graph_optimizer(used.graph, &sgd, NULL);
  tsl_graph_optimizer(fresh.graph, &sgd, NULL);
  train(used.graph, 3);
  for (int p = 0; p < tsl_graph_param_count(used.graph); p++) {
    size_t bytes = (size_t)tsl_graph_param(used.graph, p)->count * sizeof(float);
    float *values = malloc(bytes);
    tsl_graph_param_get(used.graph, p, values);
    tsl_graph_param_set(fresh.graph, p, values);
    free(values);
  }
  assert_true(train(used.graph, 2) == train(fresh.graph, 2));
  tsl_graph_free(used.graph);
  tsl_graph_free(fresh.graph);
}

/* Shards change the order of sums and nothing else. */
static void test_shards__agree_within_rounding(void **state) {
  (void)state;
  for (int synchronised = 0; synchronised < 2; synchronised++) {
    struct model one = build(1, synchronised), eight = build(8, synchronised);
    double a = train(one.graph, 3), b = train(eight.graph, 3);
    assert_true(fabs(a - b) < 1e-5 * fabs(a));
    tsl_graph_free(one.graph);
    tsl_graph_free(eight.graph);
  }
}

static void test_step__allocates_nothing_after_the_first(void **state) {
  (void)state;
  struct model model = build(SHARDS, true);
  float *batch = random_values(5, (size_t)BATCH * 768, 0, 1);
  double terms[1];
  size_t before = 0;
  for (int i = 0; i < 20; i++) {
    struct tsl_step step = {.step = i, .batch = batch, .update = true, .terms = terms};
    assert_int_equal(tsl_graph_step(model.graph, tsl_team_alone(), &step, NULL), TSL_OK);
    if (i == 0)
      before = mallinfo2().uordblks;
  }
  assert_int_equal(mallinfo2().uordblks, before);
  free(batch);
  tsl_graph_free(model.graph);
}

/* ---- computing ---- */

static void test_compute__gives_a_row_the_same_bytes_at_any_place(void **state) {
  (void)state;
  struct model model = build(SHARDS, true);
  enum { ROWS = 7 };
  float *batch = random_values(5, (size_t)ROWS * 768, 0, 1);
  float codes[ROWS * 5], one[5], *outputs = malloc(ROWS * 768 * sizeof(float)), *single;
  single = malloc(768 * sizeof(float));
  struct tsl_feed feed = {model.x, batch};
  struct tsl_fetch fetches[] = {{model.code, codes}, {model.output, outputs}};
  assert_int_equal(tsl_graph_compute(model.graph, &feed, 1, fetches, 2, ROWS, NULL),
                   TSL_OK);
  for (int row = 0; row < ROWS; row++) {
    feed.data = batch + (size_t)row * 768;
    fetches[0].data = one;
    fetches[1].data = single;
    assert_int_equal(tsl_graph_compute(model.graph, &feed, 1, fetches, 2, 1, NULL),
                     TSL_OK);
    assert_memory_equal(one, codes + (size_t)row * 5, sizeof one);
    assert_memory_equal(single, outputs + (size_t)row * 768, 768 * sizeof(float));
  }
  /* From the code alone, which is all that a traversal has. */
  feed.value = model.code;
  feed.data = codes;
  fetches[1].data = single;
  assert_int_equal(tsl_graph_compute(model.graph, &feed, 1, fetches + 1, 1, 1, NULL),
                   TSL_OK);
  assert_memory_equal(single, outputs, 768 * sizeof(float));
  free(batch);
  free(outputs);
  free(single);
  tsl_graph_free(model.graph);
}

static void test_compute__says_what_is_missing(void **state) {
  (void)state;
  struct model model = build(SHARDS, false);
  float code[5];
  struct tsl_fetch fetch = {model.code, code};
  struct tsl_error err = {0};
  assert_int_not_equal(tsl_graph_compute(model.graph, NULL, 0, &fetch, 1, 1, &err),
                       TSL_OK);
  assert_non_null(strstr(err.text, "input"));
  tsl_graph_free(model.graph);
}

/* ---- noise and dropout ---- */

static void test_noise__depends_on_seed_step_and_sample(void **state) {
  (void)state;
  double terms[3][9];
  for (int variant = 0; variant < 3; variant++) {
    struct tsl_graph *graph = make_graph(BATCH, SHARDS);
    struct tsl_shape in = shape1(2), wide = shape1(8);
    struct tsl_value x = tsl_graph_input(graph, &in);
    struct tsl_value zero = tsl_graph_dense(graph, x, "z", 8, true, TSL_ACTIVATION_NONE);
    struct tsl_value noise = tsl_graph_noise(graph, "z", TSL_NOISE_NORMAL, &wide);
    struct tsl_value z = tsl_graph_gaussian_sample(graph, zero, zero, noise);
    tsl_graph_objective(graph, tsl_graph_sum(graph, z), 1);
    tsl_graph_term(graph, "z", z);
    finish_graph(graph, 1);
    float batch[2 * BATCH] = {0};
    struct tsl_step step = {.step = variant == 1,
                            .seed = (uint64_t)(variant == 2),
                            .batch = batch,
                            .terms = terms[variant]};
    assert_int_equal(tsl_graph_step(graph, tsl_team_alone(), &step, NULL), TSL_OK);
    assert_string_equal(tsl_graph_noise_name(graph, 0), "z");
    tsl_graph_free(graph);
  }
  for (int i = 1; i < 9; i++) {
    assert_true(terms[0][i] != terms[1][i]);
    assert_true(terms[0][i] != terms[2][i]);
  }
}

static void test_dropout__keeps_the_mean_and_is_still_in_evaluation(void **state) {
  (void)state;
  struct tsl_graph *graph = make_graph(1, 1);
  struct tsl_shape in = shape1(1000);
  struct tsl_value x = tsl_graph_input(graph, &in);
  struct tsl_value y = tsl_graph_dropout(graph, x, 0.25);
  tsl_graph_term(graph, "y", y);
  tsl_graph_objective(graph, tsl_graph_sum(graph, y), 1);
  finish_graph(graph, 1);
  assert_string_equal(tsl_graph_noise_name(graph, 0), "dropout0_uniform");
  float batch[1000], out[1000];
  double terms[1001], kept = 0;
  for (int i = 0; i < 1000; i++)
    batch[i] = 3;
  pass(graph, batch, terms);
  for (int i = 1; i <= 1000; i++) {
    assert_true(terms[i] == 0 || terms[i] == 4);
    kept += terms[i] == 4;
  }
  assert_true(fabs(kept - 750) < 60);
  struct tsl_feed feed = {x, batch};
  struct tsl_fetch fetch = {y, out};
  assert_int_equal(tsl_graph_compute(graph, &feed, 1, &fetch, 1, 1, NULL), TSL_OK);
  assert_memory_equal(out, batch, sizeof out);
  tsl_graph_free(graph);
}

/* ---- optimizers ---- */

struct moments {
  double m, v;
};

static double update(const struct tsl_optimizer_options *o, struct moments *s, double g,
                     int t) {
  switch (o->kind) {
  case TSL_OPTIMIZER_ADAM:
    s->m = o->beta1 * s->m + (1 - o->beta1) * g;
    s->v = o->beta2 * s->v + (1 - o->beta2) * g * g;
    return o->learning_rate * (s->m / (1 - pow(o->beta1, t))) /
           (sqrt(s->v / (1 - pow(o->beta2, t))) + o->epsilon);
  case TSL_OPTIMIZER_ADAMAX:
    s->m = o->beta1 * s->m + (1 - o->beta1) * g;
    s->v = fmax(o->beta2 * s->v, fabs(g) + o->epsilon);
    return o->learning_rate / (1 - pow(o->beta1, t)) * s->m / s->v;
  case TSL_OPTIMIZER_SGD:
    s->m = o->momentum * s->m + g;
    return o->learning_rate * s->m;
  }
  return 0;
}

/* One dense unit on given inputs: its gradient is the input's mean, by sum as loss. */
static void test_optimizers__follow_their_formulas(void **state) {
  (void)state;
  const enum tsl_optimizer_kind kinds[] = {TSL_OPTIMIZER_ADAM, TSL_OPTIMIZER_ADAMAX,
                                           TSL_OPTIMIZER_SGD};
  for (int k = 0; k < 3; k++) {
    struct tsl_graph *graph = make_graph(1, 1);
    struct tsl_shape in = shape1(3);
    struct tsl_value x = tsl_graph_input(graph, &in);
    tsl_graph_objective(
        graph, tsl_graph_dense(graph, x, "unit", 1, false, TSL_ACTIVATION_NONE), 1);
    finish_graph(graph, 1);
    struct tsl_optimizer_options options = {.kind = kinds[k],
                                            .learning_rate = 0.02,
                                            .beta1 = 0.8,
                                            .beta2 = 0.95,
                                            .epsilon = 1e-3,
                                            .momentum = 0.7};
    assert_int_equal(tsl_graph_optimizer(graph, &options, NULL), TSL_OK);
    const float start[3] = {1, -2, 0.5F};
    double weights[3] = {1, -2, 0.5}, terms[1];
    struct moments moments[3] = {{0, 0}, {0, 0}, {0, 0}};
    tsl_graph_param_set(graph, 0, start);
    for (int t = 1; t <= 10; t++) {
      float *batch = random_values((uint64_t)t, 3, -1, 1);
      struct tsl_step step = {.batch = batch, .update = true, .terms = terms};
      assert_int_equal(tsl_graph_step(graph, tsl_team_alone(), &step, NULL), TSL_OK);
      for (int i = 0; i < 3; i++)
        weights[i] -= update(&options, &moments[i], (double)batch[i], t);
      free(batch);
    }
    float got[3];
    tsl_graph_param_get(graph, 0, got);
    for (int i = 0; i < 3; i++)
      assert_true(fabs((double)got[i] - weights[i]) < 2e-6);
    tsl_graph_free(graph);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_finish__names_layer_and_shapes_of_the_first_error),
      cmocka_unit_test(test_create__refuses_shards_that_do_not_divide),
      cmocka_unit_test(test_params__come_back_as_they_were_set),
      cmocka_unit_test(test_initialise__is_uniform_within_one_over_root_fan),
      cmocka_unit_test(test_training__lowers_the_loss),
      cmocka_unit_test(test_training__gives_the_same_bytes_again),
      cmocka_unit_test(test_step__depends_on_weights_alone),
      cmocka_unit_test(test_shards__agree_within_rounding),
      cmocka_unit_test(test_step__allocates_nothing_after_the_first),
      cmocka_unit_test(test_compute__gives_a_row_the_same_bytes_at_any_place),
      cmocka_unit_test(test_compute__says_what_is_missing),
      cmocka_unit_test(test_noise__depends_on_seed_step_and_sample),
      cmocka_unit_test(test_dropout__keeps_the_mean_and_is_still_in_evaluation),
      cmocka_unit_test(test_optimizers__follow_their_formulas),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
