// ranks: 1 2 3
/* A silhouette that is shared out has the bits of one that is not, and all members hear
 * when the first cannot read the file. */
#include "unit.h"

#include "unit/silhouette_case.h"

#include "teasel/compare.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static struct tsl_world *world;

static void test_silhouette__has_the_same_bits_for_any_number_of_members(void **state) {
  (void)state;
  for (int n = 0; n < SILHOUETTE_CASES; n++) {
    struct tsl_metric_input input = silhouette_input(&silhouette_cases[n]);
    struct tsl_text reason = {0};
    double alone, together;
    assert_int_equal(tsl_silhouette(&input, tsl_team_alone(), &alone, &reason, NULL),
                     TSL_OK);
    assert_int_equal(
        tsl_silhouette(&input, tsl_world_team(world), &together, &reason, NULL), TSL_OK);
    assert_memory_equal(&alone, &together, sizeof alone);
  }
}

static void write_file(const char *path, bool whole) {
  struct tsl_metric_input input = silhouette_input(&silhouette_cases[3]);
  const struct tsl_array arrays[] = {
      {"/x", TSL_ARRAY_F64, 2, {input.points, input.latent}, case_codes},
      {"/pred", TSL_ARRAY_I32, 1, {input.points}, case_clusters},
      {"/true", TSL_ARRAY_I32, 1, {input.points}, case_clusters}};
  struct tsl_h5_writer *writer = NULL;
  assert_int_equal(tsl_h5_create(path, &writer, NULL), TSL_OK);
  for (int i = 0; i < (whole ? 3 : 1); i++)
    assert_int_equal(tsl_h5_write(writer, &arrays[i], NULL), TSL_OK);
  assert_int_equal(tsl_h5_commit(writer, NULL), TSL_OK);
}

static void test_score_file__is_the_same_text_for_any_number_of_members(void **state) {
  (void)state;
  char path[64];
  const struct tsl_score_file_options options = {.form = TSL_UDR_LIB};
  struct tsl_team *team = tsl_world_team(world);
  struct tsl_text alone = {0}, together = {0};
  bool first = tsl_team_index(team) == 0;
  snprintf(path, sizeof path, "/tmp/teasel-silhouette-%ld.h5", (long)getpid());
  if (first)
    write_file(path, true);
  assert_int_equal(tsl_score_file(path, &options, team, &together, NULL), TSL_OK);
  assert_true(first == (together.length > 0));
  if (first) {
    assert_int_equal(tsl_score_file(path, &options, tsl_team_alone(), &alone, NULL),
                     TSL_OK);
    assert_string_equal(alone.bytes, together.bytes);
    assert_non_null(strstr(alone.bytes, "silhouette"));
    remove(path);
  }
  tsl_text_release(&alone);
  tsl_text_release(&together);
}

static void test_score_file__that_is_bad_is_every_members_error(void **state) {
  (void)state;
  char path[64];
  const struct tsl_score_file_options options = {.form = TSL_UDR_LIB};
  struct tsl_team *team = tsl_world_team(world);
  struct tsl_text json = {0};
  struct tsl_error err = {0};
  snprintf(path, sizeof path, "/tmp/teasel-silhouette-%ld.h5", (long)getpid());
  if (tsl_team_index(team) == 0)
    write_file(path, false);
  assert_int_equal(tsl_score_file(path, &options, team, &json, &err), TSL_BAD_INPUT);
  assert_non_null(strstr(err.text, "/pred"));
  assert_int_equal(json.length, 0);
  if (tsl_team_index(team) == 0)
    remove(path);
}

int main(int argc, char **argv) {
  if (tsl_world_open(&argc, &argv, &world, NULL) != TSL_OK)
    return 1;
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_silhouette__has_the_same_bits_for_any_number_of_members),
      cmocka_unit_test(test_score_file__is_the_same_text_for_any_number_of_members),
      cmocka_unit_test(test_score_file__that_is_bad_is_every_members_error),
  };
  int failed = cmocka_run_group_tests(tests, NULL, NULL);
  tsl_world_close(world);
  return failed != 0;
}
