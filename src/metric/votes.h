/* votes.h - drawing for the metrics that vote: a factor is held, the others vary. */
#ifndef TEASEL_METRIC_VOTES_H
#define TEASEL_METRIC_VOTES_H

#include "teasel/metric.h"

enum { TSL__VOTE_POINTS = 64 };

/* Local. count points of one vote; factor `held` (-1: none) has one value in all of them,
 * or with `pairs` the points 2i and 2i + 1 share a value of it. factors: (count,
 * factor_count) */
void tsl__votes_draw(const struct tsl_code_source *source,
                     const struct tsl_stream *stream, uint64_t vote, int held, bool pairs,
                     int64_t count, double *factors);
/* Local. The factor that a vote holds. */
int tsl__votes_factor(const struct tsl_code_source *source,
                      const struct tsl_stream *stream, uint64_t vote);

#endif
