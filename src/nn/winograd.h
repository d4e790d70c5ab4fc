/* winograd.h - convolutions with a 4x4 kernel, stride 2 and padding 1, and their
 * transposes, in 9/16 of the multiplications (AVX-512 only).
 *
 * Pixels of equal parity of row and column form four pictures, on each of which the
 * kernel is 2x2 with stride 1; for that, Winograd's F(2x2, 2x2) makes a tile of 2x2
 * results from 9 products instead of 16 (S. Winograd, Arithmetic Complexity of
 * Computations, 1980; A. Lavin and S. Gray, Fast Algorithms for Convolutional Neural
 * Networks, 2016). In one dimension, with d the pixels and g the kernel,
 *   y0 = d0 g0 + d1 g1 = m0 + m1, y1 = d1 g0 + d2 g1 = m1 + m2,
 *   m0 = (d0 - d1) g0, m1 = d1 (g0 + g1), m2 = (d2 - d1) g1,
 * and the gradients are the transposes of these three maps. All factors are 0 and +-1, so
 * the result is about as exact as the plain sum. The nine points of a tile are nine
 * matrix products over the channels.
 *
 * `large` is the picture that the kernel walks over, `small` the one with half its height
 * and width: a convolution gathers small from large, a transposed one spreads small into
 * large. Both lie in blocks of 16 channels: (rows, channels / 16, height, width, 16).
 */
#ifndef TEASEL_NN_WINOGRAD_H
#define TEASEL_NN_WINOGRAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tsl__winograd {
  int64_t rows;              /* pictures */
  int64_t channels, filters; /* of large, of small: multiples of 16 */
  int64_t height, width;     /* of small: even */
  int64_t group;             /* pictures that are worked on at once */
  bool
      bfloat16; /* may be set after init: the factors of the products are rounded to it */
};

/* False: the shape, or this processor, is not for it. */
bool tsl__winograd_init(struct tsl__winograd *winograd, int64_t rows, int64_t channels,
                        int64_t filters, int64_t height, int64_t width);
/* Floats of one transformed weight, and of the room that a pass needs. */
size_t tsl__winograd_weight_floats(const struct tsl__winograd *winograd);
size_t tsl__winograd_room_floats(const struct tsl__winograd *winograd);

/* From weight (4, 4, channels, filters) to (9, 4 channels, filters) for gathering, and to
 * (9, filters, 4 channels) for spreading; in bfloat16 the middle dimension is of pairs
 * and half as long. turned: room, (4, 4, filters, channels) */
void tsl__winograd_gathering_weight(const struct tsl__winograd *winograd,
                                    const float *weight, float *out);
void tsl__winograd_spreading_weight(const struct tsl__winograd *winograd,
                                    const float *weight, float *turned, float *out);

/* bias: (channels of the result) or NULL. weight: transformed. room: room_floats. All
 * arrays aligned to 64 bytes. */
struct tsl__winograd_pass {
  const float *weight, *bias;
  bool relu;
  float *room;
};
void tsl__winograd_gather(const struct tsl__winograd *winograd,
                          const struct tsl__winograd_pass *pass, const float *large,
                          float *small);
void tsl__winograd_spread(const struct tsl__winograd *winograd,
                          const struct tsl__winograd_pass *pass, const float *small,
                          float *large);

/* The gradient of the weight from one picture and the gradient of the other; and the
 * gradient of the input in the same walk: of large (a convolution; weight: for spreading)
 * or of small (a transposed one; weight: for gathering), or of none. */
struct tsl__winograd_backward {
  const float *large, *small;
  float *gradient;    /* which of these two is one; changed as `value` says */
  const float *value; /* of the ReLU whose gradient it is; NULL: there is none */
  double *sums;       /* (its channels) sums of the gradient over rows and pixels, added
                         to what is there; or NULL */
  const float *weight;
  float *grad_weight;             /* (4, 4, channels, filters) */
  float *grad_large, *grad_small; /* one at most is not NULL */
  float *room;
};
void tsl__winograd_backward(const struct tsl__winograd *winograd,
                            const struct tsl__winograd_backward *pass);

#endif
