/* Model families: registry, option tables, terms, and that each of them learns. */
#include "unit.h"

#include "teasel/model.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DATA = 12, SAMPLES = 8, LATENT = 4 };

/* ---- runs made by hand: what tsl_job_read would give ---- */

static void set_defaults(struct tsl_run *run) {
  for (size_t i = 0; i < run->family->option_count; i++) {
    const struct tsl_option *option = &run->family->options[i];
    unsigned char *place = run->family_options + option->offset;
    if (option->type == TSL_OPTION_REAL)
      *(double *)(void *)place = strtod(option->initial, NULL);
    else if (option->type == TSL_OPTION_INTEGER)
      *(int64_t *)(void *)place = strtoll(option->initial, NULL, 10);
    else
      *(int *)(void *)place = 0; /* the first word */
  }
}

static void *option_place(struct tsl_run *run, const char *name) {
  for (size_t i = 0; i < run->family->option_count; i++) {
    if (strcmp(run->family->options[i].name, name) == 0)
      return run->family_options + run->family->options[i].offset;
  }
  fail_msg("%s has no option %s", run->family->name, name);
  return NULL;
}

static void set_real(struct tsl_run *run, const char *name, double value) {
  *(double *)option_place(run, name) = value;
}

static struct tsl_network_entry dense_entry(int64_t units,
                                            enum tsl_activation activation) {
  return (struct tsl_network_entry){.kind = TSL_ENTRY_DENSE,
                                    .units = units,
                                    .activation = activation,
                                    .output = {.rank = 1, .dims = {units}}};
}

/* [12] -> 16 tanh -> heads -> 16 tanh -> 12; a prior of 8 tanh */
static void network_init(struct tsl_network *network) {
  *network = (struct tsl_network){
      .name = "small", .file = "small.yaml", .input = {.rank = 1, .dims = {DATA}}};
  network->encoder.count = 1;
  network->encoder.entries[0] = dense_entry(16, TSL_ACTIVATION_TANH);
  network->decoder.count = 2;
  network->decoder.entries[0] = dense_entry(16, TSL_ACTIVATION_TANH);
  network->decoder.entries[1] = dense_entry(DATA, TSL_ACTIVATION_NONE);
  network->prior.count = 1;
  network->prior.entries[0] = dense_entry(8, TSL_ACTIVATION_TANH);
}

static void run_init(struct tsl_run *run, const char *family,
                     const struct tsl_network *network) {
  const struct tsl_model_ops *ops = tsl_model_find(family);
  assert_non_null(ops);
  *run = (struct tsl_run){.family = &ops->family, .network = network};
  run->options.latent = LATENT;
  run->options.reconstruction = TSL_RECONSTRUCTION_BERNOULLI;
  run->options.seed = 3;
  run->options.train.iterations = 400;
  run->options.train.batch = SAMPLES;
  run->options.train.shards = 2;
  run->options.train.optimizer = TSL_OPTIMIZER_ADAM;
  run->options.train.learning_rate = 0.01;
  run->options.train.beta1 = 0.9;
  run->options.train.beta2 = 0.999;
  run->options.train.epsilon = 1e-8;
  set_defaults(run);
}

static struct tsl_model create(const struct tsl_run *run) {
  struct tsl_error err = {0};
  struct tsl_model model = {0};
  if (tsl_model_create(run, SAMPLES, run->options.train.iterations, &model, &err) !=
      TSL_OK)
    fail_msg("%s: %s", run->family->name, err.text);
  return model;
}

static double term_of(const struct tsl_model *model, const double *terms,
                      const char *name) {
  for (int i = 0; i < tsl_graph_term_count(model->graph); i++) {
    struct tsl_term term = tsl_graph_term_at(model->graph, i);
    if (strcmp(term.name, name) == 0)
      return terms[term.offset];
  }
  fail_msg("no term %s", name);
  return 0;
}

/* Eight patterns of twelve bits, no two alike. (SAMPLES, DATA) */
static void fill_patterns(float *batch) {
  for (int i = 0; i < SAMPLES; i++) {
    for (int k = 0; k < DATA; k++)
      batch[i * DATA + k] = (float)(k < 3 ? i >> k & 1 : (i * 5 + k * (i + 1)) % 3 == 0);
  }
}

