/* Keys: which word of the tables a key of the file is, and what is near to one that is
 * none. */
#include "job/job_internal.h"

#include <string.h>

enum { PAIRS_MAX = 1000 };

static struct tsl__table family_table(const struct tsl_family *family) {
  struct tsl__table table = {NULL, 0};
  if (family != NULL) {
    table.rows = family->options;
    table.count = family->option_count;
  }
  return table;
}

bool tsl__assignment_add(struct tsl__pool *pool, struct tsl__assignments *list,
                         const struct tsl__assignment *item) {
  if (!tsl__pool_grow(pool, &list->items, list->count, &list->capacity, sizeof *item))
    return false;
  list->items[list->count++] = *item;
  return true;
}

struct tsl__assignment *tsl__assignment_find(const struct tsl__assignments *list,
                                             const char *key) {
  for (int i = 0; i < list->count; i++) {
    if (strcmp(list->items[i].key, key) == 0)
      return &list->items[i];
  }
  return NULL;
}

static bool find_word(const char *key, bool is_block, enum tsl__target *target) {
  static const struct {
    const char *key;
    enum tsl__target target;
    bool top, block;
  } words[] = {
      {"name", TSL__TARGET_NAME, true, false},
      {"dataset", TSL__TARGET_DATASET, true, false},
      {"families", TSL__TARGET_FAMILIES, true, false},
      {"network", TSL__TARGET_NETWORK, true, true},
      {"model", TSL__TARGET_MODEL, false, true},
  };
  for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
    if (strcmp(words[i].key, key) == 0 && (is_block ? words[i].block : words[i].top)) {
      *target = words[i].target;
      return true;
    }
  }
  return false;
}

bool tsl__key_find(struct tsl__job_reader *reader, const char *key,
                   struct tsl__scope_of_keys scope, struct tsl__assignment *out) {
  (void)reader;
  if (find_word(key, scope.is_block, &out->target))
    return true;
  if (strncmp(key, "network.", 8) == 0 && key[8] != '\0') {
    out->target = TSL__TARGET_PARAMETER;
    out->part = key + 8;
    return true;
  }
  if (!scope.is_block && strncmp(key, "dataset.", 8) == 0 && key[8] != '\0') {
    out->target = TSL__TARGET_DATASET_OPTION;
    out->part = key + 8;
    return true;
  }
  out->target = TSL__TARGET_FAMILY;
  out->row = tsl__table_find(family_table(scope.family), key);
  if (out->row == NULL) {
    out->target = TSL__TARGET_RUN;
    out->row = tsl__table_find(tsl__run_table, key);
  }
  if (out->row == NULL && !scope.is_block) {
    out->target = TSL__TARGET_JOB;
    out->row = tsl__table_find(tsl__job_table, key);
  }
  return out->row != NULL;
}

/* True when some key of the table begins with "prefix.". */
static bool has_prefix(struct tsl__table table, const char *prefix) {
  size_t length = strlen(prefix);
  for (size_t i = 0; i < table.count; i++) {
    if (strncmp(table.rows[i].name, prefix, length) == 0 &&
        table.rows[i].name[length] == '.')
      return true;
  }
  return false;
}

static bool is_group(const char *key, struct tsl__scope_of_keys scope) {
  return has_prefix(tsl__run_table, key) || has_prefix(tsl__job_table, key) ||
         has_prefix(family_table(scope.family), key);
}

/* ---- unknown keys ---- */

struct candidates {
  struct tsl__pool *pool;
  const char **words;
  int count, capacity;
};

static void add_candidate(struct candidates *list, const char *word, size_t length) {
  const char *copy = tsl__pool_copy(list->pool, word, length);
  if (copy != NULL && tsl__pool_grow(list->pool, &list->words, list->count,
                                     &list->capacity, sizeof *list->words))
    list->words[list->count++] = copy;
}

