/* compare.h - stage: latents.h5 -> scores.h5 and the tables. */
#ifndef TEASEL_COMPARE_H
#define TEASEL_COMPARE_H

#include "teasel/dataset.h"
#include "teasel/job.h"
#include "teasel/metric.h"
#include "teasel/stop.h"
#include "teasel/store.h"

enum { TSL_SCORE_NOTES_MAX = 1024, TSL_METRIC_NAME_MAX = 48 };

/* One run in the tables. */
struct tsl_score_run {
  char name[TSL_RUN_NAME_MAX];
  char family[64];
  char setting_label[256]; /* "beta=4", without the seed */
  int setting;             /* job's setting number */
  int64_t seed;
  int latent;
  int informative;                 /* number of informative latents */
  bool flagged;                    /* non-finite values, or no informative latent */
  char outcome[16];                /* of the record */
  char digest[33];                 /* of its latents, as hex: what was scored */
  char notes[TSL_SCORE_NOTES_MAX]; /* why scores are missing, "; " between; "" for none */
};

/* Everything that scores.h5 holds, run after run in the job's order. NaN: no score, with
 * the reason in the run's notes. */
struct tsl_scores {
  int version; /* of the file that they were read from; 0: made by this program */
  int run_count;
  int latent_max;
  double informative_kl;      /* the threshold that was used, nats */
  int64_t comparisons;        /* models compared with each, 0: all of its group */
  int64_t factor_points;      /* that the factor metrics look at; 0: none */
  int64_t votes, test_votes;  /* of the metrics that vote; 0: none */
  struct tsl_score_run *runs; /* (run_count) */
  double *kl;                 /* (run_count, latent_max), NaN beyond a run's latents and
                                 where it is not finite */
  /* R(i,j) of docs/scores.md 3: [predictor i][target j][latent of i][latent of j], zero
   * where a latent is uninformative; NULL when the similarity was not asked for:
   * (run_count, run_count, latent_max, latent_max) */
  float *matrices[TSL_SIMILARITY_COUNT];
  /* U[k][i], run i as target, 0 for k = i: (run_count, run_count); NULL as above, and for
   * (TSL_LASSO, TSL_UDR_EQ2FULL) */
  double *pairwise[TSL_SIMILARITY_COUNT][TSL_UDR_FORM_COUNT];
  /* UDR_i: (run_count); NULL as pairwise. A run alone in its group has NaN. */
  double *udr[TSL_SIMILARITY_COUNT][TSL_UDR_FORM_COUNT][TSL_UDR_GROUP_COUNT];
  int metric_count; /* clustering and factor metrics that the data set allows */
  char (*metric_names)[TSL_METRIC_NAME_MAX]; /* (metric_count); tsl_metric_find(name)
                                                tells the definition */
  double *metrics;                           /* (run_count, metric_count) */
};

/* What a comparison had to do, for messages and tests. */
struct tsl_compare_counts {
  int64_t pairs_computed; /* unordered pairs of runs, both directions at once */
  int64_t pairs_reused;
  int64_t metrics_computed; /* one metric of one run */
  int64_t metrics_reused;
};

/* Collective on team. Scores all runs that have latents; pairs and metrics that scores.h5
 * holds already for runs of the same name and latents are taken from there. Writes
 * scores.h5 and the csv files, the same bytes for any number of members. dataset: NULL
 * allowed (no drawing). Only the team's first member writes. stop: NULL allowed; between
 * two tiles of pairs or two metrics, then TSL_INTERRUPTED, scores.h5 and the tables as
 * they were, and the metrics of whole runs in scores.unfinished.h5, where the next call
 * finds them. */
enum tsl_status tsl_compare(struct tsl_store *store, struct tsl_team *team,
                            const struct tsl_job *job, const struct tsl_dataset *dataset,
                            const struct tsl_stop *stop, struct tsl_error *err);
/* The same; counts: of all members together, NULL allowed. */
enum tsl_status tsl_compare_counted(struct tsl_store *store, struct tsl_team *team,
                                    const struct tsl_job *job,
                                    const struct tsl_dataset *dataset,
                                    const struct tsl_stop *stop,
                                    struct tsl_compare_counts *counts,
                                    struct tsl_error *err);

/* Local. Sizes of what follows; every array zeroed, scores NaN. Which similarities:
 * bit 0 Spearman, bit 1 Lasso. The caller fills it and releases it. */
enum tsl_status tsl_scores_init(struct tsl_scores *out, int run_count, int latent_max,
                                unsigned similarities, int metric_count,
                                struct tsl_error *err);
void tsl_scores_release(struct tsl_scores *scores);
/* Local. scores.h5 of the results folder. */
enum tsl_status tsl_scores_read(struct tsl_store *store, struct tsl_scores *out,
                                struct tsl_error *err);
enum tsl_status tsl_scores_write(struct tsl_store *store, const struct tsl_scores *scores,
                                 struct tsl_error *err);

/* ---- any file with latents: `teasel score-file` ---- */
struct tsl_score_file_options {
  enum tsl_udr_form form;
  bool matrices; /* write R of every pair too */
};
/* Collective on team. Scores what the HDF5 file at `path` holds, by the definitions of
 * docs/scores.md; the first member alone reads it and gets the result, a JSON object as
 * text, which the caller releases. The silhouette, of every pair of points, is shared
 * out. TSL_BAD_INPUT when a dataset is missing or has the wrong shape. */
enum tsl_status tsl_score_file(const char *path,
                               const struct tsl_score_file_options *options,
                               struct tsl_team *team, struct tsl_text *out,
                               struct tsl_error *err);

#endif
