#include "dataset/reader.h"

#include <string.h>

static const struct tsl_reader_ops *const readers[] = {
#define TSL_READER(name) &tsl_reader_##name,
#include "dataset/dataset_list.h"
#undef TSL_READER
};

size_t tsl_reader_count(void) {
  return sizeof readers / sizeof readers[0];
}

const struct tsl_reader *tsl_reader_at(size_t index) {
  return &readers[index]->reader;
}

const struct tsl_reader_ops *tsl__reader_find(const char *name) {
  for (size_t i = 0; i < tsl_reader_count(); i++)
    if (strcmp(readers[i]->reader.name, name) == 0)
      return readers[i];
  return NULL;
}
