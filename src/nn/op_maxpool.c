/* op_maxpool.c - the largest value of each window; of equals the first, as PyTorch has
 * it. Padding is never the largest. In the layout that comes. */
#include "nn/graph.h"

#include "nn/vector.h"

struct tsl_value tsl_graph_maxpool(struct tsl_graph *graph, struct tsl_value x,
                                   int64_t kernel, int64_t stride, int64_t pad) {
  struct tsl__node *node = tsl__node_add(graph, &tsl__operator_maxpool, "maxpool", 1, &x);
  if (node == NULL)
    return tsl__node_value(NULL);
  const struct tsl_shape in = node->shape;
  bool fits = in.rank == 3 && kernel >= 1 && stride >= 1 && pad >= 0 &&
              2 * pad <= kernel && in.dims[1] + 2 * pad >= kernel &&
              in.dims[2] + 2 * pad >= kernel;
  if (!fits) {
    tsl__graph_fail(graph, "maxpool",
                    "pooling with kernel %lld, stride %lld and pad %lld (at most half "
                    "the kernel) does not fit the shape %s",
                    (long long)kernel, (long long)stride, (long long)pad,
                    tsl__shape_print(&in).text);
    return tsl__node_value(NULL);
  }
  node->as.pool.kernel = kernel;
  node->as.pool.stride = stride;
  node->as.pool.pad = pad;
  node->shape.dims[1] = (in.dims[1] + 2 * pad - kernel) / stride + 1;
  node->shape.dims[2] = (in.dims[2] + 2 * pad - kernel) / stride + 1;
  return tsl__node_value(node);
}

/* saved: for each output element the place of its largest input in the plane, as an
 * integer of a float's size. */
static enum tsl_status maxpool_plan(struct tsl_graph *graph, struct tsl__node *node,
                                    struct tsl_error *err) {
  TSL_TRY(tsl__plan_plain(graph, node, err));
  const struct tsl__layout *given = &graph->nodes[node->inputs[0]]->layout;
  struct tsl__layout smaller;
  if (tsl__layout_resized(given, node->shape.dims[1], node->shape.dims[2], &smaller)) {
    node->wanted[0] = *given;
    node->layout = smaller;
  }
  node->saved_floats = tsl__layout_bytes(&node->layout) / sizeof(float);
  return TSL_OK;
}

struct window {
  int64_t top, bottom, left, right;
};

static struct window window_at(const struct tsl__node *node, const struct tsl__view *view,
                               int64_t y, int64_t x) {
  int64_t kernel = node->as.pool.kernel;
  int64_t top = y * node->as.pool.stride - node->as.pool.pad;
  int64_t left = x * node->as.pool.stride - node->as.pool.pad;
  struct window window = {top > 0 ? top : 0, top + kernel, left > 0 ? left : 0,
                          left + kernel};
  if (window.bottom > view->height)
    window.bottom = view->height;
  if (window.right > view->width)
    window.right = view->width;
  return window;
}

/* One output pixel of one plane. plane: (height, width, lanes); out, place: (lanes). */
static void pool_pixel(const float *plane, const struct tsl__view *view,
                       const struct window *window, float *out, uint32_t *place) {
  int64_t lanes = view->lanes;
  int64_t first = window->top * view->width + window->left;
  for (int64_t k = 0; k < lanes; k++) {
    out[k] = plane[first * lanes + k];
    place[k] = (uint32_t)first;
  }
  for (int64_t y = window->top; y < window->bottom; y++) {
    for (int64_t x = window->left; x < window->right; x++) {
      const float *at = plane + (y * view->width + x) * lanes;
      uint32_t here = (uint32_t)(y * view->width + x);
      for (int64_t k = 0; k < lanes; k++) {
        /* Not a number wins and stays, so that a diverged run shows. */
        bool larger = at[k] > out[k] || at[k] != at[k];
        place[k] = larger ? here : place[k];
        out[k] = larger ? at[k] : out[k];
      }
    }
  }
}

static struct tsl__view view_of(const struct tsl__layout *layout) {
  struct tsl__view view;
  if (!tsl__layout_view(layout, &view))
    TSL_BUG("pooling was planned on a layout that cannot be walked");
  return view;
}

static void maxpool_forward(const struct tsl__task *task) {
  const struct tsl__node *node = task->node;
  struct tsl__view in = view_of(&node->wanted[0]), out = view_of(&node->layout);
  uint32_t *places = (uint32_t *)(void *)task->saved;
  for (int64_t plane = 0; plane < in.rows * in.blocks; plane++) {
    const float *from = task->in[0] + plane * in.height * in.width * in.lanes;
    for (int64_t y = 0; y < out.height; y++) {
      for (int64_t x = 0; x < out.width; x++) {
        struct window window = window_at(node, &in, y, x);
        int64_t at = ((plane * out.height + y) * out.width + x) * out.lanes;
        pool_pixel(from, &in, &window, task->out + at, places + at);
      }
    }
  }
}

static void maxpool_backward(const struct tsl__task *task) {
  const struct tsl__node *node = task->node;
  struct tsl__view in = view_of(&node->wanted[0]), out = view_of(&node->layout);
  const uint32_t *places = (const uint32_t *)(const void *)task->saved;
  int64_t in_plane = in.height * in.width * in.lanes;
  int64_t out_plane = out.height * out.width * out.lanes;
  if (task->grad_in[0] == NULL)
    return;
  for (int64_t plane = 0; plane < in.rows * in.blocks; plane++) {
    float *to = task->grad_in[0] + plane * in_plane;
    tsl__fill(to, 0.0F, (size_t)in_plane);
    for (int64_t i = 0; i < out_plane; i++)
      to[(int64_t)places[plane * out_plane + i] * in.lanes + i % in.lanes] +=
          task->grad_out[plane * out_plane + i];
  }
}

const struct tsl__operator tsl__operator_maxpool = {.name = "maxpool",
                                                    .plan = maxpool_plan,
                                                    .forward = maxpool_forward,
                                                    .backward = maxpool_backward};
