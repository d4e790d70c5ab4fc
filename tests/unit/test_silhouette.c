/* The silhouette against its definition, point by point, and its kernel against plain C.
 */
#include "unit.h"

#include "metric/distances.h"
#include "unit/silhouette_case.h"

#include <math.h>
#include <string.h>

static double distance(const struct tsl_metric_input *in, int64_t i, int64_t j) {
  double square = 0;
  for (int64_t k = 0; k < in->latent; k++) {
    double difference = in->codes[i * in->latent + k] - in->codes[j * in->latent + k];
    square += difference * difference;
  }
  return sqrt(square);
}

static double score_point(const struct tsl_metric_input *in, int64_t i) {
  static double sums[3 * CASE_POINTS_MAX];
  static int sizes[3 * CASE_POINTS_MAX];
  memset(sums, 0, sizeof sums);
  memset(sizes, 0, sizeof sizes);
  for (int64_t j = 0; j < in->points; j++) {
    sums[in->clusters[j] + 5] += distance(in, i, j);
    sizes[in->clusters[j] + 5]++;
  }
  int own = in->clusters[i] + 5;
  if (sizes[own] == 1)
    return 0;
  double a = sums[own] / (sizes[own] - 1), b = (double)INFINITY;
  for (int c = 0; c < 3 * CASE_POINTS_MAX; c++)
    if (c != own && sizes[c] > 0)
      b = fmin(b, sums[c] / sizes[c]);
  return (b - a) / fmax(a, b);
}

static void test_silhouette__is_the_mean_over_points_by_definition(void **state) {
  (void)state;
  for (int n = 0; n < SILHOUETTE_CASES; n++) {
    struct tsl_metric_input input = silhouette_input(&silhouette_cases[n]);
    struct tsl_text reason = {0};
    double value, mean = 0;
    for (int64_t i = 0; i < input.points; i++)
      mean += score_point(&input, i) / (double)input.points;
    assert_int_equal(
        tsl_metric_find("silhouette")->compute(&input, &value, &reason, NULL), TSL_OK);
    assert_int_equal(reason.length, 0);
    if (!(fabs(value - mean) < 1e-12))
      fail_msg("%d points in %d clusters: %.15g, by definition %.15g",
               silhouette_cases[n].points, silhouette_cases[n].clusters, value, mean);
  }
}

static void test_distances__have_the_bits_of_plain_code(void **state) {
  (void)state;
  enum { ROWS = 13, LANES = TSL__DISTANCE_LANES, LATENT = 7 };
  static double rows[ROWS * LATENT], panel[TSL__DISTANCE_PANEL * LATENT];
  struct tsl_stream stream = {.seed = 6, .purpose = TSL_PURPOSE_TEST};
  for (uint32_t i = 0; i < ROWS * LATENT; i++)
    rows[i] = tsl_random_double(&stream, 0, i, 0);
  for (uint32_t i = 0; i < TSL__DISTANCE_PANEL * LATENT; i++)
    panel[i] = tsl_random_double(&stream, 1, i, 0);
  for (int columns = 1; columns <= TSL__DISTANCE_PANEL; columns++) {
    double along[2][ROWS * LANES] = {{0}}, down[2][TSL__DISTANCE_PANEL] = {{0}};
    for (int plain = 0; plain < 2; plain++) {
      const struct tsl__distances request = {ROWS,  columns,      LATENT,     rows,
                                             panel, along[plain], down[plain]};
      (plain ? tsl__distances_add_plain : tsl__distances_add)(&request);
    }
    assert_memory_equal(along[0], along[1], sizeof along[0]);
    assert_memory_equal(down[0], down[1], sizeof down[0]);
    double total[2] = {0, 0};
    for (int i = 0; i < ROWS * LANES; i++)
      total[0] += along[0][i];
    for (int i = 0; i < TSL__DISTANCE_PANEL; i++)
      total[1] += down[0][i];
    assert_true(total[0] > 0 && fabs(total[0] / total[1] - 1) < 1e-13);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_silhouette__is_the_mean_over_points_by_definition),
      cmocka_unit_test(test_distances__have_the_bits_of_plain_code),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
