#include "cli/job_compare.h"

#include "teasel/arena.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEPTH = 16, KEY = 256, VALUE = 512, INDENT = 2 };

/* A line of job.used.yaml under the names of what it stands in: "train.batch". */
struct entry {
  char key[KEY], value[VALUE];
};
struct entries {
  struct entry *list; /* (room) */
  size_t count, room;
};

/* The names on the way to the present line, by indentation. */
struct way {
  char names[DEPTH][64];
  int items[DEPTH]; /* list items seen at this depth */
};

static void print_key(const struct way *way, size_t depth, char *key) {
  size_t used = 0;
  key[0] = '\0';
  for (size_t i = 0; i <= depth && used < KEY; i++)
    used +=
        (size_t)snprintf(key + used, KEY - used, "%s%s", i > 0 ? "." : "", way->names[i]);
}

/* One line of what tsl_job_print writes: two spaces a level, `name:`, `name: value`, and
 * `- value` for the items of lists. */
static void take_line(struct entries *entries, struct way *way, const char *line,
                      size_t length) {
  const size_t spaces = strspn(line, " ");
  const size_t depth = spaces / INDENT < DEPTH - 1 ? spaces / INDENT : DEPTH - 1;
  const char *text = line + spaces;
  size_t rest = length - spaces;
  struct entry *entry = &entries->list[entries->count];
  if (spaces >= length || *text == '#')
    return;
  if (*text == '-') {
    snprintf(way->names[depth], sizeof way->names[depth], "%d", ++way->items[depth]);
    text += 1;
    rest -= 1;
  } else {
    const char *colon = memchr(text, ':', rest);
    const size_t name = colon != NULL ? (size_t)(colon - text) : rest;
    snprintf(way->names[depth], sizeof way->names[depth], "%.*s", (int)name, text);
    text += name + (colon != NULL);
    rest -= name + (colon != NULL);
  }
  for (size_t i = depth + 1; i < DEPTH; i++)
    way->items[i] = 0;
  while (rest > 0 && *text == ' ') {
    text++;
    rest--;
  }
  print_key(way, depth, entry->key);
  snprintf(entry->value, sizeof entry->value, "%.*s", (int)rest, text);
  entries->count += rest > 0;
}

static enum tsl_status list_entries(const struct tsl_job *job, struct entries *entries,
                                    struct tsl_error *err) {
  struct tsl_text text;
  struct way way;
  memset(&way, 0, sizeof way);
  tsl_text_init(&text);
  tsl_job_print(job, &text);
  enum tsl_status status =
      text.failed ? tsl_error_set(err, TSL_MEMORY, "", "out of memory") : TSL_OK;
  for (size_t i = 0; i < text.length; i++)
    entries->room += text.bytes[i] == '\n';
  if (status == TSL_OK)
    status = tsl_allocate((void **)&entries->list, entries->room + 1,
                          sizeof *entries->list, err);
  for (const char *line = text.bytes;
       status == TSL_OK && line != NULL && *line != '\0';) {
    const size_t length = strcspn(line, "\n");
    take_line(entries, &way, line, length);
    line += length + (line[length] != '\0');
  }
  tsl_text_release(&text);
  return status;
}

static const char *find_value(const struct entries *entries, const char *key) {
  for (size_t i = 0; i < entries->count; i++) {
    if (strcmp(entries->list[i].key, key) == 0)
      return entries->list[i].value;
  }
  return NULL;
}

enum tsl_status tsl_cli_jobs_compare(const struct tsl_job *a, const struct tsl_job *b,
                                     struct tsl_text *notes, struct tsl_error *err) {
  struct entries one = {.list = NULL}, other = {.list = NULL};
  enum tsl_status status = list_entries(a, &one, err);
  if (status == TSL_OK)
    status = list_entries(b, &other, err);
  for (size_t i = 0; status == TSL_OK && i < one.count; i++) {
    const char *second = find_value(&other, one.list[i].key);
    if (second == NULL || strcmp(one.list[i].value, second) != 0)
      tsl_text_format(notes, "options: %s: %s and %s\n", one.list[i].key,
                      one.list[i].value, second != NULL ? second : "nothing");
  }
  for (size_t i = 0; status == TSL_OK && i < other.count; i++) {
    if (find_value(&one, other.list[i].key) == NULL)
      tsl_text_format(notes, "options: %s: nothing and %s\n", other.list[i].key,
                      other.list[i].value);
  }
  free(one.list);
  free(other.list);
  return status;
}
