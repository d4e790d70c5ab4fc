#include "cli/arguments.h"

#include "teasel/text.h"

#include <stdlib.h>
#include <string.h>

struct parser {
  int argc;
  char **argv;
  int at;
  const struct tsl_cli_option *options;
  bool with_settings;
  struct tsl_cli_arguments *out;
  struct tsl_error *err;
};

static const struct tsl_cli_option *find(const struct parser *parser, const char *name,
                                         size_t length) {
  for (const struct tsl_cli_option *o = parser->options; o != NULL && o->name != NULL;
       o++) {
    if ((strlen(o->name) == length && strncmp(o->name, name, length) == 0) ||
        (o->alias != NULL && strlen(o->alias) == length &&
         strncmp(o->alias, name, length) == 0))
      return o;
  }
  return NULL;
}

static enum tsl_status unknown(const struct parser *parser, const char *name) {
  const char *names[65];
  size_t count = 0;
  for (const struct tsl_cli_option *o = parser->options;
       o != NULL && o->name != NULL && count < 64; o++)
    names[count++] = o->name;
  if (parser->with_settings)
    names[count++] = "--set";
  const char *near = tsl_text_nearest(name, names, count);
  return tsl_error_set(parser->err, TSL_BAD_INPUT, name,
                       "unknown option%s%s%s; `teasel %s --help` lists them",
                       near != NULL ? "; did you mean " : "", near != NULL ? near : "",
                       near != NULL ? "?" : "", parser->argv[0]);
}

/* The option's value: behind '=' or the next argument. */
static enum tsl_status take_value(struct parser *parser, const char *name,
                                  const char *inside, const char **value) {
  if (inside != NULL) {
    *value = inside;
  } else if (parser->at + 1 < parser->argc) {
    *value = parser->argv[++parser->at];
  } else {
    return tsl_error_set(parser->err, TSL_BAD_INPUT, name, "a value is missing after it");
  }
  return TSL_OK;
}

static bool is_digits(const char *text) {
  text += *text == '-' || *text == '+' ? 1 : 0;
  return *text != '\0' && text[strspn(text, "0123456789")] == '\0';
}

enum tsl_status tsl_cli_number(const struct tsl_cli_option *option, const char *value,
                               struct tsl_error *err) {
  char *end = NULL, least[32], most[32];
  double real = strtod(value, &end);
  bool whole = option->number != NULL;
  bool is_number = end != value && *end == '\0' && (!whole || is_digits(value));
  /* What overflowed or is no number at all is within no bounds. */
  if (!is_number || !(real >= option->least && real <= option->most))
    return tsl_error_set(err, TSL_BAD_INPUT, option->name,
                         "'%.80s' is not a %snumber between %s and %s", value,
                         whole ? "whole " : "", tsl_number_print(least, option->least),
                         tsl_number_print(most, option->most));
  if (whole)
    *option->number = (int64_t)real;
  else
    *option->real = real;
  return TSL_OK;
}

enum tsl_status tsl_cli_check_full(const char *option, const char *value,
                                   struct tsl_error *err) {
  return value[0] != '\0'
             ? TSL_OK
             : tsl_error_set(err, TSL_BAD_INPUT, option, "the value behind it is empty");
}

static enum tsl_status take_option(struct parser *parser, const char *argument) {
  const char *equals = strncmp(argument, "--", 2) == 0 ? strchr(argument, '=') : NULL;
  size_t length = equals != NULL ? (size_t)(equals - argument) : strlen(argument);
  const char *inside = equals != NULL ? equals + 1 : NULL, *value = "";
  if (parser->with_settings && length == 5 && strncmp(argument, "--set", 5) == 0) {
    TSL_TRY(take_value(parser, "--set", inside, &value));
    parser->out->settings[parser->out->setting_count++] = value;
    return TSL_OK;
  }
  const struct tsl_cli_option *option = find(parser, argument, length);
  if (option == NULL)
    return unknown(parser, argument);
  if (option->given != NULL) {
    if (inside != NULL)
      return tsl_error_set(parser->err, TSL_BAD_INPUT, option->name, "takes no value");
    *option->given = true;
    return TSL_OK;
  }
  TSL_TRY(take_value(parser, option->name, inside, &value));
  if (option->text != NULL) {
    *option->text = value;
    return tsl_cli_check_full(option->name, value, parser->err);
  }
  if (option->texts == NULL)
    return tsl_cli_number(option, value, parser->err);
  size_t count = 0;
  while (*option->texts != NULL && (*option->texts)[count] != NULL)
    count++;
  const char **grown = realloc(*option->texts, (count + 2) * sizeof *grown);
  if (grown == NULL)
    return tsl_error_set(parser->err, TSL_MEMORY, option->name, "out of memory");
  grown[count] = value;
  grown[count + 1] = NULL;
  *option->texts = grown;
  return TSL_OK;
}

enum tsl_status tsl_cli_parse(int argc, char **argv, const struct tsl_cli_option *options,
                              bool with_settings, struct tsl_cli_arguments *out,
                              struct tsl_error *err) {
  memset(out, 0, sizeof *out);
  out->words = calloc((size_t)argc + 1, sizeof *out->words);
  out->settings = calloc((size_t)argc + 1, sizeof *out->settings);
  if (out->words == NULL || out->settings == NULL)
    return tsl_error_set(err, TSL_MEMORY, argv[0], "out of memory");
  struct parser parser = {argc, argv, 1, options, with_settings, out, err};
  bool options_ended = false;
  for (; parser.at < argc; parser.at++) {
    const char *argument = argv[parser.at];
    if (!options_ended && strcmp(argument, "--") == 0)
      options_ended = true;
    else if (options_ended || argument[0] != '-' || argument[1] == '\0')
      out->words[out->word_count++] = argument;
    else
      TSL_TRY(take_option(&parser, argument));
  }
  return TSL_OK;
}

enum tsl_status tsl_cli_words_check(const struct tsl_cli_arguments *arguments,
                                    const char *command, size_t least, size_t most,
                                    const char *what, struct tsl_error *err) {
  if (arguments->word_count < least)
    return tsl_error_set(err, TSL_BAD_INPUT, command,
                         "missing: %s; `teasel %s --help` tells more", what, command);
  if (arguments->word_count > most)
    return tsl_error_set(err, TSL_BAD_INPUT, command,
                         "'%s' is one argument too many; `teasel %s --help` tells more",
                         arguments->words[most], command);
  for (size_t i = 0; i < arguments->word_count; i++) {
    if (arguments->words[i][0] == '\0')
      return tsl_error_set(err, TSL_BAD_INPUT, command,
                           "argument %zu is empty; expected: %s", i + 1, what);
  }
  return TSL_OK;
}

void tsl_cli_arguments_release(struct tsl_cli_arguments *arguments) {
  free(arguments->words);
  free(arguments->settings);
  memset(arguments, 0, sizeof *arguments);
}
