/* nn.h - the network engine: a static graph of operators, composed once, replayed every
 * step.
 *
 * Composing: tsl_graph_create, then one call an operator; calls on a graph that has
 * failed do nothing, so a model file reads like a drawing and only tsl_graph_finish needs
 * a check.
 *
 * Batches and shards (the determinism contract): a step's batch of B samples is `shards`
 * fixed micro-batches of B/shards. A team of W ranks holds shards/W consecutive shards
 * each. Operators run shard after shard; gradients are summed pairwise in one binary tree
 * over the shard index, in a rank first, then over ranks. Operators that need the whole
 * batch (batch normalisation, batch means, total correlation) synchronise: their inputs
 * are gathered in shard order or tree-summed. The result is the same bytes for every W.
 *
 * Every value has a per-sample shape, and as many rows a shard as it has samples; after
 * tsl_graph_repeat, M rows for each of them, neighbours: its joint samples, over which
 * means are taken as over the batch. Values of level BATCH have one row for the whole
 * batch, equal on all ranks.
 *
 * Weights, gradients and moments are flat arrays in the engine's own layout; get and set
 * speak PyTorch's layouts. A step allocates nothing after the first.
 */
#ifndef TEASEL_NN_H
#define TEASEL_NN_H

#include "teasel/digest.h"
#include "teasel/network.h"
#include "teasel/status.h"
#include "teasel/team.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tsl_graph;

/* A value of the graph. The value 0-initialised is not valid; -1 marks 'absent'. */
struct tsl_value {
  int index;
};

/* Of the factors of the large products; weights, sums and all else are float32. */
enum tsl_precision { TSL_PRECISION_FLOAT32, TSL_PRECISION_BFLOAT16 };

struct tsl_graph_shape {
  int64_t batch;  /* B */
  int64_t shards; /* a power of two that divides B */
  enum tsl_precision precision;
};

enum tsl_noise { TSL_NOISE_NORMAL, TSL_NOISE_UNIFORM };
enum tsl_estimator { TSL_ESTIMATOR_MWS, TSL_ESTIMATOR_MSS };

enum tsl_status tsl_graph_create(const struct tsl_graph_shape *shape,
                                 struct tsl_graph **out, struct tsl_error *err);
void tsl_graph_free(struct tsl_graph *graph);

/* ---- sources ---- */
/* The batch itself: x (batch, shape). One a graph. */
struct tsl_value tsl_graph_input(struct tsl_graph *graph, const struct tsl_shape *shape);
/* Noise of one stream ("z", "mask_uniform"): drawn at (seed, stream index, step, sample
 * index in the batch), or given from outside. Streams are numbered in the order of these
 * calls. */
struct tsl_value tsl_graph_noise(struct tsl_graph *graph, const char *stream,
                                 enum tsl_noise kind, const struct tsl_shape *shape);

/* The same with M = samples draws for each sample of the batch. */
struct tsl_value tsl_graph_joint_noise(struct tsl_graph *graph, const char *stream,
                                       enum tsl_noise kind, const struct tsl_shape *shape,
                                       int64_t samples);
/* Each row M = samples times; of 1, the value itself. Operators that take several values
 * take them with equally many joint samples. */
struct tsl_value tsl_graph_repeat(struct tsl_graph *graph, struct tsl_value x,
                                  int64_t samples);

/* ---- layers; name: prefix of the parameters, "encoder.0" gives encoder.0.weight, .bias
 * ---- */
struct tsl_conv {
  int64_t filters, kernel, stride, pad;
  bool bias; /* false where batch normalisation follows */
};
struct tsl_value tsl_graph_conv(struct tsl_graph *graph, struct tsl_value x,
                                const char *name, const struct tsl_conv *conv,
                                enum tsl_activation activation);
/* Transposed convolution: output height = (height-1)*stride - 2*pad + kernel. */
struct tsl_value tsl_graph_deconv(struct tsl_graph *graph, struct tsl_value x,
                                  const char *name, const struct tsl_conv *conv,
                                  enum tsl_activation activation);
/* Flattens what it gets, channel-major. */
struct tsl_value tsl_graph_dense(struct tsl_graph *graph, struct tsl_value x,
                                 const char *name, int64_t units, bool bias,
                                 enum tsl_activation activation);
/* The parameters of this layer begin at `scale` times what they are drawn as; layer: what
 * a call above gave, without activation. */
void tsl_graph_initial_scale(struct tsl_graph *graph, struct tsl_value layer,
                             double scale);
struct tsl_value tsl_graph_maxpool(struct tsl_graph *graph, struct tsl_value x,
                                   int64_t kernel, int64_t stride, int64_t pad);
