/* What operators compute, against plain loops in double precision, on shapes that oneDNN
 * blocks (16 channels) and pads (5 channels). */
#include "graph_check.h"

enum { BATCH = 4, SHARDS = 2 };

struct plan {
  struct tsl_shape in, out;
  struct tsl_conv conv;
};

static int64_t at3(const struct tsl_shape *shape, int64_t c, int64_t y, int64_t x) {
  return (c * shape->dims[1] + y) * shape->dims[2] + x;
}

/* One row. weight: (filters, in channels, k, k); y: (out) */
static void plain_conv(const struct plan *plan, const float *x, const float *weight,
                       const float *bias, double *y) {
  int64_t k = plan->conv.kernel, channels = plan->in.dims[0];
  for (int64_t o = 0; o < plan->out.dims[0]; o++)
    for (int64_t i = 0; i < plan->out.dims[1]; i++)
      for (int64_t j = 0; j < plan->out.dims[2]; j++) {
        double sum = (double)bias[o];
        for (int64_t c = 0; c < channels; c++)
          for (int64_t a = 0; a < k; a++)
            for (int64_t b = 0; b < k; b++) {
              int64_t row = i * plan->conv.stride - plan->conv.pad + a;
              int64_t col = j * plan->conv.stride - plan->conv.pad + b;
              if (row >= 0 && row < plan->in.dims[1] && col >= 0 &&
                  col < plan->in.dims[2])
                sum += (double)x[at3(&plan->in, c, row, col)] *
                       (double)weight[((o * channels + c) * k + a) * k + b];
            }
        y[at3(&plan->out, o, i, j)] = sum;
      }
}

/* One row. weight: (in channels, filters, k, k): every input spreads over the output. */
static void plain_deconv(const struct plan *plan, const float *x, const float *weight,
                         const float *bias, double *y) {
  int64_t k = plan->conv.kernel, filters = plan->conv.filters;
  for (int64_t i = 0; i < tsl_shape_count(&plan->out); i++)
    y[i] = (double)bias[i / (plan->out.dims[1] * plan->out.dims[2])];
  for (int64_t c = 0; c < plan->in.dims[0]; c++)
    for (int64_t i = 0; i < plan->in.dims[1]; i++)
      for (int64_t j = 0; j < plan->in.dims[2]; j++)
        for (int64_t o = 0; o < filters; o++)
          for (int64_t a = 0; a < k; a++)
            for (int64_t b = 0; b < k; b++) {
              int64_t row = i * plan->conv.stride - plan->conv.pad + a;
              int64_t col = j * plan->conv.stride - plan->conv.pad + b;
              if (row >= 0 && row < plan->out.dims[1] && col >= 0 &&
                  col < plan->out.dims[2])
                y[at3(&plan->out, o, row, col)] +=
                    (double)x[at3(&plan->in, c, i, j)] *
                    (double)weight[((c * filters + o) * k + a) * k + b];
            }
}

static void compare(const float *got, const double *expected, int64_t count) {
  double scale = 0;
  for (int64_t i = 0; i < count; i++)
    scale = fmax(scale, fabs(expected[i]));
  for (int64_t i = 0; i < count; i++) {
    if (!(fabs((double)got[i] - expected[i]) <= 2e-6 * scale))
      fail_msg("element %d: %.9g, expected %.9g", (int)i, (double)got[i], expected[i]);
  }
}

/* x: (rows, in), result: (rows, out) */
static void compute(struct tsl_graph *graph, struct tsl_value in, const float *x,
                    struct tsl_value out, float *y, int64_t rows) {
  struct tsl_feed feed = {in, x};
  struct tsl_fetch fetch = {out, y};
  struct tsl_error err = {0};
  if (tsl_graph_compute(graph, &feed, 1, &fetch, 1, rows, &err) != TSL_OK)
    fail_msg("%s", err.text);
}

