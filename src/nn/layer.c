#include "nn/layer.h"

#include "nn/vector.h"

/* ---- copies of weights ---- */

enum tsl_status tsl__weight_copy_plan(struct tsl_graph *graph,
                                      struct tsl__weight_copy *copy, int param,
                                      const struct tsl__layout *wanted,
                                      struct tsl_error *err) {
  const struct tsl__layout *layout = &graph->params[param]->layout;
  copy->converts = !tsl__layout_equal(layout, wanted);
  if (!copy->converts)
    return TSL_OK;
  tsl__memory_request(graph, (void **)&copy->data, tsl__layout_bytes(wanted));
  return tsl__kernel_reorder(&graph->dnnl, &copy->reorder, layout, wanted, err);
}

void tsl__weight_copy_refresh(struct tsl_graph *graph, struct tsl__weight_copy *copy,
                              int param) {
  if (copy->converts)
    tsl__kernel_run(
        &copy->reorder,
        (const float *[]){graph->weights + graph->params[param]->offset, copy->data});
}

const float *tsl__weight_copy_at(const struct tsl_graph *graph,
                                 const struct tsl__weight_copy *copy, int param) {
  return copy->converts ? copy->data : graph->weights + graph->params[param]->offset;
}

void tsl__weight_copy_release(struct tsl__weight_copy *copy) {
  tsl__kernel_release(&copy->reorder);
}

/* ---- passes ---- */

void tsl__passes_refresh(struct tsl_graph *graph, struct tsl__node *node) {
  struct tsl__passes *passes = node->state;
  int weight = node->params[0];
  tsl__weight_copy_refresh(graph, &passes->ahead, weight);
  tsl__weight_copy_refresh(graph, &passes->back, weight);
  if (tsl__winograd_planned(passes))
    tsl__winograd_refresh(graph, node);
  if (tsl__picture_planned(passes))
    tsl__conv_few_pack(&passes->picture, graph->weights + graph->params[weight]->offset,
                       passes->picture_weight);
  if (passes->patches == NULL)
    return;
  /* Packed from PyTorch's layout, once a step. */
  struct tsl__param *param = graph->params[weight];
  const float *plain = graph->weights + param->offset;
  if (param->to_plain.primitive != NULL) {
    tsl__kernel_run(&param->to_plain, (const float *[]){plain, graph->staging});
    plain = graph->staging;
  }
  tsl__deconv_few_pack(&passes->few, plain, passes->packed);
}

void tsl__passes_release(struct tsl__node *node) {
  struct tsl__passes *passes = node->state;
  tsl__kernel_release(&passes->forward);
  tsl__kernel_release(&passes->backward_data);
  tsl__kernel_release(&passes->backward_weights);
  tsl__weight_copy_release(&passes->ahead);
  tsl__weight_copy_release(&passes->back);
}

bool tsl__channels_are_picture(int64_t channels) {
  return channels == 1 || channels == 3;
}

enum tsl_status tsl__convolution_kernel(struct tsl_graph *graph,
                                        const struct tsl__convolution *convolution,
                                        const struct tsl__layer *layer,
                                        struct tsl__kernel *kernel,
                                        struct tsl__layout *weight,
                                        struct tsl_error *err) {
  struct tsl__sides sides = {convolution->x, convolution->any_weight, convolution->y};
  TSL_TRY(
      tsl__kernel_conv(&graph->dnnl, kernel, &convolution->geometry, layer, &sides, err));
  *weight = sides.weight;
  return TSL_OK;
}

/* Whether a pass with these layouts would be a reference loop. */
static enum tsl_status is_slow(struct tsl_graph *graph,
                               const struct tsl__convolution *convolution,
                               enum tsl__pass pass, bool *slow, struct tsl_error *err) {
  const struct tsl__layer layer = {pass, false, false};
  struct tsl__kernel kernel;
  struct tsl__layout weight;
  TSL_TRY(tsl__convolution_kernel(graph, convolution, &layer, &kernel, &weight, err));
  *slow = *slow || tsl__kernel_is_reference(&kernel);
  tsl__kernel_release(&kernel);
  return TSL_OK;
}

/* Lets the forward pass choose what is open of the layouts; *fits says whether they can
 * be used by all passes. */
