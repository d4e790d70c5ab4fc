/* compare.h - stage: latents.h5 -> scores.h5 and the tables. */
#ifndef TEASEL_COMPARE_H
#define TEASEL_COMPARE_H

#include "teasel/dataset.h"
#include "teasel/job.h"
#include "teasel/metric.h"
#include "teasel/store.h"

/* One run in the tables. */
struct tsl_score_run {
  char name[TSL_RUN_NAME_MAX];
  char family[64];
  char setting_label[256]; /* "beta=4", without the seed */
  int setting;             /* job's setting number */
  int64_t seed;
  int latent;
  int informative;  /* number of informative latents */
  bool flagged;     /* non-finite values, or no informative latent */
  char outcome[16]; /* of the record */
};

/* Everything that scores.h5 holds. NaN: no score, with the reason in notes of scores.csv.
 */
struct tsl_scores {
  int run_count;
  int latent_max;
  struct tsl_score_run *runs; /* (run_count) */
  double *kl;                 /* (run_count, latent_max), NaN beyond a run's latents */
  /* R(i,j) of SCORES.md 3, zero where uninformative; NULL when the similarity was not
   * asked for: (run_count, run_count, latent_max, latent_max) */
  float *matrices[TSL_SIMILARITY_COUNT];
  /* U[k][i], run i as target: (run_count, run_count); NULL as above */
  double *pairwise[TSL_SIMILARITY_COUNT][TSL_UDR_FORM_COUNT];
  /* UDR_i: (run_count) */
  double *udr[TSL_SIMILARITY_COUNT][TSL_UDR_FORM_COUNT][TSL_UDR_GROUP_COUNT];
  int metric_count;         /* clustering and factor metrics that the data set allows */
  char (*metric_names)[48]; /* (metric_count) */
  double *metrics;          /* (run_count, metric_count) */
};

/* Collective on team. Scores all runs that have latents; pairs that scores.h5 holds
 * already are taken from there. Writes scores.h5 and the csv files. dataset: NULL allowed
 * (no drawing). */
enum tsl_status tsl_compare(struct tsl_store *store, struct tsl_team *team,
                            const struct tsl_job *job, const struct tsl_dataset *dataset,
                            struct tsl_error *err);
/* Local. */
enum tsl_status tsl_scores_read(struct tsl_store *store, struct tsl_scores *out,
                                struct tsl_error *err);
void tsl_scores_release(struct tsl_scores *scores);

#endif
