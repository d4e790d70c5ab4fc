#include "unit.h"

#include "teasel/classify.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { POINTS = 1200, LATENT = 4 };

static float mean[POINTS * LATENT], log_variance[POINTS * LATENT];
static bool bad[POINTS];

/* Latent 0 tells nothing; 1 is the class with the sign turned and some noise; 2 is the
 * class better than that only together with 0; 3 is uninformative. Every fourth is bad.
 */
static struct tsl_classify_request make_case(void) {
  struct tsl_stream stream = {.seed = 5, .purpose = TSL_PURPOSE_TEST};
  for (int i = 0; i < POINTS; i++) {
    float z[LATENT];
    tsl_random_normal(&stream, 0, (uint32_t)i, LATENT, z);
    bad[i] = i % 4 == 0;
    float sign = bad[i] ? 1.0f : -1.0f;
    mean[i * LATENT] = z[0] * 3;
    mean[i * LATENT + 1] = -1.5f * sign + z[1] + 0.25f;
    mean[i * LATENT + 2] = 1.6f * sign + z[0] * 3 + 0.1f * z[2];
    mean[i * LATENT + 3] = 0.01f * sign;
    for (int a = 0; a < LATENT; a++)
      log_variance[i * LATENT + a] = a == 3 ? 0.0f : -3.0f;
  }
  return (struct tsl_classify_request){
      .mean = mean,
      .log_variance = log_variance,
      .bad = bad,
      .points = POINTS,
      .latent = LATENT,
      .labels = 200,
      .informative_kl = 0.01,
      .stream = {.seed = 1, .purpose = TSL_PURPOSE_SCORE}};
}

static void test_confusion__balances_classes_of_unequal_size(void **state) {
  (void)state;
  struct tsl_confusion confusion = {
      .good_as_good = 90, .good_as_bad = 10, .bad_as_good = 3, .bad_as_bad = 2};
  assert_true(fabs(tsl_confusion_accuracy(&confusion) - 92.0 / 105) < 1e-15);
  assert_true(fabs(tsl_confusion_balanced_accuracy(&confusion) - 0.65) < 1e-15);
  struct tsl_confusion one_class = {.good_as_good = 4};
  assert_true(isnan(tsl_confusion_balanced_accuracy(&one_class)));
}

static void test_classify__finds_the_latent_that_tells_most(void **state) {
  (void)state;
  struct tsl_classify_request request = make_case();
  struct tsl_classification out;
  struct tsl_error err = {0};
  assert_int_equal(tsl_classify(&request, &out, &err), TSL_OK);
  assert_int_equal(out.cut_count, 3);
  assert_int_equal(out.cuts[0].latent, 1);
  assert_false(out.cuts[0].bad_above);
  assert_true(fabs(out.cuts[0].threshold - 0.25) < 0.6);
  /* Two normals 3 deviations apart: the best threshold is right for 93.3 %. */
  assert_true(fabs(tsl_confusion_balanced_accuracy(&out.cuts[0].rest) - 0.933) < 0.03);
  /* 2 minus 0 is the class with a deviation of 0.1: together nearly all are right. */
  assert_true(tsl_confusion_balanced_accuracy(&out.logistic_rest) > 0.97);
  tsl_classification_release(&out);
}

static void test_classify__labels_half_of_each_class_and_judges_the_rest(void **state) {
  (void)state;
  struct tsl_classify_request request = make_case();
  struct tsl_classification out;
  struct tsl_error err = {0};
  assert_int_equal(tsl_classify(&request, &out, &err), TSL_OK);
  int labelled[2] = {0};
  for (int i = 0; i < POINTS; i++)
    labelled[bad[i]] += out.labelled[i];
  assert_int_equal(labelled[0], 100);
  assert_int_equal(labelled[1], 100);
  for (int k = 0; k < out.cut_count; k++) {
    const struct tsl_confusion *rest = &out.cuts[k].rest;
    assert_int_equal(rest->good_as_good + rest->good_as_bad, 800);
    assert_int_equal(rest->bad_as_good + rest->bad_as_bad, 200);
  }
  tsl_classification_release(&out);
}

/* Every threshold tried one by one. */
static void test_cut__is_the_best_there_is(void **state) {
  (void)state;
  struct tsl_classify_request request = make_case();
  struct tsl_classification out;
  struct tsl_error err = {0};
  request.labels = 40;
  assert_int_equal(tsl_classify(&request, &out, &err), TSL_OK);
  for (int k = 0; k < out.cut_count; k++) {
    double best = 0;
    for (int t = 0; t < POINTS; t++) {
      if (!out.labelled[t])
        continue;
      for (int above = 0; above < 2; above++) {
        struct tsl_cut cut = {.latent = out.cuts[k].latent,
                              .threshold = (double)mean[t * LATENT + out.cuts[k].latent],
                              .bad_above = above};
        for (int i = 0; i < POINTS; i++)
          if (out.labelled[i])
            tsl_confusion_add(
                &cut.labelled, bad[i],
                tsl_cut_is_bad(&cut, (double)mean[i * LATENT + cut.latent]));
        best = fmax(best, tsl_confusion_balanced_accuracy(&cut.labelled));
      }
    }
    assert_true(tsl_confusion_balanced_accuracy(&out.cuts[k].labelled) >= best - 1e-12);
  }
  tsl_classification_release(&out);
}

static void test_classify__refuses_too_few_points_and_blind_models(void **state) {
  (void)state;
  struct tsl_classify_request request = make_case();
  struct tsl_classification out;
  struct tsl_error err = {0};
  request.labels = 600; /* all 300 bad ones: nothing left to judge by */
  assert_int_equal(tsl_classify(&request, &out, &err), TSL_BAD_INPUT);
  assert_non_null(strstr(err.text, "300 bad"));
  request.labels = 200;
  request.informative_kl = 1e9;
  assert_int_equal(tsl_classify(&request, &out, &err), TSL_BAD_INPUT);
  assert_non_null(strstr(err.text, "no informative latent"));
}

static void test_best_run__is_judged_by_the_narrowest_group(void **state) {
  (void)state;
  struct tsl_scores scores;
  struct tsl_error err = {0};
  assert_int_equal(tsl_scores_init(&scores, 4, 2, 1u, 0, &err), TSL_OK);
  assert_int_equal(tsl_scores_best_run(&scores, TSL_UDR_LIB), -1);
  double *setting = scores.udr[TSL_SPEARMAN][TSL_UDR_LIB][TSL_UDR_SETTING];
  double *all = scores.udr[TSL_SPEARMAN][TSL_UDR_LIB][TSL_UDR_ALL];
  all[3] = 0.9;
  assert_int_equal(tsl_scores_best_run(&scores, TSL_UDR_LIB), 3);
  setting[1] = 0.2;
  setting[2] = 0.3;
  assert_int_equal(tsl_scores_best_run(&scores, TSL_UDR_LIB), 2);
  snprintf(scores.runs[2].outcome, sizeof scores.runs[2].outcome, "diverged");
  assert_int_equal(tsl_scores_best_run(&scores, TSL_UDR_LIB), 1);
  tsl_scores_release(&scores);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_confusion__balances_classes_of_unequal_size),
      cmocka_unit_test(test_classify__finds_the_latent_that_tells_most),
      cmocka_unit_test(test_classify__labels_half_of_each_class_and_judges_the_rest),
      cmocka_unit_test(test_cut__is_the_best_there_is),
      cmocka_unit_test(test_classify__refuses_too_few_points_and_blind_models),
      cmocka_unit_test(test_best_run__is_judged_by_the_narrowest_group),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
