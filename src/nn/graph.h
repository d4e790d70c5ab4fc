/* graph.h - the inside of a graph: nodes, parameters, memory, and what an operator is.
 *
 * A node is one operator with one output value; the value has the node's index. Nodes are
 * in build order, which is topological. A synchronising operator of depth k runs between
 * segment k-1 and segment k; every other node is put into the latest segment that its
 * consumers allow, so that what no synchronisation needs (the decoder) runs forward and
 * backward, shard by shard, in the last segment, with one shard's memory.
 */
#ifndef TEASEL_NN_GRAPH_H
#define TEASEL_NN_GRAPH_H

#include "nn/dnnl.h"
#include "teasel/arena.h"
#include "teasel/nn.h"

enum {
  TSL__INPUTS_MAX = 5,
  TSL__PARAMS_MAX = 4,
  TSL__NAME_MAX = 96,
  TSL__NODES_MAX = 512
};
enum { TSL__PARTIALS_MAX = 16 }; /* levels of the tree over shards: 2^15 shards */

struct tsl__node;

/* Memory of one value of every shard: one shard's, or (kept) one a local shard. */
struct tsl__buffer {
  float *data;
  size_t stride; /* floats from shard to shard, 0 when all shards share it */
};

struct tsl__run {
  struct tsl_graph *graph;
  int64_t shard;  /* in the batch */
  int64_t local;  /* among this rank's shards */
  int64_t locals; /* this rank's shards */
  bool training;  /* false: evaluation, as tsl_graph_compute does */
  bool noisy;     /* noise is drawn or given; false: zero */
  int64_t step;
  uint64_t seed;
  const float *batch;        /* (local samples, input shape) */
  const float *const *noise; /* NULL: drawn */
};

/* What an operator gets for one node and one shard. Layouts are those of planning. */
struct tsl__task {
  const struct tsl__run *run;
  struct tsl_graph *graph;
  struct tsl__node *node;
  const float *in[TSL__INPUTS_MAX];
  float *out;
  float *saved;                    /* the node's own memory, from forward to backward */
  float *grad_out;                 /* may be overwritten: nobody reads it afterwards */
  float *grad_in[TSL__INPUTS_MAX]; /* written, never added to; NULL: not needed */
};

/* An operator. plan chooses layouts (node->wanted, node->layout), makes primitives and
 * requests memory. A synchronising operator has the four hooks as well, the others have
 * NULL there. */
struct tsl__operator {
  const char *name;
  enum tsl_status (*plan)(struct tsl_graph *graph, struct tsl__node *node,
                          struct tsl_error *err);
  void (*refresh)(struct tsl_graph *graph,
                  struct tsl__node *node); /* NULL allowed: weights have changed */
  void (*forward)(const struct tsl__task *task);
  void (*backward)(const struct tsl__task *task); /* NULL allowed: sources */
  void (*release)(struct tsl__node *node);        /* NULL allowed: state's inside */
  bool step_only; /* has no value in evaluation: it needs a whole batch */
  /* Each shard's block of node->exchange is filled, gathered, then combined once. */
  void (*gather)(const struct tsl__task *task);
  void (*combine)(struct tsl_graph *graph, struct tsl__node *node);
  void (*gather_backward)(const struct tsl__task *task);
  void (*combine_backward)(struct tsl_graph *graph, struct tsl__node *node);
};

/* A value taken over by a node in another layout than it was produced in. */
struct tsl__port {
  bool converts;
  struct tsl__kernel forward, backward;
  struct tsl__buffer converted; /* in the wanted layout */
};

struct tsl__exchange {
  unsigned char *bytes; /* (shards, block) */
  size_t block;         /* bytes of one shard */
};

struct tsl__node {
  const struct tsl__operator *operator_;
  char name[TSL__NAME_MAX]; /* of the layer, for messages */
  int index;
  int input_count;
  int inputs[TSL__INPUTS_MAX];
  struct tsl_shape shape; /* of one row of the output */
  int64_t samples;        /* joint samples: rows of the output of one row of the batch */
  bool batch_level;       /* one row for the whole batch */
  int param_count;
  int params[TSL__PARAMS_MAX];