static enum tsl_status try_layouts(struct tsl_graph *graph,
                                   struct tsl__convolution *convolution, bool *fits,
                                   struct tsl_error *err) {
  const struct tsl__layer layer = {TSL__FORWARD, false, false};
  const struct tsl__conv_geometry *geometry = &convolution->geometry;
  struct tsl__sides sides = {convolution->x, convolution->any_weight, convolution->y};
  struct tsl__kernel kernel;
  struct tsl__view x, y;
  TSL_TRY(tsl__kernel_conv(&graph->dnnl, &kernel, geometry, &layer, &sides, err));
  bool slow = tsl__kernel_is_reference(&kernel);
  tsl__kernel_release(&kernel);
  convolution->x = sides.x;
  convolution->y = sides.y;
  *fits = !slow && tsl__layout_view(&sides.x, &x) && tsl__layout_view(&sides.y, &y);
  if (*fits && geometry->wide_channels > 0)
    *fits = x.blocks * x.lanes == geometry->wide_channels && x.lanes > 1;
  if (!*fits)
    return TSL_OK;
  TSL_TRY(is_slow(graph, convolution, TSL__BACKWARD_WEIGHTS, &slow, err));
  if (!tsl__channels_are_picture(geometry->in_channels))
    TSL_TRY(is_slow(graph, convolution, TSL__BACKWARD_DATA, &slow, err));
  *fits = !slow;
  return TSL_OK;
}

enum tsl_status
tsl__convolution_choose(struct tsl_graph *graph, const struct tsl__node *node,
                        const struct tsl_shape *x_shape, const struct tsl_shape *y_shape,
                        struct tsl__convolution *out, struct tsl_error *err) {
  const struct tsl_conv *conv = &node->as.layer.conv;
  const struct tsl__param *weight = graph->params[node->params[0]];
  const int64_t block = tsl__dnnl_block(), channels = x_shape->dims[0];
  const int64_t rows = tsl__node_rows(graph, node);
  const bool picture = tsl__channels_are_picture(channels);
  const struct tsl__conv_geometry geometry = {rows,
                                              channels,
                                              x_shape->dims[1],
                                              x_shape->dims[2],
                                              y_shape->dims[0],
                                              y_shape->dims[1],
                                              y_shape->dims[2],
                                              conv->kernel,
                                              conv->kernel,
                                              conv->stride,
                                              conv->pad,
                                              0};
  out->geometry = geometry;
  out->any_weight = tsl__layout_any(weight->face.rank, weight->face.dims);
  bool fits = false;
  if (block > 0) {
    if (channels < block && !picture)
      out->geometry.wide_channels = block;
    out->x = picture ? tsl__plain_layout(rows, x_shape) : tsl__any_layout(rows, x_shape);
    out->y = tsl__any_layout(rows, y_shape);
    TSL_TRY(try_layouts(graph, out, &fits, err));
  }
  if (!fits) {
    out->geometry.wide_channels = 0;
    out->x = tsl__plain_layout(rows, x_shape);
    out->y = tsl__plain_layout(rows, y_shape);
  }
  return TSL_OK;
}

void tsl__few_plan(struct tsl_graph *graph, struct tsl__passes *passes,
                   const struct tsl__conv_geometry *geometry,
                   const struct tsl__layout *y) {
  struct tsl__deconv_few *few = &passes->few;
  if (!tsl__layout_view(y, &few->x))
    TSL_BUG("oneDNN chose a layout that cannot be walked");
  few->filters = geometry->in_channels;
  few->out_height = geometry->in_height;
  few->out_width = geometry->in_width;
  few->kernel = geometry->kernel_height;
  few->stride = geometry->stride;
  few->pad = geometry->pad;
  few->columns = (few->filters * few->kernel * few->kernel + 15) / 16 * 16;
  few->bfloat16 = graph->shape.precision == TSL_PRECISION_BFLOAT16 && few->x.lanes == 16;
  tsl__memory_request(graph, (void **)&passes->packed,
                      tsl__deconv_few_weight_floats(few) * sizeof(float));
  tsl__memory_request(graph, (void **)&passes->patches,
                      tsl__deconv_few_patch_floats(few) * sizeof(float));
}

/* ---- bias ---- */

TSL__INLINE void bias_pixels(float *y, const float *bias, int64_t pixels, int64_t lanes,
                             bool relu) {
  for (int64_t p = 0; p < pixels; p++) {
    for (int64_t k = 0; k < lanes; k++) {
      float v = y[p * lanes + k] + bias[k];
      y[p * lanes + k] = relu && !(v > 0.0F) ? 0.0F : v;
    }
  }
}

/* One bias for all pixels. */
TSL__INLINE void bias_plane(float *y, float bias, int64_t pixels, bool relu) {
  for (int64_t p = 0; p < pixels; p++) {
    float v = y[p] + bias;
    y[p] = relu && !(v > 0.0F) ? 0.0F : v;
  }
}

