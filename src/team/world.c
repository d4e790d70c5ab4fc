/* world: the ranks of one mpirun. */
#include "team/world.h"
#include "team/guard.h"

#include "teasel/log.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum tsl_status tsl__mpi_error(int code, const char *call, struct tsl_error *err) {
  char words[MPI_MAX_ERROR_STRING] = "";
  int length = 0;
  MPI_Error_string(code, words, &length);
  return tsl_error_set(err, TSL_LIBRARY, call, "MPI reports: %s", words);
}

void tsl_world_relax(const struct tsl_world *world, double waited) {
  const double spin = 20e-6, yield = 2e-3, longest = 4e-3; /* seconds */
  const double growth = 1.0 / 64;                          /* of a wait, by sleeping */
  if (waited < spin && !world->crowded)
    return;
  if (waited < yield) {
    sched_yield();
    return;
  }
  double seconds = growth * waited < longest ? growth * waited : longest;
  struct timespec nap = {.tv_nsec = (long)(1e9 * seconds)};
  nanosleep(&nap, NULL);
}

/* mpirun sets the first, srun --mpi=pmix the others. A process that nobody launched needs
 * no MPI, and MPI_Init would only cost it time and processes. */
bool tsl_world_is_launched(void) {
  return getenv("OMPI_COMM_WORLD_SIZE") != NULL || getenv("PMIX_RANK") != NULL ||
         getenv("PMIX_NAMESPACE") != NULL;
}

/* srun without --mpi=pmix starts processes that know nothing of each other, and each
 * would train everything. */
static enum tsl_status check_lonely(struct tsl_error *err) {
  const char *tasks = getenv("SLURM_STEP_NUM_TASKS");
  if (tasks == NULL || strtol(tasks, NULL, 10) <= 1)
    return TSL_OK;
  return tsl_error_set(err, TSL_BAD_INPUT, "srun",
                       "%s processes were started that cannot talk to each other: use "
                       "srun --mpi=pmix, or mpirun inside the allocation",
                       tasks);
}

static int find_neighbours(struct tsl_world *world, MPI_Comm node) {
  struct tsl__neighbour self;
  memset(&self, 0, sizeof self);
  self.rank = world->rank;
  tsl_process_self(&self.process);
  world->neighbours = calloc((size_t)world->node_size, sizeof self);
  if (world->neighbours == NULL)
    return MPI_ERR_NO_MEM;
  return MPI_Allgather(&self, (int)sizeof self, MPI_BYTE, world->neighbours,
                       (int)sizeof self, MPI_BYTE, node);
}

static int find_node(struct tsl_world *world) {
  MPI_Comm node = MPI_COMM_NULL;
  int code = MPI_Comm_split_type(world->teams, MPI_COMM_TYPE_SHARED, world->rank,
                                 MPI_INFO_NULL, &node);
  if (code != MPI_SUCCESS)
    return code;
  MPI_Comm_rank(node, &world->node_rank);
  MPI_Comm_size(node, &world->node_size);
  world->crowded = world->node_size > sysconf(_SC_NPROCESSORS_ONLN);
  code = find_neighbours(world, node);
  if (code != MPI_SUCCESS)
    return code;
  return MPI_Comm_free(&node);
}

static enum tsl_status begin_mpi(struct tsl_world *world, int *argc, char ***argv,
                                 struct tsl_error *err) {
  int level = 0;
  int code = MPI_Init_thread(argc, argv, MPI_THREAD_FUNNELED, &level);
  if (code != MPI_SUCCESS)
    return tsl__mpi_error(code, "MPI_Init_thread", err);
  world->mpi = true;
  MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
  MPI_Comm_set_errhandler(MPI_COMM_SELF, MPI_ERRORS_RETURN);
  MPI_Comm_rank(MPI_COMM_WORLD, &world->rank);
  MPI_Comm_size(MPI_COMM_WORLD, &world->size);
  MPI_Comm *communicators[] = {&world->teams, &world->messages, &world->files};
  for (size_t i = 0; i < sizeof communicators / sizeof *communicators; i++) {
    code = MPI_Comm_dup(MPI_COMM_WORLD, communicators[i]);
    if (code != MPI_SUCCESS)
      return tsl__mpi_error(code, "MPI_Comm_dup", err);
    MPI_Comm_set_errhandler(*communicators[i], MPI_ERRORS_RETURN);
  }
  int *bound = NULL, found = 0;
  MPI_Comm_get_attr(MPI_COMM_WORLD, MPI_TAG_UB, &bound, &found);
  world->tag_bound = found ? *bound : 32767; /* what the standard promises */
  code = find_node(world);
  return code == MPI_SUCCESS ? TSL_OK : tsl__mpi_error(code, "MPI_Comm_split_type", err);
}

static enum tsl_status start(struct tsl_world *world, int *argc, char ***argv,
                             struct tsl_error *err) {
  const double patience = 300; /* seconds: programs of thousands of ranks load slowly */
  tsl__guard_begin_start(world, "the start of MPI", patience);
  enum tsl_status status = begin_mpi(world, argc, argv, err);
  tsl__guard_end(world);
  return status;
}

enum tsl_status tsl_world_open(int *argc, char ***argv, struct tsl_world **out,
                               struct tsl_error *err) {
  return tsl_world_open_watched(argc, argv, NULL, NULL, out, err);
}

