/* Step files with something wrong in them; tests/oracle has those that are right. */
#include "unit.h"

#include "cli/job_open.h"
#include "cli/step_replay.h"
#include "teasel/nn.h"
#include "teasel/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STEPS "tests/oracle/steps/"

/* What a copy of a recorded file has otherwise. */
struct change {
  const char *without_array;     /* NULL: none */
  const char *without_attribute; /* NULL: none */
  double first_step;
  struct tsl_array added; /* name "": none */
};

static const char *const attributes[] = {"first_step", "dataset_size"};

static void copy_arrays(struct tsl_h5_reader *in, struct tsl_h5_writer *out,
                        const char *without) {
  char **names = NULL;
  size_t count = 0;
  assert_int_equal(tsl_h5_list(in, "/", &names, &count, NULL), TSL_OK);
  for (size_t i = 0; i < count; i++) {
    char path[TSL_ARRAY_NAME_MAX];
    struct tsl_array array = {.data = NULL};
    snprintf(path, sizeof path, "/%s", names[i]);
    free(names[i]);
    if (without != NULL && strcmp(path, without) == 0)
      continue;
    assert_int_equal(tsl_h5_read(in, path, TSL_ARRAY_F32, &array, NULL), TSL_OK);
    snprintf(array.name, sizeof array.name, "%s", path);
    assert_int_equal(tsl_h5_write(out, &array, NULL), TSL_OK);
    tsl_array_release(&array);
  }
  free(names);
}

static void copy_changed(const char *from, const char *to, const struct change *change) {
  struct tsl_h5_reader *in = NULL;
  struct tsl_h5_writer *out = NULL;
  assert_int_equal(tsl_h5_open(from, &in, NULL), TSL_OK);
  assert_int_equal(tsl_h5_create(to, &out, NULL), TSL_OK);
  copy_arrays(in, out, change->without_array);
  for (size_t i = 0; i < sizeof attributes / sizeof attributes[0]; i++) {
    double value = change->first_step;
    if (change->without_attribute != NULL &&
        strcmp(attributes[i], change->without_attribute) == 0)
      continue;
    if (i > 0)
      assert_int_equal(tsl_h5_read_attribute(in, "/", attributes[i], &value, NULL),
                       TSL_OK);
    assert_int_equal(tsl_h5_write_attribute(out, "/", attributes[i], value, NULL),
                     TSL_OK);
  }
  if (change->added.name[0] != '\0')
    assert_int_equal(tsl_h5_write(out, &change->added, NULL), TSL_OK);
  assert_int_equal(tsl_h5_commit(out, NULL), TSL_OK);
  tsl_h5_close(in);
}

/* Replays the changed copy of a recorded case. */
static enum tsl_status replay(const char *name, const struct change *change,
                              struct tsl_error *err) {
  char folder[] = "/tmp/teasel-replay-XXXXXX";
  char job_path[256];
  char recorded[256];
  char in[64];
  char out[64];
  struct tsl_job *job = NULL;
  assert_non_null(mkdtemp(folder));
  snprintf(job_path, sizeof job_path, STEPS "%s.yaml", name);
  snprintf(recorded, sizeof recorded, STEPS "%s.in.h5", name);
  snprintf(in, sizeof in, "%s/in.h5", folder);
  snprintf(out, sizeof out, "%s/out.h5", folder);
  assert_int_equal(tsl_cli_job_open(job_path, NULL, 0, &job, err), TSL_OK);
  copy_changed(recorded, in, change);
  enum tsl_status status = tsl__step_replay(tsl_job_run(job, 0), in, out, err);
  assert_int_equal(tsl_file_exists(out), status == TSL_OK);
  tsl_job_free(job);
  remove(in);
  remove(out);
  rmdir(folder);
  return status;
}

static void refuse(const char *name, const struct change *change, const char *words) {
  struct tsl_error err = {0};
  assert_int_equal(replay(name, change, &err), TSL_BAD_INPUT);
  if (strstr(err.text, words) == NULL)
    fail_msg("'%s' is not in: %s", words, err.text);
}

static void test_replay__needs_dataset_size_where_a_loss_depends_on_it(void **state) {
  (void)state;
  const struct change change = {.without_attribute = "dataset_size"};
  struct tsl_error err = {0};
  refuse("beta_tcvae-small_data", &change, "dataset_size is missing");
  assert_int_equal(replay("vae-beta", &change, &err), TSL_OK);
}

static void test_replay__takes_whole_steps_from_0_only(void **state) {
  (void)state;
  const struct change half = {.first_step = 0.5};
  const struct change negative = {.first_step = -1};
  const struct change missing = {.without_attribute = "first_step"};
  struct tsl_error err = {0};
  refuse("vae-beta", &half, "first_step is 0.5");
  refuse("vae-beta", &negative, "first_step is -1");
  assert_int_equal(replay("vae-beta", &missing, &err), TSL_OK);
}

static void test_replay__names_what_is_missing(void **state) {
  (void)state;
  const struct change batch = {.without_array = "/batch"};
  const struct change weight = {.without_array = "/params/mean.bias"};
  const struct change noise = {.without_array = "/noise/z"};
  refuse("vae-beta", &batch, "/batch is missing");
  refuse("vae-beta", &weight, "/params/mean.bias is missing");
  refuse("vae-beta", &noise, "/noise/z is missing");
}

static void test_replay__names_both_shapes_of_noise(void **state) {
  (void)state;
  float values[3 * 8 * 4] = {0};
  const struct change change = {
      .without_array = "/noise/z",
      .added = {"/noise/z", TSL_ARRAY_F32, 3, {3, 8, 4}, values}};
  refuse("vae-beta", &change, "/noise/z is [3, 8, 4], the job needs [3, 8, 3]");
}

static void test_replay__refuses_a_weight_that_the_network_has_not(void **state) {
  (void)state;
  float values[2] = {0};
  const struct change change = {
      .added = {"/params/encoder.7.bias", TSL_ARRAY_F32, 1, {2}, values}};
  refuse("vae-beta", &change, "/params/encoder.7.bias is not a weight");
}

static void test_replay__refuses_noise_that_the_job_does_not_draw(void **state) {
  (void)state;
  float values[3 * 8 * 3] = {0};
  const struct change change = {
      .added = {"/noise/Z", TSL_ARRAY_F32, 3, {3, 8, 3}, values}};
  refuse("vae-beta", &change, "/noise/Z is not a stream that this job draws");
}

int main(void) {
  if (tsl_nn_start("", NULL) != TSL_OK)
    return 1;
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_replay__needs_dataset_size_where_a_loss_depends_on_it),
      cmocka_unit_test(test_replay__takes_whole_steps_from_0_only),
      cmocka_unit_test(test_replay__names_what_is_missing),
      cmocka_unit_test(test_replay__names_both_shapes_of_noise),
      cmocka_unit_test(test_replay__refuses_a_weight_that_the_network_has_not),
      cmocka_unit_test(test_replay__refuses_noise_that_the_job_does_not_draw)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
