/* cache.h - one mapped file a node holds a data set for all its ranks and jobs. */
#ifndef TEASEL_DATASET_CACHE_H
#define TEASEL_DATASET_CACHE_H

#include "base/isolate.h"
#include "dataset/builder.h"
#include "dataset/reader.h"

struct tsl__cache {
  const unsigned char *map; /* read-only; begins with the header */
  size_t bytes;
  char path[TSL_TEXT_MAX * 2]; /* "" when the data set is in this process' memory alone */
};

/* What the cache is made of; everything is borrowed. */
struct tsl__cache_request {
  const struct tsl_reader_ops *ops;
  const struct tsl_dataset_config *config;
  const struct tsl_shape *shape; /* NULL: not known */
  const char *folder;            /* "": $XDG_CACHE_HOME/teasel or ~/.cache/teasel */
  const struct tsl__waiting
      *waiting; /* NULL: nobody waits for this process or stops it */
};

/* Local. Maps the cache file, or makes it while other processes of this node that want
 * the same one wait. A damaged file is made again. Where the default folder cannot be
 * written, the data set is kept in memory, and a log line says so; a folder that was
 * asked for must be writable. TSL_INTERRUPTED where `waiting` says so while files are
 * read, which is then done in a copy of this process, and leaves nothing. */
enum tsl_status tsl__cache_open(const struct tsl__cache_request *request,
                                struct tsl__cache *out, struct tsl_error *err);
void tsl__cache_close(struct tsl__cache *cache);
static inline const struct tsl__cache_header *
tsl__cache_header(const struct tsl__cache *cache) {
  return (const struct tsl__cache_header *)(const void *)cache->map;
}

#endif
