/* decide_rule: the rule of docs/scheduling.md. Every decision takes O(log tasks). */
#include "schedule/decider.h"

#include <math.h>

/* Until when it may go on like this, and still end in time if it then gets its widest
 * team: the solution t of  t + work left at t / widest = deadline.  width 0: waits. */
static double latest(const struct tsl__decider *decider, double end_weighted, int width,
                     int widest) {
  return (decider->deadline * widest - end_weighted) / (widest - width);
}

static bool is_late(const struct tsl__decider *decider,
                    const struct tsl__running *running) {
  return running->end > decider->deadline + decider->tolerance;
}

/* The team that should be widened first, of those of at most `most` ranks, and until
 * when; -1: none. */
static int64_t most_urgent(const struct tsl__decider *decider, double now, int most,
                           bool only_late, double *until) {
  int64_t urgent = -1;
  for (int i = 0; i < decider->narrow_count; i++) {
    const struct tsl__narrow_teams *teams = &decider->narrow[i];
    const struct tsl__heap_entry *first = tsl__heap_first(&teams->heap);
    if (first == NULL || teams->width > most)
      continue;
    const struct tsl__running *running = &decider->slots[first->item];
    double saved = (running->end - now) / 2;
    if (saved < decider->tolerance || (only_late && !is_late(decider, running)))
      continue;
    double limit =
        latest(decider, running->end * running->width, running->width, running->widest);
    if (urgent < 0 || limit < *until) {
      urgent = first->item;
      *until = limit;
    }
  }
  return urgent;
}

/* Width of a task that starts now, so that it ends in time, or a little late: it can be
 * widened. */
static int start_width(const struct tsl__decider *decider, double now, int64_t task,
                       int idle) {
  int widest = tsl__widest(&decider->tasks[task], idle);
  double seconds = decider->tasks[task].seconds * decider->scale;
  int width = 1;
  while (2 * width <= widest && 2 * width * (decider->deadline - now) <= seconds)
    width *= 2;
  return width;
}

static struct tsl__move change_width(struct tsl__decider *decider, double now,
                                     int64_t slot, enum tsl__move_kind kind) {
  struct tsl__running *running = &decider->slots[slot];
  int width = kind == TSL__MOVE_WIDEN ? 2 * running->width : running->width / 2;
  tsl__running_withdraw(decider, slot);
  running->giving = kind == TSL__MOVE_NARROW ? width : 0;
  decider->coming += running->giving;
  tsl__running_set_width(decider, now, slot, width);
  running->changing = true;
  tsl__running_enter(decider, slot);
  return (struct tsl__move){kind, running->task, width};
}

/* Ranks that somebody needs who would otherwise end late, and until when; 0: nobody. */
struct need {
  int ranks;
  double until;
};

static struct need find_need(const struct tsl__decider *decider, double now) {
  struct need need = {0, 0};
  int64_t slot = most_urgent(decider, now, decider->most, true, &need.until);
  int64_t task = tsl__longest_waiting(decider);
  if (slot >= 0)
    need.ranks = decider->slots[slot].width;
  if (task < 0)
    return need;
  double seconds = decider->tasks[task].seconds * decider->scale;
  if (decider->deadline - seconds > now) /* one rank is enough, a little later */
    return need;
  if (slot < 0)
    need.until =
        latest(decider, seconds, 0, tsl__widest(&decider->tasks[task], decider->most));
  need.ranks = 1;
  return need;
}

/* A team ends in time at half its width too, now + 2 (end - now) <= deadline, or can be
 * widened again much later than the one in need. */
static bool can_give(const struct tsl__decider *decider, double now,
                     const struct tsl__running *running, double until) {
  const double margin = 20; /* so that two teams do not pass ranks to and fro */
  double end = 2 * running->end - now;
  int half = running->width / 2;
  if (running->end - now <= decider->tolerance)
    return false;
  return end <= decider->deadline || latest(decider, end * half, half, running->widest) >
                                         fmax(now, until) + margin * decider->tolerance;
}

