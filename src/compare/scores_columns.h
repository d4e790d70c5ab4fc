/* scores_columns.h - what scores.h5 holds of a run, and the digest of all that it holds.
 */
#ifndef TEASEL_COMPARE_SCORES_COLUMNS_H
#define TEASEL_COMPARE_SCORES_COLUMNS_H

#include "teasel/compare.h"

/* The columns of a run that are texts and those that are numbers, each once. */
#define TEXT_COLUMNS(XX)                                                                 \
  XX(name)                                                                               \
  XX(family)                                                                             \
  XX(setting_label)                                                                      \
  XX(outcome)                                                                            \
  XX(digest)                                                                             \
  XX(notes)
#define NUMBER_COLUMNS(XX)                                                               \
  XX(setting, int)                                                                       \
  XX(seed, int64_t)                                                                      \
  XX(latent, int)                                                                        \
  XX(informative, int)                                                                   \
  XX(flagged, bool)

/* Local. 32 hex digits and a terminator. */
enum tsl_status tsl__scores_digest(const struct tsl_scores *scores, char out[33],
                                   struct tsl_error *err);

#endif
