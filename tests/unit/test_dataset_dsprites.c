#include "unit.h"

#include "dataset/sprite_draw.h"
#include "dataset_case.h"

#include <math.h>

enum { SIDE = 64, SQUARE = 0, ELLIPSE = 1, HEART = 2 };

struct facts {
  int area;
  double x, y; /* mean of the set pixels' centres */
  int left, right, top, bottom;
};

static struct facts frame(int shape, int scale, int orientation, int x, int y) {
  const int levels[] = {shape, scale, orientation, x, y};
  uint8_t plane[SIDE * SIDE];
  struct facts facts = {.left = SIDE, .top = SIDE, .right = -1, .bottom = -1};
  tsl__sprite_draw(levels, plane);
  for (int row = 0; row < SIDE; row++)
    for (int column = 0; column < SIDE; column++) {
      if (plane[row * SIDE + column] == 0)
        continue;
      facts.area++;
      facts.x += column + 0.5;
      facts.y += row + 0.5;
      facts.left = column < facts.left ? column : facts.left;
      facts.right = column > facts.right ? column : facts.right;
      facts.top = row < facts.top ? row : facts.top;
      facts.bottom = row > facts.bottom ? row : facts.bottom;
    }
  facts.x /= facts.area;
  facts.y /= facts.area;
  return facts;
}

static void test_frames__of_the_first_and_last_orientation_coincide(void **state) {
  (void)state;
  for (int shape = 0; shape < 3; shape++)
    for (int place = 0; place < 32; place++) {
      const int first[] = {shape, place % 6, 0, place, 31 - place};
      const int last[] = {shape, place % 6, 39, place, 31 - place};
      uint8_t one[SIDE * SIDE], other[SIDE * SIDE];
      tsl__sprite_draw(first, one);
      tsl__sprite_draw(last, other);
      assert_memory_equal(one, other, sizeof one);
    }
}

static void test_square__has_the_pixels_between_its_sides(void **state) {
  (void)state;
  /* Half-side 4.8 at 16: centres 11.5 ... 20.5, ten a side. */
  struct facts small = frame(SQUARE, 0, 0, 0, 0);
  assert_int_equal(small.area, 100);
  assert_int_equal(small.left, 11);
  assert_int_equal(small.right, 20);
  assert_int_equal(small.top, 11);
  assert_int_equal(small.bottom, 20);
  /* Half-side 9.6 at 48: centres 38.5 ... 57.5, twenty a side. */
  struct facts large = frame(SQUARE, 5, 0, 31, 31);
  assert_int_equal(large.area, 400);
  assert_int_equal(large.left, 38);
  assert_int_equal(large.bottom, 57);
}

static void test_areas__are_those_of_the_outlines(void **state) {
  (void)state;
  const double turn = 6.283185307179586;
  /* A regular 72-gon pressed to an ellipse; the heart's polygon by the shoelace rule. */
  double areas[] = {4 * 9.6 * 9.6, 36 * 12.775 * 7.22 * sin(turn / 72), 0};
  double x[151], y[151];
  for (int i = 0; i <= 150; i++) {
    double t = turn * i / 150;
    x[i] = 9.6 * pow(sin(t), 3);
    y[i] = -0.6623 * (13 * cos(t) - 5 * cos(2 * t) - 2 * cos(3 * t) - cos(4 * t)) - 1.44;
  }
  for (int i = 0; i < 150; i++)
    areas[HEART] += 0.5 * (x[i] * y[i + 1] - x[i + 1] * y[i]);
  areas[HEART] = fabs(areas[HEART]);
  for (int shape = 0; shape < 3; shape++)
    for (int scale = 0; scale < 6; scale++) {
      double mean = 0, factor = 0.5 + 0.1 * scale;
      for (int orientation = 0; orientation < 39; orientation++)
        mean += frame(shape, scale, orientation, orientation % 32, 7).area / 39.0;
      assert_true(fabs(mean / (areas[shape] * factor * factor) - 1) < 0.02);
    }
}

static void test_places__move_right_and_down(void **state) {
  (void)state;
  for (int shape = 0; shape < 3; shape++)
    for (int place = 1; place < 32; place++) {
      struct facts before = frame(shape, 5, 5, place - 1, 10);
      struct facts after = frame(shape, 5, 5, place, 10);
      assert_true(after.x > before.x + 0.7 && after.x < before.x + 1.4);
      assert_true(fabs(after.y - before.y) < 0.2);
      before = frame(shape, 5, 5, 10, place - 1);
      after = frame(shape, 5, 5, 10, place);
      assert_true(after.y > before.y + 0.7 && after.y < before.y + 1.4);
    }
}

