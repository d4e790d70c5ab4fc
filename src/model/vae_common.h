/* vae_common.h - what every autoencoder with a Gaussian posterior and one code shares.
 *
 *   x -> encoder -> mean, log_variance -> z = mean + exp(log_variance/2) noise -> decoder
 */
#ifndef TEASEL_MODEL_VAE_COMMON_H
#define TEASEL_MODEL_VAE_COMMON_H

#include "teasel/model.h"

/* The values that a family's loss is made of. */
struct tsl__vae {
  struct tsl_value noise;      /* (latent) */
  struct tsl_value z;          /* (latent) */
  struct tsl_value kl_per_dim; /* analytic KL(q(z|x) || N(0, I)), nats: (latent) */
  struct tsl_value kl;         /* its sum: (1); a family may put another estimate here */
};

/* Local. Composes input, encoder, heads `mean` and `log_variance`, sample (noise stream
 * "z"), decoder and reconstruction, and the analytic KL. Fills all of `values`. */
void tsl__vae_compose(const struct tsl_model_request *request, struct tsl_graph *graph,
                      struct tsl_model_values *values, struct tsl__vae *vae);

/* Local. Fills values->output and the loss -log p(target|z) of each sample,
 * values->reconstruction, from what the decoder gives. A Gaussian has two heads of one
 * row a data dimension, `output_mean` and `output_log_variance`; the other two
 * likelihoods take the decoder's output itself. target: the input's shape, with the joint
 * samples of `decoded`. */
void tsl__compose_reconstruction(const struct tsl_run *run, struct tsl_graph *graph,
                                 struct tsl_value decoded, struct tsl_value target,
                                 struct tsl_model_values *values);

/* Local. Reports the terms that every such family has, in this order: reconstruction, kl,
 * kl_per_dim. */
void tsl__vae_terms(struct tsl_graph *graph, const struct tsl_model_values *values,
                    const struct tsl__vae *vae);

/* Local. tsl_family.check of these families: the decoder must give what the data are. */
void tsl__vae_check(const void *options, const struct tsl_run_options *run,
                    const struct tsl_network *network, struct tsl_error *err);

#endif
