/* op_upsample.c - nearest neighbour by a whole factor, in the layout that comes. */
#include "nn/graph.h"

#include "nn/vector.h"

struct tsl_value tsl_graph_upsample(struct tsl_graph *graph, struct tsl_value x,
                                    int64_t factor) {
  struct tsl__node *node =
      tsl__node_add(graph, &tsl__operator_upsample, "upsample", 1, &x);
  if (node == NULL)
    return tsl__node_value(NULL);
  if (node->shape.rank != 3 || factor < 1) {
    tsl__graph_fail(graph, "upsample",
                    "upsampling by %lld takes (channels, height, width), not the shape "
                    "%s",
                    (long long)factor, tsl__shape_print(&node->shape).text);
    return tsl__node_value(NULL);
  }
  node->as.factor = factor;
  node->shape.dims[1] *= factor;
  node->shape.dims[2] *= factor;
  return tsl__node_value(node);
}

static struct tsl__view input_view(const struct tsl__task *task) {
  struct tsl__view view;
  if (!tsl__layout_view(&task->node->wanted[0], &view))
    TSL_BUG("upsample was planned on a layout that cannot be walked");
  return view;
}

/* The output's layout is the input's with larger planes, where such a tag exists. */
static enum tsl_status upsample_plan(struct tsl_graph *graph, struct tsl__node *node,
                                     struct tsl_error *err) {
  TSL_TRY(tsl__plan_plain(graph, node, err));
  const struct tsl__layout *given = &graph->nodes[node->inputs[0]]->layout;
  struct tsl__layout larger;
  if (tsl__layout_resized(given, node->shape.dims[1], node->shape.dims[2], &larger)) {
    node->wanted[0] = *given;
    node->layout = larger;
  }
  return TSL_OK;
}

/* x: (planes, height, width, lanes), y: (planes, height * factor, width * factor, lanes)
 */
static void upsample_forward(const struct tsl__task *task) {
  struct tsl__view view = input_view(task);
  int64_t f = task->node->as.factor, lanes = view.lanes;
  int64_t lines = view.rows * view.blocks * view.height;
  for (int64_t line = 0; line < lines * f; line++) {
    const float *from = task->in[0] + line / f * view.width * lanes;
    float *to = task->out + line * view.width * f * lanes;
    for (int64_t x = 0; x < view.width * f; x++) {
      for (int64_t k = 0; k < lanes; k++)
        to[x * lanes + k] = from[x / f * lanes + k];
    }
  }
}

static void upsample_backward(const struct tsl__task *task) {
  struct tsl__view view = input_view(task);
  int64_t f = task->node->as.factor, lanes = view.lanes;
  int64_t lines = view.rows * view.blocks * view.height;
  if (task->grad_in[0] == NULL)
    return;
  tsl__fill(task->grad_in[0], 0.0F, (size_t)(lines * view.width * lanes));
  for (int64_t line = 0; line < lines * f; line++) {
    float *to = task->grad_in[0] + line / f * view.width * lanes;
    const float *from = task->grad_out + line * view.width * f * lanes;
    for (int64_t x = 0; x < view.width * f; x++) {
      for (int64_t k = 0; k < lanes; k++)
        to[x / f * lanes + k] += from[x * lanes + k];
    }
  }
}

const struct tsl__operator tsl__operator_upsample = {.name = "upsample",
                                                     .plan = upsample_plan,
                                                     .forward = upsample_forward,
                                                     .backward = upsample_backward};
