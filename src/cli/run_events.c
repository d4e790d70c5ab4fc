#include "cli/run_events.h"

#include "cli/version.h"

#include "teasel/arena.h"
#include "teasel/nn.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void tsl__run_events_init(struct tsl__run_events *events,
                          const struct tsl__session *session, bool bar, int argc,
                          char **argv) {
  *events = (struct tsl__run_events){.session = session, .argc = argc, .argv = argv};
  tsl__progress_init(&events->progress, bar);
  if (tsl_world_rank(session->world) == 0)
    (void)tsl_ledger_open(session->store, &events->ledger, NULL);
}

/* Which program started on what: only where there is something to train. */
static void add_begin(struct tsl__run_events *events) {
  int size = tsl_world_size(events->session->world);
  struct tsl_text note;
  int *ranks = NULL;
  events->begun = true;
  tsl_text_init(&note);
  tsl_text_format(&note, "teasel " TSL_VERSION " (%s), %s: teasel", tsl__revision(),
                  tsl_nn_kernel_set());
  for (int i = 0; i < events->argc; i++)
    tsl_text_format(&note, " %s", events->argv[i]);
  if (tsl_allocate((void **)&ranks, (size_t)size, sizeof *ranks, NULL) == TSL_OK) {
    for (int i = 0; i < size; i++)
      ranks[i] = i;
  }
  const struct tsl_ledger_entry entry = {.event = TSL_LEDGER_BEGIN,
                                         .ranks = ranks,
                                         .width = size,
                                         .steps = -1,
                                         .note = note.bytes};
  tsl_ledger_add(events->ledger, &entry);
  tsl_text_release(&note);
  free(ranks);
}

/* What became of the run, for the note. */
static void describe_end(const struct tsl__run_events *events,
                         struct tsl_ledger_entry *entry, char *note, size_t bytes) {
  const struct tsl_store *store = events->session->store;
  struct tsl_record record;
  struct tsl_run_progress progress;
  if (entry->event == TSL_LEDGER_FINISH &&
      tsl_store_record_read(store, entry->run, &record, NULL) == TSL_OK) {
    const char *by = record.ended == TSL_ENDED_PATIENCE ? " by patience" : "";
    int used = snprintf(note, bytes, "%s%s after %.1f s of training",
                        tsl_outcome_word(record.outcome), by, record.seconds);
    if (record.ended == TSL_ENDED_PATIENCE)
      snprintf(note + used, bytes - (size_t)used, ", with the weights of step %lld",
               (long long)record.weights_of_step);
    entry->steps = record.steps;
    entry->note = note;
  } else if (entry->event == TSL_LEDGER_FAIL) {
    tsl_store_progress_read(store, entry->run, &progress);
    snprintf(note, bytes, "%s", progress.failure);
    entry->note = note;
  }
}

static void add_event(struct tsl__run_events *events,
                      const struct tsl_sweep_progress *now) {
  static const enum tsl_ledger_event words[] = {
      [TSL_SWEEP_STARTED] = TSL_LEDGER_START,  [TSL_SWEEP_ENDED] = TSL_LEDGER_FINISH,
      [TSL_SWEEP_LEFT] = TSL_LEDGER_LEAVE,     [TSL_SWEEP_FAILED] = TSL_LEDGER_FAIL,
      [TSL_SWEEP_WIDENED] = TSL_LEDGER_WIDEN,  [TSL_SWEEP_LOST] = TSL_LEDGER_LOSS,
      [TSL_SWEEP_TAKEN] = TSL_LEDGER_TAKEOVER, [TSL_SWEEP_FOUND] = TSL_LEDGER_FINISH};
  char note[600] = "";
  struct tsl_ledger_entry entry = {.event = words[now->event],
                                   .run = now->run != NULL ? now->run->name : NULL,
                                   .ranks = now->ranks,
                                   .width = now->width,
                                   .steps = now->run != NULL ? now->run_steps : -1,
                                   .note = now->note};
  if (entry.note == NULL && entry.run != NULL)
    describe_end(events, &entry, note, sizeof note);
  if (now->event == TSL_SWEEP_FOUND)
    snprintf(note + strlen(note), sizeof note - strlen(note),
             ", by a process that is gone");
  tsl_ledger_add(events->ledger, &entry);
}

void tsl__run_events_take(void *context, const struct tsl_sweep_progress *now) {
  struct tsl__run_events *events = context;
  /* A run that another process has finished is told by that process' ledger. */
  bool own = now->event != TSL_SWEEP_TIME &&
             !(now->event == TSL_SWEEP_ENDED && now->ranks == NULL);
  if (now->event == TSL_SWEEP_FOUND)
    own = !tsl_store_ledger_tells(events->session->store, TSL_LEDGER_FINISH,
                                  now->run->name);
  if (events->ledger != NULL && own) {
    if (!events->begun)
      add_begin(events);
    add_event(events, now);
  }
  tsl_ledger_tick(events->ledger);
  if (now->event != TSL_SWEEP_FOUND) /* it was counted before */
    tsl__progress_show(&events->progress, now);
}

void tsl__run_events_release(struct tsl__run_events *events, enum tsl_status status,
                             const struct tsl_error *error) {
  char note[600];
  /* The text of an interruption says no more than its sentence. */
  bool told = status != TSL_OK && status != TSL_INTERRUPTED && error != NULL &&
              error->text[0] != '\0';
  snprintf(note, sizeof note, "%s%s%.400s",
           status == TSL_OK ? "done" : tsl_status_sentence(status), told ? ": " : "",
           told ? error->text : "");
  const struct tsl_ledger_entry entry = {
      .event = TSL_LEDGER_END, .steps = -1, .note = note};
  if (events->begun)
    tsl_ledger_add(events->ledger, &entry);
  tsl_ledger_close(events->ledger);
}
