// ranks: 2 4
/* A rank that stops answering: the others get TSL_PEER_LOST while it is away, all name
 * the same rank, and go on in other teams. The lost one only sleeps, until all others
 * have been told, so that it can end well. */
#include "board.h"

#include "teasel/schedule.h"

#include <math.h>
#include <string.h>

static struct tsl_world *world;
static const double patience =
    1.5; /* seconds: more than a busy machine lets a rank wait */
static uint32_t epoch;
static atomic_int *board;
static int checks; /* so far: each has a number of its own on the board */

enum { BACK = BOARD_NUMBERS / 2 }; /* numbers from here on: who has come back */

static enum tsl_status try_agree(struct tsl_team *team, struct tsl_error *err) {
  return tsl_team_agree(team, TSL_OK, err);
}

static enum tsl_status try_gather(struct tsl_team *team, struct tsl_error *err) {
  static unsigned char bytes[8][40000];
  return tsl_team_gather(team, bytes, sizeof bytes[0], err);
}

static enum tsl_status try_sum(struct tsl_team *team, struct tsl_error *err) {
  static float data[100000], scratch[100000];
  TSL_TRY(tsl_team_sum_scatter(team, data, scratch, 100000, err));
  return tsl_team_sum_collect(team, data, 100000, err);
}

static struct tsl_team *form(void) {
  int ranks[8], size = tsl_world_size(world);
  struct tsl_team *team = NULL;
  for (int i = 0; i < size; i++)
    ranks[i] = i;
  assert_int_equal(tsl_team_create(world, ranks, size, ++epoch, &team, NULL), TSL_OK);
  return team;
}

static void meet(void) {
  tsl_world_set_peer_seconds(world, 60);
  assert_int_equal(tsl_team_barrier(tsl_world_team(world), NULL), TSL_OK);
  tsl_world_set_peer_seconds(world, patience);
}

static void check_lost(int lost, enum tsl_status (*collective)(struct tsl_team *,
                                                               struct tsl_error *)) {
  int size = tsl_world_size(world), rank = tsl_world_rank(world);
  atomic_int *told = &board[checks++];
  if (collective == try_sum && (size & (size - 1)) != 0)
    return;
  meet();
  struct tsl_team *team = form();
  double begun = tsl_clock_seconds();
  if (rank == lost) {
    assert_true(board_wait(told, size - 1));
    /* Too late; whatever it gets, it may disturb nobody. */
    (void)collective(team, NULL);
  } else {
    struct tsl_error err = {0};
    assert_int_equal(collective(team, &err), TSL_PEER_LOST);
    assert_true(tsl_clock_seconds() - begun > 0.9 * patience);
    assert_int_equal(err.rank, lost);
    char words[32];
    snprintf(words, sizeof words, "rank %d has not", lost);
    assert_non_null(strstr(err.text, words));
    /* A team that has lost a member never waits again. */
    double shortest = INFINITY;
    for (int i = 0; i < 3; i++) {
      begun = tsl_clock_seconds();
      assert_int_equal(tsl_team_barrier(team, NULL), TSL_PEER_LOST);
      shortest = fmin(shortest, tsl_clock_seconds() - begun);
    }
    assert_true(shortest < 0.5 * patience);
    atomic_fetch_add(told, 1);
  }
  tsl_team_free(team);
  /* The next epoch sees nothing of this one. */
  meet();
  team = form();
  int all[8];
  all[rank] = 100 * (int)epoch + rank;
  assert_int_equal(tsl_team_gather(team, all, sizeof *all, NULL), TSL_OK);
  for (int i = 0; i < size; i++)
    assert_int_equal(all[i], 100 * (int)epoch + i);
  tsl_team_free(team);
}

static void test_lost__first_rank_is_named_by_all_in_time(void **state) {
  (void)state;
  check_lost(0, try_agree);
  check_lost(0, try_sum);
}

