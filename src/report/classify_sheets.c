/* Pictures that the best cut gets wrong (thesis figure 4.24). */
#include "report/classify_page.h"
#include "report/figure.h"

#include <stdio.h>

static enum tsl_status write_sheet(const struct tsl__classify_view *view, bool bad,
                                   struct tsl__page *page, struct tsl_error *err) {
  const struct tsl__mistakes *mistakes = &view->mistakes[bad];
  char file[160], label[512];
  if (mistakes->count == 0)
    return TSL_OK;
  snprintf(file, sizeof file, "%smisclassified_%s", view->prefix, bad ? "bad" : "good");
  snprintf(label, sizeof label,
           "%s, called %s: %lld of them, the farthest from the threshold first",
           bad ? view->bad_name : view->good, bad ? view->good : view->bad_name,
           (long long)mistakes->count);
  const int shown = (int)mistakes->shown, columns = TSL__SHEET_COLUMNS;
  struct tsl__picture_grid grid = {.shape = &view->shape,
                                   .samples = mistakes->samples,
                                   .rows = (shown + columns - 1) / columns,
                                   .columns = shown < columns ? shown : columns,
                                   .file = file};
  struct tsl_text svg = {0}, caption = {0};
  struct tsl__chart chart;
  tsl__picture_cell(&view->shape, &grid.cell_width, &grid.cell_height);
  tsl__chart_begin(&chart, &svg, grid.columns * grid.cell_width,
                   grid.rows * grid.cell_height, &(struct tsl__margins){0, 0, 0, 0},
                   label);
  enum tsl_status status = tsl__picture_grid_write(&chart, page, &grid, err);
  tsl__chart_end(&chart);
  tsl_text_add_html(&caption, label);
  tsl__page_figure(page, file, &svg, caption.bytes);
  tsl_text_release(&svg);
  tsl_text_release(&caption);
  return status;
}

enum tsl_status tsl__classify_sheets(const struct tsl__classify_view *view,
                                     struct tsl__page *page, struct tsl_error *err) {
  TSL_TRY(write_sheet(view, /*bad=*/false, page, err));
  return write_sheet(view, /*bad=*/true, page, err);
}
