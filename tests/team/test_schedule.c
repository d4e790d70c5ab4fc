// ranks: 1 2 3 4 8
/* The coordinator with tasks that only wait: every task is done once, whatever the number
 * of ranks, the width, failures and interruptions. */
#include "elastic_task.h"

#include "teasel/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { TASKS = 20, STEPS = 5 };

static struct tsl_world *world;

struct bench {
  int done[TASKS];   /* by this rank as first member, whole tasks */
  int begun[TASKS];  /* by this rank as any member */
  int widths[TASKS]; /* of the last team that this rank was in */
  int64_t failing;   /* task that fails; -1: none */
  int stop_after;    /* tasks after which this rank asks to stop; -1: never */
  int taken;
  int started, ended, left, failed; /* rank 0: what was told */
  int notes;                        /* rank 0: messages of the workers */
  int found;                        /* rank 0: tasks that others did */
  int asked[TASKS];                 /* rank 0 */
  bool taken_away[TASKS];           /* by this rank's task */
  bool slow;                        /* this rank */
};

static enum tsl_status take_step(void *context) {
  const struct bench *bench = context;
  nanosleep(&(struct timespec){.tv_nsec = bench->slow ? 50000000 : 300000}, NULL);
  return TSL_OK;
}

static enum tsl_status work(void *context, int64_t id, struct tsl_team *team,
                            struct tsl_turn *turn, enum tsl_status (*poll)(void *),
                            void *poll_context, struct tsl_error *err) {
  struct bench *bench = context;
  struct elastic task = {.turn = turn,
                         .poll = poll,
                         .poll_context = poll_context,
                         .steps = STEPS,
                         .take_step = take_step,
                         .context = bench};
  (void)team;
  bench->begun[id]++;
  TSL_TRY(elastic_work(&task, err));
  if (turn->released)
    return TSL_OK;
  bench->widths[id] = tsl_team_size(turn->team);
  if (id == bench->failing)
    return tsl_error_set(err, TSL_IO, "disk", "task %d failed", (int)id);
  if (tsl_team_index(turn->team) == 0) {
    bench->done[id]++;
    if (tsl_world_rank(world) != 0)
      TSL_TRY(tsl_world_send(world, 0, TSL_MESSAGE_WORKER + 1, &id, sizeof id, err));
  }
  bench->taken++;
  return TSL_OK;
}

static void changed(void *context, int64_t id, enum tsl_task_change change,
                    const int *ranks, int width) {
  struct bench *bench = context;
  assert_true(id >= 0 && id < TASKS);
  assert_true(width == 0 || ranks[0] >= 0);
  assert_true(width >= 1 || change == TSL_TASK_FOUND || change == TSL_TASK_FAILED);
  bench->found += change == TSL_TASK_FOUND;
  bench->started += change == TSL_TASK_STARTED;
  bench->ended += change == TSL_TASK_ENDED;
  bench->left += change == TSL_TASK_LEFT;
  bench->failed += change == TSL_TASK_FAILED;
}

static void message(void *context, const struct tsl_message *note) {
  struct bench *bench = context;
  assert_int_equal(note->kind, TSL_MESSAGE_WORKER + 1);
  bench->notes++;
}

static bool stop(void *context) {
  const struct bench *bench = context;
  return bench->stop_after >= 0 && bench->taken >= bench->stop_after;
}

static enum tsl_status run(struct bench *bench, const struct tsl_task *tasks,
                           int64_t count, int width, struct tsl_error *err) {
  const struct tsl_worker worker = {.work = work,
                                    .changed = changed,
                                    .message = message,
                                    .stop = stop,
                                    .context = bench};
  return tsl_schedule_run(world, tasks, count, width, &worker, err);
}

static void tasks_fill(struct tsl_task tasks[TASKS], int widest) {
  for (int i = 0; i < TASKS; i++)
    tasks[i] = (struct tsl_task){.id = i, .seconds = 1 + i % 7, .widest = widest};
}

