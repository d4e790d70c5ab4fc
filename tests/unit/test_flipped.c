/* One bit of latents.h5 or scores.h5 that flips: an error, or the numbers that were
 * written, never other numbers. */
#include "unit.h"

#include "fake_scores.h"

#include <stdlib.h>
#include <string.h>

enum { POINTS = 12, LATENT = 3, FLIPS = 200 };

static char folder[] = "/tmp/teasel-flipped-XXXXXX";
static struct tsl_store *store;

static int open_folder(void **state) {
  (void)state;
  if (mkdtemp(folder) == NULL)
    return 1;
  return tsl_store_open(folder, TSL_STORE_CREATE, &store, NULL) != TSL_OK;
}

static int remove_folder(void **state) {
  (void)state;
  tsl_store_close(store);
  char command[128];
  snprintf(command, sizeof command, "rm -rf '%s'", folder);
  return system(command); /* NOLINT: a folder that mkdtemp named */
}

/* Reads the file; *same: it holds what was written. */
typedef enum tsl_status (*reader)(bool *same, struct tsl_error *err);

/* Returns how many flips were noticed. */
static int flip_all(enum tsl_store_file file, reader read) {
  char path[TSL_PATH_MAX];
  char *bytes = NULL;
  size_t count = 0;
  int noticed = 0;
  bool same = false;
  tsl_store_path(store, file, path);
  assert_int_equal(tsl_file_read(path, &bytes, &count, NULL), TSL_OK);
  assert_int_equal(read(&same, NULL), TSL_OK);
  assert_true(same);
  const size_t flips = under_valgrind() ? FLIPS / 20 : FLIPS;
  for (size_t at = 0; at < count; at += count / flips + 1) {
    const char bit = (char)(1 << at % 8);
    struct tsl_error err = {0};
    bytes[at] = (char)(bytes[at] ^ bit);
    FILE *out = fopen(path, "wb"); /* unsynced: there are many */
    assert_non_null(out);
    assert_int_equal(fwrite(bytes, 1, count, out), count);
    assert_int_equal(fclose(out), 0);
    if (read(&same, &err) != TSL_OK)
      noticed++;
    else if (!same)
      fail_msg("%s: byte %zu is used though it has changed", path, at);
    bytes[at] = (char)(bytes[at] ^ bit);
  }
  free(bytes);
  return noticed;
}

/* ---- latents.h5 ---- */

static int64_t indices[POINTS];
static int32_t labels[POINTS];
static float values[2][2][POINTS * LATENT]; /* of run, mean or log variance */

static enum tsl_status read_latents(bool *same, struct tsl_error *err) {
  struct tsl_latents found = {0};
  TSL_TRY(tsl_store_latents_read(store, &found, err));
  *same = found.points == POINTS && found.run_count == 2 && found.labels != NULL &&
          memcmp(found.indices, indices, sizeof indices) == 0 &&
          memcmp(found.labels, labels, sizeof labels) == 0;
  for (size_t i = 0; i < 2 && *same; i++)
    *same = memcmp(found.runs[i].mean, values[i][0], sizeof values[i][0]) == 0 &&
            memcmp(found.runs[i].log_variance, values[i][1], sizeof values[i][1]) == 0;
  tsl_latents_release(&found);
  return TSL_OK;
}

static void test_latents__no_flipped_bit_is_used(void **state) {
  (void)state;
  struct tsl_latents_run runs[2];
  struct tsl_latents latents = {.points = POINTS,
                                .indices = indices,
                                .labels = labels,
                                .run_count = 2,
                                .runs = runs};
  for (int i = 0; i < POINTS; i++) {
    indices[i] = 7 * i;
    labels[i] = i % 2;
  }
  for (int i = 0; i < 2; i++) {
    for (int k = 0; k < POINTS * LATENT; k++) {
      values[i][0][k] = (float)(k - i);
      values[i][1][k] = -(float)(k + i);
    }
    runs[i] = (struct tsl_latents_run){.name = i == 0 ? "one" : "two",
                                       .latent = LATENT,
                                       .mean = values[i][0],
                                       .log_variance = values[i][1]};
  }
  assert_int_equal(tsl_store_latents_write(store, tsl_team_alone(), &latents, NULL),
                   TSL_OK);
  assert_true(flip_all(TSL_STORE_LATENTS, read_latents) > 0);
}

/* ---- scores.h5 ---- */

static struct tsl_scores written;

static enum tsl_status read_scores(bool *same, struct tsl_error *err) {
  struct tsl_scores found = {0};
  TSL_TRY(tsl_scores_read(store, &found, err));
  *same = found.run_count == written.run_count &&
          memcmp(found.runs, written.runs,
                 (size_t)written.run_count * sizeof *written.runs) == 0;
  for (int s = 0; s < TSL_SIMILARITY_COUNT && *same; s++)
    *same = found.matrices[s] != NULL &&
            memcmp(found.matrices[s], written.matrices[s],
                   (size_t)(written.run_count * written.run_count * written.latent_max *
                            written.latent_max) *
                       sizeof(float)) == 0;
  tsl_scores_release(&found);
  return TSL_OK;
}

static void test_scores__no_flipped_bit_is_used(void **state) {
  (void)state;
  assert_int_equal(fake_scores(&written, 1, 2), TSL_OK);
  assert_int_equal(tsl_scores_write(store, &written, NULL), TSL_OK);
  assert_true(flip_all(TSL_STORE_SCORES, read_scores) > 0);
  tsl_scores_release(&written);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_latents__no_flipped_bit_is_used),
      cmocka_unit_test(test_scores__no_flipped_bit_is_used),
  };
  return cmocka_run_group_tests(tests, open_folder, remove_folder);
}
