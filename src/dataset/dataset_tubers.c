/* Generated potato tubers with known factors: what the thesis' photographs show, free for
 * anyone and exactly repeatable. */
#include "dataset/reader.h"
#include "dataset/tuber_draw.h"
#include "teasel/random.h"

#include <stdlib.h>

struct tubers_options {
  int64_t count, good, size;
};

#define OFFSET(field) offsetof(struct tubers_options, field)
static const struct tsl_option options[] = {
    {"count", TSL_OPTION_INTEGER, OFFSET(count), "8498", 1, 100000000, NULL,
     TSL_SCOPE_RUN, "number of tubers"},
    {"good", TSL_OPTION_INTEGER, OFFSET(good), "1554", 0, 100000000, NULL, TSL_SCOPE_RUN,
     "how many of them have no black spot"},
    {"size", TSL_OPTION_INTEGER, OFFSET(size), "64", 8, 512, NULL, TSL_SCOPE_RUN,
     "height and width of a picture in pixels"},
};

static const int level_counts[] = {
#define XX(name, word, levels) levels,
    TSL__TUBER_FACTOR_MAP(XX)
#undef XX
};

/* Sample `index`: every factor uniform over its levels; the number of spots is 0 for good
 * tubers and uniform over the others for bad ones. */
static void draw_levels(const struct tsl_stream *stream, int64_t index, bool good,
                        int levels[TSL__TUBER_FACTOR_COUNT]) {
  for (int k = 0; k < TSL__TUBER_FACTOR_COUNT; k++) {
    uint64_t bound = (uint64_t)level_counts[k];
    if (k == TSL__TUBER_SPOTS)
      bound--;
    levels[k] = (int)tsl_random_below(stream, (uint64_t)index, 0, (uint32_t)k, bound);
  }
  levels[TSL__TUBER_SPOTS] = good ? 0 : levels[TSL__TUBER_SPOTS] + 1;
}

static enum tsl_status reserve(const struct tubers_options *chosen,
                               struct tsl__builder *builder, struct tsl_error *err) {
  static const char *const names[] = {
#define XX(name, word, levels) word,
      TSL__TUBER_FACTOR_MAP(XX)
#undef XX
  };
  int32_t sizes[TSL__TUBER_FACTOR_COUNT];
  for (int k = 0; k < TSL__TUBER_FACTOR_COUNT; k++)
    sizes[k] = level_counts[k];
  struct tsl_shape shape = {3, {3, chosen->size, chosen->size}};
  TSL_TRY(tsl__builder_reserve(builder, chosen->count, &shape, TSL_SAMPLE_U8, err));
  TSL_TRY(tsl__builder_labels(builder, 2, err));
  tsl__builder_label_name(builder, "good");
  tsl__builder_label_name(builder, "bad");
  return tsl__builder_factors(builder, TSL__TUBER_FACTOR_COUNT, names, sizes, err);
}

static enum tsl_status read_tubers(const struct tsl_dataset_config *config,
                                   const struct tsl_shape *shape,
                                   struct tsl__builder *builder, struct tsl_error *err) {
  (void)shape;
  const struct tubers_options *chosen = (const void *)config->reader_options;
  if (chosen->good > chosen->count)
    return tsl_error_set(err, TSL_BAD_INPUT, config->file,
                         "good: %lld is more than count: %lld", (long long)chosen->good,
                         (long long)chosen->count);
  TSL_TRY(reserve(chosen, builder, err));
  uint64_t seed = (uint64_t)config->seed;
  struct tsl_stream stream = {.seed = seed, .purpose = TSL_PURPOSE_DATASET, .sub = 0};
  struct tsl_stream shuffle = {.seed = seed, .purpose = TSL_PURPOSE_DATASET, .sub = 2};
  int64_t *place = malloc((size_t)chosen->count * sizeof *place);
  if (place == NULL)
    return tsl_error_set(err, TSL_MEMORY, "", "out of memory");
  tsl_random_permutation(&shuffle, 0, chosen->count, place);
  for (int64_t i = 0; i < chosen->count; i++) {
    int levels[TSL__TUBER_FACTOR_COUNT];
    int64_t at = place[i];
    draw_levels(&stream, at, /*good=*/i < chosen->good, levels);
    for (int k = 0; k < TSL__TUBER_FACTOR_COUNT; k++)
      builder->factors[at * TSL__TUBER_FACTOR_COUNT + k] = (float)levels[k];
    builder->labels[at] = levels[TSL__TUBER_SPOTS] > 0;
    tsl__tuber_draw(seed, levels, (int)chosen->size, tsl__builder_sample(builder, at));
  }
  free(place);
  return TSL_OK;
}

static enum tsl_status draw_tuber(const struct tsl_dataset_config *config,
                                  const float *factors, void *sample,
                                  struct tsl_error *err) {
  (void)err;
  const struct tubers_options *chosen = (const void *)config->reader_options;
  int levels[TSL__TUBER_FACTOR_COUNT];
  for (int k = 0; k < TSL__TUBER_FACTOR_COUNT; k++)
    levels[k] = (int)(factors[k] + 0.5f);
  tsl__tuber_draw((uint64_t)config->seed, levels, (int)chosen->size, sample);
  return TSL_OK;
}

const struct tsl_reader_ops tsl_reader_tubers = {
    .reader = {.name = "tubers",
               .summary = "generated potato tubers with known factors (size, elongation, "
                          "x, y, rotation, brightness, black spots), good or bad",
               .options = options,
               .option_count = sizeof options / sizeof options[0],
               .options_bytes = sizeof(struct tubers_options)},
    .seeded = true,
    .read = read_tubers,
    .draw = draw_tuber,
};
