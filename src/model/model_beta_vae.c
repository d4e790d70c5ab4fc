/* Higgins et al. 2017, "beta-VAE: learning basic visual concepts with a constrained
 * variational framework". */
#include "model/vae_common.h"

struct beta_vae_options {
  double beta;
};

static const struct tsl_option option_table[] = {
    {.name = "beta",
     .type = TSL_OPTION_REAL,
     .offset = offsetof(struct beta_vae_options, beta),
     .initial = "4",
     .min = 0,
     .max = 1e9,
     .help = "Weight of the KL term; 1 is the plain variational autoencoder."},
};

static void build(const struct tsl_model_request *request, struct tsl_graph *graph,
                  struct tsl_model_values *values) {
  const struct beta_vae_options *options = request->options;
  struct tsl__vae vae;
  tsl__vae_compose(request, graph, values, &vae);
  tsl_graph_objective(graph, values->reconstruction, 1);
  tsl_graph_objective(graph, vae.kl, options->beta);
  tsl__vae_terms(graph, values, &vae);
}

const struct tsl_model_ops tsl_model_beta_vae = {
    .family = {.name = "beta_vae",
               .summary = "beta-VAE (Higgins et al. 2017): minimises reconstruction + "
                          "beta * kl.",
               .options = option_table,
               .option_count = sizeof option_table / sizeof option_table[0],
               .options_bytes = sizeof(struct beta_vae_options),
               .check = tsl__vae_check},
    .build = build};
