/* listen: what the ranks say to rank 0, and what it makes of their silence. */
#include "schedule/coordinator.h"

#include "teasel/log.h"

#include <stdio.h>
#include <string.h>

static bool is_joiner(const struct tsl__seat *seat) {
  return seat->party != NULL && seat->joining;
}

enum tsl_status tsl__listen_word(struct tsl__coordinator *coordinator, int rank,
                                 enum tsl__kind kind, const void *bytes,
                                 struct tsl_error *err) {
  struct tsl__party *party = coordinator->seats[rank].party;
  uint32_t epoch = 0;
  memcpy(&epoch, bytes, sizeof epoch);
  if (kind == TSL__BUILT)
    return tsl__change_built(coordinator, rank, epoch, err);
  if (party != NULL)
    tsl__change_taken(coordinator, party, epoch);
  return TSL_OK;
}

static enum tsl_status take_report(struct tsl__coordinator *coordinator,
                                   const struct tsl_message *message,
                                   struct tsl_error *err) {
  struct tsl_error error = {.rank = -1};
  uint32_t epoch = 0;
  enum tsl_status status = tsl__report_open(message, &epoch, &error);
  if (coordinator->seats[message->from].state == TSL__BUSY)
    tsl__seat_set(coordinator, message->from, TSL__IDLE);
  return tsl__party_report(coordinator, message->from, epoch, status, &error, err);
}

enum tsl_status tsl__listen_message(struct tsl__coordinator *coordinator,
                                    struct tsl_error *err) {
  const struct tsl_message *message = &coordinator->message;
  struct tsl__seat *seat = &coordinator->seats[message->from];
  enum tsl__kind kind = (enum tsl__kind)message->kind;
  seat->heard = tsl_world_awake_seconds(coordinator->world);
  coordinator->taken = tsl_clock_seconds();
  if (message->kind >= TSL_MESSAGE_WORKER) {
    if (coordinator->worker->message != NULL)
      coordinator->worker->message(coordinator->worker->context, message);
    return TSL_OK;
  }
  switch (kind) {
  case TSL__READY:
    tsl__seat_set(coordinator, message->from, TSL__IDLE);
    break;
  case TSL__REPORT:
    return take_report(coordinator, message, err);
  case TSL__BUILT:
  case TSL__TAKEN:
    return tsl__listen_word(coordinator, message->from, kind, message->bytes, err);
  case TSL__GO:
    tsl__turn_take(&coordinator->turn, kind, message->bytes, message->count);
    break;
  case TSL__ALIVE:
    if (seat->state == TSL__IDLE || is_joiner(seat))
      return tsl_world_send(coordinator->world, message->from, TSL__ANSWER, NULL, 0, err);
    break;
  case TSL__STOP:
    coordinator->stopping = true;
    break;
  default:
    break;
  }
  return TSL_OK;
}

static enum tsl_status lose(struct tsl__coordinator *coordinator, int rank, bool dead,
                            struct tsl_error *err) {
  double patience = tsl__silence * tsl_world_peer_seconds(coordinator->world);
  char why[128];
  struct tsl_error error = {.rank = -1};
  if (dead)
    snprintf(why, sizeof why, "the process of rank %d has died", rank);
  else
    snprintf(why, sizeof why, "rank %d has not answered for %g s", rank, patience);
  tsl_error_set(&error, TSL_PEER_LOST, "",
                "%s; the others have done what could be done without it: start the same "
                "command again for the rest",
                why);
  error.rank = rank;
  tsl_log(TSL_LOG_NORMAL, "%s and gets no more work", why);
  if (coordinator->failures == 0 && coordinator->status == TSL_OK) {
    coordinator->status = TSL_PEER_LOST;
    coordinator->error = error;
  }
  tsl__seat_set(coordinator, rank, TSL__LOST);
  coordinator->lost++;
  tsl__decider_set_ranks(coordinator->decider, coordinator->size - coordinator->lost);
  tsl_world_give_up(coordinator->world, rank);
  if (coordinator->worker->lost != NULL)
    coordinator->worker->lost(coordinator->worker->context, rank);
  return tsl__party_report(coordinator, rank, 0, TSL_PEER_LOST, &error, err);
}

enum tsl_status tsl__listen_silence(struct tsl__coordinator *coordinator,
                                    struct tsl_error *err) {
  double patience = tsl__silence * tsl_world_peer_seconds(coordinator->world);
  double now = tsl_world_awake_seconds(coordinator->world);
  for (int rank = 1; rank < coordinator->size; rank++) {
    const struct tsl__seat *seat = &coordinator->seats[rank];
    if (seat->state == TSL__LOST)
      continue;
    bool dead = tsl_world_is_dead(coordinator->world, rank);
    if (dead || now - seat->heard > patience)
      TSL_TRY(lose(coordinator, rank, dead, err));
  }
  return TSL_OK;
}
