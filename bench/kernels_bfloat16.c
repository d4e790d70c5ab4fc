/* kernels_bfloat16: our own layers in bfloat16 beside oneDNN's, on the shapes of conv64
 * and mlp3072, a shard as a step runs it: memory holds float32, factors are rounded on
 * the way. Against the faster of oneDNN's two ways: in float32; and in bfloat16, where
 * each side is rounded once a shard, and each copy of the weight once a step from float32
 * in the same blocks, and results are float32.
 *
 * Lines are `NAME OURS LIBRARY WAY`, WAY float32 or bfloat16. Nothing where the processor
 * has no AVX512-BF16. */
#include "kernels_bfloat16.h"

#include "nn/conv_few.h"
#include "nn/deconv_few.h"
#include "nn/multiply.h"
#include "nn/winograd_tiles.h"
#include "teasel/nn.h"

/* ---- sums over layers ---- */

struct sums {
  double ours, whole, half; /* microseconds */
};

static void add_times(struct sums *sums, void (*ours)(void *context),
                      void (*refresh)(void *context), void *context) {
  const struct pair half = take_turns(ours, half_library, context);
  const struct pair whole = take_turns(ours, whole_library, context);
  const struct pair weights = take_turns(refresh, half_refresh, context);
  sums->ours += (half.ours + whole.ours) / 2 + weights.ours / SHARDS;
  sums->half += half.library + weights.library / SHARDS;
  sums->whole += whole.library;
}

static void print_sums(const char *name, const struct sums *sums) {
  bool half = sums->half < sums->whole;
  printf("%s %.2f %.2f %s\n", name, sums->ours, half ? sums->half : sums->whole,
         half ? "bfloat16" : "float32");
}

/* ---- 4x4 kernels, stride 2 ---- */

struct square {
  struct shard shard; /* first: what the library does finds it here */
  struct tsl__winograd winograd;
  float *weight, *turned, *gathering, *spreading;
  double sums[256];
};

static void square_ours(void *context) {
  struct square *q = context;
  struct shard *s = &q->shard;
  const struct tsl__winograd_pass ahead = {.weight = s->transposed ? q->spreading
                                                                   : q->gathering,
                                           .relu = true,
                                           .room = s->dnnl->scratch};
  struct tsl__winograd_backward back = {.large = s->x,
                                        .small = s->y,
                                        .gradient = s->transposed ? s->x : s->y,
                                        .value = s->transposed ? s->x : s->y,
                                        .sums = q->sums,
                                        .weight =
                                            s->transposed ? q->gathering : q->spreading,
                                        .grad_weight = s->grad_weight,
                                        .room = s->dnnl->scratch};
  if (s->transposed)
    tsl__winograd_spread(&q->winograd, &ahead, s->y, s->grad);
  else
    tsl__winograd_gather(&q->winograd, &ahead, s->x, s->grad);
  *(s->transposed ? &back.grad_small : &back.grad_large) = s->grad;
  tsl__winograd_backward(&q->winograd, &back);
}

static void square_refresh(void *context) {
  struct square *q = context;
  tsl__winograd_gathering_weight(&q->winograd, q->weight, q->gathering);
  tsl__winograd_spreading_weight(&q->winograd, q->weight, q->turned, q->spreading);
}

static struct layer conv_layer(const struct tsl__conv_geometry *g, bool plain) {
  const int64_t x[] = {g->rows, g->in_channels, g->in_height, g->in_width};
  const int64_t y[] = {g->rows, g->out_channels, g->out_height, g->out_width};
  const int64_t weight[] = {g->out_channels, g->in_channels, g->kernel_height,
                            g->kernel_width};
  return (struct layer){
      .sides = {plain ? tsl__layout_plain(4, x) : tsl__layout_blocked(x),
                tsl__layout_any(4, weight), tsl__layout_blocked(y)},
      .strides = {g->stride, g->stride},
      .pads = {g->pad, g->pad}};
}

