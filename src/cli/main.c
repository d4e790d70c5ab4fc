/* main: finds the subcommand, prints the error, turns a status into an exit code. */
#include "cli/command.h"
#include "cli/launch.h"
#include "cli/version.h"
#include "teasel/text.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

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
         "usage: teasel COMMAND [ARGUMENTS]     (teasel COMMAND --help tells more)\n"
         "       mpirun -n P teasel run JOB.yaml\n\n");
  for (size_t i = 0; commands[i] != NULL; i++)
    printf("  %-12s %s\n", commands[i]->name, commands[i]->summary);
  printf(
      "\n  --version    the program's version, its libraries and kernel set\n\n"
      "Exit codes: 0 done, 1 failed, 2 bad input and nothing written, 75 interrupted:\n"
      "run the same command again. Messages go to standard error, results to standard\n"
      "output. jobs/ has job files to begin with, docs/ tells the rest.\n");
}

static const struct tsl_command *find_command(const char *name) {
  for (size_t i = 0; commands[i] != NULL; i++)
    if (strcmp(name, commands[i]->name) == 0)
      return commands[i];
  return NULL;
}

/* Names and words of files may hold what a terminal obeys. */
static void print_error(const char *where, const char *words) {
  struct tsl_text shown;
  tsl_text_init(&shown);
  tsl_text_add(&shown, "teasel: ");
  tsl_text_add_visible(&shown, where, /*lines=*/false);
  tsl_text_add(&shown, where[0] != '\0' ? ": " : "");
  tsl_text_add_visible(&shown, words, /*lines=*/true);
  fprintf(stderr, "%s\n", shown.failed ? "teasel: out of memory" : shown.bytes);
  tsl_text_release(&shown);
}

static int refuse_command(const char *name) {
  enum {
#define TSL_COMMAND(name) AT_##name,
#include "cli/command_list.h"
#undef TSL_COMMAND
    COUNT
  };
  const char *names[COUNT];
  size_t count = 0;
  for (; commands[count] != NULL; count++)
    names[count] = commands[count]->name;
  const char *near = tsl_text_nearest(name, names, count);
  struct tsl_error err;
  tsl_error_set(&err, TSL_BAD_INPUT, "",
                "unknown command '%.200s'%s%s%s; `teasel --help` lists them", name,
                near != NULL ? "; did you mean '" : "", near != NULL ? near : "",
                near != NULL ? "'?" : "");
  print_error(err.where, err.text);
  return 2;
}

static bool asks_for_help(const char *word) {
  return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

/* A standard stream that was closed would give its number to the next file, and messages
 * would be written into results. */
static void hold_standard_streams(void) {
  int file = open("/dev/null", O_RDWR);
  while (file >= 0 && file <= STDERR_FILENO)
    file = open("/dev/null", O_RDWR);
  if (file >= 0)
    close(file);
}

/* Why what was printed did not all arrive, as errno; 0: it did, or nobody reads it any
 * more. */
static int output_failure(void) {
  int reason = fflush(stdout) != 0 ? errno : 0;
  if (!ferror(stdout))
    return 0;
  if (reason == 0) { /* lost as it was printed: what is one line end more fails alike */
    reason = fputc('\n', stdout) == EOF || fflush(stdout) != 0 ? errno : EIO;
  }
  return reason == EPIPE ? 0 : reason;
}

/* The exit code, when also the results on standard output are looked at. */
static int finish(int code, bool one_answers) {
  const int reason = output_failure();
  if (reason == 0)
    return code;
  fprintf(stderr,
          "teasel: standard output: what was printed is not complete: %s; give it "
          "another place\n",
          strerror(reason));
  if (one_answers)
    return code > 1 ? code : 2;
  return code != 0 ? code : 1;
}

static int run_command(const struct tsl_command *command, int argc, char **argv) {
  signal(SIGXFSZ, SIG_IGN); /* a file over the limit is an error of write */
  struct tsl_error err = {0};
  enum tsl_status status = command->run(argc, argv, &err);
  if (status != TSL_OK && err.text[0] != '\0')
    print_error(err.where, err.text);
  return tsl__launch_exit_code(
      finish(tsl_status_exit_code(status), command->one_answers));
}

int main(int argc, char **argv) {
  hold_standard_streams();
  bool help = argc < 2 || asks_for_help(argv[1]) || strcmp(argv[1], "help") == 0;
  if (help && argc < 3) {
    print_help();
    return finish(argc < 2 ? 2 : 0, /*one_answers=*/false);
  }
  if (strcmp(argv[1], "--version") == 0) {
    tsl__version_print();
    return finish(0, /*one_answers=*/false);
  }
  const struct tsl_command *command = find_command(argv[help ? 2 : 1]);
  if (command == NULL)
    return refuse_command(argv[help ? 2 : 1]);
  for (int k = 2; k < argc; k++)
    help = help || asks_for_help(argv[k]);
  if (!help)
    return run_command(command, argc - 1, argv + 1);
  fputs(command->usage, stdout);
  return finish(0, /*one_answers=*/false);
}
