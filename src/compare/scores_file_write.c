/* scores.h5: /runs/<column>, /runs/kl, /<similarity>/R, /<similarity>/pairwise/<form>,
 * /<similarity>/udr/<form>/<group>, /metrics/{name, value}, /digest of all; attributes of
 * "/": version, and the numbers of tsl_scores that say how it was scored. */
#include "compare/scores_columns.h"
#include "teasel/arena.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum tsl_status write_digest(struct tsl_h5_writer *writer,
                                    const struct tsl_scores *scores,
                                    struct tsl_error *err) {
  char digest[33];
  TSL_TRY(tsl__scores_digest(scores, digest, err));
  return tsl_h5_write_strings(writer, "/digest", (const char *const[]){digest}, 1, err);
}

static enum tsl_status write_array(struct tsl_h5_writer *writer, const char *name,
                                   enum tsl_array_type type, int rank,
                                   const int64_t *dims, const void *data,
                                   struct tsl_error *err) {
  struct tsl_array array = {.type = type, .rank = rank, .data = (void *)(uintptr_t)data};
  snprintf(array.name, sizeof array.name, "%s", name);
  memcpy(array.dims, dims, (size_t)rank * sizeof *dims);
  return tsl_h5_write(writer, &array, err);
}

static enum tsl_status write_runs(struct tsl_h5_writer *writer,
                                  const struct tsl_scores *scores,
                                  struct tsl_error *err) {
  size_t runs = (size_t)scores->run_count;
  const char **words = NULL;
  int64_t *numbers = NULL;
  enum tsl_status status = tsl_allocate((void **)&words, runs, sizeof *words, err);
  if (status == TSL_OK)
    status = tsl_allocate((void **)&numbers, runs, sizeof *numbers, err);
#define XX(column)                                                                       \
  if (status == TSL_OK) {                                                                \
    for (size_t i = 0; i < runs; i++)                                                    \
      words[i] = scores->runs[i].column;                                                 \
    status = tsl_h5_write_strings(writer, "/runs/" #column, words, runs, err);           \
  }
  TEXT_COLUMNS(XX)
#undef XX
#define XX(column, type)                                                                 \
  if (status == TSL_OK) {                                                                \
    for (size_t i = 0; i < runs; i++)                                                    \
      numbers[i] = (int64_t)scores->runs[i].column;                                      \
    status = write_array(writer, "/runs/" #column, TSL_ARRAY_I64, 1,                     \
                         (const int64_t[]){scores->run_count}, numbers, err);            \
  }
  NUMBER_COLUMNS(XX)
#undef XX
  free((void *)words);
  free(numbers);
  return status;
}

static enum tsl_status write_similarity(struct tsl_h5_writer *writer,
                                        const struct tsl_scores *scores, int similarity,
                                        struct tsl_error *err) {
  int64_t runs = scores->run_count, latents = scores->latent_max;
  const char *word = tsl_similarity_word((enum tsl_similarity)similarity);
  char name[128];
  snprintf(name, sizeof name, "/%s/R", word);
  TSL_TRY(write_array(writer, name, TSL_ARRAY_F32, 4,
                      (const int64_t[]){runs, runs, latents, latents},
                      scores->matrices[similarity], err));
  for (int form = 0; form < TSL_UDR_FORM_COUNT; form++) {
    if (scores->pairwise[similarity][form] == NULL)
      continue;
    const char *form_word = tsl_udr_form_word((enum tsl_udr_form)form);
    snprintf(name, sizeof name, "/%s/pairwise/%s", word, form_word);
    TSL_TRY(write_array(writer, name, TSL_ARRAY_F64, 2, (const int64_t[]){runs, runs},
                        scores->pairwise[similarity][form], err));
    for (int group = 0; group < TSL_UDR_GROUP_COUNT; group++) {
      snprintf(name, sizeof name, "/%s/udr/%s/%s", word, form_word,
               tsl_udr_group_word((enum tsl_udr_group)group));
      TSL_TRY(write_array(writer, name, TSL_ARRAY_F64, 1, &runs,
                          scores->udr[similarity][form][group], err));
    }
  }
  return TSL_OK;
}

static enum tsl_status write_metrics(struct tsl_h5_writer *writer,
                                     const struct tsl_scores *scores,
                                     struct tsl_error *err) {
  if (scores->metric_count == 0)
    return TSL_OK;
  const char **words = NULL;
  size_t count = (size_t)scores->metric_count;
  TSL_TRY(tsl_allocate((void **)&words, count, sizeof *words, err));
  for (size_t i = 0; i < count; i++)
    words[i] = scores->metric_names[i];
  enum tsl_status status =
      tsl_h5_write_strings(writer, "/metrics/name", words, count, err);
  free((void *)words);
  if (status == TSL_OK)
    status = write_array(writer, "/metrics/value", TSL_ARRAY_F64, 2,
                         (const int64_t[]){scores->run_count, scores->metric_count},
                         scores->metrics, err);
  return status;
}

enum tsl_status tsl_scores_write(struct tsl_store *store, const struct tsl_scores *scores,
                                 struct tsl_error *err) {
  return tsl__scores_write_to(store, TSL_STORE_SCORES, scores, err);
}

enum tsl_status tsl__scores_write_to(struct tsl_store *store, enum tsl_store_file file,
                                     const struct tsl_scores *scores,
                                     struct tsl_error *err) {
  char path[TSL_PATH_MAX];
  struct tsl_h5_writer *writer = NULL;
  TSL_TRY(tsl_h5_create(tsl_store_path(store, file, path), &writer, err));
  enum tsl_status status = write_runs(writer, scores, err);
  if (status == TSL_OK)
    status = write_array(writer, "/runs/kl", TSL_ARRAY_F64, 2,
                         (const int64_t[]){scores->run_count, scores->latent_max},
                         scores->kl, err);
  for (int s = 0; s < TSL_SIMILARITY_COUNT && status == TSL_OK; s++)
    if (scores->matrices[s] != NULL)
      status = write_similarity(writer, scores, s, err);
  if (status == TSL_OK)
    status = write_metrics(writer, scores, err);
  if (status == TSL_OK)
    status = write_digest(writer, scores, err);
  const struct {
    const char *name;
    double value;
  } attributes[] = {{"version", TSL__SCORES_VERSION},
                    {"informative_kl", scores->informative_kl},
                    {"comparisons", (double)scores->comparisons},
                    {"factor_points", (double)scores->factor_points},
                    {"votes", (double)scores->votes},
                    {"test_votes", (double)scores->test_votes}};
  for (size_t i = 0; i < sizeof attributes / sizeof *attributes && status == TSL_OK; i++)
    status =
        tsl_h5_write_attribute(writer, "/", attributes[i].name, attributes[i].value, err);
  if (status != TSL_OK) {
    tsl_h5_abandon(writer);
    return status;
  }
  return tsl_h5_commit(writer, err);
}
