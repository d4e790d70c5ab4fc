/* op_mixture.c - a Gaussian posterior against a mixture of K Gaussians (Dilokthanakul et
 * al. 2016, equations 3 to 7). With p = exp(-v_k) of component k, sums over dimensions:
 *
 *   log density at x   s_k  = -1/2 sum (v_k + (x - m_k)^2 p), without the constant
 *   divergence         KL_k =  1/2 sum (v_k - v + (exp(v) + (m - m_k)^2) p - 1)
 *   log r_k = s_k - log sum_j exp(s_j)
 *   expected divergence C = sum_k r_k KL_k;  Z = sum_k r_k log r_k + log K
 *
 * and, since r is a softmax of s, for gradients l_k, c, z of the outputs:
 *
 *   d/d s_k  = l_k - r_k sum_j l_j + r_k (c (KL_k - C) + z (log r_k - (Z - log K)))
 *   d/d KL_k = c r_k
 */
#include "nn/graph.h"

#include "nn/vector.h"

#include <math.h>
#include <stdlib.h>

enum { X, MEAN, LOG_VARIANCE, COMPONENT_MEAN, COMPONENT_LOG_VARIANCE };
enum { CHUNK = 256 };

struct tsl_value tsl_graph_mixture(struct tsl_graph *graph,
                                   const struct tsl_mixture_inputs *mixture) {
  const struct tsl_value inputs[] = {mixture->x, mixture->mean, mixture->log_variance,
                                     mixture->component_mean,
                                     mixture->component_log_variance};
  struct tsl__node *node =
      tsl__node_add(graph, &tsl__operator_mixture, "mixture", 5, inputs);
  if (node == NULL)
    return tsl__node_value(NULL);
  const int64_t d = tsl__row_count(node);
  const int64_t all = tsl_shape_count(tsl__input_shape(graph, node, COMPONENT_MEAN));
  for (int k = 1; k < 5; k++) {
    const int64_t count = tsl_shape_count(tsl__input_shape(graph, node, k));
    if (count != (k < COMPONENT_MEAN ? d : all) || all % d != 0)
      tsl__graph_fail(graph, "mixture",
                      "%lld numbers of a posterior of %lld dimensions and components of "
                      "%lld",
                      (long long)count, (long long)d, (long long)all);
  }
  node->shape = tsl__shape_of(1, all / d + 2, 0, 0);
  return tsl__node_value(node);
}

/* One row: d dimensions, K components, and where its numbers begin. */
struct row {
  size_t d, components;
  const float *x, *mean, *log_variance;                 /* (d) */
  const float *component_mean, *component_log_variance; /* (K, d) */
  float *variance;                                      /* (d) exp(log_variance) */
};

struct state {
  double *densities; /* (K) s_k of one row */
};

/* Kept from forward: KL_k (rows, K). Behind it the variance of one row (d), and room for
 * the gradients of inputs that need none: (d) thrice, (K, d) twice. */
static enum tsl_status mixture_plan(struct tsl_graph *graph, struct tsl__node *node,
                                    struct tsl_error *err) {
  const size_t d = (size_t)tsl_shape_count(tsl__input_shape(graph, node, X));
  const size_t components = (size_t)tsl__row_count(node) - 2;
  struct state *state = node->state = calloc(1, sizeof *state);
  if (state == NULL)
    return tsl_error_set(err, TSL_MEMORY, node->name, "no memory for a mixture");
  tsl__memory_request(graph, (void **)&state->densities, components * sizeof(double));
  node->saved_floats =
      (size_t)tsl__node_rows(graph, node) * components + 4 * d + 2 * components * d;
  return tsl__plan_plain(graph, node, err);
}

