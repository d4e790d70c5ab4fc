/* optimizer.h - what turns gradients into weights: one file a kind, listed in
 * optimizer_list.h. Elementwise, so that every rank can update its own slice. */
#ifndef TEASEL_NN_OPTIMIZER_H
#define TEASEL_NN_OPTIMIZER_H

#include "teasel/nn.h"

enum { TSL__MOMENTS_MAX = 2 };

/* One update of elements [0, count) of these arrays. */
struct tsl__update {
  const struct tsl_optimizer_options *options;
  int64_t t; /* 1 at the first update */
  size_t count;
  float *weight;                    /* (count) */
  const float *gradient;            /* (count) */
  float *moments[TSL__MOMENTS_MAX]; /* (count) each */
};

struct tsl__optimizer {
  const char *name;
  enum tsl_optimizer_kind kind;
  int moments;                                /* arrays of state, zero at first */
  const char *moment_names[TSL__MOMENTS_MAX]; /* PyTorch's */
  void (*update)(const struct tsl__update *update);
};

struct tsl__optimizer_state {
  const struct tsl__optimizer *optimizer;
  struct tsl_optimizer_options options;
  int64_t t;                        /* updates done */
  float *moments[TSL__MOMENTS_MAX]; /* (trained floats of the graph) each */
  /* After a wide step only the slice of member `index` of `width` is up to date; width 0
   * or 1: all of it. */
  int64_t width, index;
};

/* Updates elements [begin, end) of the graph's trained weights. */
void tsl__optimizer_apply(struct tsl__optimizer_state *state, float *weights,
                          const float *gradient, size_t begin, size_t end);
void tsl__optimizer_free(struct tsl__optimizer_state *state);

#define TSL_OPTIMIZER(name) extern const struct tsl__optimizer tsl__optimizer_##name;
#include "nn/optimizer_list.h"
#undef TSL_OPTIMIZER

#endif
