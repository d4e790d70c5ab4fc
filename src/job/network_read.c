/* A network file: parameters put in, entries read by their tables, shapes checked. */
#include "job/job_internal.h"

#include <stdio.h>
#include <string.h>

struct network_reader {
  struct tsl__pool *pool;
  const struct tsl__network_request *request;
  struct tsl__problems *problems;
  const struct tsl__node *declared; /* `parameters:`, NULL when there are none */
};

static const char *const top_keys[] = {"name",    "input",   "parameters",
                                       "encoder", "decoder", "prior"};
enum { TOP_KEYS = sizeof top_keys / sizeof *top_keys };

bool tsl__network_is_inline(const struct tsl__node *map) {
  return tsl__node_get(map, "input") != NULL || tsl__node_get(map, "encoder") != NULL;
}

/* ---- parameters ---- */

/* A scalar `$name` gives what the job sets, else the declared default. */
static const struct tsl__node *put_in(struct network_reader *reader,
                                      const struct tsl__node *node) {
  if (node->kind != TSL__SCALAR || node->quoted || node->text[0] != '$')
    return node;
  const char *name = node->text + 1;
  const struct tsl__node *found = tsl__node_get(reader->declared, name);
  if (found == NULL) {
    size_t count = reader->declared != NULL ? (size_t)reader->declared->count : 0;
    const char **names = tsl__pool_take(reader->pool, (count + 1) * sizeof *names);
    for (size_t i = 0; names != NULL && i < count; i++)
      names[i] = reader->declared->keys[i]->text;
    tsl__problem(
        reader->problems, node->place, "'$%.80s' is not declared under `parameters:`%s",
        name, names == NULL ? "" : tsl__did_you_mean(reader->pool, name, names, count));
    return NULL;
  }
  for (int i = 0; i < reader->request->parameter_count; i++) {
    if (strcmp(reader->request->parameters[i].name, name) == 0)
      return reader->request->parameters[i].value;
  }
  return found;
}

static void check_parameters(struct network_reader *reader) {
  const struct tsl__network_request *request = reader->request;
  const struct tsl__node *declared = reader->declared;
  if (declared != NULL && declared->kind != TSL__MAP) {
    tsl__problem(reader->problems, declared->place,
                 "parameters: a map of `name: default` is expected, not %s",
                 tsl__node_what(declared));
    reader->declared = NULL;
    return;
  }
  if (declared != NULL)
    tsl__keys_unique(reader->problems, declared);
  for (int i = 0; declared != NULL && i < declared->count; i++) {
    if (declared->values[i]->kind != TSL__SCALAR)
      tsl__problem(reader->problems, declared->values[i]->place,
                   "parameters: '%.80s' needs one value, not %s", declared->keys[i]->text,
                   tsl__node_what(declared->values[i]));
  }
  for (int i = 0; i < request->parameter_count; i++) {
    const struct tsl__parameter *set = &request->parameters[i];
    if (tsl__node_get(declared, set->name) != NULL)
      continue;
    size_t count = declared != NULL ? (size_t)declared->count : 0;
    const char **names = tsl__pool_take(reader->pool, (count + 1) * sizeof *names);
    for (size_t k = 0; names != NULL && k < count; k++)
      names[k] = declared->keys[k]->text;
    tsl__problem(
        reader->problems, set->place, "network '%s' has no parameter '%.80s'%s",
        request->name, set->name,
        names == NULL ? "" : tsl__did_you_mean(reader->pool, set->name, names, count));
  }
}

/* ---- shapes as written ---- */

static bool read_shape(struct network_reader *reader, const char *what,
                       const struct tsl__node *node, struct tsl_shape *out) {
  static const struct tsl_option size = {
      .name = "size", .type = TSL_OPTION_INTEGER, .min = 1, .max = 16777216};
  if (node->kind != TSL__LIST || (node->count != 1 && node->count != 3)) {
    tsl__problem(reader->problems, node->place,
                 "%s: a shape is expected, [channels, height, width] or [values]", what);
    return false;
  }
  out->rank = node->count;
  bool right = true;
  for (int i = 0; i < node->count; i++) {
    const struct tsl__node *value = put_in(reader, node->values[i]);
    right = value != NULL &&
            tsl__option_parse(&size, value, what, &out->dims[i], reader->problems) &&
            right;
  }
  return right;
}

/* ---- entries ---- */

static const struct tsl__entry_table *entry_table(const char *name) {
  for (int i = 0; i < TSL__ENTRY_TABLES; i++) {
    if (strcmp(tsl__entry_tables[i].name, name) == 0)
      return &tsl__entry_tables[i];
  }
  return NULL;
}

