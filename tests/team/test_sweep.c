// ranks: 1 2 4
/* The runs of a job on all ranks: each is trained once, a second start finds nothing to
 * do, and width, failures and interruptions change no byte. */
#include "train_case.h"

#include <math.h>

static struct tsl_world *world;
static struct train_case plain;

enum { RUNS = 6 };

#define FAMILIES                                                                         \
  "train: {iterations: 20, batch: 16, shards: 4}\nseeds: [0, 1, 2]\nfamilies:\n"         \
  "  - model: beta_vae\n    beta: [1, 4]\n"

static int open_plain(void **state) {
  (void)state;
  case_open(&plain, world, CASE_HEAD FAMILIES, case_network);
  return 0;
}

static int close_plain(void **state) {
  (void)state;
  case_close(&plain);
  return 0;
}

static bool is_first(void) {
  return tsl_world_rank(world) == 0;
}

struct watch {
  int started, ended, left, failed, times;
  struct tsl_sweep_progress last;
  int64_t asked, stop_at; /* stop at the stop_at-th question; 0: never */
};

static void progress(void *context, const struct tsl_sweep_progress *told) {
  struct watch *watch = context;
  assert_true(is_first());
  watch->started += told->event == TSL_SWEEP_STARTED;
  watch->ended += told->event == TSL_SWEEP_ENDED;
  watch->left += told->event == TSL_SWEEP_LEFT;
  watch->failed += told->event == TSL_SWEEP_FAILED;
  watch->times += told->event == TSL_SWEEP_TIME;
  assert_true((told->run != NULL) == (told->event != TSL_SWEEP_TIME));
  assert_int_equal(told->runs, RUNS);
  assert_int_equal(told->steps_total, RUNS * 20);
  assert_true(told->steps_done >= watch->last.steps_done);
  assert_int_equal(told->running,
                   watch->started - watch->ended - watch->left - watch->failed);
  watch->last = *told;
}

static bool stop(void *context) {
  struct watch *watch = context;
  return watch->stop_at > 0 && ++watch->asked >= watch->stop_at;
}

static enum tsl_status sweep(const struct train_case *made, const char *name,
                             struct watch *watch, struct tsl_error *err) {
  struct tsl_store *store = is_first() ? case_store(made, name) : NULL;
  assert_int_equal(tsl_team_barrier(tsl_world_team(world), NULL), TSL_OK);
  if (!is_first())
    store = case_store(made, name);
  const struct tsl_sweep_request request = {.job = made->job,
                                            .dataset = made->dataset,
                                            .store = store,
                                            .progress = progress,
                                            .stop = stop,
                                            .context = watch};
  enum tsl_status status = tsl_sweep_run(&request, world, err);
  tsl_store_close(store);
  assert_int_equal(tsl_team_barrier(tsl_world_team(world), NULL), TSL_OK);
  return status;
}

static int finished_count(const struct train_case *made, const char *name) {
  struct tsl_store *store = case_store(made, name);
  int finished = 0;
  for (size_t i = 0; i < RUNS; i++) {
    struct tsl_record record = {0};
    assert_int_equal(
        tsl_store_record_read(store, tsl_job_run(made->job, i)->name, &record, NULL),
        TSL_OK);
    finished += record.outcome == TSL_OUTCOME_FINISHED && record.steps == 20;
  }
  tsl_store_close(store);
  return finished;
}

static void test_sweep__trains_every_run_once(void **state) {
  (void)state;
  struct watch watch = {0}, again = {0};
  assert_int_equal(sweep(&plain, "auto", &watch, NULL), TSL_OK);
  assert_int_equal(finished_count(&plain, "auto"), RUNS);
  if (is_first()) {
    assert_int_equal(watch.started, RUNS);
    assert_int_equal(watch.ended, RUNS);
    assert_int_equal(watch.last.finished, RUNS);
    assert_int_equal(watch.last.steps_done, RUNS * 20);
    assert_true(watch.last.seconds_left == 0);
  }
  assert_int_equal(sweep(&plain, "auto", &again, NULL), TSL_OK);
  assert_int_equal(again.started, 0);
}

static void compare_all(const struct train_case *made, const char *other) {
  struct tsl_store *a = case_store(&plain, "auto");
  struct tsl_store *b = case_store(made, other);
  for (size_t i = 0; i < RUNS; i++) {
    case_equal(a, b, tsl_job_run(plain.job, i), "model.h5");
    case_equal(a, b, tsl_job_run(plain.job, i), "log.csv");
  }
  tsl_store_close(a);
  tsl_store_close(b);
}

