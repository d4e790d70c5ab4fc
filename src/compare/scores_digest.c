/* What tells damaged scores from those that were written: a digest of all of them. */
#include "compare/scores_columns.h"

#include "teasel/digest.h"

#include <string.h>

static void add_text(struct tsl_digester *digester, const char *text) {
  tsl_digester_add(digester, text, strlen(text) + 1);
}

static void add_runs(struct tsl_digester *digester, const struct tsl_scores *scores) {
  for (int i = 0; i < scores->run_count; i++) {
    int64_t number;
#define XX(column) add_text(digester, scores->runs[i].column);
    TEXT_COLUMNS(XX)
#undef XX
#define XX(column, type)                                                                 \
  number = (int64_t)scores->runs[i].column;                                              \
  tsl_digester_add(digester, &number, sizeof number);
    NUMBER_COLUMNS(XX)
#undef XX
  }
}

static void add_similarity(struct tsl_digester *digester, const struct tsl_scores *scores,
                           int similarity) {
  const size_t runs = (size_t)scores->run_count, latents = (size_t)scores->latent_max;
  if (scores->matrices[similarity] == NULL)
    return;
  tsl_digester_add(digester, scores->matrices[similarity],
                   runs * runs * latents * latents * sizeof(float));
  for (int form = 0; form < TSL_UDR_FORM_COUNT; form++) {
    if (scores->pairwise[similarity][form] == NULL)
      continue;
    tsl_digester_add(digester, scores->pairwise[similarity][form],
                     runs * runs * sizeof(double));
    for (int group = 0; group < TSL_UDR_GROUP_COUNT; group++)
      tsl_digester_add(digester, scores->udr[similarity][form][group],
                       runs * sizeof(double));
  }
}

enum tsl_status tsl__scores_digest(const struct tsl_scores *scores, char out[33],
                                   struct tsl_error *err) {
  struct tsl_digester *digester = tsl_digester_create();
  if (digester == NULL)
    return tsl_error_set(err, TSL_MEMORY, "", "out of memory");
  const size_t runs = (size_t)scores->run_count, metrics = (size_t)scores->metric_count;
  const int64_t counts[] = {
      scores->run_count, scores->latent_max, scores->comparisons, scores->factor_points,
      scores->votes,     scores->test_votes, scores->metric_count};
  tsl_digester_add(digester, counts, sizeof counts);
  tsl_digester_add(digester, &scores->informative_kl, sizeof scores->informative_kl);
  add_runs(digester, scores);
  tsl_digester_add(digester, scores->kl,
                   runs * (size_t)scores->latent_max * sizeof(double));
  for (int s = 0; s < TSL_SIMILARITY_COUNT; s++)
    add_similarity(digester, scores, s);
  for (size_t i = 0; i < metrics; i++)
    add_text(digester, scores->metric_names[i]);
  tsl_digester_add(digester, scores->metrics, runs * metrics * sizeof(double));
  const struct tsl_digest digest = tsl_digester_value(digester);
  tsl_digest_print(&digest, out);
  tsl_digester_free(digester);
  return TSL_OK;
}
