/* The whole page on made-up results. `test_figures --write FOLDER` writes one for a look
 * (and for tests/oracle/test_report_browser.sh). */
#include "unit.h"

#include "report_sample.h"

#include "report/figure.h"

#include <stdio.h>

/* The page of a request; the caller releases both. */
static void render(const struct sample_request *request, struct tsl__page *page,
                   struct tsl_text *document) {
  struct tsl__report_data *data = sample_create(request);
  struct tsl_error err = {0};
  tsl__page_init(page);
  if (tsl__figures_write(data, NULL, page, &err) != TSL_OK)
    fail_msg("%s", err.text);
  tsl__page_finish(page, data->job_name, document);
  assert_false(page->failed || document->failed);
  sample_free(data);
}

static size_t occurrences(const char *text, const char *word) {
  size_t count = 0;
  for (const char *at = text; (at = strstr(at, word)) != NULL; at++)
    count++;
  return count;
}

/* Elements that must be closed are; no number is missing; nothing is loaded. */
static void check_document(const struct tsl_text *document) {
  static const char *const elements[] = {"section", "table", "svg",     "figure", "div",
                                         "tr",      "td",    "details", "p",      "g"};
  for (size_t i = 0; i < sizeof elements / sizeof elements[0]; i++) {
    char open[32], open_plain[32], close[32];
    snprintf(open, sizeof open, "<%s ", elements[i]);
    snprintf(open_plain, sizeof open_plain, "<%s>", elements[i]);
    snprintf(close, sizeof close, "</%s>", elements[i]);
    assert_int_equal(occurrences(document->bytes, open) +
                         occurrences(document->bytes, open_plain),
                     occurrences(document->bytes, close));
  }
  static const char *const never[] = {
      " nan", "\"nan", ">nan", "-nan",  "Mnan",        "Lnan",
      "inf ", "inf\"", "inf<", " src=", "href=\"http", "url(",
  };
  for (size_t i = 0; i < sizeof never / sizeof never[0]; i++)
    assert_null(strstr(document->bytes, never[i]));
}

static void check(const struct sample_request *request, size_t sections) {
  struct tsl__page page;
  struct tsl_text document = {0};
  render(request, &page, &document);
  check_document(&document);
  assert_int_equal(occurrences(document.bytes, "<section "), sections);
  for (int i = 0; i < page.file_count; i++) {
    assert_true(page.files[i].bytes.length > 0);
    assert_null(strchr(page.files[i].name, '/'));
  }
  tsl_text_release(&document);
  tsl__page_release(&page);
}

static const struct sample_request whole = {.families = 3,
                                            .settings = 3,
                                            .seeds = 4,
                                            .latent = 6,
                                            .points = 100,
                                            .side = 16,
                                            .scores = true,
                                            .logs = true,
                                            .lasso = true,
                                            .metrics = true,
                                            .failures = true,
                                            .classified = true,
                                            .clusters = true};

static void test_page__has_every_section(void **state) {
  (void)state;
  check(&whole, 19);
}

static void test_page__survives_no_runs(void **state) {
  (void)state;
  check(&(struct sample_request){.seeds = 1, .settings = 1, .latent = 1}, 11);
}

static void test_page__survives_runs_that_never_finished(void **state) {
  (void)state;
  check(&(struct sample_request){.families = 2, .settings = 2, .seeds = 2, .latent = 3},
        11);
}

static void test_page__survives_one_run_with_one_latent(void **state) {
  (void)state;
  check(&(struct sample_request){.families = 1,
                                 .settings = 1,
                                 .seeds = 1,
                                 .latent = 1,
                                 .points = 1,
                                 .side = 1,
                                 .scores = true,
                                 .logs = true,
                                 .metrics = true},
        13);
}

static void test_page__survives_no_labels_and_no_factors(void **state) {
  (void)state;
  struct sample_request request = whole;
  request.metrics = request.classified = request.clusters = false;
  check(&request, 11);
}

static void test_page__stays_small_with_very_many_latents(void **state) {
  (void)state;
  struct sample_request request = whole;
  struct tsl__page page;
  struct tsl_text document = {0};
  request.families = request.settings = 1;
  request.latent = 200;
  request.clusters = false;
  render(&request, &page, &document);
  check_document(&document);
  assert_true(document.length < 2000000);
  assert_int_equal(occurrences(document.bytes, "Distribution of latent z"),
                   TSL__LATENTS_SHOWN);
  tsl_text_release(&document);
  tsl__page_release(&page);
}

