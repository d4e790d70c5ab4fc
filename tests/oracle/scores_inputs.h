/* scores_inputs.h - the inputs of record_scores.py, to the bit. */
#ifndef TEASEL_TESTS_SCORES_INPUTS_H
#define TEASEL_TESTS_SCORES_INPUTS_H

#include <math.h>
#include <stdint.h>
#include <string.h>

enum { MODELS = 9, POINTS = 101, LATENT = 4 };
static const int setting[MODELS] = {0, 0, 0, 1, 1, 1, 1, 2, 3};
static const int family[MODELS] = {0, 0, 0, 0, 0, 0, 0, 1, 2};

static inline void draw(uint64_t seed, int count, double *out) {
  for (int i = 0; i < count; i++) {
    seed = (seed * 1103515245u + 12345u) % (1u << 31);
    out[i] = (double)(seed >> 8) / (double)(1 << 23) - 0.5;
  }
}

struct udr_inputs {
  float mean[MODELS][POINTS][LATENT];
  float log_variance[MODELS][POINTS][LATENT];
};

static inline void fill_udr(struct udr_inputs *in) {
  static double common[POINTS * LATENT], noise[POINTS * LATENT];
  draw(1, POINTS * LATENT, common);
  for (int m = 0; m < MODELS; m++) {
    draw(100 + (uint64_t)m, POINTS * LATENT, noise);
    for (int i = 0; i < POINTS; i++) {
      for (int k = 0; k < LATENT; k++) {
        double value =
            common[i * LATENT + (k + m) % LATENT] + 0.5 * noise[i * LATENT + k];
        in->mean[m][i][k] = m == 7 ? 0 : (float)value;
        in->log_variance[m][i][k] = m == 7 ? 0 : -3;
      }
    }
  }
  for (int i = 0; i < POINTS; i++) {
    in->mean[1][i][0] = floorf(in->mean[1][i][0] * 4) / 4;
    in->mean[2][i][3] = in->mean[2][i][1];
    in->mean[3][i][2] = 0.75F;
    in->mean[4][i][0] /= 128;
    in->log_variance[4][i][0] = 0;
  }
  in->mean[5][17][1] = NAN;
  in->log_variance[6][3][2] = INFINITY;
}

enum { CLUSTER_POINTS = 60, DIMENSIONS = 3, CLUSTERS = 4 };
struct cluster_inputs {
  double x[CLUSTER_POINTS][DIMENSIONS];
  double q[CLUSTER_POINTS][CLUSTERS];
  int32_t predicted[CLUSTER_POINTS], truth[CLUSTER_POINTS];
};

static inline void fill_clusters(struct cluster_inputs *in) {
  draw(7, CLUSTER_POINTS * DIMENSIONS, in->x[0]);
  draw(8, CLUSTER_POINTS * CLUSTERS, in->q[0]);
  for (int i = 0; i < CLUSTER_POINTS; i++) {
    in->truth[i] = i * 7 % 5 % 4;
    in->x[i][0] += in->truth[i];
    in->q[i][in->truth[i]] += 0.5;
    if (i == 20 || i == 30)
      in->q[i][1] = 4;
    in->predicted[i] = 0;
    for (int k = 1; k < CLUSTERS; k++)
      if (in->q[i][k] > in->q[i][in->predicted[i]])
        in->predicted[i] = k;
    if (in->predicted[i] == 3)
      in->predicted[i] = 2;
  }
}

enum { FACTOR_POINTS = 150, TEST_POINTS = 70, FACTORS = 3 };

/* codes: (count, LATENT), factors: (count, FACTORS) */
static inline void fill_factors(uint64_t seed, int count, double *codes,
                                double *factors) {
  double column[FACTOR_POINTS];
  for (int j = 0; j < FACTORS; j++) {
    draw(seed + (uint64_t)j, count, column);
    for (int i = 0; i < count; i++)
      factors[i * FACTORS + j] = floor((column[i] + 0.5) * (j + 2));
  }
  draw(seed + 10, count * LATENT, codes);
  for (int i = 0; i < count; i++) {
    const double *f = factors + i * FACTORS;
    double *c = codes + i * LATENT;
    for (int k = 0; k < LATENT; k++)
      c[k] *= 0.5;
    c[0] += f[0];
    c[1] += f[1] + 0.25 * f[0];
    c[2] -= f[2];
  }
}

#endif
