#include "store/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEPTH_MOST = 32, PATH_MOST = 1024, TEXT_MOST = 8192 };

struct parser {
  const char *next, *end;
  tsl__json_visitor *visitor;
  void *context;
  int depth;
  char path[PATH_MOST];
  char text[TEXT_MOST]; /* longer strings are cut */
};

static void skip_space(struct parser *parser) {
  while (parser->next < parser->end && strchr(" \t\r\n", *parser->next) != NULL &&
         *parser->next != '\0')
    parser->next++;
}

static bool take(struct parser *parser, char wanted) {
  skip_space(parser);
  if (parser->next == parser->end || *parser->next != wanted)
    return false;
  parser->next++;
  return true;
}

static void put(struct parser *parser, size_t *used, unsigned value) {
  if (*used + 1 < TEXT_MOST)
    parser->text[(*used)++] = (char)(unsigned char)value;
}

static void put_utf8(struct parser *parser, size_t *used, unsigned code) {
  if (code < 0x80) {
    put(parser, used, code);
  } else if (code < 0x800) {
    put(parser, used, 0xc0 | code >> 6);
    put(parser, used, 0x80 | (code & 0x3f));
  } else {
    put(parser, used, 0xe0 | code >> 12);
    put(parser, used, 0x80 | (code >> 6 & 0x3f));
    put(parser, used, 0x80 | (code & 0x3f));
  }
}

/* After the backslash. */
static bool take_escape(struct parser *parser, size_t *used) {
  static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
  if (parser->next == parser->end)
    return false;
  char letter = *parser->next++;
  if (letter == 'u') {
    char digits[5] = {0};
    if (parser->end - parser->next < 4)
      return false;
    memcpy(digits, parser->next, 4);
    if (strspn(digits, "0123456789abcdefABCDEF") != 4)
      return false;
    parser->next += 4;
    put_utf8(parser, used, (unsigned)strtoul(digits, NULL, 16));
    return true;
  }
  const char *found = letter != '\0' ? strchr(from, letter) : NULL;
  if (found == NULL)
    return false;
  put(parser, used, (unsigned char)to[found - from]);
  return true;
}

/* A string into parser->text, the opening quote not yet taken. */
static bool take_string(struct parser *parser) {
  size_t used = 0;
  if (!take(parser, '"'))
    return false;
  while (parser->next < parser->end) {
    unsigned char letter = (unsigned char)*parser->next++;
    if (letter == '"') {
      parser->text[used] = '\0';
      return true;
    }
    if (letter < 0x20)
      return false;
    if (letter != '\\')
      put(parser, &used, letter);
    else if (!take_escape(parser, &used))
      return false;
  }
  return false;
}

static bool take_word(struct parser *parser) {
  size_t used = 0;
  while (parser->next < parser->end && *parser->next != '\0' &&
         strchr("+-.0123456789eEtrufalsn", *parser->next) != NULL)
    put(parser, &used, (unsigned char)*parser->next++);
  parser->text[used] = '\0';
  if (strcmp(parser->text, "null") == 0) {
    parser->text[0] = '\0';
    return true;
  }
  if (strcmp(parser->text, "true") == 0 || strcmp(parser->text, "false") == 0)
    return true;
  char *end = NULL;
  strtod(parser->text, &end);
  return used > 0 && *end == '\0';
}

static bool take_value(struct parser *parser);

/* The members of an object (keyed) or an array, the opening bracket taken already. */
static bool take_members(struct parser *parser, bool keyed) {
  char close = keyed ? '}' : ']';
  size_t above = strlen(parser->path);
  if (take(parser, close))
    return true;
  for (int index = 0;; index++) {
    char name[TEXT_MOST];
    snprintf(name, sizeof name, "%d", index);
    if (keyed) {
      if (!take_string(parser) || !take(parser, ':'))
        return false;
      memcpy(name, parser->text, sizeof name);
    }
    int length = snprintf(parser->path + above, PATH_MOST - above, "%s%s",
                          above > 0 ? "/" : "", name);
    if (length < 0 || (size_t)length >= PATH_MOST - above || !take_value(parser))
      return false;
    parser->path[above] = '\0';
    if (take(parser, close))
      return true;
    if (!take(parser, ','))
      return false;
  }
}

static bool take_value(struct parser *parser) {
  skip_space(parser);
  if (parser->next == parser->end || parser->depth == DEPTH_MOST)
    return false;
  bool whole;
  char first = *parser->next;
  if (first == '{' || first == '[') {
    parser->next++;
    parser->depth++;
    whole = take_members(parser, first == '{');
    parser->depth--;
    return whole;
  }
  whole = first == '"' ? take_string(parser) : take_word(parser);
  if (whole)
    parser->visitor(parser->context, parser->path, parser->text, first == '"');
  return whole;
}

bool tsl__json_visit(const char *bytes, size_t count, tsl__json_visitor *visitor,
                     void *context) {
  struct parser *parser = calloc(1, sizeof *parser);
  if (parser == NULL)
    return false;
  parser->next = bytes;
  parser->end = bytes + count;
  parser->visitor = visitor;
  parser->context = context;
  bool whole = take_value(parser);
  skip_space(parser);
  whole = whole && parser->next == parser->end;
  free(parser);
  return whole;
}
