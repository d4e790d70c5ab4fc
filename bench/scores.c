/* scores: what the scores cost on one core.
 *
 * usage: scores [DATA.h5]  UDR of 115 models x 1000 points x 10 latents (both
 *                          similarities, all pairs, all groups), what one added run
 *                          costs, the silhouette of 60,000 points x 20, the factor
 *                          metrics of a run; lines `name seconds value`, the best of
 *                          three. With a file the inputs are written there for the peers.
 *                          Seconds are of the core, not of the clock.
 *        scores ranks      the silhouette on all ranks of the mpirun, by the clock:
 *                          `silhouette RANKS SECONDS VALUE`
 *        scores memory N   the silhouette of N points: `memory N KIB`, resident memory
 *                          beyond the input
 */
#include "teasel/compare.h"
#include "teasel/metric.h"
#include "teasel/random.h"
#include "teasel/store.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

enum { MODELS = 115, POINTS = 1000, LATENT = 10, SEEDS = 5 };
enum { CLUSTER_POINTS = 60000, DIMENSIONS = 20, CLUSTERS = 10, REPEATS = 3 };
enum { FACTOR_POINTS = 15000, FACTORS = 5, VALUES = 32 };

struct data {
  float mean[MODELS][POINTS][LATENT];
  float log_variance[MODELS][POINTS][LATENT];
  double x[CLUSTER_POINTS][DIMENSIONS];
  int32_t clusters[CLUSTER_POINTS];
  double codes[FACTOR_POINTS][LATENT];
  double factors[FACTOR_POINTS][FACTORS];
};

/* Each model mixes the same ten normal factors in its own way and adds noise; every
 * fourth leaves two latents at the prior. */
static void fill_models(struct data *data) {
  struct tsl_stream stream = {.seed = 1, .purpose = TSL_PURPOSE_TEST};
  float common[LATENT], noise[LATENT], mixing[LATENT * LATENT];
  for (int m = 0; m < MODELS; m++) {
    tsl_random_normal(&stream, 1, (uint32_t)m, LATENT * LATENT, mixing);
    for (int i = 0; i < POINTS; i++) {
      tsl_random_normal(&stream, 2, (uint32_t)i, LATENT, common);
      tsl_random_normal(&stream, 3 + (uint64_t)m, (uint32_t)i, LATENT, noise);
      for (int k = 0; k < LATENT; k++) {
        bool idle = m % 4 == 0 && k > 7;
        float sum = 0.3F * noise[k];
        for (int l = 0; l < LATENT; l++)
          sum +=
              ((k + m) % LATENT == l ? 1.0F : 0.2F * mixing[k * LATENT + l]) * common[l];
        data->mean[m][i][k] = idle ? 0.01F * noise[k] : sum;
        data->log_variance[m][i][k] = idle ? 0 : -3;
      }
    }
  }
}

/* x: (count, DIMENSIONS), clusters: (count) */
static void fill_clusters(double *x, int32_t *clusters, int count) {
  struct tsl_stream stream = {.seed = 2, .purpose = TSL_PURPOSE_TEST};
  float noise[DIMENSIONS];
  for (int i = 0; i < count; i++) {
    clusters[i] = (int32_t)tsl_random_below(&stream, 0, (uint32_t)i, 0, CLUSTERS);
    tsl_random_normal(&stream, 1, (uint32_t)i, DIMENSIONS, noise);
    for (int k = 0; k < DIMENSIONS; k++)
      x[(int64_t)i * DIMENSIONS + k] = (double)noise[k] + (clusters[i] == k ? 3 : 0);
  }
}

/* The first latents see a factor each, with noise. */
static void fill_factors(struct data *data) {
  struct tsl_stream stream = {.seed = 3, .purpose = TSL_PURPOSE_TEST};
  float noise[LATENT];
  for (int i = 0; i < FACTOR_POINTS; i++) {
    tsl_random_normal(&stream, 1, (uint32_t)i, LATENT, noise);
    for (int j = 0; j < FACTORS; j++)
      data->factors[i][j] =
          floor(VALUES * tsl_random_double(&stream, 0, (uint32_t)i, (uint32_t)j));
    for (int k = 0; k < LATENT; k++)
      data->codes[i][k] =
          (double)noise[k] + (k < FACTORS ? 0.2 * data->factors[i][k] : 0);
  }
}

