/* The decisions one by one, as the coordinator asks for them, and the heap below them. */
#include "unit.h"

#include "schedule/decide.h"
#include "schedule/heap.h"
#include "schedule/rank_set.h"

#include <math.h>

static struct tsl__decider *decider_of(const struct tsl_task *tasks, int64_t count,
                                       int ranks, int width) {
  struct tsl__decider *decider = NULL;
  assert_int_equal(tsl__decider_create(tasks, count, ranks, width, 0, 0, &decider, NULL),
                   TSL_OK);
  return decider;
}

static void expect(struct tsl__decider *decider, double now, int idle,
                   enum tsl__move_kind kind, int64_t task, int width) {
  struct tsl__move move = tsl__decider_next(decider, now, idle);
  assert_int_equal(move.kind, kind);
  if (kind == TSL__MOVE_NONE)
    return;
  assert_int_equal(move.task, task);
  assert_int_equal(move.width, width);
}

static void test_decide__idle_ranks_join_the_straggler(void **state) {
  (void)state;
  const struct tsl_task tasks[] = {{0, 100, 8, false}, {1, 95, 8, false}};
  struct tsl__decider *decider = decider_of(tasks, 2, 2, 0);
  expect(decider, 0, 2, TSL__MOVE_START, 0, 1);
  expect(decider, 0, 1, TSL__MOVE_START, 1, 1);
  expect(decider, 0, 0, TSL__MOVE_NONE, 0, 0);
  assert_int_equal(tsl__decider_end(decider, 1), 1);
  expect(decider, 95, 1, TSL__MOVE_WIDEN, 0, 2);
  expect(decider, 95, 0, TSL__MOVE_NONE, 0, 0);
  double end = 0;
  assert_int_equal(tsl__decider_first_end(decider, &end), 0);
  assert_true(end == 97.5);
  tsl__decider_settle(decider, 95.5, 0, 2, false);
  assert_int_equal(tsl__decider_end(decider, 0), 2);
  assert_int_equal(tsl__decider_first_end(decider, &end), -1);
  tsl__decider_free(decider);
}

static void test_decide__a_team_that_changes_is_left_alone(void **state) {
  (void)state;
  const struct tsl_task task = {0, 1000, 8, false};
  struct tsl__decider *decider = decider_of(&task, 1, 8, 0);
  expect(decider, 0, 1, TSL__MOVE_START, 0, 1);
  expect(decider, 0, 7, TSL__MOVE_WIDEN, 0, 2);
  expect(decider, 1, 6, TSL__MOVE_NONE, 0, 0);
  /* The change came to nothing: it is tried again. */
  tsl__decider_settle(decider, 2, 0, 1, false);
  expect(decider, 2, 7, TSL__MOVE_WIDEN, 0, 2);
  tsl__decider_settle(decider, 3, 0, 2, false);
  expect(decider, 3, 6, TSL__MOVE_WIDEN, 0, 4);
  tsl__decider_free(decider);
}

static void test_decide__a_moment_before_the_end_nobody_joins(void **state) {
  (void)state;
  const struct tsl_task task = {0, 100, 8, false};
  struct tsl__decider *decider = decider_of(&task, 1, 2, 0);
  expect(decider, 0, 1, TSL__MOVE_START, 0, 1);
  expect(decider, 99.8, 1, TSL__MOVE_NONE, 0, 0);
  tsl__decider_free(decider);
}

static void test_decide__a_forced_width_never_changes(void **state) {
  (void)state;
  const struct tsl_task tasks[] = {{0, 100, 8, false}, {1, 90, 8, false}};
  struct tsl__decider *decider = decider_of(tasks, 2, 5, 2);
  expect(decider, 0, 5, TSL__MOVE_START, 0, 2);
  expect(decider, 0, 3, TSL__MOVE_START, 1, 2);
  expect(decider, 0, 1, TSL__MOVE_NONE, 0, 0);
  tsl__decider_end(decider, 1);
  expect(decider, 45, 3, TSL__MOVE_NONE, 0, 0);
  assert_true(isinf(tsl__decider_wake(decider, 45)));
  tsl__decider_free(decider);
}