struct tsl_value tsl_graph_upsample(struct tsl_graph *graph, struct tsl_value x,
                                    int64_t factor);
struct tsl_value tsl_graph_reshape(struct tsl_graph *graph, struct tsl_value x,
                                   const struct tsl_shape *shape);
/* Inverted dropout, its own noise stream "dropout<N>_uniform" (N counts dropouts of the
 * graph): y = x / (1 - rate) where u >= rate, else 0; the identity in evaluation. */
struct tsl_value tsl_graph_dropout(struct tsl_graph *graph, struct tsl_value x,
                                   double rate);
/* Over the whole batch; parameters <name>.weight, .bias, statistics .running_mean,
 * .running_var. epsilon 1e-5, momentum 0.1; biased variance to normalise, unbiased in
 * running_var. */
struct tsl_value tsl_graph_batch_norm(struct tsl_graph *graph, struct tsl_value x,
                                      const char *name);
struct tsl_value tsl_graph_activate(struct tsl_graph *graph, struct tsl_value x,
                                    enum tsl_activation activation);
/* The entries of one list of a network file, named <prefix>.<i>. */
struct tsl_value tsl_graph_network(struct tsl_graph *graph, struct tsl_value x,
                                   const char *prefix,
                                   const struct tsl_network_list *list);

/* ---- probability; d latent dimensions ---- */
/* z = mean + exp(log_variance / 2) * noise, all (d). */
struct tsl_value tsl_graph_gaussian_sample(struct tsl_graph *graph, struct tsl_value mean,
                                           struct tsl_value log_variance,
                                           struct tsl_value noise);
/* KL(N(mean, exp(log_variance)) || N(0, I)) of each dimension, nats: (d) */
struct tsl_value tsl_graph_gaussian_kl(struct tsl_graph *graph, struct tsl_value mean,
                                       struct tsl_value log_variance);
/* log q(z|x) - log p(z) of each dimension, nats, at z = gaussian_sample(mean,
 * log_variance, noise), p the standard normal: (d). Its mean over z is that KL. */
struct tsl_value tsl_graph_sampled_kl(struct tsl_graph *graph, struct tsl_value z,
                                      struct tsl_value log_variance,
                                      struct tsl_value noise);
/* -log p of each sample, nats, summed over data dimensions: (1) */
struct tsl_value tsl_graph_bernoulli(struct tsl_graph *graph, struct tsl_value logits,
                                     struct tsl_value target);
struct tsl_value tsl_graph_squared_error(struct tsl_graph *graph, struct tsl_value output,
                                         struct tsl_value target);
struct tsl_value tsl_graph_gaussian_likelihood(struct tsl_graph *graph,
                                               struct tsl_value mean,
                                               struct tsl_value log_variance,
                                               struct tsl_value target);
/* Synchronises. Chen et al. 2018, section 3 and appendix C: of each sample the three
 * terms (mutual information, total correlation, dimension-wise KL), nats: (3).
 * dataset_size: N. */
struct tsl_value tsl_graph_total_correlation(struct tsl_graph *graph, struct tsl_value z,
                                             struct tsl_value mean,
                                             struct tsl_value log_variance,
                                             enum tsl_estimator estimator,
                                             int64_t dataset_size);
/* Dilokthanakul et al. 2016: a posterior q = N(mean, exp(log_variance)) over d dimensions
 * and a sample x of it, all (d), against a mixture of K equally likely components, the
 * k-th N(component_mean, exp(component_log_variance)) by the elements k d ... of both,
 * (K d). With r_k = p(k|x), the component's part of the density at x: (K + 2), which are
 * log r_k of each component; sum_k r_k KL(q || component k); and KL(r || uniform) =
 * sum_k r_k log r_k + log K; in nats. Gradients flow through r, too. */
struct tsl_mixture_inputs {
  struct tsl_value x, mean, log_variance;
  struct tsl_value component_mean, component_log_variance;
};
struct tsl_value tsl_graph_mixture(struct tsl_graph *graph,
                                   const struct tsl_mixture_inputs *mixture);
/* The elements first ... first + count - 1 of each sample: (count). */
struct tsl_value tsl_graph_slice(struct tsl_graph *graph, struct tsl_value x,
                                 int64_t first, int64_t count);
/* Sum over the dimensions of each sample: (1). */
struct tsl_value tsl_graph_sum(struct tsl_graph *graph, struct tsl_value x);
/* Element `index` of each sample: (1). */
struct tsl_value tsl_graph_element(struct tsl_graph *graph, struct tsl_value x,
                                   int64_t index);
/* Synchronises. Mean over the batch, tree-summed: level BATCH, same shape. */
struct tsl_value tsl_graph_batch_mean(struct tsl_graph *graph, struct tsl_value x);
/* |x - C(step)| of a BATCH value of one element, C(step) = end * min(1, step / steps);
 * derivative 0 where equal (as torch.abs has it). */