/* Names below `prefix` ("train." or ""), whole and cut at the next dot. */
static void add_table(struct candidates *list, struct tsl__table table,
                      const char *prefix) {
  size_t length = strlen(prefix);
  for (size_t i = 0; i < table.count; i++) {
    const char *name = table.rows[i].name;
    if (strncmp(name, prefix, length) != 0)
      continue;
    add_candidate(list, name + length, strlen(name + length));
    size_t span = strcspn(name + length, ".");
    if (name[length + span] == '.')
      add_candidate(list, name + length, span);
  }
}

static const char *last_part(const char *key) {
  const char *dot = strrchr(key, '.');
  return dot != NULL ? dot + 1 : key;
}

/* An option whose last part is the key, or nearly: `learning_rate` at the top is meant as
 * train.learning_rate. */
static const char *elsewhere(struct tsl__job_reader *reader, const char *key) {
  const struct tsl__table tables[] = {tsl__run_table, tsl__job_table};
  const char *part = last_part(key);
  int edits = 0, most = (int)strlen(part) / 4;
  for (; edits <= most; edits++) {
    for (size_t t = 0; t < (edits == 0 ? 2 : 1); t++) {
      for (size_t i = 0; i < tables[t].count; i++) {
        const char *name = tables[t].rows[i].name;
        if (tsl_text_distance(last_part(name), part) != edits)
          continue;
        const char *hint = tsl__pool_format(reader->pool, "; did you mean '%s'?", name);
        return hint != NULL ? hint : "";
      }
    }
  }
  return "";
}

static const struct tsl_family *family_with(const struct tsl_registry *registry,
                                            const char *key) {
  for (size_t i = 0; i < registry->family_count; i++) {
    if (tsl__table_find(family_table(registry->families[i]), key) != NULL)
      return registry->families[i];
  }
  return NULL;
}

void tsl__key_unknown(struct tsl__job_reader *reader, struct tsl__place place,
                      const char *key, const char *shown,
                      struct tsl__scope_of_keys scope) {
  enum tsl__target target;
  const struct tsl_family *owner = family_with(reader->registry, key);
  if (is_group(key, scope)) { /* of a `--set` */
    tsl__problem(&reader->problems, place,
                 "'%s' holds several options; name one with a dot", shown);
    return;
  }
  if (scope.is_block &&
      (tsl__table_find(tsl__job_table, key) != NULL ||
       find_word(key, /*is_block=*/false, &target) || strncmp(key, "dataset.", 8) == 0)) {
    tsl__problem(
        &reader->problems, place,
        "'%s' holds for all runs of the job, so no block can set it; put it at the "
        "top of the file",
        key);
    return;
  }
  if (strcmp(shown, "<<") == 0) {
    tsl__problem(
        &reader->problems, place,
        "'<<' is no key of YAML 1.2; write the keys out (an alias can stand for a "
        "whole value)");
    return;
  }
  if (!scope.is_block && strcmp(key, "model") == 0) {
    tsl__problem(&reader->problems, place, "'model' belongs into a block of `families:`");
    return;
  }
  if (owner != NULL && scope.is_block && scope.family == NULL)
    return; /* its model is wrong, which was told */
  if (owner != NULL) {
    tsl__problem(&reader->problems, place, "'%s' is an option of %s%s%s%s", shown,
                 owner->name, scope.is_block ? ", not of " : "",
                 scope.is_block ? scope.family->name : "",
                 scope.is_block ? "" : "; put it into a block of `families:`");
    return;
  }
  struct candidates list = {.pool = reader->pool};
  size_t length = strlen(key) - strlen(shown);
  const char *prefix = tsl__pool_copy(reader->pool, key, length);
  if (prefix == NULL)
    return;
  add_table(&list, family_table(scope.family), prefix);
  add_table(&list, tsl__run_table, prefix);
  if (!scope.is_block)
    add_table(&list, tsl__job_table, prefix);
  for (int i = 0; length == 0 && tsl__job_words[i].name != NULL; i++) {
    if (find_word(tsl__job_words[i].name, scope.is_block, &target))
      add_candidate(&list, tsl__job_words[i].name, strlen(tsl__job_words[i].name));
  }
  const char *hint =
      tsl__did_you_mean(reader->pool, shown, list.words, (size_t)list.count);
  if (hint[0] == '\0')
    hint = elsewhere(reader, key);
  if (strstr(hint, "iterations'") != NULL || strstr(hint, "epochs'") != NULL)
    reader->length_meant = true;
  tsl__problem(&reader->problems, place, "unknown key '%.80s'%s", shown, hint);
}

