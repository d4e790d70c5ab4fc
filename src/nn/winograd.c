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
  *winograd = (struct tsl__winograd){rows, channels, filters, height, width, 1, false};
  if (!TSL__WIDE_BUILT || tsl__dnnl_block() != LANES || channels % LANES != 0 ||
      filters % LANES != 0 || height % 2 != 0 || width % 2 != 0)
    return false;
  int64_t group = GROUP_TILES / (height * width / 4);
  winograd->group = group < 1 ? 1 : group < rows ? group : rows;
  return true;
}

static size_t weight_count(const struct tsl__winograd *winograd) {
  return (size_t)(TSL__POINTS * TSL__PHASES * winograd->channels * winograd->filters);
}

size_t tsl__winograd_weight_floats(const struct tsl__winograd *winograd) {
  return weight_count(winograd) / (winograd->bfloat16 ? 2 : 1);
}

/* ---- the room: points of large, of small, gradient of the weight, turned pairs ---- */

enum { LARGE, SMALL, SIDES };

/* A point that a product makes takes the place of the factor, which may be half as long.
 */
struct side {
  struct tsl__tiles in, out;
  float *points, *pairs; /* pairs: of one point, pairs of tiles */
};

struct plan {
  struct side sides[SIDES];
  int64_t count; /* tiles */
  float *of_weight;
};

static void init_side(const struct tsl__winograd *winograd, int64_t pictures,
                      int64_t blocks, int64_t length, struct side *side) {
  int64_t most = winograd->group * winograd->height * winograd->width / 4;
  side->out = (struct tsl__tiles){.pictures = pictures,
                                  .blocks = blocks,
                                  .height = winograd->height,
                                  .width = winograd->width,
                                  .point = most * length + SKEW,
                                  .tile = length};
  side->in = side->out;
  if (winograd->bfloat16) {
    side->in.tile = length / 2;
    side->in.bfloat16 = true;
  }
}

static struct plan make_plan(const struct tsl__winograd *winograd, int64_t pictures,
                             float *room) {
  const int64_t deep = TSL__PHASES * winograd->channels, wide = winograd->filters;
  struct plan plan;
  struct side *large = &plan.sides[LARGE], *small = &plan.sides[SMALL];
  plan.count = pictures * winograd->height * winograd->width / 4;
  init_side(winograd, pictures, winograd->channels / LANES, deep, large);
  init_side(winograd, pictures, wide / LANES, wide, small);
  large->points = room;
  small->points = large->points + TSL__POINTS * large->out.point;
  plan.of_weight = small->points + TSL__POINTS * small->out.point;
  large->pairs = plan.of_weight + weight_count(winograd);
  small->pairs = large->pairs + (plan.count + 1) / 2 * deep;
  return plan;
}

size_t tsl__winograd_room_floats(const struct tsl__winograd *winograd) {
  static float start; /* of a room that is only measured */
  struct plan plan = make_plan(winograd, winograd->group, &start);
  float *end = winograd->bfloat16
                   ? plan.sides[SMALL].pairs + (plan.count + 1) / 2 * winograd->filters
                   : plan.sides[LARGE].pairs;
  return (size_t)(end - &start);
}

/* ---- weights ---- */

/* G w G' of one phase with G = ((1, 0), (1, 1), (0, 1)), of one row of the weight. w:
 * taps `tap` apart; out: (9, outer), `point` apart */
TSL__VECTOR static void open_row(const float *restrict w, int64_t tap, int64_t outer,
                                 float *restrict out, int64_t point) {
  for (int64_t o = 0; o < outer; o++) {
    float a = w[o], b = w[o + 2 * tap], d = w[o + 8 * tap], e = w[o + 10 * tap];
    out[o] = a;
    out[o + point] = a + b;
    out[o + 2 * point] = b;
    out[o + 3 * point] = a + d;
    out[o + 4 * point] = (a + b) + (d + e);
    out[o + 5 * point] = b + e;
    out[o + 6 * point] = d;
    out[o + 7 * point] = d + e;
    out[o + 8 * point] = e;
  }
}

/* The taps (0, 0), (0, 1), (1, 0), (1, 1) of a phase that each of its nine points adds.
 */
static const struct {
  int count, taps[4];
} sums_of_taps[TSL__POINTS] = {{1, {0}},    {2, {0, 1}},       {1, {1}},
                               {2, {0, 2}}, {4, {0, 1, 2, 3}}, {2, {1, 3}},
                               {1, {2}},    {2, {2, 3}},       {1, {3}}};

/* What open_row does, one point of some rows. taps: (rows, outer) each; out: (rows of
 * `step`) */
