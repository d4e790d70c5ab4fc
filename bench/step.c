/* step.c - the time of one training step on one core.
 *
 *   step [conv64|conv32|conv32-small] [beta_vae|c_beta_vae|beta_tcvae] [BATCH] [SHARDS]
 * [STEPS]
 *
 * prints the median and the fastest of STEPS steps in milliseconds. The networks are
 * those of configs/networks; bench/step_pytorch.py does the same work in PyTorch.
 */
#include "teasel/nn.h"
#include "teasel/random.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { LATENT = 10 };

struct network {
  const char *name;
  int64_t pixels, layers;
  int64_t filters[4]; /* of the encoder's convolutions; the decoder mirrors them */
  int64_t units, channels;
};

static const struct network networks[] = {
    {"conv64", 64, 4, {48, 48, 96, 96}, 256, 64},
    {"conv32", 32, 3, {16, 32, 32}, 128, 32},
    {"conv32-small", 32, 3, {8, 16, 16}, 64, 16},
};

static struct tsl_conv conv_of(int64_t filters) {
  struct tsl_conv conv = {
      .filters = filters, .kernel = 4, .stride = 2, .pad = 1, .bias = true};
  return conv;
}

static struct tsl_value encode(struct tsl_graph *graph, const struct network *network,
                               struct tsl_value x) {
  char name[32];
  for (int64_t i = 0; i < network->layers; i++) {
    struct tsl_conv conv = conv_of(network->filters[i]);
    snprintf(name, sizeof name, "encoder.%d", (int)i);
    x = tsl_graph_conv(graph, x, name, &conv, TSL_ACTIVATION_RELU);
  }
  return tsl_graph_dense(graph, x, "encoder.dense", network->units, true,
                         TSL_ACTIVATION_RELU);
}

static struct tsl_value decode(struct tsl_graph *graph, const struct network *network,
                               struct tsl_value z) {
  char name[32];
  const struct tsl_shape image = {.rank = 3, .dims = {network->channels, 4, 4}};
  struct tsl_value x =
      tsl_graph_dense(graph, z, "decoder.0", network->units, true, TSL_ACTIVATION_RELU);
  x = tsl_graph_dense(graph, x, "decoder.1", network->channels * 16, true,
                      TSL_ACTIVATION_RELU);
  x = tsl_graph_reshape(graph, x, &image);
  for (int64_t i = network->layers - 1; i >= 0; i--) {
    /* conv64: 96, 48, 48, 3 */
    struct tsl_conv conv = conv_of(i > 0 ? network->filters[i - 1] : 3);
    if (i == network->layers - 1)
      conv.filters = network->filters[i];
    if (i > 0 && i < network->layers - 1)
      conv.filters = network->filters[i - 1];
    snprintf(name, sizeof name, "decoder.%d", (int)(2 + network->layers - i));
    x = tsl_graph_deconv(graph, x, name, &conv,
                         i > 0 ? TSL_ACTIVATION_RELU : TSL_ACTIVATION_NONE);
  }
  return x;
}

static void add_losses(struct tsl_graph *graph, const char *family, struct tsl_value z,
                       struct tsl_value mean, struct tsl_value log_variance) {
  struct tsl_value kl = tsl_graph_gaussian_kl(graph, mean, log_variance);
  struct tsl_value sum = tsl_graph_sum(graph, kl);
  tsl_graph_term(graph, "kl_per_dim", kl);
  if (strcmp(family, "c_beta_vae") == 0) {
    const struct tsl_ramp ramp = {.end = 6, .steps = 1000};
    struct tsl_value whole = tsl_graph_batch_mean(graph, sum);
    tsl_graph_objective(graph, tsl_graph_ramp_distance(graph, whole, &ramp), 700);
  } else if (strcmp(family, "beta_tcvae") == 0) {
    struct tsl_value terms = tsl_graph_total_correlation(graph, z, mean, log_variance,
                                                         TSL_ESTIMATOR_MWS, 7648);
    tsl_graph_objective(graph, tsl_graph_element(graph, terms, 0), 1);
    tsl_graph_objective(graph, tsl_graph_element(graph, terms, 1), 4);
    tsl_graph_objective(graph, tsl_graph_element(graph, terms, 2), 1);
  } else {
    tsl_graph_objective(graph, sum, 4);
  }
}

