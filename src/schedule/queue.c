#include "schedule/queue.h"

#include "teasel/arena.h"

#include <stdlib.h>

struct entry {
  double seconds;
  int64_t index;
};

/* Longest first (Graham 1969: within 4/3 of the best makespan); equal ones as given. */
static int compare(const void *a, const void *b) {
  const struct entry *left = a, *right = b;
  if (left->seconds != right->seconds)
    return left->seconds > right->seconds ? -1 : 1;
  return left->index < right->index ? -1 : left->index > right->index;
}

enum tsl_status tsl__queue_init(struct tsl__queue *queue, const struct tsl_task *tasks,
                                int64_t task_count, int width, struct tsl_error *err) {
  struct entry *entries = NULL;
  void *order = NULL, *aside = NULL;
  *queue = (struct tsl__queue){.tasks = tasks, .width = width};
  enum tsl_status status =
      tsl_allocate((void **)&entries, (size_t)task_count, sizeof *entries, err);
  if (status == TSL_OK)
    status = tsl_allocate(&order, (size_t)task_count, sizeof *queue->order, err);
  if (status == TSL_OK)
    status = tsl_allocate(&aside, (size_t)task_count, sizeof *queue->aside, err);
  queue->order = order;
  queue->aside = aside;
  if (status != TSL_OK)
    goto done;
  for (int64_t i = 0; i < task_count; i++) {
    if (!tasks[i].done)
      entries[queue->count++] = (struct entry){tasks[i].seconds, i};
  }
  qsort(entries, (size_t)queue->count, sizeof *entries, compare);
  for (int64_t i = 0; i < queue->count; i++)
    queue->order[i] = entries[i].index;
done:
  free(entries);
  return status;
}

void tsl__queue_release(struct tsl__queue *queue) {
  free(queue->order);
  free(queue->aside);
  *queue = (struct tsl__queue){0};
}

int64_t tsl__queue_waiting(const struct tsl__queue *queue) {
  return queue->count - queue->next;
}

int64_t tsl__queue_take(struct tsl__queue *queue, int idle, int *width) {
  int64_t waiting = tsl__queue_waiting(queue);
  if (waiting == 0 || idle == 0)
    return -1;
  int64_t task = queue->order[queue->next];
  int wide = queue->width;
  if (wide == 0) {
    /* A rank each, unless that leaves ranks without work. */
    int64_t share = idle / waiting;
    for (wide = 1; 2 * wide <= share && 2 * wide <= queue->tasks[task].widest;)
      wide *= 2;
  }
  if (wide > idle)
    return -1;
  *width = wide;
  queue->next++;
  return task;
}

void tsl__queue_put_back(struct tsl__queue *queue, int64_t task) {
  const struct entry entry = {queue->tasks[task].seconds, task};
  int64_t place = --queue->next;
  for (; place + 1 < queue->count; place++) {
    int64_t other = queue->order[place + 1];
    const struct entry following = {queue->tasks[other].seconds, other};
    if (compare(&entry, &following) < 0)
      break;
    queue->order[place] = other;
  }
  queue->order[place] = task;
}

void tsl__queue_put_aside(struct tsl__queue *queue, int64_t task) {
  queue->aside[queue->aside_count++] = task;
}

void tsl__queue_recall(struct tsl__queue *queue) {
  while (queue->aside_count > 0)
    tsl__queue_put_back(queue, queue->aside[--queue->aside_count]);
}
