#include "schedule/rank_set.h"

#include "teasel/arena.h"

#include <stdlib.h>

enum { BITS = 64 };

static size_t words_for(size_t bits) {
  return (bits + BITS - 1) / BITS;
}

enum tsl_status tsl__rank_set_init(struct tsl__rank_set *set, int size,
                                   struct tsl_error *err) {
  size_t counts[TSL__RANK_LEVELS], total = 0, bits = (size_t)size;
  *set = (struct tsl__rank_set){.size = size};
  do {
    set->bits[set->depth] = bits;
    counts[set->depth] = words_for(bits);
    bits = counts[set->depth];
    total += counts[set->depth++];
  } while (bits > 1);
  void *words = NULL;
  TSL_TRY(tsl_allocate(&words, total, sizeof *set->words, err));
  set->words = words;
  uint64_t *at = set->words;
  for (int level = 0; level < set->depth; level++) {
    set->levels[level] = at;
    at += counts[level];
  }
  return TSL_OK;
}

void tsl__rank_set_release(struct tsl__rank_set *set) {
  free(set->words);
  *set = (struct tsl__rank_set){.size = 0};
}

bool tsl__rank_set_has(const struct tsl__rank_set *set, int rank) {
  return (set->levels[0][rank / BITS] >> (rank % BITS) & 1) != 0;
}

void tsl__rank_set_add(struct tsl__rank_set *set, int rank) {
  size_t at = (size_t)rank;
  set->count += !tsl__rank_set_has(set, rank);
  for (int level = 0; level < set->depth; level++) {
    set->levels[level][at / BITS] |= (uint64_t)1 << (at % BITS);
    at /= BITS;
  }
}

void tsl__rank_set_remove(struct tsl__rank_set *set, int rank) {
  size_t at = (size_t)rank;
  set->count -= tsl__rank_set_has(set, rank);
  for (int level = 0; level < set->depth; level++) {
    uint64_t *word = &set->levels[level][at / BITS];
    *word &= ~((uint64_t)1 << (at % BITS));
    if (*word != 0)
      return; /* the levels above still have to say that there is something */
    at /= BITS;
  }
}

/* The first bit of a level that is set, at or after `at`; -1: none in its word. */
static int64_t look(const struct tsl__rank_set *set, int level, size_t at) {
  if (at >= set->bits[level])
    return -1;
  uint64_t rest = set->levels[level][at / BITS] >> (at % BITS);
  return rest == 0 ? -1 : (int64_t)at + __builtin_ctzll(rest);
}

int tsl__rank_set_next(const struct tsl__rank_set *set, int from) {
  size_t at = (size_t)from;
  int64_t found = -1;
  int level = 0;
  for (; level < set->depth; level++) { /* up to a word that has one */
    found = look(set, level, at);
    if (found >= 0)
      break;
    at = at / BITS + 1;
  }
  while (found >= 0 && level > 0) { /* and down to its first rank */
    level--;
    found = look(set, level, (size_t)found * BITS);
  }
  return (int)found;
}
