/* sweep: the runs of a job as tasks of the schedule, and how far they are. */
#include "teasel/schedule.h"
#include "teasel/train.h"

#include "train/run_watch.h"
#include "train/sweep_claim.h"
#include "train/sweep_tasks.h"
#include "train/sweep_track.h"
#include "train/trainer.h"

#include "teasel/arena.h"
#include "teasel/log.h"
#include "teasel/nn.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MESSAGE_STEPS = TSL_MESSAGE_WORKER };

struct sweep {
  const struct tsl_sweep_request *request;
  struct tsl_world *world;
  struct tsl_task *tasks;    /* (runs) */
  struct tsl__tracks tracks; /* kept up by rank 0 alone */
  int64_t runs;
  double begun;
  struct tsl__sweep_claims claims;
  const char *note; /* for what is told next */
  /* The run that this rank trains. */
  int64_t current;
  const struct tsl_turn *turn;
  int64_t counted_from; /* steps; -1: the first is not over */
  double counted;       /* until when rank_seconds are counted */
  double rank_seconds, first_seconds, current_begun, noted;
  struct tsl__run_watch watch;
  /* Rank 0 alone. */
  int64_t finished, failed, running;
  double foretold, foretold_at; /* seconds that this start would take; 0: not yet; and
                                   seconds after which that was known */
};

/* ---- rank 0: progress ---- */

static int forced_width(const struct sweep *sweep) {
  return (int)tsl_job_options(sweep->request->job)->schedule.width;
}

static double task_pace(void *context) {
  const struct sweep *sweep = context;
  return tsl__tracks_pace(&sweep->tracks);
}

static double task_seconds_left(void *context, int64_t id) {
  const struct sweep *sweep = context;
  return tsl__tracks_run_left(&sweep->tracks, id);
}

static void tell(struct sweep *sweep, int event, int64_t run, const int *ranks,
                 int width) {
  const struct tsl_sweep_request *request = sweep->request;
  if (request->progress == NULL)
    return;
  struct tsl_sweep_progress progress = {.runs = sweep->runs,
                                        .finished = sweep->finished,
                                        .failed = sweep->failed,
                                        .running = sweep->running,
                                        .seconds = tsl_clock_seconds() - sweep->begun,
                                        .steps_done = sweep->tracks.steps_done,
                                        .steps_total = sweep->tracks.steps_total,
                                        .steps_per_second = sweep->tracks.rate,
                                        .seconds_left = tsl__tracks_left(&sweep->tracks),
                                        .other = sweep->claims.other,
                                        .event = event,
                                        .note = sweep->note,
                                        .ranks = ranks,
                                        .width = width};
  if (run >= 0) {
    progress.run = tsl_job_run(request->job, (size_t)run);
    progress.run_steps = sweep->tracks.tracks[run].note.steps;
  }
  request->progress(request->context, &progress);
}

static void take_message(void *context, const struct tsl_message *message) {
  struct sweep *sweep = context;
  struct tsl__note note;
  if (message->kind != MESSAGE_STEPS || message->count != sizeof note)
    return;
  memcpy(&note, message->bytes, sizeof note);
  tsl__tracks_note(&sweep->tracks, &note);
}

/* Until a team tells its steps, those of the checkpoint that it goes on from are known.
 */
static void find_begun(struct sweep *sweep, int64_t id) {
  const struct tsl_sweep_request *request = sweep->request;
  const char *name = tsl_job_run(request->job, (size_t)id)->name;
  tsl__tracks_begin(&sweep->tracks, id, tsl_store_checkpoint_step(request->store, name));
}

