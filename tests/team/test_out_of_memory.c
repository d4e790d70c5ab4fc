// ranks: 2
/* Every allocation of one member fails in its turn, while runs are trained, encoded and
 * compared: each time all members end with that member's error, and nobody waits. */
#include "train_case.h"

#include "teasel/compare.h"
#include "teasel/encode.h"

#include <errno.h>

enum { RUNS = 2, TRIES_MAX = 400 };

static struct tsl_world *world;
static int allocations_left = -1; /* until one fails; below 0: none does */

/* In place of the C library's, for tsl_allocate. */
void *aligned_alloc(size_t alignment, size_t bytes) {
  void *memory = NULL;
  if (allocations_left == 0) {
    errno = ENOMEM;
    return NULL;
  }
  if (allocations_left > 0)
    allocations_left--;
  return posix_memalign(&memory, alignment, bytes) == 0 ? memory : NULL;
}

static const char job[] = CASE_HEAD "train: {iterations: 3, batch: 16}\nseeds: [1, 2]\n"
                                    "families:\n  - model: beta_tcvae\n    beta: 2\n"
                                    "score: {udr: {points: 20, informative_kl: 0}}\n";

static enum tsl_status train(const struct train_case *made, struct tsl_store *store,
                             struct tsl_error *err) {
  const struct tsl_train_request request = case_request(made, 0, store);
  return tsl_train(&request, tsl_world_team(world), err);
}

static enum tsl_status encode(const struct train_case *made, struct tsl_store *store,
                              struct tsl_error *err) {
  return tsl_encode(store, tsl_world_team(world), made->job, made->dataset, NULL, err);
}

/* Without a data set to draw from, which takes long. */
static enum tsl_status compare(const struct train_case *made, struct tsl_store *store,
                               struct tsl_error *err) {
  return tsl_compare(store, tsl_world_team(world), made->job, NULL, NULL, err);
}

typedef enum tsl_status stage_function(const struct train_case *made,
                                       struct tsl_store *store, struct tsl_error *err);

/* Lets the member's allocations fail one after the other until the stage needs no more.
 */
static void fail_each(const struct train_case *made, struct tsl_store *store,
                      stage_function *stage, int member) {
  struct tsl_team *team = tsl_world_team(world);
  int tries = 0;
  for (enum tsl_status status = TSL_MEMORY; status != TSL_OK; tries++) {
    struct tsl_error err = {.rank = -1};
    assert_true(tries < TRIES_MAX);
    allocations_left = tsl_team_index(team) == member ? tries : -1;
    status = stage(made, store, &err);
    allocations_left = -1;
    if (status != TSL_OK && (status != TSL_MEMORY || err.rank != member))
      fail_msg("allocation %d: %s of rank %d: %s", tries, tsl_status_name(status),
               err.rank, err.text);
    assert_int_equal(tsl_team_barrier(team, NULL), TSL_OK);
  }
  assert_true(tries > 3); /* the stage does allocate */
}

static void test_each_stage__ends_on_all_when_one_has_no_memory(void **state) {
  (void)state;
  struct train_case made;
  case_open(&made, world, job, case_network);
  struct tsl_team *team = tsl_world_team(world);
  for (int member = 0; member < tsl_team_size(team); member++) {
    char name[32];
    snprintf(name, sizeof name, "results%d", member);
    if (tsl_team_index(team) == 0)
      tsl_store_close(case_store(&made, name));
    assert_int_equal(tsl_team_barrier(team, NULL), TSL_OK);
    struct tsl_store *store = case_store(&made, name);
    fail_each(&made, store, train, member);
    struct tsl_error err = {0};
    const struct tsl_train_request second = case_request(&made, 1, store);
    assert_int_equal(tsl_train(&second, team, &err), TSL_OK);
    fail_each(&made, store, encode, member);
    fail_each(&made, store, compare, member);
    tsl_store_close(store);
  }
  case_close(&made);
}

int main(int argc, char **argv) {
  if (tsl_world_open(&argc, &argv, &world, NULL) != TSL_OK ||
      tsl_nn_start("", NULL) != TSL_OK)
    return 1;
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_each_stage__ends_on_all_when_one_has_no_memory)};
  int failed = cmocka_run_group_tests(tests, NULL, NULL);
  tsl_world_close(world);
  return failed;
}