static struct row row_at(const struct tsl__task *task, size_t row) {
  const size_t d = (size_t)tsl_shape_count(tsl__input_shape(task->graph, task->node, X));
  const size_t components = (size_t)tsl__row_count(task->node) - 2, all = components * d;
  const size_t rows = (size_t)tsl__task_rows(task);
  const struct row at = {.d = d,
                         .components = components,
                         .x = task->in[X] + row * d,
                         .mean = task->in[MEAN] + row * d,
                         .log_variance = task->in[LOG_VARIANCE] + row * d,
                         .component_mean = task->in[COMPONENT_MEAN] + row * all,
                         .component_log_variance =
                             task->in[COMPONENT_LOG_VARIANCE] + row * all,
                         .variance = task->saved + rows * components};
  return at;
}

TSL__VECTOR static void exponentials(float *restrict to, const float *restrict from,
                                     size_t count) {
  for (size_t i = 0; i < count; i++)
    to[i] = tsl__exp(from[i]);
}

/* density, divergence: (count), the terms of s_k and KL_k of one component, without their
 * factors; the pointers of `at` are moved to the chunk. */
TSL__VECTOR static void terms(float *restrict density, float *restrict divergence,
                              const struct row *at, const float *restrict mean,
                              const float *restrict log_variance, size_t count) {
  const float *restrict x = at->x, *restrict m = at->mean, *restrict v = at->log_variance,
                        *restrict e = at->variance;
  for (size_t i = 0; i < count; i++) {
    float p = tsl__exp(-log_variance[i]);
    float far = x[i] - mean[i], apart = m[i] - mean[i];
    density[i] = log_variance[i] + (far * far) * p;
    divergence[i] = (log_variance[i] - v[i]) + ((e[i] + apart * apart) * p - 1.0F);
  }
}

/* s_k and KL_k of one component. */
static void component(const struct row *at, size_t k, double *density,
                      double *divergence) {
  float densities[CHUNK], divergences[CHUNK];
  *density = *divergence = 0;
  for (size_t i = 0; i < at->d; i += CHUNK) {
    const size_t width = at->d - i < CHUNK ? at->d - i : CHUNK;
    const struct row part = {.x = at->x + i,
                             .mean = at->mean + i,
                             .log_variance = at->log_variance + i,
                             .variance = at->variance + i};
    terms(densities, divergences, &part, at->component_mean + k * at->d + i,
          at->component_log_variance + k * at->d + i, width);
    *density -= 0.5 * tsl__sum(densities, width);
    *divergence += 0.5 * tsl__sum(divergences, width);
  }
}

/* The largest density is taken from all before they are exponentiated, so that the sum is
 * from 1 to K however far away the components are. out: (K + 2); densities, divergences:
 * (K) */
static void conclude_row(float *out, const double *densities, const float *divergences,
                         size_t components) {
  double largest = densities[0], sum = 0, expected = 0, information = 0;
  for (size_t k = 1; k < components; k++)
    largest = densities[k] > largest ? densities[k] : largest;
  for (size_t k = 0; k < components; k++)
    sum += (double)tsl__exp((float)(densities[k] - largest));
  const double log_sum = (double)tsl__log((float)sum);
  for (size_t k = 0; k < components; k++) {
    out[k] = (float)(densities[k] - largest - log_sum);
    const double r = (double)tsl__exp(out[k]);
    expected += r * (double)divergences[k];
    information += r * (double)out[k];
  }
  out[components] = (float)expected;
  out[components + 1] = (float)(information + log((double)components));
}

static void mixture_forward(const struct tsl__task *task) {
  const struct state *state = task->node->state;
  const size_t rows = (size_t)tsl__task_rows(task);
  for (size_t row = 0; row < rows; row++) {
    const struct row at = row_at(task, row);
    float *out = task->out + row * (at.components + 2);
    float *divergences = task->saved + row * at.components;
    exponentials(at.variance, at.log_variance, at.d);
    for (size_t k = 0; k < at.components; k++) {
      double divergence;
      component(&at, k, &state->densities[k], &divergence);
      divergences[k] = (float)divergence;
    }
    conclude_row(out, state->densities, divergences, at.components);
  }
}

/* Where the gradients of one row go; what needs none has a place, too. */
struct gradients {
  float *x, *mean, *log_variance;                 /* (d) */
  float *component_mean, *component_log_variance; /* (K, d) */
};

