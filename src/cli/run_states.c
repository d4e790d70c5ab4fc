#include "cli/run_states.h"

#include "teasel/arena.h"
#include "teasel/date.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const words[] = {
#define XX(name, word) word,
    TSL__STATE_MAP(XX)
#undef XX
};

const char *tsl__state_word(enum tsl__state state) {
  return words[state];
}

/* ---- one run ---- */

static bool is_alive(const struct tsl_run_progress *progress, double patience) {
  return !tsl_process_is_dead(&progress->process) &&
         tsl_date_now() - progress->updated < patience;
}

static enum tsl__state state_of_outcome(enum tsl_outcome outcome) {
  return outcome == TSL_OUTCOME_DIVERGED    ? TSL__STATE_DIVERGED
         : outcome == TSL_OUTCOME_COLLAPSED ? TSL__STATE_COLLAPSED
                                            : TSL__STATE_FINISHED;
}

static enum tsl_status read_state(const struct tsl_store *store, double patience,
                                  struct tsl__run_state *state, struct tsl_error *err) {
  const struct tsl_run *run = state->run;
  struct tsl_run_progress *progress = &state->progress;
  state->loss = NAN;
  state->iterations = run->options.train.epochs > 0 ? 0 : run->options.train.iterations;
  /* The progress first: a run that ends meanwhile has its record then. */
  tsl_store_progress_read(store, run->name, progress);
  TSL_TRY(tsl_store_record_read(store, run->name, &state->record, err));
  if (state->record.outcome != TSL_OUTCOME_NONE) {
    state->state = state_of_outcome(state->record.outcome);
    state->steps = state->record.steps;
    state->iterations = state->record.steps;
    return TSL_OK;
  }
  state->state = TSL__STATE_WAITING;
  if (!progress->known)
    return TSL_OK;
  state->state = progress->failure[0] != '\0'   ? TSL__STATE_FAILED
                 : is_alive(progress, patience) ? TSL__STATE_RUNNING
                                                : TSL__STATE_SILENT;
  int64_t logged = -1;
  tsl_store_log_last(store, run->name, &logged, &state->loss);
  state->steps = logged >= progress->steps ? logged + 1 : progress->steps;
  state->iterations = progress->iterations;
  return TSL_OK;
}

/* ---- the ledger: what failed or was left without a progress.json ---- */

/* Cell `column` of a line, copied without its tab. */
static void take_cell(const char *line, int column, char *cell, size_t bytes) {
  for (; column > 0; column--) {
    line += strcspn(line, "\t\n");
    line += *line == '\t';
  }
  snprintf(cell, bytes, "%.*s", (int)strcspn(line, "\t\n"), line);
}

static struct tsl__run_state *find_state(const struct tsl__run_states *states,
                                         const char *name) {
  for (size_t i = 0; i < states->count; i++) {
    if (strcmp(states->runs[i].run->name, name) == 0)
      return &states->runs[i];
  }
  return NULL;
}

/* The last event of a run decides, so a later start takes a failure back. */
static void take_event(struct tsl__run_states *states, const char *line) {
  enum { EVENT = 1, RUN = 2, STEPS = 6, NOTE = 7 };
  char event[32], name[TSL_RUN_NAME_MAX], steps[32];
  take_cell(line, EVENT, event, sizeof event);
  take_cell(line, RUN, name, sizeof name);
  take_cell(line, STEPS, steps, sizeof steps);
  struct tsl__run_state *state = name[0] != '\0' ? find_state(states, name) : NULL;
  if (state == NULL || state->progress.known)
    return;
  if (state->state != TSL__STATE_WAITING && state->state != TSL__STATE_FAILED)
    return;
  const bool failed = strcmp(event, "fail") == 0;
  state->state = failed ? TSL__STATE_FAILED : TSL__STATE_WAITING;
  state->progress.failure[0] = '\0';
  if (failed)
    take_cell(line, NOTE, state->progress.failure, sizeof state->progress.failure);
  if (strcmp(event, "leave") == 0)
    state->steps = strtoll(steps, NULL, 10);
}

static enum tsl_status read_ledger(const struct tsl_store *store,
                                   struct tsl__run_states *states,
                                   struct tsl_error *err) {
  struct tsl_text text;
  tsl_text_init(&text);
  enum tsl_status status = tsl_store_ledger_read(store, &text, err);
  for (const char *line = text.bytes;
       status == TSL_OK && line != NULL && *line != '\0';) {
    take_event(states, line);
    line = strchr(line, '\n');
    line = line != NULL ? line + 1 : NULL;
  }
  tsl_text_release(&text);
  return status;
}

/* Where a waiting run goes on; of ranks that died no ledger tells how far they came. */
static void read_checkpoint(const struct tsl_store *store, struct tsl__run_state *state) {
  if (state->state != TSL__STATE_WAITING)
    return;
  const int64_t step = tsl_store_checkpoint_step(store, state->run->name);
  if (step >= 0 && (state->iterations == 0 || step <= state->iterations))
    state->steps = step;
}

/* A claim that cannot be read is for those who want it. */
static void read_claim(const struct tsl_store *store, struct tsl__run_state *state) {
  bool found = false;
  if (state->state == TSL__STATE_WAITING)
    (void)tsl_claim_read(store, state->run->name, &state->claim, &found, NULL);
}

