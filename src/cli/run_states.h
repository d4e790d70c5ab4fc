/* run_states.h - what every run of a results folder is doing, from its files alone. */
#ifndef TEASEL_CLI_RUN_STATES_H
#define TEASEL_CLI_RUN_STATES_H

#include "cli/results_open.h"

#include "teasel/claim.h"
#include "teasel/watch.h"

#define TSL__STATE_MAP(XX)                                                               \
  XX(FINISHED, "finished")                                                               \
  XX(DIVERGED, "diverged")   /* done, with a loss that is not finite */                  \
  XX(COLLAPSED, "collapsed") /* done, without an informative latent */                   \
  XX(RUNNING, "running")                                                                 \
  XX(SILENT, "silent") /* its process ended without a word, or no longer writes */       \
  XX(FAILED, "failed") /* at the last try */                                             \
  XX(WAITING, "waiting")
enum tsl__state {
#define XX(name, word) TSL__STATE_##name,
  TSL__STATE_MAP(XX)
#undef XX
      TSL__STATE_COUNT
};
const char *tsl__state_word(enum tsl__state state);

struct tsl__run_state {
  const struct tsl_run *run;
  enum tsl__state state;
  struct tsl_record record;         /* of what is done */
  struct tsl_run_progress progress; /* of what runs, ran or failed */
  struct tsl_claim_state claim;     /* on what waits; number 0: none */
  int64_t steps;                    /* taken and kept, as far as is known */
  int64_t iterations;               /* of the whole run; 0: unknown. Where only epochs are
                                       given and it was not begun: as others take */
  double loss; /* `total` of the last line of log.csv; NaN: unknown */
};

struct tsl__run_states {
  struct tsl__run_state *runs; /* (count) in the job's order */
  size_t count;
  size_t of[TSL__STATE_COUNT]; /* how many are in each state */
  int ranks;                   /* at work now */
  double seconds_left;         /* NaN: unknown */
};

/* Local. A run counts as running while its progress.json was written within
 * schedule.claim_seconds by this machine's clock and, where it was written on this
 * machine, while that process lives. */
enum tsl_status tsl__run_states_read(const struct tsl_cli_results *results,
                                     struct tsl__run_states *out, struct tsl_error *err);
void tsl__run_states_release(struct tsl__run_states *states);

/* Local. Runs that have an outcome. */
size_t tsl__run_states_done(const struct tsl__run_states *states);

#endif
