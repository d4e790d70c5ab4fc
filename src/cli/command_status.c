/* teasel status: what the runs of a results folder are doing, from its files alone. */
#include "cli/arguments.h"
#include "cli/command.h"
#include "cli/others.h"
#include "cli/progress.h"
#include "cli/run_states.h"
#include "cli/scored.h"

#include "teasel/date.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const char usage[] =
    "usage: teasel status RESULTS [--watch] [--every SECONDS] [--verbose]\n"
    "       teasel status RESULTS --ledger\n\n"
    "Says from the results folder's files alone, on any machine and without MPI: runs\n"
    "done, running (steps, speed, loss, who, where, since when), waiting and failed, "
    "and\n"
    "the time left. Silent is a run whose process ended without a word: the same "
    "command\n"
    "again, or another process on the folder, takes it up.\n\n"
    "  --watch          draw anew until nothing is left; no terminal: one line a minute\n"
    "  --every SECONDS  between two looks of --watch (default 2; no terminal: 60)\n"
    "  --verbose        name the waiting and the finished runs, too (without it only "
    "those\n"
    "                   waiting runs that some process has claimed), and the runs here "
    "that\n"
    "                   are not of this job\n"
    "  --ledger         what happened when: all processes' ledgers, oldest first\n\n"
    "Exit code: 0 all runs are done, 1 all that are left failed, 75 some are running,\n"
    "silent or waiting, 2 bad input.\n";

enum { LINE = 1024 };

struct request {
  const char *folder;
  bool watch, verbose, ledger;
  double every; /* seconds; 0: as the terminal */
};

/* NaN: some run's length is unknown. */
static double part_done(const struct tsl__run_states *states) {
  double steps = 0, all = 0;
  for (size_t i = 0; i < states->count; i++) {
    const struct tsl__run_state *state = &states->runs[i];
    if (state->iterations == 0)
      return (double)NAN;
    all += (double)state->iterations;
    if (state->state != TSL__STATE_FAILED)
      steps += fmin((double)state->steps, (double)state->iterations);
  }
  return all > 0 ? steps / all : 0;
}

/* "smoke: 3 of 8 runs done (1 diverged), 2 running, 3 waiting; 41 % of the steps, 4 s
 * left; 5 runs here are not of this job (kept)" */
static void print_summary(const struct tsl_job *job, const struct tsl__run_states *states,
                          const struct tsl__others *others, struct tsl_text *out) {
  static const enum tsl__state outcomes[] = {TSL__STATE_DIVERGED, TSL__STATE_COLLAPSED},
                               open[] = {TSL__STATE_RUNNING, TSL__STATE_SILENT,
                                         TSL__STATE_FAILED, TSL__STATE_WAITING};
  char left[TSL_DATE_TEXT];
  const char *separator = " (";
  tsl_text_format(out, "%s: %zu of %zu runs done", tsl_job_name(job),
                  tsl__run_states_done(states), states->count);
  for (size_t i = 0; i < sizeof outcomes / sizeof *outcomes; i++) {
    if (states->of[outcomes[i]] == 0)
      continue;
    tsl_text_format(out, "%s%zu %s", separator, states->of[outcomes[i]],
                    tsl__state_word(outcomes[i]));
    separator = ", ";
  }
  tsl_text_add(out, separator[0] == ',' ? ")" : "");
  for (size_t i = 0; i < sizeof open / sizeof *open; i++) {
    if (states->of[open[i]] > 0)
      tsl_text_format(out, ", %zu %s", states->of[open[i]], tsl__state_word(open[i]));
  }
  if (tsl__run_states_done(states) < states->count) {
    const double part = part_done(states);
    const char *comma = isfinite(part) ? "," : ";";
    if (isfinite(part))
      tsl_text_format(out, "; %.0f %% of the steps", floor(100 * part));
    if (isfinite(states->seconds_left))
      tsl_text_format(out, "%s %s left", comma,
                      tsl_duration_print(left, states->seconds_left));
  }
  if (others->count > 0) {
    char text[TSL__OTHERS_TEXT];
    tsl_text_format(out, "; %s", tsl__others_print(text, others));
  }
  tsl_text_add(out, "\n");
}

static void print_steps(const struct tsl__run_state *state, struct tsl_text *out) {
  tsl_text_format(out, "step %lld", (long long)state->steps);
  if (state->iterations > 0)
    tsl_text_format(out, " of %lld (%.0f %%)", (long long)state->iterations,
                    floor(100 * (double)state->steps / (double)state->iterations));
}

static void print_waiting(const struct tsl__run_state *state, struct tsl_text *out) {
  char claim[TSL_CLAIM_TEXT];
  if (state->steps > 0) {
    tsl_text_add(out, "  from ");
    print_steps(state, out);
  }
  if (state->claim.number > 0)
    tsl_text_format(out, "%s%s", state->steps > 0 ? ", " : "  ",
                    tsl_claim_state_print(claim, state->run->name, &state->claim));
}