static void check_conv(const struct tsl_shape *in, const struct tsl_conv *conv,
                       bool transposed) {
  struct tsl_graph *graph = make_graph(BATCH, SHARDS);
  struct tsl_value x = tsl_graph_input(graph, in);
  struct tsl_value y =
      transposed ? tsl_graph_deconv(graph, x, "layer", conv, TSL_ACTIVATION_RELU)
                 : tsl_graph_conv(graph, x, "layer", conv, TSL_ACTIVATION_RELU);
  tsl_graph_objective(graph, tsl_graph_sum(graph, y), 1);
  finish_graph(graph, 6);
  const struct plan plan = {*in, tsl_graph_value_shape(graph, y), *conv};
  int64_t ins = tsl_shape_count(&plan.in), outs = tsl_shape_count(&plan.out);
  size_t weights = (size_t)tsl_graph_param(graph, 0)->count;
  float *batch = random_values(2, (size_t)(5 * ins), -1, 1);
  float *weight = random_values(3, weights, -1, 1);
  float *bias = random_values(4, (size_t)conv->filters, -1, 1);
  float *result = malloc((size_t)(5 * outs) * sizeof *result);
  double *expected = malloc((size_t)(5 * outs) * sizeof *expected);
  tsl_graph_param_set(graph, 0, weight);
  tsl_graph_param_set(graph, 1, bias);
  compute(graph, x, batch, y, result, 5);
  for (int64_t row = 0; row < 5; row++)
    (transposed ? plain_deconv : plain_conv)(&plan, batch + row * ins, weight, bias,
                                             expected + row * outs);
  for (int64_t i = 0; i < 5 * outs; i++)
    expected[i] = fmax(expected[i], 0);
  compare(result, expected, 5 * outs);
  free(batch);
  free(weight);
  free(bias);
  free(result);
  free(expected);
  tsl_graph_free(graph);
}

static void test_conv__equals_plain_loops(void **state) {
  (void)state;
  const struct {
    struct tsl_shape in;
    struct tsl_conv conv;
  } cases[] = {
      {{3, {3, 16, 16}}, {16, 4, 2, 1, true}}, {{3, {16, 8, 8}}, {32, 4, 2, 1, true}},
      {{3, {5, 7, 9}}, {6, 3, 2, 1, true}},    {{3, {16, 6, 6}}, {5, 3, 1, 0, true}},
      {{3, {1, 5, 5}}, {2, 5, 1, 2, true}},    {{3, {48, 8, 8}}, {48, 4, 2, 1, true}},
      {{3, {4, 5, 5}}, {6, 1, 1, 1, true}},    {{3, {16, 7, 7}}, {16, 2, 3, 0, true}},
      {{3, {8, 6, 5}}, {3, 4, 1, 2, true}},    {{3, {24, 9, 9}}, {1, 6, 4, 1, true}},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    check_conv(&cases[i].in, &cases[i].conv, false);
    check_conv(&cases[i].in, &cases[i].conv, true);
  }
}

