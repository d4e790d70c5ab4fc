/* Claims with a clock that the test sets, and with processes that die. */
#include "unit.h"

#include "store/claim_file.h"
#include "teasel/claim.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const char run[] = "vae-seed=0-12345678";
static double now;

static double fake_clock(void) {
  return now;
}

struct place {
  char folder[TSL_PATH_MAX];
  struct tsl_store *store;
};

static int make_place(void **state) {
  struct place *place = calloc(1, sizeof *place);
  assert_non_null(place);
  snprintf(place->folder, sizeof place->folder, "/tmp/teasel-claim-XXXXXX");
  assert_non_null(mkdtemp(place->folder));
  assert_int_equal(tsl_store_open(place->folder, TSL_STORE_CREATE, &place->store, NULL),
                   TSL_OK);
  now = 1000;
  *state = place;
  return 0;
}

static int remove_place(void **state) {
  struct place *place = *state;
  char command[TSL_PATH_MAX + 16];
  tsl_store_close(place->store);
  snprintf(command, sizeof command, "rm -rf '%s'", place->folder);
  int failed = system(command);
  free(place);
  return failed;
}

static struct tsl_claims *open_claims(void **state, const char *session, double seconds) {
  const struct place *place = *state;
  struct tsl_claims *claims = NULL;
  assert_int_equal(tsl_claims_open(place->store, session, "kernels", seconds, fake_clock,
                                   &claims, NULL),
                   TSL_OK);
  return claims;
}

static enum tsl_claim_answer take(struct tsl_claims *claims, const char *name) {
  enum tsl_claim_answer answer = TSL_CLAIM_HELD;
  struct tsl_claim_state other;
  assert_int_equal(tsl_claims_take(claims, name, &answer, &other, NULL), TSL_OK);
  return answer;
}

static int64_t highest(void **state) {
  const struct place *place = *state;
  int64_t number = -1;
  assert_int_equal(tsl__claim_highest(place->store, run, &number, NULL), TSL_OK);
  return number;
}

static void
test_claim__one_of_two_gets_it_and_the_other_after_it_is_dropped(void **state) {
  struct tsl_claims *one = open_claims(state, "one", 180);
  struct tsl_claims *two = open_claims(state, "two", 180);
  struct tsl_claim claim;
  const char *const names[] = {run, NULL};
  for (int i = 0; i < 2; i++) {
    assert_int_equal(take(one, names[i]), TSL_CLAIM_TAKEN);
    assert_int_equal(take(two, names[i]), TSL_CLAIM_HELD);
    assert_int_equal(tsl_claim_hold(two, names[i], &claim, NULL), TSL_TAKEN);
    assert_int_equal(tsl_claim_hold(one, names[i], &claim, NULL), TSL_OK);
    tsl_claim_drop(&claim);
    assert_int_equal(take(two, names[i]), TSL_CLAIM_TAKEN);
    assert_int_equal(take(one, names[i]), TSL_CLAIM_HELD);
  }
  tsl_claims_close(one);
  tsl_claims_close(two);
}