static void test_page__survives_scores_that_are_all_missing(void **state) {
  (void)state;
  struct tsl__report_data *data = sample_create(&whole);
  struct tsl_scores *scores = &data->scores;
  for (int i = 0; i < scores->run_count; i++) {
    for (int a = 0; a < scores->latent_max; a++)
      scores->kl[i * scores->latent_max + a] = NAN;
    for (int s = 0; s < TSL_SIMILARITY_COUNT; s++)
      for (int g = 0; g < TSL_UDR_GROUP_COUNT; g++)
        scores->udr[s][TSL_UDR_LIB][g][i] = NAN;
    for (int k = 0; k < scores->run_count; k++)
      scores->pairwise[TSL_SPEARMAN][TSL_UDR_LIB][k * scores->run_count + i] = NAN;
    for (int64_t v = 0; v < data->runs[i].log.rows * data->runs[i].log.columns; v++)
      data->runs[i].log.values[v] = NAN;
  }
  tsl__report_choose_best(data);
  struct tsl__page page;
  struct tsl_text document = {0};
  tsl__page_init(&page);
  assert_int_equal(tsl__figures_write(data, NULL, &page, NULL), TSL_OK);
  tsl__page_finish(&page, "x", &document);
  check_document(&document);
  tsl_text_release(&document);
  tsl__page_release(&page);
  sample_free(data);
}

static void test_page__names_are_escaped(void **state) {
  (void)state;
  struct tsl__page page;
  struct tsl_text document = {0};
  render(&whole, &page, &document);
  assert_null(strstr(document.bytes, "sample <&"));
  assert_non_null(strstr(document.bytes, "sample &lt;&amp;&quot;&#39;$(touch x)`&gt;"));
  assert_non_null(strstr(document.bytes, "tubers &lt;b&gt;&amp;amp;&lt;/b&gt;"));
  tsl_text_release(&document);
  tsl__page_release(&page);
}

static void test_page__same_data_give_same_bytes(void **state) {
  (void)state;
  struct tsl__page a, b;
  struct tsl_text first = {0}, second = {0};
  render(&whole, &a, &first);
  render(&whole, &b, &second);
  assert_int_equal(first.length, second.length);
  assert_memory_equal(first.bytes, second.bytes, first.length);
  tsl_text_release(&first);
  tsl_text_release(&second);
  tsl__page_release(&a);
  tsl__page_release(&b);
}

static void test_udr_table__marks_the_best_setting(void **state) {
  (void)state;
  struct tsl__report_data *data = sample_create(&whole);
  for (int i = 0; i < data->run_count; i++) /* setting 4 wins clearly */
    data->scores.udr[TSL_SPEARMAN][TSL_UDR_LIB][TSL_UDR_SETTING][i] =
        data->runs[i].setting == 4 ? 0.9871 : 0.1;
  tsl__report_choose_best(data);
  assert_int_equal(data->best_setting, 4);
  assert_int_equal(data->runs[data->best_run].setting, 4);
  struct tsl__page page;
  tsl__page_init(&page);
  assert_int_equal(tsl__figures_write(data, NULL, &page, NULL), TSL_OK);
  const char *row = strstr(strstr(page.html.bytes, "id=\"udr\""), "<tr class=\"best\">");
  assert_non_null(row);
  const char *end = strstr(row, "</tr>");
  const char *score = strstr(row, ">0.987</td>");
  assert_true(score != NULL && score < end);
  tsl__page_release(&page);
  sample_free(data);
}

/* The highest scores of all belong to runs that diverged: listed with their steps, shown
 * with their scores, marked as best nowhere. */
