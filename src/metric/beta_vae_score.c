/* beta-VAE score (Higgins et al. 2017): a vote is the mean absolute difference of the
 * codes of 64 pairs which share one factor's value; a logistic regression learns to tell
 * the factor and is judged on other votes, of other points. */
#include "metric/votes.h"
#include "teasel/arena.h"
#include "teasel/fit.h"

#include <math.h>
#include <stdlib.h>

/* Votes of one set of points. */
struct ballot {
  struct tsl__votes votes;
  const double *codes; /* (points, latent) */
  uint64_t first;      /* number of the first vote */
  int64_t count;
  double *features; /* (count, latent) */
  int32_t *held;    /* (count) */
};

static void vote_all(const struct ballot *ballot, const struct tsl_stream *stream,
                     int64_t latent) {
  for (int64_t n = 0; n < ballot->count; n++) {
    uint64_t number = ballot->first + (uint64_t)n;
    int held = tsl__votes_factor(&ballot->votes, stream, number);
    double *feature = ballot->features + n * latent;
    for (uint32_t i = 0; i < TSL__VOTE_POINTS; i++) {
      int64_t pair[2];
      tsl__votes_pair(&ballot->votes, stream, number, i, held, pair);
      const double *a = ballot->codes + pair[0] * latent;
      const double *b = ballot->codes + pair[1] * latent;
      for (int64_t k = 0; k < latent; k++)
        feature[k] += fabs(a[k] - b[k]) / TSL__VOTE_POINTS;
    }
    ballot->held[n] = held;
  }
}

/* Accuracy on the test votes of what was learnt from the others. */
static enum tsl_status judge(const struct tsl_metric_input *input,
                             const struct ballot *learn, const struct ballot *test,
                             double *out, struct tsl_text *reason,
                             struct tsl_error *err) {
  struct tsl_error why = {0};
  struct tsl_logistic_request request = {.x = learn->features,
                                         .y = learn->held,
                                         .points = learn->count,
                                         .features = input->latent,
                                         .classes = input->factor_count,
                                         .strength = 1};
  struct tsl_logistic model = {0};
  int32_t *predicted = NULL;
  TSL_TRY(tsl_allocate((void **)&predicted, (size_t)test->count, sizeof *predicted, err));
  enum tsl_status status = tsl_logistic_fit(&request, &model, &why);
  if (status == TSL_BAD_INPUT) { /* a factor without a vote */
    tsl_text_add(reason, why.text);
    status = TSL_OK;
  } else if (status != TSL_OK) {
    status = tsl_error_set(err, status, why.where, "%s", why.text);
  } else {
    tsl_logistic_predict(&model, test->features, test->count, predicted);
    int64_t right = 0;
    for (int64_t i = 0; i < test->count; i++)
      right += predicted[i] == test->held[i];
    *out = (double)right / (double)test->count;
  }
  tsl_logistic_release(&model);
  free(predicted);
  return status;
}

static enum tsl_status ballot_init(struct ballot *ballot,
                                   const struct tsl_metric_input *input,
                                   const double *factors, int64_t points,
                                   struct tsl_text *reason, struct tsl_error *err) {
  size_t count = (size_t)ballot->count, latent = (size_t)input->latent;
  TSL_TRY(tsl__votes_init(&ballot->votes, input, factors, points, reason, err));
  TSL_TRY(tsl_allocate((void **)&ballot->features, count, latent * sizeof(double), err));
  return tsl_allocate((void **)&ballot->held, count, sizeof *ballot->held, err);
}

static void ballot_release(struct ballot *ballot) {
  tsl__votes_release(&ballot->votes);
  free(ballot->features);
  free(ballot->held);
}

static enum tsl_status compute(const struct tsl_metric_input *input, double *out,
                               struct tsl_text *reason, struct tsl_error *err) {
  struct ballot learn = {.codes = input->codes, .count = input->votes};
  struct ballot test = {.codes = input->test_codes,
                        .first = (uint64_t)input->votes,
                        .count = input->test_votes};
  *out = (double)NAN;
  if (input->factor_count < 2) {
    tsl_text_add(reason, "needs two factors");
    return TSL_OK;
  }
  enum tsl_status status =
      ballot_init(&learn, input, input->factors, input->points, reason, err);
  bool voted = status == TSL_OK && learn.votes.count != NULL;
  if (voted)
    status =
        ballot_init(&test, input, input->test_factors, input->test_points, reason, err);
  voted = voted && status == TSL_OK && test.votes.count != NULL;
  if (voted) {
    vote_all(&learn, &input->stream, input->latent);
    vote_all(&test, &input->stream, input->latent);
    status = judge(input, &learn, &test, out, reason, err);
  }
  ballot_release(&learn);
  ballot_release(&test);
  return status;
}

const struct tsl_metric tsl_metric_beta_vae_score = {
    .name = "beta_vae_score",
    .summary =
        "Accuracy of a logistic regression that tells which factor 64 pairs share, "
        "from their mean absolute code difference (Higgins et al. 2017).",
    .higher_is_better = true,
    .needs = TSL_METRIC_NEEDS_FACTORS | TSL_METRIC_NEEDS_TEST | TSL_METRIC_NEEDS_VOTES,
    .compute = compute};
