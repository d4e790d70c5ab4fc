/* The operators of a Gaussian-mixture VAE: what they compute, against plain loops in
 * double precision, with components near and far; and joint samples. */
#include "graph_check.h"

#include <float.h>

enum { BATCH = 4, SHARDS = 2, D = 20, K = 5 };

/* A graph whose five inputs are all fed: noise streams are values without weights. */
struct fixture {
  struct tsl_graph *graph;
  struct tsl_value inputs[5], parts, log_r;
};

static struct tsl_value source(struct tsl_graph *graph, const char *name, int64_t count) {
  struct tsl_shape shape = shape1(count);
  return tsl_graph_noise(graph, name, TSL_NOISE_NORMAL, &shape);
}

static struct fixture make_mixture(int64_t d, int64_t components) {
  struct fixture f = {.graph = make_graph(BATCH, SHARDS)};
  static const char *const names[] = {"x", "m", "v", "means", "log_variances"};
  for (int k = 0; k < 5; k++)
    f.inputs[k] = source(f.graph, names[k], k < 3 ? d : components * d);
  const struct tsl_mixture_inputs inputs = {f.inputs[0], f.inputs[1], f.inputs[2],
                                            f.inputs[3], f.inputs[4]};
  f.parts = tsl_graph_mixture(f.graph, &inputs);
  f.log_r = tsl_graph_slice(f.graph, f.parts, 0, components);
  finish_graph(f.graph, 1);
  return f;
}

/* given: five arrays of BATCH rows; parts: (BATCH, components + 2) */
static void compute_parts(const struct fixture *f, float *const *given, float *parts) {
  struct tsl_feed feeds[5];
  struct tsl_error err = {0};
  for (int k = 0; k < 5; k++)
    feeds[k] = (struct tsl_feed){f->inputs[k], given[k]};
  const struct tsl_fetch fetch = {f->parts, parts};
  if (tsl_graph_compute(f->graph, feeds, 5, &fetch, 1, BATCH, &err) != TSL_OK)
    fail_msg("%s", err.text);
}

/* The parts of one row, by their definition. */
static void plain_parts(const float *x, const float *m, const float *v,
                        const float *means, const float *log_variances, double *parts) {
  double density[K], divergence[K], largest = -DBL_MAX, sum = 0;
  for (int k = 0; k < K; k++) {
    density[k] = divergence[k] = 0;
    for (int i = 0; i < D; i++) {
      double c = (double)means[k * D + i], l = (double)log_variances[k * D + i];
      double far = (double)x[i] - c, apart = (double)m[i] - c;
      density[k] -= 0.5 * (l + far * far * exp(-l));
      divergence[k] +=
          0.5 * (l - (double)v[i] - 1 + (exp((double)v[i]) + apart * apart) * exp(-l));
    }
    largest = fmax(largest, density[k]);
  }
  for (int k = 0; k < K; k++)
    sum += exp(density[k] - largest);
  parts[K] = 0;
  parts[K + 1] = log(K);
  for (int k = 0; k < K; k++) {
    parts[k] = density[k] - largest - log(sum);
    parts[K] += exp(parts[k]) * divergence[k];
    parts[K + 1] += exp(parts[k]) * parts[k];
  }
}

/* distance: of the components' means from 0. */
static void check_mixture(float distance) {
  struct fixture f = make_mixture(D, K);
  float *given[5], parts[BATCH * (K + 2)];
  for (int k = 0; k < 5; k++) {
    float reach = k == 3 ? distance : 1.0F;
    given[k] = random_values((uint64_t)k + 7, (size_t)(BATCH * D * (k < 3 ? 1 : K)),
                             -reach, reach);
  }
  compute_parts(&f, given, parts);
  for (int64_t row = 0; row < BATCH; row++) {
    double expected[K + 2];
    plain_parts(given[0] + row * D, given[1] + row * D, given[2] + row * D,
                given[3] + row * K * D, given[4] + row * K * D, expected);
    for (int k = 0; k < K + 2; k++) {
      double got = (double)parts[row * (K + 2) + k];
      if (!(fabs(got - expected[k]) < 2e-6 * fmax(1, fabs(expected[k]))))
        fail_msg("row %d, part %d: %g, expected %g", (int)row, k, got, expected[k]);
    }
  }
  for (int k = 0; k < 5; k++)
    free(given[k]);
  tsl_graph_free(f.graph);
}

