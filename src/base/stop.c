#include "teasel/stop.h"

#include <stddef.h>

bool tsl_stop_asked(const struct tsl_stop *stop) {
  return stop != NULL && stop->asked != NULL && stop->asked(stop->context);
}

enum tsl_status tsl_stop_check(const struct tsl_stop *stop, struct tsl_error *err) {
  if (!tsl_stop_asked(stop))
    return TSL_OK;
  return tsl_error_set(err, TSL_INTERRUPTED, "",
                       "interrupted; what is finished is kept: run the same command "
                       "again");
}
