/* A process that nobody launched is a world of one, and MPI stays out of it. */
#include "unit.h"

#include "team/communicator.h"
#include "teasel/team.h"

#include <stdlib.h>
#include <string.h>

static void test_world__without_mpirun_starts_no_mpi(void **state) {
  (void)state;
  struct tsl_world *world = NULL;
  int running = 1;
  unsetenv("OMPI_COMM_WORLD_SIZE");
  unsetenv("PMIX_RANK");
  unsetenv("PMIX_NAMESPACE");
  assert_int_equal(tsl_world_open(NULL, NULL, &world, NULL), TSL_OK);
  MPI_Initialized(&running);
  assert_false(running);
  assert_int_equal(tsl_world_size(world), 1);
  assert_int_equal(tsl_world_rank(world), 0);
  assert_int_equal(tsl_world_node_size(world), 1);
  assert_int_equal(tsl_world_node_rank(world), 0);
  MPI_Comm communicator = MPI_COMM_WORLD;
  assert_int_equal(tsl__team_communicator(tsl_world_team(world), &communicator, NULL),
                   TSL_OK);
  assert_true(communicator == MPI_COMM_NULL);
  struct tsl_message message;
  bool found = true;
  assert_int_equal(tsl_world_poll(world, &message, &found, NULL), TSL_OK);
  assert_false(found);
  tsl_world_close(world);
}

static void test_world__refuses_srun_without_pmix(void **state) {
  (void)state;
  struct tsl_world *world = NULL;
  struct tsl_error err = {0};
  setenv("SLURM_STEP_NUM_TASKS", "4", 1);
  assert_int_equal(tsl_world_open(NULL, NULL, &world, &err), TSL_BAD_INPUT);
  assert_non_null(strstr(err.text, "--mpi=pmix"));
  assert_null(world);
  setenv("SLURM_STEP_NUM_TASKS", "1", 1);
  assert_int_equal(tsl_world_open(NULL, NULL, &world, &err), TSL_OK);
  tsl_world_close(world);
  unsetenv("SLURM_STEP_NUM_TASKS");
}

static void test_world__counts_epochs_from_1(void **state) {
  (void)state;
  struct tsl_world *world = NULL;
  assert_int_equal(tsl_world_open(NULL, NULL, &world, NULL), TSL_OK);
  assert_int_equal(tsl_world_next_epoch(world), 1);
  assert_int_equal(tsl_world_next_epoch(world), 2);
  tsl_world_close(world);
}

static void test_world__close_allows_null(void **state) {
  (void)state;
  tsl_world_close(NULL);
  tsl_team_free(NULL);
  tsl_team_free(tsl_team_alone());
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_world__without_mpirun_starts_no_mpi),
      cmocka_unit_test(test_world__refuses_srun_without_pmix),
      cmocka_unit_test(test_world__counts_epochs_from_1),
      cmocka_unit_test(test_world__close_allows_null),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
