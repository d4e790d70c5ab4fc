/* classify.h - stage: latents and a few labels -> good or bad (Gumilevski, section
 * 4.2.3). */
#ifndef TEASEL_CLASSIFY_H
#define TEASEL_CLASSIFY_H

#include "teasel/compare.h"
#include "teasel/confusion.h"
#include "teasel/fit.h"
#include "teasel/random.h"
#include "teasel/status.h"

#include <stdbool.h>
#include <stdint.h>

/* One latent with a threshold. */
struct tsl_cut {
  int latent;
  double threshold;
  bool bad_above; /* values above the threshold are called bad, else below */
  struct tsl_confusion labelled; /* of the labelled points, by which it was chosen */
  struct tsl_confusion rest;     /* of all others */
};

struct tsl_classify_request {
  const float *mean;         /* (points, latent), posterior means */
  const float *log_variance; /* (points, latent) */
  const bool *bad;           /* (points) */
  int64_t points;
  int latent;
  int64_t labels;           /* labelled points, half of them from each class */
  double informative_kl;    /* latents with a smaller mean KL are left out, nats */
  struct tsl_stream stream; /* decides which points are labelled */
};

/* Local. The stream by the data set's seed: the same points are labelled for every run.
 */
struct tsl_stream tsl_classify_stream(int64_t seed);

struct tsl_classification {
  int64_t points;
  int64_t labelled_count;
  bool *labelled; /* (points) */
  int latent;
  double *kl;           /* (latent), mean over the points, nats */
  int cut_count;        /* informative latents */
  struct tsl_cut *cuts; /* (cut_count): each latent's best cut, by falling balanced
                           accuracy of the labelled points */
  /* Logistic regression on the informative latents in rising order, each standardised by
   * mean and deviation of the labelled points; C = 1. */
  int *features;             /* (cut_count) latents */
  double *feature_mean;      /* (cut_count) */
  double *feature_deviation; /* (cut_count), 1 where a latent is constant */
  struct tsl_logistic logistic;
  double *bad_probability; /* (points) */
  struct tsl_confusion logistic_labelled, logistic_rest;
};

/* Local. TSL_BAD_INPUT when there are not more points of each class than labels / 2, or
 * no informative latent. */
enum tsl_status tsl_classify(const struct tsl_classify_request *request,
                             struct tsl_classification *out, struct tsl_error *err);
void tsl_classification_release(struct tsl_classification *classification);
/* Local. */
bool tsl_cut_is_bad(const struct tsl_cut *cut, double value);

/* Local. Index of the scored run with the best UDR by this form, judged by the narrowest
 * group that gives one (same setting, then family, then all); -1 when none has a score.
 * A run that diverged is never the best. */
int tsl_scores_best_run(const struct tsl_scores *scores, enum tsl_udr_form form);

#endif
