/* vector.h - loops that the compiler turns into vector code, and the functions of one
 * number that libm has only one number at a time.
 *
 * Every function here is a fixed sequence of IEEE operations (no fused multiply-add, no
 * reordering), so a loop gives the same bits whatever the width of its vectors. Errors
 * are below 2 units in the last place where nothing else is said; tests compare with
 * libm.
 */
#ifndef TEASEL_NN_VECTOR_H
#define TEASEL_NN_VECTOR_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Before a function: compiled for three instruction sets, picked when the program is
 * loaded. */
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define TSL__VECTOR __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define TSL__VECTOR
#endif
#define TSL__INLINE static inline __attribute__((always_inline))

enum { TSL__LANES = 16 }; /* of sums: their order is fixed by it */

TSL__INLINE uint32_t tsl__float_bits(float x) {
  uint32_t bits;
  memcpy(&bits, &x, sizeof bits);
  return bits;
}

TSL__INLINE float tsl__bits_float(uint32_t bits) {
  float x;
  memcpy(&x, &bits, sizeof x);
  return x;
}

TSL__INLINE float tsl__abs(float x) {
  return tsl__bits_float(tsl__float_bits(x) & 0x7fffffffU);
}

/* x = n ln 2 + r with |r| <= ln 2 / 2. Adding 1.5 * 2^23 rounds to a whole number, which
 * is then in the low bits. ln 2 in two parts, the first with few bits. */
struct tsl__reduced {
  float r, n;
  uint32_t bits;
};

TSL__INLINE struct tsl__reduced tsl__reduce(float x) {
  struct tsl__reduced reduced;
  float shifted = x * 1.44269504088896341F + 12582912.0F;
  reduced.bits = tsl__float_bits(shifted);
  reduced.n = shifted - 12582912.0F;
  float r = x - reduced.n * 0.693359375F;
  reduced.r = r - reduced.n * -2.12194440054690583e-4F;
  return reduced;
}

/* (exp(r) - 1 - r) / r^2 on |r| <= ln 2 / 2. Cephes' coefficients (S. Moshier, expf). */
TSL__INLINE float tsl__exp_tail(float r) {
  float p = 1.9875691500e-4F;
  p = p * r + 1.3981999507e-3F;
  p = p * r + 8.3334519073e-3F;
  p = p * r + 4.1665795894e-2F;
  p = p * r + 1.6666665459e-1F;
  return p * r + 5.0000001201e-1F;
}

/* exp(x); 0 below -86.99, infinity above 88.72; not a number stays so. */
TSL__INLINE float tsl__exp(float x) {
  x = x > 89.0F ? 89.0F : x;
  x = x < -87.3F ? -87.3F : x;
  struct tsl__reduced reduced = tsl__reduce(x);
  float r = reduced.r;
  float p = tsl__exp_tail(r) * (r * r) + r + 1.0F;
  /* 2^(n-1), then doubled, so that n = 128 overflows as it should. */
  float half = tsl__bits_float((reduced.bits << 23) + 0x3f000000U);
  return p * half * 2.0F;
}

/* exp(x) - 1 for x <= 88, without the loss of digits near 0. */
TSL__INLINE float tsl__expm1(float x) {
  x = x > 88.0F ? 88.0F : x;
  x = x < -87.3F ? -87.3F : x;
  struct tsl__reduced reduced = tsl__reduce(x);
  float r = reduced.r;
  float p = tsl__exp_tail(r) * (r * r) + r;
  float scale = tsl__bits_float((reduced.bits << 23) + 0x3f000000U) * 2.0F;
  return p * scale + (scale - 1.0F);
}

/* log(1 + u) for u in [0, 1]: 2 atanh(t) with t = u / (2 + u) <= 1/3; the polynomial in
 * t^2 is a Chebyshev fit, error 1e-9. */
TSL__INLINE float tsl__log1p(float u) {
  float t = u / (2.0F + u);
  float s = t * t;
  float p = 0.10403821F;
  p = p * s + 0.08729488F;
  p = p * s + 0.11132647F;
  p = p * s + 0.1428514F;
  p = p * s + 0.20000006F;
  p = p * s + 0.33333333F;
  return 2.0F * (t + t * (s * p));
}

/* log(x) for normal x > 0, by x = 2^n m with m in [sqrt(1/2), sqrt(2)). */
TSL__INLINE float tsl__log(float x) {
  uint32_t bits = tsl__float_bits(x);
  uint32_t shifted = bits - 0x3f3504f3U; /* sqrt(1/2) */
  float n = (float)((int32_t)shifted >> 23);
  float m = tsl__bits_float((shifted & 0x007fffffU) + 0x3f3504f3U);
  float t = (m - 1.0F) / (m + 1.0F);
  float s = t * t;
  float p = 0.10403821F;
  p = p * s + 0.08729488F;
  p = p * s + 0.11132647F;
  p = p * s + 0.1428514F;
  p = p * s + 0.20000006F;
  p = p * s + 0.33333333F;
  float tail = 2.0F * (t * (s * p)) + n * -2.12194440054690583e-4F;
  return n * 0.693359375F + (2.0F * t + tail);
}

TSL__INLINE float tsl__sigmoid(float x) {
  float e = tsl__exp(-tsl__abs(x));
  float small = e / (1.0F + e); /* of -|x| */
  return x < 0.0F ? small : 1.0F / (1.0F + e);
}

/* tanh(|x|) = -t / (t + 2) with t = exp(-2|x|) - 1. */
TSL__INLINE float tsl__tanh(float x) {
  float t = tsl__expm1(-2.0F * tsl__abs(x));
  float y = -t / (t + 2.0F);
  return x < 0.0F ? -y : y;
}

/* ---- loops (vector.c); x, y, to: (count) ---- */
void tsl__add(float *to, const float *x, size_t count); /* to += x */
void tsl__scale(float *to, float factor, size_t count); /* to *= factor */
void tsl__fill(float *to, float value, size_t count);
/* to = the sums of a carry chain: chain[depth-1] + (... + (chain[0] + x)) */
void tsl__add_chain(float *to, const float *const *chain, int depth, const float *x,
                    size_t count);
/* Sum in double precision, in the fixed order of 16 lanes. */
double tsl__sum(const float *x, size_t count);
void tsl__relu(float *y, size_t count); /* in place */
/* Gradient where the value y of a ReLU is positive, else 0. grad: in place. */
void tsl__relu_backward(float *grad, const float *y, size_t count);

#endif
