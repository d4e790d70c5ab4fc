#include "unit.h"

#include "teasel/fit.h"

#include <math.h>

/* Expected weights: scikit-learn's LogisticRegression (C=1, newton-cg, tol=1e-14) on the
 * points of this generator, which tests/oracle/record_scores.py repeats. */
enum { POINTS = 60, FEATURES = 3 };
static double x[POINTS * FEATURES];
static int32_t two[POINTS], three[POINTS];

static int fill(void **state) {
  (void)state;
  uint64_t s = 12345;
  for (int i = 0; i < POINTS * FEATURES; i++) {
    s = (s * 1103515245u + 12345u) % (1u << 31);
    x[i] = (double)(s >> 8) / (double)(1 << 23) - 0.5;
  }
  for (int i = 0; i < POINTS; i++) {
    two[i] = (x[3 * i] + 0.5 * x[3 * i + 1] + 0.3 * x[3 * i + 2] > 0.05) ^ (i % 7 == 0);
    three[i] = (int32_t)((x[3 * i] + 0.5) * 3);
    three[i] = i % 5 == 0 ? (three[i] + 1) % 3 : three[i];
  }
  return 0;
}

static void expect(const int32_t *y, int classes, bool balanced, const double *weights,
                   int count, int right) {
  struct tsl_logistic_request request = {.x = x,
                                         .y = y,
                                         .points = POINTS,
                                         .features = FEATURES,
                                         .classes = classes,
                                         .strength = 1,
                                         .balanced = balanced};
  struct tsl_logistic model;
  assert_int_equal(tsl_logistic_fit(&request, &model, NULL), TSL_OK);
  assert_true(model.converged);
  for (int i = 0; i < count; i++)
    assert_true(fabs(model.weights[i] - weights[i]) < 1e-6);
  int32_t predicted[POINTS];
  double probabilities[POINTS * 3];
  tsl_logistic_predict(&model, x, POINTS, predicted);
  tsl_logistic_probabilities(&model, x, POINTS, probabilities);
  int equal = 0;
  for (int i = 0; i < POINTS; i++) {
    double sum = 0, best = 0;
    for (int c = 0; c < classes; c++) {
      sum += probabilities[i * classes + c];
      best = fmax(best, probabilities[i * classes + c]);
    }
    equal += predicted[i] == y[i];
    assert_true(fabs(sum - 1) < 1e-12);
    assert_true(probabilities[i * classes + predicted[i]] == best);
  }
  assert_int_equal(equal, right);
  tsl_logistic_release(&model);
}

static void test_two_classes__equal_scikit_learn(void **state) {
  (void)state;
  expect(two, 2, false,
         (const double[]){1.8794311001244777, 1.6488429045406896, -0.17558009572300515,
                          -0.4277828469905794},
         4, 48);
}

static void test_balanced_classes__equal_scikit_learn(void **state) {
  (void)state;
  expect(two, 2, true,
         (const double[]){1.926814662732268, 1.6449934380842322, -0.1650864153807465,
                          -0.13309001199121903},
         4, 48);
}

static void test_three_classes__equal_scikit_learn(void **state) {
  (void)state;
  expect(three, 3, false,
         (const double[]){-1.3736361800055474, 0.18064461922946312, 0.19073615748202724,
                          -0.06538720468615998, -0.8091189745337768,
                          -0.030380534814594698, 0.04034429386690238,
                          0.006714434015685292, 2.182755154539328, -0.15026408441487035,
                          -0.23108045134892322, 0.058672770666390074},
         12, 40);
}

static void test_separable_points__still_converge(void **state) {
  (void)state;
  double line[6] = {-300, -200, -100, 100, 200, 300};
  int32_t side[6] = {0, 0, 0, 1, 1, 1}, predicted[6];
  struct tsl_logistic_request request = {
      .x = line, .y = side, .points = 6, .features = 1, .classes = 2, .strength = 1e6};
  struct tsl_logistic model;
  assert_int_equal(tsl_logistic_fit(&request, &model, NULL), TSL_OK);
  tsl_logistic_predict(&model, line, 6, predicted);
  assert_memory_equal(side, predicted, sizeof side);
  tsl_logistic_release(&model);
}

static void test_bad_points__are_refused(void **state) {
  (void)state;
  double line[3] = {1, 2, NAN};
  int32_t label[3] = {0, 1, 1};
  struct tsl_logistic_request request = {
      .x = line, .y = label, .points = 3, .features = 1, .classes = 2, .strength = 1};
  struct tsl_logistic model;
  struct tsl_error err = {0};
  assert_int_equal(tsl_logistic_fit(&request, &model, &err), TSL_BAD_INPUT);
  line[2] = 3;
  label[1] = label[2] = 0;
  assert_int_equal(tsl_logistic_fit(&request, &model, &err), TSL_BAD_INPUT);
  label[1] = 2;
  assert_int_equal(tsl_logistic_fit(&request, &model, &err), TSL_BAD_INPUT);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_two_classes__equal_scikit_learn),
      cmocka_unit_test(test_balanced_classes__equal_scikit_learn),
      cmocka_unit_test(test_three_classes__equal_scikit_learn),
      cmocka_unit_test(test_separable_points__still_converge),
      cmocka_unit_test(test_bad_points__are_refused),
  };
  return cmocka_run_group_tests(tests, fill, NULL);
}