static void print_run(const struct tsl__run_state *state, struct tsl_text *out) {
  const struct tsl_run_progress *progress = &state->progress;
  char date[TSL_DATE_TEXT];
  tsl_text_format(out, "%-9s  %s", tsl__state_word(state->state), state->run->name);
  switch (state->state) {
  case TSL__STATE_RUNNING:
  case TSL__STATE_SILENT:
    tsl_text_add(out, "  ");
    print_steps(state, out);
    if (progress->steps_per_second > 0)
      tsl_text_format(out, ", %.1f steps/s", progress->steps_per_second);
    if (isfinite(state->loss))
      tsl_text_format(out, ", loss %.6g", state->loss);
    tsl_text_format(out, ", rank%s %s on %s (process %lld)",
                    progress->width == 1 ? "" : "s", progress->ranks, progress->host,
                    (long long)progress->process.pid);
    tsl_text_format(out, ", %s %s", state->state == TSL__STATE_RUNNING ? "since" : "last",
                    tsl_date_print_seconds(date, state->state == TSL__STATE_RUNNING
                                                     ? progress->since
                                                     : progress->updated));
    break;
  case TSL__STATE_FAILED:
    tsl_text_format(out, "  %s", progress->failure[0] != '\0' ? progress->failure : "");
    break;
  case TSL__STATE_WAITING:
    print_waiting(state, out);
    break;
  default:
    tsl_text_format(out, "  %lld steps", (long long)state->record.steps);
    if (state->record.ended == TSL_ENDED_PATIENCE)
      tsl_text_format(out, ", ended by patience, weights of step %lld",
                      (long long)state->record.weights_of_step);
    break;
  }
  tsl_text_add(out, "\n");
}

static void print_runs(const struct tsl__run_states *states, bool verbose,
                       struct tsl_text *out) {
  static const enum tsl__state order[] = {
      TSL__STATE_RUNNING,   TSL__STATE_SILENT,  TSL__STATE_FAILED,  TSL__STATE_DIVERGED,
      TSL__STATE_COLLAPSED, TSL__STATE_WAITING, TSL__STATE_FINISHED};
  for (size_t k = 0; k < sizeof order / sizeof *order; k++) {
    if (!verbose && order[k] != TSL__STATE_RUNNING && order[k] != TSL__STATE_SILENT &&
        order[k] != TSL__STATE_FAILED && order[k] != TSL__STATE_DIVERGED &&
        order[k] != TSL__STATE_COLLAPSED && order[k] != TSL__STATE_WAITING)
      continue;
    for (size_t i = 0; i < states->count; i++) {
      const bool told =
          verbose || order[k] != TSL__STATE_WAITING || states->runs[i].claim.number > 0;
      if (states->runs[i].state == order[k] && told)
        print_run(&states->runs[i], out);
    }
  }
}

static void print_products(const struct tsl_store *store,
                           const struct tsl__scored *scored, bool done,
                           struct tsl_text *out) {
  char path[TSL_PATH_MAX];
  if (scored->exists) {
    tsl_text_format(out, "scores: %s%s",
                    tsl_store_path(store, TSL_STORE_SCORES_CSV, path),
                    scored->finished + scored->open + scored->others > 0 ? ", " : "");
    tsl__scored_print(store, scored, out);
    tsl_text_add(out, "\n");
  } else if (done)
    tsl_text_format(out, "scores: not yet; `teasel run` makes them at its end, `teasel "
                         "score` and `teasel report` at any time\n");
  if (tsl_file_exists(tsl_store_path(store, TSL_STORE_REPORT, path)))
    tsl_text_format(out, "report: %s\n", path);
}

static void print_others(const struct tsl_store *store, const struct tsl__others *others,
                         bool verbose, struct tsl_text *out) {
  char text[TSL__OTHERS_TEXT];
  for (size_t i = 0; verbose && i < others->count; i++)
    tsl_text_format(out, "%-9s  %s  not of this job\n", "kept", others->names[i]);
  if (others->count > 0)
    tsl_text_format(out, "kept: %s\n", tsl__others_remedy(text, store, others));
}

/* 0, 1 or 75 as a status. */
static enum tsl_status answer(const struct tsl__run_states *states) {
  if (tsl__run_states_done(states) == states->count)
    return TSL_OK;
  if (tsl__run_states_done(states) + states->of[TSL__STATE_FAILED] == states->count)
    return TSL_NOT_SO;
  return TSL_INTERRUPTED;
}