static void take_pair(void *context, const struct tsl_udr_pair *pair) {
  const struct tsl_udr *udr = ((void **)context)[0];
  double *pairwise = ((void **)context)[1]; /* (2, MODELS, MODELS) */
  const bool *rows = udr->informative + udr->begin[pair->i];
  const bool *columns = udr->informative + udr->begin[pair->j];
  for (int s = 0; s < TSL_SIMILARITY_COUNT && pair->i != pair->j; s++) {
    if (pair->r[s] == NULL)
      continue;
    pairwise[(s * MODELS + pair->i) * MODELS + pair->j] =
        tsl_udr_score(TSL_UDR_LIB, pair->r[s], rows, LATENT, columns, LATENT);
  }
}

/* Mean UDR over `count` models and the similarities, so that the peers can be compared
 * with. Rows of pairs from `first` on only. */
static enum tsl_status score_with(const struct data *data, unsigned similarities,
                                  int count, int first, double *mean,
                                  struct tsl_error *err) {
  static double pairwise[TSL_SIMILARITY_COUNT * MODELS * MODELS];
  struct tsl_udr_model models[MODELS];
  struct tsl_udr udr;
  int group[MODELS];
  double scores[MODELS];
  for (int m = 0; m < count; m++)
    models[m] = (struct tsl_udr_model){.latent = LATENT,
                                       .mean = data->mean[m][0],
                                       .log_variance = data->log_variance[m][0]};
  TSL_TRY(tsl_udr_init(&udr, models, count, POINTS, similarities, 0.01, err));
  void *context[] = {&udr, pairwise};
  enum tsl_status status = TSL_OK;
  for (int row = first; row < count; row += TSL_UDR_TILE)
    for (int column = first > 0 ? 0 : row; column < count && status == TSL_OK;) {
      struct tsl_udr_tile tile = {row, row + TSL_UDR_TILE, column, column + TSL_UDR_TILE};
      tile.row_end = tile.row_end < count ? tile.row_end : count;
      tile.column_end = tile.column_end < count ? tile.column_end : count;
      if (column < first && tile.column_end > first)
        tile.column_end = first;
      status = tsl_udr_tile_compute(&udr, &tile, take_pair, context, err);
      column = tile.column_end;
    }
  *mean = 0;
  for (int s = 0; s < TSL_SIMILARITY_COUNT; s++)
    for (int g = 0;
         (similarities >> s & 1u) != 0 && g < TSL_UDR_GROUP_COUNT && status == TSL_OK;
         g++) {
      for (int m = 0; m < count; m++)
        group[m] = g == TSL_UDR_SETTING ? m / SEEDS : 0;
      status = tsl_udr_reduce(pairwise + s * MODELS * MODELS, count, group, 0, NULL,
                              scores, err);
      for (int m = 0; m < count && g == TSL_UDR_ALL; m++)
        *mean += scores[m] / (2 * count);
    }
  tsl_udr_release(&udr);
  return status;
}

enum { BOTH = 1 << TSL_SPEARMAN | 1 << TSL_LASSO, HALF = MODELS / 2 };

static enum tsl_status score_models(const struct data *data, double *mean,
                                    struct tsl_error *err) {
  return score_with(data, BOTH, MODELS, 0, mean, err);
}

static enum tsl_status score_spearman(const struct data *data, double *mean,
                                      struct tsl_error *err) {
  return score_with(data, 1u << TSL_SPEARMAN, MODELS, 0, mean, err);
}

static enum tsl_status score_lasso(const struct data *data, double *mean,
                                   struct tsl_error *err) {
  return score_with(data, 1u << TSL_LASSO, MODELS, 0, mean, err);
}

static enum tsl_status score_last(const struct data *data, double *mean,
                                  struct tsl_error *err) {
  return score_with(data, BOTH, MODELS, MODELS - 1, mean, err);
}

