/* `teasel explain`: the tables, told to a reader. */
#include "job/job_internal.h"

#include <stdlib.h>
#include <string.h>

static const char *const scope_words[] = {
    "changes weights: part of a run's id", "of scores only: trains nothing anew",
    "of the report only: trains nothing anew", "of scheduling only: changes no result"};

static void print_default(const struct tsl_option *row, struct tsl_text *out) {
  if (row->initial == NULL)
    tsl_text_add(out, "must be given");
  else if (row->initial[0] == '\0')
    tsl_text_add(out, "default: empty");
  else if (row->min > 0 && strcmp(row->initial, "0") == 0)
    tsl_text_add(out, "not set by default"); /* 0 is below the bounds */
  else
    tsl_text_format(out, "default %s", row->initial);
}

static void print_row(const struct tsl_option *row, struct tsl_text *out) {
  tsl_text_format(out, "  %s: ", row->name);
  tsl__option_print_domain(row, out);
  tsl_text_add(out, "; ");
  print_default(row, out);
  tsl_text_format(out, "\n      %s\n", row->help);
}

static void print_table(struct tsl__table table, struct tsl_text *out) {
  for (size_t i = 0; i < table.count; i++)
    print_row(&table.rows[i], out);
}

/* One option alone: its row, its scope, and how it is written. */
static void explain_option(const struct tsl_option *row, const char *owner,
                           struct tsl_text *out) {
  tsl_text_format(out, "%s%s%s%s\n  ", row->name, owner[0] != '\0' ? " (option of " : "",
                  owner, owner[0] != '\0' ? ")" : "");
  tsl__option_print_domain(row, out);
  tsl_text_add(out, "; ");
  print_default(row, out);
  tsl_text_format(out, "\n  %s\n  scope: %s\n", row->help, scope_words[row->scope]);
  if (row->scope == TSL_SCOPE_RUN && row->type != TSL_OPTION_SET)
    tsl_text_add(out, "  A list of values is an axis of the grid.\n");
}

static void explain_family(const struct tsl_family *family, struct tsl_text *out) {
  struct tsl__table table = {family->options, family->option_count};
  tsl_text_format(out, "model: %s\n  %s\n", family->name, family->summary);
  if (table.count > 0)
    tsl_text_add(out, "options of its block, besides those of scope run:\n");
  print_table(table, out);
}

static void explain_reader(const struct tsl_reader *reader, struct tsl_text *out) {
  struct tsl__table table = {reader->options, reader->option_count};
  tsl_text_format(out, "reader: %s\n  %s\noptions of its file in configs/datasets:\n",
                  reader->name, reader->summary);
  print_table(table, out);
  tsl_text_add(out, "  seed: a whole number; default 0\n"
                    "      Seed of the split into training and held-out samples, and of "
                    "generated data.\n");
}

static void explain_entry(const struct tsl__entry_table *entry, struct tsl_text *out) {
  tsl_text_format(out, "%s: %s\n", entry->name, entry->help);
  print_table(entry->table, out);
}

static void explain_network(struct tsl_text *out) {
  tsl_text_add(
      out,
      "A network file has\n"
      "  input: [channels, height, width] or [values]\n"
      "  parameters: {hidden: 256}   names with defaults, used as $hidden; a block sets\n"
      "                              them as network.hidden, a list is an axis\n"
      "  encoder: list of entries, from the input\n"
      "  decoder: list of entries, from the latent code to the input's shape\n"
      "  prior: list of entries, of families with a network for their prior\n"
      "An entry is `- kind: {options}`:\n\n");
  for (int i = 0; i < TSL__ENTRY_TABLES; i++)
    explain_entry(&tsl__entry_tables[i], out);
}

static void explain_all(const struct tsl_registry *registry, struct tsl_text *out) {
  tsl_text_add(out, "A job file's words (`teasel explain WORD` tells more):\n");
  for (int i = 0; tsl__job_words[i].name != NULL; i++)
    tsl_text_format(out, "  %s: %s\n", tsl__job_words[i].name, tsl__job_words[i].help);
  tsl_text_add(out,
               "\nOptions of scope run (a list is an axis; a block may set them):\n");
  print_table(tsl__run_table, out);
  tsl_text_add(out, "\nOptions of the whole job:\n");
  print_table(tsl__job_table, out);
  tsl_text_add(out, "\nModels (`model:` of a block):\n");
  for (size_t i = 0; i < registry->family_count; i++)
    tsl_text_format(out, "  %s: %s\n", registry->families[i]->name,
                    registry->families[i]->summary);
  tsl_text_add(out, "\nReaders (`reader:` of a data set file):\n");
  for (size_t i = 0; i < registry->reader_count; i++)
    tsl_text_format(out, "  %s: %s\n", registry->readers[i]->name,
                    registry->readers[i]->summary);
  tsl_text_add(out, "\nEntries of a network file (`teasel explain network`):\n ");
  for (int i = 0; i < TSL__ENTRY_TABLES; i++)
    tsl_text_format(out, " %s", tsl__entry_tables[i].name);
  tsl_text_add(out, "\n");
}

static bool explain_group(struct tsl__table table, const char *topic,
                          struct tsl_text *out) {
  size_t length = strlen(topic);
  bool found = false;
  for (size_t i = 0; i < table.count; i++) {
    if (strncmp(table.rows[i].name, topic, length) != 0 ||
        table.rows[i].name[length] != '.')
      continue;
    print_row(&table.rows[i], out);
    found = true;
  }
  return found;
}

