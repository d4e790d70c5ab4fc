#include "job/yaml_tree.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <yaml.h>

struct anchor {
  const char *name;
  struct tsl__node *node;
};

struct reader {
  struct tsl__pool *pool;
  struct tsl__problems *problems;
  const char *file;
  const struct tsl__place *fixed; /* NULL: places come from the marks */
  yaml_parser_t parser;
  struct anchor *anchors;
  int anchor_count, anchor_capacity;
  size_t nodes;
};

static struct tsl__place place_at(const struct reader *reader, yaml_mark_t mark) {
  if (reader->fixed != NULL)
    return *reader->fixed;
  struct tsl__place place = {reader->file, (int)mark.line + 1, (int)mark.column + 1};
  return place;
}

/* Takes the next event; on a syntax error says so, with a remedy where one is known. */
static bool next(struct reader *reader, yaml_event_t *event) {
  if (yaml_parser_parse(&reader->parser, event))
    return true;
  const yaml_parser_t *parser = &reader->parser;
  struct tsl__place place = place_at(reader, parser->problem_mark);
  const char *problem = parser->problem != NULL ? parser->problem : "it cannot be read";
  const unsigned char *at = parser->buffer.pointer;
  if (parser->error == YAML_SCANNER_ERROR && at != NULL && at < parser->buffer.last &&
      *at == '\t')
    tsl__problem(reader->problems, place,
                 "not YAML: a tab cannot be used here; indent with spaces");
  else
    tsl__problem(reader->problems, place, "not YAML: %s%s%s", problem,
                 parser->context != NULL ? " " : "",
                 parser->context != NULL ? parser->context : "");
  return false;
}

static struct tsl__node *new_node(struct reader *reader, enum tsl__node_kind kind,
                                  yaml_mark_t mark) {
  struct tsl__node *node = tsl__pool_take(reader->pool, sizeof *node);
  if (node == NULL)
    return NULL;
  node->kind = kind;
  node->place = place_at(reader, mark);
  node->weight = 1;
  if (++reader->nodes > TSL__YAML_NODES_MAX) {
    tsl__problem(reader->problems, node->place,
                 "more than %d values, aliases counted; that is no job file",
                 TSL__YAML_NODES_MAX);
    return NULL;
  }
  return node;
}

static void keep_anchor(struct reader *reader, const yaml_char_t *name,
                        struct tsl__node *node) {
  if (name == NULL || node == NULL ||
      !tsl__pool_grow(reader->pool, &reader->anchors, reader->anchor_count,
                      &reader->anchor_capacity, sizeof *reader->anchors))
    return;
  const char *copy =
      tsl__pool_copy(reader->pool, (const char *)name, strlen((const char *)name));
  struct anchor anchor = {copy, node};
  if (copy != NULL)
    reader->anchors[reader->anchor_count++] = anchor;
}

static struct tsl__node *scalar(struct reader *reader, const yaml_event_t *event) {
  struct tsl__node *node = new_node(reader, TSL__SCALAR, event->start_mark);
  if (node == NULL)
    return NULL;
  const char *value = (const char *)event->data.scalar.value;
  if (memchr(value, '\0', event->data.scalar.length) != NULL) {
    tsl__problem(reader->problems, node->place, "a text cannot hold a NUL character");
    return NULL;
  }
  node->text = tsl__pool_copy(reader->pool, value, event->data.scalar.length);
  node->quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
  return node->text != NULL ? node : NULL;
}

/* An alias is its anchor's node at the alias's place. An anchor is known only after its
 * node is complete, so no tree holds itself. */
static struct tsl__node *alias(struct reader *reader, const yaml_event_t *event) {
  const char *name = (const char *)event->data.alias.anchor;
  for (int i = reader->anchor_count - 1; i >= 0; i--) {
    if (strcmp(reader->anchors[i].name, name) != 0)
      continue;
    struct tsl__node *node = new_node(reader, TSL__SCALAR, event->start_mark);
    if (node == NULL)
      return NULL;
    struct tsl__place place = node->place;
    *node = *reader->anchors[i].node;
    node->place = place;
    reader->nodes += node->weight;
    return node;
  }
  tsl__problem(reader->problems, place_at(reader, event->start_mark),
               "unknown anchor '%s'; write &%s before it is used as *%s", name, name,
               name);
  return NULL;
}

/* Tags of YAML's core schema say what the values are anyway; others ask for things that
 * are not done here, and are not to be taken for done. */
