#include "cli/launch.h"

#include "cli/launch_idle.h"
#include "cli/launch_pause.h"
#include "cli/launch_requeue.h"
#include "cli/launch_session.h"
#include "cli/launch_told.h"
#include "cli/stop.h"

#include "teasel/log.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
  STOPPED = 75,     /* run the same command again */
  NOT_STARTED = 127 /* as of a shell */
};

/* ---- mpirun's words ---- */

enum { WORDS_MOST = 64 };

static void add(char **words, size_t *count, const char *word) {
  words[(*count)++] = (char *)(uintptr_t)word; /* execvp changes none */
}

/* mpirun takes no setting twice: what the user gives counts. */
static bool is_given(const struct tsl__launch *launch, const char *name) {
  for (size_t i = 0; i < launch->extra_count; i++) {
    if (strcmp(launch->extra[i], name) == 0)
      return true;
  }
  return false;
}

static void add_setting(const struct tsl__launch *launch, char **words, size_t *count,
                        const char *name, const char *value) {
  if (is_given(launch, name))
    return;
  add(words, count, "--mca");
  add(words, count, name);
  add(words, count, value);
}

static bool in_allocation(void) {
  return getenv("SLURM_JOB_ID") != NULL || getenv("PBS_JOBID") != NULL;
}

/* Cores that this process may use. */
static int core_count(void) {
  cpu_set_t cores;
  return sched_getaffinity(0, sizeof cores, &cores) == 0 ? CPU_COUNT(&cores) : 1;
}

static void add_mpirun(const struct tsl__launch *launch, char **words, size_t *count) {
  static char ranks[24]; /* lives as long as the words */
  add(words, count, launch->mpirun);
  if (geteuid() == 0)
    add(words, count, "--allow-run-as-root");
  if (launch->ranks > 0) {
    snprintf(ranks, sizeof ranks, "%lld", (long long)launch->ranks);
    add(words, count, "-n");
    add(words, count, ranks);
  }
  /* A machine of one's own counts its cores, not its slots; an allocation knows better.
   */
  bool crowded = launch->ranks > core_count();
  if (!in_allocation() && launch->extra_count == 0)
    add(words, count, "--oversubscribe");
  /* Ranks that have all cores stay where they are; others would sit on the same ones as
   * those of another mpirun beside this one. */
  bool all = launch->ranks == core_count() && launch->extra_count == 0;
  if (!is_given(launch, "--bind-to")) {
    add(words, count, "--bind-to");
    add(words, count, all ? "core:overload-allowed" : "none");
  }
  /* The others live when one is killed, and no rank waits for ever at the end. */
  add_setting(launch, words, count, "orte_enable_recovery", "1");
  add_setting(launch, words, count, "async_mpi_finalize", "1");
  if (crowded)
    add_setting(launch, words, count, "mpi_yield_when_idle", "1");
  /* A machine that vanishes is noticed after seconds, not minutes. */
  add_setting(launch, words, count, "oob_tcp_keepalive_time", "5");
  add_setting(launch, words, count, "oob_tcp_keepalive_intvl", "3");
  add_setting(launch, words, count, "oob_tcp_keepalive_probes", "3");
  add(words, count, "-x");
  add(words, count, TSL_LAUNCH_VARIABLE);
  for (size_t i = 0; i < launch->extra_count; i++)
    add(words, count, launch->extra[i]);
}

/* Whether no MPI is needed. */
static bool is_alone(const struct tsl__launch *launch) {
  return launch->ranks == 1 && launch->extra_count == 0;
}

char **tsl__launch_words(const struct tsl__launch *launch, const char *program) {
  size_t count = 0;
  char **words =
      calloc(WORDS_MOST + launch->extra_count + launch->run_count, sizeof *words);
  if (words == NULL)
    return NULL;
  if (!is_alone(launch))
    add_mpirun(launch, words, &count);
  add(words, &count, program);
  add(words, &count, launch->command);
  for (size_t i = 0; i < launch->run_count; i++)
    add(words, &count, launch->run[i]);
  return words;
}

/* ---- signals ---- */

static volatile sig_atomic_t stops, insisted, warnings;

static void note_signal(int number) {
  stops++;
  if (number == SIGINT && tsl__stop_insisted())
    insisted = 1;
  warnings += number == SIGUSR1;
}

void tsl__launch_catch(void) {
  static const int numbers[] = {SIGTERM, SIGINT, SIGUSR1, SIGXCPU, SIGHUP};
  struct sigaction action = {.sa_handler = note_signal, .sa_flags = SA_RESTART};
  struct sigaction now;
  sigset_t set;
  sigemptyset(&action.sa_mask);
  sigemptyset(&set);
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
    if (numbers[i] == SIGHUP && sigaction(SIGHUP, NULL, &now) == 0 &&
        now.sa_handler == SIG_IGN) /* nohup */
      continue;
    sigaction(numbers[i], &action, NULL);
    sigaddset(&set, numbers[i]);
  }
  sigprocmask(SIG_UNBLOCK, &set, NULL);
  signal(SIGPIPE, SIG_IGN); /* who reads the messages no longer ends nothing */
}

