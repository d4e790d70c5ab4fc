/* party: tasks that are worked on, from their start to their last report. */
#include "schedule/coordinator.h"

#include "teasel/arena.h"
#include "teasel/log.h"

#include <stdlib.h>
#include <string.h>

void tsl__gone_note(struct tsl__coordinator *coordinator, const struct tsl_error *error) {
  if (coordinator->status != TSL_GONE) {
    coordinator->status = TSL_GONE;
    coordinator->error = *error;
  }
  coordinator->failures++;
  coordinator->stopping = true;
}

void tsl__failure_note(struct tsl__coordinator *coordinator, enum tsl_status status,
                       const struct tsl_error *error) {
  if (coordinator->failures++ == 0) {
    coordinator->status = status;
    coordinator->error = *error;
  }
}

void tsl__party_changed(const struct tsl__coordinator *coordinator,
                        const struct tsl__party *party, enum tsl_task_change change) {
  const struct tsl_worker *worker = coordinator->worker;
  if (worker->changed != NULL)
    worker->changed(worker->context, coordinator->tasks[party->task].id, change,
                    party->ranks, party->width);
}

/* ---- start ---- */

static void link_party(struct tsl__coordinator *coordinator, struct tsl__party *party) {
  party->next = coordinator->parties;
  if (party->next != NULL)
    party->next->previous = party;
  coordinator->parties = party;
  coordinator->party_of[party->task] = party;
}

static void free_party(struct tsl__party *party) {
  free(party->change);
  free(party->ranks);
  free(party);
}

static void unlink_party(struct tsl__coordinator *coordinator, struct tsl__party *party) {
  if (party->next != NULL)
    party->next->previous = party->previous;
  if (party->previous != NULL)
    party->previous->next = party->next;
  else
    coordinator->parties = party->next;
  free_party(party);
}

void tsl__parties_free(struct tsl__coordinator *coordinator) {
  while (coordinator->parties != NULL) {
    struct tsl__party *next = coordinator->parties->next;
    free_party(coordinator->parties);
    coordinator->parties = next;
  }
}

static enum tsl_status send_assignment(struct tsl__coordinator *coordinator,
                                       const struct tsl__party *party,
                                       struct tsl_error *err) {
  struct tsl__assignment assignment;
  memset(&assignment, 0, sizeof assignment);
  assignment.id = coordinator->tasks[party->task].id;
  assignment.epoch = party->epoch;
  assignment.width = party->width;
  for (int i = 0; i < party->width; i++)
    assignment.ranks[i] = party->ranks[i];
  for (int i = 0; i < party->width; i++)
    TSL_TRY(tsl__coordinator_send(coordinator, party->ranks[i], TSL__ASSIGNMENT,
                                  &assignment, tsl__assignment_bytes(&assignment), err));
  return TSL_OK;
}

enum tsl_status tsl__party_start(struct tsl__coordinator *coordinator, int64_t task,
                                 int width, struct tsl_error *err) {
  void *memory = NULL, *ranks = NULL;
  int most = tsl__widest(&coordinator->tasks[task], coordinator->size);
  enum tsl_status status = tsl_allocate(&memory, 1, sizeof(struct tsl__party), err);
  if (status == TSL_OK)
    status =
        tsl_allocate(&ranks, (size_t)(most > width ? most : width), sizeof(int), err);
  if (status != TSL_OK) {
    free(memory);
    return status;
  }
  struct tsl__party *party = memory;
  party->task = task;
  party->epoch = tsl_world_next_epoch(coordinator->world);
  party->ranks = ranks;
  for (int rank = 0; party->width < width; rank++) {
    rank = tsl__seat_near(coordinator, rank);
    struct tsl__seat *seat = &coordinator->seats[rank];
    tsl__seat_set(coordinator, rank, TSL__BUSY);
    seat->heard = tsl_world_awake_seconds(coordinator->world);
    seat->party = party;
    seat->joining = false;
    party->ranks[party->width++] = rank;
  }
  link_party(coordinator, party);
  tsl__party_changed(coordinator, party, TSL_TASK_STARTED);
  return send_assignment(coordinator, party, err);
}

/* ---- end ---- */

/* The task of a team that lost a member is handed out again. One that costs a rank every
 * time it is tried shall not cost all of them. */
static bool again(struct tsl__coordinator *coordinator, const struct tsl__party *party) {
  enum { LOSSES_MOST = 2 };
  if (party->status != TSL_PEER_LOST || coordinator->stopping ||
      ++coordinator->losses[party->task] > LOSSES_MOST)
    return false;
  tsl__decider_again(coordinator->decider, party->task);
  tsl__party_changed(coordinator, party, TSL_TASK_LEFT);
  return true;
}

static enum tsl_status end(struct tsl__coordinator *coordinator, struct tsl__party *party,
                           struct tsl_error *err) {
  party->over = true;
  coordinator->party_of[party->task] = NULL;
  bool waits = again(coordinator, party);
  if (!waits)
    tsl__decider_end(coordinator->decider, party->task);
  if (waits) {
    tsl_log(TSL_LOG_VERBOSE, "a run whose team lost a rank waits again");
  } else if (party->status == TSL_OK) {
    tsl__party_changed(coordinator, party, TSL_TASK_ENDED);
  } else if (party->status == TSL_TAKEN) {
    tsl__party_changed(coordinator, party, TSL_TASK_LEFT);
    coordinator->aside[coordinator->aside_count++] = party->task;
  } else if (party->status == TSL_GONE) {
    tsl__gone_note(coordinator, &party->error);
    tsl__party_changed(coordinator, party, TSL_TASK_LEFT);
  } else if (party->status == TSL_INTERRUPTED) {
    coordinator->stopping = true;
    tsl__party_changed(coordinator, party, TSL_TASK_LEFT);
  } else {
    tsl__party_changed(coordinator, party, TSL_TASK_FAILED);
    tsl__failure_note(coordinator, party->status, &party->error);
  }
  return party->change != NULL ? tsl__change_cancel(coordinator, party, err) : TSL_OK;
}

static bool has_members(const struct tsl__coordinator *coordinator,
                        const struct tsl__party *party) {
  for (int i = 0; i < party->width; i++) {
    const struct tsl__seat *seat = &coordinator->seats[party->ranks[i]];
    if (seat->party == party && !seat->joining)
      return true;
  }
  return false;
}

enum tsl_status tsl__party_report(struct tsl__coordinator *coordinator, int rank,
                                  uint32_t epoch, enum tsl_status status,
                                  const struct tsl_error *error, struct tsl_error *err) {
  struct tsl__seat *seat = &coordinator->seats[rank];
  struct tsl__party *party = seat->party;
  enum tsl_status own = TSL_OK;
  if (party == NULL) /* it was let go */
    return TSL_OK;
  /* Messages of different ranks overtake each other: who speaks from the new team shows
   * that it exists. */
  tsl__change_taken(coordinator, party, epoch);
  if (seat->party == NULL)
    return TSL_OK;
  seat->party = NULL;
  if (seat->joining) {
    seat->joining = false;
    own = tsl__change_left(coordinator, party, err);
  } else {
    /* Who writes nothing may not have seen what ended the others' work. */
    const bool gone = status == TSL_GONE && party->status != TSL_GONE;
    if (gone || (party->status == TSL_OK && status != TSL_OK)) {
      party->status = status;
      party->error = *error;
    }
    if (!has_members(coordinator, party))
      own = end(coordinator, party, err);
  }
  if (party->over && party->change == NULL)
    unlink_party(coordinator, party);
  return own;
}
