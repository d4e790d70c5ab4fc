#include "teasel/confusion.h"

#include <math.h>

void tsl_confusion_add(struct tsl_confusion *confusion, bool is_bad, bool called_bad) {
  if (is_bad)
    *(called_bad ? &confusion->bad_as_bad : &confusion->bad_as_good) += 1;
  else
    *(called_bad ? &confusion->good_as_bad : &confusion->good_as_good) += 1;
}

double tsl_confusion_accuracy(const struct tsl_confusion *confusion) {
  int64_t right = confusion->good_as_good + confusion->bad_as_bad;
  int64_t all = right + confusion->good_as_bad + confusion->bad_as_good;
  return all > 0 ? (double)right / (double)all : (double)NAN;
}

double tsl_confusion_balanced_accuracy(const struct tsl_confusion *confusion) {
  int64_t good = confusion->good_as_good + confusion->good_as_bad;
  int64_t bad = confusion->bad_as_good + confusion->bad_as_bad;
  if (good == 0 || bad == 0)
    return NAN;
  return ((double)confusion->good_as_good / (double)good +
          (double)confusion->bad_as_bad / (double)bad) /
         2;
}
