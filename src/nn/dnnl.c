#include "nn/dnnl.h"

#include <stdio.h>
#include <string.h>

static enum tsl_status check(dnnl_status_t status, const char *what,
                             struct tsl_error *err) {
  if (status == dnnl_success)
    return TSL_OK;
  return tsl_error_set(err, status == dnnl_out_of_memory ? TSL_MEMORY : TSL_LIBRARY, "",
                       "oneDNN: %s failed with status %d", what, (int)status);
}

enum tsl_status tsl__dnnl_init(struct tsl__dnnl *dnnl, struct tsl_error *err) {
  memset(dnnl, 0, sizeof *dnnl);
  TSL_TRY(check(dnnl_engine_create(&dnnl->engine, dnnl_cpu, 0), "engine", err));
  return check(dnnl_stream_create(&dnnl->stream, dnnl->engine, dnnl_stream_default_flags),
               "stream", err);
}

void tsl__dnnl_release(struct tsl__dnnl *dnnl) {
  if (dnnl->stream != NULL)
    dnnl_stream_destroy(dnnl->stream);
  if (dnnl->engine != NULL)
    dnnl_engine_destroy(dnnl->engine);
  memset(dnnl, 0, sizeof *dnnl);
}

/* ---- kernels ---- */

struct request {
  dnnl_primitive_desc_t desc;
  const char *what;
};

static enum tsl_status add_argument(struct tsl__kernel *kernel, int name,
                                    const dnnl_memory_desc_t *md, struct tsl_error *err) {
  dnnl_exec_arg_t *argument = &kernel->arguments[kernel->count];
  argument->arg = name;
  TSL_TRY(check(
      dnnl_memory_create(&argument->memory, md, kernel->dnnl->engine, DNNL_MEMORY_NONE),
      "memory", err));
  kernel->count++;
  return TSL_OK;
}

/* Makes the primitive, and the scratchpad its last argument. */
static enum tsl_status make_primitive(struct tsl__kernel *kernel,
                                      const_dnnl_primitive_desc_t desc,
                                      struct tsl_error *err) {
  const char *info = NULL;
  dnnl_primitive_desc_query(desc, dnnl_query_impl_info_str, 0, (void *)&info);
  snprintf(kernel->implementation, sizeof kernel->implementation, "%s",
           info != NULL ? info : "");
  TSL_TRY(check(dnnl_primitive_create(&kernel->primitive, desc), "primitive", err));
  const dnnl_memory_desc_t *scratch =
      dnnl_primitive_desc_query_md(desc, dnnl_query_scratchpad_md, 0);
  TSL_TRY(add_argument(kernel, DNNL_ARG_SCRATCHPAD, scratch, err));
  kernel->count--;
  size_t bytes = dnnl_memory_desc_get_size(scratch);
  if (bytes > kernel->dnnl->scratch_bytes)
    kernel->dnnl->scratch_bytes = bytes;
  return TSL_OK;
}

/* The attributes that every primitive has: scratchpad from us, ReLU fused when asked. */
static enum tsl_status make_attributes(dnnl_primitive_attr_t *out, bool relu,
                                       struct tsl_error *err) {
  dnnl_post_ops_t operations = NULL;
  TSL_TRY(check(dnnl_primitive_attr_create(out), "attributes", err));
  enum tsl_status status =
      check(dnnl_primitive_attr_set_scratchpad_mode(*out, dnnl_scratchpad_mode_user),
            "scratchpad mode", err);
  if (status == TSL_OK && relu) {
    status = check(dnnl_post_ops_create(&operations), "post-operations", err);
    if (status == TSL_OK)
      status = check(
          dnnl_post_ops_append_eltwise(operations, 1.0F, dnnl_eltwise_relu, 0.0F, 0.0F),
          "fused ReLU", err);
    if (status == TSL_OK)
      status = check(dnnl_primitive_attr_set_post_ops(*out, operations),
                     "post-operations", err);
    if (operations != NULL)
      dnnl_post_ops_destroy(operations);
  }
  return status;
}

