/* kernels.h - what the programs share that time our own kernels beside the library's. All
 * print lines `NAME OURS LIBRARY`, microseconds of the core: medians, the two taking
 * turns. What is done once a step (transformed and turned weights) counts with its share
 * of a shard; the library gets its weights in the layout that it likes, for nothing. */
#ifndef TEASEL_BENCH_KERNELS_H
#define TEASEL_BENCH_KERNELS_H

#include "nn/dnnl.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { TURNS = 31, SHARDS = 8, ROWS = 8, LANES = 16 };

static inline double seconds_now(void) {
  struct timespec now;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* Numbers from -0.5 to 0.5 by a small generator (Lehmer's); a whole number of lines. */
static inline float *numbers(size_t count) {
  size_t whole = (count + LANES) / LANES * LANES;
  float *made = aligned_alloc(64, whole * sizeof *made);
  uint64_t state = 1;
  if (made == NULL)
    exit(1);
  for (size_t i = 0; i < whole; i++) {
    state = state * 48271 % 2147483647;
    made[i] = (float)state / 2147483647.0F - 0.5F;
  }
  return made;
}

static inline int by_size(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

struct pair {
  double ours, library; /* microseconds */
};

static inline struct pair take_turns(void (*ours)(void *context),
                                     void (*library)(void *context), void *context) {
  double times[2][TURNS];
  for (int i = -2; i < TURNS; i++) {
    double begun = seconds_now();
    ours(context);
    double middle = seconds_now();
    library(context);
    if (i >= 0) {
      times[0][i] = 1e6 * (middle - begun);
      times[1][i] = 1e6 * (seconds_now() - middle);
    }
  }
  for (int k = 0; k < 2; k++)
    qsort(times[k], TURNS, sizeof times[k][0], by_size);
  return (struct pair){times[0][TURNS / 2], times[1][TURNS / 2]};
}

static inline void print(const char *name, struct pair pair) {
  printf("%s %.2f %.2f\n", name, pair.ours, pair.library);
}

/* ---- oneDNN ---- */

static inline void must(enum tsl_status status, const struct tsl_error *err) {
  if (status == TSL_OK)
    return;
  fprintf(stderr, "kernels: %s\n", err->text);
  exit(1);
}

/* One pass of a layer, with its own weight. */
struct pass {
  struct tsl__kernel kernel;
  float *weight;
};

/* Room that all share; grown while nothing runs. */
static inline void share_room(struct tsl__dnnl *dnnl, size_t bytes) {
  if (bytes > dnnl->scratch_bytes)
    dnnl->scratch_bytes = bytes;
  free(dnnl->scratch);
  dnnl->scratch = numbers(dnnl->scratch_bytes / sizeof(float));
}

static inline struct pass conv_pass(struct tsl__dnnl *dnnl,
                                    const struct tsl__conv_geometry *g,
                                    enum tsl__pass kind, bool bias) {
  struct tsl_error err = {0};
  struct pass pass;
  const int64_t x[] = {g->rows, g->in_channels, g->in_height, g->in_width};
  const int64_t y[] = {g->rows, g->out_channels, g->out_height, g->out_width};
  const int64_t weight[] = {g->out_channels, g->in_channels, g->kernel_height,
                            g->kernel_width};
  /* Blocks where both sides have whole ones; else what oneDNN chooses. */
  bool blocks = g->in_channels % LANES == 0 && g->out_channels % LANES == 0;
  struct tsl__sides sides = {blocks ? tsl__layout_blocked(x) : tsl__layout_any(4, x),
                             tsl__layout_any(4, weight),
                             blocks ? tsl__layout_blocked(y) : tsl__layout_any(4, y)};
  const struct tsl__layer layer = {kind, bias, false};
  must(tsl__kernel_conv(dnnl, &pass.kernel, g, &layer, &sides, &err), &err);
  pass.weight = numbers(tsl__layout_bytes(&sides.weight) / sizeof(float));
  return pass;
}

static inline void pass_release(struct pass *pass) {
  tsl__kernel_release(&pass->kernel);
  free(pass->weight);
}

static inline void run(struct pass *pass, const float *first, const float *second,
                       float *third, float *fourth) {
  tsl__kernel_run(&pass->kernel, (const float *[]){first, second, third, fourth});
}

#endif
