#include "nn/winograd.h"

#include "nn/dnnl.h"
#include "nn/multiply.h"
#include "nn/vector.h"
#include "nn/wide.h"
#include "nn/winograd_tiles.h"

enum {
  LANES = TSL__MULTIPLY_LANES,
  GROUP_TILES = 64, /* so that the points of a group stay in the second cache */
  SKEW = 48         /* floats, so that the points of a tile lie in different cache sets */
};

bool tsl__winograd_init(struct tsl__winograd *winograd, int64_t rows, int64_t channels,
                        int64_t filters, int64_t height, int64_t width) {
  *winograd = (struct tsl__winograd){rows, channels, filters, height, width, 1};
  if (!TSL__WIDE_BUILT || tsl__dnnl_block() != LANES || channels % LANES != 0 ||
      filters % LANES != 0 || height % 2 != 0 || width % 2 != 0)
    return false;
  int64_t group = GROUP_TILES / (height * width / 4);
  winograd->group = group < 1 ? 1 : group < rows ? group : rows;
  return true;
}

size_t tsl__winograd_weight_floats(const struct tsl__winograd *winograd) {
  return (size_t)(TSL__POINTS * TSL__PHASES * winograd->channels * winograd->filters);
}

/* ---- the room: points of large, points of small, gradient of the weight ---- */

struct plan {
  struct tsl__tiles large, small;
  int64_t count; /* tiles */
  float *of_large, *of_small, *of_weight;
};

static struct plan make_plan(const struct tsl__winograd *winograd, int64_t pictures,
                             float *room) {
  int64_t most = winograd->group * winograd->height * winograd->width / 4;
  int64_t deep = TSL__PHASES * winograd->channels;
  struct plan plan;
  plan.count = pictures * winograd->height * winograd->width / 4;
  plan.large =
      (struct tsl__tiles){pictures,        winograd->channels / LANES, winograd->height,
                          winograd->width, most * deep + SKEW,         deep};
  plan.small = (struct tsl__tiles){
      pictures,        winograd->filters / LANES,       winograd->height,
      winograd->width, most * winograd->filters + SKEW, winograd->filters};
  plan.of_large = room;
  plan.of_small = plan.of_large + TSL__POINTS * plan.large.point;
  plan.of_weight = plan.of_small + TSL__POINTS * plan.small.point;
  return plan;
}

size_t tsl__winograd_room_floats(const struct tsl__winograd *winograd) {
  struct plan plan = make_plan(winograd, winograd->group, NULL);
  return (size_t)(TSL__POINTS * (plan.large.point + plan.small.point)) +
         tsl__winograd_weight_floats(winograd);
}

/* ---- weights ---- */

/* G w G' of one phase with G = ((1, 0), (1, 1), (0, 1)). weight: (4, 4, inner, outer);
 * out: (9, rows of `step` floats) */
TSL__VECTOR static void open_phase(const float *restrict weight, int64_t inner,
                                   int64_t outer, int64_t phase, float *restrict out,
                                   int64_t point, int64_t step) {
  const int64_t tap = inner * outer;
  const float *at = weight + (phase / 2 * 4 + phase % 2) * tap;
  for (int64_t c = 0; c < inner; c++) {
    for (int64_t o = 0; o < outer; o++) {
      const float *w = at + c * outer + o;
      float a = w[0], b = w[2 * tap], d = w[8 * tap], e = w[10 * tap];
      float *to = out + c * step + o;
      to[0] = a;
      to[point] = a + b;
      to[2 * point] = b;
      to[3 * point] = a + d;
      to[4 * point] = (a + b) + (d + e);
      to[5 * point] = b + e;
      to[6 * point] = d;
      to[7 * point] = d + e;
      to[8 * point] = e;
    }
  }
}

