/* Kingma & Welling 2014, "Auto-encoding variational Bayes". */
#include "model/vae_common.h"

enum { PRIOR_STANDARD };
enum { KL_ANALYTIC, KL_SAMPLED };

struct vae_options {
  double beta;
  int prior; /* PRIOR_STANDARD */
  int kl;    /* KL_ANALYTIC, KL_SAMPLED */
};

static const struct tsl_option option_table[] = {
    {.name = "beta",
     .type = TSL_OPTION_REAL,
     .offset = offsetof(struct vae_options, beta),
     .initial = "1",
     .min = 0,
     .max = 1e9,
     .help = "Weight of the KL term; 1 is the evidence lower bound."},
    {.name = "prior",
     .type = TSL_OPTION_CHOICE,
     .offset = offsetof(struct vae_options, prior),
     .initial = "standard",
     .words = "standard",
     .help = "Prior p(z): `standard` is N(0, I)."},
    {.name = "kl",
     .type = TSL_OPTION_CHOICE,
     .offset = offsetof(struct vae_options, kl),
     .initial = "analytic",
     .words = "analytic|sampled",
     .help = "How KL(q(z|x) || p(z)) is taken: `analytic` in closed form, or `sampled`, "
             "log q(z|x) - log p(z) at the z that was drawn."},
};

static void build(const struct tsl_model_request *request, struct tsl_graph *graph,
                  struct tsl_model_values *values) {
  const struct vae_options *options = request->options;
  struct tsl__vae vae;
  tsl__vae_compose(request, graph, values, &vae);
  if (options->kl == KL_SAMPLED)
    vae.kl = tsl_graph_sum(
        graph, tsl_graph_sampled_kl(graph, vae.z, values->log_variance, vae.noise));
  tsl_graph_objective(graph, values->reconstruction, 1);
  tsl_graph_objective(graph, vae.kl, options->beta);
  tsl__vae_terms(graph, values, &vae);
}

const struct tsl_model_ops tsl_model_vae = {
    .family = {.name = "vae",
               .summary = "Variational autoencoder (Kingma & Welling 2014): minimises "
                          "reconstruction + beta * kl with beta = 1.",
               .options = option_table,
               .option_count = sizeof option_table / sizeof option_table[0],
               .options_bytes = sizeof(struct vae_options),
               .check = tsl__vae_check},
    .build = build};
