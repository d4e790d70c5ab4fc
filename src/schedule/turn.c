#include "schedule/turn.h"

#include "teasel/log.h"

#include <string.h>

static bool is_offered(void *context) {
  const struct tsl__turn *turn = context;
  return turn->offered;
}

static bool is_in(const struct tsl__assignment *assignment, int rank) {
  for (int i = 0; i < assignment->width; i++) {
    if (assignment->ranks[i] == rank)
      return true;
  }
  return false;
}

/* First member. The joiners are told directly, so that nothing is waited for. A word that
 * cannot be sent shows as a joiner that does not come. */
static void announce(struct tsl__turn *turn) {
  const struct tsl__assignment *now = &turn->assignment;
  for (int i = now->before; i < now->width; i++)
    (void)tsl_world_send(turn->world, now->ranks[i], TSL__GO, &now->epoch,
                         sizeof now->epoch, NULL);
  (void)turn->tell(turn->owner, TSL__TAKEN, &now->epoch, sizeof now->epoch, NULL);
}

/* Collective on the old team. */
static enum tsl_status change(void *context, struct tsl_team **team,
                              struct tsl_error *err) {
  struct tsl__turn *turn = context;
  struct tsl_team *old = turn->team, *next = NULL;
  TSL_TRY(tsl_team_broadcast(old, 0, &turn->offer, sizeof turn->offer, err));
  bool first = tsl_team_index(old) == 0;
  bool stays = is_in(&turn->offer, tsl_world_rank(turn->world));
  enum tsl_status status = TSL_OK;
  turn->offered = false;
  if (stays)
    status = tsl_team_create(turn->world, turn->offer.ranks, turn->offer.width,
                             turn->offer.epoch, &next, err);
  status = tsl_team_agree(old, status, err);
  if (status != TSL_OK) {
    tsl_team_free(next);
    return status;
  }
  turn->assignment = turn->offer;
  tsl_team_free(old);
  *team = turn->team = next;
  turn->face.released = !stays;
  turn->face.team = next;
  if (first)
    announce(turn);
  return TSL_OK;
}

/* A joiner that is ready waits for the team, and goes on serving messages. */
static enum tsl_status built(void *context, struct tsl_error *err) {
  struct tsl__turn *turn = context;
  double begun = tsl_clock_seconds();
  TSL_TRY(turn->tell(turn->owner, TSL__BUILT, &turn->assignment.epoch,
                     sizeof turn->assignment.epoch, err));
  for (;;) {
    TSL_TRY(turn->listen(turn->owner, err));
    if (turn->word != TSL__WORD_NONE)
      break;
    tsl_world_relax(turn->world, tsl_clock_seconds() - begun);
  }
  turn->face.joining = false;
  turn->face.released = turn->word == TSL__WORD_CANCEL;
  return TSL_OK;
}

void tsl__turn_assign(struct tsl__turn *turn, const void *bytes, size_t count) {
  memset(&turn->assignment, 0, sizeof turn->assignment);
  memcpy(&turn->assignment, bytes, count);
  turn->offered = false;
  turn->word = TSL__WORD_NONE;
  turn->face = (struct tsl_turn){.joining = turn->assignment.before > 0,
                                 .offered = is_offered,
                                 .change = change,
                                 .built = built,
                                 .context = turn};
}

void tsl__turn_take(struct tsl__turn *turn, enum tsl__kind kind, const void *bytes,
                    size_t count) {
  if (kind == TSL__OFFER) {
    memset(&turn->offer, 0, sizeof turn->offer);
    memcpy(&turn->offer, bytes, count);
    turn->offered = turn->offer.previous == turn->assignment.epoch;
    return;
  }
  uint32_t epoch = 0;
  memcpy(&epoch, bytes, sizeof epoch);
  if (epoch == turn->assignment.epoch && turn->face.joining)
    turn->word = kind == TSL__GO ? TSL__WORD_GO : TSL__WORD_CANCEL;
}

enum tsl_status tsl__turn_work(struct tsl__turn *turn, const struct tsl_worker *worker,
                               enum tsl_status (*poll)(void *context), void *poll_context,
                               struct tsl_error *err) {
  const struct tsl__assignment *assignment = &turn->assignment;
  TSL_TRY(tsl_team_create(turn->world, assignment->ranks, assignment->width,
                          assignment->epoch, &turn->team, err));
  turn->face.team = turn->team;
  enum tsl_status status = worker->work(worker->context, assignment->id, turn->team,
                                        &turn->face, poll, poll_context, err);
  tsl_team_free(turn->team);
  turn->team = NULL;
  return status;
}
