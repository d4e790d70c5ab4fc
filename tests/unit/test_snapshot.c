#include "unit.h"

#include "teasel/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char folder[64];

static int make_folder(void **state) {
  (void)state;
  strcpy(folder, "/tmp/teasel-snapshot-XXXXXX");
  return mkdtemp(folder) != NULL ? 0 : -1;
}

static int drop_folder(void **state) {
  (void)state;
  char command[128];
  snprintf(command, sizeof command, "rm -rf '%s'", folder);
  return system(command);
}

static struct tsl_store *open_store(const char *run) {
  struct tsl_store *store = NULL;
  char path[TSL_PATH_MAX];
  assert_int_equal(tsl_store_open(folder, TSL_STORE_CREATE, &store, NULL), TSL_OK);
  assert_int_equal(tsl_folder_create(tsl_store_run_path(store, run, "", path), NULL),
                   TSL_OK);
  return store;
}

static float mean[] = {1, 2, 3, 4, 5, 6}, component_mean[] = {0, 1, 2, 3},
             component_log_variance[] = {-1, -2, -3, -4};
static int32_t assignment[] = {1, 0, 1};

static struct tsl_snapshot snapshot_at(int64_t step) {
  return (struct tsl_snapshot){.step = step,
                               .points = 3,
                               .latent = 2,
                               .mean = mean,
                               .components = 2,
                               .assignment = assignment,
                               .component_mean = component_mean,
                               .component_log_variance = component_log_variance};
}

static void test_snapshots__are_read_back_by_their_steps(void **state) {
  (void)state;
  struct tsl_store *store = open_store("whole");
  struct tsl_snapshot *read = NULL;
  struct tsl_error err = {0};
  size_t count = 0;
  for (int64_t step = 1000; step > 0; step /= 10) { /* 1000, 100, 10, 1 */
    struct tsl_snapshot snapshot = snapshot_at(step);
    assert_int_equal(tsl_store_snapshot_write(store, "whole", &snapshot, &err), TSL_OK);
  }
  assert_int_equal(tsl_store_snapshots_read(store, "whole", &read, &count, &err), TSL_OK);
  assert_int_equal(count, 4);
  for (size_t i = 0, step = 1; i < count; i++, step *= 10) {
    assert_int_equal(read[i].step, step);
    assert_int_equal(read[i].points, 3);
    assert_int_equal(read[i].latent, 2);
    assert_int_equal(read[i].components, 2);
    assert_memory_equal(read[i].mean, mean, sizeof mean);
    assert_memory_equal(read[i].assignment, assignment, sizeof assignment);
    assert_memory_equal(read[i].component_mean, component_mean, sizeof component_mean);
    assert_memory_equal(read[i].component_log_variance, component_log_variance,
                        sizeof component_log_variance);
  }
  tsl_snapshots_release(read, count);
  tsl_store_close(store);
}

static void test_snapshots__without_clusters_or_at_all(void **state) {
  (void)state;
  struct tsl_store *store = open_store("plain");
  struct tsl_snapshot *read = NULL;
  size_t count = 7;
  assert_int_equal(tsl_store_snapshots_read(store, "plain", &read, &count, NULL), TSL_OK);
  assert_int_equal(count, 0);
  tsl_snapshots_release(read, count);
  const struct tsl_snapshot snapshot = {
      .step = 3, .points = 3, .latent = 2, .mean = mean};
  assert_int_equal(tsl_store_snapshot_write(store, "plain", &snapshot, NULL), TSL_OK);
  assert_int_equal(tsl_store_snapshots_read(store, "plain", &read, &count, NULL), TSL_OK);
  assert_int_equal(count, 1);
  assert_int_equal(read[0].components, 0);
  assert_null(read[0].assignment);
  assert_null(read[0].component_mean);
  tsl_snapshots_release(read, count);
  tsl_store_close(store);
}

static void test_snapshots__a_component_that_is_not_there_is_refused(void **state) {
  (void)state;
  struct tsl_store *store = open_store("broken");
  struct tsl_snapshot *read = NULL;
  struct tsl_error err = {0};
  size_t count = 0;
  int32_t wrong[] = {1, 2, 0};
  struct tsl_snapshot snapshot = snapshot_at(5);
  snapshot.assignment = wrong;
  assert_int_equal(tsl_store_snapshot_write(store, "broken", &snapshot, NULL), TSL_OK);
  assert_int_equal(tsl_store_snapshots_read(store, "broken", &read, &count, &err),
                   TSL_FORMAT);
  assert_non_null(strstr(err.text, "component 2"));
  assert_null(read);
  tsl_store_close(store);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_snapshots__are_read_back_by_their_steps),
      cmocka_unit_test(test_snapshots__without_clusters_or_at_all),
      cmocka_unit_test(test_snapshots__a_component_that_is_not_there_is_refused),
  };
  return cmocka_run_group_tests(tests, make_folder, drop_folder);
}
