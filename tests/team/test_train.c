// ranks: 1 2 4
/* One run on the team of all ranks: what it writes, and that a member's failure or
 * interruption is everybody's. */
#include "board.h"
#include "train_case.h"

#include <math.h>
#include <sys/stat.h>

static struct tsl_world *world;
static struct train_case plain; /* a c_beta_vae of 15 steps */

#define JOB                                                                              \
  CASE_HEAD "train: {iterations: 15, batch: 16, shards: 8, log_every: 4}\nseeds: [1]\n"  \
            "families:\n  - model: c_beta_vae\n    beta: 10\n    capacity: 2\n"          \
            "    capacity_steps: 8\n"

static int open_plain(void **state) {
  (void)state;
  case_open(&plain, world, JOB, case_network);
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

/* Rank 0 makes the folder before the others look at it. */
static struct tsl_store *open_store(const struct train_case *made, const char *name) {
  struct tsl_store *store = is_first() ? case_store(made, name) : NULL;
  assert_int_equal(tsl_team_barrier(tsl_world_team(world), NULL), TSL_OK);
  return is_first() ? store : case_store(made, name);
}

static void train(const struct train_case *made, struct tsl_store *store) {
  struct tsl_train_request request = case_request(made, 0, store);
  struct tsl_error err = {0};
  if (tsl_train(&request, tsl_world_team(world), &err) != TSL_OK)
    fail_msg("%s: %s", err.where, err.text);
}

static void read_record(const struct train_case *made, const struct tsl_store *store,
                        struct tsl_record *record) {
  memset(record, 0, sizeof *record);
  assert_int_equal(
      tsl_store_record_read(store, tsl_job_run(made->job, 0)->name, record, NULL),
      TSL_OK);
}

static void
test_train__logs_the_terms_the_kl_of_each_latent_and_the_capacity(void **state) {
  (void)state;
  struct tsl_store *store = open_store(&plain, "log");
  train(&plain, store);
  if (is_first()) {
    static const char *const names[] = {
        "step", "total", "reconstruction", "kl",          "kl_0",
        "kl_1", "kl_2",  "kl_3",           "informative", "capacity"};
    const int64_t steps[] = {0, 4, 8, 12, 14};
    struct tsl_table table;
    assert_int_equal(
        tsl_store_log_read(store, tsl_job_run(plain.job, 0)->name, &table, NULL), TSL_OK);
    assert_int_equal(table.columns, 10);
    assert_int_equal(table.rows, 5);
    for (int i = 0; i < table.columns; i++)
      assert_string_equal(table.names[i], names[i]);
    for (int64_t i = 0; i < table.rows; i++) {
      const double *row = table.values + i * table.columns;
      double kl = row[4] + row[5] + row[6] + row[7];
      int informative = 0;
      for (int k = 4; k < 8; k++)
        informative += row[k] > tsl_job_options(plain.job)->udr.informative_kl;
      assert_true(row[0] == (double)steps[i]);
      assert_true(fabs(kl - row[3]) < 1e-4 * (1 + kl));
      assert_true(row[8] == informative);
      assert_true(row[9] == 2 * fmin(1, (double)steps[i] / 8));
      double total = row[2] + 10 * fabs(row[3] - row[9]);
      assert_true(fabs(total - row[1]) < 1e-5 * total);
    }
    tsl_table_release(&table);
  }
  tsl_store_close(store);
}

/* The weights of model.h5 in a graph of their own. */
static void load(const struct tsl_store *store, struct tsl_model *model) {
  const struct tsl_run *run = tsl_job_run(plain.job, 0);
  struct tsl_array *params = NULL;
  size_t count = 0;
  assert_int_equal(tsl_model_create(run, 100, 15, model, NULL), TSL_OK);
  assert_int_equal(tsl_store_model_read(store, run->name, &params, &count, NULL), TSL_OK);
  assert_int_equal(count, tsl_graph_param_count(model->graph));
  for (int i = 0; i < tsl_graph_param_count(model->graph); i++) {
    const char *name = tsl_graph_param(model->graph, i)->name;
    size_t at = 0;
    while (at < count && strcmp(params[at].name, name) != 0)
      at++;
    assert_true(at < count);
    tsl_graph_param_set(model->graph, i, params[at].data);
  }
  for (size_t i = 0; i < count; i++)
    tsl_array_release(&params[i]);
  free(params);
}

static void test_train__records_the_held_out_terms_of_the_final_weights(void **state) {
  (void)state;
  struct tsl_store *store = open_store(&plain, "record");
  train(&plain, store);
  if (is_first()) {
    enum { POINTS = 12, LATENT = 4, PIXELS = 3 * 8 * 8 };
    static float samples[POINTS * PIXELS], mean[POINTS * LATENT], log[POINTS * LATENT];
    static float loss[POINTS];
    struct tsl_model model;
    struct tsl_record record;
    double kl = 0, reconstruction = 0;
    assert_int_equal(tsl_dataset_held_out(plain.dataset, 0.1), POINTS);
    load(store, &model);
    tsl_dataset_gather(plain.dataset, tsl_dataset_order(plain.dataset), POINTS, samples);
    const struct tsl_feed feeds[] = {{model.values.input, samples},
                                     {model.values.code, mean}};
    const struct tsl_fetch heads[] = {{model.values.mean, mean},
                                      {model.values.log_variance, log}};
    const struct tsl_fetch losses[] = {{model.values.reconstruction, loss}};
    assert_int_equal(tsl_graph_compute(model.graph, feeds, 1, heads, 2, POINTS, NULL),
                     TSL_OK);
    assert_int_equal(tsl_graph_compute(model.graph, feeds, 2, losses, 1, POINTS, NULL),
                     TSL_OK);
    for (int i = 0; i < POINTS; i++)
      reconstruction += (double)loss[i] / POINTS;
    for (int i = 0; i < POINTS * LATENT; i++)
      kl += 0.5 *
            ((double)(mean[i] * mean[i]) + exp((double)log[i]) - 1 - (double)log[i]) /
            POINTS;
    read_record(&plain, store, &record);
    assert_int_equal(record.outcome, TSL_OUTCOME_FINISHED);
    assert_int_equal(record.steps, 15);
    assert_int_equal(record.width, tsl_world_size(world));
    assert_string_equal(record.kernels, tsl_nn_kernel_set());
    assert_int_equal(record.term_count, 2);
    assert_string_equal(record.terms[0].name, "reconstruction");
    assert_true(fabs(record.terms[0].value - reconstruction) < 1e-6 * reconstruction);
    assert_string_equal(record.terms[1].name, "kl");
    assert_true(fabs(record.terms[1].value - kl) < 1e-5 * kl);
    tsl_model_release(&model);
  }
  tsl_store_close(store);
}

static void test_train__epochs_are_counted_in_whole_batches(void **state) {
  (void)state;
  struct train_case made;
  /* 120 tubers, 12 held out, 108 = 6 batches of 16 and 12 that are dropped. */
  case_open(&made, world,
            CASE_HEAD "train: {epochs: 2, batch: 16}\nseeds: [1]\n"
                      "families:\n  - model: vae\n",
            case_network);
  struct tsl_store *store = open_store(&made, "epochs");
  train(&made, store);
  struct tsl_record record;
  if (is_first()) {
    read_record(&made, store, &record);
    assert_int_equal(record.steps, 12);
  }
  tsl_store_close(store);
  case_close(&made);
}

static void test_train__a_diverging_run_is_a_result(void **state) {
  (void)state;
  struct train_case made;
  case_open(&made, world,
            CASE_HEAD "train: {iterations: 400, batch: 16, optimizer: sgd, "
                      "learning_rate: 1000}\nreconstruction: squared_error\nseeds: [1]\n"
                      "families:\n  - model: vae\n",
            case_network);
  struct tsl_store *store = open_store(&made, "diverged");
  train(&made, store);
  if (is_first()) {
    struct tsl_record record;
    size_t count = 0;
    read_record(&made, store, &record);
    assert_int_equal(record.outcome, TSL_OUTCOME_DIVERGED);
    assert_true(record.steps < 400);
    char *model = case_file(store, tsl_job_run(made.job, 0), "model.h5", &count);
    assert_non_null(model);
    free(model);
    struct tsl_table table;
    assert_int_equal(
        tsl_store_log_read(store, tsl_job_run(made.job, 0)->name, &table, NULL), TSL_OK);
    const double *last = table.values + (table.rows - 1) * table.columns;
    assert_true(last[0] == (double)record.steps - 1);
    assert_true(!isfinite(last[1]));
    tsl_table_release(&table);
  }
  tsl_store_close(store);
  case_close(&made);
}

/* Adam's first update moves every weight by 1000; its loss was that of before. */
static void
test_train__diverged_by_its_last_update_is_told_by_held_out_points(void **state) {
  (void)state;
  struct train_case made;
  case_open(&made, world,
            CASE_HEAD "train: {iterations: 1, batch: 16, optimizer: adam, "
                      "learning_rate: 1000}\nreconstruction: squared_error\nseeds: [1]\n"
                      "families:\n  - model: vae\n",
            case_network);
  struct tsl_store *store = open_store(&made, "last");
  train(&made, store);
  if (is_first()) {
    struct tsl_record record;
    struct tsl_table table;
    read_record(&made, store, &record);
    assert_int_equal(record.steps, 1);
    assert_int_equal(record.outcome, TSL_OUTCOME_DIVERGED);
    assert_int_equal(record.ended, TSL_ENDED_ITERATIONS);
    assert_int_equal(
        tsl_store_log_read(store, tsl_job_run(made.job, 0)->name, &table, NULL), TSL_OK);
    assert_true(isfinite(table.values[1]));
    tsl_table_release(&table);
  }
  tsl_store_close(store);
  case_close(&made);
}

#define MIXTURE(more)                                                                    \
  CASE_HEAD "train: {iterations: 12, batch: 16, shards: 8, log_every: 6, "               \
            "evaluate_every: 5}\nseeds: [1]\n" more "families:\n  - model: gmvae\n"      \
            "    latent_w: 2\n    components: 4\n    samples: 2\n"

/* The held-out points' clusters, in the lines of evaluations alone. */
static void check_mixture_log(const struct tsl_table *table) {
  static const char *const names[] = {
      "step",    "total",    "reconstruction", "conditional_prior", "w_prior",
      "z_prior", "clusters", "acc_makhzani",   "acc_majority",      "acc_hungarian"};
  const int64_t steps[] = {0, 4, 6, 9, 11};
  assert_int_equal(table->columns, 10);
  assert_int_equal(table->rows, 5);
  for (int i = 0; i < table->columns; i++)
    assert_string_equal(table->names[i], names[i]);
  for (int64_t i = 0; i < table->rows; i++) {
    const double *row = table->values + i * table->columns;
    bool evaluated = steps[i] == 4 || steps[i] == 9 || steps[i] == 11;
    assert_true(row[0] == (double)steps[i]);
    assert_true(isnan(row[6]) == !evaluated);
    if (!evaluated)
      continue;
    assert_true(row[6] >= 1 && row[6] <= 4);
    for (int k = 7; k < 10; k++)
      assert_true(row[k] > 0 && row[k] <= 1);
    assert_true(row[8] >= row[7] && row[8] >= row[9]); /* no labelling is better */
  }
}

static void test_train__logs_the_clusters_of_held_out_points(void **state) {
  (void)state;
  struct train_case made;
  case_open(&made, world, MIXTURE(""), case_network_prior);
  struct tsl_store *store = open_store(&made, "clusters");
  train(&made, store);
  if (is_first()) {
    static const char *const terms[] = {
        "reconstruction", "conditional_prior", "w_prior",      "z_prior",
        "clusters",       "acc_makhzani",      "acc_majority", "acc_hungarian"};
    struct tsl_record record;
    struct tsl_table table;
    read_record(&made, store, &record);
    assert_int_equal(record.outcome, TSL_OUTCOME_FINISHED);
    assert_int_equal(record.term_count, 8);
    for (int i = 0; i < 8; i++)
      assert_string_equal(record.terms[i].name, terms[i]);
    assert_int_equal(
        tsl_store_log_read(store, tsl_job_run(made.job, 0)->name, &table, NULL), TSL_OK);
    check_mixture_log(&table);
    for (int k = 4; k < 8; k++) /* the last line tells of the same weights */
      assert_true(record.terms[k].value == table.values[4 * 10 + k + 2]);
    tsl_table_release(&table);
  }
  tsl_store_close(store);
  case_close(&made);
}

static void check_mixture_outcome(const char *job, const char *name,
                                  enum tsl_outcome outcome) {
  struct train_case made;
  struct tsl_record record;
  case_open(&made, world, job, case_network_prior);
  struct tsl_store *store = open_store(&made, name);
  train(&made, store);
  if (is_first()) {
    read_record(&made, store, &record);
    assert_int_equal(record.outcome, outcome);
  }
  tsl_store_close(store);
  case_close(&made);
}

static void test_train__a_mixture_that_tells_nothing_is_collapsed(void **state) {
  (void)state;
  check_mixture_outcome(MIXTURE("score: {udr: {informative_kl: 1000}}\n"), "nothing",
                        TSL_OUTCOME_COLLAPSED);
  check_mixture_outcome(MIXTURE("score: {held_out: 0, udr: {informative_kl: 1000}}\n"),
                        "nothing", TSL_OUTCOME_COLLAPSED);
  check_mixture_outcome(MIXTURE("score: {held_out: 0}\n"), "something",
                        TSL_OUTCOME_FINISHED);
}

static void test_train__a_run_without_informative_latents_is_collapsed(void **state) {
  (void)state;
  struct train_case made;
  case_open(&made, world,
            CASE_HEAD "train: {iterations: 300, batch: 16, learning_rate: 0.01}\n"
                      "seeds: [1]\nfamilies:\n  - model: beta_vae\n    beta: 100000\n",
            case_network);
  struct tsl_store *store = open_store(&made, "collapsed");
  train(&made, store);
  if (is_first()) {
    struct tsl_record record;
    read_record(&made, store, &record);
    assert_int_equal(record.outcome, TSL_OUTCOME_COLLAPSED);
    assert_int_equal(record.steps, 300);
  }
  tsl_store_close(store);
  case_close(&made);
}

/* ---- failures ---- */

static void check_unfinished(const struct tsl_store *store) {
  const struct tsl_run *run = tsl_job_run(plain.job, 0);
  size_t count = 0;
  assert_null(case_file(store, run, "model.h5", &count));
  assert_null(case_file(store, run, "record.json", &count));
}

struct interruption {
  int polls, at;   /* interrupted at this poll */
  int first, last; /* ranks that are interrupted */
  enum tsl_status status;
};

static enum tsl_status interrupt(void *context) {
  struct interruption *interruption = context;
  int rank = tsl_world_rank(world);
  bool mine = rank >= interruption->first && rank <= interruption->last;
  return mine && ++interruption->polls >= interruption->at ? interruption->status
                                                           : TSL_OK;
}

static void count_steps(void *context, int64_t steps_done) {
  *(int64_t *)context = steps_done;
}

/* All leave together, at the latest one step after the one that was polled. */
static void check_poll(int first, int last, enum tsl_status status) {
  static int calls = 0; /* each begins anew, from no checkpoint */
  char name[32];
  snprintf(name, sizeof name, "interrupted-%d", calls++);
  struct tsl_store *store = open_store(&plain, name);
  struct tsl_train_request request = case_request(&plain, 0, store);
  struct interruption interruption = {
      .at = 6, .first = first, .last = last, .status = status};
  struct tsl_error err = {0};
  int64_t steps = 0;
  request.poll = interrupt;
  request.poll_context = &interruption;
  request.progress = count_steps;
  request.progress_context = &steps;
  assert_int_equal(tsl_train(&request, tsl_world_team(world), &err), status);
  if (tsl_world_size(world) > 1)
    assert_int_equal(err.rank, first);
  assert_int_equal(err.status, status);
  if (is_first()) {
    assert_int_equal(steps, tsl_world_size(world) > 1 ? 7 : 6);
    check_unfinished(store);
  }
  tsl_store_close(store);
  assert_int_equal(tsl_team_barrier(tsl_world_team(world), NULL), TSL_OK);
}

static void test_train__an_interruption_of_any_member_is_everybodys(void **state) {
  (void)state;
  int last = tsl_world_size(world) - 1;
  check_poll(0, 0, TSL_INTERRUPTED);
  check_poll(last, last, TSL_INTERRUPTED);
  check_poll(0, last, TSL_INTERRUPTED);
  check_poll(last, last, TSL_LIBRARY);
}

static void check_late(int at) {
  char name[32];
  snprintf(name, sizeof name, "late-%d", at);
  struct tsl_store *store = open_store(&plain, name);
  struct tsl_train_request request = case_request(&plain, 0, store);
  struct interruption interruption = {
      .at = at, .first = 0, .last = 99, .status = TSL_INTERRUPTED};
  request.poll = interrupt;
  request.poll_context = &interruption;
  assert_int_equal(tsl_train(&request, tsl_world_team(world), NULL), TSL_OK);
  struct tsl_record record;
  if (is_first()) {
    read_record(&plain, store, &record);
    assert_int_equal(record.outcome, TSL_OUTCOME_FINISHED);
  }
  tsl_store_close(store);
}

static void test_train__an_interruption_after_the_last_step_comes_too_late(void **state) {
  (void)state;
  check_late(15);
  if (tsl_world_size(world) > 1)
    check_late(14); /* heard with the last step */
}

/* ---- a member that stops answering ---- */
struct sleeper {
  int polls;
  atomic_int *told; /* ranks that know */
};

static enum tsl_status fall_asleep(void *context) {
  struct sleeper *sleeper = context;
  int last = tsl_world_size(world) - 1;
  if (++sleeper->polls == 6 && tsl_world_rank(world) == last)
    assert_true(board_wait(sleeper->told, last));
  return TSL_OK;
}

/* The others leave while it is away and name it; it leaves, too, when it is back. */
static void test_train__a_lost_member_is_named_in_time(void **state) {
  (void)state;
  const double patience = 2; /* seconds: more than a busy machine lets a rank wait */
  int size = tsl_world_size(world), last = size - 1, ranks[8];
  if (size == 1)
    return;
  struct tsl_team *team = NULL;
  struct tsl_store *store = open_store(&plain, "lost");
  struct tsl_train_request request = case_request(&plain, 0, store);
  struct tsl_error err = {0};
  for (int i = 0; i < size; i++)
    ranks[i] = i;
  assert_int_equal(tsl_team_create(world, ranks, size, 1, &team, NULL), TSL_OK);
  struct sleeper sleeper = {.told = board_open(world)};
  request.poll = fall_asleep;
  request.poll_context = &sleeper;
  tsl_world_set_peer_seconds(world, patience);
  assert_int_equal(tsl_train(&request, team, &err), TSL_PEER_LOST);
  atomic_fetch_add(sleeper.told, 1);
  tsl_world_set_peer_seconds(world, 60);
  if (tsl_world_rank(world) != last) {
    assert_int_equal(err.rank, last);
    assert_int_equal(sleeper.polls, 6);
  }
  tsl_team_free(team);
  assert_int_equal(tsl_team_barrier(tsl_world_team(world), NULL), TSL_OK);
  if (is_first())
    check_unfinished(store);
  tsl_store_close(store);
}

/* Another process takes the run over once its files were begun, or nobody does. */
static enum tsl_status confirm(void *context, struct tsl_error *err) {
  int *calls_left = context;
  return (*calls_left)-- > 0 ? TSL_OK : tsl_error_set(err, TSL_TAKEN, "run", "taken");
}

/* What stands in the way of the run's folder, log or model is a folder or file there. */
static void check_blocked(const char *name, const char *file, int calls,
                          enum tsl_status status) {
  struct tsl_store *store = open_store(&plain, name);
  const struct tsl_run *run = tsl_job_run(plain.job, 0);
  struct tsl_error err = {0};
  if (is_first()) {
    char path[TSL_PATH_MAX];
    assert_int_equal(
        tsl_folder_create(tsl_store_run_path(store, run->name, file, path), NULL),
        TSL_OK);
    strcat(path, "/full");
    assert_int_equal(tsl_file_write(path, "x", 1, NULL), TSL_OK);
  }
  assert_int_equal(tsl_team_barrier(tsl_world_team(world), NULL), TSL_OK);
  struct tsl_train_request request = case_request(&plain, 0, store);
  request.confirm = confirm;
  request.poll_context = &calls;
  assert_int_equal(tsl_train(&request, tsl_world_team(world), &err), status);
  assert_non_null(strstr(err.where, status == TSL_IO ? file : "run"));
  tsl_store_close(store);
}

static void test_train__a_file_that_cannot_be_written_fails_all(void **state) {
  (void)state;
  const int always = 1000;
  check_blocked("blocked-log", "log.csv", always, TSL_IO);
  check_blocked("blocked-model", "model.h5", always, TSL_IO);
  check_blocked("blocked-record", "record.json", always, TSL_IO);
}

static void test_train__what_another_took_over_is_no_failure_to_write(void **state) {
  (void)state;
  check_blocked("taken-log", "log.csv", 1, TSL_TAKEN);
  check_blocked("taken-model", "model.h5", 1, TSL_TAKEN);
  check_blocked("taken-record", "record.json", 1, TSL_TAKEN);
}

static void
test_train__a_batch_larger_than_the_training_split_is_bad_input(void **state) {
  (void)state;
  struct train_case made;
  case_open(&made, world,
            CASE_HEAD "train: {iterations: 5, batch: 128}\nseeds: [1]\n"
                      "families:\n  - model: vae\n",
            case_network);
  struct tsl_store *store = open_store(&made, "batch");
  struct tsl_train_request request = case_request(&made, 0, store);
  struct tsl_error err = {0};
  assert_int_equal(tsl_train(&request, tsl_world_team(world), &err), TSL_BAD_INPUT);
  assert_non_null(strstr(err.text, "108"));
  assert_string_equal(err.where, "train.batch");
  tsl_store_close(store);
  case_close(&made);
}

int main(int argc, char **argv) {
  if (tsl_world_open(&argc, &argv, &world, NULL) != TSL_OK ||
      tsl_nn_start("", NULL) != TSL_OK)
    return 1;
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_train__logs_the_terms_the_kl_of_each_latent_and_the_capacity),
      cmocka_unit_test(test_train__records_the_held_out_terms_of_the_final_weights),
      cmocka_unit_test(test_train__epochs_are_counted_in_whole_batches),
      cmocka_unit_test(test_train__a_diverging_run_is_a_result),
      cmocka_unit_test(
          test_train__diverged_by_its_last_update_is_told_by_held_out_points),
      cmocka_unit_test(test_train__logs_the_clusters_of_held_out_points),
      cmocka_unit_test(test_train__a_mixture_that_tells_nothing_is_collapsed),
      cmocka_unit_test(test_train__a_run_without_informative_latents_is_collapsed),
      cmocka_unit_test(test_train__an_interruption_of_any_member_is_everybodys),
      cmocka_unit_test(test_train__an_interruption_after_the_last_step_comes_too_late),
      cmocka_unit_test(test_train__a_lost_member_is_named_in_time),
      cmocka_unit_test(test_train__a_file_that_cannot_be_written_fails_all),
      cmocka_unit_test(test_train__what_another_took_over_is_no_failure_to_write),
      cmocka_unit_test(test_train__a_batch_larger_than_the_training_split_is_bad_input),
  };
  int failed = cmocka_run_group_tests(tests, open_plain, close_plain);
  tsl_world_close(world);
  return failed;
}
