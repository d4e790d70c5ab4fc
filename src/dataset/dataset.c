#include "teasel/dataset.h"

#include "dataset/cache.h"
#include "dataset/reader.h"
#include "teasel/arena.h"
#include "teasel/log.h"
#include "teasel/random.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct tsl_dataset {
  const struct tsl_reader_ops *ops;
  struct tsl_dataset_config config;
  struct tsl__cache cache;
  struct tsl_dataset_view view;
  const char **names; /* label names, then factor names; they point into the cache */
  int64_t *order;     /* (count) */
  size_t sample_values;
};

/* ---- opening ---- */

static void print_shape(const struct tsl_shape *shape, char *out, size_t size) {
  if (shape->rank == 1)
    snprintf(out, size, "[%lld]", (long long)shape->dims[0]);
  else
    snprintf(out, size, "[%lld, %lld, %lld]", (long long)shape->dims[0],
             (long long)shape->dims[1], (long long)shape->dims[2]);
}

/* A flat vector and a picture of as many values fit each other; the view shows the
 * picture's shape. */
static enum tsl_status fit_shape(struct tsl_dataset *dataset,
                                 const struct tsl_shape *shape, struct tsl_error *err) {
  struct tsl_shape *own = &dataset->view.shape;
  if (shape == NULL)
    return TSL_OK;
  bool same = shape->rank == own->rank &&
              memcmp(shape->dims, own->dims, (size_t)own->rank * sizeof *own->dims) == 0;
  bool flat = (shape->rank == 1 || own->rank == 1) &&
              tsl_shape_count(shape) == tsl_shape_count(own);
  if (!same && !flat) {
    char samples[96], input[96];
    print_shape(own, samples, sizeof samples);
    print_shape(shape, input, sizeof input);
    return tsl_error_set(err, TSL_BAD_INPUT, dataset->config.file,
                         "samples of data set %s have the shape %s, but the network's "
                         "input is %s; choose a network or a data set that fits",
                         dataset->config.name, samples, input);
  }
  if (own->rank == 1)
    *own = *shape;
  return TSL_OK;
}

/* Splits the cache's texts into names. */
static enum tsl_status find_names(struct tsl_dataset *dataset,
                                  const struct tsl__cache_header *header,
                                  struct tsl_error *err) {
  size_t count = (size_t)header->label_name_count + (size_t)header->factor_count;
  void *names = NULL;
  TSL_TRY(tsl_allocate(&names, count, sizeof(char *), err));
  dataset->names = names;
  const char *at = (const char *)dataset->cache.map + header->names_at;
  const char *end = at + header->names_bytes;
  for (size_t i = 0; i < count; i++) {
    size_t length = at < end ? strnlen(at, (size_t)(end - at)) : 0;
    if (at >= end || at + length >= end)
      return tsl_error_set(err, TSL_INTERNAL, dataset->cache.path,
                           "the cache holds too few names");
    dataset->names[i] = at;
    at += length + 1;
  }
  return TSL_OK;
}

/* The split depends on the seed, and a run's result on the split: so both make the
 * digest.
 */
static struct tsl_digest digest_with_seed(const struct tsl_digest *content,
                                          int64_t seed) {
  unsigned char bytes[sizeof content->bytes + 8];
  memcpy(bytes, content->bytes, sizeof content->bytes);
  for (int i = 0; i < 8; i++)
    bytes[sizeof content->bytes + (size_t)i] = (unsigned char)((uint64_t)seed >> 8 * i);
  return tsl_digest_bytes(bytes, sizeof bytes);
}

