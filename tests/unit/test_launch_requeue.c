/* A job of SLURM that is put back into its queue, with an scontrol of our own. */
#include "unit.h"

#include "cli/launch_requeue.h"
#include "teasel/store.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const double long_enough = 240; /* seconds, on a slow machine */
static char folder[64];
static volatile sig_atomic_t signals;

static void note(int number) {
  (void)number;
  signals++;
}

static int make_folder(void **state) {
  (void)state;
  char path[4096];
  strcpy(folder, "/tmp/teasel-requeue-XXXXXX");
  if (mkdtemp(folder) == NULL)
    return -1;
  snprintf(path, sizeof path, "%s:%.3900s", folder, getenv("PATH"));
  setenv("PATH", path, 1);
  setenv("SLURM_JOB_ID", "4712", 1);
  unsetenv("SLURM_ARRAY_JOB_ID");
  unsetenv("SLURM_ARRAY_TASK_ID");
  signal(SIGTERM, note);
  return 0;
}

static int drop_folder(void **state) {
  (void)state;
  char command[128];
  snprintf(command, sizeof command, "rm -rf '%s'", folder);
  return system(command);
}

/* What scontrol does, in words of a shell. */
static void be(const char *script) {
  char path[128], text[512];
  snprintf(path, sizeof path, "%s/scontrol", folder);
  snprintf(text, sizeof text, "#!/bin/sh\necho \"$@\" >>%s/said\n%s\n", folder, script);
  unlink(path);
  assert_int_equal(tsl_file_write(path, text, strlen(text), NULL), TSL_OK);
  assert_int_equal(chmod(path, 0700), 0);
}

static void said(const char *words) {
  char path[128], *bytes = NULL;
  size_t count = 0;
  snprintf(path, sizeof path, "%s/said", folder);
  assert_int_equal(tsl_file_read(path, &bytes, &count, NULL), TSL_OK);
  assert_int_equal(count, strlen(words));
  assert_memory_equal(bytes, words, count);
  free(bytes);
  unlink(path);
}

static void test_requeue__waits_for_the_end_that_slurm_makes(void **state) {
  (void)state;
  be("kill -TERM $PPID");
  assert_true(tsl__launch_requeue(&signals, long_enough));
  said("requeue 4712\n");
  setenv("SLURM_ARRAY_JOB_ID", "47", 1);
  setenv("SLURM_ARRAY_TASK_ID", "3", 1);
  assert_true(tsl__launch_requeue(&signals, long_enough));
  said("requeue 47_3\n");
}

static void test_requeue__a_failure_is_told_at_once(void **state) {
  (void)state;
  be("exit 1");
  assert_false(tsl__launch_requeue(&signals, long_enough));
  unsetenv("SLURM_ARRAY_JOB_ID");
  unsetenv("SLURM_JOB_ID");
  assert_false(tsl__launch_requeue(&signals, long_enough));
}

/* With what it has started: the sleep holds the pipe open for as long as it lives. */
static void test_requeue__an_scontrol_that_never_answers_is_ended(void **state) {
  (void)state;
  char byte = 0;
  int ends[2];
  assert_int_equal(pipe(ends), 0);
  be("sleep 100000; exit 0");
  assert_false(tsl__launch_requeue(&signals, 0.2));
  assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
  assert_int_equal(errno, ECHILD);
  close(ends[1]);
  assert_int_equal(read(ends[0], &byte, 1), 0);
  close(ends[0]);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_requeue__waits_for_the_end_that_slurm_makes,
                                      make_folder, drop_folder),
      cmocka_unit_test_setup_teardown(test_requeue__a_failure_is_told_at_once,
                                      make_folder, drop_folder),
      cmocka_unit_test_setup_teardown(
          test_requeue__an_scontrol_that_never_answers_is_ended, make_folder,
          drop_folder),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