/* ---- flattening ---- */

bool tsl__keys_unique(struct tsl__problems *problems, const struct tsl__node *map) {
  if (map->count > PAIRS_MAX) {
    tsl__problem(problems, map->place, "a map of %d keys; at most %d can be meant",
                 map->count, PAIRS_MAX);
    return false;
  }
  bool unique = true;
  for (int i = 1; i < map->count; i++) {
    for (int k = 0; k < i; k++) {
      if (strcmp(map->keys[i]->text, map->keys[k]->text) != 0)
        continue;
      tsl__problem(problems, map->keys[i]->place,
                   "duplicate key '%.80s': it stands at %s already", map->keys[i]->text,
                   tsl__place_text(problems->pool, map->keys[k]->place));
      unique = false;
      break;
    }
  }
  return unique;
}

struct flattening {
  struct tsl__job_reader *reader;
  struct tsl__scope_of_keys scope;
  struct tsl__assignments *out;
};

static void flatten(const struct flattening *to, const struct tsl__node *map,
                    const char *prefix);

static void add_pair(const struct flattening *to, const char *key,
                     const struct tsl__node *key_node, struct tsl__node *value) {
  struct tsl__job_reader *reader = to->reader;
  struct tsl__assignment assignment = {.key = key, .place = key_node->place};
  if (strcmp(key, "network.file") == 0) /* network: {file: NAME, hidden: 64} */
    assignment.key = key = "network";
  bool known = tsl__key_find(reader, key, to->scope, &assignment);
  if (known && value->kind == TSL__MAP && assignment.target == TSL__TARGET_NETWORK &&
      !tsl__network_is_inline(value)) {
    flatten(to, value, "network.");
    return;
  }
  if (!known && value->kind == TSL__MAP && is_group(key, to->scope)) {
    flatten(to, value, tsl__pool_format(reader->pool, "%s.", key));
    return;
  }
  if (!known && is_group(key, to->scope)) {
    tsl__problem(&reader->problems, value->place,
                 "%s: a map of options is expected, not %s", key, tsl__node_what(value));
    reader->length_meant = reader->length_meant || strcmp(key, "train") == 0;
    return;
  }
  if (!known) {
    tsl__key_unknown(reader, key_node->place, key, key_node->text, to->scope);
    return;
  }
  const struct tsl__assignment *old = tsl__assignment_find(to->out, key);
  if (old != NULL) {
    tsl__problem(&reader->problems, key_node->place,
                 "duplicate key '%.80s': it stands at %s already", key,
                 tsl__place_text(reader->pool, old->place));
    return;
  }
  tsl__values_take(reader, &assignment, value);
  tsl__assignment_add(reader->pool, to->out, &assignment);
}

static void flatten(const struct flattening *to, const struct tsl__node *map,
                    const char *prefix) {
  struct tsl__job_reader *reader = to->reader;
  if (prefix == NULL || map->count > PAIRS_MAX) {
    tsl__keys_unique(&reader->problems, map);
    return;
  }
  tsl__keys_unique(&reader->problems, map);
  for (int i = 0; i < map->count; i++) {
    bool again = false;
    for (int k = 0; k < i && !again; k++)
      again = strcmp(map->keys[k]->text, map->keys[i]->text) == 0;
    const char *key = tsl__pool_format(reader->pool, "%s%s", prefix, map->keys[i]->text);
    if (key != NULL && !again) /* told by tsl__keys_unique */
      add_pair(to, key, map->keys[i], map->values[i]);
  }
}

void tsl__keys_flatten(struct tsl__job_reader *reader, const struct tsl__node *map,
                       struct tsl__scope_of_keys scope, struct tsl__assignments *out) {
  const struct flattening to = {reader, scope, out};
  flatten(&to, map, "");
}
