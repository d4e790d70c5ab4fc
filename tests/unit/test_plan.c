#include "unit.h"

#include "teasel/schedule.h"

#include <math.h>
#include <stdlib.h>
#include <time.h>

static void test_plan__equal_tasks_fill_all_ranks(void **state) {
  (void)state;
  struct tsl_task tasks[8];
  for (int i = 0; i < 8; i++)
    tasks[i] = (struct tsl_task){.id = i, .seconds = 3, .widest = 8};
  struct tsl_plan plan = tsl_schedule_plan(tasks, 8, 4, 0);
  assert_true(plan.makespan == 6);
  assert_true(plan.bound == 6);
  assert_true(plan.total == 24);
}

static void test_plan__longest_first_beats_the_given_order(void **state) {
  (void)state;
  /* In the given order one rank would end at 1 + 4 = 5. */
  const struct tsl_task tasks[] = {{0, 1, 1, false},
                                   {1, 1, 1, false},
                                   {2, 1, 1, false},
                                   {3, 1, 1, false},
                                   {4, 4, 1, false}};
  struct tsl_plan plan = tsl_schedule_plan(tasks, 5, 2, 0);
  assert_true(plan.makespan == 4);
  assert_true(plan.bound == 4);
}

static void test_plan__finished_tasks_cost_nothing(void **state) {
  (void)state;
  const struct tsl_task tasks[] = {{0, 100, 8, true}, {1, 2, 1, false}};
  struct tsl_plan plan = tsl_schedule_plan(tasks, 2, 2, 0);
  assert_true(plan.makespan == 2);
  assert_true(plan.total == 2);
}

static void test_plan__few_tasks_get_teams(void **state) {
  (void)state;
  const struct tsl_task tasks[] = {{0, 8, 8, false}, {1, 8, 8, false}};
  assert_true(tsl_schedule_plan(tasks, 2, 8, 0).makespan == 2);
  assert_true(tsl_schedule_plan(tasks, 1, 8, 0).makespan == 1);
  /* 6 ranks: powers of two only, and what is left over is idle. */
  assert_true(tsl_schedule_plan(tasks, 1, 6, 0).makespan == 2);
}

static void test_plan__a_team_is_no_wider_than_the_shards(void **state) {
  (void)state;
  const struct tsl_task task = {0, 8, 2, false};
  assert_true(tsl_schedule_plan(&task, 1, 8, 0).makespan == 4);
  assert_true(isinf(tsl_schedule_plan(&task, 1, 8, 4).makespan));
}

static void test_plan__forced_width_leaves_the_rest_idle(void **state) {
  (void)state;
  struct tsl_task tasks[4];
  for (int i = 0; i < 4; i++)
    tasks[i] = (struct tsl_task){.id = i, .seconds = 4, .widest = 8};
  assert_true(tsl_schedule_plan(tasks, 4, 5, 2).makespan == 4);
  assert_true(tsl_schedule_plan(tasks, 4, 4, 4).makespan == 4);
  assert_true(isinf(tsl_schedule_plan(tasks, 4, 1, 2).makespan));
}

enum { MODELS = 115 };

/* Costs between 1 and 10 hours, by a small generator of our own (Lehmer's). */
static void models_fill(struct tsl_task tasks[MODELS], unsigned seed, bool logarithmic) {
  uint64_t state = seed + 1;
  for (int i = 0; i < MODELS; i++) {
    state = state * 48271 % 2147483647;
    double u = (double)state / 2147483647;
    double hours = logarithmic ? pow(10, u) : 1 + 9 * u;
    tasks[i] = (struct tsl_task){.id = i, .seconds = 3600 * hours, .widest = 8};
  }
}

static void test_plan__stays_within_five_percent_of_the_bound(void **state) {
  (void)state;
  const int ranks[] = {2, 3, 8, 20, 64, 100, 128, 256, 512, 1024};
  struct tsl_task tasks[MODELS];
  for (unsigned seed = 0; seed < 20; seed++) {
    models_fill(tasks, 7919 * seed, seed % 2 == 1);
    for (size_t k = 0; k < sizeof ranks / sizeof *ranks; k++) {
      struct tsl_plan plan = tsl_schedule_plan(tasks, MODELS, ranks[k], 0);
      assert_true(plan.makespan >= plan.bound * (1 - 1e-9));
      assert_true(plan.makespan <= plan.bound * 1.03);
    }
  }
}

/* Long tasks that take almost all ranks to the end, at their widest, and short ones that
 * are more than the ranks beside them: some must be over before the long ones need all of
 * their ranks. */
static void test_plan__short_tasks_find_room_beside_long_ones(void **state) {
  (void)state;
  struct tsl_task tasks[MODELS];
  for (int longs = 1; longs < MODELS; longs++) {
    for (int i = 0; i < MODELS; i++)
      tasks[i] =
          (struct tsl_task){.id = i, .seconds = i < longs ? 36000 : 3600, .widest = 8};
    struct tsl_plan plan = tsl_schedule_plan(tasks, MODELS, 512, 0);
    assert_true(plan.makespan >= plan.bound * (1 - 1e-9));
    assert_true(plan.makespan <= plan.bound * 1.04);
  }
}

