/* guard: an end to blocking calls that have none of their own. MPI offers no way to leave
 * a collective call whose partner has died, so the one that watches can only tell the
 * program, which ends the process. */
#include "team/guard.h"
#include "team/world.h"

#include "teasel/log.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

struct tsl__guard {
  struct tsl_world *world;
  pthread_t thread;
  pthread_mutex_t lock;
  pthread_cond_t told;
  const char *what; /* NULL: nothing is watched */
  double begun, seconds;
  const struct tsl_team *peers; /* who must live; NULL: nobody */
  bool ending;
};

/* A member that is dead for certain; -1: none. */
static int find_dead(const struct tsl_team *team) {
  for (int i = 0; team != NULL && i < team->size; i++) {
    if (tsl_world_is_dead(team->world, team->ranks[i]))
      return team->ranks[i];
  }
  return -1;
}

/* Holds the lock. */
static void look(struct tsl__guard *guard) {
  const double grace = 1; /* seconds: a call that ends anyway is left to do so */
  struct tsl_world *world = guard->world;
  double since = tsl_clock_seconds() - guard->begun;
  if (guard->what == NULL || since < grace)
    return;
  int dead = find_dead(guard->peers);
  if (dead < 0 && since < guard->seconds)
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

void tsl__guard_begin(struct tsl_world *world, const char *what, double seconds,
                      const struct tsl_team *peers) {
  if (world == NULL || !world->mpi || world->stuck == NULL)
    return;
  if (world->guard == NULL)
    world->guard = start(world);
  struct tsl__guard *guard = world->guard;
  if (guard == NULL) /* no thread: the call is not watched */
    return;
  pthread_mutex_lock(&guard->lock);
  guard->what = what;
  guard->begun = tsl_clock_seconds();
  guard->seconds = seconds;
  guard->peers = peers;
  pthread_cond_signal(&guard->told);
  pthread_mutex_unlock(&guard->lock);
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