static void take_change(void *context, int64_t id, enum tsl_task_change change,
                        const int *ranks, int width) {
  struct sweep *sweep = context;
  if (width == 0) { /* nothing was started here */
    if (change == TSL_TASK_FAILED)
      tsl__tracks_fail(&sweep->tracks, id);
    else
      tsl__tracks_run(&sweep->tracks, id, 0, true);
    sweep->finished += change == TSL_TASK_FOUND;
    sweep->failed += change == TSL_TASK_FAILED;
    /* What other processes did shows with the next tick. */
    if (change == TSL_TASK_FAILED)
      tell(sweep, TSL_SWEEP_FAILED, id, NULL, 0);
    return;
  }
  if (change == TSL_TASK_STARTED) {
    sweep->running++;
    find_begun(sweep, id);
    tsl__tracks_run(&sweep->tracks, id, width, false);
    tell(sweep, TSL_SWEEP_STARTED, id, ranks, width);
    return;
  }
  if (change == TSL_TASK_CHANGED) {
    tsl__tracks_run(&sweep->tracks, id, width, false);
    tell(sweep, TSL_SWEEP_WIDENED, id, ranks, width);
    return;
  }
  sweep->running--;
  if (change == TSL_TASK_FAILED)
    tsl__tracks_fail(&sweep->tracks, id);
  else
    tsl__tracks_run(&sweep->tracks, id, 0, change != TSL_TASK_LEFT);
  sweep->finished += change == TSL_TASK_ENDED;
  sweep->failed += change == TSL_TASK_FAILED;
  tell(sweep,
       change == TSL_TASK_ENDED  ? TSL_SWEEP_ENDED
       : change == TSL_TASK_LEFT ? TSL_SWEEP_LEFT
                                 : TSL_SWEEP_FAILED,
       id, ranks, width);
  if (change == TSL_TASK_ENDED)
    tsl__sweep_claims_told(&sweep->claims,
                           tsl_job_run(sweep->request->job, (size_t)id)->name);
}

/* Claims that are left on finished runs, where a process was killed between the two. */
static void settle(struct sweep *sweep) {
  sweep->claims.unsettled = 0;
  for (int64_t i = 0; i < sweep->runs; i++) {
    const struct tsl__track *track = &sweep->tracks.tracks[i];
    const struct tsl_run *run = tsl_job_run(sweep->request->job, (size_t)i);
    if (track->over && !track->failed &&
        tsl__sweep_claims_settle(&sweep->claims, run->name))
      tell(sweep, TSL_SWEEP_FOUND, i, NULL, 0);
  }
}

static void take_loss(void *context, int rank) {
  tell(context, TSL_SWEEP_LOST, -1, &rank, 1);
}

/* Once, when something has been measured: how long this start will take, so that it can
 * be compared at the end. */
static void foretell(struct sweep *sweep) {
  const double least = 3, share = 0.03; /* seconds; of what is foretold */
  double now = tsl_clock_seconds() - sweep->begun;
  double all = now + tsl__tracks_left(&sweep->tracks);
  if (sweep->foretold > 0 || !isfinite(all) || now < least || now < share * all)
    return;
  sweep->foretold = all;
  sweep->foretold_at = now;
}

static void compare_foretold(const struct sweep *sweep) {
  double took = tsl_clock_seconds() - sweep->begun;
  if (sweep->foretold > 0)
    tsl_log(TSL_LOG_NORMAL, "training took %.1f s; after %.1f s, %.1f s were foretold",
            took, sweep->foretold_at, sweep->foretold);
}

static void tick(void *context) {
  tell(context, TSL_SWEEP_TIME, -1, NULL, 0);
  foretell(context);
}

/* ---- every rank ---- */

/* Adds up the time of the team's ranks, from the end of the first step on, which makes
 * much that later ones find. */
static void count_time(struct sweep *sweep, int64_t steps_done, double now) {
  if (sweep->counted_from < 0) {
    sweep->counted_from = steps_done;
    sweep->first_seconds = now - sweep->current_begun;
  } else {
    sweep->rank_seconds += (now - sweep->counted) * tsl_team_size(sweep->turn->team);
  }
  sweep->counted = now;
}

static void send_note(struct sweep *sweep, int64_t steps_done) {
  const struct tsl__note note = {.run = sweep->current,
                                 .steps = steps_done,
                                 .from = sweep->counted_from,
                                 .seconds = sweep->rank_seconds,
                                 .begin = sweep->first_seconds};
  if (tsl_world_rank(sweep->world) == 0)
    tsl__tracks_note(&sweep->tracks, &note);
  else /* a note that cannot be sent is missed by nobody but the progress line */
    (void)tsl_world_send(sweep->world, 0, MESSAGE_STEPS, &note, sizeof note, NULL);
}