/* Trains on the eight patterns; first and last: terms of these steps. */
static void train(const struct tsl_run *run, struct tsl_model *model, double *first,
                  double *last) {
  float batch[SAMPLES * DATA];
  fill_patterns(batch);
  for (int64_t t = 0; t < run->options.train.iterations; t++) {
    struct tsl_error err = {0};
    struct tsl_step step = {.step = t,
                            .seed = (uint64_t)run->options.seed,
                            .batch = batch,
                            .update = true,
                            .terms = t == 0 ? first : last};
    if (tsl_graph_step(model->graph, tsl_team_alone(), &step, &err) != TSL_OK)
      fail_msg("%s: %s", run->family->name, err.text);
    assert_true(step.finite);
  }
}

/* ---- registry and options ---- */

static void test_registry__finds_every_family_by_its_name(void **state) {
  (void)state;
  assert_true(tsl_model_count() >= 4);
  for (size_t i = 0; i < tsl_model_count(); i++) {
    const struct tsl_model_ops *ops = tsl_model_at(i);
    assert_ptr_equal(tsl_model_find(ops->family.name), ops);
    assert_non_null(ops->build);
  }
  assert_null(tsl_model_at(tsl_model_count()));
  assert_null(tsl_model_find("beta"));
}

static void check_option(const struct tsl_family *family,
                         const struct tsl_option *option) {
  if (option->initial == NULL || option->help == NULL || option->help[0] == '\0')
    fail_msg("%s.%s needs a default and a help line", family->name, option->name);
  assert_int_equal(option->scope, TSL_SCOPE_RUN);
  assert_true(option->offset < family->options_bytes);
  if (option->type == TSL_OPTION_CHOICE) {
    size_t length = strlen(option->initial);
    assert_int_equal(strncmp(option->words, option->initial, length), 0);
  } else {
    double value = strtod(option->initial, NULL);
    assert_true(value >= option->min && value <= option->max);
  }
}

static void test_options__have_defaults_within_their_bounds(void **state) {
  (void)state;
  for (size_t i = 0; i < tsl_model_count(); i++) {
    const struct tsl_family *family = &tsl_model_at(i)->family;
    assert_true(family->options_bytes <= TSL_FAMILY_OPTIONS_MAX);
    assert_true(strlen(family->summary) > 0);
    for (size_t k = 0; k < family->option_count; k++)
      check_option(family, &family->options[k]);
  }
}

/* ---- checks ---- */

static void test_check__names_both_shapes_when_the_decoder_does_not_fit(void **state) {
  (void)state;
  struct tsl_network network;
  network_init(&network);
  struct tsl_run run;
  run_init(&run, "beta_vae", &network);
  struct tsl_error err = {0};
  run.family->check(run.family_options, &run.options, &network, &err);
  assert_int_equal(err.status, TSL_OK);

  network.decoder.entries[1] = dense_entry(DATA + 1, TSL_ACTIVATION_NONE);
  network.decoder.entries[1].line = 9;
  run.family->check(run.family_options, &run.options, &network, &err);
  assert_int_equal(err.status, TSL_BAD_INPUT);
  assert_non_null(strstr(err.text, "[13]"));
  assert_non_null(strstr(err.text, "[12]"));

  err = (struct tsl_error){0};
  run.options.reconstruction = TSL_RECONSTRUCTION_GAUSSIAN;
  run.family->check(run.family_options, &run.options, &network, &err);
  assert_int_equal(err.status, TSL_OK);
}

static void test_beta_tcvae__refuses_a_batch_larger_than_the_data(void **state) {
  (void)state;
  struct tsl_network network;
  network_init(&network);
  struct tsl_run run;
  run_init(&run, "beta_tcvae", &network);
  struct tsl_error err = {0};
  struct tsl_model model = {0};
  assert_int_equal(tsl_model_create(&run, SAMPLES - 1, 10, &model, &err), TSL_BAD_INPUT);
  assert_null(model.graph);
  assert_non_null(strstr(err.text, "train.batch"));
}

/* ---- graphs ---- */

