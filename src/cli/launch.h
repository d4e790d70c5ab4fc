/* launch.h - mpirun started, watched and told to stop as a sweep needs it. */
#ifndef TEASEL_CLI_LAUNCH_H
#define TEASEL_CLI_LAUNCH_H

#include "teasel/status.h"
#include "teasel/store.h"
#include "teasel/team.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tsl__launch {
  int64_t ranks;      /* 0: as many as mpirun finds */
  int64_t restarts;   /* how often it is started again after a failure */
  bool requeue;       /* USR1 puts the SLURM job back into its queue */
  const char *mpirun; /* the program's name or path */
  const char **extra; /* (extra_count) more options for mpirun */
  size_t extra_count;
  const char *command; /* of teasel, that the ranks run */
  char **run;          /* (run_count) its arguments */
  size_t run_count;
  const char *folder; /* of the results */
};

/* Local. To be called before anything else: from now on TERM, INT, USR1, XCPU and HUP
 * (unless it is ignored) are noted, and stop what is running or what would have been
 * started. */
void tsl__launch_catch(void);

/* Local. Runs it to its end. Returns what the command would return on one machine that
 * never fails, which mpirun does not tell: TSL_INTERRUPTED, TSL_BAD_INPUT, TSL_NOT_SO, or
 * TSL_IO for any other failure. Where mpirun may have had the last word, err says that
 * the ranks have said why, and where. */
enum tsl_status tsl__launch_run(const struct tsl__launch *launch, struct tsl_error *err);

/* Local, rank 0, at the end of a command that mpirun runs: tells the launcher, where one
 * waits for it, how it ended. store NULL: there was none yet. trained: every run is, so
 * that a loss of ranks left nothing but scoring for another start. */
void tsl__launch_tell(const struct tsl_store *store, enum tsl_status status,
                      bool trained);
/* Local, the other ranks, when they end for the loss of a peer: once all have told so,
 * the launcher waits no longer for a rank 0 that stands still. Nothing for a dead one. */
void tsl__launch_left(const struct tsl_store *store, const struct tsl_world *world);

/* Local. What a process ends with that would end with `code`. In a rank of a launcher
 * it is 0: mpirun hands on none, and Open MPI 4.1 has words of its own for others. */
int tsl__launch_exit_code(int code);

/* Local. Whether the launcher that waits to be told is of this machine. */
bool tsl__launch_is_near(void);
/* Local. Whether a launcher of this machine started this rank, and is dead for certain.
 */
bool tsl__launch_is_lost(void);

/* Local. $TMPDIR, or /tmp. */
const char *tsl__launch_temporary(void);

/* Local. The words that mpirun is started with, ended by NULL; free the list. */
char **tsl__launch_words(const struct tsl__launch *launch, const char *program);

#endif