static dnnl_memory_desc_t bias_desc(int64_t count) {
  return tsl__layout_plain(1, &count).md;
}

static const dnnl_memory_desc_t *query(const_dnnl_primitive_desc_t desc,
                                       dnnl_query_t what) {
  return dnnl_primitive_desc_query_md(desc, what, 0);
}

/* The hint that backward descriptors want: a forward one of the same shape. */
static enum tsl_status make_desc(struct tsl__dnnl *dnnl, const void *operation,
                                 const void *forward, bool relu,
                                 dnnl_primitive_desc_t *out, struct tsl_error *err) {
  dnnl_primitive_attr_t attributes = NULL;
  dnnl_primitive_desc_t hint = NULL;
  enum tsl_status status = make_attributes(&attributes, relu, err);
  if (status == TSL_OK && forward != NULL)
    status = check(dnnl_primitive_desc_create(&hint, forward, NULL, dnnl->engine, NULL),
                   "forward hint", err);
  if (status == TSL_OK)
    status =
        check(dnnl_primitive_desc_create(out, operation, attributes, dnnl->engine, hint),
              "primitive descriptor", err);
  if (hint != NULL)
    dnnl_primitive_desc_destroy(hint);
  if (attributes != NULL)
    dnnl_primitive_attr_destroy(attributes);
  return status;
}

static enum tsl_status take_sides(struct tsl__kernel *kernel,
                                  const struct tsl__layer *layer,
                                  const_dnnl_primitive_desc_t desc, int64_t bias_count,
                                  struct tsl__sides *sides, struct tsl_error *err) {
  dnnl_memory_desc_t bias = bias_desc(bias_count);
  switch (layer->pass) {
  case TSL__FORWARD:
    sides->x.md = *query(desc, dnnl_query_src_md);
    sides->weight.md = *query(desc, dnnl_query_weights_md);
    sides->y.md = *query(desc, dnnl_query_dst_md);
    TSL_TRY(add_argument(kernel, DNNL_ARG_SRC, &sides->x.md, err));
    TSL_TRY(add_argument(kernel, DNNL_ARG_WEIGHTS, &sides->weight.md, err));
    if (layer->bias)
      TSL_TRY(add_argument(kernel, DNNL_ARG_BIAS, &bias, err));
    return add_argument(kernel, DNNL_ARG_DST, &sides->y.md, err);
  case TSL__BACKWARD_DATA:
    sides->x.md = *query(desc, dnnl_query_diff_src_md);
    sides->weight.md = *query(desc, dnnl_query_weights_md);
    sides->y.md = *query(desc, dnnl_query_diff_dst_md);
    TSL_TRY(add_argument(kernel, DNNL_ARG_DIFF_DST, &sides->y.md, err));
    TSL_TRY(add_argument(kernel, DNNL_ARG_WEIGHTS, &sides->weight.md, err));
    return add_argument(kernel, DNNL_ARG_DIFF_SRC, &sides->x.md, err);
  case TSL__BACKWARD_WEIGHTS:
    sides->x.md = *query(desc, dnnl_query_src_md);
    sides->weight.md = *query(desc, dnnl_query_diff_weights_md);
    sides->y.md = *query(desc, dnnl_query_diff_dst_md);
    TSL_TRY(add_argument(kernel, DNNL_ARG_SRC, &sides->x.md, err));
    TSL_TRY(add_argument(kernel, DNNL_ARG_DIFF_DST, &sides->y.md, err));
    TSL_TRY(add_argument(kernel, DNNL_ARG_DIFF_WEIGHTS, &sides->weight.md, err));
    if (layer->bias)
      TSL_TRY(add_argument(kernel, DNNL_ARG_DIFF_BIAS, &bias, err));
    return TSL_OK;
  }
  return TSL_OK;
}

static struct tsl__layout any_like(const struct tsl__layout *of) {
  return tsl__layout_any(of->md.ndims, of->md.dims);
}

