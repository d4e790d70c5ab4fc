/* decide: what waits and what runs, as the rule sees it. */
#include "schedule/decider.h"
#include "schedule/protocol.h"

#include "teasel/arena.h"

#include <math.h>
#include <stdlib.h>

int tsl__widest(const struct tsl_task *task, int ranks) {
  int wide = 1;
  while (2 * wide <= ranks && 2 * wide <= task->widest && 2 * wide <= TSL__WIDTH_MAX)
    wide *= 2;
  return wide;
}

/* ---- making ---- */

static enum tsl_status add_level(struct tsl__decider *decider, int widest,
                                 struct tsl_error *err) {
  for (int i = 0; i < decider->narrow_count; i++) {
    if (decider->narrow[i].widest == widest)
      return TSL_OK;
  }
  for (int width = 1; width < widest; width *= 2) {
    struct tsl__narrow_teams *teams = &decider->narrow[decider->narrow_count++];
    teams->width = width;
    teams->widest = widest;
    TSL_TRY(tsl__heap_init(&teams->heap, decider->slot_count, err));
  }
  return TSL_OK;
}

static enum tsl_status allocate(struct tsl__decider *decider, struct tsl_error *err) {
  void *slots = NULL, *slot_of = NULL, *spare = NULL;
  size_t count = (size_t)decider->slot_count;
  TSL_TRY(tsl_allocate(&slots, count, sizeof *decider->slots, err));
  decider->slots = slots;
  TSL_TRY(tsl_allocate(&spare, count, sizeof *decider->spare, err));
  decider->spare = spare;
  TSL_TRY(
      tsl_allocate(&slot_of, (size_t)decider->task_count, sizeof *decider->slot_of, err));
  decider->slot_of = slot_of;
  TSL_TRY(tsl__heap_init(&decider->ends, decider->slot_count, err));
  TSL_TRY(tsl__heap_init(&decider->wide, decider->slot_count, err));
  return tsl__heap_init(&decider->waiting, decider->task_count, err);
}

struct short_task {
  double seconds;
  int64_t task;
};

static int by_seconds(const void *a, const void *b) {
  const struct short_task *x = a, *y = b;
  if (x->seconds != y->seconds)
    return x->seconds < y->seconds ? -1 : 1;
  return (x->task > y->task) - (x->task < y->task);
}

/* The shortest tasks that wait. */
static enum tsl_status find_head(struct tsl__decider *decider, int64_t count,
                                 struct tsl_error *err) {
  const int64_t waiting = decider->waiting.count;
  struct short_task *tasks = NULL;
  int64_t *head = NULL, found = 0;
  if (count == 0)
    return TSL_OK;
  TSL_TRY(tsl_allocate((void **)&head, (size_t)count, sizeof *head, err));
  decider->head = head;
  TSL_TRY(tsl_allocate((void **)&tasks, (size_t)waiting, sizeof *tasks, err));
  for (int64_t i = 0; i < decider->task_count; i++) {
    if (!decider->tasks[i].done)
      tasks[found++] = (struct short_task){decider->tasks[i].seconds, i};
  }
  qsort(tasks, (size_t)waiting, sizeof *tasks, by_seconds);
  decider->head_count = count < waiting ? count : waiting;
  for (int64_t i = 0; i < decider->head_count; i++)
    head[i] = tasks[i].task;
  free(tasks);
  return TSL_OK;
}

void tsl__decider_begin(struct tsl__decider *decider, double now) {
  struct tsl__heap *heaps[] = {&decider->waiting, &decider->ends, &decider->wide};
  for (int i = 0; i < 3; i++)
    tsl__heap_clear(heaps[i]);
  for (int i = 0; i < decider->narrow_count; i++)
    tsl__heap_clear(&decider->narrow[i].heap);
  decider->head_count = decider->spare_count = 0;
  decider->waiting_seconds = decider->ends_weighted = decider->widths = 0;
  decider->coming = 0;
  for (int64_t slot = decider->slot_count - 1; slot >= 0; slot--) {
    decider->slots[slot].task = -1;
    decider->spare[decider->spare_count++] = slot;
  }
  for (int64_t i = 0; i < decider->task_count; i++) {
    decider->slot_of[i] = -1;
    if (decider->tasks[i].done)
      continue;
    tsl__heap_put(&decider->waiting, i, -decider->tasks[i].seconds);
    decider->waiting_seconds += decider->tasks[i].seconds;
  }
  tsl__decider_review(decider, now, 1);
}

