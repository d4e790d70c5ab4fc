/* yaml_tree.h - a YAML document as a tree whose every node knows its place. libyaml is
 * used behind this header alone. */
#ifndef TEASEL_JOB_YAML_TREE_H
#define TEASEL_JOB_YAML_TREE_H

#include "job/problems.h"

#include "teasel/text.h"

#include <stdbool.h>
#include <stddef.h>

enum tsl__node_kind { TSL__SCALAR, TSL__LIST, TSL__MAP };

struct tsl__node {
  enum tsl__node_kind kind;
  struct tsl__place place;
  const char *text;          /* scalar: its value; no NUL inside */
  bool quoted;               /* scalar in quotes or a text block: never a number */
  int count;                 /* list: elements; map: pairs */
  struct tsl__node **keys;   /* map: scalars, (count) */
  struct tsl__node **values; /* list and map: (count) */
  size_t weight; /* nodes below and with this one, aliases counted each time */
};

enum {
  TSL__YAML_BYTES_MAX = 1 << 20,
  TSL__YAML_DEPTH_MAX = 32,
  TSL__YAML_NODES_MAX = 100000
};

/* Local. The root of the only document, or NULL with the reason in problems. An empty
 * document is a problem, too. file: kept, must live as long as the pool. */
struct tsl__node *tsl__yaml_read(struct tsl__pool *pool, const char *file,
                                 const char *bytes, size_t count,
                                 struct tsl__problems *problems);
/* Local. A `--set` value: every node's place is `place`. */
struct tsl__node *tsl__yaml_read_value(struct tsl__pool *pool, const char *text,
                                       struct tsl__place place,
                                       struct tsl__problems *problems);
/* Local. Value of a key; NULL when the node is no map or has no such key. */
struct tsl__node *tsl__node_get(const struct tsl__node *map, const char *key);
/* Local. "a list", "a map", "text" ...: for messages. */
const char *tsl__node_what(const struct tsl__node *node);
/* Local. A scalar as YAML: plain where that is safe, else in double quotes. */
void tsl__yaml_print_text(struct tsl_text *out, const char *string);
/* Local. Node in flow style, on one line. */
void tsl__yaml_print_flow(struct tsl_text *out, const struct tsl__node *node);

#endif
