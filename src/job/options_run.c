/* Options of scope run that every family has. A run's id leaves out what has its default,
 * so that a new option changes no id; for the same reason a default, once released,
 * stays.
 */
#include "job/options.h"

#include <math.h>

#define OPTION(text, kind, field, ...)                                                   \
  {                                                                                      \
    .name = (text), .type = TSL_OPTION_##kind,                                           \
    .offset = offsetof(struct tsl_run_options, field), .scope = TSL_SCOPE_RUN,           \
    __VA_ARGS__                                                                          \
  }

static const struct tsl_option rows[] = {
    OPTION("latent", INTEGER, latent, .initial = "10", .min = 1, .max = 4096,
           .help = "Dimensions of the latent code."),
    OPTION("reconstruction", CHOICE, reconstruction, .initial = "bernoulli",
           .words = "bernoulli|squared_error|gaussian",
           .help = "Likelihood of the data: cross-entropy of logits, squared error (no "
                   "1/2), or a Gaussian with its own mean and variance head."),
    OPTION("train.iterations", INTEGER, train.iterations, .initial = "0", .min = 1,
           .max = 1e12,
           .help = "Optimizer steps of a run. This or train.epochs must be given."),
    OPTION("train.epochs", INTEGER, train.epochs, .initial = "0", .min = 1, .max = 1e9,
           .help = "Passes over the training split, in place of train.iterations."),
    OPTION("train.batch", INTEGER, train.batch, .initial = "64", .min = 1, .max = 65536,
           .help = "Samples of one step."),
    OPTION("train.shards", INTEGER, train.shards, .initial = "8", .min = 1, .max = 4096,
           .help = "Fixed micro-batches of a step: a power of two that divides "
                   "train.batch; the widest team that can share one run."),
    OPTION("train.optimizer", CHOICE, train.optimizer, .initial = "adam",
           .words = "adam|adamax|sgd", .help = "The optimizer."),
    OPTION("train.learning_rate", REAL, train.learning_rate, .initial = "0.0001",
           .min = 1e-12, .max = 1000, .help = "Step size of the optimizer."),
    OPTION("train.beta1", REAL, train.beta1, .initial = "0.9", .min = 0, .max = 0.999999,
           .help = "Decay of the mean of gradients (adam, adamax)."),
    OPTION("train.beta2", REAL, train.beta2, .initial = "0.999", .min = 0,
           .max = 0.99999999,
           .help = "Decay of the mean of squares (adam) or of the norm (adamax)."),
    OPTION("train.epsilon", REAL, train.epsilon, .initial = "1.0e-8", .min = 1e-300,
           .max = 1,
           .help = "Added to the divisor, outside the square root (adam), or "
                   "to |gradient| (adamax)."),
    OPTION("train.momentum", REAL, train.momentum, .initial = "0", .min = 0,
           .max = 0.999999, .help = "Momentum of sgd."),
    OPTION("train.precision", CHOICE, train.precision, .initial = "float32",
           .words = "float32|bfloat16",
           .help = "Factors of the large matrix products; bfloat16 is faster where the "
                   "processor has AVX512-BF16, else refused. Weights, sums, moments and "
                   "losses are float32."),
    OPTION("train.patience", INTEGER, train.patience, .initial = "0", .min = 0,
           .max = 1e9,
           .help = "Evaluations in a row without a lower held-out loss after which a run "
                   "stops; model.h5 then has the weights of its best evaluation. The "
                   "loss is the mean of what is minimised over whole batches of held-out "
                   "samples, with schedules at their end. 0: a run is never stopped "
                   "early and keeps its last weights."),
    OPTION("train.evaluate_every", INTEGER, train.evaluate_every, .initial = "0",
           .min = 0, .max = 1e12,
           .help = "Steps between evaluations of the held-out samples: of their loss for "
                   "train.patience, of their clusters in families that have some; 0: an "
                   "epoch."),
    OPTION("score.held_out", REAL, held_out, .initial = "0.1", .min = 0, .max = 0.9,
           .help = "Fraction of the samples that no run is trained on; a data set with a "
                   "test part of its own holds that out."),
    OPTION("seeds", INTEGER, seed, .initial = "0", .min = 0, .max = 4294967295.0,
           .help = "Seed of weights, batches and noise, or a list of them: every setting "
                   "is trained once a seed."),
};

const struct tsl__table tsl__run_table = {rows, sizeof rows / sizeof *rows};
