#include "unit.h"

#include "dataset_case.h"

#include "teasel/store.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <time.h>

static struct tsl_dataset_config small(void) {
  struct tsl_dataset_config config = case_config("tubers");
  case_set(&config, "count", "20");
  case_set(&config, "good", "5");
  case_set(&config, "size", "16");
  return config;
}

static struct tsl_digest open_digest(const struct tsl_dataset_config *config,
                                     const char *cache, char *path) {
  struct tsl_dataset *dataset = NULL;
  struct tsl_error err = {0};
  enum tsl_status status =
      tsl_dataset_open(config, NULL, cache, NULL, NULL, &dataset, &err);
  if (status != TSL_OK)
    print_error("%s: %s\n", err.where, err.text);
  assert_int_equal(status, TSL_OK);
  struct tsl_digest digest = tsl_dataset_view(dataset)->digest;
  snprintf(path, 512, "%s", tsl_dataset_cache_path(dataset));
  tsl_dataset_close(dataset);
  return digest;
}

static void test_cache__is_made_once(void **state) {
  (void)state;
  struct tsl_dataset_config config = small();
  char path[512], again[512];
  struct stat before, after;
  struct tsl_digest one = open_digest(&config, case_path("cache"), path);
  assert_int_equal(stat(path, &before), 0);
  struct tsl_digest other = open_digest(&config, case_path("cache"), again);
  assert_string_equal(path, again);
  assert_int_equal(stat(path, &after), 0);
  assert_true(before.st_ino == after.st_ino);
  assert_memory_equal(&one, &other, sizeof one);
  config.seed = 7;
  other = open_digest(&config, case_path("cache"), again);
  assert_string_not_equal(path, again);
  assert_memory_not_equal(&one, &other, sizeof one);
}

/* Cut off, or a byte changed, anywhere: found, and made again with the same content. */
static void test_cache__damaged_files_are_made_again(void **state) {
  (void)state;
  struct tsl_dataset_config config = small();
  char path[512], again[512];
  struct stat facts;
  struct tsl_digest whole = open_digest(&config, case_path("cache"), path);
  assert_int_equal(stat(path, &facts), 0);
  for (int tenth = 0; tenth < 10; tenth++) {
    assert_int_equal(truncate(path, facts.st_size * tenth / 10), 0);
    struct tsl_digest digest = open_digest(&config, case_path("cache"), again);
    assert_memory_equal(&digest, &whole, sizeof whole);
    assert_string_equal(path, again);
  }
  const off_t places[] = {0, 20, 60, 100, 150, 230, 4096, 9000, facts.st_size - 1};
  for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
    int fd = open(path, O_RDWR);
    unsigned char byte;
    assert_int_equal(pread(fd, &byte, 1, places[i]), 1);
    byte ^= 4;
    assert_int_equal(pwrite(fd, &byte, 1, places[i]), 1);
    close(fd);
    struct tsl_digest digest = open_digest(&config, case_path("cache"), again);
    assert_memory_equal(&digest, &whole, sizeof whole);
  }
}

static void test_cache__a_folder_that_cannot_be_is_an_error(void **state) {
  (void)state;
  struct tsl_dataset_config config = small();
  struct tsl_dataset *dataset = NULL;
  struct tsl_error err = {0};
  case_write(case_path("file"), "x", 1);
  assert_int_equal(tsl_dataset_open(&config, NULL, case_path("file/below"), NULL, NULL,
                                    &dataset, &err),
                   TSL_BAD_INPUT);
  assert_non_null(strstr(err.where, case_path("file")));
}

static void test_cache__without_a_home_samples_stay_in_memory(void **state) {
  (void)state;
  struct tsl_dataset_config config = small();
  char path[512];
  struct tsl_digest cached = open_digest(&config, case_path("cache"), path);
  unsetenv("XDG_CACHE_HOME");
  setenv("HOME", case_path("file"), 1); /* a file: no folder can be made below it */
  struct tsl_digest digest = open_digest(&config, "", path);
  assert_string_equal(path, "");
  assert_memory_equal(&digest, &cached, sizeof cached);
  unsetenv("HOME");
  digest = open_digest(&config, "", path);
  assert_string_equal(path, "");
  assert_memory_equal(&digest, &cached, sizeof cached);
  setenv("XDG_CACHE_HOME", case_path("xdg"), 1);
  open_digest(&config, "", path);
  assert_non_null(strstr(path, "/xdg/teasel/"));
}