/* The ellipse starts flat; a quarter turn (between levels 9 and 10) makes it upright, and
 * a small angle lifts its right end (negative angle, y down). */
static void test_orientation__turns_against_the_clock(void **state) {
  (void)state;
  struct facts flat = frame(ELLIPSE, 5, 0, 16, 16);
  struct facts upright = frame(ELLIPSE, 5, 10, 16, 16);
  assert_true(flat.right - flat.left > 1.5 * (flat.bottom - flat.top));
  assert_true(upright.bottom - upright.top > 1.5 * (upright.right - upright.left));
  const int levels[] = {ELLIPSE, 5, 4, 16, 16};
  uint8_t plane[SIDE * SIDE];
  double right = 0, rows = 0;
  tsl__sprite_draw(levels, plane);
  for (int i = 0; i < SIDE * SIDE; i++)
    if (plane[i] != 0 && i % SIDE > 38) {
      right++;
      rows += i / SIDE;
    }
  assert_true(right > 0 && rows / right < flat.y - 2);
}

static void test_reader__gives_factors_in_the_sets_order(void **state) {
  (void)state;
  struct tsl_dataset_config config = case_config("dsprites");
  struct tsl_dataset *dataset;
  struct tsl_error err = {0};
  case_set(&config, "count", "3000");
  case_set(&config, "size", "32");
  assert_int_equal(case_open(&config, &dataset, &err), TSL_OK);
  const struct tsl_dataset_view *view = tsl_dataset_view(dataset);
  assert_int_equal(view->count, 3000);
  assert_int_equal(view->shape.dims[1], 32);
  static const char *const names[] = {"shape", "scale", "orientation", "x", "y"};
  static const int32_t sizes[] = {3, 6, 40, 32, 32};
  int64_t before = -1, sums[5] = {0};
  for (int k = 0; k < 5; k++) {
    assert_string_equal(view->factor_names[k], names[k]);
    assert_int_equal(view->factor_sizes[k], sizes[k]);
  }
  for (int64_t i = 0; i < view->count; i++) {
    int64_t frame = 0;
    for (int k = 0; k < 5; k++) {
      frame = frame * sizes[k] + (int64_t)view->factors[i * 5 + k];
      sums[k] += (int64_t)view->factors[i * 5 + k];
    }
    assert_true(frame > before);
    before = frame;
  }
  for (int k = 0; k < 5; k++) /* mean (n - 1) / 2, deviation below n / sqrt(12 * 3000) */
    assert_true(fabs((double)sums[k] / 3000 - (sizes[k] - 1) / 2.0) < sizes[k] * 0.03);
  tsl_dataset_close(dataset);
}

static void test_draw__at_32_is_the_mean_of_four_pixels(void **state) {
  (void)state;
  struct tsl_dataset_config config = case_config("dsprites");
  struct tsl_dataset *dataset;
  struct tsl_error err = {0};
  static float small[32 * 32];
  const float factors[] = {2, 4, 11, 7, 23};
  const int levels[] = {2, 4, 11, 7, 23};
  uint8_t plane[SIDE * SIDE];
  case_set(&config, "count", "1");
  case_set(&config, "size", "32");
  assert_int_equal(case_open(&config, &dataset, &err), TSL_OK);
  assert_int_equal(tsl_dataset_draw(dataset, factors, 1, small, &err), TSL_OK);
  tsl__sprite_draw(levels, plane);
  for (int i = 0; i < 32 * 32; i++) {
    const uint8_t *corner = plane + i / 32 * 2 * SIDE + i % 32 * 2;
    int sum = corner[0] + corner[1] + corner[SIDE] + corner[SIDE + 1];
    assert_true(fabsf(small[i] - (float)sum / 1020.0f) <= 0.501f / 255.0f);
  }
  tsl_dataset_close(dataset);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_frames__of_the_first_and_last_orientation_coincide),
      cmocka_unit_test(test_square__has_the_pixels_between_its_sides),
      cmocka_unit_test(test_areas__are_those_of_the_outlines),
      cmocka_unit_test(test_places__move_right_and_down),
      cmocka_unit_test(test_orientation__turns_against_the_clock),
      cmocka_unit_test(test_reader__gives_factors_in_the_sets_order),
      cmocka_unit_test(test_draw__at_32_is_the_mean_of_four_pixels),
  };
  return cmocka_run_group_tests(tests, case_begin, case_end);
}
