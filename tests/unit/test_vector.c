/* The functions of vector.h against libm in double precision, in units of the last place.
 */
#include "unit.h"

#include "nn/vector.h"

#include <math.h>
#include <stdio.h>

typedef float (*narrow)(float);
typedef double (*exact)(double);

/* Largest error over [low, high] in units of the last place of the exact value. */
static double worst(narrow function, exact reference, double low, double high) {
  double largest = 0;
  for (int i = 0; i <= 200000; i++) {
    float x = (float)(low + (high - low) * i / 200000);
    double y = reference((double)x);
    double unit = (double)nextafterf((float)fabs(y), INFINITY) - (double)(float)fabs(y);
    double error = fabs((double)function(x) - y) / unit;
    if (!(error <= largest))
      largest = error;
  }
  return largest;
}

static float call_exp(float x) {
  return tsl__exp(x);
}
static float call_expm1(float x) {
  return tsl__expm1(x);
}
static float call_log1p(float x) {
  return tsl__log1p(x);
}
static float call_log(float x) {
  return tsl__log(x);
}
static float call_tanh(float x) {
  return tsl__tanh(x);
}
static float call_sigmoid(float x) {
  return tsl__sigmoid(x);
}
static double exact_sigmoid(double x) {
  return 1.0 / (1.0 + exp(-x));
}

static void test_functions__are_within_a_few_units_of_libm(void **state) {
  (void)state;
  const struct {
    const char *name;
    narrow function;
    exact reference;
    double low, high, allowed;
  } cases[] = {
      {"exp", call_exp, exp, -86, 88, 2},
      {"exp near 0", call_exp, exp, -1, 1, 2},
      {"expm1", call_expm1, expm1, -80, 80, 2.5},
      {"expm1 near 0", call_expm1, expm1, -0.01, 0.01, 2},
      {"log1p", call_log1p, log1p, 0, 1, 2.5},
      {"log1p near 0", call_log1p, log1p, 0, 1e-4, 2},
      {"log", call_log, log, 1e-3, 100, 2.5},
      {"log of large", call_log, log, 1, 1e30, 2.5},
      {"tanh", call_tanh, tanh, -20, 20, 4},
      {"tanh near 0", call_tanh, tanh, -0.1, 0.1, 4},
      {"sigmoid", call_sigmoid, exact_sigmoid, -80, 80, 4},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    double error =
        worst(cases[i].function, cases[i].reference, cases[i].low, cases[i].high);
    printf("%s: %.2f units\n", cases[i].name, error);
    assert_true(error <= cases[i].allowed);
  }
}

static void test_exp__keeps_what_is_not_finite(void **state) {
  (void)state;
  assert_true(isnan(call_exp(NAN)));
  assert_true(isinf(call_exp(INFINITY)));
  assert_true(isinf(call_exp(89.5F)));
  assert_true(call_exp(-INFINITY) == 0.0F);
  assert_true(isnan(call_tanh(NAN)));
  assert_true(isnan(call_sigmoid(NAN)));
  assert_true(isnan(call_log1p(NAN)));
  assert_true(isnan(call_expm1(NAN)));
}

static void test_sum__is_exact_where_floats_are_not(void **state) {
  (void)state;
  static float x[1000];
  for (int i = 0; i < 1000; i++)
    x[i] = i == 0 ? 1e8F : 1.0F;
  assert_true(tsl__sum(x, 1000) == 1e8 + 999);
  assert_true(tsl__sum(x + 1, 17) == 17);
  assert_true(tsl__sum(x, 0) == 0);
}

static void test_add_chain__adds_in_the_order_of_the_tree(void **state) {
  (void)state;
  /* 1 + 2^-24 is 1 in float, 2^-24 + 2^-24 is not lost: the order shows. */
  const float tiny = 0x1p-24F;
  float chain_values[3][20], x[20], to[20];
  const float *chain[3] = {chain_values[0], chain_values[1], chain_values[2]};
  for (int i = 0; i < 20; i++) {
    chain_values[0][i] = tiny;
    chain_values[1][i] = 0;
    chain_values[2][i] = 1;
    x[i] = tiny;
  }
  tsl__add_chain(to, chain, 3, x, 20);
  for (int i = 0; i < 20; i++)
    assert_true(to[i] == 1 + 0x1p-23F);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_functions__are_within_a_few_units_of_libm),
      cmocka_unit_test(test_exp__keeps_what_is_not_finite),
      cmocka_unit_test(test_sum__is_exact_where_floats_are_not),
      cmocka_unit_test(test_add_chain__adds_in_the_order_of_the_tree),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