static void test_sweep__trains_a_run_without_weights_again(void **state) {
  (void)state;
  struct watch watch = {0}, again = {0};
  assert_int_equal(sweep(&plain, "lost", &watch, NULL), TSL_OK);
  if (is_first()) {
    struct tsl_store *store = case_store(&plain, "lost");
    char path[TSL_PATH_MAX];
    tsl_store_run_path(store, tsl_job_run(plain.job, 1)->name, "model.h5", path);
    assert_int_equal(unlink(path), 0);
    tsl_store_close(store);
  }
  assert_int_equal(sweep(&plain, "lost", &again, NULL), TSL_OK);
  if (is_first()) {
    assert_int_equal(again.started, 1);
    compare_all(&plain, "lost");
  }
}

static void test_sweep__a_forced_width_changes_no_byte(void **state) {
  (void)state;
  int size = tsl_world_size(world);
  struct train_case made;
  char job[1024];
  snprintf(job, sizeof job,
           "name: case\ndataset: ./data.yaml\nnetwork: ./network.yaml\nlatent: 4\n"
           "schedule: {cache: cache, width: %d}\n" FAMILIES,
           size);
  case_open(&made, world, job, case_network);
  struct watch watch = {0};
  assert_int_equal(sweep(&made, "wide", &watch, NULL), TSL_OK);
  if (is_first()) {
    assert_int_equal(watch.last.width, size);
    compare_all(&made, "wide");
  }
  case_close(&made);
}

static void test_sweep__more_width_than_ranks_is_bad_input(void **state) {
  (void)state;
  struct train_case made;
  case_open(&made, world,
            "name: case\ndataset: ./data.yaml\nnetwork: ./network.yaml\nlatent: 4\n"
            "schedule: {cache: cache, width: 8}\n" FAMILIES,
            case_network);
  struct watch watch = {0};
  struct tsl_error err = {0};
  assert_int_equal(sweep(&made, "too-wide", &watch, &err), TSL_BAD_INPUT);
  assert_string_equal(err.where, "schedule.width");
  assert_int_equal(watch.started, 0);
  case_close(&made);
}

static void test_sweep__goes_on_after_an_interruption_of_any_rank(void **state) {
  (void)state;
  const int askers[] = {0, tsl_world_size(world) - 1};
  for (int i = 0; i < 2; i++) {
    char name[32];
    snprintf(name, sizeof name, "interrupted-%d", i);
    struct watch watch = {.stop_at = tsl_world_rank(world) == askers[i] ? 15 : 0};
    struct watch again = {0};
    assert_int_equal(sweep(&plain, name, &watch, NULL), TSL_INTERRUPTED);
    int before = finished_count(&plain, name);
    assert_true(before < RUNS);
    assert_int_equal(tsl_team_barrier(tsl_world_team(world), NULL), TSL_OK);
    assert_int_equal(sweep(&plain, name, &again, NULL), TSL_OK);
    if (is_first()) {
      assert_int_equal(again.started, RUNS - before);
      compare_all(&plain, name);
    }
  }
}

static void test_sweep__a_failing_run_keeps_no_other_from_being_trained(void **state) {
  (void)state;
  const char *blocked = tsl_job_run(plain.job, 2)->name;
  char path[TSL_PATH_MAX] = "";
  if (is_first()) {
    struct tsl_store *store = case_store(&plain, "failing");
    tsl_store_run_path(store, blocked, "model.h5", path);
    assert_int_equal(tsl_folder_create(path, NULL), TSL_OK);
    tsl_store_close(store);
  }
  struct watch watch = {0}, again = {0};
  struct tsl_error err = {0};
  assert_int_equal(sweep(&plain, "failing", &watch, &err), TSL_IO);
  assert_non_null(strstr(err.where, blocked));
  assert_int_equal(finished_count(&plain, "failing"), RUNS - 1);
  if (is_first()) {
    assert_int_equal(watch.failed, 1);
    assert_int_equal(watch.last.failed, 1);
    assert_int_equal(rmdir(path), 0);
  }
  assert_int_equal(tsl_team_barrier(tsl_world_team(world), NULL), TSL_OK);
  assert_int_equal(sweep(&plain, "failing", &again, NULL), TSL_OK);
  if (is_first()) {
    assert_int_equal(again.started, 1);
    compare_all(&plain, "failing");
  }
}

int main(int argc, char **argv) {
  if (tsl_world_open(&argc, &argv, &world, NULL) != TSL_OK ||
      tsl_nn_start("", NULL) != TSL_OK)
    return 1;
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_sweep__trains_every_run_once),
      cmocka_unit_test(test_sweep__trains_a_run_without_weights_again),
      cmocka_unit_test(test_sweep__a_forced_width_changes_no_byte),
      cmocka_unit_test(test_sweep__more_width_than_ranks_is_bad_input),
      cmocka_unit_test(test_sweep__goes_on_after_an_interruption_of_any_rank),
      cmocka_unit_test(test_sweep__a_failing_run_keeps_no_other_from_being_trained),
  };
  int failed = cmocka_run_group_tests(tests, open_plain, close_plain);
  tsl_world_close(world);
  return failed;
}
