/* Every score against numpy, scipy and scikit-learn (record_scores.py). */
#include "unit.h"

#include "scores_expected.h"
#include "scores_inputs.h"

#include "metric/factor.h"
#include "teasel/metric.h"

#include <stdio.h>
#include <stdlib.h>

static struct tsl_udr udr;
static struct udr_inputs inputs;
static double pairwise[TSL_SIMILARITY_COUNT][TSL_UDR_FORM_COUNT][MODELS * MODELS];

static void close_to(double value, double expected, double tolerance, const char *what) {
  if (!(fabs(value - expected) <= tolerance))
    fail_msg("%s: %.17g, expected %.17g", what, value, expected);
}

static void gather(void *context, const struct tsl_udr_pair *pair) {
  (void)context;
  assert_true(pair->settled);
  const bool *rows = udr.informative + udr.begin[pair->i];
  const bool *columns = udr.informative + udr.begin[pair->j];
  for (int s = 0; s < TSL_SIMILARITY_COUNT; s++)
    for (int form = 0; form < TSL_UDR_FORM_COUNT && pair->i != pair->j; form++)
      pairwise[s][form][pair->i * MODELS + pair->j] = tsl_udr_score(
          (enum tsl_udr_form)form, pair->r[s], rows, LATENT, columns, LATENT);
}

static int prepare(void **state) {
  (void)state;
  struct tsl_udr_model models[MODELS];
  fill_udr(&inputs);
  for (int m = 0; m < MODELS; m++)
    models[m] = (struct tsl_udr_model){.latent = LATENT,
                                       .mean = inputs.mean[m][0],
                                       .log_variance = inputs.log_variance[m][0]};
  if (tsl_udr_init(&udr, models, MODELS, POINTS, 3, 0.01, NULL) != TSL_OK)
    return 1;
  /* Tiles that are cut unevenly on purpose. */
  struct tsl_udr_tile tiles[] = {{0, 5, 0, 5}, {0, 5, 5, 9}, {5, 9, 5, 9}};
  for (int t = 0; t < 3; t++)
    if (tsl_udr_tile_compute(&udr, &tiles[t], gather, NULL, NULL) != TSL_OK)
      return 1;
  return 0;
}

static int release(void **state) {
  (void)state;
  tsl_udr_release(&udr);
  return 0;
}

static void test_latents__are_judged_as_recorded(void **state) {
  (void)state;
  for (int i = 0; i < MODELS * LATENT; i++) {
    assert_int_equal(udr.informative[i], udr_informative[i]);
    if (udr_kl[i] == -1)
      assert_false(udr.finite[i]);
    else
      close_to(udr.kl[i], udr_kl[i], 1e-12, "kl");
  }
}

struct expected {
  const double *pairwise, *groups[TSL_UDR_GROUP_COUNT];
};
#define EXPECTED(form)                                                                   \
  {                                                                                      \
    udr_##form##_pairwise, {                                                             \
      udr_##form##_setting, udr_##form##_family, udr_##form##_all                        \
    }                                                                                    \
  }
static const struct expected expected[TSL_SIMILARITY_COUNT][TSL_UDR_FORM_COUNT] = {
    {EXPECTED(spearman_lib), EXPECTED(spearman_eq2), EXPECTED(spearman_eq2full)},
    {EXPECTED(lasso_lib), EXPECTED(lasso_eq2)}};

static void test_pairs__score_as_recorded(void **state) {
  (void)state;
  for (int s = 0; s < TSL_SIMILARITY_COUNT; s++)
    for (int form = 0; form < TSL_UDR_FORM_COUNT; form++)
      for (int i = 0; expected[s][form].pairwise != NULL && i < MODELS * MODELS; i++)
        close_to(pairwise[s][form][i], expected[s][form].pairwise[i],
                 s == TSL_LASSO ? 1e-8 : 1e-9,
                 tsl_similarity_word((enum tsl_similarity)s));
}

