/* awake.h - a clock for patience with others, which stands still where this process did.
 *
 * Ctrl-Z, a batch system that suspends a job, a frozen container: all ranks stand still
 * together, and who goes on first must not take the time for the others' silence. A
 * process cannot be told for how long it stood still, but whoever waits looks at the
 * clock many times a second. So between two looks no more than a few seconds count; a
 * step of training that takes longer makes its rank as much more patient.
 */
#ifndef TEASEL_TEAM_AWAKE_H
#define TEASEL_TEAM_AWAKE_H

struct tsl__awake {
  double seen;  /* when it was looked last; 0: never */
  double still; /* seconds that do not count */
};
/* Local. The clock's time; now: tsl_clock_seconds(). */
double tsl__awake_look(struct tsl__awake *awake, double now);

#endif