/* The same layout told with `channels` on axis 1, padding included or left out. */
static struct tsl__layout retold(const struct tsl__layout *of, int64_t channels) {
  struct tsl__layout told = *of;
  if (told.md.format_kind == dnnl_format_kind_any) {
    told.md.dims[1] = channels;
    return tsl__layout_any(told.md.ndims, told.md.dims);
  }
  told.md.dims[1] = channels;
  return told;
}

bool tsl__kernel_is_reference(const struct tsl__kernel *kernel) {
  return strncmp(kernel->implementation, "ref", 3) == 0;
}

static enum tsl_status conv_desc(struct tsl__dnnl *dnnl,
                                 const struct tsl__conv_geometry *geometry,
                                 const struct tsl__layer *layer,
                                 const struct tsl__sides *sides,
                                 dnnl_primitive_desc_t *out, struct tsl_error *err) {
  dnnl_dims_t strides = {geometry->stride, geometry->stride};
  dnnl_dims_t pads = {geometry->pad, geometry->pad};
  dnnl_memory_desc_t bias = bias_desc(geometry->out_channels);
  const dnnl_memory_desc_t *given = layer->bias ? &bias : NULL;
  const dnnl_alg_kind_t direct = dnnl_convolution_direct;
  struct tsl__sides any = {any_like(&sides->x), any_like(&sides->weight),
                           any_like(&sides->y)};
  dnnl_convolution_desc_t forward, operation;
  bool ahead = layer->pass == TSL__FORWARD;
  const struct tsl__sides *from = ahead ? sides : &any;
  TSL_TRY(check(dnnl_convolution_forward_desc_init(&forward, dnnl_forward_training,
                                                   direct, &from->x.md, &from->weight.md,
                                                   ahead ? given : NULL, &from->y.md,
                                                   strides, pads, pads),
                "convolution", err));
  if (ahead)
    return make_desc(dnnl, &forward, NULL, layer->relu, out, err);
  dnnl_status_t status = layer->pass == TSL__BACKWARD_DATA
                             ? dnnl_convolution_backward_data_desc_init(
                                   &operation, direct, &sides->x.md, &sides->weight.md,
                                   &sides->y.md, strides, pads, pads)
                             : dnnl_convolution_backward_weights_desc_init(
                                   &operation, direct, &sides->x.md, &sides->weight.md,
                                   given, &sides->y.md, strides, pads, pads);
  TSL_TRY(check(status, "convolution backward", err));
  return make_desc(dnnl, &operation, &forward, false, out, err);
}

static enum tsl_status finish_kernel(struct tsl__dnnl *dnnl, struct tsl__kernel *kernel,
                                     const struct tsl__layer *layer,
                                     dnnl_primitive_desc_t desc, struct tsl__sides *sides,
                                     struct tsl_error *err) {
  memset(kernel, 0, sizeof *kernel);
  kernel->dnnl = dnnl;
  int64_t bias_count = sides->y.md.dims[1];
  enum tsl_status status = take_sides(kernel, layer, desc, bias_count, sides, err);
  if (status == TSL_OK)
    status = make_primitive(kernel, desc, err);
  dnnl_primitive_desc_destroy(desc);
  return status;
}

enum tsl_status tsl__kernel_conv(struct tsl__dnnl *dnnl, struct tsl__kernel *kernel,
                                 const struct tsl__conv_geometry *geometry,
                                 const struct tsl__layer *layer, struct tsl__sides *sides,
                                 struct tsl_error *err) {
  dnnl_primitive_desc_t desc = NULL;
  int64_t wide = geometry->wide_channels;
  if (wide > 0) {
    sides->x = retold(&sides->x, wide);
    sides->weight = retold(&sides->weight, wide);
  }
  TSL_TRY(conv_desc(dnnl, geometry, layer, sides, &desc, err));
  TSL_TRY(finish_kernel(dnnl, kernel, layer, desc, sides, err));
  if (wide > 0) {
    sides->x = retold(&sides->x, geometry->in_channels);
    sides->weight = retold(&sides->weight, geometry->in_channels);
  }
  return TSL_OK;
}

