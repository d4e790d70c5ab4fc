#include "unit.h"

#include "fit/linear.h"
#include "teasel/fit.h"

#include <math.h>

enum { EACH = 200, GROUPS = 3, POINTS = EACH * GROUPS };
static const double centres[GROUPS][2] = {{0, 0}, {8, 1}, {-3, 9}};
static const double spreads[GROUPS][2] = {{1, 0.5}, {0.5, 1.5}, {1, 1}};
static double x[POINTS * 2];
static const struct tsl_stream stream = {.seed = 3, .purpose = TSL_PURPOSE_TEST};

static int fill(void **state) {
  (void)state;
  float noise[2];
  for (int i = 0; i < POINTS; i++) {
    tsl_random_normal(&stream, 0, (uint32_t)i, 2, noise);
    for (int k = 0; k < 2; k++)
      x[2 * i + k] = centres[i / EACH][k] + spreads[i / EACH][k] * (double)noise[k];
  }
  return 0;
}

/* The fitted group that lies nearest to a true one. */
static int nearest(const double *means, int group) {
  int best = 0;
  double least = (double)INFINITY;
  for (int c = 0; c < GROUPS; c++) {
    double square = pow(means[2 * c] - centres[group][0], 2) +
                    pow(means[2 * c + 1] - centres[group][1], 2);
    if (square < least) {
      least = square;
      best = c;
    }
  }
  return best;
}

static void test_kmeans__finds_separated_groups(void **state) {
  (void)state;
  struct tsl_kmeans_request request = {.x = x,
                                       .points = POINTS,
                                       .features = 2,
                                       .clusters = GROUPS,
                                       .starts = 5,
                                       .steps = 100,
                                       .stream = stream};
  struct tsl_kmeans model, again;
  assert_int_equal(tsl_kmeans_fit(&request, &model, NULL), TSL_OK);
  assert_int_equal(tsl_kmeans_fit(&request, &again, NULL), TSL_OK);
  assert_memory_equal(model.centres, again.centres, sizeof(double) * 2 * GROUPS);
  double inertia = 0;
  for (int i = 0; i < POINTS; i++) {
    const double *centre = model.centres + 2 * model.assignment[i];
    inertia += pow(x[2 * i] - centre[0], 2) + pow(x[2 * i + 1] - centre[1], 2);
    assert_int_equal(model.assignment[i], nearest(model.centres, i / EACH));
  }
  assert_true(fabs(inertia - model.inertia) < 1e-9 * inertia);
  tsl_kmeans_release(&model);
  tsl_kmeans_release(&again);
}

static void test_kmeans__equal_points_do_not_hang_it(void **state) {
  (void)state;
  double same[10] = {0};
  struct tsl_kmeans_request request = {.x = same,
                                       .points = 10,
                                       .features = 1,
                                       .clusters = 3,
                                       .starts = 2,
                                       .steps = 50,
                                       .stream = stream};
  struct tsl_kmeans model;
  assert_int_equal(tsl_kmeans_fit(&request, &model, NULL), TSL_OK);
  assert_true(model.inertia == 0);
  tsl_kmeans_release(&model);
  request.points = 2;
  assert_int_equal(tsl_kmeans_fit(&request, &model, NULL), TSL_BAD_INPUT);
}

static void test_mixture__finds_means_and_spreads(void **state) {
  (void)state;
  struct tsl_mixture_request request = {.x = x,
                                        .points = POINTS,
                                        .features = 2,
                                        .components = GROUPS,
                                        .steps = 200,
                                        .tolerance = 1e-9,
                                        .ridge = 1e-6,
                                        .stream = stream};
  struct tsl_mixture model;
  assert_int_equal(tsl_mixture_fit(&request, &model, NULL), TSL_OK);
  assert_true(model.converged);
  for (int g = 0; g < GROUPS; g++) {
    int c = nearest(model.means, g);
    assert_true(fabs(model.weights[c] - 1.0 / 3) < 0.01);
    for (int k = 0; k < 2; k++) {
      assert_true(fabs(model.means[2 * c + k] - centres[g][k]) < 0.4);
      double ratio = sqrt(model.covariances[4 * c + 3 * k]) / spreads[g][k];
      assert_true(ratio > 0.85 && ratio < 1.15);
    }
  }
  /* The densities are those of the weights: their logarithm's mean is the likelihood. */
  static double joint[POINTS * GROUPS];
  double scratch[2], total = 0;
  tsl_mixture_log_joint(&model, x, POINTS, scratch, joint);
  for (int i = 0; i < POINTS; i++)
    total += log(exp(joint[3 * i]) + exp(joint[3 * i + 1]) + exp(joint[3 * i + 2]));
  assert_true(fabs(total / POINTS - model.log_likelihood) < 1e-6);
  tsl_mixture_release(&model);
}

