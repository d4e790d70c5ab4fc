#include "train/sweep_track.h"

#include "teasel/arena.h"
#include "teasel/log.h"

#include <math.h>
#include <stdlib.h>

enum tsl_status tsl__tracks_init(struct tsl__tracks *tracks, const struct tsl_task *tasks,
                                 int64_t runs, struct tsl_error *err) {
  void *memory = NULL;
  *tracks = (struct tsl__tracks){.tasks = tasks, .runs = runs, .left = NAN};
  TSL_TRY(tsl_allocate(&memory, (size_t)runs, sizeof *tracks->tracks, err));
  tracks->tracks = memory;
  return TSL_OK;
}

void tsl__tracks_release(struct tsl__tracks *tracks) {
  free(tracks->tracks);
  tsl_planner_free(tracks->planner);
  tracks->tracks = NULL;
  tracks->planner = NULL;
}

enum tsl_status tsl__tracks_predicted(struct tsl__tracks *tracks, int ranks, int width,
                                      struct tsl_error *err) {
  return tsl_planner_create(tracks->tasks, tracks->runs, ranks, width, &tracks->planner,
                            err);
}

/* ---- sums ---- */

/* Steps whose time is known. */
static double timed_steps(const struct tsl__track *track) {
  return (double)(track->note.steps - track->note.from);
}

static void add(struct tsl__tracks *tracks, int64_t run, int sign) {
  const struct tsl__track *track = &tracks->tracks[run];
  double timed = timed_steps(track);
  tracks->steps_done +=
      sign * (track->over && !track->failed ? track->iterations : track->note.steps);
  tracks->steps_total += sign * track->iterations;
  tracks->over += sign * track->over;
  tracks->seconds += sign * track->note.seconds;
  if (track->iterations > 0)
    tracks->predicted +=
        sign * tracks->tasks[run].seconds * timed / (double)track->iterations;
  if (track->width > 0 && track->note.seconds > 0)
    tracks->rate += sign * timed * track->width / track->note.seconds;
}

void tsl__tracks_change(struct tsl__tracks *tracks, int64_t run,
                        const struct tsl__track *track) {
  add(tracks, run, -1);
  tracks->tracks[run] = *track;
  add(tracks, run, +1);
}

void tsl__tracks_note(struct tsl__tracks *tracks, const struct tsl__note *note) {
  if (note->run < 0 || note->run >= tracks->runs)
    return;
  struct tsl__track track = tracks->tracks[note->run];
  if (track.noted == 0) {
    tracks->begin_seconds += note->begin;
    tracks->begin_count++;
  }
  track.note = *note;
  track.noted = tsl_clock_seconds();
  tsl__tracks_change(tracks, note->run, &track);
}

void tsl__tracks_begin(struct tsl__tracks *tracks, int64_t run, int64_t steps) {
  struct tsl__track track = tracks->tracks[run];
  const bool possible = steps > 0 && steps <= track.iterations; /* a file may say much */
  track.note.run = run;
  track.note.steps = track.note.from = possible ? steps : 0;
  track.note.seconds = 0;
  tsl__tracks_change(tracks, run, &track);
}

void tsl__tracks_run(struct tsl__tracks *tracks, int64_t run, int width, bool over) {
  struct tsl__track track = tracks->tracks[run];
  if (over && track.width > 0 && track.noted > 0 &&
      track.note.steps == track.iterations) {
    tracks->end_seconds += tsl_clock_seconds() - track.noted;
    tracks->end_count++;
  }
  track.width = width;
  track.over = over;
  track.failed = false;
  tsl__tracks_change(tracks, run, &track);
}

void tsl__tracks_fail(struct tsl__tracks *tracks, int64_t run) {
  struct tsl__track track = tracks->tracks[run];
  track.width = 0;
  track.over = track.failed = true;
  tsl__tracks_change(tracks, run, &track);
}

/* ---- what is left ---- */

double tsl__tracks_pace(const struct tsl__tracks *tracks) {
  return tracks->predicted > 0 ? tracks->seconds / tracks->predicted : 0;
}

static double mean(double sum, int64_t count) {
  return count > 0 ? sum / (double)count : 0;
}

double tsl__tracks_run_left(const struct tsl__tracks *tracks, int64_t run) {
  const struct tsl__track *track = &tracks->tracks[run];
  double iterations = (double)(track->iterations > 0 ? track->iterations : 1);
  double step = timed_steps(track) > 0
                    ? track->note.seconds / timed_steps(track)
                    : tsl__tracks_pace(tracks) * tracks->tasks[run].seconds / iterations;
  double begin = track->width > 0 ? 0 : mean(tracks->begin_seconds, tracks->begin_count);
  return begin + step * (double)(track->iterations - track->note.steps) +
         mean(tracks->end_seconds, tracks->end_count);
}

static double plan(const struct tsl__tracks *tracks) {
  if (tsl__tracks_pace(tracks) == 0 || tracks->planner == NULL)
    return NAN;
  struct tsl_task *tasks = tsl_planner_tasks(tracks->planner);
  for (int64_t i = 0; i < tracks->runs; i++) {
    tasks[i].done = tracks->tracks[i].over;
    if (!tasks[i].done)
      tasks[i].seconds = tsl__tracks_run_left(tracks, i);
  }
  return tsl_planner_makespan(tracks->planner);
}

double tsl__tracks_left(struct tsl__tracks *tracks) {
  const double pause = 1, share = 0.01; /* seconds; of the time */
  double now = tsl_clock_seconds();
  if (tracks->over == tracks->runs)
    return 0;
  if (now >= tracks->next_plan) {
    tracks->left = plan(tracks);
    tracks->planned = now;
    tracks->next_plan = now + fmax(pause, (tsl_clock_seconds() - now) / share);
  }
  double left = tracks->left - (now - tracks->planned);
  return left < 0 ? 0 : left; /* NAN stays what it is */
}
