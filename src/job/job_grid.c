/* The grid: each block's axes multiplied, the blocks one after another. */
#include "job/job_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { VARIANTS_MAX = 1000 };

static const char *rival(const char *key) {
  if (strcmp(key, "train.iterations") == 0)
    return "train.epochs";
  return strcmp(key, "train.epochs") == 0 ? "train.iterations" : NULL;
}

static bool shapes_runs(const struct tsl__assignment *item) {
  return item->usable &&
         (item->target == TSL__TARGET_RUN || item->target == TSL__TARGET_FAMILY ||
          item->target == TSL__TARGET_NETWORK || item->target == TSL__TARGET_PARAMETER);
}

/* Axes stand in the order of the tables, so that a run's name and place do not depend on
 * the order of the file: network, its parameters, options that all families have, the
 * family's own, and seeds last, so that they turn fastest. */
static int order_of(const struct tsl__block *block, const struct tsl__assignment *item) {
  enum { STEP = 100000 };
  if (strcmp(item->key, "seeds") == 0)
    return 4 * STEP;
  switch (item->target) {
  case TSL__TARGET_NETWORK:
    return 0;
  case TSL__TARGET_PARAMETER:
    return STEP;
  case TSL__TARGET_RUN:
    return 2 * STEP + (int)(item->row - tsl__run_table.rows);
  default:
    return 3 * STEP + (int)(item->row - block->family->options);
  }
}

static void insert(struct tsl__job_reader *reader, struct tsl__block *block,
                   const struct tsl__assignment *item) {
  struct tsl__assignments *list = &block->effective;
  if (!tsl__assignment_add(reader->pool, list, item))
    return;
  int at = list->count - 1;
  for (; at > 0; at--) {
    const struct tsl__assignment *before = &list->items[at - 1];
    int difference = order_of(block, before) - order_of(block, item);
    if (difference < 0 || (difference == 0 && strcmp(before->key, item->key) < 0))
      break;
    list->items[at] = *before;
  }
  list->items[at] = *item;
}

/* What holds in the block: the top's assignments that the block does not replace, and its
 * own. */
static void gather(struct tsl__job_reader *reader, struct tsl__block *block) {
  const struct tsl__assignments *lists[] = {&reader->job->top, &block->set};
  for (int l = 0; l < 2; l++) {
    for (int i = 0; i < lists[l]->count; i++) {
      struct tsl__assignment item = lists[l]->items[i];
      const char *other = rival(item.key);
      bool replaced =
          l == 0 && (tsl__assignment_find(&block->set, item.key) != NULL ||
                     (other != NULL && tsl__assignment_find(&block->set, other) != NULL));
      if (replaced || !shapes_runs(&item))
        continue;
      item.list = item.list || l == 1; /* from here on: stands in the name */
      insert(reader, block, &item);
    }
  }
}

static void check_needed(struct tsl__job_reader *reader, const struct tsl__block *block) {
  for (size_t i = 0; i < block->family->option_count; i++) {
    const struct tsl_option *row = &block->family->options[i];
    if (row->initial == NULL && tsl__assignment_find(&block->set, row->name) == NULL)
      tsl__problem(&reader->problems, block->place, "%s needs '%s': %s",
                   block->family->name, row->name, row->help);
  }
  if (tsl__assignment_find(&reader->job->top, "network") == NULL &&
      tsl__assignment_find(&block->set, "network") == NULL)
    tsl__problem(&reader->problems, block->place,
                 "no network; set `network:` at the top of the file or in the block");
}

static int64_t count_runs(const struct tsl__block *block) {
  int64_t total = 1;
  for (int i = 0; i < block->effective.count; i++) {
    int64_t values = block->effective.items[i].count;
    if (values > 0 && total > INT64_MAX / values)
      return INT64_MAX;
    total *= values;
  }
  return total;
}

/* ---- networks ---- */

struct use {
  const struct tsl__block *block;
  const struct tsl__node *value;
  struct tsl__parameter parameters[32];
  int parameter_count;
};

static int64_t prior_input(const struct tsl_run *run) {
  struct tsl__table table = {run->family->options, run->family->option_count};
  const struct tsl_option *row = tsl__table_find(table, "latent_w");
  int64_t value = run->options.latent;
  if (row != NULL && row->type == TSL_OPTION_INTEGER)
    memcpy(&value, run->family_options + row->offset, sizeof value);
  return value;
}

