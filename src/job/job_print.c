/* job.used.yaml: the resolved job as YAML that holds everything, so that it can be read
 * again after the network and data set files have moved or changed. What the top of the
 * file and each block set stays where it was set, since names of runs depend on it;
 * defaults are filled in at the top. */
#include "job/job_internal.h"

#include <stdio.h>
#include <string.h>

/* `key: value` lines with dotted keys, printed as nested maps. */
struct line {
  const char *key, *value;
};
struct lines {
  struct tsl__pool pool;
  struct line *items;
  int count, capacity;
};

static void add_line(struct lines *lines, const char *key, struct tsl_text *value) {
  struct line line = {key, tsl__pool_copy(&lines->pool,
                                          value->bytes != NULL ? value->bytes : "",
                                          value->length)};
  if (line.value != NULL && tsl__pool_grow(&lines->pool, &lines->items, lines->count,
                                           &lines->capacity, sizeof line))
    lines->items[lines->count++] = line;
  tsl_text_clear(value);
}

static void indent_by(struct tsl_text *out, int spaces) {
  tsl_text_format(out, "%*s", spaces, "");
}

/* All lines that begin with the prefix, each group at its first line's place. */
static void print_lines(const struct lines *lines, const char *prefix, int indent,
                        struct tsl_text *out) {
  size_t length = strlen(prefix);
  for (int i = 0; i < lines->count; i++) {
    const char *key = lines->items[i].key;
    if (strncmp(key, prefix, length) != 0)
      continue;
    const char *rest = key + length, *dot = strchr(rest, '.');
    /* a parameter stays dotted: below `network:` the network itself may stand */
    bool whole = dot == NULL || strncmp(key, "network.", 8) == 0;
    char group[128] = "";
    if (!whole)
      snprintf(group, sizeof group, "%.*s", (int)(dot - key) + 1, key);
    bool told = false;
    for (int k = 0; k < i && !whole; k++)
      told = told || strncmp(lines->items[k].key, group, strlen(group)) == 0;
    if (told)
      continue;
    indent_by(out, indent);
    if (whole) {
      tsl__yaml_print_text(out, rest);
      const char *value = lines->items[i].value;
      tsl_text_format(out, ":%s%s\n", value[0] == '\n' ? "" : " ", value);
    } else {
      tsl_text_format(out, "%.*s:\n", (int)(dot - rest), rest);
      print_lines(lines, group, indent + 2, out);
    }
  }
}

/* ---- values ---- */

static const char *option_text(struct lines *lines, const struct tsl__assignment *item,
                               int index) {
  _Alignas(16) unsigned char base[2 * TSL_READER_OPTIONS_MAX] = {0};
  struct tsl__problems none = {.pool = &lines->pool};
  struct tsl_text text;
  tsl_text_init(&text);
  tsl__option_parse(item->row, item->values[index], item->key, base, &none);
  tsl__option_print(item->row, base, &text);
  const char *copy =
      tsl__pool_copy(&lines->pool, text.bytes != NULL ? text.bytes : "", text.length);
  tsl_text_release(&text);
  return copy != NULL ? copy : "";
}

/* The map of the network that a value names, and its name where the map has none. */
static const struct tsl__node *find_network(const struct tsl_job *job,
                                            struct lines *lines,
                                            const struct tsl__node *value,
                                            const char **name) {
  *name = NULL;
  if (value->kind != TSL__SCALAR)
    return value;
  for (int i = 0; i < job->network_count; i++) {
    if (job->networks[i].value != value)
      continue;
    *name = tsl__stem_of(&lines->pool, job->networks[i].path);
    return job->networks[i].root;
  }
  return NULL; /* no run needs it */
}

/* The network whole, with its name, on one line; parameters stay `$name`. */
static void print_network(const struct tsl_job *job, struct lines *lines,
                          const struct tsl__node *value, struct tsl_text *out) {
  const char *name = NULL, *separator = "";
  const struct tsl__node *root = find_network(job, lines, value, &name);
  if (root == NULL) {
    tsl__yaml_print_flow(out, value);
    return;
  }
  tsl_text_add(out, "{");
  if (name != NULL) {
    tsl_text_add(out, "name: ");
    tsl__yaml_print_text(out, name);
    separator = ", ";
  }
  for (int i = 0; i < root->count; i++) {
    if (name != NULL && strcmp(root->keys[i]->text, "name") == 0)
      continue;
    tsl_text_add(out, separator);
    tsl__yaml_print_text(out, root->keys[i]->text);
    tsl_text_add(out, ": ");
    tsl__yaml_print_flow(out, root->values[i]);
    separator = ", ";
  }
  tsl_text_add(out, "}");
}

/* The only network of the top, an entry a line. */
static void print_network_lines(const struct tsl_job *job, struct lines *lines,
                                const struct tsl__node *value, struct tsl_text *out) {
  const char *name = NULL;
  const struct tsl__node *root = find_network(job, lines, value, &name);
  if (root == NULL) {
    print_network(job, lines, value, out);
    return;
  }
  if (name != NULL) {
    tsl_text_add(out, "\n  name: ");
    tsl__yaml_print_text(out, name);
  }
  for (int i = 0; i < root->count; i++) {
    const char *key = root->keys[i]->text;
    const struct tsl__node *node = root->values[i];
    if (name != NULL && strcmp(key, "name") == 0)
      continue;
    bool entries = node->kind == TSL__LIST && strcmp(key, "input") != 0;
    tsl_text_format(out, "\n  %s:%s", key, entries ? "" : " ");
    if (!entries)
      tsl__yaml_print_flow(out, node);
    for (int k = 0; entries && k < node->count; k++) {
      const struct tsl__node *entry = node->values[k];
      tsl_text_format(out, "\n    - %s: ", entry->keys[0]->text);
      tsl__yaml_print_flow(out, entry->values[0]);
    }
  }
}

