/* op_noise.c - a stream of noise: drawn at (seed, stream, step, sample), or given. Zero
 * in evaluation, where it is not fed. The joint samples of one sample are neighbours, and
 * drawn as one. */
#include "nn/graph.h"

#include "nn/vector.h"
#include "teasel/random.h"

#include <stdio.h>
#include <string.h>

struct tsl_value tsl__noise_add(struct tsl_graph *graph, const char *stream,
                                enum tsl_noise kind, const struct tsl_shape *shape,
                                int64_t samples) {
  struct tsl__node *node = tsl__node_add(graph, &tsl__operator_noise, stream, 0, NULL);
  if (node == NULL)
    return tsl__node_value(NULL);
  node->shape = *shape;
  node->samples = samples;
  node->as.noise.kind = kind;
  node->as.noise.stream = graph->stream_count;
  struct tsl__stream *added = &graph->streams[graph->stream_count++];
  snprintf(added->name, sizeof added->name, "%s", stream);
  added->node = node->index;
  return tsl__node_value(node);
}

struct tsl_value tsl_graph_noise(struct tsl_graph *graph, const char *stream,
                                 enum tsl_noise kind, const struct tsl_shape *shape) {
  return tsl__noise_add(graph, stream, kind, shape, 1);
}

struct tsl_value tsl_graph_joint_noise(struct tsl_graph *graph, const char *stream,
                                       enum tsl_noise kind, const struct tsl_shape *shape,
                                       int64_t samples) {
  if (samples < 1)
    tsl__graph_fail(graph, stream, "%lld joint samples", (long long)samples);
  struct tsl_value value = tsl__noise_add(graph, stream, kind, shape, samples);
  if (value.index >= 0)
    graph->nodes[value.index]->as.noise.joint = true;
  return value;
}

int tsl_graph_noise_count(const struct tsl_graph *graph) {
  return graph->stream_count;
}

const char *tsl_graph_noise_name(const struct tsl_graph *graph, int index) {
  return graph->streams[index].name;
}

struct tsl_shape tsl_graph_noise_shape(const struct tsl_graph *graph, int index) {
  return graph->nodes[graph->streams[index].node]->shape;
}

int64_t tsl_graph_noise_samples(const struct tsl_graph *graph, int index) {
  const struct tsl__node *node = graph->nodes[graph->streams[index].node];
  return node->as.noise.joint || node->samples > 1 ? node->samples : 0;
}

static void noise_forward(const struct tsl__task *task) {
  const struct tsl__run *run = task->run;
  const struct tsl__node *node = task->node;
  size_t count = (size_t)(node->samples * tsl__row_count(node));
  size_t rows = (size_t)task->graph->rows;
  if (!run->noisy) {
    tsl__fill(task->out, 0.0F, rows * count);
    return;
  }
  if (run->noise != NULL) {
    const float *given = run->noise[node->as.noise.stream];
    memcpy(task->out, given + (size_t)run->local * rows * count,
           rows * count * sizeof(float));
    return;
  }
  const struct tsl_stream stream = {.seed = run->seed,
                                    .purpose = TSL_PURPOSE_NOISE,
                                    .sub = (uint32_t)node->as.noise.stream};
  for (size_t row = 0; row < rows; row++) {
    uint32_t sample = (uint32_t)tsl__sample_index(task) + (uint32_t)row;
    float *to = task->out + row * count;
    if (node->as.noise.kind == TSL_NOISE_NORMAL)
      tsl_random_normal(&stream, (uint64_t)run->step, sample, count, to);
    else
      tsl_random_uniform(&stream, (uint64_t)run->step, sample, count, to);
  }
}

const struct tsl__operator tsl__operator_noise = {
    .name = "noise", .plan = tsl__plan_plain, .forward = noise_forward};