/* In the child: a group of its own, so that a Ctrl-C of the terminal does not reach
 * mpirun, which would kill its ranks; and USR1 when the launcher itself is killed. USR1
 * is ignored until mpirun has its own handler, or it would end mpirun before it started
 * anything; the launcher says it again. */
static void become_mpirun(char **words, pid_t parent) {
  int nothing = open("/dev/null", O_RDONLY);
  if (nothing >= 0)
    dup2(nothing, STDIN_FILENO);
  setpgid(0, 0);
  signal(SIGUSR1, SIG_IGN);
  signal(SIGPIPE, SIG_DFL);
  prctl(PR_SET_PDEATHSIG, SIGUSR1);
  if (getppid() == parent)
    execvp(words[0], words);
  fprintf(stderr, "teasel: cannot start %s: %s\n", words[0], strerror(errno));
  _exit(NOT_STARTED);
}

/* ---- one start ---- */

struct start {
  pid_t process;
  struct tsl__told_place place;
  bool is_mpirun; /* not a rank alone */
  bool is_here;   /* and all its ranks are on this machine */
  struct tsl__idle idle;
  int forwarded;   /* signals passed on */
  double repeated; /* when the last of them was said */
  bool marked;     /* its session is */
  bool seen;       /* the results folder had a job */
  double ended;    /* when rank 0 had told, or all others, or a kill was asked for; 0: not
                      yet */
  bool deserted;   /* the others have left a rank 0 that told nothing */
  bool killed;
};

/* Once may be too early: mpirun has no ranks yet, and drops it. To a rank that has heard
 * it, it says nothing new. */
static void pass_on(struct start *start) {
  const double patience = 2; /* seconds */
  double now = tsl_clock_seconds();
  if (stops > 0 && start->ended == 0 &&
      (start->forwarded != stops || now - start->repeated > patience)) {
    if (start->forwarded == 0)
      tsl_log(TSL_LOG_NORMAL, "a signal: the ranks are asked to save and to stop");
    start->forwarded = stops;
    start->repeated = now;
    kill(start->process, SIGUSR1);
  }
  if (insisted && start->ended == 0) {
    tsl_log(TSL_LOG_NORMAL, "interrupted twice: not waiting for what is being saved");
    start->ended = now;
    kill(start->process, SIGTERM);
  }
}

static const double leftover_patience = 20; /* seconds */

/* mpirun hears nothing of a machine that has gone, and may wait for it for ever; so it
 * does for a rank that stands still. */
static void end_leftover(struct start *start) {
  const double patience = leftover_patience, more = 10; /* seconds */
  double now = tsl_clock_seconds();
  struct tsl__told told;
  if (start->ended == 0) {
    const bool has_told = tsl__told_read(&start->place, &told);
    start->deserted = !has_told && tsl__told_all_left(&start->place);
    start->ended = has_told || start->deserted ? now : 0;
  }
  if (start->ended == 0 || now - start->ended < patience)
    return;
  if (!start->killed) {
    tsl_log(TSL_LOG_NORMAL, "mpirun does not end by itself, and is ended");
    start->killed = true;
    kill(start->process, SIGTERM);
  } else if (now - start->ended > patience + more) {
    kill(start->process, SIGKILL);
  }
}

static bool has_job(const struct tsl__launch *launch) {
  char path[TSL_PATH_MAX];
  snprintf(path, sizeof path, "%.4000s/job.used.yaml", launch->folder);
  return tsl_file_exists(path);
}

/* What came of one mpirun: as rank 0 told it; else what can be guessed. */
static struct tsl__told watch(const struct tsl__launch *launch, struct start *start) {
  int about = 0;
  double looked = 0;
  struct tsl__told told = {.code = 1, .lost = true};
  for (;;) {
    pid_t ended = waitpid(start->process, &about, WNOHANG);
    if (ended == start->process || (ended < 0 && errno != EINTR))
      break;
    double paused = tsl__pause_heed(start->process, start->is_mpirun);
    if (start->ended > 0)
      start->ended += paused;
    pass_on(start);
    start->seen = start->seen || has_job(launch);
    if (!start->marked)
      start->marked = tsl__session_folder_mark(start->process);
    if (start->is_here && start->ended == 0 &&
        tsl__idle_look(&start->idle, start->process, stops > 0))
      start->ended = tsl_clock_seconds() - leftover_patience;
    if (tsl_clock_seconds() - looked > 1) {
      end_leftover(start);
      looked = tsl_clock_seconds();
    }
    nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL);
  }
  if (!tsl__told_read(&start->place, &told)) {
    told.silent = true;
    if (WIFEXITED(about)) {
      told.lost = WEXITSTATUS(about) != NOT_STARTED;
      told.code = WEXITSTATUS(about) == 2 ? 2 : 1;
    }
  }
  /* A rank 0 that stood still and wakes up as it is ended takes that for a wish to stop,
   * which nobody had. */
  if (start->deserted && start->killed && stops == 0 && told.code == STOPPED)
    told = (struct tsl__told){.code = 1, .lost = true};
  tsl__told_remove(&start->place);
  tsl__session_folder_clear(start->process);
  return told;
}

