/* Pictures that the best cut gets wrong (thesis figure 4.24). */
#include "report/classify_page.h"
#include "report/figure.h"
#include "teasel/arena.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { COLUMNS = 10, ROWS_MAX = 4 };

struct mistake {
  int64_t point;
  double depth; /* distance from the threshold */
};

static int deepest_first(const void *a, const void *b) {
  const struct mistake *left = a, *right = b;
  if (left->depth != right->depth)
    return left->depth < right->depth ? 1 : -1;
  return left->point < right->point ? -1 : left->point > right->point;
}

/* Points of class `bad` outside the labelled ones on the wrong side; returns their
 * number.
 */
static int64_t find_mistakes(const struct tsl_classify_report *report, bool bad,
                             struct mistake *out) {
  const struct tsl_classification *result = report->result;
  const struct tsl_cut *cut = &result->cuts[0];
  int64_t count = 0;
  for (int64_t i = 0; i < result->points; i++) {
    double value = (double)report->mean[i * result->latent + cut->latent];
    if (result->labelled[i] || report->bad[i] != bad || tsl_cut_is_bad(cut, value) == bad)
      continue;
    out[count++] = (struct mistake){i, fabs(value - cut->threshold)};
  }
  qsort(out, (size_t)count, sizeof *out, deepest_first);
  return count;
}

/* samples: (shown, shape) */
static enum tsl_status write_grid(const struct tsl_classify_report *report, bool bad,
                                  float *samples, int64_t shown, int64_t count,
                                  struct tsl__page *page, struct tsl_error *err) {
  const struct tsl_dataset_view *view = tsl_dataset_view(report->dataset);
  char file[64], label[192];
  snprintf(file, sizeof file, "misclassified_%s", bad ? "bad" : "good");
  snprintf(label, sizeof label,
           "%s, called %s: %lld of them, the farthest from the "
           "threshold first",
           bad ? report->bad_name : report->good, bad ? report->good : report->bad_name,
           (long long)count);
  struct tsl__picture_grid grid = {.shape = &view->shape,
                                   .samples = samples,
                                   .rows = (int)((shown + COLUMNS - 1) / COLUMNS),
                                   .columns = shown < COLUMNS ? (int)shown : COLUMNS,
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

static enum tsl_status write_class(const struct tsl_classify_report *report, bool bad,
                                   struct mistake *mistakes, struct tsl__page *page,
                                   struct tsl_error *err) {
  const struct tsl_dataset_view *view = tsl_dataset_view(report->dataset);
  int64_t count = find_mistakes(report, bad, mistakes);
  if (count == 0)
    return TSL_OK;
  int64_t shown = count < COLUMNS * ROWS_MAX ? count : COLUMNS * ROWS_MAX;
  size_t values = (size_t)tsl_shape_count(&view->shape);
  size_t cells = (size_t)((shown + COLUMNS - 1) / COLUMNS * COLUMNS);
  void *samples = NULL; /* (cells, shape), the last row filled up with black */
  TSL_TRY(tsl_allocate(&samples, cells * values, sizeof(float), err));
  for (int64_t i = 0; i < shown; i++)
    tsl_dataset_gather(report->dataset, &mistakes[i].point, 1,
                       (float *)samples + (size_t)i * values);
  enum tsl_status status = write_grid(report, bad, samples, shown, count, page, err);
  free(samples);
  return status;
}

enum tsl_status tsl__classify_mistakes(const struct tsl_classify_report *report,
                                       struct tsl__page *page, struct tsl_error *err) {
  void *mistakes = NULL;
  TSL_TRY(tsl_allocate(&mistakes, (size_t)report->result->points, sizeof(struct mistake),
                       err));
  enum tsl_status status = write_class(report, /*bad=*/false, mistakes, page, err);
  if (status == TSL_OK)
    status = write_class(report, /*bad=*/true, mistakes, page, err);
  free(mistakes);
  return status;
}
