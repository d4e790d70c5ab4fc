/* scores.h5 back into memory; scores_file_write.c says what is in it. */
#include "compare/scores_columns.h"
#include "teasel/arena.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum tsl_status wrong(const char *path, const char *name, struct tsl_error *err) {
  return tsl_error_set(err, TSL_FORMAT, path,
                       "%s does not have the size it should; run "
                       "`teasel score` again",
                       name);
}

/* Reads a dataset that must hold `count` elements into data, which has that room. */
static enum tsl_status read_into(struct tsl_h5_reader *reader, const char *path,
                                 const char *name, enum tsl_array_type type,
                                 int64_t count, void *data, struct tsl_error *err) {
  struct tsl_array array = {0};
  TSL_TRY(tsl_h5_read(reader, name, type, &array, err));
  bool fits = tsl_array_count(&array) == count;
  if (fits && data != NULL)
    memcpy(data, array.data, (size_t)count * tsl_array_type_bytes(type));
  tsl_array_release(&array);
  return fits ? TSL_OK : wrong(path, name, err);
}

/* Fixed-size text fields that lie `stride` bytes apart. */
struct fields {
  char *first;
  size_t count;
  size_t stride;
  size_t room;
};

static enum tsl_status read_words(struct tsl_h5_reader *reader, const char *path,
                                  const char *name, struct fields fields,
                                  struct tsl_error *err) {
  char **words = NULL;
  size_t found = 0;
  TSL_TRY(tsl_h5_read_strings(reader, name, &words, &found, err));
  for (size_t i = 0; i < found; i++) {
    if (i < fields.count)
      snprintf(fields.first + i * fields.stride, fields.room, "%s", words[i]);
    free(words[i]);
  }
  free((void *)words);
  return found == fields.count ? TSL_OK : wrong(path, name, err);
}

static enum tsl_status read_runs(struct tsl_h5_reader *reader, const char *path,
                                 struct tsl_scores *scores, struct tsl_error *err) {
  size_t runs = (size_t)scores->run_count;
#define XX(column)                                                                       \
  TSL_TRY(read_words(reader, path, "/runs/" #column,                                     \
                     (struct fields){scores->runs[0].column, runs, sizeof *scores->runs, \
                                     sizeof scores->runs[0].column},                     \
                     err));
  TEXT_COLUMNS(XX)
#undef XX
  int64_t *numbers = NULL;
  TSL_TRY(tsl_allocate((void **)&numbers, runs, sizeof *numbers, err));
  enum tsl_status status = TSL_OK;
#define XX(column, type)                                                                 \
  if (status == TSL_OK) {                                                                \
    status = read_into(reader, path, "/runs/" #column, TSL_ARRAY_I64, (int64_t)runs,     \
                       numbers, err);                                                    \
    for (size_t i = 0; i < runs && status == TSL_OK; i++)                                \
      scores->runs[i].column = (type)numbers[i];                                         \
  }
  NUMBER_COLUMNS(XX)
#undef XX
  free(numbers);
  return status;
}

static enum tsl_status read_similarity(struct tsl_h5_reader *reader, const char *path,
                                       struct tsl_scores *scores, int similarity,
                                       struct tsl_error *err) {
  int64_t runs = scores->run_count, latents = scores->latent_max;
  const char *word = tsl_similarity_word((enum tsl_similarity)similarity);
  char name[128];
  snprintf(name, sizeof name, "/%s/R", word);
  TSL_TRY(read_into(reader, path, name, TSL_ARRAY_F32, runs * runs * latents * latents,
                    scores->matrices[similarity], err));
  for (int form = 0; form < TSL_UDR_FORM_COUNT; form++) {
    if (scores->pairwise[similarity][form] == NULL)
      continue;
    const char *form_word = tsl_udr_form_word((enum tsl_udr_form)form);
    snprintf(name, sizeof name, "/%s/pairwise/%s", word, form_word);
    TSL_TRY(read_into(reader, path, name, TSL_ARRAY_F64, runs * runs,
                      scores->pairwise[similarity][form], err));
    for (int group = 0; group < TSL_UDR_GROUP_COUNT; group++) {
      snprintf(name, sizeof name, "/%s/udr/%s/%s", word, form_word,
               tsl_udr_group_word((enum tsl_udr_group)group));
      TSL_TRY(read_into(reader, path, name, TSL_ARRAY_F64, runs,
                        scores->udr[similarity][form][group], err));
    }
  }
  return TSL_OK;
}

static bool is_readable(double version) {
  return version >= TSL__SCORES_VERSION_OLDEST && version <= TSL__SCORES_VERSION;
}

/* A number of things from an attribute, which may hold anything. */
static int64_t whole(double value) {
  return value >= 0 && value < 9e15 ? (int64_t)value : 0;
}

/* Which similarities there are. Their matrices are the largest of the file: their size is
 * compared before memory is asked for. */
static enum tsl_status find_similarities(struct tsl_h5_reader *reader, const char *path,
                                         const struct tsl_array *kl, unsigned *out,
                                         struct tsl_error *err) {
  *out = 0;
  for (int s = 0; s < TSL_SIMILARITY_COUNT; s++) {
    struct tsl_array matrix = {0};
    char name[64];
    snprintf(name, sizeof name, "/%s/R", tsl_similarity_word((enum tsl_similarity)s));
    if (!tsl_h5_has(reader, name))
      continue;
    TSL_TRY(tsl_h5_describe(reader, name, &matrix, err));
    if (matrix.rank != 4 || matrix.dims[0] != kl->dims[0] ||
        matrix.dims[1] != kl->dims[0] || matrix.dims[2] != kl->dims[1] ||
        matrix.dims[3] != kl->dims[1])
      return wrong(path, name, err);
    *out |= 1u << s;
  }
  return TSL_OK;
}

