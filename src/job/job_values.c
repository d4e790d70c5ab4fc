/* Values of one key: each judged once, each with its label; a list is an axis. */
#include "job/job_internal.h"

#include <stdlib.h>
#include <string.h>

/* Room for any options struct, to judge a value without keeping it. */
struct scratch {
  _Alignas(16) unsigned char bytes[2 * TSL_READER_OPTIONS_MAX];
};
_Static_assert(sizeof(struct tsl_job_options) <= sizeof(struct scratch), "scratch");
_Static_assert(sizeof(struct tsl_run_options) <= sizeof(struct scratch), "scratch");

static const char *keep(struct tsl__pool *pool, struct tsl_text *text) {
  const char *copy =
      text->failed
          ? NULL
          : tsl__pool_copy(pool, text->bytes != NULL ? text->bytes : "", text->length);
  tsl_text_release(text);
  return copy != NULL ? copy : "";
}

/* A row's value: right or a problem; its label. */
static bool judge_option(struct tsl__job_reader *reader,
                         const struct tsl__assignment *assignment,
                         const struct tsl__node *node, const char **label) {
  struct scratch scratch;
  if (!tsl__option_parse(assignment->row, node, assignment->key, scratch.bytes,
                         &reader->problems))
    return false;
  struct tsl_text text;
  tsl_text_init(&text);
  tsl__option_print_bare(assignment->row, scratch.bytes, &text);
  *label = keep(reader->pool, &text);
  return true;
}

/* A network parameter has no type until the network file uses it; numbers are put in
 * their shortest form. */
static bool judge_parameter(struct tsl__job_reader *reader,
                            const struct tsl__assignment *assignment,
                            const struct tsl__node *node, const char **label) {
  if (node->kind != TSL__SCALAR || node->text[0] == '\0') {
    tsl__problem(&reader->problems, node->place, "%s: one value is expected, not %s",
                 assignment->key,
                 node->kind == TSL__SCALAR ? "nothing" : tsl__node_what(node));
    return false;
  }
  static const struct tsl_option number = {.name = "", .type = TSL_OPTION_REAL};
  struct tsl__problems ignored = {.pool = reader->pool};
  double value = 0;
  struct tsl_text text;
  tsl_text_init(&text);
  if (tsl__option_parse(&number, node, "", &value, &ignored))
    tsl_text_add_number(&text, value);
  else
    tsl_text_add(&text, node->text);
  *label = keep(reader->pool, &text);
  return true;
}

static bool judge_network(struct tsl__job_reader *reader, const struct tsl__node *node,
                          const char **label) {
  const struct tsl__node *name =
      node->kind == TSL__MAP ? tsl__node_get(node, "name") : node;
  if (node->kind == TSL__LIST || (name != NULL && name->kind != TSL__SCALAR)) {
    tsl__problem(&reader->problems, node->place,
                 "network: a name, a path or a network is expected, not %s",
                 tsl__node_what(node));
    return false;
  }
  if (node->kind == TSL__MAP)
    *label = name != NULL ? name->text : "inline";
  else
    *label = strchr(node->text, '/') != NULL ? tsl__stem_of(reader->pool, node->text)
                                             : node->text;
  return true;
}

static bool judge(struct tsl__job_reader *reader,
                  const struct tsl__assignment *assignment, struct tsl__node *node,
                  const char **label) {
  switch (assignment->target) {
  case TSL__TARGET_RUN:
  case TSL__TARGET_FAMILY:
  case TSL__TARGET_JOB:
    return judge_option(reader, assignment, node, label);
  case TSL__TARGET_PARAMETER:
    return judge_parameter(reader, assignment, node, label);
  case TSL__TARGET_NETWORK:
    return judge_network(reader, node, label);
  case TSL__TARGET_MODEL: /* judged where the block is read */
    *label = node->kind == TSL__SCALAR ? node->text : "";
    return true;
  default: /* name, dataset, families: judged where they are used */
    *label = "";
    return true;
  }
}

struct entry {
  const char *label;
  int index;
};

static int by_label(const void *a, const void *b) {
  const struct entry *left = a, *right = b;
  int difference = strcmp(left->label, right->label);
  return difference != 0 ? difference : left->index - right->index;
}

/* A value listed twice would make a run twice. */
static void find_repeated(struct tsl__job_reader *reader,
                          struct tsl__assignment *assignment) {
  size_t count = (size_t)assignment->count;
  struct entry *order = count < 2 ? NULL : calloc(count, sizeof *order);
  if (order == NULL)
    return;
  bool by_text = assignment->target == TSL__TARGET_NETWORK;
  for (int i = 0; i < assignment->count; i++) {
    const struct tsl__node *node = assignment->values[i];
    order[i].label =
        by_text && node->kind == TSL__SCALAR ? node->text : assignment->labels[i];
    order[i].index = i;
  }
  qsort(order, count, sizeof *order, by_label);
  for (size_t i = 1; i < count; i++) {
    if (strcmp(order[i].label, order[i - 1].label) != 0)
      continue;
    const struct tsl__node *again = assignment->values[order[i].index];
    const struct tsl__node *first = assignment->values[order[i - 1].index];
    tsl__problem(&reader->problems, again->place,
                 "%s: %.80s is listed twice (first at %s), which makes duplicate runs",
                 assignment->key, order[i].label,
                 tsl__place_text(reader->pool, first->place));
    assignment->usable = false;
  }
  free(order);
}

static bool may_be_axis(const struct tsl__assignment *assignment) {
  switch (assignment->target) {
  case TSL__TARGET_RUN:
  case TSL__TARGET_FAMILY:
    return assignment->row->type != TSL_OPTION_SET;
  case TSL__TARGET_NETWORK:
  case TSL__TARGET_PARAMETER:
  case TSL__TARGET_MODEL:
    return true;
  default:
    return false;
  }
}

void tsl__values_take(struct tsl__job_reader *reader, struct tsl__assignment *assignment,
                      struct tsl__node *value) {
  assignment->list = value->kind == TSL__LIST && may_be_axis(assignment);
  assignment->usable = true;
  if (assignment->list) {
    assignment->values = value->values;
    assignment->count = value->count;
  } else {
    assignment->values = tsl__pool_take(reader->pool, sizeof(void *));
    assignment->count = assignment->values != NULL ? 1 : 0;
    if (assignment->values != NULL)
      assignment->values[0] = value;
  }
  if (assignment->list && value->count == 0) {
    tsl__problem(&reader->problems, value->place,
                 "%s: the list is empty; leave the key out or give a value",
                 assignment->key);
    assignment->usable = false;
    return;
  }
  assignment->labels = tsl__pool_take(reader->pool, (size_t)assignment->count *
                                                        sizeof *assignment->labels);
  if (assignment->labels == NULL) {
    assignment->usable = false;
    return;
  }
  for (int i = 0; i < assignment->count; i++) {
    if (!judge(reader, assignment, assignment->values[i], &assignment->labels[i]))
      assignment->usable = false;
  }
  if (assignment->usable && assignment->list)
    find_repeated(reader, assignment);
}