static bool check_tag(struct reader *reader, const yaml_char_t *tag,
                      const struct tsl__node *node) {
  static const char core[] = "tag:yaml.org,2002:";
  static const char *const words[] = {"map",   "seq",  "str", "int",
                                      "float", "bool", "null"};
  const char *text = (const char *)tag;
  if (text == NULL)
    return true;
  const bool is_core = strncmp(text, core, sizeof core - 1) == 0;
  for (size_t i = 0; is_core && i < sizeof words / sizeof *words; i++) {
    const enum tsl__node_kind kind = i == 0 ? TSL__MAP : i == 1 ? TSL__LIST : TSL__SCALAR;
    if (kind == node->kind && strcmp(text + sizeof core - 1, words[i]) == 0)
      return true;
  }
  tsl__problem(reader->problems, node->place,
               "the tag %s%s means nothing here; leave it out", is_core ? "!!" : "",
               is_core ? text + sizeof core - 1 : text);
  return false;
}

static struct tsl__node *build(struct reader *reader, yaml_event_t *event, int depth);

static bool add_value(struct reader *reader, struct tsl__node *parent,
                      struct tsl__node *key, struct tsl__node *value, int *capacity) {
  int same = *capacity;
  if (parent->kind == TSL__MAP &&
      !tsl__pool_grow(reader->pool, &parent->keys, parent->count, &same, sizeof(void *)))
    return false;
  if (!tsl__pool_grow(reader->pool, &parent->values, parent->count, capacity,
                      sizeof(void *)))
    return false;
  if (parent->kind == TSL__MAP)
    parent->keys[parent->count] = key;
  parent->values[parent->count++] = value;
  parent->weight += value->weight + (key != NULL ? 1 : 0);
  return true;
}

/* The pairs or elements up to the end event. */
static bool fill(struct reader *reader, struct tsl__node *parent, int depth) {
  int capacity = 0;
  struct tsl__node *key = NULL;
  for (;;) {
    yaml_event_t event;
    if (!next(reader, &event))
      return false;
    if (event.type == YAML_SEQUENCE_END_EVENT || event.type == YAML_MAPPING_END_EVENT) {
      yaml_event_delete(&event);
      return true;
    }
    struct tsl__node *node = build(reader, &event, depth + 1);
    yaml_event_delete(&event);
    if (node == NULL)
      return false;
    if (parent->kind == TSL__MAP && key == NULL) {
      if (node->kind != TSL__SCALAR) {
        tsl__problem(reader->problems, node->place, "a key must be one word, not %s",
                     tsl__node_what(node));
        return false;
      }
      key = node;
      continue;
    }
    if (!add_value(reader, parent, key, node, &capacity))
      return false;
    key = NULL;
  }
}

/* The node that begins with the event; NULL after a problem. */
static struct tsl__node *build(struct reader *reader, yaml_event_t *event, int depth) {
  if (depth > TSL__YAML_DEPTH_MAX) {
    tsl__problem(reader->problems, place_at(reader, event->start_mark),
                 "nested deeper than %d levels", TSL__YAML_DEPTH_MAX);
    return NULL;
  }
  struct tsl__node *node;
  const yaml_char_t *anchor = NULL, *tag = NULL;
  switch (event->type) {
  case YAML_ALIAS_EVENT:
    return alias(reader, event);
  case YAML_SCALAR_EVENT:
    anchor = event->data.scalar.anchor;
    tag = event->data.scalar.tag;
    node = scalar(reader, event);
    break;
  case YAML_SEQUENCE_START_EVENT:
    anchor = event->data.sequence_start.anchor;
    tag = event->data.sequence_start.tag;
    node = new_node(reader, TSL__LIST, event->start_mark);
    break;
  case YAML_MAPPING_START_EVENT:
    anchor = event->data.mapping_start.anchor;
    tag = event->data.mapping_start.tag;
    node = new_node(reader, TSL__MAP, event->start_mark);
    break;
  default:
    return NULL;
  }
  if (node == NULL || !check_tag(reader, tag, node) ||
      (node->kind != TSL__SCALAR && !fill(reader, node, depth)))
    return NULL;
  keep_anchor(reader, anchor, node);
  return node;
}

/* The stream: one document and nothing after it. */
static struct tsl__node *stream(struct reader *reader) {
  struct tsl__node *root = NULL;
  for (;;) {
    yaml_event_t event;
    if (!next(reader, &event))
      return NULL;
    yaml_event_type_t type = event.type;
    struct tsl__node *node = NULL;
    bool content = type == YAML_SCALAR_EVENT || type == YAML_SEQUENCE_START_EVENT ||
                   type == YAML_MAPPING_START_EVENT || type == YAML_ALIAS_EVENT;
    bool second = root != NULL && type == YAML_DOCUMENT_START_EVENT;
    if (second)
      tsl__problem(reader->problems, place_at(reader, event.start_mark),
                   "a second document begins here; a file holds one");
    else if (content)
      node = build(reader, &event, 0);
    yaml_event_delete(&event);
    if (second || (content && node == NULL))
      return NULL;
    if (node != NULL)
      root = node;
    if (type == YAML_STREAM_END_EVENT)
      return root;
  }
}