/* Pictures of one pixel, to whole blocks of filters and to others. */
static void test_deconv_of_pixels__equals_plain_loops(void **state) {
  (void)state;
  const struct {
    struct tsl_shape in;
    struct tsl_conv conv;
  } cases[] = {
      {{3, {20, 1, 1}}, {32, 3, 1, 0, true}},
      {{3, {5, 1, 1}}, {16, 9, 2, 0, true}},
      {{3, {16, 1, 1}}, {12, 4, 1, 0, true}},
      {{3, {7, 1, 1}}, {16, 4, 2, 1, true}},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
    check_conv(&cases[i].in, &cases[i].conv, true);
}

static void test_dense__equals_plain_loops(void **state) {
  (void)state;
  struct tsl_graph *graph = make_graph(BATCH, SHARDS);
  struct tsl_shape in = shape3(3, 2, 5);
  struct tsl_value x = tsl_graph_input(graph, &in);
  struct tsl_value y = tsl_graph_dense(graph, x, "d", 7, true, TSL_ACTIVATION_NONE);
  tsl_graph_objective(graph, tsl_graph_sum(graph, y), 1);
  finish_graph(graph, 6);
  float *batch = random_values(2, 90, -1, 1), *weight = random_values(3, 210, -1, 1);
  float *bias = random_values(4, 7, -1, 1), result[21];
  double expected[21];
  tsl_graph_param_set(graph, 0, weight);
  tsl_graph_param_set(graph, 1, bias);
  compute(graph, x, batch, y, result, 3);
  for (int row = 0; row < 3; row++)
    for (int o = 0; o < 7; o++) {
      expected[row * 7 + o] = (double)bias[o];
      for (int i = 0; i < 30; i++)
        expected[row * 7 + o] += (double)batch[row * 30 + i] * (double)weight[o * 30 + i];
    }
  compare(result, expected, 21);
  free(batch);
  free(weight);
  free(bias);
  tsl_graph_free(graph);
}

/* The largest of a window of the (padded) plane; a window of ReLU zeros has equals, whose
 * gradient goes to the first. */
static void test_maxpool__takes_the_first_of_equals(void **state) {
  (void)state;
  struct tsl_graph *graph = make_graph(1, 1);
  struct tsl_shape in = shape1(3), image = shape3(1, 3, 3);
  struct tsl_value x = tsl_graph_input(graph, &in);
  struct tsl_value plane = tsl_graph_dense(graph, x, "d", 9, true, TSL_ACTIVATION_NONE);
  struct tsl_value y =
      tsl_graph_maxpool(graph, tsl_graph_reshape(graph, plane, &image), 2, 2, 1);
  tsl_graph_objective(graph, tsl_graph_sum(graph, y), 1);
  finish_graph(graph, 6);
  const float weight[27] = {0}, bias[9] = {-1, 2, 2, 3, 0, 0, -5, 0, 0};
  const float batch[3] = {0}, expected[4] = {-1, 2, 3, 0};
  const float gradient_expected[9] = {1, 1, 0, 1, 1, 0, 0, 0, 0};
  float result[4], gradient[9];
  double terms[1];
  tsl_graph_param_set(graph, 0, weight);
  tsl_graph_param_set(graph, 1, bias);
  compute(graph, x, batch, y, result, 1);
  assert_memory_equal(result, expected, sizeof expected);
  pass(graph, batch, terms);
  tsl_graph_gradient_get(graph, 1, gradient);
  assert_memory_equal(gradient, gradient_expected, sizeof gradient);
  tsl_graph_free(graph);
}

static void test_upsample__repeats_pixels(void **state) {
  (void)state;
  struct tsl_graph *graph = make_graph(1, 1);
  struct tsl_shape in = shape3(2, 1, 2);
  struct tsl_value x = tsl_graph_input(graph, &in);
  struct tsl_value y = tsl_graph_upsample(graph, x, 2);
  tsl_graph_objective(graph, tsl_graph_sum(graph, y), 1);
  finish_graph(graph, 6);
  const float batch[4] = {1, 2, 3, 4};
  const float expected[16] = {1, 1, 2, 2, 1, 1, 2, 2, 3, 3, 4, 4, 3, 3, 4, 4};
  float result[16];
  compute(graph, x, batch, y, result, 1);
  assert_memory_equal(result, expected, sizeof expected);
  tsl_graph_free(graph);
}

/* (x - mean) / sqrt(var + 1e-5) over the batch in a step; running statistics 0.9, 0.1
 * with the unbiased variance; and those in evaluation. */
static void test_batch_norm__normalises_and_keeps_statistics(void **state) {
  (void)state;
  struct tsl_graph *graph = make_graph(BATCH, SHARDS);
  struct tsl_shape in = shape3(2, 1, 2);
  struct tsl_value x = tsl_graph_input(graph, &in);
  struct tsl_value y = tsl_graph_batch_norm(graph, x, "norm");
  struct tsl_value squares = tsl_graph_squared_error(graph, y, x);
  tsl_graph_objective(graph, squares, 1);
  finish_graph(graph, 6);
  struct tsl_optimizer_options still = {.kind = TSL_OPTIMIZER_SGD};
  assert_int_equal(tsl_graph_optimizer(graph, &still, NULL), TSL_OK);
  float *batch = random_values(2, BATCH * 4, -1, 3);
  double terms[1], expected = 0, means[2], variances[2];
  struct tsl_step step = {.batch = batch, .update = true, .terms = terms};
  assert_int_equal(tsl_graph_step(graph, tsl_team_alone(), &step, NULL), TSL_OK);
  for (int c = 0; c < 2; c++) {
    double mean = 0, variance = 0;
    for (int i = 0; i < 2 * BATCH; i++)
      mean += (double)batch[i / 2 * 4 + c * 2 + i % 2] / (2 * BATCH);
    for (int i = 0; i < 2 * BATCH; i++)
      variance += pow((double)batch[i / 2 * 4 + c * 2 + i % 2] - mean, 2) / (2 * BATCH);
    for (int i = 0; i < 2 * BATCH; i++) {
      double value = (double)batch[i / 2 * 4 + c * 2 + i % 2];
      expected += pow((value - mean) / sqrt(variance + 1e-5) - value, 2) / BATCH;
    }
    means[c] = 0.1 * mean;
    variances[c] = 0.9 + 0.1 * variance * (2 * BATCH) / (2 * BATCH - 1);
  }
  assert_true(fabs(terms[0] - expected) < 1e-5 * expected);
  float running[2], result[4];
  double evaluated[4];
  tsl_graph_param_get(graph, 2, running);
  compare(running, means, 2);
  tsl_graph_param_get(graph, 3, running);
  compare(running, variances, 2);
  compute(graph, x, batch, y, result, 1);
  for (int i = 0; i < 4; i++)
    evaluated[i] = ((double)batch[i] - means[i / 2]) / sqrt(variances[i / 2] + 1e-5);
  compare(result, evaluated, 4);
  free(batch);
  tsl_graph_free(graph);
}

/* Reported terms against the formulas in double precision. */
static void test_likelihoods__equal_their_formulas(void **state) {
  (void)state;
  enum { D = 70 };
  struct tsl_graph *graph = make_graph(1, 1);
  struct tsl_shape in = shape1(D);
  struct tsl_value x = tsl_graph_input(graph, &in);
  struct tsl_value l = tsl_graph_dense(graph, x, "l", D, true, TSL_ACTIVATION_NONE);
  struct tsl_value v = tsl_graph_dense(graph, x, "v", D, true, TSL_ACTIVATION_NONE);
  tsl_graph_term(graph, "bernoulli", tsl_graph_bernoulli(graph, l, x));
  tsl_graph_term(graph, "squared", tsl_graph_squared_error(graph, l, x));
  tsl_graph_term(graph, "gaussian", tsl_graph_gaussian_likelihood(graph, l, v, x));
  tsl_graph_term(graph, "kl", tsl_graph_sum(graph, tsl_graph_gaussian_kl(graph, l, v)));
  tsl_graph_objective(graph, tsl_graph_sum(graph, v), 1);
  finish_graph(graph, 6);
  float *weight = calloc((size_t)D * D, sizeof *weight);
  float *batch = random_values(1, D, 0, 1), *logits = random_values(2, D, -9, 9),
        *variances = random_values(3, D, -3, 3);
  tsl_graph_param_set(graph, 0, weight);
  tsl_graph_param_set(graph, 1, logits);
  tsl_graph_param_set(graph, 2, weight);
  tsl_graph_param_set(graph, 3, variances);
  double terms[5], expected[5] = {0};
  pass(graph, batch, terms);
  for (int i = 0; i < D; i++) {
    double t = (double)batch[i], m = (double)logits[i], w = (double)variances[i];
    expected[1] += -t * -log1p(exp(-m)) - (1 - t) * -log1p(exp(m));
    expected[2] += (m - t) * (m - t);
    expected[3] += 0.5 * (log(2 * acos(-1)) + w + (t - m) * (t - m) * exp(-w));
    expected[4] += 0.5 * (m * m + exp(w) - 1 - w);
  }
  for (int i = 1; i < 5; i++)
    assert_true(fabs(terms[i] - expected[i]) < 3e-7 * expected[i]);
  free(weight);
  free(batch);
  free(logits);
  free(variances);
  tsl_graph_free(graph);
}

/* The three terms of one batch, after Chen et al. 2018, by plain loops. */
static void plain_correlation(const double *z, const double *m, const double *v,
                              const double *log_c, double *terms) {
  enum { D = 2 };
  double joint_sum = 0, marginal_sum = 0, own_sum = 0, prior_sum = 0;
  for (int i = 0; i < BATCH; i++) {
    double joint = 0, marginal[D] = {0};
    for (int j = 0; j < BATCH; j++) {
      double all = 0;
      for (int d = 0; d < D; d++) {
        double l = -0.5 * (log(2 * acos(-1)) + v[j * D + d] +
                           pow(z[i * D + d] - m[j * D + d], 2) / exp(v[j * D + d]));
        all += l;
        marginal[d] += exp(log_c[i * BATCH + j] + l);
        own_sum += i == j ? l : 0;
      }
      joint += exp(log_c[i * BATCH + j] + all);
    }
    joint_sum += log(joint);
    for (int d = 0; d < D; d++) {
      marginal_sum += log(marginal[d]);
      prior_sum += -0.5 * (log(2 * acos(-1)) + pow(z[i * D + d], 2));
    }
  }
  terms[0] = (own_sum - joint_sum) / BATCH;
  terms[1] = (joint_sum - marginal_sum) / BATCH;
  terms[2] = (marginal_sum - prior_sum) / BATCH;
}

static void test_total_correlation__equals_plain_loops(void **state) {
  (void)state;
  const double n = 50, others = BATCH - 1;
  for (int mss = 0; mss < 2; mss++) {
    struct tsl_graph *graph = make_graph(BATCH, SHARDS);
    struct tsl_shape in = shape1(6), two = shape1(2);
    struct tsl_value x = tsl_graph_input(graph, &in);
    struct tsl_value parts[3];
    const char *names[] = {"a", "b", "c"};
    for (int k = 0; k < 3; k++)
      parts[k] =
          tsl_graph_dense(graph, x, names[k], two.dims[0], false, TSL_ACTIVATION_NONE);
    struct tsl_value all = tsl_graph_total_correlation(
        graph, parts[0], parts[1], parts[2], mss ? TSL_ESTIMATOR_MSS : TSL_ESTIMATOR_MWS,
        (int64_t)n);
    tsl_graph_term(graph, "three", all);
    tsl_graph_objective(graph, tsl_graph_element(graph, all, 0), 1);
    finish_graph(graph, 6);
    float *batch = random_values(8, BATCH * 6, -1, 1);
    double values[3][BATCH * 2], log_c[BATCH * BATCH], terms[4], expected[3];
    for (int k = 0; k < 3; k++) {
      float pick[12] = {0};
      pick[2 * k] = pick[6 + 2 * k + 1] = 1;
      tsl_graph_param_set(graph, k, pick);
      for (int i = 0; i < BATCH * 2; i++)
        values[k][i] = (double)batch[i / 2 * 6 + 2 * k + i % 2];
    }
    for (int i = 0; i < BATCH; i++)
      for (int j = 0; j < BATCH; j++) {
        double c = mss ? 1 / others : 1 / (n * BATCH);
        if (mss && j == (i + 1) % BATCH)
          c = (n - others) / (n * others);
        if (mss && j == i)
          c = 1 / n;
        log_c[i * BATCH + j] = log(c);
      }
    plain_correlation(values[0], values[1], values[2], log_c, expected);
    pass(graph, batch, terms);
    for (int k = 0; k < 3; k++)
      assert_true(fabs(terms[1 + k] - expected[k]) < 1e-6);
    free(batch);
    tsl_graph_free(graph);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_conv__equals_plain_loops),
      cmocka_unit_test(test_deconv_of_pixels__equals_plain_loops),
      cmocka_unit_test(test_dense__equals_plain_loops),
      cmocka_unit_test(test_maxpool__takes_the_first_of_equals),
      cmocka_unit_test(test_upsample__repeats_pixels),
      cmocka_unit_test(test_batch_norm__normalises_and_keeps_statistics),
      cmocka_unit_test(test_likelihoods__equal_their_formulas),
      cmocka_unit_test(test_total_correlation__equals_plain_loops),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
