#include "nn/deconv_few.h"

#include "nn/multiply.h"
#include "nn/vector.h"

enum { WIDE = 16, GROUP = 3, TILE = 8 }; /* lanes, vectors and pixels held in registers */

typedef float vector __attribute__((vector_size(WIDE * sizeof(float)), aligned(4)));
typedef float quad __attribute__((vector_size(4 * sizeof(float)), aligned(4)));

/* Products and sums are fused, in one order for every instruction set that has the fused
 * operation (all since AVX2). */
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define FUSED                                                                            \
  __attribute__((target_clones("avx512f", "fma", "default"),                             \
                 optimize("fp-contract=fast")))
#else
#define FUSED
#endif

size_t tsl__deconv_few_weight_floats(const struct tsl__deconv_few *few) {
  return (size_t)(few->x.blocks * few->x.lanes * few->columns) / (few->bfloat16 ? 2 : 1);
}

size_t tsl__deconv_few_patch_floats(const struct tsl__deconv_few *few) {
  size_t factors = few->bfloat16 ? (size_t)(few->x.blocks * few->x.lanes / 2) : 0;
  return (size_t)few->x.width * ((size_t)few->columns + factors);
}

/* Channels 2 i and 2 i + 1 are pair i. weight: (channels, real) */
static void pack_pairs(const struct tsl__deconv_few *few, const float *weight,
                       int64_t real, float *packed) {
  uint16_t *to = (uint16_t *)(void *)packed;
  for (int64_t c = 0; c < few->x.channels; c++) {
    for (int64_t k = 0; k < real; k++)
      tsl__halves(weight + c * real + k, 1, to + (c / 2 * few->columns + k) * 2 + c % 2);
  }
}

void tsl__deconv_few_pack(const struct tsl__deconv_few *few, const float *weight,
                          float *packed) {
  int64_t real = few->filters * few->kernel * few->kernel;
  tsl__fill(packed, 0.0F, tsl__deconv_few_weight_floats(few));
  if (few->bfloat16) {
    pack_pairs(few, weight, real, packed);
    return;
  }
  for (int64_t c = 0; c < few->x.channels; c++) {
    for (int64_t k = 0; k < real; k++)
      packed[c * few->columns + k] = weight[c * real + k];
  }
}

/* patches (count <= TILE pixels, columns): GROUP vectors from column `first` on. x: the
 * pixels' first channel; block: floats from one block of channels to the next. */
TSL__INLINE void multiply_tile(const struct tsl__deconv_few *few, const float *x,
                               int64_t block, const float *packed, float *patches,
                               int64_t first, int count, int vectors) {
  vector sums[TILE][GROUP];
  for (int p = 0; p < count; p++) {
    for (int v = 0; v < vectors; v++)
      sums[p][v] = (vector){0};
  }
  int64_t lanes = few->x.lanes;
  for (int64_t b = 0; b < few->x.blocks; b++) {
    for (int64_t k = 0; k < lanes; k++) {
      const float *row = packed + (b * lanes + k) * few->columns + first;
      for (int p = 0; p < count; p++) {
        float pixel = x[b * block + p * lanes + k];
        for (int v = 0; v < vectors; v++)
          sums[p][v] += pixel * *(const vector *)(const void *)(row + v * WIDE);
      }
    }
  }
  for (int p = 0; p < count; p++) {
    for (int v = 0; v < vectors; v++)
      *(vector *)(void *)(patches + p * few->columns + first + v * WIDE) = sums[p][v];
  }
}

/* A whole row of pixels, `vectors` vectors from column `first` on. */
TSL__INLINE void multiply_pixels(const struct tsl__deconv_few *few, const float *x,
                                 int64_t block, const float *packed, float *patches,
                                 int64_t first, int vectors) {
  int64_t lanes = few->x.lanes, columns = few->columns, j = 0;
  for (; j + TILE <= few->x.width; j += TILE)
    multiply_tile(few, x + j * lanes, block, packed, patches + j * columns, first, TILE,
                  vectors);
  for (; j < few->x.width; j++)
    multiply_tile(few, x + j * lanes, block, packed, patches + j * columns, first, 1,
                  vectors);
}

