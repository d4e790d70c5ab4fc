/* teasel run: a job file -> trained runs, scores and the report. */
#include "cli/arguments.h"
#include "cli/command.h"
#include "cli/others.h"
#include "cli/provenance.h"
#include "cli/run_events.h"
#include "cli/score_claim.h"
#include "cli/stages.h"
#include "cli/stop.h"

#include "teasel/log.h"
#include "teasel/report.h"
#include "teasel/train.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct options {
  const char *folder, *progress;
  bool quiet, verbose, train_only;
};

static enum tsl_status read_options(int argc, char **argv, struct options *options,
                                    struct tsl_cli_arguments *arguments,
                                    struct tsl_error *err) {
  const struct tsl_cli_option table[] = {
      {.name = "--output", .alias = "-o", .text = &options->folder},
      {.name = "--progress", .text = &options->progress},
      {.name = "--quiet", .alias = "-q", .given = &options->quiet},
      {.name = "--verbose", .alias = "-v", .given = &options->verbose},
      {.name = "--train-only", .given = &options->train_only},
      {.name = NULL},
  };
  TSL_TRY(tsl_cli_parse(argc, argv, table, /*with_settings=*/true, arguments, err));
  TSL_TRY(tsl_cli_words_check(arguments, "run", 1, 1, "JOB.yaml", err));
  if (options->progress != NULL && strcmp(options->progress, "bar") != 0 &&
      strcmp(options->progress, "lines") != 0)
    return tsl_error_set(err, TSL_BAD_INPUT, "--progress",
                         "'%s' is neither bar nor lines", options->progress);
  if (options->quiet)
    tsl_log_level_set(TSL_LOG_QUIET);
  else if (options->verbose)
    tsl_log_level_set(TSL_LOG_VERBOSE);
  return TSL_OK;
}

/* buffer: TSL_PATH_MAX bytes, for the folder where none is named. */
static const char *folder_of(const struct tsl__session *session,
                             const struct options *options, char *buffer) {
  snprintf(buffer, TSL_PATH_MAX, "results/%s", tsl_job_name(session->job));
  return options->folder != NULL ? options->folder : buffer;
}

/* Rank 0. Digests of records, and not of weights, tell whether scores are up to date. */
static enum tsl_status find_weights(const struct tsl__session *session, bool *all,
                                    struct tsl_error *err) {
  char path[TSL_PATH_MAX];
  *all = true;
  for (size_t i = 0; *all && i < tsl_job_run_count(session->job); i++) {
    const char *run = tsl_job_run(session->job, i)->name;
    TSL_TRY(tsl_file_look(tsl_store_run_path(session->store, run, "model.h5", path), all,
                          err));
  }
  return TSL_OK;
}

/* Collective on the world. Whether the folder, into which nothing can be written, is
 * that of this job and needs nothing; else no store is open, and who opens the folder for
 * writing says why that cannot be. */
static enum tsl_status look_if_complete(struct tsl__session *session,
                                        const struct options *options, bool *complete,
                                        struct tsl_error *err) {
  char buffer[TSL_PATH_MAX], job[TSL_PATH_MAX];
  const char *folder = folder_of(session, options, buffer);
  const bool first = tsl_world_rank(session->world) == 0;
  bool closed = false, whole = false;
  *complete = false;
  snprintf(job, sizeof job, "%.4000s/job.used.yaml", folder);
  if (first)
    closed = access(folder, W_OK) != 0 && (errno == EACCES || errno == EROFS) &&
             tsl_file_exists(job);
  TSL_TRY(tsl_team_broadcast(session->team, 0, &closed, sizeof closed, err));
  if (!closed)
    return TSL_OK;
  TSL_TRY(tsl__session_store(session, folder, TSL_STORE_EXISTING, err));
  enum tsl_status status = TSL_OK;
  if (first)
    status = tsl__provenance_check(session->store, session->job, session->dataset, err);
  if (first && status == TSL_OK)
    status = find_weights(session, &whole, err);
  TSL_TRY(tsl_team_agree(session->team, status, err));
  TSL_TRY(tsl_team_broadcast(session->team, 0, &whole, sizeof whole, err));
  if (whole)
    TSL_TRY(tsl__stages_fresh(session, complete, err));
  session->trained = *complete;
  if (*complete && first)
    session->others = tsl__others_tell(session->store, session->job, 0);
  if (!*complete) {
    tsl_store_close(session->store);
    session->store = NULL;
  }
  return TSL_OK;
}

/* Opens the results folder, checks whose it is, and says where its numbers come from. */
static enum tsl_status open_results(struct tsl__session *session,
                                    const struct options *options, int argc, char **argv,
                                    struct tsl__provenance_copy *copy,
                                    struct tsl_error *err) {
  char folder[TSL_PATH_MAX];
  TSL_TRY(tsl__session_store(session, folder_of(session, options, folder),
                             TSL_STORE_CREATE, err));
  enum tsl_status status = TSL_OK;
  char *hosts = NULL;
  TSL_TRY(tsl__hosts_gather(session->team, &hosts, err));
  if (tsl_world_rank(session->world) == 0) {
    const struct tsl__provenance provenance = {.job = session->job,
                                               .dataset = session->dataset,
                                               .ranks = tsl_world_size(session->world),
                                               .hosts = hosts,
                                               .argc = argc,
                                               .argv = argv};
    status = tsl__provenance_check(session->store, session->job, session->dataset, err);
    tsl__provenance_keep_found(session->store, copy);
    if (status == TSL_OK)
      status = tsl__provenance_write(session->store, &provenance, err);
    tsl__provenance_keep_left(session->store, copy);
    if (status == TSL_OK)
      session->others = tsl__others_tell(session->store, session->job, 0);
  }
  free(hosts);
  TSL_TRY(tsl_team_agree(session->team, status, err));
  tsl_store_watch(session->store);
  return TSL_OK;
}

