#include "nn/graph.h"

#include "nn/optimizer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- life ---- */

static bool is_power_of_two(int64_t n) {
  return n > 0 && (n & (n - 1)) == 0;
}

enum tsl_status tsl_graph_create(const struct tsl_graph_shape *shape,
                                 struct tsl_graph **out, struct tsl_error *err) {
  if (!is_power_of_two(shape->shards) || shape->batch < 1 ||
      shape->batch % shape->shards != 0 || shape->shards >= 1 << (TSL__PARTIALS_MAX - 1))
    return tsl_error_set(err, TSL_BAD_INPUT, "train.shards",
                         "%lld shards must be a power of two that divides the batch of "
                         "%lld samples",
                         (long long)shape->shards, (long long)shape->batch);
  struct tsl_graph *graph = calloc(1, sizeof *graph);
  if (graph == NULL)
    return tsl_error_set(err, TSL_MEMORY, "", "no memory for a graph");
  graph->shape = *shape;
  graph->rows = shape->batch / shape->shards;
  graph->input = -1;
  graph->weights_changed = true;
  enum tsl_status status = tsl__dnnl_init(&graph->dnnl, err);
  if (status != TSL_OK) {
    tsl_graph_free(graph);
    return status;
  }
  *out = graph;
  return TSL_OK;
}

static void free_node(struct tsl__node *node) {
  if (node->operator_->release != NULL && node->state != NULL)
    node->operator_->release(node);
  for (int k = 0; k < TSL__INPUTS_MAX; k++) {
    tsl__kernel_release(&node->ports[k].forward);
    tsl__kernel_release(&node->ports[k].backward);
  }
  tsl__kernel_release(&node->to_plain);
  tsl__kernel_release(&node->from_plain);
  tsl__kernel_release(&node->to_plain);
  tsl__kernel_release(&node->from_plain);
  free(node->state);
  free(node);
}

static void free_lists(struct tsl__list *lists, int count) {
  for (int i = 0; lists != NULL && i < count; i++)
    free(lists[i].calls);
  free(lists);
}

void tsl_graph_free(struct tsl_graph *graph) {
  if (graph == NULL)
    return;
  for (int i = 0; i < graph->node_count; i++)
    free_node(graph->nodes[i]);
  tsl__params_release(graph);
  free_lists(graph->forward, graph->depth + 1);
  free_lists(graph->backward, graph->depth + 1);
  free_lists(graph->between, graph->depth + 1);
  free_lists(graph->between_backward, graph->depth + 1);
  tsl__optimizer_free(graph->optimizer);
  free(graph->requests);
  free(graph->terms);
  tsl_arena_release(&graph->arena);
  tsl__dnnl_release(&graph->dnnl);
  free(graph);
}

void tsl__graph_fail(struct tsl_graph *graph, const char *where, const char *format,
                     ...) {
  if (graph->failed)
    return;
  graph->failed = true;
  va_list arguments;
  va_start(arguments, format);
  char text[1024];
  vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  tsl_error_set(&graph->error, TSL_BAD_INPUT, where, "%s", text);
}

/* ---- shapes ---- */

struct tsl__shape_words tsl__shape_print(const struct tsl_shape *shape) {
  struct tsl__shape_words words;
  if (shape->rank == 1)
    snprintf(words.text, sizeof words.text, "(%lld)", (long long)shape->dims[0]);
  else
    snprintf(words.text, sizeof words.text, "(%lld, %lld, %lld)",
             (long long)shape->dims[0], (long long)shape->dims[1],
             (long long)shape->dims[2]);
  return words;
}

bool tsl__shape_equal(const struct tsl_shape *a, const struct tsl_shape *b) {
  if (a->rank != b->rank)
    return false;
  for (int i = 0; i < a->rank; i++) {
    if (a->dims[i] != b->dims[i])
      return false;
  }
  return true;
}

struct tsl_shape tsl__shape_of(int rank, int64_t a, int64_t b, int64_t c) {
  struct tsl_shape shape = {.rank = rank, .dims = {a, b, c}};
  return shape;
}

static bool shape_is_sound(const struct tsl_shape *shape) {
  if (shape->rank != 1 && shape->rank != 3)
    return false;
  for (int i = 0; i < shape->rank; i++) {
    if (shape->dims[i] < 1)
      return false;
  }
  return true;
}

/* ---- nodes ---- */

struct tsl__node *tsl__node_add(struct tsl_graph *graph,
                                const struct tsl__operator *operator_, const char *name,
                                int input_count, const struct tsl_value *inputs) {
  if (graph->failed)
    return NULL;
  if (graph->finished) {
    tsl__graph_fail(graph, name, "the graph is finished: nothing can be added");
    return NULL;
  }
  if (graph->node_count == TSL__NODES_MAX) {
    tsl__graph_fail(graph, name, "more than %d operators in one network", TSL__NODES_MAX);
    return NULL;
  }
  for (int k = 0; k < input_count; k++) {
    int index = inputs[k].index;
    if (index < 0 || index >= graph->node_count) {
      tsl__graph_fail(graph, name, "input %d of operator %s is absent", k,
                      operator_->name);
      return NULL;
    }
  }
  struct tsl__node *node = calloc(1, sizeof *node);
  if (node == NULL) {
    tsl__graph_fail(graph, name, "no memory for an operator");
    return NULL;
  }
  node->operator_ = operator_;
  snprintf(node->name, sizeof node->name, "%s", name);
  node->index = graph->node_count;
  node->input_count = input_count;
  for (int k = 0; k < input_count; k++)
    node->inputs[k] = inputs[k].index;
  node->samples = 1;
  if (input_count > 0) {
    node->shape = graph->nodes[inputs[0].index]->shape;
    node->samples = graph->nodes[inputs[0].index]->samples;
  }
  graph->nodes[graph->node_count++] = node;
  return node;
}

