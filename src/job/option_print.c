/* Defaults of a table, and a value's way back to text. */
#include "job/option_value.h"

#include <stdio.h>
#include <string.h>

static void print_word(const char *words, int index, struct tsl_text *out) {
  const char *at = words;
  for (int i = 0; i < index; i++)
    at += strcspn(at, "|") + 1;
  tsl_text_add_bytes(out, at, strcspn(at, "|"));
}

static int word_count(const char *words) {
  int count = words != NULL && words[0] != '\0' ? 1 : 0;
  for (const char *c = words; count > 0 && *c != '\0'; c++)
    count += *c == '|';
  return count;
}

static void print_integer(const struct tsl_option *row, const void *field,
                          struct tsl_text *out) {
  int64_t value;
  memcpy(&value, field, sizeof value);
  bool bounded = row->min != 0 || row->max != 0;
  bool word = value >= 0 && value < word_count(row->words) &&
              (!bounded || (double)value < row->min);
  if (word)
    print_word(row->words, (int)value, out);
  else
    tsl_text_format(out, "%lld", (long long)value);
}

static void print_set(const struct tsl_option *row, const void *field,
                      struct tsl_text *out) {
  unsigned value;
  memcpy(&value, field, sizeof value);
  const char *separator = "[";
  for (int i = 0; i < word_count(row->words); i++) {
    if ((value >> i & 1u) == 0)
      continue;
    tsl_text_add(out, separator);
    print_word(row->words, i, out);
    separator = ", ";
  }
  tsl_text_add(out, "]");
}

/* YAML 1.1 readers take 1e-05 for text; 1.0e-05 is a number to all. */
static void print_real(double value, bool yaml, struct tsl_text *out) {
  char digits[32];
  tsl_number_print(digits, value);
  char *exponent = strchr(digits, 'e');
  if (!yaml || exponent == NULL || strchr(digits, '.') != NULL)
    tsl_text_add(out, digits);
  else
    tsl_text_format(out, "%.*s.0%s", (int)(exponent - digits), digits, exponent);
}

static void print_value(const struct tsl_option *row, const void *base, bool yaml,
                        struct tsl_text *out) {
  const void *field = (const unsigned char *)base + row->offset;
  bool truth;
  int index;
  double real;
  switch (row->type) {
  case TSL_OPTION_BOOL:
    memcpy(&truth, field, sizeof truth);
    if (row->words != NULL)
      print_word(row->words, truth, out);
    else
      tsl_text_add(out, truth ? "true" : "false");
    break;
  case TSL_OPTION_INTEGER:
    print_integer(row, field, out);
    break;
  case TSL_OPTION_REAL:
    memcpy(&real, field, sizeof real);
    print_real(real, yaml, out);
    break;
  case TSL_OPTION_CHOICE:
    memcpy(&index, field, sizeof index);
    print_word(row->words, index, out);
    break;
  case TSL_OPTION_SET:
    print_set(row, field, out);
    break;
  case TSL_OPTION_TEXT:
  case TSL_OPTION_PATH:
    if (yaml)
      tsl__yaml_print_text(out, field);
    else
      tsl_text_add(out, field);
    break;
  }
}

void tsl__option_print(const struct tsl_option *row, const void *base,
                       struct tsl_text *out) {
  print_value(row, base, true, out);
}

void tsl__option_print_bare(const struct tsl_option *row, const void *base,
                            struct tsl_text *out) {
  print_value(row, base, false, out);
}

/* A SET's default stands as "a|b" or "[a, b]"; all others are scalars. */
static void default_set(const struct tsl_option *row, void *field) {
  unsigned value = 0;
  char word[64];
  for (const char *at = row->initial; *at != '\0';) {
    size_t skip = strspn(at, "[], |");
    at += skip;
    size_t span = strcspn(at, "[], |");
    snprintf(word, sizeof word, "%.*s", (int)span, at);
    int index = span > 0 ? tsl__word_index(row->words, word) : -1;
    if (index >= 0)
      value |= 1u << index;
    at += span;
  }
  memcpy(field, &value, sizeof value);
}

void tsl__option_defaults(struct tsl__table table, void *base) {
  for (size_t i = 0; i < table.count; i++) {
    const struct tsl_option *row = &table.rows[i];
    if (row->initial == NULL)
      continue;
    if (row->type == TSL_OPTION_SET) {
      default_set(row, (unsigned char *)base + row->offset);
      continue;
    }
    const struct tsl__node node = {.kind = TSL__SCALAR,
                                   .text = row->initial,
                                   .quoted = row->type == TSL_OPTION_TEXT ||
                                             row->type == TSL_OPTION_PATH};
    if (!tsl__option_parse(row, &node, row->name, base, NULL))
      TSL_BUG("the default '%s' of option %s is not a value of it", row->initial,
              row->name);
  }
}