static void test_pca__gives_orthogonal_axes_that_hold_the_variance(void **state) {
  (void)state;
  struct tsl_pca model;
  static double projected[POINTS * 2];
  assert_int_equal(tsl_pca_fit(x, POINTS, 2, &model, NULL), TSL_OK);
  const double *c = model.components;
  assert_true(fabs(c[0] * c[2] + c[1] * c[3]) < 1e-12);
  assert_true(fabs(c[0] * c[0] + c[1] * c[1] - 1) < 1e-12);
  assert_true(model.variances[0] > model.variances[1]);
  tsl_pca_project(&model, x, POINTS, 2, projected);
  for (int k = 0; k < 2; k++) {
    double mean = 0, square = 0, cross = 0;
    for (int i = 0; i < POINTS; i++) {
      mean += projected[2 * i + k] / POINTS;
      square += projected[2 * i + k] * projected[2 * i + k] / (POINTS - 1);
      cross += projected[2 * i] * projected[2 * i + 1] / (POINTS - 1);
    }
    assert_true(fabs(mean) < 1e-9);
    assert_true(fabs(square / model.variances[k] - 1) < 1e-9);
    assert_true(fabs(cross) < 1e-9);
  }
  tsl_pca_release(&model);
}

static void test_cholesky__solves_and_refuses(void **state) {
  (void)state;
  double a[9] = {4, 2, 1, 2, 5, 3, 1, 3, 6}, b[3] = {7, 10, 10};
  assert_true(tsl__cholesky(a, 3));
  tsl__cholesky_solve(a, 3, b);
  for (int k = 0; k < 3; k++)
    assert_true(fabs(b[k] - 1) < 1e-12);
  double indefinite[4] = {1, 2, 2, 1};
  assert_false(tsl__cholesky(indefinite, 2));
}

static void test_mixture__of_many_components_ends_after_fewer_steps(void **state) {
  (void)state;
  enum { MANY = 300, OF = 400 };
  double square[2 * OF];
  for (int i = 0; i < 2 * OF; i++)
    square[i] = tsl_random_double(&stream, (uint64_t)i, 0, 0);
  struct tsl_mixture_request request = {.x = square,
                                        .points = OF,
                                        .features = 2,
                                        .components = MANY,
                                        .steps = 300,
                                        .ridge = 1e-6,
                                        .stream = stream}; /* tolerance 0: never met */
  struct tsl_mixture model;
  assert_int_equal(tsl_mixture_fit(&request, &model, NULL), TSL_OK);
  assert_int_equal(model.steps, TSL_MIXTURE_WORK_MAX / MANY);
  assert_false(model.converged);
  tsl_mixture_release(&model);
  request.components = 10;
  request.tolerance = 1e-3;
  assert_int_equal(tsl_mixture_fit(&request, &model, NULL), TSL_OK);
  assert_true(model.converged);
  tsl_mixture_release(&model);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_kmeans__finds_separated_groups),
      cmocka_unit_test(test_kmeans__equal_points_do_not_hang_it),
      cmocka_unit_test(test_mixture__finds_means_and_spreads),
      cmocka_unit_test(test_pca__gives_orthogonal_axes_that_hold_the_variance),
      cmocka_unit_test(test_cholesky__solves_and_refuses),
      cmocka_unit_test(test_mixture__of_many_components_ends_after_fewer_steps),
  };
  return cmocka_run_group_tests(tests, fill, NULL);
}
