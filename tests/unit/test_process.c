/* Processes told apart, and those that were started beside this one. */
#include "unit.h"

#include "teasel/process.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void test_process__this_one_is_alive(void **state) {
  (void)state;
  struct tsl_process self;
  tsl_process_self(&self);
  assert_int_equal(self.pid, getpid());
  assert_false(tsl_process_is_dead(&self));
  self.started++; /* its number, used again by another */
  assert_true(tsl_process_is_dead(&self) || self.place[0] == '\0');
}

/* A child that lives until it is killed. */
static pid_t sleeper(void) {
  pid_t child = fork();
  if (child == 0) {
    for (;;)
      pause();
  }
  return child;
}

static void test_process__another_is_dead_once_it_has_ended(void **state) {
  (void)state;
  struct tsl_process other;
  pid_t child = sleeper();
  tsl_process_of(child, &other);
  assert_false(tsl_process_is_dead(&other));
  kill(child, SIGKILL);
  assert_int_equal(waitpid(child, NULL, 0), child);
  assert_true(tsl_process_is_dead(&other) || other.place[0] == '\0');
}

/* In a child: answers each byte with the number of its siblings. */
static void count_on_demand(int ask, int answer) {
  char byte = 0, parent[TSL_PROCESS_NAME];
  while (read(ask, &byte, 1) == 1) {
    int count = tsl_process_count_siblings(parent);
    if (write(answer, &count, sizeof count) != sizeof count)
      break;
  }
  _exit(0);
}

static int demand(int ask, int answer) {
  int count = -1;
  assert_int_equal(write(ask, "?", 1), 1);
  assert_int_equal(read(answer, &count, sizeof count), sizeof count);
  return count;
}

static void test_process__counts_its_siblings_while_they_live(void **state) {
  (void)state;
  int ask[2], answer[2];
  assert_int_equal(pipe(ask), 0);
  assert_int_equal(pipe(answer), 0);
  pid_t other = sleeper(), counter = fork();
  if (counter == 0) {
    close(ask[1]);
    count_on_demand(ask[0], answer[1]);
  }
  assert_int_equal(demand(ask[1], answer[0]), 2);
  kill(other, SIGKILL);
  siginfo_t about;
  assert_int_equal(waitid(P_PID, (id_t)other, &about, WEXITED | WNOWAIT), 0);
  assert_int_equal(demand(ask[1], answer[0]), 1); /* nobody has asked for its end yet */
  assert_int_equal(waitpid(other, NULL, 0), other);
  assert_int_equal(demand(ask[1], answer[0]), 1);
  close(ask[1]);
  assert_int_equal(waitpid(counter, NULL, 0), counter);
  close(ask[0]);
  close(answer[0]);
  close(answer[1]);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_process__this_one_is_alive),
      cmocka_unit_test(test_process__another_is_dead_once_it_has_ended),
      cmocka_unit_test(test_process__counts_its_siblings_while_they_live),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