static enum tsl_status score_middle(const struct data *data, double *mean,
                                    struct tsl_error *err) {
  return score_with(data, BOTH, HALF, HALF - 1, mean, err);
}

/* Every factor metric; value: the FactorVAE score. */
static enum tsl_status score_factors(const struct data *data, double *out,
                                     struct tsl_error *err) {
  const int learn = FACTOR_POINTS * 2 / 3;
  struct tsl_metric_input input = {.points = learn,
                                   .latent = LATENT,
                                   .codes = data->codes[0],
                                   .factors = data->factors[0],
                                   .factor_count = FACTORS,
                                   .test_points = FACTOR_POINTS - learn,
                                   .test_codes = data->codes[learn],
                                   .test_factors = data->factors[learn],
                                   .votes = 10000,
                                   .test_votes = 5000,
                                   .stream = {.seed = 1, .purpose = TSL_PURPOSE_TEST}};
  struct tsl_text reason = {0};
  for (size_t i = 0; i < tsl_metric_count(); i++)
    if ((tsl_metric_at(i)->needs & TSL_METRIC_NEEDS_FACTORS) != 0)
      TSL_TRY(tsl_metric_at(i)->compute(&input, out, &reason, err));
  return TSL_OK;
}

static enum tsl_status score_clusters(const struct data *data, double *out,
                                      struct tsl_error *err) {
  struct tsl_metric_input input = {.points = CLUSTER_POINTS,
                                   .latent = DIMENSIONS,
                                   .codes = data->x[0],
                                   .clusters = data->clusters};
  struct tsl_text reason = {0};
  return tsl_metric_find("silhouette")->compute(&input, out, &reason, err);
}

static double seconds_of(clockid_t clock) {
  struct timespec now;
  clock_gettime(clock, &now);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static enum tsl_status measure(const char *name, const struct data *data,
                               enum tsl_status (*score)(const struct data *data,
                                                        double *out,
                                                        struct tsl_error *err),
                               struct tsl_error *err) {
  double best = 1e300, value = 0;
  for (int i = 0; i < REPEATS; i++) {
    double begin = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
    TSL_TRY(score(data, &value, err));
    double seconds = seconds_of(CLOCK_PROCESS_CPUTIME_ID) - begin;
    best = seconds < best ? seconds : best;
  }
  printf("%s %.4f %.15g\n", name, best, value);
  return TSL_OK;
}

/* Seconds of this program itself: without the system's, which clears new pages, more
 * slowly the longer nobody had them. */
static double own_seconds(void) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return (double)usage.ru_utime.tv_sec + 1e-6 * (double)usage.ru_utime.tv_usec;
}

/* What the 115th run costs over the 57th: they take turns, and the fastest of each
 * counts; of the growth, without the system's part, because the allocator may keep the
 * smaller one's memory and give the larger one's back. */
static enum tsl_status measure_growth(const struct data *data, struct tsl_error *err) {
  enum { TURNS = 9 };
  double best[2] = {1e300, 1e300}, own[2] = {1e300, 1e300}, value = 0;
  for (int i = 0; i < 2 * TURNS; i++) {
    double begin = seconds_of(CLOCK_PROCESS_CPUTIME_ID), own_begin = own_seconds();
    TSL_TRY((i % 2 == 0 ? score_middle : score_last)(data, &value, err));
    own[i % 2] = fmin(own[i % 2], own_seconds() - own_begin);
    best[i % 2] = fmin(best[i % 2], seconds_of(CLOCK_PROCESS_CPUTIME_ID) - begin);
  }
  printf("udr_run_57 %.5f\nudr_run_115 %.5f\n", best[0], best[1]);
  printf("udr_growth %.3f\n", own[1] / own[0]);
  return TSL_OK;
}