static void assert_terms(const char *family, const char *const *names) {
  struct tsl_network network;
  network_init(&network);
  struct tsl_run run;
  run_init(&run, family, &network);
  struct tsl_model model = create(&run);
  int count = 0;
  for (; names[count] != NULL; count++) {
    assert_true(count < tsl_graph_term_count(model.graph));
    assert_string_equal(tsl_graph_term_at(model.graph, count).name, names[count]);
  }
  assert_int_equal(tsl_graph_term_count(model.graph), count);
  tsl_model_release(&model);
}

static void test_terms__have_the_documented_names_and_order(void **state) {
  (void)state;
  const char *const plain[] = {"total", "reconstruction", "kl", "kl_per_dim", NULL};
  assert_terms("vae", plain);
  assert_terms("beta_vae", plain);
  const char *const capacity[] = {"total",      "reconstruction", "kl",
                                  "kl_per_dim", "capacity",       NULL};
  assert_terms("c_beta_vae", capacity);
  const char *const correlation[] = {"total",
                                     "reconstruction",
                                     "kl",
                                     "kl_per_dim",
                                     "mutual_information",
                                     "total_correlation",
                                     "dimension_kl",
                                     NULL};
  assert_terms("beta_tcvae", correlation);
  const char *const mixture[] = {"total",   "reconstruction", "conditional_prior",
                                 "w_prior", "z_prior",        NULL};
  assert_terms("gmvae", mixture);
}

static const struct tsl_param *find_param(const struct tsl_model *model,
                                          const char *name) {
  for (int i = 0; i < tsl_graph_param_count(model->graph); i++) {
    const struct tsl_param *param = tsl_graph_param(model->graph, i);
    if (strcmp(param->name, name) == 0)
      return param;
  }
  return NULL;
}

static void
test_gaussian_reconstruction__has_two_heads_of_a_row_a_dimension(void **state) {
  (void)state;
  struct tsl_network network;
  network_init(&network);
  network.decoder.count = 1; /* its 16 units feed the heads */
  struct tsl_run run;
  run_init(&run, "vae", &network);
  run.options.reconstruction = TSL_RECONSTRUCTION_GAUSSIAN;
  struct tsl_model model = create(&run);
  const struct tsl_param *mean = find_param(&model, "output_mean.weight");
  const struct tsl_param *spread = find_param(&model, "output_log_variance.weight");
  assert_non_null(mean);
  assert_non_null(spread);
  assert_int_equal(mean->dims[0], DATA);
  assert_int_equal(mean->dims[1], 16);
  assert_int_equal(spread->dims[0], DATA);
  struct tsl_shape output = tsl_graph_value_shape(model.graph, model.values.output);
  assert_int_equal(tsl_shape_count(&output), DATA);
  tsl_model_release(&model);
}

static void test_capacity__rises_over_all_steps_by_default(void **state) {
  (void)state;
  struct tsl_network network;
  network_init(&network);
  struct tsl_run run;
  run_init(&run, "c_beta_vae", &network);
  set_real(&run, "capacity", 8);
  struct tsl_model model = create(&run);
  float batch[SAMPLES * DATA];
  fill_patterns(batch);
  double terms[64];
  assert_true(tsl_graph_term_numbers(model.graph) <= 64);
  const int64_t steps[] = {0, 100, 400, 1000};
  const double expected[] = {0, 2, 8, 8};
  for (int i = 0; i < 4; i++) {
    struct tsl_step step = {.step = steps[i], .batch = batch, .terms = terms};
    assert_int_equal(tsl_graph_step(model.graph, tsl_team_alone(), &step, NULL), TSL_OK);
    double capacity = term_of(&model, terms, "capacity");
    assert_true(fabs(capacity - expected[i]) < 1e-12);
    double total = term_of(&model, terms, "reconstruction") +
                   1000 * fabs(term_of(&model, terms, "kl") - capacity);
    assert_true(fabs(term_of(&model, terms, "total") - total) < 1e-5 * total);
  }
  tsl_model_release(&model);
}

static void test_gmvae__needs_a_network_for_its_prior(void **state) {
  (void)state;
  struct tsl_network network;
  network_init(&network);
  struct tsl_run run;
  run_init(&run, "gmvae", &network);
  struct tsl_error err = {0};
  run.family->check(run.family_options, &run.options, &network, &err);
  assert_int_equal(err.status, TSL_OK);
  network.prior.count = 0;
  run.family->check(run.family_options, &run.options, &network, &err);
  assert_int_equal(err.status, TSL_BAD_INPUT);
  assert_non_null(strstr(err.text, "prior:"));
}

