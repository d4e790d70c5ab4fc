/* scores: seconds for UDR of 115 models x 1000 points x 10 latents (both similarities,
 * all pairs, all groups) and for the silhouette of 60,000 points x 20, on one core.
 *
 * usage: scores [DATA.h5]     with a file: the inputs are written there for the peers
 *
 * Prints `name seconds value` a line, the best of three. Seconds are of the core, not of
 * the clock, so that a busy machine gives the same numbers. */
#include "teasel/compare.h"
#include "teasel/metric.h"
#include "teasel/random.h"
#include "teasel/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MODELS = 115, POINTS = 1000, LATENT = 10, SEEDS = 5 };
enum { CLUSTER_POINTS = 60000, DIMENSIONS = 20, CLUSTERS = 10, REPEATS = 3 };

struct data {
  float mean[MODELS][POINTS][LATENT];
  float log_variance[MODELS][POINTS][LATENT];
  double x[CLUSTER_POINTS][DIMENSIONS];
  int32_t clusters[CLUSTER_POINTS];
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

static void fill_clusters(struct data *data) {
  struct tsl_stream stream = {.seed = 2, .purpose = TSL_PURPOSE_TEST};
  float noise[DIMENSIONS];
  for (int i = 0; i < CLUSTER_POINTS; i++) {
    data->clusters[i] = (int32_t)tsl_random_below(&stream, 0, (uint32_t)i, 0, CLUSTERS);
    tsl_random_normal(&stream, 1, (uint32_t)i, DIMENSIONS, noise);
    for (int k = 0; k < DIMENSIONS; k++)
      data->x[i][k] = (double)noise[k] + (data->clusters[i] == k ? 3 : 0);
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

/* Mean UDR over models and similarities, so that the peers can be compared with. */
static enum tsl_status score_with(const struct data *data, unsigned similarities,
                                  double *mean, struct tsl_error *err) {
  static double pairwise[TSL_SIMILARITY_COUNT * MODELS * MODELS];
  struct tsl_udr_model models[MODELS];
  struct tsl_udr udr;
  int group[MODELS];
  double scores[MODELS];
  for (int m = 0; m < MODELS; m++)
    models[m] = (struct tsl_udr_model){.latent = LATENT,
                                       .mean = data->mean[m][0],
                                       .log_variance = data->log_variance[m][0]};
  TSL_TRY(tsl_udr_init(&udr, models, MODELS, POINTS, similarities, 0.01, err));
  void *context[] = {&udr, pairwise};
  enum tsl_status status = TSL_OK;
  for (int row = 0; row < MODELS; row += TSL_UDR_TILE)
    for (int column = row; column < MODELS && status == TSL_OK; column += TSL_UDR_TILE) {
      struct tsl_udr_tile tile = {row, row + TSL_UDR_TILE, column, column + TSL_UDR_TILE};
      tile.row_end = tile.row_end < MODELS ? tile.row_end : MODELS;
      tile.column_end = tile.column_end < MODELS ? tile.column_end : MODELS;
      status = tsl_udr_tile_compute(&udr, &tile, take_pair, context, err);
    }
  *mean = 0;
  for (int s = 0; s < TSL_SIMILARITY_COUNT && similarities >> s & 1u; s++)
    for (int g = 0; g < TSL_UDR_GROUP_COUNT && status == TSL_OK; g++) {
      for (int m = 0; m < MODELS; m++)
        group[m] = g == TSL_UDR_SETTING ? m / SEEDS : 0;
      status = tsl_udr_reduce(pairwise + s * MODELS * MODELS, MODELS, group, 0, NULL,
                              scores, err);
      for (int m = 0; m < MODELS && g == TSL_UDR_ALL; m++)
        *mean += scores[m] / (2 * MODELS);
    }
  tsl_udr_release(&udr);
  return status;
}

static enum tsl_status score_models(const struct data *data, double *mean,
                                    struct tsl_error *err) {
  return score_with(data, 1u << TSL_SPEARMAN | 1u << TSL_LASSO, mean, err);
}

static enum tsl_status score_spearman(const struct data *data, double *mean,
                                      struct tsl_error *err) {
  return score_with(data, 1u << TSL_SPEARMAN, mean, err);
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

static double core_seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static enum tsl_status measure(const char *name, const struct data *data,
                               enum tsl_status (*score)(const struct data *data,
                                                        double *out,
                                                        struct tsl_error *err),
                               struct tsl_error *err) {
  double best = 1e300, value = 0;
  for (int i = 0; i < REPEATS; i++) {
    double begin = core_seconds();
    TSL_TRY(score(data, &value, err));
    double seconds = core_seconds() - begin;
    best = seconds < best ? seconds : best;
  }
  printf("%s %.4f %.15g\n", name, best, value);
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

int main(int argc, char **argv) {
  struct tsl_error err = {0};
  struct data *data = calloc(1, sizeof *data);
  if (data == NULL)
    return 1;
  fill_models(data);
  fill_clusters(data);
  enum tsl_status status = argc > 1 ? write_data(argv[1], data, &err) : TSL_OK;
  if (status == TSL_OK)
    status = measure("udr_115x1000x10", data, score_models, &err);
  if (status == TSL_OK)
    status = measure("udr_spearman_115x1000x10", data, score_spearman, &err);
  if (status == TSL_OK)
    status = measure("silhouette_60000x20", data, score_clusters, &err);
  if (status != TSL_OK)
    fprintf(stderr, "%s: %s\n", err.where, err.text);
  free(data);
  return tsl_status_exit_code(status);
}
