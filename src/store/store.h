/* store.h - a results folder, inside src/store. */
#ifndef TEASEL_STORE_STORE_H
#define TEASEL_STORE_STORE_H

#include "teasel/arena.h"
#include "teasel/store.h"

struct tsl_store {
  char folder[TSL_PATH_MAX];
  bool watched; /* tsl_store_watch */
  bool made;    /* it held no job when it was opened */
};

/* Local. Of all that /runs/<run> of latents.h5 and its points hold. */
enum tsl_status tsl__latents_digest(const struct tsl_latents *latents, size_t index,
                                    struct tsl_digest *out, struct tsl_error *err);

#endif
