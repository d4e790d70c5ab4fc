/* team: an ordered list of world ranks, and what its members do together besides sums. */
#include "team/world.h"

#include <stdlib.h>
#include <string.h>

struct tsl_team *tsl_team_alone(void) {
  static struct tsl_team alone = {.size = 1, .lost = -1}; /* nothing in it ever changes */
  return &alone;
}

enum tsl_status tsl_team_create(struct tsl_world *world, const int *ranks, int size,
                                uint32_t epoch, struct tsl_team **out,
                                struct tsl_error *err) {
  int index = -1;
  if (size < 1 || epoch < 1)
    return tsl_error_set(err, TSL_INTERNAL, "", "a team of %d ranks in epoch %u", size,
                         epoch);
  for (int i = 0; i < size; i++) {
    bool twice = false;
    for (int k = 0; k < i; k++)
      twice = twice || ranks[k] == ranks[i];
    if (ranks[i] < 0 || ranks[i] >= world->size || twice)
      return tsl_error_set(err, TSL_INTERNAL, "",
                           "rank %d cannot be in a team of a world of %d", ranks[i],
                           world->size);
    if (ranks[i] == world->rank)
      index = i;
  }
  if (index < 0)
    return tsl_error_set(err, TSL_INTERNAL, "", "rank %d is not in the team it forms",
                         world->rank);
  struct tsl_team *team = calloc(1, sizeof *team);
  int *copy = calloc((size_t)size, sizeof *copy);
  if (team == NULL || copy == NULL) {
    free(team);
    free(copy);
    return tsl_error_set(err, TSL_MEMORY, "", "out of memory");
  }
  memcpy(copy, ranks, (size_t)size * sizeof *copy);
  *team = (struct tsl_team){.world = world,
                            .size = size,
                            .index = index,
                            .epoch = epoch,
                            .ranks = copy,
                            .lost = -1,
                            .group = MPI_COMM_NULL};
  *out = team;
  return TSL_OK;
}

void tsl_team_free(struct tsl_team *team) {
  if (team == NULL || team->world == NULL)
    return;
  if (team->world->mpi && team->group != MPI_COMM_NULL)
    MPI_Comm_free(&team->group);
  free(team->ranks);
  free(team);
}

void tsl_team_spoil(struct tsl_team *team) {
  if (team->world != NULL)
    team->world->spoilt = true;
}

int tsl_team_size(const struct tsl_team *team) {
  return team->size;
}

const int *tsl_team_ranks(const struct tsl_team *team) {
  return team->ranks;
}

int tsl_team_index(const struct tsl_team *team) {
  return team->index;
}

/* Binomial tree from the root: in round `distance` those below it (counted from the root)
 * hand on to those one distance up. */
enum tsl_status tsl_team_broadcast(struct tsl_team *team, int root, void *bytes,
                                   size_t count, struct tsl_error *err) {
  int size = team->size;
  int place = (team->index - root + size) % size;
  for (int distance = 1; distance < size; distance *= 2) {
    struct tsl__exchange exchange = {.to = -1, .from = -1};
    if (place < distance && place + distance < size) {
      exchange.to = (place + distance + root) % size;
      exchange.out = bytes;
      exchange.out_bytes = count;
    } else if (place >= distance && place < 2 * distance) {
      exchange.from = (place - distance + root) % size;
      exchange.in = bytes;
      exchange.in_bytes = count;
    } else {
      continue;
    }
    TSL_TRY(tsl__team_exchange(team, &exchange, err));
  }
  return TSL_OK;
}

/* Lowest failing member and its status; index = size: none. The minimum may count a
 * member twice, so log2(size) rounds of dissemination do for any size. */
struct vote {
  int index, status;
};

