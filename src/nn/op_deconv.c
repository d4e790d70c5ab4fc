/* op_deconv.c - transposed convolution: forward is a convolution's backward-data, its
 * gradient by x a convolution's forward pass. Bias and ReLU are one loop of ours, since
 * backward-data knows neither. */
#include "nn/deconv_few.h"
#include "nn/deconv_pixel.h"
#include "nn/layer.h"

#include "nn/vector.h"

#include <stdlib.h>

struct state {
  struct tsl__passes passes; /* first: what the layers share finds it here */
  struct tsl__view view;     /* of the output */
  struct tsl__deconv_pixel pixel;
};

struct tsl_value tsl_graph_deconv(struct tsl_graph *graph, struct tsl_value x,
                                  const char *name, const struct tsl_conv *conv,
                                  enum tsl_activation activation) {
  struct tsl__node *node = tsl__node_add(graph, &tsl__operator_deconv, name, 1, &x);
  if (node == NULL || !tsl__conv_check(graph, node, conv, /*transposed=*/true))
    return tsl__node_value(NULL);
  const struct tsl_shape in = *tsl__input_shape(graph, node, 0);
  int64_t k = conv->kernel;
  node->as.layer.conv = *conv;
  node->as.layer.activation = activation;
  node->shape =
      tsl__shape_of(3, conv->filters, (in.dims[1] - 1) * conv->stride - 2 * conv->pad + k,
                    (in.dims[2] - 1) * conv->stride - 2 * conv->pad + k);
  /* PyTorch takes the fan from the weight's second dimension, here the outputs. */
  int64_t fan_in = conv->filters * k * k;
  tsl__param_add(graph, node, "weight", 4,
                 (const int64_t[]){in.dims[0], conv->filters, k, k}, fan_in);
  if (conv->bias)
    tsl__param_add(graph, node, "bias", 1, &conv->filters, fan_in);
  node->operations = 2.0 * (double)fan_in * (double)tsl_shape_count(&in);
  return tsl__activate_rest(graph, node, activation);
}

/* Forward is the convolution's backward-data, or our patches for a picture. */
static enum tsl_status plan_forward(struct tsl_graph *graph, struct tsl__node *node,
                                    const struct tsl__convolution *convolution,
                                    struct tsl__layout *ahead, struct tsl_error *err) {
  struct state *state = node->state;
  const struct tsl__layer layer = {TSL__BACKWARD_DATA, false, false};
  if (tsl__channels_are_picture(node->shape.dims[0])) {
    tsl__few_plan(graph, &state->passes, &convolution->geometry, &convolution->y);
    return TSL_OK;
  }
  return tsl__convolution_kernel(graph, convolution, &layer, &state->passes.forward,
                                 ahead, err);
}

static enum tsl_status deconv_plan(struct tsl_graph *graph, struct tsl__node *node,
                                   struct tsl_error *err) {
  struct state *state = node->state = calloc(1, sizeof *state);
  if (state == NULL)
    return tsl_error_set(err, TSL_MEMORY, node->name,
                         "no memory for a transposed convolution");
  const struct tsl__node *input = graph->nodes[node->inputs[0]];
  struct tsl__param *weight = graph->params[node->params[0]];
  struct tsl__passes *passes = &state->passes;
  struct tsl__convolution convolution;
  if (tsl__deconv_pixel_plan(graph, node, &state->pixel)) {
    state->view = state->pixel.view;
    return TSL_OK;
  }
  /* The convolution whose backward-data this is goes from our output to our input. */
  TSL_TRY(tsl__convolution_choose(graph, node, &node->shape, &input->shape, &convolution,
                                  err));
  node->wanted[0] = convolution.y;
  node->layout = convolution.x;
  if (!tsl__layout_view(&convolution.x, &state->view))
    TSL_BUG("a layout was chosen that cannot be walked");
  bool back_to_input = node->has_gradient && input->has_gradient;
  bool ahead_too = tsl__winograd_goes_ahead(graph);
  bool winograd = tsl__winograd_plan(graph, node, &convolution, /*gathers=*/back_to_input,
                                     /*spreads=*/ahead_too);
  if (winograd && ahead_too)
    return TSL_OK;
  struct tsl__layout ahead = weight->plain, back;
  TSL_TRY(plan_forward(graph, node, &convolution, &ahead, err));
  if (winograd)
    return tsl__weight_copy_plan(graph, &passes->ahead, node->params[0], &ahead, err);
  weight->layout = ahead;
  if (node->has_gradient && passes->forward.primitive == NULL &&
      tsl__picture_plan(graph, node, &convolution))
    return TSL_OK;
  struct tsl__layer layer = {TSL__BACKWARD_WEIGHTS, false, false};
  if (node->has_gradient)
    TSL_TRY(tsl__convolution_kernel(graph, &convolution, &layer,
                                    &passes->backward_weights, &weight->layout, err));
  if (passes->forward.primitive != NULL)
    TSL_TRY(tsl__weight_copy_plan(graph, &passes->ahead, node->params[0], &ahead, err));
  if (!back_to_input)
    return TSL_OK;
  layer.pass = TSL__FORWARD;
  TSL_TRY(tsl__convolution_kernel(graph, &convolution, &layer, &passes->backward_data,
                                  &back, err));
  return tsl__weight_copy_plan(graph, &passes->back, node->params[0], &back, err);
}

