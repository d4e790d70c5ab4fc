/* AdaMax: Kingma and Ba (2015), Algorithm 2, with PyTorch's u = max(beta2 u, |g| +
 * epsilon). */
#include "nn/optimizer.h"
#include "nn/vector.h"

#include <math.h>

struct factors {
  float beta1, beta2, rest1;
  float rate; /* learning rate / (1 - beta1^t) */
  float epsilon;
};

/* All arrays: (count). norm: the exponentially weighted infinity norm. */
TSL__VECTOR static void update_all(float *restrict weight, const float *restrict gradient,
                                   float *restrict first, float *restrict norm,
                                   size_t count, struct factors f) {
  for (size_t i = 0; i < count; i++) {
    float g = gradient[i];
    float m = f.beta1 * first[i] + f.rest1 * g;
    float old = f.beta2 * norm[i];
    float now = tsl__abs(g) + f.epsilon;
    float u = old > now ? old : now;
    first[i] = m;
    norm[i] = u;
    weight[i] -= f.rate * (m / u);
  }
}

static void adamax_update(const struct tsl__update *update) {
  const struct tsl_optimizer_options *options = update->options;
  double t = (double)update->t;
  struct factors f = {
      .beta1 = (float)options->beta1,
      .beta2 = (float)options->beta2,
      .rest1 = (float)(1.0 - options->beta1),
      .rate = (float)(options->learning_rate / (1.0 - pow(options->beta1, t))),
      .epsilon = (float)options->epsilon,
  };
  update_all(update->weight, update->gradient, update->moments[0], update->moments[1],
             update->count, f);
}

const struct tsl__optimizer tsl__optimizer_adamax = {
    .name = "adamax",
    .kind = TSL_OPTIMIZER_ADAMAX,
    .moments = 2,
    .moment_names = {"exp_avg", "exp_inf"},
    .update = adamax_update};
