#include "report/figure.h"

#define TSL_FIGURE(name) extern const struct tsl__figure tsl__figure_##name;
#include "report/figure_list.h"
#undef TSL_FIGURE

static const struct tsl__figure *const figures[] = {
#define TSL_FIGURE(name) &tsl__figure_##name,
#include "report/figure_list.h"
#undef TSL_FIGURE
};

enum tsl_status tsl__figures_write(const struct tsl__report_data *data,
                                   const struct tsl_stop *stop, struct tsl__page *page,
                                   struct tsl_error *err) {
  for (size_t i = 0; i < sizeof figures / sizeof figures[0]; i++) {
    TSL_TRY(tsl_stop_check(stop, err));
    TSL_TRY(figures[i]->write(data, page, err));
  }
  return TSL_OK;
}
