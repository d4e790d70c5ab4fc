// ranks: 4
/* Stopping early: when, with which weights, and that width and interruptions change no
 * byte of it. */
#include "train_case.h"

#include <math.h>

static struct tsl_world *world;
static uint32_t epoch;

enum { PATIENCE = 3, EVERY = 4, ITERATIONS = 400 };

#define TRAIN(more)                                                                      \
  "name: case\ndataset: ./data.yaml\nnetwork: ./network.yaml\nlatent: 4\n"               \
  "schedule: {cache: cache}\nscore.held_out: 0.3\n"                                      \
  "train: {batch: 16, shards: 8, log_every: 7, "                                         \
  "learning_rate: 0.02, " more "}\nseeds: [1]\nfamilies:\n  - model: beta_vae\n"         \
  "    beta: 2\n"
#define PATIENT "iterations: 400, patience: 3, evaluate_every: 4"

static bool is_first(void) {
  return tsl_world_rank(world) == 0;
}

/* Interrupts the first member after so many polls; 0: never. */
struct breaking {
  int64_t after, polls;
};

static enum tsl_status poll_and_break(void *context) {
  struct breaking *breaking = context;
  breaking->polls++;
  return breaking->after > 0 && breaking->polls >= breaking->after ? TSL_INTERRUPTED
                                                                   : TSL_OK;
}

/* Collective on the world. Run 0 on the first `width` ranks into the folder `name`. */
static void train_on(const struct train_case *made, const char *name, int width,
                     int64_t break_after) {
  static const int ranks[] = {0, 1, 2, 3};
  epoch++;
  if (tsl_world_rank(world) < width) {
    struct breaking breaking = {.after = is_first() ? break_after : 0};
    struct tsl_team *team = NULL;
    struct tsl_error err = {0};
    assert_int_equal(tsl_team_create(world, ranks, width, epoch, &team, NULL), TSL_OK);
    struct tsl_store *store = case_store(made, name);
    struct tsl_train_request request = case_request(made, 0, store);
    request.poll = poll_and_break;
    request.poll_context = &breaking;
    enum tsl_status status = tsl_train(&request, team, &err);
    if (status != (break_after > 0 ? TSL_INTERRUPTED : TSL_OK))
      fail_msg("%s: %s", err.where, err.text);
    tsl_store_close(store);
    tsl_team_free(team);
  }
  assert_int_equal(tsl_team_barrier(tsl_world_team(world), NULL), TSL_OK);
}

static void read_record(const struct train_case *made, const char *name,
                        struct tsl_record *record) {
  struct tsl_store *store = case_store(made, name);
  assert_int_equal(
      tsl_store_record_read(store, tsl_job_run(made->job, 0)->name, record, NULL),
      TSL_OK);
  tsl_store_close(store);
}

static void compare(const struct train_case *made, const char *name, const char *other) {
  if (!is_first())
    return;
  const struct tsl_run *run = tsl_job_run(made->job, 0);
  struct tsl_store *a = case_store(made, name), *b = case_store(made, other);
  struct tsl_record first, second;
  case_equal(a, b, run, "model.h5");
  case_equal(a, b, run, "log.csv");
  read_record(made, name, &first);
  read_record(made, other, &second);
  assert_int_equal(first.ended, second.ended);
  assert_int_equal(first.steps, second.steps);
  assert_int_equal(first.weights_of_step, second.weights_of_step);
  for (int i = 0; i < first.term_count; i++)
    assert_true(first.terms[i].value == second.terms[i].value);
  tsl_store_close(a);
  tsl_store_close(b);
}

/* Of the log's held-out losses: the best one's step, and how many follow it. */
struct losses {
  int64_t best_step, after, count;
};

static struct losses read_losses(const struct train_case *made, const char *name) {
  struct tsl_store *store = case_store(made, name);
  struct tsl_table table;
  struct losses losses = {0};
  double best = (double)INFINITY;
  assert_int_equal(
      tsl_store_log_read(store, tsl_job_run(made->job, 0)->name, &table, NULL), TSL_OK);
  int column = table.columns - 1;
  assert_string_equal(table.names[column], "held_out");
  for (int64_t i = 0; i < table.rows; i++) {
    const double *row = table.values + i * table.columns;
    int64_t taken = (int64_t)row[0] + 1;
    assert_true(isnan(row[column]) == (taken % EVERY != 0));
    if (isnan(row[column]))
      continue;
    losses.count++;
    losses.after++;
    if (row[column] < best) {
      best = row[column];
      losses.best_step = taken;
      losses.after = 0;
    }
  }
  tsl_table_release(&table);
  tsl_store_close(store);
  return losses;
}

