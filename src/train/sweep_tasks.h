/* sweep_tasks.h - the runs of a job as tasks: which are done, and what the others cost.
 */
#ifndef TEASEL_TRAIN_SWEEP_TASKS_H
#define TEASEL_TRAIN_SWEEP_TASKS_H

#include "train/sweep_track.h"

#include "teasel/train.h"

/* Samples that the run is trained on. */
int64_t tsl__training_count(const struct tsl_dataset *dataset, const struct tsl_run *run);
/* Local, rank 0. tasks: (runs) where `done` is set. A record without weights is of a run
 * whose file was lost: it can be neither encoded nor scored, so it is trained again.
 * TSL_BAD_INPUT where the folder has runs of other kernels. */
enum tsl_status tsl__sweep_find_done(const struct tsl_sweep_request *request,
                                     struct tsl_task *tasks, struct tsl_error *err);
/* Collective on team, of all ranks. Every rank builds the graphs of some settings; then
 * all have the tasks' numbers, widths and seconds, and the tracks their iterations. */
enum tsl_status tsl__sweep_find_costs(const struct tsl_sweep_request *request,
                                      struct tsl_team *team, struct tsl_task *tasks,
                                      struct tsl__tracks *tracks, struct tsl_error *err);

#endif
