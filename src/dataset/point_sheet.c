#include "dataset/point_sheet.h"

#include "teasel/arena.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SIDE = 640, MIDDLE = SIDE / 2, MARGIN = 16, DOT = 3, POINTS_MAX = 20000 };

/* Told apart by people who are colour-blind, too (Okabe and Ito 2008). */
static const uint8_t colours[][3] = {
    {0, 114, 178},  {230, 159, 0}, {0, 158, 115}, {204, 121, 167},
    {86, 180, 233}, {213, 94, 0},  {0, 0, 0},     {240, 228, 66},
};
enum { COLOURS = sizeof colours / sizeof colours[0] };

/* The middle of the points and the half of their larger extent. */
struct frame {
  double middle[2], half;
};

/* points: (count, 2) */
static struct frame find_frame(const float *points, int64_t count) {
  struct frame frame = {.half = 0};
  for (int k = 0; k < 2; k++) {
    double least = (double)points[k], most = least;
    for (int64_t i = 1; i < count; i++) {
      least = fmin(least, (double)points[2 * i + k]);
      most = fmax(most, (double)points[2 * i + k]);
    }
    frame.middle[k] = (least + most) / 2;
    frame.half = fmax(frame.half, (most - least) / 2);
  }
  if (!(frame.half > 0))
    frame.half = 1;
  return frame;
}

static void put_dot(struct tsl_image *image, const struct frame *frame,
                    const float *point, const uint8_t *colour) {
  double scale = (MIDDLE - MARGIN) / frame->half;
  int x = MIDDLE + (int)floor(((double)point[0] - frame->middle[0]) * scale);
  int y = MIDDLE - (int)floor(((double)point[1] - frame->middle[1]) * scale);
  for (int row = y - DOT / 2; row <= y + DOT / 2; row++)
    for (int column = x - DOT / 2; column <= x + DOT / 2; column++)
      memcpy(image->bytes + 3 * (row * SIDE + column), colour, 3);
}

enum tsl_status tsl__point_sheet(const struct tsl_dataset *dataset, struct tsl_image *out,
                                 struct tsl_error *err) {
  const struct tsl_dataset_view *view = tsl_dataset_view(dataset);
  const int64_t *order = tsl_dataset_order(dataset);
  int64_t count = view->count < POINTS_MAX ? view->count : POINTS_MAX;
  void *memory = NULL;
  TSL_TRY(tsl_allocate(&memory, 2 * (size_t)count, sizeof(float), err));
  float *points = memory; /* (count, 2) */
  tsl_dataset_gather(dataset, order, count, points);
  enum tsl_status status = tsl_image_init(out, SIDE, SIDE, 3, err);
  if (status == TSL_OK) {
    struct frame frame = find_frame(points, count);
    for (int64_t i = 0; i < count; i++) {
      int label = view->labels != NULL ? view->labels[order[i]] : 0;
      put_dot(out, &frame, points + 2 * i, colours[label % COLOURS]);
    }
  }
  free(memory);
  return status;
}