/* After each step of this rank's run, where it is the team's first member. */
static void note_steps(void *context, int64_t steps_done) {
  /* Seconds between two notes of a team, so that rank 0 gets at most so many a second. */
  const double often = 1, served = 1000;
  struct sweep *sweep = context;
  const struct tsl_run *run = tsl_job_run(sweep->request->job, (size_t)sweep->current);
  double now = tsl_clock_seconds();
  tsl__run_watch_step(&sweep->watch, sweep->turn->team, steps_done);
  count_time(sweep, steps_done, now);
  sweep->claims.steps = steps_done;
  sweep->claims.from = sweep->counted_from - 1;
  sweep->claims.seconds = now - sweep->current_begun;
  bool last = steps_done == tsl_train_iterations(
                                run, tsl__training_count(sweep->request->dataset, run));
  if (now - sweep->noted < fmax(often, tsl_world_size(sweep->world) / served) && !last)
    return;
  sweep->noted = now;
  send_note(sweep, steps_done);
}

static enum tsl_status train_one(void *context, int64_t id, struct tsl_team *team,
                                 struct tsl_turn *turn,
                                 enum tsl_status (*poll)(void *poll_context),
                                 void *poll_context, struct tsl_error *err) {
  struct sweep *sweep = context;
  const struct tsl_job *job = sweep->request->job;
  const struct tsl_train_request request = {.run = tsl_job_run(job, (size_t)id),
                                            .options = tsl_job_options(job),
                                            .dataset = sweep->request->dataset,
                                            .store = sweep->request->store,
                                            .poll = tsl__sweep_claims_poll,
                                            .poll_context = &sweep->claims,
                                            .confirm = tsl__sweep_claims_confirm,
                                            .progress = note_steps,
                                            .progress_context = sweep,
                                            .turn = turn};
  sweep->current = id;
  sweep->turn = turn;
  sweep->counted_from = -1;
  sweep->rank_seconds = 0;
  sweep->current_begun = tsl_clock_seconds();
  sweep->noted = sweep->current_begun;
  struct tsl_error own = {.rank = -1};
  enum tsl_status status =
      tsl__sweep_claims_begin(&sweep->claims, request.run->name,
                              turn->joining ? NULL : team, poll, poll_context, &own);
  if (status == TSL_OK) {
    tsl__run_watch_begin(&sweep->watch, &request, team);
    status = tsl_train(&request, team, &own);
    if (status != TSL_OK &&
        sweep->counted_from >= 0) /* the ledger tells how far it came */
      send_note(sweep, sweep->claims.steps);
    tsl__run_watch_end(&sweep->watch, status, &own);
  }
  status = tsl_store_explain(request.store, status, &own);
  tsl__sweep_claims_end(&sweep->claims, status == TSL_OK);
  if (status != TSL_OK && err != NULL)
    *err = own;
  if (status != TSL_OK && err != NULL && err->where[0] == '\0')
    snprintf(err->where, sizeof err->where, "%.255s", request.run->name);
  return status;
}

static enum tsl_status ask(void *context, int64_t id, enum tsl_task_answer *answer,
                           struct tsl_error *err) {
  struct sweep *sweep = context;
  const struct tsl_run *run = tsl_job_run(sweep->request->job, (size_t)id);
  char before[TSL__BEFORE_TEXT] = ""; /* who had the run */
  bool untold = false;
  const enum tsl_status status =
      tsl__sweep_claims_ask(&sweep->claims, run->name, answer, &untold, before, err);
  TSL_TRY(tsl_store_explain(sweep->request->store, status, err));
  if (untold)
    tell(sweep, TSL_SWEEP_FOUND, id, NULL, 0);
  if (before[0] != '\0') {
    sweep->note = before;
    find_begun(sweep, id);
    tell(sweep, TSL_SWEEP_TAKEN, id, NULL, 0);
    sweep->note = NULL;
  }
  return TSL_OK;
}

