/* main: finds the subcommand, prints the error, turns a status into an exit code. */
#include "cli/command.h"
#include "cli/version.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#define TSL_COMMAND(name) extern const struct tsl_command tsl_command_##name;
#include "cli/command_list.h"
#undef TSL_COMMAND

static const struct tsl_command *const commands[] = {
#define TSL_COMMAND(name) &tsl_command_##name,
#include "cli/command_list.h"
#undef TSL_COMMAND
    NULL};

static void print_help(void) {
  printf("teasel " TSL_VERSION ": sweeps of autoencoders under MPI, and which run teased "
         "the factors apart best\n\n"
         "usage: teasel COMMAND [ARGUMENTS]     (teasel COMMAND --help tells more)\n\n");
  for (size_t i = 0; commands[i] != NULL; i++)
    printf("  %-12s %s\n", commands[i]->name, commands[i]->summary);
  printf("\n  --version    the program's version, its libraries and kernel set\n");
}

int main(int argc, char **argv) {
  if (argc < 2 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0) {
    print_help();
    return argc < 2 ? 2 : 0;
  }
  if (strcmp(argv[1], "--version") == 0) {
    tsl__version_print();
    return 0;
  }
  signal(SIGXFSZ, SIG_IGN); /* a file over the limit is an error of write */
  for (size_t i = 0; commands[i] != NULL; i++) {
    if (strcmp(argv[1], commands[i]->name) != 0)
      continue;
    for (int k = 2; k < argc; k++) {
      if (strcmp(argv[k], "--help") == 0) {
        fputs(commands[i]->usage, stdout);
        return 0;
      }
    }
    struct tsl_error err = {0};
    enum tsl_status status = commands[i]->run(argc - 1, argv + 1, &err);
    if (status != TSL_OK && err.text[0] != '\0')
      fprintf(stderr, "teasel: %s%s%s\n", err.where, err.where[0] != '\0' ? ": " : "",
              err.text);
    return tsl_status_exit_code(status);
  }
  fprintf(stderr, "teasel: unknown command '%s'; `teasel --help` lists them\n", argv[1]);
  return 2;
}
