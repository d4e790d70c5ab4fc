/* rank_set.h - a set of ranks that finds the next one quickly among a hundred thousand: a
 * tree of words, one bit a rank at the bottom, one bit a word above. */
#ifndef TEASEL_SCHEDULE_RANK_SET_H
#define TEASEL_SCHEDULE_RANK_SET_H

#include "teasel/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TSL__RANK_LEVELS = 6 }; /* 64^6 is more than an int */

struct tsl__rank_set {
  uint64_t *words;                    /* of all levels */
  uint64_t *levels[TSL__RANK_LEVELS]; /* bottom first */
  size_t bits[TSL__RANK_LEVELS];      /* of each */
  int depth;                          /* levels in use; the top one has one word */
  int size, count;
};

/* Local. The empty set of ranks 0 .. size-1. */
enum tsl_status tsl__rank_set_init(struct tsl__rank_set *set, int size,
                                   struct tsl_error *err);
void tsl__rank_set_release(struct tsl__rank_set *set);
bool tsl__rank_set_has(const struct tsl__rank_set *set, int rank);
void tsl__rank_set_add(struct tsl__rank_set *set, int rank);
void tsl__rank_set_remove(struct tsl__rank_set *set, int rank);
/* The lowest rank of the set from `from` on; -1: none. */
int tsl__rank_set_next(const struct tsl__rank_set *set, int from);

#endif
