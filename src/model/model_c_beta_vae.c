/* Burgess et al. 2018, "Understanding disentangling in beta-VAE", equation 8, with a
 * capacity C that rises linearly from 0. */
#include "model/vae_common.h"

struct c_beta_vae_options {
  double beta;
  double capacity;
  int64_t capacity_steps;
};

static const struct tsl_option option_table[] = {
    {.name = "beta",
     .type = TSL_OPTION_REAL,
     .offset = offsetof(struct c_beta_vae_options, beta),
     .initial = "1000",
     .min = 0,
     .max = 1e9,
     .help = "Weight of the KL's distance from the capacity, |kl - C|."},
    {.name = "capacity",
     .type = TSL_OPTION_REAL,
     .offset = offsetof(struct c_beta_vae_options, capacity),
     .initial = "25",
     .min = 0,
     .max = 1e6,
     .help = "Capacity C at the end of its rise, in nats."},
    {.name = "capacity_steps",
     .type = TSL_OPTION_INTEGER,
     .offset = offsetof(struct c_beta_vae_options, capacity_steps),
     .initial = "0",
     .min = 0,
     .max = 1e12,
     .help = "Steps over which C rises linearly from 0 to capacity; 0: all steps of the "
             "run."},
};

static void build(const struct tsl_model_request *request, struct tsl_graph *graph,
                  struct tsl_model_values *values) {
  const struct c_beta_vae_options *options = request->options;
  const struct tsl_ramp ramp = {.end = options->capacity,
                                .steps = options->capacity_steps > 0
                                             ? options->capacity_steps
                                             : request->iterations};
  struct tsl__vae vae;
  tsl__vae_compose(request, graph, values, &vae);
  /* The distance is that of the batch mean, not the mean of each sample's distance. */
  struct tsl_value distance =
      tsl_graph_ramp_distance(graph, tsl_graph_batch_mean(graph, vae.kl), &ramp);
  tsl_graph_objective(graph, values->reconstruction, 1);
  tsl_graph_objective(graph, distance, options->beta);
  tsl__vae_terms(graph, values, &vae);
  tsl_graph_term_ramp(graph, "capacity", &ramp);
}

const struct tsl_model_ops tsl_model_c_beta_vae = {
    .family = {.name = "c_beta_vae",
               .summary = "Capacity-annealed beta-VAE (Burgess et al. 2018): minimises "
                          "reconstruction + beta * |kl - C|, C rising linearly.",
               .options = option_table,
               .option_count = sizeof option_table / sizeof option_table[0],
               .options_bytes = sizeof(struct c_beta_vae_options),
               .check = tsl__vae_check},
    .build = build};
