/* elastic_task.h - a task of steps that knows how teams change, for tests of the
 * coordinator. All members carry a number that every step changes; a joiner gets it
 * handed on, so a step that was left out, or taken twice, shows in it. */
#ifndef TEASEL_TESTS_ELASTIC_TASK_H
#define TEASEL_TESTS_ELASTIC_TASK_H

#include "unit.h"

#include "teasel/schedule.h"

struct elastic {
  struct tsl_turn *turn;
  enum tsl_status (*poll)(void *poll_context);
  void *poll_context;
  int steps;                                   /* to take */
  enum tsl_status (*build)(void *context);     /* a joiner's; NULL: nothing to do */
  enum tsl_status (*take_step)(void *context); /* each member's */
  void *context;
  struct {
    int64_t step;
    uint64_t number;
  } state;
};

static inline uint64_t elastic_number(uint64_t number, int64_t step) {
  return (number ^ (uint64_t)step) * 6364136223846793005ULL + 1442695040888963407ULL;
}

/* Collective on the old team, and then on the new one. */
static inline enum tsl_status elastic_change(struct elastic *task,
                                             struct tsl_error *err) {
  struct tsl_team *team = task->turn->team;
  int before = tsl_team_size(team);
  TSL_TRY(task->turn->change(task->turn->context, &team, err));
  if (task->turn->released)
    return TSL_OK;
  assert_ptr_equal(team, task->turn->team);
  assert_int_not_equal(tsl_team_size(team), before);
  return tsl_team_size(team) < before
             ? TSL_OK
             : tsl_team_broadcast(team, 0, &task->state, sizeof task->state, err);
}

static inline enum tsl_status elastic_join(struct elastic *task, struct tsl_error *err) {
  if (task->build != NULL) {
    enum tsl_status status = task->build(task->context);
    if (status != TSL_OK)
      return tsl_error_set(err, status, "", "a graph that cannot be made");
  }
  TSL_TRY(task->turn->built(task->turn->context, err));
  return task->turn->released ? TSL_OK
                              : tsl_team_broadcast(task->turn->team, 0, &task->state,
                                                   sizeof task->state, err);
}

/* Takes all steps; released or not says task->turn. */
static inline enum tsl_status elastic_work(struct elastic *task, struct tsl_error *err) {
  struct tsl_turn *turn = task->turn;
  if (turn->joining)
    TSL_TRY(elastic_join(task, err));
  while (!turn->released && task->state.step < task->steps) {
    bool offered = tsl_team_index(turn->team) == 0 && turn->offered(turn->context);
    TSL_TRY(tsl_team_agree(turn->team, task->take_step(task->context), err));
    task->state.number = elastic_number(task->state.number, task->state.step++);
    TSL_TRY(tsl_team_agree(turn->team, task->poll(task->poll_context), err));
    TSL_TRY(tsl_team_broadcast(turn->team, 0, &offered, sizeof offered, err));
    if (offered && task->state.step < task->steps)
      TSL_TRY(elastic_change(task, err));
  }
  uint64_t expected = 0;
  for (int64_t step = 0; step < task->steps; step++)
    expected = elastic_number(expected, step);
  if (!turn->released)
    assert_true(task->state.number == expected);
  return TSL_OK;
}

#endif
