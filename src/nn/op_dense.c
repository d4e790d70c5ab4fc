/* op_dense.c - a linear layer with bias and fused ReLU, by oneDNN's inner product, on the
 * flattened input. */
#include "nn/layer.h"

#include "nn/multiply.h"
#include "nn/vector.h"

#include <stdlib.h>
#include <string.h>

struct tsl_value tsl_graph_dense(struct tsl_graph *graph, struct tsl_value x,
                                 const char *name, int64_t units, bool bias,
                                 enum tsl_activation activation) {
  struct tsl__node *node = tsl__node_add(graph, &tsl__operator_dense, name, 1, &x);
  if (node == NULL)
    return tsl__node_value(NULL);
  if (units < 1) {
    tsl__graph_fail(graph, name, "a dense layer needs at least 1 unit");
    return tsl__node_value(NULL);
  }
  int64_t fan_in = tsl_shape_count(tsl__input_shape(graph, node, 0));
  node->as.layer.units = units;
  node->as.layer.bias = bias;
  node->as.layer.activation = activation;
  node->shape = tsl__shape_of(1, units, 0, 0);
  tsl__param_add(graph, node, "weight", 2, (const int64_t[]){units, fan_in}, fan_in);
  if (bias)
    tsl__param_add(graph, node, "bias", 1, &units, fan_in);
  node->operations = 2.0 * (double)fan_in * (double)units;
  return tsl__activate_rest(graph, node, activation);
}

/* ---- by our own products, on AVX-512 when what comes in are whole vectors ---- */

/* Narrower ones, the heads of latent distributions, cost nothing and stay exact. */
enum { BFLOAT16_LEAST = 64 };

struct state {
  struct tsl__passes passes; /* first: what the layers share finds it here */
  bool own, bfloat16;
  int64_t in, out;
  int64_t wide;  /* out, rounded up to whole vectors; what is behind out is zero */
  float *ahead;  /* (in / 2, wide) the weight in pairs, of bfloat16 alone */
  float *turned; /* (wide, in), in bfloat16 (wide / 2, in); NULL: not needed */
  float *made;   /* (rows, wide) the output where that is not `out`; else NULL */
  float *inputs, *gradients; /* (shards, rows, in), (shards, rows, wide) of this step */
};

static void own_request(struct tsl_graph *graph, const struct tsl__node *node) {
  struct state *state = node->state;
  const size_t bytes = (size_t)(state->in * state->wide) * (state->bfloat16 ? 2 : 4);
  const size_t rows = (size_t)tsl__node_rows(graph, node) * sizeof(float);
  const size_t all = rows * (size_t)graph->shape.shards;
  if (state->bfloat16)
    tsl__memory_request(graph, (void **)&state->ahead, bytes);
  if (state->wide > state->out)
    tsl__memory_request(graph, (void **)&state->made, rows * (size_t)state->wide);
  if (node->has_gradient) {
    tsl__memory_request(graph, (void **)&state->inputs, all * (size_t)state->in);
    tsl__memory_request(graph, (void **)&state->gradients, all * (size_t)state->wide);
  }
  if (node->has_gradient && graph->nodes[node->inputs[0]]->has_gradient)
    tsl__memory_request(graph, (void **)&state->turned, bytes);
  /* One side in pairs. */
  size_t room = rows * (size_t)(state->in > state->wide ? state->in : state->wide) / 2;
  if (state->bfloat16 && room > graph->dnnl.scratch_bytes)
    graph->dnnl.scratch_bytes = room;
}

/* The weight is (in, wide). False: the layer is not for it. */
static bool own_plan(struct tsl_graph *graph, struct tsl__node *node) {
  struct state *state = node->state;
  struct tsl__param *weight = graph->params[node->params[0]];
  const int64_t lanes = TSL__MULTIPLY_LANES;
  state->out = weight->face.dims[0];
  state->in = weight->face.dims[1];
  state->wide = (state->out + lanes - 1) / lanes * lanes;
  state->bfloat16 =
      graph->shape.precision == TSL_PRECISION_BFLOAT16 && state->out >= BFLOAT16_LEAST;
  state->own = tsl__dnnl_block() == lanes && state->in % lanes == 0;
  if (!state->own)
    return false;
  weight->layout = tsl__layout_turned(weight->face.rank, weight->face.dims);
  node->sums_weight = true;
  own_request(graph, node);
  return true;
}