static bool explain_options_of_all(const char *topic, const struct tsl_registry *registry,
                                   struct tsl_text *out) {
  bool found = false;
  for (size_t i = 0; i < registry->family_count; i++) {
    const struct tsl_family *family = registry->families[i];
    struct tsl__table table = {family->options, family->option_count};
    const struct tsl_option *row = tsl__table_find(table, topic);
    if (row != NULL)
      explain_option(row, family->name, out);
    found = found || row != NULL;
  }
  for (size_t i = 0; i < registry->reader_count; i++) {
    const struct tsl_reader *reader = registry->readers[i];
    struct tsl__table table = {reader->options, reader->option_count};
    const struct tsl_option *row = tsl__table_find(table, topic);
    if (row != NULL)
      explain_option(row, reader->name, out);
    found = found || row != NULL;
  }
  return found;
}

/* Option of a job file by its whole name or its last part. */
static bool explain_job_option(const char *topic, struct tsl_text *out) {
  const struct tsl__table tables[] = {tsl__run_table, tsl__job_table};
  bool found = false;
  for (size_t t = 0; t < 2; t++) {
    for (size_t i = 0; i < tables[t].count; i++) {
      const struct tsl_option *row = &tables[t].rows[i];
      const char *dot = strrchr(row->name, '.');
      if (strcmp(row->name, topic) != 0 && (dot == NULL || strcmp(dot + 1, topic) != 0))
        continue;
      explain_option(row, "", out);
      found = true;
    }
  }
  return found;
}

static bool explain_member(const char *topic, const struct tsl_registry *registry,
                           struct tsl_text *out) {
  bool found = false;
  for (size_t i = 0; i < registry->family_count; i++) {
    if (strcmp(registry->families[i]->name, topic) == 0) {
      explain_family(registry->families[i], out);
      found = true;
    }
  }
  for (size_t i = 0; i < registry->reader_count; i++) {
    if (strcmp(registry->readers[i]->name, topic) == 0) {
      explain_reader(registry->readers[i], out);
      found = true;
    }
  }
  for (int i = 0; i < TSL__ENTRY_TABLES; i++) {
    if (strcmp(tsl__entry_tables[i].name, topic) == 0) {
      explain_entry(&tsl__entry_tables[i], out);
      found = true;
    }
  }
  for (int i = 0; tsl__job_words[i].name != NULL; i++) {
    if (strcmp(tsl__job_words[i].name, topic) == 0) {
      tsl_text_format(out, "%s: %s\n", topic, tsl__job_words[i].help);
      found = true;
    }
  }
  return found;
}

static void add_names(struct tsl__pool *pool, const char ***names, int *count,
                      int *capacity, const char *name) {
  if (tsl__pool_grow(pool, names, *count, capacity, sizeof **names))
    (*names)[(*count)++] = name;
}

static enum tsl_status unknown_topic(const char *topic,
                                     const struct tsl_registry *registry,
                                     struct tsl_error *err) {
  struct tsl__pool pool = {NULL, false};
  const char **names = NULL;
  int count = 0, capacity = 0;
  const struct tsl__table tables[] = {tsl__run_table, tsl__job_table};
  for (size_t t = 0; t < 2; t++) {
    for (size_t i = 0; i < tables[t].count; i++) {
      const char *name = tables[t].rows[i].name, *dot = strrchr(name, '.');
      add_names(&pool, &names, &count, &capacity, name);
      if (dot != NULL)
        add_names(&pool, &names, &count, &capacity, dot + 1);
    }
  }
  for (size_t i = 0; i < registry->family_count; i++) {
    const struct tsl_family *family = registry->families[i];
    add_names(&pool, &names, &count, &capacity, family->name);
    for (size_t k = 0; k < family->option_count; k++)
      add_names(&pool, &names, &count, &capacity, family->options[k].name);
  }
  for (size_t i = 0; i < registry->reader_count; i++)
    add_names(&pool, &names, &count, &capacity, registry->readers[i]->name);
  for (int i = 0; i < TSL__ENTRY_TABLES; i++)
    add_names(&pool, &names, &count, &capacity, tsl__entry_tables[i].name);
  for (int i = 0; tsl__job_words[i].name != NULL; i++)
    add_names(&pool, &names, &count, &capacity, tsl__job_words[i].name);
  const char *near = tsl__did_you_mean(&pool, topic, names, (size_t)count);
  enum tsl_status status =
      tsl_error_set(err, TSL_BAD_INPUT, "", "nothing is called '%.80s'%s", topic,
                    near[0] != '\0' ? near : "; `teasel explain` tells all words");
  tsl__pool_release(&pool);
  return status;
}

enum tsl_status tsl_job_explain(const char *topic, const struct tsl_registry *registry,
                                struct tsl_text *out, struct tsl_error *err) {
  if (topic == NULL) {
    explain_all(registry, out);
    return TSL_OK;
  }
  bool found = explain_member(topic, registry, out);
  if (strcmp(topic, "network") == 0)
    explain_network(out);
  found = explain_job_option(topic, out) || found;
  found = explain_options_of_all(topic, registry, out) || found;
  found = explain_group(tsl__run_table, topic, out) || found;
  found = explain_group(tsl__job_table, topic, out) || found;
  return found ? TSL_OK : unknown_topic(topic, registry, err);
}
