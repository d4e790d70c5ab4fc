/* Adam: Kingma and Ba (2015), Algorithm 1, epsilon outside the square root. */
#include "nn/optimizer.h"
#include "nn/vector.h"

#include <math.h>

struct factors {
  float beta1, beta2, rest1, rest2; /* rest = 1 - beta */
  float rate;                       /* learning rate / (1 - beta1^t) */
  float root;                       /* sqrt(1 - beta2^t) */
  float epsilon;
};

/* All arrays: (count). */
TSL__VECTOR static void update_all(float *restrict weight, const float *restrict gradient,
                                   float *restrict first, float *restrict second,
                                   size_t count, struct factors f) {
  for (size_t i = 0; i < count; i++) {
    float g = gradient[i];
    float m = f.beta1 * first[i] + f.rest1 * g;
    float v = f.beta2 * second[i] + f.rest2 * (g * g);
    first[i] = m;
    second[i] = v;
    weight[i] -= f.rate * (m / (__builtin_sqrtf(v) / f.root + f.epsilon));
  }
}

static void adam_update(const struct tsl__update *update) {
  const struct tsl_optimizer_options *options = update->options;
  double t = (double)update->t;
  struct factors f = {
      .beta1 = (float)options->beta1,
      .beta2 = (float)options->beta2,
      .rest1 = (float)(1.0 - options->beta1),
      .rest2 = (float)(1.0 - options->beta2),
      .rate = (float)(options->learning_rate / (1.0 - pow(options->beta1, t))),
      .root = (float)sqrt(1.0 - pow(options->beta2, t)),
      .epsilon = (float)options->epsilon,
  };
  update_all(update->weight, update->gradient, update->moments[0], update->moments[1],
             update->count, f);
}

const struct tsl__optimizer tsl__optimizer_adam = {
    .name = "adam",
    .kind = TSL_OPTIMIZER_ADAM,
    .moments = 2,
    .moment_names = {"exp_avg", "exp_avg_sq"},
    .update = adam_update};
