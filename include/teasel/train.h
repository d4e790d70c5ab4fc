/* train.h - stage: a run on a team -> model.h5, log.csv, record.json. */
#ifndef TEASEL_TRAIN_H
#define TEASEL_TRAIN_H

#include "teasel/dataset.h"
#include "teasel/job.h"
#include "teasel/store.h"
#include "teasel/team.h"

struct tsl_train_request {
  const struct tsl_run *run;
  const struct tsl_job_options *options;
  const struct tsl_dataset *dataset;
  struct tsl_store *store;                /* used by the team's first member only */
  enum tsl_status (*poll)(void *context); /* between steps; NULL allowed */
  void *poll_context;
};
/* Collective on team. Trains from the start to the end; a non-finite loss ends it with
 * outcome DIVERGED, which is no error. The bytes of model.h5 do not depend on the team.
 */
enum tsl_status tsl_train(const struct tsl_train_request *request, struct tsl_team *team,
                          struct tsl_error *err);
/* Local. Steps of the whole run: iterations, or epochs times batches an epoch. */
int64_t tsl_train_iterations(const struct tsl_run *run, int64_t training_count);

#endif
