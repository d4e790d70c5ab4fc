/* layer_winograd.c - where winograd.h replaces oneDNN's convolutions. */
#include "nn/layer.h"

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

enum tsl_status tsl__winograd_plan(struct tsl_graph *graph, const struct tsl__node *node,
                                   const struct tsl__convolution *convolution,
                                   bool gathers, bool spreads, struct tsl_error *err) {
  struct tsl__passes *passes = node->state;
  struct tsl__param *weight = graph->params[node->params[0]];
  struct tsl__winograd winograd;
  if (!init(&winograd, convolution))
    return TSL_OK;
  passes->winograd = winograd;
  weight->layout = tsl__layout_taps(weight->face.dims, /*turned=*/false);
  size_t bytes = tsl__winograd_weight_floats(&winograd) * sizeof(float);
  size_t room = tsl__winograd_room_floats(&winograd) * sizeof(float);
  if (room > graph->dnnl.scratch_bytes)
    graph->dnnl.scratch_bytes = room;
  if (gathers)
    tsl__memory_request(graph, (void **)&passes->gathering, bytes);
  if (!spreads)
    return TSL_OK;
  tsl__memory_request(graph, (void **)&passes->spreading, bytes);
  struct tsl__layout turned = tsl__layout_taps(weight->face.dims, /*turned=*/true);
  return tsl__kernel_reorder(&graph->dnnl, &passes->turn, &weight->layout, &turned, err);
}

bool tsl__winograd_planned(const struct tsl__passes *passes) {
  return passes->winograd.rows > 0;
}

void tsl__winograd_refresh(struct tsl_graph *graph, const struct tsl__node *node) {
  struct tsl__passes *passes = node->state;
  const float *weight = graph->weights + graph->params[node->params[0]]->offset;
  if (passes->gathering != NULL)
    tsl__winograd_gathering_weight(&passes->winograd, weight, passes->gathering);
  if (passes->spreading == NULL)
    return;
  tsl__kernel_run(&passes->turn, (const float *[]){weight, graph->staging});
  tsl__winograd_spreading_weight(&passes->winograd, graph->staging, passes->spreading);
}
