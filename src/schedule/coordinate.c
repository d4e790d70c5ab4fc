/* coordinate: rank 0 hands out the tasks, and works on some itself; while it does, this
 * runs between its steps. */
#include "schedule/protocol.h"
#include "schedule/queue.h"

#include "teasel/arena.h"
#include "teasel/log.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum state { AWAY, IDLE, BUSY, LOST };

struct seat {
  enum state state;
  double heard;  /* when the rank was heard last */
  uint32_t team; /* BUSY: epoch of its task */
};

/* A task that is being worked on. */
struct party {
  struct party *next;
  int64_t task; /* index */
  uint32_t epoch;
  int width, left; /* members; members that have not reported */
  enum tsl_status status;
  struct tsl_error error;
  int ranks[]; /* (width) */
};

struct coordinator {
  struct tsl_world *world;
  const struct tsl_task *tasks;
  const struct tsl_worker *worker;
  struct tsl__queue queue;
  struct seat *seats; /* (size) */
  int size;
  struct party *parties;
  struct party *own; /* the one that rank 0 belongs to */
  bool stopping, told;
  int64_t failures;
  enum tsl_status status; /* first failure, or the coordinator's own */
  struct tsl_error error;
  double taken;  /* when a message was taken last */
  double looked; /* when silence was looked for last */
  double ticked; /* when the worker was told the time last */
  double recall; /* when tasks that other processes work on are asked for again */
  struct tsl_message message;
};

static int idle_count(const struct coordinator *coordinator) {
  int idle = 0;
  for (int rank = 0; rank < coordinator->size; rank++) {
    /* Before all have come nobody can tell how wide teams should be. */
    if (coordinator->seats[rank].state == AWAY)
      return 0;
    idle += coordinator->seats[rank].state == IDLE;
  }
  return idle;
}

static void changed(const struct coordinator *coordinator, const struct party *party,
                    enum tsl_task_change change) {
  const struct tsl_worker *worker = coordinator->worker;
  if (worker->changed != NULL)
    worker->changed(worker->context, coordinator->tasks[party->task].id, change,
                    party->ranks, party->width);
}

static enum tsl_status send_assignment(struct coordinator *coordinator,
                                       const struct party *party, struct tsl_error *err) {
  struct tsl__assignment assignment;
  memset(&assignment, 0, sizeof assignment);
  assignment.id = coordinator->tasks[party->task].id;
  assignment.epoch = party->epoch;
  assignment.width = party->width;
  for (int i = 0; i < party->width; i++)
    assignment.ranks[i] = party->ranks[i];
  size_t count = offsetof(struct tsl__assignment, ranks) +
                 (size_t)party->width * sizeof *assignment.ranks;
  for (int i = 0; i < party->width; i++) {
    if (party->ranks[i] != 0)
      TSL_TRY(tsl_world_send(coordinator->world, party->ranks[i], TSL__ASSIGNMENT,
                             &assignment, count, err));
  }
  return TSL_OK;
}

static enum tsl_status start(struct coordinator *coordinator, int64_t task, int width,
                             struct tsl_error *err) {
  struct party *party = malloc(sizeof *party + (size_t)width * sizeof *party->ranks);
  if (party == NULL)
    return tsl_error_set(err, TSL_MEMORY, "", "out of memory");
  memset(party, 0, sizeof *party);
  party->task = task;
  party->epoch = tsl_world_next_epoch(coordinator->world);
  for (int rank = 0; rank < coordinator->size && party->width < width; rank++) {
    struct seat *seat = &coordinator->seats[rank];
    if (seat->state != IDLE)
      continue;
    seat->state = BUSY;
    seat->heard = tsl_clock_seconds();
    seat->team = party->epoch;
    party->ranks[party->width++] = rank;
    if (rank == 0)
      coordinator->own = party;
  }
  party->left = party->width;
  party->next = coordinator->parties;
  coordinator->parties = party;
  changed(coordinator, party, TSL_TASK_STARTED);
  return send_assignment(coordinator, party, err);
}