static void
test_claim__is_stale_when_its_content_stands_still_by_the_readers_clock(void **state) {
  struct tsl_claims *one = open_claims(state, "one", 60);
  struct tsl_claims *two = open_claims(state, "two", 60);
  struct tsl_claim claim;
  assert_int_equal(take(one, run), TSL_CLAIM_TAKEN);
  assert_int_equal(tsl_claim_hold(one, run, &claim, NULL), TSL_OK);
  /* However old: the reader has only just seen it. */
  now += 1e6;
  assert_int_equal(take(two, run), TSL_CLAIM_HELD);
  now += 60;
  assert_int_equal(take(two, run), TSL_CLAIM_HELD);
  /* A heartbeat in time starts it anew. */
  enum tsl_claim_answer answer = TSL_CLAIM_REVIVED;
  struct tsl_claim_state other;
  assert_int_equal(tsl_claims_take(two, run, &answer, &other, NULL), TSL_OK);
  assert_false(other.moved);
  assert_int_equal(tsl_claim_beat(&claim, 7, 2.5, NULL), TSL_OK);
  now += 1;
  assert_int_equal(tsl_claims_take(two, run, &answer, &other, NULL), TSL_OK);
  assert_true(other.moved);
  assert_int_equal(answer, TSL_CLAIM_HELD);
  now += 60;
  assert_int_equal(take(two, run), TSL_CLAIM_HELD);
  now += 0.5;
  assert_int_equal(tsl_claims_take(two, run, &answer, &other, NULL), TSL_OK);
  assert_int_equal(answer, TSL_CLAIM_REVIVED);
  assert_string_equal(other.session, "one");
  assert_int_equal(other.pid, getpid());
  assert_int_equal(other.step, 7);
  assert_true(other.steps_per_second == 2.5);
  assert_string_equal(other.kernels, "kernels");
  assert_int_equal(highest(state), 2);
  /* The old owner wakes: it finds what it lost, and leaves the new claim alone. */
  assert_int_equal(tsl_claim_beat(&claim, 8, 2.5, NULL), TSL_TAKEN);
  tsl_claim_drop(&claim);
  assert_int_equal(highest(state), 2);
  assert_int_equal(take(one, run), TSL_CLAIM_HELD);
  tsl_claims_close(one);
  tsl_claims_close(two);
}

static void test_claim__beats_at_most_every_sixth_of_its_seconds(void **state) {
  const struct place *place = *state;
  struct tsl_claims *one = open_claims(state, "one", 60);
  struct tsl_claim claim;
  struct tsl_claim_state seen;
  bool found = false;
  assert_int_equal(take(one, run), TSL_CLAIM_TAKEN);
  assert_int_equal(tsl_claim_hold(one, run, &claim, NULL), TSL_OK);
  for (int step = 1; step <= 100; step++) {
    now += 1;
    assert_int_equal(tsl_claim_beat(&claim, step, 1, NULL), TSL_OK);
  }
  assert_int_equal(tsl_claim_read(place->store, run, &seen, &found, NULL), TSL_OK);
  assert_true(found);
  assert_int_equal(seen.beat, 10);
  assert_int_equal(seen.step, 100);
  tsl_claim_drop(&claim);
  assert_int_equal(tsl_claim_read(place->store, run, &seen, &found, NULL), TSL_OK);
  assert_false(found);
  tsl_claims_close(one);
}

static void test_claim__of_a_slower_owner_is_given_its_time(void **state) {
  struct tsl_claims *slow = open_claims(state, "slow", 600);
  struct tsl_claims *quick = open_claims(state, "quick", 3);
  assert_int_equal(take(slow, run), TSL_CLAIM_TAKEN);
  assert_int_equal(take(quick, run), TSL_CLAIM_HELD);
  now += 599;
  assert_int_equal(take(quick, run), TSL_CLAIM_HELD);
  now += 2;
  assert_int_equal(take(quick, run), TSL_CLAIM_REVIVED);
  tsl_claims_close(slow);
  tsl_claims_close(quick);
}

static void
test_claim__of_the_same_session_is_taken_anew_from_a_lost_member(void **state) {
  struct tsl_claims *claims = open_claims(state, "one", 60);
  struct tsl_claims *member = open_claims(state, "one", 60);
  struct tsl_claim lost, held;
  assert_int_equal(take(claims, run), TSL_CLAIM_TAKEN);
  assert_int_equal(tsl_claim_hold(member, run, &lost, NULL), TSL_OK);
  assert_int_equal(take(claims, run), TSL_CLAIM_TAKEN);
  assert_int_equal(tsl_claim_hold(claims, run, &held, NULL), TSL_OK);
  now += 30;
  assert_int_equal(tsl_claim_beat(&lost, 1, 1, NULL), TSL_TAKEN);
  assert_int_equal(tsl_claim_beat(&held, 1, 1, NULL), TSL_OK);
  tsl_claim_drop(&held);
  assert_int_equal(highest(state), 0);
  tsl_claims_close(claims);
  tsl_claims_close(member);
}

