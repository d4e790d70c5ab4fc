/* teasel rerun: trains runs of a results folder again and compares by the byte. */
#include "cli/arguments.h"
#include "cli/command.h"
#include "cli/launch.h"
#include "cli/output_check.h"
#include "cli/progress.h"
#include "cli/provenance.h"
#include "cli/rerun.h"
#include "cli/stop.h"

#include "teasel/arena.h"
#include "teasel/difference.h"
#include "teasel/encode.h"
#include "teasel/log.h"
#include "teasel/train.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char usage[] =
    "usage: [mpirun -n P] teasel rerun RESULTS [--run RUN ... | --sample N] [--ranks P]\n"
    "                                  [--width W] [--keep DIR] [--set KEY=VALUE ...]\n\n"
    "Trains finished runs of a results folder again, from its job.used.yaml and the "
    "same\n"
    "data, in a folder that is removed afterwards, and compares log, weights, record "
    "and\n"
    "latents with the recorded ones. Prints what differs in provenance first, then for\n"
    "every run `identical` or the first step, tensor and index that differ with their\n"
    "distance in units in the last place, as `teasel diff` does.\n\n"
    "  --run RUN        this run: its name, its 8 hex digits, or a beginning; "
    "repeatable\n"
    "  --sample N       N runs, evenly spread over the job's list (default: all)\n"
    "  --ranks P        start P ranks with mpirun\n"
    "  --width W        ranks a run: 1, 2, 4, 8 (default: as the ranks allow)\n"
    "  --keep DIR       train in DIR and keep it\n"
    "  --set KEY=VALUE  an option of the scope schedule, as --set schedule.isa=avx2, or\n"
    "                   dataset.path, where the same data lie now\n\n"
    "Exit code: 0 identical, 1 different or failed, 2 bad input, 75 stopped by a "
    "signal\n(with --keep the same command goes on where it stopped).\n";

struct request {
  const char **wanted; /* ended by NULL; NULL: none */
  const char *keep;
  int64_t sample, ranks, width;
  bool quiet;
  struct tsl_cli_arguments arguments;
};

static enum tsl_status read_request(int argc, char **argv, struct request *request,
                                    struct tsl_error *err) {
  const struct tsl_cli_option options[] = {
      {.name = "--run", .texts = &request->wanted},
      {.name = "--sample", .number = &request->sample, .least = 1, .most = 1e6},
      {.name = "--ranks",
       .alias = "-n",
       .number = &request->ranks,
       .least = 1,
       .most = TSL_CLI_RANKS_MOST},
      {.name = "--width", .number = &request->width, .least = 1, .most = 4096},
      {.name = "--keep", .text = &request->keep},
      {.name = "--quiet", .alias = "-q", .given = &request->quiet},
      {.name = NULL}};
  TSL_TRY(tsl_cli_parse(argc, argv, options, /*with_settings=*/true, &request->arguments,
                        err));
  TSL_TRY(tsl_cli_words_check(&request->arguments, "rerun", 1, 1, "RESULTS", err));
  if (request->wanted != NULL && request->sample > 0)
    return tsl_error_set(err, TSL_BAD_INPUT, "--sample", "cannot be given with --run");
  for (size_t i = 0; i < request->arguments.setting_count; i++) {
    /* The same data may lie elsewhere: their digest is looked at in any case. */
    if (strncmp(request->arguments.settings[i], "schedule.", 9) != 0 &&
        strncmp(request->arguments.settings[i], "dataset.path=", 13) != 0)
      return tsl_error_set(
          err, TSL_BAD_INPUT, "--set",
          "%s: what was trained is trained again, so only options of the "
          "scope schedule can be set, and dataset.path",
          request->arguments.settings[i]);
  }
  if (request->quiet)
    tsl_log_level_set(TSL_LOG_QUIET);
  return TSL_OK;
}

/* ---- --ranks: this command again, under mpirun ---- */

static bool is_ranks(const char *argument, bool *with_value) {
  *with_value = strcmp(argument, "--ranks") == 0 || strcmp(argument, "-n") == 0;
  return *with_value || strncmp(argument, "--ranks=", 8) == 0;
}

static enum tsl_status start_ranks(int argc, char **argv, const struct request *request,
                                   struct tsl_error *err) {
  char **words = NULL;
  const char *results = request->arguments.words[0];
  struct tsl__launch launch = {
      .ranks = request->ranks, .mpirun = "mpirun", .command = "rerun", .folder = results};
  tsl__launch_catch();
  TSL_TRY(tsl_allocate((void **)&words, (size_t)argc, sizeof *words, err));
  for (int i = 1; i < argc; i++) {
    bool with_value = false;
    if (is_ranks(argv[i], &with_value))
      i += with_value;
    else
      words[launch.run_count++] = argv[i];
  }
  launch.run = words;
  enum tsl_status status = tsl__launch_run(&launch, err);
  tsl__rerun_scratch_sweep(results); /* of ranks that were killed */
  free(words);
  return status;
}