/* Patches of one row of pixels. */
FUSED static void multiply_row(const struct tsl__deconv_few *few, const float *x,
                               int64_t block, const float *packed, float *patches) {
  int64_t first = 0;
  for (; first + GROUP * WIDE <= few->columns; first += GROUP * WIDE)
    multiply_pixels(few, x, block, packed, patches, first, GROUP);
  if (few->columns - first == 2 * WIDE)
    multiply_pixels(few, x, block, packed, patches, first, 2);
  else if (few->columns - first == WIDE)
    multiply_pixels(few, x, block, packed, patches, first, 1);
}

/* The same in bfloat16. patches: with room for the pixels in pairs behind them */
static void multiply_row_pairs(const struct tsl__deconv_few *few, const float *x,
                               int64_t block, const float *packed, float *patches) {
  const int64_t words = few->x.blocks * WIDE / 2;
  float *pairs = patches + few->x.width * few->columns;
  for (int64_t b = 0; b < few->x.blocks; b++) {
    for (int64_t j = 0; j < few->x.width; j++)
      tsl__pairs_along(x + b * block + j * WIDE, WIDE / 2,
                       pairs + j * words + b * WIDE / 2);
  }
  const struct tsl__product product = {.rows = few->x.width,
                                       .columns = few->columns,
                                       .depth = words,
                                       .a_row = words,
                                       .a_depth = 1,
                                       .b_row = few->columns,
                                       .c_row = few->columns,
                                       .pairs = true};
  tsl__multiply(&product, pairs, packed, patches);
}

/* One line of the kernel's patches: column b of pixel j goes to to[j * stride - pad + b].
 * from: (width, columns); to: (out_width) */
static void add_edge(const struct tsl__deconv_few *few, const float *from, int64_t j,
                     float *to) {
  for (int64_t b = 0; b < few->kernel; b++) {
    int64_t column = j * few->stride - few->pad + b;
    if (column >= 0 && column < few->out_width)
      to[column] += from[j * few->columns + b];
  }
}

/* Pixels first, first + 2, ... of the line. Those whose patch of 4 lies inside go four at
 * once. */
static void add_line(const struct tsl__deconv_few *few, const float *from, int64_t first,
                     float *to) {
  int64_t j = first;
  if (few->kernel == 4) {
    for (; j < few->x.width && j * few->stride < few->pad; j += 2)
      add_edge(few, from, j, to);
    int64_t last = few->out_width + few->pad - 4; /* of j * stride */
    for (; j < few->x.width && j * few->stride <= last; j += 2)
      *(quad *)(void *)(to + j * few->stride - few->pad) +=
          *(const quad *)(const void *)(from + j * few->columns);
  }
  for (; j < few->x.width; j += 2)
    add_edge(few, from, j, to);
}

/* Patches of row i. Every second pixel first, then the others: neighbours overlap, and
 * what was just written would have to be waited for. y: (filters, out_height, out_width)
 */
static void add_row(const struct tsl__deconv_few *few, const float *patches, int64_t i,
                    float *y) {
  for (int64_t first = 0; first < 2; first++) {
    for (int64_t line = 0; line < few->filters * few->kernel; line++) {
      int64_t row = i * few->stride - few->pad + line % few->kernel;
      if (row < 0 || row >= few->out_height)
        continue;
      float *to = y + (line / few->kernel * few->out_height + row) * few->out_width;
      add_line(few, patches + line * few->kernel, first, to);
    }
  }
}

void tsl__deconv_few_forward(const struct tsl__deconv_few *few, const float *x,
                             const float *packed, const float *bias, float *patches,
                             float *y) {
  int64_t plane = few->out_height * few->out_width;
  int64_t block = few->x.height * few->x.width * few->x.lanes;
  for (int64_t row = 0; row < few->x.rows; row++) {
    const float *image = x + row * few->x.blocks * block;
    float *to = y + row * few->filters * plane;
    for (int64_t o = 0; o < few->filters; o++)
      tsl__fill(to + o * plane, bias != NULL ? bias[o] : 0.0F, (size_t)plane);
    for (int64_t i = 0; i < few->x.height; i++) {
      const float *pixels = image + i * few->x.width * few->x.lanes;
      if (few->bfloat16)
        multiply_row_pairs(few, pixels, block, packed, patches);
      else
        multiply_row(few, pixels, block, packed, patches);
      add_row(few, patches, i, to);
    }
  }
}
