/* Convolutions between a picture's few channels and blocks, in bfloat16, against the sums
 * that define them. */
#include "unit.h"

#include "nn/conv_few.h"
#include "nn/deconv_few.h"
#include "nn/dnnl.h"
#include "teasel/arena.h"
#include "teasel/random.h"

#include <math.h>
#include <stdlib.h>

enum { LANES = 16 };
static const double bound = 2e-2; /* of errors, as a part of the largest number */

static float *numbers(uint64_t seed, size_t count) {
  void *made = NULL;
  assert_int_equal(tsl_allocate(&made, count, sizeof(float), NULL), TSL_OK);
  const struct tsl_stream stream = {.seed = seed, .purpose = TSL_PURPOSE_TEST};
  if (seed > 0)
    tsl_random_normal(&stream, 0, 0, count, made);
  return made;
}

static void check_close(const float *given, const double *wanted, size_t count) {
  double largest = 0, worst = 0;
  for (size_t i = 0; i < count; i++) {
    largest = fmax(largest, fabs(wanted[i]));
    worst = fmax(worst, fabs((double)given[i] - wanted[i]));
  }
  if (!(worst <= bound * largest))
    fail_msg("off by %g of %g", worst, largest);
}

struct plain {
  double *x, *y, *weight;
};

/* y[o, i, j] = sum w[a, b, c, o] x[c, s i + a - p, s j + b - p], each product added to
 * the sum of its third factor. */
static void walk(const struct tsl__conv_few *few, const float *x, const float *y,
                 const float *weight, struct plain *out) {
  const int64_t k = few->kernel;
  for (int64_t at = 0; at < few->rows * few->filters * few->out_height * few->out_width;
       at++) {
    int64_t j = at % few->out_width, i = at / few->out_width % few->out_height;
    int64_t o = at / few->out_width / few->out_height % few->filters;
    int64_t n = at / few->out_width / few->out_height / few->filters;
    size_t to = (size_t)((((n * few->filters / LANES + o / LANES) * few->out_height + i) *
                              few->out_width +
                          j) *
                             LANES +
                         o % LANES);
    for (int64_t tap = 0; tap < few->channels * k * k; tap++) {
      int64_t c = tap / (k * k), a = tap / k % k, b = tap % k;
      int64_t row = i * few->stride + a - few->pad,
              column = j * few->stride + b - few->pad;
      if (row < 0 || row >= few->in_height || column < 0 || column >= few->in_width)
        continue;
      size_t from =
          (size_t)(((n * few->channels + c) * few->in_height + row) * few->in_width +
                   column);
      size_t by = (size_t)(((a * k + b) * few->channels + c) * few->filters + o);
      out->x[from] += (double)y[to] * (double)weight[by];
      out->y[to] += (double)x[from] * (double)weight[by];
      out->weight[by] += (double)x[from] * (double)y[to];
    }
  }
}

struct fixture {
  struct tsl__conv_few few;
  size_t x_count, y_count, weight_count;
  float *x, *y, *weight, *made;
  struct plain plain;
};

static void setup(struct fixture *f, const struct tsl__conv_few *few) {
  f->few = *few;
  if (!tsl__dnnl_bfloat16())
    skip();
  assert_true(tsl__conv_few_init(&f->few));
  f->x_count = (size_t)(few->rows * few->channels * few->in_height * few->in_width);
  f->y_count = (size_t)(few->rows * few->filters * few->out_height * few->out_width);
  f->weight_count = (size_t)(few->channels * few->filters * few->kernel * few->kernel);
  f->x = numbers(1, f->x_count);
  f->y = numbers(2, f->y_count);
  f->weight = numbers(3, f->weight_count);
  f->made = numbers(0, f->x_count + f->y_count + f->weight_count);
  f->plain.x = calloc(f->x_count, sizeof(double));
  f->plain.y = calloc(f->y_count, sizeof(double));
  f->plain.weight = calloc(f->weight_count, sizeof(double));
  walk(&f->few, f->x, f->y, f->weight, &f->plain);
}

static void teardown(struct fixture *f) {
  float *floats[] = {f->x, f->y, f->weight, f->made};
  double *doubles[] = {f->plain.x, f->plain.y, f->plain.weight};
  for (size_t i = 0; i < sizeof floats / sizeof *floats; i++)
    free(floats[i]);
  for (size_t i = 0; i < sizeof doubles / sizeof *doubles; i++)
    free(doubles[i]);
}