static void test_decide__a_team_with_time_gives_to_a_late_one(void **state) {
  (void)state;
  /* Both start with 4 of 8; then the first turns out to be three times as long, and could
   * still end at 68 with all ranks after the second, which has time. */
  const struct tsl_task tasks[] = {{0, 100, 8, false}, {1, 100, 8, false}};
  struct tsl__decider *decider = decider_of(tasks, 2, 8, 0);
  expect(decider, 0, 8, TSL__MOVE_START, 0, 4);
  expect(decider, 0, 4, TSL__MOVE_START, 1, 4);
  tsl__decider_correct(decider, 1, 0, 400);
  tsl__decider_correct(decider, 1, 1, 50);
  tsl__decider_review(decider, 1, 1);
  expect(decider, 1, 0, TSL__MOVE_NONE, 0, 0); /* 2 more ranks do not double it */
  tsl__decider_end(decider, 1);
  expect(decider, 13, 4, TSL__MOVE_WIDEN, 0, 8);
  tsl__decider_free(decider);

  const struct tsl_task three[] = {
      {0, 100, 8, false}, {1, 100, 8, false}, {2, 100, 8, false}, {3, 100, 8, false}};
  decider = decider_of(three, 4, 8, 0);
  for (int i = 0; i < 4; i++)
    expect(decider, 0, 8 - 2 * i, TSL__MOVE_START, i, 2);
  tsl__decider_correct(decider, 1, 0, 400);
  for (int i = 1; i < 4; i++)
    tsl__decider_correct(decider, 1, i, 40);
  tsl__decider_review(decider, 1, 1);
  expect(decider, 1, 0, TSL__MOVE_NARROW, 1, 1);
  /* The rank that is coming is kept for the late one until there are enough. */
  expect(decider, 1, 0, TSL__MOVE_NARROW, 2, 1);
  expect(decider, 1, 0, TSL__MOVE_NONE, 0, 0);
  tsl__decider_settle(decider, 2, 1, 1, false);
  tsl__decider_settle(decider, 2, 2, 1, false);
  expect(decider, 2, 2, TSL__MOVE_WIDEN, 0, 4);
  tsl__decider_free(decider);
}

static void test_decide__a_head_comes_before_the_longest(void **state) {
  (void)state;
  const struct tsl_task tasks[] = {
      {0, 100, 4, false}, {1, 8, 4, false}, {2, 5, 4, false}, {3, 4, 4, true}};
  struct tsl__decider *decider = NULL;
  assert_int_equal(tsl__decider_create(tasks, 4, 8, 0, 2, 0, &decider, NULL), TSL_OK);
  expect(decider, 0, 8, TSL__MOVE_START, 1, 4);
  expect(decider, 0, 4, TSL__MOVE_START, 2, 4);
  /* The one that is late gets none of theirs. */
  expect(decider, 0, 0, TSL__MOVE_NONE, 0, 0);
  tsl__decider_end(decider, 2);
  expect(decider, 1.25, 4, TSL__MOVE_START, 0, 4);
  tsl__decider_free(decider);

  /* Without room for the next of them the rule goes on with the longest. */
  assert_int_equal(tsl__decider_create(tasks, 4, 6, 0, 2, 0, &decider, NULL), TSL_OK);
  expect(decider, 0, 6, TSL__MOVE_START, 1, 4);
  expect(decider, 0, 2, TSL__MOVE_START, 0, 2);
  tsl__decider_end(decider, 1);
  expect(decider, 2, 4, TSL__MOVE_WIDEN, 0, 4);
  tsl__decider_free(decider);
}

static void test_decide__measured_costs_count(void **state) {
  (void)state;
  const struct tsl_task tasks[] = {
      {0, 100, 1, false}, {1, 100, 1, false}, {2, 60, 1, false}, {3, 60, 1, false}};
  struct tsl__decider *decider = decider_of(tasks, 4, 2, 0);
  expect(decider, 0, 2, TSL__MOVE_START, 0, 1);
  expect(decider, 0, 1, TSL__MOVE_START, 1, 1);
  double end = 0;
  tsl__decider_correct(decider, 10, 0, 190);
  tsl__decider_correct(decider, 10, 1, 195);
  tsl__decider_review(decider, 10, 2);
  assert_int_equal(tsl__decider_first_end(decider, &end), 0);
  assert_true(end == 200);
  tsl__decider_end(decider, 0);
  expect(decider, 200, 1, TSL__MOVE_START, 2, 1);
  tsl__decider_end(decider, 1);
  expect(decider, 205, 1, TSL__MOVE_START, 3, 1);
  assert_int_equal(tsl__decider_first_end(decider, &end), 2);
  assert_true(end == 320); /* 60 s, predicted for a machine of twice the speed */
  tsl__decider_free(decider);
}

