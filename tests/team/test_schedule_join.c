// ranks: 2 4 8
/* Teams that change while they work: idle ranks join, whoever fails, leaves or is lost
 * meanwhile. */
#include "board.h"
#include "elastic_task.h"

#include <string.h>

static struct tsl_world *world;
static atomic_int *board;

enum { TASKS_MAX = 16 };

struct bench {
  int steps[TASKS_MAX]; /* of each task */
  double step_seconds;
  /* What goes wrong, and on which rank. */
  int failing_joiner; /* cannot build; -1: none */
  int slow_joiner;    /* builds for longer than the task lasts */
  int hanging;        /* is not heard until the others have ended, once: when */
  enum { IN_BUILD, AFTER_JOINING, BEFORE_OTHERS_JOIN } when;
  bool hung, joins;
  atomic_int *over; /* ranks whose schedule has ended */
  int wanted;       /* members: until there are so many, the steps become long */
  const struct tsl_turn *turn;
  int stop_rank, stop_after; /* is asked to stop when it was asked so often */
  int asked;
  /* What happened here. */
  int done[TASKS_MAX], widths[TASKS_MAX];
  int joined, released, built;
  int started, changed, ended, left, failed; /* rank 0 */
  int taken;                                 /* steps */
};

static void hang(struct bench *bench) {
  if (tsl_world_rank(world) != bench->hanging || bench->hung)
    return;
  bench->hung = true;
  assert_true(board_wait(bench->over, tsl_world_size(world) - 1));
}

static enum tsl_status build(void *context) {
  struct bench *bench = context;
  int rank = tsl_world_rank(world);
  bench->built++;
  if (bench->when == IN_BUILD)
    hang(bench);
  if (rank == bench->slow_joiner)
    nap(0.3);
  return rank == bench->failing_joiner ? TSL_MEMORY : TSL_OK;
}

static enum tsl_status take_step(void *context) {
  struct bench *bench = context;
  bench->taken++;
  if ((bench->when == AFTER_JOINING && bench->joins) ||
      (bench->when == BEFORE_OTHERS_JOIN && bench->taken == 8))
    hang(bench);
  bool late = bench->taken > 20 && tsl_team_size(bench->turn->team) < bench->wanted;
  nap(late ? 0.05 : bench->step_seconds);
  return TSL_OK;
}

static enum tsl_status work(void *context, int64_t id, struct tsl_team *team,
                            struct tsl_turn *turn, enum tsl_status (*poll)(void *),
                            void *poll_context, struct tsl_error *err) {
  struct bench *bench = context;
  struct elastic task = {.turn = turn,
                         .poll = poll,
                         .poll_context = poll_context,
                         .steps = bench->steps[id],
                         .build = build,
                         .take_step = take_step,
                         .context = bench};
  bool joins = bench->joins = turn->joining;
  bench->turn = turn;
  (void)team;
  TSL_TRY(elastic_work(&task, err));
  bench->joined += joins && !turn->released;
  bench->released += turn->released;
  if (turn->released)
    return TSL_OK;
  bench->widths[id] = tsl_team_size(turn->team);
  bench->done[id] += tsl_team_index(turn->team) == 0;
  return TSL_OK;
}

static void changed(void *context, int64_t id, enum tsl_task_change change,
                    const int *ranks, int width) {
  struct bench *bench = context;
  (void)id;
  bench->started += change == TSL_TASK_STARTED;
  bench->changed += change == TSL_TASK_CHANGED;
  bench->ended += change == TSL_TASK_ENDED;
  bench->left += change == TSL_TASK_LEFT;
  bench->failed += change == TSL_TASK_FAILED;
  for (int i = 0; i < width; i++) {
    for (int k = 0; k < i; k++)
      assert_int_not_equal(ranks[i], ranks[k]);
  }
}

static bool stop(void *context) {
  struct bench *bench = context;
  return tsl_world_rank(world) == bench->stop_rank && bench->asked++ >= bench->stop_after;
}

static struct bench quiet_bench(double step_seconds) {
  return (struct bench){.step_seconds = step_seconds,
                        .failing_joiner = -1,
                        .slow_joiner = -1,
                        .hanging = -1,
                        .stop_rank = -1};
}

static enum tsl_status run(struct bench *bench, const struct tsl_task *tasks,
                           int64_t count, int width, struct tsl_error *err) {
  const struct tsl_worker worker = {
      .work = work, .changed = changed, .stop = stop, .context = bench};
  return tsl_schedule_run(world, tasks, count, width, &worker, err);
}

