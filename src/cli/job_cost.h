/* job_cost.h - what the runs of a job ask for: time on one rank, memory. */
#ifndef TEASEL_CLI_JOB_COST_H
#define TEASEL_CLI_JOB_COST_H

#include "teasel/job.h"
#include "teasel/schedule.h"
#include "teasel/train.h"

struct tsl__job_cost {
  /* Given. */
  struct tsl_job *job; /* borrowed; its runs are named where the data is looked at */
  double gflops;       /* speed of one rank; 0: measured here, for about a second */
  bool ids;            /* open the data set also where nothing but the names needs it */
  /* Found. */
  int64_t training_count;
  struct tsl_train_cost *costs; /* (settings) */
  struct tsl_task *tasks;       /* (runs) their seconds on one rank */
  double speed;                 /* operations a second of one rank */
  bool measured;
  size_t memory; /* bytes of a rank beside the data, at most */
};
/* Local. Starts the engine. Release it also after an error. */
enum tsl_status tsl__job_cost_find(struct tsl__job_cost *job_cost, struct tsl_error *err);
void tsl__job_cost_release(struct tsl__job_cost *job_cost);

#endif
