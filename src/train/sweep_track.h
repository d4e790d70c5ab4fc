/* sweep_track.h - how far the runs of a sweep are, as rank 0 knows it, and how long the
 * rest will take. Sums are kept up, so that a million runs cost nothing at each event. */
#ifndef TEASEL_TRAIN_SWEEP_TRACK_H
#define TEASEL_TRAIN_SWEEP_TRACK_H

#include "teasel/schedule.h"

#include <stdbool.h>
#include <stdint.h>

/* What a team's first member tells rank 0, about once a second. */
struct tsl__note {
  int64_t run, steps; /* taken */
  int64_t from;       /* steps after which the seconds are counted */
  double seconds;     /* of all its ranks together, since then */
  double begin;       /* seconds from its assignment to the end of its first step */
};

struct tsl__track {
  int64_t iterations;
  struct tsl__note note;
  double noted; /* when that came, tsl_clock_seconds */
  int width;    /* 0: not running */
  bool over;
  bool failed; /* over without an outcome: only the steps that were taken count */
};

struct tsl__tracks {
  const struct tsl_task *tasks; /* (runs) borrowed; seconds: predicted */
  struct tsl__track *tracks;    /* (runs) */
  int64_t runs;
  /* Sums over the runs, see tsl__tracks_change. */
  int64_t steps_done, steps_total, over;
  double seconds, predicted; /* of steps whose time is known: measured, predicted */
  double rate;               /* steps a second */
  /* What runs cost besides their steps. */
  double begin_seconds, end_seconds; /* sums */
  int64_t begin_count, end_count;
  struct tsl_planner *planner; /* NULL: how long the rest will take is not known */
  /* The last plan of what is left. */
  double planned, next_plan; /* when; tsl_clock_seconds */
  double left;               /* seconds from then on; NAN: unknown */
};

/* Local. The runs' iterations are set with tsl__tracks_change. */
enum tsl_status tsl__tracks_init(struct tsl__tracks *tracks, const struct tsl_task *tasks,
                                 int64_t runs, struct tsl_error *err);
void tsl__tracks_release(struct tsl__tracks *tracks);
/* Local. The tasks' seconds are predicted: from now on how long the rest will take can be
 * told, without allocating. width: of every team; 0: as the schedule wants it. */
enum tsl_status tsl__tracks_predicted(struct tsl__tracks *tracks, int ranks, int width,
                                      struct tsl_error *err);
/* Local. Every change of a track goes through here: take a copy, change it, give it. */
void tsl__tracks_change(struct tsl__tracks *tracks, int64_t run,
                        const struct tsl__track *track);
void tsl__tracks_note(struct tsl__tracks *tracks, const struct tsl__note *note);
/* Local. A run will go on after these steps; what cannot be counts as none. */
void tsl__tracks_begin(struct tsl__tracks *tracks, int64_t run, int64_t steps);
/* Local. A run starts (width > 0), goes on with another width, or stops (0). */
void tsl__tracks_run(struct tsl__tracks *tracks, int64_t run, int width, bool over);
/* Local. A run is over for this start, without an outcome. */
void tsl__tracks_fail(struct tsl__tracks *tracks, int64_t run);

/* Local. Measured time over predicted time, of all steps so far; 0: nothing is measured.
 */
double tsl__tracks_pace(const struct tsl__tracks *tracks);
/* Local. Seconds of one rank that a run still needs, at its own pace where it has one. */
double tsl__tracks_run_left(const struct tsl__tracks *tracks, int64_t run);
/* Local. Seconds until all are done, by the schedule's plan at the measured pace; NAN:
 * unknown. Plans anew when that costs little of the time. */
double tsl__tracks_left(struct tsl__tracks *tracks);

#endif
