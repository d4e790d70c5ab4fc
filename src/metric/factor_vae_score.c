/* FactorVAE score (Kim and Mnih 2018): a vote is the latent whose variance over 64 points
 * that share one factor's value is the least part of its variance over the data; the
 * majority table from latent to factor is judged on other votes. */
#include "metric/votes.h"
#include "teasel/arena.h"

#include <math.h>
#include <stdlib.h>

enum { VARIANCE_POINTS = 10000 };

struct work {
  const struct tsl_metric_input *input;
  double *factors;   /* (VARIANCE_POINTS, factor_count) */
  double *codes;     /* (VARIANCE_POINTS, latent) */
  double *variances; /* (latent) over the data */
  double *local;     /* (latent) */
  int64_t *table;    /* (latent, factor_count) */
};

/* With count - 1 below the line. */
static void variances_of(const double *codes, int64_t count, int64_t latent,
                         double *out) {
  for (int64_t a = 0; a < latent; a++) {
    double sum = 0, square = 0;
    for (int64_t i = 0; i < count; i++)
      sum += codes[i * latent + a];
    double mean = sum / (double)count;
    for (int64_t i = 0; i < count; i++)
      square += (codes[i * latent + a] - mean) * (codes[i * latent + a] - mean);
    out[a] = square / ((double)count - 1);
  }
}

static enum tsl_status vote(struct work *work, uint64_t number, int64_t *latent_out,
                            int *held_out, struct tsl_error *err) {
  const struct tsl_code_source *source = work->input->source;
  int held = tsl__votes_factor(source, &work->input->stream, number);
  tsl__votes_draw(source, &work->input->stream, number, held, /*pairs=*/false,
                  TSL__VOTE_POINTS, work->factors);
  TSL_TRY(
      source->encode(source->context, work->factors, TSL__VOTE_POINTS, work->codes, err));
  variances_of(work->codes, TSL__VOTE_POINTS, source->latent, work->local);
  int64_t best = -1;
  for (int64_t a = 0; a < source->latent; a++) {
    if (work->variances[a] <= 0) /* a latent that never changes cannot be voted for */
      continue;
    if (best < 0 ||
        work->local[a] / work->variances[a] < work->local[best] / work->variances[best])
      best = a;
  }
  *latent_out = best;
  *held_out = held;
  return TSL_OK;
}

static int majority(const int64_t *row, int count) {
  int best = 0;
  for (int j = 1; j < count; j++)
    best = row[j] > row[best] ? j : best;
  return best;
}

static enum tsl_status score(struct work *work, double *out, struct tsl_text *reason,
                             struct tsl_error *err) {
  const struct tsl_metric_input *in = work->input;
  const struct tsl_code_source *source = in->source;
  uint64_t all = (uint64_t)(in->votes + in->test_votes);
  tsl__votes_draw(source, &in->stream, all, -1, /*pairs=*/false, VARIANCE_POINTS,
                  work->factors);
  TSL_TRY(
      source->encode(source->context, work->factors, VARIANCE_POINTS, work->codes, err));
  variances_of(work->codes, VARIANCE_POINTS, source->latent, work->variances);
  int64_t right = 0;
  for (uint64_t i = 0; i < all; i++) {
    int64_t latent;
    int held;
    TSL_TRY(vote(work, i, &latent, &held, err));
    if (latent < 0) {
      tsl_text_add(reason, "no latent changes over the data: it scores 0");
      *out = 0;
      return TSL_OK;
    }
    int64_t *row = work->table + latent * source->factor_count;
    if (i < (uint64_t)in->votes)
      row[held]++;
    else
      right += majority(row, source->factor_count) == held;
  }
  *out = (double)right / (double)in->test_votes;
  return TSL_OK;
}

static enum tsl_status compute(const struct tsl_metric_input *input, double *out,
                               struct tsl_text *reason, struct tsl_error *err) {
  struct work work = {.input = input};
  size_t latent = (size_t)input->source->latent;
  size_t factors = (size_t)input->source->factor_count;
  *out = (double)NAN;
  enum tsl_status status = tsl_allocate((void **)&work.factors, VARIANCE_POINTS,
                                        factors * sizeof(double), err);
  if (status == TSL_OK)
    status =
        tsl_allocate((void **)&work.codes, VARIANCE_POINTS, latent * sizeof(double), err);
  if (status == TSL_OK)
    status = tsl_allocate((void **)&work.variances, 2 * latent, sizeof(double), err);
  if (status == TSL_OK)
    status = tsl_allocate((void **)&work.table, latent, factors * sizeof(int64_t), err);
  if (status == TSL_OK) {
    work.local = work.variances + latent;
    status = score(&work, out, reason, err);
  }
  free(work.factors);
  free(work.codes);
  free(work.variances);
  free(work.table);
  return status;
}

const struct tsl_metric tsl_metric_factor_vae_score = {
    .name = "factor_vae_score",
    .summary = "Accuracy of a majority table from the latent that varies least over 64 "
               "points to the factor they share (Kim and Mnih 2018).",
    .higher_is_better = true,
    .needs = TSL_METRIC_NEEDS_DRAWING,
    .compute = compute};
