#include "unit.h"

#include "store/file.h"
#include "teasel/store.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static char folder[64];

static int make_folder(void **state) {
  (void)state;
  strcpy(folder, "/tmp/teasel-store-XXXXXX");
  return mkdtemp(folder) != NULL ? 0 : -1;
}

static int drop_folder(void **state) {
  (void)state;
  char command[128];
  snprintf(command, sizeof command, "rm -rf '%s'", folder);
  return system(command);
}

static struct tsl_store *store_in(const char *name) {
  char path[256];
  struct tsl_error err = {0};
  struct tsl_store *store = NULL;
  snprintf(path, sizeof path, "%s/%s", folder, name);
  assert_int_equal(tsl_store_open(path, TSL_STORE_CREATE, &store, &err), TSL_OK);
  return store;
}

static void put(const char *name, const char *text) {
  char path[256];
  struct tsl_error err = {0};
  snprintf(path, sizeof path, "%s/%s", folder, name);
  assert_int_equal(tsl_file_write(path, text, strlen(text), &err), TSL_OK);
}

/* A half-written file of this process, and of one that has died since. */
static void part_of(bool dead, char path[TSL_PATH_MAX]) {
  char whole[256];
  int ends[2];
  snprintf(whole, sizeof whole, "%s/swept/provenance.json", folder);
  assert_int_equal(pipe(ends), 0);
  const pid_t child = dead ? fork() : -1;
  if (child <= 0) {
    assert_int_equal(tsl__part_path(whole, path, NULL), TSL_OK);
    if (child == 0)
      _exit(write(ends[1], path, TSL_PATH_MAX) != TSL_PATH_MAX);
  } else {
    assert_int_equal(read(ends[0], path, TSL_PATH_MAX), TSL_PATH_MAX);
    assert_int_equal(waitpid(child, NULL, 0), child);
  }
  close(ends[0]);
  close(ends[1]);
  assert_int_equal(tsl_file_write(path, "half", 4, NULL), TSL_OK);
}

static void test_store__removes_what_dead_writers_left_and_nothing_else(void **state) {
  (void)state;
  char own[TSL_PATH_MAX], dead[TSL_PATH_MAX];
  tsl_store_close(store_in("swept"));
  part_of(false, own);
  part_of(true, dead);
  put("swept/provenance.json.part-0123abcd-1-1-1", "of another machine");
  tsl_store_close(store_in("swept"));
  assert_false(tsl_file_exists(dead));
  assert_true(tsl_file_exists(own));
  snprintf(own, sizeof own, "%s/swept/provenance.json.part-0123abcd-1-1-1", folder);
  assert_true(tsl_file_exists(own));
}

/* What was told to a launcher, whose token is that of its process. */
static void told_to(const char *part, const char *rest, char path[TSL_PATH_MAX]) {
  snprintf(path, TSL_PATH_MAX, "%s/swept/launch.%s%s", folder,
           strstr(part, ".part-") + strlen(".part-"), rest);
  assert_int_equal(tsl_file_write(path, "1\n", 2, NULL), TSL_OK);
}

static void test_store__removes_what_was_told_to_dead_launchers(void **state) {
  (void)state;
  char own[TSL_PATH_MAX], dead[TSL_PATH_MAX], told[4][TSL_PATH_MAX];
  tsl_store_close(store_in("swept"));
  part_of(false, own);
  part_of(true, dead);
  told_to(own, "", told[0]);
  told_to(own, ".left-1", told[1]);
  told_to(dead, "", told[2]);
  told_to(dead, ".left-12", told[3]);
  tsl_store_close(store_in("swept"));
  for (int i = 0; i < 4; i++)
    assert_int_equal(tsl_file_exists(told[i]), i < 2);
}