/* ---- the time left ---- */

/* Rank-seconds a step of this run, as measured; 0: nothing was. */
static double pace_of(const struct tsl__run_state *state) {
  if (state->state == TSL__STATE_RUNNING && state->progress.steps_per_second > 0)
    return state->progress.width / state->progress.steps_per_second;
  if (state->state <= TSL__STATE_COLLAPSED && state->record.steps > 0 &&
      state->record.seconds > 0)
    return state->record.width * state->record.seconds / (double)state->record.steps;
  return 0;
}

/* How much two runs have in common, for guessing one's pace by the other's. */
static int likeness(const struct tsl_run *a, const struct tsl_run *b) {
  return a->setting == b->setting ? 3 : a->family == b->family ? 2 : 1;
}

/* The iterations of a run whose length is given in epochs, after the runs most like it
 * that were begun: so many an epoch, of batches of its own size; the longest of them, for
 * patience may have ended others early. 0: none was begun. */
static int64_t guess_iterations(const struct tsl__run_states *states,
                                const struct tsl_run *run) {
  const double epochs = (double)run->options.train.epochs;
  double samples = 0; /* an epoch */
  int best = 0;
  for (size_t i = 0; i < states->count; i++) {
    const struct tsl__run_state *other = &states->runs[i];
    const int64_t other_epochs = other->run->options.train.epochs;
    const int like = likeness(run, other->run);
    const int64_t known = other->state <= TSL__STATE_COLLAPSED
                              ? other->record.steps
                              : other->progress.iterations;
    if (known == 0 || other_epochs == 0 || like < best)
      continue;
    const double seen =
        (double)(known * other->run->options.train.batch) / (double)other_epochs;
    samples = like > best ? seen : fmax(samples, seen);
    best = like;
  }
  return llround(epochs * samples / (double)run->options.train.batch);
}

/* The mean pace of the runs that are most like this one. */
static double guess_pace(const struct tsl__run_states *states,
                         const struct tsl_run *run) {
  double sum = 0, count = 0;
  int best = 0;
  for (size_t i = 0; i < states->count; i++) {
    const struct tsl__run_state *other = &states->runs[i];
    const int like = likeness(run, other->run);
    const double pace = pace_of(other);
    if (pace <= 0 || like < best)
      continue;
    if (like > best)
      sum = count = 0;
    best = like;
    sum += pace;
    count += 1;
  }
  return count > 0 ? sum / count : 0;
}

/* The work that is left, shared by the ranks that work now; at least what the longest of
 * the running ones still takes. */
static double estimate(const struct tsl__run_states *states) {
  double work = 0, longest = 0;
  for (size_t i = 0; i < states->count; i++) {
    const struct tsl__run_state *state = &states->runs[i];
    const int64_t iterations = state->iterations;
    if (state->state <= TSL__STATE_COLLAPSED)
      continue;
    double pace = pace_of(state);
    if (pace <= 0)
      pace = guess_pace(states, state->run);
    if (pace <= 0 || iterations == 0)
      return (double)NAN;
    const int64_t rest = iterations > state->steps ? iterations - state->steps : 0;
    work += pace * (double)rest;
    if (state->state == TSL__STATE_RUNNING)
      longest = fmax(longest, pace * (double)rest / fmax(1, state->progress.width));
  }
  if (work > 0 && states->ranks == 0)
    return (double)NAN; /* nobody works on it */
  return work > 0 ? fmax(work / states->ranks, longest) : 0;
}

/* ---- all ---- */

enum tsl_status tsl__run_states_read(const struct tsl_cli_results *results,
                                     struct tsl__run_states *out, struct tsl_error *err) {
  const double patience = tsl_job_options(results->job)->schedule.claim_seconds;
  struct tsl__run_states states = {.count = tsl_job_run_count(results->job)};
  enum tsl_status status =
      tsl_allocate((void **)&states.runs, states.count + 1, sizeof *states.runs, err);
  for (size_t i = 0; i < states.count && status == TSL_OK; i++) {
    states.runs[i].run = tsl_job_run(results->job, i);
    status = read_state(results->store, patience, &states.runs[i], err);
  }
  if (status == TSL_OK)
    status = read_ledger(results->store, &states, err);
  for (size_t i = 0; i < states.count && status == TSL_OK; i++) {
    struct tsl__run_state *state = &states.runs[i];
    if (state->iterations == 0)
      state->iterations = guess_iterations(&states, state->run);
    states.of[state->state]++;
    read_claim(results->store, state);
    read_checkpoint(results->store, state);
    if (state->state == TSL__STATE_RUNNING)
      states.ranks += state->progress.width;
  }
  if (status == TSL_OK)
    states.seconds_left = estimate(&states);
  if (status == TSL_OK)
    *out = states;
  else
    tsl__run_states_release(&states);
  return status;
}

void tsl__run_states_release(struct tsl__run_states *states) {
  free(states->runs);
  memset(states, 0, sizeof *states);
}

size_t tsl__run_states_done(const struct tsl__run_states *states) {
  return states->of[TSL__STATE_FINISHED] + states->of[TSL__STATE_DIVERGED] +
         states->of[TSL__STATE_COLLAPSED];
}
