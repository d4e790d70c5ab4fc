/* UDR's parts: ranks, fixed sums, the Lasso's conditions, groups. Whole scores against
 * other programs are in tests/oracle. */
#include "unit.h"

#include "metric/lasso.h"
#include "metric/rank.h"
#include "teasel/metric.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const struct tsl_stream stream = {.seed = 9, .purpose = TSL_PURPOSE_TEST};

static void test_ranks__equal_the_count_of_smaller_values(void **state) {
  (void)state;
  enum { COUNT = 500 };
  double values[COUNT], ranks[2 * COUNT];
  struct tsl__rank_item scratch[2 * COUNT];
  for (int i = 0; i < COUNT; i++) {
    double at = tsl_random_double(&stream, 0, (uint32_t)i, 0);
    values[i] = i % 3 == 0 ? floor(at * 20) - 10 : (at - 0.5) * pow(10, i % 40 - 20);
  }
  values[3] = 0.0;
  values[6] = -0.0; /* equal to 0 */
  tsl__ranks(values, COUNT, scratch, ranks, 2);
  for (int i = 0; i < COUNT; i++) {
    int smaller = 0, equal = 0;
    for (int k = 0; k < COUNT; k++) {
      smaller += values[k] < values[i];
      equal += values[k] == values[i];
    }
    /* twice the average of smaller + 1 .. smaller + equal, less COUNT + 1 */
    assert_true(ranks[2 * i] == 2 * smaller + equal + 1 - (COUNT + 1));
  }
}

enum { MODELS = 11, POINTS = 300, WIDEST = 7 };
static float means[MODELS][POINTS * WIDEST], log_variances[MODELS][POINTS * WIDEST];

static int latent_of(int model) {
  return 1 + model % WIDEST;
}

static int fill(void **state) {
  (void)state;
  float common[WIDEST], noise[WIDEST];
  for (int m = 0; m < MODELS; m++) {
    int d = latent_of(m);
    for (int i = 0; i < POINTS; i++) {
      tsl_random_normal(&stream, 1, (uint32_t)i, WIDEST, common);
      tsl_random_normal(&stream, 2 + (uint64_t)m, (uint32_t)i, WIDEST, noise);
      for (int k = 0; k < d; k++) {
        means[m][i * d + k] =
            common[(k + m) % WIDEST] + 0.3F * noise[k] + 0.5F * common[0];
        log_variances[m][i * d + k] = -3;
      }
    }
  }
  return 0;
}

/* What one set of models gave for its pairs, by the models' own numbers. */
struct seen {
  const int *numbers;
  double r[MODELS][MODELS][TSL_SIMILARITY_COUNT][WIDEST * WIDEST];
  int visits[MODELS][MODELS];
};

static void keep(void *context, const struct tsl_udr_pair *pair) {
  struct seen *seen = context;
  int i = seen->numbers[pair->i], j = seen->numbers[pair->j];
  seen->visits[i][j]++;
  assert_true(pair->settled);
  for (int s = 0; s < TSL_SIMILARITY_COUNT; s++)
    memcpy(seen->r[i][j][s], pair->r[s],
           (size_t)(latent_of(i) * latent_of(j)) * sizeof(double));
}

static void compute(const int *numbers, int count, int side, struct seen *seen) {
  struct tsl_udr_model models[MODELS];
  struct tsl_udr udr;
  memset(seen, 0, sizeof *seen);
  seen->numbers = numbers;
  for (int m = 0; m < count; m++)
    models[m] = (struct tsl_udr_model){.latent = latent_of(numbers[m]),
                                       .mean = means[numbers[m]],
                                       .log_variance = log_variances[numbers[m]]};
  assert_int_equal(tsl_udr_init(&udr, models, count, POINTS, 3, 0.01, NULL), TSL_OK);
  for (int row = 0; row < count; row += side) {
    for (int column = row; column < count; column += side) {
      struct tsl_udr_tile tile = {row, row + side, column, column + side};
      tile.row_end = tile.row_end < count ? tile.row_end : count;
      tile.column_end = tile.column_end < count ? tile.column_end : count;
      assert_int_equal(tsl_udr_tile_compute(&udr, &tile, keep, seen, NULL), TSL_OK);
    }
  }
  tsl_udr_release(&udr);
}

