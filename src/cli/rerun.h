/* rerun.h - the pieces of `teasel rerun`: which runs, where to, and what came out. */
#ifndef TEASEL_CLI_RERUN_H
#define TEASEL_CLI_RERUN_H

#include "cli/session.h"

/* Local. Which runs of the results folder are trained again, into chosen (runs of the
 * job, 0 or 1): those wanted (ended by NULL), or `sample` of the finished ones, evenly
 * spread over the job's list, or all finished ones. TSL_BAD_INPUT where a wanted run is
 * not finished, or none is. */
enum tsl_status tsl__rerun_choose(const struct tsl_store *store,
                                  const struct tsl_job *job, const char *const *wanted,
                                  int64_t sample, unsigned char *chosen,
                                  struct tsl_error *err);

/* Local. Makes an empty folder for the second results: in $TMPDIR or /tmp; beside the
 * results folder where the ranks are on several machines. Its name tells of this process.
 * path: TSL_PATH_MAX bytes. */
enum tsl_status tsl__rerun_scratch_make(const char *results, bool one_machine, char *path,
                                        struct tsl_error *err);
/* Local. Removes the folder with all that is in it. */
void tsl__rerun_scratch_remove(const char *path);
/* Local. Removes such folders in both places that are left of processes of this machine
 * that are dead. */
void tsl__rerun_scratch_sweep(const char *results);

/* Local. Compares every run of the job in both folders, prints what comes out, and
 * returns TSL_NOT_SO, without words in err, where something differs. */
enum tsl_status tsl__rerun_judge(const struct tsl_store *recorded,
                                 const struct tsl_store *again, const struct tsl_job *job,
                                 struct tsl_error *err);

#endif
