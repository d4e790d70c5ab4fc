/* op_conv.c - convolution with bias and fused ReLU, by oneDNN. */
#include "nn/layer.h"

#include "nn/vector.h"

#include <stdlib.h>

struct tsl_value tsl_graph_conv(struct tsl_graph *graph, struct tsl_value x,
                                const char *name, const struct tsl_conv *conv,
                                enum tsl_activation activation) {
  struct tsl__node *node = tsl__node_add(graph, &tsl__operator_conv, name, 1, &x);
  if (node == NULL || !tsl__conv_check(graph, node, conv, /*transposed=*/false))
    return tsl__node_value(NULL);
  const struct tsl_shape in = *tsl__input_shape(graph, node, 0);
  int64_t k = conv->kernel;
  node->as.layer.conv = *conv;
  node->as.layer.activation = activation;
  node->shape =
      tsl__shape_of(3, conv->filters, (in.dims[1] + 2 * conv->pad - k) / conv->stride + 1,
                    (in.dims[2] + 2 * conv->pad - k) / conv->stride + 1);
  int64_t fan_in = in.dims[0] * k * k;
  tsl__param_add(graph, node, "weight", 4,
                 (const int64_t[]){conv->filters, in.dims[0], k, k}, fan_in);
  if (conv->bias)
    tsl__param_add(graph, node, "bias", 1, &conv->filters, fan_in);
  node->operations = 2.0 * (double)fan_in * (double)tsl__row_count(node);
  return tsl__activate_rest(graph, node, activation);
}

static enum tsl_status plan_backward_data(struct tsl_graph *graph, struct tsl__node *node,
                                          const struct tsl__convolution *convolution,
                                          struct tsl_error *err) {
  struct tsl__passes *passes = node->state;
  const struct tsl__layer layer = {TSL__BACKWARD_DATA, false, false};
  struct tsl__layout back;
  if (tsl__channels_are_picture(convolution->geometry.in_channels)) {
    tsl__few_plan(graph, passes, &convolution->geometry, &node->layout);
    return TSL_OK;
  }
  TSL_TRY(tsl__convolution_kernel(graph, convolution, &layer, &passes->backward_data,
                                  &back, err));
  return tsl__weight_copy_plan(graph, &passes->back, node->params[0], &back, err);
}

static enum tsl_status conv_plan(struct tsl_graph *graph, struct tsl__node *node,
                                 struct tsl_error *err) {
  struct tsl__passes *passes = node->state = calloc(1, sizeof *passes);
  if (passes == NULL)
    return tsl_error_set(err, TSL_MEMORY, node->name, "no memory for a convolution");
  const struct tsl__node *input = graph->nodes[node->inputs[0]];
  struct tsl__param *weight = graph->params[node->params[0]];
  struct tsl__convolution convolution;
  TSL_TRY(tsl__convolution_choose(graph, node, &input->shape, &node->shape, &convolution,
                                  err));
  node->wanted[0] = convolution.x;
  node->layout = convolution.y;
  bool back_to_input = node->has_gradient && input->has_gradient;
  bool ahead_too = tsl__winograd_goes_ahead(graph);
  bool winograd = tsl__winograd_plan(graph, node, &convolution, /*gathers=*/ahead_too,
                                     /*spreads=*/back_to_input);
  if (winograd && ahead_too)
    return TSL_OK;
  if (!winograd && !back_to_input && tsl__picture_plan(graph, node, &convolution))
    return TSL_OK;
  bool relu = node->as.layer.activation == TSL_ACTIVATION_RELU;
  struct tsl__layer layer = {TSL__FORWARD, node->as.layer.conv.bias, relu};
  struct tsl__layout ahead;
  TSL_TRY(tsl__convolution_kernel(graph, &convolution, &layer, &passes->forward, &ahead,
                                  err));
  if (winograd)
    return tsl__weight_copy_plan(graph, &passes->ahead, node->params[0], &ahead, err);
  weight->layout = ahead;
  layer.pass = TSL__BACKWARD_WEIGHTS;
  if (node->has_gradient)
    TSL_TRY(tsl__convolution_kernel(graph, &convolution, &layer,
                                    &passes->backward_weights, &weight->layout, err));
  TSL_TRY(tsl__weight_copy_plan(graph, &passes->ahead, node->params[0], &ahead, err));
  if (!back_to_input)
    return TSL_OK;
  return plan_backward_data(graph, node, &convolution, err);
}