static void time_square(struct tsl__dnnl *dnnl, struct sums *sums, bool transposed,
                        int64_t channels, int64_t filters, int64_t size) {
  const struct tsl__conv_geometry g = {ROWS, channels, 2 * size, 2 * size, filters, size,
                                       size, 4,        4,        2,        1,       0};
  const size_t weights = (size_t)(16 * channels * filters);
  struct square q = {
      .shard = {.dnnl = dnnl,
                .layer = conv_layer(&g, /*plain=*/false),
                .transposed = transposed,
                .x_view = {ROWS, channels / LANES, 2 * size, 2 * size, LANES, channels}}};
  shard_init(&q.shard, &g, weights);
  if (!tsl__winograd_init(&q.winograd, ROWS, channels, filters, size, size))
    exit(1);
  q.winograd.bfloat16 = true;
  q.weight = numbers(weights);
  q.turned = numbers(weights);
  q.gathering = numbers(tsl__winograd_weight_floats(&q.winograd));
  q.spreading = numbers(tsl__winograd_weight_floats(&q.winograd));
  share_room(dnnl, tsl__winograd_room_floats(&q.winograd) * sizeof(float));
  square_refresh(&q);
  add_times(sums, square_ours, square_refresh, &q);
  free(q.weight);
  free(q.turned);
  free(q.gathering);
  free(q.spreading);
  shard_release(&q.shard);
}

static void time_squares(struct tsl__dnnl *dnnl) {
  struct sums sums = {0};
  time_square(dnnl, &sums, false, 48, 48, 16);
  time_square(dnnl, &sums, false, 48, 96, 8);
  time_square(dnnl, &sums, false, 96, 96, 4);
  time_square(dnnl, &sums, true, 96, 64, 4);
  time_square(dnnl, &sums, true, 48, 96, 8);
  time_square(dnnl, &sums, true, 48, 48, 16);
  print_sums("winograd-bfloat16", &sums);
}

/* ---- from a picture, and to one ---- */

struct picture {
  struct shard shard;
  struct tsl__conv_few from;
  struct tsl__deconv_few to;
  float *weight, *packed, *patches;
  double sums[64];
};

static const struct tsl__conv_geometry picture_geometry = {ROWS, 3, 64, 64, 48, 32,
                                                           32,   4, 4,  2,  1,  0};

static void from_ours(void *context) {
  struct picture *p = context;
  struct shard *s = &p->shard;
  const struct tsl__conv_few_pass pass = {
      .packed = p->packed, .relu = true, .room = s->dnnl->scratch};
  const struct tsl__tiles_gradient gradient = {.pictures = ROWS,
                                               .blocks = 3,
                                               .pixels = (int64_t)32 * 32,
                                               .gradient = s->y,
                                               .value = s->y,
                                               .sums = p->sums};
  tsl__conv_few_forward(&p->from, &pass, s->x, s->grad);
  tsl__tiles_enter_gradient(&gradient);
  tsl__conv_few_weights(&p->from, s->x, s->y, s->dnnl->scratch, s->grad_weight);
}

static void from_refresh(void *context) {
  struct picture *p = context;
  tsl__conv_few_pack(&p->from, p->weight, p->packed);
}

static void to_ours(void *context) {
  struct picture *p = context;
  tsl__deconv_few_forward(&p->to, p->shard.y, p->packed, NULL, p->patches, p->shard.grad);
}

static void to_refresh(void *context) {
  struct picture *p = context;
  tsl__deconv_few_pack(&p->to, p->weight, p->packed);
}

static void time_picture(struct tsl__dnnl *dnnl, bool transposed) {
  const struct tsl__conv_geometry *g = &picture_geometry;
  const size_t weights = (size_t)48 * 3 * 16;
  struct sums sums = {0};
  struct picture p = {.shard = {.dnnl = dnnl,
                                .layer = conv_layer(g, /*plain=*/true),
                                .transposed = transposed,
                                .no_data = true},
                      .from = {.rows = ROWS,
                               .channels = 3,
                               .in_height = 64,
                               .in_width = 64,
                               .filters = 48,
                               .out_height = 32,
                               .out_width = 32,
                               .kernel = 4,
                               .stride = 2,
                               .pad = 1},
                      .to = {.x = {ROWS, 3, 32, 32, LANES, 48},
                             .filters = 3,
                             .out_height = 64,
                             .out_width = 64,
                             .kernel = 4,
                             .stride = 2,
                             .pad = 1,
                             .columns = 48,
                             .bfloat16 = true}};
  shard_init(&p.shard, g, weights);
  if (!tsl__conv_few_init(&p.from))
    exit(1);
  p.weight = numbers(weights);
  p.packed = numbers(2 * weights + tsl__conv_few_weight_floats(&p.from));
  p.patches = numbers(tsl__deconv_few_patch_floats(&p.to));
  share_room(dnnl, tsl__conv_few_room_floats(&p.from) * sizeof(float));
  if (transposed) {
    to_refresh(&p);
    add_times(&sums, to_ours, to_refresh, &p);
  } else {
    from_refresh(&p);
    add_times(&sums, from_ours, from_refresh, &p);
  }
  print_sums(transposed ? "picture-bfloat16" : "from-picture-bfloat16", &sums);
  free(p.weight);
  free(p.packed);
  free(p.patches);
  shard_release(&p.shard);
}

