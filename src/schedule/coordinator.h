/* coordinator.h - rank 0's view of all ranks and of all tasks that are worked on, shared
 * by coordinate.c (the loop), listen.c (messages), party.c (tasks) and change.c (teams
 * that change). */
#ifndef TEASEL_SCHEDULE_COORDINATOR_H
#define TEASEL_SCHEDULE_COORDINATOR_H

#include "schedule/decide.h"
#include "schedule/rank_set.h"
#include "schedule/turn.h"

enum tsl__seat_state { TSL__AWAY, TSL__IDLE, TSL__BUSY, TSL__LOST };

struct tsl__seat {
  enum tsl__seat_state state;
  double heard;             /* when the rank was heard last, by tsl_world_awake_seconds */
  struct tsl__party *party; /* BUSY: its task; NULL: it was let go, and has not said so */
  bool joining;             /* it is not a member yet */
};

/* A team that is to change: joiners get ready, then the team is offered them. */
struct tsl__change {
  struct tsl__assignment assignment;
  int missing; /* joiners that are not ready */
  bool offered, cancelled;
};

/* A task that is being worked on. */
struct tsl__party {
  struct tsl__party *next, *previous;
  int64_t task; /* index */
  uint32_t epoch;
  int width;
  int *ranks; /* (width, of as many as it may ever have) */
  struct tsl__change *change;
  bool over; /* all members have reported; joiners may not have */
  enum tsl_status status;
  struct tsl_error error;
};

struct tsl__coordinator {
  struct tsl_world *world;
  const struct tsl_task *tasks;
  int64_t task_count;
  const struct tsl_worker *worker;
  struct tsl__decider *decider;
  struct tsl__seat *seats; /* (size) */
  struct tsl__rank_set idle;
  int size, away, lost;
  struct tsl__party *parties;
  struct tsl__party **party_of; /* (task_count) NULL: not worked on */
  unsigned char *losses;        /* (task_count) how often its team lost a member */
  int64_t *aside; /* (aside_count of task_count) tasks that other processes work on */
  int64_t aside_count;
  struct tsl__turn turn; /* rank 0's own */
  bool assigned;         /* it has one to begin */
  bool stopping, told;
  int64_t failures;
  enum tsl_status status; /* first failure, or the coordinator's own */
  struct tsl_error error;
  double taken;    /* when a message was taken last */
  double looked;   /* when silence was looked for last */
  double ticked;   /* when the worker was told the time last */
  double recall;   /* when tasks that other processes work on are asked for again */
  double reviewed; /* when costs are to be corrected next */
  struct tsl_message message;
};

/* Local. To a rank, rank 0 itself included. */
enum tsl_status tsl__coordinator_send(struct tsl__coordinator *coordinator, int rank,
                                      enum tsl__kind kind, const void *bytes,
                                      size_t count, struct tsl_error *err);
void tsl__seat_set(struct tsl__coordinator *coordinator, int rank,
                   enum tsl__seat_state state);
/* The idle rank that comes next after another one; -1: none is idle. */
int tsl__seat_near(const struct tsl__coordinator *coordinator, int rank);

/* ---- listen.c ---- */
/* What a worker, rank 0 itself included, says about its task. */
enum tsl_status tsl__listen_word(struct tsl__coordinator *coordinator, int rank,
                                 enum tsl__kind kind, const void *bytes,
                                 struct tsl_error *err);
/* Takes coordinator->message. */
enum tsl_status tsl__listen_message(struct tsl__coordinator *coordinator,
                                    struct tsl_error *err);
/* Gives up the ranks that are dead, or were heard too long ago. */
enum tsl_status tsl__listen_silence(struct tsl__coordinator *coordinator,
                                    struct tsl_error *err);

/* ---- regroup.c ---- */
/* Local. Makes one team of the ranks that are left, and tells them. */
enum tsl_status tsl__regroup_call(struct tsl__coordinator *coordinator,
                                  struct tsl_error *err);

/* ---- party.c ---- */
/* The folder in which all tasks are done is gone: nothing more is handed out. */
void tsl__gone_note(struct tsl__coordinator *coordinator, const struct tsl_error *error);
void tsl__failure_note(struct tsl__coordinator *coordinator, enum tsl_status status,
                       const struct tsl_error *error);
void tsl__party_changed(const struct tsl__coordinator *coordinator,
                        const struct tsl__party *party, enum tsl_task_change change);
enum tsl_status tsl__party_start(struct tsl__coordinator *coordinator, int64_t task,
                                 int width, struct tsl_error *err);
/* A rank is through with its task, or lost. The first failure that is told counts. */
enum tsl_status tsl__party_report(struct tsl__coordinator *coordinator, int rank,
                                  uint32_t epoch, enum tsl_status status,
                                  const struct tsl_error *error, struct tsl_error *err);
void tsl__parties_free(struct tsl__coordinator *coordinator);

/* ---- change.c ---- */
/* As the decider wants it: idle ranks are told to get ready, or the team is told to let
 * half of its members go. */
enum tsl_status tsl__change_begin(struct tsl__coordinator *coordinator,
                                  const struct tsl__move *move, struct tsl_error *err);
/* A joiner is ready. */
enum tsl_status tsl__change_built(struct tsl__coordinator *coordinator, int rank,
                                  uint32_t epoch, struct tsl_error *err);
/* The team has changed. */
void tsl__change_taken(struct tsl__coordinator *coordinator, struct tsl__party *party,
                       uint32_t epoch);
/* It will not: its joiners are sent home. */
enum tsl_status tsl__change_cancel(struct tsl__coordinator *coordinator,
                                   struct tsl__party *party, struct tsl_error *err);
/* A joiner that is not a member has reported, or is lost. */
enum tsl_status tsl__change_left(struct tsl__coordinator *coordinator,
                                 struct tsl__party *party, struct tsl_error *err);

#endif