static void
test_claim__that_is_empty_or_damaged_is_held_until_it_stands_still(void **state) {
  const struct place *place = *state;
  static const char *const contents[] = {"", "{\"beat\": 3, \"sess", "nonsense\n"};
  struct tsl_claims *one = open_claims(state, "one", 60);
  for (size_t i = 0; i < 3; i++) {
    struct tsl_claim claim;
    char path[TSL_PATH_MAX];
    assert_int_equal(
        tsl_folder_create(tsl_store_run_path(place->store, run, "", path), NULL), TSL_OK);
    FILE *file = fopen(tsl__claim_path(place->store, run, 41, path), "w");
    assert_non_null(file);
    fputs(contents[i], file);
    fclose(file);
    assert_int_equal(take(one, run), TSL_CLAIM_HELD);
    now += 61;
    assert_int_equal(take(one, run), TSL_CLAIM_REVIVED);
    assert_int_equal(highest(state), 42);
    assert_int_equal(tsl_claim_hold(one, run, &claim, NULL), TSL_OK);
    tsl_claim_drop(&claim);
  }
  tsl_claims_close(one);
}

/* A link to nothing is in the folder's list, and cannot be opened. */
static void test_claim__that_is_a_link_to_nothing_is_stale_after_a_while(void **state) {
  const struct place *place = *state;
  char path[TSL_PATH_MAX];
  struct tsl_claims *one = open_claims(state, "one", 60);
  assert_int_equal(
      tsl_folder_create(tsl_store_run_path(place->store, run, "", path), NULL), TSL_OK);
  assert_int_equal(symlink("nowhere", tsl__claim_path(place->store, run, 41, path)), 0);
  assert_int_equal(take(one, run), TSL_CLAIM_HELD);
  now += 61;
  assert_int_equal(take(one, run), TSL_CLAIM_REVIVED);
  assert_int_equal(highest(state), 42);
  tsl_claims_close(one);
}

static void test_claim__that_is_a_folder_is_told_with_what_to_do(void **state) {
  const struct place *place = *state;
  char path[TSL_PATH_MAX];
  struct tsl_error err = {0};
  struct tsl_claims *one = open_claims(state, "one", 60);
  enum tsl_claim_answer answer = TSL_CLAIM_HELD;
  struct tsl_claim_state other;
  tsl__claim_path(place->store, run, 1, path);
  assert_int_equal(tsl_folder_create(path, NULL), TSL_OK);
  assert_int_equal(tsl_claims_take(one, run, &answer, &other, &err), TSL_BAD_INPUT);
  assert_string_equal(err.where, path);
  assert_non_null(strstr(err.text, "remove it"));
  tsl_claims_close(one);
}

static void write_claim_file(void **state, const char *name, const char *content) {
  const struct place *place = *state;
  char path[TSL_PATH_MAX];
  assert_int_equal(
      tsl_folder_create(tsl_store_run_path(place->store, run, "", path), NULL), TSL_OK);
  FILE *file = fopen(tsl_store_run_path(place->store, run, name, path), "w");
  assert_non_null(file);
  fputs(content, file);
  fclose(file);
}

static void test_claim__file_of_a_number_that_none_can_have_is_none(void **state) {
  static const char *const names[] = {"claim.99999999999999999999",
                                      "claim.9223372036854775807",
                                      "claim.1000000000000000000",
                                      "claim.007",
                                      "claim.0",
                                      "claim.",
                                      "claim.-3",
                                      "claim.5x"};
  struct tsl_claims *one = open_claims(state, "one", 60);
  struct tsl_claim claim;
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    write_claim_file(state, names[i], "");
  assert_int_equal(highest(state), 0);
  assert_int_equal(take(one, run), TSL_CLAIM_TAKEN);
  assert_int_equal(highest(state), 1);
  assert_int_equal(tsl_claim_hold(one, run, &claim, NULL), TSL_OK);
  tsl_claim_drop(&claim);
  assert_int_equal(highest(state), 0);
  tsl_claims_close(one);
}

