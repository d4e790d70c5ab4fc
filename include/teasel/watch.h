/* watch.h - what a sweep that runs tells everybody through its results folder: how far
 * each run is, and the ledger of what happened. Nothing here decides anything: it is for
 * people, so the dates are those of the writers' clocks. */
#ifndef TEASEL_WATCH_H
#define TEASEL_WATCH_H

#include "teasel/process.h"
#include "teasel/status.h"
#include "teasel/store.h"
#include "teasel/text.h"

#include <stdbool.h>
#include <stdint.h>

enum { TSL_HOST_TEXT = 72, TSL_RANKS_TEXT = 128 };

/* Local. World ranks as text, neighbours together: "0-3,6"; cut with "..." where it is
 * long. ranks: (count). buffer: TSL_RANKS_TEXT bytes; returned. */
char *tsl_ranks_print(char *buffer, const int *ranks, int count);
/* Local. This machine's name; buffer: TSL_HOST_TEXT bytes; returned. */
char *tsl_host_print(char *buffer);

/* ---- runs/<run>/progress.json: a run that is being trained ---- */
struct tsl_run_progress {
  bool known;              /* false: there is no such file */
  int64_t steps;           /* taken */
  int64_t iterations;      /* of the whole run */
  double steps_per_second; /* of the team; 0: unknown yet */
  int width;               /* ranks of the team */
  char ranks[TSL_RANKS_TEXT];
  char host[TSL_HOST_TEXT];   /* of the team's first member */
  struct tsl_process process; /* that member */
  double since, updated;      /* dates: when its team began, when this was written */
  char failure[512];          /* why the run failed; empty: it is being trained */
};
/* Local. Replaces the file at once, but leaves it to the system when it reaches the disk:
 * what is lost with the machine's power is out of date then. */
enum tsl_status tsl_store_progress_write(const struct tsl_store *store, const char *run,
                                         const struct tsl_run_progress *progress,
                                         struct tsl_error *err);
/* Local. known is false where there is none, or none that can be read. */
void tsl_store_progress_read(const struct tsl_store *store, const char *run,
                             struct tsl_run_progress *out);
/* Local. Removes the file where this process on this host wrote it. */
void tsl_store_progress_remove(const struct tsl_store *store, const char *run);

/* Local. `step` and `total` of the last whole line of log.csv; -1 and NaN where there is
 * none. */
void tsl_store_log_last(const struct tsl_store *store, const char *run, int64_t *step,
                        double *total);

/* ---- the ledger: ledger/<host>-<process>-<date>.tsv, one file a process that has
 * something to tell, so that nothing is appended to by two; joined when read ---- */
#define TSL_LEDGER_MAP(XX)                                                               \
  XX(BEGIN, "begin")       /* a start of the program on this folder; note: which */      \
  XX(START, "start")       /* of a run, or of the rest of one */                         \
  XX(WIDEN, "widen")       /* a run's team grows; ranks: the new ones too */             \
  XX(FINISH, "finish")     /* of a run; note: its outcome */                             \
  XX(LEAVE, "leave")       /* a run is interrupted */                                    \
  XX(FAIL, "fail")         /* a run failed; note: why */                                 \
  XX(LOSS, "loss")         /* ranks: those that are lost */                              \
  XX(TAKEOVER, "takeover") /* a run of another process, which is gone; note: whose */    \
  XX(END, "end")           /* the program ends; note: how */
enum tsl_ledger_event {
#define XX(name, word) TSL_LEDGER_##name,
  TSL_LEDGER_MAP(XX)
#undef XX
};
struct tsl_ledger_entry {
  enum tsl_ledger_event event;
  const char *run;  /* NULL: of no run */
  const int *ranks; /* (width) world ranks; NULL: unknown */
  int width;
  int64_t steps;    /* of the run; -1: unknown */
  const char *note; /* NULL: none; its line breaks and tabs become spaces */
};
struct tsl_ledger;
/* Local. No file is made before the first entry. */
enum tsl_status tsl_ledger_open(const struct tsl_store *store, struct tsl_ledger **out,
                                struct tsl_error *err);
/* Local. Appends a line to this process' file and, at most every few seconds, brings
 * ledger.tsv up to date, which joins all processes' files in the order of time. An entry
 * that could not be written is told once in the log and is no failure. */
void tsl_ledger_add(struct tsl_ledger *ledger, const struct tsl_ledger_entry *entry);
/* Local. To be called about every second: brings ledger.tsv up to date, at most every few
 * seconds, where entries were added since it was. ledger NULL: nothing. */
void tsl_ledger_tick(struct tsl_ledger *ledger);
/* Local. The same at once. */
void tsl_ledger_join(struct tsl_ledger *ledger);
/* Local. Brings ledger.tsv up to date; frees. */
void tsl_ledger_close(struct tsl_ledger *ledger);
/* Local. All processes' lines, oldest first, below a header line; lines that are cut off
 * are left out. */
enum tsl_status tsl_store_ledger_read(const struct tsl_store *store, struct tsl_text *out,
                                      struct tsl_error *err);
/* Local. Whether any process' ledger tells this of the run, as far as they can be read.
 */
bool tsl_store_ledger_tells(const struct tsl_store *store, enum tsl_ledger_event event,
                            const char *run);

#endif
