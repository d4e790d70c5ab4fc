#include "dataset/reader.h"
#include "dataset/sprite_draw.h"
#include "teasel/random.h"

#include <stdlib.h>

struct dsprites_options {
  int64_t count, size;
};

#define OFFSET(field) offsetof(struct dsprites_options, field)
static const struct tsl_option options[] = {
    {"count", TSL_OPTION_INTEGER, OFFSET(count), "0", 0, TSL__SPRITE_FRAMES, NULL,
     TSL_SCOPE_RUN,
     "so many frames, drawn without repetition by the seed; 0: all 737,280"},
    {"size", TSL_OPTION_INTEGER, OFFSET(size), "64", 16, 64, NULL, TSL_SCOPE_RUN,
     "height and width in pixels: 64, or 32 and 16 by averaging areas"},
};

static const int level_counts[] = {
#define XX(name, word, levels) levels,
    TSL__SPRITE_FACTOR_MAP(XX)
#undef XX
};

static void frame_levels(int64_t frame, int levels[TSL__SPRITE_FACTOR_COUNT]) {
  for (int k = TSL__SPRITE_FACTOR_COUNT - 1; k >= 0; k--) {
    levels[k] = (int)(frame % level_counts[k]);
    frame /= level_counts[k];
  }
}

static void draw_frame(const int *levels, int size, uint8_t *plane) {
  uint8_t fine[TSL__SPRITE_SIDE * TSL__SPRITE_SIDE];
  int factor = TSL__SPRITE_SIDE / size, area = factor * factor;
  if (factor == 1) {
    tsl__sprite_draw(levels, plane);
    return;
  }
  tsl__sprite_draw(levels, fine);
  for (int row = 0; row < size; row++)
    for (int column = 0; column < size; column++) {
      int sum = 0;
      for (int k = 0; k < area; k++)
        sum += fine[(row * factor + k / factor) * TSL__SPRITE_SIDE + column * factor +
                    k % factor];
      plane[row * size + column] = (uint8_t)((2 * sum + area) / (2 * area));
    }
}

static enum tsl_status reserve(const struct tsl_dataset_config *config,
                               struct tsl__builder *builder, struct tsl_error *err) {
  static const char *const names[] = {
#define XX(name, word, levels) word,
      TSL__SPRITE_FACTOR_MAP(XX)
#undef XX
  };
  const struct dsprites_options *chosen = (const void *)config->reader_options;
  if (chosen->size != 64 && chosen->size != 32 && chosen->size != 16)
    return tsl_error_set(err, TSL_BAD_INPUT, config->file,
                         "size: %lld; the re-created dSprites come in 64, 32 and 16",
                         (long long)chosen->size);
  int32_t sizes[TSL__SPRITE_FACTOR_COUNT];
  for (int k = 0; k < TSL__SPRITE_FACTOR_COUNT; k++)
    sizes[k] = level_counts[k];
  struct tsl_shape shape = {3, {1, chosen->size, chosen->size}};
  int64_t count = chosen->count > 0 ? chosen->count : TSL__SPRITE_FRAMES;
  TSL_TRY(tsl__builder_reserve(builder, count, &shape, TSL_SAMPLE_U8, err));
  return tsl__builder_factors(builder, TSL__SPRITE_FACTOR_COUNT, names, sizes, err);
}

static int ascending(const void *a, const void *b) {
  int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;
  return (left > right) - (left < right);
}

static enum tsl_status read_dsprites(const struct tsl_dataset_config *config,
                                     const struct tsl_shape *shape,
                                     struct tsl__builder *builder,
                                     struct tsl_error *err) {
  (void)shape;
  const struct dsprites_options *chosen = (const void *)config->reader_options;
  TSL_TRY(reserve(config, builder, err));
  /* A part is the first frames of a permutation, put back into the set's order. */
  int64_t *frames = malloc((size_t)TSL__SPRITE_FRAMES * sizeof *frames);
  if (frames == NULL)
    return tsl_error_set(err, TSL_MEMORY, "", "out of memory");
  struct tsl_stream stream = {.seed = (uint64_t)config->seed,
                              .purpose = TSL_PURPOSE_DATASET};
  if (builder->count < TSL__SPRITE_FRAMES) {
    tsl_random_permutation(&stream, 0, TSL__SPRITE_FRAMES, frames);
    qsort(frames, (size_t)builder->count, sizeof *frames, ascending);
  } else {
    for (int64_t i = 0; i < builder->count; i++)
      frames[i] = i;
  }
  for (int64_t i = 0; i < builder->count; i++) {
    int levels[TSL__SPRITE_FACTOR_COUNT];
    frame_levels(frames[i], levels);
    for (int k = 0; k < TSL__SPRITE_FACTOR_COUNT; k++)
      builder->factors[i * TSL__SPRITE_FACTOR_COUNT + k] = (float)levels[k];
    draw_frame(levels, (int)chosen->size, tsl__builder_sample(builder, i));
  }
  free(frames);
  return TSL_OK;
}

static enum tsl_status draw_sprite(const struct tsl_dataset_config *config,
                                   const float *factors, void *sample,
                                   struct tsl_error *err) {
  (void)err;
  const struct dsprites_options *chosen = (const void *)config->reader_options;
  int levels[TSL__SPRITE_FACTOR_COUNT];
  for (int k = 0; k < TSL__SPRITE_FACTOR_COUNT; k++)
    levels[k] = (int)(factors[k] + 0.5f);
  draw_frame(levels, (int)chosen->size, sample);
  return TSL_OK;
}

const struct tsl_reader_ops tsl_reader_dsprites = {
    .reader = {.name = "dsprites",
               .summary = "re-created dSprites (Matthey et al. 2017): binary shapes of "
                          "known shape, scale, orientation, x and y",
               .options = options,
               .option_count = sizeof options / sizeof options[0],
               .options_bytes = sizeof(struct dsprites_options)},
    .seeded = true,
    .read = read_dsprites,
    .draw = draw_sprite,
};