/* ---- the second results ---- */

struct scratch {
  char path[TSL_PATH_MAX];
  bool temporary;
  struct tsl_store *store;
};

static bool is_same_folder(const char *a, const char *b) {
  struct stat one, other;
  return stat(a, &one) == 0 && stat(b, &other) == 0 && one.st_dev == other.st_dev &&
         one.st_ino == other.st_ino;
}

/* Local, rank 0. */
static enum tsl_status make_scratch(const struct tsl__session *session,
                                    const struct request *request,
                                    struct scratch *scratch, struct tsl_error *err) {
  const char *results = tsl_store_folder(session->store);
  const bool one_machine =
      tsl_world_node_size(session->world) == tsl_world_size(session->world);
  tsl__rerun_scratch_sweep(results);
  if (request->keep == NULL) {
    TSL_TRY(tsl__rerun_scratch_make(results, one_machine, scratch->path, err));
    scratch->temporary = true;
  } else if (is_same_folder(results, request->keep)) {
    return tsl_error_set(err, TSL_BAD_INPUT, "--keep",
                         "is the results folder itself; give another");
  } else {
    snprintf(scratch->path, sizeof scratch->path, "%.4000s", request->keep);
  }
  return TSL_OK;
}

/* Collective on the world. */
static enum tsl_status open_scratch(const struct tsl__session *session,
                                    const struct request *request,
                                    const struct tsl__provenance *provenance,
                                    struct scratch *scratch, struct tsl_error *err) {
  const bool first = tsl_world_rank(session->world) == 0;
  enum tsl_status status = TSL_OK;
  if (first)
    status = make_scratch(session, request, scratch, err);
  if (first && status == TSL_OK)
    status = tsl_store_open(scratch->path, TSL_STORE_CREATE, &scratch->store, err);
  if (first && status == TSL_OK)
    status = tsl__provenance_check(scratch->store, session->job, session->dataset, err);
  if (first && status == TSL_OK)
    status = tsl__provenance_write(scratch->store, provenance, err);
  TSL_TRY(tsl_team_agree(session->team, status, err));
  TSL_TRY(tsl_team_broadcast(session->team, 0, scratch->path, sizeof scratch->path, err));
  if (!first)
    status = tsl_store_open(scratch->path, TSL_STORE_EXISTING, &scratch->store, err);
  return tsl_team_agree(session->team, status, err);
}

/* Local, rank 0: what may explain differences, before the time that training takes. */
static enum tsl_status print_origin(const struct tsl_store *recorded,
                                    const struct tsl_store *again,
                                    struct tsl_error *err) {
  struct tsl_text notes;
  tsl_text_init(&notes);
  enum tsl_status status = tsl_difference_origin(recorded, again, &notes, err);
  if (status == TSL_OK && notes.length > 0)
    fputs(notes.bytes, stdout);
  fflush(stdout);
  tsl_text_release(&notes);
  return status;
}

/* ---- the stages ---- */

/* Collective on the world. The folder's job with the runs that are trained again. */
static enum tsl_status open_recorded(struct tsl__session *session,
                                     const struct request *request,
                                     struct tsl_error *err) {
  char path[TSL_PATH_MAX], width[64];
  const struct tsl_cli_arguments *arguments = &request->arguments;
  const char **settings = NULL;
  unsigned char *chosen = NULL;
  TSL_TRY(tsl__session_store(session, arguments->words[0], TSL_STORE_EXISTING, err));
  TSL_TRY(tsl_allocate((void **)&settings, arguments->setting_count + 1, sizeof *settings,
                       err));
  if (request->width > 0)
    snprintf(width, sizeof width, "schedule.width=%lld", (long long)request->width);
  else
    snprintf(width, sizeof width, "schedule.width=auto");
  settings[0] = width;
  for (size_t i = 0; i < arguments->setting_count; i++)
    settings[i + 1] = arguments->settings[i];
  tsl_store_path(session->store, TSL_STORE_JOB, path);
  enum tsl_status status =
      tsl__session_job(session, path, settings, arguments->setting_count + 1, err);
  free(settings);
  TSL_TRY(status);
  TSL_TRY(tsl__session_data(session, err));
  const size_t runs = tsl_job_run_count(session->job);
  status = tsl_allocate((void **)&chosen, runs, 1, err);
  if (status == TSL_OK && tsl_world_rank(session->world) == 0) {
    status = tsl__provenance_check(session->store, session->job, session->dataset, err);
    if (status == TSL_OK)
      status = tsl__rerun_choose(session->store, session->job, request->wanted,
                                 request->sample, chosen, err);
  }
  status = tsl_team_agree(session->team, status, err);
  if (status == TSL_OK)
    status = tsl_team_broadcast(session->team, 0, chosen, runs, err);
  if (status == TSL_OK)
    tsl_job_keep_runs(session->job, chosen);
  free(chosen);
  return status;
}

