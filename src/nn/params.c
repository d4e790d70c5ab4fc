/* params.c - weights in flat arrays, in oneDNN's layouts; PyTorch's outside. */
#include "nn/graph.h"

#include "nn/vector.h"
#include "teasel/random.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void place(struct tsl__param *param, size_t *floats) {
  param->extent = tsl_arena_round(tsl__layout_bytes(&param->layout)) / sizeof(float);
  param->offset = *floats;
  *floats += param->extent;
}

enum tsl_status tsl__params_plan(struct tsl_graph *graph, struct tsl_error *err) {
  for (int i = 0; i < graph->param_count; i++) {
    if (graph->params[i]->face.trained)
      place(graph->params[i], &graph->floats);
  }
  graph->trained = graph->floats;
  for (int i = 0; i < graph->param_count; i++) {
    struct tsl__param *param = graph->params[i];
    if (!param->face.trained)
      place(param, &graph->floats);
    if (tsl__layout_equal(&param->plain, &param->layout))
      continue;
    TSL_TRY(tsl__kernel_reorder(&graph->dnnl, &param->to_plain, &param->layout,
                                &param->plain, err));
    TSL_TRY(tsl__kernel_reorder(&graph->dnnl, &param->from_plain, &param->plain,
                                &param->layout, err));
  }
  return TSL_OK;
}

void tsl__params_release(struct tsl_graph *graph) {
  for (int i = 0; i < graph->param_count; i++) {
    tsl__kernel_release(&graph->params[i]->to_plain);
    tsl__kernel_release(&graph->params[i]->from_plain);
    free(graph->params[i]);
  }
  free(graph->params);
}

int tsl_graph_param_count(const struct tsl_graph *graph) {
  return graph->param_count;
}

const struct tsl_param *tsl_graph_param(const struct tsl_graph *graph, int index) {
  return &graph->params[index]->face;
}

void tsl__param_unpack(struct tsl__param *param, const float *array, float *values) {
  const float *from = array + param->offset;
  if (param->to_plain.primitive == NULL)
    memcpy(values, from, (size_t)param->face.count * sizeof(float));
  else
    tsl__kernel_run(&param->to_plain, (const float *[]){from, values});
}

void tsl__param_pack(struct tsl__param *param, const float *values, float *array) {
  float *to = array + param->offset;
  if (param->from_plain.primitive == NULL)
    memcpy(to, values, (size_t)param->face.count * sizeof(float));
  else
    tsl__kernel_run(&param->from_plain, (const float *[]){values, to});
}

void tsl_graph_param_get(const struct tsl_graph *graph, int index, float *values) {
  tsl__param_unpack(graph->params[index], graph->weights, values);
}

void tsl_graph_gradient_get(const struct tsl_graph *graph, int index, float *values) {
  struct tsl__param *param = graph->params[index];
  if (graph->gradient == NULL || !param->face.trained)
    memset(values, 0, (size_t)param->face.count * sizeof(float));
  else
    tsl__param_unpack(param, graph->gradient, values);
}

void tsl_graph_param_set(struct tsl_graph *graph, int index, const float *values) {
  tsl__param_pack(graph->params[index], values, graph->weights);
  graph->weights_changed = true;
}

/* PyTorch's default of convolution and linear layers: kaiming_uniform with a = sqrt(5)
 * for weights, uniform for biases, both on (-1/sqrt(fan_in), 1/sqrt(fan_in)). */
void tsl_graph_initial_scale(struct tsl_graph *graph, struct tsl_value layer,
                             double scale) {
  if (graph->failed)
    return;
  const struct tsl__node *node = graph->nodes[layer.index];
  for (int k = 0; k < node->param_count; k++)
    graph->params[node->params[k]]->initial_scale = (float)scale;
}

void tsl_graph_initialise(struct tsl_graph *graph, uint64_t seed) {
  const struct tsl_stream stream = {.seed = seed, .purpose = TSL_PURPOSE_INITIALISATION};
  for (int i = 0; i < graph->param_count; i++) {
    const struct tsl__param *param = graph->params[i];
    size_t count = (size_t)param->face.count;
    float *values = graph->staging;
    if (param->initial == TSL__INITIAL_UNIFORM) {
      float bound = (float)(1.0 / sqrt((double)param->face.fan_in));
      tsl_random_uniform(&stream, 0, (uint32_t)i, count, values);
      for (size_t k = 0; k < count; k++)
        values[k] = ((2.0F * values[k] - 1.0F) * bound) * param->initial_scale;
    } else {
      tsl__fill(values, param->initial == TSL__INITIAL_ONE ? 1.0F : 0.0F, count);
    }
    tsl_graph_param_set(graph, i, values);
  }
}

struct tsl__slice tsl__node_weights(const struct tsl_graph *graph,
                                    const struct tsl__node *node) {
  struct tsl__slice slice = {0, 0};
  for (int k = 0; k < node->param_count; k++) {
    const struct tsl__param *param = graph->params[node->params[k]];
    if (!param->face.trained)
      continue;
    if (slice.end == 0)
      slice.begin = param->offset;
    slice.end = param->offset + param->extent;
  }
  return slice;
}

float *tsl__weight(const struct tsl__task *task, int k) {
  const struct tsl_graph *graph = task->graph;
  return graph->weights + graph->params[task->node->params[k]]->offset;
}

float *tsl__weight_gradient(const struct tsl__task *task, int k) {
  const struct tsl_graph *graph = task->graph;
  size_t offset = graph->params[task->node->params[k]]->offset;
  if (task->run->local % 2 != 0)
    return graph->shard_gradient + (offset - tsl__node_weights(graph, task->node).begin);
  return graph->partials[0] + offset;
}

double tsl_graph_operations(const struct tsl_graph *graph) {
  double total = 0;
  for (int i = 0; i < graph->node_count; i++) {
    const struct tsl__node *node = graph->nodes[i];
    if (!node->live)
      continue;
    int passes = 1;
    if (node->has_gradient) {
      passes += node->param_count > 0;
      passes += node->input_count > 0 && graph->nodes[node->inputs[0]]->has_gradient;
    }
    total += node->operations * (double)(passes * node->samples);
  }
  return total * (double)graph->shape.batch;
}
