/* classify.html: good or bad by one latent and a threshold, and by all of them. */
#include "report/classify_page.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

char *tsl__cut_print(const struct tsl_cut *cut, const char *bad, char *buffer,
                     size_t bytes) {
  snprintf(buffer, bytes, "latent %d %s %.3g is %s", cut->latent,
           cut->bad_above ? "above" : "below", cut->threshold, bad);
  return buffer;
}

/* ---- the result ---- */

static void add_result(struct tsl_text *html, const char *name,
                       const struct tsl_confusion *labelled,
                       const struct tsl_confusion *rest) {
  tsl__row_begin(html, NULL);
  tsl__cell_header(html, name);
  tsl__cell_score(html, tsl_confusion_accuracy(rest), NULL);
  tsl__cell_score(html, tsl_confusion_balanced_accuracy(rest), NULL);
  tsl__cell_score(html, tsl_confusion_balanced_accuracy(labelled), NULL);
  tsl__cell_count(html, (double)rest->good_as_bad);
  tsl__cell_count(html, (double)rest->bad_as_good);
  tsl__row_end(html);
}

/* What calling everything by the larger class would give. */
static struct tsl_confusion larger_class(const struct tsl_confusion *rest) {
  int64_t good = rest->good_as_good + rest->good_as_bad;
  int64_t bad = rest->bad_as_good + rest->bad_as_bad;
  if (good >= bad)
    return (struct tsl_confusion){.good_as_good = good, .bad_as_good = bad};
  return (struct tsl_confusion){.good_as_bad = good, .bad_as_bad = bad};
}

static void write_result(const struct tsl_classify_report *report,
                         struct tsl__page *page) {
  static const struct tsl__column columns[] = {
      {"classifier", NULL, false},
      {"accuracy", "right ones of the points that were not labelled", true},
      {"balanced accuracy", "mean of the right fractions of both classes, same points",
       true},
      {"on the labelled", "balanced accuracy on the labelled points", true},
      {"good called bad", "points that were not labelled", true},
      {"bad called good", "points that were not labelled", true}};
  const struct tsl_classification *result = report->result;
  const struct tsl_cut *best = &result->cuts[0];
  char name[160];
  tsl__section_begin(page, "result", "Result", "Result");
  tsl_text_format(
      &page->html,
      "<p class=\"def\">%lld points of each class were labelled, chosen by "
      "the data set&#39;s seed; they pick the latent and the threshold with "
      "the best balanced accuracy and fit the logistic regression (L2 penalty, "
      "C = 1, latents standardised on the labelled points). All else is "
      "measured on the %lld other points. The model itself was trained "
      "without labels.</p>\n",
      (long long)result->labelled_count / 2,
      (long long)(result->points - result->labelled_count));
  tsl__table_begin(&page->html, "Classifiers, judged on points that were not labelled",
                   columns, 6);
  add_result(&page->html, tsl__cut_print(best, report->bad_name, name, sizeof name),
             &best->labelled, &best->rest);
  snprintf(name, sizeof name, "logistic regression on %d latents", result->cut_count);
  add_result(&page->html, name, &result->logistic_labelled, &result->logistic_rest);
  struct tsl_confusion always = larger_class(&best->rest);
  struct tsl_confusion always_labelled = larger_class(&best->labelled);
  add_result(&page->html, "always the larger class", &always_labelled, &always);
  tsl__table_end(&page->html);
  tsl__classify_scatter(report, page);
  tsl__section_end(page);
}

/* ---- the latents ---- */

static double weight_of(const struct tsl_classification *result, int latent) {
  for (int k = 0; k < result->cut_count; k++)
    if (result->features[k] == latent)
      return result->logistic.weights[k];
  return NAN;
}

