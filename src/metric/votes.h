/* votes.h - drawing for the metrics that vote: points that share a factor's value. */
#ifndef TEASEL_METRIC_VOTES_H
#define TEASEL_METRIC_VOTES_H

#include "teasel/metric.h"

/* Points (or pairs) of a vote, as in the papers; and how many points must have a value
 * for it to be held: among fewer the same ones would meet again and again. */
enum { TSL__VOTE_POINTS = 64, TSL__VOTE_GROUP = 16 };

/* The points of every factor's values, value after value; values that too few points have
 * are left out. */
struct tsl__votes {
  int64_t points;
  int factor_count;
  int64_t *count; /* (factor_count) points that are left */
  int32_t *order; /* (factor_count, points) their numbers */
  int32_t *begin; /* (factor_count, points) where the value of that place begins */
  int32_t *end;   /* (factor_count, points) and ends */
};
/* Local. factors: (points, factor_count) indices of values. A factor without a value that
 * can be held, or a continuous one: the reason is added and `count` stays NULL. */
enum tsl_status tsl__votes_init(struct tsl__votes *out,
                                const struct tsl_metric_input *input,
                                const double *factors, int64_t points,
                                struct tsl_text *reason, struct tsl_error *err);
void tsl__votes_release(struct tsl__votes *votes);

/* Local. The factor that a vote holds. */
int tsl__votes_factor(const struct tsl__votes *votes, const struct tsl_stream *stream,
                      uint64_t vote);
/* Local. Two different points with one value of the factor: pair i of a vote. */
void tsl__votes_pair(const struct tsl__votes *votes, const struct tsl_stream *stream,
                     uint64_t vote, uint32_t i, int factor, int64_t pair[2]);
/* Local. TSL__VOTE_POINTS points that all have one value of the factor, each drawn anew.
 */
void tsl__votes_points(const struct tsl__votes *votes, const struct tsl_stream *stream,
                       uint64_t vote, int factor, int64_t *points);

#endif
