#include "report/figure.h"

#include "teasel/arena.h"
#include "teasel/image.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { JPEG_QUALITY = 82 };

/* What one sample looks like as a picture. */
struct tile {
  int channels, height, width;
};

/* A vector's tile has as many rows as divide it and keep it no wider than 8 times its
 * height; a short one is a row of stripes, another a square with cells left over. */
static struct tile vector_tile(int count) {
  int rows = (int)sqrt((double)count);
  while (rows > 1 && count % rows != 0)
    rows--;
  if (count > 8 * rows * rows && count > 32)
    rows = (int)floor(sqrt((double)count));
  return (struct tile){.channels = 1, .height = rows, .width = (count + rows - 1) / rows};
}

static struct tile tile_of(const struct tsl_shape *shape) {
  if (shape->rank != 3)
    return vector_tile((int)shape->dims[0]);
  return (struct tile){.channels = shape->dims[0] == 3 ? 3 : 1,
                       .height = (int)shape->dims[1],
                       .width = (int)shape->dims[2]};
}

void tsl__picture_cell(const struct tsl_shape *shape, double *width, double *height) {
  struct tile tile = tile_of(shape);
  *width = 64;
  *height = fmax(64.0 * tile.height / tile.width, 32); /* room for two lines of words */
}

/* Smallest and largest value: vectors are shown on their own range, images on 0..1. */
static struct tsl__range range_of(const struct tsl__picture_grid *grid, size_t count) {
  struct tsl__range range = {0, 1};
  if (grid->shape->rank != 1)
    return range;
  range = tsl__range_none();
  for (size_t i = 0; i < count; i++)
    tsl__range_add(&range, (double)grid->samples[i]);
  return tsl__range_drawable(&range, 0);
}

/* sample: (shape) -> out: (tile channels, height, width) in 0..1 */
static void to_tile(const float *sample, const struct tsl_shape *shape,
                    const struct tile *tile, const struct tsl__range *range, float *out) {
  int64_t area = (int64_t)tile->height * tile->width;
  int64_t channels = shape->rank == 3 ? shape->dims[0] : 1;
  int64_t count = shape->rank == 3 ? area : shape->dims[0];
  memset(out, 0, (size_t)(tile->channels * area) * sizeof *out);
  for (int64_t c = 0; c < channels; c++) {
    float share = tile->channels == channels ? 1.0f : 1.0f / (float)channels;
    float *plane = out + (tile->channels == channels ? c * area : 0);
    for (int64_t i = 0; i < count; i++) {
      double v =
          ((double)sample[c * count + i] - range->low) / (range->high - range->low);
      plane[i] += share * (float)(isfinite(v) ? v : 0.0);
    }
  }
}

/* The grid as one picture. */
static enum tsl_status paint(const struct tsl__picture_grid *grid,
                             const struct tile *tile, struct tsl_image *image,
                             struct tsl_error *err) {
  float *plane = NULL;
  size_t sample = (size_t)tsl_shape_count(grid->shape);
  size_t cells = (size_t)grid->rows * (size_t)grid->columns;
  struct tsl__range range = range_of(grid, cells * sample);
  TSL_TRY(tsl_image_init(image, grid->columns * tile->width, grid->rows * tile->height,
                         tile->channels, err));
  TSL_TRY(
      tsl_allocate((void **)&plane,
                   (size_t)tile->channels * (size_t)tile->height * (size_t)tile->width,
                   sizeof *plane, err));
  for (int row = 0; row < grid->rows; row++)
    for (int column = 0; column < grid->columns; column++) {
      size_t at = (size_t)row * (size_t)grid->columns + (size_t)column;
      to_tile(grid->samples + at * sample, grid->shape, tile, &range, plane);
      tsl_image_put(image, column * tile->width, row * tile->height, 1, plane,
                    tile->channels, tile->height, tile->width);
    }
  free(plane);
  return TSL_OK;
}

/* The PNG; or, of pictures, a JPEG where it takes less than half. */
static enum tsl_status embed(struct tsl__chart *chart,
                             const struct tsl__picture_grid *grid,
                             const struct tsl_image *image, const struct tsl_text *png,
                             bool pixelated, struct tsl_error *err) {
  const struct tsl__box box = {grid->left, grid->top, grid->columns * grid->cell_width,
                               grid->rows * grid->cell_height};
  struct tsl_text jpeg = {0};
  enum tsl_status status = TSL_OK;
  if (grid->shape->rank == 3)
    status = tsl_image_jpeg(image, JPEG_QUALITY, &jpeg, err);
  if (jpeg.length > 0 && jpeg.length < png->length / 2)
    tsl__chart_image(chart, &box, "jpeg", &jpeg, pixelated);
  else
    tsl__chart_image(chart, &box, "png", png, pixelated);
  tsl_text_release(&jpeg);
  return status;
}

static void separators(struct tsl__chart *chart, const struct tsl__picture_grid *grid) {
  double width = grid->columns * grid->cell_width;
  double height = grid->rows * grid->cell_height;
  tsl_text_add(chart->out, "<path class=\"se\" d=\"");
  for (int row = 1; row < grid->rows; row++)
    tsl_text_format(chart->out, "M%.1f %.1fh%.1f", grid->left,
                    grid->top + row * grid->cell_height, width);
  for (int column = 1; column < grid->columns; column++)
    tsl_text_format(chart->out, "M%.1f %.1fv%.1f", grid->left + column * grid->cell_width,
                    grid->top, height);
  tsl_text_add(chart->out, "\"/>");
}

enum tsl_status tsl__picture_grid_write(struct tsl__chart *chart, struct tsl__page *page,
                                        const struct tsl__picture_grid *grid,
                                        struct tsl_error *err) {
  if (grid->rows < 1 || grid->columns < 1)
    return TSL_OK;
  struct tile tile = tile_of(grid->shape);
  struct tsl_image image = {0};
  struct tsl_text png = {0};
  enum tsl_status status = paint(grid, &tile, &image, err);
  if (status == TSL_OK)
    status = tsl_image_png(&image, &png, err);
  if (status == TSL_OK)
    status = embed(chart, grid, &image, &png, tile.width < 64, err);
  if (status == TSL_OK) {
    separators(chart, grid);
    tsl__page_file_add(page, grid->file, "png", &png);
  }
  tsl_text_release(&png);
  tsl_image_release(&image);
  return status;
}