static void
test_log__its_begin_removes_what_killed_writers_of_the_run_left(void **state) {
  (void)state;
  static const char *const parts[] = {"log.csv.part-1", "model.h5.part-1-2-3-4",
                                      "snapshot.12.h5.part-9", "checkpoint.h5.part-"};
  static const char *const others[] = {"model.h5", "snapshot.12.h5", "notes.part-1"};
  char path[TSL_PATH_MAX];
  struct tsl_run_log *log = NULL;
  struct tsl_store *store = store_in("killed");
  tsl_store_run_path(store, "r", "", path);
  assert_int_equal(tsl_folder_create(path, NULL), TSL_OK);
  for (size_t i = 0; i < 4; i++)
    assert_int_equal(
        tsl_file_write(tsl_store_run_path(store, "r", parts[i], path), "x", 1, NULL),
        TSL_OK);
  for (size_t i = 0; i < 3; i++)
    assert_int_equal(
        tsl_file_write(tsl_store_run_path(store, "r", others[i], path), "x", 1, NULL),
        TSL_OK);
  assert_int_equal(tsl_store_log_create(store, "r", "step", &log, NULL), TSL_OK);
  assert_int_equal(tsl_run_log_close(log, NULL), TSL_OK);
  for (size_t i = 0; i < 4; i++)
    assert_false(tsl_file_exists(tsl_store_run_path(store, "r", parts[i], path)));
  for (size_t i = 0; i < 3; i++)
    assert_true(tsl_file_exists(tsl_store_run_path(store, "r", others[i], path)));
  tsl_store_close(store);
}

static void test_store__refuses_a_folder_that_is_not_its_own(void **state) {
  (void)state;
  struct tsl_error err = {0};
  struct tsl_store *store = NULL;
  char path[256];
  snprintf(path, sizeof path, "%s/foreign", folder);
  assert_int_equal(tsl_folder_create(path, &err), TSL_OK);
  put("foreign/thesis.tex", "\\documentclass{book}\n");
  assert_int_equal(tsl_store_open(path, TSL_STORE_CREATE, &store, &err), TSL_BAD_INPUT);
  assert_non_null(strstr(err.text, "thesis.tex"));
  strcat(path, "/runs");
  assert_false(tsl_file_exists(path));
  snprintf(path, sizeof path, "%s/none", folder);
  assert_int_equal(tsl_store_open(path, TSL_STORE_EXISTING, &store, &err), TSL_BAD_INPUT);
  assert_false(tsl_file_exists(path));
  put("plain", "a file");
  snprintf(path, sizeof path, "%s/plain", folder);
  assert_int_equal(tsl_store_open(path, TSL_STORE_CREATE, &store, &err), TSL_BAD_INPUT);
}

static void test_store__continues_its_own_folder_beside_notes_of_the_user(void **state) {
  (void)state;
  struct tsl_error err = {0};
  struct tsl_store *store = store_in("own");
  tsl_store_close(store);
  put("own/job.used.yaml", "name: own\n");
  put("own/notes.txt", "beta=4 looks good\n");
  put("own/provenance.json",
      "{\"job\": \"own\", \"data\": {\"name\": \"tubers\", \"digest\": \"00ff\"},"
      " \"ranks\": 2, \"libraries\": [\"a \\u00e9\", null]}");
  store = store_in("own/");
  struct tsl_identity identity;
  assert_int_equal(tsl_store_identity_read(store, &identity, &err), TSL_OK);
  assert_string_equal(identity.job, "own");
  assert_string_equal(identity.data_name, "tubers");
  assert_string_equal(identity.data_digest, "00ff");
  put("own/provenance.json", "{\"job\": \"own\", ");
  assert_int_equal(tsl_store_identity_read(store, &identity, &err), TSL_FORMAT);
  tsl_store_close(store);
}

/* One bit of it that flips is refused, or changes nothing: it was in the digest's name.
 */