static void test_claim__of_the_highest_number_is_taken_over_like_any(void **state) {
  struct tsl_claims *one = open_claims(state, "one", 60);
  write_claim_file(state, "claim.999999999999999998", "");
  assert_int_equal(take(one, run), TSL_CLAIM_HELD);
  now += 61;
  assert_int_equal(take(one, run), TSL_CLAIM_REVIVED);
  assert_true(highest(state) == TSL__CLAIM_NUMBER_MOST);
  struct tsl_claims *two = open_claims(state, "two", 60);
  assert_int_equal(take(two, run), TSL_CLAIM_HELD);
  now += 61;
  /* It has no successor: it goes, and the next asking begins anew. */
  assert_int_equal(take(two, run), TSL_CLAIM_HELD);
  assert_int_equal(highest(state), 0);
  assert_int_equal(take(two, run), TSL_CLAIM_TAKEN);
  assert_int_equal(highest(state), 1);
  tsl_claims_close(one);
  tsl_claims_close(two);
}

static void test_claim__that_says_to_wait_for_ever_is_stale_after_a_day(void **state) {
  static const char *const seconds[] = {"1e300", "1e999", "-1", "\"x\"", "null"};
  for (size_t i = 0; i < sizeof seconds / sizeof *seconds; i++) {
    struct tsl_claims *one = open_claims(state, "one", 60);
    struct tsl_claim claim;
    char content[200];
    const double patience = i < 2 ? 86400 : 60;
    snprintf(content, sizeof content,
             "{\"beat\": 1, \"session\": \"far\", \"host\": \"far\", \"pid\": 7, "
             "\"seconds\": %s}",
             seconds[i]);
    write_claim_file(state, "claim.5", content);
    assert_int_equal(take(one, run), TSL_CLAIM_HELD);
    now += patience - 1;
    assert_int_equal(take(one, run), TSL_CLAIM_HELD);
    now += 2;
    assert_int_equal(take(one, run), TSL_CLAIM_REVIVED);
    assert_int_equal(tsl_claim_hold(one, run, &claim, NULL), TSL_OK);
    tsl_claim_drop(&claim);
    tsl_claims_close(one);
  }
}

static void test_claim__tells_how_long_it_may_stand_still(void **state) {
  struct tsl_claims *one = open_claims(state, "one", 60);
  struct tsl_claims *two = open_claims(state, "two", 20);
  struct tsl_claim_state other;
  enum tsl_claim_answer answer = TSL_CLAIM_TAKEN;
  assert_int_equal(take(one, NULL), TSL_CLAIM_TAKEN);
  for (int i = 0; i < 2; i++, now += 25) {
    assert_int_equal(tsl_claims_take(two, NULL, &answer, &other, NULL), TSL_OK);
    assert_int_equal(answer, TSL_CLAIM_HELD);
    assert_true(other.left == 60 - 25 * i); /* as its owner may beat so slowly */
  }
  tsl_claims_close(one);
  tsl_claims_close(two);
}

static void test_claim__is_described_with_run_process_host_and_file(void **state) {
  const struct place *place = *state;
  struct tsl_claims *one = open_claims(state, "one", 60);
  struct tsl_claim_state other;
  enum tsl_claim_answer answer = TSL_CLAIM_TAKEN;
  char text[TSL_CLAIM_TEXT];
  bool found = false;
  write_claim_file(state, "claim.5",
                   "{\"beat\": 1, \"session\": \"far\", \"host\": \"f\\u001bar\", "
                   "\"pid\": 7}");
  assert_int_equal(tsl_claims_take(one, run, &answer, &other, NULL), TSL_OK);
  assert_int_equal(answer, TSL_CLAIM_HELD);
  assert_string_equal(tsl_claim_state_print(text, run, &other),
                      "process 7 on f?ar holds runs/vae-seed=0-12345678/claim.5");
  write_claim_file(state, "claim.6", "");
  assert_int_equal(tsl_claim_read(place->store, run, &other, &found, NULL), TSL_OK);
  assert_true(found);
  assert_string_equal(tsl_claim_state_print(text, run, &other),
                      "runs/vae-seed=0-12345678/claim.6 does not say whose it is");
  assert_string_equal(tsl_claim_state_print(text, NULL, &other),
                      "score.claim.6 does not say whose it is");
  tsl_claims_close(one);
}

