/* layer.h - what the layers with weights share: copies of a weight in the layouts that
 * their passes want, and loops over channels. */
#ifndef TEASEL_NN_LAYER_H
#define TEASEL_NN_LAYER_H

#include "nn/graph.h"

/* A weight as one pass wants it: the weight itself, or a copy that is made anew whenever
 * the weights have changed (once a step, not once a shard). */
struct tsl__weight_copy {
  bool converts;
  struct tsl__kernel reorder;
  float *data;
};
/* param: index in the graph; its layout is decided before. */
enum tsl_status tsl__weight_copy_plan(struct tsl_graph *graph,
                                      struct tsl__weight_copy *copy, int param,
                                      const struct tsl__layout *wanted,
                                      struct tsl_error *err);
void tsl__weight_copy_refresh(struct tsl_graph *graph, struct tsl__weight_copy *copy,
                              int param);
const float *tsl__weight_copy_at(const struct tsl_graph *graph,
                                 const struct tsl__weight_copy *copy, int param);
void tsl__weight_copy_release(struct tsl__weight_copy *copy);

/* y += bias of its channel, then ReLU where asked. y: (view); bias: (channels), zero
 * behind up to a whole block. */
void tsl__bias_forward(float *y, const float *bias, const struct tsl__view *view,
                       bool relu);
/* grad_bias = sum of grad over rows and pixels. grad: (view), grad_bias: (channels) */
void tsl__bias_backward(const float *grad, float *grad_bias,
                        const struct tsl__view *view);

/* Checks shape and numbers of a convolution; false and a noted error when they do not
 * fit. */
bool tsl__conv_check(struct tsl_graph *graph, const struct tsl__node *node,
                     const struct tsl_conv *conv, bool transposed);
/* The activation as a node of its own, when it cannot be fused. */
struct tsl_value tsl__activate_rest(struct tsl_graph *graph, const struct tsl__node *node,
                                    enum tsl_activation activation);

#endif