/* Local, rank 0: of a folder that --keep names, which an earlier rerun has left. */
static void tell_trained(const struct tsl__session *session,
                         const struct scratch *scratch) {
  const size_t runs = tsl_job_run_count(session->job);
  size_t trained = 0;
  for (size_t i = 0; i < runs && !scratch->temporary; i++) {
    struct tsl_record record;
    trained += tsl_store_record_read(scratch->store, tsl_job_run(session->job, i)->name,
                                     &record, NULL) == TSL_OK &&
               record.outcome != TSL_OUTCOME_NONE;
  }
  if (trained > 0)
    tsl_log(TSL_LOG_NORMAL,
            "%zu of %zu runs were trained in %s before, and are not trained once more",
            trained, runs, scratch->path);
}

static void show(void *context, const struct tsl_sweep_progress *now) {
  tsl__progress_show(context, now);
}

/* Collective on the world. */
static enum tsl_status train_again(struct tsl__session *session, struct scratch *scratch,
                                   struct tsl_error *err) {
  struct tsl__progress progress;
  char path[TSL_PATH_MAX];
  tsl__progress_init(&progress, isatty(STDERR_FILENO) == 1);
  const struct tsl_sweep_request sweep = {.job = session->job,
                                          .dataset = session->dataset,
                                          .store = scratch->store,
                                          .progress = show,
                                          .stop = tsl__stop_asked,
                                          .context = &progress};
  enum tsl_status status = tsl_sweep_run(&sweep, session->world, err);
  tsl__progress_end(&progress);
  status = tsl__session_trained(session, status);
  unsigned char encoded =
      tsl_file_exists(tsl_store_path(session->store, TSL_STORE_LATENTS, path));
  if (status == TSL_OK)
    status = tsl_team_broadcast(session->team, 0, &encoded, sizeof encoded, err);
  if (status == TSL_OK && encoded != 0)
    status = tsl_encode(scratch->store, session->team, session->job, session->dataset,
                        &tsl__stop, err);
  return status;
}

/* Collective on the world, the scratch folder being open on all ranks. */
static enum tsl_status repeat_and_judge(struct tsl__session *session,
                                        struct scratch *scratch, struct tsl_error *err) {
  const bool first = tsl_world_rank(session->world) == 0;
  enum tsl_status status =
      first ? print_origin(session->store, scratch->store, err) : TSL_OK;
  TSL_TRY(tsl_team_agree(session->team, status, err));
  if (first)
    tell_trained(session, scratch);
  TSL_TRY(train_again(session, scratch, err));
  if (first)
    status = tsl__rerun_judge(session->store, scratch->store, session->job, err);
  return tsl_team_agree(session->team, status, err);
}

static enum tsl_status rerun(struct tsl__session *session, const struct request *request,
                             int argc, char **argv, struct tsl_error *err) {
  struct scratch scratch = {.store = NULL};
  char *hosts = NULL;
  TSL_TRY(open_recorded(session, request, err));
  TSL_TRY(tsl__hosts_gather(session->team, &hosts, err));
  const struct tsl__provenance provenance = {.job = session->job,
                                             .dataset = session->dataset,
                                             .ranks = tsl_world_size(session->world),
                                             .hosts = hosts,
                                             .argc = argc,
                                             .argv = argv};
  enum tsl_status status = open_scratch(session, request, &provenance, &scratch, err);
  free(hosts);
  if (status == TSL_OK)
    status = repeat_and_judge(session, &scratch, err);
  tsl_store_close(scratch.store);
  if (scratch.temporary)
    tsl__rerun_scratch_remove(scratch.path);
  return status;
}

static enum tsl_status run(int argc, char **argv, struct tsl_error *err) {
  struct request request = {.keep = NULL};
  struct tsl__session session = {.reading = true};
  struct tsl_error why = {.rank = -1};
  enum tsl_status read = read_request(argc, argv, &request, &why);
  enum tsl_status status = TSL_OK;
  if (read == TSL_OK && request.ranks > 0 && !tsl_world_is_launched()) {
    status = start_ranks(argc, argv, &request, err);
    free(request.wanted);
    tsl_cli_arguments_release(&request.arguments);
    return status;
  }
  tsl__stop_catch();
  status = tsl__session_begin(&session, &argc, &argv, err);
  if (status == TSL_OK && read != TSL_OK) {
    status = read;
    *err = why;
  }
  if (status == TSL_OK)
    status = rerun(&session, &request, argc, argv, err);
  tsl__session_tell(&session, status);
  free(request.wanted);
  tsl_cli_arguments_release(&request.arguments);
  return tsl__session_end(&session, status, err);
}

const struct tsl_command tsl_command_rerun = {
    .name = "rerun",
    .summary = "train runs of a results folder again and compare them by the byte",
    .usage = usage,
    .run = run,
};