static void test_lost__last_rank_is_named_by_all_in_time(void **state) {
  (void)state;
  check_lost(tsl_world_size(world) - 1, try_gather);
  check_lost(tsl_world_size(world) - 1, try_sum);
}

/* ---- the coordinator ---- */
struct bench {
  int hanging; /* rank that does not come back in time from its first task */
  int done;
  bool hung;
  atomic_int *back; /* ranks whose schedule has ended */
};

static enum tsl_status work(void *context, int64_t id, struct tsl_team *team,
                            struct tsl_turn *turn, enum tsl_status (*poll)(void *),
                            void *poll_context, struct tsl_error *err) {
  (void)id, (void)team, (void)turn, (void)err;
  struct bench *bench = context;
  if (tsl_world_rank(world) == bench->hanging && !bench->hung) {
    bench->hung = true;
    assert_true(board_wait(bench->back, tsl_world_size(world) - 1));
    return TSL_OK;
  }
  for (int i = 0; i < 20; i++) {
    nap(0.005);
    TSL_TRY(poll(poll_context));
  }
  bench->done++;
  return TSL_OK;
}

static void check_schedule(int hanging) {
  enum { TASKS = 12 };
  struct tsl_task tasks[TASKS];
  for (int i = 0; i < TASKS; i++)
    tasks[i] = (struct tsl_task){.id = i, .seconds = 1, .widest = 1};
  struct bench bench = {.hanging = hanging, .back = &board[BACK + checks++]};
  const struct tsl_worker worker = {.work = work, .context = &bench};
  struct tsl_error err = {0};
  meet();
  tsl_world_set_peer_seconds(world,
                             patience / 2); /* silence counts after twice as long */
  enum tsl_status status = tsl_schedule_run(world, tasks, TASKS, 0, &worker, &err);
  atomic_fetch_add(bench.back, 1);
  if (hanging == 0 && tsl_world_rank(world) == 0) {
    /* It comes back and finds that the others have gone. */
    assert_int_not_equal(status, TSL_INTERRUPTED);
  } else {
    assert_int_equal(status, TSL_PEER_LOST);
    assert_int_equal(err.rank, hanging);
  }
  if (hanging > 0 && tsl_world_rank(world) != hanging) {
    assert_true(bench.done > 0);
    /* All tasks are done: those that are left can go on as one team. */
    struct tsl_team *survivors = tsl_world_survivors(world);
    assert_non_null(survivors);
    assert_int_equal(tsl_team_size(survivors), tsl_world_size(world) - 1);
    tsl_world_set_peer_seconds(world, 60);
    assert_int_equal(tsl_team_agree(survivors, TSL_OK, &err), TSL_OK);
    tsl_world_set_peer_seconds(world, patience);
  } else if (hanging > 0) {
    assert_null(tsl_world_survivors(world));
  }
  assert_true(board_wait(bench.back, tsl_world_size(world)));
}

static void test_lost__a_hanging_worker_does_not_hold_up_the_others(void **state) {
  (void)state;
  check_schedule(tsl_world_size(world) - 1);
}

static void test_lost__workers_leave_when_rank_0_hangs(void **state) {
  (void)state;
  check_schedule(0);
}

int main(int argc, char **argv) {
  if (tsl_world_open(&argc, &argv, &world, NULL) != TSL_OK)
    return 1;
  epoch = 1000; /* away from those that the coordinator numbers */
  board = board_open(world);
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_lost__first_rank_is_named_by_all_in_time),
      cmocka_unit_test(test_lost__last_rank_is_named_by_all_in_time),
      cmocka_unit_test(test_lost__a_hanging_worker_does_not_hold_up_the_others),
      cmocka_unit_test(test_lost__workers_leave_when_rank_0_hangs),
  };
  int failed = cmocka_run_group_tests(tests, NULL, NULL);
  meet(); /* all are back: MPI ends as it should */
  tsl_world_close(world);
  return failed;
}
