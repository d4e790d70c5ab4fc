/* `--set key=value`: as if the file had said so. */
#include "job/job_internal.h"

#include <string.h>

static void drop(struct tsl__assignments *list, const char *key) {
  int kept = 0;
  for (int i = 0; i < list->count; i++) {
    if (strcmp(list->items[i].key, key) != 0)
      list->items[kept++] = list->items[i];
  }
  list->count = kept;
}

/* Steps are given one way or the other; the later word counts. */
static const char *opposite(const char *key) {
  if (strcmp(key, "train.iterations") == 0)
    return "train.epochs";
  return strcmp(key, "train.epochs") == 0 ? "train.iterations" : NULL;
}

static void put(struct tsl__job_reader *reader, struct tsl__assignments *list,
                const struct tsl__assignment *item, bool only_where_set) {
  struct tsl__assignment *old = tsl__assignment_find(list, item->key);
  const char *other = opposite(item->key);
  struct tsl__assignment *rival =
      other != NULL ? tsl__assignment_find(list, other) : NULL;
  if (old != NULL)
    *old = *item;
  else if (rival != NULL)
    *rival = *item;
  else if (!only_where_set)
    tsl__assignment_add(reader->pool, list, item);
  if (old != NULL && rival != NULL)
    drop(list, other);
}

/* An option of families: into every block whose family has it. */
static bool set_in_blocks(struct tsl__job_reader *reader, struct tsl__place place,
                          const char *key, struct tsl__node *value) {
  bool found = false;
  for (int i = 0; i < reader->job->block_count; i++) {
    struct tsl__block *block = &reader->job->blocks[i];
    const struct tsl__scope_of_keys scope = {true, block->family};
    struct tsl__assignment item = {.key = key, .place = place};
    if (block->family == NULL || !tsl__key_find(reader, key, scope, &item) ||
        item.target != TSL__TARGET_FAMILY)
      continue;
    found = true;
    tsl__values_take(reader, &item, value);
    put(reader, &block->set, &item, /*only_where_set=*/false);
  }
  return found;
}

static void set_one(struct tsl__job_reader *reader, struct tsl__place place,
                    const char *key, struct tsl__node *value) {
  const struct tsl__scope_of_keys top = {false, NULL};
  struct tsl__assignment item = {.key = key, .place = place};
  if (strcmp(key, "families") == 0 || strcmp(key, "model") == 0) {
    tsl__problem(&reader->problems, place, "'%s' can be set in the file only", key);
    return;
  }
  if (!tsl__key_find(reader, key, top, &item)) {
    const struct tsl__scope_of_keys nearest = {
        false, reader->job->block_count > 0 ? reader->job->blocks[0].family : NULL};
    if (!set_in_blocks(reader, place, key, value))
      tsl__key_unknown(reader, place, key, key, nearest);
    return;
  }
  tsl__values_take(reader, &item, value);
  put(reader, &reader->job->top, &item, /*only_where_set=*/false);
  for (int i = 0; i < reader->job->block_count; i++)
    put(reader, &reader->job->blocks[i].set, &item, /*only_where_set=*/true);
}

void tsl__settings_apply(struct tsl__job_reader *reader, const char *const *settings,
                         size_t count) {
  struct tsl_job *job = reader->job;
  job->settings = tsl__pool_take(reader->pool, (count + 1) * sizeof *job->settings);
  for (size_t i = 0; i < count && job->settings != NULL; i++) {
    const char *text = tsl__pool_copy(reader->pool, settings[i], strlen(settings[i]));
    const char *file = tsl__pool_format(reader->pool, "--set %s", settings[i]);
    if (text == NULL || file == NULL)
      return;
    job->settings[job->set_count++] = text;
    const struct tsl__place place = {file, 0, 0};
    const char *equals = strchr(text, '=');
    if (equals == NULL || equals == text) {
      tsl__problem(&reader->problems, place,
                   "key=value is expected, such as train.iterations=2000");
      continue;
    }
    const char *key = tsl__pool_copy(reader->pool, text, (size_t)(equals - text));
    struct tsl__node *value =
        tsl__yaml_read_value(reader->pool, equals + 1, place, &reader->problems);
    if (key != NULL && value != NULL)
      set_one(reader, place, key, value);
  }
}