static enum tsl_status make_view(struct tsl_dataset *dataset, struct tsl_error *err) {
  const struct tsl__cache_header *header = tsl__cache_header(&dataset->cache);
  const unsigned char *map = dataset->cache.map;
  struct tsl_dataset_view *view = &dataset->view;
  TSL_TRY(find_names(dataset, header, err));
  snprintf(view->name, sizeof view->name, "%s", dataset->config.name);
  view->count = header->count;
  view->shape.rank = header->rank;
  memcpy(view->shape.dims, header->dims, sizeof header->dims);
  view->type = (enum tsl_sample_type)header->type;
  view->samples = map + TSL__CACHE_HEADER_BYTES;
  view->label_count = header->label_count;
  if (header->has_labels)
    view->labels = (const int32_t *)(const void *)(map + header->labels_at);
  if (header->label_name_count > 0)
    view->label_names = dataset->names;
  view->factor_count = header->factor_count;
  if (header->factor_count > 0) {
    view->factors = (const float *)(const void *)(map + header->factors_at);
    view->factor_sizes = (const int32_t *)(const void *)(map + header->sizes_at);
    view->factor_names = dataset->names + header->label_name_count;
  }
  view->test_begin = header->test_begin;
  view->range = header->range;
  view->digest = digest_with_seed(&header->content, dataset->config.seed);
  dataset->sample_values = (size_t)tsl_shape_count(&view->shape);
  return TSL_OK;
}

static enum tsl_status make_order(struct tsl_dataset *dataset, struct tsl_error *err) {
  const struct tsl_dataset_view *view = &dataset->view;
  struct tsl_stream stream = {.seed = (uint64_t)dataset->config.seed,
                              .purpose = TSL_PURPOSE_SPLIT};
  int64_t test = view->count - view->test_begin;
  void *order = NULL;
  TSL_TRY(tsl_allocate(&order, (size_t)view->count, sizeof(int64_t), err));
  dataset->order = order;
  tsl_random_permutation(&stream, 1, test, dataset->order);
  for (int64_t i = 0; i < test; i++)
    dataset->order[i] += view->test_begin;
  tsl_random_permutation(&stream, 0, view->test_begin, dataset->order + test);
  return TSL_OK;
}

static enum tsl_status open_here(const struct tsl_dataset_config *config,
                                 const struct tsl_shape *shape, const char *folder,
                                 const struct tsl__waiting *waiting,
                                 struct tsl_dataset **out, struct tsl_error *err) {
  if (config->reader == NULL)
    return tsl_error_set(err, TSL_BAD_INPUT, config->file,
                         "`dataset: none` holds no samples; name a data set");
  const struct tsl_reader_ops *ops = tsl__reader_find(config->reader->name);
  if (ops == NULL)
    return tsl_error_set(err, TSL_INTERNAL, config->file, "no reader '%s'",
                         config->reader->name);
  struct tsl_dataset *dataset = NULL;
  TSL_TRY(tsl_allocate((void **)&dataset, 1, sizeof *dataset, err));
  dataset->ops = ops;
  dataset->config = *config;
  struct tsl__cache_request request = {
      .ops = ops, .config = config, .shape = shape, .folder = folder, .waiting = waiting};
  enum tsl_status status = tsl__cache_open(&request, &dataset->cache, err);
  if (status == TSL_OK)
    status = make_view(dataset, err);
  if (status == TSL_OK)
    status = fit_shape(dataset, shape, err);
  if (status == TSL_OK)
    status = make_order(dataset, err);
  if (status == TSL_OK)
    *out = dataset;
  else
    tsl_dataset_close(dataset);
  return status;
}

/* One member's cache is ready, another reads files for hours. So while any is at work all
 * tell each other about once a second, which is the life that a vote waits for. */
enum { AT_WORK = 1, FAILED = 2, ASKED_TO_STOP = 4 };
struct opening {
  struct tsl_team *team; /* NULL: alone */
  const struct tsl_stop *stop;
  bool over;    /* nobody is at work any more, or one has failed, or: */
  bool stopped; /* one that was asked to stop has told it while any was at work */
  enum tsl_status status; /* of the telling itself */
  struct tsl_error *err;
};

static enum tsl_status interrupted(const struct tsl_dataset_config *config,
                                   struct tsl_error *err) {
  return tsl_error_set(err, TSL_INTERRUPTED, config->file,
                       "interrupted while data set %s was made ready, of which nothing "
                       "is left; run the same command again",
                       config->name);
}

/* Collective on team. bits: this member's. */
static void tell(struct opening *opening, uint32_t bits) {
  uint32_t all = 0;
  if (tsl_stop_asked(opening->stop))
    bits |= ASKED_TO_STOP;
  opening->status = tsl_team_any(opening->team, bits, &all, opening->err);
  opening->stopped = (all & ASKED_TO_STOP) != 0 && (all & AT_WORK) != 0;
  opening->over = opening->status != TSL_OK || opening->stopped || (all & FAILED) != 0 ||
                  (all & AT_WORK) == 0;
}