static void check_flips(struct tsl_store *store, const struct tsl_record *written) {
  char path[TSL_PATH_MAX];
  char *bytes = NULL;
  size_t count = 0, used = 0;
  struct tsl_record back;
  tsl_store_run_path(store, "r", "record.json", path);
  assert_int_equal(tsl_file_read(path, &bytes, &count, NULL), TSL_OK);
  for (size_t at = 0; at < count; at++) {
    const char bit = (char)(1 << at % 7);
    bytes[at] = (char)(bytes[at] ^ bit);
    FILE *out = fopen(path, "wb"); /* unsynced: there are many */
    assert_non_null(out);
    assert_int_equal(fwrite(bytes, 1, count, out), count);
    assert_int_equal(fclose(out), 0);
    if (tsl_store_record_read(store, "r", &back, NULL) == TSL_OK) {
      used++;
      assert_memory_equal(&back, written, sizeof back);
    }
    bytes[at] = (char)(bytes[at] ^ bit);
  }
  assert_true(used < 20);
  free(bytes);
}

static void test_record__reads_back_and_is_none_before(void **state) {
  (void)state;
  struct tsl_error err = {0};
  struct tsl_store *store = store_in("records");
  struct tsl_run_log *log = NULL;
  struct tsl_record record = {.outcome = TSL_OUTCOME_COLLAPSED,
                              .steps = 300000,
                              .seconds = 1.5,
                              .width = 4,
                              .informative = 0,
                              .kernels = "oneDNN 2.6 \"avx2\"",
                              .term_count = 2,
                              .terms = {{"total", 0.1}, {"kl", NAN}}};
  struct tsl_record back;
  assert_int_equal(tsl_store_record_read(store, "r", &back, &err), TSL_OK);
  assert_int_equal(back.outcome, TSL_OUTCOME_NONE);
  assert_int_equal(tsl_store_log_create(store, "r", "step,total", &log, &err), TSL_OK);
  assert_int_equal(tsl_run_log_close(log, &err), TSL_OK);
  assert_int_equal(tsl_store_record_write(store, "r", &record, &err), TSL_OK);
  assert_int_equal(tsl_store_record_read(store, "r", &back, &err), TSL_OK);
  assert_int_equal(back.outcome, TSL_OUTCOME_COLLAPSED);
  assert_int_equal(back.steps, 300000);
  assert_true(back.seconds == 1.5);
  assert_int_equal(back.width, 4);
  assert_int_equal(back.informative, 0);
  assert_string_equal(back.kernels, record.kernels);
  assert_int_equal(back.term_count, 2);
  assert_string_equal(back.terms[0].name, "total");
  assert_true(back.terms[0].value == 0.1);
  assert_true(isnan(back.terms[1].value));
  check_flips(store, &back);
  tsl_store_close(store);
  put("records/runs/r/record.json", "{\"outcome\": \"finis");
  store = store_in("records");
  assert_int_equal(tsl_store_record_read(store, "r", &back, &err), TSL_FORMAT);
  assert_non_null(strstr(err.where, "runs/r/record.json"));
  tsl_store_close(store);
}

/* A link to itself stands for a disk that does not tell what is there. Taken for none,
 * a finished run would be trained again, or begin anew. */
static void test_files__what_cannot_be_looked_at_is_not_missing(void **state) {
  (void)state;
  struct tsl_store *store = store_in("looked");
  static const char *const names[] = {"record.json", "checkpoint.h5", "log.csv"};
  enum tsl_status got[3];
  char path[TSL_PATH_MAX];
  struct tsl_error err = {0};
  struct tsl_record record;
  struct tsl_checkpoint checkpoint;
  struct tsl_run_log *log = NULL;
  const struct tsl_log_mark mark = {.bytes = 0};
  bool exists = true;
  assert_int_equal(tsl_folder_create(tsl_store_run_path(store, "r", "", path), NULL),
                   TSL_OK);
  for (size_t i = 0; i < 3; i++)
    assert_int_equal(symlink(names[i], tsl_store_run_path(store, "r", names[i], path)),
                     0);
  got[0] = tsl_store_record_read(store, "r", &record, &err);
  assert_non_null(strstr(err.where, names[0]));
  got[1] = tsl_store_checkpoint_read(store, "r", 0, &checkpoint, &err);
  assert_non_null(strstr(err.where, names[1]));
  got[2] = tsl_store_log_resume(store, "r", "step", &mark, &log, &err);
  assert_non_null(strstr(err.where, names[2]));
  for (size_t i = 0; i < 3; i++)
    assert_int_equal(got[i], TSL_IO);
  assert_int_equal(
      tsl_file_look(tsl_store_run_path(store, "r", "model.h5", path), &exists, NULL),
      TSL_OK);
  assert_false(exists);
  tsl_store_close(store);
}