TSL__VECTOR static void open_point(int count, const float *const taps[4], int64_t rows,
                                   int64_t outer, float *restrict out, int64_t step) {
  for (int64_t r = 0; r < rows; r++) {
    const float *a = taps[0] + r * outer;
    const float *b = taps[1] + r * outer;
    float *to = out + r * step;
    if (count == 1) {
      for (int64_t o = 0; o < outer; o++)
        to[o] = a[o];
    } else if (count == 2) {
      for (int64_t o = 0; o < outer; o++)
        to[o] = a[o] + b[o];
    } else {
      const float *d = taps[2] + r * outer, *e = taps[3] + r * outer;
      for (int64_t o = 0; o < outer; o++)
        to[o] = (a[o] + b[o]) + (d[o] + e[o]);
    }
  }
}

/* One phase of all. weight: (4, 4, inner, outer); out: (9, inner rows of `step`), or of
 * half as many pairs, points `point` apart. Points lie a multiple of 4 KiB apart, where
 * nine that are written together drive each other from the first cache: hence a few rows
 * of one point, then of the next. */
static void open_phase(const float *weight, int64_t inner, int64_t outer, int64_t phase,
                       float *out, int64_t point, int64_t step) {
  const int64_t some = 8, tap = inner * outer;
  const float *at = weight + (phase / 2 * 4 + phase % 2) * tap;
  for (int64_t c = 0; c < inner; c += some) {
    int64_t rows = inner - c < some ? inner - c : some;
    const float *first = at + c * outer;
    const float *const all[] = {first, first + 2 * tap, first + 8 * tap,
                                first + 10 * tap};
    for (int p = 0; p < TSL__POINTS; p++) {
      const float *taps[4];
      for (int k = 0; k < 4; k++) /* those beyond the count are not read */
        taps[k] = all[sums_of_taps[p].taps[k]];
      open_point(sums_of_taps[p].count, taps, rows, outer, out + p * point + c * step,
                 step);
    }
  }
}

enum { PIECE = 64 }; /* of a row that is worked on at once */

static void open_phase_pairs(const float *weight, int64_t inner, int64_t outer,
                             int64_t phase, float *out, int64_t point, int64_t step) {
  const int64_t tap = inner * outer;
  const float *at = weight + (phase / 2 * 4 + phase % 2) * tap;
  _Alignas(64) float rows[2][TSL__POINTS * PIECE];
  for (int64_t c = 0; c < inner; c += 2) {
    for (int64_t o = 0; o < outer; o += PIECE) {
      int64_t count = outer - o < PIECE ? outer - o : PIECE;
      open_row(at + c * outer + o, tap, count, rows[0], PIECE);
      open_row(at + (c + 1) * outer + o, tap, count, rows[1], PIECE);
      for (int64_t p = 0; p < TSL__POINTS; p++)
        tsl__pairs_across(rows[0] + p * PIECE, rows[1] + p * PIECE, count,
                          out + p * point + c / 2 * step + o);
    }
  }
}

static void open_weight(const struct tsl__winograd *winograd, const float *weight,
                        int64_t inner, int64_t outer, bool phases_deep, float *out) {
  const int64_t half = winograd->bfloat16 ? 2 : 1;
  const int64_t point = TSL__PHASES * inner * outer / half;
  const int64_t step = phases_deep ? outer : TSL__PHASES * outer;
  for (int64_t phase = 0; phase < TSL__PHASES; phase++) {
    float *to = out + phase * (phases_deep ? inner * outer / half : outer);
    if (winograd->bfloat16)
      open_phase_pairs(weight, inner, outer, phase, to, point, step);
    else
      open_phase(weight, inner, outer, phase, to, point, step);
  }
}

void tsl__winograd_gathering_weight(const struct tsl__winograd *winograd,
                                    const float *weight, float *out) {
  open_weight(winograd, weight, winograd->channels, winograd->filters,
              /*phases_deep=*/true, out);
}