/* Collective on the world. */
static int sum_over_ranks(int mine) {
  int all[8], sum = 0, size = tsl_world_size(world);
  all[tsl_world_rank(world)] = mine;
  assert_int_equal(tsl_team_gather(tsl_world_team(world), all, sizeof *all, NULL),
                   TSL_OK);
  for (int i = 0; i < size; i++)
    sum += all[i];
  return sum;
}

static int widest(int limit) {
  int width = 1;
  while (2 * width <= tsl_world_size(world) && 2 * width <= limit)
    width *= 2;
  return width;
}

/* One long task, and as many short ones as there are other ranks. */
static int64_t straggler(struct tsl_task tasks[TASKS_MAX], struct bench *bench,
                         int steps) {
  int count = tsl_world_size(world);
  for (int i = 0; i < count; i++) {
    tasks[i] = (struct tsl_task){.id = i, .seconds = i == 0 ? 1000 : 900, .widest = 8};
    bench->steps[i] = i == 0 ? steps : 5;
  }
  return count;
}

static void test_join__idle_ranks_join_the_last_task(void **state) {
  (void)state;
  struct tsl_task tasks[TASKS_MAX];
  struct bench bench = quiet_bench(0.002);
  int64_t count = straggler(tasks, &bench, 150);
  bench.wanted = widest(8);
  assert_int_equal(run(&bench, tasks, count, 0, NULL), TSL_OK);
  for (int i = 0; i < count; i++)
    assert_int_equal(sum_over_ranks(bench.done[i]), 1);
  assert_int_equal(sum_over_ranks(bench.widths[0]), widest(8) * widest(8));
  assert_true(sum_over_ranks(bench.joined) >= widest(8) - 1);
  if (tsl_world_rank(world) == 0)
    assert_true(bench.changed > 0 && bench.ended == count);
}

static void test_join__a_forced_width_stays(void **state) {
  (void)state;
  struct tsl_task tasks[TASKS_MAX];
  struct bench bench = quiet_bench(0.001);
  int64_t count = straggler(tasks, &bench, 60);
  assert_int_equal(run(&bench, tasks, count, 1, NULL), TSL_OK);
  assert_int_equal(sum_over_ranks(bench.joined + bench.built), 0);
  assert_int_equal(bench.changed, 0);
}

static double halves(void *context, int64_t id) {
  /* Task 0 turns out to be much longer than the others, which have time to give. */
  (void)context;
  return id == 0 ? 1000 : 20;
}

static double as_predicted(void *context) {
  (void)context;
  return 1;
}

static void test_join__ranks_are_let_go_for_a_late_task(void **state) {
  (void)state;
  if (tsl_world_size(world) < 8)
    return;
  struct bench bench = quiet_bench(0.002);
  struct tsl_task tasks[4];
  for (int i = 0; i < 4; i++) {
    tasks[i] = (struct tsl_task){.id = i, .seconds = 100, .widest = 4};
    bench.steps[i] = i == 0 ? 1100 : 1000;
  }
  const struct tsl_worker worker = {.work = work,
                                    .changed = changed,
                                    .seconds_left = halves,
                                    .pace = as_predicted,
                                    .context = &bench};
  assert_int_equal(tsl_schedule_run(world, tasks, 4, 0, &worker, NULL), TSL_OK);
  for (int i = 0; i < 4; i++)
    assert_int_equal(sum_over_ranks(bench.done[i]), 1);
  assert_true(sum_over_ranks(bench.released) >= 2);
  assert_int_equal(sum_over_ranks(bench.widths[0]), 16);
}

static void test_join__who_cannot_build_costs_nobody_anything(void **state) {
  (void)state;
  struct tsl_task tasks[TASKS_MAX];
  for (int failing = 0; failing < tsl_world_size(world); failing++) {
    struct bench bench = quiet_bench(0.001);
    bench.failing_joiner = failing;
    int64_t count = straggler(tasks, &bench, 80);
    assert_int_equal(run(&bench, tasks, count, 0, NULL), TSL_OK);
    for (int i = 0; i < count; i++)
      assert_int_equal(sum_over_ranks(bench.done[i]), 1);
    assert_true(bench.built <= 2 * count); /* not tried again and again */
  }
}