static enum tsl_status train(struct tsl__session *session, struct tsl__run_events *events,
                             struct tsl_error *err) {
  const struct tsl_sweep_request request = {.job = session->job,
                                            .dataset = session->dataset,
                                            .store = session->store,
                                            .progress = tsl__run_events_take,
                                            .stop = tsl__stop_asked,
                                            .context = events};
  enum tsl_status status = tsl_sweep_run(&request, session->world, err);
  tsl__progress_end(&events->progress);
  return tsl__session_trained(session, status);
}

static enum tsl_status score_and_report(struct tsl__session *session,
                                        struct tsl_error *err) {
  struct tsl__score_claim claim;
  bool fresh = false;
  enum tsl_status status = tsl__score_claim_begin(session, TSL__LEAVE_SAME, &claim, err);
  if (status == TSL_OK && claim.mine)
    status = tsl__stages_fresh(session, &fresh, err);
  if (status == TSL_OK && claim.mine && !fresh) {
    status = tsl__stage_score(session, err);
    if (status == TSL_OK)
      status = tsl__stage_report(session, err);
    if (status == TSL_OK)
      status = tsl__score_claim_conclude(session, err);
    if (status == TSL_OK)
      tsl__stages_seal(session);
  }
  tsl__score_claim_end(&claim);
  return status;
}

/* What the report needs besides, before anything is trained for it. */
static enum tsl_status check_report(struct tsl__session *session, struct tsl_error *err) {
  enum tsl_status status = TSL_OK;
  if (tsl_world_rank(session->world) == 0)
    status = tsl_report_check(session->job, err);
  return tsl_team_agree(session->team, status, err);
}

/* Everything behind the opening of the results folder. A start that is refused before it
 * trains anything leaves the folder as it was. */
static enum tsl_status work(struct tsl__session *session, const struct options *options,
                            int argc, char **argv,
                            const struct tsl__provenance_copy *copy,
                            struct tsl_error *err) {
  struct tsl__run_events events;
  bool bar = options->progress != NULL ? strcmp(options->progress, "bar") == 0
                                       : isatty(STDERR_FILENO) == 1;
  tsl__run_events_init(&events, session, bar, argc, argv);
  enum tsl_status status = train(session, &events, err);
  const bool refused = tsl_status_exit_code(status) == 2 && !events.begun;
  if (refused && tsl_world_rank(session->world) == 0) {
    tsl__provenance_put_back(session->store, copy);
    tsl_store_undo(session->store);
  }
  if (status == TSL_OK && !options->train_only) {
    tsl_ledger_join(events.ledger); /* scoring may take long */
    status = tsl_store_explain(session->store, score_and_report(session, err), err);
  }
  tsl__run_events_release(&events, status, err);
  return status;
}

static enum tsl_status run(int argc, char **argv, struct tsl_error *err) {
  struct options options = {0};
  struct tsl_cli_arguments arguments = {0};
  struct tsl__session session = {0};
  struct tsl__provenance_copy copy = {.found = {NULL}};
  bool complete = false;
  tsl__stop_catch();
  enum tsl_status status = tsl__session_begin(&session, &argc, &argv, err);
  if (status == TSL_OK)
    status = read_options(argc, argv, &options, &arguments, err);
  if (status == TSL_OK)
    status = tsl__session_job(&session, arguments.words[0], arguments.settings,
                              arguments.setting_count, err);
  if (status == TSL_OK && !options.train_only)
    status = check_report(&session, err);
  if (status == TSL_OK)
    status = tsl__session_data(&session, err);
  if (status == TSL_OK)
    status = look_if_complete(&session, &options, &complete, err);
  if (status == TSL_OK && !complete)
    status = open_results(&session, &options, argc, argv, &copy, err);
  if (status == TSL_OK && !complete)
    status = work(&session, &options, argc, argv, &copy, err);
  tsl__session_tell(&session, status);
  tsl__provenance_copy_release(&copy);
  tsl_cli_arguments_release(&arguments);
  return tsl__session_end(&session, status, err);
}

const struct tsl_command tsl_command_run = {
    .name = "run",
    .summary = "train, score and report a job: everything from one file",
    .usage =
        "usage: [mpirun -n P] teasel run JOB.yaml [-o DIR] [--set KEY=VALUE ...]\n\n"
        "Trains every run of the job that is not finished yet on all ranks, encodes and\n"
        "compares them, writes the report, and prints `report: PATH` last. The same\n"
        "command again continues where it stopped; a finished run is never repeated.\n"
        "Started several times at once on one results folder, on any machines that "
        "share\n"
        "it, they share the runs; one of them scores, the others end.\n\n"
        "  -o, --output DIR     results folder (default results/NAME of the job)\n"
        "  --set KEY=VALUE      override an option of the file, as --set train.batch=32\n"
        "  --quiet, --verbose   say less, say more\n"
        "  --progress bar|lines one line drawn anew, or lines (default: as the "
        "terminal)\n"
        "  --train-only         stop before encoding\n\n"
        "Exit code: 0 done, 1 failed, 2 bad input and nothing written, 75 stopped by a\n"
        "signal (TERM, INT, USR1, XCPU, HUP) with everything finished kept: run it "
        "again.\n",
    .run = run,
};
