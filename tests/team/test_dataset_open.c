// ranks: 1 2 4
// A data set opened by a team: one cache file, equal data, and a failure of one told to
// all.
#include "unit.h"

#include "dataset_case.h"
#include "teasel/team.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

static struct tsl_world *world;
static struct tsl_team *team;

/* One folder for all: the first rank's. */
static int begin(void **state) {
  struct tsl_error err = {0};
  if (tsl_team_index(team) == 0 && case_begin(state) != 0)
    return 1;
  return tsl_team_broadcast(team, 0, case_folder, sizeof case_folder, &err) != TSL_OK;
}

static int end(void **state) {
  struct tsl_error err = {0};
  if (tsl_team_barrier(team, &err) != TSL_OK)
    return 1;
  return tsl_team_index(team) == 0 ? case_end(state) : 0;
}

static struct tsl_dataset_config small(void) {
  struct tsl_dataset_config config = case_config("tubers");
  case_set(&config, "count", "400");
  case_set(&config, "good", "100");
  case_set(&config, "size", "16");
  return config;
}

static int files_in(const char *path) {
  int count = 0;
  DIR *folder = opendir(path);
  assert_non_null(folder);
  for (struct dirent *entry; (entry = readdir(folder)) != NULL;)
    count += entry->d_name[0] != '.';
  closedir(folder);
  return count;
}

static void test_open__makes_one_file_for_all(void **state) {
  (void)state;
  struct tsl_dataset_config config = small();
  struct tsl_dataset *dataset = NULL;
  struct tsl_error err = {0};
  assert_int_equal(
      tsl_dataset_open(&config, NULL, case_path("cache"), team, NULL, &dataset, &err),
      TSL_OK);
  assert_int_equal(tsl_dataset_view(dataset)->count, 400);
  assert_int_equal(tsl_team_barrier(team, &err), TSL_OK);
  assert_int_equal(files_in(case_path("cache")), 1);
  tsl_dataset_close(dataset);
}

/* A broken set: all ranks have the error of the lowest that failed, with the file. */
static void test_open__tells_all_of_a_broken_file(void **state) {
  (void)state;
  struct tsl_dataset_config config = case_config("idx");
  struct tsl_dataset *dataset = NULL;
  struct tsl_error err = {0};
  if (tsl_team_index(team) == 0)
    case_write(case_path("broken"), "\0\0\10\3 cut", 8);
  assert_int_equal(tsl_team_barrier(team, &err), TSL_OK);
  case_set(&config, "images", case_path("broken"));
  assert_int_equal(
      tsl_dataset_open(&config, NULL, case_path("cache"), team, NULL, &dataset, &err),
      TSL_FORMAT);
  assert_string_equal(err.where, case_path("broken"));
  assert_null(dataset);
}

/* Only the last rank has no file: everybody hears of it. */
static void test_open__fails_on_all_where_one_rank_fails(void **state) {
  (void)state;
  struct tsl_dataset_config config = case_config("npy");
  struct tsl_dataset *dataset = NULL;
  struct tsl_error err = {0};
  const int last = tsl_team_size(team) - 1;
  static const char header[] =
      "\x93NUMPY\1\0\x56\0{'descr': '|u1', 'fortran_order': False, "
      "'shape': (2, 2), }                              \n";
  char file[10 + 0x56 + 4] = {0};
  memcpy(file, header, sizeof header - 1);
  if (tsl_team_index(team) == 0)
    case_write(case_path("x.npy"), file, sizeof file);
  assert_int_equal(tsl_team_barrier(team, &err), TSL_OK);
  case_set(&config, "path", case_path("x.npy"));
  assert_int_equal(
      tsl_dataset_open(&config, NULL, case_path("cache"), team, NULL, &dataset, &err),
      TSL_OK);
  tsl_dataset_close(dataset);
  dataset = NULL;
  if (tsl_team_index(team) == last)
    case_set(&config, "path", case_path("elsewhere.npy"));
  assert_int_equal(
      tsl_dataset_open(&config, NULL, case_path("cache"), team, NULL, &dataset, &err),
      TSL_BAD_INPUT);
  assert_string_equal(err.where, case_path("elsewhere.npy"));
  assert_null(dataset);
}

