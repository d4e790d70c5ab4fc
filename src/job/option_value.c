#include "job/option_value.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct tsl_option *tsl__table_find(struct tsl__table table, const char *name) {
  for (size_t i = 0; i < table.count; i++) {
    if (strcmp(table.rows[i].name, name) == 0)
      return table.rows + i;
  }
  return NULL;
}

int tsl__word_index(const char *words, const char *word) {
  size_t length = strlen(word);
  int index = 0;
  for (const char *at = words; at != NULL && *at != '\0'; index++) {
    size_t span = strcspn(at, "|");
    if (span == length && strncmp(at, word, span) == 0)
      return index;
    at += span + (at[span] == '|' ? 1 : 0);
  }
  return -1;
}

const char *const *tsl__words_split(struct tsl__pool *pool, const char *words,
                                    size_t *count) {
  const char **list = NULL;
  int used = 0, capacity = 0;
  for (const char *at = words; at != NULL && *at != '\0';) {
    size_t span = strcspn(at, "|");
    const char *word = tsl__pool_copy(pool, at, span);
    if (word == NULL || !tsl__pool_grow(pool, &list, used, &capacity, sizeof *list))
      break;
    list[used++] = word;
    at += span + (at[span] == '|' ? 1 : 0);
  }
  *count = (size_t)used;
  return list;
}

const char *tsl__folder_of(struct tsl__pool *pool, const char *path) {
  const char *slash = strrchr(path, '/');
  const char *folder = slash == NULL ? "."
                       : slash == path
                           ? "/"
                           : tsl__pool_copy(pool, path, (size_t)(slash - path));
  return folder != NULL ? folder : ".";
}

/* ---- scalars of the YAML 1.2 core schema ---- */

enum number_kind { NOT_A_NUMBER, WHOLE, FRACTION, TOO_LARGE, NOT_FINITE };

static size_t digits(const char *s) {
  size_t n = 0;
  while (isdigit((unsigned char)s[n]))
    n++;
  return n;
}

static enum number_kind scan_number(const char *text) {
  const char *at = text + (*text == '-' || *text == '+' ? 1 : 0);
  if (strcasecmp(at, ".inf") == 0 || strcasecmp(text, ".nan") == 0)
    return NOT_FINITE;
  size_t whole = digits(at), part = 0;
  at += whole;
  bool fraction = *at == '.';
  if (fraction) {
    part = digits(at + 1);
    at += 1 + part;
  }
  if (whole + part == 0)
    return NOT_A_NUMBER;
  if (*at == 'e' || *at == 'E') {
    fraction = true;
    at += 1 + (at[1] == '-' || at[1] == '+' ? 1 : 0);
    size_t exponent = digits(at);
    if (exponent == 0)
      return NOT_A_NUMBER;
    at += exponent;
  }
  if (*at != '\0')
    return NOT_A_NUMBER;
  return fraction ? FRACTION : WHOLE;
}

static enum number_kind read_number(const struct tsl__node *node, int64_t *whole,
                                    double *real) {
  enum number_kind kind = node->quoted ? NOT_A_NUMBER : scan_number(node->text);
  if (kind != WHOLE && kind != FRACTION)
    return kind;
  *real = strtod(node->text, NULL); /* the program runs in the C locale */
  if (!isfinite(*real))
    return TOO_LARGE;
  if (kind == WHOLE) {
    errno = 0;
    *whole = strtoll(node->text, NULL, 10);
    if (errno == ERANGE)
      return TOO_LARGE;
  }
  return kind;
}

static void print_bound(struct tsl_text *out, double value) {
  if (fabs(value) < 1e15 && value == floor(value))
    tsl_text_format(out, "%.0f", value);
  else
    tsl_text_add_number(out, value);
}

static void print_bounds(const struct tsl_option *row, struct tsl_text *out) {
  if (row->min == 0 && row->max == 0)
    return;
  bool low = isfinite(row->min), high = isfinite(row->max);
  tsl_text_add(out, low && high ? " between " : low ? " of at least " : " of at most ");
  if (low)
    print_bound(out, row->min);
  if (low && high)
    tsl_text_add(out, " and ");
  if (high)
    print_bound(out, row->max);
}

static void print_words(const char *words, struct tsl_text *out) {
  for (const char *c = words; *c != '\0'; c++) {
    if (*c == '|')
      tsl_text_add(out, ", ");
    else
      tsl_text_add_bytes(out, c, 1);
  }
}

