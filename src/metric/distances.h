/* distances.h - sums of Euclidean distances between two groups of points. */
#ifndef TEASEL_METRIC_DISTANCES_H
#define TEASEL_METRIC_DISTANCES_H

#include <stdint.h>

/* Columns come in panels that stay in the first cache while the rows pass; a panel is
 * filled up to whole lanes. */
enum { TSL__DISTANCE_LANES = 8, TSL__DISTANCE_PANEL = 128 };

struct tsl__distances {
  int64_t row_count, column_count, latent;
  const double *rows;  /* (row_count, latent) */
  const double *panel; /* (latent, column_count up to whole lanes) */
  double *row_sums;    /* (row_count, TSL__DISTANCE_LANES): a row's distances are added to
                          the lanes of their columns */
  double
      *column_sums; /* (column_count up to whole lanes): distances to all rows are added
                     */
};

/* Local. The order of every addition is fixed and fused multiply-add is spelled out, so
 * that the bits do not depend on the instruction set. */
void tsl__distances_add(const struct tsl__distances *request);
/* Local. The same without vector instructions, for tests. */
void tsl__distances_add_plain(const struct tsl__distances *request);

#endif
