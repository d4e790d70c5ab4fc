#include "unit.h"

#include "compare/baselines.h"

#include "teasel/fit.h"

#include <math.h>
#include <stdlib.h>

/* The clusterings of score.baselines against scikit-learn's, on points that
 * record_baselines.py makes by the same arithmetic. Each looks for the best of many
 * starts, so both find the same optimum; EM ends at a change below 1e-3, somewhere near
 * it. */
enum set { PLANE, WIDE };
struct expected {
  enum set set;
  enum tsl_baseline method;
  int clusters;
  double values[1 + TSL__BASELINE_SCORES];
};
#include "baselines_expected.h"

enum { PLANE_POINTS = 600, WIDE_POINTS = 900, WIDE_FEATURES = 60 };

/* SplitMix64 of the index, to [0, 1). */
static double uniform(uint64_t index) {
  uint64_t z = (index + 1) * 0x9e3779b97f4a7c15u;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
  z = (z ^ z >> 27) * 0x94d049bb133111ebu;
  return (double)((z ^ z >> 31) >> 11) * 0x1p-53;
}

static double normal(uint64_t index) {
  double total = 0;
  for (uint64_t k = 0; k < 12; k++)
    total += uniform(12 * index + k);
  return total - 6;
}

static double points_of_plane[PLANE_POINTS * 2];
static double points_of_wide[WIDE_POINTS * WIDE_FEATURES];
static int32_t labels[WIDE_POINTS];

static void make_plane(void) {
  for (int i = 0; i < PLANE_POINTS; i++) {
    int c = i % 3;
    double along = 2 * normal(2 * (uint64_t)i);
    double across = 0.4 * normal(2 * (uint64_t)i + 1);
    points_of_plane[2 * i] = along + c;
    points_of_plane[2 * i + 1] = 2.0 * c + 0.3 * along + across;
  }
}

static void make_wide(void) {
  static double load[5][WIDE_FEATURES];
  for (uint64_t j = 0; j < 5; j++)
    for (uint64_t f = 0; f < WIDE_FEATURES; f++)
      load[j][f] = normal(500000 + 60 * j + f);
  for (uint64_t i = 0; i < WIDE_POINTS; i++) {
    double z[5];
    for (uint64_t j = 0; j < 5; j++)
      z[j] = normal(100000 + 5 * i + j) + (j == 0 ? 4.0 * (double)(i % 3) : 0.0);
    for (uint64_t f = 0; f < WIDE_FEATURES; f++) {
      double total = 0;
      for (int j = 0; j < 5; j++)
        total += z[j] * load[j][f];
      points_of_wide[i * WIDE_FEATURES + f] = total + 0.3 * normal(200000 + 60 * i + f);
    }
  }
}

static struct tsl__baseline_request request_of(const struct expected *wanted) {
  bool plane = wanted->set == PLANE;
  return (struct tsl__baseline_request){.method = wanted->method,
                                        .x = plane ? points_of_plane : points_of_wide,
                                        .labels = labels,
                                        .points = plane ? PLANE_POINTS : WIDE_POINTS,
                                        .features = plane ? 2 : WIDE_FEATURES,
                                        .clusters = wanted->clusters,
                                        .stream = {0, TSL_PURPOSE_FIT, 2}};
}

static void test_baselines__are_scikit_learn_s(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
    struct tsl__baseline found;
    struct tsl_error err = {0};
    const struct tsl__baseline_request request = request_of(&expected[i]);
    const double *wanted = expected[i].values;
    /* In 60 dimensions ten starts may end a hundred-thousandth beside the optimum. */
    bool kmeans = expected[i].method == TSL_BASELINE_KMEANS;
    bool exact = kmeans && expected[i].set == PLANE;
    assert_int_equal(tsl__baseline_score(&request, &found, &err), TSL_OK);
    assert_string_equal(found.note, "");
    assert_int_equal(found.used, expected[i].clusters);
    double within = exact ? 1e-8 * wanted[0] : kmeans ? 1e-4 * wanted[0] : 2e-3;
    if (!(fabs(found.fit - wanted[0]) <= within))
      fail_msg("case %zu: fit %.10g, scikit-learn has %.10g", i, found.fit, wanted[0]);
    for (int m = 0; m < TSL__BASELINE_SCORES; m++)
      if (!(fabs(found.scores[m] - wanted[1 + m]) <= (exact ? 1e-9 : 0.01)))
        fail_msg("case %zu: %s %.10g, scikit-learn has %.10g", i,
                 tsl__baseline_metrics[m], found.scores[m], wanted[1 + m]);
  }
}

static void test_leading_components__are_those_of_all(void **state) {
  (void)state;
  enum { COUNT = 7 };
  struct tsl_pca all, leading;
  struct tsl_error err = {0};
  assert_int_equal(tsl_pca_fit(points_of_wide, WIDE_POINTS, WIDE_FEATURES, &all, &err),
                   TSL_OK);
  assert_int_equal(tsl_pca_fit_leading(points_of_wide, WIDE_POINTS, WIDE_FEATURES, COUNT,
                                       &leading, &err),
                   TSL_OK);
  for (int k = 0; k < COUNT; k++) {
    assert_true(fabs(leading.variances[k] - all.variances[k]) < 2e-6 * all.variances[0]);
    double product = 0;
    for (int f = 0; f < WIDE_FEATURES; f++)
      product += leading.components[k * WIDE_FEATURES + f] *
                 all.components[k * WIDE_FEATURES + f];
    if (k < 5) /* the others are noise of nearly one variance */
      assert_true(product > 1 - 1e-6);
  }
  tsl_pca_release(&all);
  tsl_pca_release(&leading);
  assert_int_equal(tsl_pca_fit_leading(points_of_wide, WIDE_POINTS, WIDE_FEATURES,
                                       WIDE_FEATURES + 1, &leading, &err),
                   TSL_BAD_INPUT);
}

static void test_baselines__that_cannot_be_fitted_say_why(void **state) {
  (void)state;
  struct tsl__baseline found;
  struct tsl_error err = {0};
  struct expected few = {.set = PLANE, .method = TSL_BASELINE_KMEANS, .clusters = 7};
  struct tsl__baseline_request request = request_of(&few);
  request.points = 5;
  assert_int_equal(tsl__baseline_score(&request, &found, &err), TSL_OK);
  assert_string_equal(found.note, "5 points cannot be put into 7 clusters");
  assert_true(isnan(found.fit));
  for (int m = 0; m < TSL__BASELINE_SCORES; m++)
    assert_true(isnan(found.scores[m]));
}

int main(void) {
  make_plane();
  make_wide();
  for (int i = 0; i < WIDE_POINTS; i++)
    labels[i] = i % 3;
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_baselines__are_scikit_learn_s),
      cmocka_unit_test(test_leading_components__are_those_of_all),
      cmocka_unit_test(test_baselines__that_cannot_be_fitted_say_why),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
