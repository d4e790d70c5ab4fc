/* kernels: our own layers in float32 beside oneDNN's that they replace, on the shapes of
 * conv64, mlp3072 and gmvae-mnist, shard by shard as a step runs them. */
#include "kernels.h"

#include "nn/deconv_few.h"
#include "nn/layer.h"
#include "nn/multiply.h"
#include "nn/vector.h"
#include "teasel/nn.h"

/* ---- 4x4 kernels, stride 2: both gradients, through ReLU and bias ---- */

struct square {
  struct tsl__dnnl *dnnl;
  struct tsl__conv_geometry g;
  struct tsl__winograd winograd;
  bool transposed;
  float *large, *small, *weight, *transformed, *turned, *grad_weight, *grad;
  double sums[256];
  struct pass weights, data;
  struct tsl__view view; /* of the layer's output */
};

static void square_ours(void *context) {
  struct square *s = context;
  struct tsl__winograd_backward pass = {.large = s->large,
                                        .small = s->small,
                                        .gradient = s->transposed ? s->large : s->small,
                                        .value = s->transposed ? s->large : s->small,
                                        .sums = s->sums,
                                        .weight = s->transformed,
                                        .grad_weight = s->grad_weight,
                                        .room = s->dnnl->scratch};
  *(s->transposed ? &pass.grad_small : &pass.grad_large) = s->grad;
  tsl__winograd_backward(&s->winograd, &pass);
}

static void square_library(void *context) {
  struct square *s = context;
  const struct tsl__conv_geometry *g = &s->g;
  float bias[256];
  if (!s->transposed) {
    tsl__relu_backward(
        s->small, s->small,
        (size_t)(g->rows * g->out_channels * g->out_height * g->out_width));
    run(&s->weights, s->large, s->small, s->grad_weight, bias);
    run(&s->data, s->small, s->data.weight, s->grad, NULL);
    return;
  }
  tsl__relu_backward(s->large, s->large,
                     (size_t)(g->rows * g->in_channels * g->in_height * g->in_width));
  tsl__bias_backward(s->large, bias, &s->view);
  run(&s->weights, s->large, s->small, s->grad_weight, NULL);
  run(&s->data, s->large, s->data.weight, s->grad, NULL);
}

static void refresh_ours(void *context) {
  struct square *s = context;
  if (s->transposed)
    tsl__winograd_gathering_weight(&s->winograd, s->weight, s->transformed);
  else
    tsl__winograd_spreading_weight(&s->winograd, s->weight, s->turned, s->transformed);
}

static void nothing(void *context) {
  (void)context;
}

static struct pair time_square(struct tsl__dnnl *dnnl, bool transposed, int64_t channels,
                               int64_t filters, int64_t side) {
  struct square s = {
      .dnnl = dnnl,
      .g = {ROWS, channels, 2 * side, 2 * side, filters, side, side, 4, 4, 2, 1, 0},
      .transposed = transposed,
      .view = {ROWS, channels / LANES, 2 * side, 2 * side, LANES, channels}};
  if (!tsl__winograd_init(&s.winograd, ROWS, channels, filters, side, side))
    return (struct pair){0, 0};
  const size_t large = (size_t)(ROWS * channels * 4 * side * side);
  const size_t small = (size_t)(ROWS * filters * side * side);
  const size_t weight = (size_t)(16 * channels * filters);
  s.weights = conv_pass(dnnl, &s.g, TSL__BACKWARD_WEIGHTS, !transposed);
  s.data = conv_pass(dnnl, &s.g, transposed ? TSL__FORWARD : TSL__BACKWARD_DATA, false);
  s.large = numbers(large);
  s.small = numbers(small);
  s.weight = numbers(weight);
  s.turned = numbers(weight);
  s.grad_weight = numbers(weight);
  s.transformed = numbers(tsl__winograd_weight_floats(&s.winograd));
  s.grad = numbers(large > small ? large : small);
  share_room(dnnl, tsl__winograd_room_floats(&s.winograd) * sizeof(float));
  struct pair step = take_turns(square_ours, square_library, &s);
  step.ours += take_turns(refresh_ours, nothing, &s).ours / SHARDS;
  float *all[] = {s.large,       s.small, s.weight,     s.turned,
                  s.grad_weight, s.grad,  s.transformed};
  for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
    free(all[i]);
  pass_release(&s.weights);
  pass_release(&s.data);
  return step;
}

static void time_squares(struct tsl__dnnl *dnnl) {
  static const struct {
    bool transposed;
    int64_t channels, filters, side;
  } layers[] = {{false, 48, 48, 16}, {false, 48, 96, 8}, {false, 96, 96, 4},
                {true, 96, 64, 4},   {true, 48, 96, 8},  {true, 48, 48, 16}};
  struct pair sum = {0, 0};
  for (size_t i = 0; i < sizeof layers / sizeof layers[0]; i++) {
    struct pair pair = time_square(dnnl, layers[i].transposed, layers[i].channels,
                                   layers[i].filters, layers[i].side);
    sum.ours += pair.ours;
    sum.library += pair.library;
  }
  print("winograd", sum);
}

