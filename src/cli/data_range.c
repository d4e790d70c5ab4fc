#include "cli/data_range.h"

#include "teasel/train.h"

enum tsl_status tsl__data_range_check(const struct tsl_job *job,
                                      const struct tsl_dataset *dataset,
                                      struct tsl_error *err) {
  const struct tsl_dataset_view *view = tsl_dataset_view(dataset);
  const struct tsl_value_range *range = &view->range;
  bool bernoulli = false;
  for (size_t i = 0; i < tsl_job_run_count(job); i++) {
    const struct tsl_run *run = tsl_job_run(job, i);
    int64_t held_out = tsl_dataset_held_out(dataset, run->options.held_out);
    TSL_TRY(tsl_train_held_out_check(run, held_out, err));
  }
  for (size_t i = 0; i < tsl_job_run_count(job) && !bernoulli; i++)
    bernoulli =
        tsl_job_run(job, i)->options.reconstruction == TSL_RECONSTRUCTION_BERNOULLI;
  if (!bernoulli || range->outside == 0)
    return TSL_OK;
  return tsl_error_set(
      err, TSL_BAD_INPUT, tsl_job_dataset(job)->file,
      "sample %lld of data set %s holds the value %.9g (all values lie from %.9g to "
      "%.9g), but `reconstruction: bernoulli` takes 0 to 1; scale the data to 0 to 1, or "
      "set reconstruction to squared_error or gaussian",
      (long long)range->outside_sample, view->name, (double)range->outside,
      (double)range->least, (double)range->most);
}
