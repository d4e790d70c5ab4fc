/* cache_part.h - a cache file while it is being made, under a name of its own. */
#ifndef TEASEL_DATASET_CACHE_PART_H
#define TEASEL_DATASET_CACHE_PART_H

#include "teasel/store.h"

struct tsl__cache_part {
  int fd; /* -1: there is none */
  char name[TSL_PATH_MAX];
};

/* Local. A new file beside `path`; those that others have left in the folder go: of a
 * process of this machine when that is dead for certain, of another machine, which may
 * share the folder, when nothing was written into it for a week by the folder's own
 * clock. TSL_IO without a place. */
enum tsl_status tsl__cache_part_begin(struct tsl__cache_part *part, const char *path,
                                      struct tsl_error *err);
/* Local. Gives it the name `path`; fd stays open. TSL_IO without a place. */
enum tsl_status tsl__cache_part_name(struct tsl__cache_part *part, const char *path,
                                     struct tsl_error *err);
/* Local. Closes it, and removes what has not become `path`. */
void tsl__cache_part_end(struct tsl__cache_part *part);

#endif
