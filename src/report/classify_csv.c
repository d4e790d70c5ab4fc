#include "report/classify_page.h"

#include <math.h>

static void add_rates(struct tsl_text *out, const struct tsl_confusion *confusion) {
  const double rates[] = {tsl_confusion_accuracy(confusion),
                          tsl_confusion_balanced_accuracy(confusion)};
  for (int i = 0; i < 2; i++) {
    tsl_text_add(out, ",");
    if (isfinite(rates[i]))
      tsl_text_add_number(out, rates[i]);
  }
}

static void add_line(struct tsl_text *out, const struct tsl_confusion *labelled,
                     const struct tsl_confusion *rest) {
  add_rates(out, labelled);
  add_rates(out, rest);
  tsl_text_format(out, ",%lld,%lld,%lld,%lld\n", (long long)rest->good_as_good,
                  (long long)rest->good_as_bad, (long long)rest->bad_as_good,
                  (long long)rest->bad_as_bad);
}

void tsl__classify_csv(const struct tsl_classification *result, struct tsl_text *out) {
  tsl_text_add(out, "classifier,latent,threshold,bad_side,labelled_accuracy,"
                    "labelled_balanced_accuracy,rest_accuracy,rest_balanced_accuracy,"
                    "good_as_good,good_as_bad,bad_as_good,bad_as_bad\n");
  for (int k = 0; k < result->cut_count; k++) {
    const struct tsl_cut *cut = &result->cuts[k];
    tsl_text_format(out, "threshold,%d,", cut->latent);
    tsl_text_add_number(out, cut->threshold);
    tsl_text_add(out, cut->bad_above ? ",above" : ",below");
    add_line(out, &cut->labelled, &cut->rest);
  }
  tsl_text_add(out, "logistic_regression,,,");
  add_line(out, &result->logistic_labelled, &result->logistic_rest);
}
