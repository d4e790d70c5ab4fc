#include "nn/winograd_tiles.h"

#include "nn/wide.h"
#include "teasel/status.h"

#if TSL__WIDE_BUILT

enum { LANES = 16 };

typedef __m512 vector;

TSL__WIDE_INLINE vector load(const float *from) {
  return _mm512_load_ps(from);
}

/* One vector of a point; in bfloat16 half as long. */
TSL__WIDE_INLINE void put_point(float *to, vector x, bool halves) {
  if (halves)
    _mm256_store_si256((__m256i *)(void *)to, (__m256i)_mm512_cvtneps_pbh(x));
  else
    _mm512_store_ps(to, x);
}

static const _Alignas(64) float nothing[LANES];

/* A row of pixels, or of zeros beyond the picture. */
struct row {
  const float *at;
  int64_t step; /* floats from pixel to pixel */
};

/* (d0 - d1, d1, d2 - d1) down column x of three rows of one phase. */
TSL__WIDE_INLINE void down(const struct row *rows, int64_t x, vector *out) {
  vector a = load(rows[0].at + x * rows[0].step);
  vector b = load(rows[1].at + x * rows[1].step);
  vector c = load(rows[2].at + x * rows[2].step);
  out[0] = _mm512_sub_ps(a, b);
  out[1] = b;
  out[2] = _mm512_sub_ps(c, b);
}

/* The same along the rows, for the tiles of one row of tiles; a tile's last column is the
 * next one's first. odd: of the phase's columns, 0 or 1 */
TSL__WIDE_INLINE void open_strip(const struct tsl__tiles *tiles, const struct row *rows,
                                 int odd, float *to, bool halves) {
  const int64_t count = tiles->width / 2, point = tiles->point;
  vector first[3] = {_mm512_setzero_ps(), _mm512_setzero_ps(), _mm512_setzero_ps()};
  if (odd)
    down(rows, 0, first);
  for (int64_t t = 0; t < count; t++, to += tiles->tile) {
    vector middle[3], last[3];
    down(rows, 4 * t + 1 + odd, middle);
    if (odd && t + 1 == count)
      last[0] = last[1] = last[2] = _mm512_setzero_ps();
    else
      down(rows, 4 * t + 3 + odd, last);
#pragma GCC unroll 3
    for (int i = 0; i < 3; i++) {
      put_point(to + (3 * i) * point, _mm512_sub_ps(first[i], middle[i]), halves);
      put_point(to + (3 * i + 1) * point, middle[i], halves);
      put_point(to + (3 * i + 2) * point, _mm512_sub_ps(last[i], middle[i]), halves);
      first[i] = last[i];
    }
  }
}

/* The four phases of one block of one row of tiles. */
TSL__WIDE_INLINE void open_strips(const struct tsl__tiles *tiles, const float *plane,
                                  int64_t ti, float *to, bool halves) {
  const int64_t height = 2 * tiles->height, width = 2 * tiles->width;
  const int64_t phase = tiles->blocks * (halves ? LANES / 2 : LANES);
  for (int64_t odd = 0; odd < 2; odd++) {
    struct row rows[3];
    for (int64_t i = 0; i < 3; i++) {
      int64_t y = 4 * ti + 2 * i + odd - 1;
      bool inside = y >= 0 && y < height;
      rows[i].at = inside ? plane + y * width * LANES : nothing;
      rows[i].step = inside ? LANES : 0;
    }
    open_strip(tiles, rows, 0, to + 2 * odd * phase, halves);
    open_strip(tiles, rows, 1, to + (2 * odd + 1) * phase, halves);
  }
}

TSL__WIDE_INLINE void from_large(const struct tsl__tiles *tiles, const float *large,
                                 float *points, bool halves) {
  const int64_t plane = 4 * tiles->height * tiles->width * LANES;
  const int64_t lanes = halves ? LANES / 2 : LANES;
  for (int64_t n = 0; n < tiles->pictures; n++) {
    for (int64_t ti = 0; ti < tiles->height / 2; ti++) {
      for (int64_t b = 0; b < tiles->blocks; b++)
        open_strips(tiles, large + (n * tiles->blocks + b) * plane, ti,
                    points + b * lanes, halves);
      points += tiles->width / 2 * tiles->tile;
    }
  }
}