enum tsl_status tsl_team_agree(struct tsl_team *team, enum tsl_status status,
                               struct tsl_error *err) {
  int size = team->size;
  if (size == 1)
    return status;
  struct vote lowest = {status == TSL_OK ? size : team->index, (int)status};
  for (int distance = 1; distance < size; distance *= 2) {
    struct vote mine = lowest, other = {0, 0};
    TSL_TRY(tsl__team_exchange(
        team,
        &(struct tsl__exchange){.to = (team->index + distance) % size,
                                .out = &mine,
                                .out_bytes = sizeof mine,
                                .from = (team->index - distance + size) % size,
                                .in = &other,
                                .in_bytes = sizeof other},
        err));
    if (other.index < lowest.index)
      lowest = other;
  }
  tsl__team_heard(team);
  if (lowest.index == size)
    return TSL_OK;
  struct tsl_error shown;
  memset(&shown, 0, sizeof shown);
  if (lowest.index == team->index) {
    if (err != NULL)
      shown = *err;
    shown.status = (int)status;
    if (shown.rank < 0 || err == NULL)
      shown.rank = team->ranks[team->index];
  }
  TSL_TRY(tsl_team_broadcast(team, lowest.index, &shown, sizeof shown, err));
  if (err != NULL)
    *err = shown;
  return (enum tsl_status)lowest.status;
}

enum tsl_status tsl_team_any(struct tsl_team *team, uint32_t bits, uint32_t *out,
                             struct tsl_error *err) {
  int size = team->size;
  *out = bits;
  for (int distance = 1; distance < size; distance *= 2) {
    uint32_t mine = *out, other = 0;
    TSL_TRY(tsl__team_exchange(
        team,
        &(struct tsl__exchange){.to = (team->index + distance) % size,
                                .out = &mine,
                                .out_bytes = sizeof mine,
                                .from = (team->index - distance + size) % size,
                                .in = &other,
                                .in_bytes = sizeof other},
        err));
    *out |= other;
  }
  return TSL_OK;
}

/* Powers of two: groups of 1, 2, 4 ... blocks change places with their neighbour group.
 * Else a ring. */
enum tsl_status tsl_team_gather(struct tsl_team *team, void *bytes, size_t block,
                                struct tsl_error *err) {
  int size = team->size, index = team->index;
  char *blocks = bytes;
  if (block == 0)
    return TSL_OK;
  if ((size & (size - 1)) == 0) {
    for (int distance = 1; distance < size; distance *= 2) {
      int partner = index ^ distance;
      size_t mine = (size_t)(index & ~(distance - 1)) * block;
      size_t other = (size_t)(partner & ~(distance - 1)) * block;
      size_t count = (size_t)distance * block;
      TSL_TRY(tsl__team_exchange(team,
                                 &(struct tsl__exchange){.to = partner,
                                                         .out = blocks + mine,
                                                         .out_bytes = count,
                                                         .from = partner,
                                                         .in = blocks + other,
                                                         .in_bytes = count},
                                 err));
    }
    return TSL_OK;
  }
  int next = (index + 1) % size, previous = (index - 1 + size) % size;
  for (int round = 0; round < size - 1; round++) {
    size_t give = (size_t)((index - round + size) % size);
    size_t take = (size_t)((index - round - 1 + size) % size);
    TSL_TRY(tsl__team_exchange(team,
                               &(struct tsl__exchange){.to = next,
                                                       .out = blocks + give * block,
                                                       .out_bytes = block,
                                                       .from = previous,
                                                       .in = blocks + take * block,
                                                       .in_bytes = block},
                               err));
  }
  return TSL_OK;
}

enum tsl_status tsl_team_barrier(struct tsl_team *team, struct tsl_error *err) {
  int size = team->size;
  for (int distance = 1; distance < size; distance *= 2) {
    char out = 0, in = 0;
    TSL_TRY(tsl__team_exchange(
        team,
        &(struct tsl__exchange){.to = (team->index + distance) % size,
                                .out = &out,
                                .out_bytes = 1,
                                .from = (team->index - distance + size) % size,
                                .in = &in,
                                .in_bytes = 1},
        err));
  }
  tsl__team_heard(team);
  return TSL_OK;
}
