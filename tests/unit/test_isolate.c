#include "unit.h"

#include "base/isolate.h"

#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static enum tsl_status fine(void *context, struct tsl_error *err) {
  (void)err;
  *(int *)context = (int)getpid();
  return TSL_OK;
}

static enum tsl_status refuse(void *context, struct tsl_error *err) {
  return tsl_error_set(err, TSL_BAD_INPUT, "a file", "%s", (const char *)context);
}

/* raise() runs a handler of the caller's too, but this process has none. */
static enum tsl_status die(void *context, struct tsl_error *err) {
  (void)err;
  raise(*(const int *)context);
  return TSL_OK;
}

static enum tsl_status leave(void *context, struct tsl_error *err) {
  (void)context, (void)err;
  _exit(3);
}

static void test_isolate__shared_maps_keep_what_is_written(void **state) {
  (void)state;
  struct tsl_error err = {0};
  int here = 0;
  int *shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE,
                     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  assert_ptr_not_equal(shared, MAP_FAILED);
  assert_int_equal(tsl__isolate(fine, shared, "path", NULL, &err), TSL_OK);
  assert_int_not_equal(*shared, 0);
  assert_int_not_equal(*shared, getpid());
  assert_int_equal(tsl__isolate(fine, &here, "path", NULL, &err), TSL_OK);
  assert_int_equal(here, 0); /* other memory is a copy's */
  munmap(shared, sizeof *shared);
}

static void test_isolate__an_error_comes_back_whole(void **state) {
  (void)state;
  struct tsl_error err = {0};
  char why[] = "for a reason";
  assert_int_equal(tsl__isolate(refuse, why, "path", NULL, &err), TSL_BAD_INPUT);
  assert_int_equal(err.status, TSL_BAD_INPUT);
  assert_string_equal(err.where, "a file");
  assert_string_equal(err.text, why);
  assert_int_equal(tsl__isolate(refuse, why, "path", NULL, NULL), TSL_BAD_INPUT);
}

static void test_isolate__a_crash_is_a_damaged_file(void **state) {
  (void)state;
  int crashes[] = {SIGSEGV, SIGABRT, SIGFPE, SIGBUS};
  for (size_t i = 0; i < sizeof crashes / sizeof *crashes; i++) {
    struct tsl_error err = {0};
    assert_int_equal(tsl__isolate(die, &crashes[i], "x.h5", NULL, &err), TSL_FORMAT);
    assert_string_equal(err.where, "x.h5");
    assert_non_null(strstr(err.text, "damaged"));
  }
  struct tsl_error err = {0};
  assert_int_equal(tsl__isolate(leave, NULL, "x.h5", NULL, &err), TSL_FORMAT);
}

static void test_isolate__a_kill_is_no_damaged_file(void **state) {
  (void)state;
  struct tsl_error err = {0};
  int kill = SIGKILL, term = SIGTERM;
  assert_int_equal(tsl__isolate(die, &kill, "x.h5", NULL, &err), TSL_MEMORY);
  assert_int_equal(tsl__isolate(die, &term, "x.h5", NULL, &err),
                   TSL_OK); /* not its business */
}

static void test_copy__one_that_stands_still_is_no_damaged_file(void **state) {
  (void)state;
  struct tsl_error err = {0};
  struct tsl__copy copy;
  int heard = 0;
  assert_true(tsl__copy_make(&copy));
  if (copy.process == 0) {
    raise(SIGSTOP);
    _exit(0);
  }
  const pid_t process = copy.process;
  assert_true(copy.patience >=
              600); /* seconds: a slow file system is none that is gone */
  copy.patience = 1;
  assert_false(tsl__copy_get(&copy, &heard, sizeof heard));
  assert_int_equal(tsl__copy_crashed(tsl__copy_end(&copy), "x.h5", &err), TSL_IO);
  assert_string_equal(err.where, "x.h5");
  assert_int_equal(kill(process, 0), -1); /* gone, and waited for */
}

/* One that was stopped while nothing was asked of it. */
static void test_copy__the_end_waits_for_nobody(void **state) {
  (void)state;
  struct tsl__copy copy;
  int heard = 0, how = 0;
  assert_true(tsl__copy_make(&copy));
  if (copy.process == 0) {
    heard = 7;
    (void)tsl__copy_put(&copy, &heard, sizeof heard, NULL, 0);
    raise(SIGSTOP);
    _exit(0);
  }
  assert_true(tsl__copy_get(&copy, &heard, sizeof heard));
  assert_int_equal(heard, 7);
  assert_int_equal(waitpid(copy.process, &how, WUNTRACED), copy.process);
  assert_true(WIFSTOPPED(how));
  (void)tsl__copy_end(&copy);
}

static enum tsl_status stand(void *context, struct tsl_error *err) {
  (void)context, (void)err;
  raise(SIGSTOP);
  return TSL_OK;
}

static bool one_more(void *context) {
  return --*(int *)context > 0;
}

/* Asked while the copy has not answered, until it says no; the copy is ended then. */
static void test_isolate__is_given_up_when_it_is_not_to_be_waited_for(void **state) {
  (void)state;
  struct tsl_error err = {0};
  int left = 2;
  const struct tsl__waiting waiting = {one_more, &left};
  assert_int_equal(tsl__isolate(stand, NULL, "x.h5", &waiting, &err), TSL_INTERRUPTED);
  assert_int_equal(left, 0);
  assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* no child is left */
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_isolate__shared_maps_keep_what_is_written),
      cmocka_unit_test(test_isolate__an_error_comes_back_whole),
      cmocka_unit_test(test_isolate__a_crash_is_a_damaged_file),
      cmocka_unit_test(test_isolate__a_kill_is_no_damaged_file),
      cmocka_unit_test(test_copy__one_that_stands_still_is_no_damaged_file),
      cmocka_unit_test(test_copy__the_end_waits_for_nobody),
      cmocka_unit_test(test_isolate__is_given_up_when_it_is_not_to_be_waited_for),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
