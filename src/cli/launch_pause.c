#include "cli/launch_pause.h"

#include "teasel/log.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile sig_atomic_t asked, continued;

static void note_stop(int number) {
  (void)number;
  continued = 0;
  asked = 1;
}

static void note_continue(int number) {
  (void)number;
  continued = 1;
}

static void set(int number, void (*handler)(int)) {
  struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART}, now;
  sigemptyset(&action.sa_mask);
  if (sigaction(number, NULL, &now) == 0 && now.sa_handler != SIG_IGN)
    sigaction(number, &action, NULL);
}

void tsl__pause_catch(void) {
  set(SIGCONT, note_continue);
  set(SIGTSTP, note_stop);
}

void tsl__pause_release(void) {
  set(SIGTSTP, SIG_DFL);
  set(SIGCONT, SIG_DFL);
}

/* A process that outlives this one, in a group of its own so that what is sent to this
 * one's does not reach it: ranks that stand still would hear nothing. */
static pid_t start_heir(pid_t process) {
  const pid_t parent = getpid();
  sigset_t all, before;
  int number = 0;
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, &before);
  const pid_t heir = fork();
  if (heir == 0) {
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGUSR1);
    while (getppid() == parent)
      sigwait(&all, &number);
    kill(process, SIGCONT);
    _exit(0);
  }
  sigprocmask(SIG_SETMASK, &before, NULL);
  return heir;
}

static void end_heir(pid_t heir) {
  if (heir <= 0)
    return;
  kill(heir, SIGKILL);
  while (waitpid(heir, NULL, 0) < 0 && errno == EINTR) {
  }
}

double tsl__pause_heed(pid_t process, bool is_mpirun) {
  if (!asked)
    return 0;
  asked = 0;
  const double begun = tsl_clock_seconds();
  pid_t heir = 0;
  if (process > 0) {
    tsl_log(TSL_LOG_NORMAL, "stopped: the ranks stand still until `fg` or CONT");
    heir = start_heir(process);
    kill(process, is_mpirun ? SIGTSTP : SIGSTOP);
  }
  if (!continued)
    raise(SIGSTOP); /* returns when it goes on */
  if (process > 0)
    kill(process, SIGCONT);
  end_heir(heir);
  return tsl_clock_seconds() - begun;
}
