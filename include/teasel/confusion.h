/* confusion.h - how well two classes, good and bad, are told apart. */
#ifndef TEASEL_CONFUSION_H
#define TEASEL_CONFUSION_H

#include <stdbool.h>
#include <stdint.h>

/* Counts of points: what they are, and what they are called. */
struct tsl_confusion {
  int64_t good_as_good, good_as_bad, bad_as_good, bad_as_bad;
};

/* Local. Adds one point. */
void tsl_confusion_add(struct tsl_confusion *confusion, bool is_bad, bool called_bad);
/* Local. Right ones of all; NaN without points. */
double tsl_confusion_accuracy(const struct tsl_confusion *confusion);
/* Local. Mean of the right fractions of both classes; NaN when one has no points. */
double tsl_confusion_balanced_accuracy(const struct tsl_confusion *confusion);

#endif