static void test_pairs__do_not_depend_on_company_order_or_tiles(void **state) {
  (void)state;
  static struct seen whole, other;
  const int all[MODELS] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
  const int some[5] = {9, 2, 6, 0, 5};
  compute(all, MODELS, TSL_UDR_TILE, &whole);
  for (int i = 0; i < MODELS; i++)
    for (int j = 0; j < MODELS; j++)
      assert_int_equal(whole.visits[i][j], 1);
  for (int side = 1; side <= 3; side++) {
    compute(some, 5, side, &other);
    for (int a = 0; a < 5; a++) {
      for (int b = 0; b < 5; b++) {
        int i = some[a], j = some[b];
        size_t bytes = (size_t)(latent_of(i) * latent_of(j)) * sizeof(double);
        assert_int_equal(other.visits[i][j], 1);
        for (int s = 0; s < TSL_SIMILARITY_COUNT; s++)
          assert_memory_equal(other.r[i][j][s], whole.r[i][j][s], bytes);
      }
    }
  }
}

static void test_a_model_with_itself__correlates_fully(void **state) {
  (void)state;
  static struct seen seen;
  const int all[MODELS] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
  compute(all, MODELS, TSL_UDR_TILE, &seen);
  for (int m = 0; m < MODELS; m++) {
    int d = latent_of(m);
    for (int k = 0; k < d; k++) {
      assert_true(seen.r[m][m][TSL_SPEARMAN][k * d + k] == 1);
      /* y = x: w shrinks by the penalty alone. */
      assert_true(fabs(seen.r[m][m][TSL_LASSO][k * d + k] - 0.9) < 1e-9);
    }
  }
}

enum { PREDICTORS = 6, PANELS = 7, TARGETS = PANELS * TSL__LASSO_LANES };
enum { SCRATCH = 2 * TSL__LASSO_TOGETHER * TSL__LASSO_LANES * PREDICTORS };

/* Correlated predictors; target t leans on predictor t mod 6. */
static void make_lasso(double *gram, double *moments) {
  enum { ROWS = 40 };
  double x[ROWS][PREDICTORS], y[ROWS][TARGETS];
  for (int i = 0; i < ROWS; i++) {
    float noise[PREDICTORS + TARGETS];
    tsl_random_normal(&stream, 50, (uint32_t)i, PREDICTORS + TARGETS, noise);
    for (int k = 0; k < PREDICTORS; k++)
      x[i][k] = (double)noise[k] + (k > 0 ? 0.97 * x[i][k - 1] : 0);
    for (int t = 0; t < TARGETS; t++)
      y[i][t] = (double)noise[PREDICTORS + t] + (t % 8 + 1) * x[i][t % PREDICTORS];
  }
  memset(gram, 0, PREDICTORS * PREDICTORS * sizeof *gram);
  memset(moments, 0, PREDICTORS * TARGETS * sizeof *moments);
  for (int i = 0; i < ROWS; i++)
    for (int a = 0; a < PREDICTORS; a++) {
      for (int b = 0; b < PREDICTORS; b++)
        gram[a * PREDICTORS + b] += x[i][a] * x[i][b] / ROWS;
      for (int t = 0; t < TARGETS; t++)
        moments[a * TARGETS + t] += x[i][a] * y[i][t] / ROWS;
    }
}

static void test_lasso__meets_its_conditions_in_every_lane(void **state) {
  (void)state;
  static double gram[PREDICTORS * PREDICTORS], moments[PREDICTORS * TARGETS];
  static double weights[PREDICTORS * TARGETS], scratch[SCRATCH];
  make_lasso(gram, moments);
  for (int begin = 0; begin < TARGETS; begin += TSL__LASSO_LANES) {
    assert_true(tsl__lasso(gram, PREDICTORS, moments + begin, 1, TARGETS, 0.1, scratch,
                           weights + begin));
    for (int t = 0; t < TSL__LASSO_LANES; t++) {
      /* The signs are lost in |w|: they are those that the solver's weights have. */
      const double *w = scratch + t;
      for (int a = 0; a < PREDICTORS; a++) {
        double slope = moments[a * TARGETS + begin + t];
        for (int b = 0; b < PREDICTORS; b++)
          slope -= gram[a * PREDICTORS + b] * w[b * TSL__LASSO_LANES];
        double own = w[a * TSL__LASSO_LANES];
        assert_true(fabs(own) == weights[a * TARGETS + begin + t]);
        if (own == 0)
          assert_true(fabs(slope) <= 0.1 + 1e-10);
        else
          assert_true(fabs(slope - copysign(0.1, own)) < 1e-10);
      }
    }
  }
}

