/* beta-VAE score (Higgins et al. 2017): a vote is the mean absolute difference of the
 * codes of 64 pairs which share one factor's value; a logistic regression learns to tell
 * the factor and is judged on other votes. */
#include "metric/votes.h"
#include "teasel/arena.h"
#include "teasel/fit.h"

#include <math.h>
#include <stdlib.h>

struct work {
  const struct tsl_metric_input *input;
  double *factors;  /* (2 * 64, factor_count) */
  double *codes;    /* (2 * 64, latent) */
  double *features; /* (votes + test_votes, latent) */
  int32_t *held;    /* (votes + test_votes) */
};

static enum tsl_status vote(struct work *work, int64_t number, struct tsl_error *err) {
  const struct tsl_code_source *source = work->input->source;
  const struct tsl_stream *stream = &work->input->stream;
  int held = tsl__votes_factor(source, stream, (uint64_t)number);
  tsl__votes_draw(source, stream, (uint64_t)number, held, /*pairs=*/true,
                  2 * TSL__VOTE_POINTS, work->factors);
  TSL_TRY(source->encode(source->context, work->factors, 2 * TSL__VOTE_POINTS,
                         work->codes, err));
  int64_t latent = source->latent;
  for (int64_t a = 0; a < latent; a++) {
    double sum = 0;
    for (int64_t i = 0; i < TSL__VOTE_POINTS; i++)
      sum +=
          fabs(work->codes[2 * i * latent + a] - work->codes[(2 * i + 1) * latent + a]);
    work->features[number * latent + a] = sum / TSL__VOTE_POINTS;
  }
  work->held[number] = held;
  return TSL_OK;
}

/* Accuracy on the test votes of what was learnt from the others. */
static enum tsl_status judge(struct work *work, double *out, struct tsl_text *reason,
                             struct tsl_error *err) {
  struct tsl_error why = {0};
  const struct tsl_metric_input *in = work->input;
  struct tsl_logistic_request request = {.x = work->features,
                                         .y = work->held,
                                         .points = in->votes,
                                         .features = in->source->latent,
                                         .classes = in->source->factor_count,
                                         .strength = 1};
  struct tsl_logistic model = {0};
  int32_t *predicted = NULL;
  TSL_TRY(
      tsl_allocate((void **)&predicted, (size_t)in->test_votes, sizeof *predicted, err));
  enum tsl_status status = tsl_logistic_fit(&request, &model, &why);
  if (status ==
      TSL_BAD_INPUT) { /* a factor without a vote, or codes that are not finite */
    tsl_text_add(reason, why.text);
    status = TSL_OK;
  } else if (status != TSL_OK) {
    status = tsl_error_set(err, status, why.where, "%s", why.text);
  } else {
    tsl_logistic_predict(&model, work->features + in->votes * in->source->latent,
                         in->test_votes, predicted);
    int64_t right = 0;
    for (int64_t i = 0; i < in->test_votes; i++)
      right += predicted[i] == work->held[in->votes + i];
    *out = (double)right / (double)in->test_votes;
  }
  tsl_logistic_release(&model);
  free(predicted);
  return status;
}

static enum tsl_status compute(const struct tsl_metric_input *input, double *out,
                               struct tsl_text *reason, struct tsl_error *err) {
  struct work work = {.input = input};
  size_t votes = (size_t)(input->votes + input->test_votes);
  size_t latent = (size_t)input->source->latent;
  size_t points = 2 * TSL__VOTE_POINTS;
  *out = (double)NAN;
  if (input->source->factor_count < 2) {
    tsl_text_add(reason, "needs two factors");
    return TSL_OK;
  }
  enum tsl_status status =
      tsl_allocate((void **)&work.factors, points,
                   (size_t)input->source->factor_count * sizeof(double), err);
  if (status == TSL_OK)
    status = tsl_allocate((void **)&work.codes, points, latent * sizeof(double), err);
  if (status == TSL_OK)
    status = tsl_allocate((void **)&work.features, votes, latent * sizeof(double), err);
  if (status == TSL_OK)
    status = tsl_allocate((void **)&work.held, votes, sizeof(int32_t), err);
  for (size_t i = 0; i < votes && status == TSL_OK; i++)
    status = vote(&work, (int64_t)i, err);
  if (status == TSL_OK)
    status = judge(&work, out, reason, err);
  free(work.factors);
  free(work.codes);
  free(work.features);
  free(work.held);
  return status;
}

const struct tsl_metric tsl_metric_beta_vae_score = {
    .name = "beta_vae_score",
    .summary =
        "Accuracy of a logistic regression that tells which factor 64 pairs share, "
        "from their mean absolute code difference (Higgins et al. 2017).",
    .higher_is_better = true,
    .needs = TSL_METRIC_NEEDS_DRAWING,
    .compute = compute};