/* model.h5 of the patient run and of one that was told to take just so many steps. */
static void check_weights(const struct train_case *patient, const char *network,
                          int64_t steps) {
  struct train_case told;
  char job[1024], more[64];
  snprintf(more, sizeof more, "iterations: %lld", (long long)steps);
  snprintf(job, sizeof job, TRAIN("%s"), more);
  case_open(&told, world, job, network);
  train_on(&told, "told", 1, 0);
  if (is_first()) {
    size_t count = 0, other_count = 0;
    struct tsl_store *store = case_store(&told, "told");
    struct tsl_store *other = case_store(patient, "alone");
    char *bytes = case_file(store, tsl_job_run(told.job, 0), "model.h5", &count);
    char *wanted =
        case_file(other, tsl_job_run(patient->job, 0), "model.h5", &other_count);
    assert_int_equal(count, other_count);
    assert_memory_equal(bytes, wanted, count);
    free(bytes);
    free(wanted);
    tsl_store_close(store);
    tsl_store_close(other);
  }
  case_close(&told);
}

static void check_patience(const char *network) {
  struct train_case made;
  struct tsl_record record;
  case_open(&made, world, TRAIN(PATIENT), network);
  train_on(&made, "alone", 1, 0);
  read_record(&made, "alone", &record);
  struct losses losses = read_losses(&made, "alone");
  assert_int_equal(record.ended, TSL_ENDED_PATIENCE);
  assert_true(record.steps < ITERATIONS);
  assert_int_equal(record.weights_of_step, losses.best_step);
  assert_int_equal(record.steps, losses.best_step + PATIENCE * EVERY);
  assert_int_equal(losses.after, PATIENCE);
  assert_int_equal(losses.count, record.steps / EVERY);
  check_weights(&made, network, record.weights_of_step);
  train_on(&made, "four", 4, 0);
  compare(&made, "alone", "four");
  /* Interrupted at some steps, at last behind the best evaluation, so that the weights
   * that are kept come from the checkpoint. */
  train_on(&made, "parts", 2, 9);
  train_on(&made, "parts", 4, 6);
  for (int i = 0; i < 100; i++) {
    struct tsl_store *store = case_store(&made, "parts");
    struct tsl_checkpoint checkpoint;
    assert_int_equal(tsl_store_checkpoint_read(store, tsl_job_run(made.job, 0)->name, 0,
                                               &checkpoint, NULL),
                     TSL_OK);
    int64_t step = checkpoint.step;
    tsl_checkpoint_release(&checkpoint);
    tsl_store_close(store);
    assert_int_equal(tsl_team_barrier(tsl_world_team(world), NULL), TSL_OK);
    if (step > losses.best_step)
      break;
    /* evaluations poll, too: one more poll a batch */
    train_on(&made, "parts", 1, losses.best_step - step + 2);
  }
  train_on(&made, "parts", 2, 0);
  compare(&made, "alone", "parts");
  case_close(&made);
}

static void test_patience__keeps_the_best_weights_at_any_width(void **state) {
  (void)state;
  check_patience(case_network);
}

/* Evaluating must leave running statistics and dropout of the training alone. */
static void test_patience__disturbs_no_training(void **state) {
  (void)state;
  check_patience(case_network_norm);
}

static void test_patience__that_is_never_exhausted_takes_all_steps(void **state) {
  (void)state;
  struct train_case made;
  struct tsl_record record;
  case_open(&made, world, TRAIN("iterations: 18, patience: 100, evaluate_every: 4"),
            case_network);
  train_on(&made, "all", 2, 0);
  read_record(&made, "all", &record);
  assert_int_equal(record.ended, TSL_ENDED_ITERATIONS);
  assert_int_equal(record.steps, 18);
  assert_true(record.weights_of_step > 0);
  case_close(&made);
}

static void test_patience__needs_a_batch_of_held_out_samples(void **state) {
  (void)state;
  struct train_case made;
  struct tsl_error err = {0};
  case_open(&made, world,
            CASE_HEAD "score.held_out: 0.1\ntrain: {iterations: 9, batch: 16, patience: "
                      "1}\nseeds: [1]\nfamilies:\n  - model: vae\n",
            case_network);
  struct tsl_store *store = is_first() ? case_store(&made, "few") : NULL;
  assert_int_equal(tsl_team_barrier(tsl_world_team(world), NULL), TSL_OK);
  store = store != NULL ? store : case_store(&made, "few");
  struct tsl_train_request request = case_request(&made, 0, store);
  assert_int_equal(tsl_train(&request, tsl_world_team(world), &err), TSL_BAD_INPUT);
  assert_string_equal(err.where, "train.patience");
  assert_non_null(strstr(err.text, "12 are held out"));
  tsl_store_close(store);
  case_close(&made);
}

int main(int argc, char **argv) {
  if (tsl_world_open(&argc, &argv, &world, NULL) != TSL_OK ||
      tsl_nn_start("", NULL) != TSL_OK)
    return 1;
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_patience__keeps_the_best_weights_at_any_width),
      cmocka_unit_test(test_patience__disturbs_no_training),
      cmocka_unit_test(test_patience__that_is_never_exhausted_takes_all_steps),
      cmocka_unit_test(test_patience__needs_a_batch_of_held_out_samples),
  };
  int failed = cmocka_run_group_tests(tests, NULL, NULL);
  tsl_world_close(world);
  return failed;
}