/* ---- to the 3 channels of a picture ---- */

struct picture {
  struct tsl__deconv_few few;
  float *x, *plain, *packed, *patches, *y;
  struct pass forward;
};

static void picture_ours(void *context) {
  struct picture *p = context;
  tsl__deconv_few_forward(&p->few, p->x, p->packed, NULL, p->patches, p->y);
}

static void picture_library(void *context) {
  struct picture *p = context;
  run(&p->forward, p->x, p->forward.weight, p->y, NULL);
}

static void picture_pack(void *context) {
  struct picture *p = context;
  tsl__deconv_few_pack(&p->few, p->plain, p->packed);
}

static void time_picture(struct tsl__dnnl *dnnl) {
  const struct tsl__conv_geometry g = {ROWS, 3, 64, 64, 48, 32, 32, 4, 4, 2, 1, 0};
  struct picture p = {.few = {.x = {ROWS, 3, 32, 32, LANES, 48},
                              .filters = 3,
                              .out_height = 64,
                              .out_width = 64,
                              .kernel = 4,
                              .stride = 2,
                              .pad = 1,
                              .columns = 48}};
  p.forward = conv_pass(dnnl, &g, TSL__BACKWARD_DATA, false);
  share_room(dnnl, 0);
  p.x = numbers(ROWS * 48 * 32 * 32);
  p.y = numbers(ROWS * LANES * 64 * 64); /* oneDNN may fill up a block */
  p.plain = numbers(48 * 3 * 16);
  p.packed = numbers(tsl__deconv_few_weight_floats(&p.few));
  p.patches = numbers(tsl__deconv_few_patch_floats(&p.few));
  struct pair pair = take_turns(picture_ours, picture_library, &p);
  pair.ours += take_turns(picture_pack, nothing, &p).ours / SHARDS;
  print("picture", pair);
  float *all[] = {p.x, p.y, p.plain, p.packed, p.patches};
  for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
    free(all[i]);
  pass_release(&p.forward);
}

/* ---- dense layers, and transposed convolutions of one pixel: a step's shards ---- */

struct dense {
  int64_t rows, shards, in, out, columns; /* columns: rows, in whole vectors */
  float *x, *dy, *weight, *turned, *grad_weight, *partial, *y, *dx, *made;
  struct pass forward, weights, data;
};

static struct tsl__product product_of(int64_t rows, int64_t columns, int64_t depth) {
  return (struct tsl__product){.rows = rows,
                               .columns = columns,
                               .depth = depth,
                               .a_row = depth,
                               .a_depth = 1,
                               .b_row = columns,
                               .c_row = columns};
}

static void weigh(struct dense *d) {
  struct tsl__product product = product_of(d->in, d->out, d->rows);
  product.a_row = 1;
  product.a_depth = d->in;
  const struct tsl__shards shards = {d->shards, d->rows * d->in, d->columns * d->out};
  tsl__multiply_shards(&product, &shards, d->x, d->dy, d->grad_weight);
}

static void dense_ours(void *context) {
  struct dense *d = context;
  const struct tsl__product ahead = product_of(d->rows, d->out, d->in);
  const struct tsl__product back = product_of(d->rows, d->in, d->out);
  tsl__transpose(d->weight, d->in, d->out, d->turned);
  for (int64_t s = 0; s < d->shards; s++) {
    tsl__multiply(&ahead, d->x + s * d->rows * d->in, d->weight, d->y);
    tsl__multiply(&back, d->dy + s * d->columns * d->out, d->turned, d->dx);
  }
  weigh(d);
}

static void pixel_ours(void *context) {
  struct dense *d = context;
  const struct tsl__product ahead = product_of(d->rows, d->out, d->in);
  const struct tsl__product back = product_of(d->in, d->columns, d->out);
  for (int64_t s = 0; s < d->shards; s++) {
    tsl__multiply(&ahead, d->x + s * d->rows * d->in, d->weight, d->y);
    tsl__transpose(d->dy + s * d->columns * d->out, d->columns, d->out, d->turned);
    tsl__multiply(&back, d->weight, d->turned, d->made);
  }
  weigh(d);
}

