/* log.h - chatter for people, on standard error; primary output goes to standard output.
 * The level and the open line are the only globals of the program. */
#ifndef TEASEL_LOG_H
#define TEASEL_LOG_H

#include <stdbool.h>

enum tsl_log_level { TSL_LOG_QUIET, TSL_LOG_NORMAL, TSL_LOG_VERBOSE };

void tsl_log_level_set(enum tsl_log_level level);
enum tsl_log_level tsl_log_level_get(void);
/* Local. One line with "teasel: " before it. */
void tsl_log(enum tsl_log_level level, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Local. Says that a line without an end, a progress bar, stands on standard error: the
 * next log line erases it, and the bar is drawn again below. */
void tsl_log_line_open(bool open);
/* Local. Ends such a line, where there is one. */
void tsl_log_line_end(void);

/* Local. Seconds of a monotonic clock, for durations. */
double tsl_clock_seconds(void);

#endif
