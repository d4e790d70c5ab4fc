/* deconv_pixel.h - the transposed convolution of pictures of one pixel, (channels, 1, 1),
 * to whole blocks of filters (AVX-512 only): each pixel is a row of a matrix product with
 * the weight, whose columns are the filters' kernels. oneDNN's convolutions make it by
 * way of general products, with copies of the weight and of both pictures.
 */
#ifndef TEASEL_NN_DECONV_PIXEL_H
#define TEASEL_NN_DECONV_PIXEL_H

#include "nn/graph.h"

struct tsl__deconv_pixel {
  int64_t rows, in, out;     /* samples of a shard, channels, filters * kernel^2 */
  int64_t columns;           /* rows, rounded up to whole vectors; 0: not used */
  struct tsl__view view;     /* of the output */
  float *inputs, *gradients; /* (shards, rows, in), (shards, columns, out) of this step */
  float *turned;             /* (out, columns) the output's gradient */
  float *made;               /* (in, columns) the input's gradient */
};

/* False: the layer, or this processor, is not for it. Else the node's layouts, that of
 * its weight, (in, filters / 16, kernel, kernel, 16), and its memory are planned, and it
 * makes the weight's gradient of all local shards at once. */
bool tsl__deconv_pixel_plan(struct tsl_graph *graph, struct tsl__node *node,
                            struct tsl__deconv_pixel *pixel);
bool tsl__deconv_pixel_planned(const struct tsl__deconv_pixel *pixel);
void tsl__deconv_pixel_forward(const struct tsl__task *task,
                               const struct tsl__deconv_pixel *pixel);
/* grad_out: through the ReLU already; the bias's gradient is made elsewhere. */
void tsl__deconv_pixel_backward(const struct tsl__task *task,
                                const struct tsl__deconv_pixel *pixel);

#endif
