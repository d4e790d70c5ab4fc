/* coordinate: rank 0 hands out the tasks, and works on some itself; while it does, this
 * runs between its steps. */
#include "schedule/coordinator.h"

#include "teasel/arena.h"
#include "teasel/log.h"

#include <math.h>
#include <stdlib.h>

/* ---- ranks ---- */

void tsl__seat_set(struct tsl__coordinator *coordinator, int rank,
                   enum tsl__seat_state state) {
  struct tsl__seat *seat = &coordinator->seats[rank];
  coordinator->away += (state == TSL__AWAY) - (seat->state == TSL__AWAY);
  seat->state = state;
  if (state == TSL__IDLE)
    tsl__rank_set_add(&coordinator->idle, rank);
  else
    tsl__rank_set_remove(&coordinator->idle, rank);
}

int tsl__seat_near(const struct tsl__coordinator *coordinator, int rank) {
  int found = tsl__rank_set_next(&coordinator->idle, rank);
  return found >= 0 ? found : tsl__rank_set_next(&coordinator->idle, 0);
}

/* ---- what is handed out ---- */

/* Whether the task, which the decider has just started, is to be started here and now. */
static bool ask(struct tsl__coordinator *coordinator, int64_t task) {
  const struct tsl_worker *worker = coordinator->worker;
  const struct tsl__party nobody = {.task = task};
  enum tsl_task_answer answer = TSL_TASK_MINE;
  struct tsl_error error = {.rank = -1};
  if (worker->ask == NULL)
    return true;
  enum tsl_status status =
      worker->ask(worker->context, coordinator->tasks[task].id, &answer, &error);
  if (status == TSL_OK && answer == TSL_TASK_MINE)
    return true;
  tsl__decider_end(coordinator->decider, task);
  if (status == TSL_GONE) {
    tsl__gone_note(coordinator, &error);
  } else if (status != TSL_OK) {
    tsl__failure_note(coordinator, status, &error);
    tsl__party_changed(coordinator, &nobody, TSL_TASK_FAILED);
  } else if (answer == TSL_TASK_DONE) {
    tsl__party_changed(coordinator, &nobody, TSL_TASK_FOUND);
  } else {
    coordinator->aside[coordinator->aside_count++] = task;
  }
  return false;
}

/* Tasks of other processes are asked for again when there is nothing else to do. */
static bool recall(struct tsl__coordinator *coordinator, double now) {
  if (coordinator->aside_count == 0 || tsl__decider_waiting(coordinator->decider) > 0 ||
      now < coordinator->recall || coordinator->idle.count == 0)
    return false;
  while (coordinator->aside_count > 0)
    tsl__decider_again(coordinator->decider,
                       coordinator->aside[--coordinator->aside_count]);
  return true;
}

/* Before all have come nobody can tell how wide teams should be. */
static enum tsl_status hand_out(struct tsl__coordinator *coordinator,
                                struct tsl_error *err) {
  /* Seconds, and the part of the time that asking again may cost on a file system that is
   * slow or holds many tasks of others. */
  const double pause = 1, share = 0.02;
  double begun = tsl_clock_seconds();
  if (coordinator->away > 0)
    return TSL_OK;
  bool again = recall(coordinator, begun);
  while (!coordinator->stopping) {
    struct tsl__move move =
        tsl__decider_next(coordinator->decider, begun, coordinator->idle.count);
    if (move.kind == TSL__MOVE_NONE)
      break;
    if (move.kind != TSL__MOVE_START)
      TSL_TRY(tsl__change_begin(coordinator, &move, err));
    else if (ask(coordinator, move.task))
      TSL_TRY(tsl__party_start(coordinator, move.task, move.width, err));
  }
  double now = tsl_clock_seconds();
  if (again)
    coordinator->recall = now + fmax(pause, (now - begun) / share);
  return TSL_OK;
}

/* Measured steps correct the costs. */
static void review(struct tsl__coordinator *coordinator, double now) {
  const double pause = 1, share = 0.02; /* seconds; of the time */
  const struct tsl_worker *worker = coordinator->worker;
  double pace = worker->pace != NULL ? worker->pace(worker->context) : 0;
  if (pace > 0) {
    for (const struct tsl__party *party = coordinator->parties; party != NULL;
         party = party->next) {
      double left =
          party->over
              ? 0
              : worker->seconds_left(worker->context, coordinator->tasks[party->task].id);
      if (left > 0)
        tsl__decider_correct(coordinator->decider, now, party->task, left);
    }
    tsl__decider_review(coordinator->decider, now, pace);
  }
  double spent = tsl_clock_seconds() - now;
  coordinator->reviewed = now + fmax(pause, spent / share);
}

