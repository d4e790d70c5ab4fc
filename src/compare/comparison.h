/* comparison.h - one comparison on its way from latents to tables, as every member of the
 * team holds it. */
#ifndef TEASEL_COMPARE_COMPARISON_H
#define TEASEL_COMPARE_COMPARISON_H

#include "teasel/compare.h"

enum tsl__points_kind {
  TSL__POINTS_OF_LATENTS, /* those of latents.h5, where there is no data set */
  TSL__POINTS_SAMPLES,    /* the first of the data set's order */
  TSL__POINTS_DRAWN       /* drawn at given factors */
};

/* Points that the factor metrics look at, the same for all runs. */
struct tsl__factor_points {
  enum tsl__points_kind kind;
  int64_t count; /* 0: nobody knows factors */
  int64_t learn; /* the first ones teach what learns, the others judge it */
  int64_t least; /* that metrics which do not learn look at */
  int factor_count;
  float *values;   /* (count, factor_count) as the data set has them */
  double *factors; /* (count, factor_count) discrete ones as indices of their values */
  int32_t *sizes;  /* (factor_count) 0: continuous */
};

/* Everybody knows everything but `old`, which the first member alone has read, and the
 * gathered scores, which it alone needs. */
struct tsl__comparison {
  struct tsl_store *store;
  struct tsl_team *team;
  const struct tsl_job *job;
  const struct tsl_dataset *dataset;
  const struct tsl_stop *stop;
  struct tsl_latents latents;
  struct tsl__factor_points factor_points;
  struct tsl_scores scores;
  int *latents_of;  /* (run_count) index into latents.runs, -1: has none */
  int scored_count; /* runs with latents */
  int *scored;      /* (scored_count) their run numbers, those that are new first */
  int new_count;
  struct tsl_scores old; /* run_count 0: there are none that fit */
  int *old_of;           /* (run_count) the same latents in old, -1: new */
  unsigned char *known;  /* (run_count, metric_count) 1: the value is in old */
  struct tsl_compare_counts counts;
};

/* plan.c. Local. Lists runs, digests and metrics; nothing scored yet. */
enum tsl_status tsl__plan_runs(struct tsl__comparison *comparison, struct tsl_error *err);
/* Collective. The first member reads scores.h5 and tells the others what is known. */
enum tsl_status tsl__plan_reuse(struct tsl__comparison *comparison,
                                struct tsl_error *err);

/* pairs.c. Collective. Scores new pairs in tiles spread over the members; afterwards the
 * first member has all of them, old ones included. */
enum tsl_status tsl__pairs_score(struct tsl__comparison *comparison,
                                 struct tsl_error *err);

/* run_metrics.c. Names of the metrics that the data allow; returns their number. names:
 * NULL or (count) */
int tsl__metrics_list(const struct tsl__comparison *comparison,
                      char (*names)[TSL_METRIC_NAME_MAX]);
/* Collective. Runs spread over the members; afterwards the first member has all. */
enum tsl_status tsl__metrics_score(struct tsl__comparison *comparison,
                                   struct tsl_error *err);

/* baselines.c. Collective. score.baselines, spread over the members; the first one writes
 * clusters.csv. */
enum tsl_status tsl__baselines_score(struct tsl__comparison *comparison,
                                     struct tsl_error *err);

/* factor_points.c. Local. */
enum tsl_status tsl__factor_points_init(const struct tsl__comparison *comparison,
                                        struct tsl__factor_points *out,
                                        struct tsl_error *err);
void tsl__factor_points_release(struct tsl__factor_points *points);
/* Local. A run's posterior means of the factor points: (count, latent), free() it. */
enum tsl_status tsl__factor_codes(const struct tsl__comparison *comparison, int run,
                                  double **out, struct tsl_error *err);

/* Local. True when the run's latent is informative by its KL. */
bool tsl__informative(const struct tsl_scores *scores, int run, int latent);
/* Local. The note of old scores that tells why the run has no such metric; false: there
 * is none. */
bool tsl__old_reason(const struct tsl_score_run *run, const char *metric,
                     char out[TSL_SCORE_NOTES_MAX]);
/* Local. Adds a reason to the run's notes. */
void tsl__note(struct tsl_score_run *run, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* tables.c. Local. scores.csv and udr_<group>.csv. */
enum tsl_status tsl__tables_write(const struct tsl__comparison *comparison,
                                  struct tsl_error *err);

#endif
