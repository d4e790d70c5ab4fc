/* scores_columns.h - what scores.h5 holds of a run, the digest of all that it holds, and
 * the same in another file. */
#ifndef TEASEL_COMPARE_SCORES_COLUMNS_H
#define TEASEL_COMPARE_SCORES_COLUMNS_H

#include "teasel/compare.h"

/* Since this version of scores.h5 clustering metrics look at all latents of a family with
 * clusters of its own, and all of them are there for the other families. */
enum { TSL__SCORES_CLUSTERS_VERSION = 6 };
/* What is written. 4 has no digest, 5 and older clustering scores by other rules; they
 * are read too. */
enum {
  TSL__SCORES_VERSION = TSL__SCORES_CLUSTERS_VERSION,
  TSL__SCORES_VERSION_OLDEST = 4
};

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

/* Local. As tsl_scores_write and tsl_scores_read, for a file beside scores.h5. */
enum tsl_status tsl__scores_write_to(struct tsl_store *store, enum tsl_store_file file,
                                     const struct tsl_scores *scores,
                                     struct tsl_error *err);
enum tsl_status tsl__scores_read_from(struct tsl_store *store, enum tsl_store_file file,
                                      struct tsl_scores *out, struct tsl_error *err);

/* Local. 32 hex digits and a terminator. */
enum tsl_status tsl__scores_digest(const struct tsl_scores *scores, char out[33],
                                   struct tsl_error *err);

#endif