/* ---- dense layers: values and the gradient of the input ---- */

struct dense {
  struct shard shard;
  int64_t in, out;
  float *weight, *turned, *ahead, *back; /* the last two in pairs */
};

static void pair_rows(const float *rows, int64_t count, int64_t length, float *pairs) {
  for (int64_t i = 0; i < count; i += 2)
    tsl__pairs_across(rows + i * length, rows + (i + 1) * length, length,
                      pairs + i / 2 * length);
}

static void dense_refresh(void *context) {
  struct dense *d = context;
  pair_rows(d->weight, d->in, d->out, d->ahead);
  tsl__transpose(d->weight, d->in, d->out, d->turned);
  pair_rows(d->turned, d->out, d->in, d->back);
}

static void dense_product(struct dense *d, const float *a, int64_t depth, const float *b,
                          int64_t columns) {
  float *pairs = d->shard.dnnl->scratch;
  const struct tsl__product product = {.rows = ROWS,
                                       .columns = columns,
                                       .depth = depth / 2,
                                       .a_row = depth / 2,
                                       .a_depth = 1,
                                       .b_row = columns,
                                       .c_row = columns,
                                       .pairs = true};
  tsl__pairs_along(a, ROWS * depth / 2, pairs);
  tsl__multiply(&product, pairs, b, d->shard.grad);
}

static void dense_ours(void *context) {
  struct dense *d = context;
  dense_product(d, d->shard.x, d->in, d->ahead, d->out);
  dense_product(d, d->shard.y, d->out, d->back, d->in);
}

static void time_dense(struct tsl__dnnl *dnnl) {
  static const int64_t layers[][2] = {{1536, 256}, {256, 1024}, {3072, 256}, {256, 3072}};
  struct sums sums = {0};
  for (size_t i = 0; i < sizeof layers / sizeof layers[0]; i++) {
    const int64_t in = layers[i][0], out = layers[i][1];
    const size_t weights = (size_t)(in * out);
    struct dense d = {
        .shard = {.dnnl = dnnl,
                  .layer = {.dense = true,
                            .sides = {tsl__layout_plain(2, (int64_t[]){ROWS, in}),
                                      tsl__layout_any(2, (int64_t[]){out, in}),
                                      tsl__layout_plain(2, (int64_t[]){ROWS, out})}}},
        .in = in,
        .out = out,
        .weight = numbers(weights),
        .turned = numbers(weights),
        .ahead = numbers(weights),
        .back = numbers(weights)};
    shard_init(&d.shard, NULL, weights);
    share_room(dnnl, (size_t)(ROWS * (in > out ? in : out)) * sizeof(float));
    dense_refresh(&d);
    add_times(&sums, dense_ours, dense_refresh, &d);
    float *all[] = {d.weight, d.turned, d.ahead, d.back};
    for (size_t k = 0; k < sizeof all / sizeof all[0]; k++)
      free(all[k]);
    shard_release(&d.shard);
  }
  print_sums("dense-bfloat16", &sums);
}

int main(void) {
  struct tsl__dnnl dnnl = {0};
  struct tsl_error err = {0};
  must(tsl_nn_start("", &err), &err);
  if (!tsl__dnnl_bfloat16())
    return 0;
  must(tsl__dnnl_init(&dnnl, &err), &err);
  time_squares(&dnnl);
  time_picture(&dnnl, /*transposed=*/false);
  time_picture(&dnnl, /*transposed=*/true);
  time_dense(&dnnl);
  free(dnnl.scratch);
  dnnl.scratch = NULL;
  tsl__dnnl_release(&dnnl);
  return 0;
}
