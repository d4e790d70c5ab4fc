#include "nn/vector.h"

TSL__VECTOR void tsl__add(float *to, const float *x, size_t count) {
  for (size_t i = 0; i < count; i++)
    to[i] += x[i];
}

TSL__VECTOR void tsl__scale(float *to, float factor, size_t count) {
  for (size_t i = 0; i < count; i++)
    to[i] *= factor;
}

TSL__VECTOR void tsl__fill(float *to, float value, size_t count) {
  for (size_t i = 0; i < count; i++)
    to[i] = value;
}

TSL__VECTOR static void add_pair(float *restrict to, const float *restrict a,
                                 const float *restrict x, size_t count) {
  for (size_t i = 0; i < count; i++)
    to[i] = a[i] + x[i];
}

TSL__VECTOR static void add_three(float *restrict to, const float *restrict a,
                                  const float *restrict b, const float *restrict x,
                                  size_t count) {
  for (size_t i = 0; i < count; i++)
    to[i] = b[i] + (a[i] + x[i]);
}

TSL__VECTOR static void add_four(float *restrict to, const float *restrict a,
                                 const float *restrict b, const float *restrict c,
                                 const float *restrict x, size_t count) {
  for (size_t i = 0; i < count; i++)
    to[i] = c[i] + (b[i] + (a[i] + x[i]));
}

void tsl__add_chain(float *to, const float *const *chain, int depth, const float *x,
                    size_t count) {
  switch (depth) {
  case 1:
    add_pair(to, chain[0], x, count);
    return;
  case 2:
    add_three(to, chain[0], chain[1], x, count);
    return;
  case 3:
    add_four(to, chain[0], chain[1], chain[2], x, count);
    return;
  default:
    add_pair(to, chain[0], x, count);
    for (int k = 1; k < depth; k++)
      tsl__add(to, chain[k], count);
  }
}

TSL__VECTOR double tsl__sum(const float *x, size_t count) {
  double lanes[TSL__LANES] = {0};
  size_t i = 0;
  for (; i + TSL__LANES <= count; i += TSL__LANES) {
    for (size_t k = 0; k < TSL__LANES; k++)
      lanes[k] += (double)x[i + k];
  }
  for (size_t k = 0; i + k < count; k++)
    lanes[k] += (double)x[i + k];
  for (size_t half = TSL__LANES / 2; half > 0; half /= 2) {
    for (size_t k = 0; k < half; k++)
      lanes[k] += lanes[k + half];
  }
  return lanes[0];
}

TSL__VECTOR void tsl__relu_backward(float *restrict grad, const float *restrict y,
                                    size_t count) {
  for (size_t i = 0; i < count; i++)
    grad[i] = y[i] > 0.0F ? grad[i] : 0.0F;
}

TSL__VECTOR void tsl__relu(float *y, size_t count) {
  for (size_t i = 0; i < count; i++)
    y[i] = y[i] > 0.0F ? y[i] : 0.0F;
}