/* The shards' gradients are added in pairs, as a binary counter carries. */
static void dense_library(void *context) {
  struct dense *d = context;
  for (int64_t s = 0; s < d->shards; s++) {
    const float *x = d->x + s * d->rows * d->in, *dy = d->dy + s * d->columns * d->out;
    bool pixel = d->columns > d->rows || d->shards == 2;
    if (pixel) { /* of a convolution from y to x */
      run(&d->forward, x, d->forward.weight, d->y, NULL);
      run(&d->weights, dy, x, d->partial, NULL);
    } else {
      run(&d->forward, x, d->forward.weight, d->y, NULL);
      run(&d->weights, x, dy, d->partial, NULL);
    }
    run(&d->data, dy, d->data.weight, d->dx, NULL);
    for (int64_t carry = s; carry % 2 != 0; carry /= 2)
      tsl__add(d->grad_weight, d->partial, (size_t)(d->in * d->out));
  }
}

static void dense_arrays(struct dense *d) {
  d->x = numbers((size_t)(d->shards * d->rows * d->in));
  d->dy = numbers((size_t)(d->shards * d->columns * d->out));
  d->y = numbers((size_t)(d->rows * d->out));
  d->dx = numbers((size_t)(d->rows * d->in));
  d->made = numbers((size_t)(d->columns * d->in));
  d->weight = numbers((size_t)(d->in * d->out));
  d->turned = numbers((size_t)((d->in > d->columns ? d->in : d->columns) * d->out));
  d->grad_weight = numbers((size_t)(d->in * d->out));
  d->partial = numbers((size_t)(d->in * d->out));
}

static void dense_release(struct dense *d) {
  float *all[] = {d->x,      d->dy,     d->y,           d->dx,     d->made,
                  d->weight, d->turned, d->grad_weight, d->partial};
  for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
    free(all[i]);
  pass_release(&d->forward);
  pass_release(&d->weights);
  pass_release(&d->data);
}

static struct pass dense_pass(struct tsl__dnnl *dnnl, const struct dense *d,
                              enum tsl__pass kind) {
  struct tsl_error err = {0};
  struct pass pass;
  const int64_t weight[] = {d->out, d->in};
  struct tsl__sides sides = {tsl__layout_plain(2, (int64_t[]){d->rows, d->in}),
                             tsl__layout_any(2, weight),
                             tsl__layout_plain(2, (int64_t[]){d->rows, d->out})};
  const struct tsl__layer layer = {kind, false, false};
  must(tsl__kernel_dense(dnnl, &pass.kernel, &layer, &sides, &err), &err);
  pass.weight = numbers(tsl__layout_bytes(&sides.weight) / sizeof(float));
  return pass;
}

static void time_dense(struct tsl__dnnl *dnnl) {
  static const int64_t layers[][2] = {{1536, 256}, {256, 1024}, {3072, 256}, {256, 3072}};
  struct pair sum = {0, 0};
  for (size_t i = 0; i < sizeof layers / sizeof layers[0]; i++) {
    struct dense d = {.rows = ROWS,
                      .shards = SHARDS,
                      .in = layers[i][0],
                      .out = layers[i][1],
                      .columns = ROWS};
    dense_arrays(&d);
    d.forward = dense_pass(dnnl, &d, TSL__FORWARD);
    d.weights = dense_pass(dnnl, &d, TSL__BACKWARD_WEIGHTS);
    d.data = dense_pass(dnnl, &d, TSL__BACKWARD_DATA);
    share_room(dnnl, 0);
    struct pair pair = take_turns(dense_ours, dense_library, &d);
    sum.ours += pair.ours / SHARDS;
    sum.library += pair.library / SHARDS;
    dense_release(&d);
  }
  print("dense", sum);
}

static void time_pixel(struct tsl__dnnl *dnnl) {
  struct dense d = {.rows = 25, .shards = 2, .in = 500, .out = 64 * 81, .columns = 32};
  const struct tsl__conv_geometry g = {25, 64, 9, 9, 500, 1, 1, 9, 9, 1, 0, 0};
  dense_arrays(&d);
  d.forward = conv_pass(dnnl, &g, TSL__BACKWARD_DATA, false);
  d.weights = conv_pass(dnnl, &g, TSL__BACKWARD_WEIGHTS, false);
  d.data = conv_pass(dnnl, &g, TSL__FORWARD, false);
  share_room(dnnl, 0);
  struct pair pair = take_turns(pixel_ours, dense_library, &d);
  print("pixel", (struct pair){pair.ours / 2, pair.library / 2});
  dense_release(&d);
}

int main(void) {
  struct tsl__dnnl dnnl = {0};
  struct tsl_error err = {0};
  must(tsl_nn_start("", &err), &err);
  must(tsl__dnnl_init(&dnnl, &err), &err);
  if (tsl__dnnl_block() == LANES) {
    time_squares(&dnnl);
    time_picture(&dnnl);
    time_dense(&dnnl);
    time_pixel(&dnnl);
  }
  free(dnnl.scratch);
  dnnl.scratch = NULL;
  tsl__dnnl_release(&dnnl);
  return 0;
}
