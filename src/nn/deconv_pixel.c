#include "nn/deconv_pixel.h"

#include "nn/multiply.h"

#include <string.h>

enum { LANES = TSL__MULTIPLY_LANES };

static void request_memory(struct tsl_graph *graph, const struct tsl__node *node,
                           struct tsl__deconv_pixel *pixel) {
  const size_t row = sizeof(float) * (size_t)pixel->rows;
  const size_t wide = sizeof(float) * (size_t)pixel->columns;
  const size_t in = (size_t)pixel->in, out = (size_t)pixel->out;
  const size_t shards = (size_t)graph->shape.shards;
  if (!node->has_gradient)
    return;
  tsl__memory_request(graph, (void **)&pixel->inputs, row * in * shards);
  tsl__memory_request(graph, (void **)&pixel->gradients, wide * out * shards);
  if (!graph->nodes[node->inputs[0]]->has_gradient)
    return;
  tsl__memory_request(graph, (void **)&pixel->turned, wide * out);
  tsl__memory_request(graph, (void **)&pixel->made, wide * in);
}

bool tsl__deconv_pixel_plan(struct tsl_graph *graph, struct tsl__node *node,
                            struct tsl__deconv_pixel *pixel) {
  const struct tsl_shape *in = &graph->nodes[node->inputs[0]]->shape;
  const struct tsl_conv *conv = &node->as.layer.conv;
  struct tsl__param *weight = graph->params[node->params[0]];
  if (in->dims[1] != 1 || in->dims[2] != 1 || conv->pad != 0 ||
      conv->filters % LANES != 0 || tsl__dnnl_block() != LANES)
    return false;
  pixel->rows = tsl__node_rows(graph, node);
  pixel->in = in->dims[0];
  pixel->out = tsl_shape_count(&node->shape);
  pixel->columns = (pixel->rows + LANES - 1) / LANES * LANES;
  const int64_t dims[] = {pixel->rows, conv->filters, conv->kernel, conv->kernel};
  node->wanted[0] = tsl__plain_layout(pixel->rows, in);
  node->layout = tsl__layout_blocked(dims);
  weight->layout = tsl__layout_blocked(weight->face.dims);
  node->sums_weight = true;
  if (!tsl__layout_view(&node->layout, &pixel->view))
    TSL_BUG("blocks of channels cannot be walked");
  request_memory(graph, node, pixel);
  return true;
}

bool tsl__deconv_pixel_planned(const struct tsl__deconv_pixel *pixel) {
  return pixel->columns > 0;
}

void tsl__deconv_pixel_forward(const struct tsl__task *task,
                               const struct tsl__deconv_pixel *pixel) {
  const struct tsl__product product = {.rows = pixel->rows,
                                       .columns = pixel->out,
                                       .depth = pixel->in,
                                       .a_row = pixel->in,
                                       .a_depth = 1,
                                       .b_row = pixel->out,
                                       .c_row = pixel->out};
  tsl__multiply(&product, task->in[0], tsl__weight(task, 0), task->out);
}

/* grad_in = grad_out weight^T, made as its transpose: so the weight is read as it lies,
 * and needs no turned copy. gradient: (columns, out), grad_in: (rows, in) */
static void step_back(const struct tsl__task *task, const struct tsl__deconv_pixel *pixel,
                      const float *gradient, float *grad_in) {
  const int64_t in = pixel->in, out = pixel->out, columns = pixel->columns;
  const struct tsl__product product = {.rows = in,
                                       .columns = columns,
                                       .depth = out,
                                       .a_row = out,
                                       .a_depth = 1,
                                       .b_row = columns,
                                       .c_row = columns};
  tsl__transpose(gradient, columns, out, pixel->turned);
  tsl__multiply(&product, tsl__weight(task, 0), pixel->turned, pixel->made);
  for (int64_t i = 0; i < pixel->rows; i++) {
    for (int64_t k = 0; k < in; k++)
      grad_in[i * in + k] = pixel->made[k * columns + i];
  }
}

/* As a dense layer's: op_dense.c says why the gradient of the weight waits. */
void tsl__deconv_pixel_backward(const struct tsl__task *task,
                                const struct tsl__deconv_pixel *pixel) {
  const struct tsl_graph *graph = task->graph;
  const int64_t rows = pixel->rows, in = pixel->in, out = pixel->out;
  const int64_t local = task->run->local;
  float *input = pixel->inputs + local * rows * in;
  float *gradient = pixel->gradients + local * pixel->columns * out;
  const struct tsl__product weighs = {.rows = in,
                                      .columns = out,
                                      .depth = rows,
                                      .a_row = 1,
                                      .a_depth = in,
                                      .b_row = out,
                                      .c_row = out};
  const struct tsl__shards shards = {task->run->locals, rows * in, pixel->columns * out};
  memcpy(input, task->in[0], (size_t)(rows * in) * sizeof *input);
  memcpy(gradient, task->grad_out, (size_t)(rows * out) * sizeof *gradient);
  memset(gradient + rows * out, 0,
         (size_t)((pixel->columns - rows) * out) * sizeof *gradient);
  if (local + 1 == shards.count)
    tsl__multiply_shards(&weighs, &shards, pixel->inputs, pixel->gradients,
                         graph->gradient + graph->params[task->node->params[0]]->offset);
  if (task->grad_in[0] != NULL)
    step_back(task, pixel, gradient, task->grad_in[0]);
}