void tsl__option_print_domain(const struct tsl_option *row, struct tsl_text *out) {
  switch (row->type) {
  case TSL_OPTION_BOOL:
    tsl_text_add(out, row->words != NULL ? "one of " : "true or false");
    break;
  case TSL_OPTION_INTEGER:
    tsl_text_add(out, "a whole number");
    print_bounds(row, out);
    if (row->words != NULL)
      tsl_text_add(out, " or ");
    break;
  case TSL_OPTION_REAL:
    tsl_text_add(out, "a number");
    print_bounds(row, out);
    if (row->words != NULL)
      tsl_text_add(out, " or ");
    break;
  case TSL_OPTION_CHOICE:
    tsl_text_add(out, "one of ");
    break;
  case TSL_OPTION_SET:
    tsl_text_add(out, "a list of any of ");
    break;
  case TSL_OPTION_TEXT:
    tsl_text_add(out, row->words != NULL ? "one of " : "a text");
    break;
  case TSL_OPTION_PATH:
    tsl_text_add(out, "a path");
    break;
  }
  if (row->words != NULL)
    print_words(row->words, out);
}

/* ---- parsing ---- */

struct parse {
  const struct tsl_option *row;
  const struct tsl__node *node;
  const char *shown;
  struct tsl__problems *problems; /* NULL: a default, which is not judged */
};

/* "KEY: 'abc' is not DOMAIN" with the nearest word. */
static bool refuse(const struct parse *parse, const struct tsl__node *node) {
  struct tsl__problems *problems = parse->problems;
  if (problems == NULL)
    return false;
  struct tsl_text domain;
  tsl_text_init(&domain);
  tsl__option_print_domain(parse->row, &domain);
  const char *expected = domain.bytes != NULL ? domain.bytes : "such a value";
  if (node->kind != TSL__SCALAR) {
    tsl__problem(problems, node->place, "%s: %s is expected, not %s", parse->shown,
                 expected, tsl__node_what(node));
  } else if (node->text[0] == '\0' && !node->quoted) {
    tsl__problem(problems, node->place, "%s has no value; %s is expected", parse->shown,
                 expected);
  } else {
    size_t count = 0;
    const char *const *words =
        parse->row->words != NULL
            ? tsl__words_split(problems->pool, parse->row->words, &count)
            : NULL;
    const char *hint =
        count > 0 ? tsl__did_you_mean(problems->pool, node->text, words, count) : "";
    const char *quote = node->quoted ? "\"" : "'";
    tsl__problem(problems, node->place, "%s: %s%.80s%s is not %s%s", parse->shown, quote,
                 node->text, quote, expected, hint);
  }
  tsl_text_release(&domain);
  return false;
}

/* One of the option's words, written plainly or in quotes. */
static bool take_word(const struct parse *parse, const struct tsl__node *node,
                      int *index) {
  if (node->kind != TSL__SCALAR || parse->row->words == NULL)
    return false;
  *index = tsl__word_index(parse->row->words, node->text);
  return *index >= 0;
}

static bool in_bounds(const struct tsl_option *row, double value) {
  return (row->min == 0 && row->max == 0) || (value >= row->min && value <= row->max);
}

static bool parse_number(const struct parse *parse, void *field) {
  const struct tsl_option *row = parse->row;
  int64_t whole = 0;
  double real = 0;
  int index = 0;
  if (take_word(parse, parse->node, &index)) {
    whole = index;
    real = index;
  } else {
    if (parse->node->kind != TSL__SCALAR)
      return refuse(parse, parse->node);
    enum number_kind kind = read_number(parse->node, &whole, &real);
    bool integer = row->type == TSL_OPTION_INTEGER;
    if (kind != WHOLE && (integer || kind != FRACTION))
      return refuse(parse, parse->node);
    if (parse->problems != NULL && !in_bounds(row, integer ? (double)whole : real)) {
      struct tsl_text domain;
      tsl_text_init(&domain);
      tsl__option_print_domain(row, &domain);
      tsl__problem(parse->problems, parse->node->place,
                   "%s: %.40s is out of bounds; it must be %s", parse->shown,
                   parse->node->text, domain.bytes != NULL ? domain.bytes : "smaller");
      tsl_text_release(&domain);
      return false;
    }
  }
  if (row->type == TSL_OPTION_INTEGER) {
    memcpy(field, &whole, sizeof whole);
  } else {
    real = real + 0.0; /* no negative zero: equal values have equal texts */
    memcpy(field, &real, sizeof real);
  }
  return true;
}

