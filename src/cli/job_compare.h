/* job_compare.h - which options of two jobs differ. */
#ifndef TEASEL_CLI_JOB_COMPARE_H
#define TEASEL_CLI_JOB_COMPARE_H

#include "teasel/job.h"

/* Local. A line for every entry of the resolved jobs that differs:
 * "options: schedule.width: auto and 2". */
enum tsl_status tsl_cli_jobs_compare(const struct tsl_job *a, const struct tsl_job *b,
                                     struct tsl_text *notes, struct tsl_error *err);

#endif