/* counts: (size, TASKS) room; afterwards the sum over ranks is in sum. */
static void add_up(const int mine[TASKS], int sum[TASKS]) {
  int size = tsl_world_size(world), rank = tsl_world_rank(world);
  int all[8][TASKS];
  memcpy(all[rank], mine, sizeof all[rank]);
  assert_int_equal(tsl_team_gather(tsl_world_team(world), all, sizeof all[0], NULL),
                   TSL_OK);
  memset(sum, 0, TASKS * sizeof *sum);
  for (int r = 0; r < size; r++) {
    for (int i = 0; i < TASKS; i++)
      sum[i] += all[r][i];
  }
}

static void test_schedule__every_task_is_done_once(void **state) {
  (void)state;
  struct tsl_task tasks[TASKS];
  tasks_fill(tasks, 8);
  tasks[3].done = tasks[11].done = true;
  for (int width = 0; width <= tsl_world_size(world);
       width = width == 0 ? 1 : 2 * width) {
    struct bench bench = {.failing = -1, .stop_after = -1};
    int sum[TASKS], begun[TASKS];
    assert_int_equal(run(&bench, tasks, TASKS, width, NULL), TSL_OK);
    add_up(bench.done, sum);
    add_up(bench.begun, begun);
    for (int i = 0; i < TASKS; i++) {
      assert_int_equal(sum[i], tasks[i].done ? 0 : 1);
      if (width > 0 && !tasks[i].done)
        assert_int_equal(begun[i], width);
    }
    if (tsl_world_rank(world) == 0) {
      assert_int_equal(bench.started, TASKS - 2);
      assert_int_equal(bench.ended, TASKS - 2);
      int own = 0;
      for (int i = 0; i < TASKS; i++)
        own += bench.done[i];
      assert_int_equal(bench.notes + own, TASKS - 2);
    }
  }
}

static void test_schedule__all_ranks_work_rank_0_too(void **state) {
  (void)state;
  struct tsl_task tasks[TASKS];
  tasks_fill(tasks, 8);
  struct bench bench = {.failing = -1, .stop_after = -1};
  assert_int_equal(run(&bench, tasks, TASKS, 1, NULL), TSL_OK);
  assert_true(bench.taken > 0);
}

static void test_schedule__few_tasks_are_shared_by_teams(void **state) {
  (void)state;
  struct tsl_task tasks[TASKS];
  tasks_fill(tasks, 4);
  struct bench bench = {.failing = -1, .stop_after = -1};
  int begun[TASKS];
  assert_int_equal(run(&bench, tasks, 1, 0, NULL), TSL_OK);
  add_up(bench.begun, begun);
  int expected = 1;
  while (2 * expected <= tsl_world_size(world) && 2 * expected <= 4)
    expected *= 2;
  assert_int_equal(begun[0], expected);
}

static void test_schedule__a_failing_task_stops_no_other(void **state) {
  (void)state;
  struct tsl_task tasks[TASKS];
  tasks_fill(tasks, 8);
  struct bench bench = {.failing = 6, .stop_after = -1};
  struct tsl_error err = {0};
  int sum[TASKS];
  assert_int_equal(run(&bench, tasks, TASKS, 0, &err), TSL_IO);
  assert_string_equal(err.text, "task 6 failed");
  assert_string_equal(err.where, "disk");
  add_up(bench.done, sum);
  for (int i = 0; i < TASKS; i++)
    assert_int_equal(sum[i], i == 6 ? 0 : 1);
  if (tsl_world_rank(world) == 0)
    assert_int_equal(bench.failed, 1);
}

/* asker: the rank that gets the signal. The others are slow, so that they cannot be done
 * before. */
