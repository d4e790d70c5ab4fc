/* train_join: a team that takes in ranks, or lets some go, between two steps. What the
 * next step depends on is the state of the graph and the number of steps taken; all else
 * follows from the run's seed. */
#include "train/trainer.h"

#include "teasel/arena.h"

#include <stdlib.h>
#include <string.h>

/* What a joiner needs besides the graph's state. */
struct baton {
  int64_t steps, updates;
};

/* Collective on the new team, of which every rank from `before` on has joined. */
static enum tsl_status hand_on(struct tsl__trainer *trainer, bool joins,
                               enum tsl_status status, struct tsl_error *err) {
  struct tsl_graph *graph = trainer->model.graph;
  size_t floats = (size_t)tsl_graph_state_floats(graph);
  struct baton baton = {.steps = trainer->steps};
  void *state = NULL; /* (floats) */
  if (status == TSL_OK)
    status = tsl_allocate(&state, floats, sizeof(float), err);
  if (status == TSL_OK && trainer->first)
    status = tsl_graph_state_get(graph, state, &baton.updates, err);
  status = tsl_team_agree(trainer->team, status, err);
  if (status == TSL_OK)
    status = tsl_team_broadcast(trainer->team, 0, &baton, sizeof baton, err);
  if (status == TSL_OK)
    status = tsl_team_broadcast(trainer->team, 0, state, floats * sizeof(float), err);
  if (status != TSL_OK) { /* on all */
    free(state);
    return status;
  }
  if (joins) {
    trainer->steps = baton.steps;
    status = tsl_graph_state_set(graph, state, baton.updates, err);
  }
  free(state);
  return tsl_team_agree(trainer->team, status, err);
}

/* Local. Room for this member's rows of a batch, of which it may have more now. */
static enum tsl_status resize(struct tsl__trainer *trainer, struct tsl_error *err) {
  int size = tsl_team_size(trainer->team);
  int64_t rows = trainer->run->options.train.batch / size;
  if (rows > trainer->member_rows) {
    free(trainer->indices);
    free(trainer->samples);
    trainer->indices = NULL;
    trainer->samples = NULL;
    TSL_TRY(tsl__trainer_allocate_rows(trainer, rows, err));
  }
  trainer->member_rows = rows;
  trainer->record.width = size;
  return TSL_OK;
}

uint32_t tsl__join_call(const struct tsl__trainer *trainer) {
  const struct tsl_turn *turn = trainer->request->turn;
  bool offered = trainer->first && turn != NULL && turn->offered(turn->context);
  return offered ? TSL__CALL_CHANGE : 0;
}

enum tsl_status tsl__join_change(struct tsl__trainer *trainer, struct tsl_error *err) {
  struct tsl_turn *turn = trainer->request->turn;
  int before = tsl_team_size(trainer->team);
  TSL_TRY(tsl_graph_collect(trainer->model.graph, trainer->team, err));
  TSL_TRY(turn->change(turn->context, &trainer->team, err));
  if (turn->released)
    return TSL_OK;
  enum tsl_status status = resize(trainer, err);
  if (tsl_team_size(trainer->team) > before)
    return hand_on(trainer, /*joins=*/false, status, err);
  return tsl_team_agree(trainer->team, status, err);
}

enum tsl_status tsl__join_begin(struct tsl__trainer *trainer, struct tsl_error *err) {
  struct tsl_turn *turn = trainer->request->turn;
  TSL_TRY(turn->built(turn->context, err));
  return turn->released ? TSL_OK : hand_on(trainer, /*joins=*/true, TSL_OK, err);
}
