// ranks: 4
/* A run that was interrupted or lost goes on from its checkpoint at any width, and gives
 * the bytes of one that was never disturbed. */
#include "train_case.h"

static struct tsl_world *world;
static uint32_t epoch;

enum { STEPS = 40 };

#define JOB(more)                                                                        \
  "name: case\ndataset: ./data.yaml\nnetwork: ./network.yaml\nlatent: 4\n"               \
  "schedule: {cache: cache}\n"                                                           \
  "train: {iterations: 40, batch: 16, shards: 8, log_every: 3, "                         \
  "checkpoint_seconds: 0" more "}\nseeds: [1]\nfamilies:\n"

static bool is_first(void) {
  return tsl_world_rank(world) == 0;
}

/* Stops this member after `after` of its polls with `status`. */
struct breaking {
  int member; /* world rank that stops; -1: nobody */
  int64_t after, polls;
  enum tsl_status status;
};

static enum tsl_status poll_and_break(void *context) {
  struct breaking *breaking = context;
  breaking->polls++;
  return breaking->member == tsl_world_rank(world) && breaking->polls >= breaking->after
             ? breaking->status
             : TSL_OK;
}

/* Collective on the world. Trains run 0 on the first `width` ranks into the results
 * folder `name`. */
static void train_on(const struct train_case *made, const char *name, int width,
                     struct breaking breaking) {
  static const int ranks[] = {0, 1, 2, 3};
  epoch++;
  if (tsl_world_rank(world) < width) {
    struct tsl_team *team = NULL;
    struct tsl_error err = {0};
    assert_int_equal(tsl_team_create(world, ranks, width, epoch, &team, NULL), TSL_OK);
    struct tsl_store *store = case_store(made, name);
    struct tsl_train_request request = case_request(made, 0, store);
    request.poll = poll_and_break;
    request.poll_context = &breaking;
    enum tsl_status status = tsl_train(&request, team, &err);
    if (status != breaking.status)
      fail_msg("%s: %s", err.where, err.text);
    tsl_store_close(store);
    tsl_team_free(team);
  }
  assert_int_equal(tsl_team_barrier(tsl_world_team(world), NULL), TSL_OK);
}

static const struct breaking nobody = {.member = -1, .status = TSL_OK};

static int64_t step_of(const struct train_case *made, const char *name, int generation) {
  struct tsl_store *store = case_store(made, name);
  struct tsl_checkpoint checkpoint;
  assert_int_equal(tsl_store_checkpoint_read(store, tsl_job_run(made->job, 0)->name,
                                             generation, &checkpoint, NULL),
                   TSL_OK);
  int64_t step = checkpoint.step;
  tsl_checkpoint_release(&checkpoint);
  tsl_store_close(store);
  return step;
}

static void compare(const struct train_case *made, const char *name, const char *other) {
  if (!is_first())
    return;
  const struct tsl_run *run = tsl_job_run(made->job, 0);
  struct tsl_store *a = case_store(made, name), *b = case_store(made, other);
  struct tsl_record first, second;
  case_equal(a, b, run, "model.h5");
  case_equal(a, b, run, "log.csv");
  assert_int_equal(tsl_store_record_read(a, run->name, &first, NULL), TSL_OK);
  assert_int_equal(tsl_store_record_read(b, run->name, &second, NULL), TSL_OK);
  assert_int_equal(first.outcome, second.outcome);
  assert_int_equal(first.steps, second.steps);
  assert_int_equal(first.informative, second.informative);
  assert_int_equal(first.term_count, second.term_count);
  for (int i = 0; i < first.term_count; i++)
    assert_true(first.terms[i].value == second.terms[i].value);
  tsl_store_close(a);
  tsl_store_close(b);
  assert_int_equal(step_of(made, name, 0), -1);
  assert_int_equal(step_of(made, other, 0), -1);
  assert_int_equal(step_of(made, other, 1), -1);
}

/* Interrupted by different members at different steps, on 2, 4, 1 and again 4 ranks. */
static void check_interruptions(const char *job, const char *network) {
  struct train_case made;
  case_open(&made, world, job, network);
  train_on(&made, "whole", 1, nobody);
  train_on(&made, "parts", 2, (struct breaking){1, 7, 0, TSL_INTERRUPTED});
  if (is_first())
    assert_int_equal(step_of(&made, "parts", 0), 8); /* heard with the next step */
  train_on(&made, "parts", 4, (struct breaking){3, 5, 0, TSL_INTERRUPTED});
  if (is_first())
    assert_int_equal(step_of(&made, "parts", 0), 14);
  train_on(&made, "parts", 1, (struct breaking){0, 6, 0, TSL_INTERRUPTED});
  if (is_first())
    assert_int_equal(step_of(&made, "parts", 0), 20);
  train_on(&made, "parts", 4, nobody);
  compare(&made, "whole", "parts");
  case_close(&made);
}

