#include "job/problems.h"

#include "teasel/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PROBLEMS_MAX = 1000 }; /* more than that help nobody */

static int file_order(const struct tsl__problems *problems, const char *file) {
  int highest = -1;
  for (int i = 0; i < problems->count; i++) {
    if (strcmp(problems->items[i].place.file, file) == 0)
      return problems->items[i].file_order;
    if (problems->items[i].file_order > highest)
      highest = problems->items[i].file_order;
  }
  return highest + 1;
}

/* One problem is one line, whatever a name or a word of the file holds. */
static const char *one_line(struct tsl__pool *pool, const char *words) {
  struct tsl_text line;
  if (strchr(words, '\n') == NULL)
    return words;
  tsl_text_init(&line);
  tsl_text_add_visible(&line, words, /*lines=*/false);
  const char *copy = line.failed ? NULL : tsl__pool_copy(pool, line.bytes, line.length);
  tsl_text_release(&line);
  return copy != NULL ? copy : "";
}

void tsl__problem(struct tsl__problems *problems, struct tsl__place place,
                  const char *format, ...) {
  char text[1024];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  problems->told++;
  if (problems->count >= PROBLEMS_MAX)
    return;
  for (int i = 0; i < problems->count; i++) {
    const struct tsl__problem *old = &problems->items[i];
    if (old->place.line == place.line && old->place.column == place.column &&
        strcmp(old->place.file, place.file) == 0 && strcmp(old->text, text) == 0)
      return;
  }
  if (!tsl__pool_grow(problems->pool, &problems->items, problems->count,
                      &problems->capacity, sizeof *problems->items))
    return;
  const char *copy = tsl__pool_copy(problems->pool, text, strlen(text));
  if (copy == NULL)
    return;
  struct tsl__problem problem = {place, copy, file_order(problems, place.file)};
  problems->items[problems->count++] = problem;
}

const char *tsl__place_text(struct tsl__pool *pool, struct tsl__place place) {
  const char *text = place.line > 0 ? tsl__pool_format(pool, "%s:%d:%d", place.file,
                                                       place.line, place.column)
                                    : tsl__pool_format(pool, "%s", place.file);
  return text != NULL ? text : "";
}

static int by_place(const void *a, const void *b) {
  const struct tsl__problem *left = a, *right = b;
  int difference = left->file_order - right->file_order;
  if (difference == 0)
    difference = left->place.line - right->place.line;
  if (difference == 0)
    difference = left->place.column - right->place.column;
  return difference != 0 ? difference : strcmp(left->text, right->text);
}

enum tsl_status tsl__problems_report(struct tsl__problems *problems, const char *file,
                                     struct tsl_error *err) {
  if (problems->count == 0)
    return TSL_OK;
  qsort(problems->items, (size_t)problems->count, sizeof *problems->items, by_place);
  tsl_error_set(err, TSL_BAD_INPUT, "",
                "%s has %d problem%s:", one_line(problems->pool, file), problems->count,
                problems->count == 1 ? "" : "s");
  for (int i = 0; i < problems->count && err != NULL; i++) {
    const struct tsl__problem *problem = &problems->items[i];
    const char *where =
        one_line(problems->pool, tsl__place_text(problems->pool, problem->place));
    const char *text = one_line(problems->pool, problem->text);
    size_t room = sizeof err->text - strlen(err->text);
    if (strlen(where) + strlen(text) + 64 > room) {
      tsl_error_add(err, TSL_BAD_INPUT, "", "... and %d more", problems->count - i);
      break;
    }
    tsl_error_add(err, TSL_BAD_INPUT, where, "%s", text);
  }
  return TSL_BAD_INPUT;
}

const char *tsl__did_you_mean(struct tsl__pool *pool, const char *word,
                              const char *const *words, size_t count) {
  const char *near = tsl_text_nearest(word, words, count);
  const char *hint =
      near == NULL ? NULL : tsl__pool_format(pool, "; did you mean '%s'?", near);
  return hint != NULL ? hint : "";
}
