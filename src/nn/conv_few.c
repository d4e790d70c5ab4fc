#include "nn/conv_few.h"

#include "nn/dnnl.h"
#include "nn/multiply.h"
#include "nn/vector.h"
#include "nn/wide.h"
#include "teasel/status.h"

#include <math.h>
#include <string.h>

enum {
  LANES = TSL__MULTIPLY_LANES,
  WORDS = 8, /* the step of tsl__pairs_turn */
  GROUP = 4  /* rows of the result whose products are summed at once */
};

static const uint16_t nothing[2 * WORDS]; /* behind a window, up to whole words */

bool tsl__conv_few_init(struct tsl__conv_few *few) {
  int64_t words = few->channels * few->kernel * few->kernel / 2;
  few->words = (words + WORDS - 1) / WORDS * WORDS;
  return TSL__WIDE_BUILT && tsl__dnnl_bfloat16() && few->kernel % 2 == 0 &&
         few->filters % LANES == 0;
}

size_t tsl__conv_few_weight_floats(const struct tsl__conv_few *few) {
  return (size_t)(few->words * few->filters);
}

/* With steps of two numbers, a word, a row's windows need not be cut: they lie in the
 * lines of the picture, one word apart. */
static bool lies_in_lines(const struct tsl__conv_few *few) {
  return few->kernel == 4 && few->stride == 2;
}

/* ---- the room ---- */

struct room {
  uint16_t *lines; /* (channels, padded height, padded width), of one picture */
  int64_t line;    /* numbers of a line */
  int64_t height;  /* lines of a channel */
  float *windows;  /* (out_width, words) */
  float *made;     /* (out_width, filters) */
  float *turned;   /* (GROUP, out_width / 2, 2 words) windows in pairs of pixels */
  float *pairs;    /* (GROUP, out_width / 2, filters) */
  float *sums;     /* (2 words, filters) */
  int64_t *places; /* (words) of a window's words in the lines */
  float *end;
};

static int64_t whole(int64_t floats) {
  return (floats + LANES - 1) / LANES * LANES;
}

static struct room lay_out(const struct tsl__conv_few *few, float *base) {
  struct room room;
  int64_t half = (few->out_width + 1) / 2;
  room.line = (few->out_width - 1) * few->stride + few->kernel;
  room.height = (few->out_height - 1) * few->stride + few->kernel;
  room.lines = (uint16_t *)(void *)base;
  room.windows = base + whole((few->channels * room.height * room.line + 1) / 2);
  room.made = room.windows + whole(few->out_width * few->words);
  room.turned = room.made + whole(few->out_width * few->filters);
  room.pairs = room.turned + GROUP * whole(half * 2 * few->words);
  room.sums = room.pairs + GROUP * whole(half * few->filters);
  room.places = (int64_t *)(void *)(room.sums + 2 * few->words * few->filters);
  room.end = (float *)(void *)(room.places + few->words);
  return room;
}

size_t tsl__conv_few_room_floats(const struct tsl__conv_few *few) {
  static float base; /* of a room that is only measured */
  return (size_t)(lay_out(few, &base).end - &base);
}

/* ---- weights ---- */

/* Place of the tap (a, b) of channel c in a window. */
static int64_t place(const struct tsl__conv_few *few, int64_t c, int64_t a, int64_t b) {
  return (c * few->kernel + a) * few->kernel + b;
}

void tsl__conv_few_pack(const struct tsl__conv_few *few, const float *weight,
                        float *packed) {
  const int64_t k = few->kernel, tap = few->channels * few->filters;
  tsl__fill(packed, 0.0F, tsl__conv_few_weight_floats(few));
  for (int64_t c = 0; c < few->channels; c++) {
    for (int64_t a = 0; a < k; a++) {
      for (int64_t b = 0; b < k; b += 2) {
        const float *first = weight + (a * k + b) * tap + c * few->filters;
        tsl__pairs_across(first, first + tap, few->filters,
                          packed + place(few, c, a, b) / 2 * few->filters);
      }
    }
  }
}

/* ---- windows ---- */

/* The picture in bfloat16, zero around. */
static void cut_lines(const struct tsl__conv_few *few, const float *picture,
                      const struct room *room) {
  const int64_t lines = few->channels * room->height;
  const int64_t left = room->line - few->pad;
  const int64_t width = few->in_width < left ? few->in_width : left;
  memset(room->lines, 0, (size_t)(lines * room->line) * sizeof *room->lines);
  for (int64_t line = 0; line < lines; line++) {
    int64_t row = line % room->height - few->pad;
    if (row >= 0 && row < few->in_height)
      tsl__halves(picture + (line / room->height * few->in_height + row) * few->in_width,
                  width, room->lines + line * room->line + few->pad);
  }
}

/* One line of every window of a row. at: the first pixel; to: the first window's place */
TSL__INLINE void cut_line(const uint16_t *at, int64_t stride, int64_t count,
                          int64_t kernel, uint16_t *to, int64_t window) {
  for (int64_t j = 0; j < count; j++)
    memcpy(to + j * window, at + j * stride, (size_t)kernel * sizeof *to);
}

/* The windows of row i of the result. */
static void cut_windows(const struct tsl__conv_few *few, const struct room *room,
                        int64_t i) {
  const int64_t k = few->kernel, real = few->channels * k * k, window = 2 * few->words;
  uint16_t *to = (uint16_t *)(void *)room->windows;
  for (int64_t c = 0; c < few->channels; c++) {
    for (int64_t a = 0; a < k; a++) {
      const uint16_t *at =
          room->lines + (c * room->height + i * few->stride + a) * room->line;
      if (k == 4)
        cut_line(at, few->stride, few->out_width, 4, to + (c * k + a) * k, window);
      else
        cut_line(at, few->stride, few->out_width, k, to + (c * k + a) * k, window);
    }
  }
  if (real < window)
    cut_line(nothing, 0, few->out_width, window - real, to + real, window);
}

