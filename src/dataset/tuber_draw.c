/* A tuber is a lumpy ellipse lit from the upper left on a dark ground. Only + - * / and
 * square roots are used: IEEE 754 rounds them alike everywhere, so the bytes do not
 * depend on the machine. Coordinates: the picture is [-1, 1] x [-1, 1], y down. */
#include "dataset/tuber_draw.h"

#include "dataset/exact.h"
#include "teasel/random.h"

#include <math.h>

enum { HARMONICS = 4, SPOTS_MAX = 6, LATTICE_MAX = 50 };

struct spot {
  double u, v;   /* centre on the unit disc of the body */
  double radius; /* on the unit disc */
};

struct tuber {
  double x, y, cosine, sine; /* centre; direction of the long axis */
  double half_long, half_short;
  double brightness;
  double wave_cosine[HARMONICS], wave_sine[HARMONICS]; /* of the outline's radius */
  double tint;
  int spot_count;
  struct spot spots[SPOTS_MAX];
  uint32_t salt; /* of the texture */
};

/* ---- small exact mathematics ---- */

static double clamp(double value, double low, double high) {
  return value < low ? low : value > high ? high : value;
}

/* 0 below low, 1 above high, smooth between (3 t^2 - 2 t^3). */
static double smooth_step(double low, double high, double value) {
  double t = clamp((value - low) / (high - low), 0, 1);
  return t * t * (3 - 2 * t);
}

/* A hash of lattice points with a salt, to [-1, 1): two rounds of multiply and shift. */
static double lattice(int32_t column, int32_t row, uint32_t salt) {
  uint32_t h = (uint32_t)column * 0x9e3779b1u ^ (uint32_t)row * 0x85ebca77u ^ salt;
  h = (h ^ h >> 15) * 0x2c1b3c6du;
  h = (h ^ h >> 12) * 0x297a2d39u;
  h ^= h >> 15;
  return (double)(h >> 8) * 0x1p-23 - 1.0;
}

/* floor, without a call where the instruction set has none. */
static int32_t below(double value) {
  int32_t whole = (int32_t)value;
  return whole - (whole > value);
}

/* Lattice values of the part of the plane that a picture needs, hashed once. */
struct field {
  int32_t left, top, side;
  double values[LATTICE_MAX * LATTICE_MAX]; /* (side, side) */
};

/* Covers left ... left + side - 1 across, top ... down. */
static void field_init(struct field *field, int32_t left, int32_t top, int32_t side,
                       uint32_t salt) {
  field->left = left;
  field->top = top;
  field->side = side;
  for (int32_t row = 0; row < side; row++)
    for (int32_t column = 0; column < side; column++)
      field->values[row * side + column] = lattice(left + column, top + row, salt);
}

/* Value noise: lattice values, smoothly interpolated; in [-1, 1]. */
static double noise(const struct field *field, double x, double y) {
  int32_t i = below(x), j = below(y), side = field->side;
  double across = smooth_step(0, 1, x - i), down = smooth_step(0, 1, y - j);
  const double *at = field->values + (j - field->top) * side + (i - field->left);
  double top = at[0] * (1 - across) + at[1] * across;
  double bottom = at[side] * (1 - across) + at[side + 1] * across;
  return top * (1 - down) + bottom * down;
}

/* The noises of one picture, from coarse to fine. */
struct texture {
  struct field ground, soft, spots, fine, pores;
};

/* ---- from factors to a body ---- */

static double level_between(double low, double high, int level, int levels) {
  return low + (high - low) * level / (levels - 1);
}

/* Spots on the unit disc, apart from each other where a few tries allow it. */
static void place_spots(struct tuber *tuber, const struct tsl_stream *stream,
                        uint64_t step) {
  uint32_t draw = 0;
  for (int k = 0; k < tuber->spot_count; k++) {
    struct spot *spot = &tuber->spots[k];
    for (int attempt = 0; attempt < 8; attempt++) {
      float values[4];
      tsl_random_uniform(stream, step, 2 + draw++, 4, values);
      double u = 2 * (double)values[0] - 1, v = 2 * (double)values[1] - 1;
      spot->u = 0.72 * u * sqrt(1 - v * v / 2); /* a square pressed into a disc */
      spot->v = 0.72 * v * sqrt(1 - u * u / 2);
      spot->radius = 0.13 + 0.09 * (double)values[2];
      double nearest = 4;
      for (int other = 0; other < k; other++) {
        double du = spot->u - tuber->spots[other].u, dv = spot->v - tuber->spots[other].v;
        double gap = sqrt(du * du + dv * dv) - spot->radius - tuber->spots[other].radius;
        nearest = gap < nearest ? gap : nearest;
      }
      if (nearest > 0.04)
        break;
    }
  }
}

