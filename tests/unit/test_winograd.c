/* The tiled 4x4, stride 2 convolution against the sums that define it, and the matrix
 * product under it. */
#include "unit.h"

#include "nn/dnnl.h"
#include "nn/multiply.h"
#include "nn/winograd.h"
#include "teasel/arena.h"
#include "teasel/random.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LANES = 16 };

/* (count) aligned; normal numbers of the purpose of tests, or zeros. */
static float *numbers(uint64_t seed, size_t count) {
  void *made = NULL;
  assert_int_equal(tsl_allocate(&made, count, sizeof(float), NULL), TSL_OK);
  const struct tsl_stream stream = {.seed = seed, .purpose = TSL_PURPOSE_TEST};
  if (seed > 0)
    tsl_random_normal(&stream, 0, 0, count, made);
  return made;
}

static void require_wide(void) {
  if (tsl__dnnl_block() != LANES)
    skip();
}

/* ---- the product ---- */

static void check_product(const struct tsl__product *product) {
  size_t a_count =
      (size_t)(product->rows * product->a_row + product->depth * product->a_depth);
  float *a = numbers(1, a_count);
  float *b = numbers(2, (size_t)(product->depth * product->b_row));
  float *c = numbers(3, (size_t)(product->rows * product->c_row));
  float *first = numbers(3, (size_t)(product->rows * product->c_row));
  tsl__multiply(product, a, b, c);
  for (int64_t i = 0; i < product->rows; i++) {
    for (int64_t j = 0; j < product->columns; j++) {
      float sum = product->add ? first[i * product->c_row + j] : 0.0F;
      for (int64_t k = 0; k < product->depth; k++)
        sum = fmaf(a[i * product->a_row + k * product->a_depth],
                   b[k * product->b_row + j], sum);
      assert_memory_equal(&c[i * product->c_row + j], &sum, sizeof sum);
    }
  }
  free(a);
  free(b);
  free(c);
  free(first);
}

static void test_product__is_one_chain_of_fused_sums(void **state) {
  (void)state;
  require_wide();
  for (int64_t rows = 1; rows <= 29; rows += 7) {
    for (int64_t columns = 16; columns <= 112; columns += 16) {
      const struct tsl__product straight = {.rows = rows,
                                            .columns = columns,
                                            .depth = 9,
                                            .a_row = 11,
                                            .a_depth = 1,
                                            .b_row = columns,
                                            .c_row = columns + 16};
      const struct tsl__product across = {.rows = rows,
                                          .columns = columns,
                                          .depth = 5,
                                          .a_row = 1,
                                          .a_depth = rows,
                                          .b_row = columns + 16,
                                          .c_row = columns,
                                          .add = true};
      check_product(&straight);
      check_product(&across);
    }
  }
}

/* Each shard's product whole, then added in pairs. */
static void test_product_of_shards__is_their_sum_in_a_tree(void **state) {
  (void)state;
  require_wide();
  enum { SHARDS = 8, DEPTH = 5, ROWS = 27, COLUMNS = 80 };
  const struct tsl__product product = {.rows = ROWS,
                                       .columns = COLUMNS,
                                       .depth = DEPTH,
                                       .a_row = 1,
                                       .a_depth = ROWS,
                                       .b_row = COLUMNS,
                                       .c_row = COLUMNS};
  float *a = numbers(1, SHARDS * DEPTH * ROWS), *b = numbers(2, SHARDS * DEPTH * COLUMNS);
  float *each = numbers(0, SHARDS * ROWS * COLUMNS), *made = numbers(3, ROWS * COLUMNS);
  for (int shards = 1; shards <= SHARDS; shards *= 2) {
    const struct tsl__shards sum = {shards, DEPTH * ROWS, DEPTH * COLUMNS};
    for (int s = 0; s < shards; s++)
      tsl__multiply(&product, a + s * DEPTH * ROWS, b + s * DEPTH * COLUMNS,
                    each + s * ROWS * COLUMNS);
    for (int apart = 1; apart < shards; apart *= 2)
      for (int s = 0; s < shards; s += 2 * apart)
        for (int i = 0; i < ROWS * COLUMNS; i++)
          each[s * ROWS * COLUMNS + i] += each[(s + apart) * ROWS * COLUMNS + i];
    tsl__multiply_shards(&product, &sum, a, b, made);
    assert_memory_equal(made, each, ROWS * COLUMNS * sizeof(float));
  }
  free(a);
  free(b);
  free(each);
  free(made);
}

