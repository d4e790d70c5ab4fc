/* deconv_few.h - the forward pass of a transposed convolution to few channels (a
 * picture), for which oneDNN's backward-data is slow: each input pixel times the weights
 * gives its kernel-sized patch of every output channel, and patches are added where they
 * overlap. */
#ifndef TEASEL_NN_DECONV_FEW_H
#define TEASEL_NN_DECONV_FEW_H

#include "nn/dnnl.h"

struct tsl__deconv_few {
  struct tsl__view x; /* of the input */
  int64_t filters, out_height, out_width, kernel, stride, pad;
  int64_t columns; /* filters * kernel^2, rounded up to whole vectors */
  bool bfloat16;   /* factors of the products are rounded to it; x in blocks of 16 */
};

/* Floats of the packed weight; and of the patches of one row of input pixels, in bfloat16
 * with room for its factors. */
size_t tsl__deconv_few_weight_floats(const struct tsl__deconv_few *few);
size_t tsl__deconv_few_patch_floats(const struct tsl__deconv_few *few);
/* weight: PyTorch's (channels, filters, kernel, kernel); packed: (padded channels,
 * columns), in bfloat16 (padded channels / 2, columns) pairs */
void tsl__deconv_few_pack(const struct tsl__deconv_few *few, const float *weight,
                          float *packed);
/* x: (few->x), bias: (filters) or NULL, patches: room, y: (rows, filters, out_height,
 * out_width) */
void tsl__deconv_few_forward(const struct tsl__deconv_few *few, const float *x,
                             const float *packed, const float *bias, float *patches,
                             float *y);

#endif