static void test_gmvae__has_a_row_a_dimension_and_component_in_its_prior(void **state) {
  (void)state;
  struct tsl_network network;
  network_init(&network);
  struct tsl_run run;
  run_init(&run, "gmvae", &network);
  *(int64_t *)option_place(&run, "latent_w") = 5;
  *(int64_t *)option_place(&run, "components") = 3;
  *(int64_t *)option_place(&run, "samples") = 2;
  struct tsl_model model = create(&run);
  const struct tsl_param *mean = find_param(&model, "prior_mean.weight");
  const struct tsl_param *w = find_param(&model, "w_log_variance.weight");
  const struct tsl_param *first = find_param(&model, "prior.0.weight");
  assert_true(mean != NULL && w != NULL && first != NULL);
  assert_int_equal(mean->dims[0], 3 * LATENT);
  assert_int_equal(mean->dims[1], 8);
  assert_int_equal(w->dims[0], 5);
  assert_int_equal(first->dims[1], 5);
  tsl_model_release(&model);
}

static void
test_gmvae__begins_with_close_components_on_a_small_prior_scale(void **state) {
  (void)state;
  struct tsl_network network;
  network_init(&network);
  const double scales[] = {1, 0.25};
  const char *const heads[] = {"prior_mean.weight", "prior_mean.bias",
                               "prior_log_variance.weight", "x_mean.weight"};
  static float drawn[2][4][4096];
  for (int i = 0; i < 2; i++) {
    struct tsl_run run;
    run_init(&run, "gmvae", &network);
    set_real(&run, "prior_scale", scales[i]);
    struct tsl_model model = create(&run);
    for (int h = 0; h < 4; h++) {
      const struct tsl_param *param = find_param(&model, heads[h]);
      assert_true(param != NULL && param->count <= 4096);
      for (int k = 0; k < tsl_graph_param_count(model.graph); k++) {
        if (tsl_graph_param(model.graph, k) == param)
          tsl_graph_param_get(model.graph, k, drawn[i][h]);
      }
    }
    tsl_model_release(&model);
  }
  for (int h = 0; h < 4; h++) {
    assert_true(drawn[0][h][0] != 0);
    const float factor = h < 3 ? 0.25F : 1.0F; /* the other heads begin as ever */
    assert_true(drawn[1][h][0] == factor * drawn[0][h][0]);
  }
}

/* What is minimised has max(threshold, z_prior); the term is reported as it is. */
static void test_gmvae__adds_its_terms_up_with_the_threshold(void **state) {
  (void)state;
  struct tsl_network network;
  network_init(&network);
  float batch[SAMPLES * DATA];
  fill_patterns(batch);
  const double thresholds[] = {0, 1e-9, 7};
  for (int i = 0; i < 3; i++) {
    struct tsl_run run;
    run_init(&run, "gmvae", &network);
    set_real(&run, "z_prior_threshold", thresholds[i]);
    struct tsl_model model = create(&run);
    double terms[8];
    struct tsl_step step = {.batch = batch, .terms = terms};
    assert_int_equal(tsl_graph_step(model.graph, tsl_team_alone(), &step, NULL), TSL_OK);
    double z_prior = term_of(&model, terms, "z_prior");
    double total = term_of(&model, terms, "reconstruction") +
                   term_of(&model, terms, "conditional_prior") +
                   term_of(&model, terms, "w_prior") + fmax(z_prior, thresholds[i]);
    assert_true(z_prior > 0 && z_prior < log(10));
    assert_true(fabs(term_of(&model, terms, "total") - total) < 1e-5 * total);
    tsl_model_release(&model);
  }
}

/* At a step of the warm-up the priors' terms count as much as has come in of them; the
 * terms are reported as they are. */
