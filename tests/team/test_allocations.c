// ranks: 1 2
/* A run that is on its way allocates nothing: not its steps, not its log, not its
 * messages. */
#include "train_case.h"

#include "teasel/watch.h"
#include "train/sweep_track.h"

#include <errno.h>
#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>

static struct tsl_world *world;

#ifdef __SANITIZE_ADDRESS__
/* The sanitizer has its own allocator. */
static bool can_count(void) {
  return false;
}
static atomic_int counting, ours;
#else
/* malloc and its kin, counted. Those of libraries (oneDNN makes lists of arguments, MPI
 * of requests) are told from ours by where they were called from. */
static atomic_int counting, ours;
extern const char __executable_start[], etext[]; /* of the linker */
void *__libc_malloc(size_t bytes);
void *__libc_calloc(size_t count, size_t bytes);
void *__libc_realloc(void *old, size_t bytes);
void *__libc_memalign(size_t alignment, size_t bytes);
void *memalign(size_t alignment, size_t bytes);

static void count_call(const char *caller) {
  if (!counting)
    return;
  if (caller >= __executable_start && caller < etext)
    ours++;
}

__attribute__((noinline)) void *malloc(size_t bytes) {
  count_call(__builtin_return_address(0));
  return __libc_malloc(bytes);
}

__attribute__((noinline)) void *calloc(size_t count, size_t bytes) {
  count_call(__builtin_return_address(0));
  return __libc_calloc(count, bytes);
}

__attribute__((noinline)) void *realloc(void *old, size_t bytes) {
  count_call(__builtin_return_address(0));
  return __libc_realloc(old, bytes);
}

__attribute__((noinline)) void *reallocarray(void *old, size_t count, size_t bytes) {
  size_t all = 0;
  count_call(__builtin_return_address(0));
  if (!__builtin_mul_overflow(count, bytes, &all))
    return __libc_realloc(old, all);
  errno = ENOMEM;
  return NULL;
}

__attribute__((noinline)) void *memalign(size_t alignment, size_t bytes) {
  count_call(__builtin_return_address(0));
  return __libc_memalign(alignment, bytes);
}

__attribute__((noinline)) void *aligned_alloc(size_t alignment, size_t bytes) {
  count_call(__builtin_return_address(0));
  return __libc_memalign(alignment, bytes);
}

__attribute__((noinline)) int posix_memalign(void **out, size_t alignment, size_t bytes) {
  count_call(__builtin_return_address(0));
  void *made = __libc_memalign(alignment, bytes);
  if (made == NULL)
    return ENOMEM;
  *out = made;
  return 0;
}

static bool can_count(void) {
  return true;
}
#endif

enum { STEPS = 40 };

/* Between steps: counts from the end of the second to the end of the last but one. */
static enum tsl_status watch(void *context) {
  int *polls = context;
  ++*polls;
  counting = *polls >= 2 && *polls < STEPS - 1;
  return TSL_OK;
}

static void test_train__allocates_nothing_once_it_runs(void **state) {
  (void)state;
  struct train_case made;
  int polls = 0;
  case_open(&made, world,
            CASE_HEAD "train: {iterations: 40, batch: 16, shards: 8, log_every: 1}\n"
                      "seeds: [1]\nfamilies:\n  - model: beta_tcvae\n    beta: 4\n",
            case_network);
  struct tsl_team *team = tsl_world_team(world);
  struct tsl_store *store = tsl_world_rank(world) == 0 ? case_store(&made, "one") : NULL;
  assert_int_equal(tsl_team_barrier(team, NULL), TSL_OK);
  if (store == NULL)
    store = case_store(&made, "one");
  struct tsl_train_request request = case_request(&made, 0, store);
  request.poll = watch;
  request.poll_context = &polls;
  assert_int_equal(tsl_train(&request, team, NULL), TSL_OK);
  counting = 0;
  assert_true(polls >= STEPS);
  assert_int_equal(ours, 0);
  tsl_store_close(store);
  case_close(&made);
}

/* What rank 0 does about once a second, and the first member of a team every two. */
static void test_sweep__tells_how_far_it_is_without_allocating(void **state) {
  (void)state;
  enum { RUNS = 40, RANKS = 16 };
  struct train_case made;
  struct tsl_task tasks[RUNS];
  struct tsl__tracks tracks;
  struct tsl_run_progress progress = {.steps = 5, .iterations = 10, .width = 1};
  for (int i = 0; i < RUNS; i++)
    tasks[i] = (struct tsl_task){.id = i, .seconds = 100 + i % 7, .widest = 8};
  assert_int_equal(tsl__tracks_init(&tracks, tasks, RUNS, NULL), TSL_OK);
  for (int i = 0; i < RUNS; i++)
    tsl__tracks_change(&tracks, i, &(struct tsl__track){.iterations = 100});
  assert_int_equal(tsl__tracks_predicted(&tracks, RANKS, 0, NULL), TSL_OK);
  case_open(&made, world,
            CASE_HEAD "train: {iterations: 10, batch: 16}\nfamilies: [model: vae]\n",
            case_network);
  char name[16], folder[TSL_PATH_MAX];
  snprintf(name, sizeof name, "rank%d", tsl_world_rank(world));
  struct tsl_store *store = case_store(&made, name);
  const char *run = tsl_job_run(made.job, 0)->name;
  tsl_store_run_path(store, run, "", folder);
  assert_int_equal(tsl_folder_create(folder, NULL), TSL_OK);
  tsl_host_print(progress.host);
  counting = 1;
  tsl__tracks_note(&tracks, &(struct tsl__note){3, 10, 0, 9.0, 0.5});
  double first = tsl__tracks_left(&tracks);
  tracks.next_plan = 0;
  tsl__tracks_note(&tracks, &(struct tsl__note){3, 20, 0, 36.0, 0.5});
  double second = tsl__tracks_left(&tracks);
  enum tsl_status status = tsl_store_progress_write(store, run, &progress, NULL);
  counting = 0;
  assert_int_equal(status, TSL_OK);
  assert_true(isfinite(first) && second > 1.5 * first);
  assert_int_equal(ours, 0);
  tsl__tracks_release(&tracks);
  tsl_store_close(store);
  case_close(&made);
}

static void test_count__sees_every_kind_of_allocation(void **state) {
  (void)state;
  if (!can_count())
    skip();
  void *volatile made[7] = {NULL};
  void *placed = NULL;
  int before = ours;
  counting = 1;
  made[0] = malloc(100);
  made[1] = calloc(10, 10);
  made[2] = realloc(NULL, 100);
  made[3] = reallocarray(NULL, 10, 10);
  made[4] = memalign(64, 128);
  made[5] = aligned_alloc(64, 128);
  int failure = posix_memalign(&placed, 64, 128);
  counting = 0;
  made[6] = placed;
  assert_int_equal(failure, 0);
  assert_int_equal(ours, before + 7);
  for (int i = 0; i < 7; i++) {
    assert_non_null(made[i]);
    free(made[i]);
  }
}

int main(int argc, char **argv) {
  if (tsl_world_open(&argc, &argv, &world, NULL) != TSL_OK ||
      tsl_nn_start("", NULL) != TSL_OK)
    return 1;
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_train__allocates_nothing_once_it_runs),
      cmocka_unit_test(test_sweep__tells_how_far_it_is_without_allocating),
      cmocka_unit_test(test_count__sees_every_kind_of_allocation),
  };
  int failed = cmocka_run_group_tests(tests, NULL, NULL);
  tsl_world_close(world);
  return failed;
}
