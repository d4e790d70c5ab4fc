/* The memory of scores. */
#include "teasel/arena.h"
#include "teasel/compare.h"

#include <math.h>
#include <stdlib.h>

static enum tsl_status filled(double **out, size_t count, double value,
                              struct tsl_error *err) {
  TSL_TRY(tsl_allocate((void **)out, count > 0 ? count : 1, sizeof(double), err));
  for (size_t i = 0; i < count; i++)
    (*out)[i] = value;
  return TSL_OK;
}

static enum tsl_status similarity_init(struct tsl_scores *scores, int similarity,
                                       struct tsl_error *err) {
  size_t runs = (size_t)scores->run_count, latents = (size_t)scores->latent_max;
  TSL_TRY(tsl_allocate((void **)&scores->matrices[similarity], runs * runs,
                       latents * latents * sizeof(float), err));
  for (int form = 0; form < TSL_UDR_FORM_COUNT; form++) {
    if (similarity == TSL_LASSO && form == TSL_UDR_EQ2FULL)
      continue;
    TSL_TRY(filled(&scores->pairwise[similarity][form], runs * runs, 0, err));
    for (int group = 0; group < TSL_UDR_GROUP_COUNT; group++)
      TSL_TRY(filled(&scores->udr[similarity][form][group], runs, (double)NAN, err));
  }
  return TSL_OK;
}

enum tsl_status tsl_scores_init(struct tsl_scores *out, int run_count, int latent_max,
                                unsigned similarities, int metric_count,
                                struct tsl_error *err) {
  struct tsl_scores scores = {
      .run_count = run_count, .latent_max = latent_max, .metric_count = metric_count};
  size_t runs = (size_t)run_count, metrics = (size_t)metric_count;
  enum tsl_status status =
      tsl_allocate((void **)&scores.runs, runs, sizeof *scores.runs, err);
  if (status == TSL_OK)
    status = filled(&scores.kl, runs * (size_t)latent_max, (double)NAN, err);
  if (status == TSL_OK)
    status = filled(&scores.metrics, runs * metrics, (double)NAN, err);
  if (status == TSL_OK)
    status = tsl_allocate((void **)&scores.metric_names, metrics > 0 ? metrics : 1,
                          sizeof *scores.metric_names, err);
  for (int s = 0; s < TSL_SIMILARITY_COUNT && status == TSL_OK; s++)
    if (similarities >> s & 1u)
      status = similarity_init(&scores, s, err);
  if (status != TSL_OK)
    tsl_scores_release(&scores);
  else
    *out = scores;
  return status;
}

void tsl_scores_release(struct tsl_scores *scores) {
  free(scores->runs);
  free(scores->kl);
  free(scores->metrics);
  free(scores->metric_names);
  for (int s = 0; s < TSL_SIMILARITY_COUNT; s++) {
    free(scores->matrices[s]);
    for (int form = 0; form < TSL_UDR_FORM_COUNT; form++) {
      free(scores->pairwise[s][form]);
      for (int group = 0; group < TSL_UDR_GROUP_COUNT; group++)
        free(scores->udr[s][form][group]);
    }
  }
  *scores = (struct tsl_scores){0};
}