static void test_lasso__panels_together_have_the_bits_of_each_alone(void **state) {
  (void)state;
  static double gram[PREDICTORS * PREDICTORS], moments[PREDICTORS * TARGETS];
  static double alone[PREDICTORS * TARGETS], together[PREDICTORS * TARGETS];
  static double scratch[SCRATCH];
  make_lasso(gram, moments);
  for (int begin = 0; begin < TARGETS; begin += TSL__LASSO_LANES)
    assert_true(tsl__lasso(gram, PREDICTORS, moments + begin, 1, TARGETS, 0.1, scratch,
                           alone + begin));
  assert_true(
      tsl__lasso(gram, PREDICTORS, moments, PANELS, TARGETS, 0.1, scratch, together));
  assert_memory_equal(alone, together, sizeof alone);
  double most = 0;
  for (int i = 0; i < PREDICTORS * TARGETS; i++)
    most = fmax(most, alone[i]);
  assert_true(most > 1);
}

static void test_reduce__medians_samples_and_lone_models(void **state) {
  (void)state;
  /* U[k][i] = 10 k + i */
  double pairwise[25], out[5], sampled[5], again[5];
  for (int i = 0; i < 25; i++)
    pairwise[i] = 10 * (i / 5) + i % 5;
  const int group[5] = {1, 1, 1, 1, 2};
  struct tsl_stream streams[5];
  for (int i = 0; i < 5; i++)
    streams[i] = (struct tsl_stream){(uint64_t)i, TSL_PURPOSE_SCORE, 2};
  assert_int_equal(tsl_udr_reduce(pairwise, 5, group, 0, NULL, out, NULL), TSL_OK);
  assert_true(out[0] == 20 && out[1] == 21 && out[2] == 12 && out[3] == 13);
  assert_true(isnan(out[4]));
  assert_int_equal(tsl_udr_reduce(pairwise, 5, group, 1, streams, sampled, NULL), TSL_OK);
  assert_int_equal(tsl_udr_reduce(pairwise, 5, group, 1, streams, again, NULL), TSL_OK);
  assert_memory_equal(sampled, again, sizeof sampled);
  for (int i = 0; i < 4; i++) {
    int k = (int)(sampled[i] - i) / 10;
    assert_true(k != i && k < 4 && sampled[i] == 10 * k + i);
  }
  /* As many as there are: all of them. */
  assert_int_equal(tsl_udr_reduce(pairwise, 5, group, 3, streams, again, NULL), TSL_OK);
  assert_memory_equal(out, again, 4 * sizeof(double));
}

static void test_score__nothing_informative_is_0(void **state) {
  (void)state;
  const double r[6] = {1, 0, 0, 1, 0, 0};
  const bool none[3] = {false, false, false}, both[2] = {true, true};
  for (int form = 0; form < TSL_UDR_FORM_COUNT; form++) {
    enum tsl_udr_form f = (enum tsl_udr_form)form;
    assert_true(tsl_udr_score(f, r, none, 3, none, 2) == 0);
    assert_true(tsl_udr_score(f, r, none, 3, both, 2) == 0);
    assert_true(tsl_udr_score(f, r, both, 2, none, 3) == 0);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_ranks__equal_the_count_of_smaller_values),
      cmocka_unit_test(test_pairs__do_not_depend_on_company_order_or_tiles),
      cmocka_unit_test(test_a_model_with_itself__correlates_fully),
      cmocka_unit_test(test_lasso__meets_its_conditions_in_every_lane),
      cmocka_unit_test(test_lasso__panels_together_have_the_bits_of_each_alone),
      cmocka_unit_test(test_reduce__medians_samples_and_lone_models),
      cmocka_unit_test(test_score__nothing_informative_is_0),
  };
  return cmocka_run_group_tests(tests, fill, NULL);
}
