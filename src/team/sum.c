/* sum: the fixed-order sum. In the round of distance d = 1, 2, 4 ... member m and member
 * m XOR d hold the sums of two neighbouring subtrees of d members for the same range;
 * each keeps one half of it and adds the other's. IEEE addition commutes, so own + other
 * has the bits of left + right, and the value of every element is that of the one tree
 * ((m0+m1)+(m2+m3))+..., whoever owns it. */
#include "team/world.h"

enum { LEVELS_MAX = 31, LINE_FLOATS = 16 };

/* The halves of a range; whole cache lines where it can be. The member whose bit is clear
 * keeps the first. */
static void halve(const struct tsl_team *team, int distance, size_t range[2],
                  size_t other[2]) {
  size_t count = range[1] - range[0];
  size_t half = (count / 2 + LINE_FLOATS - 1) / LINE_FLOATS * LINE_FLOATS;
  size_t middle = range[0] + (half < count ? half : count);
  if ((team->index & distance) == 0) {
    other[0] = middle;
    other[1] = range[1];
    range[1] = middle;
  } else {
    other[0] = range[0];
    other[1] = middle;
    range[0] = middle;
  }
}

void tsl_team_slice(const struct tsl_team *team, size_t count, size_t *begin,
                    size_t *end) {
  size_t range[2] = {0, count}, other[2];
  for (int distance = 1; distance < team->size; distance *= 2)
    halve(team, distance, range, other);
  *begin = range[0];
  *end = range[1];
}

static enum tsl_status check_size(const struct tsl_team *team, struct tsl_error *err) {
  if ((team->size & (team->size - 1)) == 0)
    return TSL_OK;
  return tsl_error_set(err, TSL_INTERNAL, "", "a sum over %d members: no power of two",
                       team->size);
}

enum tsl_status tsl_team_sum_scatter(struct tsl_team *team, float *data, float *scratch,
                                     size_t count, struct tsl_error *err) {
  TSL_TRY(check_size(team, err));
  size_t range[2] = {0, count}, other[2];
  for (int distance = 1; distance < team->size; distance *= 2) {
    halve(team, distance, range, other);
    size_t kept = range[1] - range[0];
    TSL_TRY(tsl__team_exchange(
        team,
        &(struct tsl__exchange){.to = team->index ^ distance,
                                .out = data + other[0],
                                .out_bytes = (other[1] - other[0]) * sizeof *data,
                                .from = team->index ^ distance,
                                .in = scratch,
                                .in_bytes = kept * sizeof *data},
        err));
    float *sum = data + range[0];
    for (size_t i = 0; i < kept; i++)
      sum[i] += scratch[i];
  }
  return TSL_OK;
}

enum tsl_status tsl_team_sum_collect(struct tsl_team *team, float *data, size_t count,
                                     struct tsl_error *err) {
  TSL_TRY(check_size(team, err));
  size_t ranges[LEVELS_MAX][2], others[LEVELS_MAX][2];
  size_t range[2] = {0, count};
  int levels = 0;
  for (int distance = 1; distance < team->size; distance *= 2, levels++) {
    halve(team, distance, range, others[levels]);
    ranges[levels][0] = range[0];
    ranges[levels][1] = range[1];
  }
  for (int level = levels - 1; level >= 0; level--) {
    const size_t *mine = ranges[level], *other = others[level];
    TSL_TRY(tsl__team_exchange(
        team,
        &(struct tsl__exchange){.to = team->index ^ (1 << level),
                                .out = data + mine[0],
                                .out_bytes = (mine[1] - mine[0]) * sizeof *data,
                                .from = team->index ^ (1 << level),
                                .in = data + other[0],
                                .in_bytes = (other[1] - other[0]) * sizeof *data},
        err));
  }
  return TSL_OK;
}
