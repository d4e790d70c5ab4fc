/* arena.h - one aligned block of memory, handed out front to back.
 *
 * A run takes everything it needs from arenas before its first step; afterwards the mark
 * does not move (tested), so a step allocates nothing.
 */
#ifndef TEASEL_ARENA_H
#define TEASEL_ARENA_H

#include "teasel/status.h"

#include <stddef.h>

enum { TSL_ALIGNMENT = 64 }; /* bytes: one cache line, one AVX-512 register */

struct tsl_arena {
  unsigned char *base;
  size_t bytes;
  size_t used;
};

/* Local. Reserves zeroed memory of `bytes`. Fails with TSL_MEMORY. */
enum tsl_status tsl_arena_init(struct tsl_arena *arena, size_t bytes,
                               struct tsl_error *err);
void tsl_arena_release(struct tsl_arena *arena);

/* Local. Zeroed, 64-byte aligned; NULL when the arena is full (the caller planned
 * wrongly). */
void *tsl_arena_take(struct tsl_arena *arena, size_t bytes);

/* Local. Bytes that tsl_arena_take(bytes) uses up, for planning. */
size_t tsl_arena_round(size_t bytes);

/* Local. malloc/calloc with 64-byte alignment and an error; free with free(). Zeroed. */
enum tsl_status tsl_allocate(void **out, size_t count, size_t size,
                             struct tsl_error *err);

#endif
