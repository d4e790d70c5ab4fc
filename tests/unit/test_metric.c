/* What each metric must say of codes whose quality is known: the trio of a perfect code,
 * a constant one and a duplicated one, and the undefined cases with their reasons.
 * Numbers against other programs are in tests/oracle. */
#include "unit.h"

#include "metric/cluster.h"
#include "metric/factor.h"
#include "metric/votes.h"
#include "teasel/metric.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { POINTS = 900, FACTORS = 3, VALUES = 5 };

enum code { PERFECT, CONSTANT, DUPLICATED, LATENTS = 6 };

/* Six latents of three factors. Perfect: one each, the rest nothing. Duplicated: every
 * latent sees all factors, twice. */
static void encode_point(enum code code, const double *factors, double noise,
                         double *out) {
  for (int k = 0; k < LATENTS; k++) {
    out[k] = 0.01 * noise * (1 + k);
    if (code == PERFECT && k < FACTORS)
      out[k] += factors[k];
    if (code == DUPLICATED)
      out[k] += factors[0] + factors[1] + factors[2];
    if (code == CONSTANT)
      out[k] = 3;
  }
}

static void fill_codes(enum code code, const double *factors, double *codes) {
  for (int i = 0; i < POINTS; i++)
    encode_point(code, factors + i * FACTORS, (double)(i * 37 % 101) / 101 - 0.5,
                 codes + i * LATENTS);
}

static double case_codes[POINTS * LATENTS], case_factors[POINTS * FACTORS];

/* Two thirds of the points teach. */
static struct tsl_metric_input factors_input(enum code code) {
  const struct tsl_stream stream = {.seed = 1, .purpose = TSL_PURPOSE_TEST};
  for (int i = 0; i < POINTS * FACTORS; i++)
    case_factors[i] = floor(VALUES * tsl_random_double(&stream, 0, (uint32_t)i, 0));
  fill_codes(code, case_factors, case_codes);
  return (struct tsl_metric_input){.points = POINTS * 2 / 3,
                                   .latent = LATENTS,
                                   .codes = case_codes,
                                   .factors = case_factors,
                                   .factor_count = FACTORS,
                                   .test_points = POINTS / 3,
                                   .test_codes = case_codes + POINTS * 2 / 3 * LATENTS,
                                   .test_factors =
                                       case_factors + POINTS * 2 / 3 * FACTORS,
                                   .votes = 400,
                                   .test_votes = 200,
                                   .stream = stream};
}

static double score(const char *name, enum code code) {
  struct tsl_metric_input input = factors_input(code);
  struct tsl_text reason = {0};
  double value = -1;
  assert_int_equal(tsl_metric_find(name)->compute(&input, &value, &reason, NULL), TSL_OK);
  tsl_text_release(&reason);
  return value;
}

struct bounds {
  const char *name;
  double perfect_least, constant_most, duplicated_most;
};

static void test_factor_metrics__tell_good_codes_from_bad_ones(void **state) {
  (void)state;
  static const struct bounds all[] = {
      {"mig", 0.95, 1e-12, 0.1},          {"sap_continuous", 0.95, 1e-12, 0.1},
      {"sap_discrete", 0.2, 1e-12, 0.1},  {"modularity", 0.45, 1e-12, 0.45},
      {"beta_vae_score", 0.99, 0.5, 0.5}, {"factor_vae_score", 0.99, 0.5, 0.6},
  };
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
    double perfect = score(all[i].name, PERFECT), constant = score(all[i].name, CONSTANT);
    double duplicated = score(all[i].name, DUPLICATED);
    print_message("%s: perfect %.3f, constant %.3f, duplicated %.3f\n", all[i].name,
                  perfect, constant, duplicated);
    assert_true(perfect >= all[i].perfect_least && perfect <= 1);
    assert_true(constant <= all[i].constant_most && constant >= 0);
    assert_true(duplicated <= all[i].duplicated_most && duplicated >= 0);
    assert_true(perfect > duplicated);
  }
}

