/* Which samples a step sees, and that seeing them allocates nothing. */
#include "train_case.h"

#include "train/trainer.h"

static struct tsl_world *world;
static struct train_case made;

/* ---- every allocation of the process is counted, but for those of oneDNN: it makes a
 * small list of arguments at each call, and some of its kernels take room for
 * themselves, by posix_memalign ---- */
enum { SMALL_BYTES = 1024 };
#if defined(__SANITIZE_ADDRESS__)
static const bool counting = false; /* the sanitizer has an allocator of its own */
#else
static const bool counting = true;
void *__libc_malloc(size_t bytes);
void *__libc_calloc(size_t count, size_t bytes);
void *__libc_realloc(void *old, size_t bytes);
void *__libc_memalign(size_t alignment, size_t bytes);
#endif
static int64_t allocations;

#if !defined(__SANITIZE_ADDRESS__)
void *malloc(size_t bytes) {
  allocations += bytes > SMALL_BYTES;
  return __libc_malloc(bytes);
}
void *calloc(size_t count, size_t bytes) {
  allocations += count * bytes > SMALL_BYTES;
  return __libc_calloc(count, bytes);
}
void *realloc(void *old, size_t bytes) {
  allocations += bytes > SMALL_BYTES;
  return __libc_realloc(old, bytes);
}
void *aligned_alloc(size_t alignment, size_t bytes) {
  allocations += bytes > SMALL_BYTES;
  return __libc_memalign(alignment, bytes);
}
#endif

enum { COUNT = 53, BATCH = 8, BATCHES = COUNT / BATCH };

/* A trainer with what batches need. */
static void trainer_fill(struct tsl__trainer *trainer, int64_t *training,
                         int64_t *permutation, int64_t *indices, float *samples) {
  static struct tsl_train_request request;
  static struct tsl_run run;
  request = case_request(&made, 0, NULL);
  run = *request.run;
  run.options.train.batch = BATCH;
  for (int i = 0; i < COUNT; i++)
    training[i] = i + 7;
  *trainer = (struct tsl__trainer){.request = &request,
                                   .run = &run,
                                   .team = tsl_team_alone(),
                                   .training_count = COUNT,
                                   .training = training,
                                   .epoch = -1,
                                   .member_rows = BATCH,
                                   .permutation = permutation,
                                   .indices = indices,
                                   .samples = samples};
}

static void
test_batch__an_epoch_sees_no_sample_twice_and_the_next_another_order(void **state) {
  (void)state;
  static int64_t training[COUNT], permutation[COUNT], indices[BATCH];
  static float samples[BATCH * 3 * 8 * 8];
  struct tsl__trainer trainer;
  int64_t orders[3][BATCHES * BATCH];
  trainer_fill(&trainer, training, permutation, indices, samples);
  for (int epoch = 0; epoch < 3; epoch++) {
    int seen[COUNT + 7] = {0};
    for (int batch = 0; batch < BATCHES; batch++) {
      tsl__batch_fill(&trainer, epoch * BATCHES + batch);
      memcpy(&orders[epoch][batch * BATCH], indices, sizeof indices);
      for (int i = 0; i < BATCH; i++) {
        assert_true(indices[i] >= 7 && indices[i] < COUNT + 7);
        assert_int_equal(seen[indices[i]]++, 0);
      }
    }
  }
  assert_memory_not_equal(orders[0], orders[1], sizeof orders[0]);
  assert_memory_not_equal(orders[1], orders[2], sizeof orders[0]);
  /* A step is what it is, also when one comes to it from elsewhere. */
  tsl__batch_fill(&trainer, BATCHES + 2);
  assert_memory_equal(indices, &orders[1][2 * BATCH], sizeof indices);
}

static void test_batch__holds_the_samples_that_it_names(void **state) {
  (void)state;
  static int64_t training[COUNT], permutation[COUNT], indices[BATCH];
  static float samples[BATCH * 3 * 8 * 8], expected[BATCH * 3 * 8 * 8];
  struct tsl__trainer trainer;
  trainer_fill(&trainer, training, permutation, indices, samples);
  tsl__batch_fill(&trainer, 4);
  tsl_dataset_gather(made.dataset, indices, BATCH, expected);
  assert_memory_equal(samples, expected, sizeof samples);
}

/* ---- allocations ---- */

static int64_t allocations_of(const char *name, int64_t iterations) {
  struct tsl_run run = *tsl_job_run(made.job, 0);
  struct tsl_job_options options = *tsl_job_options(made.job);
  struct tsl_store *store = case_store(&made, name);
  struct tsl_train_request request = case_request(&made, 0, store);
  run.options.train.iterations = iterations;
  options.log_every = iterations - 1; /* two lines, whatever the length */
  request.run = &run;
  request.options = &options;
  int64_t before = allocations;
  assert_int_equal(tsl_train(&request, tsl_team_alone(), NULL), TSL_OK);
  tsl_store_close(store);
  return allocations - before;
}

static void test_train__a_step_allocates_no_buffers(void **state) {
  (void)state;
  /* memcheck, too, has an allocator of its own; .ci/valgrind says that it runs. */
  if (!counting || under_valgrind())
    skip();
  allocations_of("first", 20); /* libraries fill caches of their own once */
  int64_t few = allocations_of("few", 20), many = allocations_of("many", 60);
  assert_true(few > 0);
  assert_int_equal(many, few);
}

int main(int argc, char **argv) {
  if (tsl_world_open(&argc, &argv, &world, NULL) != TSL_OK ||
      tsl_nn_start("", NULL) != TSL_OK)
    return 1;
  case_open(&made, world,
            CASE_HEAD "train: {iterations: 20, batch: 16}\nseeds: [1]\n"
                      "families:\n  - model: beta_tcvae\n",
            case_network);
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(
          test_batch__an_epoch_sees_no_sample_twice_and_the_next_another_order),
      cmocka_unit_test(test_batch__holds_the_samples_that_it_names),
      cmocka_unit_test(test_train__a_step_allocates_no_buffers),
  };
  int failed = cmocka_run_group_tests(tests, NULL, NULL);
  case_close(&made);
  tsl_world_close(world);
  return failed;
}