static void few_forward(const struct tsl__task *task) {
  const struct tsl__node *node = task->node;
  const struct state *state = node->state;
  const float *bias = node->as.layer.conv.bias ? tsl__weight(task, 1) : NULL;
  tsl__deconv_few_forward(&state->passes.few, task->in[0], state->passes.packed, bias,
                          state->passes.patches, task->out);
  if (node->as.layer.activation == TSL_ACTIVATION_RELU)
    tsl__relu(task->out, tsl__layout_bytes(&node->layout) / sizeof(float));
}

static void winograd_forward(const struct tsl__task *task) {
  const struct tsl__node *node = task->node;
  const struct state *state = node->state;
  const struct tsl__winograd_pass pass = {
      .weight = state->passes.spreading,
      .bias = node->as.layer.conv.bias ? tsl__weight(task, 1) : NULL,
      .relu = node->as.layer.activation == TSL_ACTIVATION_RELU,
      .room = task->graph->dnnl.scratch};
  tsl__winograd_spread(&state->passes.winograd, &pass, task->in[0], task->out);
}

static void winograd_backward(const struct tsl__task *task) {
  const struct state *state = task->node->state;
  struct tsl__winograd_backward pass = {.large = task->grad_out,
                                        .small = task->in[0],
                                        .weight = state->passes.gathering,
                                        .grad_small = task->grad_in[0]};
  tsl__winograd_step_back(task, &state->passes, &pass);
}

/* A picture's gradient. grad_out: through the ReLU already. */
static void picture_backward(const struct tsl__task *task) {
  const struct state *state = task->node->state;
  const struct tsl__passes *passes = &state->passes;
  const struct tsl__conv_few_pass pass = {.packed = passes->picture_weight,
                                          .room = task->graph->dnnl.scratch};
  tsl__conv_few_weights(&passes->picture, task->grad_out, task->in[0], pass.room,
                        tsl__weight_gradient(task, 0));
  if (task->grad_in[0] != NULL)
    tsl__conv_few_forward(&passes->picture, &pass, task->grad_out, task->grad_in[0]);
}

static void deconv_forward(const struct tsl__task *task) {
  struct tsl__node *node = task->node;
  struct state *state = node->state;
  if (tsl__winograd_planned(&state->passes) && state->passes.spreading != NULL) {
    winograd_forward(task);
    return;
  }
  if (state->passes.patches != NULL) {
    few_forward(task);
    return;
  }
  const float *weight =
      tsl__weight_copy_at(task->graph, &state->passes.ahead, node->params[0]);
  bool relu = node->as.layer.activation == TSL_ACTIVATION_RELU;
  if (tsl__deconv_pixel_planned(&state->pixel))
    tsl__deconv_pixel_forward(task, &state->pixel);
  else
    tsl__kernel_run(&state->passes.forward,
                    (const float *[]){task->in[0], weight, task->out});
  if (node->as.layer.conv.bias)
    tsl__bias_forward(task->out, tsl__weight(task, 1), &state->view, relu);
  else if (relu)
    tsl__relu(task->out, tsl__layout_bytes(&node->layout) / sizeof(float));
}

static void deconv_backward(const struct tsl__task *task) {
  struct tsl__node *node = task->node;
  struct state *state = node->state;
  if (tsl__winograd_planned(&state->passes)) {
    winograd_backward(task);
    return;
  }
  if (node->as.layer.activation == TSL_ACTIVATION_RELU)
    tsl__relu_backward(task->grad_out, task->out,
                       tsl__layout_bytes(&node->layout) / sizeof(float));
  if (node->as.layer.conv.bias)
    tsl__bias_backward(task->grad_out, tsl__weight_gradient(task, 1), &state->view);
  if (tsl__picture_planned(&state->passes)) {
    picture_backward(task);
    return;
  }
  if (tsl__deconv_pixel_planned(&state->pixel)) {
    tsl__deconv_pixel_backward(task, &state->pixel);
    return;
  }
  tsl__kernel_run(
      &state->passes.backward_weights,
      (const float *[]){task->grad_out, task->in[0], tsl__weight_gradient(task, 0)});
  if (task->grad_in[0] == NULL)
    return;
  const float *weight =
      tsl__weight_copy_at(task->graph, &state->passes.back, node->params[0]);
  tsl__kernel_run(&state->passes.backward_data,
                  (const float *[]){task->grad_out, weight, task->grad_in[0]});
}

const struct tsl__operator tsl__operator_deconv = {.name = "deconv",
                                                   .plan = deconv_plan,
                                                   .refresh = tsl__passes_refresh,
                                                   .forward = deconv_forward,
                                                   .backward = deconv_backward,
                                                   .release = tsl__passes_release};