static void unknown_option(struct network_reader *reader,
                           const struct tsl__entry_table *table,
                           const struct tsl__node *key) {
  const char *names[16];
  size_t count = 0;
  for (size_t i = 0; i < table->table.count && count < 16; i++)
    names[count++] = table->table.rows[i].name;
  tsl__problem(reader->problems, key->place, "%s has no option '%.80s'%s", table->name,
               key->text, tsl__did_you_mean(reader->pool, key->text, names, count));
}

static bool read_option(struct network_reader *reader, const struct tsl_option *row,
                        const char *entry, const struct tsl__node *node,
                        struct tsl_network_entry *out) {
  char shown[64];
  snprintf(shown, sizeof shown, "%s: %s", entry, row->name);
  const struct tsl__node *value = put_in(reader, node);
  return value != NULL && tsl__option_parse(row, value, shown, out, reader->problems);
}

static bool read_options(struct network_reader *reader,
                         const struct tsl__entry_table *table,
                         const struct tsl__node *node, struct tsl_network_entry *out) {
  tsl__option_defaults(table->table, out);
  if (node->kind == TSL__SCALAR && node->text[0] != '\0')
    return read_option(reader, &table->table.rows[0], table->name, node, out);
  if (node->kind != TSL__MAP) {
    tsl__problem(reader->problems, node->place, "%s: a map {%s: ...} is expected, not %s",
                 table->name, table->table.rows[0].name,
                 node->kind == TSL__LIST ? "a list" : "nothing");
    return false;
  }
  bool right = tsl__keys_unique(reader->problems, node);
  for (int i = 0; i < node->count; i++) {
    const struct tsl_option *row = tsl__table_find(table->table, node->keys[i]->text);
    if (row == NULL)
      unknown_option(reader, table, node->keys[i]);
    right = row != NULL && read_option(reader, row, table->name, node->values[i], out) &&
            right;
  }
  for (size_t i = 0; i < table->table.count; i++) {
    const struct tsl_option *row = &table->table.rows[i];
    if (row->initial != NULL || tsl__node_get(node, row->name) != NULL)
      continue;
    tsl__problem(reader->problems, node->place, "%s needs '%s'", table->name, row->name);
    right = false;
  }
  return right;
}

static bool read_entry(struct network_reader *reader, const char *list,
                       const struct tsl__node *node, struct tsl_network_entry *out) {
  if (node->kind != TSL__MAP || node->count != 1) {
    tsl__problem(reader->problems, node->place,
                 "%s: an entry is one `kind: {options}`, such as dense: {units: 256}",
                 list);
    return false;
  }
  const struct tsl__entry_table *table = entry_table(node->keys[0]->text);
  if (table == NULL) {
    const char *names[TSL__ENTRY_TABLES];
    for (int i = 0; i < TSL__ENTRY_TABLES; i++)
      names[i] = tsl__entry_tables[i].name;
    tsl__problem(
        reader->problems, node->keys[0]->place, "%s: unknown entry '%.80s'%s", list,
        node->keys[0]->text,
        tsl__did_you_mean(reader->pool, node->keys[0]->text, names, TSL__ENTRY_TABLES));
    return false;
  }
  out->kind = table->kind;
  out->line = node->keys[0]->place.line;
  if (table->kind == TSL_ENTRY_RESHAPE)
    return read_shape(reader, "reshape", node->values[0], &out->shape);
  if (!read_options(reader, table, node->values[0], out))
    return false;
  if (table->kind == TSL_ENTRY_MAXPOOL && out->stride == 0)
    out->stride = out->kernel; /* the word `kernel` */
  return true;
}

/* Places of the entries, for the shapes; NULL after a problem. */
static struct tsl__place *read_list(struct network_reader *reader, const char *name,
                                    const struct tsl__node *node,
                                    struct tsl_network_list *out) {
  if (node->kind != TSL__LIST || node->count == 0) {
    tsl__problem(reader->problems, node->place,
                 "%s: a list of entries is expected, not %s", name,
                 node->kind == TSL__LIST ? "an empty list" : tsl__node_what(node));
    return NULL;
  }
  if (node->count > TSL_NETWORK_ENTRIES_MAX) {
    tsl__problem(reader->problems, node->place, "%s: %d entries; at most %d are possible",
                 name, node->count, TSL_NETWORK_ENTRIES_MAX);
    return NULL;
  }
  struct tsl__place *places =
      tsl__pool_take(reader->pool, (size_t)node->count * sizeof *places);
  bool right = places != NULL;
  for (int i = 0; i < node->count && places != NULL; i++) {
    right = read_entry(reader, name, node->values[i], &out->entries[i]) && right;
    places[i] = node->values[i]->place;
  }
  out->count = node->count;
  return right ? places : NULL;
}