static const char *parameters_text(struct tsl__pool *pool, const struct use *use) {
  const char *text = "";
  for (int i = 0; i < use->parameter_count && text != NULL; i++)
    text = tsl__pool_format(pool, "%s%s=%s\n", text, use->parameters[i].name,
                            use->parameters[i].value->text);
  return text != NULL ? text : "";
}

static bool equal(const struct tsl__network_variant *a,
                  const struct tsl__network_variant *b) {
  return a->value == b->value && a->latent == b->latent &&
         a->prior_input == b->prior_input && a->reconstruction == b->reconstruction &&
         a->family->without_decoder == b->family->without_decoder &&
         a->family->code_from_encoder == b->family->code_from_encoder &&
         strcmp(a->parameters, b->parameters) == 0;
}

static struct tsl_network *read_network(struct tsl__job_reader *reader,
                                        const struct use *use,
                                        const struct tsl__network_variant *variant) {
  const char *path = use->value->place.file;
  const struct tsl__node *root = use->value;
  const struct tsl__node *name = tsl__node_get(use->value, "name");
  if (use->value->kind == TSL__SCALAR)
    root = tsl__source_open(reader, "networks", use->value, &path);
  if (root == NULL)
    return NULL;
  struct tsl_job *job = reader->job;
  struct tsl__named_network named = {use->value, root, path};
  if (tsl__pool_grow(reader->pool, &job->networks, job->network_count,
                     &job->network_capacity, sizeof named))
    job->networks[job->network_count++] = named;
  const struct tsl__network_request request = {
      .root = root,
      .name = use->value->kind == TSL__SCALAR ? tsl__stem_of(reader->pool, path)
              : name != NULL                  ? name->text
                                              : "inline",
      .file = path,
      .parameters = use->parameters,
      .parameter_count = use->parameter_count,
      .latent = variant->latent,
      .prior_input = variant->prior_input,
      .reconstruction = variant->reconstruction,
      .without_decoder = variant->family->without_decoder,
      .code_from_encoder = variant->family->code_from_encoder};
  return tsl__network_read(reader->pool, &request, &reader->problems);
}

static struct tsl_network *network_of(struct tsl__job_reader *reader,
                                      const struct use *use, const struct tsl_run *run) {
  struct tsl__network_variant wanted = {.value = use->value,
                                        .parameters = parameters_text(reader->pool, use),
                                        .family = run->family,
                                        .latent = run->options.latent,
                                        .prior_input = prior_input(run),
                                        .reconstruction = run->options.reconstruction};
  for (int i = reader->variant_count - 1; i >= 0; i--) {
    if (equal(&reader->variants[i], &wanted))
      return reader->variants[i].network;
  }
  if (reader->variant_count >= VARIANTS_MAX) {
    tsl__problem(&reader->problems, use->block->place,
                 "more than %d different networks in one job", VARIANTS_MAX);
    return NULL;
  }
  wanted.network = read_network(reader, use, &wanted);
  if (tsl__pool_grow(reader->pool, &reader->variants, reader->variant_count,
                     &reader->variant_capacity, sizeof wanted))
    reader->variants[reader->variant_count++] = wanted;
  return wanted.network;
}

/* ---- runs ---- */

enum { LABELS_MOST = 16 };

static void add_label(struct tsl_run *run, const struct tsl__assignment *item,
                      const char *value, struct tsl_run_label *labels) {
  if (!item->list || strcmp(item->key, "seeds") == 0 || run->label_count >= LABELS_MOST)
    return;
  struct tsl_run_label *label = &labels[run->label_count++];
  snprintf(label->key, sizeof label->key, "%s", tsl__label_key(run->family, item->key));
  snprintf(label->value, sizeof label->value, "%s", value);
}

