/* Points of the plane on noisy circular arcs: clusters that can be seen, for the pictures
 * and the check of Gaussian-mixture VAEs (the synthetic data of Dilokthanakul et al. 2016
 * are 10,000 points on arcs of five circles, without numbers). By default the arcs stand
 * on one ring; with a distance and a turn they are a pinwheel. */
#include "dataset/exact.h"
#include "dataset/reader.h"
#include "teasel/random.h"

#include <math.h>

struct arcs_options {
  int64_t count, arcs;
  double radius, distance, turn, span, noise;
};

#define OFFSET(field) offsetof(struct arcs_options, field)
static const struct tsl_option options[] = {
    {"count", TSL_OPTION_INTEGER, OFFSET(count), "10000", 1, 100000000, NULL,
     TSL_SCOPE_RUN, "number of points, as many of each arc as can be"},
    {"arcs", TSL_OPTION_INTEGER, OFFSET(arcs), "5", 1, 1000, NULL, TSL_SCOPE_RUN,
     "number of arcs; an arc is a label"},
    {"radius", TSL_OPTION_REAL, OFFSET(radius), "1", 0, 1e6, NULL, TSL_SCOPE_RUN,
     "radius of the circle that each arc is a part of"},
    {"distance", TSL_OPTION_REAL, OFFSET(distance), "0", 0, 1e6, NULL, TSL_SCOPE_RUN,
     "distance of the circles' centres from the origin; 0: all arcs lie on one ring"},
    {"turn", TSL_OPTION_REAL, OFFSET(turn), "0", -360, 360, NULL, TSL_SCOPE_RUN,
     "direction from a circle's centre to the middle of its arc, in degrees from the "
     "direction away from the origin"},
    {"span", TSL_OPTION_REAL, OFFSET(span), "50", 0, 360, NULL, TSL_SCOPE_RUN,
     "angle that an arc covers, in degrees"},
    {"noise", TSL_OPTION_REAL, OFFSET(noise), "0.05", 0, 1e6, NULL, TSL_SCOPE_RUN,
     "standard deviation of the normal noise added to each coordinate"},
};

/* A pair of standard normal numbers by Marsaglia's polar method, in exact arithmetic. */
static void draw_normals(const struct tsl_stream *stream, uint64_t index, double out[2]) {
  double u = 0, v = 0, square = 0;
  for (uint32_t attempt = 0; !(square > 0 && square < 1); attempt++) {
    uint32_t words[4];
    tsl_random_words(stream, index, 1 + attempt, 0, words);
    u = (double)words[0] * 0x1p-31 - 1;
    v = (double)words[1] * 0x1p-31 - 1;
    square = u * u + v * v;
  }
  double scale = sqrt(-2 * tsl__exact_log(square) / square);
  out[0] = u * scale;
  out[1] = v * scale;
}

/* Point `index` of the given arc; point: (2). */
static void draw_point(const struct arcs_options *chosen, const struct tsl_stream *stream,
                       uint64_t index, int64_t arc, float *point) {
  double away[2], along[2], noise[2];
  double direction = 360.0 * (double)arc / (double)chosen->arcs;
  double place = tsl_random_double(stream, index, 0, 0) - 0.5;
  tsl__exact_degrees(direction, &away[0], &away[1]);
  tsl__exact_degrees(direction + chosen->turn + chosen->span * place, &along[0],
                     &along[1]);
  draw_normals(stream, index, noise);
  for (int k = 0; k < 2; k++)
    point[k] = (float)(chosen->distance * away[k] + chosen->radius * along[k] +
                       chosen->noise * noise[k]);
}

static enum tsl_status read_arcs(const struct tsl_dataset_config *config,
                                 const struct tsl_shape *shape,
                                 struct tsl__builder *builder, struct tsl_error *err) {
  (void)shape;
  const struct arcs_options *chosen = (const void *)config->reader_options;
  const struct tsl_shape plane = {1, {2}};
  const struct tsl_stream stream = {.seed = (uint64_t)config->seed,
                                    .purpose = TSL_PURPOSE_DATASET};
  TSL_TRY(tsl__builder_reserve(builder, chosen->count, &plane, TSL_SAMPLE_F32, err));
  TSL_TRY(tsl__builder_labels(builder, (int)chosen->arcs, err));
  for (int64_t i = 0; i < chosen->count; i++) {
    int64_t arc = i % chosen->arcs;
    builder->labels[i] = (int32_t)arc;
    draw_point(chosen, &stream, (uint64_t)i, arc, tsl__builder_sample(builder, i));
  }
  return TSL_OK;
}

const struct tsl_reader_ops tsl_reader_arcs = {
    .reader = {.name = "arcs",
               .summary = "generated points of the plane on noisy circular arcs, "
                          "labelled by arc",
               .options = options,
               .option_count = sizeof options / sizeof options[0],
               .options_bytes = sizeof(struct arcs_options)},
    .seeded = true,
    .read = read_arcs,
};