static bool go_on(void *context) {
  struct opening *opening = context;
  if (opening->team == NULL)
    opening->over = tsl_stop_asked(opening->stop);
  else if (!opening->over)
    tell(opening, AT_WORK);
  return !opening->over;
}

static enum tsl_status open_alone(const struct tsl_dataset_config *config,
                                  const struct tsl_shape *shape, const char *folder,
                                  const struct tsl_stop *stop, struct tsl_dataset **out,
                                  struct tsl_error *err) {
  struct opening opening = {.stop = stop};
  const struct tsl__waiting waiting = {go_on, &opening};
  const enum tsl_status status =
      open_here(config, shape, folder, stop != NULL ? &waiting : NULL, out, err);
  return status == TSL_INTERRUPTED ? interrupted(config, err) : status;
}

/* Collective on team; ends with a vote. */
static enum tsl_status open_together(const struct tsl_dataset_config *config,
                                     const struct tsl_shape *shape, const char *folder,
                                     struct tsl_team *team, const struct tsl_stop *stop,
                                     struct tsl_dataset **out, struct tsl_error *err) {
  struct tsl_error lost = {.rank = -1};
  struct opening opening = {.team = team, .stop = stop, .status = TSL_OK, .err = &lost};
  const struct tsl__waiting waiting = {go_on, &opening};
  enum tsl_status status = open_here(config, shape, folder, &waiting, out, err);
  if (opening.over) /* given up here: it is another that failed */
    status = TSL_OK;
  while (!opening.over)
    tell(&opening, status == TSL_OK ? 0 : FAILED);
  if (opening.stopped)
    status = interrupted(config, err);
  if (opening.status == TSL_OK)
    return tsl_team_agree(team, status, err);
  if (err != NULL)
    *err = lost;
  return opening.status;
}

/* All members must have the same data: a node with an old copy of a file would spoil
 * every run that it takes part in. */
static enum tsl_status compare_digests(const struct tsl_dataset *dataset,
                                       struct tsl_team *team, struct tsl_error *err) {
  size_t size = (size_t)tsl_team_size(team), index = (size_t)tsl_team_index(team);
  struct tsl_digest *digests = calloc(size, sizeof *digests);
  enum tsl_status status =
      digests != NULL ? TSL_OK : tsl_error_set(err, TSL_MEMORY, "", "out of memory");
  status = tsl_team_agree(team, status, err);
  if (status == TSL_OK && digests != NULL) {
    digests[index] = dataset->view.digest;
    status = tsl_team_gather(team, digests, sizeof *digests, err);
  }
  for (size_t i = 0; status == TSL_OK && digests != NULL && i < size; i++)
    if (memcmp(&digests[i], &digests[0], sizeof *digests) != 0)
      status = tsl_error_set(err, TSL_BAD_INPUT, dataset->config.file,
                             "member %zu of the team reads other data than member 0: the "
                             "nodes' copies of data set %s differ",
                             i, dataset->config.name);
  free(digests);
  return status;
}

static void show_notes(const struct tsl_dataset *dataset) {
  const struct tsl__cache_header *header = tsl__cache_header(&dataset->cache);
  if (header->notes_bytes > 0)
    tsl_log(TSL_LOG_NORMAL, "%s: %.*s", dataset->view.name, (int)header->notes_bytes,
            (const char *)dataset->cache.map + header->notes_at);
}

enum tsl_status tsl_dataset_open(const struct tsl_dataset_config *config,
                                 const struct tsl_shape *shape, const char *cache,
                                 struct tsl_team *team, const struct tsl_stop *stop,
                                 struct tsl_dataset **out, struct tsl_error *err) {
  struct tsl_dataset *dataset = NULL;
  bool alone = team == NULL || tsl_team_size(team) == 1;
  const char *folder = cache != NULL ? cache : "";
  enum tsl_status status =
      alone ? open_alone(config, shape, folder, stop, &dataset, err)
            : open_together(config, shape, folder, team, stop, &dataset, err);
  if (status == TSL_OK && dataset != NULL && !alone)
    status = compare_digests(dataset, team, err);
  if (status != TSL_OK || dataset == NULL) {
    tsl_dataset_close(dataset);
    return status;
  }
  if (alone || tsl_team_index(team) == 0)
    show_notes(dataset);
  *out = dataset;
  return TSL_OK;
}