static void note_failure(struct coordinator *coordinator, enum tsl_status status,
                         const struct tsl_error *error) {
  if (coordinator->failures++ == 0) {
    coordinator->status = status;
    coordinator->error = *error;
  }
}

/* Whether the task, which was taken from the queue, is to be started here and now. */
static bool ask(struct coordinator *coordinator, int64_t task) {
  const struct tsl_worker *worker = coordinator->worker;
  const struct party nobody = {.task = task};
  enum tsl_task_answer answer = TSL_TASK_MINE;
  struct tsl_error error = {.rank = -1};
  if (worker->ask == NULL)
    return true;
  enum tsl_status status =
      worker->ask(worker->context, coordinator->tasks[task].id, &answer, &error);
  if (status != TSL_OK) {
    note_failure(coordinator, status, &error);
    changed(coordinator, &nobody, TSL_TASK_FAILED);
  } else if (answer == TSL_TASK_DONE) {
    changed(coordinator, &nobody, TSL_TASK_FOUND);
  } else if (answer == TSL_TASK_HELD) {
    tsl__queue_put_aside(&coordinator->queue, task);
  }
  return status == TSL_OK && answer == TSL_TASK_MINE;
}

/* Tasks of other processes are asked for again when there is nothing else to do. */
static bool recall(struct coordinator *coordinator, double now) {
  struct tsl__queue *queue = &coordinator->queue;
  if (queue->aside_count == 0 || tsl__queue_waiting(queue) > 0 ||
      now < coordinator->recall || idle_count(coordinator) == 0)
    return false;
  tsl__queue_recall(queue);
  return true;
}

static enum tsl_status hand_out(struct coordinator *coordinator, struct tsl_error *err) {
  /* Seconds, and the part of the time that asking again may cost on a file system that is
   * slow or holds many tasks of others. */
  const double pause = 1, share = 0.02;
  double begun = tsl_clock_seconds();
  bool again = recall(coordinator, begun);
  while (!coordinator->stopping) {
    int width = 0;
    int64_t task = tsl__queue_take(&coordinator->queue, idle_count(coordinator), &width);
    if (task < 0)
      break;
    if (ask(coordinator, task))
      TSL_TRY(start(coordinator, task, width, err));
  }
  double now = tsl_clock_seconds();
  if (again)
    coordinator->recall = now + fmax(pause, (now - begun) / share);
  return TSL_OK;
}

static void end(struct coordinator *coordinator, struct party *party) {
  struct party **link = &coordinator->parties;
  while (*link != party)
    link = &(*link)->next;
  *link = party->next;
  if (party->status == TSL_OK) {
    changed(coordinator, party, TSL_TASK_ENDED);
  } else if (party->status == TSL_TAKEN) {
    changed(coordinator, party, TSL_TASK_LEFT);
    tsl__queue_put_aside(&coordinator->queue, party->task);
  } else if (party->status == TSL_INTERRUPTED) {
    coordinator->stopping = true;
    changed(coordinator, party, TSL_TASK_LEFT);
  } else {
    changed(coordinator, party, TSL_TASK_FAILED);
    note_failure(coordinator, party->status, &party->error);
  }
  free(party);
}

/* A member is through with its task, or lost. The first failure that is told counts. */
static void report(struct coordinator *coordinator, int rank, uint32_t epoch,
                   enum tsl_status status, const struct tsl_error *error) {
  struct party *party = coordinator->parties;
  while (party != NULL && party->epoch != epoch)
    party = party->next;
  if (party == NULL || coordinator->seats[rank].team != epoch)
    return;
  coordinator->seats[rank].team = 0;
  if (party->status == TSL_OK && status != TSL_OK) {
    party->status = status;
    party->error = *error;
  }
  if (--party->left == 0)
    end(coordinator, party);
}

