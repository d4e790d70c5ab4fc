/* kernels_bfloat16.h - one shard of a layer by oneDNN, in float32 and in bfloat16, for
 * bench/kernels_bfloat16: memory holds float32, and what bfloat16 needs rounded is
 * rounded when it is needed. */
#ifndef TEASEL_BENCH_KERNELS_BFLOAT16_H
#define TEASEL_BENCH_KERNELS_BFLOAT16_H

#include "kernels.h"

#include "nn/layer.h"
#include "nn/vector.h"

#include <string.h>

static void succeed(dnnl_status_t status, const char *what) {
  if (status == dnnl_success)
    return;
  fprintf(stderr, "kernels_bfloat16: %s failed with status %d\n", what, (int)status);
  exit(1);
}

/* A primitive with arguments of its own. */
struct primitive {
  dnnl_primitive_t primitive;
  dnnl_primitive_desc_t desc;
  dnnl_exec_arg_t arguments[6];
  int count;
};

static dnnl_memory_t memory_of(struct tsl__dnnl *dnnl, const dnnl_memory_desc_t *md,
                               void *at) {
  dnnl_memory_t memory = NULL;
  succeed(dnnl_memory_create(&memory, md, dnnl->engine,
                             at != NULL ? at : DNNL_MEMORY_ALLOCATE),
          "memory");
  if (at == NULL) { /* 0x3f3f is a number in both */
    void *handle = NULL;
    succeed(dnnl_memory_get_data_handle(memory, &handle), "memory");
    memset(handle, 0x3f, dnnl_memory_desc_get_size(md));
  }
  return memory;
}

static void add_argument(struct primitive *p, int name, dnnl_memory_t memory) {
  p->arguments[p->count++] = (dnnl_exec_arg_t){name, memory};
}

static void execute(const struct primitive *p, struct tsl__dnnl *dnnl) {
  succeed(dnnl_primitive_execute(p->primitive, dnnl->stream, p->count, p->arguments),
          "execution");
}

static void primitive_release(struct primitive *p) {
  for (int i = 0; i < p->count; i++)
    dnnl_memory_destroy(p->arguments[i].memory);
  if (p->primitive != NULL)
    dnnl_primitive_destroy(p->primitive);
  if (p->desc != NULL)
    dnnl_primitive_desc_destroy(p->desc);
  *p = (struct primitive){NULL};
}

static const dnnl_memory_desc_t *side(const struct primitive *p, dnnl_query_t what) {
  return dnnl_primitive_desc_query_md(p->desc, what, 0);
}

static dnnl_memory_desc_t any_of(const struct tsl__layout *of, dnnl_data_type_t type) {
  dnnl_memory_desc_t md;
  succeed(dnnl_memory_desc_init_by_tag(&md, of->md.ndims, of->md.dims, type,
                                       dnnl_format_tag_any),
          "layout");
  return md;
}

static void describe(struct primitive *p, struct tsl__dnnl *dnnl, const void *operation,
                     const void *forward) {
  dnnl_primitive_desc_t hint = NULL;
  if (forward != NULL)
    succeed(dnnl_primitive_desc_create(&hint, forward, NULL, dnnl->engine, NULL), "hint");
  succeed(dnnl_primitive_desc_create(&p->desc, operation, NULL, dnnl->engine, hint),
          "descriptor");
  succeed(dnnl_primitive_create(&p->primitive, p->desc), "primitive");
  if (hint != NULL)
    dnnl_primitive_desc_destroy(hint);
}

/* from, of float32 in memory, rounded into an argument of another primitive. */
static void make_rounding(struct primitive *p, struct tsl__dnnl *dnnl,
                          const struct tsl__layout *from, void *at,
                          const dnnl_memory_desc_t *to) {
  succeed(dnnl_reorder_primitive_desc_create(&p->desc, &from->md, dnnl->engine, to,
                                             dnnl->engine, NULL),
          "rounding");
  succeed(dnnl_primitive_create(&p->primitive, p->desc), "rounding");
  add_argument(p, DNNL_ARG_FROM, memory_of(dnnl, &from->md, at));
  add_argument(p, DNNL_ARG_TO, memory_of(dnnl, to, NULL));
}

/* The three passes of a convolution or of an inner product; x and y are float32 in
 * memory, as results are. */
struct layer {
  struct tsl__sides sides;
  bool dense;
  dnnl_dims_t strides, pads;
};