TSL__WIDE void tsl__tiles_from_large(const struct tsl__tiles *tiles, const float *large,
                                     float *points) {
  if (tiles->bfloat16)
    from_large(tiles, large, points, /*halves=*/true);
  else
    from_large(tiles, large, points, /*halves=*/false);
}

TSL__WIDE_INLINE vector finished(vector x, vector bias, bool relu) {
  x = _mm512_add_ps(x, bias);
  return relu ? _mm512_max_ps(x, _mm512_setzero_ps()) : x;
}

/* Where the tiles of one row of tiles have a point, or zeros beyond the picture. */
struct line {
  const float *at[3];
  int64_t step;
};

TSL__WIDE_INLINE struct line line_at(const struct tsl__tiles *tiles, const float *points,
                                     int64_t n, int64_t ti, int64_t first) {
  struct line line = {{nothing, nothing, nothing}, 0};
  if (ti < 0 || ti >= tiles->height / 2)
    return line;
  int64_t tile = (n * (tiles->height / 2) + ti) * (tiles->width / 2);
  for (int64_t j = 0; j < 3; j++)
    line.at[j] = points + (first + j) * tiles->point + tile * tiles->tile;
  line.step = tiles->tile;
  return line;
}

TSL__WIDE_INLINE void put(float *row, int64_t x, int64_t width, vector value, vector bias,
                          bool relu) {
  if (row != NULL && x >= 0 && x < width)
    _mm512_store_ps(row + x * LANES, finished(value, bias, relu));
}

/* Pixels 2 ti and 2 ti + 1 of one phase's columns: n0 + the n2 of the tile before, and n1
 * - n0 - n2, down the columns and then along the rows. */
struct strip {
  struct line above, here[3];
  float *row[2];         /* of large, at column 0; NULL: outside */
  int64_t width, column; /* of large; the phase's first: -1 or 0 */
  int64_t count;         /* tiles */
};

TSL__WIDE_INLINE void spread_strip(const struct strip *strip, vector bias, bool relu) {
  vector carried[2] = {_mm512_setzero_ps(), _mm512_setzero_ps()};
  for (int64_t t = 0; t < strip->count; t++) {
    vector column[2][3];
#pragma GCC unroll 3
    for (int j = 0; j < 3; j++) {
      vector n0 = load(strip->here[0].at[j] + t * strip->here[0].step);
      vector n1 = load(strip->here[1].at[j] + t * strip->here[1].step);
      vector n2 = load(strip->here[2].at[j] + t * strip->here[2].step);
      column[0][j] = _mm512_add_ps(n0, load(strip->above.at[j] + t * strip->above.step));
      column[1][j] = _mm512_sub_ps(n1, _mm512_add_ps(n0, n2));
    }
    int64_t x = strip->column + 4 * t;
    for (int i = 0; i < 2; i++) {
      vector even = _mm512_add_ps(column[i][0], carried[i]);
      vector odd = _mm512_sub_ps(column[i][1], _mm512_add_ps(column[i][0], column[i][2]));
      put(strip->row[i], x, strip->width, even, bias, relu);
      put(strip->row[i], x + 2, strip->width, odd, bias, relu);
      carried[i] = column[i][2];
    }
  }
  for (int i = 0; i < 2; i++)
    put(strip->row[i], strip->column + 4 * strip->count, strip->width, carried[i], bias,
        relu);
}