static void add_assignment(const struct tsl_job *job, struct lines *lines,
                           const struct tsl__assignment *item, bool top) {
  struct tsl_text text;
  tsl_text_init(&text);
  if (top && !item->list && item->target == TSL__TARGET_NETWORK) {
    print_network_lines(job, lines, item->values[0], &text);
    add_line(lines, item->key, &text);
    tsl_text_release(&text);
    return;
  }
  tsl_text_add(&text, item->list ? "[" : "");
  for (int i = 0; i < item->count; i++) {
    tsl_text_add(&text, i > 0 ? ", " : "");
    if (item->row != NULL)
      tsl_text_add(&text, option_text(lines, item, i));
    else if (item->target == TSL__TARGET_NETWORK)
      print_network(job, lines, item->values[i], &text);
    else
      tsl__yaml_print_flow(&text, item->values[i]);
  }
  tsl_text_add(&text, item->list ? "]" : "");
  add_line(lines, item->key, &text);
  tsl_text_release(&text);
}

/* ---- parts of the file ---- */

static void print_path(const char *folder, const char *path, struct tsl_text *value) {
  struct tsl_text whole;
  tsl_text_init(&whole);
  if (path[0] != '/' && path[0] != '\0' && folder != NULL)
    tsl_text_format(&whole, "%s/", folder);
  tsl_text_add(&whole, path);
  tsl__yaml_print_text(value, whole.bytes != NULL ? whole.bytes : path);
  tsl_text_release(&whole);
}

static void print_row(const char *folder, const struct tsl_option *row, const void *base,
                      struct tsl_text *value) {
  if (row->type == TSL_OPTION_PATH)
    print_path(folder, (const char *)base + row->offset, value);
  else
    tsl__option_print(row, base, value);
}

static void print_config(const char *folder, const struct tsl_dataset_config *config,
                         struct tsl_text *out) {
  tsl_text_format(out, "  reader: %s\n  seed: %lld\n", config->reader->name,
                  (long long)config->seed);
  for (size_t i = 0; i < config->reader->option_count; i++) {
    const struct tsl_option *row = &config->reader->options[i];
    tsl_text_format(out, "  %s: ", row->name);
    print_row(folder, row, config->reader_options, out);
    tsl_text_add(out, "\n");
  }
}

void tsl_dataset_config_print(const struct tsl_dataset_config *config,
                              struct tsl_text *out) {
  if (config->reader != NULL)
    print_config(NULL, config, out);
}

static void print_dataset(const struct tsl_job *job, struct tsl_text *out) {
  if (job->dataset.reader == NULL) {
    tsl_text_add(out, "dataset: none\n");
    return;
  }
  tsl_text_add(out, "dataset:\n  name: ");
  tsl__yaml_print_text(out, job->dataset.name);
  tsl_text_add(out, "\n");
  print_config(job->folder, &job->dataset, out);
}

static bool length_of_training(const char *key) {
  return strcmp(key, "train.iterations") == 0 || strcmp(key, "train.epochs") == 0;
}

static void add_top(const struct tsl_job *job, struct lines *lines) {
  struct tsl_run_options defaults = {0};
  struct tsl_text text;
  tsl_text_init(&text);
  tsl__option_defaults(tsl__run_table, &defaults);
  for (int i = 0; i < job->top.count; i++) {
    const struct tsl__assignment *item = &job->top.items[i];
    if (item->target == TSL__TARGET_NETWORK || item->target == TSL__TARGET_PARAMETER ||
        item->target == TSL__TARGET_RUN)
      add_assignment(job, lines, item, /*top=*/true);
  }
  for (size_t i = 0; i < tsl__run_table.count; i++) {
    const struct tsl_option *row = &tsl__run_table.rows[i];
    if (tsl__assignment_find(&job->top, row->name) != NULL ||
        length_of_training(row->name))
      continue;
    tsl__option_print(row, &defaults, &text);
    add_line(lines, row->name, &text);
  }
  for (size_t i = 0; i < tsl__job_table.count; i++) {
    const struct tsl_option *row = &tsl__job_table.rows[i];
    print_row(job->folder, row, &job->options, &text);
    add_line(lines, row->name, &text);
  }
  tsl_text_release(&text);
}

static void print_blocks(const struct tsl_job *job, struct tsl_text *out) {
  tsl_text_add(out, "families:\n");
  for (int i = 0; i < job->block_count; i++) {
    const struct tsl__block *block = &job->blocks[i];
    struct lines lines = {.count = 0};
    for (int k = 0; k < block->set.count; k++) {
      if (block->set.items[k].target != TSL__TARGET_MODEL)
        add_assignment(job, &lines, &block->set.items[k], /*top=*/false);
    }
    tsl_text_format(out, "  - model: %s\n", block->family->name);
    print_lines(&lines, "", 4, out);
    out->failed = out->failed || lines.pool.failed;
    tsl__pool_release(&lines.pool);
  }
}

void tsl_job_print(const struct tsl_job *job, struct tsl_text *out) {
  tsl_text_add(out, "# The whole job as it was run; `teasel run` takes it again.\n");
  for (int i = 0; i < job->set_count; i++) {
    tsl_text_add(out, "# --set ");
    tsl_text_add_json(out, job->settings[i]);
    tsl_text_add(out, "\n");
  }
  tsl_text_format(out, "name: %s\n", job->name);
  print_dataset(job, out);
  struct lines lines = {.count = 0};
  add_top(job, &lines);
  print_lines(&lines, "", 0, out);
  out->failed = out->failed || lines.pool.failed;
  tsl__pool_release(&lines.pool);
  print_blocks(job, out);
}
