/* team.h - ranks that work together. Every MPI call of teasel but main's is behind this
 * header.
 *
 * A team is an ordered list of world ranks. Forming one sends no message and blocks
 * nobody: every member forms the same list under the same epoch, and messages carry the
 * epoch, so that a late message of a dissolved team is never taken for one of the present
 * team. A team of one needs no MPI at all.
 *
 * Every wait behind this header has an end: no progress within the world's peer_seconds
 * is TSL_PEER_LOST; for calls that block see tsl_world_set_stuck.
 */
#ifndef TEASEL_TEAM_H
#define TEASEL_TEAM_H

#include "teasel/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tsl_world;
struct tsl_team;

/* Collective on all ranks of the mpirun. Call once; starts MPI (thread level funneled).
 * Started without mpirun, the world has one rank and MPI is not started at all; several
 * processes of srun without --mpi=pmix are TSL_BAD_INPUT. */
enum tsl_status tsl_world_open(int *argc, char ***argv, struct tsl_world **out,
                               struct tsl_error *err);
/* The same with a watch over blocking calls from the beginning, MPI_Init included, which
 * waits for ever for a rank that dies in it: see tsl_world_set_stuck. */
enum tsl_status tsl_world_open_watched(int *argc, char ***argv,
                                       void (*stuck)(void *context, const char *what,
                                                     int dead, double seconds),
                                       void *context, struct tsl_world **out,
                                       struct tsl_error *err);
/* Local. Whether a launcher started this process, so that others belong to it. */
bool tsl_world_is_launched(void);
void tsl_world_close(struct tsl_world *world);
int tsl_world_rank(const struct tsl_world *world);
int tsl_world_size(const struct tsl_world *world);
void tsl_world_set_peer_seconds(struct tsl_world *world,
                                double seconds); /* default 120 */
double tsl_world_peer_seconds(const struct tsl_world *world);
/* Local. Seconds by a clock for the patience with other ranks: as tsl_clock_seconds, less
 * the time for which this process stood still, as the others will have. Who waits by it
 * has to look at it again and again. */
double tsl_world_awake_seconds(struct tsl_world *world);
/* Local. Notes that a rank no longer answers (teams note it themselves). Then the world
 * is closed without MPI_Finalize, which would wait for it for ever, and mpirun ends what
 * is left of the job; unless a vote or barrier with that rank succeeds before. */
void tsl_world_give_up(struct tsl_world *world, int rank);
/* Local, on every rank but the lost ones. lost: (count) world ranks; those that are left
 * become the team tsl_world_survivors. epoch: as in tsl_team_create. */
enum tsl_status tsl_world_regroup(struct tsl_world *world, const int *lost, int count,
                                  uint32_t epoch, struct tsl_error *err);
/* Local. The team of the ranks that are left after a loss, borrowed from the world until
 * they are called together again; NULL: they never were. */
struct tsl_team *tsl_world_survivors(struct tsl_world *world);
/* Local. True only when it is certain: a rank of this node whose process has ended. Other
 * nodes' ranks show it by their silence alone. Costs some 20 microseconds. */
bool tsl_world_is_dead(const struct tsl_world *world, int rank);
/* Local. Index of this rank among the ranks of its node, and their number. */
int tsl_world_node_rank(const struct tsl_world *world);
int tsl_world_node_size(const struct tsl_world *world);

/* What stuck is told instead of a rank: none is known to have died; one has, of this
 * node, and which is not known. */
enum { TSL_STUCK_TIME = -1, TSL_STUCK_DEAD = -2 };
/* Local. The few calls that block (the start of MPI, the collectives of parallel HDF5,
 * the making of their communicator, MPI_Finalize) are watched by a thread once this is
 * set. When one does not end within peer_seconds (the start: 300 s), or when a rank of
 * this node has died in it, that thread calls stuck, which has to save what it can and to
 * end the process: the call can neither be left nor repeated. dead: the rank. */
void tsl_world_set_stuck(struct tsl_world *world,
                         void (*stuck)(void *context, const char *what, int dead,
                                       double seconds),
                         void *context);
/* Local. The following blocking calls of this member are watched, until _end. what: "the
 * writing of latents.h5". */
void tsl_team_guard_begin(struct tsl_team *team, const char *what);
void tsl_team_guard_end(struct tsl_team *team);

