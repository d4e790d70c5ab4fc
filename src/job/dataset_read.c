/* Data set files: reader, its options, the seed. */
#include "job/job_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct tsl_reader *find_reader(const struct tsl_registry *registry,
                                            const char *name) {
  for (size_t i = 0; i < registry->reader_count; i++) {
    if (strcmp(registry->readers[i]->name, name) == 0)
      return registry->readers[i];
  }
  return NULL;
}

static const struct tsl_option seed_row = {.name = "seed",
                                           .type = TSL_OPTION_INTEGER,
                                           .offset =
                                               offsetof(struct tsl_dataset_config, seed),
                                           .initial = "0",
                                           .min = 0,
                                           .max = 4294967295.0};

/* `reader:` of the map; NULL after a problem. */
static const struct tsl_reader *take_reader(struct tsl__job_reader *job,
                                            const struct tsl__node *map) {
  const struct tsl__node *node = tsl__node_get(map, "reader");
  if (node == NULL) {
    tsl__problem(&job->problems, map->place,
                 "missing key 'reader': the kind of data; `teasel explain` lists them");
    return NULL;
  }
  if (node->kind != TSL__SCALAR) {
    tsl__problem(&job->problems, node->place, "reader: a name is expected, not %s",
                 tsl__node_what(node));
    return NULL;
  }
  const struct tsl_reader *reader = find_reader(job->registry, node->text);
  if (reader == NULL) {
    const char *names[64];
    size_t count = 0;
    for (; count < job->registry->reader_count && count < 64; count++)
      names[count] = job->registry->readers[count]->name;
    tsl__problem(&job->problems, node->place, "unknown reader '%.80s'%s", node->text,
                 tsl__did_you_mean(job->pool, node->text, names, count));
  } else if (reader->options_bytes > TSL_READER_OPTIONS_MAX) {
    TSL_BUG("the options of reader %s take %zu bytes", reader->name,
            reader->options_bytes);
  }
  return reader;
}

static void take_option(struct tsl__job_reader *job, const struct tsl__node *key,
                        const char *name, const struct tsl__node *value,
                        struct tsl_dataset_config *out) {
  const struct tsl_reader *reader = out->reader;
  struct tsl__table table = {reader->options, reader->option_count};
  const struct tsl_option *row = tsl__table_find(table, name);
  if (row != NULL) {
    tsl__option_parse(row, value, name, out->reader_options, &job->problems);
  } else if (strcmp(name, "seed") == 0) {
    tsl__option_parse(&seed_row, value, name, out, &job->problems);
  } else if (strcmp(name, "reader") != 0 && strcmp(name, "name") != 0) {
    const char *names[66] = {"seed", "reader"};
    size_t count = 2;
    for (size_t i = 0; i < table.count && count < 66; i++)
      names[count++] = table.rows[i].name;
    tsl__problem(&job->problems, key->place, "reader %s has no option '%.80s'%s",
                 reader->name, name, tsl__did_you_mean(job->pool, name, names, count));
  }
}

static void check_required(struct tsl__job_reader *job, const struct tsl__node *map,
                           const struct tsl__assignments *overrides,
                           const struct tsl_dataset_config *config) {
  for (size_t i = 0; i < config->reader->option_count; i++) {
    const struct tsl_option *row = &config->reader->options[i];
    const char *key = tsl__pool_format(job->pool, "dataset.%s", row->name);
    if (row->initial != NULL || key == NULL || tsl__node_get(map, row->name) != NULL ||
        (overrides != NULL && tsl__assignment_find(overrides, key) != NULL))
      continue;
    tsl__problem(&job->problems, map->place, "reader %s needs '%s': %s",
                 config->reader->name, row->name, row->help);
  }
}

static void read_map(struct tsl__job_reader *job, const struct tsl__node *map,
                     const struct tsl__assignments *overrides,
                     struct tsl_dataset_config *out) {
  tsl__keys_unique(&job->problems, map);
  out->reader = take_reader(job, map);
  if (out->reader == NULL)
    return;
  struct tsl__table table = {out->reader->options, out->reader->option_count};
  tsl__option_defaults(table, out->reader_options);
  for (int i = 0; i < map->count && map->count <= 1000; i++)
    take_option(job, map->keys[i], map->keys[i]->text, map->values[i], out);
  for (int i = 0; overrides != NULL && i < overrides->count; i++) {
    const struct tsl__assignment *item = &overrides->items[i];
    if (item->target != TSL__TARGET_DATASET_OPTION || item->count == 0)
      continue;
    const struct tsl__node key = {.kind = TSL__SCALAR, .place = item->place};
    take_option(job, &key, item->part, item->values[0], out);
  }
  check_required(job, map, overrides, out);
}

void tsl__dataset_read(struct tsl__job_reader *job, const struct tsl__node *value,
                       const struct tsl__assignments *overrides,
                       struct tsl_dataset_config *out) {
  memset(out, 0, sizeof *out);
  const char *path = value->place.file, *name = "inline";
  const struct tsl__node *map = value;
  if (value->kind == TSL__SCALAR && strcmp(value->text, "none") == 0) {
    snprintf(out->name, sizeof out->name, "none");
    for (int i = 0; overrides != NULL && i < overrides->count; i++) {
      if (overrides->items[i].target == TSL__TARGET_DATASET_OPTION)
        tsl__problem(&job->problems, overrides->items[i].place,
                     "`dataset: none` has no option '%.80s'", overrides->items[i].part);
    }
    return;
  }
  if (value->kind == TSL__MAP) {
    const struct tsl__node *given = tsl__node_get(value, "name");
    if (given != NULL && given->kind == TSL__SCALAR)
      name = given->text;
  } else {
    map = tsl__source_open(job, "datasets", value, &path);
    if (map == NULL)
      return;
    name = tsl__stem_of(job->pool, path);
  }
  snprintf(out->name, sizeof out->name, "%s", name);
  snprintf(out->file, sizeof out->file, "%s", path);
  read_map(job, map, overrides, out);
}

enum tsl_status tsl_dataset_config_read(const char *name_or_path, const char *from_folder,
                                        const struct tsl_registry *registry,
                                        const struct tsl_file_source *source,
                                        const char *installed_share,
                                        struct tsl_dataset_config *out,
                                        struct tsl_error *err) {
  struct tsl_job shell = {.file = "."};
  struct tsl__pool *pool = &shell.pool;
  struct tsl__job_reader job = {.job = &shell,
                                .pool = pool,
                                .problems = {.pool = pool},
                                .registry = registry,
                                .source = source,
                                .share = installed_share};
  struct tsl_dataset_config config;
  job.configs =
      tsl__pool_format(pool, "%s/configs", from_folder != NULL ? from_folder : ".");
  const struct tsl__node value = {
      .kind = TSL__SCALAR, .place = {name_or_path, 0, 0}, .text = name_or_path};
  tsl__dataset_read(&job, &value, NULL, &config);
  enum tsl_status status = tsl__problems_report(&job.problems, name_or_path, err);
  if (pool->failed)
    status = tsl_error_set(err, TSL_MEMORY, name_or_path, "out of memory");
  tsl__pool_release(pool);
  if (status == TSL_OK)
    *out = config;
  return status;
}