/* One block of channels of one picture. points: of the block. */
TSL__WIDE_INLINE void spread_plane(const struct tsl__tiles *tiles, const float *points,
                                   int64_t n, vector bias, bool relu, float *plane) {
  const int64_t height = 2 * tiles->height, width = 2 * tiles->width;
  for (int64_t ti = 0; ti <= tiles->height / 2; ti++) {
    for (int64_t phase = 0; phase < TSL__PHASES; phase++) {
      const float *own = points + phase * tiles->blocks * LANES;
      struct strip strip = {.above = line_at(tiles, own, n, ti - 1, 6),
                            .width = width,
                            .column = phase % 2 - 1,
                            .count = tiles->width / 2};
      for (int64_t i = 0; i < 3; i++)
        strip.here[i] = line_at(tiles, own, n, ti, 3 * i);
      for (int64_t i = 0; i < 2; i++) {
        int64_t y = 4 * ti + 2 * i + phase / 2 - 1;
        strip.row[i] = y >= 0 && y < height ? plane + y * width * LANES : NULL;
      }
      spread_strip(&strip, bias, relu);
    }
  }
}

TSL__WIDE void tsl__tiles_to_large(const struct tsl__tiles *tiles, const float *points,
                                   const struct tsl__tiles_finish *finish, float *large) {
  const int64_t plane = 4 * tiles->height * tiles->width * LANES;
  for (int64_t n = 0; n < tiles->pictures; n++) {
    for (int64_t b = 0; b < tiles->blocks; b++) {
      vector bias =
          finish->bias != NULL ? load(finish->bias + b * LANES) : _mm512_setzero_ps();
      spread_plane(tiles, points + b * LANES, n, bias, finish->relu,
                   large + (n * tiles->blocks + b) * plane);
    }
  }
}

/* (y0, y0 + y1, y1) down the columns, then along the rows. */
TSL__WIDE_INLINE void open_tile(const float *from, int64_t row, float *to, int64_t point,
                                bool halves) {
  vector y[3][2];
#pragma GCC unroll 2
  for (int j = 0; j < 2; j++) {
    y[0][j] = load(from + j * LANES);
    y[2][j] = load(from + row + j * LANES);
    y[1][j] = _mm512_add_ps(y[0][j], y[2][j]);
  }
#pragma GCC unroll 3
  for (int i = 0; i < 3; i++) {
    put_point(to + (3 * i) * point, y[i][0], halves);
    put_point(to + (3 * i + 1) * point, _mm512_add_ps(y[i][0], y[i][1]), halves);
    put_point(to + (3 * i + 2) * point, y[i][1], halves);
  }
}

TSL__WIDE_INLINE void from_small(const struct tsl__tiles *tiles, const float *small,
                                 float *points, bool halves) {
  const int64_t row = tiles->width * LANES, plane = tiles->height * row;
  const int64_t lanes = halves ? LANES / 2 : LANES;
  for (int64_t n = 0; n < tiles->pictures; n++) {
    for (int64_t ti = 0; ti < tiles->height / 2; ti++) {
      for (int64_t tj = 0; tj < tiles->width / 2; tj++) {
        for (int64_t b = 0; b < tiles->blocks; b++)
          open_tile(small + (n * tiles->blocks + b) * plane + 2 * ti * row +
                        2 * tj * LANES,
                    row, points + b * lanes, tiles->point, halves);
        points += tiles->tile;
      }
    }
  }
}

TSL__WIDE void tsl__tiles_from_small(const struct tsl__tiles *tiles, const float *small,
                                     float *points) {
  if (tiles->bfloat16)
    from_small(tiles, small, points, /*halves=*/true);
  else
    from_small(tiles, small, points, /*halves=*/false);
}

/* (m0 + m1, m1 + m2) down the columns, then along the rows. */
TSL__WIDE_INLINE void close_tile(const float *from, int64_t point, vector bias, bool relu,
                                 float *to, int64_t row) {
  vector m[2][3];
#pragma GCC unroll 3
  for (int j = 0; j < 3; j++) {
    vector middle = load(from + (3 + j) * point);
    m[0][j] = _mm512_add_ps(load(from + j * point), middle);
    m[1][j] = _mm512_add_ps(middle, load(from + (6 + j) * point));
  }
#pragma GCC unroll 2
  for (int i = 0; i < 2; i++) {
    _mm512_store_ps(to + i * row, finished(_mm512_add_ps(m[i][0], m[i][1]), bias, relu));
    _mm512_store_ps(to + i * row + LANES,
                    finished(_mm512_add_ps(m[i][1], m[i][2]), bias, relu));
  }
}

