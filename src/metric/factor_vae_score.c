/* FactorVAE score (Kim and Mnih 2018): a vote is the latent whose variance over 64 points
 * that share one factor's value is the least part of its variance over all points; the
 * majority table from latent to factor is judged on other votes, of other points. */
#include "metric/votes.h"
#include "teasel/arena.h"

#include <math.h>
#include <stdlib.h>

struct work {
  const struct tsl_metric_input *input;
  struct tsl__votes learn, test;
  double *variances; /* (latent) over all points that teach */
  double *local;     /* (latent) over one vote's */
  int64_t *all;      /* (points) 0, 1, 2 ... */
  int64_t *table;    /* (latent, factor_count) votes */
};

/* With count - 1 below the line. points: (count) numbers of rows. */
static void variances_of(const double *codes, const int64_t *points, int64_t count,
                         int64_t latent, double *out) {
  for (int64_t a = 0; a < latent; a++) {
    double sum = 0, square = 0;
    for (int64_t i = 0; i < count; i++)
      sum += codes[points[i] * latent + a];
    double mean = sum / (double)count;
    for (int64_t i = 0; i < count; i++) {
      double off = codes[points[i] * latent + a] - mean;
      square += off * off;
    }
    out[a] = square / ((double)count - 1);
  }
}

/* The latent that a vote is for, and the factor that it holds. */
static int64_t vote(const struct work *work, const struct tsl__votes *votes,
                    const double *codes, uint64_t number, int *held) {
  const struct tsl_stream *stream = &work->input->stream;
  int64_t latent = work->input->latent, best = -1, points[TSL__VOTE_POINTS];
  *held = tsl__votes_factor(votes, stream, number);
  tsl__votes_points(votes, stream, number, *held, points);
  variances_of(codes, points, TSL__VOTE_POINTS, latent, work->local);
  for (int64_t a = 0; a < latent; a++) {
    if (work->variances[a] <= 0) /* a latent that never changes cannot be voted for */
      continue;
    if (best < 0 ||
        work->local[a] / work->variances[a] < work->local[best] / work->variances[best])
      best = a;
  }
  return best;
}

static int majority(const int64_t *row, int count) {
  int best = 0;
  for (int j = 1; j < count; j++)
    best = row[j] > row[best] ? j : best;
  return best;
}

static void score(const struct work *work, double *out, struct tsl_text *reason) {
  const struct tsl_metric_input *in = work->input;
  int64_t right = 0;
  int held;
  variances_of(in->codes, work->all, in->points, in->latent, work->variances);
  for (int64_t i = 0; i < in->votes; i++) {
    int64_t latent = vote(work, &work->learn, in->codes, (uint64_t)i, &held);
    if (latent < 0) {
      tsl_text_add(reason, "no latent changes over the points: it scores 0");
      *out = 0;
      return;
    }
    work->table[latent * in->factor_count + held]++;
  }
  for (int64_t i = 0; i < in->test_votes; i++) {
    uint64_t number = (uint64_t)(in->votes + i);
    int64_t latent = vote(work, &work->test, in->test_codes, number, &held);
    right += majority(work->table + latent * in->factor_count, in->factor_count) == held;
  }
  *out = (double)right / (double)in->test_votes;
}

static enum tsl_status compute(const struct tsl_metric_input *input, double *out,
                               struct tsl_text *reason, struct tsl_error *err) {
  struct work work = {.input = input};
  size_t latent = (size_t)input->latent, factors = (size_t)input->factor_count;
  *out = (double)NAN;
  enum tsl_status status =
      tsl__votes_init(&work.learn, input, input->factors, input->points, reason, err);
  if (status == TSL_OK && work.learn.count != NULL)
    status = tsl__votes_init(&work.test, input, input->test_factors, input->test_points,
                             reason, err);
  if (status == TSL_OK)
    status = tsl_allocate((void **)&work.variances, 2 * latent, sizeof(double), err);
  if (status == TSL_OK)
    status = tsl_allocate((void **)&work.table, latent, factors * sizeof(int64_t), err);
  if (status == TSL_OK)
    status =
        tsl_allocate((void **)&work.all, (size_t)input->points, sizeof(int64_t), err);
  if (status == TSL_OK && work.test.count != NULL) {
    work.local = work.variances + latent;
    for (int64_t i = 0; i < input->points; i++)
      work.all[i] = i;
    score(&work, out, reason);
  }
  tsl__votes_release(&work.learn);
  tsl__votes_release(&work.test);
  free(work.variances);
  free(work.table);
  free(work.all);
  return status;
}

const struct tsl_metric tsl_metric_factor_vae_score = {
    .name = "factor_vae_score",
    .summary = "Accuracy of a majority table from the latent that varies least over 64 "
               "points to the factor they share (Kim and Mnih 2018).",
    .higher_is_better = true,
    .needs = TSL_METRIC_NEEDS_FACTORS | TSL_METRIC_NEEDS_TEST | TSL_METRIC_NEEDS_VOTES,
    .compute = compute};