static void test_log__reads_back_numbers_and_names_a_bad_line(void **state) {
  (void)state;
  struct tsl_error err = {0};
  struct tsl_store *store = store_in("logs");
  struct tsl_run_log *log = NULL;
  struct tsl_table table = {0};
  assert_int_equal(tsl_store_log_create(store, "r", "step,total,kl", &log, &err), TSL_OK);
  assert_int_equal(tsl_run_log_add(log, "0,1.5,", &err), TSL_OK);
  assert_int_equal(tsl_run_log_add(log, "10,nan,2e-3\n", &err), TSL_OK);
  struct tsl_log_mark mark;
  char digest[33];
  assert_int_equal(tsl_run_log_mark(log, &mark, &err), TSL_OK);
  assert_int_equal(tsl_run_log_close(log, &err), TSL_OK);
  tsl_digest_print(&mark.digest, digest);
  assert_int_equal(tsl_store_log_check(store, "r", digest, &err), TSL_OK);
  assert_int_equal(tsl_store_log_read(store, "r", &table, &err), TSL_OK);
  assert_int_equal(table.columns, 3);
  assert_int_equal(table.rows, 2);
  assert_string_equal(table.names[2], "kl");
  assert_true(table.values[1] == 1.5);
  assert_true(isnan(table.values[2]));
  assert_true(isnan(table.values[4]));
  assert_true(table.values[5] == 2e-3);
  tsl_table_release(&table);
  put("logs/runs/r/log.csv", "step,total,kl\n0,1.6,\n10,nan,2e-3\n");
  assert_int_equal(tsl_store_log_check(store, "r", digest, &err), TSL_FORMAT);
  assert_non_null(strstr(err.where, "runs/r/log.csv"));
  assert_int_equal(tsl_store_log_check(store, "r", "", &err), TSL_OK);
  put("logs/runs/r/log.csv", "step,total\n0,1\n1,x\n");
  assert_int_equal(tsl_store_log_read(store, "r", &table, &err), TSL_FORMAT);
  assert_non_null(strstr(err.text, "line 3"));
  put("logs/runs/r/log.csv", "step,total\n0,1\n1");
  assert_int_equal(tsl_store_log_read(store, "r", &table, &err), TSL_FORMAT);
  put("logs/runs/r/log.csv", "");
  assert_int_equal(tsl_store_log_read(store, "r", &table, &err), TSL_FORMAT);
  /* Begun anew: the old lines are gone. */
  assert_int_equal(tsl_store_log_create(store, "r", "step", &log, &err), TSL_OK);
  assert_int_equal(tsl_run_log_close(log, &err), TSL_OK);
  assert_int_equal(tsl_store_log_read(store, "r", &table, &err), TSL_OK);
  assert_int_equal(table.rows, 0);
  tsl_table_release(&table);
  tsl_store_close(store);
}

static enum tsl_status write_model(struct tsl_store *store, float *values, int64_t count,
                                   struct tsl_error *err) {
  struct tsl_array params[2] = {
      {.name = "encoder.0.weight", .type = TSL_ARRAY_F32, .rank = 1, .dims = {count}},
      {.name = "encoder.0.bias", .type = TSL_ARRAY_F32, .rank = 1, .dims = {2}}};
  params[0].data = params[1].data = values;
  return tsl_store_model_write(store, "r", params, 2, err);
}