static void test_decide__a_task_that_was_given_back_waits_again(void **state) {
  (void)state;
  const struct tsl_task tasks[] = {{0, 100, 8, false}, {1, 90, 8, false}};
  struct tsl__decider *decider = decider_of(tasks, 2, 2, 0);
  expect(decider, 0, 2, TSL__MOVE_START, 0, 1);
  expect(decider, 0, 1, TSL__MOVE_START, 1, 1);
  assert_int_equal(tsl__decider_waiting(decider), 0);
  assert_int_equal(tsl__decider_again(decider, 0), 1);
  assert_int_equal(tsl__decider_waiting(decider), 1);
  tsl__decider_set_ranks(decider, 1); /* its rank was lost */
  expect(decider, 10, 0, TSL__MOVE_NONE, 0, 0);
  tsl__decider_end(decider, 1);
  expect(decider, 90, 1, TSL__MOVE_START, 0, 1);
  tsl__decider_end(decider, 0);
  expect(decider, 190, 1, TSL__MOVE_NONE, 0, 0);
  tsl__decider_free(decider);
}

static void test_heap__gives_the_least_whatever_changes(void **state) {
  (void)state;
  enum { COUNT = 64 };
  struct tsl__heap heap;
  double keys[COUNT];
  assert_int_equal(tsl__heap_init(&heap, COUNT, NULL), TSL_OK);
  assert_null(tsl__heap_first(&heap));
  uint64_t draw = 1;
  for (int i = 0; i < COUNT; i++)
    tsl__heap_put(&heap, i, keys[i] = (i * 37) % 17);
  for (int round = 0; round < 1000; round++) {
    draw = draw * 48271 % 2147483647;
    int64_t item = (int64_t)(draw % COUNT);
    if (draw % 5 == 0 && tsl__heap_has(&heap, item))
      tsl__heap_remove(&heap, item);
    else
      tsl__heap_put(&heap, item, keys[item] = (double)(draw % 23));
    int64_t least = -1;
    for (int64_t i = 0; i < COUNT; i++) {
      if (tsl__heap_has(&heap, i) && (least < 0 || keys[i] < keys[least]))
        least = i;
    }
    assert_int_equal(tsl__heap_first(&heap)->item, least);
    assert_true(tsl__heap_first(&heap)->key == keys[least]);
  }
  tsl__heap_release(&heap);
}

static void test_rank_set__finds_the_next_rank(void **state) {
  (void)state;
  const int sizes[] = {1, 63, 64, 65, 4096, 4097, 300000};
  for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
    struct tsl__rank_set set;
    int size = sizes[k];
    assert_int_equal(tsl__rank_set_init(&set, size, NULL), TSL_OK);
    assert_int_equal(tsl__rank_set_next(&set, 0), -1);
    tsl__rank_set_add(&set, size - 1);
    tsl__rank_set_add(&set, size / 2);
    tsl__rank_set_add(&set, size / 2);
    assert_int_equal(set.count, size / 2 == size - 1 ? 1 : 2);
    assert_int_equal(tsl__rank_set_next(&set, 0), size / 2);
    assert_int_equal(tsl__rank_set_next(&set, size / 2), size / 2);
    assert_int_equal(tsl__rank_set_next(&set, size / 2 + 1),
                     size / 2 == size - 1 ? -1 : size - 1);
    assert_int_equal(tsl__rank_set_next(&set, size), -1);
    tsl__rank_set_remove(&set, size / 2);
    assert_false(tsl__rank_set_has(&set, size / 2));
    assert_int_equal(tsl__rank_set_next(&set, 0), size / 2 == size - 1 ? -1 : size - 1);
    tsl__rank_set_release(&set);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_decide__idle_ranks_join_the_straggler),
      cmocka_unit_test(test_decide__a_team_that_changes_is_left_alone),
      cmocka_unit_test(test_decide__a_moment_before_the_end_nobody_joins),
      cmocka_unit_test(test_decide__a_forced_width_never_changes),
      cmocka_unit_test(test_decide__a_team_with_time_gives_to_a_late_one),
      cmocka_unit_test(test_decide__a_head_comes_before_the_longest),
      cmocka_unit_test(test_decide__measured_costs_count),
      cmocka_unit_test(test_decide__a_task_that_was_given_back_waits_again),
      cmocka_unit_test(test_rank_set__finds_the_next_rank),
      cmocka_unit_test(test_heap__gives_the_least_whatever_changes),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
