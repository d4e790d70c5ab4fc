#include "schedule/heap.h"

#include "teasel/arena.h"

#include <stdlib.h>

enum tsl_status tsl__heap_init(struct tsl__heap *heap, int64_t capacity,
                               struct tsl_error *err) {
  void *entries = NULL, *places = NULL;
  *heap = (struct tsl__heap){.count = 0};
  enum tsl_status status =
      tsl_allocate(&entries, (size_t)capacity, sizeof *heap->entries, err);
  if (status == TSL_OK)
    status = tsl_allocate(&places, (size_t)capacity, sizeof *heap->places, err);
  heap->entries = entries;
  heap->places = places;
  for (int64_t i = 0; i < capacity && status == TSL_OK; i++)
    heap->places[i] = -1;
  return status;
}

void tsl__heap_release(struct tsl__heap *heap) {
  free(heap->entries);
  free(heap->places);
  *heap = (struct tsl__heap){.count = 0};
}

void tsl__heap_clear(struct tsl__heap *heap) {
  while (heap->count > 0)
    heap->places[heap->entries[--heap->count].item] = -1;
}

bool tsl__heap_has(const struct tsl__heap *heap, int64_t item) {
  return heap->places[item] >= 0;
}

static bool before(struct tsl__heap_entry a, struct tsl__heap_entry b) {
  return a.key < b.key || (a.key == b.key && a.item < b.item);
}

static void set(struct tsl__heap *heap, int64_t place, struct tsl__heap_entry entry) {
  heap->entries[place] = entry;
  heap->places[entry.item] = place;
}

/* Moves the entry from a free place to where it belongs. */
static void settle(struct tsl__heap *heap, int64_t place, struct tsl__heap_entry entry) {
  while (place > 0 && before(entry, heap->entries[(place - 1) / 2])) {
    set(heap, place, heap->entries[(place - 1) / 2]);
    place = (place - 1) / 2;
  }
  for (;;) {
    int64_t child = 2 * place + 1;
    if (child + 1 < heap->count && before(heap->entries[child + 1], heap->entries[child]))
      child++;
    if (child >= heap->count || !before(heap->entries[child], entry))
      break;
    set(heap, place, heap->entries[child]);
    place = child;
  }
  set(heap, place, entry);
}

void tsl__heap_put(struct tsl__heap *heap, int64_t item, double key) {
  int64_t place = heap->places[item];
  settle(heap, place >= 0 ? place : heap->count++, (struct tsl__heap_entry){key, item});
}

void tsl__heap_remove(struct tsl__heap *heap, int64_t item) {
  int64_t place = heap->places[item];
  if (place < 0)
    return;
  struct tsl__heap_entry last = heap->entries[--heap->count];
  heap->places[item] = -1;
  if (last.item != item)
    settle(heap, place, last);
}

const struct tsl__heap_entry *tsl__heap_first(const struct tsl__heap *heap) {
  return heap->count > 0 ? heap->entries : NULL;
}
