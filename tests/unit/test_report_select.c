#include "unit.h"

#include "report_sample.h"

#include "report/figure.h"

static const struct sample_request request = {.families = 2,
                                              .settings = 2,
                                              .seeds = 3,
                                              .latent = 4,
                                              .points = 10,
                                              .scores = true,
                                              .lasso = true};

/* The same UDR for every run in every group. */
static void level(struct tsl__report_data *data, double udr) {
  for (int g = 0; g < TSL_UDR_GROUP_COUNT; g++)
    for (int i = 0; i < data->run_count; i++)
      data->scores.udr[TSL_SPEARMAN][TSL_UDR_LIB][g][i] = udr;
}

static void test_best__highest_udr_of_the_setting(void **state) {
  (void)state;
  struct tsl__report_data *data = sample_create(&request);
  level(data, 0.2);
  data->scores.udr[TSL_SPEARMAN][TSL_UDR_LIB][TSL_UDR_SETTING][7] = 0.9;
  data->scores.udr[TSL_SPEARMAN][TSL_UDR_LIB][TSL_UDR_ALL][3] = 0.99;
  tsl__report_choose_best(data);
  assert_int_equal(data->best_run, 7);
  assert_int_equal(data->families[1].best_run, 7);
  assert_int_equal(data->families[0].best_run, 3); /* a tie, decided by all */
  sample_free(data);
}

static void test_best__never_a_run_that_diverged_or_is_missing(void **state) {
  (void)state;
  struct tsl__report_data *data = sample_create(&request);
  for (int i = 0; i < data->run_count; i++)
    data->runs[i].record.outcome = i % 2 ? TSL_OUTCOME_DIVERGED : TSL_OUTCOME_NONE;
  tsl__report_choose_best(data);
  assert_int_equal(data->best_run, -1);
  assert_int_equal(data->families[1].best_run, -1);
  assert_int_equal(data->best_setting, -1);
  sample_free(data);
}

static void test_best__finished_before_collapsed_where_nothing_agrees(void **state) {
  (void)state;
  struct tsl__report_data *data = sample_create(&request);
  level(data, 0);
  for (int i = 0; i < data->run_count; i++)
    data->runs[i].record.outcome = i == 4 ? TSL_OUTCOME_FINISHED : TSL_OUTCOME_COLLAPSED;
  tsl__report_choose_best(data);
  assert_int_equal(data->best_run, 4);
  assert_int_equal(data->best_setting, -1);
  sample_free(data);
}

static void test_form__falls_back_where_a_similarity_lacks_it(void **state) {
  (void)state;
  struct tsl__report_data *data = sample_create(&request);
  data->form = TSL_UDR_EQ2FULL;
  assert_int_equal(tsl__report_form(data, TSL_SPEARMAN), TSL_UDR_EQ2FULL);
  assert_int_equal(tsl__report_form(data, TSL_LASSO), TSL_UDR_LIB);
  sample_free(data);
}

static void test_order__falls_with_kl_and_ends_with_unknown(void **state) {
  (void)state;
  struct tsl__report_data *data = sample_create(&request);
  const double kl[4] = {0.5, NAN, 2.5, 0.7};
  memcpy(data->scores.kl, kl, sizeof kl);
  int order[4];
  tsl__report_latent_order(data, 0, order);
  assert_memory_equal(order, ((int[]){2, 3, 0, 1}), sizeof order);
  assert_false(tsl__report_is_informative(data, 0, 1));
  sample_free(data);
}

static void test_kl__without_scores_comes_from_the_latents(void **state) {
  (void)state;
  struct tsl__report_data *data = sample_create(&request);
  data->runs[0].score = -1;
  const struct tsl_latents_run *run = &data->latents.runs[0];
  double sum = 0;
  for (int p = 0; p < 10; p++) {
    double m = (double)run->mean[p * 4 + 1], v = (double)run->log_variance[p * 4 + 1];
    sum += (m * m + exp(v) - v - 1) / 2;
  }
  assert_true(fabs(tsl__report_kl(data, 0, 1) - sum / 10) < 1e-12);
  sample_free(data);
}

static void test_best_pair__of_the_best_setting_else_of_all(void **state) {
  (void)state;
  struct tsl__report_data *data = sample_create(&request);
  double *u = data->scores.pairwise[TSL_SPEARMAN][TSL_UDR_LIB];
  int other = -1, target = -1;
  data->best_setting = 1; /* runs 3, 4, 5 */
  u[4 * 12 + 3] = 0.999;
  u[0 * 12 + 11] = 1;
  assert_true(tsl__best_pair(data, TSL_SPEARMAN, &other, &target));
  assert_int_equal(other, 4);
  assert_int_equal(target, 3);
  data->best_setting = -1;
  assert_true(tsl__best_pair(data, TSL_SPEARMAN, &other, &target));
  assert_int_equal(other, 0);
  assert_int_equal(target, 11);
  sample_free(data);
}

static void test_latents_shown__are_those_with_the_highest_kl(void **state) {
  (void)state;
  struct sample_request many = request;
  many.latent = 40;
  struct tsl__report_data *data = sample_create(&many);
  int shown[TSL__LATENTS_SHOWN];
  for (int a = 0; a < 40; a++) /* 7 a mod 40: each of 0 to 39 once */
    data->scores.kl[a] = 7 * a % 40;
  data->scores.kl[3] = (double)NAN; /* instead of 21 */
  assert_int_equal(tsl__report_latents_shown(data, 0, shown), TSL__LATENTS_SHOWN);
  for (int i = 0; i < TSL__LATENTS_SHOWN; i++) {
    assert_true(i == 0 || shown[i] > shown[i - 1]);
    assert_true(data->scores.kl[shown[i]] >= 7);
  }
  sample_free(data);
  data = sample_create(&request);
  assert_int_equal(tsl__report_latents_shown(data, 0, shown), 4);
  for (int i = 0; i < 4; i++)
    assert_int_equal(shown[i], i);
  sample_free(data);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_best__highest_udr_of_the_setting),
      cmocka_unit_test(test_best__never_a_run_that_diverged_or_is_missing),
      cmocka_unit_test(test_best__finished_before_collapsed_where_nothing_agrees),
      cmocka_unit_test(test_form__falls_back_where_a_similarity_lacks_it),
      cmocka_unit_test(test_order__falls_with_kl_and_ends_with_unknown),
      cmocka_unit_test(test_kl__without_scores_comes_from_the_latents),
      cmocka_unit_test(test_latents_shown__are_those_with_the_highest_kl),
      cmocka_unit_test(test_best_pair__of_the_best_setting_else_of_all),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
