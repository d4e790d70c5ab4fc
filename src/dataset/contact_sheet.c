#include "dataset/point_sheet.h"
#include "teasel/arena.h"
#include "teasel/dataset.h"

#include <stdlib.h>

enum { COLUMNS = 12, ROWS = 8, TILE_LEAST = 64, GAP = 2, CLASSES_MAX = 20 };

struct sheet {
  const struct tsl_dataset *dataset;
  const struct tsl_dataset_view *view;
  int channels, height, width, scale;
  struct tsl_image *image;
  float *sample; /* (shape) */
};

static void put(struct sheet *sheet, int64_t index, int row, int column) {
  tsl_dataset_gather(sheet->dataset, &index, 1, sheet->sample);
  tsl_image_put(sheet->image, GAP + column * (sheet->width * sheet->scale + GAP),
                GAP + row * (sheet->height * sheet->scale + GAP), sheet->scale,
                sheet->sample, sheet->channels, sheet->height, sheet->width);
}

/* The first samples of the set's order that have this label (-1: any), row by row. */
static void fill_rows(struct sheet *sheet, int label, int first_row, int rows) {
  const int64_t *order = tsl_dataset_order(sheet->dataset);
  int placed = 0;
  for (int64_t i = 0; i < sheet->view->count && placed < rows * COLUMNS; i++) {
    if (label >= 0 && sheet->view->labels[order[i]] != label)
      continue;
    put(sheet, order[i], first_row + placed / COLUMNS, placed % COLUMNS);
    placed++;
  }
}

enum tsl_status tsl_dataset_sheet(const struct tsl_dataset *dataset,
                                  struct tsl_image *out, struct tsl_error *err) {
  const struct tsl_dataset_view *view = tsl_dataset_view(dataset);
  const struct tsl_shape *shape = &view->shape;
  if (shape->rank == 1 && shape->dims[0] == 2)
    return tsl__point_sheet(dataset, out, err);
  if (shape->rank != 3 || shape->dims[1] > 1024 || shape->dims[2] > 1024)
    return tsl_error_set(err, TSL_BAD_INPUT, "",
                         "the samples of data set %s are no pictures to be shown",
                         view->name);
  struct sheet sheet = {.dataset = dataset,
                        .view = view,
                        .channels = (int)shape->dims[0],
                        .height = (int)shape->dims[1],
                        .width = (int)shape->dims[2],
                        .image = out};
  sheet.scale = sheet.width < TILE_LEAST ? TILE_LEAST / sheet.width : 1;
  int classes =
      view->labels != NULL && view->label_count <= CLASSES_MAX ? view->label_count : 1;
  int rows = classes < ROWS ? ROWS / classes : 1;
  void *sample = NULL;
  TSL_TRY(tsl_allocate(&sample, (size_t)tsl_shape_count(shape), sizeof(float), err));
  sheet.sample = sample;
  enum tsl_status status =
      tsl_image_init(out, GAP + COLUMNS * (sheet.width * sheet.scale + GAP),
                     GAP + classes * rows * (sheet.height * sheet.scale + GAP), 3, err);
  for (int label = 0; label < classes && status == TSL_OK; label++)
    fill_rows(&sheet, classes > 1 ? label : -1, label * rows, rows);
  free(sample);
  return status;
}
