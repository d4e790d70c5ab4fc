#include "unit.h"

#include "cli/progress.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static char said[1024];

/* What the line says that is due now, while nothing is trained here. */
static void show_idle(struct tsl__progress *progress) {
  const struct tsl_sweep_progress now = {.runs = 10,
                                         .finished = 3,
                                         .steps_done = 3,
                                         .steps_total = 10,
                                         .seconds_left = (double)NAN,
                                         .event = TSL_SWEEP_TIME};
  FILE *file = tmpfile();
  const int before = dup(STDERR_FILENO);
  assert_non_null(file);
  assert_true(dup2(fileno(file), STDERR_FILENO) >= 0);
  progress->drawn = -1e9; /* a minute ago and more */
  tsl__progress_show(progress, &now);
  fflush(stderr);
  dup2(before, STDERR_FILENO);
  close(before);
  rewind(file);
  said[fread(said, 1, sizeof said - 1, file)] = '\0';
  fclose(file);
}

static void test_line__between_two_runs_nobody_is_waited_for(void **state) {
  (void)state;
  struct tsl__progress progress;
  tsl__progress_init(&progress, /*bar=*/false);
  show_idle(&progress);
  assert_string_equal(said, "teasel: 3 of 10 runs, 30 % of the steps\n");
  show_idle(&progress);
  show_idle(&progress);
  assert_string_equal(
      said, "teasel: 3 of 10 runs, 30 % of the steps, waiting for other processes\n");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_line__between_two_runs_nobody_is_waited_for),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
