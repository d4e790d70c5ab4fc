/* turn.h - one rank's part of one task, from its assignment to its report, on rank 0 and
 * on the others alike. */
#ifndef TEASEL_SCHEDULE_TURN_H
#define TEASEL_SCHEDULE_TURN_H

#include "schedule/protocol.h"

struct tsl__turn {
  struct tsl_turn face; /* what the worker sees */
  struct tsl_world *world;
  struct tsl_team *team;             /* NULL: let go */
  struct tsl__assignment assignment; /* in force */
  struct tsl__assignment offer;      /* to the first member */
  bool offered;
  enum { TSL__WORD_NONE, TSL__WORD_GO, TSL__WORD_CANCEL } word; /* for a joiner */
  /* Given by the owner. Tells rank 0 something; takes the messages that have come. */
  enum tsl_status (*tell)(void *owner, enum tsl__kind kind, const void *bytes,
                          size_t count, struct tsl_error *err);
  enum tsl_status (*listen)(void *owner, struct tsl_error *err);
  void *owner;
};

/* Local. A new assignment; messages about it may come before it is worked on. */
void tsl__turn_assign(struct tsl__turn *turn, const void *bytes, size_t count);
/* Local. An OFFER, GO or CANCEL; one of another epoch is ignored. */
void tsl__turn_take(struct tsl__turn *turn, enum tsl__kind kind, const void *bytes,
                    size_t count);
/* Local. Works on what is assigned; the status is what is to be reported, together with
 * turn->assignment.epoch. */
enum tsl_status tsl__turn_work(struct tsl__turn *turn, const struct tsl_worker *worker,
                               enum tsl_status (*poll)(void *context), void *poll_context,
                               struct tsl_error *err);

#endif
