/* classify.html: good or bad by one latent and a threshold, and by all of them. */
#include "report/classify_page.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- the latents ---- */

static double weight_of(const struct tsl_classification *result, int latent) {
  for (int k = 0; k < result->cut_count; k++)
    if (result->features[k] == latent)
      return result->logistic.weights[k];
  return NAN;
}

static void write_latents(const struct tsl__classify_view *view, struct tsl__page *page) {
  static const struct tsl__column columns[] = {
      {"latent", NULL, true},
      {"KL", "mean over the points, nats", true},
      {"threshold", NULL, true},
      {"bad is", NULL, false},
      {"on the labelled", "balanced accuracy", true},
      {"balanced accuracy", "points that were not labelled", true},
      {"accuracy", "points that were not labelled", true},
      {"weight", "of the logistic regression, for a deviation of 1", true}};
  const struct tsl_classification *result = view->result;
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
  enum tsl_status status = tsl__page_files_write(page, folder, err);
  tsl__classify_csv(report->result, &csv);
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
  struct tsl__classify_view view;
  TSL_TRY(tsl__classify_view_init(&view, report, err));
  tsl__page_init(&page);
  write_header(report, &page);
  tsl__section_begin(&page, "result", "Result", "Result");
  tsl__classify_result(&view, &page);
  tsl__classify_scatter(&view, &page);
  tsl__section_end(&page);
  write_latents(&view, &page);
  tsl__section_begin(&page, "mistakes", "Misclassified", "What the threshold gets wrong");
  enum tsl_status status = tsl__classify_sheets(&view, &page, err);
  tsl__section_end(&page);
  if (status == TSL_OK)
    status = write_files(report, &page, folder, err);
  tsl__page_release(&page);
  tsl__classify_view_release(&view);
  return status;
}
