#include "unit.h"

#include "teasel/schedule.h"

#include <math.h>

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

static void test_plan__stays_within_four_thirds_of_the_bound(void **state) {
  (void)state;
  /* Graham 1969: longest first is within 4/3 - 1/(3 m) of the best makespan, and this
   * best one is the bound, as the tasks are many and small. */
  enum { COUNT = 115 };
  struct tsl_task tasks[COUNT];
  for (int i = 0; i < COUNT; i++)
    tasks[i] = (struct tsl_task){.id = i, .seconds = 1 + (i * 37) % 11, .widest = 8};
  for (int ranks = 1; ranks <= 32; ranks++) {
    struct tsl_plan plan = tsl_schedule_plan(tasks, COUNT, ranks, 0);
    assert_true(plan.makespan >= plan.bound);
    assert_true(plan.makespan <= plan.bound * 4 / 3);
  }
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
      cmocka_unit_test(test_plan__stays_within_four_thirds_of_the_bound),
      cmocka_unit_test(test_plan__nothing_to_do_takes_no_time),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