void tsl_dataset_close(struct tsl_dataset *dataset) {
  if (dataset == NULL)
    return;
  tsl__cache_close(&dataset->cache);
  free(dataset->names);
  free(dataset->order);
  free(dataset);
}

const struct tsl_dataset_view *tsl_dataset_view(const struct tsl_dataset *dataset) {
  return &dataset->view;
}

const char *tsl_dataset_cache_path(const struct tsl_dataset *dataset) {
  return dataset->cache.path;
}

/* ---- samples ---- */

const int64_t *tsl_dataset_order(const struct tsl_dataset *dataset) {
  return dataset->order;
}

int64_t tsl_dataset_held_out(const struct tsl_dataset *dataset, double fraction) {
  const struct tsl_dataset_view *view = &dataset->view;
  if (view->test_begin < view->count)
    return view->count - view->test_begin;
  int64_t held_out = (int64_t)floor(fraction * (double)view->count + 0.5);
  return held_out < view->count ? held_out : view->count - 1;
}

/* The quotient is rounded once, so it is the nearest float32 to value / 255, whatever the
 * width of the vectors. out: (count) */
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
__attribute__((target_clones("avx512f", "avx2", "default")))
#endif
static void
bytes_to_floats(const uint8_t *restrict bytes, size_t count, float *restrict out) {
  for (size_t i = 0; i < count; i++)
    out[i] = (float)bytes[i] / 255.0f;
}

static void to_floats(const struct tsl_dataset *dataset, const void *sample, float *out) {
  if (dataset->view.type == TSL_SAMPLE_U8)
    bytes_to_floats(sample, dataset->sample_values, out);
  else
    memcpy(out, sample, dataset->sample_values * sizeof(float));
}

void tsl_dataset_gather(const struct tsl_dataset *dataset, const int64_t *indices,
                        int64_t count, float *out) {
  size_t values = dataset->sample_values;
  size_t bytes = values * (dataset->view.type == TSL_SAMPLE_F32 ? sizeof(float) : 1);
  const unsigned char *samples = dataset->view.samples;
  for (int64_t i = 0; i < count; i++)
    to_floats(dataset, samples + (size_t)indices[i] * bytes, out + (size_t)i * values);
}

bool tsl_dataset_can_draw(const struct tsl_dataset *dataset) {
  return dataset->ops->draw != NULL;
}

enum tsl_status tsl_dataset_draw(const struct tsl_dataset *dataset, const float *factors,
                                 int64_t count, float *out, struct tsl_error *err) {
  const struct tsl_dataset_view *view = &dataset->view;
  if (dataset->ops->draw == NULL)
    return tsl_error_set(err, TSL_BAD_INPUT, dataset->config.file,
                         "data set %s cannot be drawn at given factors", view->name);
  void *sample = NULL;
  TSL_TRY(tsl_allocate(&sample, dataset->sample_values, sizeof(float), err));
  enum tsl_status status = TSL_OK;
  for (int64_t i = 0; i < count && status == TSL_OK; i++) {
    const float *at = factors + i * view->factor_count; /* (factor_count) */
    for (int k = 0; k < view->factor_count && status == TSL_OK; k++)
      if (!(at[k] >= 0) ||
          (view->factor_sizes[k] > 0 && !(at[k] <= (float)(view->factor_sizes[k] - 1))))
        status =
            tsl_error_set(err, TSL_BAD_INPUT, dataset->config.file,
                          "factor %s cannot be %g", view->factor_names[k], (double)at[k]);
    if (status == TSL_OK)
      status = dataset->ops->draw(&dataset->config, at, sample, err);
    if (status == TSL_OK)
      to_floats(dataset, sample, out + (size_t)i * dataset->sample_values);
  }
  free(sample);
  return status;
}