/* rows: (count, length); pairs: (count / 2, length) */
static void pair_rows(const float *rows, int64_t count, int64_t length, float *pairs) {
  for (int64_t i = 0; i < count; i += 2)
    tsl__pairs_across(rows + i * length, rows + (i + 1) * length, length,
                      pairs + i / 2 * length);
}

static void dense_refresh(struct tsl_graph *graph, struct tsl__node *node) {
  const struct state *state = node->state;
  const float *weight = graph->weights + graph->params[node->params[0]]->offset;
  if (!state->own)
    tsl__passes_refresh(graph, node);
  if (state->ahead != NULL)
    pair_rows(weight, state->in, state->wide, state->ahead);
  if (state->turned == NULL)
    return;
  float *turned = state->bfloat16 ? graph->staging : state->turned;
  tsl__transpose(weight, state->in, state->wide, turned);
  if (state->bfloat16)
    pair_rows(turned, state->wide, state->in, state->turned);
}

/* c = a b over one shard. a: (rows, depth), b: (depth, columns), or pairs of it */
static void own_product(const struct tsl__task *task, const float *a, int64_t depth,
                        const float *b, int64_t columns, float *c) {
  const struct state *state = task->node->state;
  const int64_t rows = tsl__task_rows(task);
  struct tsl__product product = {.rows = rows,
                                 .columns = columns,
                                 .depth = depth,
                                 .a_row = depth,
                                 .a_depth = 1,
                                 .b_row = columns,
                                 .c_row = columns,
                                 .pairs = state->bfloat16};
  if (state->bfloat16) {
    float *pairs = task->graph->dnnl.scratch;
    tsl__pairs_along(a, rows * depth / 2, pairs);
    a = pairs;
    product.depth = product.a_row = depth / 2;
  }
  tsl__multiply(&product, a, b, c);
}

/* The first `length` numbers of every row. */
static void copy_rows(const float *from, int64_t from_row, float *to, int64_t to_row,
                      int64_t rows, int64_t length) {
  for (int64_t i = 0; i < rows; i++)
    memcpy(to + i * to_row, from + i * from_row, (size_t)length * sizeof *to);
}

static void own_forward(const struct tsl__task *task) {
  const struct tsl__node *node = task->node;
  const struct state *state = node->state;
  const int64_t rows = tsl__task_rows(task), out = state->out;
  const struct tsl__view view = {rows, 1, 1, 1, out, out};
  bool relu = node->as.layer.activation == TSL_ACTIVATION_RELU;
  float *made = state->made != NULL ? state->made : task->out;
  own_product(task, task->in[0], state->in,
              state->bfloat16 ? state->ahead : tsl__weight(task, 0), state->wide, made);
  if (made != task->out)
    copy_rows(made, state->wide, task->out, out, rows, out);
  if (node->as.layer.bias)
    tsl__bias_forward(task->out, tsl__weight(task, 1), &view, relu);
  else if (relu)
    tsl__relu(task->out, (size_t)(rows * out));
}

/* grad_out: through the ReLU already. The weight's gradient is a product over the few
 * rows of a shard, which would take the time of its writing: what it is made of is kept,
 * and that of all local shards, added in their tree, is written once. In float32 always.
 */
static void own_backward(const struct tsl__task *task) {
  const struct tsl__node *node = task->node;
  const struct state *state = node->state;
  const struct tsl_graph *graph = task->graph;
  const int64_t rows = tsl__task_rows(task), in = state->in, out = state->out,
                wide = state->wide;
  const struct tsl__product weighs = {.rows = in,
                                      .columns = wide,
                                      .depth = rows,
                                      .a_row = 1,
                                      .a_depth = in,
                                      .b_row = wide,
                                      .c_row = wide};
  const struct tsl__shards shards = {task->run->locals, rows * in, rows * wide};
  const struct tsl__view view = {rows, 1, 1, 1, out, out};
  float *gradient = state->gradients + task->run->local * rows * wide;
  copy_rows(task->in[0], in, state->inputs + task->run->local * rows * in, in, rows, in);
  copy_rows(task->grad_out, out, gradient, wide, rows, out);
  if (task->run->local + 1 == shards.count)
    tsl__multiply_shards(&weighs, &shards, state->inputs, state->gradients,
                         graph->gradient + graph->params[node->params[0]]->offset);
  if (node->as.layer.bias)
    tsl__bias_backward(task->grad_out, tsl__weight_gradient(task, 1), &view);
  if (task->grad_in[0] != NULL)
    own_product(task, gradient, wide, state->turned, in, task->grad_in[0]);
}

