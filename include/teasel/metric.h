/* metric.h - scores of latents, by the definitions of docs/scores.md. Pure functions of
 * arrays, Local, in double precision; one file of src/metric each. Undefined scores are
 * NaN with the reason in words.
 */
#ifndef TEASEL_METRIC_H
#define TEASEL_METRIC_H

#include "teasel/random.h"
#include "teasel/status.h"
#include "teasel/team.h"
#include "teasel/text.h"

#include <stdbool.h>
#include <stdint.h>

/* ---- UDR (Duan et al. 2020) ---- */
enum tsl_similarity { TSL_SPEARMAN, TSL_LASSO, TSL_SIMILARITY_COUNT };
enum tsl_udr_form { TSL_UDR_LIB, TSL_UDR_EQ2, TSL_UDR_EQ2FULL, TSL_UDR_FORM_COUNT };
enum tsl_udr_group { TSL_UDR_SETTING, TSL_UDR_FAMILY, TSL_UDR_ALL, TSL_UDR_GROUP_COUNT };
const char *tsl_similarity_word(enum tsl_similarity similarity); /* "spearman" */
const char *tsl_udr_form_word(enum tsl_udr_form form);           /* "eq2" */
const char *tsl_udr_group_word(enum tsl_udr_group group);        /* "setting" */

/* One model's latents. Either the float pair or the double pair is set; borrowed. */
struct tsl_udr_model {
  int64_t latent;
  const float *mean;               /* (points, latent) */
  const float *log_variance;       /* (points, latent) */
  const double *wide_mean;         /* (points, latent) */
  const double *wide_log_variance; /* (points, latent) */
};

/* All models prepared once. Model m's latents are columns begin[m] .. begin[m+1]-1; the
 * columns of all models stand in panels of 8, ready for the matrix product. */
struct tsl_udr {
  int64_t points;
  int model_count;
  int64_t latent_max;
  int64_t *begin;         /* (model_count + 1) */
  double *kl;             /* (columns) nats; NaN where a value is not finite */
  bool *finite;           /* (columns) */
  bool *informative;      /* (columns) */
  int *informative_count; /* (model_count) */
  double *standardised;   /* (panels, points, 8), zero where not finite; NULL without
                             Lasso */
  double *grams;          /* each model's X'X/n: (latent, latent) at gram_begin[m] */
  int64_t *gram_begin;    /* (model_count) */
  double *ranks; /* (panels, points, 8): twice the average rank less its mean, so whole
                    numbers, whose sums are exact; NULL without Spearman */
  double *rank_squares; /* (columns) sums of squares of ranks */
};
/* Local. similarities: bit 0 Spearman, bit 1 Lasso; what is not asked for is not
 * prepared. A latent is informative iff finite and its KL is above the threshold. */
enum tsl_status tsl_udr_init(struct tsl_udr *out, const struct tsl_udr_model *models,
                             int model_count, int64_t points, unsigned similarities,
                             double informative_kl, struct tsl_error *err);
void tsl_udr_release(struct tsl_udr *udr);

/* R of the pair (i, j), i predicts j: (latent of i, latent of j), over all latents, not
 * only informative ones; NULL for what is not prepared. Borrowed during the call.
 * settled: every Lasso of the pair met its optimality conditions. */
struct tsl_udr_pair {
  int i, j;
  const double *r[TSL_SIMILARITY_COUNT];
  bool settled;
};
/* Models [row_begin, row_end) against [column_begin, column_end): at most TSL_UDR_TILE of
 * each; the two ranges are equal or do not meet. */
struct tsl_udr_tile {
  int row_begin, row_end;
  int column_begin, column_end;
};
enum { TSL_UDR_TILE = 8 };
/* Local. Visits every ordered pair of the tile once, both directions, a model with itself
 * included. The values of a pair do not depend on which other models are there, where it
 * stands, nor on the instruction set. */
enum tsl_status
tsl_udr_tile_compute(const struct tsl_udr *udr, const struct tsl_udr_tile *tile,
                     void (*visit)(void *context, const struct tsl_udr_pair *pair),
                     void *context, struct tsl_error *err);

/* Local. U of one direction: r: (rows, columns), the predictor's latents down. */
double tsl_udr_score(enum tsl_udr_form form, const double *r, const bool *row_informative,
                     int64_t rows, const bool *column_informative, int64_t columns);

/* Local. UDR of every model from U: groups by equal numbers. pairwise: (count, count),
 * [predictor][target]; group: (count); out: (count), NaN for a model alone.
 * comparisons: 0 for all, else at most so many sampled by streams[i] (NULL when 0). */
enum tsl_status tsl_udr_reduce(const double *pairwise, int count, const int *group,
                               int64_t comparisons, const struct tsl_stream *streams,
                               double *out, struct tsl_error *err);
/* Local. Median with even counts averaging the middle two; NaN values are left out, NaN
 * when none is left. Changes the order of the values. */
double tsl_median(double *values, int64_t count);

/* ---- every other metric ---- */
enum {
  TSL_METRIC_NEEDS_CLUSTERS = 1,
  TSL_METRIC_NEEDS_LABELS = 2,
  TSL_METRIC_NEEDS_RESPONSIBILITIES = 4,
  TSL_METRIC_NEEDS_FACTORS = 8,
  TSL_METRIC_NEEDS_TEST = 16, /* a second set of points with factors */
  TSL_METRIC_NEEDS_VOTES = 32 /* numbers of votes */
};

/* What the metrics of one model may look at. NULL where there is none; borrowed. */
struct tsl_metric_input {
  int64_t points;
  int64_t latent;
  const double *codes;            /* (points, latent) */
  const int32_t *clusters;        /* (points) where each point was put */
  const int32_t *labels;          /* (points) where it belongs */
  const double *responsibilities; /* (points, cluster_count): probabilities, or better
                                     logits */
  int cluster_count;
  const double *factors; /* (points, factor_count) */
  int factor_count;
  const int32_t *factor_sizes; /* (factor_count): values of a discrete factor, 0:
                                  continuous; NULL: all discrete */
  int64_t test_points;
  const double *test_codes;   /* (test_points, latent) */
  const double *test_factors; /* (test_points, factor_count) */
  int64_t votes;              /* of points, to learn from: 10,000 */
  int64_t test_votes;         /* of test points, to judge by: 5,000 */
  struct tsl_stream stream;
};

struct tsl_metric {
  const char *name;
  const char *summary; /* the definition in one sentence, with the paper */
  bool higher_is_better;
  unsigned needs;
  /* Local. *out NaN: undefined, with the reason added to `reason`. */
  enum tsl_status (*compute)(const struct tsl_metric_input *input, double *out,
                             struct tsl_text *reason, struct tsl_error *err);
};
size_t tsl_metric_count(void);
const struct tsl_metric *tsl_metric_at(size_t index);
const struct tsl_metric *tsl_metric_find(const char *name); /* NULL when unknown */
/* Collective on team. The metric `silhouette` with its pairs of points shared out; all
 * members bring the same input and get the same value, whose bits do not depend on their
 * number. */
enum tsl_status tsl_silhouette(const struct tsl_metric_input *input,
                               struct tsl_team *team, double *out,
                               struct tsl_text *reason, struct tsl_error *err);
/* Local. Puts each point into the cluster with the largest logit, the first on ties;
 * returns how many clusters have points. logits: (points, components); chosen: (points)
 */
int tsl_clusters_choose(const double *logits, int64_t points, int components,
                        int32_t *chosen);
/* Local. The needs that the input can meet. */
unsigned tsl_metric_given(const struct tsl_metric_input *input);

#endif
