#include "metric/votes.h"

#include "teasel/arena.h"

#include <stdlib.h>

struct item {
  double value;
  int32_t point;
};

static int compare_items(const void *a, const void *b) {
  const struct item *x = a, *y = b;
  if (x->value != y->value)
    return x->value > y->value ? 1 : -1;
  return (x->point > y->point) - (x->point < y->point);
}

/* Fills in factor j; items: (points). */
static void fill_factor(struct tsl__votes *votes, const double *factors, int j,
                        struct item *items) {
  int64_t base = (int64_t)j * votes->points, kept = 0;
  for (int64_t i = 0; i < votes->points; i++)
    items[i] = (struct item){factors[i * votes->factor_count + j], (int32_t)i};
  qsort(items, (size_t)votes->points, sizeof *items, compare_items);
  for (int64_t begin = 0, end; begin < votes->points; begin = end) {
    end = begin;
    while (end < votes->points && items[end].value == items[begin].value)
      end++;
    if (end - begin < TSL__VOTE_GROUP)
      continue;
    for (int64_t i = 0; i < end - begin; i++) {
      votes->order[base + kept + i] = items[begin + i].point;
      votes->begin[base + kept + i] = (int32_t)kept;
      votes->end[base + kept + i] = (int32_t)(kept + end - begin);
    }
    kept += end - begin;
  }
  votes->count[j] = kept;
}

static bool discrete(const struct tsl_metric_input *input, struct tsl_text *reason) {
  for (int j = 0; input->factor_sizes != NULL && j < input->factor_count; j++) {
    if (input->factor_sizes[j] == 0) {
      tsl_text_format(reason, "factor %d is continuous: no points share a value of it",
                      j);
      return false;
    }
  }
  return true;
}

static enum tsl_status allocate(struct tsl__votes *votes, struct tsl_error *err) {
  size_t factors = (size_t)votes->factor_count;
  size_t row = (size_t)votes->points * sizeof(int32_t);
  TSL_TRY(tsl_allocate((void **)&votes->count, factors, sizeof *votes->count, err));
  TSL_TRY(tsl_allocate((void **)&votes->order, factors, row, err));
  TSL_TRY(tsl_allocate((void **)&votes->begin, factors, row, err));
  return tsl_allocate((void **)&votes->end, factors, row, err);
}

enum tsl_status tsl__votes_init(struct tsl__votes *out,
                                const struct tsl_metric_input *input,
                                const double *factors, int64_t points,
                                struct tsl_text *reason, struct tsl_error *err) {
  struct tsl__votes votes = {.points = points, .factor_count = input->factor_count};
  struct item *items = NULL;
  *out = (struct tsl__votes){0};
  if (!discrete(input, reason))
    return TSL_OK;
  enum tsl_status status = allocate(&votes, err);
  if (status == TSL_OK)
    status = tsl_allocate((void **)&items, (size_t)points, sizeof *items, err);
  bool held = status == TSL_OK;
  for (int j = 0; held && j < votes.factor_count; j++) {
    fill_factor(&votes, factors, j, items);
    held = votes.count[j] > 0;
    if (!held)
      tsl_text_format(reason, "no value of factor %d is shared by %d of %lld points", j,
                      TSL__VOTE_GROUP, (long long)points);
  }
  if (held) {
    *out = votes;
    votes = (struct tsl__votes){0};
  }
  free(items);
  tsl__votes_release(&votes);
  return status;
}

void tsl__votes_release(struct tsl__votes *votes) {
  free(votes->count);
  free(votes->order);
  free(votes->begin);
  free(votes->end);
  *votes = (struct tsl__votes){0};
}

int tsl__votes_factor(const struct tsl__votes *votes, const struct tsl_stream *stream,
                      uint64_t vote) {
  return (int)tsl_random_below(stream, vote, UINT32_MAX, 0,
                               (uint64_t)votes->factor_count);
}

/* A place in the factor's order: every point with a value that can be held is as likely.
 */
static int64_t draw_place(const struct tsl__votes *votes, const struct tsl_stream *stream,
                          uint64_t vote, uint32_t i, int factor) {
  return (int64_t)tsl_random_below(stream, vote, i, 0, (uint64_t)votes->count[factor]);
}

void tsl__votes_pair(const struct tsl__votes *votes, const struct tsl_stream *stream,
                     uint64_t vote, uint32_t i, int factor, int64_t pair[2]) {
  int64_t base = (int64_t)factor * votes->points;
  int64_t place = draw_place(votes, stream, vote, i, factor);
  int64_t begin = votes->begin[base + place], end = votes->end[base + place];
  int64_t other =
      begin + (int64_t)tsl_random_below(stream, vote, i, 1, (uint64_t)(end - begin - 1));
  other += other >= place;
  pair[0] = votes->order[base + place];
  pair[1] = votes->order[base + other];
}

void tsl__votes_points(const struct tsl__votes *votes, const struct tsl_stream *stream,
                       uint64_t vote, int factor, int64_t *points) {
  int64_t base = (int64_t)factor * votes->points;
  int64_t place = draw_place(votes, stream, vote, 0, factor);
  int64_t begin = votes->begin[base + place], end = votes->end[base + place];
  for (uint32_t i = 0; i < TSL__VOTE_POINTS; i++)
    points[i] = votes->order[base + begin +
                             (int64_t)tsl_random_below(stream, vote, i, 1,
                                                       (uint64_t)(end - begin))];
}
