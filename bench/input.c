/* input.c - what a batch costs before the network sees it.
 *
 *   input JOB.yaml
 *
 * opens the job's data set as `teasel run` does and prints `input MS`: milliseconds of
 * the core for a batch of the first run, gathered in the order of an epoch's permutation
 * and converted to floats, with its share of making the permutation; the median over
 * three epochs. */
#include "cli/job_open.h"
#include "teasel/arena.h"
#include "teasel/dataset.h"
#include "teasel/nn.h"
#include "teasel/random.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { EPOCHS = 3 };

static double core_seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static int by_size(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* order: (count) scratch; samples: (batch, shape) */
static double measure(const struct tsl_dataset *dataset, int64_t batch, int64_t count,
                      int64_t *order, float *samples) {
  double seconds[EPOCHS];
  int64_t batches = count / batch;
  for (int epoch = 0; epoch < EPOCHS; epoch++) {
    const struct tsl_stream stream = {.seed = 1, .purpose = TSL_PURPOSE_TEST};
    double begin = core_seconds();
    tsl_random_permutation(&stream, (uint64_t)epoch, count, order);
    for (int64_t i = 0; i < batches; i++)
      tsl_dataset_gather(dataset, order + i * batch, batch, samples);
    seconds[epoch] = (core_seconds() - begin) / (double)batches;
  }
  qsort(seconds, EPOCHS, sizeof *seconds, by_size);
  return 1e3 * seconds[EPOCHS / 2];
}

static enum tsl_status run(const struct tsl_job *job, struct tsl_error *err) {
  const struct tsl_run *first = tsl_job_run(job, 0);
  int64_t batch = first->options.train.batch;
  struct tsl_dataset *dataset = NULL;
  int64_t *order = NULL;
  float *samples = NULL;
  TSL_TRY(tsl_dataset_open(tsl_job_dataset(job), &first->network->input,
                           tsl_job_options(job)->schedule.cache, tsl_team_alone(), NULL,
                           &dataset, err));
  const struct tsl_dataset_view *view = tsl_dataset_view(dataset);
  enum tsl_status status =
      tsl_allocate((void **)&order, (size_t)view->count, sizeof *order, err);
  if (status == TSL_OK)
    status =
        tsl_allocate((void **)&samples, (size_t)(batch * tsl_shape_count(&view->shape)),
                     sizeof *samples, err);
  if (status == TSL_OK)
    printf("input %.5f\n", measure(dataset, batch, view->count, order, samples));
  free(order);
  free(samples);
  tsl_dataset_close(dataset);
  return status;
}

int main(int argc, char **argv) {
  struct tsl_error err = {0};
  struct tsl_job *job = NULL;
  if (argc != 2) {
    fprintf(stderr, "usage: input JOB.yaml\n");
    return 2;
  }
  enum tsl_status status =
      tsl_cli_job_open_on(tsl_team_alone(), argv[1], NULL, 0, &job, &err);
  if (status == TSL_OK)
    status = tsl_nn_start("", &err);
  if (status == TSL_OK)
    status = run(job, &err);
  if (status != TSL_OK)
    fprintf(stderr, "input: %s: %s\n", err.where, err.text);
  tsl_job_free(job);
  return tsl_status_exit_code(status);
}
