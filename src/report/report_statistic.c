#include "report/report_statistic.h"

#include "teasel/random.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

enum { RESAMPLES = 1000 };

static int compare_doubles(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* The finite values in rising order; NULL when there are none. free() */
static double *sorted(const double *values, int count, int *finite) {
  double *copy = malloc((size_t)(count > 0 ? count : 1) * sizeof *copy);
  *finite = 0;
  if (copy == NULL)
    return NULL;
  for (int i = 0; i < count; i++)
    if (isfinite(values[i]))
      copy[(*finite)++] = values[i];
  qsort(copy, (size_t)*finite, sizeof *copy, compare_doubles);
  return copy;
}

double tsl__quantile(const double *values, int count, double part) {
  int finite;
  double *copy = sorted(values, count, &finite);
  double out = NAN;
  if (copy != NULL && finite > 0) {
    double at = part * (finite - 1);
    int below = (int)floor(at);
    int above = below + 1 < finite ? below + 1 : below;
    out = copy[below] + (at - below) * (copy[above] - copy[below]);
  }
  free(copy);
  return out;
}

double tsl__median(const double *values, int count) {
  return tsl__quantile(values, count, 0.5);
}

struct ranked {
  double value;
  int index;
};

static int compare_ranked(const void *a, const void *b) {
  const struct ranked *x = a, *y = b;
  if (x->value != y->value)
    return x->value < y->value ? -1 : 1;
  return (x->index > y->index) - (x->index < y->index);
}

/* Average ranks, centred. work, ranks: (count) */
static void centred_ranks(const double *values, int count, struct ranked *work,
                          double *ranks) {
  for (int i = 0; i < count; i++)
    work[i] = (struct ranked){values[i], i};
  qsort(work, (size_t)count, sizeof *work, compare_ranked);
  for (int begin = 0; begin < count;) {
    int end = begin + 1;
    while (end < count && work[end].value == work[begin].value)
      end++;
    for (int i = begin; i < end; i++)
      ranks[work[i].index] = (begin + end - 1) / 2.0 - (count - 1) / 2.0;
    begin = end;
  }
}

struct scratch {
  double *x, *y, *rank_x, *rank_y; /* (count) */
  struct ranked *work;             /* (count) */
};

static void scratch_release(struct scratch *scratch) {
  free(scratch->x);
  free(scratch->y);
  free(scratch->rank_x);
  free(scratch->rank_y);
  free(scratch->work);
}

/* False when there is no memory; release it in any case. */
static bool scratch_init(struct scratch *scratch, int count) {
  size_t n = (size_t)(count > 0 ? count : 1);
  scratch->x = calloc(n, sizeof(double));
  scratch->y = calloc(n, sizeof(double));
  scratch->rank_x = calloc(n, sizeof(double));
  scratch->rank_y = calloc(n, sizeof(double));
  scratch->work = calloc(n, sizeof *scratch->work);
  return scratch->x != NULL && scratch->y != NULL && scratch->rank_x != NULL &&
         scratch->rank_y != NULL && scratch->work != NULL;
}

static double rank_correlation(const double *x, const double *y, int count,
                               struct scratch *scratch) {
  if (count < 3)
    return NAN;
  centred_ranks(x, count, scratch->work, scratch->rank_x);
  centred_ranks(y, count, scratch->work, scratch->rank_y);
  double xx = 0, yy = 0, xy = 0;
  for (int i = 0; i < count; i++) {
    xx += scratch->rank_x[i] * scratch->rank_x[i];
    yy += scratch->rank_y[i] * scratch->rank_y[i];
    xy += scratch->rank_x[i] * scratch->rank_y[i];
  }
  return xx > 0 && yy > 0 ? xy / sqrt(xx * yy) : (double)NAN;
}

/* Pairs with both values to the front of new arrays; returns their number. */
static int finite_pairs(const double *x, const double *y, int count, double *out_x,
                        double *out_y) {
  int pairs = 0;
  for (int i = 0; i < count; i++)
    if (isfinite(x[i]) && isfinite(y[i])) {
      out_x[pairs] = x[i];
      out_y[pairs++] = y[i];
    }
  return pairs;
}

double tsl__spearman(const double *x, const double *y, int count) {
  struct scratch scratch = {0};
  double out = NAN;
  if (scratch_init(&scratch, count)) {
    int pairs = finite_pairs(x, y, count, scratch.x, scratch.y);
    out = rank_correlation(scratch.x, scratch.y, pairs, &scratch);
  }
  scratch_release(&scratch);
  return out;
}

static void resample(const struct scratch *from, int pairs, uint32_t sub, uint64_t draw,
                     struct scratch *to) {
  struct tsl_stream stream = {.purpose = TSL_PURPOSE_REPORT, .sub = sub};
  for (int i = 0; i < pairs; i++) {
    uint64_t pick = tsl_random_below(&stream, draw, (uint32_t)i, 0, (uint64_t)pairs);
    to->x[i] = from->x[pick];
    to->y[i] = from->y[pick];
  }
}

/* The correlation of RESAMPLES draws; values: (RESAMPLES) */
static void bootstrap(const struct scratch *all, int pairs, uint32_t sub,
                      struct scratch *drawn, double *values) {
  for (int i = 0; i < RESAMPLES; i++) {
    resample(all, pairs, sub, (uint64_t)i, drawn);
    values[i] = rank_correlation(drawn->x, drawn->y, pairs, drawn);
  }
}

struct tsl__interval tsl__spearman_bootstrap(const double *x, const double *y, int count,
                                             uint32_t sub) {
  struct tsl__interval out = {NAN, NAN, NAN, 0};
  struct scratch all = {0}, drawn = {0};
  double values[RESAMPLES];
  if (scratch_init(&all, count) && scratch_init(&drawn, count)) {
    out.count = finite_pairs(x, y, count, all.x, all.y);
    out.value = rank_correlation(all.x, all.y, out.count, &all);
    if (isfinite(out.value)) {
      bootstrap(&all, out.count, sub, &drawn, values);
      out.low = tsl__quantile(values, RESAMPLES, 0.025);
      out.high = tsl__quantile(values, RESAMPLES, 0.975);
    }
  }
  scratch_release(&all);
  scratch_release(&drawn);
  return out;
}