/* Colours as in conv64; grey with an odd width and a window that is no whole number of
 * words; windows that lie in the lines, with an odd width and rows that are no whole
 * group; others that are cut out. */
static const struct tsl__conv_few shapes[] = {
    {2, 3, 8, 12, 48, 4, 6, 4, 2, 1, 0}, {3, 1, 12, 10, 16, 7, 5, 6, 1, 0, 0},
    {1, 3, 7, 9, 32, 4, 5, 2, 2, 1, 0},  {2, 3, 12, 18, 32, 6, 9, 4, 2, 1, 0},
    {1, 1, 9, 11, 16, 5, 6, 6, 2, 3, 0}, {1, 3, 8, 7, 16, 7, 6, 4, 1, 1, 0}};
enum { SHAPES = sizeof shapes / sizeof *shapes };

static void test_convolution_from_a_picture__is_close_to_its_plain_sum(void **state) {
  (void)state;
  for (int i = 0; i < SHAPES; i++) {
    struct fixture f;
    setup(&f, &shapes[i]);
    float *packed = numbers(0, tsl__conv_few_weight_floats(&f.few));
    float *room = numbers(5, tsl__conv_few_room_floats(&f.few));
    float *bias = numbers(6, (size_t)f.few.filters);
    tsl__conv_few_pack(&f.few, f.weight, packed);
    tsl__conv_few_weights(&f.few, f.x, f.y, room, f.made);
    check_close(f.made, f.plain.weight, f.weight_count);
    struct tsl__conv_few_pass pass = {.packed = packed, .room = room};
    tsl__conv_few_forward(&f.few, &pass, f.x, f.made);
    check_close(f.made, f.plain.y, f.y_count);
    pass.bias = bias;
    pass.relu = true;
    tsl__conv_few_forward(&f.few, &pass, f.x, f.made);
    int64_t plane = f.few.out_height * f.few.out_width * LANES;
    for (size_t k = 0; k < f.y_count; k++) {
      int64_t block = (int64_t)k / plane % (f.few.filters / LANES);
      f.plain.y[k] =
          fmax(0, f.plain.y[k] + (double)bias[block * LANES + (int64_t)k % LANES]);
    }
    check_close(f.made, f.plain.y, f.y_count);
    free(packed);
    free(room);
    free(bias);
    teardown(&f);
  }
}

static void test_transposed_convolution_to_a_picture__is_close_to_its_sum(void **state) {
  (void)state;
  for (int i = 0; i < SHAPES; i++) {
    struct fixture f;
    setup(&f, &shapes[i]);
    const struct tsl__conv_few *few = &f.few;
    const int64_t taps = few->kernel * few->kernel;
    struct tsl__deconv_few back = {.x = {few->rows, few->filters / LANES, few->out_height,
                                         few->out_width, LANES, few->filters},
                                   .filters = few->channels,
                                   .out_height = few->in_height,
                                   .out_width = few->in_width,
                                   .kernel = few->kernel,
                                   .stride = few->stride,
                                   .pad = few->pad,
                                   .columns = (few->channels * taps + 15) / 16 * 16,
                                   .bfloat16 = true};
    float *turned = numbers(0, f.weight_count); /* (filters, channels, kernel, kernel) */
    for (int64_t at = 0; at < (int64_t)f.weight_count; at++) {
      int64_t o = at / (few->channels * taps), c = at / taps % few->channels;
      turned[at] = f.weight[(at % taps * few->channels + c) * few->filters + o];
    }
    float *packed = numbers(0, tsl__deconv_few_weight_floats(&back));
    float *patches = numbers(5, tsl__deconv_few_patch_floats(&back));
    tsl__deconv_few_pack(&back, turned, packed);
    tsl__deconv_few_forward(&back, f.y, packed, NULL, patches, f.made);
    check_close(f.made, f.plain.x, f.x_count);
    free(turned);
    free(packed);
    free(patches);
    teardown(&f);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_convolution_from_a_picture__is_close_to_its_plain_sum),
      cmocka_unit_test(test_transposed_convolution_to_a_picture__is_close_to_its_sum),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
