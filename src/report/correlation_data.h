/* correlation_data.h - R of the pairs as the page's script reads it. */
#ifndef TEASEL_REPORT_CORRELATION_DATA_H
#define TEASEL_REPORT_CORRELATION_DATA_H

#include "report/report_data.h"

#include "teasel/text.h"

/* Whether the page holds R of that pair. scope: never AUTO. */
bool tsl__pair_is_kept(const struct tsl__report_data *data, enum tsl__report_pairs scope,
                       int other, int target);

/* The widest scope whose matrices of that similarity have at most TSL__PAIR_VALUES_MAX
 * values; what was asked for where that is not `auto`. order: (count) indices into runs.
 */
enum { TSL__PAIR_VALUES_MAX = 700000 };
enum tsl__report_pairs tsl__pairs_scope(const struct tsl__report_data *data,
                                        enum tsl_similarity similarity, const int *order,
                                        int count);

/* Member "<similarity>" of the script's `pairs`: informative rows and columns of every
 * pair kept, first run by first run, a byte a value in units of `step`, deflated. Of a
 * symmetric similarity the pairs with second >= first. */
void tsl__pairs_add(const struct tsl__report_data *data, enum tsl_similarity similarity,
                    const int *order, int count, struct tsl_text *out);

#endif
