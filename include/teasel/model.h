/* model.h - model families: each is one file of src/model and one line of model_list.h.
 */
#ifndef TEASEL_MODEL_H
#define TEASEL_MODEL_H

#include "teasel/job.h"
#include "teasel/nn.h"

/* The values of a built graph that the later stages need. index -1: the family has none.
 */
struct tsl_model_values {
  struct tsl_value input;
  struct tsl_value mean, log_variance; /* posterior parameters: (latent) */
  struct tsl_value code;               /* what the decoder gets: (latent) */
  struct tsl_value output; /* decoder's output: logits, values or the Gaussian mean */
  struct tsl_value reconstruction; /* -log p(x|z) or squared error of each sample: (1) */
  /* Of gmvae, whose x is the code above. */
  struct tsl_value w_mean, w_log_variance;                 /* (latent_w) */
  struct tsl_value w;                                      /* (latent_w) prior's input */
  struct tsl_value component_mean, component_log_variance; /* (components * latent) */
  struct tsl_value conditional_prior, w_prior, z_prior;    /* of each sample, nats: (1) */
  struct tsl_value log_responsibilities; /* log p(z|x,w), x the code: (components) */
};

struct tsl_model_request {
  const struct tsl_run *run;
  const void *options;  /* the family's option struct, filled */
  int64_t dataset_size; /* N: samples in the training split */
  int64_t iterations;   /* steps of the whole run */
};

struct tsl_model_ops {
  struct tsl_family family; /* name, summary, options: what the job layer sees */
  /* Local. NULL allowed. Checks what is known only beside the data (their number). */
  enum tsl_status (*check_request)(const struct tsl_model_request *request,
                                   struct tsl_error *err);
  /* Local. Clusters that a run has; NULL: the family makes none. */
  int (*clusters)(const void *options);
  /* Local. Composes the graph (not yet finished). */
  void (*build)(const struct tsl_model_request *request, struct tsl_graph *graph,
                struct tsl_model_values *values);
};

size_t tsl_model_count(void);
const struct tsl_model_ops *tsl_model_at(size_t index);
const struct tsl_model_ops *tsl_model_find(const char *name); /* NULL when unknown */

/* A run's graph, ready to train: built, finished, initialised by the run's seed,
 * optimizer set. */
struct tsl_model {
  const struct tsl_model_ops *ops;
  struct tsl_graph *graph;
  struct tsl_model_values values;
};
/* Local. */
enum tsl_status tsl_model_create(const struct tsl_run *run, int64_t dataset_size,
                                 int64_t iterations, struct tsl_model *out,
                                 struct tsl_error *err);
void tsl_model_release(struct tsl_model *model);
/* Local. Clusters that the run puts samples into; 0: its family makes none. */
int tsl_model_clusters(const struct tsl_run *run);
/* Local. log p(z|x,w) of each component to its logit, log p - log(1 - p), in place: it
 * ranks points as the probability does, and does not tie where that is all but 1. rows:
 * (count, components) */
void tsl_model_cluster_logits(float *rows, int64_t count, int components);
/* Local. Decoder output to data space: sigmoid of Bernoulli logits, else unchanged. In
 * place. */
void tsl_model_to_data_space(const struct tsl_run *run, float *output, size_t count);

#endif
