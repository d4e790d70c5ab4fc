/* Samples of each component (Dilokthanakul et al. 2016, figures 5 and 6). */
#include "report/report_mixture.h"

#include "teasel/arena.h"
#include "teasel/random.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { COLUMNS = 10 };

/* Pictures only: what points of the plane are like is shown by their density. */
static bool draws_pictures(const struct tsl__mixture_painter *painter) {
  return painter->out->shape.rank == 3;
}

static enum tsl_status decode_into(const struct tsl__mixture_painter *painter,
                                   const float *codes, int columns,
                                   struct tsl__component_pictures *out,
                                   struct tsl_error *err) {
  const int64_t rows = (int64_t)painter->out->rows * columns;
  TSL_TRY(tsl_allocate((void **)&out->samples, (size_t)rows * painter->sample,
                       sizeof(float), err));
  TSL_TRY(tsl__mixture_decode(painter, codes, rows, out->samples, err));
  out->columns = columns;
  return TSL_OK;
}

/* Each component's mean at w = 0, then draws from it. mean, log_variance: (components,
 * latent); codes: (rows, COLUMNS, latent) */
static void draw_codes(const struct tsl__mixture_painter *painter, const float *mean,
                       const float *log_variance, float *codes) {
  const struct tsl_stream stream = {(uint64_t)painter->run->options.seed,
                                    TSL_PURPOSE_REPORT, 1};
  const size_t latent = (size_t)painter->latent;
  for (int64_t k = 0; k < painter->out->rows; k++)
    for (int c = 0; c < COLUMNS; c++) {
      float *code = codes + (size_t)(k * COLUMNS + c) * latent;
      const float *m = mean + (size_t)k * latent, *v = log_variance + (size_t)k * latent;
      memset(code, 0, latent * sizeof *code);
      if (c > 0)
        tsl_random_normal(&stream, (uint64_t)k, (uint32_t)c, latent, code);
      for (size_t a = 0; a < latent; a++)
        code[a] = m[a] + code[a] * expf(v[a] / 2);
    }
}

/* Numbers of the traversal of w. */
struct turning {
  float *w;                   /* (2 latent_w, latent_w), then (steps, latent_w) */
  float *mean, *log_variance; /* (rows of w, components, latent) */
};

/* The one of w whose way from -range to range moves the components' means farthest. */
static enum tsl_status find_turned(struct tsl__mixture_painter *painter,
                                   const struct turning *turning, struct tsl_error *err) {
  const int64_t n = painter->latent_w;
  const size_t all = (size_t)(painter->components * painter->latent);
  const float range = (float)painter->out->range;
  double most = -1;
  for (int64_t d = 0; d < n; d++) {
    turning->w[2 * d * n + d] = -range;
    turning->w[(2 * d + 1) * n + d] = range;
  }
  TSL_TRY(tsl__mixture_components(painter, turning->w, 2 * n, turning->mean,
                                  turning->log_variance, err));
  for (int64_t d = 0; d < n; d++) {
    const float *from = turning->mean + (size_t)(2 * d) * all, *to = from + all;
    double squares = 0;
    for (size_t i = 0; i < all; i++)
      squares += (double)(to[i] - from[i]) * (double)(to[i] - from[i]);
    if (squares > most) {
      most = squares;
      painter->out->turned = d;
    }
  }
  return TSL_OK;
}

static enum tsl_status traverse(struct tsl__mixture_painter *painter, int steps,
                                struct tsl_error *err) {
  const int64_t n = painter->latent_w, rows = 2 * n > steps ? 2 * n : steps;
  const size_t latent = (size_t)painter->latent;
  const size_t all = (size_t)painter->components * latent;
  struct turning turning = {0};
  float *codes = NULL; /* (components, steps, latent) */
  enum tsl_status status =
      tsl_allocate((void **)&turning.w, (size_t)(rows * n), sizeof(float), err);
  if (status == TSL_OK)
    status = tsl_allocate((void **)&turning.mean, (size_t)rows * all, sizeof(float), err);
  if (status == TSL_OK)
    status = tsl_allocate((void **)&turning.log_variance, (size_t)rows * all,
                          sizeof(float), err);
  if (status == TSL_OK)
    status = tsl_allocate((void **)&codes, (size_t)steps * all, sizeof(float), err);
  if (status == TSL_OK)
    status = find_turned(painter, &turning, err);
  if (status != TSL_OK)
    goto done;
  memset(turning.w, 0, (size_t)(rows * n) * sizeof(float));
  for (int s = 0; s < steps; s++)
    turning.w[s * n + painter->out->turned] =
        (float)(painter->out->range * (steps > 1 ? 2.0 * s / (steps - 1) - 1 : 0));
  status = tsl__mixture_components(painter, turning.w, steps, turning.mean,
                                   turning.log_variance, err);
  if (status != TSL_OK)
    goto done;
  for (size_t k = 0; k < (size_t)painter->out->rows; k++)
    for (size_t s = 0; s < (size_t)steps; s++)
      memcpy(codes + (k * (size_t)steps + s) * latent,
             turning.mean + s * all + k * latent, latent * sizeof *codes);
  status = decode_into(painter, codes, steps, &painter->out->traversed, err);
done:
  free(turning.w);
  free(turning.mean);
  free(turning.log_variance);
  free(codes);
  return status;
}

enum tsl_status tsl__mixture_draw(struct tsl__mixture_painter *painter, int steps,
                                  struct tsl_error *err) {
  const size_t all = (size_t)(painter->components * painter->latent);
  float *w = NULL, *parameters = NULL, *codes = NULL;
  if (!draws_pictures(painter))
    return TSL_OK;
  enum tsl_status status =
      tsl_allocate((void **)&w, (size_t)painter->latent_w, sizeof *w, err);
  if (status == TSL_OK)
    status = tsl_allocate((void **)&parameters, 2 * all, sizeof(float), err);
  if (status == TSL_OK)
    status = tsl_allocate((void **)&codes, COLUMNS * all, sizeof(float), err);
  if (status == TSL_OK)
    status = tsl__mixture_components(painter, w, 1, parameters, parameters + all, err);
  if (status == TSL_OK) {
    draw_codes(painter, parameters, parameters + all, codes);
    status = decode_into(painter, codes, COLUMNS, &painter->out->drawn, err);
  }
  if (status == TSL_OK)
    status = traverse(painter, steps, err);
  free(w);
  free(parameters);
  free(codes);
  return status;
}
