/* json.h - the few shapes that score files need, with numbers that read back as the same
 * double and null for what is not finite. */
#ifndef TEASEL_COMPARE_JSON_H
#define TEASEL_COMPARE_JSON_H

#include "teasel/text.h"

/* Local. A number; 15 digits where they suffice, else 16 or 17. */
void tsl__json_number(struct tsl_text *out, double value);
/* Local. A nested list of the shape dims (rank at least 1). */
void tsl__json_array(struct tsl_text *out, const double *values, const int64_t *dims,
                     int rank);
/* Local. `, "key": ` or `"key": ` when it is the first of its object; the text tells. */
void tsl__json_key(struct tsl_text *out, const char *key);

#endif
