/* dnnl.h - everything that teasel asks of oneDNN (C API, version 2). No other file names
 * it, so that version 3, which describes primitives in another way, needs the dnnl files
 * alone.
 *
 * Layouts are oneDNN's memory descriptors of one shard of a value or of one weight.
 * Blocked layouts hold padded channels, which are always zero.
 */
#ifndef TEASEL_NN_DNNL_H
#define TEASEL_NN_DNNL_H

#include "teasel/status.h"

#include <oneapi/dnnl/dnnl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TSL__KERNEL_ARGUMENTS = 6 };

/* Engine, stream, and the scratchpad that all primitives of a graph share. */
struct tsl__dnnl {
  dnnl_engine_t engine;
  dnnl_stream_t stream;
  void *scratch;
  size_t scratch_bytes; /* the largest need so far */
  bool failed;          /* an execution failed; looked at once a step */
};

struct tsl__layout {
  dnnl_memory_desc_t md;
};

/* One primitive with its arguments prepared; running it sets pointers and allocates
 * nothing of ours. */
struct tsl__kernel {
  struct tsl__dnnl *dnnl;
  dnnl_primitive_t primitive; /* NULL: nothing to run */
  int count;                  /* arguments, the scratchpad not counted */
  dnnl_exec_arg_t arguments[TSL__KERNEL_ARGUMENTS];
  char implementation[64];
};

enum tsl__pass { TSL__FORWARD, TSL__BACKWARD_DATA, TSL__BACKWARD_WEIGHTS };

/* A convolution of one shard: in (rows, in_channels, in_height, in_width). */
struct tsl__conv_geometry {
  int64_t rows;
  int64_t in_channels, in_height, in_width;
  int64_t out_channels, out_height, out_width;
  int64_t kernel_height, kernel_width, stride, pad;
  /* 0, or in_channels rounded up to whole blocks: the primitive is told of these, and
   * x and weight come back with the real channels, padded in the same memory. */
  int64_t wide_channels;
};

/* Layouts of the three sides of a layer. An `any` layout is chosen by oneDNN and
 * returned. */
struct tsl__sides {
  struct tsl__layout x, weight, y;
};

/* How a value's memory is walked: (rows, blocks, height, width, lanes), where channel =
 * block * lanes + lane; lanes beyond the channels are padding. */
struct tsl__view {
  int64_t rows, blocks, height, width, lanes, channels;
};

enum tsl_status tsl__dnnl_init(struct tsl__dnnl *dnnl, struct tsl_error *err);
void tsl__dnnl_release(struct tsl__dnnl *dnnl);

struct tsl__layout tsl__layout_plain(int rank, const int64_t *dims);
/* oneDNN may choose. */
struct tsl__layout tsl__layout_any(int rank, const int64_t *dims);
/* A weight with its first dimension innermost: a convolution's as (height, width, inner,
 * outer), a dense layer's as (in, out) with `out` rounded up to 16 floats. */
struct tsl__layout tsl__layout_turned(int rank, const int64_t *dims);
/* (rows, dims[1] / 16, height, width, 16); dims[1] a multiple of 16. */
struct tsl__layout tsl__layout_blocked(const int64_t dims[4]);
bool tsl__layout_equal(const struct tsl__layout *a, const struct tsl__layout *b);
size_t tsl__layout_bytes(const struct tsl__layout *layout);
bool tsl__layout_is_plain(const struct tsl__layout *layout);
/* False: the memory cannot be walked as a view, ask for the plain layout. */
bool tsl__layout_view(const struct tsl__layout *layout, struct tsl__view *view);

/* The same kind of layout with other planes. False: it is of no kind that can be walked.
 */
bool tsl__layout_resized(const struct tsl__layout *layout, int64_t height, int64_t width,
                         struct tsl__layout *out);

/* Channels of a block of this processor's layouts; 0: it has no blocked kernels worth the
 * name (older than AVX2). */
int64_t tsl__dnnl_block(void);
/* The instruction set, as it is capped, has products of bfloat16. */
bool tsl__dnnl_bfloat16(void);
/* The kernel is oneDNN's reference loop, correct and a hundred times slower. */
bool tsl__kernel_is_reference(const struct tsl__kernel *kernel);

/* Arguments in order. FORWARD: x, weight, [bias], y. BACKWARD_DATA: dy, weight, dx.
 * BACKWARD_WEIGHTS: x, dy, dweight, [dbias]. relu: fused into the forward pass. */
struct tsl__layer {
  enum tsl__pass pass;
  bool bias, relu;
};
enum tsl_status tsl__kernel_conv(struct tsl__dnnl *dnnl, struct tsl__kernel *kernel,
                                 const struct tsl__conv_geometry *geometry,
                                 const struct tsl__layer *layer, struct tsl__sides *sides,
                                 struct tsl_error *err);
/* x: (rows, in), y: (rows, out), weight: (out, in) */
enum tsl_status tsl__kernel_dense(struct tsl__dnnl *dnnl, struct tsl__kernel *kernel,
                                  const struct tsl__layer *layer,
                                  struct tsl__sides *sides, struct tsl_error *err);
/* Arguments: from, to. */
enum tsl_status tsl__kernel_reorder(struct tsl__dnnl *dnnl, struct tsl__kernel *kernel,
                                    const struct tsl__layout *from,
                                    const struct tsl__layout *to, struct tsl_error *err);
void tsl__kernel_release(struct tsl__kernel *kernel);
/* pointers: one an argument, in order; read or written as the primitive does. */
void tsl__kernel_run(struct tsl__kernel *kernel, const float *const *pointers);

enum tsl_status tsl__dnnl_cap(const char *isa, struct tsl_error *err);
const char *tsl__dnnl_isa(void);
void tsl__dnnl_version(char *out, size_t bytes);

#endif
