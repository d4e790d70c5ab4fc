/* Dilokthanakul et al. 2016, "Deep unsupervised clustering with Gaussian mixture
 * variational autoencoders":
 *
 *   p(w) = N(0, I), p(z) = 1/K, p(x|w,z=k) = N(mean_k(w), exp(log_variance_k(w))), p(y|x)
 *
 * where y are the data, x (Nx) is what the decoder gets, w (Nw) what the prior network
 * gets, and z the component. q(x|y) and q(w|y) are Gaussian heads on one encoder;
 * p(z|x,w) follows in closed form. Expectations are means over M joint samples of x and
 * w. */
#include "model/vae_common.h"

#include <math.h>
#include <stdio.h>

struct gmvae_options {
  int64_t latent_w, components, samples;
  double z_prior_threshold, prior_scale, warm_up;
};

static const struct tsl_option option_table[] = {
    {.name = "latent_w",
     .type = TSL_OPTION_INTEGER,
     .offset = offsetof(struct gmvae_options, latent_w),
     .initial = "10",
     .min = 1,
     .max = 4096,
     .help = "Dimensions of w, the input of the network `prior:`; `latent` are those of "
             "x, the decoder's."},
    {.name = "components",
     .type = TSL_OPTION_INTEGER,
     .offset = offsetof(struct gmvae_options, components),
     .initial = "10",
     .min = 2,
     .max = 1000,
     .help = "Components K of the mixture: at most as many clusters are found."},
    {.name = "samples",
     .type = TSL_OPTION_INTEGER,
     .offset = offsetof(struct gmvae_options, samples),
     .initial = "1",
     .min = 1,
     .max = 1000,
     .help = "Joint samples M of x and w that expectations are estimated from."},
    {.name = "z_prior_threshold",
     .type = TSL_OPTION_REAL,
     .offset = offsetof(struct gmvae_options, z_prior_threshold),
     .initial = "0",
     .min = 0,
     .max = 1e6,
     .help = "Nats lambda below which the z-prior term is not pressed: the loss has "
             "max(lambda, z_prior) of the batch mean (the paper's minimum information "
             "constraint), less than log(components), its most. 0: always pressed."},
    {.name = "prior_scale",
     .type = TSL_OPTION_REAL,
     .offset = offsetof(struct gmvae_options, prior_scale),
     .initial = "1",
     .min = 0,
     .max = 100,
     .help = "Factor on the weights that prior_mean and prior_log_variance begin with. "
             "With many latent dimensions drawn components lie so far apart that a few "
             "get all points at once and the others none; 0.1 lets them begin close "
             "together."},
    {.name = "warm_up",
     .type = TSL_OPTION_REAL,
     .offset = offsetof(struct gmvae_options, warm_up),
     .initial = "0",
     .min = 0,
     .max = 1,
     .help = "Fraction of the training over which the weight of the three prior terms "
             "rises from 0 to 1, so that x is filled before components compete for it. "
             "0: whole from the start, as in the paper."},
};

struct posterior {
  struct tsl_value mean, log_variance;                       /* (n) */
  struct tsl_value sample_mean, sample_log_variance, sample; /* (n), M joint samples */
};

static struct posterior posterior(struct tsl_graph *graph, struct tsl_value hidden,
                                  const char *name, int64_t size, int64_t samples) {
  char mean[32], log_variance[32];
  const struct tsl_shape shape = {.rank = 1, .dims = {size}};
  snprintf(mean, sizeof mean, "%s_mean", name);
  snprintf(log_variance, sizeof log_variance, "%s_log_variance", name);
  struct posterior q;
  q.mean = tsl_graph_dense(graph, hidden, mean, size, /*bias=*/true, TSL_ACTIVATION_NONE);
  q.log_variance = tsl_graph_dense(graph, hidden, log_variance, size, /*bias=*/true,
                                   TSL_ACTIVATION_NONE);
  q.sample_mean = tsl_graph_repeat(graph, q.mean, samples);
  q.sample_log_variance = tsl_graph_repeat(graph, q.log_variance, samples);
  q.sample = tsl_graph_gaussian_sample(
      graph, q.sample_mean, q.sample_log_variance,
      tsl_graph_joint_noise(graph, name, TSL_NOISE_NORMAL, &shape, samples));
  return q;
}

/* p(x|w,z) of every z, and its terms against q(x|y): (K + 2). */
static struct tsl_value mixture(struct tsl_graph *graph, const struct tsl_run *run,
                                const struct posterior *x,
                                struct tsl_model_values *values) {
  const struct gmvae_options *options = (const void *)run->family_options;
  const int64_t units = options->components * run->options.latent;
  struct tsl_value hidden =
      tsl_graph_network(graph, values->w, "prior", &run->network->prior);
  values->component_mean = tsl_graph_dense(graph, hidden, "prior_mean", units,
                                           /*bias=*/true, TSL_ACTIVATION_NONE);
  values->component_log_variance = tsl_graph_dense(
      graph, hidden, "prior_log_variance", units, /*bias=*/true, TSL_ACTIVATION_NONE);
  tsl_graph_initial_scale(graph, values->component_mean, options->prior_scale);
  tsl_graph_initial_scale(graph, values->component_log_variance, options->prior_scale);
  const struct tsl_mixture_inputs parts = {.x = x->sample,
                                           .mean = x->sample_mean,
                                           .log_variance = x->sample_log_variance,
                                           .component_mean = values->component_mean,
                                           .component_log_variance =
                                               values->component_log_variance};
  return tsl_graph_mixture(graph, &parts);
}