/* What processes leave that are killed while they make a cache: of one of this machine,
 * which is dead, and of another machine, which may live. */
static void test_cache__parts_of_the_dead_go_and_of_the_living_stay(void **state) {
  (void)state;
  struct tsl_dataset_config config = small();
  char token[TSL_PART_TOKEN], path[512];
  char dead[600], living[600], fresh[600], old[600], foreign[600];
  int ends[2];
  config.seed = 11;
  open_digest(&config, case_path("cache"), path);
  assert_int_equal(pipe(ends), 0);
  const pid_t child = fork();
  if (child == 0) {
    tsl_part_token(token);
    _exit(write(ends[1], token, sizeof token) != (ssize_t)sizeof token);
  }
  assert_int_equal(read(ends[0], token, sizeof token), sizeof token);
  assert_int_equal(waitpid(child, NULL, 0), child);
  close(ends[0]);
  close(ends[1]);
  snprintf(dead, sizeof dead, "%.400s.part-%s", path, token);
  tsl_part_token(token);
  snprintf(living, sizeof living, "%.400s.part-%s", path, token);
  token[0] = token[0] == '0' ? '1' : '0'; /* the name of another machine */
  snprintf(fresh, sizeof fresh, "%.400s.part-%s", path, token);
  snprintf(old, sizeof old, "%.400s-of-old.cache.part-%s", path, token);
  snprintf(foreign, sizeof foreign, "%.400s/notes.part-%s", case_path("cache"), token);
  const char *all[] = {dead, living, fresh, old, foreign};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++)
    case_write(all[i], "x", 1);
  const struct timespec eight_days[2] = {{.tv_sec = time(NULL) - 8 * 24 * 3600},
                                         {.tv_sec = time(NULL) - 8 * 24 * 3600}};
  assert_int_equal(utimensat(AT_FDCWD, living, eight_days, 0), 0);
  assert_int_equal(utimensat(AT_FDCWD, old, eight_days, 0), 0);
  assert_int_equal(utimensat(AT_FDCWD, foreign, eight_days, 0), 0);
  assert_int_equal(unlink(path), 0);
  open_digest(&config, case_path("cache"), path);
  assert_int_not_equal(access(dead, F_OK), 0);
  assert_int_equal(access(living, F_OK), 0);
  assert_int_equal(access(fresh, F_OK), 0);
  assert_int_not_equal(access(old, F_OK), 0);
  assert_int_equal(access(foreign, F_OK), 0);
}

static void test_order__is_a_permutation_with_a_held_out_beginning(void **state) {
  (void)state;
  struct tsl_dataset_config config = small();
  struct tsl_dataset *dataset = NULL;
  struct tsl_error err = {0};
  assert_int_equal(case_open(&config, &dataset, &err), TSL_OK);
  bool seen[20] = {false};
  int fixed = 0;
  for (int i = 0; i < 20; i++) {
    int64_t index = tsl_dataset_order(dataset)[i];
    assert_in_range(index, 0, 19);
    assert_false(seen[index]);
    seen[index] = true;
    fixed += index == i;
  }
  assert_true(fixed < 8);
  assert_int_equal(tsl_dataset_held_out(dataset, 0.1), 2);
  assert_int_equal(tsl_dataset_held_out(dataset, 0.0), 0);
  assert_int_equal(tsl_dataset_held_out(dataset, 1.0), 19);
  tsl_dataset_close(dataset);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_cache__is_made_once),
      cmocka_unit_test(test_cache__damaged_files_are_made_again),
      cmocka_unit_test(test_cache__a_folder_that_cannot_be_is_an_error),
      cmocka_unit_test(test_cache__without_a_home_samples_stay_in_memory),
      cmocka_unit_test(test_cache__parts_of_the_dead_go_and_of_the_living_stay),
      cmocka_unit_test(test_order__is_a_permutation_with_a_held_out_beginning),
  };
  return cmocka_run_group_tests(tests, case_begin, case_end);
}