struct tsl_value tsl__node_value(const struct tsl__node *node) {
  struct tsl_value value = {node != NULL ? node->index : -1};
  return value;
}

const struct tsl_shape *tsl__input_shape(const struct tsl_graph *graph,
                                         const struct tsl__node *node, int input) {
  return &graph->nodes[node->inputs[input]]->shape;
}

struct tsl_value tsl__same_shapes(struct tsl_graph *graph, const struct tsl__node *node) {
  for (int k = 1; node != NULL && k < node->input_count; k++) {
    const struct tsl_shape *first = tsl__input_shape(graph, node, 0);
    const struct tsl_shape *other = tsl__input_shape(graph, node, k);
    if (!tsl__shape_equal(first, other))
      tsl__graph_fail(graph, node->name, "operator %s joins the shapes %s and %s",
                      node->operator_->name, tsl__shape_print(first).text,
                      tsl__shape_print(other).text);
  }
  return tsl__node_value(node);
}

int64_t tsl__row_count(const struct tsl__node *node) {
  return tsl_shape_count(&node->shape);
}

int64_t tsl__node_rows(const struct tsl_graph *graph, const struct tsl__node *node) {
  return node->batch_level ? 1 : graph->rows * node->samples;
}

int64_t tsl__task_rows(const struct tsl__task *task) {
  return tsl__node_rows(task->graph, task->node);
}

struct tsl_shape tsl_graph_value_shape(const struct tsl_graph *graph,
                                       struct tsl_value value) {
  if (value.index < 0 || value.index >= graph->node_count)
    return tsl__shape_of(1, 0, 0, 0);
  return graph->nodes[value.index]->shape;
}

/* ---- parameters ---- */

static struct tsl__param *new_param(struct tsl_graph *graph, struct tsl__node *node,
                                    const char *suffix) {
  if (graph->param_count == graph->param_capacity) {
    int capacity = graph->param_capacity > 0 ? 2 * graph->param_capacity : 32;
    void *grown = realloc(graph->params, (size_t)capacity * sizeof(struct tsl__param *));
    if (grown == NULL) {
      tsl__graph_fail(graph, node->name, "no memory for a parameter");
      return NULL;
    }
    graph->params = grown;
    graph->param_capacity = capacity;
  }
  struct tsl__param *param = calloc(1, sizeof *param);
  if (param == NULL) {
    tsl__graph_fail(graph, node->name, "no memory for a parameter");
    return NULL;
  }
  snprintf(param->name, sizeof param->name, "%s.%s", node->name, suffix);
  param->face.name = param->name;
  for (int i = 0; i < graph->param_count; i++) {
    if (strcmp(graph->params[i]->name, param->name) == 0)
      tsl__graph_fail(graph, node->name, "two parameters are named %s", param->name);
  }
  node->params[node->param_count++] = graph->param_count;
  graph->params[graph->param_count++] = param;
  return param;
}

void tsl__param_add(struct tsl_graph *graph, struct tsl__node *node, const char *suffix,
                    int rank, const int64_t *dims, int64_t fan_in) {
  struct tsl__param *param = new_param(graph, node, suffix);
  if (param == NULL)
    return;
  param->face.rank = rank;
  param->face.count = 1;
  for (int i = 0; i < rank; i++) {
    param->face.dims[i] = dims[i];
    param->face.count *= dims[i];
  }
  param->face.fan_in = fan_in;
  param->face.trained = true;
  param->initial = TSL__INITIAL_UNIFORM;
  param->initial_scale = 1.0F;
  param->plain = tsl__layout_plain(rank, dims);
  param->layout = param->plain;
}

void tsl__param_add_constant(struct tsl_graph *graph, struct tsl__node *node,
                             const char *suffix, int64_t count, enum tsl__initial initial,
                             bool trained) {
  tsl__param_add(graph, node, suffix, 1, &count, count);
  if (graph->failed)
    return;
  struct tsl__param *param = graph->params[graph->param_count - 1];
  param->initial = initial;
  param->face.trained = trained;
}

/* ---- sources: the batch; noise is op_noise.c ---- */

struct tsl_value tsl_graph_input(struct tsl_graph *graph, const struct tsl_shape *shape) {
  if (!graph->failed && !shape_is_sound(shape))
    tsl__graph_fail(graph, "input", "a sample must be [D] or [channels, height, width]");
  if (!graph->failed && graph->input >= 0)
    tsl__graph_fail(graph, "input", "a graph has one input");
  struct tsl__node *node = tsl__node_add(graph, &tsl__operator_input, "input", 0, NULL);
  if (node != NULL) {
    node->shape = *shape;
    graph->input = node->index;
  }
  return tsl__node_value(node);
}

/* The pointer comes from the step; only the buffer of tsl_graph_compute is planned. */
static void input_forward(const struct tsl__task *task) {
  (void)task;
}

const struct tsl__operator tsl__operator_input = {
    .name = "input", .plan = tsl__plan_plain, .forward = input_forward};
