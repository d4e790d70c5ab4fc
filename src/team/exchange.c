/* exchange: bytes between members, with an end to every wait. A blocking receive from a
 * rank that has died would last for ever, hence Isend, Irecv and a loop of MPI_Testall.
 */
#include "team/world.h"

#include "teasel/log.h"

#include <limits.h>

enum { PIECE_BYTES = 1 << 26 }; /* each piece that arrives counts as a sign of life */

/* Even tags carry data, odd ones notices. The team of all ranks has epoch 0. */
static int tag_of(const struct tsl_team *team) {
  uint32_t epochs = (uint32_t)(team->world->tag_bound - 1) / 2 - 1;
  return team->epoch == 0 ? 0 : 2 * (int)(1 + (team->epoch - 1) % epochs);
}

static int index_of(const struct tsl_team *team, int rank) {
  for (int i = 0; i < team->size; i++) {
    if (team->ranks[i] == rank)
      return i;
  }
  return -1;
}

static enum tsl_status lost_error(const struct tsl_team *team, struct tsl_error *err) {
  enum tsl_status status = tsl_error_set(
      err, TSL_PEER_LOST, "",
      tsl_world_is_dead(team->world, team->lost)
          ? "the process of rank %d has died; what was finished is kept: start the same "
            "command again"
          : "rank %d has not answered for %g s; finished runs are kept: start the same "
            "command again (schedule.peer_seconds sets how long to wait)",
      team->lost, team->world->peer_seconds);
  if (err != NULL)
    err->rank = team->lost;
  return status;
}

static void send_notices(struct tsl_team *team, int rank) {
  team->notice = rank;
  for (int i = 0; i < team->size; i++) {
    MPI_Request request = MPI_REQUEST_NULL;
    if (i == team->index)
      continue;
    if (MPI_Isend(&team->notice, 1, MPI_INT, team->ranks[i], tag_of(team) + 1,
                  team->world->teams, &request) == MPI_SUCCESS)
      MPI_Request_free(&request); /* four bytes leave at once */
  }
}

/* When a member is lost, those that wait for it make others wait, and all run out of time
 * together. So each tells the others for whom it waits, and looks along that chain: the
 * first that says nothing is the lost one. */
static int find_lost(struct tsl_team *team, int waited_for) {
  struct tsl_world *world = team->world;
  int tag = tag_of(team) + 1;
  send_notices(team, team->ranks[waited_for]);
  double grace = world->peer_seconds / 4 < 1 ? world->peer_seconds / 4 : 1;
  double begun = tsl_world_awake_seconds(world);
  int lost = team->notice;
  for (;;) {
    int found = 0, next = -1;
    double waited = tsl_world_awake_seconds(world) - begun;
    MPI_Status from;
    if (waited > grace)
      break;
    /* Only the notice of the one suspected now can lead further. */
    if (MPI_Iprobe(lost, tag, world->teams, &found, &from) != MPI_SUCCESS)
      break;
    if (!found) {
      tsl_world_relax(world, waited);
      continue;
    }
    MPI_Recv(&next, 1, MPI_INT, lost, tag, world->teams, MPI_STATUS_IGNORE);
    if (next == world->rank || index_of(team, next) < 0)
      break;
    lost = next;
  }
  return lost;
}

/* A member whose death can be seen; -1: none. */
static int find_dead(const struct tsl_team *team) {
  for (int i = 0; i < team->size; i++) {
    if (i != team->index && tsl_world_is_dead(team->world, team->ranks[i]))
      return team->ranks[i];
  }
  return -1;
}

static void give_up(struct tsl_team *team, MPI_Request requests[2], int lost) {
  for (int i = 0; i < 2; i++) {
    if (requests[i] == MPI_REQUEST_NULL)
      continue;
    if (i == 1)
      MPI_Cancel(&requests[i]);
    MPI_Request_free(&requests[i]);
  }
  team->lost = lost;
  tsl_world_give_up(team->world, lost);
}

/* Waits for both requests; gives them up when nothing comes in time. */
static enum tsl_status wait_for(struct tsl_team *team, MPI_Request requests[2],
                                const struct tsl__exchange *exchange, int in_bytes,
                                struct tsl_error *err) {
  struct tsl_world *world = team->world;
  MPI_Status statuses[2];
  const double pause = 0.25; /* seconds between two looks for the dead */
  double begun = tsl_world_awake_seconds(world), looked = begun;
  for (;;) {
    int complete = 0;
    int code = MPI_Testall(2, requests, &complete, statuses);
    if (code != MPI_SUCCESS)
      return tsl__mpi_error(code, "MPI_Testall", err);
    if (complete)
      break;
    double now = tsl_world_awake_seconds(world), waited = now - begun;
    int dead = -1;
    if (now - looked > pause) {
      dead = find_dead(team);
      looked = tsl_world_awake_seconds(world);
    }
    if (dead >= 0 || waited > world->peer_seconds) {
      bool receiving = requests[1] != MPI_REQUEST_NULL;
      int silent = receiving ? exchange->from : exchange->to;
      if (dead >= 0)
        send_notices(team, dead);
      give_up(team, requests, dead >= 0 ? dead : find_lost(team, silent));
      return lost_error(team, err);
    }
    tsl_world_relax(world, waited);
  }
  int got = in_bytes;
  if (exchange->from >= 0 && in_bytes > 0)
    MPI_Get_count(&statuses[1], MPI_BYTE, &got);
  if (got != in_bytes)
    return tsl_error_set(err, TSL_INTERNAL, "",
                         "rank %d sent %d bytes where %d were expected",
                         team->ranks[exchange->from], got, in_bytes);
  return TSL_OK;
}

void tsl__team_heard(const struct tsl_team *team) {
  if (team->world != NULL && index_of(team, team->world->lost) >= 0)
    team->world->lost = -1;
}

static int piece(size_t bytes, size_t offset) {
  size_t left = bytes > offset ? bytes - offset : 0;
  return (int)(left < PIECE_BYTES ? left : PIECE_BYTES);
}

enum tsl_status tsl__team_exchange(struct tsl_team *team,
                                   const struct tsl__exchange *exchange,
                                   struct tsl_error *err) {
  if (team->lost >= 0)
    return lost_error(team, err);
  MPI_Comm teams = team->world->teams;
  int tag = tag_of(team);
  size_t offset = 0;
  do {
    MPI_Request requests[2] = {MPI_REQUEST_NULL, MPI_REQUEST_NULL};
    int in_bytes = exchange->from < 0 ? 0 : piece(exchange->in_bytes, offset);
    int out_bytes = exchange->to < 0 ? 0 : piece(exchange->out_bytes, offset);
    int code = MPI_SUCCESS;
    if (exchange->from >= 0 && (in_bytes > 0 || offset == 0))
      code = MPI_Irecv((char *)exchange->in + offset, in_bytes, MPI_BYTE,
                       team->ranks[exchange->from], tag, teams, &requests[1]);
    if (code != MPI_SUCCESS)
      return tsl__mpi_error(code, "MPI_Irecv", err);
    if (exchange->to >= 0 && (out_bytes > 0 || offset == 0))
      code = MPI_Isend((const char *)exchange->out + offset, out_bytes, MPI_BYTE,
                       team->ranks[exchange->to], tag, teams, &requests[0]);
    if (code != MPI_SUCCESS)
      return tsl__mpi_error(code, "MPI_Isend", err);
    TSL_TRY(wait_for(team, requests, exchange, in_bytes, err));
    offset += PIECE_BYTES;
  } while (offset < exchange->in_bytes || offset < exchange->out_bytes);
  return TSL_OK;
}