static void test_gmvae__warms_its_priors_up(void **state) {
  (void)state;
  struct tsl_network network;
  network_init(&network);
  float batch[SAMPLES * DATA];
  fill_patterns(batch);
  struct tsl_run run;
  run_init(&run, "gmvae", &network);
  set_real(&run, "warm_up", 0.5);
  struct tsl_model model = create(&run);
  const int64_t steps[] = {0, 50, 300}; /* of 400, 200 of them warm-up */
  const double shares[] = {0, 0.25, 1};
  for (int i = 0; i < 3; i++) {
    double terms[8];
    struct tsl_step step = {.step = steps[i], .batch = batch, .terms = terms};
    assert_int_equal(tsl_graph_step(model.graph, tsl_team_alone(), &step, NULL), TSL_OK);
    double priors = term_of(&model, terms, "conditional_prior") +
                    term_of(&model, terms, "w_prior") + term_of(&model, terms, "z_prior");
    double rest =
        term_of(&model, terms, "total") - term_of(&model, terms, "reconstruction");
    assert_true(priors > 0.01);
    assert_true(fabs(rest - shares[i] * priors) < 1e-4);
  }
  tsl_model_release(&model);
}

/* ---- learning ---- */

static void overfit(const char *family, const char *option, double value,
                    int reconstruction, double fraction) {
  struct tsl_network network;
  network_init(&network);
  struct tsl_run run;
  run_init(&run, family, &network);
  run.options.reconstruction = reconstruction;
  if (value > 0)
    set_real(&run, "beta", value);
  if (option != NULL)
    set_real(&run, option, 6);
  struct tsl_model model = create(&run);
  double first[64];
  double last[64];
  train(&run, &model, first, last);
  double before = term_of(&model, first, "reconstruction");
  double after = term_of(&model, last, "reconstruction");
  if (!(after < fraction * before))
    fail_msg("%s: reconstruction %g, at the start %g", family, after, before);
  tsl_model_release(&model);
}

static void test_families__overfit_eight_samples(void **state) {
  (void)state;
  overfit("vae", NULL, 0.1, TSL_RECONSTRUCTION_BERNOULLI, 0.1);
  overfit("beta_vae", NULL, 0.1, TSL_RECONSTRUCTION_SQUARED_ERROR, 0.1);
  overfit("beta_vae", NULL, 0.1, TSL_RECONSTRUCTION_GAUSSIAN, 0.1);
  overfit("c_beta_vae", "capacity", 1, TSL_RECONSTRUCTION_BERNOULLI, 0.1);
  overfit("beta_tcvae", NULL, 1, TSL_RECONSTRUCTION_BERNOULLI, 0.5);
  overfit("gmvae", NULL, 0, TSL_RECONSTRUCTION_GAUSSIAN, 0.1);
}

static void test_c_beta_vae__holds_its_kl_at_the_capacity(void **state) {
  (void)state;
  struct tsl_network network;
  network_init(&network);
  struct tsl_run run;
  run_init(&run, "c_beta_vae", &network);
  set_real(&run, "beta", 100);
  set_real(&run, "capacity", 2);
  struct tsl_model model = create(&run);
  double first[64];
  double last[64];
  train(&run, &model, first, last);
  assert_true(fabs(term_of(&model, last, "kl") - 2) < 0.2);
  tsl_model_release(&model);
}

/* All weights after training, one after another: (count); the caller frees them. */
static float *trained(const char *family, int64_t seed, int64_t *count) {
  struct tsl_network network;
  network_init(&network);
  struct tsl_run run;
  run_init(&run, family, &network);
  run.options.seed = seed;
  run.options.train.iterations = 20;
  struct tsl_model model = create(&run);
  double terms[64];
  train(&run, &model, terms, terms);
  *count = 0;
  for (int i = 0; i < tsl_graph_param_count(model.graph); i++)
    *count += tsl_graph_param(model.graph, i)->count;
  float *all = malloc((size_t)*count * sizeof *all);
  assert_non_null(all);
  int64_t at = 0;
  for (int i = 0; i < tsl_graph_param_count(model.graph); i++) {
    tsl_graph_param_get(model.graph, i, all + at);
    at += tsl_graph_param(model.graph, i)->count;
  }
  tsl_model_release(&model);
  return all;
}

