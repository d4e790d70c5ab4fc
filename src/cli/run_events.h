/* run_events.h - what happens in a sweep, for the terminal and for the ledger. */
#ifndef TEASEL_CLI_RUN_EVENTS_H
#define TEASEL_CLI_RUN_EVENTS_H

#include "cli/progress.h"
#include "cli/session.h"

#include "teasel/watch.h"

struct tsl__run_events {
  const struct tsl__session *session;
  struct tsl__progress progress;
  struct tsl_ledger *ledger; /* NULL: not rank 0, or no memory */
  bool begun;                /* the ledger tells of this start */
  int argc;
  char **argv; /* the command line, for the ledger */
};

/* Local, every rank. The session has its store; bar: as tsl__progress_init. */
void tsl__run_events_init(struct tsl__run_events *events,
                          const struct tsl__session *session, bool bar, int argc,
                          char **argv);
/* A tsl_sweep_request's progress; context: struct tsl__run_events. */
void tsl__run_events_take(void *context, const struct tsl_sweep_progress *now);
/* Tells the ledger how it ended, where it was told of a beginning. */
void tsl__run_events_release(struct tsl__run_events *events, enum tsl_status status,
                             const struct tsl_error *error);

#endif