static bool check_top(struct network_reader *reader) {
  const struct tsl__node *root = reader->request->root;
  bool right = tsl__keys_unique(reader->problems, root);
  for (int i = 0; i < root->count; i++) {
    bool known = false;
    for (int k = 0; k < TOP_KEYS; k++)
      known = known || strcmp(top_keys[k], root->keys[i]->text) == 0;
    if (!known)
      tsl__problem(
          reader->problems, root->keys[i]->place, "unknown key '%.80s'%s",
          root->keys[i]->text,
          tsl__did_you_mean(reader->pool, root->keys[i]->text, top_keys, TOP_KEYS));
    right = right && known;
  }
  return right;
}

static void decoder_output(struct network_reader *reader, const struct tsl_network *out,
                           struct tsl__place place) {
  const struct tsl_network_list *list = &out->decoder;
  const struct tsl_shape *given = &list->entries[list->count - 1].output;
  if (reader->request->reconstruction == TSL_RECONSTRUCTION_GAUSSIAN)
    return; /* two dense heads bring it to the input's shape */
  bool same = given->rank == out->input.rank;
  for (int i = 0; same && i < given->rank; i++)
    same = given->dims[i] == out->input.dims[i];
  if (same)
    return;
  struct tsl_text text;
  tsl_text_init(&text);
  tsl_text_format(&text, "decoder.%d: the decoder gives ", list->count - 1);
  tsl__shape_add(given, &text);
  tsl_text_add(&text, ", but the input is ");
  tsl__shape_add(&out->input, &text);
  tsl_text_add(&text, "; change this entry, or set reconstruction: gaussian, whose two "
                      "heads give the input's shape");
  tsl__problem(reader->problems, place, "%s", text.bytes != NULL ? text.bytes : "shapes");
  tsl_text_release(&text);
}

static bool read_lists(struct network_reader *reader, struct tsl_network *out) {
  const struct tsl__network_request *request = reader->request;
  const struct tsl__node *encoder = tsl__node_get(request->root, "encoder");
  const struct tsl__node *decoder = tsl__node_get(request->root, "decoder");
  const struct tsl__node *prior = tsl__node_get(request->root, "prior");
  const struct tsl__place *places = NULL;
  bool encoded =
      encoder != NULL &&
      (places = read_list(reader, "encoder", encoder, &out->encoder)) != NULL &&
      tsl__network_shapes(&out->encoder, "encoder", &out->input, places,
                          reader->problems);
  struct tsl_shape code = {.rank = 1, .dims = {request->latent}};
  if (request->code_from_encoder && encoded)
    code = out->encoder.entries[out->encoder.count - 1].output;
  if (decoder != NULL &&
      (places = read_list(reader, "decoder", decoder, &out->decoder)) != NULL &&
      tsl__network_shapes(&out->decoder, "decoder", &code, places, reader->problems))
    decoder_output(reader, out, places[out->decoder.count - 1]);
  const struct tsl_shape w = {.rank = 1, .dims = {request->prior_input}};
  if (prior != NULL && (places = read_list(reader, "prior", prior, &out->prior)) != NULL)
    tsl__network_shapes(&out->prior, "prior", &w, places, reader->problems);
  return encoded;
}

struct tsl_network *tsl__network_read(struct tsl__pool *pool,
                                      const struct tsl__network_request *request,
                                      struct tsl__problems *problems) {
  struct network_reader reader = {.pool = pool, .request = request, .problems = problems};
  struct tsl_network *out = tsl__pool_take(pool, sizeof *out);
  if (out == NULL)
    return NULL;
  int before = problems->told;
  reader.declared = tsl__node_get(request->root, "parameters");
  check_parameters(&reader);
  check_top(&reader);
  snprintf(out->name, sizeof out->name, "%s", request->name);
  snprintf(out->file, sizeof out->file, "%s", request->file);
  const struct tsl__node *input = tsl__node_get(request->root, "input");
  struct tsl__place place = request->root->place;
  if (input == NULL)
    tsl__problem(problems, place,
                 "missing key 'input': [channels, height, width] or "
                 "[values]");
  if (tsl__node_get(request->root, "encoder") == NULL)
    tsl__problem(problems, place, "missing key 'encoder': a list of entries");
  if (tsl__node_get(request->root, "decoder") == NULL && !request->without_decoder)
    tsl__problem(problems, place, "missing key 'decoder': a list of entries");
  if (input != NULL && read_shape(&reader, "input", input, &out->input))
    read_lists(&reader, out);
  return problems->told == before ? out : NULL;
}