/* A child that claims and then waits for its death. */
static pid_t child_that_claims(void **state, int *taken) {
  int ready[2];
  assert_int_equal(pipe(ready), 0);
  pid_t child = fork();
  if (child == 0) {
    char answer = 'n';
    struct tsl_claims *claims = open_claims(state, "child", 3600);
    if (take(claims, run) != TSL_CLAIM_HELD)
      answer = 'y';
    if (write(ready[1], &answer, 1) != 1)
      _exit(1);
    for (;;)
      pause();
  }
  char answer = 0;
  assert_int_equal(read(ready[0], &answer, 1), 1);
  close(ready[0]);
  close(ready[1]);
  *taken = answer == 'y';
  return child;
}

static void test_claim__of_a_dead_process_of_this_machine_is_free_at_once(void **state) {
  struct tsl_claims *one = open_claims(state, "one", 3600);
  int taken = 0;
  pid_t child = child_that_claims(state, &taken);
  assert_true(taken);
  assert_int_equal(take(one, run), TSL_CLAIM_HELD);
  kill(child, SIGSTOP);
  assert_int_equal(take(one, run), TSL_CLAIM_HELD);
  kill(child, SIGKILL);
  siginfo_t about;
  /* Nobody has asked for its end yet: a zombie. */
  assert_int_equal(waitid(P_PID, (id_t)child, &about, WEXITED | WNOWAIT), 0);
  assert_int_equal(take(one, run), TSL_CLAIM_REVIVED);
  assert_int_equal(waitpid(child, NULL, 0), child);
  tsl_claims_close(one);
}

/* A rank that lives, of a session whose first rank is a child. */
static void test_claim__of_a_finished_run_is_free_when_its_session_is_over(void **state) {
  struct tsl_claims *one = open_claims(state, "one", 3600);
  struct tsl_claim_state other;
  enum tsl_claim_answer answer = TSL_CLAIM_TAKEN;
  char session[TSL_SESSION_MAX] = "";
  int ready[2];
  assert_int_equal(pipe(ready), 0);
  const pid_t child = fork();
  if (child == 0) {
    tsl_session_print(session);
    if (write(ready[1], session, sizeof session) != (ssize_t)sizeof session)
      _exit(1);
    for (;;)
      pause();
  }
  assert_int_equal(read(ready[0], session, sizeof session), sizeof session);
  close(ready[0]);
  close(ready[1]);
  struct tsl_claims *rank = open_claims(state, session, 3600);
  assert_int_equal(take(rank, run), TSL_CLAIM_TAKEN);
  assert_int_equal(tsl_claims_take_finished(one, run, &answer, &other, NULL), TSL_OK);
  assert_int_equal(answer, TSL_CLAIM_HELD);
  kill(child, SIGKILL);
  assert_int_equal(waitpid(child, NULL, 0), child);
  assert_int_equal(take(one, run), TSL_CLAIM_HELD);
  assert_int_equal(tsl_claims_take_finished(one, run, &answer, &other, NULL), TSL_OK);
  assert_int_equal(answer, TSL_CLAIM_REVIVED);
  tsl_claims_close(rank);
  tsl_claims_close(one);
}

static void test_claim__process_number_used_again_is_another_process(void **state) {
  (void)state;
  struct tsl_process process;
  tsl_process_self(&process);
  assert_false(tsl_process_is_dead(&process));
  process.started--;
  assert_true(tsl_process_is_dead(&process));
  process.place[0] ^= 1;
  assert_false(tsl_process_is_dead(&process));
}