static enum tsl_status take_message(struct coordinator *coordinator,
                                    struct tsl_error *err) {
  const struct tsl_message *message = &coordinator->message;
  struct seat *seat = &coordinator->seats[message->from];
  seat->heard = coordinator->taken = tsl_clock_seconds();
  if (message->kind >= TSL_MESSAGE_WORKER) {
    if (coordinator->worker->message != NULL)
      coordinator->worker->message(coordinator->worker->context, message);
    return TSL_OK;
  }
  switch ((enum tsl__kind)message->kind) {
  case TSL__READY:
    seat->state = IDLE;
    break;
  case TSL__REPORT: {
    struct tsl_error error = {.rank = -1};
    uint32_t epoch = 0;
    enum tsl_status status = tsl__report_open(message, &epoch, &error);
    report(coordinator, message->from, epoch, status, &error);
    seat->state = IDLE;
    break;
  }
  case TSL__ALIVE:
    if (seat->state == IDLE)
      return tsl_world_send(coordinator->world, message->from, TSL__ANSWER, NULL, 0, err);
    break;
  case TSL__STOP:
    coordinator->stopping = true;
    break;
  default:
    break;
  }
  return TSL_OK;
}

static void look_for_silence(struct coordinator *coordinator, double now) {
  double patience = tsl__silence * tsl_world_peer_seconds(coordinator->world);
  for (int rank = 1; rank < coordinator->size; rank++) {
    struct seat *seat = &coordinator->seats[rank];
    if (seat->state == LOST || now - seat->heard <= patience)
      continue;
    struct tsl_error error = {.rank = -1};
    tsl_error_set(&error, TSL_PEER_LOST, "",
                  "rank %d has not answered for %g s; finished runs are kept: start the "
                  "same command again",
                  rank, patience);
    error.rank = rank;
    tsl_log(TSL_LOG_NORMAL, "rank %d has not answered for %g s and gets no more work",
            rank, patience);
    if (coordinator->failures == 0 && coordinator->status == TSL_OK) {
      coordinator->status = TSL_PEER_LOST;
      coordinator->error = error;
    }
    if (seat->state == BUSY)
      report(coordinator, rank, seat->team, TSL_PEER_LOST, &error);
    seat->state = LOST;
    tsl_world_give_up(coordinator->world, rank);
  }
}

/* Tells the busy ranks, once, to leave their tasks. */
static enum tsl_status call_back(struct coordinator *coordinator, struct tsl_error *err) {
  if (!coordinator->stopping || coordinator->told)
    return TSL_OK;
  coordinator->told = true;
  for (int rank = 1; rank < coordinator->size; rank++) {
    const struct seat *seat = &coordinator->seats[rank];
    if (seat->state == BUSY)
      TSL_TRY(tsl_world_send(coordinator->world, rank, TSL__LEAVE, &seat->team,
                             sizeof seat->team, err));
  }
  return TSL_OK;
}

/* Everything that can be done at once; never waits. */
static enum tsl_status serve(struct coordinator *coordinator, struct tsl_error *err) {
  const double second = 1;
  const struct tsl_worker *worker = coordinator->worker;
  for (bool found = true; found;) {
    TSL_TRY(tsl_world_poll(coordinator->world, &coordinator->message, &found, err));
    if (found)
      TSL_TRY(take_message(coordinator, err));
  }
  double now = tsl_clock_seconds();
  if (now - coordinator->looked >= tsl__alive_seconds(coordinator->world)) {
    coordinator->looked = now;
    look_for_silence(coordinator, now);
  }
  if (now - coordinator->ticked >= second && worker->tick != NULL) {
    coordinator->ticked = now;
    worker->tick(worker->context);
  }
  if (worker->stop != NULL && worker->stop(worker->context))
    coordinator->stopping = true;
  TSL_TRY(hand_out(coordinator, err));
  return call_back(coordinator, err);
}

static enum tsl_status poll_between_steps(void *context) {
  struct coordinator *coordinator = context;
  TSL_TRY(serve(coordinator, NULL));
  return coordinator->stopping ? TSL_INTERRUPTED : TSL_OK;
}

