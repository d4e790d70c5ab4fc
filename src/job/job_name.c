/* A run's identity: the canonical text, its digest, the folder's name. */
#include "job/job_internal.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum { NAME_MAX_BYTES = 200 }; /* file systems take 255 */

static const char *last_part(const char *key) {
  const char *dot = strrchr(key, '.');
  return dot != NULL ? dot + 1 : key;
}

static int uses(const struct tsl_option *rows, size_t count, const char *part) {
  int found = 0;
  for (size_t i = 0; i < count; i++)
    found += strcmp(last_part(rows[i].name), part) == 0;
  return found;
}

const char *tsl__label_key(const struct tsl_family *family, const char *key) {
  const char *part = last_part(key);
  int found = uses(tsl__run_table.rows, tsl__run_table.count, part) +
              uses(family->options, family->option_count, part);
  bool parameter = strncmp(key, "network.", 8) == 0;
  return found > (parameter ? 0 : 1) ? key : part;
}

/* "name=value" lines of what differs from the defaults, so that an option that a later
 * version adds changes no id. */
static void add_table(struct tsl__table table, const void *options, const void *defaults,
                      bool with_seed, struct tsl_text *out) {
  struct tsl_text value, initial;
  tsl_text_init(&value);
  tsl_text_init(&initial);
  for (size_t i = 0; i < table.count; i++) {
    const struct tsl_option *row = &table.rows[i];
    if (row->scope != TSL_SCOPE_RUN || (!with_seed && strcmp(row->name, "seeds") == 0))
      continue;
    tsl_text_clear(&value);
    tsl_text_clear(&initial);
    tsl__option_print_bare(row, options, &value);
    tsl__option_print_bare(row, defaults, &initial);
    bool is_default =
        row->initial != NULL && value.length == initial.length &&
        (value.length == 0 || memcmp(value.bytes, initial.bytes, value.length) == 0);
    if (!is_default)
      tsl_text_format(out, "%s=%s\n", row->name, value.bytes != NULL ? value.bytes : "");
    out->failed = out->failed || value.failed || initial.failed;
  }
  tsl_text_release(&value);
  tsl_text_release(&initial);
}

void tsl__run_canonical(const struct tsl_run *run, bool with_seed, struct tsl_text *out) {
  struct tsl_run_options run_defaults = {0};
  _Alignas(16) unsigned char family_defaults[TSL_FAMILY_OPTIONS_MAX] = {0};
  struct tsl__table family = {run->family->options, run->family->option_count};
  tsl__option_defaults(tsl__run_table, &run_defaults);
  tsl__option_defaults(family, family_defaults);
  tsl_text_format(out, "model=%s\n", run->family->name);
  add_table(tsl__run_table, &run->options, &run_defaults, with_seed, out);
  add_table(family, run->family_options, family_defaults, with_seed, out);
  if (run->network != NULL)
    tsl__network_canonical(run->network, out);
}

/* Letters, digits and a few marks stay; the rest becomes '_': a label never leaves the
 * results folder. */
static void add_safe(char *name, size_t bytes, const char *text) {
  size_t used = strlen(name);
  for (const char *c = text; *c != '\0' && used + 1 < bytes; c++) {
    bool safe = isalnum((unsigned char)*c) || strchr("._+-=", *c) != NULL;
    name[used++] = safe ? *c : '_';
  }
  name[used] = '\0';
}

static void name_run(struct tsl_run *run) {
  char hex[33], tail[64], name[NAME_MAX_BYTES] = "";
  tsl_digest_print(&run->id, hex);
  snprintf(tail, sizeof tail, "-seed=%lld-%.8s", (long long)run->options.seed, hex);
  size_t room = sizeof name - strlen(tail);
  add_safe(name, room, run->family->name);
  for (int i = 0; i < run->label_count; i++) {
    char label[sizeof *run->labels + 4];
    snprintf(label, sizeof label, "-%s=%s", run->labels[i].key, run->labels[i].value);
    add_safe(name, room, label);
  }
  snprintf(run->name, sizeof run->name, "%s%s", name, tail);
}

void tsl_job_name_runs(struct tsl_job *job, const struct tsl_digest *data) {
  struct tsl_text text;
  tsl_text_init(&text);
  char hex[33];
  tsl_digest_print(data, hex);
  for (int64_t i = 0; i < job->run_count; i++) {
    struct tsl_run *run = &job->runs[i];
    tsl_text_clear(&text);
    tsl__run_canonical(run, /*with_seed=*/true, &text);
    tsl_text_format(&text, "data=%s\n", hex);
    run->id = tsl_digest_bytes(text.bytes, text.length);
    name_run(run);
  }
  tsl_text_release(&text);
}