/* ---- the convolution ---- */

static size_t blocked(int64_t n, int64_t c, int64_t y, int64_t x, int64_t channels,
                      int64_t height, int64_t width) {
  return (size_t)((((n * (channels / LANES) + c / LANES) * height + y) * width + x) *
                      LANES +
                  c % LANES);
}

/* The three uses of y[o, i, j] = sum w[a, b, c, o] x[c, 2 i + a - 1, 2 j + b - 1]: each
 * product goes to the sum of its third factor. All double, in the tests' order. */
struct plain {
  double *large, *small, *weight;
};

static void walk(const struct tsl__winograd *w, const float *large, const float *small,
                 const float *weight, struct plain *out) {
  int64_t height = 2 * w->height, width = 2 * w->width;
  for (int64_t n = 0; n < w->rows; n++)
    for (int64_t o = 0; o < w->filters; o++)
      for (int64_t c = 0; c < w->channels; c++)
        for (int64_t i = 0; i < w->height * 4; i++)
          for (int64_t j = 0; j < w->width * 4; j++) {
            int64_t a = i % 4, b = j % 4, y = 2 * (i / 4) + a - 1,
                    x = 2 * (j / 4) + b - 1;
            if (y < 0 || y >= height || x < 0 || x >= width)
              continue;
            size_t l = blocked(n, c, y, x, w->channels, height, width);
            size_t s = blocked(n, o, i / 4, j / 4, w->filters, w->height, w->width);
            size_t k = (size_t)(((a * 4 + b) * w->channels + c) * w->filters + o);
            out->large[l] += (double)small[s] * (double)weight[k];
            out->small[s] += (double)large[l] * (double)weight[k];
            out->weight[k] += (double)large[l] * (double)small[s];
          }
}

static double *doubles(size_t count) {
  double *made = calloc(count, sizeof *made);
  assert_non_null(made);
  return made;
}

/* Within `bound` of the largest number. */
static void check_close(const float *given, const double *wanted, size_t count,
                        double bound) {
  double largest = 0, worst = 0;
  for (size_t i = 0; i < count; i++) {
    largest = fmax(largest, fabs(wanted[i]));
    worst = fmax(worst, fabs((double)given[i] - wanted[i]));
  }
  if (!(worst <= bound * largest))
    fail_msg("off by %g of %g", worst, largest);
}

struct fixture {
  struct tsl__winograd shape;
  size_t large_count, small_count, weight_count;
  float *large, *small, *weight; /* weight: (4, 4, channels, filters) */
  float *turned;                 /* room of the transform */
  float *gathering, *spreading, *room;
  struct plain plain;
  double bound; /* of errors, as a part of the largest number */
};

static bool bfloat16; /* what the tests of shapes set up */

static void setup(struct fixture *f, int64_t rows, int64_t channels, int64_t filters,
                  int64_t height, int64_t width) {
  require_wide();
  if (bfloat16 && !tsl__dnnl_bfloat16())
    skip();
  assert_true(tsl__winograd_init(&f->shape, rows, channels, filters, height, width));
  f->shape.bfloat16 = bfloat16;
  f->bound = bfloat16 ? 2e-2 : 4e-6;
  f->large_count = (size_t)(rows * channels * 4 * height * width);
  f->small_count = (size_t)(rows * filters * height * width);
  f->weight_count = (size_t)(16 * channels * filters);
  f->large = numbers(1, f->large_count);
  f->small = numbers(2, f->small_count);
  f->weight = numbers(3, f->weight_count);
  f->turned = numbers(0, f->weight_count);
  size_t transformed = tsl__winograd_weight_floats(&f->shape);
  f->gathering = numbers(0, transformed);
  f->spreading = numbers(0, transformed);
  f->room = numbers(4, tsl__winograd_room_floats(&f->shape));
  tsl__winograd_gathering_weight(&f->shape, f->weight, f->gathering);
  tsl__winograd_spreading_weight(&f->shape, f->weight, f->turned, f->spreading);
  f->plain = (struct plain){doubles(f->large_count), doubles(f->small_count),
                            doubles(f->weight_count)};
  walk(&f->shape, f->large, f->small, f->weight, &f->plain);
}