static void test_open__refuses_a_team_with_different_data(void **state) {
  (void)state;
  struct tsl_dataset_config config = small();
  struct tsl_dataset *dataset = NULL;
  struct tsl_error err = {0};
  if (tsl_team_size(team) == 1)
    return;
  if (tsl_team_index(team) == 1)
    config.seed = 3; /* as a changed copy of a file would be */
  assert_int_equal(
      tsl_dataset_open(&config, NULL, case_path("cache"), team, NULL, &dataset, &err),
      TSL_BAD_INPUT);
  assert_non_null(strstr(err.text, "member 1 of the team reads other data"));
}

/* A child that holds the lock of a cache file, as one that makes it, for `seconds`. */
static pid_t hold(const char *file, unsigned seconds) {
  char path[TSL_TEXT_MAX * 2 + 8], ready = 0;
  int ends[2];
  snprintf(path, sizeof path, "%.1000s.lock", file);
  assert_int_equal(pipe(ends), 0);
  const pid_t child = fork();
  if (child == 0) {
    const int fd = open(path, O_RDWR | O_CREAT, 0644);
    if (fd < 0 || flock(fd, LOCK_EX) != 0 || write(ends[1], "", 1) != 1)
      _exit(1);
    sleep(seconds);
    _exit(0);
  }
  assert_int_equal(read(ends[0], &ready, 1), 1);
  close(ends[0]);
  close(ends[1]);
  return child;
}

/* The last member has a cache of its own, as another machine has. Its file is being made
 * for longer than anybody waits for a member that is silent; so is that of all when
 * another fails. */
static void check_slow(bool fails) {
  const double usual = tsl_world_peer_seconds(world), patience = 5; /* seconds */
  const unsigned slow = 8;
  const bool last = tsl_team_index(team) == tsl_team_size(team) - 1;
  struct tsl_dataset_config config = small(), missing = case_config("npy");
  struct tsl_dataset *dataset = NULL;
  struct tsl_error err = {0};
  char folder[TSL_TEXT_MAX * 2], file[TSL_TEXT_MAX * 2];
  pid_t child = 0;
  snprintf(folder, sizeof folder, "%.900s", case_path(last ? "far" : "near"));
  case_set(&missing, "path", case_path("elsewhere.npy"));
  assert_int_equal(tsl_dataset_open(&config, NULL, folder, team, NULL, &dataset, &err),
                   TSL_OK);
  snprintf(file, sizeof file, "%s", tsl_dataset_cache_path(dataset));
  tsl_dataset_close(dataset);
  dataset = NULL;
  if (last && unlink(file) == 0)
    child = hold(file, fails ? 600 : slow);
  assert_int_equal(tsl_team_barrier(team, &err), TSL_OK);
  tsl_world_set_peer_seconds(world, patience);
  const enum tsl_status status =
      tsl_dataset_open(fails && tsl_team_index(team) == 0 ? &missing : &config, NULL,
                       folder, team, NULL, &dataset, &err);
  tsl_world_set_peer_seconds(world, usual);
  assert_int_equal(status, fails ? TSL_BAD_INPUT : TSL_OK);
  assert_true((dataset != NULL) == !fails);
  if (fails)
    assert_string_equal(err.where, case_path("elsewhere.npy"));
  if (child > 0) {
    kill(child, SIGKILL);
    assert_int_equal(waitpid(child, NULL, 0), child);
  }
  tsl_dataset_close(dataset);
}

static void test_open__waits_for_a_member_that_is_slow_and_lives(void **state) {
  (void)state;
  if (tsl_team_size(team) > 1)
    check_slow(/*fails=*/false);
}

