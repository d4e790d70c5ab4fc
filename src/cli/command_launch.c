/* teasel launch: mpirun with the settings that a long sweep needs. */
#include "cli/arguments.h"
#include "cli/command.h"
#include "cli/job_open.h"
#include "cli/launch.h"

#include "teasel/arena.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The arguments, told apart. */
struct request {
  struct tsl__launch launch;
  const char *job, *folder;
  const char **settings; /* of --set */
  size_t setting_count;
  char *mpirun_text; /* the words of --mpirun, cut at spaces */
};

static enum tsl_status read_number(const char *name, const char *text, int64_t least,
                                   int64_t *out, struct tsl_error *err) {
  const struct tsl_cli_option option = {
      .name = name, .number = out, .least = (double)least, .most = TSL_CLI_RANKS_MOST};
  return tsl_cli_number(&option, text, err);
}

/* Whether argv[*at] is the option; *value: behind '=' or the next argument. */
static enum tsl_status take(int argc, char **argv, int *at, const char *name,
                            const char **value, struct tsl_error *err) {
  size_t length = strlen(name);
  *value = NULL;
  if (argv[*at] == NULL || strncmp(argv[*at], name, length) != 0)
    return TSL_OK;
  if (argv[*at][length] == '=' && name[1] == '-') {
    *value = argv[*at] + length + 1;
  } else if (argv[*at][length] == '\0') {
    if (*at + 1 >= argc)
      return tsl_error_set(err, TSL_BAD_INPUT, name, "a value is missing after it");
    *value = argv[++*at];
  }
  return TSL_OK;
}

static void split(struct request *request) {
  for (char *word = strtok(request->mpirun_text, " \t"); word != NULL;
       word = strtok(NULL, " \t"))
    request->launch.extra[request->launch.extra_count++] = word;
}

/* One argument that is the launcher's own; *own says whether it was. */
static enum tsl_status take_own(struct request *request, int argc, char **argv, int *at,
                                bool *own, struct tsl_error *err) {
  struct tsl__launch *launch = &request->launch;
  const char *value = NULL;
  *own = true;
  TSL_TRY(take(argc, argv, at, "-n", &value, err));
  if (value == NULL)
    TSL_TRY(take(argc, argv, at, "--ranks", &value, err));
  if (value != NULL)
    return read_number("-n", value, 1, &launch->ranks, err);
  TSL_TRY(take(argc, argv, at, "--restarts", &value, err));
  if (value != NULL)
    return read_number("--restarts", value, 0, &launch->restarts, err);
  if (argv[*at] != NULL && strcmp(argv[*at], "--requeue") == 0) {
    launch->requeue = true;
    return TSL_OK;
  }
  TSL_TRY(take(argc, argv, at, "--mpirun", &value, err));
  if (value != NULL) {
    free(request->mpirun_text);
    request->mpirun_text = strdup(value);
    return request->mpirun_text != NULL
               ? TSL_OK
               : tsl_error_set(err, TSL_MEMORY, "", "out of memory");
  }
  *own = false;
  return TSL_OK;
}

/* An argument of `teasel run`, which checks it; what tells the folder is looked at. */
static enum tsl_status take_run(struct request *request, int argc, char **argv, int *at,
                                struct tsl_error *err) {
  struct tsl__launch *launch = &request->launch;
  int first = *at;
  const char *value = NULL, *ignored = NULL;
  TSL_TRY(take(argc, argv, at, "-o", &value, err));
  if (value == NULL)
    TSL_TRY(take(argc, argv, at, "--output", &value, err));
  if (value != NULL) {
    TSL_TRY(tsl_cli_check_full("-o", value, err));
    request->folder = value;
  } else {
    TSL_TRY(take(argc, argv, at, "--set", &value, err));
    if (value != NULL)
      request->settings[request->setting_count++] = value;
    else
      TSL_TRY(take(argc, argv, at, "--progress", &ignored, err));
  }
  if (value == NULL && ignored == NULL && argv[first][0] != '-' && request->job == NULL)
    request->job = argv[first];
  for (int i = first; i <= *at; i++)
    launch->run[launch->run_count++] = argv[i];
  return TSL_OK;
}

