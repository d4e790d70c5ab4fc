#include "job/pool.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK_BYTES = 65536, PIECE = 16 };

struct tsl__pool_block {
  struct tsl__pool_block *next;
  size_t used, bytes;
  _Alignas(16) unsigned char data[];
};

void *tsl__pool_take(struct tsl__pool *pool, size_t bytes) {
  size_t need = (bytes + PIECE - 1) / PIECE * PIECE;
  struct tsl__pool_block *block = pool->first;
  if (block == NULL || block->bytes - block->used < need) {
    size_t room = need > BLOCK_BYTES ? need : BLOCK_BYTES;
    block = calloc(1, sizeof *block + room);
    if (block == NULL) {
      pool->failed = true;
      return NULL;
    }
    block->bytes = room;
    block->next = pool->first;
    pool->first = block;
  }
  void *piece = block->data + block->used;
  block->used += need;
  return piece;
}

char *tsl__pool_copy(struct tsl__pool *pool, const char *bytes, size_t count) {
  char *copy = tsl__pool_take(pool, count + 1);
  if (copy != NULL && count > 0)
    memcpy(copy, bytes, count);
  return copy;
}

char *tsl__pool_format(struct tsl__pool *pool, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  va_list again;
  va_copy(again, arguments);
  int length = vsnprintf(NULL, 0, format, arguments);
  va_end(arguments);
  char *text = length < 0 ? NULL : tsl__pool_take(pool, (size_t)length + 1);
  if (text != NULL)
    vsnprintf(text, (size_t)length + 1, format, again);
  va_end(again);
  return text;
}

void tsl__pool_release(struct tsl__pool *pool) {
  while (pool->first != NULL) {
    struct tsl__pool_block *next = pool->first->next;
    free(pool->first);
    pool->first = next;
  }
}

bool tsl__pool_grow(struct tsl__pool *pool, void *array_pointer, int count, int *capacity,
                    size_t size) {
  if (count < *capacity)
    return true;
  int wanted = *capacity > 0 ? 2 * *capacity : 8;
  void *old;
  memcpy(&old, array_pointer, sizeof old);
  void *grown = tsl__pool_take(pool, (size_t)wanted * size);
  if (grown == NULL)
    return false;
  if (count > 0)
    memcpy(grown, old, (size_t)count * size);
  memcpy(array_pointer, &grown, sizeof grown);
  *capacity = wanted;
  return true;
}