/* Of component k's mean and log variance, to which the pointers of `at` are moved.
 * by_density, by_divergence: of s_k and KL_k. */
TSL__VECTOR static void component_gradients(float *restrict to_mean,
                                            float *restrict to_log_variance,
                                            const struct row *at, float by_density,
                                            float by_divergence) {
  const float *x = at->x, *m = at->mean, *e = at->variance;
  const float *mean = at->component_mean, *log_variance = at->component_log_variance;
  const size_t d = at->d;
  for (size_t i = 0; i < d; i++) {
    float p = tsl__exp(-log_variance[i]);
    float far = x[i] - mean[i], apart = m[i] - mean[i];
    to_mean[i] = by_density * (far * p) - by_divergence * (apart * p);
    to_log_variance[i] = 0.5F * (by_density * ((far * far) * p - 1.0F) +
                                 by_divergence * (1.0F - (e[i] + apart * apart) * p));
  }
}

/* What component k adds to those of x, mean and log_variance. */
TSL__VECTOR static void posterior_gradients(float *restrict to_x, float *restrict to_mean,
                                            float *restrict to_log_variance,
                                            const struct row *at, float by_density,
                                            float by_divergence) {
  const float *x = at->x, *m = at->mean, *e = at->variance;
  const float *mean = at->component_mean, *log_variance = at->component_log_variance;
  const size_t d = at->d;
  for (size_t i = 0; i < d; i++) {
    float p = tsl__exp(-log_variance[i]);
    to_x[i] -= by_density * ((x[i] - mean[i]) * p);
    to_mean[i] += by_divergence * ((m[i] - mean[i]) * p);
    to_log_variance[i] += by_divergence * (0.5F * (e[i] * p - 1.0F));
  }
}

static struct gradients gradients_at(const struct tsl__task *task, const struct row *at,
                                     size_t row) {
  const size_t d = at->d, all = at->components * d;
  float *spare = at->variance + d;
  float *given[5];
  for (int k = 0; k < 5; k++) {
    const size_t count = k < COMPONENT_MEAN ? d : all;
    given[k] = task->grad_in[k] != NULL ? task->grad_in[k] + row * count : spare;
    spare += count;
  }
  for (int k = 0; k < COMPONENT_MEAN; k++)
    tsl__fill(given[k], 0.0F, d);
  const struct gradients to = {given[0], given[1], given[2], given[3], given[4]};
  return to;
}

static void mixture_backward(const struct tsl__task *task) {
  const size_t rows = (size_t)tsl__task_rows(task);
  for (size_t row = 0; row < rows; row++) {
    struct row at = row_at(task, row);
    const size_t d = at.d, components = at.components;
    const float *out = task->out + row * (components + 2);
    const float *grad = task->grad_out + row * (components + 2);
    const float *divergences = task->saved + row * components;
    struct gradients to = gradients_at(task, &at, row);
    const double by_expected = (double)grad[components];
    const double by_information = (double)grad[components + 1];
    const double information = (double)out[components + 1] - log((double)components);
    const double all = tsl__sum(grad, components);
    exponentials(at.variance, at.log_variance, d);
    for (size_t k = 0; k < components; k++) {
      const double log_r = (double)out[k], r = (double)tsl__exp(out[k]);
      const double by_density =
          (double)grad[k] - r * all +
          r * (by_expected * ((double)divergences[k] - (double)out[components]) +
               by_information * (log_r - information));
      component_gradients(to.component_mean, to.component_log_variance, &at,
                          (float)by_density, (float)(by_expected * r));
      posterior_gradients(to.x, to.mean, to.log_variance, &at, (float)by_density,
                          (float)(by_expected * r));
      at.component_mean += d;
      at.component_log_variance += d;
      to.component_mean += d;
      to.component_log_variance += d;
    }
  }
}

const struct tsl__operator tsl__operator_mixture = {.name = "mixture",
                                                    .plan = mixture_plan,
                                                    .forward = mixture_forward,
                                                    .backward = mixture_backward};