/* The run at place `number` of the block's grid; the last axis turns fastest. */
static void fill_run(struct tsl__job_reader *reader, const struct tsl__block *block,
                     int64_t number, struct tsl_run *run,
                     struct tsl_run_label *labels /* (LABELS_MOST) */) {
  struct use use = {.block = block};
  int64_t rest = number, stride = block->run_count;
  for (int i = 0; i < block->effective.count; i++) {
    const struct tsl__assignment *item = &block->effective.items[i];
    stride /= item->count;
    int64_t index = rest / stride;
    rest %= stride;
    const struct tsl__node *value = item->values[index];
    if (item->target == TSL__TARGET_RUN)
      tsl__option_parse(item->row, value, item->key, &run->options, &reader->problems);
    else if (item->target == TSL__TARGET_FAMILY)
      tsl__option_parse(item->row, value, item->key, run->family_options,
                        &reader->problems);
    else if (item->target == TSL__TARGET_NETWORK)
      use.value = value;
    else if (use.parameter_count < (int)(sizeof use.parameters / sizeof *use.parameters))
      use.parameters[use.parameter_count++] =
          (struct tsl__parameter){item->part, value, item->place};
    add_label(run, item, item->labels[index], labels);
  }
  if (use.value != NULL)
    run->network = network_of(reader, &use, run);
}

static const struct tsl_run_label *
keep_labels(struct tsl__pool *pool, const struct tsl_run_label *labels, int count) {
  if (count == 0)
    return NULL;
  size_t bytes = (size_t)count * sizeof *labels;
  struct tsl_run_label *kept = tsl__pool_take(pool, bytes);
  if (kept != NULL)
    memcpy(kept, labels, bytes);
  return kept;
}

static void expand(struct tsl__job_reader *reader, struct tsl__block *block,
                   int64_t limit) {
  struct tsl_run start = {.family = block->family, .block = block->index};
  struct tsl__table table = {block->family->options, block->family->option_count};
  tsl__option_defaults(tsl__run_table, &start.options);
  tsl__option_defaults(table, start.family_options);
  const struct tsl__assignment *seeds = tsl__assignment_find(&block->effective, "seeds");
  int64_t seed_count = seeds != NULL ? seeds->count : 1;
  const struct tsl_run_label *shared = NULL; /* a setting's, by the runs of its seeds */
  for (int64_t i = 0; i < block->run_count && i < limit; i++) {
    struct tsl_run *run = &reader->job->runs[block->first_run + i];
    struct tsl_run_label labels[LABELS_MOST];
    *run = start;
    fill_run(reader, block, i, run, labels);
    if (i % seed_count == 0)
      shared = keep_labels(reader->pool, labels, run->label_count);
    run->labels = shared;
    run->label_count = shared != NULL ? run->label_count : 0;
    if (i % seed_count == 0)
      tsl__run_check(reader, block, run);
  }
}

void tsl__grid_expand(struct tsl__job_reader *reader) {
  struct tsl_job *job = reader->job;
  int64_t total = 0, largest = 0;
  struct tsl__place place = {job->file, 1, 1};
  for (int i = 0; i < job->block_count; i++) {
    struct tsl__block *block = &job->blocks[i];
    if (block->family == NULL)
      continue;
    gather(reader, block);
    check_needed(reader, block);
    block->first_run = total;
    block->run_count = count_runs(block);
    if (block->run_count > largest) {
      largest = block->run_count;
      place = block->place;
    }
    total = block->run_count > INT64_MAX - total ? INT64_MAX : total + block->run_count;
  }
  bool too_many = total > TSL__RUNS_MAX;
  if (too_many) {
    tsl__problem(
        &reader->problems, place,
        "the grid has %s%lld runs, most of them from here; at most %d are possible",
        total == INT64_MAX ? "more than " : "", (long long)total, TSL__RUNS_MAX);
    for (int i = 0; i < job->block_count; i++)
      job->blocks[i].first_run = i; /* one run a block, to check the rest of the file */
    total = job->block_count;
  }
  job->runs = calloc((size_t)total + 1, sizeof *job->runs);
  if (job->runs == NULL) {
    reader->pool->failed = true;
    return;
  }
  job->run_count = total;
  for (int i = 0; i < job->block_count; i++) {
    if (job->blocks[i].family != NULL)
      expand(reader, &job->blocks[i], too_many ? 1 : TSL__RUNS_MAX);
  }
  if (!too_many)
    tsl__unused_check(reader);
  if (!too_many && reader->problems.count == 0)
    tsl__settings_number(reader);
}
