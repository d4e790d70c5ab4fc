/* Chen et al. 2018, "Isolating sources of disentanglement in variational autoencoders",
 * equation 4 with alpha = gamma = 1. */
#include "model/vae_common.h"

struct beta_tcvae_options {
  double beta;
  int estimator; /* enum tsl_estimator */
};

static const struct tsl_option option_table[] = {
    {.name = "beta",
     .type = TSL_OPTION_REAL,
     .offset = offsetof(struct beta_tcvae_options, beta),
     .initial = "6",
     .min = 0,
     .max = 1e9,
     .help = "Weight of the total correlation."},
    {.name = "estimator",
     .type = TSL_OPTION_CHOICE,
     .offset = offsetof(struct beta_tcvae_options, estimator),
     .initial = "mws",
     .words = "mws|mss",
     .help = "Estimator of log q(z): minibatch weighted sampling (mws) or minibatch "
             "stratified sampling (mss)."},
};

static enum tsl_status check_request(const struct tsl_model_request *request,
                                     struct tsl_error *err) {
  const int64_t samples = request->dataset_size;
  const int64_t batch = request->run->options.train.batch;
  if (samples < batch || batch < 2)
    return tsl_error_set(err, TSL_BAD_INPUT, "",
                         "beta_tcvae estimates q(z) from a batch of at least 2 of the "
                         "data set's samples; train.batch is %lld of %lld samples",
                         (long long)batch, (long long)samples);
  return TSL_OK;
}

static void build(const struct tsl_model_request *request, struct tsl_graph *graph,
                  struct tsl_model_values *values) {
  const struct beta_tcvae_options *options = request->options;
  struct tsl__vae vae;
  tsl__vae_compose(request, graph, values, &vae);
  struct tsl_value parts = tsl_graph_total_correlation(
      graph, vae.z, values->mean, values->log_variance,
      (enum tsl_estimator)options->estimator, request->dataset_size);
  struct tsl_value mutual_information = tsl_graph_element(graph, parts, 0);
  struct tsl_value total_correlation = tsl_graph_element(graph, parts, 1);
  struct tsl_value dimension_kl = tsl_graph_element(graph, parts, 2);
  tsl_graph_objective(graph, values->reconstruction, 1);
  tsl_graph_objective(graph, mutual_information, 1);
  tsl_graph_objective(graph, total_correlation, options->beta);
  tsl_graph_objective(graph, dimension_kl, 1);
  tsl__vae_terms(graph, values, &vae);
  tsl_graph_term(graph, "mutual_information", mutual_information);
  tsl_graph_term(graph, "total_correlation", total_correlation);
  tsl_graph_term(graph, "dimension_kl", dimension_kl);
}

const struct tsl_model_ops tsl_model_beta_tcvae = {
    .family = {.name = "beta_tcvae",
               .summary = "beta-TCVAE (Chen et al. 2018): minimises reconstruction + "
                          "mutual_information + beta * total_correlation + dimension_kl.",
               .options = option_table,
               .option_count = sizeof option_table / sizeof option_table[0],
               .options_bytes = sizeof(struct beta_tcvae_options),
               .check = tsl__vae_check},
    .check_request = check_request,
    .build = build};
