#include "model/vae_common.h"

#include <stdio.h>
#include <string.h>

void tsl__compose_reconstruction(const struct tsl_run *run, struct tsl_graph *graph,
                                 struct tsl_value decoded, struct tsl_value target,
                                 struct tsl_model_values *values) {
  const struct tsl_shape *data = &run->network->input;
  switch ((enum tsl_reconstruction)run->options.reconstruction) {
  case TSL_RECONSTRUCTION_GAUSSIAN: {
    int64_t dimensions = tsl_shape_count(data);
    struct tsl_value mean = tsl_graph_dense(graph, decoded, "output_mean", dimensions,
                                            /*bias=*/true, TSL_ACTIVATION_NONE);
    struct tsl_value log_variance =
        tsl_graph_dense(graph, decoded, "output_log_variance", dimensions, /*bias=*/true,
                        TSL_ACTIVATION_NONE);
    values->output = tsl_graph_reshape(graph, mean, data);
    values->reconstruction = tsl_graph_gaussian_likelihood(
        graph, values->output, tsl_graph_reshape(graph, log_variance, data), target);
    return;
  }
  case TSL_RECONSTRUCTION_BERNOULLI:
    values->output = tsl_graph_reshape(graph, decoded, data);
    values->reconstruction = tsl_graph_bernoulli(graph, values->output, target);
    return;
  case TSL_RECONSTRUCTION_SQUARED_ERROR:
    values->output = tsl_graph_reshape(graph, decoded, data);
    values->reconstruction = tsl_graph_squared_error(graph, values->output, target);
    return;
  }
  TSL_BUG("reconstruction %d is not one of the table", run->options.reconstruction);
}

void tsl__vae_compose(const struct tsl_model_request *request, struct tsl_graph *graph,
                      struct tsl_model_values *values, struct tsl__vae *vae) {
  const struct tsl_run *run = request->run;
  const struct tsl_network *network = run->network;
  const int64_t latent = run->options.latent;
  const struct tsl_shape code = {.rank = 1, .dims = {latent}};

  values->input = tsl_graph_input(graph, &network->input);
  struct tsl_value hidden =
      tsl_graph_network(graph, values->input, "encoder", &network->encoder);
  values->mean =
      tsl_graph_dense(graph, hidden, "mean", latent, /*bias=*/true, TSL_ACTIVATION_NONE);
  values->log_variance = tsl_graph_dense(graph, hidden, "log_variance", latent,
                                         /*bias=*/true, TSL_ACTIVATION_NONE);
  vae->noise = tsl_graph_noise(graph, "z", TSL_NOISE_NORMAL, &code);
  vae->z =
      tsl_graph_gaussian_sample(graph, values->mean, values->log_variance, vae->noise);
  values->code = vae->z;
  struct tsl_value decoded =
      tsl_graph_network(graph, vae->z, "decoder", &network->decoder);
  tsl__compose_reconstruction(run, graph, decoded, values->input, values);

  vae->kl_per_dim = tsl_graph_gaussian_kl(graph, values->mean, values->log_variance);
  vae->kl = tsl_graph_sum(graph, vae->kl_per_dim);
}

void tsl__vae_terms(struct tsl_graph *graph, const struct tsl_model_values *values,
                    const struct tsl__vae *vae) {
  tsl_graph_term(graph, "reconstruction", values->reconstruction);
  tsl_graph_term(graph, "kl", vae->kl);
  tsl_graph_term(graph, "kl_per_dim", vae->kl_per_dim);
}

/* "[3, 64, 64]" into a buffer of at least 80 bytes; returns the buffer. */
static char *print_shape(char *buffer, const struct tsl_shape *shape) {
  if (shape->rank == 1)
    snprintf(buffer, 80, "[%lld]", (long long)shape->dims[0]);
  else
    snprintf(buffer, 80, "[%lld, %lld, %lld]", (long long)shape->dims[0],
             (long long)shape->dims[1], (long long)shape->dims[2]);
  return buffer;
}

void tsl__vae_check(const void *options, const struct tsl_run_options *run,
                    const struct tsl_network *network, struct tsl_error *err) {
  (void)options;
  if (network->decoder.count == 0 && network->prior.count == 0 &&
      network->encoder.count == 0) {
    tsl_error_add(err, TSL_BAD_INPUT, network->file,
                  "the network has no entries; give `encoder:` and `decoder:`");
    return;
  }
  if (run->reconstruction == TSL_RECONSTRUCTION_GAUSSIAN)
    return; /* its heads give the data's shape whatever the last entry gives */
  const struct tsl_shape latent = {.rank = 1, .dims = {run->latent}};
  const struct tsl_shape *last = &latent;
  char where[sizeof network->file + 16];
  snprintf(where, sizeof where, "%s", network->file);
  if (network->decoder.count > 0) {
    const struct tsl_network_entry *entry =
        &network->decoder.entries[network->decoder.count - 1];
    last = &entry->output;
    snprintf(where, sizeof where, "%s:%d", network->file, entry->line);
  }
  char given[80];
  char wanted[80];
  bool same = last->rank == network->input.rank || last->rank == 1;
  if (last->rank == 3 && same)
    same = memcmp(last->dims, network->input.dims, sizeof last->dims) == 0;
  if (!same || tsl_shape_count(last) != tsl_shape_count(&network->input))
    tsl_error_add(err, TSL_BAD_INPUT, where,
                  "the decoder gives %s, but the data are %s; change the last decoder "
                  "entry, or use `reconstruction: gaussian`, which adds its own heads",
                  print_shape(given, last), print_shape(wanted, &network->input));
}