/* Where the words of a window lie that begins at line 0. */
static void find_places(const struct tsl__conv_few *few, const struct room *room) {
  const int64_t k = few->kernel;
  for (int64_t word = 0; word < few->channels * k * k / 2; word++) {
    int64_t line = 2 * word / k, within = 2 * word % k;
    room->places[word] = ((line / k * room->height + line % k) * room->line + within) / 2;
  }
}

/* ---- passes ---- */

/* made: (out_width, filters) to one row of the blocks of y, and finished. bias: (filters)
 */
TSL__VECTOR static void finish_row(const float *restrict made, int64_t width,
                                   int64_t filters, const float *restrict bias,
                                   float least, float *restrict y, int64_t plane) {
  for (int64_t block = 0; block < filters / LANES; block++) {
    for (int64_t j = 0; j < width; j++) {
      for (int64_t k = 0; k < LANES; k++) {
        float v = made[j * filters + block * LANES + k] + bias[block * LANES + k];
        y[block * plane + j * LANES + k] = v < least ? least : v;
      }
    }
  }
}

void tsl__conv_few_forward(const struct tsl__conv_few *few,
                           const struct tsl__conv_few_pass *pass, const float *x,
                           float *y) {
  const struct room room = lay_out(few, pass->room);
  const float least = pass->relu ? 0.0F : -INFINITY;
  const float *bias = pass->bias;
  if (bias == NULL) {
    tsl__fill(room.sums, 0.0F, (size_t)few->filters);
    bias = room.sums;
  }
  const int64_t plane = few->out_height * few->out_width * LANES;
  struct tsl__product product = {.rows = few->out_width,
                                 .columns = few->filters,
                                 .depth = few->words,
                                 .a_row = few->words,
                                 .a_depth = 1,
                                 .b_row = few->filters,
                                 .c_row = few->filters,
                                 .pairs = true};
  if (lies_in_lines(few)) {
    find_places(few, &room);
    product.places = room.places;
    product.a_row = 1;
  }
  for (int64_t n = 0; n < few->rows; n++) {
    const float *picture = x + n * few->channels * few->in_height * few->in_width;
    cut_lines(few, picture, &room);
    for (int64_t i = 0; i < few->out_height; i++) {
      const float *windows = room.windows;
      if (product.places != NULL)
        windows = (const float *)(const void *)(room.lines + i * few->stride * room.line);
      else
        cut_windows(few, &room, i);
      tsl__multiply(&product, windows, pass->packed, room.made);
      finish_row(room.made, few->out_width, few->filters, bias, least,
                 y + n * few->filters / LANES * plane + i * few->out_width * LANES,
                 plane);
    }
  }
}

/* Pixels of one row of all blocks in pairs. grad: of the row; pairs: (out_width / 2,
 * filters) */
static void pair_pixels(const struct tsl__conv_few *few, const float *grad, int64_t plane,
                        float *pairs) {
  for (int64_t block = 0; block < few->filters / LANES; block++)
    tsl__pairs_of_rows(grad + block * plane, few->out_width, pairs + block * LANES,
                       few->filters);
}

/* The windows of row i in pairs of pixels. turned: (out_width / 2, 2 words) */
static void turn_windows(const struct tsl__conv_few *few, const struct room *room,
                         int64_t i, float *turned) {
  const int64_t k = few->kernel;
  if (!lies_in_lines(few)) {
    cut_windows(few, room, i);
    tsl__pairs_turn(room->windows, few->out_width, few->words, turned);
    return;
  }
  for (int64_t line = 0; line < few->channels * k; line++)
    tsl__pairs_of_windows(
        room->lines + (line / k * room->height + i * few->stride + line % k) * room->line,
        few->out_width, turned + line * k, 2 * few->words);
}

void tsl__conv_few_weights(const struct tsl__conv_few *few, const float *x,
                           const float *grad, float *base, float *grad_weight) {
  const struct room room = lay_out(few, base);
  const int64_t plane = few->out_height * few->out_width * LANES, k = few->kernel;
  const int64_t half = (few->out_width + 1) / 2;
  struct tsl__product product = {.rows = 2 * few->words,
                                 .columns = few->filters,
                                 .a_row = 1,
                                 .a_depth = 2 * few->words,
                                 .b_row = few->filters,
                                 .c_row = few->filters,
                                 .pairs = true};
  for (int64_t n = 0; n < few->rows; n++) {
    const float *own = grad + n * few->filters / LANES * plane;
    cut_lines(few, x + n * few->channels * few->in_height * few->in_width, &room);
    for (int64_t i = 0; i < few->out_height; i++) {
      const int64_t waiting = i % GROUP;
      turn_windows(few, &room, i, room.turned + waiting * half * 2 * few->words);
      pair_pixels(few, own + i * few->out_width * LANES, plane,
                  room.pairs + waiting * half * few->filters);
      if (waiting + 1 < GROUP && i + 1 < few->out_height)
        continue;
      product.depth = (waiting + 1) * half;
      tsl__multiply(&product, room.turned, room.pairs, room.sums);
      product.add = true;
    }
  }
  for (int64_t c = 0; c < few->channels; c++) {
    for (int64_t tap = 0; tap < k * k; tap++)
      memcpy(grad_weight + (tap * few->channels + c) * few->filters,
             room.sums + place(few, c, tap / k, tap % k) * few->filters,
             (size_t)few->filters * sizeof(float));
  }
}
