/* silhouette_case.h - clusters of uneven sizes and shapes, for tests. */
#ifndef TEASEL_TESTS_SILHOUETTE_CASE_H
#define TEASEL_TESTS_SILHOUETTE_CASE_H

#include "teasel/metric.h"
#include "teasel/random.h"

enum { CASE_POINTS_MAX = 3000, CASE_LATENT_MAX = 20 };

struct silhouette_case {
  int points, latent, clusters;
};

static const struct silhouette_case silhouette_cases[] = {
    {3, 1, 2},    {9, 2, 2},      {40, 3, 39},    {200, 1, 7},   {300, 20, 150},
    {511, 20, 3}, {513, 10, 400}, {700, 20, 699}, {3000, 6, 10},
};
enum { SILHOUETTE_CASES = sizeof silhouette_cases / sizeof *silhouette_cases };

static double case_codes[CASE_POINTS_MAX * CASE_LATENT_MAX];
static int32_t case_clusters[CASE_POINTS_MAX];

/* Every cluster has a point; the first ones have more than the last ones. */
static struct tsl_metric_input silhouette_input(const struct silhouette_case *c) {
  struct tsl_stream stream = {.seed = 5, .purpose = TSL_PURPOSE_TEST};
  for (int i = 0; i < c->points; i++) {
    double at = tsl_random_double(&stream, (uint64_t)c->points, (uint32_t)i, 0);
    int cluster = i < c->clusters ? i : (int)(at * at * c->clusters);
    case_clusters[i] = 3 * cluster - 5;
    for (int k = 0; k < c->latent; k++)
      case_codes[i * c->latent + k] =
          tsl_random_double(&stream, (uint64_t)c->points, (uint32_t)i, 1 + (uint32_t)k) +
          (cluster % c->latent == k ? 1 : 0);
  }
  return (struct tsl_metric_input){.points = c->points,
                                   .latent = c->latent,
                                   .codes = case_codes,
                                   .clusters = case_clusters};
}

#endif