static void test_votes__hold_a_value_and_draw_among_its_points(void **state) {
  (void)state;
  struct tsl_metric_input input = factors_input(PERFECT);
  struct tsl_text reason = {0};
  struct tsl__votes votes;
  int seen[FACTORS][VALUES] = {{0}};
  for (int i = 0; i < 10; i++) /* a value that too few points have */
    case_factors[i * FACTORS] = VALUES;
  assert_int_equal(
      tsl__votes_init(&votes, &input, input.factors, input.points, &reason, NULL),
      TSL_OK);
  assert_int_equal(reason.length, 0);
  assert_int_equal(votes.count[0], input.points - 10);
  assert_int_equal(votes.count[1], input.points);
  for (uint64_t vote = 0; vote < 300; vote++) {
    int held = tsl__votes_factor(&votes, &input.stream, vote);
    int64_t points[TSL__VOTE_POINTS], pair[2];
    tsl__votes_points(&votes, &input.stream, vote, held, points);
    double value = case_factors[points[0] * FACTORS + held];
    bool differ = false;
    assert_true(value < VALUES);
    seen[held][(int)value]++;
    for (int i = 0; i < TSL__VOTE_POINTS; i++) {
      assert_true(case_factors[points[i] * FACTORS + held] == value);
      differ = differ || points[i] != points[0];
    }
    assert_true(differ);
    tsl__votes_pair(&votes, &input.stream, vote, 7, held, pair);
    assert_true(pair[0] != pair[1]);
    assert_true(case_factors[pair[0] * FACTORS + held] ==
                case_factors[pair[1] * FACTORS + held]);
  }
  for (int j = 0; j < FACTORS; j++)
    for (int v = 0; v < VALUES; v++)
      assert_true(seen[j][v] > 0);
  tsl__votes_release(&votes);
}

static void test_votes__without_a_shared_value_are_undefined(void **state) {
  (void)state;
  static const char *const names[] = {"beta_vae_score", "factor_vae_score"};
  static const int32_t sizes[FACTORS] = {VALUES, 0, VALUES};
  for (int n = 0; n < 2; n++) {
    struct tsl_metric_input input = factors_input(PERFECT);
    struct tsl_text reason = {0};
    double value = 0;
    input.factor_sizes = sizes;
    assert_int_equal(tsl_metric_find(names[n])->compute(&input, &value, &reason, NULL),
                     TSL_OK);
    assert_true(isnan(value));
    assert_string_equal(reason.bytes,
                        "factor 1 is continuous: no points share a value of it");
    tsl_text_release(&reason);
    input.factor_sizes = NULL;
    for (int i = 0; i < POINTS; i++)
      case_factors[i * FACTORS + 2] = i;
    assert_int_equal(tsl_metric_find(names[n])->compute(&input, &value, &reason, NULL),
                     TSL_OK);
    assert_true(isnan(value));
    assert_string_equal(reason.bytes,
                        "no value of factor 2 is shared by 16 of 600 points");
    tsl_text_release(&reason);
  }
}

static struct tsl_metric_input clusters_of(const double *codes, const int32_t *clusters,
                                           const int32_t *labels, int64_t points) {
  return (struct tsl_metric_input){.points = points,
                                   .latent = 1,
                                   .codes = codes,
                                   .clusters = clusters,
                                   .labels = labels};
}

static void expect(const char *name, const struct tsl_metric_input *input,
                   double wanted) {
  struct tsl_text reason = {0};
  double value;
  assert_int_equal(tsl_metric_find(name)->compute(input, &value, &reason, NULL), TSL_OK);
  if (isnan(wanted)) {
    assert_true(isnan(value));
    assert_true(reason.length > 0);
  } else if (!(fabs(value - wanted) < 1e-12)) {
    fail_msg("%s: %g, expected %g", name, value, wanted);
  }
  tsl_text_release(&reason);
}