void tsl__winograd_gathering_weight(const struct tsl__winograd *winograd,
                                    const float *weight, float *out) {
  int64_t inner = winograd->channels, outer = winograd->filters;
  for (int64_t phase = 0; phase < TSL__PHASES; phase++)
    open_phase(weight, inner, outer, phase, out + phase * inner * outer,
               TSL__PHASES * inner * outer, outer);
}

void tsl__winograd_spreading_weight(const struct tsl__winograd *winograd,
                                    const float *weight, float *turned, float *out) {
  int64_t inner = winograd->filters, outer = winograd->channels;
  for (int64_t tap = 0; tap < 16; tap++)
    tsl__transpose(weight + tap * inner * outer, outer, inner,
                   turned + tap * inner * outer);
  for (int64_t phase = 0; phase < TSL__PHASES; phase++)
    open_phase(turned, inner, outer, phase, out + phase * outer,
               TSL__PHASES * inner * outer, TSL__PHASES * outer);
}

/* The transpose of open_phase. points: (9, count) of one phase; to: (count) of taps (0,
 * 0), (0, 1), (1, 0), (1, 1) of that phase */
TSL__VECTOR static void close_phase(const float *restrict points, int64_t point,
                                    int64_t count, float *restrict to, int64_t tap) {
  for (int64_t i = 0; i < count; i++) {
    const float *p = points + i;
    float middle = p[4 * point];
    to[i] = (p[0] + p[point]) + (p[3 * point] + middle);
    to[i + 2 * tap] = (p[point] + p[2 * point]) + (middle + p[5 * point]);
    to[i + 8 * tap] = (p[3 * point] + middle) + (p[6 * point] + p[7 * point]);
    to[i + 10 * tap] = (middle + p[5 * point]) + (p[7 * point] + p[8 * point]);
  }
}

static void close_weight(const struct tsl__winograd *winograd, const float *points,
                         float *grad_weight) {
  int64_t tap = winograd->channels * winograd->filters;
  for (int64_t phase = 0; phase < TSL__PHASES; phase++)
    close_phase(points + phase * tap, TSL__PHASES * tap, tap,
                grad_weight + (phase / 2 * 4 + phase % 2) * tap, tap);
}

/* ---- products of one of the nine points ---- */

/* small = large weight */
static void gather_point(const struct tsl__winograd *winograd, const struct plan *plan,
                         const float *weight, int64_t p) {
  const int64_t deep = TSL__PHASES * winograd->channels, wide = winograd->filters;
  const struct tsl__product product = {plan->count, wide, deep, deep,
                                       1,           wide, wide, false};
  tsl__multiply(&product, plan->of_large + p * plan->large.point,
                weight + p * deep * wide, plan->of_small + p * plan->small.point);
}

/* large = small weight */
static void spread_point(const struct tsl__winograd *winograd, const struct plan *plan,
                         const float *weight, int64_t p) {
  const int64_t wide = TSL__PHASES * winograd->channels, deep = winograd->filters;
  const struct tsl__product product = {plan->count, wide, deep, deep,
                                       1,           wide, wide, false};
  tsl__multiply(&product, plan->of_small + p * plan->small.point,
                weight + p * deep * wide, plan->of_large + p * plan->large.point);
}

/* weight += large' small */
static void weigh_point(const struct tsl__winograd *winograd, const struct plan *plan,
                        int64_t p, bool add) {
  const int64_t tall = TSL__PHASES * winograd->channels, wide = winograd->filters;
  const struct tsl__product product = {tall, wide, plan->count, 1, tall, wide, wide, add};
  tsl__multiply(&product, plan->of_large + p * plan->large.point,
                plan->of_small + p * plan->small.point,
                plan->of_weight + p * tall * wide);
}

/* ---- passes ---- */

/* Pictures [first, first + count) of a group. */
struct span {
  int64_t first, count;
  int64_t at_large, at_small; /* floats */
};