static enum tsl_status write_data(const char *path, struct data *data,
                                  struct tsl_error *err) {
  struct tsl_array arrays[] = {
      {"/mu", TSL_ARRAY_F32, 3, {MODELS, POINTS, LATENT}, data->mean},
      {"/logvar", TSL_ARRAY_F32, 3, {MODELS, POINTS, LATENT}, data->log_variance},
      {"/x", TSL_ARRAY_F64, 2, {CLUSTER_POINTS, DIMENSIONS}, data->x},
      {"/pred", TSL_ARRAY_I32, 1, {CLUSTER_POINTS}, data->clusters}};
  struct tsl_h5_writer *writer = NULL;
  TSL_TRY(tsl_h5_create(path, &writer, err));
  for (int i = 0; i < 4; i++) {
    enum tsl_status status = tsl_h5_write(writer, &arrays[i], err);
    if (status != TSL_OK) {
      tsl_h5_abandon(writer);
      return status;
    }
  }
  return tsl_h5_commit(writer, err);
}

static enum tsl_status measure_all(const char *path, struct data *data,
                                   struct tsl_error *err) {
  fill_models(data);
  fill_clusters(data->x[0], data->clusters, CLUSTER_POINTS);
  fill_factors(data);
  if (path != NULL)
    TSL_TRY(write_data(path, data, err));
  TSL_TRY(measure("udr_both", data, score_models, err));
  TSL_TRY(measure("udr_spearman", data, score_spearman, err));
  TSL_TRY(measure("udr_lasso", data, score_lasso, err));
  TSL_TRY(measure("factors", data, score_factors, err));
  TSL_TRY(measure("silhouette", data, score_clusters, err));
  return measure_growth(data, err);
}

static enum tsl_status measure_ranks(int *argc, char ***argv, struct data *data,
                                     struct tsl_error *err) {
  struct tsl_world *world = NULL;
  TSL_TRY(tsl_world_open(argc, argv, &world, err));
  struct tsl_team *team = tsl_world_team(world);
  fill_clusters(data->x[0], data->clusters, CLUSTER_POINTS);
  struct tsl_metric_input input = {.points = CLUSTER_POINTS,
                                   .latent = DIMENSIONS,
                                   .codes = data->x[0],
                                   .clusters = data->clusters};
  struct tsl_text reason = {0};
  double value = 0;
  enum tsl_status status = tsl_team_barrier(team, err);
  double begin = seconds_of(CLOCK_MONOTONIC);
  if (status == TSL_OK)
    status = tsl_silhouette(&input, team, &value, &reason, err);
  if (status == TSL_OK && tsl_world_rank(world) == 0)
    printf("silhouette %d %.4f %.17g\n", tsl_world_size(world),
           seconds_of(CLOCK_MONOTONIC) - begin, value);
  tsl_world_close(world);
  return status;
}

static long resident_kib(void) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss;
}

static enum tsl_status measure_memory(int count, struct tsl_error *err) {
  double *x = malloc((size_t)count * DIMENSIONS * sizeof *x);
  int32_t *clusters = malloc((size_t)count * sizeof *clusters);
  enum tsl_status status = TSL_MEMORY;
  if (x != NULL && clusters != NULL) {
    struct tsl_metric_input input = {
        .points = count, .latent = DIMENSIONS, .codes = x, .clusters = clusters};
    struct tsl_text reason = {0};
    double value;
    fill_clusters(x, clusters, count);
    long before = resident_kib();
    status = tsl_metric_find("silhouette")->compute(&input, &value, &reason, err);
    printf("memory %d %ld\n", count, resident_kib() - before);
  }
  free(x);
  free(clusters);
  return status;
}

int main(int argc, char **argv) {
  struct tsl_error err = {0};
  struct data *data = calloc(1, sizeof *data);
  enum tsl_status status = TSL_MEMORY;
  if (data != NULL && argc > 1 && strcmp(argv[1], "ranks") == 0)
    status = measure_ranks(&argc, &argv, data, &err);
  else if (data != NULL && argc > 2 && strcmp(argv[1], "memory") == 0)
    status = measure_memory(atoi(argv[2]), &err);
  else if (data != NULL)
    status = measure_all(argc > 1 ? argv[1] : NULL, data, &err);
  if (status != TSL_OK)
    fprintf(stderr, "%s: %s\n", err.where, err.text);
  free(data);
  return tsl_status_exit_code(status);
}
