#include "teasel/image.h"

#include "teasel/arena.h"

#include <math.h>
#include <stdlib.h>

/* Part of the source that one target pixel covers along one axis: [begin, end) in source
 * pixels. */
struct span {
  double begin, end;
};

static struct span span_at(double begin, double length, int index, int count) {
  return (struct span){begin + length * index / count,
                       begin + length * (index + 1) / count};
}

/* Mean over the rectangle of each channel, pixels at the rim weighted by their covered
 * part. mean: (channels) */
static void average(const struct tsl_image *image, struct span across, struct span down,
                    double *mean) {
  int left = (int)floor(across.begin), top = (int)floor(down.begin);
  int right = (int)ceil(across.end), bottom = (int)ceil(down.end);
  right = right > image->width ? image->width : right;
  bottom = bottom > image->height ? image->height : bottom;
  double sums[3] = {0}, area = 0;
  for (int y = top; y < bottom; y++) {
    double tall = fmin(down.end, y + 1) - fmax(down.begin, y);
    const uint8_t *row =
        image->bytes + (size_t)y * (size_t)image->width * (size_t)image->channels;
    for (int x = left; x < right; x++) {
      double weight = tall * (fmin(across.end, x + 1) - fmax(across.begin, x));
      area += weight;
      for (int c = 0; c < image->channels; c++)
        sums[c] += weight * row[x * image->channels + c];
    }
  }
  for (int c = 0; c < image->channels; c++)
    mean[c] = sums[c] / area;
}

void tsl_image_average(const struct tsl_image *image, double crop, int channels,
                       int height, int width, uint8_t *planes) {
  /* The largest centred rectangle with the target's proportions, times `crop`. */
  double wide = image->width, tall = image->height;
  if (wide * height > tall * width)
    wide = tall * width / height;
  else
    tall = wide * height / width;
  wide *= crop;
  tall *= crop;
  double left = (image->width - wide) / 2, top = (image->height - tall) / 2;
  size_t plane = (size_t)height * (size_t)width;
  for (int y = 0; y < height; y++) {
    for (int x = 0; x < width; x++) {
      double mean[3] = {0};
      average(image, span_at(left, wide, x, width), span_at(top, tall, y, height), mean);
      /* Luma of ITU-R BT.601, as libjpeg has it. */
      if (channels == 1 && image->channels == 3)
        mean[0] = 0.299 * mean[0] + 0.587 * mean[1] + 0.114 * mean[2];
      for (int c = 0; c < channels; c++)
        planes[(size_t)c * plane + (size_t)y * (size_t)width + (size_t)x] =
            (uint8_t)floor(mean[image->channels == 3 && channels == 3 ? c : 0] + 0.5);
    }
  }
}
