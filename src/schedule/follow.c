/* follow: every rank but 0. */
#include "schedule/turn.h"

#include "teasel/log.h"

#include <string.h>

struct follower {
  struct tsl_world *world;
  const struct tsl_worker *worker;
  struct tsl_message message;
  struct tsl__turn turn;
  bool assigned, leaving, ended, told_to_stop;
  double heard;  /* when rank 0 was heard last, by tsl_world_awake_seconds */
  double spoken; /* when it was told something last */
  double looked; /* when it was looked whether rank 0 is dead */
  bool widowed;  /* it is */
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
    follower->heard = tsl_world_awake_seconds(follower->world);
    if (message->kind == TSL__ASSIGNMENT) {
      tsl__turn_assign(&follower->turn, message->bytes, message->count);
      follower->assigned = true;
    } else if (message->kind == TSL__OFFER || message->kind == TSL__GO ||
               message->kind == TSL__CANCEL) {
      tsl__turn_take(&follower->turn, (enum tsl__kind)message->kind, message->bytes,
                     message->count);
    } else if (message->kind == TSL__LEAVE) {
      follower->leaving = true;
    } else if (message->kind == TSL__REGROUP) {
      TSL_TRY(tsl__regroup_take(follower->world, message, err));
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

/* Whether rank 0 is dead, where that can be seen. */
static bool is_widowed(struct follower *follower) {
  const double pause = 1; /* seconds */
  double now = tsl_clock_seconds();
  if (!follower->widowed && now - follower->looked > pause) {
    follower->looked = now;
    follower->widowed = tsl_world_is_dead(follower->world, 0);
  }
  return follower->widowed;
}

/* Between the steps of a task. */
static enum tsl_status poll_between_steps(void *context) {
  struct follower *follower = context;
  enum tsl_status status = take_messages(follower, NULL);
  if (status == TSL_OK)
    status = show_life(follower, NULL);
  if (status != TSL_OK)
    return status;
  bool stop = follower->leaving || follower->ended || asked_to_stop(follower) ||
              is_widowed(follower);
  return stop ? TSL_INTERRUPTED : TSL_OK;
}

/* Rank 0 has not been heard for too long. */
static enum tsl_status check_silence(struct follower *follower, struct tsl_error *err) {
  double patience = tsl__silence * tsl_world_peer_seconds(follower->world);
  bool dead = is_widowed(follower);
  if (!dead && tsl_world_awake_seconds(follower->world) - follower->heard <= patience)
    return TSL_OK;
  enum tsl_status status = tsl_error_set(
      err, TSL_PEER_LOST, "",
      dead ? "rank 0, which hands out the runs, has died; finished runs are kept: start "
             "the same command again"
           : "rank 0, which hands out the runs, has not answered for %g s; finished runs "
             "are kept: start the same command again",
      patience);
  if (err != NULL)
    err->rank = 0;
  tsl_world_give_up(follower->world, 0);
  return status;
}

/* While it waits to join a team. */
static enum tsl_status listen(void *owner, struct tsl_error *err) {
  struct follower *follower = owner;
  TSL_TRY(check_silence(follower, err));
  TSL_TRY(show_life(follower, err));
  TSL_TRY(take_messages(follower, err));
  if (follower->ended)
    follower->turn.word = TSL__WORD_CANCEL;
  return TSL_OK;
}

static enum tsl_status tell_rank_0(void *owner, enum tsl__kind kind, const void *bytes,
                                   size_t count, struct tsl_error *err) {
  struct follower *follower = owner;
  follower->spoken = tsl_clock_seconds();
  return tsl_world_send(follower->world, 0, (int)kind, bytes, count, err);
}

static enum tsl_status work(struct follower *follower, struct tsl_error *err) {
  struct tsl_error failure = {.rank = -1};
  enum tsl_status status = tsl__turn_work(&follower->turn, follower->worker,
                                          poll_between_steps, follower, &failure);
  follower->assigned = false;
  follower->spoken = tsl_clock_seconds();
  follower->heard = tsl_world_awake_seconds(follower->world);
  return tsl__report_send(follower->world, 0, TSL__REPORT,
                          follower->turn.assignment.epoch, status, &failure, err);
}

static enum tsl_status wait_for_work(struct follower *follower, struct tsl_error *err) {
  double begun = tsl_clock_seconds();
  while (!follower->assigned && !follower->ended) {
    double now = tsl_clock_seconds();
    TSL_TRY(check_silence(follower, err));
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
      .world = world, .worker = worker, .heard = tsl_world_awake_seconds(world)};
  follower.turn.world = world;
  follower.turn.listen = listen;
  follower.turn.tell = tell_rank_0;
  follower.turn.owner = &follower;
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
