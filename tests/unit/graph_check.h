/* graph_check.h - finite differences of a graph's total by its parameters. */
#ifndef TEASEL_TESTS_GRAPH_CHECK_H
#define TEASEL_TESTS_GRAPH_CHECK_H

#include "unit.h"

#include "teasel/nn.h"
#include "teasel/random.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static inline struct tsl_shape shape1(int64_t d) {
  struct tsl_shape shape = {.rank = 1, .dims = {d, 0, 0}};
  return shape;
}

static inline struct tsl_shape shape3(int64_t c, int64_t h, int64_t w) {
  struct tsl_shape shape = {.rank = 3, .dims = {c, h, w}};
  return shape;
}

/* count numbers of a test stream; the caller frees. */
static inline float *random_values(uint64_t seed, size_t count, float low, float high) {
  struct tsl_stream stream = {.seed = seed, .purpose = TSL_PURPOSE_TEST};
  float *values = malloc(count * sizeof *values);
  assert_non_null(values);
  tsl_random_uniform(&stream, 0, 0, count, values);
  for (size_t i = 0; i < count; i++)
    values[i] = low + (high - low) * values[i];
  return values;
}

static inline struct tsl_graph *make_graph_in(int64_t batch, int64_t shards,
                                              enum tsl_precision precision) {
  struct tsl_graph *graph = NULL;
  struct tsl_error err = {0};
  struct tsl_graph_shape shape = {batch, shards, precision};
  tsl_nn_start("", NULL);
  if (tsl_graph_create(&shape, &graph, &err) != TSL_OK)
    fail_msg("%s", err.text);
  return graph;
}

static inline struct tsl_graph *make_graph(int64_t batch, int64_t shards) {
  return make_graph_in(batch, shards, TSL_PRECISION_FLOAT32);
}

static inline void finish_graph(struct tsl_graph *graph, uint64_t seed) {
  struct tsl_error err = {0};
  if (tsl_graph_finish(graph, &err) != TSL_OK)
    fail_msg("%s: %s", err.where, err.text);
  tsl_graph_initialise(graph, seed);
}

/* One pass without an update; terms: (tsl_graph_term_numbers). Returns the total. */
static inline double pass(struct tsl_graph *graph, const float *batch, double *terms) {
  struct tsl_error err = {0};
  struct tsl_step step = {.step = 3, .seed = 5, .batch = batch, .terms = terms};
  if (tsl_graph_step(graph, tsl_team_alone(), &step, &err) != TSL_OK)
    fail_msg("%s", err.text);
  return terms[0];
}

/* The largest difference between gradient and central difference over (about `probes`
 * elements of) every trained parameter, relative to the parameter's largest gradient. h:
 * the step of the difference. */
static inline double gradient_error(struct tsl_graph *graph, const float *batch, double h,
                                    int probes) {
  double *terms = calloc((size_t)tsl_graph_term_numbers(graph), sizeof *terms);
  double worst = 0;
  if (under_valgrind())
    probes = 1;
  for (int p = 0; p < tsl_graph_param_count(graph); p++) {
    const struct tsl_param *param = tsl_graph_param(graph, p);
    if (!param->trained)
      continue;
    size_t count = (size_t)param->count;
    float *values = malloc(count * sizeof *values);
    float *gradient = malloc(count * sizeof *gradient);
    assert_non_null(values);
    assert_non_null(gradient);
    tsl_graph_param_get(graph, p, values);
    pass(graph, batch, terms);
    tsl_graph_gradient_get(graph, p, gradient);
    double largest = 1e-6;
    for (size_t i = 0; i < count; i++)
      largest = fmax(largest, fabs((double)gradient[i]));
    size_t stride = count / (size_t)probes + 1;
    for (size_t i = 0; i < count; i += stride) {
      float kept = values[i];
      float up = (float)((double)kept + h), down = (float)((double)kept - h);
      values[i] = up;
      tsl_graph_param_set(graph, p, values);
      double above = pass(graph, batch, terms);
      values[i] = down;
      tsl_graph_param_set(graph, p, values);
      double below = pass(graph, batch, terms);
      values[i] = kept;
      tsl_graph_param_set(graph, p, values);
      double slope = (above - below) / ((double)up - (double)down);
      double error = fabs(slope - (double)gradient[i]) / largest;
      if (error > worst)
        worst = error;
      if (error > 0.02)
        printf("%s[%zu]: gradient %g, difference %g\n", param->name, i,
               (double)gradient[i], slope);
    }
    free(values);
    free(gradient);
  }
  free(terms);
  return worst;
}

#endif
