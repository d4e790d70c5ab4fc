#include "teasel/network.h"

int64_t tsl_shape_count(const struct tsl_shape *shape) {
  int64_t count = 1;
  for (int i = 0; i < shape->rank; i++)
    count *= shape->dims[i];
  return count;
}
