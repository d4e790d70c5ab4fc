/* pool.h - memory that lives as long as a job: taken in pieces, given back at once. */
#ifndef TEASEL_JOB_POOL_H
#define TEASEL_JOB_POOL_H

#include <stdbool.h>
#include <stddef.h>

struct tsl__pool_block;

/* A failed allocation sets `failed`; the reader looks at it once, at its end. */
struct tsl__pool {
  struct tsl__pool_block *first;
  bool failed;
};

/* Zeroed and aligned for anything; NULL when out of memory. */
void *tsl__pool_take(struct tsl__pool *pool, size_t bytes);
/* A terminated copy; NULL when out of memory. */
char *tsl__pool_copy(struct tsl__pool *pool, const char *bytes, size_t count);
char *tsl__pool_format(struct tsl__pool *pool, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void tsl__pool_release(struct tsl__pool *pool);

/* Room for one more in an array of the pool that doubles: the address of the array's
 * pointer, its count (not changed) and capacity. False when out of memory. */
bool tsl__pool_grow(struct tsl__pool *pool, void *array_pointer, int count, int *capacity,
                    size_t size);

#endif