static struct tuber make_tuber(uint64_t seed, const int *levels) {
  static const int counts[] = {
#define XX(name, word, levels) levels,
      TSL__TUBER_FACTOR_MAP(XX)
#undef XX
  };
  struct tuber tuber = {0};
  uint64_t step = 0; /* the factors' place in the grid of all levels */
  for (int k = 0; k < TSL__TUBER_FACTOR_COUNT; k++)
    step = step * (uint64_t)counts[k] + (uint64_t)levels[k];
  struct tsl_stream stream = {.seed = seed, .purpose = TSL_PURPOSE_DATASET, .sub = 1};
  float open[2 * HARMONICS + 4];
  tsl_random_uniform(&stream, step, 0, 2 * HARMONICS + 4, open);
  double at[TSL__TUBER_SPOTS]; /* of the range of each factor */
  for (int k = 0; k < TSL__TUBER_SPOTS; k++)
    at[k] = level_between(0, 1, levels[k], counts[k]);

  double size = 0.40 + 0.18 * at[TSL__TUBER_SIZE]; /* root of the product of half-axes */
  double elongation = 1.05 + 0.70 * at[TSL__TUBER_ELONGATION]; /* their ratio */
  tuber.half_long = size * sqrt(elongation);
  tuber.half_short = size / sqrt(elongation);
  tuber.x = -0.18 + 0.36 * at[TSL__TUBER_X];
  tuber.y = -0.18 + 0.36 * at[TSL__TUBER_Y];
  /* 32 levels of a half turn, from -90 degrees on, none twice. */
  const double half_turn = 3.14159265358979;
  tsl__exact_direction(half_turn * ((double)levels[TSL__TUBER_ROTATION] / 32 - 0.5),
                       &tuber.cosine, &tuber.sine);
  tuber.brightness = 0.62 + 0.56 * at[TSL__TUBER_BRIGHTNESS];
  for (int k = 0; k < HARMONICS; k++) {
    double height = 0.030 / (1 + 0.7 * k);
    tuber.wave_cosine[k] = height * (2 * (double)open[2 * k] - 1);
    tuber.wave_sine[k] = height * (2 * (double)open[2 * k + 1] - 1);
  }
  tuber.tint = 2 * (double)open[2 * HARMONICS] - 1;
  tuber.salt = (uint32_t)((double)open[2 * HARMONICS + 1] * 0x1p24) * 0x9e3779b1u;
  tuber.spot_count = levels[TSL__TUBER_SPOTS];
  place_spots(&tuber, &stream, step);
  return tuber;
}

/* Half-axes are below 0.77 and outlines within a tenth of them, so texture coordinates
 * stay within 0.87 of 0, spots within 1.13 on the unit disc, the ground within 1. */
static void make_texture(const struct tuber *tuber, struct texture *texture) {
  field_init(&texture->ground, 7 - 6, -3 - 6, 13, tuber->salt + 7u);
  field_init(&texture->soft, -7, -7, 15, tuber->salt);
  field_init(&texture->spots, 31 - 9, -17 - 9, 19, tuber->salt + 11u);
  field_init(&texture->fine, -16, -16, 33, tuber->salt + 3u);
  field_init(&texture->pores, -24, -24, 49, tuber->salt + 5u);
}

/* ---- light ---- */

/* 1: skin, 0: the middle of a black spot. */
static double spot_shade(const struct tuber *tuber, const struct texture *texture,
                         double u, double v) {
  double shade = 1;
  for (int k = 0; k < tuber->spot_count; k++) {
    double du = u - tuber->spots[k].u, dv = v - tuber->spots[k].v;
    double radius = tuber->spots[k].radius, distance = sqrt(du * du + dv * dv);
    if (distance > 1.4 * radius) /* beyond the longest rag: 1.12 * 1.22 */
      continue;
    double ragged = 1 + 0.22 * noise(&texture->spots, u * 7 + 31, v * 7 - 17);
    shade *= smooth_step(0.62, 1.12, distance / (radius * ragged));
  }
  return shade;
}

/* Colour of the body at (u, v) of its unit disc, at distance from its outline's middle.
 */