enum tsl_status tsl__decider_create(const struct tsl_task *tasks, int64_t task_count,
                                    int ranks, int width, int64_t head, double now,
                                    struct tsl__decider **out, struct tsl_error *err) {
  void *memory = NULL;
  TSL_TRY(tsl_allocate(&memory, 1, sizeof(struct tsl__decider), err));
  struct tsl__decider *decider = memory;
  decider->tasks = tasks;
  decider->task_count = task_count;
  decider->ranks = decider->most = ranks;
  decider->width = width;
  decider->slot_count = ranks < task_count ? ranks : task_count;
  enum tsl_status status = allocate(decider, err);
  for (int64_t i = 0; i < task_count && status == TSL_OK && width == 0; i++) {
    if (!tasks[i].done)
      status = add_level(decider, tsl__widest(&tasks[i], ranks), err);
  }
  if (status == TSL_OK) {
    tsl__decider_begin(decider, now);
    status = find_head(decider, head, err);
  }
  if (status == TSL_OK)
    *out = decider;
  else
    tsl__decider_free(decider);
  return status;
}

void tsl__decider_free(struct tsl__decider *decider) {
  if (decider == NULL)
    return;
  for (int i = 0; i < decider->narrow_count; i++)
    tsl__heap_release(&decider->narrow[i].heap);
  tsl__heap_release(&decider->waiting);
  tsl__heap_release(&decider->ends);
  tsl__heap_release(&decider->wide);
  free(decider->slots);
  free(decider->slot_of);
  free(decider->spare);
  free(decider->head);
  free(decider);
}

int64_t tsl__decider_waiting(const struct tsl__decider *decider) {
  return decider->waiting.count;
}

/* ---- what runs ---- */

static struct tsl__narrow_teams *narrow_of(struct tsl__decider *decider,
                                           const struct tsl__running *running) {
  for (int i = 0; i < decider->narrow_count; i++) {
    struct tsl__narrow_teams *teams = &decider->narrow[i];
    if (teams->width == running->width && teams->widest == running->widest)
      return teams;
  }
  return NULL;
}

void tsl__running_withdraw(struct tsl__decider *decider, int64_t slot) {
  const struct tsl__running *running = &decider->slots[slot];
  struct tsl__narrow_teams *teams = narrow_of(decider, running);
  decider->ends_weighted -= running->end * running->width;
  decider->widths -= running->width;
  tsl__heap_remove(&decider->ends, slot);
  tsl__heap_remove(&decider->wide, slot);
  if (teams != NULL)
    tsl__heap_remove(&teams->heap, slot);
}

void tsl__running_enter(struct tsl__decider *decider, int64_t slot) {
  const struct tsl__running *running = &decider->slots[slot];
  struct tsl__narrow_teams *teams = narrow_of(decider, running);
  decider->ends_weighted += running->end * running->width;
  decider->widths += running->width;
  tsl__heap_put(&decider->ends, slot, running->end);
  if (running->changing || decider->width > 0)
    return;
  if (running->width > 1)
    tsl__heap_put(&decider->wide, slot, running->end);
  if (teams != NULL)
    tsl__heap_put(&teams->heap, slot, -running->end);
}

void tsl__running_set_width(struct tsl__decider *decider, double now, int64_t slot,
                            int width) {
  struct tsl__running *running = &decider->slots[slot];
  double left = fmax(0, running->end - now);
  running->end = now + left * running->width / width;
  running->width = width;
}

