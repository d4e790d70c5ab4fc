/* change: teams that take in ranks or let some go, as rank 0 sees it. */
#include "schedule/coordinator.h"

#include "teasel/arena.h"
#include "teasel/log.h"

#include <stdlib.h>
#include <string.h>

/* ---- begin ---- */

static void recruit(struct tsl__coordinator *coordinator, struct tsl__party *party,
                    struct tsl__change *change) {
  struct tsl__assignment *assignment = &change->assignment;
  int rank = party->ranks[0];
  for (int i = party->width; i < assignment->width; i++) {
    rank = tsl__seat_near(coordinator, rank);
    struct tsl__seat *seat = &coordinator->seats[rank];
    tsl__seat_set(coordinator, rank, TSL__BUSY);
    seat->heard = tsl_world_awake_seconds(coordinator->world);
    seat->party = party;
    seat->joining = true;
    assignment->ranks[i] = rank;
    change->missing++;
  }
}

static enum tsl_status offer(struct tsl__coordinator *coordinator,
                             const struct tsl__party *party, struct tsl_error *err) {
  struct tsl__change *change = party->change;
  change->offered = true;
  return tsl__coordinator_send(coordinator, party->ranks[0], TSL__OFFER,
                               &change->assignment,
                               tsl__assignment_bytes(&change->assignment), err);
}

enum tsl_status tsl__change_begin(struct tsl__coordinator *coordinator,
                                  const struct tsl__move *move, struct tsl_error *err) {
  struct tsl__party *party = coordinator->party_of[move->task];
  void *memory = NULL;
  TSL_TRY(tsl_allocate(&memory, 1, sizeof(struct tsl__change), err));
  struct tsl__change *change = party->change = memory;
  struct tsl__assignment *assignment = &change->assignment;
  assignment->id = coordinator->tasks[move->task].id;
  assignment->epoch = tsl_world_next_epoch(coordinator->world);
  assignment->previous = party->epoch;
  assignment->width = move->width;
  assignment->before = party->width;
  for (int i = 0; i < party->width && i < move->width; i++)
    assignment->ranks[i] = party->ranks[i];
  recruit(coordinator, party, change);
  for (int i = party->width; i < move->width; i++)
    TSL_TRY(tsl__coordinator_send(coordinator, assignment->ranks[i], TSL__ASSIGNMENT,
                                  assignment, tsl__assignment_bytes(assignment), err));
  return change->missing == 0 ? offer(coordinator, party, err) : TSL_OK;
}

enum tsl_status tsl__change_built(struct tsl__coordinator *coordinator, int rank,
                                  uint32_t epoch, struct tsl_error *err) {
  const struct tsl__party *party = coordinator->seats[rank].party;
  struct tsl__change *change = party != NULL ? party->change : NULL;
  if (change == NULL || change->cancelled || change->assignment.epoch != epoch)
    return TSL_OK;
  return --change->missing == 0 ? offer(coordinator, party, err) : TSL_OK;
}

/* ---- end ---- */

/* Joiners that have not reported. */
static int count_joiners(const struct tsl__coordinator *coordinator,
                         const struct tsl__party *party) {
  const struct tsl__assignment *assignment = &party->change->assignment;
  int count = 0;
  for (int i = assignment->before; i < assignment->width; i++) {
    const struct tsl__seat *seat = &coordinator->seats[assignment->ranks[i]];
    count += seat->party == party && seat->joining;
  }
  return count;
}

static void forget(struct tsl__party *party) {
  free(party->change);
  party->change = NULL;
}

void tsl__change_taken(struct tsl__coordinator *coordinator, struct tsl__party *party,
                       uint32_t epoch) {
  struct tsl__change *change = party->change;
  if (change == NULL || change->cancelled || !change->offered ||
      change->assignment.epoch != epoch)
    return;
  const struct tsl__assignment *assignment = &change->assignment;
  for (int i = assignment->width; i < party->width; i++)
    coordinator->seats[party->ranks[i]].party = NULL; /* let go */
  for (int i = assignment->before; i < assignment->width; i++) {
    struct tsl__seat *seat = &coordinator->seats[assignment->ranks[i]];
    if (seat->party == party)
      seat->joining = false;
    party->ranks[i] = assignment->ranks[i];
  }
  party->width = assignment->width;
  party->epoch = assignment->epoch;
  forget(party);
  tsl__decider_settle(coordinator->decider, tsl_clock_seconds(), party->task,
                      party->width, false);
  tsl__party_changed(coordinator, party, TSL_TASK_CHANGED);
}

/* fixed: it is not worth another try. */
static enum tsl_status cancel(struct tsl__coordinator *coordinator,
                              struct tsl__party *party, bool fixed,
                              struct tsl_error *err) {
  struct tsl__change *change = party->change;
  const struct tsl__assignment *assignment = &change->assignment;
  if (change->cancelled)
    return TSL_OK;
  change->cancelled = true;
  tsl__decider_settle(coordinator->decider, tsl_clock_seconds(), party->task,
                      party->width, fixed);
  for (int i = assignment->before; i < assignment->width; i++) {
    int rank = assignment->ranks[i];
    if (coordinator->seats[rank].party == party)
      TSL_TRY(tsl__coordinator_send(coordinator, rank, TSL__CANCEL, &assignment->epoch,
                                    sizeof assignment->epoch, err));
  }
  if (count_joiners(coordinator, party) == 0)
    forget(party);
  return TSL_OK;
}

enum tsl_status tsl__change_cancel(struct tsl__coordinator *coordinator,
                                   struct tsl__party *party, struct tsl_error *err) {
  return cancel(coordinator, party, false, err);
}

enum tsl_status tsl__change_left(struct tsl__coordinator *coordinator,
                                 struct tsl__party *party, struct tsl_error *err) {
  struct tsl__change *change = party->change;
  if (change->cancelled && count_joiners(coordinator, party) == 0)
    forget(party);
  else if (!change->cancelled && !change->offered)
    return cancel(coordinator, party, true, err);
  return TSL_OK;
}
