/* progress.h - how far a sweep is, for people: a bar with the time left on a terminal,
 * else one line a minute and one at the end. */
#ifndef TEASEL_CLI_PROGRESS_H
#define TEASEL_CLI_PROGRESS_H

#include "teasel/train.h"

struct tsl__progress {
  bool bar;     /* one line that is drawn again and again */
  double drawn; /* when the last bar or line was shown, tsl_clock_seconds */
  int idle;     /* how often in a row it was told that nothing is trained here */
};

void tsl__progress_init(struct tsl__progress *progress, bool bar);
void tsl__progress_show(struct tsl__progress *progress,
                        const struct tsl_sweep_progress *now);
/* Ends the bar's line. */
void tsl__progress_end(struct tsl__progress *progress);

/* Local. Width of the terminal behind this file descriptor, in characters; where it is
 * none, that of $COLUMNS or 80. */
int tsl__terminal_columns(int file);

#endif
