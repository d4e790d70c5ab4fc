#include "teasel/claim.h"
#include "teasel/log.h"

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

struct tsl_claim_keeper {
  struct tsl_claim *claim;
  int64_t parent; /* 0: any */
  pthread_t thread;
  pthread_mutex_t lock;
  pthread_cond_t told;
  bool ending;
};

static void *keep(void *context) {
  struct tsl_claim_keeper *keeper = context;
  const long second = 1000000000, pause = second / 10; /* nanoseconds */
  double shown = tsl_clock_seconds();
  pthread_mutex_lock(&keeper->lock);
  while (!keeper->ending) {
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += pause;
    until.tv_sec += until.tv_nsec / second;
    until.tv_nsec %= second;
    pthread_cond_timedwait(&keeper->told, &keeper->lock, &until);
    if (keeper->parent != 0 && getppid() != keeper->parent)
      continue;
    if (tsl_clock_seconds() - shown >= 1) {
      shown = tsl_clock_seconds();
      keeper->claim->beaten = -INFINITY;
    }
    /* A claim that was lost is not held any more, and beats no more. */
    (void)tsl_claim_beat(keeper->claim, 0, (double)NAN, NULL);
  }
  pthread_mutex_unlock(&keeper->lock);
  return NULL;
}

struct tsl_claim_keeper *tsl_claim_keeper_begin(struct tsl_claim *claim, int64_t parent) {
  struct tsl_claim_keeper *keeper = calloc(1, sizeof *keeper);
  pthread_condattr_t attributes;
  sigset_t all, before;
  if (keeper == NULL)
    return NULL;
  keeper->claim = claim;
  keeper->parent = parent;
  pthread_mutex_init(&keeper->lock, NULL);
  pthread_condattr_init(&attributes);
  pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
  pthread_cond_init(&keeper->told, &attributes);
  pthread_condattr_destroy(&attributes);
  /* Signals are for the thread that works. */
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  int failure = pthread_create(&keeper->thread, NULL, keep, keeper);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  if (failure == 0)
    return keeper;
  pthread_cond_destroy(&keeper->told);
  pthread_mutex_destroy(&keeper->lock);
  free(keeper);
  return NULL;
}

void tsl_claim_keeper_end(struct tsl_claim_keeper *keeper) {
  if (keeper == NULL)
    return;
  pthread_mutex_lock(&keeper->lock);
  keeper->ending = true;
  pthread_cond_signal(&keeper->told);
  pthread_mutex_unlock(&keeper->lock);
  pthread_join(keeper->thread, NULL);
  pthread_cond_destroy(&keeper->told);
  pthread_mutex_destroy(&keeper->lock);
  free(keeper);
}
