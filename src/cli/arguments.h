/* arguments.h - the command line of a subcommand: options, `--set`, and the rest. */
#ifndef TEASEL_CLI_ARGUMENTS_H
#define TEASEL_CLI_ARGUMENTS_H

#include "teasel/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One option of a subcommand; exactly one of the pointers is set. The last row of a table
 * has name NULL. */
struct tsl_cli_option {
  const char *name;    /* "--ranks" */
  const char *alias;   /* "-n"; NULL: none */
  const char **text;   /* gets the next argument, or what follows `--ranks=`; not empty */
  int64_t *number;     /* the same, a whole number from `least` to `most` */
  double *real;        /* the same, a number from `least` to `most` */
  bool *given;         /* takes no value */
  const char ***texts; /* may be repeated; grows *texts, ended by NULL; free(*texts) */
  double least, most;
};

enum { TSL_CLI_RANKS_MOST = 1000000 };

/* What is no option, and the values of every `--set`; all borrowed from argv. */
struct tsl_cli_arguments {
  const char **words; /* (word_count) */
  size_t word_count;
  const char **settings; /* (setting_count) */
  size_t setting_count;
};

/* Local. The number of an option that has `number` or `real`. Whole numbers are digits
 * alone, as in job files. */
enum tsl_status tsl_cli_number(const struct tsl_cli_option *option, const char *value,
                               struct tsl_error *err);
/* Local. TSL_BAD_INPUT for an empty value of the option. */
enum tsl_status tsl_cli_check_full(const char *option, const char *value,
                                   struct tsl_error *err);
/* Local. argv[0] is the subcommand's name. Options may stand anywhere; `--` ends them.
 * Unknown option: TSL_BAD_INPUT with the nearest one. with_settings: `--set key=value` is
 * taken, any number of times. Release `out`, also after an error. */
enum tsl_status tsl_cli_parse(int argc, char **argv, const struct tsl_cli_option *options,
                              bool with_settings, struct tsl_cli_arguments *out,
                              struct tsl_error *err);
/* Local. TSL_BAD_INPUT unless least <= word_count <= most and no word is empty. what:
 * "JOB.yaml". */
enum tsl_status tsl_cli_words_check(const struct tsl_cli_arguments *arguments,
                                    const char *command, size_t least, size_t most,
                                    const char *what, struct tsl_error *err);
void tsl_cli_arguments_release(struct tsl_cli_arguments *arguments);

#endif