static bool asked_to_stop(void *context) {
  const struct sweep *sweep = context;
  const struct tsl_sweep_request *request = sweep->request;
  return request->stop != NULL && request->stop(request->context);
}

/* Collective on the world. Any ranks may become a team, and a run may go on elsewhere:
 * that all compute with the same bits is a matter of the same kernels. */
static enum tsl_status check_kernels(struct tsl_team *team, struct tsl_error *err) {
  char first[sizeof((struct tsl_record *)NULL)->kernels] = "";
  enum tsl_status status = TSL_OK;
  snprintf(first, sizeof first, "%s", tsl_nn_kernel_set());
  TSL_TRY(tsl_team_broadcast(team, 0, first, sizeof first, err));
  if (strcmp(first, tsl_nn_kernel_set()) != 0)
    status = tsl_error_set(err, TSL_BAD_INPUT, "schedule.isa",
                           "rank %d computes with %s, rank 0 with %s, and results would "
                           "depend on who trains: set schedule.isa to an instruction set "
                           "that all have",
                           tsl_team_index(team), tsl_nn_kernel_set(), first);
  return tsl_team_agree(team, status, err);
}

enum tsl_status tsl_sweep_run(const struct tsl_sweep_request *request,
                              struct tsl_world *world, struct tsl_error *err) {
  struct sweep sweep = {.request = request,
                        .world = world,
                        .runs = (int64_t)tsl_job_run_count(request->job),
                        .begun = tsl_clock_seconds()};
  struct tsl_team *team = tsl_world_team(world);
  const struct tsl_worker worker = {.work = train_one,
                                    .ask = ask,
                                    .changed = take_change,
                                    .lost = take_loss,
                                    .message = take_message,
                                    .seconds_left = task_seconds_left,
                                    .pace = task_pace,
                                    .tick = tick,
                                    .stop = asked_to_stop,
                                    .context = &sweep};
  size_t runs = (size_t)sweep.runs;
  void *tasks = NULL;
  TSL_TRY(check_kernels(team, err));
  enum tsl_status status = tsl_allocate(&tasks, runs, sizeof *sweep.tasks, err);
  sweep.tasks = tasks;
  if (status == TSL_OK)
    status = tsl__tracks_init(&sweep.tracks, sweep.tasks, sweep.runs, err);
  if (status == TSL_OK && tsl_world_rank(world) == 0)
    status = tsl__sweep_find_done(request, sweep.tasks, err);
  status = tsl_team_agree(team, status, err);
  if (tasks == NULL || sweep.tracks.tracks == NULL) /* then the vote has failed */
    goto done;
  if (status == TSL_OK)
    status = tsl_team_broadcast(team, 0, sweep.tasks, runs * sizeof *sweep.tasks, err);
  if (status == TSL_OK)
    status = tsl__sweep_find_costs(request, team, sweep.tasks, &sweep.tracks, err);
  for (int64_t i = 0; status == TSL_OK && i < sweep.runs; i++)
    sweep.finished += sweep.tasks[i].done;
  if (status == TSL_OK && tsl_world_rank(world) == 0) /* without it: no forecast */
    (void)tsl__tracks_predicted(&sweep.tracks, tsl_world_size(world),
                                forced_width(&sweep), NULL);
  if (status == TSL_OK)
    status = tsl__sweep_claims_init(&sweep.claims, request->store, team,
                                    tsl_job_options(request->job)->schedule.claim_seconds,
                                    err);
  if (status == TSL_OK && tsl_world_rank(world) == 0)
    settle(&sweep);
  if (status == TSL_OK)
    status = tsl_schedule_run(world, sweep.tasks, sweep.runs, forced_width(&sweep),
                              &worker, err);
  if (status == TSL_OK && sweep.claims.unsettled > 0) /* by now, who left them is known */
    settle(&sweep);
  if (status == TSL_OK)
    compare_foretold(&sweep);
done:
  tsl__sweep_claims_release(&sweep.claims);
  free(tasks);
  tsl__tracks_release(&sweep.tracks);
  return status;
}
