/* protocol.h - what coordinator and workers tell each other: docs/scheduling.md. */
#ifndef TEASEL_SCHEDULE_PROTOCOL_H
#define TEASEL_SCHEDULE_PROTOCOL_H

#include "teasel/schedule.h"

enum tsl__kind {
  TSL__READY = 1,  /* to rank 0 */
  TSL__ASSIGNMENT, /* from rank 0: struct tsl__assignment; a task, or one to join */
  TSL__REPORT,     /* to rank 0: struct tsl__report */
  TSL__LEAVE,      /* from rank 0: leave what you work on, and do nothing more */
  TSL__END,        /* from rank 0: struct tsl__report, what all return */
  TSL__ALIVE,      /* to rank 0; an idle worker expects TSL__ANSWER */
  TSL__ANSWER,     /* from rank 0 */
  TSL__STOP,       /* to rank 0: a signal asked this idle worker to stop */
  TSL__BUILT,      /* joiner to rank 0: epoch; ready to join */
  TSL__OFFER,      /* from rank 0 to a team's first member: struct tsl__assignment */
  TSL__TAKEN,      /* first member to rank 0: epoch that the team is in now */
  TSL__GO,         /* first member to a joiner: epoch; the team waits for it */
  TSL__CANCEL,     /* from rank 0 to a joiner: epoch; nobody will say GO */
  TSL__REGROUP /* from rank 0 before END: struct tsl__assignment, whose ranks are those
                  that were lost; the others are a team of this epoch */
};

/* A team from now on. */
struct tsl__assignment {
  int64_t id; /* of the task */
  uint32_t epoch;
  uint32_t previous; /* epoch of the team that is changed; 0: a start */
  int32_t width;
  int32_t before;                            /* members of that team; 0: a start */
  int32_t ranks[(TSL_MESSAGE_MAX - 24) / 4]; /* (width) */
};
enum { TSL__WIDTH_MAX = (TSL_MESSAGE_MAX - 24) / 4 };

/* A status with its error, cut to fit into a message. */
struct tsl__report {
  int32_t status, rank;
  uint32_t epoch;
  char where[256];
  char text[TSL_MESSAGE_MAX - 268];
};

/* Silence for longer than this many peer_seconds means lost. Two: one is what a team may
 * wait for a lost member before it can report that. */
static const double tsl__silence = 2;

/* Local. Seconds between two signs of life: few where there are many ranks, so that rank
 * 0 is not kept busy by them. */
double tsl__alive_seconds(const struct tsl_world *world);
/* Local. Bytes of an assignment that are sent. */
size_t tsl__assignment_bytes(const struct tsl__assignment *assignment);
enum tsl_status tsl__report_send(struct tsl_world *world, int to, enum tsl__kind kind,
                                 uint32_t epoch, enum tsl_status status,
                                 const struct tsl_error *error, struct tsl_error *err);
/* Local. The status, and the error into err where it is one. */
enum tsl_status tsl__report_open(const struct tsl_message *message, uint32_t *epoch,
                                 struct tsl_error *err);

/* regroup.c. Local, the receiver of TSL__REGROUP. */
enum tsl_status tsl__regroup_take(struct tsl_world *world,
                                  const struct tsl_message *message,
                                  struct tsl_error *err);

/* Collective on the world: rank 0, and the others. */
enum tsl_status tsl__coordinate(struct tsl_world *world, const struct tsl_task *tasks,
                                int64_t task_count, int width,
                                const struct tsl_worker *worker, struct tsl_error *err);
enum tsl_status tsl__follow(struct tsl_world *world, const struct tsl_worker *worker,
                            struct tsl_error *err);

#endif