static void test_diverged_runs__are_listed_and_never_marked_as_best(void **state) {
  (void)state;
  enum { DIVERGED = 2 };
  struct sample_request request = whole;
  request.failures = false;
  struct tsl__report_data *data = sample_create(&request);
  for (int i = 0; i < data->run_count; i++) {
    if (data->runs[i].setting != DIVERGED)
      continue;
    data->runs[i].record.outcome = TSL_OUTCOME_DIVERGED;
    data->runs[i].record.steps = 123456 + i;
    for (int group = 0; group < TSL_UDR_GROUP_COUNT; group++)
      data->scores.udr[TSL_SPEARMAN][TSL_UDR_LIB][group][i] = 0.98765;
    for (int m = 0; m < data->scores.metric_count; m++)
      data->scores.metrics[i * data->scores.metric_count + m] = 0.97654;
  }
  tsl__report_choose_best(data);
  assert_int_not_equal(data->best_setting, DIVERGED);
  struct tsl__page page;
  tsl__page_init(&page);
  assert_int_equal(tsl__figures_write(data, NULL, &page, NULL), TSL_OK);
  const char *outcomes = strstr(page.html.bytes, "<section id=\"outcomes\"");
  assert_non_null(outcomes);
  assert_non_null(strstr(outcomes, "<strong>4</strong> of 36 diverged"));
  for (int i = 0; i < data->run_count; i++) {
    char steps[32], text[64];
    if (data->runs[i].setting != DIVERGED)
      continue;
    snprintf(text, sizeof text, ">%s</td>",
             tsl__print_quantity(steps, (double)data->runs[i].record.steps));
    assert_non_null(strstr(outcomes, text));
  }
  assert_non_null(strstr(page.html.bytes, ">0.988</td>"));
  for (const char *row = page.html.bytes;
       (row = strstr(row, "<tr class=\"best\">")) != NULL; row++) {
    const char *end = strstr(row, "</tr>"), *score = strstr(row, ">0.988</td>");
    assert_true(score == NULL || score > end);
  }
  assert_null(strstr(page.html.bytes, "class=\"n best\" data-v=\"0.98765\""));
  assert_null(strstr(page.html.bytes, "class=\"n best\" data-v=\"0.97654\""));
  tsl__page_release(&page);
  sample_free(data);
}

static void test_classification__shows_table_scatter_and_sheets(void **state) {
  (void)state;
  struct tsl__page page;
  struct tsl_text document = {0};
  render(&whole, &page, &document);
  const char *section = strstr(document.bytes, "id=\"classification\"");
  assert_non_null(section);
  assert_non_null(strstr(section, "<h3>good &lt;&amp; or bad &quot;&#39; by beta_vae"));
  assert_non_null(strstr(section, "logistic regression on 6 latents"));
  static const char *const files[] = {"classification_0a1b2c3d_scatter.svg",
                                      "classification_0a1b2c3d_misclassified_good.png",
                                      "classification_0a1b2c3d_misclassified_bad.png"};
  for (size_t k = 0; k < sizeof files / sizeof *files; k++) {
    bool found = false;
    for (int i = 0; i < page.file_count; i++)
      found = found || strcmp(page.files[i].name, files[k]) == 0;
    assert_true(found);
  }
  tsl_text_release(&document);
  tsl__page_release(&page);
}

static void test_clusters__every_figure_is_there(void **state) {
  (void)state;
  struct tsl__page page;
  struct tsl_text document = {0};
  render(&whole, &page, &document);
  static const char *const files[] = {"training_total.svg",
                                      "clusters_z_prior.svg",
                                      "clusters_conditional_prior.svg",
                                      "clusters_w_prior.svg",
                                      "clusters_acc_makhzani.svg",
                                      "clusters_clusters.svg",
                                      "latent_space_setting8_step100.svg",
                                      "latent_space_setting8_step600.svg",
                                      "density_setting8_data.svg",
                                      "density_setting8_model.svg",
                                      "density_setting8_mixture.svg",
                                      "generated_setting8.png",
                                      "traversed_w_setting8.png",
                                      "surest_setting8.png"};
  for (size_t k = 0; k < sizeof files / sizeof *files; k++) {
    bool found = false;
    for (int i = 0; i < page.file_count; i++)
      found = found || strcmp(page.files[i].name, files[k]) == 0;
    if (!found)
      fail_msg("%s is missing", files[k]);
  }
  assert_non_null(strstr(document.bytes, "60, 75 % label 7"));
  const char *table = strstr(document.bytes, "<section id=\"accuracy\"");
  assert_non_null(table);
  assert_non_null(strstr(table, ">0.873</td>"));
  assert_non_null(strstr(table, "somebody &lt;i&gt;&amp;amp;&lt;/i&gt;, table 1"));
  tsl_text_release(&document);
  tsl__page_release(&page);
}