static void winograd_forward(const struct tsl__task *task) {
  const struct tsl__node *node = task->node;
  const struct tsl__passes *passes = node->state;
  const struct tsl__winograd_pass pass = {
      .weight = passes->gathering,
      .bias = node->as.layer.conv.bias ? tsl__weight(task, 1) : NULL,
      .relu = node->as.layer.activation == TSL_ACTIVATION_RELU,
      .room = task->graph->dnnl.scratch};
  tsl__winograd_gather(&passes->winograd, &pass, task->in[0], task->out);
}

static void winograd_backward(const struct tsl__task *task) {
  const struct tsl__passes *passes = task->node->state;
  struct tsl__winograd_backward pass = {.large = task->in[0],
                                        .small = task->grad_out,
                                        .weight = passes->spreading,
                                        .grad_large = task->grad_in[0]};
  tsl__winograd_step_back(task, passes, &pass);
}

static void picture_forward(const struct tsl__task *task) {
  const struct tsl__node *node = task->node;
  const struct tsl__passes *passes = node->state;
  const struct tsl__conv_few_pass pass = {
      .packed = passes->picture_weight,
      .bias = node->as.layer.conv.bias ? tsl__weight(task, 1) : NULL,
      .relu = node->as.layer.activation == TSL_ACTIVATION_RELU,
      .room = task->graph->dnnl.scratch};
  tsl__conv_few_forward(&passes->picture, &pass, task->in[0], task->out);
}

static void picture_backward(const struct tsl__task *task) {
  const struct tsl__node *node = task->node;
  const struct tsl__passes *passes = node->state;
  tsl__enter_gradient(task, passes);
  tsl__conv_few_weights(&passes->picture, task->in[0], task->grad_out,
                        task->graph->dnnl.scratch, tsl__weight_gradient(task, 0));
}

static void conv_forward(const struct tsl__task *task) {
  struct tsl__passes *passes = task->node->state;
  if (tsl__winograd_planned(passes) && passes->gathering != NULL) {
    winograd_forward(task);
    return;
  }
  if (tsl__picture_planned(passes)) {
    picture_forward(task);
    return;
  }
  const float *weight =
      tsl__weight_copy_at(task->graph, &passes->ahead, task->node->params[0]);
  if (task->node->as.layer.conv.bias)
    tsl__kernel_run(&passes->forward, (const float *[]){task->in[0], weight,
                                                        tsl__weight(task, 1), task->out});
  else
    tsl__kernel_run(&passes->forward, (const float *[]){task->in[0], weight, task->out});
}

static void conv_backward(const struct tsl__task *task) {
  struct tsl__node *node = task->node;
  struct tsl__passes *passes = node->state;
  if (tsl__winograd_planned(passes)) {
    winograd_backward(task);
    return;
  }
  if (tsl__picture_planned(passes)) {
    picture_backward(task);
    return;
  }
  if (node->as.layer.activation == TSL_ACTIVATION_RELU)
    tsl__relu_backward(task->grad_out, task->out,
                       tsl__layout_bytes(&node->layout) / sizeof(float));
  const float *pointers[] = {task->in[0], task->grad_out, tsl__weight_gradient(task, 0),
                             node->as.layer.conv.bias ? tsl__weight_gradient(task, 1)
                                                      : NULL};
  tsl__kernel_run(&passes->backward_weights, pointers);
  if (task->grad_in[0] == NULL)
    return;
  if (passes->patches != NULL) {
    tsl__deconv_few_forward(&passes->few, task->grad_out, passes->packed, NULL,
                            passes->patches, task->grad_in[0]);
    return;
  }
  const float *weight = tsl__weight_copy_at(task->graph, &passes->back, node->params[0]);
  tsl__kernel_run(&passes->backward_data,
                  (const float *[]){task->grad_out, weight, task->grad_in[0]});
}

const struct tsl__operator tsl__operator_conv = {.name = "conv",
                                                 .plan = conv_plan,
                                                 .refresh = tsl__passes_refresh,
                                                 .forward = conv_forward,
                                                 .backward = conv_backward,
                                                 .release = tsl__passes_release};