/* Many processes that want the same claims at once: each is had by one. */
static void test_claim__of_many_processes_one_gets_each(void **state) {
  enum { PROCESSES = 6, CLAIMS = 60 };
  int results[2], counts[CLAIMS] = {0};
  assert_int_equal(pipe(results), 0);
  for (int k = 0; k < PROCESSES; k++) {
    if (fork() != 0)
      continue;
    char session[16], name[32];
    snprintf(session, sizeof session, "session %d", k);
    struct tsl_claims *claims = open_claims(state, session, 3600);
    for (int i = 0; i < CLAIMS; i++) {
      snprintf(name, sizeof name, "run-%d", i);
      if (take(claims, name) != TSL_CLAIM_HELD && write(results[1], &i, sizeof i) < 0)
        _exit(1);
    }
    pause();
  }
  for (int got = 0, index = 0; got < CLAIMS; got++) {
    assert_int_equal(read(results[0], &index, sizeof index), (int)sizeof index);
    counts[index]++;
  }
  for (int i = 0; i < CLAIMS; i++)
    assert_int_equal(counts[i], 1);
  close(results[0]);
  close(results[1]);
  signal(SIGTERM, SIG_IGN);
  kill(0, SIGTERM); /* the group is this test's own: see main */
  signal(SIGTERM, SIG_DFL);
  while (wait(NULL) > 0) {
  }
}

static void test_claim__keeper_beats_while_a_stage_lasts(void **state) {
  const struct place *place = *state;
  struct tsl_claims *one = open_claims(state, "one", 60);
  struct tsl_claim claim;
  struct tsl_claim_state seen = {.beat = 0};
  bool found = false;
  assert_int_equal(take(one, NULL), TSL_CLAIM_TAKEN);
  assert_int_equal(tsl_claim_hold(one, NULL, &claim, NULL), TSL_OK);
  now += 11;
  /* One that has lost its parent, then one that needs none. */
  struct tsl_claim_keeper *keeper = tsl_claim_keeper_begin(&claim, getpid());
  assert_non_null(keeper);
  usleep(300000);
  tsl_claim_keeper_end(keeper);
  assert_int_equal(tsl_claim_read(place->store, NULL, &seen, &found, NULL), TSL_OK);
  assert_int_equal(seen.beat, 0);
  keeper = tsl_claim_keeper_begin(&claim, 0);
  assert_non_null(keeper);
  for (int i = 0; i < 6000 && seen.beat == 0; i++) {
    usleep(10000);
    assert_int_equal(tsl_claim_read(place->store, NULL, &seen, &found, NULL), TSL_OK);
  }
  assert_true(seen.beat > 0);
  tsl_claim_keeper_end(keeper);
  tsl_claim_drop(&claim);
  tsl_claims_close(one);
}

int main(void) {
  setpgid(0, 0);
  const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_place, remove_place)
      TEST(test_claim__one_of_two_gets_it_and_the_other_after_it_is_dropped),
      TEST(test_claim__is_stale_when_its_content_stands_still_by_the_readers_clock),
      TEST(test_claim__beats_at_most_every_sixth_of_its_seconds),
      TEST(test_claim__of_a_slower_owner_is_given_its_time),
      TEST(test_claim__of_the_same_session_is_taken_anew_from_a_lost_member),
      TEST(test_claim__that_is_empty_or_damaged_is_held_until_it_stands_still),
      TEST(test_claim__that_is_a_link_to_nothing_is_stale_after_a_while),
      TEST(test_claim__that_is_a_folder_is_told_with_what_to_do),
      TEST(test_claim__file_of_a_number_that_none_can_have_is_none),
      TEST(test_claim__of_the_highest_number_is_taken_over_like_any),
      TEST(test_claim__that_says_to_wait_for_ever_is_stale_after_a_day),
      TEST(test_claim__is_described_with_run_process_host_and_file),
      TEST(test_claim__tells_how_long_it_may_stand_still),
      TEST(test_claim__of_a_dead_process_of_this_machine_is_free_at_once),
      TEST(test_claim__of_a_finished_run_is_free_when_its_session_is_over),
      TEST(test_claim__process_number_used_again_is_another_process),
      TEST(test_claim__of_many_processes_one_gets_each),
      TEST(test_claim__keeper_beats_while_a_stage_lasts),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
