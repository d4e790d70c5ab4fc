/* board.h - numbers that all ranks of a test on this machine see, past the messages that
 * are under test: so that one can wait for what others have done, however long they take.
 */
#ifndef TEASEL_TESTS_BOARD_H
#define TEASEL_TESTS_BOARD_H

#include "unit.h"

#include "teasel/log.h"
#include "teasel/team.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum { BOARD_NUMBERS = 64 };

static const double board_seconds = 60; /* after which something is taken for hung */

static inline void nap(double seconds) {
  struct timespec time = {.tv_sec = (time_t)seconds,
                          .tv_nsec = (long)(1e9 * (seconds - (double)(time_t)seconds))};
  nanosleep(&time, NULL);
}

/* Collective on the world. (BOARD_NUMBERS), all 0, until the process ends. */
static inline atomic_int *board_open(struct tsl_world *world) {
  char path[64];
  snprintf(path, sizeof path, "/tmp/teasel-board-%ld", (long)getppid()); /* mpirun */
  if (tsl_world_rank(world) == 0)
    unlink(path);
  assert_int_equal(tsl_team_barrier(tsl_world_team(world), NULL), TSL_OK);
  int file = open(path, O_RDWR | O_CREAT, 0600);
  assert_true(file >= 0);
  const size_t bytes = BOARD_NUMBERS * sizeof(atomic_int);
  assert_int_equal(ftruncate(file, (off_t)bytes), 0);
  void *board = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  assert_true(board != MAP_FAILED);
  close(file);
  assert_int_equal(tsl_team_barrier(tsl_world_team(world), NULL), TSL_OK);
  if (tsl_world_rank(world) == 0)
    unlink(path);
  return board;
}

/* Until the number has been reached; false when that takes too long. */
static inline bool board_wait(const atomic_int *number, int wanted) {
  double begun = tsl_clock_seconds();
  while (atomic_load(number) < wanted) {
    if (tsl_clock_seconds() - begun > board_seconds)
      return false;
    nap(0.005);
  }
  return true;
}

#endif
