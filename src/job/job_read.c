/* The whole way from bytes to runs. */
#include "job/job_internal.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { JOB_NAME_MAX = 100 };

static struct tsl__place top_place(const struct tsl__job_reader *reader) {
  struct tsl__place place = {reader->job->file, 1, 1};
  return place;
}

/* ---- families ---- */

/* The family, or after a misspelt name the one that was meant, so that the rest of the
 * block is judged at once; NULL when that is not clear. */
static const struct tsl_family *find_family(struct tsl__job_reader *reader,
                                            const struct tsl__node *node) {
  const struct tsl_registry *registry = reader->registry;
  if (node->kind != TSL__SCALAR) {
    tsl__problem(&reader->problems, node->place, "model: a name is expected, not %s",
                 tsl__node_what(node));
    return NULL;
  }
  const char *names[128];
  size_t count = 0;
  for (; count < registry->family_count && count < 128; count++)
    names[count] = registry->families[count]->name;
  const char *near = tsl_text_nearest(node->text, names, count);
  if (near == NULL || strcmp(near, node->text) != 0)
    tsl__problem(&reader->problems, node->place, "unknown model '%.80s'%s", node->text,
                 tsl__did_you_mean(reader->pool, node->text, names, count));
  for (size_t i = 0; near != NULL && i < count; i++) {
    const struct tsl_family *family = registry->families[i];
    if (names[i] == near && family->options_bytes > TSL_FAMILY_OPTIONS_MAX)
      TSL_BUG("the options of family %s take %zu bytes", near, family->options_bytes);
    if (names[i] == near)
      return family;
  }
  return NULL;
}

static void read_block(struct tsl__job_reader *reader, const struct tsl__node *map,
                       int index, const struct tsl_family *family) {
  struct tsl_job *job = reader->job;
  struct tsl__block block = {.place = map->place, .index = index, .family = family};
  const struct tsl__scope_of_keys scope = {true, family};
  tsl__keys_flatten(reader, map, scope, &block.set);
  if (tsl__pool_grow(reader->pool, &job->blocks, job->block_count, &job->block_capacity,
                     sizeof block))
    job->blocks[job->block_count++] = block;
}

static void read_families(struct tsl__job_reader *reader, const struct tsl__node *list) {
  if (list->kind != TSL__LIST || list->count == 0) {
    tsl__problem(&reader->problems, list->place,
                 "families: a list of blocks is expected, each beginning with `- model: "
                 "NAME`, not %s",
                 list->kind == TSL__LIST ? "an empty list" : tsl__node_what(list));
    return;
  }
  for (int i = 0; i < list->count; i++) {
    const struct tsl__node *map = list->values[i];
    struct tsl__node *model = tsl__node_get(map, "model");
    if (model == NULL) {
      tsl__problem(&reader->problems, map->place,
                   "a block of families must be a map with `model: NAME`");
      if (map->kind == TSL__MAP)
        read_block(reader, map, i, NULL);
      continue;
    }
    bool list_of_models = model->kind == TSL__LIST && model->count > 0;
    struct tsl__node *const *names = list_of_models ? model->values : &model;
    int count = list_of_models ? model->count : 1;
    for (int k = 0; k < count; k++)
      read_block(reader, map, i, find_family(reader, names[k]));
  }
}

/* ---- the top of the file ---- */

static void take_name(struct tsl__job_reader *reader) {
  const struct tsl__assignment *found = tsl__assignment_find(&reader->job->top, "name");
  if (found == NULL || found->count == 0) {
    tsl__problem(&reader->problems, top_place(reader),
                 "missing key 'name': the results go to results/NAME");
    return;
  }
  const struct tsl__node *node = found->values[0];
  bool right = node->kind == TSL__SCALAR && node->text[0] != '\0' &&
               strlen(node->text) <= JOB_NAME_MAX &&
               isalnum((unsigned char)node->text[0]);
  for (const char *c = right ? node->text : ""; *c != '\0'; c++)
    right = right && (isalnum((unsigned char)*c) || strchr("._-", *c) != NULL);
  if (right)
    reader->job->name = node->text;
  else
    tsl__problem(
        &reader->problems, node->place,
        "name: '%.120s' names no folder; use letters, digits, '.', '_' and '-', a "
        "letter or digit first, at most %d in all",
        node->kind == TSL__SCALAR ? node->text : tsl__node_what(node), JOB_NAME_MAX);
}

