/* queue.h - who gets what next: one pure decision, used by the plan and by the
 * coordinator alike. */
#ifndef TEASEL_SCHEDULE_QUEUE_H
#define TEASEL_SCHEDULE_QUEUE_H

#include "teasel/schedule.h"

struct tsl__queue {
  const struct tsl_task *tasks; /* borrowed */
  int64_t *order;               /* (count) indices of tasks that wait, longest first */
  int64_t count;
  int64_t next;   /* those before have been handed out */
  int width;      /* 0: auto */
  int64_t *aside; /* (aside_count of count) tasks that other processes work on */
  int64_t aside_count;
};
enum tsl_status tsl__queue_init(struct tsl__queue *queue, const struct tsl_task *tasks,
                                int64_t task_count, int width, struct tsl_error *err);
void tsl__queue_release(struct tsl__queue *queue);
int64_t tsl__queue_waiting(const struct tsl__queue *queue);

/* Takes the next task for a team of *width of the `idle` ranks; -1: nothing can start. */
int64_t tsl__queue_take(struct tsl__queue *queue, int idle, int *width);
/* A task that was taken waits again, in its place. */
void tsl__queue_put_back(struct tsl__queue *queue, int64_t task);
/* A task that was taken is not to be taken before tsl__queue_recall. */
void tsl__queue_put_aside(struct tsl__queue *queue, int64_t task);
void tsl__queue_recall(struct tsl__queue *queue);

#endif