static enum tsl_status read_arguments(struct request *request, int argc, char **argv,
                                      struct tsl_error *err) {
  void *memory = NULL;
  request->launch.mpirun = "mpirun";
  request->launch.command = "run";
  TSL_TRY(tsl_allocate(&memory, (size_t)argc + 1, sizeof(char *), err));
  request->launch.run = memory;
  TSL_TRY(tsl_allocate(&memory, (size_t)argc + 1, sizeof(char *), err));
  request->settings = memory;
  for (int at = 1; at < argc; at++) {
    bool own = false;
    TSL_TRY(take_own(request, argc, argv, &at, &own, err));
    if (!own)
      TSL_TRY(take_run(request, argc, argv, &at, err));
  }
  if (request->job == NULL)
    return tsl_error_set(err, TSL_BAD_INPUT, "launch",
                         "JOB.yaml is missing; `teasel launch --help` tells more");
  if (request->mpirun_text != NULL) {
    TSL_TRY(
        tsl_allocate(&memory, strlen(request->mpirun_text) / 2 + 2, sizeof(char *), err));
    request->launch.extra = memory;
    split(request);
  }
  return TSL_OK;
}

/* The job is read here for its name, and so that a mistake in it starts no mpirun. */
static enum tsl_status launch_job(const struct request *request, struct tsl_error *err) {
  struct tsl_job *job = NULL;
  char folder[TSL_PATH_MAX];
  struct tsl__launch launch = request->launch;
  TSL_TRY(tsl_cli_job_check_file(request->job, err));
  TSL_TRY(tsl_cli_job_open(request->job, request->settings, request->setting_count, &job,
                           err));
  snprintf(folder, sizeof folder, "results/%s", tsl_job_name(job));
  tsl_job_free(job);
  launch.folder = request->folder != NULL ? request->folder : folder;
  return tsl__launch_run(&launch, err);
}

static enum tsl_status run(int argc, char **argv, struct tsl_error *err) {
  struct request request = {.job = NULL};
  tsl__launch_catch();
  enum tsl_status status = read_arguments(&request, argc, argv, err);
  if (status == TSL_OK)
    status = launch_job(&request, err);
  free(request.launch.run);
  free(request.launch.extra);
  free(request.settings);
  free(request.mpirun_text);
  return status;
}

const struct tsl_command tsl_command_launch = {
    .name = "launch",
    .summary = "start mpirun as a long sweep needs it: deaths survived, signals heeded",
    .usage =
        "usage: teasel launch [-n P] [--restarts N] [--mpirun OPTIONS] JOB.yaml\n"
        "                     [options of teasel run]\n\n"
        "Starts mpirun -n P teasel run JOB.yaml ... so that the other ranks go on when\n"
        "one is killed, to the report. TERM, INT, HUP, XCPU and USR1 stop the sweep "
        "with\n"
        "everything saved (mpirun alone would kill its ranks); a second INT does not\n"
        "wait for that.\n\n"
        "  -n, --ranks P     ranks; without it as many as mpirun finds\n"
        "  --restarts N      start again, up to N times, when it ends by a failure: "
        "what\n"
        "                    was finished or checkpointed is kept\n"
        "  --requeue         inside a SLURM job: after USR1, which SLURM sends before "
        "the\n"
        "                    limit, the job (of an array: this task) goes back into the\n"
        "                    queue; slurm/*.sbatch do that\n"
        "  --mpirun OPTIONS  more options for mpirun, in one word, as\n"
        "                    --mpirun \"--hostfile hosts --map-by node\"\n\n"
        "The exit code is that of the sweep, which mpirun does not tell: 0 done, 1 "
        "failed\n"
        "(as when rank 0 was killed: the same command completes it), 2 bad input, 75\n"
        "stopped by a signal: run it again.\n",
    .run = run,
};
