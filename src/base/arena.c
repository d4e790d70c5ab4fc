#include "teasel/arena.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* Large blocks are asked for in huge pages: a training step walks tens of megabytes, more
 * than the processor's table of small pages covers. */
static const size_t huge_page = (size_t)2 << 20;

static void *reserve(size_t bytes) {
  if (bytes < 2 * huge_page)
    return aligned_alloc(TSL_ALIGNMENT, bytes);
  size_t rounded = (bytes + huge_page - 1) / huge_page * huge_page;
  void *memory = aligned_alloc(huge_page, rounded);
#ifdef MADV_HUGEPAGE
  if (memory != NULL)
    (void)madvise(memory, rounded,
                  MADV_HUGEPAGE); /* where it is refused, small ones do */
#endif
  return memory;
}

size_t tsl_arena_round(size_t bytes) {
  return (bytes + TSL_ALIGNMENT - 1) / TSL_ALIGNMENT * TSL_ALIGNMENT;
}

enum tsl_status tsl_allocate(void **out, size_t count, size_t size,
                             struct tsl_error *err) {
  if (size != 0 && count > (SIZE_MAX - TSL_ALIGNMENT) / size)
    return tsl_error_set(err, TSL_MEMORY, "",
                         "%zu elements of %zu bytes do not fit in memory", count, size);
  size_t bytes = tsl_arena_round(count * size);
  if (bytes == 0)
    bytes = TSL_ALIGNMENT;
  void *memory = reserve(bytes);
  if (memory == NULL)
    return tsl_error_set(err, TSL_MEMORY, "", "out of memory asking for %zu bytes",
                         bytes);
  memset(memory, 0, bytes);
  *out = memory;
  return TSL_OK;
}

enum tsl_status tsl_arena_init(struct tsl_arena *arena, size_t bytes,
                               struct tsl_error *err) {
  void *base = NULL;
  TSL_TRY(tsl_allocate(&base, 1, bytes, err));
  *arena = (struct tsl_arena){.base = base, .bytes = tsl_arena_round(bytes)};
  return TSL_OK;
}

void tsl_arena_release(struct tsl_arena *arena) {
  free(arena->base);
  *arena = (struct tsl_arena){0};
}

void *tsl_arena_take(struct tsl_arena *arena, size_t bytes) {
  size_t rounded = tsl_arena_round(bytes);
  if (rounded > arena->bytes - arena->used)
    return NULL;
  void *taken = arena->base + arena->used;
  arena->used += rounded;
  return taken;
}
