/* fake_scores.h - scores of made-up runs, for tests of what reads scores.h5. Three
 * settings of two families with `seeds` seeds each; values are smooth functions of the
 * indices; the last run is flagged and alone values are NaN where udr says so. */
#ifndef TEASEL_TESTS_FAKE_SCORES_H
#define TEASEL_TESTS_FAKE_SCORES_H

#include "teasel/compare.h"

#include <math.h>
#include <stdio.h>

static inline double fake_score(int a, int b) {
  return 0.5 + 0.4 * sin(1.7 * a + 0.6 * b);
}

static inline void fake_similarity(struct tsl_scores *scores, int s) {
  int runs = scores->run_count, d = scores->latent_max;
  for (int i = 0; i < runs * runs; i++)
    for (int k = 0; k < d * d; k++)
      scores->matrices[s][i * d * d + k] =
          (float)(k % (d + 1) == 0 ? fake_score(i, s) : 0);
  for (int form = 0; form < TSL_UDR_FORM_COUNT; form++) {
    if (scores->pairwise[s][form] == NULL)
      continue;
    for (int i = 0; i < runs * runs; i++)
      scores->pairwise[s][form][i] = i % (runs + 1) == 0 ? 0 : fake_score(i, form);
    for (int group = 0; group < TSL_UDR_GROUP_COUNT; group++)
      for (int i = 0; i < runs; i++)
        scores->udr[s][form][group][i] = fake_score(i, form + 3 * group);
  }
}

/* The caller releases it; tsl_scores_write makes scores.h5 of it. */
static inline enum tsl_status fake_scores(struct tsl_scores *out, int seeds, int latent) {
  const char *families[] = {"beta_vae", "beta_vae", "beta_tcvae"};
  const char *labels[] = {"beta=1", "beta=4", "beta=4"};
  int runs = 3 * seeds;
  enum tsl_status status = tsl_scores_init(out, runs, latent, 3, 2, NULL);
  if (status != TSL_OK)
    return status;
  out->informative_kl = 0.01;
  for (int i = 0; i < runs; i++) {
    struct tsl_score_run *run = &out->runs[i];
    run->setting = i / seeds;
    run->seed = i % seeds;
    run->latent = latent;
    run->informative = latent - i % 3;
    run->flagged = i == runs - 1;
    snprintf(run->family, sizeof run->family, "%s", families[run->setting]);
    snprintf(run->setting_label, sizeof run->setting_label, "%s", labels[run->setting]);
    snprintf(run->name, sizeof run->name, "%s-%s-seed=%d-%08x", run->family,
             run->setting_label, i % seeds, (unsigned)i);
    snprintf(run->outcome, sizeof run->outcome, "finished");
    snprintf(run->notes, sizeof run->notes, "%s",
             run->flagged ? "non-finite latent 0" : "");
    for (int k = 0; k < latent; k++)
      out->kl[i * latent + k] = k < run->informative ? 1.0 + k : 0.001;
    out->metrics[2 * i] = fake_score(i, 7);
    out->metrics[2 * i + 1] = i == 0 ? (double)NAN : fake_score(i, 8);
  }
  snprintf(out->metric_names[0], sizeof out->metric_names[0], "mig");
  snprintf(out->metric_names[1], sizeof out->metric_names[1], "silhouette");
  fake_similarity(out, TSL_SPEARMAN);
  fake_similarity(out, TSL_LASSO);
  return TSL_OK;
}

#endif