/* Looks once: the whole picture, or the summary alone. */
static enum tsl_status look(const struct request *request, bool whole,
                            struct tsl_text *out, enum tsl_status *answered,
                            struct tsl_error *err) {
  struct tsl_cli_results results = {.store = NULL};
  struct tsl__run_states states = {.runs = NULL};
  struct tsl__others others = {.names = NULL};
  struct tsl__scored scored = {.exists = false};
  TSL_TRY(tsl_cli_results_open(request->folder, &results, err));
  enum tsl_status status = tsl__run_states_read(&results, &states, err);
  if (status == TSL_OK)
    status = tsl__others_read(results.store, results.job, &others, err);
  if (status == TSL_OK && whole)
    status = tsl__scored_read(results.store, results.job, &scored, err);
  if (status == TSL_OK) {
    print_summary(results.job, &states, &others, out);
    if (whole) {
      print_runs(&states, request->verbose, out);
      print_others(results.store, &others, request->verbose, out);
      print_products(results.store, &scored,
                     tsl__run_states_done(&states) == states.count, out);
    }
    *answered = answer(&states);
    if (out->failed)
      status = tsl_error_set(err, TSL_MEMORY, request->folder, "out of memory");
  }
  tsl__others_release(&others);
  tsl__run_states_release(&states);
  tsl_cli_results_close(&results);
  return status;
}

/* Lines cut to the terminal, so that drawing anew covers what stood there. */
static void draw(const struct tsl_text *text) {
  const size_t columns = (size_t)tsl__terminal_columns(STDOUT_FILENO);
  fputs("\033[H\033[J", stdout);
  for (const char *line = text->bytes; line != NULL && *line != '\0';) {
    const size_t length = strcspn(line, "\n");
    printf("%.*s\n", (int)(length < columns ? length : columns - 1), line);
    line += length + (line[length] != '\0');
  }
  fflush(stdout);
}

static void sleep_seconds(double seconds) {
  const struct timespec nap = {.tv_sec = (time_t)seconds,
                               .tv_nsec = (long)((seconds - floor(seconds)) * 1e9)};
  nanosleep(&nap, NULL);
}

static enum tsl_status watch(const struct request *request, struct tsl_error *err) {
  const bool terminal = isatty(STDOUT_FILENO) == 1;
  const double blink = 2, minute = 60;
  const double pause = request->every > 0 ? request->every : terminal ? blink : minute;
  for (;;) {
    enum tsl_status answered = TSL_OK;
    struct tsl_text text;
    tsl_text_init(&text);
    enum tsl_status status = look(request, terminal, &text, &answered, err);
    if (status == TSL_OK && terminal)
      draw(&text);
    else if (status == TSL_OK)
      fputs(text.bytes, stdout);
    fflush(stdout);
    tsl_text_release(&text);
    if (status != TSL_OK || answered != TSL_INTERRUPTED)
      return status != TSL_OK ? status : answered;
    sleep_seconds(pause);
  }
}

static enum tsl_status print_ledger(const struct request *request,
                                    struct tsl_error *err) {
  struct tsl_store *store = NULL;
  struct tsl_text text;
  tsl_text_init(&text);
  TSL_TRY(tsl_store_open(request->folder, TSL_STORE_EXISTING, &store, err));
  enum tsl_status status = tsl_store_ledger_read(store, &text, err);
  if (status == TSL_OK)
    fputs(text.bytes, stdout);
  tsl_text_release(&text);
  tsl_store_close(store);
  return status;
}

static enum tsl_status tell(const struct request *request, struct tsl_error *err) {
  enum tsl_status answered = TSL_OK;
  struct tsl_text text;
  if (request->ledger)
    return print_ledger(request, err);
  if (request->watch)
    return watch(request, err);
  tsl_text_init(&text);
  enum tsl_status status = look(request, /*whole=*/true, &text, &answered, err);
  if (status == TSL_OK)
    fputs(text.bytes, stdout);
  tsl_text_release(&text);
  return status != TSL_OK ? status : answered;
}

static enum tsl_status run(int argc, char **argv, struct tsl_error *err) {
  struct request request = {.folder = NULL};
  const struct tsl_cli_option options[] = {
      {.name = "--watch", .alias = "-w", .given = &request.watch},
      {.name = "--every", .real = &request.every, .least = 0.01, .most = 86400},
      {.name = "--verbose", .alias = "-v", .given = &request.verbose},
      {.name = "--ledger", .given = &request.ledger},
      {.name = NULL}};
  struct tsl_cli_arguments arguments = {0};
  enum tsl_status status =
      tsl_cli_parse(argc, argv, options, /*with_settings=*/false, &arguments, err);
  if (status == TSL_OK)
    status = tsl_cli_words_check(&arguments, "status", 1, 1, "RESULTS", err);
  if (status == TSL_OK) {
    request.folder = arguments.words[0];
    status = request.ledger && request.watch
                 ? tsl_error_set(err, TSL_BAD_INPUT, "--ledger",
                                 "does not go with --watch: give one of them")
                 : tell(&request, err);
  }
  tsl_cli_arguments_release(&arguments);
  return status == TSL_IO ? TSL_FORMAT : status; /* 1 is an answer here */
}

const struct tsl_command tsl_command_status = {
    .name = "status",
    .summary = "what the runs of a results folder are doing, and the time left",
    .usage = usage,
    .run = run,
    .one_answers = true,
};