static void test_model__reads_back_by_name(void **state) {
  (void)state;
  struct tsl_error err = {0};
  struct tsl_store *store = store_in("models");
  struct tsl_run_log *log = NULL;
  struct tsl_array *params = NULL;
  size_t count = 0;
  float values[5] = {1, 2, 3, 4, 5};
  assert_int_equal(tsl_store_log_create(store, "r", "step", &log, &err), TSL_OK);
  assert_int_equal(tsl_run_log_close(log, &err), TSL_OK);
  assert_int_equal(tsl_store_model_read(store, "r", &params, &count, &err),
                   TSL_BAD_INPUT);
  assert_int_equal(write_model(store, values, 5, &err), TSL_OK);
  assert_int_equal(tsl_store_model_read(store, "r", &params, &count, &err), TSL_OK);
  assert_int_equal(count, 2);
  assert_string_equal(params[0].name, "encoder.0.bias");
  assert_string_equal(params[1].name, "encoder.0.weight");
  assert_int_equal(params[1].dims[0], 5);
  assert_memory_equal(params[1].data, values, sizeof values);
  for (size_t i = 0; i < count; i++)
    tsl_array_release(&params[i]);
  free(params);
  tsl_store_close(store);
}

/* The limit on file sizes stands in for a full disk, which only root can make. HDF5 1.10
 * dies at the end of a process that it could not close a file in, hence the child. */
static void test_model__a_file_that_cannot_be_written_leaves_the_old_one(void **state) {
  (void)state;
  struct tsl_error err = {0};
  struct tsl_store *store = store_in("full");
  struct tsl_run_log *log = NULL;
  float values[5] = {1, 2, 3, 4, 5};
  assert_int_equal(tsl_store_log_create(store, "r", "step", &log, &err), TSL_OK);
  assert_int_equal(tsl_run_log_close(log, &err), TSL_OK);
  assert_int_equal(write_model(store, values, 5, &err), TSL_OK);
  pid_t child = fork();
  if (child == 0) {
    signal(SIGXFSZ, SIG_IGN);
    struct rlimit limit = {.rlim_cur = 2048, .rlim_max = 2048};
    float *many = calloc(100000, sizeof *many);
    enum tsl_status status = TSL_OK;
    if (many != NULL && setrlimit(RLIMIT_FSIZE, &limit) == 0)
      status = write_model(store, many, 100000, &err);
    free(many);
    tsl_store_close(store);
    exit(status == TSL_IO && strstr(err.where, "model.h5") != NULL &&
                 strstr(err.text, "ulimit -f") != NULL
             ? 0
             : 1);
  }
  int code = -1;
  assert_int_equal(waitpid(child, &code, 0), child);
  assert_int_equal(code, 0);
  struct tsl_array *params = NULL;
  size_t count = 0;
  assert_int_equal(tsl_store_model_read(store, "r", &params, &count, &err), TSL_OK);
  assert_int_equal(params[1].dims[0], 5);
  for (size_t i = 0; i < count; i++)
    tsl_array_release(&params[i]);
  free(params);
  tsl_store_close(store);
  char command[128];
  snprintf(command, sizeof command,
           "test \"$(ls '%s/full/runs/r')\" = \"$(printf '%s')\"", folder,
           "log.csv\\nmodel.h5");
  assert_int_equal(system(command), 0);
}

static bool is_there(const char *name) {
  char path[256];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  return tsl_file_exists(path);
}