static struct primitive make_pass(struct tsl__dnnl *dnnl, const struct layer *layer,
                                  enum tsl__pass kind) {
  const dnnl_data_type_t half = dnnl_bf16, whole = dnnl_f32;
  const struct tsl__sides *s = &layer->sides;
  const bool back = kind == TSL__BACKWARD_DATA, weigh = kind == TSL__BACKWARD_WEIGHTS;
  const dnnl_memory_desc_t x = back ? s->x.md : any_of(&s->x, half);
  const dnnl_memory_desc_t w = any_of(&s->weight, weigh ? whole : half);
  const dnnl_memory_desc_t y = kind == TSL__FORWARD ? s->y.md : any_of(&s->y, half);
  const dnnl_memory_desc_t any_x = any_of(&s->x, half), any_w = any_of(&s->weight, half),
                           any_y = any_of(&s->y, half);
  struct primitive p = {NULL};
  if (layer->dense) {
    dnnl_inner_product_desc_t hint, operation;
    succeed(dnnl_inner_product_forward_desc_init(&hint, dnnl_forward_training, &any_x,
                                                 &any_w, NULL, &any_y),
            "inner product");
    succeed(kind == TSL__FORWARD
                ? dnnl_inner_product_forward_desc_init(&operation, dnnl_forward_training,
                                                       &x, &w, NULL, &y)
                : dnnl_inner_product_backward_data_desc_init(&operation, &x, &w, &y),
            "inner product");
    describe(&p, dnnl, &operation, kind == TSL__FORWARD ? NULL : &hint);
  } else {
    const dnnl_alg_kind_t direct = dnnl_convolution_direct;
    dnnl_convolution_desc_t hint, operation;
    succeed(dnnl_convolution_forward_desc_init(&hint, dnnl_forward_training, direct,
                                               &any_x, &any_w, NULL, &any_y,
                                               layer->strides, layer->pads, layer->pads),
            "convolution");
    succeed(kind == TSL__FORWARD ? dnnl_convolution_forward_desc_init(
                                       &operation, dnnl_forward_training, direct, &x, &w,
                                       NULL, &y, layer->strides, layer->pads, layer->pads)
            : back ? dnnl_convolution_backward_data_desc_init(&operation, direct, &x, &w,
                                                              &y, layer->strides,
                                                              layer->pads, layer->pads)
                   : dnnl_convolution_backward_weights_desc_init(
                         &operation, direct, &x, &w, NULL, &y, layer->strides,
                         layer->pads, layer->pads),
            "convolution");
    describe(&p, dnnl, &operation, kind == TSL__FORWARD ? NULL : &hint);
  }
  return p;
}

/* One shard of a layer: its sides in float32 and rounded, oneDNN's passes in both. */
struct shard {
  struct tsl__dnnl *dnnl;
  struct layer layer;
  bool transposed; /* the layer goes from y to x */
  bool no_data;    /* nobody wants the gradient of its input */
  float *x, *y, *grad, *grad_weight, *x16, *y16;
  struct tsl__view x_view;
  size_t x_count, y_count;
  struct primitive round_x, round_y, round_weight[3], passes[3];
  struct tsl__kernel whole[3];
  float *whole_weight;
};

static void give(struct shard *s, struct primitive *p, int name, dnnl_query_t what,
                 float *whole, float *half) {
  const dnnl_memory_desc_t *md = side(p, what);
  add_argument(p, name, memory_of(s->dnnl, md, md->data_type == dnnl_f32 ? whole : half));
}

/* Of both passes the gradient by the input goes to its own place. */
static void make_half_pass(struct shard *s, enum tsl__pass kind) {
  struct primitive *p = &s->passes[kind];
  *p = make_pass(s->dnnl, &s->layer, kind);
  if (kind == TSL__FORWARD) {
    give(s, p, DNNL_ARG_SRC, dnnl_query_src_md, NULL, s->x16);
    give(s, p, DNNL_ARG_WEIGHTS, dnnl_query_weights_md, NULL, NULL);
    give(s, p, DNNL_ARG_DST, dnnl_query_dst_md, s->grad, NULL);
  } else if (kind == TSL__BACKWARD_DATA) {
    give(s, p, DNNL_ARG_DIFF_DST, dnnl_query_diff_dst_md, NULL, s->y16);
    give(s, p, DNNL_ARG_WEIGHTS, dnnl_query_weights_md, NULL, NULL);
    give(s, p, DNNL_ARG_DIFF_SRC, dnnl_query_diff_src_md, s->grad, NULL);
  } else {
    give(s, p, DNNL_ARG_SRC, dnnl_query_src_md, NULL, s->x16);
    give(s, p, DNNL_ARG_DIFF_DST, dnnl_query_diff_dst_md, NULL, s->y16);
    give(s, p, DNNL_ARG_DIFF_WEIGHTS, dnnl_query_diff_weights_md, s->grad_weight, NULL);
  }
}

static void make_whole_pass(struct shard *s, const struct tsl__conv_geometry *g,
                            enum tsl__pass kind) {
  struct tsl_error err = {0};
  struct tsl__sides sides = s->layer.sides;
  const struct tsl__layer layer = {kind, false, false};
  if (s->layer.dense)
    must(tsl__kernel_dense(s->dnnl, &s->whole[kind], &layer, &sides, &err), &err);
  else
    must(tsl__kernel_conv(s->dnnl, &s->whole[kind], g, &layer, &sides, &err), &err);
}

/* Which passes are made depends on what the layer needs. */
static bool is_needed(const struct shard *s, enum tsl__pass kind) {
  if (s->layer.dense)
    return kind != TSL__BACKWARD_WEIGHTS; /* that is float32 always */
  if (s->transposed && s->no_data)
    return kind == TSL__BACKWARD_DATA; /* its values alone */
  return kind != TSL__BACKWARD_DATA || !s->no_data;
}