void tsl__winograd_spreading_weight(const struct tsl__winograd *winograd,
                                    const float *weight, float *turned, float *out) {
  int64_t inner = winograd->filters, outer = winograd->channels;
  for (int64_t tap = 0; tap < 16; tap++)
    tsl__transpose(weight + tap * inner * outer, outer, inner,
                   turned + tap * inner * outer);
  open_weight(winograd, turned, inner, outer, /*phases_deep=*/false, out);
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

/* to = from weight; weight: transformed, for that direction */
static void carry_point(const struct tsl__winograd *winograd, const struct plan *plan,
                        int from, const float *weight, int64_t p) {
  const struct side *a = &plan->sides[from], *c = &plan->sides[1 - from];
  const int64_t deep = a->in.tile, wide = c->out.tile;
  const struct tsl__product product = {.rows = plan->count,
                                       .columns = wide,
                                       .depth = deep,
                                       .a_row = deep,
                                       .a_depth = 1,
                                       .b_row = wide,
                                       .c_row = wide,
                                       .pairs = winograd->bfloat16};
  tsl__multiply(&product, a->points + p * a->in.point, weight + p * deep * wide,
                c->points + p * c->out.point);
}

/* One point of a side as a factor of the weight's gradient: pairs of tiles in bfloat16.
 */
static const float *factor_point(const struct tsl__winograd *winograd,
                                 const struct plan *plan, int which, int64_t p) {
  const struct side *side = &plan->sides[which];
  const float *point = side->points + p * side->in.point;
  if (!winograd->bfloat16)
    return point;
  tsl__pairs_turn(point, plan->count, side->in.tile, side->pairs);
  return side->pairs;
}

/* weight += large' small */
static void weigh_point(const struct tsl__winograd *winograd, const struct plan *plan,
                        int64_t p, bool add) {
  const int64_t tall = TSL__PHASES * winograd->channels, wide = winograd->filters;
  const struct tsl__product product = {.rows = tall,
                                       .columns = wide,
                                       .depth = winograd->bfloat16 ? (plan->count + 1) / 2
                                                                   : plan->count,
                                       .a_row = 1,
                                       .a_depth = tall,
                                       .b_row = wide,
                                       .c_row = wide,
                                       .add = add,
                                       .pairs = winograd->bfloat16};
  const float *large = factor_point(winograd, plan, LARGE, p);
  const float *small = factor_point(winograd, plan, SMALL, p);
  tsl__multiply(&product, large, small, plan->of_weight + p * tall * wide);
}

/* ---- passes ---- */

/* Pictures [first, first + count) of a group. */
struct span {
  int64_t first, count;
  int64_t at[SIDES]; /* floats */
};

static bool next_span(const struct tsl__winograd *winograd, struct span *span) {
  span->first += span->count;
  int64_t left = winograd->rows - span->first;
  span->count = left < winograd->group ? left : winograd->group;
  int64_t plane = winograd->height * winograd->width;
  span->at[LARGE] = span->first * winograd->channels * 4 * plane;
  span->at[SMALL] = span->first * winograd->filters * plane;
  return left > 0;
}

static void from_pictures(const struct plan *plan, int which, const float *pictures) {
  const struct side *side = &plan->sides[which];
  if (which == LARGE)
    tsl__tiles_from_large(&side->in, pictures, side->points);
  else
    tsl__tiles_from_small(&side->in, pictures, side->points);
}

static void to_pictures(const struct plan *plan, int which,
                        const struct tsl__tiles_finish *finish, float *pictures) {
  const struct side *side = &plan->sides[which];
  if (which == LARGE)
    tsl__tiles_to_large(&side->out, side->points, finish, pictures);
  else
    tsl__tiles_to_small(&side->out, side->points, finish, pictures);
}

static void run_pass(const struct tsl__winograd *winograd,
                     const struct tsl__winograd_pass *pass, int from, const float *in,
                     float *out) {
  const struct tsl__tiles_finish finish = {pass->bias, pass->relu};
  struct span span = {0};
  while (next_span(winograd, &span)) {
    struct plan plan = make_plan(winograd, span.count, pass->room);
    from_pictures(&plan, from, in + span.at[from]);
    for (int64_t p = 0; p < TSL__POINTS; p++)
      carry_point(winograd, &plan, from, pass->weight, p);
    to_pictures(&plan, 1 - from, &finish, out + span.at[1 - from]);
  }
}

void tsl__winograd_gather(const struct tsl__winograd *winograd,
                          const struct tsl__winograd_pass *pass, const float *large,
                          float *small) {
  run_pass(winograd, pass, LARGE, large, small);
}

void tsl__winograd_spread(const struct tsl__winograd *winograd,
                          const struct tsl__winograd_pass *pass, const float *small,
                          float *large) {
  run_pass(winograd, pass, SMALL, small, large);
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
  int64_t at = span->at[large ? LARGE : SMALL];
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
  const int to = pass->grad_large != NULL ? LARGE : SMALL;
  float *const result = to == LARGE ? pass->grad_large : pass->grad_small;
  struct span span = {0};
  while (next_span(winograd, &span)) {
    struct plan plan = make_plan(winograd, span.count, pass->room);
    enter_gradient(winograd, pass, &span);
    from_pictures(&plan, LARGE, pass->large + span.at[LARGE]);
    from_pictures(&plan, SMALL, pass->small + span.at[SMALL]);
    for (int64_t p = 0; p < TSL__POINTS; p++) {
      /* What is overwritten next is still in the cache. */
      weigh_point(winograd, &plan, p, span.first > 0);
      if (result != NULL)
        carry_point(winograd, &plan, 1 - to, pass->weight, p);
    }
    if (result != NULL)
      to_pictures(&plan, to, &bare, result + span.at[to]);
  }
  close_weight(winograd, make_plan(winograd, winograd->group, pass->room).of_weight,
               pass->grad_weight);
}
