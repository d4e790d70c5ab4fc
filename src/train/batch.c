/* batch: which samples a step sees. One permutation of the training split an epoch, cut
 * into batches; what is left over at its end is dropped. A function of the run's seed and
 * the step alone. */
#include "train/trainer.h"

#include "teasel/random.h"

int64_t tsl_train_iterations(const struct tsl_run *run, int64_t training_count) {
  if (run->options.train.epochs == 0)
    return run->options.train.iterations;
  return run->options.train.epochs * (training_count / run->options.train.batch);
}

enum tsl_status tsl__train_check(const struct tsl_run *run, int64_t training_count,
                                 struct tsl_error *err) {
  if (training_count >= run->options.train.batch)
    return TSL_OK;
  return tsl_error_set(
      err, TSL_BAD_INPUT, "train.batch",
      "a batch of %lld is more than the %lld samples that are left for "
      "training: take a smaller batch, less score.held_out, or more data",
      (long long)run->options.train.batch, (long long)training_count);
}

void tsl__batch_fill(struct tsl__trainer *trainer, int64_t step) {
  const struct tsl_run_options *options = &trainer->run->options;
  int64_t batches = trainer->training_count / options->train.batch;
  int64_t epoch = step / batches;
  if (epoch != trainer->epoch) {
    const struct tsl_stream stream = {
        .seed = (uint64_t)options->seed, .purpose = TSL_PURPOSE_EPOCH, .sub = 0};
    tsl_random_permutation(&stream, (uint64_t)epoch, trainer->training_count,
                           trainer->permutation);
    trainer->epoch = epoch;
  }
  const int64_t *drawn = trainer->permutation + step % batches * options->train.batch +
                         tsl_team_index(trainer->team) * trainer->member_rows;
  for (int64_t i = 0; i < trainer->member_rows; i++)
    trainer->indices[i] = trainer->training[drawn[i]];
  tsl_dataset_gather(trainer->request->dataset, trainer->indices, trainer->member_rows,
                     trainer->samples);
}
