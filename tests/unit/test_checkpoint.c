/* checkpoint.h5 as a file: what is written comes back, two generations are kept, and
 * nothing damaged, foreign or newer is taken for one. And log.csv, which is taken up
 * again at a mark. */
#include "unit.h"

#include "teasel/store.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static char folder[64];
static struct tsl_store *store;

static int open_folder(void **state) {
  (void)state;
  strcpy(folder, "/tmp/teasel-checkpoint-XXXXXX");
  if (mkdtemp(folder) == NULL)
    return -1;
  return tsl_store_open(folder, TSL_STORE_CREATE, &store, NULL) == TSL_OK ? 0 : -1;
}

static int drop_folder(void **state) {
  (void)state;
  char command[128];
  tsl_store_close(store);
  snprintf(command, sizeof command, "rm -rf '%s'", folder);
  return system(command);
}

/* ---- checkpoints ---- */

enum { WEIGHTS = 6, ARRAYS = 3 };

static struct tsl_checkpoint made(int64_t step) {
  static float weights[WEIGHTS], moments[WEIGHTS];
  static int64_t updates;
  static struct tsl_array arrays[ARRAYS];
  for (int i = 0; i < WEIGHTS; i++) {
    weights[i] = 1.0F / (float)(i + step);
    moments[i] = -weights[i];
  }
  updates = step;
  arrays[0] =
      (struct tsl_array){"params/encoder.0.weight", TSL_ARRAY_F32, 2, {2, 3}, weights};
  arrays[1] =
      (struct tsl_array){"exp_avg/encoder.0.weight", TSL_ARRAY_F32, 2, {2, 3}, moments};
  arrays[2] = (struct tsl_array){"updates", TSL_ARRAY_I64, 0, {0}, &updates};
  return (struct tsl_checkpoint){.phase = "train",
                                 .kernels = "oneDNN 2.6.3 avx2",
                                 .step = step,
                                 .seconds = 12.5,
                                 .log = {100 + step, tsl_digest_bytes("log", 3)},
                                 .count = ARRAYS,
                                 .arrays = arrays};
}

static void write_made(const char *run, int64_t step) {
  struct tsl_checkpoint checkpoint = made(step);
  struct tsl_error err = {0};
  char path[TSL_PATH_MAX];
  snprintf(path, sizeof path, "%s/runs/%s", folder, run);
  assert_int_equal(tsl_folder_create(path, NULL), TSL_OK);
  if (tsl_store_checkpoint_write(store, run, &checkpoint, &err) != TSL_OK)
    fail_msg("%s: %s", err.where, err.text);
}

static void check_made(const char *run, int generation, int64_t step) {
  struct tsl_checkpoint expected = made(step), got;
  struct tsl_error err = {0};
  if (tsl_store_checkpoint_read(store, run, generation, &got, &err) != TSL_OK)
    fail_msg("%s: %s", err.where, err.text);
  assert_int_equal(got.step, step);
  assert_string_equal(got.phase, expected.phase);
  assert_string_equal(got.kernels, expected.kernels);
  assert_true(got.seconds == expected.seconds);
  assert_int_equal(got.log.bytes, expected.log.bytes);
  assert_memory_equal(&got.log.digest, &expected.log.digest, sizeof got.log.digest);
  assert_int_equal(got.count, ARRAYS);
  for (int i = 0; i < ARRAYS; i++) {
    const struct tsl_array *array = &expected.arrays[i], *same = NULL;
    for (size_t k = 0; k < got.count; k++) {
      if (strcmp(got.arrays[k].name, array->name) == 0)
        same = &got.arrays[k];
    }
    assert_non_null(same);
    assert_int_equal(same->type, array->type);
    assert_int_equal(same->rank, array->rank);
    assert_memory_equal(same->dims, array->dims, sizeof same->dims);
    assert_memory_equal(same->data, array->data,
                        (size_t)tsl_array_count(array) *
                            tsl_array_type_bytes(array->type));
  }
  tsl_checkpoint_release(&got);
}

static void check_none(const char *run, int generation) {
  struct tsl_checkpoint got;
  assert_int_equal(tsl_store_checkpoint_read(store, run, generation, &got, NULL), TSL_OK);
  assert_int_equal(got.step, -1);
}

static void test_checkpoint__reads_back_and_keeps_the_one_before(void **state) {
  (void)state;
  check_none("r", 0);
  check_none("r", 1);
  write_made("r", 10);
  check_made("r", 0, 10);
  check_none("r", 1);
  write_made("r", 20);
  write_made("r", 30);
  check_made("r", 0, 30);
  check_made("r", 1, 20);
  tsl_store_checkpoint_remove(store, "r");
  check_none("r", 0);
  check_none("r", 1);
}

static void test_checkpoint__its_head_tells_the_step(void **state) {
  (void)state;
  char path[TSL_PATH_MAX];
  assert_int_equal(tsl_store_checkpoint_step(store, "head"), -1);
  write_made("head", 7);
  write_made("head", 12345678901);
  assert_int_equal(tsl_store_checkpoint_step(store, "head"), 12345678901);
  assert_int_equal(truncate(tsl_store_checkpoint_path(store, "head", 0, path), 100), 0);
  assert_int_equal(tsl_store_checkpoint_step(store, "head"), 7);
  assert_int_equal(unlink(path), 0);
  assert_int_equal(tsl_store_checkpoint_step(store, "head"), 7);
}

