#include "unit.h"

#include "dataset/exact.h"
#include "dataset_case.h"

#include <math.h>

static const double RADIAN = 3.14159265358979323846 / 180;

static struct tsl_dataset *open_arcs(const struct tsl_dataset_config *config) {
  struct tsl_dataset *dataset = NULL;
  struct tsl_error err = {0};
  if (case_open(config, &dataset, &err) != TSL_OK)
    fail_msg("%s: %s", err.where, err.text);
  return dataset;
}

/* Arcs of 100 degrees of circles of radius 2, 3 from the origin, turned by 60 degrees. */
static struct tsl_dataset_config turned_arcs(const char *noise) {
  struct tsl_dataset_config config = case_config("arcs");
  case_set(&config, "count", "3001");
  case_set(&config, "arcs", "3");
  case_set(&config, "radius", "2");
  case_set(&config, "distance", "3");
  case_set(&config, "turn", "60");
  case_set(&config, "span", "100");
  case_set(&config, "noise", noise);
  return config;
}

/* Distance from the middle of its circle, and degrees from the middle of its arc. */
static void place(const float *point, int label, double *distance, double *degrees) {
  double direction = 120 * label;
  double x = (double)point[0] - 3 * cos(direction * RADIAN);
  double y = (double)point[1] - 3 * sin(direction * RADIAN);
  *distance = hypot(x, y);
  *degrees = remainder(atan2(y, x) / RADIAN - direction - 60, 360);
}

static void test_arcs__without_noise_lie_on_their_circles(void **state) {
  (void)state;
  struct tsl_dataset_config config = turned_arcs("0");
  struct tsl_dataset *dataset = open_arcs(&config);
  const struct tsl_dataset_view *view = tsl_dataset_view(dataset);
  const float *points = view->samples; /* (3001, 2) */
  double least = 0, most = 0;
  int64_t counts[3] = {0};
  assert_int_equal(view->count, 3001);
  assert_int_equal(view->type, TSL_SAMPLE_F32);
  assert_int_equal(view->shape.rank, 1);
  assert_int_equal(view->shape.dims[0], 2);
  assert_int_equal(view->label_count, 3);
  for (int64_t i = 0; i < view->count; i++) {
    double distance, degrees;
    place(points + 2 * i, view->labels[i], &distance, &degrees);
    if (!(fabs(distance - 2) < 1e-6))
      fail_msg("point %lld is %g from its circle %g %g %d", (long long)i, distance - 2,
               (double)points[2 * i], (double)points[2 * i + 1], view->labels[i]);
    assert_true(fabs(degrees) < 50.001);
    least = fmin(least, degrees);
    most = fmax(most, degrees);
    counts[view->labels[i]]++;
  }
  assert_true(least < -49 && most > 49);
  assert_true(counts[0] == 1001 && counts[1] == 1000 && counts[2] == 1000);
  tsl_dataset_close(dataset);
}

static void test_arcs__noise_has_the_deviation_that_was_asked_for(void **state) {
  (void)state;
  struct tsl_dataset_config config = turned_arcs("0.1"), exact = turned_arcs("0");
  struct tsl_dataset *dataset = open_arcs(&config), *clean = open_arcs(&exact);
  const float *noisy = tsl_dataset_view(dataset)->samples; /* (3001, 2) */
  const float *bare = tsl_dataset_view(clean)->samples;    /* (3001, 2) */
  double sums[3] = {0};
  int outside = 0;
  for (int i = 0; i < 3001; i++) {
    double x = (double)noisy[2 * i] - (double)bare[2 * i];
    double y = (double)noisy[2 * i + 1] - (double)bare[2 * i + 1];
    sums[0] += x * x;
    sums[1] += y * y;
    sums[2] += x * y;
    outside += fabs(x) > 0.1;
  }
  /* Deviations of the mean square, the covariance and the share: four of them. */
  assert_true(fabs(sums[0] / 3001 - 0.01) < 4 * 0.01 * sqrt(2.0 / 3001));
  assert_true(fabs(sums[1] / 3001 - 0.01) < 4 * 0.01 * sqrt(2.0 / 3001));
  assert_true(fabs(sums[2] / 3001) < 4 * 0.01 / sqrt(3001));
  assert_true(fabs(outside / 3001.0 - 0.3173) < 4 * sqrt(0.3173 * 0.6827 / 3001));
  tsl_dataset_close(dataset);
  tsl_dataset_close(clean);
}

