#include "teasel/metric.h"

#include <string.h>

#define TSL_METRIC(name) extern const struct tsl_metric tsl_metric_##name;
#include "metric/metric_list.h"
#undef TSL_METRIC

static const struct tsl_metric *const metrics[] = {
#define TSL_METRIC(name) &tsl_metric_##name,
#include "metric/metric_list.h"
#undef TSL_METRIC
};

size_t tsl_metric_count(void) {
  return sizeof metrics / sizeof metrics[0];
}

const struct tsl_metric *tsl_metric_at(size_t index) {
  return metrics[index];
}

const struct tsl_metric *tsl_metric_find(const char *name) {
  for (size_t i = 0; i < tsl_metric_count(); i++)
    if (strcmp(metrics[i]->name, name) == 0)
      return metrics[i];
  return NULL;
}

unsigned tsl_metric_given(const struct tsl_metric_input *input) {
  unsigned given = 0;
  given |= input->clusters != NULL ? TSL_METRIC_NEEDS_CLUSTERS : 0u;
  given |= input->labels != NULL ? TSL_METRIC_NEEDS_LABELS : 0u;
  given |= input->responsibilities != NULL ? TSL_METRIC_NEEDS_RESPONSIBILITIES : 0u;
  given |= input->factors != NULL ? TSL_METRIC_NEEDS_FACTORS : 0u;
  given |= input->test_points > 0 ? TSL_METRIC_NEEDS_TEST : 0u;
  given |= input->votes > 0 ? TSL_METRIC_NEEDS_VOTES : 0u;
  return given;
}