  /* what the builder was told */
  union {
    struct {
      struct tsl_conv conv;
      enum tsl_activation activation; /* NONE or RELU: the others are nodes */
      int64_t units;
      bool bias;
    } layer;
    struct {
      enum tsl_noise kind;
      int stream;
      bool joint; /* told with an axis of joint samples, even of one */
    } noise;
    struct {
      int64_t kernel, stride, pad;
    } pool;
    struct {
      enum tsl_estimator estimator;
      int64_t dataset_size;
    } correlation;
    enum tsl_activation activation;
    int64_t factor;
    int64_t element;
    double rate;
    double least;
    struct tsl_ramp ramp;
    double weight;
  } as;

  /* what planning decided */
  int depth;                  /* of synchronising nodes: 1.. ; else 0 */
  int segment;                /* where forward runs */
  bool live;                  /* some objective or term needs it */
  bool needs_gradient;        /* of its value: something trained is above it */
  bool has_gradient;          /* an objective is below it, too: backward runs */
  bool adds[TSL__INPUTS_MAX]; /* its gradient is added to what is there */
  struct tsl__layout layout;
  struct tsl__layout wanted[TSL__INPUTS_MAX];
  struct tsl__port ports[TSL__INPUTS_MAX];
  bool synchronises;
  struct tsl__buffer value, gradient, saved;
  bool pooled;                             /* the gradient lies in the graph's pool */
  size_t pool_offset;                      /* floats */
  size_t saved_floats;                     /* asked for by plan, of one shard */
  struct tsl__kernel to_plain, from_plain; /* of the value; no primitive: plain */
  int64_t slot;                            /* objective, term: place in a shard's sums */
  struct tsl__exchange exchange, exchange_backward;
  bool sums_weight;  /* the operator makes the gradient of its first weight of all local
                        shards at once, at the last of them */
  double operations; /* of one row, forward */
  void *state;       /* the operator's own, freed with the node */
};

enum tsl__initial { TSL__INITIAL_UNIFORM, TSL__INITIAL_ZERO, TSL__INITIAL_ONE };

struct tsl__param {
  struct tsl_param face;
  char name[TSL__NAME_MAX + 16];
  enum tsl__initial initial;
  float initial_scale; /* what is drawn is multiplied by it */
  struct tsl__layout plain, layout;
  size_t offset;                           /* floats, into the flat arrays */
  size_t extent;                           /* floats, padding included */
  struct tsl__kernel to_plain, from_plain; /* no primitive: copy */
};

struct tsl__stream {
  char name[TSL__NAME_MAX];
  int node;
};

struct tsl__term_entry {
  char name[TSL__NAME_MAX];
  int node;             /* -1: a ramp */
  struct tsl_ramp ramp; /* of node -1 */
  int64_t count, offset;
};

/* One call of an operator's hook in a segment's list. */
enum tsl__phase {
  TSL__PHASE_FORWARD,
  TSL__PHASE_GATHER,
  TSL__PHASE_BACKWARD,
  TSL__PHASE_GATHER_BACKWARD
};
struct tsl__call {
  enum tsl__phase phase;
  int node;
};
struct tsl__list {
  struct tsl__call *calls;
  int count;
};

/* Memory that is asked for while planning and handed out at once. */
struct tsl__request {
  void **where;
  size_t bytes;
};

struct tsl__optimizer_state; /* optimizer.h */

struct tsl_graph {
  struct tsl_graph_shape shape;
  int64_t rows; /* of a shard: samples of the batch */
  struct tsl_error error;
  bool failed, finished;

