/* regroup: the ranks that are left when all tasks are done become one team, so that what
 * follows can go on without those that were lost. */
#include "schedule/coordinator.h"

#include <string.h>

enum tsl_status tsl__regroup_call(struct tsl__coordinator *coordinator,
                                  struct tsl_error *err) {
  struct tsl__assignment lost;
  if (coordinator->lost > TSL__WIDTH_MAX)
    return TSL_OK; /* then the next start goes on */
  memset(&lost, 0, sizeof lost);
  lost.epoch = tsl_world_next_epoch(coordinator->world);
  for (int rank = 0; rank < coordinator->size; rank++) {
    if (coordinator->seats[rank].state == TSL__LOST)
      lost.ranks[lost.width++] = rank;
  }
  TSL_TRY(tsl_world_regroup(coordinator->world, lost.ranks, lost.width, lost.epoch, err));
  for (int rank = 1; rank < coordinator->size; rank++) {
    if (coordinator->seats[rank].state != TSL__LOST)
      TSL_TRY(tsl_world_send(coordinator->world, rank, TSL__REGROUP, &lost,
                             tsl__assignment_bytes(&lost), err));
  }
  return TSL_OK;
}

enum tsl_status tsl__regroup_take(struct tsl_world *world,
                                  const struct tsl_message *message,
                                  struct tsl_error *err) {
  struct tsl__assignment lost;
  memset(&lost, 0, sizeof lost);
  memcpy(&lost, message->bytes, message->count);
  return tsl_world_regroup(world, lost.ranks, lost.width, lost.epoch, err);
}