static void test_mixture__equals_plain_loops(void **state) {
  (void)state;
  check_mixture(0.5F);
  check_mixture(3.0F);
}

/* Densities of -10^7 and -10^10, of which no exponential is left. */
static void test_mixture__is_stable_with_far_components(void **state) {
  (void)state;
  check_mixture(1e3F);
  check_mixture(3e4F);
}

static void test_mixture__of_equal_components_is_uniform(void **state) {
  (void)state;
  struct fixture f = make_mixture(3, 4);
  float *given[5], parts[BATCH * 6];
  for (int k = 0; k < 5; k++)
    given[k] = calloc(BATCH * 12, sizeof(float));
  given[0][0] = 50; /* far from all of them */
  compute_parts(&f, given, parts);
  for (int row = 0; row < BATCH; row++) {
    for (int k = 0; k < 4; k++)
      assert_true(fabs((double)parts[row * 6 + k] + log(4)) < 1e-6);
    assert_true(fabs((double)parts[row * 6 + 4]) < 1e-6); /* q is the component */
    assert_true(fabs((double)parts[row * 6 + 5]) < 1e-6);
  }
  for (int k = 0; k < 5; k++)
    free(given[k]);
  tsl_graph_free(f.graph);
}

static void test_mixture__refuses_sizes_that_do_not_fit(void **state) {
  (void)state;
  struct tsl_graph *graph = make_graph(BATCH, SHARDS);
  struct tsl_value x = source(graph, "x", 3), means = source(graph, "means", 8);
  const struct tsl_mixture_inputs inputs = {x, x, x, means, means};
  struct tsl_error err = {0};
  tsl_graph_mixture(graph, &inputs);
  assert_int_equal(tsl_graph_finish(graph, &err), TSL_BAD_INPUT);
  tsl_graph_free(graph);
}

/* ---- joint samples ---- */

struct joint {
  struct tsl_graph *graph;
  struct tsl_value x, repeated, noise, sum;
};

/* sum = repeated x + noise, M joint samples of each. */
static struct joint make_joint(int64_t samples) {
  struct tsl_shape shape = shape1(2);
  struct joint j = {.graph = make_graph(BATCH, SHARDS)};
  j.x = tsl_graph_input(j.graph, &shape);
  j.repeated = tsl_graph_repeat(j.graph, j.x, samples);
  j.noise = tsl_graph_joint_noise(j.graph, "w", TSL_NOISE_NORMAL, &shape, samples);
  struct tsl_value flat =
      tsl_graph_joint_noise(j.graph, "zero", TSL_NOISE_NORMAL, &shape, samples);
  j.sum = tsl_graph_gaussian_sample(j.graph, j.repeated, flat, j.noise);
  tsl_graph_term(j.graph, "sum", j.sum);
  finish_graph(j.graph, 1);
  return j;
}

static void test_joint_samples__take_their_own_noise(void **state) {
  (void)state;
  enum { M = 3 };
  struct joint j = make_joint(M);
  float batch[BATCH * 2], noise[BATCH * M * 2], zero[BATCH * M * 2] = {0};
  float sums[BATCH * M * 2];
  double terms[3], mean = 0;
  struct tsl_error err = {0};
  for (int i = 0; i < BATCH * 2; i++)
    batch[i] = (float)i;
  for (int i = 0; i < BATCH * M * 2; i++)
    noise[i] = 0.01F * (float)i;
  const float *const streams[] = {noise, zero};
  const struct tsl_fetch fetch = {j.sum, sums};
  struct tsl_step step = {.batch = batch,
                          .noise = streams,
                          .fetches = &fetch,
                          .fetch_count = 1,
                          .terms = terms};
  assert_int_equal(tsl_graph_noise_samples(j.graph, 0), M);
  assert_int_equal(tsl_graph_step(j.graph, tsl_team_alone(), &step, &err), TSL_OK);
  for (int i = 0; i < BATCH * M * 2; i++) {
    float expected = batch[i / (2 * M) * 2 + i % 2] + noise[i];
    assert_true(fabs((double)(sums[i] - expected)) < 1e-6);
    mean += i % 2 == 0 ? (double)expected / (BATCH * M) : 0;
  }
  assert_true(fabs(terms[1] - mean) < 1e-6);
  tsl_graph_free(j.graph);
}