static void check_stop(int asker, int after) {
  struct tsl_task tasks[TASKS];
  tasks_fill(tasks, 8);
  struct bench bench = {.failing = -1, .stop_after = -1};
  if (tsl_world_rank(world) == asker)
    bench.stop_after = after;
  bench.slow = tsl_world_rank(world) != asker;
  int sum[TASKS], done = 0;
  assert_int_equal(run(&bench, tasks, TASKS, 0, NULL), TSL_INTERRUPTED);
  add_up(bench.done, sum);
  for (int i = 0; i < TASKS; i++) {
    assert_true(sum[i] <= 1);
    done += sum[i];
  }
  assert_true(done < TASKS);
  if (tsl_world_rank(world) == 0) {
    assert_int_equal(bench.ended, done);
    assert_int_equal(bench.started, bench.ended + bench.left);
  }
}

static void test_schedule__a_signal_to_any_rank_calls_all_back(void **state) {
  (void)state;
  check_stop(0, 0);
  check_stop(0, 1);
  check_stop(tsl_world_size(world) - 1, 0);
  check_stop(tsl_world_size(world) - 1, 1);
}

static void test_schedule__refuses_a_width_that_cannot_be(void **state) {
  (void)state;
  struct tsl_task tasks[TASKS];
  tasks_fill(tasks, 1);
  struct bench bench = {.failing = -1, .stop_after = -1};
  struct tsl_error err = {0};
  assert_int_equal(run(&bench, tasks, TASKS, 16, &err), TSL_BAD_INPUT);
  assert_non_null(strstr(err.text, "mpirun -n 16"));
  if (tsl_world_size(world) > 1) {
    assert_int_equal(run(&bench, tasks, TASKS, 2, &err), TSL_BAD_INPUT);
    assert_non_null(strstr(err.text, "train.shards = 1"));
  }
  assert_int_equal(run(&bench, tasks, TASKS, 3, &err), TSL_BAD_INPUT);
}

/* Tasks 0, 5, 10, 15 are done by others, after having been held; 1, 6, 11, 16 are held
 * and become free; 2 cannot be asked for. */
static enum tsl_status ask(void *context, int64_t id, enum tsl_task_answer *answer,
                           struct tsl_error *err) {
  struct bench *bench = context;
  int asked = bench->asked[id]++;
  if (id == 2)
    return tsl_error_set(err, TSL_IO, "disk", "no claim for task %d", (int)id);
  if (id % 5 == 0)
    *answer = asked < 2 ? TSL_TASK_HELD : TSL_TASK_DONE;
  else if (id % 5 == 1)
    *answer = asked < 1 ? TSL_TASK_HELD : TSL_TASK_MINE;
  return TSL_OK;
}

static void test_schedule__tasks_of_others_are_asked_for_again(void **state) {
  (void)state;
  struct tsl_task tasks[TASKS];
  tasks_fill(tasks, 8);
  struct bench bench = {.failing = -1, .stop_after = -1};
  struct tsl_error err = {0};
  int sum[TASKS];
  const struct tsl_worker worker = {
      .work = work, .ask = ask, .changed = changed, .context = &bench};
  assert_int_equal(tsl_schedule_run(world, tasks, TASKS, 0, &worker, &err), TSL_IO);
  assert_string_equal(err.text, "no claim for task 2");
  add_up(bench.done, sum);
  for (int i = 0; i < TASKS; i++)
    assert_int_equal(sum[i], i == 2 || i % 5 == 0 ? 0 : 1);
  if (tsl_world_rank(world) == 0) {
    assert_int_equal(bench.found, 4);
    assert_int_equal(bench.failed, 1);
    assert_int_equal(bench.started, TASKS - 5);
    assert_int_equal(bench.ended, TASKS - 5);
  }
}

/* A task that is taken away while it is worked on is asked for again. */
static enum tsl_status lose_once(void *context, int64_t id, struct tsl_team *team,
                                 struct tsl_turn *turn, enum tsl_status (*poll)(void *),
                                 void *poll_context, struct tsl_error *err) {
  struct bench *bench = context;
  (void)turn, (void)poll, (void)poll_context;
  bool lost = id % 4 == 0 && tsl_world_size(world) == 1 && !bench->taken_away[id];
  bench->taken_away[id] = true;
  if (lost)
    return tsl_error_set(err, TSL_TAKEN, "", "taken");
  bench->done[id] += tsl_team_index(team) == 0;
  return TSL_OK;
}

