#include "cli/launch_idle.h"

#include "teasel/log.h"
#include "teasel/process.h"

#include <errno.h>
#include <sys/wait.h>
#include <unistd.h>

/* Whether this user may have one process more, which says of an mpirun without ranks that
 * it is at work on other machines. */
static bool can_fork(void) {
  const pid_t process = fork();
  if (process == 0)
    _exit(0);
  while (process > 0 && waitpid(process, NULL, 0) < 0 && errno == EINTR) {
  }
  return process > 0;
}

bool tsl__idle_look(struct tsl__idle *idle, pid_t mpirun, bool stopping) {
  const double patience = 10, elsewhere = 60, pause = 1; /* seconds */
  const double now = tsl_clock_seconds();
  if (now < idle->next)
    return false;
  const int count = tsl_process_count_children(mpirun);
  idle->had = idle->had || count > 0;
  idle->next = idle->had ? now + pause : now; /* ranks may die young */
  if (count != 0)
    idle->since = 0;
  else if (idle->since == 0)
    idle->since = now;
  if (count != 0 || now - idle->since < patience)
    return false;
  if (idle->had || (stopping && now - idle->since > elsewhere))
    return true;
  idle->next = now + pause;
  if (can_fork())
    return false;
  tsl_log(TSL_LOG_NORMAL, "mpirun could start no rank: this user may have no more "
                          "processes and threads (ulimit -u)");
  return true;
}