static void test_checkpoint__is_hdf5_to_everybody_else(void **state) {
  (void)state;
  char path[TSL_PATH_MAX];
  struct tsl_h5_reader *reader = NULL;
  struct tsl_array array;
  write_made("h5", 7);
  tsl_store_checkpoint_path(store, "h5", 0, path);
  assert_int_equal(tsl_h5_open(path, &reader, NULL), TSL_OK);
  assert_int_equal(
      tsl_h5_read(reader, "/state/params/encoder.0.weight", TSL_ARRAY_F32, &array, NULL),
      TSL_OK);
  assert_int_equal(array.dims[1], 3);
  tsl_array_release(&array);
  tsl_h5_close(reader);
}

/* The bytes of the file, which the caller changes and frees. */
static unsigned char *bytes_of(const char *run, size_t *count) {
  char path[TSL_PATH_MAX];
  char *bytes = NULL;
  tsl_store_checkpoint_path(store, run, 0, path);
  assert_int_equal(tsl_file_read(path, &bytes, count, NULL), TSL_OK);
  return (unsigned char *)bytes;
}

static enum tsl_status read_bytes(const char *run, const void *bytes, size_t count,
                                  struct tsl_error *err) {
  char path[TSL_PATH_MAX];
  struct tsl_checkpoint got;
  tsl_store_checkpoint_path(store, run, 0, path);
  FILE *file = fopen(path, "wb"); /* unlike the store's own, without a sync */
  assert_non_null(file);
  assert_int_equal(fwrite(bytes, 1, count, file), count);
  assert_int_equal(fclose(file), 0);
  enum tsl_status status = tsl_store_checkpoint_read(store, run, 0, &got, err);
  if (status == TSL_OK)
    tsl_checkpoint_release(&got);
  return status;
}

static void test_checkpoint__cut_off_anywhere_is_no_checkpoint(void **state) {
  (void)state;
  size_t count = 0;
  write_made("cut", 5);
  unsigned char *bytes = bytes_of("cut", &count);
  for (int tenth = 0; tenth < 10; tenth++) {
    struct tsl_error err = {0};
    assert_int_equal(read_bytes("cut", bytes, count * (size_t)tenth / 10, &err),
                     TSL_FORMAT);
    assert_non_null(strstr(err.where, "cut/checkpoint.h5"));
  }
  assert_int_equal(read_bytes("cut", bytes, count - 1, NULL), TSL_FORMAT);
  assert_int_equal(read_bytes("cut", bytes, count, NULL), TSL_OK);
  free(bytes);
}

static void test_checkpoint__with_any_bit_changed_is_no_checkpoint(void **state) {
  (void)state;
  size_t count = 0;
  write_made("flip", 5);
  unsigned char *bytes = bytes_of("flip", &count);
  for (size_t at = 0; at < count; at += at < 100 ? 1 : 61) {
    unsigned char bit = (unsigned char)(1U << (at % 8));
    bytes[at] ^= bit;
    if (read_bytes("flip", bytes, count, NULL) != TSL_FORMAT)
      fail_msg("byte %zu of %zu", at, count);
    bytes[at] ^= bit;
  }
  assert_int_equal(read_bytes("flip", bytes, count, NULL), TSL_OK);
  free(bytes);
}

static void test_checkpoint__of_another_run_or_a_newer_format_is_refused(void **state) {
  (void)state;
  static const char before[] = "\ndigest ";
  size_t count = 0;
  struct tsl_error err = {0};
  write_made("a", 5);
  write_made("b", 5);
  unsigned char *bytes = bytes_of("a", &count);
  assert_int_equal(read_bytes("b", bytes, count, &err), TSL_FORMAT);
  assert_non_null(strstr(err.text, "is of the run a"));
  /* as a newer program would write it: its format, and the right digest */
  char digest[33];
  unsigned char *place = memmem(bytes, 512, before, sizeof before - 1);
  assert_non_null(place);
  place[-1]++;
  place += sizeof before - 1;
  memset(place, '0', 32);
  struct tsl_digest value = tsl_digest_bytes(bytes, count);
  tsl_digest_print(&value, digest);
  memcpy(place, digest, 32);
  assert_int_equal(read_bytes("a", bytes, count, &err), TSL_BAD_INPUT);
  assert_non_null(strstr(err.text, "newer teasel"));
  assert_non_null(strstr(err.text, "remove the file"));
  free(bytes);
}

