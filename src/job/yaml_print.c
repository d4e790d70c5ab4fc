/* What a tree is asked for, and its way back to YAML. */
#include "job/yaml_tree.h"

#include <ctype.h>
#include <string.h>

struct tsl__node *tsl__node_get(const struct tsl__node *map, const char *key) {
  if (map == NULL || map->kind != TSL__MAP)
    return NULL;
  for (int i = 0; i < map->count; i++) {
    if (strcmp(map->keys[i]->text, key) == 0)
      return map->values[i];
  }
  return NULL;
}

const char *tsl__node_what(const struct tsl__node *node) {
  if (node->kind == TSL__LIST)
    return "a list";
  if (node->kind == TSL__MAP)
    return "a map";
  return node->quoted ? "text in quotes" : "text";
}

/* Plain scalars that no reader takes for something else. */
static bool plain(const char *string) {
  if (!isalnum((unsigned char)string[0]) && strchr("./_-$", string[0]) == NULL)
    return false;
  if (string[0] == '\0' || strcmp(string, "-") == 0 || string[strlen(string) - 1] == ' ')
    return false;
  for (const char *c = string; *c != '\0'; c++) {
    if (!isalnum((unsigned char)*c) && strchr("./_-+$", *c) == NULL)
      return false;
  }
  return true;
}

/* A text that a reader would take for a number, a truth value or nothing. */
static bool looks_like_value(const char *string) {
  static const char *const words[] = {"true", "false", "null", "yes", "no",
                                      "on",   "off",   "y",    "n"};
  for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
    if (strcasecmp(string, words[i]) == 0)
      return true;
  }
  return isdigit((unsigned char)string[0]) || strchr("+-.", string[0]) != NULL;
}

void tsl__yaml_print_text(struct tsl_text *out, const char *string) {
  if (plain(string) && (!looks_like_value(string) || strchr(string, '/') != NULL))
    tsl_text_add(out, string);
  else
    tsl_text_add_json(out, string);
}

void tsl__yaml_print_flow(struct tsl_text *out, const struct tsl__node *node) {
  if (node->kind == TSL__SCALAR) {
    if (!node->quoted && (plain(node->text)))
      tsl_text_add(out, node->text);
    else
      tsl_text_add_json(out, node->text);
    return;
  }
  tsl_text_add(out, node->kind == TSL__LIST ? "[" : "{");
  for (int i = 0; i < node->count; i++) {
    if (i > 0)
      tsl_text_add(out, ", ");
    if (node->kind == TSL__MAP) {
      tsl__yaml_print_text(out, node->keys[i]->text);
      tsl_text_add(out, ": ");
    }
    tsl__yaml_print_flow(out, node->values[i]);
  }
  tsl_text_add(out, node->kind == TSL__LIST ? "]" : "}");
}