static void
test_store__notices_that_its_folder_was_moved_and_makes_nothing_anew(void **state) {
  (void)state;
  char from[256], to[256], path[TSL_PATH_MAX];
  struct tsl_error err = {0};
  struct tsl_run_log *log = NULL;
  struct tsl_store *store = store_in("stays");
  put("stays/job.used.yaml", "name: stays\n");
  tsl_store_watch(store);
  assert_int_equal(tsl_store_look(store, &err), TSL_OK);
  assert_int_equal(tsl_store_explain(store, TSL_IO, &err), TSL_IO);
  snprintf(from, sizeof from, "%s/stays", folder);
  snprintf(to, sizeof to, "%s/moved", folder);
  assert_int_equal(rename(from, to), 0);
  assert_int_equal(tsl_store_look(store, &err), TSL_GONE);
  assert_string_equal(err.where, from);
  assert_int_equal(tsl_store_explain(store, TSL_IO, &err), TSL_GONE);
  assert_int_equal(tsl_store_explain(store, TSL_OK, &err), TSL_OK);
  assert_int_equal(tsl_store_explain(store, TSL_PEER_LOST, &err), TSL_PEER_LOST);
  assert_int_equal(tsl_store_log_create(store, "r", "step\n", &log, &err), TSL_IO);
  tsl_store_run_path(store, "r", "", path);
  assert_int_equal(tsl_folder_add(path, &err), TSL_IO);
  assert_false(is_there("stays"));
  assert_int_equal(rename(to, from), 0);
  assert_int_equal(tsl_store_look(store, &err), TSL_OK);
  assert_int_equal(tsl_folder_add(path, &err), TSL_OK);
  assert_int_equal(tsl_folder_add(path, &err), TSL_OK);
  tsl_store_close(store);
}

static void test_store__takes_back_only_what_it_began(void **state) {
  (void)state;
  struct tsl_store *first = store_in("begun");
  put("begun/job.used.yaml", "name: begun\n");
  struct tsl_store *second = store_in("begun");
  tsl_store_undo(second);
  assert_true(is_there("begun/runs") && is_there("begun/job.used.yaml"));
  tsl_store_undo(first);
  assert_false(is_there("begun"));
  tsl_store_close(second);
  tsl_store_close(first);
}

static void test_store__lists_the_runs_that_are_not_among_others(void **state) {
  (void)state;
  static const char *const files[] = {"listed/runs/b-seed=2-0123abcd/record.json",
                                      "listed/runs/a-00000000/log.csv",
                                      "listed/runs/c-ffffffff/record.json",
                                      "listed/runs/d-11111111/claim.1",
                                      "listed/runs/notes/log.csv",
                                      "listed/runs/e-1111111G/log.csv"};
  const char *const without[] = {"a", "c-ffffffff"};
  struct tsl_error err = {0};
  char **names = NULL;
  size_t count = 0;
  struct tsl_store *store = store_in("listed");
  for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
    char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, files[i]);
    *strrchr(path, '/') = '\0';
    assert_int_equal(tsl_folder_create(path, &err), TSL_OK);
    put(files[i], "");
  }
  assert_int_equal(tsl_store_runs_list(store, without, 2, &names, &count, &err), TSL_OK);
  assert_int_equal(count, 2);
  assert_string_equal(names[0], "a-00000000");
  assert_string_equal(names[1], "b-seed=2-0123abcd");
  tsl_store_runs_free(names, count);
  tsl_store_close(store);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_store__removes_what_dead_writers_left_and_nothing_else),
      cmocka_unit_test(test_store__removes_what_was_told_to_dead_launchers),
      cmocka_unit_test(test_log__its_begin_removes_what_killed_writers_of_the_run_left),
      cmocka_unit_test(test_store__refuses_a_folder_that_is_not_its_own),
      cmocka_unit_test(test_store__continues_its_own_folder_beside_notes_of_the_user),
      cmocka_unit_test(test_record__reads_back_and_is_none_before),
      cmocka_unit_test(test_files__what_cannot_be_looked_at_is_not_missing),
      cmocka_unit_test(test_log__reads_back_numbers_and_names_a_bad_line),
      cmocka_unit_test(test_model__reads_back_by_name),
      cmocka_unit_test(test_model__a_file_that_cannot_be_written_leaves_the_old_one),
      cmocka_unit_test(
          test_store__notices_that_its_folder_was_moved_and_makes_nothing_anew),
      cmocka_unit_test(test_store__takes_back_only_what_it_began),
      cmocka_unit_test(test_store__lists_the_runs_that_are_not_among_others),
  };
  return cmocka_run_group_tests(tests, make_folder, drop_folder);
}