/* Sizes from the file, then everything allocated. */
static enum tsl_status read_sizes(struct tsl_h5_reader *reader, const char *path,
                                  struct tsl_scores *out, struct tsl_error *err) {
  double version = 0, threshold = 0, comparisons = 0, votes = 0, test_votes = 0;
  double points = 0;
  TSL_TRY(tsl_h5_read_attribute(reader, "/", "version", &version, err));
  if (!is_readable(version))
    return tsl_error_set(err, TSL_FORMAT, path,
                         "written by another version of teasel (%g, this one writes %d); "
                         "run `teasel score` again",
                         version, TSL__SCORES_VERSION);
  TSL_TRY(tsl_h5_read_attribute(reader, "/", "informative_kl", &threshold, err));
  TSL_TRY(tsl_h5_read_attribute(reader, "/", "comparisons", &comparisons, err));
  TSL_TRY(tsl_h5_read_attribute(reader, "/", "factor_points", &points, err));
  TSL_TRY(tsl_h5_read_attribute(reader, "/", "votes", &votes, err));
  TSL_TRY(tsl_h5_read_attribute(reader, "/", "test_votes", &test_votes, err));
  struct tsl_array kl = {0}, metrics = {0};
  TSL_TRY(tsl_h5_describe(reader, "/runs/kl", &kl, err));
  if (kl.rank != 2 || kl.dims[0] < 1 || kl.dims[0] > 1000000 || kl.dims[1] > 1000000)
    return wrong(path, "/runs/kl", err);
  int64_t metric_count = 0;
  if (tsl_h5_has(reader, "/metrics/value")) {
    TSL_TRY(tsl_h5_describe(reader, "/metrics/value", &metrics, err));
    if (metrics.rank != 2 || metrics.dims[0] != kl.dims[0] || metrics.dims[1] > 10000)
      return wrong(path, "/metrics/value", err);
    metric_count = metrics.dims[1];
  }
  unsigned similarities = 0;
  TSL_TRY(find_similarities(reader, path, &kl, &similarities, err));
  TSL_TRY(tsl_scores_init(out, (int)kl.dims[0], (int)kl.dims[1], similarities,
                          (int)metric_count, err));
  out->version = (int)version;
  out->informative_kl = threshold;
  out->comparisons = whole(comparisons);
  out->factor_points = whole(points);
  out->votes = whole(votes);
  out->test_votes = whole(test_votes);
  return TSL_OK;
}

/* TSL_FORMAT when the scores are not those that were written. */
static enum tsl_status check_digest(struct tsl_h5_reader *reader, const char *path,
                                    const struct tsl_scores *scores,
                                    struct tsl_error *err) {
  double version = 0;
  char digest[33], written[33] = "";
  TSL_TRY(tsl_h5_read_attribute(reader, "/", "version", &version, err));
  if (version == TSL__SCORES_VERSION_OLDEST)
    return TSL_OK;
  TSL_TRY(read_words(reader, path, "/digest",
                     (struct fields){written, 1, sizeof written, sizeof written}, err));
  TSL_TRY(tsl__scores_digest(scores, digest, err));
  if (strcmp(digest, written) == 0)
    return TSL_OK;
  return tsl_error_set(err, TSL_FORMAT, path,
                       "damaged: its numbers are not those that were written; `teasel "
                       "run` or `teasel score` makes it anew");
}

enum tsl_status tsl_scores_read(struct tsl_store *store, struct tsl_scores *out,
                                struct tsl_error *err) {
  return tsl__scores_read_from(store, TSL_STORE_SCORES, out, err);
}

enum tsl_status tsl__scores_read_from(struct tsl_store *store, enum tsl_store_file file,
                                      struct tsl_scores *out, struct tsl_error *err) {
  char path[TSL_PATH_MAX];
  struct tsl_h5_reader *reader = NULL;
  struct tsl_scores scores = {0};
  tsl_store_path(store, file, path);
  TSL_TRY(tsl_h5_open(path, &reader, err));
  enum tsl_status status = read_sizes(reader, path, &scores, err);
  if (status == TSL_OK)
    status = read_runs(reader, path, &scores, err);
  if (status == TSL_OK)
    status = read_into(reader, path, "/runs/kl", TSL_ARRAY_F64,
                       (int64_t)scores.run_count * scores.latent_max, scores.kl, err);
  for (int s = 0; s < TSL_SIMILARITY_COUNT && status == TSL_OK; s++)
    if (scores.matrices[s] != NULL)
      status = read_similarity(reader, path, &scores, s, err);
  if (status == TSL_OK && scores.metric_count > 0)
    status =
        read_into(reader, path, "/metrics/value", TSL_ARRAY_F64,
                  (int64_t)scores.run_count * scores.metric_count, scores.metrics, err);
  if (status == TSL_OK && scores.metric_count > 0)
    status = read_words(
        reader, path, "/metrics/name",
        (struct fields){scores.metric_names[0], (size_t)scores.metric_count,
                        sizeof *scores.metric_names, sizeof *scores.metric_names},
        err);
  if (status == TSL_OK)
    status = check_digest(reader, path, &scores, err);
  tsl_h5_close(reader);
  if (status != TSL_OK)
    tsl_scores_release(&scores);
  else
    *out = scores;
  return status;
}