/* Local. A library that holds MPI's objects could not put them away (parallel HDF5 and a
 * file on a full disk): the world is closed without MPI_Finalize, which would call that
 * library once more. */
void tsl_team_spoil(struct tsl_team *team);

/* Local. The team of all ranks; borrowed from the world. */
struct tsl_team *tsl_world_team(struct tsl_world *world);
/* Local. A team of this process alone, without a world; never fails; not to be freed. */
struct tsl_team *tsl_team_alone(void);
/* Local. A number for the next team that this rank calls together: 1, 2, 3 ... */
uint32_t tsl_world_next_epoch(struct tsl_world *world);
/* Local. A team of `size` world ranks in this order; the caller must be one of them.
 * epoch: at least 1, agreed by the members beforehand (the coordinator numbers them). */
enum tsl_status tsl_team_create(struct tsl_world *world, const int *ranks, int size,
                                uint32_t epoch, struct tsl_team **out,
                                struct tsl_error *err);
void tsl_team_free(struct tsl_team *team);
int tsl_team_size(const struct tsl_team *team);
int tsl_team_index(
    const struct tsl_team *team); /* this rank's place in the team, from 0 */
/* Local. (size) world ranks in the order of the team; borrowed; NULL without a world. */
const int *tsl_team_ranks(const struct tsl_team *team);

/* Local. For programs that wait for several things at once: one turn of a loop that has
 * found nothing for `waited` seconds; spins, then yields the core, then sleeps, for
 * longer the longer it has waited, up to 4 ms. */
void tsl_world_relax(const struct tsl_world *world, double waited);

/* Collective on team. The lowest failing member's status and error to all; TSL_OK when
 * none. */
enum tsl_status tsl_team_agree(struct tsl_team *team, enum tsl_status status,
                               struct tsl_error *err);
/* Collective on team. *out: the bits that any member has set. */
enum tsl_status tsl_team_any(struct tsl_team *team, uint32_t bits, uint32_t *out,
                             struct tsl_error *err);
/* Collective on team. bytes of member `root` to all. */
enum tsl_status tsl_team_broadcast(struct tsl_team *team, int root, void *bytes,
                                   size_t count, struct tsl_error *err);
/* Collective on team. Each member has filled its block [index*block, (index+1)*block) of
 * `bytes` (size*block bytes); afterwards all have all blocks. */
enum tsl_status tsl_team_gather(struct tsl_team *team, void *bytes, size_t block,
                                struct tsl_error *err);
/* Collective on team. Nobody leaves before all have come. */
enum tsl_status tsl_team_barrier(struct tsl_team *team, struct tsl_error *err);

/* The fixed-order sum. The value is that of one binary tree over members: (m0+m1)+(m2+m3)
 * ...; size is a power of two. Recursive halving with distance 1, 2, 4 ... : afterwards
 * this member owns the sums of elements [begin, end) of `data` (count), the rest of
 * `data` is undefined. Which slice a member owns is tsl_team_slice's answer. scratch:
 * (count). Collective on team. */
enum tsl_status tsl_team_sum_scatter(struct tsl_team *team, float *data, float *scratch,
                                     size_t count, struct tsl_error *err);
void tsl_team_slice(const struct tsl_team *team, size_t count, size_t *begin,
                    size_t *end);
/* Collective on team. The opposite way: each has its slice of data (count), afterwards
 * all. */
enum tsl_status tsl_team_sum_collect(struct tsl_team *team, float *data, size_t count,
                                     struct tsl_error *err);

/* Messages between world ranks, for the coordinator: short, tagged, never blocking. */
enum { TSL_MESSAGE_MAX = 4096 }; /* bytes */
struct tsl_message {
  int from; /* world rank */
  int kind; /* chosen by the caller, 0..255 */
  size_t count;
  unsigned char bytes[TSL_MESSAGE_MAX];
};
/* Local. Sends in the background; the bytes are copied. */
enum tsl_status tsl_world_send(struct tsl_world *world, int to, int kind,
                               const void *bytes, size_t count, struct tsl_error *err);
/* Local. Takes one waiting message; *found says whether there was one. */
enum tsl_status tsl_world_poll(struct tsl_world *world, struct tsl_message *message,
                               bool *found, struct tsl_error *err);

#endif
