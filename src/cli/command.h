/* command.h - subcommands: one file src/cli/command_<name>.c and one line of
 * command_list.h. */
#ifndef TEASEL_CLI_COMMAND_H
#define TEASEL_CLI_COMMAND_H

#include "teasel/status.h"

#include <stdbool.h>

struct tsl_command {
  const char *name;
  const char *summary; /* one line for `teasel --help` */
  const char *usage;   /* the whole text of `teasel NAME --help` */
  /* argv[0] is the subcommand's name. Returns a status; prints primary output itself, the
   * error is printed by main, once. */
  enum tsl_status (*run)(int argc, char **argv, struct tsl_error *err);
  bool one_answers; /* its exit code 1 is an answer, and 2 any failure */
};

#endif