static struct tsl__node *read_bytes(struct tsl__pool *pool, const char *file,
                                    const struct tsl__place *fixed, const char *bytes,
                                    size_t count, struct tsl__problems *problems) {
  struct reader reader = {
      .pool = pool, .problems = problems, .file = file, .fixed = fixed};
  if (!yaml_parser_initialize(&reader.parser)) {
    pool->failed = true;
    return NULL;
  }
  yaml_parser_set_encoding(&reader.parser, YAML_UTF8_ENCODING);
  yaml_parser_set_input_string(&reader.parser, (const unsigned char *)bytes, count);
  int before = problems->count;
  struct tsl__node *root = stream(&reader);
  yaml_parser_delete(&reader.parser);
  if (root == NULL && problems->count == before) {
    struct tsl__place place = {file, 1, 1};
    tsl__problem(problems, fixed != NULL ? *fixed : place, "it is empty");
  }
  return root;
}

/* ---- characters ---- */

/* Bytes of the UTF-8 character at s and its code point; 0 when it is none. */
static size_t decode(const unsigned char *s, size_t left, uint32_t *code) {
  static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
  size_t length = s[0] < 0x80             ? 1
                  : (s[0] & 0xe0) == 0xc0 ? 2
                  : (s[0] & 0xf0) == 0xe0 ? 3
                  : (s[0] & 0xf8) == 0xf0 ? 4
                                          : 0;
  if (length == 0 || length > left)
    return 0;
  *code = length == 1 ? s[0] : s[0] & (0xffu >> (length + 1));
  for (size_t i = 1; i < length; i++) {
    if ((s[i] & 0xc0) != 0x80)
      return 0;
    *code = *code << 6 | (s[i] & 0x3fu);
  }
  bool bad = *code < least[length] || *code > 0x10ffff ||
             (*code >= 0xd800 && *code <= 0xdfff) || *code == 0xfffe || *code == 0xffff;
  return bad ? 0 : length;
}

/* What YAML 1.2 calls printable, section 5.1. */
static bool printable(uint32_t code) {
  return code == '\t' || code == '\n' || code == '\r' || (code >= 0x20 && code < 0x7f) ||
         code == 0x85 || code >= 0xa0;
}

/* Bytes of the UTF-8 byte order mark that some editors put first; 0 when there is none.
 * It is no character of the text: columns count from the one after it. */
static size_t byte_order_mark(const char *bytes, size_t count) {
  return count >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
}

static bool check_characters(const char *file, const char *bytes, size_t count,
                             struct tsl__problems *problems) {
  const unsigned char *s = (const unsigned char *)bytes;
  struct tsl__place place = {file, 1, 1};
  size_t i = 0;
  while (i < count) {
    uint32_t code = 0;
    size_t length = decode(s + i, count - i, &code);
    if (length == 0) {
      tsl__problem(problems, place, "byte 0x%02x is not UTF-8; save the file as UTF-8",
                   s[i]);
      return false;
    }
    if (!printable(code) || code == 0xfeff) {
      tsl__problem(problems, place, "%s (U+%04X) cannot stand in a YAML file; remove it",
                   code == 0 ? "a NUL byte" : "a control character", (unsigned)code);
      return false;
    }
    i += length;
    place.column++;
    if (code == '\n') {
      place.line++;
      place.column = 1;
    }
  }
  return true;
}

struct tsl__node *tsl__yaml_read(struct tsl__pool *pool, const char *file,
                                 const char *bytes, size_t count,
                                 struct tsl__problems *problems) {
  if (count > TSL__YAML_BYTES_MAX) {
    struct tsl__place place = {file, 1, 1};
    tsl__problem(problems, place, "%zu bytes; a file of this kind has at most %d", count,
                 TSL__YAML_BYTES_MAX);
    return NULL;
  }
  size_t mark = byte_order_mark(bytes, count);
  if (!check_characters(file, bytes + mark, count - mark, problems))
    return NULL;
  return read_bytes(pool, file, NULL, bytes + mark, count - mark, problems);
}

struct tsl__node *tsl__yaml_read_value(struct tsl__pool *pool, const char *text,
                                       struct tsl__place place,
                                       struct tsl__problems *problems) {
  size_t count = strlen(text);
  if (count == 0) /* as "" in a file: some options can be empty */
    return read_bytes(pool, place.file, &place, "\"\"", 2, problems);
  if (count > TSL__YAML_BYTES_MAX || !check_characters(place.file, text, count, problems))
    return NULL;
  return read_bytes(pool, place.file, &place, text, count, problems);
}