static void shard_init(struct shard *s, const struct tsl__conv_geometry *g,
                       size_t weights) {
  const struct tsl__sides *sides = &s->layer.sides;
  s->x_count = tsl__layout_bytes(&sides->x) / sizeof(float);
  s->y_count = tsl__layout_bytes(&sides->y) / sizeof(float);
  size_t most = s->x_count > s->y_count ? s->x_count : s->y_count;
  s->x = numbers(s->x_count);
  s->y = numbers(s->y_count);
  s->grad = numbers(most);
  s->x16 = numbers(8 * s->x_count); /* oneDNN may fill up 3 channels to a block */
  s->y16 = numbers(s->y_count);
  s->grad_weight = numbers(8 * weights);
  s->whole_weight = numbers(8 * weights);
  for (int kind = 0; kind < 3; kind++) {
    if (!is_needed(s, kind))
      continue;
    make_half_pass(s, kind);
    make_whole_pass(s, g, kind);
  }
  for (int kind = 0; kind < TSL__BACKWARD_WEIGHTS; kind++) {
    if (s->passes[kind].desc == NULL)
      continue;
    const dnnl_memory_desc_t *rounded = side(&s->passes[kind], dnnl_query_weights_md);
    struct tsl__layout weight = {*rounded};
    weight.md.data_type = dnnl_f32;
    make_rounding(&s->round_weight[kind], s->dnnl, &weight, NULL, rounded);
  }
  const struct primitive *weigh = &s->passes[TSL__BACKWARD_WEIGHTS],
                         *ahead = &s->passes[TSL__FORWARD],
                         *back = &s->passes[TSL__BACKWARD_DATA];
  if (ahead->desc != NULL || weigh->desc != NULL)
    make_rounding(&s->round_x, s->dnnl, &sides->x, s->x,
                  side(ahead->desc != NULL ? ahead : weigh, dnnl_query_src_md));
  if (back->desc != NULL || weigh->desc != NULL)
    make_rounding(&s->round_y, s->dnnl, &sides->y, s->y,
                  side(back->desc != NULL ? back : weigh, dnnl_query_diff_dst_md));
}

static void shard_release(struct shard *s) {
  float *all[] = {s->x, s->y, s->grad, s->grad_weight, s->x16, s->y16, s->whole_weight};
  for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
    free(all[i]);
  for (int kind = 0; kind < 3; kind++) {
    primitive_release(&s->passes[kind]);
    primitive_release(&s->round_weight[kind]);
    tsl__kernel_release(&s->whole[kind]);
  }
  primitive_release(&s->round_x);
  primitive_release(&s->round_y);
}

/* The output's gradient through ReLU, and its bias. */
static void enter(const struct shard *s) {
  float bias[4096];
  if (s->transposed) {
    tsl__relu_backward(s->x, s->x, s->x_count);
    tsl__bias_backward(s->x, bias, &s->x_view);
  } else {
    tsl__relu_backward(s->y, s->y, s->y_count);
  }
}

static void half_library(void *context) {
  struct shard *s = context;
  const struct primitive *first = s->transposed ? &s->round_y : &s->round_x,
                         *second = s->transposed ? &s->round_x : &s->round_y;
  execute(first, s->dnnl);
  execute(&s->passes[s->transposed ? TSL__BACKWARD_DATA : TSL__FORWARD], s->dnnl);
  if (second->primitive == NULL)
    return;
  if (!s->layer.dense)
    enter(s);
  execute(second, s->dnnl);
  for (int kind = 0; kind < 3; kind++) {
    if (kind != (s->transposed ? TSL__BACKWARD_DATA : TSL__FORWARD) && is_needed(s, kind))
      execute(&s->passes[kind], s->dnnl);
  }
}

static void whole_library(void *context) {
  struct shard *s = context;
  const enum tsl__pass values = s->transposed ? TSL__BACKWARD_DATA : TSL__FORWARD;
  const float *const ahead[] = {s->x, s->whole_weight, s->grad};
  const float *const back[] = {s->y, s->whole_weight, s->grad};
  const float *const weigh[] = {s->x, s->y, s->grad_weight};
  const float *const *const pointers[] = {[TSL__FORWARD] = ahead,
                                          [TSL__BACKWARD_DATA] = back,
                                          [TSL__BACKWARD_WEIGHTS] = weigh};
  tsl__kernel_run(&s->whole[values], pointers[values]);
  if (s->transposed && s->no_data)
    return;
  if (!s->layer.dense)
    enter(s);
  for (int kind = 0; kind < 3; kind++) {
    if (kind != (int)values && is_needed(s, kind))
      tsl__kernel_run(&s->whole[kind], pointers[kind]);
  }
}

static void half_refresh(void *context) {
  struct shard *s = context;
  for (int kind = 0; kind < TSL__BACKWARD_WEIGHTS; kind++) {
    if (s->round_weight[kind].primitive != NULL)
      execute(&s->round_weight[kind], s->dnnl);
  }
}

#endif
