// ranks: 2 4
/* Ranks that have nothing to do leave their core to others, and no rank uses more than
 * one: in shares of the clock and of the process' own time, which hold on a busy machine
 * too. */
#include "train_case.h"

#include "teasel/log.h"
#include "teasel/schedule.h"

#include <sys/resource.h>

static struct tsl_world *world;

static double seconds_of(const struct rusage *usage) {
  return (double)usage->ru_utime.tv_sec + 1e-6 * (double)usage->ru_utime.tv_usec +
         (double)usage->ru_stime.tv_sec + 1e-6 * (double)usage->ru_stime.tv_usec;
}

/* Seconds of computing of all threads of this process, or of this one alone. */
static double computed(int who) {
  struct rusage usage;
  assert_int_equal(getrusage(who, &usage), 0);
  return seconds_of(&usage);
}

/* Collective on the world. Takes a share of a core on every rank up to three times, until
 * none is too large: others on the machine make waking up cost more. */
static void check_share(double (*measure)(const void *), const void *about,
                        const char *whose) {
  const double most = 0.03;
  for (int left = 2;; left--) {
    double share = measure(about);
    struct tsl_error err = {0};
    enum tsl_status status =
        share < most ? TSL_OK
                     : tsl_error_set(&err, TSL_INTERNAL, "", "%s used %.1f %% of a core",
                                     whose, 100 * share);
    status = tsl_team_agree(tsl_world_team(world), status, &err);
    if (status == TSL_OK)
      return;
    if (left == 0)
      fail_msg("%s", err.text);
  }
}

static void compute_for(double seconds) {
  double begun = tsl_clock_seconds();
  while (tsl_clock_seconds() - begun < seconds) {
  }
}

/* ---- nothing to do ---- */
struct worked {
  double rank_0, others;  /* seconds that a task takes them */
  double clock, computed; /* spent in tasks */
};

static enum tsl_status work(void *context, int64_t id, struct tsl_team *team,
                            struct tsl_turn *turn, enum tsl_status (*poll)(void *),
                            void *poll_context, struct tsl_error *err) {
  (void)id, (void)team, (void)turn, (void)err;
  const double step = 0.05; /* seconds */
  struct worked *worked = context;
  double task = tsl_world_rank(world) == 0 ? worked->rank_0 : worked->others;
  double begun = tsl_clock_seconds(), before = computed(RUSAGE_SELF);
  while (tsl_clock_seconds() - begun < task) {
    compute_for(step);
    TSL_TRY(poll(poll_context));
  }
  worked->clock += tsl_clock_seconds() - begun;
  worked->computed += computed(RUSAGE_SELF) - before;
  return TSL_OK;
}

struct tasks {
  int64_t count;
  double rank_0, others;
};

/* Tasks of width 1, the first for rank 0: whoever has none, or is done with it, waits. */
static double idle_share(const void *context) {
  const struct tasks *about = context;
  const struct tsl_task tasks[] = {{.id = 0, .seconds = 2, .widest = 1},
                                   {.id = 1, .seconds = 1, .widest = 1}};
  struct worked worked = {.rank_0 = about->rank_0, .others = about->others};
  const struct tsl_worker worker = {.work = work, .context = &worked};
  assert_int_equal(tsl_team_barrier(tsl_world_team(world), NULL), TSL_OK);
  double begun = tsl_clock_seconds(), before = computed(RUSAGE_SELF);
  assert_int_equal(tsl_schedule_run(world, tasks, about->count, 1, &worker, NULL),
                   TSL_OK);
  double clock = tsl_clock_seconds() - begun - worked.clock;
  double share = (computed(RUSAGE_SELF) - before - worked.computed) / clock;
  return clock > 1 ? share : 0;
}

static void test_idle__rank_uses_under_3_percent_of_a_core(void **state) {
  (void)state;
  check_share(idle_share, &(struct tasks){1, 2, 0}, "an idle rank");
}

static void test_idle__rank_0_uses_under_3_percent_of_a_core(void **state) {
  (void)state;
  check_share(idle_share, &(struct tasks){2, 0.1, 2}, "an idle rank");
}

/* A team's first member writes a file for a while: the others wait for it in a vote. */
static double waiting_share(const void *context) {
  (void)context;
  struct tsl_team *team = tsl_world_team(world);
  assert_int_equal(tsl_team_barrier(team, NULL), TSL_OK);
  double begun = tsl_clock_seconds(), before = computed(RUSAGE_SELF);
  if (tsl_team_index(team) == 0)
    compute_for(1.5);
  assert_int_equal(tsl_team_barrier(team, NULL), TSL_OK);
  double share = (computed(RUSAGE_SELF) - before) / (tsl_clock_seconds() - begun);
  return tsl_team_index(team) != 0 ? share : 0;
}

static void test_wait__in_a_team_uses_under_3_percent_of_a_core(void **state) {
  (void)state;
  check_share(waiting_share, NULL, "a rank that waits for another");
}

/* ---- one thread ---- */
static void test_train__works_in_one_thread(void **state) {
  (void)state;
  struct train_case made;
  case_open(&made, world,
            CASE_HEAD "train: {iterations: 60, batch: 64, shards: 8}\nseeds: [1]\n"
                      "families:\n  - model: beta_tcvae\n    beta: 4\n",
            case_network);
  struct tsl_team *team = tsl_world_team(world);
  struct tsl_store *store = tsl_world_rank(world) == 0 ? case_store(&made, "one") : NULL;
  assert_int_equal(tsl_team_barrier(team, NULL), TSL_OK);
  if (store == NULL)
    store = case_store(&made, "one");
  struct tsl_train_request request = case_request(&made, 0, store);
  double all = computed(RUSAGE_SELF), own = computed(RUSAGE_THREAD);
  assert_int_equal(tsl_train(&request, team, NULL), TSL_OK);
  all = computed(RUSAGE_SELF) - all;
  own = computed(RUSAGE_THREAD) - own;
  assert_true(own > 0);
  if (all - own > 0.02 * own + 0.01)
    fail_msg("other threads computed for %.3f s beside %.3f s of this one", all - own,
             own);
  tsl_store_close(store);
  case_close(&made);
}

int main(int argc, char **argv) {
  if (tsl_world_open(&argc, &argv, &world, NULL) != TSL_OK ||
      tsl_nn_start("", NULL) != TSL_OK)
    return 1;
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_idle__rank_uses_under_3_percent_of_a_core),
      cmocka_unit_test(test_idle__rank_0_uses_under_3_percent_of_a_core),
      cmocka_unit_test(test_wait__in_a_team_uses_under_3_percent_of_a_core),
      cmocka_unit_test(test_train__works_in_one_thread),
  };
  int failed = cmocka_run_group_tests(tests, NULL, NULL);
  tsl_world_close(world);
  return failed;
}
