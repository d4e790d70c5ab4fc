/* Defaults are part of every run's id by being left out of it: one that changes would
 * give an old id to a new run. So they are written down here; a released option is a
 * line, and a line never changes. */
#include "unit.h"

#include "job_fixture.h"

#include "job/options.h"
#include "teasel/model.h"

struct row {
  const char *family, *option, *initial;
};

static const struct row rows[] = {
    {"", "latent", "10"},
    {"", "reconstruction", "bernoulli"},
    {"", "train.iterations", "0"},
    {"", "train.epochs", "0"},
    {"", "train.batch", "64"},
    {"", "train.shards", "8"},
    {"", "train.optimizer", "adam"},
    {"", "train.learning_rate", "0.0001"},
    {"", "train.beta1", "0.9"},
    {"", "train.beta2", "0.999"},
    {"", "train.epsilon", "1.0e-8"},
    {"", "train.momentum", "0"},
    {"", "train.precision", "float32"},
    {"", "train.patience", "0"},
    {"", "train.evaluate_every", "0"},
    {"", "score.held_out", "0.1"},
    {"", "seeds", "0"},
    {"vae", "beta", "1"},
    {"beta_vae", "beta", "4"},
    {"c_beta_vae", "beta", "1000"},
    {"c_beta_vae", "capacity", "25"},
    {"c_beta_vae", "capacity_steps", "0"},
    {"beta_tcvae", "beta", "6"},
    {"beta_tcvae", "estimator", "mws"},
};
enum { ROWS = sizeof rows / sizeof *rows };

static int known(const char *family, const struct tsl_option *option) {
  for (int i = 0; i < ROWS; i++) {
    if (strcmp(rows[i].family, family) != 0 || strcmp(rows[i].option, option->name) != 0)
      continue;
    assert_string_equal(rows[i].initial, option->initial != NULL ? option->initial : "-");
    return 1;
  }
  return 0; /* new: to be written down when it is released */
}

static void test_defaults__of_options_that_change_weights_stay(void **state) {
  (void)state;
  int found = 0;
  for (size_t i = 0; i < tsl__run_table.count; i++)
    found += known("", &tsl__run_table.rows[i]);
  for (size_t f = 0; f < tsl_model_count(); f++) {
    const struct tsl_family *family = &tsl_model_at(f)->family;
    for (size_t i = 0; i < family->option_count; i++)
      found += known(family->name, &family->options[i]);
  }
  assert_int_equal(found, ROWS); /* none was taken away */
}

static void test_tables__are_well_formed(void **state) {
  (void)state;
  static unsigned char base[2 * TSL_READER_OPTIONS_MAX];
  for (size_t f = 0; f < tsl_model_count(); f++) {
    const struct tsl_family *family = &tsl_model_at(f)->family;
    const struct tsl__table table = {family->options, family->option_count};
    assert_true(family->options_bytes <= TSL_FAMILY_OPTIONS_MAX);
    tsl__option_defaults(table, base); /* stops the program at a default that is none */
  }
  for (size_t r = 0; r < tsl_reader_count(); r++) {
    const struct tsl_reader *reader = tsl_reader_at(r);
    const struct tsl__table table = {reader->options, reader->option_count};
    assert_true(reader->options_bytes <= TSL_READER_OPTIONS_MAX);
    tsl__option_defaults(table, base);
    assert_null(tsl__table_find(table, "seed"));
    assert_null(tsl__table_find(table, "reader"));
    assert_null(tsl__table_find(table, "name"));
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_defaults__of_options_that_change_weights_stay),
      cmocka_unit_test(test_tables__are_well_formed),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