/* ---- messages ---- */

enum tsl_status tsl__coordinator_send(struct tsl__coordinator *coordinator, int rank,
                                      enum tsl__kind kind, const void *bytes,
                                      size_t count, struct tsl_error *err) {
  if (rank != 0)
    return tsl_world_send(coordinator->world, rank, (int)kind, bytes, count, err);
  if (kind == TSL__ASSIGNMENT) {
    tsl__turn_assign(&coordinator->turn, bytes, count);
    coordinator->assigned = true;
  } else {
    tsl__turn_take(&coordinator->turn, kind, bytes, count);
  }
  return TSL_OK;
}

/* Tells the busy ranks, once, to leave their tasks. */
static enum tsl_status call_back(struct tsl__coordinator *coordinator,
                                 struct tsl_error *err) {
  if (!coordinator->stopping || coordinator->told)
    return TSL_OK;
  coordinator->told = true;
  for (int rank = 1; rank < coordinator->size; rank++) {
    if (coordinator->seats[rank].state == TSL__BUSY)
      TSL_TRY(tsl_world_send(coordinator->world, rank, TSL__LEAVE, NULL, 0, err));
  }
  return TSL_OK;
}

/* Everything that can be done at once; never waits. */
static enum tsl_status serve(struct tsl__coordinator *coordinator,
                             struct tsl_error *err) {
  const double second = 1;
  const struct tsl_worker *worker = coordinator->worker;
  for (bool found = true; found;) {
    TSL_TRY(tsl_world_poll(coordinator->world, &coordinator->message, &found, err));
    if (found)
      TSL_TRY(tsl__listen_message(coordinator, err));
  }
  double now = tsl_clock_seconds();
  if (now - coordinator->looked >= fmin(1, tsl__alive_seconds(coordinator->world))) {
    coordinator->looked = now;
    TSL_TRY(tsl__listen_silence(coordinator, err));
  }
  if (now >= coordinator->reviewed)
    review(coordinator, now);
  if (now - coordinator->ticked >= second && worker->tick != NULL) {
    coordinator->ticked = now;
    worker->tick(worker->context);
  }
  if (worker->stop != NULL && worker->stop(worker->context))
    coordinator->stopping = true;
  TSL_TRY(hand_out(coordinator, err));
  return call_back(coordinator, err);
}

/* ---- rank 0's own tasks ---- */

static enum tsl_status poll_between_steps(void *context) {
  struct tsl__coordinator *coordinator = context;
  TSL_TRY(serve(coordinator, NULL));
  return coordinator->stopping ? TSL_INTERRUPTED : TSL_OK;
}

static enum tsl_status listen(void *owner, struct tsl_error *err) {
  return serve(owner, err);
}

static enum tsl_status tell(void *owner, enum tsl__kind kind, const void *bytes,
                            size_t count, struct tsl_error *err) {
  (void)count;
  return tsl__listen_word(owner, 0, kind, bytes, err);
}

static enum tsl_status work(struct tsl__coordinator *coordinator, struct tsl_error *err) {
  struct tsl_error failure = {.rank = -1};
  coordinator->assigned = false;
  enum tsl_status status = tsl__turn_work(&coordinator->turn, coordinator->worker,
                                          poll_between_steps, coordinator, &failure);
  tsl__seat_set(coordinator, 0, TSL__IDLE);
  return tsl__party_report(coordinator, 0, coordinator->turn.assignment.epoch, status,
                           &failure, err);
}

/* ---- from beginning to end ---- */

/* Nothing runs, and nothing more will. */
static bool over(const struct tsl__coordinator *coordinator) {
  /* With waiting tasks and nobody at work: too few ranks are left for one team. */
  return coordinator->parties == NULL && coordinator->away == 0 &&
         (coordinator->aside_count == 0 || coordinator->stopping);
}

static void conclude(struct tsl__coordinator *coordinator) {
  if (coordinator->status == TSL_GONE)
    return;
  if (coordinator->stopping) {
    coordinator->status =
        tsl_error_set(&coordinator->error, TSL_INTERRUPTED, "",
                      "interrupted, with everything kept: run the same command again");
  } else if (coordinator->failures > 1) {
    tsl_error_add(&coordinator->error, coordinator->status, "",
                  "%lld more runs failed after this one",
                  (long long)coordinator->failures - 1);
  }
}

