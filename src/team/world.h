/* world.h - what the files of src/team share: the ranks of one mpirun, and a message
 * exchange that never blocks for longer than it should. */
#ifndef TEASEL_TEAM_WORLD_H
#define TEASEL_TEAM_WORLD_H

#include "team/awake.h"

#include "teasel/team.h"

#include <mpi.h>

#include "teasel/process.h"

struct tsl__letter; /* a message on its way out */

/* A rank of this node, whose death can be seen. */
struct tsl__neighbour {
  int rank;
  struct tsl_process process;
};

struct tsl_world {
  bool mpi; /* false: one process, MPI was not started, the communicators are null */
  int rank, size;
  int node_rank, node_size;
  struct tsl__neighbour *neighbours; /* (node_size) NULL: none are known */
  bool crowded; /* more ranks than cores on this node: yield instead of spinning */
  double peer_seconds;
  struct tsl__awake awake;
  bool spoilt;       /* MPI is not to be ended: tsl_team_spoil */
  int lost;          /* a rank that no longer answers; -1: none */
  uint32_t epoch;    /* of the last team that this rank called together */
  int tag_bound;     /* MPI_TAG_UB */
  MPI_Comm teams;    /* exchanges of teams, told apart by the epoch in the tag */
  MPI_Comm messages; /* tsl_world_send and _poll; the tag is the message's kind */
  MPI_Comm files;    /* all ranks, for parallel HDF5 */
  struct tsl_team *team;
  struct tsl_team *survivors;   /* NULL: no rank was lost, or too much with it */
  struct tsl__letter *letters;  /* sent, perhaps not yet taken over by MPI */
  struct tsl__letter *spare;    /* for the next sends */
  MPI_Request receiving;        /* a message that was announced but is not complete */
  double receiving_since;       /* by tsl_world_awake_seconds */
  struct tsl_message *incoming; /* where it goes */
  /* Blocking calls: who is told when one does not end, and the thread that watches. */
  void (*stuck)(void *context, const char *what, int dead, double seconds);
  void *stuck_context;
  struct tsl__guard *guard;
};

struct tsl_team {
  struct tsl_world *world; /* NULL: alone */
  int size, index;
  uint32_t epoch;
  int *ranks;     /* (size) world ranks, in the order of the team; NULL when alone */
  int lost;       /* world rank that no longer answers, -1: none */
  int notice;     /* what this member told the others when it gave up: tsl__team_lost */
  MPI_Comm group; /* communicator of this team, made when first asked for */
};

/* One exchange: bytes to a member and bytes from a member (indices in the team; -1:
 * none), at the same time. Returns when both are done, or with TSL_PEER_LOST. */
struct tsl__exchange {
  int to;
  const void *out;
  size_t out_bytes;
  int from;
  void *in;
  size_t in_bytes;
};
enum tsl_status tsl__team_exchange(struct tsl_team *team,
                                   const struct tsl__exchange *exchange,
                                   struct tsl_error *err);

/* Local. All members have been heard. */
void tsl__team_heard(const struct tsl_team *team);
/* Local. TSL_LIBRARY with MPI's own words; call: the function that failed. */
enum tsl_status tsl__mpi_error(int code, const char *call, struct tsl_error *err);
/* Local. Finishes what is still on its way, for at most a few seconds; frees all. */
void tsl__messages_close(struct tsl_world *world);

#endif