static void test_groups__take_the_median_as_recorded(void **state) {
  (void)state;
  const int one[MODELS] = {0};
  const int *groups[TSL_UDR_GROUP_COUNT] = {setting, family, one};
  for (int s = 0; s < TSL_SIMILARITY_COUNT; s++)
    for (int form = 0; form < TSL_UDR_FORM_COUNT; form++)
      for (int g = 0; expected[s][form].pairwise != NULL && g < TSL_UDR_GROUP_COUNT;
           g++) {
        double out[MODELS];
        assert_int_equal(
            tsl_udr_reduce(pairwise[s][form], MODELS, groups[g], 0, NULL, out, NULL),
            TSL_OK);
        for (int i = 0; i < MODELS; i++) {
          double wanted = expected[s][form].groups[g][i];
          if (wanted == -1)
            assert_true(isnan(out[i]));
          else
            close_to(out[i], wanted, s == TSL_LASSO ? 1e-8 : 1e-9, "udr");
        }
      }
}

static double score(const char *name, const struct tsl_metric_input *input) {
  struct tsl_text reason = {0};
  double value;
  assert_int_equal(tsl_metric_find(name)->compute(input, &value, &reason, NULL), TSL_OK);
  assert_int_equal(reason.length, 0);
  return value;
}

static void test_clusters__score_as_scikit_learn(void **state) {
  (void)state;
  static struct cluster_inputs in;
  fill_clusters(&in);
  struct tsl_metric_input input = {.points = CLUSTER_POINTS,
                                   .latent = DIMENSIONS,
                                   .codes = in.x[0],
                                   .clusters = in.predicted,
                                   .labels = in.truth,
                                   .responsibilities = in.q[0],
                                   .cluster_count = CLUSTERS};
#define CHECK(name) close_to(score(#name, &input), cluster_##name, 1e-9, #name)
  CHECK(silhouette);
  CHECK(davies_bouldin);
  CHECK(calinski_harabasz);
  CHECK(acc_makhzani);
  CHECK(acc_majority);
  CHECK(acc_hungarian);
  CHECK(nmi);
  CHECK(ari);
#undef CHECK
}

static void test_factors__score_as_recorded(void **state) {
  (void)state;
  static double codes[FACTOR_POINTS * LATENT], factors[FACTOR_POINTS * FACTORS];
  static double test_codes[TEST_POINTS * LATENT], test_factors[TEST_POINTS * FACTORS];
  fill_factors(20, FACTOR_POINTS, codes, factors);
  fill_factors(50, TEST_POINTS, test_codes, test_factors);
  struct tsl_metric_input input = {.points = FACTOR_POINTS,
                                   .latent = LATENT,
                                   .codes = codes,
                                   .factors = factors,
                                   .factor_count = FACTORS,
                                   .test_points = TEST_POINTS,
                                   .test_codes = test_codes,
                                   .test_factors = test_factors};
  close_to(score("mig", &input), factor_mig, 1e-9, "mig");
  close_to(score("modularity", &input), factor_modularity, 1e-9, "modularity");
  close_to(score("sap_continuous", &input), factor_sap_continuous, 1e-9, "continuous");
  close_to(score("sap_discrete", &input), factor_sap_discrete, 1e-9, "discrete");
  double *matrix = NULL;
  assert_int_equal(tsl__sap_discrete_matrix(&input, &matrix, NULL), TSL_OK);
  for (int i = 0; i < LATENT * FACTORS; i++)
    close_to(matrix[i], factor_sap_discrete_matrix[i], 1e-9, "accuracy");
  free(matrix);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_latents__are_judged_as_recorded),
      cmocka_unit_test(test_pairs__score_as_recorded),
      cmocka_unit_test(test_groups__take_the_median_as_recorded),
      cmocka_unit_test(test_clusters__score_as_scikit_learn),
      cmocka_unit_test(test_factors__score_as_recorded),
  };
  return cmocka_run_group_tests(tests, prepare, release);
}