void tsl__running_start(struct tsl__decider *decider, double now, int64_t task,
                        int width) {
  int64_t slot = decider->spare[--decider->spare_count];
  double seconds = decider->tasks[task].seconds;
  tsl__heap_remove(&decider->waiting, task);
  decider->waiting_seconds -= seconds;
  decider->slot_of[task] = slot;
  decider->slots[slot] =
      (struct tsl__running){.task = task,
                            .end = now + seconds * decider->scale / width,
                            .width = width,
                            .widest = tsl__widest(&decider->tasks[task], decider->most)};
  tsl__running_enter(decider, slot);
}

void tsl__deadline_update(struct tsl__decider *decider, double now) {
  double left = decider->waiting_seconds * decider->scale + decider->ends_weighted -
                now * decider->widths;
  decider->deadline = fmax(decider->deadline, now + left / decider->ranks);
}

int64_t tsl__longest_waiting(const struct tsl__decider *decider) {
  const struct tsl__heap_entry *first = tsl__heap_first(&decider->waiting);
  return first == NULL ? -1 : first->item;
}

/* ---- what has happened ---- */

void tsl__decider_settle(struct tsl__decider *decider, double now, int64_t task,
                         int width, bool fixed) {
  int64_t slot = decider->slot_of[task];
  if (slot < 0)
    return;
  struct tsl__running *running = &decider->slots[slot];
  tsl__running_withdraw(decider, slot);
  decider->coming -= running->giving;
  tsl__running_set_width(decider, now, slot, width);
  running->giving = 0;
  running->changing = fixed;
  tsl__running_enter(decider, slot);
}

int tsl__decider_end(struct tsl__decider *decider, int64_t task) {
  int64_t slot = decider->slot_of[task];
  if (slot < 0)
    return 0;
  struct tsl__running *running = &decider->slots[slot];
  tsl__running_withdraw(decider, slot);
  decider->coming -= running->giving;
  decider->slot_of[task] = -1;
  decider->spare[decider->spare_count++] = slot;
  running->task = -1;
  return running->width;
}

int tsl__decider_again(struct tsl__decider *decider, int64_t task) {
  int width = tsl__decider_end(decider, task);
  tsl__heap_put(&decider->waiting, task, -decider->tasks[task].seconds);
  decider->waiting_seconds += decider->tasks[task].seconds;
  return width;
}

void tsl__decider_correct(struct tsl__decider *decider, double now, int64_t task,
                          double seconds) {
  int64_t slot = decider->slot_of[task];
  if (slot < 0)
    return;
  tsl__running_withdraw(decider, slot);
  decider->slots[slot].end = now + seconds / decider->slots[slot].width;
  tsl__running_enter(decider, slot);
}

void tsl__decider_review(struct tsl__decider *decider, double now, double factor) {
  /* A change of width costs a team the collecting and handing on of its weights, and the
   * joining ranks the making of a graph. */
  const double worth = 0.25, share = 0.005; /* seconds; of what is left */
  int64_t task = tsl__longest_waiting(decider);
  double longest = 0; /* on its widest team */
  decider->scale = factor;
  if (task >= 0)
    longest = decider->tasks[task].seconds * factor /
              tsl__widest(&decider->tasks[task], decider->most);
  decider->ends_weighted = 0;
  for (int64_t i = 0; i < decider->slot_count; i++) {
    const struct tsl__running *running = &decider->slots[i];
    if (running->task < 0)
      continue;
    decider->ends_weighted += running->end * running->width;
    longest = fmax(longest, (running->end - now) * running->width / running->widest);
  }
  decider->deadline = now + longest;
  tsl__deadline_update(decider, now);
  decider->tolerance = fmax(worth, share * (decider->deadline - now));
}

void tsl__decider_set_ranks(struct tsl__decider *decider, int ranks) {
  decider->ranks = ranks;
}

int64_t tsl__decider_first_end(const struct tsl__decider *decider, double *end) {
  const struct tsl__heap_entry *first = tsl__heap_first(&decider->ends);
  if (first == NULL)
    return -1;
  *end = first->key;
  return decider->slots[first->item].task;
}