/* Nobody goes on reading for hours what will not be used. */
static void test_open__ends_at_once_where_one_fails_and_another_is_slow(void **state) {
  (void)state;
  if (tsl_team_size(team) > 1)
    check_slow(/*fails=*/true);
}

static bool asked(void *context) {
  return *(const bool *)context;
}

/* The last member waits for a cache that nobody makes, the others have theirs; one of
 * them all was told to stop. */
static void check_stopped(int told) {
  const struct tsl_dataset_config config = small();
  const bool last = tsl_team_index(team) == tsl_team_size(team) - 1;
  struct tsl_dataset *dataset = NULL;
  struct tsl_error err = {0};
  char folder[TSL_TEXT_MAX * 2], file[TSL_TEXT_MAX * 2];
  pid_t child = 0;
  bool mine = tsl_team_index(team) == told;
  const struct tsl_stop stop = {asked, &mine};
  snprintf(folder, sizeof folder, "%.900s", case_path(last ? "far" : "near"));
  assert_int_equal(tsl_dataset_open(&config, NULL, folder, team, NULL, &dataset, &err),
                   TSL_OK);
  snprintf(file, sizeof file, "%s", tsl_dataset_cache_path(dataset));
  tsl_dataset_close(dataset);
  dataset = NULL;
  if (last && unlink(file) == 0)
    child = hold(file, 600);
  assert_int_equal(tsl_team_barrier(team, &err), TSL_OK);
  assert_int_equal(tsl_dataset_open(&config, NULL, folder, team, &stop, &dataset, &err),
                   TSL_INTERRUPTED);
  assert_null(dataset);
  assert_non_null(strstr(err.text, "run the same command again"));
  if (child > 0) {
    kill(child, SIGKILL);
    assert_int_equal(waitpid(child, NULL, 0), child);
  }
}

static void test_open__ends_on_all_where_one_is_told_to_stop(void **state) {
  (void)state;
  check_stopped(/*told=*/0);
  check_stopped(/*told=*/tsl_team_size(team) - 1);
}

/* What is there needs no waiting, and the work behind it looks for itself. */
static void test_open__of_a_cache_that_is_there_is_not_stopped(void **state) {
  (void)state;
  const struct tsl_dataset_config config = small();
  struct tsl_dataset *dataset = NULL;
  struct tsl_error err = {0};
  bool mine = true;
  const struct tsl_stop stop = {asked, &mine};
  assert_int_equal(
      tsl_dataset_open(&config, NULL, case_path("cache"), team, NULL, &dataset, &err),
      TSL_OK);
  tsl_dataset_close(dataset);
  dataset = NULL;
  assert_int_equal(
      tsl_dataset_open(&config, NULL, case_path("cache"), team, &stop, &dataset, &err),
      TSL_OK);
  tsl_dataset_close(dataset);
}

int main(int argc, char **argv) {
  struct tsl_error err = {0};
  if (tsl_world_open(&argc, &argv, &world, &err) != TSL_OK)
    return 1;
  team = tsl_world_team(world);
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_open__makes_one_file_for_all),
      cmocka_unit_test(test_open__tells_all_of_a_broken_file),
      cmocka_unit_test(test_open__fails_on_all_where_one_rank_fails),
      cmocka_unit_test(test_open__refuses_a_team_with_different_data),
      cmocka_unit_test(test_open__waits_for_a_member_that_is_slow_and_lives),
      cmocka_unit_test(test_open__ends_at_once_where_one_fails_and_another_is_slow),
      cmocka_unit_test(test_open__ends_on_all_where_one_is_told_to_stop),
      cmocka_unit_test(test_open__of_a_cache_that_is_there_is_not_stopped),
  };
  int failed = cmocka_run_group_tests(tests, begin, end);
  tsl_world_close(world);
  return failed;
}