enum tsl_status tsl_world_open_watched(int *argc, char ***argv,
                                       void (*stuck)(void *context, const char *what,
                                                     int dead, double seconds),
                                       void *context, struct tsl_world **out,
                                       struct tsl_error *err) {
  struct tsl_world *world = calloc(1, sizeof *world);
  if (world == NULL)
    return tsl_error_set(err, TSL_MEMORY, "", "out of memory");
  world->size = 1;
  world->node_size = 1;
  world->peer_seconds = 120;
  world->stuck = stuck;
  world->stuck_context = context;
  world->lost = -1;
  world->tag_bound = 32767;
  world->teams = world->messages = world->files = MPI_COMM_NULL;
  world->receiving = MPI_REQUEST_NULL;
  int *ranks = NULL;
  enum tsl_status status =
      tsl_world_is_launched() ? start(world, argc, argv, err) : check_lonely(err);
  if (status != TSL_OK)
    goto done;
  ranks = calloc((size_t)world->size, sizeof *ranks);
  world->team = calloc(1, sizeof *world->team);
  if (ranks == NULL || world->team == NULL) {
    status = tsl_error_set(err, TSL_MEMORY, "", "out of memory");
    goto done;
  }
  for (int i = 0; i < world->size; i++)
    ranks[i] = i;
  *world->team = (struct tsl_team){.world = world,
                                   .size = world->size,
                                   .index = world->rank,
                                   .ranks = ranks,
                                   .lost = -1,
                                   .group = MPI_COMM_NULL};
  ranks = NULL;
  *out = world;
  world = NULL;
done:
  free(ranks);
  tsl_world_close(world);
  return status;
}

void tsl_world_close(struct tsl_world *world) {
  if (world == NULL)
    return;
  tsl__messages_close(world);
  tsl_team_free(world->team);
  if (world->survivors != NULL) /* freed like the rest of MPI: not at all */
    world->survivors->group = MPI_COMM_NULL;
  tsl_team_free(world->survivors);
  if (world->spoilt && world->rank != 0) {
    /* mpirun kills the others when one ends so, and rank 0 is to say why. */
    const struct timespec second = {.tv_sec = 1};
    nanosleep(&second, NULL);
  }
  if (world->mpi && world->lost < 0 && !world->spoilt) {
    /* All is done, and peers end as they like; Open MPI has been seen to wait for ever.
     */
    const double patience = 30;
    tsl__guard_begin(world, "the end of MPI", patience, /*peers=*/NULL);
    MPI_Comm *communicators[] = {&world->teams, &world->messages, &world->files};
    for (size_t i = 0; i < sizeof communicators / sizeof *communicators; i++) {
      if (*communicators[i] != MPI_COMM_NULL)
        MPI_Comm_free(communicators[i]);
    }
    MPI_Finalize();
    tsl__guard_end(world);
  }
  tsl__guard_free(world->guard);
  free(world->neighbours);
  free(world);
}

int tsl_world_rank(const struct tsl_world *world) {
  return world->rank;
}

int tsl_world_size(const struct tsl_world *world) {
  return world->size;
}

void tsl_world_set_peer_seconds(struct tsl_world *world, double seconds) {
  world->peer_seconds = seconds;
}

double tsl_world_awake_seconds(struct tsl_world *world) {
  return tsl__awake_look(&world->awake, tsl_clock_seconds());
}

void tsl_world_give_up(struct tsl_world *world, int rank) {
  if (rank >= 0 && rank < world->size && rank != world->rank)
    world->lost = rank;
}

static bool holds(const int *ranks, int count, int rank) {
  bool found = false;
  for (int i = 0; i < count; i++)
    found = found || ranks[i] == rank;
  return found;
}

enum tsl_status tsl_world_regroup(struct tsl_world *world, const int *lost, int count,
                                  uint32_t epoch, struct tsl_error *err) {
  int *ranks = calloc((size_t)world->size, sizeof *ranks);
  int size = 0;
  if (ranks == NULL)
    return tsl_error_set(err, TSL_MEMORY, "", "out of memory");
  for (int rank = 0; rank < world->size; rank++) {
    if (!holds(lost, count, rank))
      ranks[size++] = rank;
  }
  tsl_team_free(world->survivors);
  world->survivors = NULL;
  enum tsl_status status =
      tsl_team_create(world, ranks, size, epoch, &world->survivors, err);
  free(ranks);
  if (status == TSL_OK && count > 0)
    tsl_world_give_up(world, lost[0]);
  return status;
}

struct tsl_team *tsl_world_survivors(struct tsl_world *world) {
  return world->survivors;
}

bool tsl_world_is_dead(const struct tsl_world *world, int rank) {
  for (int i = 0; world->neighbours != NULL && i < world->node_size; i++) {
    if (world->neighbours[i].rank == rank)
      return tsl_process_is_dead(&world->neighbours[i].process);
  }
  return false;
}

void tsl_world_set_stuck(struct tsl_world *world,
                         void (*stuck)(void *context, const char *what, int dead,
                                       double seconds),
                         void *context) {
  world->stuck = stuck;
  world->stuck_context = context;
}

double tsl_world_peer_seconds(const struct tsl_world *world) {
  return world->peer_seconds;
}

int tsl_world_node_rank(const struct tsl_world *world) {
  return world->node_rank;
}

int tsl_world_node_size(const struct tsl_world *world) {
  return world->node_size;
}

struct tsl_team *tsl_world_team(struct tsl_world *world) {
  return world->team;
}

uint32_t tsl_world_next_epoch(struct tsl_world *world) {
  return ++world->epoch;
}