static bool next_span(const struct tsl__winograd *winograd, struct span *span) {
  span->first += span->count;
  int64_t left = winograd->rows - span->first;
  span->count = left < winograd->group ? left : winograd->group;
  int64_t plane = winograd->height * winograd->width;
  span->at_large = span->first * winograd->channels * 4 * plane;
  span->at_small = span->first * winograd->filters * plane;
  return left > 0;
}

void tsl__winograd_gather(const struct tsl__winograd *winograd,
                          const struct tsl__winograd_pass *pass, const float *large,
                          float *small) {
  const struct tsl__tiles_finish finish = {pass->bias, pass->relu};
  struct span span = {0};
  while (next_span(winograd, &span)) {
    struct plan plan = make_plan(winograd, span.count, pass->room);
    tsl__tiles_from_large(&plan.large, large + span.at_large, plan.of_large);
    for (int64_t p = 0; p < TSL__POINTS; p++)
      gather_point(winograd, &plan, pass->weight, p);
    tsl__tiles_to_small(&plan.small, plan.of_small, &finish, small + span.at_small);
  }
}

void tsl__winograd_spread(const struct tsl__winograd *winograd,
                          const struct tsl__winograd_pass *pass, const float *small,
                          float *large) {
  const struct tsl__tiles_finish finish = {pass->bias, pass->relu};
  struct span span = {0};
  while (next_span(winograd, &span)) {
    struct plan plan = make_plan(winograd, span.count, pass->room);
    tsl__tiles_from_small(&plan.small, small + span.at_small, plan.of_small);
    for (int64_t p = 0; p < TSL__POINTS; p++)
      spread_point(winograd, &plan, pass->weight, p);
    tsl__tiles_to_large(&plan.large, plan.of_large, &finish, large + span.at_large);
  }
}

/* The gradient of these pictures through the ReLU, and its sums for the bias. */
static void enter_gradient(const struct tsl__winograd *winograd,
                           const struct tsl__winograd_backward *pass,
                           const struct span *span) {
  if (pass->value == NULL && pass->sums == NULL)
    return;
  bool large = pass->gradient == pass->large;
  int64_t channels = large ? winograd->channels : winograd->filters;
  int64_t pixels = winograd->height * winograd->width * (large ? 4 : 1);
  int64_t at = large ? span->at_large : span->at_small;
  const struct tsl__tiles_gradient gradient = {
      .pictures = span->count,
      .blocks = channels / LANES,
      .pixels = pixels,
      .gradient = pass->gradient + at,
      .value = pass->value != NULL ? pass->value + at : NULL,
      .sums = pass->sums};
  tsl__tiles_enter_gradient(&gradient);
}

void tsl__winograd_backward(const struct tsl__winograd *winograd,
                            const struct tsl__winograd_backward *pass) {
  const struct tsl__tiles_finish bare = {NULL, false};
  struct span span = {0};
  while (next_span(winograd, &span)) {
    struct plan plan = make_plan(winograd, span.count, pass->room);
    enter_gradient(winograd, pass, &span);
    tsl__tiles_from_large(&plan.large, pass->large + span.at_large, plan.of_large);
    tsl__tiles_from_small(&plan.small, pass->small + span.at_small, plan.of_small);
    for (int64_t p = 0; p < TSL__POINTS; p++) {
      /* What is overwritten next is still in the cache. */
      weigh_point(winograd, &plan, p, span.first > 0);
      if (pass->grad_large != NULL)
        spread_point(winograd, &plan, pass->weight, p);
      else if (pass->grad_small != NULL)
        gather_point(winograd, &plan, pass->weight, p);
    }
    if (pass->grad_large != NULL)
      tsl__tiles_to_large(&plan.large, plan.of_large, &bare,
                          pass->grad_large + span.at_large);
    else if (pass->grad_small != NULL)
      tsl__tiles_to_small(&plan.small, plan.of_small, &bare,
                          pass->grad_small + span.at_small);
  }
  close_weight(winograd, make_plan(winograd, winograd->group, pass->room).of_weight,
               pass->grad_weight);
}