/* ---- by oneDNN ---- */

static enum tsl_status dense_plan(struct tsl_graph *graph, struct tsl__node *node,
                                  struct tsl_error *err) {
  struct state *state = node->state = calloc(1, sizeof *state);
  if (state == NULL)
    return tsl_error_set(err, TSL_MEMORY, node->name, "no memory for a dense layer");
  struct tsl__passes *passes = &state->passes;
  TSL_TRY(tsl__plan_plain(graph, node, err));
  const struct tsl__node *input = graph->nodes[node->inputs[0]];
  struct tsl__param *weight = graph->params[node->params[0]];
  const struct tsl_shape flat = tsl__shape_of(1, weight->face.dims[1], 0, 0);
  if (own_plan(graph, node))
    return TSL_OK;
  const struct tsl__layout any = tsl__layout_any(weight->face.rank, weight->face.dims);
  struct tsl__sides sides = {tsl__plain_layout(tsl__node_rows(graph, node), &flat), any,
                             node->layout};
  bool relu = node->as.layer.activation == TSL_ACTIVATION_RELU;
  struct tsl__layer layer = {TSL__FORWARD, node->as.layer.bias, relu};
  TSL_TRY(tsl__kernel_dense(&graph->dnnl, &passes->forward, &layer, &sides, err));
  struct tsl__layout ahead = sides.weight;
  weight->layout = ahead;
  if (node->has_gradient) {
    sides.weight = any;
    layer.pass = TSL__BACKWARD_WEIGHTS;
    TSL_TRY(
        tsl__kernel_dense(&graph->dnnl, &passes->backward_weights, &layer, &sides, err));
    weight->layout = sides.weight;
  }
  TSL_TRY(tsl__weight_copy_plan(graph, &passes->ahead, node->params[0], &ahead, err));
  if (!node->has_gradient || !input->has_gradient)
    return TSL_OK;
  sides.weight = any;
  layer.pass = TSL__BACKWARD_DATA;
  TSL_TRY(tsl__kernel_dense(&graph->dnnl, &passes->backward_data, &layer, &sides, err));
  return tsl__weight_copy_plan(graph, &passes->back, node->params[0], &sides.weight, err);
}

static void dense_forward(const struct tsl__task *task) {
  struct state *state = task->node->state;
  struct tsl__passes *passes = &state->passes;
  if (state->own) {
    own_forward(task);
    return;
  }
  const float *weight =
      tsl__weight_copy_at(task->graph, &passes->ahead, task->node->params[0]);
  if (task->node->as.layer.bias)
    tsl__kernel_run(&passes->forward, (const float *[]){task->in[0], weight,
                                                        tsl__weight(task, 1), task->out});
  else
    tsl__kernel_run(&passes->forward, (const float *[]){task->in[0], weight, task->out});
}

static void dense_backward(const struct tsl__task *task) {
  struct tsl__node *node = task->node;
  struct state *state = node->state;
  struct tsl__passes *passes = &state->passes;
  if (node->as.layer.activation == TSL_ACTIVATION_RELU)
    tsl__relu_backward(task->grad_out, task->out,
                       tsl__layout_bytes(&node->layout) / sizeof(float));
  if (state->own) {
    own_backward(task);
    return;
  }
  const float *pointers[] = {task->in[0], task->grad_out, tsl__weight_gradient(task, 0),
                             node->as.layer.bias ? tsl__weight_gradient(task, 1) : NULL};
  tsl__kernel_run(&passes->backward_weights, pointers);
  if (task->grad_in[0] == NULL)
    return;
  const float *weight = tsl__weight_copy_at(task->graph, &passes->back, node->params[0]);
  tsl__kernel_run(&passes->backward_data,
                  (const float *[]){task->grad_out, weight, task->grad_in[0]});
}

const struct tsl__operator tsl__operator_dense = {.name = "dense",
                                                  .plan = dense_plan,
                                                  .refresh = dense_refresh,
                                                  .forward = dense_forward,
                                                  .backward = dense_backward,
                                                  .release = tsl__passes_release};
