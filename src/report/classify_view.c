#include "report/classify_view.h"

#include "report/classify_page.h"
#include "teasel/arena.h"

#include <math.h>
#include <stdlib.h>

enum { ROWS_MAX = 4 };

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

/* Points of class `bad` outside the labelled ones on the wrong side, the farthest from
 * the threshold first; returns their number. out: (points) */
static int64_t find_mistakes(const struct tsl__classify_view *view, bool bad,
                             struct mistake *out) {
  const struct tsl_classification *result = view->result;
  const struct tsl_cut *cut = &result->cuts[0];
  int64_t count = 0;
  for (int64_t i = 0; i < result->points; i++) {
    double value = (double)view->mean[i * result->latent + cut->latent];
    if (result->labelled[i] || view->bad[i] != bad || tsl_cut_is_bad(cut, value) == bad)
      continue;
    out[count++] = (struct mistake){i, fabs(value - cut->threshold)};
  }
  qsort(out, (size_t)count, sizeof *out, deepest_first);
  return count;
}

static enum tsl_status gather(const struct tsl_dataset *dataset,
                              const struct mistake *mistakes, int64_t count,
                              struct tsl__mistakes *out, struct tsl_error *err) {
  const int64_t most = TSL__SHEET_COLUMNS * ROWS_MAX;
  const size_t values = (size_t)tsl_shape_count(&tsl_dataset_view(dataset)->shape);
  void *samples = NULL;
  out->count = count;
  out->shown = count < most ? count : most;
  if (count == 0)
    return TSL_OK;
  const int64_t rows = (out->shown + TSL__SHEET_COLUMNS - 1) / TSL__SHEET_COLUMNS;
  TSL_TRY(tsl_allocate(&samples, (size_t)(rows * TSL__SHEET_COLUMNS) * values,
                       sizeof(float), err));
  out->samples = samples;
  for (int64_t i = 0; i < out->shown; i++)
    tsl_dataset_gather(dataset, &mistakes[i].point, 1, out->samples + (size_t)i * values);
  return TSL_OK;
}

enum tsl_status tsl__classify_view_init(struct tsl__classify_view *view,
                                        const struct tsl_classify_report *report,
                                        struct tsl_error *err) {
  void *mistakes = NULL;
  *view = (struct tsl__classify_view){.result = report->result,
                                      .mean = report->mean,
                                      .bad = report->bad,
                                      .run = report->run,
                                      .good = report->good,
                                      .bad_name = report->bad_name,
                                      .shape = tsl_dataset_view(report->dataset)->shape};
  enum tsl_status status = tsl_allocate(&mistakes, (size_t)report->result->points,
                                        sizeof(struct mistake), err);
  for (int bad = 0; bad < 2 && status == TSL_OK; bad++) {
    int64_t count = find_mistakes(view, bad, mistakes);
    status = gather(report->dataset, mistakes, count, &view->mistakes[bad], err);
  }
  free(mistakes);
  if (status != TSL_OK)
    tsl__classify_view_release(view);
  return status;
}

void tsl__classify_view_release(struct tsl__classify_view *view) {
  free(view->mistakes[0].samples);
  free(view->mistakes[1].samples);
  *view = (struct tsl__classify_view){0};
}