TSL__WIDE void tsl__tiles_to_small(const struct tsl__tiles *tiles, const float *points,
                                   const struct tsl__tiles_finish *finish, float *small) {
  const int64_t row = tiles->width * LANES, plane = tiles->height * row;
  for (int64_t n = 0; n < tiles->pictures; n++) {
    for (int64_t ti = 0; ti < tiles->height / 2; ti++) {
      for (int64_t tj = 0; tj < tiles->width / 2; tj++) {
        for (int64_t b = 0; b < tiles->blocks; b++) {
          vector bias =
              finish->bias != NULL ? load(finish->bias + b * LANES) : _mm512_setzero_ps();
          close_tile(points + b * LANES, tiles->point, bias, finish->relu,
                     small + (n * tiles->blocks + b) * plane + 2 * ti * row +
                         2 * tj * LANES,
                     row);
        }
        points += tiles->tile;
      }
    }
  }
}

/* One block of one picture. sums: (16) */
TSL__WIDE_INLINE void enter_plane(float *gradient, const float *value, int64_t pixels,
                                  double *sums) {
  __m512d low = _mm512_setzero_pd(), high = _mm512_setzero_pd();
  for (int64_t i = 0; i < pixels; i++) {
    vector g = load(gradient + i * LANES);
    if (value != NULL) {
      __mmask16 above =
          _mm512_cmp_ps_mask(load(value + i * LANES), _mm512_setzero_ps(), _CMP_GT_OQ);
      g = _mm512_maskz_mov_ps(above, g);
      _mm512_store_ps(gradient + i * LANES, g);
    }
    if (sums != NULL) {
      low = _mm512_add_pd(low, _mm512_cvtps_pd(_mm512_castps512_ps256(g)));
      high = _mm512_add_pd(high, _mm512_cvtps_pd(_mm512_extractf32x8_ps(g, 1)));
    }
  }
  if (sums != NULL) {
    _mm512_storeu_pd(sums, _mm512_add_pd(_mm512_loadu_pd(sums), low));
    _mm512_storeu_pd(sums + 8, _mm512_add_pd(_mm512_loadu_pd(sums + 8), high));
  }
}

TSL__WIDE void tsl__tiles_enter_gradient(const struct tsl__tiles_gradient *of) {
  for (int64_t plane = 0; plane < of->pictures * of->blocks; plane++) {
    int64_t at = plane * of->pixels * LANES;
    const float *value = of->value != NULL ? of->value + at : NULL;
    double *sums = of->sums != NULL ? of->sums + plane % of->blocks * LANES : NULL;
    if (value != NULL && sums != NULL)
      enter_plane(of->gradient + at, value, of->pixels, sums);
    else if (value != NULL)
      enter_plane(of->gradient + at, value, of->pixels, NULL);
    else
      enter_plane(of->gradient + at, NULL, of->pixels, sums);
  }
}

#else

void tsl__tiles_enter_gradient(const struct tsl__tiles_gradient *of) {
  (void)of;
  TSL_BUG("tiles need AVX-512");
}

void tsl__tiles_from_large(const struct tsl__tiles *tiles, const float *large,
                           float *points) {
  (void)tiles, (void)large, (void)points;
  TSL_BUG("tiles need AVX-512");
}

void tsl__tiles_to_large(const struct tsl__tiles *tiles, const float *points,
                         const struct tsl__tiles_finish *finish, float *large) {
  (void)tiles, (void)points, (void)finish, (void)large;
  TSL_BUG("tiles need AVX-512");
}

void tsl__tiles_from_small(const struct tsl__tiles *tiles, const float *small,
                           float *points) {
  (void)tiles, (void)small, (void)points;
  TSL_BUG("tiles need AVX-512");
}

void tsl__tiles_to_small(const struct tsl__tiles *tiles, const float *points,
                         const struct tsl__tiles_finish *finish, float *small) {
  (void)tiles, (void)points, (void)finish, (void)small;
  TSL_BUG("tiles need AVX-512");
}

#endif
