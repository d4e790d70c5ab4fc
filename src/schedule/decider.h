/* decider.h - what the rule knows, shared by decide.c and decide_rule.c. */
#ifndef TEASEL_SCHEDULE_DECIDER_H
#define TEASEL_SCHEDULE_DECIDER_H

#include "schedule/decide.h"
#include "schedule/heap.h"

/* Widths are powers of two of an int. */
enum { TSL__LEVELS_MAX = 31 };

struct tsl__running {
  int64_t task; /* -1: the slot is free */
  double end;   /* at the present width */
  int width, widest;
  bool changing; /* its width, and not settled yet; or never to change again */
  int giving;    /* ranks that it was told to let go */
};

/* Teams of one width, with one limit, that may be widened; the latest to end is first. */
struct tsl__narrow_teams {
  int width, widest;
  struct tsl__heap heap; /* slots by -end */
};

struct tsl__decider {
  const struct tsl_task *tasks;
  int64_t task_count;
  int ranks; /* that work */
  int most;  /* that worked at the beginning: no team is wider */
  int width;
  int64_t *head; /* (head_count) tasks that start before all others, last
                    one first */
  int64_t head_count;
  double scale;               /* of the seconds of waiting tasks */
  struct tsl__heap waiting;   /* tasks by -seconds */
  double waiting_seconds;     /* sum, not scaled */
  struct tsl__running *slots; /* (slot_count) */
  int64_t *slot_of;           /* (task_count) -1: does not run */
  int64_t *spare;             /* (spare_count) free slots */
  int64_t slot_count, spare_count;
  struct tsl__heap ends; /* slots by end */
  struct tsl__heap wide; /* slots of teams that can be halved, by end */
  struct tsl__narrow_teams narrow[TSL__LEVELS_MAX * TSL__LEVELS_MAX / 2];
  int narrow_count;
  double ends_weighted, widths; /* over running tasks: sums of end * width, of width */
  int coming;                   /* ranks that teams were told to let go */
  double deadline;              /* when all could be done, see tsl__deadline_update */
  double tolerance;             /* seconds that are not worth a change */
};

/* Local. A slot leaves the sums and heaps before it changes, and enters them after. */
void tsl__running_withdraw(struct tsl__decider *decider, int64_t slot);
void tsl__running_enter(struct tsl__decider *decider, int64_t slot);
/* Local. Between the two. The work that is left stays the same. */
void tsl__running_set_width(struct tsl__decider *decider, double now, int64_t slot,
                            int width);
/* Local. A waiting task runs. */
void tsl__running_start(struct tsl__decider *decider, double now, int64_t task,
                        int width);

/* Local. When all could be done if no rank were ever idle from now on, and not before the
 * longest could be on its widest team. It moves only when ranks have been idle or costs
 * are corrected. */
void tsl__deadline_update(struct tsl__decider *decider, double now);
/* Local. The longest task that waits; -1: none. */
int64_t tsl__longest_waiting(const struct tsl__decider *decider);

#endif
