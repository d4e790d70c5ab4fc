#include "teasel/model.h"

#include <string.h>

#define TSL_MODEL(name) extern const struct tsl_model_ops tsl_model_##name;
#include "model/model_list.h"
#undef TSL_MODEL

static const struct tsl_model_ops *const models[] = {
#define TSL_MODEL(name) &tsl_model_##name,
#include "model/model_list.h"
#undef TSL_MODEL
};

enum { MODEL_COUNT = sizeof models / sizeof models[0] };

size_t tsl_model_count(void) {
  return MODEL_COUNT;
}

const struct tsl_model_ops *tsl_model_at(size_t index) {
  return index < MODEL_COUNT ? models[index] : NULL;
}

const struct tsl_model_ops *tsl_model_find(const char *name) {
  for (size_t i = 0; i < MODEL_COUNT; i++) {
    if (strcmp(models[i]->family.name, name) == 0)
      return models[i];
  }
  return NULL;
}
