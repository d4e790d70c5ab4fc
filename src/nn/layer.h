/* layer.h - what the layers with weights share: copies of a weight in the layouts that
 * their passes want, and loops over channels. */
#ifndef TEASEL_NN_LAYER_H
#define TEASEL_NN_LAYER_H

#include "nn/conv_few.h"
#include "nn/deconv_few.h"
#include "nn/graph.h"
#include "nn/winograd.h"

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

/* The three passes of a layer with weights. */
struct tsl__passes {
  struct tsl__kernel forward, backward_data, backward_weights;
  struct tsl__weight_copy ahead, back; /* weight for forward, for backward_data */
  /* Instead of oneDNN's backward-data, where that is slow; patches NULL: not used. */
  struct tsl__deconv_few few;
  float *packed, *patches; /* as deconv_few.h says */
  /* Instead of oneDNN, where winograd.h is for the shape; rows 0: not used. */
  struct tsl__winograd winograd;
  float *gathering, *spreading; /* transformed weights; NULL: no pass needs it */
  double *sums;                 /* (output channels) */
  /* Instead of oneDNN, from a picture in bfloat16; picture_weight NULL: not used. */
  struct tsl__conv_few picture;
  float *picture_weight; /* as conv_few.h says */
};
void tsl__passes_refresh(struct tsl_graph *graph, struct tsl__node *node);
void tsl__passes_release(struct tsl__node *node);

/* A convolution, or the one whose backward-data a transposed convolution is: its
 * geometry, and layouts in which all its passes are fast. oneDNN 2.6 has fast code from 1
 * and 3 plain channels (a picture) to blocked ones, but no backward-data for it (use
 * few); other channels below a whole block it is told as a block, whose padding is zero;
 * and where it would run its reference loops, both sides are plain, for which it has
 * matrix products.
 */
struct tsl__convolution {
  struct tsl__conv_geometry geometry;
  struct tsl__layout x, y, any_weight;
};
bool tsl__channels_are_picture(int64_t channels);
/* x_shape, y_shape: of the convolution's input and output. */
enum tsl_status
tsl__convolution_choose(struct tsl_graph *graph, const struct tsl__node *node,
                        const struct tsl_shape *x_shape, const struct tsl_shape *y_shape,
                        struct tsl__convolution *out, struct tsl_error *err);
/* Makes the kernel of one pass; weight: the layout that it wants. */
enum tsl_status tsl__convolution_kernel(struct tsl_graph *graph,
                                        const struct tsl__convolution *convolution,
                                        const struct tsl__layer *layer,
                                        struct tsl__kernel *kernel,
                                        struct tsl__layout *weight,
                                        struct tsl_error *err);
/* Plans passes->winograd and the weight's layout where the convolution is for it, else
 * returns false; gathers, spreads: which transformed weights the passes want. */
bool tsl__winograd_plan(struct tsl_graph *graph, const struct tsl__node *node,
                        const struct tsl__convolution *convolution, bool gathers,
                        bool spreads);
bool tsl__winograd_planned(const struct tsl__passes *passes);
/* Whether it makes the values, too, or only their gradients. Its sums round two to three
 * times as coarsely as direct ones, and a ReLU whose input is all but zero then goes the
 * other way several times as often, which shows as a jump in the gradients; a gradient
 * has no such places. */
bool tsl__winograd_goes_ahead(const struct tsl_graph *graph);
void tsl__winograd_refresh(struct tsl_graph *graph, const struct tsl__node *node);
/* The backward pass of a layer; pass: pictures, weight and where the input's gradient
 * goes, the rest is filled in. */
void tsl__winograd_step_back(const struct tsl__task *task,
                             const struct tsl__passes *passes,
                             struct tsl__winograd_backward *pass);
/* The same for passes->picture, which takes plain x to y in blocks and has no gradient by
 * x. */
bool tsl__picture_plan(struct tsl_graph *graph, const struct tsl__node *node,
                       const struct tsl__convolution *convolution);
bool tsl__picture_planned(const struct tsl__passes *passes);
/* grad_out of a layer whose output is in blocks of 16 through its ReLU, in place, and the
 * gradient of its bias. */
void tsl__enter_gradient(const struct tsl__task *task, const struct tsl__passes *passes);
/* Plans passes->few: from y (rows, .., y's height and width) back to x (plain). */
void tsl__few_plan(struct tsl_graph *graph, struct tsl__passes *passes,
                   const struct tsl__conv_geometry *geometry,
                   const struct tsl__layout *y);

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
