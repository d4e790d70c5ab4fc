/* Stochastic gradient descent with momentum, as PyTorch has it: v = momentum v + g; w -=
 * rate v. */
#include "nn/optimizer.h"
#include "nn/vector.h"

/* All arrays: (count). */
TSL__VECTOR static void update_all(float *restrict weight, const float *restrict gradient,
                                   float *restrict velocity, size_t count, float rate,
                                   float momentum) {
  for (size_t i = 0; i < count; i++) {
    float v = momentum * velocity[i] + gradient[i];
    velocity[i] = v;
    weight[i] -= rate * v;
  }
}

static void sgd_update(const struct tsl__update *update) {
  update_all(update->weight, update->gradient, update->moments[0], update->count,
             (float)update->options->learning_rate, (float)update->options->momentum);
}

const struct tsl__optimizer tsl__optimizer_sgd = {.name = "sgd",
                                                  .kind = TSL_OPTIMIZER_SGD,
                                                  .moments = 1,
                                                  .moment_names = {"momentum_buffer"},
                                                  .update = sgd_update};
