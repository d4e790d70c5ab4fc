/* conv_few.h - the convolution from a picture's few channels in bfloat16 (AVX512-BF16
 * only): the kernel's window at each pixel is one row of a matrix product. oneDNN's
 * float32 kernel for it is near the peak of fused multiply-adds; this one is faster since
 * products of bfloat16 are twice as fast.
 */
#ifndef TEASEL_NN_CONV_FEW_H
#define TEASEL_NN_CONV_FEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tsl__conv_few {
  int64_t rows;                           /* pictures */
  int64_t channels, in_height, in_width;  /* of the picture, plain */
  int64_t filters, out_height, out_width; /* in blocks of 16 */
  int64_t kernel, stride, pad;
  int64_t words; /* pairs of numbers of a window, rounded up */
};

/* False: the shape, or this processor, is not for it. words is set. */
bool tsl__conv_few_init(struct tsl__conv_few *few);
/* Floats of the packed weight, and of the room that a pass needs. */
size_t tsl__conv_few_weight_floats(const struct tsl__conv_few *few);
size_t tsl__conv_few_room_floats(const struct tsl__conv_few *few);
/* weight: (kernel, kernel, channels, filters) */
void tsl__conv_few_pack(const struct tsl__conv_few *few, const float *weight,
                        float *packed);

struct tsl__conv_few_pass {
  const float *packed, *bias; /* bias: (filters) or NULL */
  bool relu;
  float *room; /* aligned to 64 bytes */
};
/* x: (rows, channels, in_height, in_width), y: (rows, filters / 16, out_height,
 * out_width, 16) */
void tsl__conv_few_forward(const struct tsl__conv_few *few,
                           const struct tsl__conv_few_pass *pass, const float *x,
                           float *y);
/* grad_weight: (kernel, kernel, channels, filters); grad: as y */
void tsl__conv_few_weights(const struct tsl__conv_few *few, const float *x,
                           const float *grad, float *room, float *grad_weight);

#endif