struct tsl_ramp {
  double end;
  int64_t steps;
};
struct tsl_value tsl_graph_ramp_distance(struct tsl_graph *graph, struct tsl_value x,
                                         const struct tsl_ramp *ramp);
/* C(step) x, of samples or the batch. */
struct tsl_value tsl_graph_ramp_scale(struct tsl_graph *graph, struct tsl_value x,
                                      const struct tsl_ramp *ramp);
/* max(least, x) of a BATCH value of one element; no gradient where x is below. */
struct tsl_value tsl_graph_at_least(struct tsl_graph *graph, struct tsl_value x,
                                    double least);
double tsl_ramp_at(const struct tsl_ramp *ramp, int64_t step);

/* ---- losses ---- */
/* The total that is minimised gets weight * (batch mean of value, of one element a row).
 */
void tsl_graph_objective(struct tsl_graph *graph, struct tsl_value value, double weight);
/* A reported term: batch mean, one number an element. Order of calls = order of reports.
 * The term "total" is added by tsl_graph_finish as the first. */
void tsl_graph_term(struct tsl_graph *graph, const char *name, struct tsl_value value);
/* A reported number that depends on the step alone ("capacity"). */
void tsl_graph_term_ramp(struct tsl_graph *graph, const char *name,
                         const struct tsl_ramp *ramp);

/* Local. Checks shapes, plans memory, makes the primitives. The first error of any call
 * above. */
enum tsl_status tsl_graph_finish(struct tsl_graph *graph, struct tsl_error *err);

/* ---- what is in it ---- */
int tsl_graph_term_count(const struct tsl_graph *graph);
struct tsl_term {
  const char *name;
  int64_t count;  /* numbers */
  int64_t offset; /* into the array of all terms */
};
struct tsl_term tsl_graph_term_at(const struct tsl_graph *graph, int index);
int64_t tsl_graph_term_numbers(const struct tsl_graph *graph); /* length of the array */

enum { TSL_PARAM_RANK_MAX = 4 };
struct tsl_param {
  const char *name; /* PyTorch's: "encoder.0.weight" */
  int rank;
  int64_t dims[TSL_PARAM_RANK_MAX]; /* PyTorch's */
  int64_t count;
  int64_t fan_in; /* of its layer, for initialisation (PyTorch's default U(-1/sqrt,
                     1/sqrt)) */
  bool trained;   /* false: running statistics, which have no gradient */
};
int tsl_graph_param_count(const struct tsl_graph *graph);
const struct tsl_param *tsl_graph_param(const struct tsl_graph *graph, int index);
/* Local. Values in PyTorch's layout; values: (param->count). */
void tsl_graph_param_get(const struct tsl_graph *graph, int index, float *values);
void tsl_graph_param_set(struct tsl_graph *graph, int index, const float *values);
/* Local. Gradient of the last step (only after tsl_graph_step on a team of one). */
void tsl_graph_gradient_get(const struct tsl_graph *graph, int index, float *values);
/* Local. PyTorch's default initialisation, drawn at (seed, parameter index). */
void tsl_graph_initialise(struct tsl_graph *graph, uint64_t seed);
/* Local. Floating-point operations of one step of the whole batch, forward and backward.
 */
double tsl_graph_operations(const struct tsl_graph *graph);
size_t tsl_graph_memory(const struct tsl_graph *graph); /* bytes that it holds */
struct tsl_shape tsl_graph_value_shape(const struct tsl_graph *graph,
                                       struct tsl_value value);
int tsl_graph_noise_count(const struct tsl_graph *graph);
const char *tsl_graph_noise_name(const struct tsl_graph *graph, int index);
struct tsl_shape tsl_graph_noise_shape(const struct tsl_graph *graph, int index);
/* M where a sample draws M such shapes, as one array (M, shape); 0: one. */
int64_t tsl_graph_noise_samples(const struct tsl_graph *graph, int index);

/* ---- training ---- */
enum tsl_optimizer_kind { TSL_OPTIMIZER_ADAM, TSL_OPTIMIZER_ADAMAX, TSL_OPTIMIZER_SGD };
struct tsl_optimizer_options {
  enum tsl_optimizer_kind kind;
  double learning_rate, beta1, beta2, epsilon, momentum;
};
/* Local. Zero state; t is 1 at the next step. Before the first step. */
enum tsl_status tsl_graph_optimizer(struct tsl_graph *graph,
                                    const struct tsl_optimizer_options *options,
                                    struct tsl_error *err);

