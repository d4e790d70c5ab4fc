/* decide.h - who works on what next: one rule without clock, messages or randomness,
 * asked by the plan and by the coordinator alike. docs/scheduling.md tells the rule.
 *
 * Seconds are on the clock of whoever asks. A task's `seconds` are those of one rank; a
 * team of W takes a W-th. */
#ifndef TEASEL_SCHEDULE_DECIDE_H
#define TEASEL_SCHEDULE_DECIDE_H

#include "teasel/schedule.h"

struct tsl__decider;

enum tsl__move_kind {
  TSL__MOVE_NONE,
  TSL__MOVE_START, /* a task that waited */
  TSL__MOVE_WIDEN, /* a team takes in as many ranks as it has */
  TSL__MOVE_NARROW /* a team lets half of its ranks go */
};
struct tsl__move {
  enum tsl__move_kind kind;
  int64_t task; /* index */
  int width;    /* of its team afterwards */
};

/* Local. Tasks that are done are left out; the array is borrowed. width: 0: the rule
 * chooses; else that of every team. head: see below. */
enum tsl_status tsl__decider_create(const struct tsl_task *tasks, int64_t task_count,
                                    int ranks, int width, int64_t head, double now,
                                    struct tsl__decider **out, struct tsl_error *err);
/* Local. How many of the shortest tasks should be done before all others, each on its
 * widest team: the best of a few plans. 0 where that is worth nothing. */
int64_t tsl__plan_head(const struct tsl_task *tasks, int64_t task_count, int ranks,
                       int width);
void tsl__decider_free(struct tsl__decider *decider);
/* Local. As it was made, without a head, for tasks whose seconds and done have changed.
 */
void tsl__decider_begin(struct tsl__decider *decider, double now);
int64_t tsl__decider_waiting(const struct tsl__decider *decider); /* tasks */

/* Local. What should be done now with this many idle ranks. The move counts as made: a
 * started task runs; a team that is to change its width is left alone until
 * tsl__decider_settle. Ask again until nothing is to be done. */
struct tsl__move tsl__decider_next(struct tsl__decider *decider, double now, int idle);
/* Local. When to ask again although nothing has happened; INFINITY: not before. */
double tsl__decider_wake(const struct tsl__decider *decider, double now);

/* Local. The team of a running task now has this width, be it as wanted or as before.
 * fixed: it is not to be changed any more. */
void tsl__decider_settle(struct tsl__decider *decider, double now, int64_t task,
                         int width, bool fixed);
/* Local. A running task is over, or waits again, with what it cost at first. The width of
 * its team, whose ranks are then idle. */
int tsl__decider_end(struct tsl__decider *decider, int64_t task);
int tsl__decider_again(struct tsl__decider *decider, int64_t task);
/* Local. Measured: the seconds of one rank that a running task still needs. */
void tsl__decider_correct(struct tsl__decider *decider, double now, int64_t task,
                          double seconds);
/* Local. After corrections: what the waiting tasks take, as a multiple of what was
 * predicted. O(ranks). */
void tsl__decider_review(struct tsl__decider *decider, double now, double factor);
/* Local. Ranks that are left. */
void tsl__decider_set_ranks(struct tsl__decider *decider, int ranks);

/* Local. The running task that ends first, as far as is known; -1: none runs. */
int64_t tsl__decider_first_end(const struct tsl__decider *decider, double *end);

/* Local. Ranks of the widest team that can be made for a task. */
int tsl__widest(const struct tsl_task *task, int ranks);

#endif
