/* heap.h - the least of many keys, where any key may change: a binary heap that knows the
 * place of each item. */
#ifndef TEASEL_SCHEDULE_HEAP_H
#define TEASEL_SCHEDULE_HEAP_H

#include "teasel/status.h"

#include <stdbool.h>
#include <stdint.h>

struct tsl__heap_entry {
  double key;
  int64_t item;
};

struct tsl__heap {
  struct tsl__heap_entry *entries; /* (count) */
  int64_t *places;                 /* (capacity) of each item in entries; -1: not in it */
  int64_t count;
};

/* Local. Items are 0 .. capacity-1. Nothing is allocated after this. */
enum tsl_status tsl__heap_init(struct tsl__heap *heap, int64_t capacity,
                               struct tsl_error *err);
void tsl__heap_release(struct tsl__heap *heap);
void tsl__heap_clear(struct tsl__heap *heap);
bool tsl__heap_has(const struct tsl__heap *heap, int64_t item);
/* Puts the item in, or gives it another key. Equal keys: the lower item comes first. */
void tsl__heap_put(struct tsl__heap *heap, int64_t item, double key);
/* Does nothing where it is not in. */
void tsl__heap_remove(struct tsl__heap *heap, int64_t item);
/* NULL: the heap is empty. Valid until the heap changes. */
const struct tsl__heap_entry *tsl__heap_first(const struct tsl__heap *heap);

#endif
