/* store.h - a results folder, inside src/store. */
#ifndef TEASEL_STORE_STORE_H
#define TEASEL_STORE_STORE_H

#include "teasel/arena.h"
#include "teasel/store.h"

struct tsl_store {
  char folder[TSL_PATH_MAX];
};

#endif