static void write_latents(const struct tsl_classify_report *report,
                          struct tsl__page *page) {
  static const struct tsl__column columns[] = {
      {"latent", NULL, true},
      {"KL", "mean over the points, nats", true},
      {"threshold", NULL, true},
      {"bad is", NULL, false},
      {"on the labelled", "balanced accuracy", true},
      {"balanced accuracy", "points that were not labelled", true},
      {"accuracy", "points that were not labelled", true},
      {"weight", "of the logistic regression, for a deviation of 1", true}};
  const struct tsl_classification *result = report->result;
  struct tsl_text *html = &page->html;
  tsl__section_begin(page, "latents", "Latents", "Each informative latent by itself");
  tsl__table_begin(html, "Latents by falling balanced accuracy on the labelled points",
                   columns, 8);
  for (int k = 0; k < result->cut_count; k++) {
    const struct tsl_cut *cut = &result->cuts[k];
    tsl__row_begin(html, k == 0 ? "best" : NULL);
    tsl__cell_count(html, cut->latent);
    tsl__cell_quantity(html, result->kl[cut->latent], NULL);
    tsl__cell_quantity(html, cut->threshold, NULL);
    tsl__cell_text(html, cut->bad_above ? "above" : "below");
    tsl__cell_score(html, tsl_confusion_balanced_accuracy(&cut->labelled), NULL);
    tsl__cell_score(html, tsl_confusion_balanced_accuracy(&cut->rest), NULL);
    tsl__cell_score(html, tsl_confusion_accuracy(&cut->rest), NULL);
    tsl__cell_quantity(html, weight_of(result, cut->latent), NULL);
    tsl__row_end(html);
  }
  tsl__table_end(html);
  tsl__section_end(page);
}

/* ---- the files ---- */

static void write_header(const struct tsl_classify_report *report,
                         struct tsl__page *page) {
  tsl_text_add(&page->html, "<header><h1>");
  tsl_text_add_html(&page->html, report->good);
  tsl_text_add(&page->html, " or ");
  tsl_text_add_html(&page->html, report->bad_name);
  tsl_text_add(&page->html, "?</h1>\n<p class=\"lead\">");
  tsl_text_add_html(&page->html, tsl_dataset_view(report->dataset)->name);
  tsl_text_add(&page->html, " by ");
  tsl_text_add_html(&page->html, report->run);
  tsl_text_add(&page->html, "</p></header>\n");
}

static enum tsl_status write_files(const struct tsl_classify_report *report,
                                   const struct tsl__page *page, const char *folder,
                                   struct tsl_error *err) {
  char path[TSL_PATH_MAX + 256];
  struct tsl_text csv = {0}, document = {0};
  enum tsl_status status = tsl_folder_create(folder, err);
  for (int i = 0; i < page->file_count && status == TSL_OK; i++) {
    snprintf(path, sizeof path, "%.4000s/%s", folder, page->files[i].name);
    status = tsl_file_write(path, page->files[i].bytes.bytes, page->files[i].bytes.length,
                            err);
  }
  tsl__classify_csv(report, &csv);
  tsl__page_finish(page, "good or bad", &document);
  if (status == TSL_OK && (csv.failed || document.failed || page->failed))
    status = tsl_error_set(err, TSL_MEMORY, "", "no memory for a page");
  snprintf(path, sizeof path, "%.4000s/classify.csv", folder);
  if (status == TSL_OK)
    status = tsl_file_write(path, csv.bytes, csv.length, err);
  snprintf(path, sizeof path, "%.4000s/classify.html", folder);
  if (status == TSL_OK)
    status = tsl_file_write(path, document.bytes, document.length, err);
  tsl_text_release(&csv);
  tsl_text_release(&document);
  return status;
}

enum tsl_status tsl_classify_write(const struct tsl_classify_report *report,
                                   const char *folder, struct tsl_error *err) {
  struct tsl__page page;
  tsl__page_init(&page);
  write_header(report, &page);
  write_result(report, &page);
  write_latents(report, &page);
  tsl__section_begin(&page, "mistakes", "Misclassified", "What the threshold gets wrong");
  enum tsl_status status = tsl__classify_mistakes(report, &page, err);
  tsl__section_end(&page);
  if (status == TSL_OK)
    status = write_files(report, &page, folder, err);
  tsl__page_release(&page);
  return status;
}