static void skin(const struct tuber *tuber, const struct texture *texture, double u,
                 double v, double distance, double colour[3]) {
  double height = sqrt(1 - distance * distance); /* of the rounded body */
  /* Normal of the ellipsoid, turned into the picture; light from the upper left. */
  double across = u / tuber->half_long, along = v / tuber->half_short;
  double third = height / tuber->half_short;
  double length = sqrt(across * across + along * along + third * third);
  double x = (across * tuber->cosine - along * tuber->sine) / length;
  double y = (across * tuber->sine + along * tuber->cosine) / length;
  double light = -0.42 * x - 0.52 * y + 0.74 * (third / length);
  double shade = 0.30 + 0.72 * clamp(light, 0, 1);
  double wide = u * tuber->half_long, tall = v * tuber->half_short;
  double soft = noise(&texture->soft, wide * 6, tall * 6);
  double fine = noise(&texture->fine, wide * 17, tall * 17);
  double pore = smooth_step(0.55, 0.9, noise(&texture->pores, wide * 26, tall * 26));
  shade *= (1 + 0.07 * soft + 0.05 * fine - 0.10 * pore) * tuber->brightness;
  double black = spot_shade(tuber, texture, u, v);
  static const double brown[3] = {0.76, 0.61, 0.41}, rot[3] = {0.055, 0.045, 0.040};
  static const double tint[3] = {0.010, -0.004, -0.012};
  for (int c = 0; c < 3; c++) {
    double bright = (brown[c] + tint[c] * tuber->tint + 0.02 * soft) * shade;
    colour[c] = black * bright + (1 - black) * rot[c] * (0.5 + shade);
  }
}

/* The ground: dark, a little lighter to the upper left. */
static void ground(const struct texture *texture, double x, double y, double colour[3]) {
  double grain = noise(&texture->ground, x * 5 + 7, y * 5 - 3);
  double light = 0.085 - 0.018 * x - 0.022 * y + 0.010 * grain;
  colour[0] = light;
  colour[1] = light * 1.03;
  colour[2] = light * 1.10;
}

static void colour_at(const struct tuber *tuber, const struct texture *texture, double x,
                      double y, double colour[3]) {
  double dx = x - tuber->x, dy = y - tuber->y;
  double u = (dx * tuber->cosine + dy * tuber->sine) / tuber->half_long;
  double v = (dy * tuber->cosine - dx * tuber->sine) / tuber->half_short;
  double radius = sqrt(u * u + v * v);
  if (radius > 1.2) {
    ground(texture, x, y, colour);
    return;
  }
  /* cos(k t) and sin(k t) of the direction t by the addition theorems. */
  double c = radius > 0 ? u / radius : 1, s = radius > 0 ? v / radius : 0;
  double cosine = c, sine = s, outline = 1;
  for (int k = 0; k < HARMONICS; k++) {
    double turned = cosine * c - sine * s;
    sine = sine * c + cosine * s;
    cosine = turned;
    outline += tuber->wave_cosine[k] * cosine + tuber->wave_sine[k] * sine;
  }
  double distance = radius / outline;
  if (distance < 1)
    skin(tuber, texture, u, v, distance, colour);
  else
    ground(texture, x, y, colour);
}

void tsl__tuber_draw(uint64_t seed, const int levels[TSL__TUBER_FACTOR_COUNT], int size,
                     uint8_t *planes) {
  struct tuber tuber = make_tuber(seed, levels);
  struct texture texture;
  make_texture(&tuber, &texture);
  /* At least 128 samples a side, so that a small picture is the mean of a large one. */
  int fine = size >= 64 ? 2 : (128 + size - 1) / size;
  double step = 2.0 / (size * fine);
  for (int row = 0; row < size; row++) {
    for (int column = 0; column < size; column++) {
      double sum[3] = {0};
      for (int k = 0; k < fine * fine; k++) {
        double colour[3];
        int across = column * fine + k % fine, down = row * fine + k / fine;
        colour_at(&tuber, &texture, (across + 0.5) * step - 1, (down + 0.5) * step - 1,
                  colour);
        for (int c = 0; c < 3; c++)
          sum[c] += colour[c];
      }
      /* The camera's grain, half a per cent. */
      double grain = 0.006 * lattice(column, row, tuber.salt + 13u);
      for (int c = 0; c < 3; c++)
        planes[(c * size + row) * size + column] =
            (uint8_t)(255 * clamp(sum[c] / (fine * fine) + grain, 0, 1) + 0.5);
    }
  }
}