static enum tsl_status build(const struct network *network, const char *family,
                             const struct tsl_graph_shape *shape,
                             struct tsl_graph **graph, struct tsl_error *err) {
  const struct tsl_shape input = {.rank = 3,
                                  .dims = {3, network->pixels, network->pixels}};
  const struct tsl_shape latent = {.rank = 1, .dims = {LATENT}};
  TSL_TRY(tsl_graph_create(shape, graph, err));
  struct tsl_value x = tsl_graph_input(*graph, &input);
  struct tsl_value h = encode(*graph, network, x);
  struct tsl_value mean =
      tsl_graph_dense(*graph, h, "mean", LATENT, true, TSL_ACTIVATION_NONE);
  struct tsl_value log_variance =
      tsl_graph_dense(*graph, h, "log_variance", LATENT, true, TSL_ACTIVATION_NONE);
  struct tsl_value noise = tsl_graph_noise(*graph, "z", TSL_NOISE_NORMAL, &latent);
  struct tsl_value z = tsl_graph_gaussian_sample(*graph, mean, log_variance, noise);
  struct tsl_value output = decode(*graph, network, z);
  struct tsl_value reconstruction = tsl_graph_bernoulli(*graph, output, x);
  tsl_graph_objective(*graph, reconstruction, 1);
  tsl_graph_term(*graph, "reconstruction", reconstruction);
  add_losses(*graph, family, z, mean, log_variance);
  TSL_TRY(tsl_graph_finish(*graph, err));
  tsl_graph_initialise(*graph, 1);
  const struct tsl_optimizer_options adam = {.kind = TSL_OPTIMIZER_ADAM,
                                             .learning_rate = 1e-4,
                                             .beta1 = 0.9,
                                             .beta2 = 0.999,
                                             .epsilon = 1e-8};
  return tsl_graph_optimizer(*graph, &adam, err);
}

static const struct network *network_named(const char *name) {
  for (size_t i = 0; i < sizeof networks / sizeof networks[0]; i++) {
    if (strcmp(networks[i].name, name) == 0)
      return &networks[i];
  }
  fprintf(stderr, "step: no network is named %s\n", name);
  return NULL;
}

static double milliseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec * 1e3 + (double)now.tv_nsec * 1e-6;
}

static int by_size(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* times: (steps) */
static enum tsl_status measure(struct tsl_graph *graph, const float *batch, int steps,
                               double *times, struct tsl_error *err) {
  double *terms = calloc((size_t)tsl_graph_term_numbers(graph), sizeof *terms);
  if (terms == NULL)
    return tsl_error_set(err, TSL_MEMORY, "", "no memory for the terms");
  enum tsl_status status = TSL_OK;
  for (int i = -3; i < steps && status == TSL_OK; i++) {
    struct tsl_step step = {
        .step = i + 3, .seed = 1, .batch = batch, .update = true, .terms = terms};
    double begin = milliseconds();
    status = tsl_graph_step(graph, tsl_team_alone(), &step, err);
    if (i >= 0)
      times[i] = milliseconds() - begin;
  }
  printf("loss %.4f\n", terms[0]);
  free(terms);
  return status;
}

int main(int argc, char **argv) {
  const char *name = argc > 1 ? argv[1] : "conv64";
  const char *family = argc > 2 ? argv[2] : "beta_vae";
  struct tsl_graph_shape shape = {argc > 3 ? atoi(argv[3]) : 64,
                                  argc > 4 ? atoi(argv[4]) : 8};
  int steps = argc > 5 ? atoi(argv[5]) : 40;
  const struct network *network = network_named(name);
  if (network == NULL)
    return 2;
  struct tsl_error err = {0};
  struct tsl_graph *graph = NULL;
  size_t count = (size_t)(shape.batch * 3 * network->pixels * network->pixels);
  float *batch = calloc(count, sizeof *batch);
  double *times = calloc((size_t)steps, sizeof *times);
  struct tsl_stream stream = {.seed = 1, .purpose = TSL_PURPOSE_TEST};
  enum tsl_status status = batch == NULL || times == NULL ? TSL_MEMORY : TSL_OK;
  if (status == TSL_OK) {
    tsl_random_uniform(&stream, 0, 0, count, batch);
    status = tsl_nn_start("", &err);
  }
  if (status == TSL_OK)
    status = build(network, family, &shape, &graph, &err);
  if (status == TSL_OK)
    status = measure(graph, batch, steps, times, &err);
  if (status == TSL_OK) {
    qsort(times, (size_t)steps, sizeof *times, by_size);
    printf("%s %s batch %d shards %d: median %.2f ms, fastest %.2f ms, %.1f GFLOP/s, "
           "%.1f MiB, %s\n",
           network->name, family, (int)shape.batch, (int)shape.shards, times[steps / 2],
           times[0], tsl_graph_operations(graph) / times[0] * 1e-6,
           (double)tsl_graph_memory(graph) / 1048576, tsl_nn_kernel_set());
  } else {
    fprintf(stderr, "step: %s\n", err.text);
  }
  tsl_graph_free(graph);
  free(batch);
  free(times);
  return status == TSL_OK ? 0 : 1;
}