static void test_plan__few_changes_of_width_are_enough(void **state) {
  (void)state;
  struct tsl_task tasks[MODELS];
  models_fill(tasks, 1, false);
  struct tsl_plan few = tsl_schedule_plan(tasks, MODELS, 8, 0);
  struct tsl_plan many = tsl_schedule_plan(tasks, MODELS, 512, 0);
  assert_true(few.widened + few.narrowed <= 16);
  assert_true(many.widened > 0);
  assert_true(many.widened + many.narrowed <= 4 * MODELS);
  /* A forced width is never changed. */
  struct tsl_plan forced = tsl_schedule_plan(tasks, MODELS, 8, 2);
  assert_true(forced.widened == 0 && forced.narrowed == 0);
}

static void test_plan__a_straggler_gets_the_idle_ranks(void **state) {
  (void)state;
  /* Alone it would end at 800, and the others with 2 ranks each at 50. */
  struct tsl_task tasks[4];
  for (int i = 0; i < 4; i++)
    tasks[i] = (struct tsl_task){.id = i, .seconds = i == 0 ? 800 : 100, .widest = 8};
  struct tsl_plan plan = tsl_schedule_plan(tasks, 4, 8, 0);
  assert_true(plan.bound == 137.5);
  assert_true(plan.makespan <= 1.02 * plan.bound);
  assert_true(plan.widened > 0);
}

static void test_plan__a_million_runs_are_planned_in_seconds(void **state) {
  (void)state;
  enum { RUNS = 1000000, RANKS = 100000 };
  struct tsl_task *tasks = calloc(RUNS, sizeof *tasks);
  assert_non_null(tasks);
  for (int i = 0; i < RUNS; i++)
    tasks[i] =
        (struct tsl_task){.id = i, .seconds = 3600.0 + (i * 79) % 32400, .widest = 8};
  struct timespec before, after;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &before);
  struct tsl_plan plan = tsl_schedule_plan(tasks, RUNS, RANKS, 0);
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &after);
  free(tasks);
  assert_true(plan.makespan <= 1.02 * plan.bound);
#if !defined(__SANITIZE_ADDRESS__) && defined(NDEBUG)
  assert_true(after.tv_sec - before.tv_sec < 10);
#endif
}

static void test_planner__plans_the_same_again_and_again(void **state) {
  (void)state;
  struct tsl_task tasks[MODELS];
  struct tsl_planner *planner = NULL;
  models_fill(tasks, 3, true);
  assert_int_equal(tsl_planner_create(tasks, MODELS, 64, 0, &planner, NULL), TSL_OK);
  double whole = tsl_schedule_plan(tasks, MODELS, 64, 0).makespan;
  assert_true(tsl_planner_makespan(planner) == whole);
  assert_true(tsl_planner_makespan(planner) == whole);
  for (int i = 0; i < MODELS / 2; i++)
    tsl_planner_tasks(planner)[i].done = tasks[i].done = true;
  assert_true(tsl_planner_makespan(planner) ==
              tsl_schedule_plan(tasks, MODELS, 64, 0).makespan);
  assert_true(tsl_planner_makespan(planner) < whole);
  tsl_planner_free(planner);
  planner = NULL;
  assert_int_equal(tsl_planner_create(tasks, MODELS, 4, 8, &planner, NULL),
                   TSL_BAD_INPUT);
}

static void test_plan__nothing_to_do_takes_no_time(void **state) {
  (void)state;
  struct tsl_plan plan = tsl_schedule_plan(NULL, 0, 4, 0);
  assert_true(plan.makespan == 0 && plan.bound == 0 && plan.total == 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_plan__equal_tasks_fill_all_ranks),
      cmocka_unit_test(test_plan__longest_first_beats_the_given_order),
      cmocka_unit_test(test_plan__finished_tasks_cost_nothing),
      cmocka_unit_test(test_plan__few_tasks_get_teams),
      cmocka_unit_test(test_plan__a_team_is_no_wider_than_the_shards),
      cmocka_unit_test(test_plan__forced_width_leaves_the_rest_idle),
      cmocka_unit_test(test_plan__stays_within_five_percent_of_the_bound),
      cmocka_unit_test(test_plan__short_tasks_find_room_beside_long_ones),
      cmocka_unit_test(test_plan__few_changes_of_width_are_enough),
      cmocka_unit_test(test_plan__a_straggler_gets_the_idle_ranks),
      cmocka_unit_test(test_plan__a_million_runs_are_planned_in_seconds),
      cmocka_unit_test(test_planner__plans_the_same_again_and_again),
      cmocka_unit_test(test_plan__nothing_to_do_takes_no_time),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