/* Where the rows of a value go. */
struct tsl_fetch {
  struct tsl_value value;
  float *data; /* (rows, shape) */
};
struct tsl_step {
  int64_t step;       /* 0-based: schedules and noise depend on it */
  uint64_t seed;      /* of the noise */
  const float *batch; /* this member's samples: (B / W, input shape), in shard order */
  const float *const
      *noise;  /* NULL: drawn; else one array a stream: (B / W, M, noise shape) */
  bool update; /* false: losses and gradients only */
  /* Losses alone, of samples that are not trained on: forward in evaluation mode (no
   * dropout, running statistics), but with noise as in training; nothing changes. */
  bool evaluate;
  /* Values of samples as this step computes them (training mode), before the update:
   * (B / W, M, shape) each. */
  const struct tsl_fetch *fetches; /* NULL: none */
  int fetch_count;
  /* What this member has to tell the others, one bit a matter, the caller's own; it costs
   * no message of its own. */
  uint32_t calls;
  uint32_t heard; /* out: the bits of all members, equal on all */
  double *terms;  /* out: (tsl_graph_term_numbers), equal on all members */
  bool finite;    /* out: the total is finite, equal on all members */
};
/* Collective on team (NULL: alone). One step: forward, backward, sum, optimizer. W must
 * be a power of two up to shards, and may differ from step to step (see
 * tsl_graph_collect). A step whose total is
 * not finite changes no weight and is no error: see step->finite. A step that fails on
 * one member fails on all. */
enum tsl_status tsl_graph_step(struct tsl_graph *graph, struct tsl_team *team,
                               struct tsl_step *step, struct tsl_error *err);
/* Collective on team. After wide steps each member has the optimizer's state of its own
 * slice of the weights only; this gives all of it to all, and is called with the old team
 * before a step on a team of another width. A step that finds it forgotten refuses. */
enum tsl_status tsl_graph_collect(struct tsl_graph *graph, struct tsl_team *team,
                                  struct tsl_error *err);

/* ---- the state of training ---- */
/* All that a step changes, as one flat array in PyTorch's layouts, the same for every
 * width and kernel: each parameter ("params/encoder.0.weight", running statistics too),
 * then the optimizer's moments of the trained ones under PyTorch's words
 * ("exp_avg/encoder.0.weight"), and how many updates were made. A graph of the same model
 * and optimizer that was given it goes on with the same bytes. */
enum { TSL_STATE_NAME_MAX = 160 };
struct tsl_state_part {
  char name[TSL_STATE_NAME_MAX];
  const struct tsl_param *param; /* shape; borrowed from the graph */
  int64_t offset;                /* floats, into the flat array; param->count of them */
};
int tsl_graph_state_count(const struct tsl_graph *graph); /* parts */
struct tsl_state_part tsl_graph_state_part(const struct tsl_graph *graph, int index);
int64_t tsl_graph_state_floats(const struct tsl_graph *graph); /* of all parts */
/* Local. values: (tsl_graph_state_floats); updates: made so far. TSL_INTERNAL while the
 * moments are spread over a team (see tsl_graph_collect). */
enum tsl_status tsl_graph_state_get(const struct tsl_graph *graph, float *values,
                                    int64_t *updates, struct tsl_error *err);
/* Local. What was spread is forgotten. After tsl_graph_optimizer, as get. */
enum tsl_status tsl_graph_state_set(struct tsl_graph *graph, const float *values,
                                    int64_t updates, struct tsl_error *err);

/* Local. Values computed from values, in evaluation mode (no dropout, running
 * statistics): feeds any value (the input, or a code z), fetches any other. rows: any
 * number; cut into pieces of one shard's rows, the last padded, so that a row's bytes
 * depend on nothing but the row. Noise that is not fed is zero, so z is the mean. Values
 * that need a whole batch (total correlation, batch means) exist in a step only. Of
 * values with M joint samples, all M have what is fed, and the first is fetched. */
struct tsl_feed {
  struct tsl_value value;
  const float *data; /* (rows, shape) */
};
enum tsl_status tsl_graph_compute(struct tsl_graph *graph, const struct tsl_feed *feeds,
                                  int feed_count, const struct tsl_fetch *fetches,
                                  int fetch_count, int64_t rows, struct tsl_error *err);

/* Local. One thread a rank; the instruction set capped ("" : the best). Call once, first.
 */
enum tsl_status tsl_nn_start(const char *isa, struct tsl_error *err);
/* Local. TSL_BAD_INPUT where the processor, as it is capped, has no products of this
 * precision. */
enum tsl_status tsl_nn_precision_check(enum tsl_precision precision,
                                       struct tsl_error *err);
/* Local. What the kernels are: "oneDNN 2.6.3 avx512_core_bf16 ..." ; static text. */
const char *tsl_nn_kernel_set(void);

#endif
