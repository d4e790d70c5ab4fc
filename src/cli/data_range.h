/* data_range.h - do the data fit what a job's runs assume? */
#ifndef TEASEL_CLI_DATA_RANGE_H
#define TEASEL_CLI_DATA_RANGE_H

#include "teasel/dataset.h"
#include "teasel/job.h"

/* Local. TSL_BAD_INPUT when a run has `reconstruction: bernoulli` and a sample holds a
 * value outside 0 to 1: cross-entropy then has no lower bound; or when one
 * has train.patience and less than a batch is held out. */
enum tsl_status tsl__data_range_check(const struct tsl_job *job,
                                      const struct tsl_dataset *dataset,
                                      struct tsl_error *err);

#endif