static void work(struct coordinator *coordinator) {
  const struct party *party = coordinator->own;
  const struct tsl_worker *worker = coordinator->worker;
  uint32_t epoch = party->epoch;
  struct tsl_error failure = {.rank = -1};
  struct tsl_team *team = NULL;
  enum tsl_status status = tsl_team_create(coordinator->world, party->ranks, party->width,
                                           epoch, &team, &failure);
  if (status == TSL_OK)
    status = worker->work(worker->context, coordinator->tasks[party->task].id, team,
                          poll_between_steps, coordinator, &failure);
  tsl_team_free(team);
  coordinator->own = NULL;
  report(coordinator, 0, epoch, status, &failure);
  coordinator->seats[0].state = IDLE;
}

/* Nothing runs, and nothing more will. */
static bool over(const struct coordinator *coordinator) {
  if (coordinator->parties != NULL ||
      (coordinator->queue.aside_count > 0 && !coordinator->stopping))
    return false;
  for (int rank = 0; rank < coordinator->size; rank++) {
    if (coordinator->seats[rank].state == AWAY)
      return false;
  }
  /* With waiting tasks and nobody at work: too few ranks are left for one team. */
  return true;
}

static void conclude(struct coordinator *coordinator) {
  if (coordinator->stopping) {
    coordinator->status =
        tsl_error_set(&coordinator->error, TSL_INTERRUPTED, "",
                      "interrupted; finished runs are kept: run the same command again");
  } else if (coordinator->failures > 1) {
    tsl_error_add(&coordinator->error, coordinator->status, "",
                  "%lld more runs failed after this one",
                  (long long)coordinator->failures - 1);
  }
}

static enum tsl_status run(struct coordinator *coordinator, struct tsl_error *err) {
  double begun = tsl_clock_seconds();
  for (;;) {
    TSL_TRY(serve(coordinator, err));
    if (coordinator->own != NULL) {
      work(coordinator);
      begun = tsl_clock_seconds();
    } else if (over(coordinator)) {
      return TSL_OK;
    } else {
      double since = begun > coordinator->taken ? begun : coordinator->taken;
      tsl_world_relax(coordinator->world, tsl_clock_seconds() - since);
    }
  }
}

enum tsl_status tsl__coordinate(struct tsl_world *world, const struct tsl_task *tasks,
                                int64_t task_count, int width,
                                const struct tsl_worker *worker, struct tsl_error *err) {
  struct coordinator *coordinator = NULL;
  void *seats = NULL;
  enum tsl_status status =
      tsl_allocate((void **)&coordinator, 1, sizeof *coordinator, err);
  if (status != TSL_OK)
    goto done;
  coordinator->world = world;
  coordinator->tasks = tasks;
  coordinator->worker = worker;
  coordinator->size = tsl_world_size(world);
  status = tsl_allocate(&seats, (size_t)coordinator->size, sizeof(struct seat), err);
  if (status == TSL_OK)
    status = tsl__queue_init(&coordinator->queue, tasks, task_count, width, err);
  if (status != TSL_OK)
    goto done;
  coordinator->seats = seats;
  for (int rank = 0; rank < coordinator->size; rank++)
    coordinator->seats[rank] =
        (struct seat){rank == 0 ? IDLE : AWAY, tsl_clock_seconds(), 0};
  status = run(coordinator, &coordinator->error);
  if (status != TSL_OK)
    coordinator->status = status;
  else
    conclude(coordinator);
  status = coordinator->status;
  for (int rank = 1; rank < coordinator->size; rank++) {
    /* One that cannot be told will notice the silence. */
    (void)tsl__report_send(world, rank, TSL__END, 0, status, &coordinator->error, NULL);
  }
  if (status != TSL_OK && err != NULL)
    *err = coordinator->error;
done:
  while (coordinator != NULL && coordinator->parties != NULL) {
    struct party *next = coordinator->parties->next;
    free(coordinator->parties);
    coordinator->parties = next;
  }
  if (coordinator != NULL)
    tsl__queue_release(&coordinator->queue);
  free(seats);
  free(coordinator);
  return status;
}