/* The page of data that a test has changed; the caller releases it. */
static void write_page(struct tsl__report_data *data, struct tsl__page *page) {
  struct tsl_error err = {0};
  tsl__page_init(page);
  if (tsl__figures_write(data, NULL, page, &err) != TSL_OK)
    fail_msg("%s", err.text);
}

/* The text of a section, to be freed. */
static char *section_of(const struct tsl__page *page, const char *id) {
  char begin[64];
  snprintf(begin, sizeof begin, "<section id=\"%s\"", id);
  const char *from = strstr(page->html.bytes, begin);
  if (from == NULL)
    fail_msg("no section %s", id);
  const char *end = strstr(from, "</section>");
  return strndup(from, (size_t)(end - from));
}

static void test_outcomes__collapse_is_worded_by_family(void **state) {
  (void)state;
  static const char vae[] = "no latent was informative at the end",
                    mixture[] =
                        "x and w tell nothing: conditional prior and w-prior near 0";
  struct sample_request request = whole;
  request.failures = false;
  for (int kinds = 1; kinds <= 3; kinds++) { /* one of each, then both */
    struct tsl__report_data *data = sample_create(&request);
    struct tsl__page page;
    if ((kinds & 1) != 0)
      data->runs[data->run_count - 1].record.outcome = TSL_OUTCOME_COLLAPSED;
    if ((kinds & 2) != 0)
      data->runs[0].record.outcome = TSL_OUTCOME_COLLAPSED;
    write_page(data, &page);
    char *outcomes = section_of(&page, "outcomes");
    assert_int_equal(strstr(outcomes, mixture) != NULL, (kinds & 1) != 0);
    assert_int_equal(strstr(outcomes, vae) != NULL, (kinds & 2) != 0);
    free(outcomes);
    tsl__page_release(&page);
    sample_free(data);
  }
}

/* What one run with clusters has at its end; the others tell something. */
static char *outcomes_with(double z_prior, double clusters, enum tsl_outcome outcome) {
  struct sample_request request = whole;
  request.failures = false;
  struct tsl__report_data *data = sample_create(&request);
  struct tsl_record *record = &data->runs[data->run_count - 1].record;
  struct tsl__page page;
  snprintf(record->terms[2].name, sizeof record->terms[2].name, "z_prior");
  record->terms[2].value = z_prior;
  snprintf(record->terms[3].name, sizeof record->terms[3].name, "clusters");
  record->terms[3].value = clusters;
  record->term_count = 4;
  record->outcome = outcome;
  write_page(data, &page);
  char *outcomes = section_of(&page, "outcomes");
  tsl__page_release(&page);
  sample_free(data);
  return outcomes;
}

static void
test_outcomes__finished_runs_whose_clusters_tell_nothing_are_named(void **state) {
  (void)state;
  static const struct {
    double z_prior, clusters;
    enum tsl_outcome outcome;
    bool named;
  } cases[] = {{0.009, 5, TSL_OUTCOME_FINISHED, true},
               {1.5, 1, TSL_OUTCOME_FINISHED, true},
               {1.5, 2, TSL_OUTCOME_FINISHED, false},
               {0.009, 1, TSL_OUTCOME_COLLAPSED, false}}; /* is named as such */
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char *outcomes = outcomes_with(cases[i].z_prior, cases[i].clusters, cases[i].outcome);
    assert_int_equal(strstr(outcomes,
                            "<strong>1</strong> of 36 finished, but the clusters tell "
                            "nothing") != NULL,
                     cases[i].named);
    assert_int_equal(strstr(outcomes, "Finished runs whose clusters tell nothing") !=
                         NULL,
                     cases[i].named);
    free(outcomes);
  }
}

/* One table: ours and theirs with deviations, no column without a value, what all rows
 * have told once above. */