static void test_perfect_clusters__score_the_best_value(void **state) {
  (void)state;
  double codes[6] = {0, 0, 0, 9, 9, 9};
  int32_t clusters[6] = {5, 5, 5, -2, -2, -2}, labels[6] = {0, 0, 0, 7, 7, 7};
  struct tsl_metric_input input = clusters_of(codes, clusters, labels, 6);
  expect("silhouette", &input, 1);
  expect("davies_bouldin", &input, 0);
  expect("calinski_harabasz", &input, 1); /* no spread at all, as scikit-learn has it */
  expect("acc_majority", &input, 1);
  expect("acc_hungarian", &input, 1);
  expect("nmi", &input, 1);
  expect("ari", &input, 1);
}

static void test_one_cluster_or_one_a_point__is_undefined_with_the_reason(void **state) {
  (void)state;
  static const char *const names[] = {"silhouette", "davies_bouldin",
                                      "calinski_harabasz"};
  double codes[4] = {0, 1, 2, 3};
  int32_t one[4] = {1, 1, 1, 1}, each[4] = {0, 1, 2, 3}, labels[4] = {0, 0, 1, 1};
  for (int i = 0; i < 3; i++) {
    struct tsl_metric_input input = clusters_of(codes, one, labels, 4);
    expect(names[i], &input, (double)NAN);
    input = clusters_of(codes, each, labels, 4);
    expect(names[i], &input, (double)NAN);
  }
  struct tsl_metric_input input = clusters_of(codes, one, labels, 4);
  expect("acc_majority", &input, 0.5);
  expect("nmi", &input, 0);
  expect("ari", &input, 0);
  input = clusters_of(codes, one, one, 4);
  expect("nmi", &input, 1);
}

static void test_silhouette__a_point_alone_scores_0(void **state) {
  (void)state;
  double codes[3] = {0, 1, 5};
  int32_t clusters[3] = {0, 0, 1};
  struct tsl_metric_input input = clusters_of(codes, clusters, NULL, 3);
  expect("silhouette", &input, (4.0 / 5 + 3.0 / 4 + 0) / 3);
}

static void test_hungarian__finds_the_best_assignment_of_unequal_counts(void **state) {
  (void)state;
  double codes[9] = {0};
  int32_t clusters[9] = {0, 0, 0, 0, 1, 1, 1, 2, 3};
  int32_t labels[9] = {1, 1, 0, 0, 1, 1, 0, 0, 0};
  /* Greedy would give label 1 to cluster 0 and lose; 0 -> 0, 1 -> 1 is best: 2 + 2. */
  struct tsl_metric_input input = clusters_of(codes, clusters, labels, 9);
  expect("acc_hungarian", &input, 4.0 / 9);
  input = clusters_of(codes, labels, clusters, 9);
  expect("acc_hungarian", &input, 4.0 / 9);
}

static void test_makhzani__says_what_ties_could_change(void **state) {
  (void)state;
  double codes[4] = {0};
  int32_t clusters[4] = {0, 0, 1, 1}, labels[4] = {0, 1, 1, 1};
  double q[8] = {1, 0, 1, 0, 0, 1, 0, 0.5};
  struct tsl_metric_input input = clusters_of(codes, clusters, labels, 4);
  input.responsibilities = q;
  input.cluster_count = 2;
  struct tsl__makhzani result;
  assert_int_equal(tsl__makhzani_init(&result, &input, NULL), TSL_OK);
  assert_int_equal(result.representatives[0], 0);
  assert_int_equal(result.ties[0], 2);
  assert_int_equal(result.ties[1], 1);
  assert_true(result.accuracy == 0.75 && result.least == 0.75 && result.most == 0.75);
  labels[1] = 0;
  labels[0] = 2;
  clusters[2] = 0;
  labels[2] = 0;
  tsl__makhzani_release(&result);
  assert_int_equal(tsl__makhzani_init(&result, &input, NULL), TSL_OK);
  assert_true(result.accuracy == 0.25 && result.least == 0.25 && result.most == 0.5);
  tsl__makhzani_release(&result);
  clusters[3] = 2;
  assert_int_equal(tsl__makhzani_init(&result, &input, NULL), TSL_BAD_INPUT);
}