TSL__VECTOR void tsl__bias_forward(float *y, const float *bias,
                                   const struct tsl__view *view, bool relu) {
  int64_t pixels = view->height * view->width, lanes = view->lanes;
  for (int64_t plane = 0; plane < view->rows * view->blocks; plane++) {
    float *at = y + plane * pixels * lanes;
    const float *own = bias + plane % view->blocks * lanes;
    if (lanes == 1)
      bias_plane(at, own[0], pixels, relu);
    else if (lanes == 16)
      bias_pixels(at, own, pixels, 16, relu);
    else if (lanes == 8)
      bias_pixels(at, own, pixels, 8, relu);
    else
      bias_pixels(at, own, pixels, lanes, relu);
  }
}

enum { BLOCK_MAX = 16 };

/* Sums of `lanes` <= 16 neighbouring channels over the pixels of one plane. */
TSL__INLINE void add_pixels(const float *grad, int64_t pixels, int64_t stride,
                            int64_t lanes, double *sums) {
  for (int64_t p = 0; p < pixels; p++) {
    for (int64_t k = 0; k < lanes; k++)
      sums[k] += (double)grad[p * stride + k];
  }
}

TSL__VECTOR static void sum_channels(const float *grad, const struct tsl__view *view,
                                     int64_t first, int64_t width, double *sums) {
  int64_t pixels = view->height * view->width, lanes = view->lanes;
  int64_t block = first / lanes, lane = first % lanes;
  for (int64_t row = 0; row < view->rows; row++) {
    const float *at = grad + (row * view->blocks + block) * pixels * lanes + lane;
    if (lanes == 16 && width == 16)
      add_pixels(at, pixels, 16, 16, sums);
    else
      add_pixels(at, pixels, lanes, width, sums);
  }
}

void tsl__bias_backward(const float *grad, float *grad_bias,
                        const struct tsl__view *view) {
  int64_t pixels = view->height * view->width;
  if (view->lanes == 1) {
    for (int64_t c = 0; c < view->channels; c++) {
      double sum = 0;
      for (int64_t row = 0; row < view->rows; row++)
        sum += tsl__sum(grad + (row * view->blocks + c) * pixels, (size_t)pixels);
      grad_bias[c] = (float)sum;
    }
    return;
  }
  for (int64_t first = 0; first < view->channels;) {
    int64_t width = view->channels - first;
    int64_t left = view->lanes - first % view->lanes;
    width = width < left ? width : left;
    width = width < BLOCK_MAX ? width : BLOCK_MAX;
    double sums[BLOCK_MAX] = {0};
    sum_channels(grad, view, first, width, sums);
    for (int64_t k = 0; k < width; k++)
      grad_bias[first + k] = (float)sums[k];
    first += width;
  }
}

/* ---- composing ---- */

bool tsl__conv_check(struct tsl_graph *graph, const struct tsl__node *node,
                     const struct tsl_conv *conv, bool transposed) {
  const struct tsl_shape *x = tsl__input_shape(graph, node, 0);
  const char *what = transposed ? "transposed convolution" : "convolution";
  if (x->rank != 3) {
    tsl__graph_fail(graph, node->name,
                    "a %s takes (channels, height, width), not the shape %s: put a "
                    "reshape before it",
                    what, tsl__shape_print(x).text);
    return false;
  }
  if (conv->filters < 1 || conv->kernel < 1 || conv->stride < 1 || conv->pad < 0) {
    tsl__graph_fail(graph, node->name,
                    "a %s needs filters, kernel and stride of at least 1 and pad of at "
                    "least 0",
                    what);
    return false;
  }
  bool fits = true;
  for (int i = 1; i < 3; i++) {
    int64_t size = x->dims[i];
    int64_t out = transposed ? (size - 1) * conv->stride - 2 * conv->pad + conv->kernel
                             : size + 2 * conv->pad - conv->kernel;
    fits = fits && out >= (transposed ? 1 : 0);
  }
  if (!fits)
    tsl__graph_fail(graph, node->name,
                    "a %s with kernel %lld, stride %lld and pad %lld does not fit the "
                    "shape %s",
                    what, (long long)conv->kernel, (long long)conv->stride,
                    (long long)conv->pad, tsl__shape_print(x).text);
  return fits;
}

struct tsl_value tsl__activate_rest(struct tsl_graph *graph, const struct tsl__node *node,
                                    enum tsl_activation activation) {
  struct tsl_value value = tsl__node_value(node);
  if (activation == TSL_ACTIVATION_NONE || activation == TSL_ACTIVATION_RELU)
    return value;
  return tsl_graph_activate(graph, value, activation);
}
