/* A job with some of its runs alone. */
#include "job/job_internal.h"

void tsl_job_keep_runs(struct tsl_job *job, const unsigned char *kept) {
  int64_t count = 0;
  for (int64_t i = 0; i < job->run_count; i++) {
    if (kept[i] != 0 && count != i)
      job->runs[count] = job->runs[i];
    count += kept[i] != 0;
  }
  job->run_count = count;
}