static bool parse_bool(const struct parse *parse, void *field) {
  const struct tsl__node *node = parse->node;
  int index = -1;
  if (parse->row->words != NULL)
    take_word(parse, node, &index);
  else if (node->kind == TSL__SCALAR && !node->quoted)
    index = strcmp(node->text, "true") == 0    ? 1
            : strcmp(node->text, "false") == 0 ? 0
                                               : -1;
  if (index < 0)
    return refuse(parse, node);
  bool value = index == 1;
  memcpy(field, &value, sizeof value);
  return true;
}

static bool parse_set(const struct parse *parse, void *field) {
  const struct tsl__node *node = parse->node;
  unsigned value = 0;
  struct tsl__node *const single[] = {(struct tsl__node *)node};
  struct tsl__node *const *items = node->kind == TSL__LIST ? node->values : single;
  int count = node->kind == TSL__LIST ? node->count : 1;
  if (count == 0) {
    tsl__problem(parse->problems, node->place,
                 "%s: the list is empty; leave the key out or give a value",
                 parse->shown);
    return false;
  }
  for (int i = 0; i < count; i++) {
    int index = 0;
    if (!take_word(parse, items[i], &index))
      return refuse(parse, items[i]);
    if ((value >> index & 1u) != 0) {
      tsl__problem(parse->problems, items[i]->place, "%s: '%s' is listed twice",
                   parse->shown, items[i]->text);
      return false;
    }
    value |= 1u << index;
  }
  memcpy(field, &value, sizeof value);
  return true;
}

static bool parse_text(const struct parse *parse, char *field) {
  const struct tsl__node *node = parse->node;
  int index = 0;
  const bool needed = parse->row->type == TSL_OPTION_PATH && parse->row->initial == NULL;
  if (node->kind != TSL__SCALAR || (node->text[0] == '\0' && (needed || !node->quoted)) ||
      (parse->row->words != NULL && !take_word(parse, node, &index)))
    return refuse(parse, node);
  for (const char *c = node->text; *c != '\0'; c++) {
    if ((unsigned char)*c >= 0x20 && *c != 0x7f)
      continue;
    tsl__problem(parse->problems, node->place,
                 "%s: a control character cannot stand here", parse->shown);
    return false;
  }
  const char *folder = "";
  struct tsl__pool *pool = parse->problems != NULL ? parse->problems->pool : NULL;
  if (parse->row->type == TSL_OPTION_PATH && node->text[0] != '/' &&
      node->text[0] != '\0' && node->place.line > 0 && pool != NULL)
    folder = tsl__folder_of(pool, node->place.file);
  const char *slash = folder[0] != '\0' && strcmp(folder, "/") != 0 ? "/" : "";
  if (strlen(folder) + strlen(slash) + strlen(node->text) >= TSL_TEXT_MAX) {
    tsl__problem(parse->problems, node->place, "%s: longer than %d bytes", parse->shown,
                 TSL_TEXT_MAX - 1);
    return false;
  }
  memset(field, 0, TSL_TEXT_MAX);
  snprintf(field, TSL_TEXT_MAX, "%s%s%s", folder, slash, node->text);
  return true;
}

bool tsl__option_parse(const struct tsl_option *row, const struct tsl__node *node,
                       const char *shown, void *base, struct tsl__problems *problems) {
  const struct parse parse = {row, node, shown, problems};
  void *field = (unsigned char *)base + row->offset;
  int index = 0;
  switch (row->type) {
  case TSL_OPTION_BOOL:
    return parse_bool(&parse, field);
  case TSL_OPTION_INTEGER:
  case TSL_OPTION_REAL:
    return parse_number(&parse, field);
  case TSL_OPTION_CHOICE:
    if (!take_word(&parse, node, &index))
      return refuse(&parse, node);
    memcpy(field, &index, sizeof index);
    return true;
  case TSL_OPTION_SET:
    return parse_set(&parse, field);
  case TSL_OPTION_TEXT:
  case TSL_OPTION_PATH:
    return parse_text(&parse, field);
  }
  return false;
}