static void teardown(struct fixture *f) {
  float *floats[] = {f->large,     f->small,     f->weight, f->turned,
                     f->gathering, f->spreading, f->room};
  for (size_t i = 0; i < sizeof floats / sizeof floats[0]; i++)
    free(floats[i]);
  free(f->plain.large);
  free(f->plain.small);
  free(f->plain.weight);
}

static void check_shape(int64_t rows, int64_t channels, int64_t filters, int64_t height,
                        int64_t width) {
  struct fixture f;
  setup(&f, rows, channels, filters, height, width);
  float *small = numbers(5, f.small_count), *large = numbers(6, f.large_count);
  float *weight = numbers(7, f.weight_count);
  struct tsl__winograd_pass pass = {.weight = f.gathering, .room = f.room};
  tsl__winograd_gather(&f.shape, &pass, f.large, small);
  check_close(small, f.plain.small, f.small_count, f.bound);
  pass.weight = f.spreading;
  tsl__winograd_spread(&f.shape, &pass, f.small, large);
  check_close(large, f.plain.large, f.large_count, f.bound);
  struct tsl__winograd_backward back = {.large = f.large,
                                        .small = f.small,
                                        .weight = f.spreading,
                                        .grad_weight = weight,
                                        .grad_large = numbers(8, f.large_count),
                                        .room = f.room};
  tsl__winograd_backward(&f.shape, &back);
  check_close(weight, f.plain.weight, f.weight_count, f.bound);
  assert_memory_equal(back.grad_large, large, f.large_count * sizeof(float));
  free(back.grad_large);
  back.grad_large = NULL;
  back.weight = f.gathering;
  back.grad_small = numbers(9, f.small_count);
  tsl__winograd_backward(&f.shape, &back);
  assert_memory_equal(back.grad_small, small, f.small_count * sizeof(float));
  free(back.grad_small);
  free(small);
  free(large);
  free(weight);
  teardown(&f);
}

static void check_shapes(void) {
  check_shape(1, 16, 16, 2, 2);
  check_shape(3, 16, 32, 4, 6);
  check_shape(5, 48, 16, 8, 8);
  check_shape(2, 32, 80, 16, 16);
  check_shape(9, 16, 48, 6, 2);
}

static void test_convolution__equals_its_plain_sum(void **state) {
  (void)state;
  bfloat16 = false;
  check_shapes();
}

static void test_convolution_in_bfloat16__is_close_to_its_plain_sum(void **state) {
  (void)state;
  bfloat16 = true;
  check_shapes();
}

static void test_bias_and_relu__come_after_the_sum(void **state) {
  (void)state;
  bfloat16 = false;
  struct fixture f;
  setup(&f, 2, 16, 32, 4, 4);
  float *bias = numbers(5, 32);
  float *small = numbers(6, f.small_count), *large = numbers(7, f.large_count);
  struct tsl__winograd_pass pass = {f.gathering, bias, true, f.room};
  tsl__winograd_gather(&f.shape, &pass, f.large, small);
  for (size_t i = 0; i < f.small_count; i++) {
    size_t channel = i / (16 * LANES) % 2 * LANES + i % LANES;
    f.plain.small[i] = fmax(0, f.plain.small[i] + (double)bias[channel]);
  }
  check_close(small, f.plain.small, f.small_count, f.bound);
  pass.weight = f.spreading;
  tsl__winograd_spread(&f.shape, &pass, f.small, large);
  for (size_t i = 0; i < f.large_count; i++)
    f.plain.large[i] = fmax(0, f.plain.large[i] + (double)bias[i % LANES]);
  check_close(large, f.plain.large, f.large_count, f.bound);
  free(bias);
  free(small);
  free(large);
  teardown(&f);
}

