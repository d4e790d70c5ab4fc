#include "teasel/array.h"

#include <stdlib.h>

size_t tsl_array_type_bytes(enum tsl_array_type type) {
  switch (type) {
  case TSL_ARRAY_U8:
    return 1;
  case TSL_ARRAY_I32:
  case TSL_ARRAY_F32:
    return 4;
  case TSL_ARRAY_I64:
  case TSL_ARRAY_F64:
    return 8;
  }
  return 0;
}

int64_t tsl_array_count(const struct tsl_array *array) {
  int64_t count = 1;
  for (int i = 0; i < array->rank; i++)
    count *= array->dims[i];
  return count;
}

void tsl_array_release(struct tsl_array *array) {
  free(array->data);
  array->data = NULL;
}
