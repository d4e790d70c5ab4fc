#include "cli/scored.h"

#include "teasel/arena.h"
#include "teasel/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct entry {
  const char *name;
  bool scored;
};

static int by_name(const void *a, const void *b) {
  const struct entry *one = a, *other = b;
  return strcmp(one->name, other->name);
}

/* Takes the next cell of a line that tsl_text_add_csv wrote; cut to `bytes`. False behind
 * the last. */
static bool take_cell(const char **line, char *cell, size_t bytes) {
  const char *c = *line;
  const bool quoted = *c == '"';
  size_t used = 0;
  if (*c == '\0' || *c == '\n')
    return false;
  for (c += quoted; *c != '\0' && *c != '\n' && (quoted || *c != ','); c++) {
    if (quoted && *c == '"' && *++c != '"')
      break;
    if (used + 1 < bytes)
      cell[used++] = *c;
  }
  cell[used] = '\0';
  *line = *c == ',' ? c + 1 : c;
  return true;
}

/* Neither names nor notes hold line breaks. */
static const char *next_line(const char *line) {
  const char *end = strchr(line, '\n');
  return end != NULL ? end + 1 : "";
}

/* The number of a column by its name in the header; -1: there is none. */
static int find_column(const char *header, const char *name) {
  char cell[64];
  for (int column = 0; take_cell(&header, cell, sizeof cell); column++) {
    if (strcmp(cell, name) == 0)
      return column;
  }
  return -1;
}

/* Runs that were not finished have a line, too, without latents. */
static void take_lines(const char *text, struct entry *entries, size_t count,
                       struct tsl__scored *out) {
  const int latents = find_column(text, "latents");
  for (const char *line = next_line(text); *line != '\0'; line = next_line(line)) {
    char name[TSL_RUN_NAME_MAX] = "", cell[TSL_RUN_NAME_MAX];
    bool scored = true;
    const char *rest = line;
    for (int column = 0; take_cell(&rest, cell, sizeof cell); column++) {
      if (column == 0)
        memcpy(name, cell, sizeof name);
      else if (column == latents)
        scored = strcmp(cell, "0") != 0;
    }
    const struct entry key = {.name = name};
    struct entry *entry = bsearch(&key, entries, count, sizeof *entries, by_name);
    if (entry != NULL)
      entry->scored = scored;
    else
      out->others++;
  }
}

/* A record that cannot be read is no finished run's as far as scores go. */
static void count_missing(const struct tsl_store *store, const struct entry *entries,
                          struct tsl__scored *out) {
  for (size_t i = 0; i < out->runs; i++) {
    struct tsl_record record;
    if (entries[i].scored)
      continue;
    if (tsl_store_record_read(store, entries[i].name, &record, NULL) == TSL_OK &&
        record.outcome != TSL_OUTCOME_NONE)
      out->finished++;
    else
      out->open++;
  }
}

enum tsl_status tsl__scored_read(const struct tsl_store *store, const struct tsl_job *job,
                                 struct tsl__scored *out, struct tsl_error *err) {
  char path[TSL_PATH_MAX], *text = NULL;
  size_t length = 0;
  struct entry *entries = NULL;
  *out = (struct tsl__scored){.runs = tsl_job_run_count(job)};
  tsl_store_path(store, TSL_STORE_SCORES_CSV, path);
  TSL_TRY(tsl_file_look(path, &out->exists, err));
  enum tsl_status status =
      tsl_allocate((void **)&entries, out->runs + 1, sizeof *entries, err);
  if (status == TSL_OK && out->exists)
    status = tsl_file_read(path, &text, &length, err);
  if (status == TSL_OK) {
    for (size_t i = 0; i < out->runs; i++)
      entries[i].name = tsl_job_run(job, i)->name;
    qsort(entries, out->runs, sizeof *entries, by_name);
    if (text != NULL)
      take_lines(text, entries, out->runs, out);
    count_missing(store, entries, out);
  }
  free(text);
  free(entries);
  return status;
}

void tsl__scored_print(const struct tsl_store *store, const struct tsl__scored *scored,
                       struct tsl_text *out) {
  const size_t missing = scored->finished + scored->open;
  const char *folder = tsl_store_folder(store);
  if (!scored->exists || missing + scored->others == 0)
    return;
  if (missing > 0)
    tsl_text_format(out, "without %zu of the job's %zu run%s", missing, scored->runs,
                    scored->runs == 1 ? "" : "s");
  if (scored->open > 0 && scored->finished > 0)
    tsl_text_format(out, " (%zu of them finished)", scored->finished);
  if (scored->others > 0)
    tsl_text_format(out, "%swith %zu that %s not of the job", missing > 0 ? ", and " : "",
                    scored->others, scored->others == 1 ? "is" : "are");
  if (scored->open == 0)
    tsl_text_format(out, ": `teasel score %.3000s` makes them of all", folder);
  else if (scored->finished == 0)
    tsl_text_add(out, ": `teasel run` with the job trains what is missing and scores it");
  else
    tsl_text_format(out,
                    ": `teasel run` with the job trains and scores what is missing, "
                    "`teasel score %.3000s` scores what is finished",
                    folder);
}

void tsl__scored_tell(const struct tsl_store *store, const struct tsl_job *job) {
  char path[TSL_PATH_MAX];
  struct tsl__scored scored;
  struct tsl_text text;
  if (tsl__scored_read(store, job, &scored, NULL) != TSL_OK)
    return;
  tsl_text_init(&text);
  tsl__scored_print(store, &scored, &text);
  tsl_store_path(store, TSL_STORE_SCORES_CSV, path);
  if (text.length > 0 && !text.failed)
    tsl_log(TSL_LOG_NORMAL, "the scores, %s, are %s", path, text.bytes);
  else if (!scored.exists && scored.finished > 0)
    tsl_log(TSL_LOG_NORMAL, "there are no scores yet: `teasel score %s` makes them",
            tsl_store_folder(store));
  tsl_text_release(&text);
}