static void test_resume__at_any_width_gives_the_bytes_of_a_whole_run(void **state) {
  (void)state;
  check_interruptions(JOB("") "  - model: c_beta_vae\n    beta: 10\n    capacity: 2\n"
                              "    capacity_steps: 30\n",
                      case_network);
}

static void test_resume__keeps_running_statistics_and_momentum(void **state) {
  (void)state;
  check_interruptions(
      JOB(", optimizer: sgd, learning_rate: 1.0e-3, momentum: 0.9") "  - model: "
                                                                    "beta_vae\n    beta: "
                                                                    "2\n    "
                                                                    "reconstruction: "
                                                                    "squared_error\n",
      case_network_norm);
  check_interruptions(JOB(", optimizer: adamax") "  - model: beta_tcvae\n    beta: 6\n",
                      case_network_norm);
}

/* As after a kill: nothing is written when it happens, so the run goes on from what was
 * kept before. */
static void test_resume__after_a_failure_takes_the_last_that_was_kept(void **state) {
  (void)state;
  struct train_case made;
  case_open(&made, world, JOB("") "  - model: vae\n", case_network);
  train_on(&made, "whole", 4, nobody);
  train_on(&made, "lost", 4, (struct breaking){2, 20, 0, TSL_LIBRARY});
  if (is_first()) {
    assert_int_equal(step_of(&made, "lost", 0), 20);
    assert_int_equal(step_of(&made, "lost", 1), 19);
  }
  train_on(&made, "lost", 2, nobody);
  compare(&made, "whole", "lost");
  case_close(&made);
}

static void damage(const struct train_case *made, const char *name, int generation) {
  char path[TSL_PATH_MAX];
  struct tsl_store *store = case_store(made, name);
  tsl_store_checkpoint_path(store, tsl_job_run(made->job, 0)->name, generation, path);
  assert_int_equal(truncate(path, 2000), 0);
  tsl_store_close(store);
}

static void test_resume__goes_around_damaged_checkpoints(void **state) {
  (void)state;
  struct train_case made;
  case_open(&made, world, JOB("") "  - model: vae\n", case_network);
  train_on(&made, "whole", 1, nobody);
  for (int bad = 1; bad <= 2; bad++) { /* the newest; both */
    char name[16];
    snprintf(name, sizeof name, "damaged-%d", bad);
    train_on(&made, name, 2, (struct breaking){0, 10, 0, TSL_INTERRUPTED});
    for (int i = 0; i < bad && is_first(); i++)
      damage(&made, name, i);
    train_on(&made, name, 4, (struct breaking){0, 3, 0, TSL_INTERRUPTED});
    if (is_first())
      assert_int_equal(step_of(&made, name, 0), bad == 1 ? 10 + 4 : 4);
    train_on(&made, name, 1, nobody);
    compare(&made, "whole", name);
  }
  case_close(&made);
}

static void test_resume__with_other_kernels_is_refused_on_all(void **state) {
  (void)state;
  struct train_case made;
  struct tsl_error err = {0};
  case_open(&made, world, JOB("") "  - model: vae\n", case_network);
  train_on(&made, "kernels", 2, (struct breaking){0, 10, 0, TSL_INTERRUPTED});
  const struct tsl_run *run = tsl_job_run(made.job, 0);
  struct tsl_store *store = case_store(&made, "kernels");
  if (is_first()) {
    struct tsl_checkpoint checkpoint;
    assert_int_equal(tsl_store_checkpoint_read(store, run->name, 0, &checkpoint, NULL),
                     TSL_OK);
    strcpy(checkpoint.kernels, "oneDNN 9 riscv");
    assert_int_equal(tsl_store_checkpoint_write(store, run->name, &checkpoint, NULL),
                     TSL_OK);
    tsl_checkpoint_release(&checkpoint);
  }
  assert_int_equal(tsl_team_barrier(tsl_world_team(world), NULL), TSL_OK);
  struct tsl_train_request request = case_request(&made, 0, store);
  assert_int_equal(tsl_train(&request, tsl_world_team(world), &err), TSL_BAD_INPUT);
  assert_string_equal(err.where, "schedule.isa");
  assert_non_null(strstr(err.text, "riscv"));
  tsl_store_close(store);
  if (is_first())
    assert_int_equal(step_of(&made, "kernels", 0), 11);
  case_close(&made);
}

int main(int argc, char **argv) {
  if (tsl_world_open(&argc, &argv, &world, NULL) != TSL_OK ||
      tsl_nn_start("", NULL) != TSL_OK)
    return 1;
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_resume__at_any_width_gives_the_bytes_of_a_whole_run),
      cmocka_unit_test(test_resume__keeps_running_statistics_and_momentum),
      cmocka_unit_test(test_resume__after_a_failure_takes_the_last_that_was_kept),
      cmocka_unit_test(test_resume__goes_around_damaged_checkpoints),
      cmocka_unit_test(test_resume__with_other_kernels_is_refused_on_all),
  };
  int failed = cmocka_run_group_tests(tests, NULL, NULL);
  tsl_world_close(world);
  return failed;
}