  struct tsl__node *nodes[TSL__NODES_MAX];
  int node_count;
  int input; /* node of the batch, -1: none */
  struct tsl__stream streams[TSL__NODES_MAX];
  int stream_count;
  int dropout_count;
  struct tsl__term_entry *terms;
  int term_count, term_capacity;
  int64_t term_numbers;
  struct tsl__param **params;
  int param_count, param_capacity;

  int depth; /* of the deepest synchronisation = number of the last segment */
  struct tsl__list *forward, *backward;         /* (depth + 1), per shard */
  struct tsl__list *between, *between_backward; /* (depth + 1), once: BATCH values */

  struct tsl__dnnl dnnl;
  struct tsl_arena arena;
  struct tsl__request *requests;
  size_t request_count, request_capacity;

  size_t trained; /* floats of trained parameters: the flat arrays' length */
  size_t floats;  /* with running statistics behind */
  float *weights; /* (floats) */
  float *partials[TSL__PARTIALS_MAX]; /* (trained) sums of 2^level shards */
  int partial_count;
  float *gradient; /* (trained) the local sum of the last step; one of partials */
  float *pool;     /* (pool_floats) gradients of values that live within a shard's pass */
  size_t pool_floats;
  float *shard_gradient; /* (largest node's weights) of a shard that is added at once */
  /* One an input for gradients that are converted or added, one for the conversion's
   * result; each as large as the largest that it is used for. */
  float *temporary[TSL__INPUTS_MAX + 1];
  size_t temporary_bytes[TSL__INPUTS_MAX + 1];
  float *staging; /* (largest parameter) for get and set */
  double *sums;   /* (shards, sum_width) sums over a shard's rows: terms, objectives */
  int64_t sum_width;
  int64_t call_slot; /* place in a shard's sums of what its member tells the others */
  bool weights_changed;
  bool updating; /* this step changes weights and running statistics */

  struct tsl__optimizer_state *optimizer;
};

/* ---- composing (graph_build.c) ---- */
/* A stream of noise (op_noise.c) with this number of joint samples. */
struct tsl_value tsl__noise_add(struct tsl_graph *graph, const char *stream,
                                enum tsl_noise kind, const struct tsl_shape *shape,
                                int64_t samples);
/* A new node on these inputs, or NULL when the graph has failed or an input is absent. */
struct tsl__node *tsl__node_add(struct tsl_graph *graph,
                                const struct tsl__operator *operator_, const char *name,
                                int input_count, const struct tsl_value *inputs);
