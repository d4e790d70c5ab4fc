/* follow: every rank but 0. */
#include "schedule/protocol.h"

#include "teasel/log.h"

#include <string.h>

struct follower {
  struct tsl_world *world;
  const struct tsl_worker *worker;
  struct tsl_message message;
  struct tsl__assignment assignment;
  bool assigned, leaving, ended, told_to_stop;
  double heard, spoken; /* when rank 0 was heard and told something last */
  enum tsl_status result;
  struct tsl_error result_error;
};

static enum tsl_status take_messages(struct follower *follower, struct tsl_error *err) {
  for (;;) {
    bool found = false;
    const struct tsl_message *message = &follower->message;
    TSL_TRY(tsl_world_poll(follower->world, &follower->message, &found, err));
    if (!found)
      return TSL_OK;
    follower->heard = tsl_clock_seconds();
    if (message->kind == TSL__ASSIGNMENT) {
      memcpy(&follower->assignment, message->bytes, message->count);
      follower->assigned = true;
    } else if (message->kind == TSL__LEAVE) {
      uint32_t epoch = 0;
      memcpy(&epoch, message->bytes, sizeof epoch);
      follower->leaving = follower->assigned && epoch == follower->assignment.epoch;
    } else if (message->kind == TSL__END) {
      follower->result = tsl__report_open(message, NULL, &follower->result_error);
      follower->ended = true;
    }
  }
}

static bool asked_to_stop(const struct follower *follower) {
  return follower->worker->stop != NULL &&
         follower->worker->stop(follower->worker->context);
}

static enum tsl_status tell(struct follower *follower, enum tsl__kind kind,
                            struct tsl_error *err) {
  follower->spoken = tsl_clock_seconds();
  return tsl_world_send(follower->world, 0, (int)kind, NULL, 0, err);
}

static enum tsl_status show_life(struct follower *follower, struct tsl_error *err) {
  if (tsl_clock_seconds() - follower->spoken < tsl__alive_seconds(follower->world))
    return TSL_OK;
  return tell(follower, TSL__ALIVE, err);
}

/* Between the steps of a task. */
static enum tsl_status poll_between_steps(void *context) {
  struct follower *follower = context;
  enum tsl_status status = take_messages(follower, NULL);
  if (status == TSL_OK)
    status = show_life(follower, NULL);
  if (status != TSL_OK)
    return status;
  return follower->leaving || follower->ended || asked_to_stop(follower) ? TSL_INTERRUPTED
                                                                         : TSL_OK;
}

static enum tsl_status work(struct follower *follower, struct tsl_error *err) {
  const struct tsl__assignment *assignment = &follower->assignment;
  struct tsl_error failure = {.rank = -1};
  struct tsl_team *team = NULL;
  enum tsl_status status =
      tsl_team_create(follower->world, assignment->ranks, assignment->width,
                      assignment->epoch, &team, &failure);
  if (status == TSL_OK)
    status = follower->worker->work(follower->worker->context, assignment->id, team,
                                    poll_between_steps, follower, &failure);
  tsl_team_free(team);
  follower->assigned = false;
  follower->leaving = false;
  follower->spoken = follower->heard = tsl_clock_seconds();
  return tsl__report_send(follower->world, 0, TSL__REPORT, assignment->epoch, status,
                          &failure, err);
}

static enum tsl_status wait_for_work(struct follower *follower, struct tsl_error *err) {
  double begun = tsl_clock_seconds();
  while (!follower->assigned && !follower->ended) {
    double now = tsl_clock_seconds();
    double patience = tsl__silence * tsl_world_peer_seconds(follower->world);
    if (now - follower->heard > patience) {
      enum tsl_status status = tsl_error_set(err, TSL_PEER_LOST, "",
                                             "rank 0, which hands out the runs, has not "
                                             "answered for %g s; finished runs are "
                                             "kept: start the same command again",
                                             patience);
      if (err != NULL)
        err->rank = 0;
      tsl_world_give_up(follower->world, 0);
      return status;
    }
    if (!follower->told_to_stop && asked_to_stop(follower)) {
      follower->told_to_stop = true;
      TSL_TRY(tell(follower, TSL__STOP, err));
    }
    TSL_TRY(show_life(follower, err));
    TSL_TRY(take_messages(follower, err));
    if (!follower->assigned && !follower->ended)
      tsl_world_relax(follower->world, now - begun);
  }
  return TSL_OK;
}

enum tsl_status tsl__follow(struct tsl_world *world, const struct tsl_worker *worker,
                            struct tsl_error *err) {
  struct follower follower = {
      .world = world, .worker = worker, .heard = tsl_clock_seconds()};
  TSL_TRY(tell(&follower, TSL__READY, err));
  for (;;) {
    TSL_TRY(wait_for_work(&follower, err));
    if (follower.ended)
      break;
    TSL_TRY(work(&follower, err));
  }
  if (follower.result == TSL_PEER_LOST)
    tsl_world_give_up(world, follower.result_error.rank);
  if (follower.result != TSL_OK && err != NULL)
    *err = follower.result_error;
  return follower.result;
}