static void test_checkpoint__that_cannot_be_written_leaves_both(void **state) {
  (void)state;
  write_made("full", 10);
  write_made("full", 20);
  pid_t child = fork();
  if (child == 0) { /* a file may grow to 600 bytes only, as on a full disk */
    const struct rlimit small = {600, 600};
    struct tsl_checkpoint checkpoint = made(30);
    struct tsl_error err = {0};
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &small);
    _exit(tsl_store_checkpoint_write(store, "full", &checkpoint, &err) == TSL_IO &&
                  strstr(err.where, "checkpoint.h5") != NULL
              ? 0
              : 1);
  }
  int status = -1;
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_int_equal(status, 0);
  check_made("full", 0, 20);
  check_made("full", 1, 10);
  char command[256];
  snprintf(command, sizeof command, "ls '%s/runs/full' | grep -q part", folder);
  assert_int_not_equal(system(command), 0);
}

/* ---- the log ---- */

static void check_log(const char *run, const char *expected) {
  char path[TSL_PATH_MAX];
  char *bytes = NULL;
  size_t count = 0;
  assert_int_equal(tsl_file_read(tsl_store_run_path(store, run, "log.csv", path), &bytes,
                                 &count, NULL),
                   TSL_OK);
  assert_string_equal(bytes, expected);
  free(bytes);
}

static void test_log__goes_on_after_its_mark(void **state) {
  (void)state;
  struct tsl_run_log *log = NULL, *resumed = NULL;
  struct tsl_log_mark mark, later;
  assert_int_equal(tsl_store_log_create(store, "log", "step,total", &log, NULL), TSL_OK);
  assert_int_equal(tsl_run_log_add(log, "0,1", NULL), TSL_OK);
  assert_int_equal(tsl_run_log_mark(log, &mark, NULL), TSL_OK);
  assert_int_equal(mark.bytes, 15);
  assert_int_equal(tsl_run_log_add(log, "1,2", NULL), TSL_OK);
  assert_int_equal(tsl_run_log_add(log, "2,3", NULL), TSL_OK);
  assert_int_equal(
      tsl_store_log_resume(store, "log", "step,total\n", &mark, &resumed, NULL), TSL_OK);
  check_log("log", "step,total\n0,1\n");
  /* one who does not know that the run was taken over disturbs nobody */
  assert_int_equal(tsl_run_log_add(log, "3,4", NULL), TSL_OK);
  assert_int_equal(tsl_run_log_add(resumed, "1,5", NULL), TSL_OK);
  assert_int_equal(tsl_run_log_mark(resumed, &later, NULL), TSL_OK);
  assert_int_equal(tsl_run_log_close(log, NULL), TSL_OK);
  assert_int_equal(tsl_run_log_close(resumed, NULL), TSL_OK);
  check_log("log", "step,total\n0,1\n1,5\n");
  /* the mark of what was taken up counts from the beginning of the file */
  assert_int_equal(
      tsl_store_log_resume(store, "log", "step,total\n", &later, &resumed, NULL), TSL_OK);
  assert_int_equal(tsl_run_log_close(resumed, NULL), TSL_OK);
}

static void test_log__that_is_not_the_marked_one_is_refused(void **state) {
  (void)state;
  struct tsl_run_log *log = NULL;
  struct tsl_log_mark mark;
  struct tsl_error err = {0};
  char path[TSL_PATH_MAX];
  static const char *const changed[] = {"step,total\n0,2\n", "step,total\n0,", ""};
  assert_int_equal(tsl_store_log_create(store, "other", "step,total", &log, NULL),
                   TSL_OK);
  assert_int_equal(tsl_run_log_add(log, "0,1", NULL), TSL_OK);
  assert_int_equal(tsl_run_log_mark(log, &mark, NULL), TSL_OK);
  assert_int_equal(tsl_run_log_close(log, NULL), TSL_OK);
  assert_int_equal(tsl_store_log_resume(store, "other", "step,loss\n", &mark, &log, &err),
                   TSL_FORMAT);
  assert_non_null(strstr(err.text, "columns"));
  tsl_store_run_path(store, "other", "log.csv", path);
  for (int i = 0; i < 3; i++) {
    assert_int_equal(tsl_file_write(path, changed[i], strlen(changed[i]), NULL), TSL_OK);
    assert_int_equal(
        tsl_store_log_resume(store, "other", "step,total\n", &mark, &log, NULL),
        TSL_FORMAT);
    check_log("other", changed[i]); /* and left as it is */
  }
  assert_int_equal(unlink(path), 0);
  assert_int_equal(
      tsl_store_log_resume(store, "other", "step,total\n", &mark, &log, NULL),
      TSL_FORMAT);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_checkpoint__reads_back_and_keeps_the_one_before),
      cmocka_unit_test(test_checkpoint__its_head_tells_the_step),
      cmocka_unit_test(test_checkpoint__is_hdf5_to_everybody_else),
      cmocka_unit_test(test_checkpoint__cut_off_anywhere_is_no_checkpoint),
      cmocka_unit_test(test_checkpoint__with_any_bit_changed_is_no_checkpoint),
      cmocka_unit_test(test_checkpoint__of_another_run_or_a_newer_format_is_refused),
      cmocka_unit_test(test_checkpoint__that_cannot_be_written_leaves_both),
      cmocka_unit_test(test_log__goes_on_after_its_mark),
      cmocka_unit_test(test_log__that_is_not_the_marked_one_is_refused),
  };
  return cmocka_run_group_tests(tests, open_folder, drop_folder);
}