struct tsl_value tsl__node_value(const struct tsl__node *node); /* of NULL: -1 */
/* Notes the graph's first error. */
void tsl__graph_fail(struct tsl_graph *graph, const char *where, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Adds a parameter to the node; dims are PyTorch's. */
void tsl__param_add(struct tsl_graph *graph, struct tsl__node *node, const char *suffix,
                    int rank, const int64_t *dims, int64_t fan_in);
void tsl__param_add_constant(struct tsl_graph *graph, struct tsl__node *node,
                             const char *suffix, int64_t count, enum tsl__initial initial,
                             bool trained);
const struct tsl_shape *tsl__input_shape(const struct tsl_graph *graph,
                                         const struct tsl__node *node, int input);
/* "(3, 64, 64)" */
struct tsl__shape_words {
  char text[72];
};
struct tsl__shape_words tsl__shape_print(const struct tsl_shape *shape);
bool tsl__shape_equal(const struct tsl_shape *a, const struct tsl_shape *b);
/* Checks that all inputs of the node have one shape; NULL passes through. */
struct tsl_value tsl__same_shapes(struct tsl_graph *graph, const struct tsl__node *node);
struct tsl_shape tsl__shape_of(int rank, int64_t a, int64_t b, int64_t c);

/* ---- planning (graph_plan.c) ---- */
struct tsl__layout tsl__plain_layout(int64_t rows, const struct tsl_shape *shape);
struct tsl__layout tsl__any_layout(int64_t rows, const struct tsl_shape *shape);
/* Output and every input in the plain layout: the plan of most operators. */
enum tsl_status tsl__plan_plain(struct tsl_graph *graph, struct tsl__node *node,
                                struct tsl_error *err);
/* All inputs and the output in the layout of the first input, where that can be walked.
 */
enum tsl_status tsl__plan_follow(struct tsl_graph *graph, struct tsl__node *node,
                                 struct tsl_error *err);
void tsl__memory_request(struct tsl_graph *graph, void **where, size_t bytes);
void tsl__graph_plan_structure(struct tsl_graph *graph);
enum tsl_status tsl__graph_plan_memory(struct tsl_graph *graph, struct tsl_error *err);

/* ---- one call (graph_call.c) ---- */
float *tsl__buffer_at(const struct tsl__buffer *buffer, int64_t local);
void tsl__node_task(const struct tsl__run *run, struct tsl__node *node,
                    struct tsl__task *task);
/* Brings an input into the wanted layout, where it differs. */
void tsl__node_convert(const struct tsl__run *run, struct tsl__node *node);
/* The calls of the list for the run's shard. */
void tsl__run_calls(const struct tsl__run *run, const struct tsl__list *list);

/* ---- running (graph_run.c) ---- */
void tsl__graph_refresh(struct tsl_graph *graph);
/* A value of samples, which can be fed and fetched. */
bool tsl__is_a_value(const struct tsl_graph *graph, struct tsl_value value);
/* Copies `rows` rows of the value of the run's shard, every stride-th, to rows first ...
 * of the data. */
void tsl__graph_fetch(const struct tsl__run *run, const struct tsl_fetch *wanted,
                      int64_t first, int64_t rows, int64_t stride);

/* ---- for operators ---- */
/* The shard's block of an exchange. */
unsigned char *tsl__exchange_at(const struct tsl__exchange *exchange,
                                const struct tsl__task *task);
/* Adds the shards' sums in the one tree; the result is in the first shard's row. sums:
 * (shards, width) */
void tsl__sum_tree(double *sums, int64_t shards, int64_t width);
/* Weight k of the node. */
float *tsl__weight(const struct tsl__task *task, int k);
/* Where this shard's gradient of weight k goes; written whole. */
float *tsl__weight_gradient(const struct tsl__task *task, int k);
int64_t tsl__row_count(const struct tsl__node *node); /* elements of one row */
/* Rows of a shard's value: samples of the shard times joint samples; 1 of the whole
 * batch. */
int64_t tsl__node_rows(const struct tsl_graph *graph, const struct tsl__node *node);
int64_t tsl__task_rows(const struct tsl__task *task); /* of the task's node */

size_t tsl__plain_count(const struct tsl__task *task);   /* of a shard's plain value */
int64_t tsl__sample_index(const struct tsl__task *task); /* of the shard's first row */

/* ---- losses (op_loss.c) ---- */
/* Adds graph->sums of all shards in their tree and fills the report. terms:
 * (term_numbers) */
void tsl__graph_report(struct tsl_graph *graph, int64_t step, double *terms);

/* ---- parameters (params.c) ---- */
enum tsl_status tsl__params_plan(struct tsl_graph *graph, struct tsl_error *err);
/* The trained weights of one node, which are neighbours in the flat arrays. */
struct tsl__slice {
  size_t begin, end; /* floats */
};
struct tsl__slice tsl__node_weights(const struct tsl_graph *graph,
                                    const struct tsl__node *node);
void tsl__params_release(struct tsl_graph *graph);
/* Between the engine's layout and PyTorch's. array: a flat array such as graph->weights
 * or a moment of trained parameters; values: (count of the parameter). */
void tsl__param_unpack(struct tsl__param *param, const float *array, float *values);
void tsl__param_pack(struct tsl__param *param, const float *values, float *array);

#define TSL_OPERATOR(name) extern const struct tsl__operator tsl__operator_##name;
#include "nn/operator_list.h"
#undef TSL_OPERATOR

#endif