static void test_accuracy__ours_and_theirs_stand_in_one_table(void **state) {
  (void)state;
  struct sample_request request = whole;
  request.failures = false;
  struct tsl__report_data *data = sample_create(&request);
  struct tsl__page page;
  write_page(data, &page);
  char *table = section_of(&page, "accuracy");
  assert_int_equal(occurrences(table, "<table"), 1);
  assert_non_null(strstr(table, ">0.778 \302\261 0.058</td>"));
  assert_non_null(strstr(table, "Others: somebody"));
  assert_non_null(strstr(table, "<p>All c_beta_vae: capacity=6."));
  assert_non_null(strstr(table, "<td>beta=5</td>"));
  assert_non_null(strstr(table, ">in use</button>"));
  assert_non_null(strstr(table, ">3.50</td>"));              /* 3 or 4 of them */
  assert_null(strstr(table, "acc_majority"));                /* in no log */
  assert_int_equal(occurrences(table, ">runs</button>"), 1); /* theirs is not told */
  free(table);
  tsl__page_release(&page);
  sample_free(data);
}

/* The bytes of a file of figures/. */
static const char *file_of(const struct tsl__page *page, const char *name) {
  for (int i = 0; i < page->file_count; i++)
    if (strcmp(page->files[i].name, name) == 0)
      return page->files[i].bytes.bytes;
  fail_msg("%s is missing", name);
  return NULL;
}

/* Each run evaluated once: dots, of runs and of the median; over epochs where they are
 * known. */
static void test_clusters__one_evaluation_is_a_dot(void **state) {
  (void)state;
  struct sample_request request = whole;
  request.failures = false;
  struct tsl__report_data *data = sample_create(&request);
  struct tsl__page page;
  for (int i = 0; i < data->run_count; i++) {
    struct tsl_table *log = &data->runs[i].log;
    int column = tsl__report_log_column(log, "acc_makhzani");
    data->runs[i].epoch_steps = 1000;
    for (int64_t r = 0; column >= 0 && r < log->rows; r++)
      log->values[r * log->columns + column] = r + 1 == log->rows ? 0.5 : (double)NAN;
  }
  write_page(data, &page);
  const char *chart = file_of(&page, "clusters_acc_makhzani.svg");
  assert_int_equal(occurrences(chart, "<path class=\"mark "), 12 + 3); /* and settings */
  assert_non_null(strstr(chart, ">epoch</text>"));
  assert_null(strstr(chart, ">step</text>"));
  tsl__page_release(&page);
  for (int i = 0; i < data->run_count; i++)
    data->runs[i].epoch_steps = 0;
  write_page(data, &page);
  assert_non_null(strstr(file_of(&page, "clusters_acc_makhzani.svg"), ">step</text>"));
  tsl__page_release(&page);
  sample_free(data);
}

static void test_latents__of_models_with_clusters_have_no_normal_prior(void **state) {
  (void)state;
  struct sample_request request = whole;
  request.failures = false;
  for (int families = 1; families <= 2; families++) { /* the last one has clusters */
    struct tsl__page page;
    request.families = families;
    struct tsl__report_data *data = sample_create(&request);
    data->best_run = data->run_count - 1;
    write_page(data, &page);
    char *section = section_of(&page, "components");
    assert_null(strstr(section, "against N(0, 1)"));
    assert_null(strstr(section, "Dashed"));
    assert_null(strstr(section, "ln ref"));
    assert_int_equal(strstr(page.html.bytes, "<section id=\"order\"") != NULL,
                     families == 2);
    free(section);
    data->best_run = 0;
    tsl__page_release(&page);
    write_page(data, &page);
    section = section_of(&page, "components");
    assert_int_equal(strstr(section, "ln ref") != NULL, families == 2);
    free(section);
    tsl__page_release(&page);
    sample_free(data);
  }
}

/* Points of the plane are drawn as such, not as tiles of two greys. */
static void test_points_of_the_plane__are_no_pictures(void **state) {
  (void)state;
  struct sample_request request = whole;
  request.families = 1;
  request.clusters = request.classified = false;
  struct tsl__report_data *data = sample_create(&request);
  struct tsl__page page;
  data->families[0].pictures.shape = (struct tsl_shape){.rank = 1, .dims = {2}};
  write_page(data, &page);
  static const char *const ids[] = {"traversals", "reconstructions"};
  for (int i = 0; i < 2; i++) {
    char *section = section_of(&page, ids[i]);
    assert_null(strstr(section, "<image"));
    assert_non_null(strstr(section, "<path class=\"mark "));
    free(section);
  }
  tsl__page_release(&page);
  sample_free(data);
}

