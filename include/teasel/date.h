/* date.h - dates and durations as people read them. Dates are of the system's clock: for
 * telling, never for a decision between machines. */
#ifndef TEASEL_DATE_H
#define TEASEL_DATE_H

#include <stdbool.h>

enum { TSL_DATE_TEXT = 32 }; /* bytes of either text with its terminator */

/* Local. Seconds since 1970-01-01 UTC by the system's clock. */
double tsl_date_now(void);
/* Local. "2026-11-20T09:21:09.123Z"; buffer: TSL_DATE_TEXT bytes; returned. */
char *tsl_date_print(char *buffer, double date);
/* Local. The same without milliseconds: "2026-11-20T09:21:09Z". */
char *tsl_date_print_seconds(char *buffer, double date);
/* Local. Either text back; false where it is no date. */
bool tsl_date_parse(const char *text, double *date);
/* Local. "12 s", "4 min 05 s", "3 h 12 min", "2 d 4 h", "?" for what is none; buffer:
 * TSL_DATE_TEXT bytes; returned. */
char *tsl_duration_print(char *buffer, double seconds);

#endif
