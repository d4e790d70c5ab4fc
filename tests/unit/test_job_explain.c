#include "unit.h"

#include "job_fixture.h"

static char *explain(const char *topic, enum tsl_status expected, struct tsl_error *err) {
  struct tsl_registry registry = fixture_registry();
  struct tsl_text text;
  tsl_text_init(&text);
  assert_int_equal(tsl_job_explain(topic, &registry, &text, err), expected);
  return text.bytes;
}

static void check_tells(const char *topic, const char *const *parts) {
  char *text = explain(topic, TSL_OK, NULL);
  for (; *parts != NULL; parts++) {
    if (strstr(text, *parts) == NULL)
      fail_msg("%s does not tell '%s':\n%s", topic, *parts, text);
  }
  free(text);
}

static void test_explain__tells_type_bounds_default_and_help(void **state) {
  (void)state;
  const char *const option[] = {"train.batch", "between 1 and 65536", "default 64",
                                "changes weights", NULL};
  const char *const short_name[] = {"train.learning_rate", "default 0.0001", NULL};
  const char *const family[] = {"model: beta_tcvae", "one of mws, mss", "default mws",
                                NULL};
  const char *const reader[] = {"reader: pictures", "folder: a path; must be given",
                                NULL};
  const char *const entry[] = {"dense", "units", "activation", NULL};
  const char *const network[] = {"input:", "deconv", "rate", NULL};
  const char *const group[] = {"train.momentum", "train.log_every", NULL};
  const char *const shared[] = {"option of beta_vae", "option of c_beta_vae", NULL};
  check_tells("train.batch", option);
  check_tells("learning_rate", short_name);
  check_tells("beta_tcvae", family);
  check_tells("pictures", reader);
  check_tells("dense", entry);
  check_tells("network", network);
  check_tells("train", group);
  check_tells("beta", shared);
  const char *const all[] = {"schedule.width", "beta_vae", "tubers", "deconv", NULL};
  check_tells(NULL, all);
}

static void test_explain__unknown_topic_gives_the_nearest(void **state) {
  (void)state;
  struct tsl_error err = {0};
  free(explain("beta_tcvea", TSL_BAD_INPUT, &err));
  assert_string_equal(err.text,
                      "nothing is called 'beta_tcvea'; did you mean 'beta_tcvae'?");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_explain__tells_type_bounds_default_and_help),
      cmocka_unit_test(test_explain__unknown_topic_gives_the_nearest),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