static void test_join__who_is_not_ready_in_time_is_sent_home(void **state) {
  (void)state;
  struct tsl_task tasks[TASKS_MAX];
  struct bench bench = quiet_bench(0.001);
  bench.slow_joiner = tsl_world_size(world) - 1;
  int64_t count = straggler(tasks, &bench, 60);
  assert_int_equal(run(&bench, tasks, count, 0, NULL), TSL_OK);
  for (int i = 0; i < count; i++)
    assert_int_equal(sum_over_ranks(bench.done[i]), 1);
}

static void test_join__an_interruption_at_any_moment_ends_all(void **state) {
  (void)state;
  struct tsl_task tasks[TASKS_MAX];
  for (int round = 0; round < 24; round++) {
    struct bench bench = quiet_bench(0.0005);
    int64_t count = straggler(tasks, &bench, 4000);
    bench.stop_rank = round % tsl_world_size(world);
    bench.stop_after = 5 + 3 * round;
    assert_int_equal(run(&bench, tasks, count, 0, NULL), TSL_INTERRUPTED);
    assert_int_equal(sum_over_ranks(bench.done[0]), 0);
    if (tsl_world_rank(world) == 0)
      assert_int_equal(bench.started, bench.ended + bench.left);
  }
}

/* Collective on the world. What was sent to a rank that was given up must not be taken
 * for news of the next schedule. */
static void drain(void) {
  static struct tsl_message message;
  bool found = true;
  assert_int_equal(tsl_team_barrier(tsl_world_team(world), NULL), TSL_OK);
  double begun = tsl_clock_seconds();
  while (found || tsl_clock_seconds() - begun < 0.1)
    assert_int_equal(tsl_world_poll(world, &message, &found, NULL), TSL_OK);
  assert_int_equal(tsl_team_barrier(tsl_world_team(world), NULL), TSL_OK);
}

/* long_one: the task that the idle ranks join; rank i begins task i. */
static void check_hanging(int hanging, int when, int long_one) {
  const double patience = 1.5; /* seconds: more than a busy machine lets a rank wait */
  static int checks;
  struct tsl_task tasks[TASKS_MAX];
  struct bench bench = quiet_bench(0.001);
  struct tsl_error err = {0};
  int64_t count = straggler(tasks, &bench, 5);
  bench.steps[long_one] = 1500;
  bench.hanging = hanging;
  bench.when = when;
  bench.over = &board[checks++];
  tsl_world_set_peer_seconds(world, patience);
  enum tsl_status status = run(&bench, tasks, count, 0, &err);
  atomic_fetch_add(bench.over, 1);
  if (tsl_world_rank(world) != hanging) {
    assert_int_equal(status, TSL_PEER_LOST);
    assert_int_equal(err.rank, hanging);
  }
  if (tsl_world_rank(world) == 0)
    assert_int_equal(bench.ended, count); /* a lost one's task is done by others */
  tsl_world_set_peer_seconds(world, 60);
  drain();
  tsl_world_set_peer_seconds(world, 60);
}

static void test_join__a_joiner_lost_while_it_builds_stops_no_task(void **state) {
  (void)state;
  check_hanging(tsl_world_size(world) - 1, IN_BUILD, 0);
}

static void test_join__a_member_lost_after_it_joined_is_named_in_time(void **state) {
  (void)state;
  check_hanging(tsl_world_size(world) - 1, AFTER_JOINING, 0);
}

static void test_join__who_waits_to_join_a_lost_team_is_freed(void **state) {
  (void)state;
  check_hanging(1, BEFORE_OTHERS_JOIN, 1);
}

int main(int argc, char **argv) {
  if (tsl_world_open(&argc, &argv, &world, NULL) != TSL_OK)
    return 1;
  tsl_world_set_peer_seconds(world, 60); /* a failed test should end soon */
  board = board_open(world);
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_join__idle_ranks_join_the_last_task),
      cmocka_unit_test(test_join__a_forced_width_stays),
      cmocka_unit_test(test_join__ranks_are_let_go_for_a_late_task),
      cmocka_unit_test(test_join__who_cannot_build_costs_nobody_anything),
      cmocka_unit_test(test_join__who_is_not_ready_in_time_is_sent_home),
      cmocka_unit_test(test_join__an_interruption_at_any_moment_ends_all),
      cmocka_unit_test(test_join__a_joiner_lost_while_it_builds_stops_no_task),
      cmocka_unit_test(test_join__a_member_lost_after_it_joined_is_named_in_time),
      cmocka_unit_test(test_join__who_waits_to_join_a_lost_team_is_freed),
  };
  int failed = cmocka_run_group_tests(tests, NULL, NULL);
  tsl_world_close(world);
  return failed;
}
