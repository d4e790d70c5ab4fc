/* rank.h - average ranks, as Spearman's correlation needs them. */
#ifndef TEASEL_METRIC_RANK_H
#define TEASEL_METRIC_RANK_H

#include <stddef.h>
#include <stdint.h>

struct tsl__rank_item {
  uint64_t key;
  uint32_t index;
};

/* Local. Twice the average rank of each value less (count + 1), so that the sum is 0 and
 * every number is whole. values: (count), finite; scratch: (2 count);
 * out[i * stride] for value i. */
void tsl__ranks(const double *values, int64_t count, struct tsl__rank_item *scratch,
                double *out, size_t stride);

#endif