static void test_joint_samples__are_drawn_apart(void **state) {
  (void)state;
  struct joint j = make_joint(4);
  float batch[BATCH * 2] = {0}, sums[BATCH * 4 * 2];
  double terms[3];
  const struct tsl_fetch fetch = {j.noise, sums};
  struct tsl_step step = {
      .batch = batch, .seed = 3, .fetches = &fetch, .fetch_count = 1, .terms = terms};
  assert_int_equal(tsl_graph_step(j.graph, tsl_team_alone(), &step, NULL), TSL_OK);
  for (int a = 0; a < BATCH * 4; a++)
    for (int b = 0; b < a; b++)
      assert_memory_not_equal(sums + 2 * a, sums + 2 * b, 2 * sizeof(float));
  tsl_graph_free(j.graph);
}

/* What one has of joint samples outside a step is the same whatever their number. */
static void test_compute__has_one_row_a_sample(void **state) {
  (void)state;
  enum { ROWS = 7 };
  for (int64_t samples = 1; samples <= 3; samples += 2) {
    struct joint j = make_joint(samples);
    float x[ROWS * 2], noise[ROWS * 2], out[ROWS * 2];
    struct tsl_error err = {0};
    for (int i = 0; i < ROWS * 2; i++) {
      x[i] = (float)i;
      noise[i] = -3.0F * (float)i;
    }
    const struct tsl_feed mixed[] = {{j.x, x}, {j.noise, noise}};
    const struct tsl_feed joint[] = {{j.repeated, x}, {j.noise, noise}};
    const struct tsl_fetch fetch = {j.sum, out};
    for (int from_joint = 0; from_joint < 2; from_joint++) {
      memset(out, 0, sizeof out);
      if (tsl_graph_compute(j.graph, from_joint ? joint : mixed, 2, &fetch, 1, ROWS,
                            &err) != TSL_OK)
        fail_msg("%s", err.text);
      for (int i = 0; i < ROWS * 2; i++)
        assert_true(fabs((double)(out[i] - (x[i] + noise[i]))) < 1e-5);
    }
    tsl_graph_free(j.graph);
  }
}

static void test_values_of_other_joint_samples__are_refused(void **state) {
  (void)state;
  struct tsl_shape shape = shape1(2);
  struct tsl_graph *graph = make_graph(BATCH, SHARDS);
  struct tsl_error err = {0};
  struct tsl_value x = tsl_graph_input(graph, &shape);
  tsl_graph_term(graph, "kl",
                 tsl_graph_gaussian_kl(graph, x, tsl_graph_repeat(graph, x, 2)));
  assert_int_equal(tsl_graph_finish(graph, &err), TSL_BAD_INPUT);
  assert_non_null(strstr(err.text, "joint samples"));
  tsl_graph_free(graph);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_mixture__equals_plain_loops),
      cmocka_unit_test(test_mixture__is_stable_with_far_components),
      cmocka_unit_test(test_mixture__of_equal_components_is_uniform),
      cmocka_unit_test(test_mixture__refuses_sizes_that_do_not_fit),
      cmocka_unit_test(test_joint_samples__take_their_own_noise),
      cmocka_unit_test(test_joint_samples__are_drawn_apart),
      cmocka_unit_test(test_compute__has_one_row_a_sample),
      cmocka_unit_test(test_values_of_other_joint_samples__are_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
