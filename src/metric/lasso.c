#include "metric/lasso.h"

#include <string.h>

/* Below 1e-10, as scores.md asks, with a margin for collinear predictors, whose
 * coefficients amplify the rest; a lane that cannot come there ends at SWEEPS. */
static const double TIGHT = 1e-13, LOOSE = 1e-10;
enum { SWEEPS = 100000, LANES = TSL__LASSO_LANES, TOGETHER = TSL__LASSO_TOGETHER };

/* Vectors are passed between functions that are always inlined only. */
#pragma GCC diagnostic ignored "-Wpsabi"

typedef double lanes __attribute__((vector_size(64), aligned(8), may_alias));
typedef int64_t masks __attribute__((vector_size(64), aligned(8), may_alias));

struct problem {
  const double *gram; /* (count, count) */
  int64_t count;
  double penalty;
  double *weights;   /* (count, vectors, LANES) */
  double *residuals; /* (count, vectors, LANES): X'(y - X w)/n */
};

#define INLINE static inline __attribute__((always_inline))

INLINE lanes choose(masks where, lanes a, lanes b) {
  return (lanes)(((masks)a & where) | ((masks)b & ~where));
}

INLINE lanes magnitude(lanes x) {
  return (lanes)((masks)x & INT64_MAX);
}

/* One sweep over the coefficients of the active lanes. The number of vectors is known
 * when compiled, here and below. */
INLINE void sweep(const struct problem *p, const int vectors, const masks *active) {
  lanes *w = (lanes *)p->weights, *g = (lanes *)p->residuals;
  for (int64_t k = 0; k < p->count; k++) {
    const double *row = p->gram + k * p->count;
    double own = row[k];
    if (own == 0) /* constant, or left out */
      continue;
    lanes change[TOGETHER];
#pragma GCC unroll 4
    for (int v = 0; v < vectors; v++) {
      lanes old = w[k * vectors + v];
      lanes z = g[k * vectors + v] + own * old;
      lanes size = magnitude(z) - p->penalty;
      size = (lanes)((masks)size & (size > 0));
      lanes next = (lanes)((masks)size | ((masks)z & INT64_MIN)) / own;
      next = choose(active[v], next, old);
      change[v] = next - old;
      w[k * vectors + v] = next;
    }
    for (int64_t m = 0; m < p->count; m++) {
#pragma GCC unroll 4
      for (int v = 0; v < vectors; v++)
        g[m * vectors + v] -= row[m] * change[v];
    }
  }
}

/* The largest violation of the optimality conditions in each lane of vector v. */
INLINE lanes violation(const struct problem *p, const int vectors, int v) {
  const lanes *w = (const lanes *)p->weights + v, *g = (const lanes *)p->residuals + v;
  lanes worst = {0};
  for (int64_t k = 0; k < p->count * vectors; k += vectors) {
    lanes sign = (lanes)(((masks)w[k] & INT64_MIN) | (masks)(p->penalty + (lanes){0}));
    lanes at_zero = magnitude(g[k]) - p->penalty;
    lanes off_zero = magnitude(g[k] - sign);
    lanes here = choose(w[k] == 0, at_zero, off_zero);
    worst = choose(here > worst, here, worst);
  }
  return worst;
}

INLINE bool solve(const struct problem *p, const int vectors) {
  masks active[TOGETHER];
  lanes worst[TOGETHER];
  for (int v = 0; v < vectors; v++)
    active[v] = ~(masks){0};
  for (int step = 0; step < SWEEPS; step++) {
    sweep(p, vectors, active);
    masks any = {0};
#pragma GCC unroll 4
    for (int v = 0; v < vectors; v++) {
      worst[v] = violation(p, vectors, v);
      active[v] &= worst[v] > TIGHT;
      any |= active[v];
    }
    int64_t left = 0;
    for (int t = 0; t < LANES; t++)
      left |= any[t];
    if (left == 0)
      return true;
  }
  for (int v = 0; v < vectors; v++)
    for (int t = 0; t < LANES; t++)
      if (worst[v][t] > LOOSE)
        return false;
  return true;
}

INLINE bool solve_any(const struct problem *p, int vectors) {
  return vectors == 4 ? solve(p, 4) : vectors == 2 ? solve(p, 2) : solve(p, 1);
}

#if defined(__x86_64__)
__attribute__((target("avx512f,avx512dq"))) static bool
solve_avx512(const struct problem *p, int vectors) {
  return solve_any(p, vectors);
}
__attribute__((target("avx2"))) static bool solve_avx2(const struct problem *p,
                                                       int vectors) {
  return solve_any(p, vectors);
}
#endif
static bool solve_plain(const struct problem *p, int vectors) {
  return solve_any(p, vectors);
}

static bool solve_fastest(const struct problem *p, int vectors) {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq"))
    return solve_avx512(p, vectors);
  if (__builtin_cpu_supports("avx2"))
    return solve_avx2(p, vectors);
#endif
  return solve_plain(p, vectors);
}

/* `vectors` panels of targets, from the first on. */
static bool solve_panels(const struct problem *p, const double *moments, int vectors,
                         int64_t stride, double *out) {
  int64_t count = p->count, width = vectors * LANES;
  memset(p->weights, 0, (size_t)(count * width) * sizeof(double));
  for (int64_t a = 0; a < count; a++) {
    double *residuals = p->residuals + a * width;
    if (p->gram[a * count + a] > 0)
      memcpy(residuals, moments + a * stride, (size_t)width * sizeof(double));
    else
      memset(residuals, 0, (size_t)width * sizeof(double));
  }
  bool settled = solve_fastest(p, vectors);
  for (int64_t a = 0; a < count; a++)
    for (int64_t t = 0; t < width; t++)
      out[a * stride + t] = __builtin_fabs(p->weights[a * width + t]);
  return settled;
}

bool tsl__lasso(const double *gram, int64_t count, const double *moments, int64_t panels,
                int64_t stride, double penalty, double *scratch, double *out) {
  const struct problem problem = {gram, count, penalty, scratch,
                                  scratch + count * TOGETHER * LANES};
  bool settled = true;
  for (int64_t panel = 0; panel < panels;) {
    int64_t left = panels - panel;
    int vectors = left >= 4 ? 4 : left >= 2 ? 2 : 1;
    int64_t at = panel * LANES;
    settled = solve_panels(&problem, moments + at, vectors, stride, out + at) && settled;
    panel += vectors;
  }
  return settled;
}