/* Whether ranks were lost and all tasks are done nevertheless. */
static bool is_done_without(const struct tsl__coordinator *coordinator) {
  return coordinator->lost > 0 && coordinator->failures == 0 && !coordinator->stopping &&
         tsl__decider_waiting(coordinator->decider) == 0;
}

static enum tsl_status run(struct tsl__coordinator *coordinator, struct tsl_error *err) {
  double begun = tsl_clock_seconds();
  for (;;) {
    TSL_TRY(serve(coordinator, err));
    if (coordinator->assigned) {
      TSL_TRY(work(coordinator, err));
      begun = tsl_clock_seconds();
    } else if (over(coordinator)) {
      return TSL_OK;
    } else {
      double since = fmax(begun, coordinator->taken);
      tsl_world_relax(coordinator->world, tsl_clock_seconds() - since);
    }
  }
}

static enum tsl_status allocate(struct tsl__coordinator *coordinator, int width,
                                struct tsl_error *err) {
  size_t tasks = (size_t)coordinator->task_count;
  void *seats = NULL, *party_of = NULL, *losses = NULL, *aside = NULL;
  TSL_TRY(tsl_allocate(&seats, (size_t)coordinator->size, sizeof(struct tsl__seat), err));
  coordinator->seats = seats;
  TSL_TRY(tsl_allocate(&party_of, tasks, sizeof(struct tsl__party *), err));
  coordinator->party_of = party_of;
  TSL_TRY(tsl_allocate(&losses, tasks, sizeof *coordinator->losses, err));
  coordinator->losses = losses;
  TSL_TRY(tsl_allocate(&aside, tasks, sizeof *coordinator->aside, err));
  coordinator->aside = aside;
  TSL_TRY(tsl__rank_set_init(&coordinator->idle, coordinator->size, err));
  int64_t head = tsl__plan_head(coordinator->tasks, coordinator->task_count,
                                coordinator->size, width);
  return tsl__decider_create(coordinator->tasks, coordinator->task_count,
                             coordinator->size, width, head, tsl_clock_seconds(),
                             &coordinator->decider, err);
}

static void release(struct tsl__coordinator *coordinator) {
  tsl__parties_free(coordinator);
  tsl__decider_free(coordinator->decider);
  tsl__rank_set_release(&coordinator->idle);
  free(coordinator->seats);
  free(coordinator->party_of);
  free(coordinator->losses);
  free(coordinator->aside);
  free(coordinator);
}

static enum tsl_status coordinate(struct tsl__coordinator *coordinator,
                                  struct tsl_error *err) {
  double now = tsl_world_awake_seconds(coordinator->world);
  coordinator->away = coordinator->size;
  for (int rank = 0; rank < coordinator->size; rank++)
    coordinator->seats[rank].heard = now;
  tsl__seat_set(coordinator, 0, TSL__IDLE);
  enum tsl_status status = run(coordinator, &coordinator->error);
  if (status != TSL_OK)
    coordinator->status = status;
  else
    conclude(coordinator);
  if (status == TSL_OK && is_done_without(coordinator))
    (void)tsl__regroup_call(coordinator, NULL); /* else the next start goes on */
  status = coordinator->status;
  for (int rank = 1; rank < coordinator->size; rank++) {
    /* One that cannot be told will notice the silence. */
    (void)tsl__report_send(coordinator->world, rank, TSL__END, 0, status,
                           &coordinator->error, NULL);
  }
  if (status != TSL_OK && err != NULL)
    *err = coordinator->error;
  return status;
}

enum tsl_status tsl__coordinate(struct tsl_world *world, const struct tsl_task *tasks,
                                int64_t task_count, int width,
                                const struct tsl_worker *worker, struct tsl_error *err) {
  void *memory = NULL;
  TSL_TRY(tsl_allocate(&memory, 1, sizeof(struct tsl__coordinator), err));
  struct tsl__coordinator *coordinator = memory;
  coordinator->world = world;
  coordinator->tasks = tasks;
  coordinator->task_count = task_count;
  coordinator->worker = worker;
  coordinator->size = tsl_world_size(world);
  coordinator->turn.world = world;
  coordinator->turn.tell = tell;
  coordinator->turn.listen = listen;
  coordinator->turn.owner = coordinator;
  enum tsl_status status = allocate(coordinator, width, err);
  if (status == TSL_OK)
    status = coordinate(coordinator, err);
  release(coordinator);
  return status;
}