enum tsl_status tsl__kernel_dense(struct tsl__dnnl *dnnl, struct tsl__kernel *kernel,
                                  const struct tsl__layer *layer,
                                  struct tsl__sides *sides, struct tsl_error *err) {
  dnnl_memory_desc_t bias = bias_desc(sides->y.md.dims[1]);
  const dnnl_memory_desc_t *given = layer->bias ? &bias : NULL;
  struct tsl__sides any = {any_like(&sides->x), any_like(&sides->weight),
                           any_like(&sides->y)};
  bool ahead = layer->pass == TSL__FORWARD;
  const struct tsl__sides *from = ahead ? sides : &any;
  dnnl_inner_product_desc_t forward, operation;
  dnnl_primitive_desc_t desc = NULL;
  TSL_TRY(check(dnnl_inner_product_forward_desc_init(&forward, dnnl_forward_training,
                                                     &from->x.md, &from->weight.md,
                                                     ahead ? given : NULL, &from->y.md),
                "inner product", err));
  if (ahead) {
    TSL_TRY(make_desc(dnnl, &forward, NULL, layer->relu, &desc, err));
  } else {
    dnnl_status_t status =
        layer->pass == TSL__BACKWARD_DATA
            ? dnnl_inner_product_backward_data_desc_init(&operation, &sides->x.md,
                                                         &sides->weight.md, &sides->y.md)
            : dnnl_inner_product_backward_weights_desc_init(
                  &operation, &sides->x.md, &sides->weight.md, given, &sides->y.md);
    TSL_TRY(check(status, "inner product backward", err));
    TSL_TRY(make_desc(dnnl, &operation, &forward, false, &desc, err));
  }
  return finish_kernel(dnnl, kernel, layer, desc, sides, err);
}

enum tsl_status tsl__kernel_reorder(struct tsl__dnnl *dnnl, struct tsl__kernel *kernel,
                                    const struct tsl__layout *from,
                                    const struct tsl__layout *to, struct tsl_error *err) {
  memset(kernel, 0, sizeof *kernel);
  kernel->dnnl = dnnl;
  dnnl_primitive_attr_t attributes = NULL;
  dnnl_primitive_desc_t desc = NULL;
  enum tsl_status status = make_attributes(&attributes, /*relu=*/false, err);
  if (status == TSL_OK)
    status = check(dnnl_reorder_primitive_desc_create(&desc, &from->md, dnnl->engine,
                                                      &to->md, dnnl->engine, attributes),
                   "reorder", err);
  if (status == TSL_OK)
    status = add_argument(kernel, DNNL_ARG_FROM, &from->md, err);
  if (status == TSL_OK)
    status = add_argument(kernel, DNNL_ARG_TO, &to->md, err);
  if (status == TSL_OK)
    status = make_primitive(kernel, desc, err);
  if (desc != NULL)
    dnnl_primitive_desc_destroy(desc);
  if (attributes != NULL)
    dnnl_primitive_attr_destroy(attributes);
  return status;
}

void tsl__kernel_release(struct tsl__kernel *kernel) {
  for (int i = 0; i < TSL__KERNEL_ARGUMENTS; i++) {
    if (kernel->arguments[i].memory != NULL)
      dnnl_memory_destroy(kernel->arguments[i].memory);
  }
  if (kernel->primitive != NULL)
    dnnl_primitive_destroy(kernel->primitive);
  memset(kernel, 0, sizeof *kernel);
}

void tsl__kernel_run(struct tsl__kernel *kernel, const float *const *pointers) {
  struct tsl__dnnl *dnnl = kernel->dnnl;
  for (int i = 0; i <= kernel->count; i++) {
    /* oneDNN's memory is not const even where it only reads. */
    void *pointer = i < kernel->count ? (void *)(uintptr_t)pointers[i] : dnnl->scratch;
    if (dnnl_memory_set_data_handle(kernel->arguments[i].memory, pointer) != dnnl_success)
      dnnl->failed = true;
  }
  if (dnnl_primitive_execute(kernel->primitive, dnnl->stream, kernel->count + 1,
                             kernel->arguments) != dnnl_success)
    dnnl->failed = true;
}
