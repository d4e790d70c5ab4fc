// ranks: 1 2
/* The watch over blocking calls: told once a call takes longer than peer_seconds, and not
 * before; not told when it ends in time. */
#include "board.h"

#include <string.h>

static struct tsl_world *world;

struct told {
  atomic_int times; /* set last, by the thread that watches */
  int dead;
  double seconds;
  char what[32];
};

static void stuck(void *context, const char *what, int dead, double seconds) {
  struct told *told = context;
  told->dead = dead;
  told->seconds = seconds;
  strncpy(told->what, what, sizeof told->what - 1);
  told->times++;
}

static void test_guard__tells_of_a_call_that_does_not_end(void **state) {
  (void)state;
  const double limit = 1.5; /* seconds */
  struct told told = {.times = 0};
  struct tsl_team *team = tsl_world_team(world);
  bool watched = tsl_team_size(team) > 1; /* alone nobody is waited for */
  tsl_world_set_stuck(world, stuck, &told);
  tsl_world_set_peer_seconds(world, limit);
  double begun = tsl_clock_seconds();
  tsl_team_guard_begin(team, "a short call");
  nap(0.3);
  tsl_team_guard_end(team);
  /* On a busy machine the short call may have been a long one. */
  int before = tsl_clock_seconds() - begun < limit ? 0 : told.times;
  nap(1.1 * limit);
  assert_int_equal(told.times, before);
  told.times = 0;
  begun = tsl_clock_seconds();
  tsl_team_guard_begin(team, "a long call");
  while (told.times == 0 &&
         tsl_clock_seconds() - begun < (watched ? board_seconds : 1.5 * limit))
    nap(0.01);
  tsl_team_guard_end(team);
  assert_true(watched == (told.times > 0));
  if (watched) {
    assert_string_equal(told.what, "a long call");
    assert_int_equal(told.dead, -1);
    assert_true(told.seconds >= limit && tsl_clock_seconds() - begun >= limit);
  }
  tsl_world_set_peer_seconds(world, 60);
  assert_int_equal(tsl_team_barrier(team, NULL), TSL_OK);
}

int main(int argc, char **argv) {
  if (tsl_world_open(&argc, &argv, &world, NULL) != TSL_OK)
    return 1;
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_guard__tells_of_a_call_that_does_not_end),
  };
  int failed = cmocka_run_group_tests(tests, NULL, NULL);
  tsl_world_set_stuck(world, NULL, NULL);
  tsl_world_close(world);
  return failed;
}