static void test_schedule__a_task_taken_away_is_no_failure(void **state) {
  (void)state;
  struct tsl_task tasks[TASKS];
  tasks_fill(tasks, 1);
  struct bench bench = {.failing = -1, .stop_after = -1};
  int sum[TASKS];
  const struct tsl_worker worker = {
      .work = lose_once, .changed = changed, .context = &bench};
  assert_int_equal(tsl_schedule_run(world, tasks, TASKS, 0, &worker, NULL), TSL_OK);
  add_up(bench.done, sum);
  for (int i = 0; i < TASKS; i++)
    assert_int_equal(sum[i], 1);
  if (tsl_world_size(world) == 1)
    assert_int_equal(bench.left, TASKS / 4);
}

static void test_schedule__nothing_to_do_ends_at_once(void **state) {
  (void)state;
  struct bench bench = {.failing = -1, .stop_after = -1};
  assert_int_equal(run(&bench, NULL, 0, 0, NULL), TSL_OK);
}

/* An idle rank's share of a core while another works for a second. */
static enum tsl_status long_work(void *context, int64_t id, struct tsl_team *team,
                                 struct tsl_turn *turn, enum tsl_status (*poll)(void *),
                                 void *poll_context, struct tsl_error *err) {
  (void)context, (void)id, (void)team, (void)turn, (void)err;
  double begun = tsl_clock_seconds();
  while (tsl_clock_seconds() - begun < 1) {
    nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    TSL_TRY(poll(poll_context));
  }
  return TSL_OK;
}

/* Seconds that this rank computes meanwhile. */
static double idle_seconds(void) {
  const struct tsl_task task = {.id = 0, .seconds = 1, .widest = 1};
  const struct tsl_worker worker = {.work = long_work};
  struct timespec before, after;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &before);
  assert_int_equal(tsl_schedule_run(world, &task, 1, 0, &worker, NULL), TSL_OK);
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &after);
  return (double)(after.tv_sec - before.tv_sec) +
         1e-9 * (double)(after.tv_nsec - before.tv_nsec);
}

/* The least of a few measurements: others on the machine make waking up cost more. */
static void test_schedule__idle_ranks_burn_no_core(void **state) {
  (void)state;
  const double most = 0.05;
  int idle = 0;
  for (int i = 0; i < 3 && idle < tsl_world_size(world); i++) {
    double seconds = idle_seconds();
    int quiet[8] = {0}, rank = tsl_world_rank(world);
    quiet[rank] = rank == 0 || seconds < most;
    assert_int_equal(tsl_team_gather(tsl_world_team(world), quiet, sizeof quiet[0], NULL),
                     TSL_OK);
    idle = 0;
    for (int k = 0; k < tsl_world_size(world); k++)
      idle += quiet[k];
    print_message("idle: %.2f %% of a core\n", 100 * seconds);
  }
  assert_int_equal(idle, tsl_world_size(world));
}

int main(int argc, char **argv) {
  if (tsl_world_open(&argc, &argv, &world, NULL) != TSL_OK)
    return 1;
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_schedule__every_task_is_done_once),
      cmocka_unit_test(test_schedule__all_ranks_work_rank_0_too),
      cmocka_unit_test(test_schedule__few_tasks_are_shared_by_teams),
      cmocka_unit_test(test_schedule__a_failing_task_stops_no_other),
      cmocka_unit_test(test_schedule__a_signal_to_any_rank_calls_all_back),
      cmocka_unit_test(test_schedule__refuses_a_width_that_cannot_be),
      cmocka_unit_test(test_schedule__tasks_of_others_are_asked_for_again),
      cmocka_unit_test(test_schedule__a_task_taken_away_is_no_failure),
      cmocka_unit_test(test_schedule__nothing_to_do_ends_at_once),
      cmocka_unit_test(test_schedule__idle_ranks_burn_no_core),
  };
  int failed = cmocka_run_group_tests(tests, NULL, NULL);
  tsl_world_close(world);
  return failed;
}
