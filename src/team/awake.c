/* awake: time, less that for which this process stood still. */
#include "team/awake.h"

double tsl__awake_look(struct tsl__awake *awake, double now) {
  const double most = 5; /* seconds */
  if (awake->seen > 0 && now - awake->seen > most)
    awake->still += now - awake->seen - most;
  awake->seen = now;
  return now - awake->still;
}