static void take_job_options(struct tsl__job_reader *reader) {
  struct tsl_job *job = reader->job;
  tsl__option_defaults(tsl__job_table, &job->options);
  for (int i = 0; i < job->top.count; i++) {
    const struct tsl__assignment *item = &job->top.items[i];
    if (item->target == TSL__TARGET_JOB && item->usable)
      tsl__option_parse(item->row, item->values[0], item->key, &job->options,
                        &reader->problems);
  }
  int64_t width = job->options.schedule.width;
  const struct tsl__assignment *set = tsl__assignment_find(&job->top, "schedule.width");
  if ((width & (width - 1)) != 0 && set != NULL)
    tsl__problem(&reader->problems, set->values[0]->place,
                 "schedule.width: %lld is not a power of two (1, 2, 4, 8 ...)",
                 (long long)width);
}

static void take_dataset(struct tsl__job_reader *reader) {
  const struct tsl__assignment *found =
      tsl__assignment_find(&reader->job->top, "dataset");
  if (found == NULL || found->count == 0)
    tsl__problem(&reader->problems, top_place(reader),
                 "missing key 'dataset': a name, a path with a slash, or none");
  else
    tsl__dataset_read(reader, found->values[0], &reader->job->top, &reader->job->dataset);
}

static void read_top(struct tsl__job_reader *reader, const char *const *settings,
                     size_t setting_count) {
  const struct tsl__scope_of_keys top = {false, NULL};
  if (reader->root->kind != TSL__MAP) {
    tsl__problem(&reader->problems, reader->root->place,
                 "a job file holds `key: value` lines, not %s",
                 tsl__node_what(reader->root));
    return;
  }
  tsl__keys_flatten(reader, reader->root, top, &reader->job->top);
  const struct tsl__node *families = tsl__node_get(reader->root, "families");
  if (families != NULL)
    read_families(reader, families);
  else
    tsl__problem(&reader->problems, top_place(reader),
                 "missing key 'families': a list of blocks, each with `model: NAME`");
  tsl__settings_apply(reader, settings, setting_count);
  take_name(reader);
  take_job_options(reader);
  take_dataset(reader);
  tsl__grid_expand(reader);
}

enum tsl_status tsl_job_read(const struct tsl_job_text *text,
                             const struct tsl_registry *registry,
                             const struct tsl_file_source *source,
                             const char *installed_share, struct tsl_job **out,
                             struct tsl_error *err) {
  struct tsl_job *job = calloc(1, sizeof *job);
  if (job == NULL)
    return tsl_error_set(err, TSL_MEMORY, text->file, "out of memory");
  struct tsl__job_reader reader = {.job = job,
                                   .pool = &job->pool,
                                   .problems = {.pool = &job->pool},
                                   .registry = registry,
                                   .source = source,
                                   .share = installed_share};
  const char *path = tsl__pool_copy(&job->pool, text->file, strlen(text->file));
  if (source->folder != NULL)
    job->folder = tsl__pool_copy(&job->pool, source->folder, strlen(source->folder));
  job->file = path != NULL ? path : "";
  reader.root =
      tsl__yaml_read(&job->pool, job->file, text->bytes, text->count, &reader.problems);
  if (reader.root != NULL)
    read_top(&reader, text->settings, text->setting_count);
  enum tsl_status status = tsl__problems_report(&reader.problems, job->file, err);
  if (job->pool.failed)
    status = tsl_error_set(err, TSL_MEMORY, text->file, "out of memory while reading");
  if (status == TSL_OK)
    *out = job;
  else
    tsl_job_free(job);
  return status;
}

void tsl_job_free(struct tsl_job *job) {
  if (job == NULL)
    return;
  free(job->runs);
  tsl__pool_release(&job->pool);
  free(job);
}

const char *tsl_job_name(const struct tsl_job *job) {
  return job->name;
}

const struct tsl_job_options *tsl_job_options(const struct tsl_job *job) {
  return &job->options;
}

const struct tsl_dataset_config *tsl_job_dataset(const struct tsl_job *job) {
  return &job->dataset;
}

size_t tsl_job_run_count(const struct tsl_job *job) {
  return (size_t)job->run_count;
}

const struct tsl_run *tsl_job_run(const struct tsl_job *job, size_t index) {
  return &job->runs[index];
}

int tsl_job_setting_count(const struct tsl_job *job) {
  return job->setting_count;
}
