/* op_conv.c - convolution with bias and fused ReLU, by oneDNN. */
#include "nn/layer.h"

#include "nn/vector.h"

#include <stdlib.h>

struct state {
  struct tsl__kernel forward, backward_data, backward_weights;
  struct tsl__weight_copy ahead, back; /* weight for forward, for backward_data */
};

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

static enum tsl_status conv_plan(struct tsl_graph *graph, struct tsl__node *node,
                                 struct tsl_error *err) {
  struct state *state = node->state = calloc(1, sizeof *state);
  if (state == NULL)
    return tsl_error_set(err, TSL_MEMORY, node->name, "no memory for a convolution");
  const struct tsl__node *input = graph->nodes[node->inputs[0]];
  const struct tsl_conv *conv = &node->as.layer.conv;
  const struct tsl_shape *in = &input->shape, *out = &node->shape;
  struct tsl__param *weight = graph->params[node->params[0]];
  const struct tsl__conv_geometry geometry = {
      graph->rows,  in->dims[0],  in->dims[1],  in->dims[2],  out->dims[0], out->dims[1],
      out->dims[2], conv->kernel, conv->kernel, conv->stride, conv->pad};
  const struct tsl__layout any = tsl__layout_any(weight->face.rank, weight->face.dims);
  struct tsl__sides sides = {tsl__any_layout(graph, in), any,
                             tsl__any_layout(graph, out)};
  bool relu = node->as.layer.activation == TSL_ACTIVATION_RELU;
  struct tsl__layer layer = {TSL__FORWARD, conv->bias, relu};
  TSL_TRY(
      tsl__kernel_conv(&graph->dnnl, &state->forward, &geometry, &layer, &sides, err));
  node->wanted[0] = sides.x;
  node->layout = sides.y;
  struct tsl__layout ahead = sides.weight;
  weight->layout = ahead;
  if (node->has_gradient) {
    sides.weight = any;
    layer.pass = TSL__BACKWARD_WEIGHTS;
    TSL_TRY(tsl__kernel_conv(&graph->dnnl, &state->backward_weights, &geometry, &layer,
                             &sides, err));
    weight->layout = sides.weight;
  }
  TSL_TRY(tsl__weight_copy_plan(graph, &state->ahead, node->params[0], &ahead, err));
  if (!node->has_gradient || !input->has_gradient)
    return TSL_OK;
  sides.weight = any;
  layer.pass = TSL__BACKWARD_DATA;
  TSL_TRY(tsl__kernel_conv(&graph->dnnl, &state->backward_data, &geometry, &layer, &sides,
                           err));
  return tsl__weight_copy_plan(graph, &state->back, node->params[0], &sides.weight, err);
}

static void conv_refresh(struct tsl_graph *graph, struct tsl__node *node) {
  struct state *state = node->state;
  tsl__weight_copy_refresh(graph, &state->ahead, node->params[0]);
  tsl__weight_copy_refresh(graph, &state->back, node->params[0]);
}

static void conv_forward(const struct tsl__task *task) {
  struct state *state = task->node->state;
  const float *weight =
      tsl__weight_copy_at(task->graph, &state->ahead, task->node->params[0]);
  if (task->node->as.layer.conv.bias)
    tsl__kernel_run(&state->forward, (const float *[]){task->in[0], weight,
                                                       tsl__weight(task, 1), task->out});
  else
    tsl__kernel_run(&state->forward, (const float *[]){task->in[0], weight, task->out});
}

static void conv_backward(const struct tsl__task *task) {
  struct tsl__node *node = task->node;
  struct state *state = node->state;
  if (node->as.layer.activation == TSL_ACTIVATION_RELU)
    tsl__relu_backward(task->grad_out, task->out,
                       tsl__layout_bytes(&node->layout) / sizeof(float));
  const float *pointers[] = {task->in[0], task->grad_out, tsl__weight_gradient(task, 0),
                             node->as.layer.conv.bias ? tsl__weight_gradient(task, 1)
                                                      : NULL};
  tsl__kernel_run(&state->backward_weights, pointers);
  if (task->grad_in[0] == NULL)
    return;
  const float *weight = tsl__weight_copy_at(task->graph, &state->back, node->params[0]);
  tsl__kernel_run(&state->backward_data,
                  (const float *[]){task->grad_out, weight, task->grad_in[0]});
}

static void conv_release(struct tsl__node *node) {
  struct state *state = node->state;
  tsl__kernel_release(&state->forward);
  tsl__kernel_release(&state->backward_data);
  tsl__kernel_release(&state->backward_weights);
  tsl__weight_copy_release(&state->ahead);
  tsl__weight_copy_release(&state->back);
}

const struct tsl__operator tsl__operator_conv = {.name = "conv",
                                                 .plan = conv_plan,
                                                 .refresh = conv_refresh,
                                                 .forward = conv_forward,
                                                 .backward = conv_backward,
                                                 .release = conv_release};
