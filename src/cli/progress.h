/* progress.h - how far a sweep is, for people: a bar with the time left on a terminal,
 * else one line a minute and, where runs are few, one a run. */
#ifndef TEASEL_CLI_PROGRESS_H
#define TEASEL_CLI_PROGRESS_H

#include "teasel/train.h"

struct tsl__progress {
  bool bar;     /* one line that is drawn again and again */
  double drawn; /* when the last bar or line was shown, tsl_clock_seconds */
  bool open;    /* a bar without a line's end stands on the terminal */
};

void tsl__progress_init(struct tsl__progress *progress, bool bar);
/* A tsl_sweep_request's progress; context: struct tsl__progress. */
void tsl__progress_show(void *context, const struct tsl_sweep_progress *now);
/* Ends the bar's line. */
void tsl__progress_end(struct tsl__progress *progress);

#endif
