/* guard: an end to blocking calls that have none of their own. MPI offers no way to leave
 * a collective call whose partner has died, so the one that watches can only tell the
 * program, which ends the process. */
#include "team/guard.h"
#include "team/world.h"

#include "teasel/log.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct tsl__guard {
  struct tsl_world *world;
  pthread_t thread;
  pthread_mutex_t lock;
  pthread_cond_t told;
  const char *what;        /* NULL: nothing is watched */
  struct tsl__awake awake; /* the clock of all times here */
  double begun, seconds;
  const struct tsl_team *peers; /* who must live; NULL: nobody */
  bool by_siblings;             /* so must those that were started beside this one */
  /* Siblings: the most that were counted, whether there are fewer now, since when some
   * are missing (0: none), and when they are counted again. */
  int most;
  bool fewer;
  double missed, count_next;
  bool ending;
};

/* A member that is dead for certain; -1: none. */
static int find_dead(const struct tsl_team *team) {
  for (int i = 0; team != NULL && i < team->size; i++) {
    if (tsl_world_is_dead(team->world, team->ranks[i]))
      return team->ranks[i];
  }
  return TSL_STUCK_TIME;
}

/* Open MPI's own processes, which start ranks without anything in between. */
static bool starts_ranks(const char *name) {
  static const char *const names[] = {"mpirun", "orterun", "mpiexec", "orted"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    if (strcmp(name, names[i]) == 0)
      return true;
  }
  return false;
}

static double thread_seconds(void) {
  struct timespec time = {.tv_sec = 0};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static void count_siblings(struct tsl__guard *guard, double now) {
  const double pause = 0.25, share = 0.02; /* seconds; of a core's time */
  const char *size = getenv("OMPI_COMM_WORLD_LOCAL_SIZE");
  char parent[TSL_PROCESS_NAME];
  double busy = thread_seconds();
  int count = tsl_process_count_siblings(parent);
  double rest = (thread_seconds() - busy) / share;
  guard->count_next = now + (rest > pause ? rest : pause);
  int wanted = size != NULL && starts_ranks(parent) ? (int)strtol(size, NULL, 10) : 0;
  if (count > guard->most)
    guard->most = count;
  guard->fewer = count < guard->most;
  if (count >= guard->most && count >= wanted)
    guard->missed = 0;
  else if (guard->missed == 0)
    guard->missed = now;
}

/* Fewer than there have been, for longer than a rank may be ahead of this one in ending
 * well; or fewer than there should be, for longer than starting them may take. */
static bool misses_siblings(struct tsl__guard *guard, double now) {
  const double ahead = 3, behind = 20; /* seconds */
  if (now >= guard->count_next)
    count_siblings(guard, now);
  return guard->missed > 0 && now - guard->missed > (guard->fewer ? ahead : behind);
}

/* A rank that has died, as TSL_STUCK_ values say. */
static int look_for_dead(struct tsl__guard *guard, double now) {
  if (guard->by_siblings)
    return misses_siblings(guard, now) ? TSL_STUCK_DEAD : TSL_STUCK_TIME;
  return find_dead(guard->peers);
}

/* Holds the lock. */
static void look(struct tsl__guard *guard) {
  const double grace = 1; /* seconds: a call that ends anyway is left to do so */
  struct tsl_world *world = guard->world;
  double now = tsl__awake_look(&guard->awake, tsl_clock_seconds());
  double since = now - guard->begun;
  if (guard->what == NULL || (since < grace && !guard->by_siblings))
    return;
  int dead = look_for_dead(guard, now);
  if (dead == TSL_STUCK_TIME && since < guard->seconds)
    return;
  world->stuck(world->stuck_context, guard->what, dead, since);
}

static void *watch(void *context) {
  struct tsl__guard *guard = context;
  const long second = 1000000000, pause = second / 4; /* nanoseconds */
  pthread_mutex_lock(&guard->lock);
  while (!guard->ending) {
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += pause;
    until.tv_sec += until.tv_nsec / second;
    until.tv_nsec %= second;
    if (guard->what == NULL)
      pthread_cond_wait(&guard->told, &guard->lock);
    else
      pthread_cond_timedwait(&guard->told, &guard->lock, &until);
    look(guard);
  }
  pthread_mutex_unlock(&guard->lock);
  return NULL;
}

static struct tsl__guard *start(struct tsl_world *world) {
  pthread_condattr_t attributes;
  sigset_t all, before;
  struct tsl__guard *guard = calloc(1, sizeof *guard);
  if (guard == NULL)
    return NULL;
  guard->world = world;
  pthread_mutex_init(&guard->lock, NULL);
  pthread_condattr_init(&attributes);
  pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
  pthread_cond_init(&guard->told, &attributes);
  pthread_condattr_destroy(&attributes);
  /* Signals are for the thread that works. */
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  int failure = pthread_create(&guard->thread, NULL, watch, guard);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  if (failure == 0)
    return guard;
  pthread_cond_destroy(&guard->told);
  pthread_mutex_destroy(&guard->lock);
  free(guard);
  return NULL;
}

static void begin(struct tsl_world *world, const char *what, double seconds,
                  const struct tsl_team *peers, bool by_siblings) {
  if (world->guard == NULL)
    world->guard = start(world);
  struct tsl__guard *guard = world->guard;
  if (guard == NULL) /* no thread: the call is not watched */
    return;
  pthread_mutex_lock(&guard->lock);
  guard->what = what;
  guard->begun = tsl__awake_look(&guard->awake, tsl_clock_seconds());
  guard->seconds = seconds;
  guard->peers = peers;
  guard->by_siblings = by_siblings;
  guard->most = 0;
  guard->missed = guard->count_next = 0;
  pthread_cond_signal(&guard->told);
  pthread_mutex_unlock(&guard->lock);
}

void tsl__guard_begin(struct tsl_world *world, const char *what, double seconds,
                      const struct tsl_team *peers) {
  if (world != NULL && world->mpi && world->stuck != NULL)
    begin(world, what, seconds, peers, /*by_siblings=*/false);
}

void tsl__guard_begin_start(struct tsl_world *world, const char *what, double seconds) {
  if (world->stuck != NULL)
    begin(world, what, seconds, /*peers=*/NULL, /*by_siblings=*/true);
}

void tsl__guard_end(struct tsl_world *world) {
  struct tsl__guard *guard = world != NULL ? world->guard : NULL;
  if (guard == NULL)
    return;
  pthread_mutex_lock(&guard->lock);
  guard->what = NULL;
  pthread_mutex_unlock(&guard->lock);
}

void tsl__guard_free(struct tsl__guard *guard) {
  if (guard == NULL)
    return;
  pthread_mutex_lock(&guard->lock);
  guard->ending = true;
  pthread_cond_signal(&guard->told);
  pthread_mutex_unlock(&guard->lock);
  pthread_join(guard->thread, NULL);
  pthread_cond_destroy(&guard->told);
  pthread_mutex_destroy(&guard->lock);
  free(guard);
}

void tsl_team_guard_begin(struct tsl_team *team, const char *what) {
  if (team->size > 1)
    tsl__guard_begin(team->world, what, team->world->peer_seconds, team);
}

void tsl_team_guard_end(struct tsl_team *team) {
  tsl__guard_end(team->world);
}
