#include "metric/lasso.h"

#include <string.h>

/* Below 1e-10, as scores.md asks, with a margin for collinear predictors, whose
 * coefficients amplify the rest; a lane that cannot come there ends at SWEEPS. */
static const double TIGHT = 1e-13, LOOSE = 1e-10;
enum { SWEEPS = 100000, LANES = TSL__LASSO_LANES };

/* Vectors are passed between functions that are always inlined only. */
#pragma GCC diagnostic ignored "-Wpsabi"

typedef double lanes __attribute__((vector_size(64), aligned(8), may_alias));
typedef int64_t masks __attribute__((vector_size(64), aligned(8), may_alias));

struct problem {
  const double *gram; /* (count, count) */
  int64_t count;
  double penalty;
  double *weights;   /* (count, LANES) */
  double *residuals; /* (count, LANES): X'(y - X w)/n */
};

static inline __attribute__((always_inline)) lanes choose(masks where, lanes a, lanes b) {
  return (lanes)(((masks)a & where) | ((masks)b & ~where));
}

static inline __attribute__((always_inline)) lanes magnitude(lanes x) {
  return (lanes)((masks)x & INT64_MAX);
}

/* One sweep over the coefficients of the active lanes. */
static inline __attribute__((always_inline)) void sweep(const struct problem *p,
                                                        masks active) {
  lanes *w = (lanes *)p->weights, *g = (lanes *)p->residuals;
  for (int64_t k = 0; k < p->count; k++) {
    const double *row = p->gram + k * p->count;
    double own = row[k];
    if (own == 0) /* constant, or left out */
      continue;
    lanes z = g[k] + own * w[k];
    lanes size = magnitude(z) - p->penalty;
    size = (lanes)((masks)size & (size > 0));
    lanes next = (lanes)((masks)size | ((masks)z & INT64_MIN)) / own;
    next = choose(active, next, w[k]);
    lanes change = next - w[k];
    w[k] = next;
    for (int64_t m = 0; m < p->count; m++)
      g[m] -= row[m] * change;
  }
}

/* The largest violation of the optimality conditions in each lane. */
static inline __attribute__((always_inline)) lanes violation(const struct problem *p) {
  const lanes *w = (const lanes *)p->weights, *g = (const lanes *)p->residuals;
  lanes worst = {0};
  for (int64_t k = 0; k < p->count; k++) {
    lanes sign = (lanes)(((masks)w[k] & INT64_MIN) | (masks)(p->penalty + (lanes){0}));
    lanes at_zero = magnitude(g[k]) - p->penalty;
    lanes off_zero = magnitude(g[k] - sign);
    lanes here = choose(w[k] == 0, at_zero, off_zero);
    worst = choose(here > worst, here, worst);
  }
  return worst;
}

static inline __attribute__((always_inline)) bool solve(const struct problem *p) {
  masks active = (masks)((lanes){0} == 0);
  lanes worst = {0};
  for (int step = 0; step < SWEEPS; step++) {
    sweep(p, active);
    worst = violation(p);
    active &= worst > TIGHT;
    int64_t any = 0;
    for (int t = 0; t < LANES; t++)
      any |= active[t];
    if (any == 0)
      return true;
  }
  for (int t = 0; t < LANES; t++)
    if (worst[t] > LOOSE)
      return false;
  return true;
}

#if defined(__x86_64__)
__attribute__((target("avx512f,avx512dq"))) static bool
solve_avx512(const struct problem *p) {
  return solve(p);
}
__attribute__((target("avx2"))) static bool solve_avx2(const struct problem *p) {
  return solve(p);
}
#endif
static bool solve_plain(const struct problem *p) {
  return solve(p);
}

static bool solve_fastest(const struct problem *p) {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq"))
    return solve_avx512(p);
  if (__builtin_cpu_supports("avx2"))
    return solve_avx2(p);
#endif
  return solve_plain(p);
}

bool tsl__lasso(const double *gram, int64_t count, const double *moments, int64_t stride,
                double penalty, double *scratch, double *out) {
  struct problem problem = {gram, count, penalty, scratch, scratch + count * LANES};
  memset(problem.weights, 0, (size_t)(count * LANES) * sizeof(double));
  for (int64_t a = 0; a < count; a++) {
    if (gram[a * count + a] > 0)
      memcpy(problem.residuals + a * LANES, moments + a * stride, LANES * sizeof(double));
    else
      memset(problem.residuals + a * LANES, 0, LANES * sizeof(double));
  }
  bool settled = solve_fastest(&problem);
  for (int64_t a = 0; a < count; a++)
    for (int t = 0; t < LANES; t++)
      out[a * stride + t] = __builtin_fabs(problem.weights[a * LANES + t]);
  return settled;
}