/* The team that should give ranks to one that is late; -1: there is none, or all that can
 * would not be enough. */
static int64_t find_giver(struct tsl__decider *decider, double now, int missing,
                          double until) {
  int64_t taken[TSL__LEVELS_MAX], giver = -1;
  int count = 0, found = 0;
  const struct tsl__heap_entry *first = tsl__heap_first(&decider->wide);
  while (first != NULL && found < missing && count < TSL__LEVELS_MAX &&
         can_give(decider, now, &decider->slots[first->item], until)) {
    taken[count++] = first->item;
    found += decider->slots[first->item].width / 2;
    tsl__heap_remove(&decider->wide, first->item);
    first = tsl__heap_first(&decider->wide);
  }
  for (int i = 0; i < count; i++)
    tsl__heap_put(&decider->wide, taken[i], decider->slots[taken[i]].end);
  if (found >= missing && count > 0)
    giver = taken[0];
  return giver;
}

/* A late team gets what is missing from teams that have time; what is idle already, or
 * about to be, is kept for it. */
static bool gather_ranks(struct tsl__decider *decider, double now, int idle,
                         struct tsl__move *move) {
  struct need need = find_need(decider, now);
  int missing = need.ranks - idle;
  if (missing <= 0)
    return false;
  if (missing <= decider->coming)
    return true;
  int64_t giver = find_giver(decider, now, missing - decider->coming, need.until);
  if (giver >= 0)
    *move = change_width(decider, now, giver, TSL__MOVE_NARROW);
  return giver >= 0;
}

static struct tsl__move start_next(struct tsl__decider *decider, double now, int64_t task,
                                   int width) {
  tsl__running_start(decider, now, task, width);
  return (struct tsl__move){TSL__MOVE_START, task, width};
}

/* The next task of the head, whose team never changes. False: there is none, or no room
 * for it: then the rest of them wait with the others. */
static bool start_head(struct tsl__decider *decider, double now, int idle,
                       struct tsl__move *move) {
  while (decider->head_count > 0) {
    int64_t task = decider->head[--decider->head_count];
    int width = tsl__widest(&decider->tasks[task], decider->most);
    if (!tsl__heap_has(&decider->waiting, task))
      continue;
    if (idle < width) {
      decider->head_count = 0;
      break;
    }
    *move = start_next(decider, now, task, width);
    tsl__decider_settle(decider, now, task, width, /*fixed=*/true);
    return true;
  }
  return false;
}

struct tsl__move tsl__decider_next(struct tsl__decider *decider, double now, int idle) {
  struct tsl__move move = {TSL__MOVE_NONE, -1, 0};
  int64_t task = tsl__longest_waiting(decider);
  if (decider->width > 0)
    return task >= 0 && idle >= decider->width
               ? start_next(decider, now, task, decider->width)
               : move;
  tsl__deadline_update(decider, now);
  if (start_head(decider, now, idle, &move))
    return move;
  if (gather_ranks(decider, now, idle, &move) || idle == 0)
    return move;
  double until = 0;
  int64_t slot = most_urgent(decider, now, idle, task >= 0, &until);
  if (task >= 0 &&
      (slot < 0 || latest(decider, decider->tasks[task].seconds * decider->scale, 0,
                          tsl__widest(&decider->tasks[task], decider->most)) <= until))
    return start_next(decider, now, task, start_width(decider, now, task, idle));
  return slot < 0 ? move : change_width(decider, now, slot, TSL__MOVE_WIDEN);
}

double tsl__decider_wake(const struct tsl__decider *decider, double now) {
  if (tsl__heap_first(&decider->wide) == NULL)
    return INFINITY; /* nobody could give */
  int64_t task = tsl__longest_waiting(decider);
  double until = 0, from = INFINITY;
  if (task >= 0)
    from = decider->deadline - decider->tasks[task].seconds * decider->scale;
  if (most_urgent(decider, now, decider->most, true, &until) >= 0)
    from = now;
  return fmax(from, now + decider->tolerance);
}