/* Whether mpirun keeps its session where it does by itself. */
static bool has_usual_session(const struct tsl__launch *launch) {
  return !is_given(launch, "orte_tmpdir_base") &&
         getenv("OMPI_MCA_orte_tmpdir_base") == NULL;
}

static enum tsl_status run_once(const struct tsl__launch *launch, const char *program,
                                struct tsl__told *told, struct tsl_error *err) {
  struct start start = {.is_mpirun = !is_alone(launch)};
  if (start.is_mpirun && has_usual_session(launch))
    TSL_TRY(tsl__session_place_check(err));
  start.is_here = start.is_mpirun && launch->extra_count == 0 && !in_allocation();
  tsl__told_place_init(&start.place, launch->folder);
  setenv(TSL_LAUNCH_VARIABLE, start.place.token, /*overwrite=*/1);
  char **words = tsl__launch_words(launch, program);
  if (words == NULL)
    return tsl_error_set(err, TSL_MEMORY, "", "out of memory");
  pid_t parent = getpid();
  start.process = fork();
  if (start.process == 0)
    become_mpirun(words, parent);
  start.marked = !start.is_mpirun;
  free(words);
  if (start.process < 0)
    return tsl_error_set(err, TSL_LIBRARY, launch->mpirun, "cannot be started: %s",
                         strerror(errno));
  *told = watch(launch, &start);
  /* By its own look where rank 0 could not say so. */
  told->gone = told->gone || (start.seen && !has_job(launch));
  /* Who asked for a stop wants to go on later: what the stop cost is no failure. */
  if (stops > 0 && told->code == 1 && told->lost && !insisted)
    told->code = STOPPED;
  return TSL_OK;
}

/* Starts it, and again where that is due. */
static enum tsl_status run_to_end(const struct tsl__launch *launch, const char *program,
                                  struct tsl__told *told, struct tsl_error *err) {
  /* A rank that is lost while runs are trained costs no start. One that is lost while
   * they are scored shall not either, though it takes one; which has an end. */
  enum { FREE_MOST = 2 };
  int failed = 0, unpaid = 0;
  for (;;) {
    *told = (struct tsl__told){.code = STOPPED};
    if (stops == 0)
      TSL_TRY(run_once(launch, program, told, err));
    else
      tsl_log(TSL_LOG_NORMAL, "a signal: nothing more is started");
    if (told->code != 1 || told->answered || told->gone || stops > 0)
      return TSL_OK;
    if (told->unscored && unpaid < FREE_MOST) {
      unpaid++;
      tsl_log(TSL_LOG_NORMAL, "a rank was lost while scoring; starting again for that");
    } else if (failed < launch->restarts) {
      failed++;
      tsl_log(TSL_LOG_NORMAL, "failed; starting again (%d of %lld)", failed,
              (long long)launch->restarts);
    } else {
      return TSL_OK;
    }
    nanosleep(&(struct timespec){.tv_sec = 1}, NULL); /* or until a signal comes */
    (void)tsl__pause_heed(/*process=*/0, /*is_mpirun=*/false);
  }
}

/* mpirun, and its daemons, may have had the last word, which is seldom the one that
 * helps. */
static enum tsl_status conclude(const struct tsl__launch *launch,
                                const struct tsl__told *told, struct tsl_error *err) {
  if (told->code == 0)
    return TSL_OK;
  if (told->code == STOPPED)
    return TSL_INTERRUPTED;
  if (told->answered)
    return TSL_NOT_SO;
  if (is_alone(launch) || insisted)
    return told->code == 2 ? TSL_BAD_INPUT : TSL_IO;
  if (told->code == 2)
    return tsl_error_set(err, TSL_BAD_INPUT, launch->command,
                         "refused: the message of rank 0 above says what to mend; words "
                         "of Open MPI between it and this line only follow from it");
  if (told->silent && told->lost)
    return tsl_error_set(err, TSL_IO, launch->command,
                         "mpirun or rank 0 was killed or could not start; where no "
                         "message above says more, the system's log may: give the same "
                         "command again, which keeps what was finished");
  return tsl_error_set(err, TSL_IO, launch->command,
                       "failed: the message above that begins with `teasel:` says why; "
                       "words of Open MPI behind it only follow from it");
}

enum tsl_status tsl__launch_run(const struct tsl__launch *launch, struct tsl_error *err) {
  const double scontrol_seconds = 60; /* SLURM's limit may be as near */
  char program[TSL_PATH_MAX];
  struct tsl__told told;
  ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);
  if (length <= 0)
    return tsl_error_set(err, TSL_LIBRARY, "/proc/self/exe", "cannot be read: %s",
                         strerror(errno));
  program[length] = '\0';
  tsl__told_sweep();
  tsl__session_folders_sweep();
  tsl__pause_catch();
  enum tsl_status status = run_to_end(launch, program, &told, err);
  tsl__pause_release();
  TSL_TRY(status);
  if (told.code == STOPPED && warnings > 0 && launch->requeue)
    (void)tsl__launch_requeue(&stops, scontrol_seconds);
  return conclude(launch, &told, err);
}