static void test_agreement__labels_are_what_tells_settings_apart(void **state) {
  (void)state;
  struct sample_request request = whole;
  request.failures = request.classified = request.clusters = false;
  request.families = 1;
  request.settings = 2;
  struct tsl__report_data *data = sample_create(&request);
  struct tsl__page page;
  for (int i = 0; i < data->run_count; i++)
    snprintf(data->runs[i].label, sizeof data->runs[i].label,
             "latent_w=2, components=%d, samples=1, z_prior_threshold=0, warm_up=0",
             data->runs[i].setting == 0 ? 5 : 10);
  write_page(data, &page);
  char *section = section_of(&page, "agreement");
  assert_non_null(strstr(section, ">components=5</text>"));
  assert_non_null(strstr(section, ">components=10</text>"));
  free(section);
  tsl__page_release(&page);
  sample_free(data);
}

static void test_setting_short__leaves_out_what_all_have(void **state) {
  (void)state;
  struct tsl__report_data *data = sample_create(&whole);
  char text[256];
  tsl__setting_short(data, 7, text, sizeof text); /* "beta=3, capacity=6" */
  assert_string_equal(text, "beta=3");
  tsl__run_short(data, data->run_count - 1, text, sizeof text);
  assert_string_equal(text, "beta=5, seed 3");
  sample_free(data);
}

static void test_numbers__three_digits_and_a_dash_for_none(void **state) {
  (void)state;
  char buffer[32];
  assert_string_equal(tsl__print_score(buffer, 0.74249), "0.742");
  assert_string_equal(tsl__print_score(buffer, -0.0001), "0.000");
  assert_string_equal(tsl__print_score(buffer, NAN), "\xe2\x80\x93");
  assert_string_equal(tsl__print_quantity(buffer, 7612.4), "7612");
  assert_string_equal(tsl__print_quantity(buffer, 51.27), "51.3");
  assert_string_equal(tsl__print_quantity(buffer, 0.012345), "0.0123");
  assert_string_equal(tsl__print_quantity(buffer, 3), "3");
}

static int write_sample(const char *folder) {
  struct sample_request request = whole;
  request.side = 64;
  request.latent = 10;
  request.settings = 7;
  struct tsl__page page;
  struct tsl_text document = {0};
  char path[4096];
  render(&request, &page, &document);
  snprintf(path, sizeof path, "%s/report.html", folder);
  FILE *file = fopen(path, "w");
  if (file == NULL)
    return 1;
  size_t written = fwrite(document.bytes, 1, document.length, file);
  int failed = fclose(file) != 0 || written != document.length;
  tsl_text_release(&document);
  tsl__page_release(&page);
  return failed;
}

int main(int argc, char **argv) {
  if (argc == 3 && strcmp(argv[1], "--write") == 0)
    return write_sample(argv[2]);
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_page__has_every_section),
      cmocka_unit_test(test_page__survives_no_runs),
      cmocka_unit_test(test_page__survives_runs_that_never_finished),
      cmocka_unit_test(test_page__survives_one_run_with_one_latent),
      cmocka_unit_test(test_page__survives_no_labels_and_no_factors),
      cmocka_unit_test(test_page__stays_small_with_very_many_latents),
      cmocka_unit_test(test_page__survives_scores_that_are_all_missing),
      cmocka_unit_test(test_page__names_are_escaped),
      cmocka_unit_test(test_page__same_data_give_same_bytes),
      cmocka_unit_test(test_udr_table__marks_the_best_setting),
      cmocka_unit_test(test_diverged_runs__are_listed_and_never_marked_as_best),
      cmocka_unit_test(test_classification__shows_table_scatter_and_sheets),
      cmocka_unit_test(test_clusters__every_figure_is_there),
      cmocka_unit_test(test_outcomes__collapse_is_worded_by_family),
      cmocka_unit_test(
          test_outcomes__finished_runs_whose_clusters_tell_nothing_are_named),
      cmocka_unit_test(test_accuracy__ours_and_theirs_stand_in_one_table),
      cmocka_unit_test(test_clusters__one_evaluation_is_a_dot),
      cmocka_unit_test(test_latents__of_models_with_clusters_have_no_normal_prior),
      cmocka_unit_test(test_points_of_the_plane__are_no_pictures),
      cmocka_unit_test(test_agreement__labels_are_what_tells_settings_apart),
      cmocka_unit_test(test_setting_short__leaves_out_what_all_have),
      cmocka_unit_test(test_numbers__three_digits_and_a_dash_for_none),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