/* A number that changes is a new data set under an old name. */
static void test_arcs__have_the_recorded_digest(void **state) {
  (void)state;
  struct tsl_dataset_config config = case_config("arcs");
  struct tsl_dataset *dataset = open_arcs(&config);
  char hex[33];
  assert_int_equal(tsl_dataset_view(dataset)->count, 10000);
  assert_int_equal(tsl_dataset_view(dataset)->label_count, 5);
  tsl_digest_print(&tsl_dataset_view(dataset)->digest, hex);
  tsl_dataset_close(dataset);
  assert_string_equal(hex, "2572d3d237fc56a1030a64e122d613d5");
}

static void test_arcs__change_with_the_seed(void **state) {
  (void)state;
  struct tsl_dataset_config config = turned_arcs("0.1");
  struct tsl_dataset *one = open_arcs(&config);
  config.seed = 1;
  struct tsl_dataset *other = open_arcs(&config);
  assert_memory_not_equal(tsl_dataset_view(one)->samples,
                          tsl_dataset_view(other)->samples, 2 * sizeof(float));
  tsl_dataset_close(one);
  tsl_dataset_close(other);
}

static void test_arcs__are_the_same_when_written_and_read_back(void **state) {
  (void)state;
  struct tsl_dataset_config config = turned_arcs("0.1");
  struct tsl_dataset *dataset = open_arcs(&config);
  struct tsl_error err = {0};
  assert_int_equal(tsl_dataset_write(dataset, case_path("arcs.h5"), &err), TSL_OK);
  struct tsl_dataset_config back = case_config("hdf5");
  case_set(&back, "path", case_path("arcs.h5"));
  struct tsl_dataset *again = open_arcs(&back);
  assert_memory_equal(&tsl_dataset_view(again)->digest,
                      &tsl_dataset_view(dataset)->digest, sizeof(struct tsl_digest));
  tsl_dataset_close(dataset);
  tsl_dataset_close(again);
}

/* Dots of as many colours as there are arcs, each where its arc lies. */
static void test_sheet__of_points_is_a_scatter_plot(void **state) {
  (void)state;
  struct tsl_dataset_config config = turned_arcs("0.1");
  struct tsl_dataset *dataset = open_arcs(&config);
  struct tsl_image image = {0};
  struct tsl_error err = {0};
  assert_int_equal(tsl_dataset_sheet(dataset, &image, &err), TSL_OK);
  assert_int_equal(image.channels, 3);
  uint8_t colours[8][3];
  int found = 0, dots = 0;
  for (int i = 0; i < image.width * image.height; i++) {
    const uint8_t *pixel = image.bytes + 3 * (size_t)i;
    int k = 0;
    if (pixel[0] == 255 && pixel[1] == 255 && pixel[2] == 255)
      continue;
    dots++;
    while (k < found && memcmp(colours[k], pixel, 3) != 0)
      k++;
    assert_true(k < 8);
    if (k == found)
      memcpy(colours[found++], pixel, 3);
  }
  assert_int_equal(found, 3);
  assert_true(dots > 3001 && dots < image.width * image.height / 4);
  tsl_image_release(&image);
  tsl_dataset_close(dataset);
}

static void test_exact__functions_are_libm_s(void **state) {
  (void)state;
  for (int i = -4000; i <= 4000; i++) {
    double degrees = i * 0.77, cosine, sine;
    tsl__exact_degrees(degrees, &cosine, &sine);
    assert_true(fabs(cosine - cos(degrees * RADIAN)) < 1e-12);
    assert_true(fabs(sine - sin(degrees * RADIAN)) < 1e-12);
    double value = ldexp(1 + i * 0.0002, i / 100);
    if (value > 0)
      assert_true(fabs(tsl__exact_log(value) - log(value)) < 1e-12);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_arcs__without_noise_lie_on_their_circles),
      cmocka_unit_test(test_arcs__noise_has_the_deviation_that_was_asked_for),
      cmocka_unit_test(test_arcs__have_the_recorded_digest),
      cmocka_unit_test(test_arcs__change_with_the_seed),
      cmocka_unit_test(test_arcs__are_the_same_when_written_and_read_back),
      cmocka_unit_test(test_sheet__of_points_is_a_scatter_plot),
      cmocka_unit_test(test_exact__functions_are_libm_s),
  };
  return cmocka_run_group_tests(tests, case_begin, case_end);
}
