/* graph_call.c - one call of an operator for one shard: its inputs in the layouts that it
 * wants, its gradients to where they belong, and those of its weights into the tree. */
#include "nn/graph.h"

#include "nn/vector.h"

float *tsl__buffer_at(const struct tsl__buffer *buffer, int64_t local) {
  return buffer->data == NULL ? NULL : buffer->data + buffer->stride * (size_t)local;
}

int64_t tsl__sample_index(const struct tsl__task *task) {
  return task->run->shard * task->graph->rows;
}

unsigned char *tsl__exchange_at(const struct tsl__exchange *exchange,
                                const struct tsl__task *task) {
  return exchange->bytes + exchange->block * (size_t)task->run->shard;
}

size_t tsl__plain_count(const struct tsl__task *task) {
  return (size_t)(tsl__task_rows(task) * tsl__row_count(task->node));
}

static const float *value_at(const struct tsl__run *run, int index) {
  const struct tsl_graph *graph = run->graph;
  const struct tsl__node *node = graph->nodes[index];
  if (index == graph->input && run->batch != NULL)
    return run->batch + run->local * graph->rows * tsl__row_count(node);
  return tsl__buffer_at(&node->value, run->local);
}

void tsl__node_task(const struct tsl__run *run, struct tsl__node *node,
                    struct tsl__task *task) {
  task->run = run;
  task->graph = run->graph;
  task->node = node;
  for (int k = 0; k < TSL__INPUTS_MAX; k++) {
    task->in[k] = NULL;
    task->grad_in[k] = NULL;
  }
  for (int k = 0; k < node->input_count; k++) {
    const struct tsl__port *port = &node->ports[k];
    task->in[k] = port->converts ? tsl__buffer_at(&port->converted, run->local)
                                 : value_at(run, node->inputs[k]);
  }
  task->out = tsl__buffer_at(&node->value, run->local);
  task->saved = tsl__buffer_at(&node->saved, run->local);
  task->grad_out = tsl__buffer_at(&node->gradient, run->local);
}

void tsl__node_convert(const struct tsl__run *run, struct tsl__node *node) {
  for (int k = 0; k < node->input_count; k++) {
    struct tsl__port *port = &node->ports[k];
    if (port->converts)
      tsl__kernel_run(&port->forward,
                      (const float *[]){value_at(run, node->inputs[k]),
                                        tsl__buffer_at(&port->converted, run->local)});
  }
}

/* Where the operator writes the gradient of its inputs: the value's own gradient, or a
 * temporary that is converted or added afterwards. */
static void aim_gradients(const struct tsl__run *run, struct tsl__task *task) {
  const struct tsl_graph *graph = run->graph;
  const struct tsl__node *node = task->node;
  for (int k = 0; k < node->input_count; k++) {
    const struct tsl__node *input = graph->nodes[node->inputs[k]];
    if (!input->has_gradient)
      continue;
    bool direct = !node->adds[k] && !node->ports[k].converts;
    task->grad_in[k] =
        direct ? tsl__buffer_at(&input->gradient, run->local) : graph->temporary[k];
  }
}

static void land_gradients(const struct tsl__run *run, const struct tsl__task *task) {
  const struct tsl_graph *graph = run->graph;
  struct tsl__node *node = task->node;
  for (int k = 0; k < node->input_count; k++) {
    struct tsl__port *port = &node->ports[k];
    const struct tsl__node *input = graph->nodes[node->inputs[k]];
    if (!input->has_gradient || (!node->adds[k] && !port->converts))
      continue;
    float *target = tsl__buffer_at(&input->gradient, run->local);
    const float *made = graph->temporary[k];
    if (port->converts) {
      float *to = node->adds[k] ? graph->temporary[TSL__INPUTS_MAX] : target;
      tsl__kernel_run(&port->backward, (const float *[]){made, to});
      made = to;
    }
    if (node->adds[k])
      tsl__add(target, made, tsl__layout_bytes(&input->layout) / sizeof(float));
  }
}

/* Adds this shard's gradient of the node's weights to the tree over local shards, as a
 * binary counter carries: after shard i, partial sums stand where i + 1 has ones. */
static void carry_gradients(const struct tsl__run *run, const struct tsl__node *node) {
  const struct tsl_graph *graph = run->graph;
  if (run->local % 2 == 0)
    return; /* written in place */
  struct tsl__slice slice = tsl__node_weights(graph, node);
  size_t skipped = node->sums_weight ? graph->params[node->params[0]]->extent : 0;
  slice.begin += skipped;
  if (slice.end == slice.begin)
    return;
  const float *chain[TSL__PARTIALS_MAX];
  int depth = 0;
  for (int64_t carry = run->local; carry % 2 != 0; carry /= 2) {
    chain[depth] = graph->partials[depth] + slice.begin;
    depth++;
  }
  tsl__add_chain(graph->partials[depth] + slice.begin, chain, depth,
                 graph->shard_gradient + skipped, slice.end - slice.begin);
}

static void run_call(const struct tsl__run *run, const struct tsl__call *call) {
  struct tsl__node *node = run->graph->nodes[call->node];
  struct tsl__task task;
  switch (call->phase) {
  case TSL__PHASE_FORWARD:
    if (!node->synchronises)
      tsl__node_convert(run, node);
    tsl__node_task(run, node, &task);
    node->operator_->forward(&task);
    return;
  case TSL__PHASE_GATHER:
    tsl__node_convert(run, node);
    tsl__node_task(run, node, &task);
    node->operator_->gather(&task);
    return;
  case TSL__PHASE_GATHER_BACKWARD:
    tsl__node_task(run, node, &task);
    node->operator_->gather_backward(&task);
    return;
  case TSL__PHASE_BACKWARD:
    tsl__node_task(run, node, &task);
    aim_gradients(run, &task);
    node->operator_->backward(&task);
    land_gradients(run, &task);
    if (!node->batch_level)
      carry_gradients(run, node);
    return;
  }
}

void tsl__run_calls(const struct tsl__run *run, const struct tsl__list *list) {
  for (int i = 0; i < list->count; i++)
    run_call(run, &list->calls[i]);
}