/* What enters the sums is the gradient where its value is above 0. */
static void check_gradient(struct fixture *f, bool large) {
  size_t count = large ? f->large_count : f->small_count;
  int64_t channels = large ? f->shape.channels : f->shape.filters;
  size_t pixels = (size_t)(f->shape.height * f->shape.width) * (large ? 4 : 1);
  float *value = numbers(5, count), *gradient = large ? f->large : f->small;
  float *weight = numbers(6, f->weight_count);
  double *sums = doubles((size_t)channels), *wanted = doubles((size_t)channels);
  float *masked = numbers(0, count);
  for (size_t i = 0; i < count; i++) {
    masked[i] = value[i] > 0 ? gradient[i] : 0;
    size_t block = i / (pixels * LANES) % (size_t)(channels / LANES);
    wanted[block * LANES + i % LANES] += (double)masked[i];
  }
  memset(f->plain.weight, 0, f->weight_count * sizeof(double));
  walk(&f->shape, large ? masked : f->large, large ? f->small : masked, f->weight,
       &f->plain);
  struct tsl__winograd_backward back = {.large = f->large,
                                        .small = f->small,
                                        .gradient = gradient,
                                        .value = value,
                                        .sums = sums,
                                        .grad_weight = weight,
                                        .room = f->room};
  tsl__winograd_backward(&f->shape, &back);
  check_close(weight, f->plain.weight, f->weight_count, f->bound);
  for (int64_t c = 0; c < channels; c++)
    assert_true(fabs(sums[c] - wanted[c]) < 1e-9);
  assert_memory_equal(gradient, masked, count * sizeof(float));
  free(value);
  free(weight);
  free(sums);
  free(wanted);
  free(masked);
}

static void test_gradient__goes_through_the_relu_and_is_summed(void **state) {
  (void)state;
  bfloat16 = false;
  struct fixture f;
  setup(&f, 5, 32, 16, 4, 6);
  check_gradient(&f, true);
  check_gradient(&f, false);
  teardown(&f);
}

static void test_transpose__swaps_rows_and_columns(void **state) {
  (void)state;
  require_wide();
  enum { ROWS = 48, COLUMNS = 80 };
  float *from = numbers(1, ROWS * COLUMNS), *to = numbers(0, ROWS * COLUMNS);
  tsl__transpose(from, ROWS, COLUMNS, to);
  for (int i = 0; i < ROWS; i++)
    for (int j = 0; j < COLUMNS; j++)
      assert_memory_equal(&to[j * ROWS + i], &from[i * COLUMNS + j], sizeof(float));
  free(from);
  free(to);
}

static void test_other_shapes__are_refused(void **state) {
  (void)state;
  struct tsl__winograd shape;
  assert_false(tsl__winograd_init(&shape, 8, 3, 48, 32, 32));
  assert_false(tsl__winograd_init(&shape, 8, 48, 40, 16, 16));
  assert_false(tsl__winograd_init(&shape, 8, 16, 16, 7, 7));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_product__is_one_chain_of_fused_sums),
      cmocka_unit_test(test_product_of_shards__is_their_sum_in_a_tree),
      cmocka_unit_test(test_convolution__equals_its_plain_sum),
      cmocka_unit_test(test_convolution_in_bfloat16__is_close_to_its_plain_sum),
      cmocka_unit_test(test_bias_and_relu__come_after_the_sum),
      cmocka_unit_test(test_gradient__goes_through_the_relu_and_is_summed),
      cmocka_unit_test(test_transpose__swaps_rows_and_columns),
      cmocka_unit_test(test_other_shapes__are_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