/* A prior's term in the objective, coming in slowly where the run wants that. */
static void press(const struct tsl_model_request *request, struct tsl_graph *graph,
                  struct tsl_value term) {
  const struct gmvae_options *options = request->options;
  const struct tsl_ramp ramp = {
      .end = 1, .steps = (int64_t)(options->warm_up * (double)request->iterations)};
  tsl_graph_objective(
      graph, ramp.steps > 0 ? tsl_graph_ramp_scale(graph, term, &ramp) : term, 1);
}

static void add_losses(const struct tsl_model_request *request, struct tsl_graph *graph,
                       const struct tsl_model_values *values) {
  const double threshold =
      ((const struct gmvae_options *)request->options)->z_prior_threshold;
  struct tsl_value pressed = values->z_prior;
  if (threshold > 0)
    pressed = tsl_graph_at_least(graph, tsl_graph_batch_mean(graph, pressed), threshold);
  tsl_graph_objective(graph, values->reconstruction, 1);
  press(request, graph, values->conditional_prior);
  press(request, graph, values->w_prior);
  press(request, graph, pressed);
  tsl_graph_term(graph, "reconstruction", values->reconstruction);
  tsl_graph_term(graph, "conditional_prior", values->conditional_prior);
  tsl_graph_term(graph, "w_prior", values->w_prior);
  tsl_graph_term(graph, "z_prior", values->z_prior);
}

static void build(const struct tsl_model_request *request, struct tsl_graph *graph,
                  struct tsl_model_values *values) {
  const struct gmvae_options *options = request->options;
  const struct tsl_run *run = request->run;
  const int64_t samples = options->samples, components = options->components;
  values->input = tsl_graph_input(graph, &run->network->input);
  struct tsl_value hidden =
      tsl_graph_network(graph, values->input, "encoder", &run->network->encoder);
  const struct posterior x = posterior(graph, hidden, "x", run->options.latent, samples);
  const struct posterior w = posterior(graph, hidden, "w", options->latent_w, samples);
  values->mean = x.mean;
  values->log_variance = x.log_variance;
  values->code = x.sample;
  values->w_mean = w.mean;
  values->w_log_variance = w.log_variance;
  values->w = w.sample;
  struct tsl_value parts = mixture(graph, run, &x, values);
  values->log_responsibilities = tsl_graph_slice(graph, parts, 0, components);
  tsl__compose_reconstruction(
      run, graph, tsl_graph_network(graph, x.sample, "decoder", &run->network->decoder),
      tsl_graph_repeat(graph, values->input, samples), values);
  values->conditional_prior = tsl_graph_element(graph, parts, components);
  values->z_prior = tsl_graph_element(graph, parts, components + 1);
  values->w_prior =
      tsl_graph_sum(graph, tsl_graph_gaussian_kl(graph, w.mean, w.log_variance));
  add_losses(request, graph, values);
}

static void check(const void *options, const struct tsl_run_options *run,
                  const struct tsl_network *network, struct tsl_error *err) {
  const struct gmvae_options *own = options;
  const double most = log((double)own->components); /* of KL(p(z|x,w) || uniform) */
  if (own->z_prior_threshold >= most)
    tsl_error_add(err, TSL_BAD_INPUT, "",
                  "z_prior_threshold: %g; with %lld components the z-prior term is at "
                  "most log %lld = %.4g nats and would never be pressed; give less, or 0 "
                  "to press it always",
                  own->z_prior_threshold, (long long)own->components,
                  (long long)own->components, most);
  if (network->prior.count == 0)
    tsl_error_add(
        err, TSL_BAD_INPUT, network->file,
        "gmvae needs a third list, `prior:`, the network from w to the mixture's "
        "components, such as `- dense: {units: 500, activation: tanh}`");
  tsl__vae_check(options, run, network, err);
}

static int clusters(const void *options) {
  return (int)((const struct gmvae_options *)options)->components;
}

const struct tsl_model_ops tsl_model_gmvae = {
    .family = {.name = "gmvae",
               .summary = "Gaussian-mixture VAE (Dilokthanakul et al. 2016): minimises "
                          "reconstruction + conditional_prior + w_prior + z_prior; "
                          "clusters without labels.",
               .options = option_table,
               .option_count = sizeof option_table / sizeof option_table[0],
               .options_bytes = sizeof(struct gmvae_options),
               .check = check,
               .clusters = true},
    .clusters = clusters,
    .build = build};
