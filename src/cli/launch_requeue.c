#include "cli/launch_requeue.h"

#include "teasel/log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* The job of an array is named by both numbers: the first alone is all of the array. */
static bool print_job(char *buffer, size_t bytes) {
  const char *job = getenv("SLURM_JOB_ID"), *array = getenv("SLURM_ARRAY_JOB_ID"),
             *task = getenv("SLURM_ARRAY_TASK_ID");
  if (array != NULL && task != NULL)
    snprintf(buffer, bytes, "%s_%s", array, task);
  else
    snprintf(buffer, bytes, "%s", job != NULL ? job : "");
  return buffer[0] != '\0';
}

/* In a group of its own, so that it can be ended with whatever it has started. */
static pid_t start_scontrol(char *job) {
  char scontrol[] = "scontrol", verb[] = "requeue";
  char *words[] = {scontrol, verb, job, NULL};
  const pid_t process = fork();
  if (process == 0) {
    setpgid(0, 0);
    execvp(words[0], words);
    _exit(127);
  }
  return process;
}

/* scontrol asks a controller that does not answer for minutes. Returns whether it ended
 * by itself; *about: how, as waitpid tells it. */
static bool wait_for_end(pid_t process, double seconds, int *about) {
  const double begun = tsl_clock_seconds();
  while (waitpid(process, about, WNOHANG) == 0) {
    if (tsl_clock_seconds() - begun > seconds) {
      kill(-process, SIGKILL);
      kill(process, SIGKILL); /* where it has no group yet */
      while (waitpid(process, about, 0) < 0 && errno == EINTR) {
      }
      return false;
    }
    nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
  }
  return true;
}

bool tsl__launch_requeue(const volatile sig_atomic_t *signals, double seconds) {
  enum { END_SECONDS = 60 }; /* until SLURM ends the job */
  char job[128];
  int about = 0;
  const sig_atomic_t before = *signals;
  if (!print_job(job, sizeof job)) {
    tsl_log(TSL_LOG_NORMAL, "--requeue: this is no job of SLURM; start it again");
    return false;
  }
  tsl_log(TSL_LOG_NORMAL, "job %s goes back into the queue", job);
  const pid_t process = start_scontrol(job);
  if (process > 0 && !wait_for_end(process, seconds, &about)) {
    tsl_log(TSL_LOG_NORMAL,
            "scontrol requeue %s has not ended for %.0f s, and was killed; submit the "
            "job again where squeue does not show it",
            job, seconds);
    return false;
  }
  if (process < 0 || !WIFEXITED(about) || WEXITSTATUS(about) != 0) {
    tsl_log(TSL_LOG_NORMAL, "scontrol requeue %s failed; submit the job again", job);
    return false;
  }
  for (int i = 0; i < END_SECONDS && *signals == before; i++)
    nanosleep(&(struct timespec){.tv_sec = 1}, NULL);
  return true;
}
