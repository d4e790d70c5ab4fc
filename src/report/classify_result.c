/* Good or bad by one latent and a threshold, and by all informative ones. */
#include "report/classify_page.h"

#include <stdio.h>

char *tsl__cut_print(const struct tsl_cut *cut, const char *bad, char *buffer,
                     size_t bytes) {
  snprintf(buffer, bytes, "latent %d %s %.3g is %s", cut->latent,
           cut->bad_above ? "above" : "below", cut->threshold, bad);
  return buffer;
}

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

void tsl__classify_result(const struct tsl__classify_view *view, struct tsl__page *page) {
  static const struct tsl__column columns[] = {
      {"classifier", NULL, false},
      {"accuracy", "right ones of the points that were not labelled", true},
      {"balanced accuracy", "mean of the right fractions of both classes, same points",
       true},
      {"on the labelled", "balanced accuracy on the labelled points", true},
      {"good called bad", "points that were not labelled", true},
      {"bad called good", "points that were not labelled", true}};
  const struct tsl_classification *result = view->result;
  const struct tsl_cut *best = &result->cuts[0];
  char name[160];
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
  add_result(&page->html, tsl__cut_print(best, view->bad_name, name, sizeof name),
             &best->labelled, &best->rest);
  snprintf(name, sizeof name, "logistic regression on %d latents", result->cut_count);
  add_result(&page->html, name, &result->logistic_labelled, &result->logistic_rest);
  struct tsl_confusion always = larger_class(&best->rest);
  struct tsl_confusion always_labelled = larger_class(&best->labelled);
  add_result(&page->html, "always the larger class", &always_labelled, &always);
  tsl__table_end(&page->html);
}
