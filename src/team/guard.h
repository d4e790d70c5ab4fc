/* guard.h - blocking calls that are watched by a thread: see tsl_world_set_stuck. */
#ifndef TEASEL_TEAM_GUARD_H
#define TEASEL_TEAM_GUARD_H

#include "teasel/team.h"

struct tsl__guard;

/* Local. Until _end, which must follow; nothing is watched where nobody wants to be told.
 * peers: that a member on this node has ended is as bad as the time; NULL: nobody's end
 * is. */
void tsl__guard_begin(struct tsl_world *world, const char *what, double seconds,
                      const struct tsl_team *peers);
/* Local. The same for the start of MPI, when ranks do not know each other yet: as bad as
 * the time is that fewer of those run that were started beside this process than there
 * have been. */
void tsl__guard_begin_start(struct tsl_world *world, const char *what, double seconds);
void tsl__guard_end(struct tsl_world *world);
void tsl__guard_free(struct tsl__guard *guard);

#endif
