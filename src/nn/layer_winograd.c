/* layer_winograd.c - where winograd.h replaces oneDNN's convolutions. */
#include "nn/layer.h"

#include "nn/winograd_tiles.h"

#include <string.h>

static bool in_blocks(const struct tsl__layout *layout) {
  struct tsl__view view;
  return tsl__layout_view(layout, &view) && view.lanes == 16 &&
         view.blocks * view.lanes == view.channels;
}

static bool init(struct tsl__winograd *winograd,
                 const struct tsl__convolution *convolution) {
  const struct tsl__conv_geometry *g = &convolution->geometry;
  return g->kernel_height == 4 && g->kernel_width == 4 && g->stride == 2 && g->pad == 1 &&
         g->in_height == 2 * g->out_height && g->in_width == 2 * g->out_width &&
         in_blocks(&convolution->x) && in_blocks(&convolution->y) &&
         tsl__winograd_init(winograd, g->rows, g->in_channels, g->out_channels,
                            g->out_height, g->out_width);
}

bool tsl__winograd_plan(struct tsl_graph *graph, const struct tsl__node *node,
                        const struct tsl__convolution *convolution, bool gathers,
                        bool spreads) {
  struct tsl__passes *passes = node->state;
  struct tsl__param *weight = graph->params[node->params[0]];
  struct tsl__winograd winograd;
  if (!init(&winograd, convolution))
    return false;
  winograd.bfloat16 = graph->shape.precision == TSL_PRECISION_BFLOAT16;
  passes->winograd = winograd;
  weight->layout = tsl__layout_turned(weight->face.rank, weight->face.dims);
  size_t bytes = tsl__winograd_weight_floats(&winograd) * sizeof(float);
  size_t room = tsl__winograd_room_floats(&winograd) * sizeof(float);
  if (room > graph->dnnl.scratch_bytes)
    graph->dnnl.scratch_bytes = room;
  if (gathers)
    tsl__memory_request(graph, (void **)&passes->gathering, bytes);
  if (spreads)
    tsl__memory_request(graph, (void **)&passes->spreading, bytes);
  tsl__memory_request(graph, (void **)&passes->sums,
                      (size_t)node->shape.dims[0] * sizeof(double));
  return true;
}

/* In bfloat16 the factors themselves are rounded far more coarsely. */
bool tsl__winograd_goes_ahead(const struct tsl_graph *graph) {
  return graph->shape.precision == TSL_PRECISION_BFLOAT16;
}

bool tsl__winograd_planned(const struct tsl__passes *passes) {
  return passes->winograd.rows > 0;
}

bool tsl__picture_plan(struct tsl_graph *graph, const struct tsl__node *node,
                       const struct tsl__convolution *convolution) {
  struct tsl__passes *passes = node->state;
  struct tsl__param *weight = graph->params[node->params[0]];
  const struct tsl__conv_geometry *g = &convolution->geometry;
  struct tsl__conv_few few = {.rows = g->rows,
                              .channels = g->in_channels,
                              .in_height = g->in_height,
                              .in_width = g->in_width,
                              .filters = g->out_channels,
                              .out_height = g->out_height,
                              .out_width = g->out_width,
                              .kernel = g->kernel_height,
                              .stride = g->stride,
                              .pad = g->pad};
  if (graph->shape.precision != TSL_PRECISION_BFLOAT16 ||
      !tsl__channels_are_picture(few.channels) || !in_blocks(&convolution->y) ||
      !tsl__layout_is_plain(&convolution->x) || !tsl__conv_few_init(&few))
    return false;
  passes->picture = few;
  weight->layout = tsl__layout_turned(weight->face.rank, weight->face.dims);
  size_t room = tsl__conv_few_room_floats(&few) * sizeof(float);
  if (room > graph->dnnl.scratch_bytes)
    graph->dnnl.scratch_bytes = room;
  tsl__memory_request(graph, (void **)&passes->picture_weight,
                      tsl__conv_few_weight_floats(&few) * sizeof(float));
  tsl__memory_request(graph, (void **)&passes->sums,
                      (size_t)node->shape.dims[0] * sizeof(double));
  return true;
}

bool tsl__picture_planned(const struct tsl__passes *passes) {
  return passes->picture.rows > 0;
}

void tsl__winograd_refresh(struct tsl_graph *graph, const struct tsl__node *node) {
  struct tsl__passes *passes = node->state;
  const float *weight = graph->weights + graph->params[node->params[0]]->offset;
  if (passes->gathering != NULL)
    tsl__winograd_gathering_weight(&passes->winograd, weight, passes->gathering);
  if (passes->spreading != NULL)
    tsl__winograd_spreading_weight(&passes->winograd, weight, graph->staging,
                                   passes->spreading);
}

void tsl__winograd_step_back(const struct tsl__task *task,
                             const struct tsl__passes *passes,
                             struct tsl__winograd_backward *pass) {
  const struct tsl__node *node = task->node;
  bool bias = node->as.layer.conv.bias;
  double *sums = passes->sums;
  memset(sums, 0, (size_t)node->shape.dims[0] * sizeof *sums);
  pass->gradient = task->grad_out;
  if (node->as.layer.activation == TSL_ACTIVATION_RELU)
    pass->value = task->out;
  pass->sums = bias ? sums : NULL;
  pass->grad_weight = tsl__weight_gradient(task, 0);
  pass->room = task->graph->dnnl.scratch;
  tsl__winograd_backward(&passes->winograd, pass);
  float *grad_bias = bias ? tsl__weight_gradient(task, 1) : NULL;
  for (int64_t c = 0; bias && c < node->shape.dims[0]; c++)
    grad_bias[c] = (float)sums[c];
}

void tsl__enter_gradient(const struct tsl__task *task, const struct tsl__passes *passes) {
  const struct tsl__node *node = task->node;
  const int64_t channels = node->shape.dims[0];
  const bool bias = node->as.layer.conv.bias;
  const struct tsl__tiles_gradient gradient = {
      .pictures = tsl__task_rows(task),
      .blocks = channels / 16,
      .pixels = node->shape.dims[1] * node->shape.dims[2],
      .gradient = task->grad_out,
      .value = node->as.layer.activation == TSL_ACTIVATION_RELU ? task->out : NULL,
      .sums = bias ? passes->sums : NULL};
  memset(passes->sums, 0, (size_t)channels * sizeof *passes->sums);
  if (gradient.value != NULL || bias)
    tsl__tiles_enter_gradient(&gradient);
  float *grad_bias = bias ? tsl__weight_gradient(task, 1) : NULL;
  for (int64_t c = 0; bias && c < channels; c++)
    grad_bias[c] = (float)passes->sums[c];
}