static void test_clusters_used__counts_clusters_with_points(void **state) {
  (void)state;
  const double logits[] = {0, 2, 1, -5, -5, -5, 3, 3, 1, 0, 1, 0};
  int32_t chosen[4];
  assert_int_equal(tsl_clusters_choose(logits, 4, 3, chosen), 2);
  const int32_t expected[] = {1, 0, 0, 1}; /* the first on ties */
  assert_memory_equal(chosen, expected, sizeof expected);
  struct tsl_metric_input input = {
      .points = 4, .clusters = chosen, .responsibilities = logits, .cluster_count = 3};
  struct tsl_text reason = {0};
  double used = 0;
  assert_int_equal(
      tsl_metric_find("clusters_used")->compute(&input, &used, &reason, NULL), TSL_OK);
  assert_true(used == 2);
}

static void test_gaps__without_two_latents_or_a_changing_factor_are_undefined(void **s) {
  (void)s;
  double codes[4] = {0, 1, 2, 3}, wide[8] = {0, 1, 2, 3, 4, 5, 6, 7};
  double factors[4] = {0, 1, 0, 1}, constant[4] = {2, 2, 2, 2};
  struct tsl_metric_input input = {.points = 4,
                                   .latent = 1,
                                   .codes = codes,
                                   .factors = factors,
                                   .factor_count = 1,
                                   .test_points = 4,
                                   .test_codes = codes,
                                   .test_factors = factors};
  static const char *const names[] = {"mig", "sap_continuous", "sap_discrete"};
  for (int i = 0; i < 3; i++) {
    expect(names[i], &input, (double)NAN);
    struct tsl_metric_input other = input;
    other.latent = 2;
    other.codes = other.test_codes = wide;
    other.factors = constant;
    expect(names[i], &other, (double)NAN);
  }
}

static void test_values__are_indexed_by_rising_value(void **state) {
  (void)state;
  double values[8] = {0.7, 9, 0.5, 9, 0.7, 9, -1, 9}; /* every second one */
  const double indices[4] = {2, 1, 2, 0};
  assert_int_equal(tsl__index_values(values, 2, 4, NULL), TSL_OK);
  for (int i = 0; i < 4; i++) {
    assert_true(values[2 * i] == indices[i]);
    assert_true(values[2 * i + 1] == 9);
  }
}

static void test_registry__every_metric_is_whole_and_found(void **state) {
  (void)state;
  for (size_t i = 0; i < tsl_metric_count(); i++) {
    const struct tsl_metric *metric = tsl_metric_at(i);
    assert_ptr_equal(tsl_metric_find(metric->name), metric);
    assert_non_null(metric->compute);
    assert_true(strlen(metric->summary) > 20);
    assert_true(metric->needs != 0);
  }
  assert_null(tsl_metric_find("udr"));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_factor_metrics__tell_good_codes_from_bad_ones),
      cmocka_unit_test(test_votes__hold_a_value_and_draw_among_its_points),
      cmocka_unit_test(test_votes__without_a_shared_value_are_undefined),
      cmocka_unit_test(test_perfect_clusters__score_the_best_value),
      cmocka_unit_test(test_one_cluster_or_one_a_point__is_undefined_with_the_reason),
      cmocka_unit_test(test_silhouette__a_point_alone_scores_0),
      cmocka_unit_test(test_hungarian__finds_the_best_assignment_of_unequal_counts),
      cmocka_unit_test(test_makhzani__says_what_ties_could_change),
      cmocka_unit_test(test_clusters_used__counts_clusters_with_points),
      cmocka_unit_test(test_gaps__without_two_latents_or_a_changing_factor_are_undefined),
      cmocka_unit_test(test_values__are_indexed_by_rising_value),
      cmocka_unit_test(test_registry__every_metric_is_whole_and_found),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