static void test_training__gives_equal_bytes_for_equal_seeds_only(void **state) {
  (void)state;
  for (size_t i = 0; i < tsl_model_count(); i++) {
    const char *name = tsl_model_at(i)->family.name;
    int64_t count = 0;
    float *a = trained(name, 7, &count);
    float *b = trained(name, 7, &count);
    float *c = trained(name, 8, &count);
    assert_memory_equal(a, b, (size_t)count * sizeof *a);
    assert_memory_not_equal(a, c, (size_t)count * sizeof *a);
    free(a);
    free(b);
    free(c);
  }
}

/* log p - log(1 - p), also where 1 - p is less than a float can tell. */
static void test_cluster_logits__do_not_tie_where_probabilities_do(void **state) {
  (void)state;
  const double odds[2][3] = {{0, -30, -40}, {0, -32, -40}};
  float rows[6];
  for (int i = 0; i < 2; i++) {
    double sum = 0;
    for (int k = 0; k < 3; k++)
      sum += exp(odds[i][k]);
    for (int k = 0; k < 3; k++)
      rows[i * 3 + k] = (float)(odds[i][k] - log(sum));
  }
  rows[0] = rows[3] = 0.0F; /* as float32 sums give it */
  tsl_model_cluster_logits(rows, 2, 3);
  assert_true(fabs((double)rows[0] - (30 - log1p(exp(-10)))) < 1e-4);
  assert_true(fabs((double)rows[3] - (32 - log1p(exp(-8)))) < 1e-4);
  assert_true(fabs((double)rows[1] + 30) < 1e-4);
  float even[3] = {(float)log(0.2), (float)log(0.5), (float)log(0.3)};
  tsl_model_cluster_logits(even, 1, 3);
  assert_true(fabs((double)even[0] - log(0.25)) < 1e-6);
  assert_true(fabs((double)even[1]) < 1e-6);
  assert_true(fabs((double)even[2] - log(3.0 / 7)) < 1e-6);
}

static void test_data_space__is_the_sigmoid_of_bernoulli_logits_alone(void **state) {
  (void)state;
  struct tsl_run run = {0};
  float output[3] = {0, 2, -50};
  run.options.reconstruction = TSL_RECONSTRUCTION_SQUARED_ERROR;
  tsl_model_to_data_space(&run, output, 3);
  assert_true(output[1] == 2.0F);
  run.options.reconstruction = TSL_RECONSTRUCTION_BERNOULLI;
  tsl_model_to_data_space(&run, output, 3);
  assert_true(output[0] == 0.5F);
  assert_true(fabs((double)output[1] - 1 / (1 + exp(-2.0))) < 1e-6);
  assert_true(output[2] >= 0.0F && output[2] < 1e-20F);
}

int main(void) {
  if (tsl_nn_start("", NULL) != TSL_OK)
    return 1;
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_registry__finds_every_family_by_its_name),
      cmocka_unit_test(test_options__have_defaults_within_their_bounds),
      cmocka_unit_test(test_check__names_both_shapes_when_the_decoder_does_not_fit),
      cmocka_unit_test(test_beta_tcvae__refuses_a_batch_larger_than_the_data),
      cmocka_unit_test(test_terms__have_the_documented_names_and_order),
      cmocka_unit_test(test_gaussian_reconstruction__has_two_heads_of_a_row_a_dimension),
      cmocka_unit_test(test_capacity__rises_over_all_steps_by_default),
      cmocka_unit_test(test_cluster_logits__do_not_tie_where_probabilities_do),
      cmocka_unit_test(test_gmvae__needs_a_network_for_its_prior),
      cmocka_unit_test(test_gmvae__has_a_row_a_dimension_and_component_in_its_prior),
      cmocka_unit_test(test_gmvae__begins_with_close_components_on_a_small_prior_scale),
      cmocka_unit_test(test_gmvae__adds_its_terms_up_with_the_threshold),
      cmocka_unit_test(test_gmvae__warms_its_priors_up),
      cmocka_unit_test(test_families__overfit_eight_samples),
      cmocka_unit_test(test_c_beta_vae__holds_its_kl_at_the_capacity),
      cmocka_unit_test(test_training__gives_equal_bytes_for_equal_seeds_only),
      cmocka_unit_test(test_data_space__is_the_sigmoid_of_bernoulli_logits_alone)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
