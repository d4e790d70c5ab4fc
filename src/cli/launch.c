#include "cli/launch.h"

#include "teasel/log.h"

#include <dirent.h>
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

static const char variable[] = "TEASEL_LAUNCH";
static const char unscored[] = " a rank was lost while scoring"; /* behind the code */

/* ---- how rank 0 tells its end: a file of the results folder, or, before there is one,
 * of its machine, which most often is the launcher's ---- */

static void print_path(const char *folder, const char *token, char *path) {
  const char *temporary = getenv("TMPDIR");
  if (folder != NULL)
    snprintf(path, TSL_PATH_MAX, "%.3800s/launch.%.100s", folder, token);
  else
    snprintf(path, TSL_PATH_MAX, "%.3800s/teasel-launch.%.100s",
             temporary != NULL ? temporary : "/tmp", token);
}

void tsl__launch_tell(const struct tsl_store *store, enum tsl_status status,
                      bool trained) {
  const char *token = getenv(variable);
  char path[TSL_PATH_MAX], text[64];
  if (token == NULL || strchr(token, '/') != NULL)
    return;
  int length = snprintf(text, sizeof text, "%d%s\n", tsl_status_exit_code(status),
                        status == TSL_PEER_LOST && trained ? unscored : "");
  print_path(store != NULL ? tsl_store_folder(store) : NULL, token, path);
  (void)tsl_file_write(path, text, (size_t)length, NULL);
}

static void print_left(const char *path, int rank, char *left) {
  snprintf(left, TSL_PATH_MAX, "%.4000s.left-%d", path, rank);
}

void tsl__launch_left(const struct tsl_store *store, const struct tsl_world *world) {
  const char *token = getenv(variable);
  char path[TSL_PATH_MAX], left[TSL_PATH_MAX], text[32];
  if (token == NULL || strchr(token, '/') != NULL || tsl_world_is_dead(world, 0))
    return;
  int length = snprintf(text, sizeof text, "%d\n", tsl_world_size(world));
  print_path(store != NULL ? tsl_store_folder(store) : NULL, token, path);
  print_left(path, tsl_world_rank(world), left);
  (void)tsl_file_write(left, text, (size_t)length, NULL);
}

/* Whether all ranks but the first have told at this path that they left. */
static bool all_left(const char *path) {
  char left[TSL_PATH_MAX], *bytes = NULL;
  size_t count = 0;
  print_left(path, 1, left);
  if (!tsl_file_exists(left) || tsl_file_read(left, &bytes, &count, NULL) != TSL_OK)
    return false;
  long size = strtol(bytes, NULL, 10);
  bool all = size > 1;
  free(bytes);
  for (int rank = 2; rank < size && all; rank++) {
    print_left(path, rank, left);
    all = tsl_file_exists(left);
  }
  return all;
}

/* The file of this path, and those that begin with its name and ".left-". */
static void remove_told(const char *path) {
  char folder[TSL_PATH_MAX], prefix[TSL_PATH_MAX];
  const char *name = strrchr(path, '/') + 1; /* print_path writes one */
  snprintf(folder, sizeof folder, "%.*s", (int)(name - path), path);
  int length = snprintf(prefix, sizeof prefix, "%s.left-", name);
  unlink(path);
  DIR *entries = opendir(folder);
  if (entries == NULL)
    return;
  for (struct dirent *entry; (entry = readdir(entries)) != NULL;) {
    if (strncmp(entry->d_name, prefix, (size_t)length) == 0)
      unlinkat(dirfd(entries), entry->d_name, 0);
  }
  closedir(entries);
}

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
  add(words, count, variable);
  for (size_t i = 0; i < launch->extra_count; i++)
    add(words, count, launch->extra[i]);
}

char **tsl__launch_words(const struct tsl__launch *launch, const char *program) {
  size_t count = 0;
  bool alone = launch->ranks == 1 && launch->extra_count == 0; /* no MPI is needed */
  char **words =
      calloc(WORDS_MOST + launch->extra_count + launch->run_count, sizeof *words);
  if (words == NULL)
    return NULL;
  if (!alone)
    add_mpirun(launch, words, &count);
  add(words, &count, program);
  add(words, &count, "run");
  for (size_t i = 0; i < launch->run_count; i++)
    add(words, &count, launch->run[i]);
  return words;
}

/* ---- signals ---- */

static volatile sig_atomic_t stops, interrupts, warnings;

static void note_signal(int number) {
  stops++;
  interrupts += number == SIGINT;
  warnings += number == SIGUSR1;
}

static void catch_signals(void) {
  static const int numbers[] = {SIGTERM, SIGINT, SIGUSR1};
  struct sigaction action = {.sa_handler = note_signal};
  sigemptyset(&action.sa_mask);
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
    sigaction(numbers[i], &action, NULL);
}

/* In the child: a group of its own, so that a Ctrl-C of the terminal does not reach
 * mpirun, which would kill its ranks; and USR1 when the launcher itself is killed. */
static void become_mpirun(char **words, pid_t parent) {
  int nothing = open("/dev/null", O_RDONLY);
  if (nothing >= 0)
    dup2(nothing, STDIN_FILENO);
  setpgid(0, 0);
  prctl(PR_SET_PDEATHSIG, SIGUSR1);
  if (getppid() == parent)
    execvp(words[0], words);
  fprintf(stderr, "teasel: cannot start %s: %s\n", words[0], strerror(errno));
  _exit(127);
}

/* ---- one start ---- */

struct start {
  pid_t process;
  char paths[2][TSL_PATH_MAX]; /* where rank 0 tells its end */
  int forwarded;               /* signals passed on */
  double ended; /* when rank 0 had told, or all others, or a kill was asked for; 0: not
                   yet */
  bool killed;
  bool unscored; /* it ended because a rank was lost while scoring */
};

/* -1: not told yet. */
static int told(struct start *start) {
  char *bytes = NULL;
  size_t count = 0;
  for (int i = 0; i < 2; i++) {
    if (!tsl_file_exists(start->paths[i]) ||
        tsl_file_read(start->paths[i], &bytes, &count, NULL) != TSL_OK)
      continue;
    int code = (int)strtol(bytes, NULL, 10);
    start->unscored = strstr(bytes, unscored) != NULL;
    free(bytes);
    return code;
  }
  return -1;
}

static void pass_on(struct start *start) {
  if (start->forwarded != stops) {
    start->forwarded = stops;
    kill(start->process, SIGUSR1);
  }
  if (interrupts > 1 && start->ended == 0) {
    tsl_log(TSL_LOG_NORMAL, "interrupted twice: not waiting for what is being saved");
    start->ended = tsl_clock_seconds();
    kill(start->process, SIGTERM);
  }
}

/* mpirun hears nothing of a machine that has gone, and may wait for it for ever; so it
 * does for a rank that stands still. */
static void end_leftover(struct start *start) {
  const double patience = 20, more = 10; /* seconds */
  double now = tsl_clock_seconds();
  if (start->ended == 0 &&
      (told(start) >= 0 || all_left(start->paths[0]) || all_left(start->paths[1])))
    start->ended = now;
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

/* The exit code of one mpirun, as rank 0 told it; else what can be guessed. */
static int watch(struct start *start) {
  int about = 0;
  double looked = 0;
  for (;;) {
    pid_t ended = waitpid(start->process, &about, WNOHANG);
    if (ended == start->process || (ended < 0 && errno != EINTR))
      break;
    pass_on(start);
    if (tsl_clock_seconds() - looked > 1) {
      end_leftover(start);
      looked = tsl_clock_seconds();
    }
    nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL);
  }
  int code = told(start);
  remove_told(start->paths[0]);
  remove_told(start->paths[1]);
  if (code >= 0)
    return code;
  return WIFEXITED(about) && WEXITSTATUS(about) == 2 ? 2 : 1;
}

static enum tsl_status run_once(const struct tsl__launch *launch, const char *program,
                                int number, int *code, bool *again,
                                struct tsl_error *err) {
  struct start start = {.forwarded = 0};
  char token[64];
  snprintf(token, sizeof token, "%ld-%llx-%d", (long)getpid(),
           (unsigned long long)(tsl_clock_seconds() * 1e6), number);
  print_path(launch->folder, token, start.paths[0]);
  print_path(NULL, token, start.paths[1]);
  setenv(variable, token, /*overwrite=*/1);
  char **words = tsl__launch_words(launch, program);
  if (words == NULL)
    return tsl_error_set(err, TSL_MEMORY, "", "out of memory");
  pid_t parent = getpid();
  start.process = fork();
  if (start.process == 0)
    become_mpirun(words, parent);
  free(words);
  if (start.process < 0)
    return tsl_error_set(err, TSL_LIBRARY, launch->mpirun, "cannot be started: %s",
                         strerror(errno));
  *code = watch(&start);
  *again = start.unscored;
  return TSL_OK;
}

/* ---- SLURM ---- */

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

/* Puts this job back into its queue, which ends it: SLURM kills what is left of it. */
static void requeue(void) {
  char job[128], scontrol[] = "scontrol", verb[] = "requeue";
  int about = 0;
  if (!print_job(job, sizeof job)) {
    tsl_log(TSL_LOG_NORMAL, "--requeue: this is no job of SLURM; start it again");
    return;
  }
  char *words[] = {scontrol, verb, job, NULL};
  tsl_log(TSL_LOG_NORMAL, "job %s goes back into the queue", job);
  pid_t process = fork();
  if (process == 0) {
    execvp(words[0], words);
    _exit(127);
  }
  while (process > 0 && waitpid(process, &about, 0) < 0 && errno == EINTR) {
  }
  if (process < 0 || !WIFEXITED(about) || WEXITSTATUS(about) != 0) {
    tsl_log(TSL_LOG_NORMAL, "scontrol requeue %s failed; submit the job again", job);
    return;
  }
  for (int i = 0; i < 60; i++)
    nanosleep(&(struct timespec){.tv_sec = 1}, NULL);
}

enum tsl_status tsl__launch_run(const struct tsl__launch *launch, int *code,
                                struct tsl_error *err) {
  char program[TSL_PATH_MAX];
  ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);
  if (length <= 0)
    return tsl_error_set(err, TSL_LIBRARY, "/proc/self/exe", "cannot be read: %s",
                         strerror(errno));
  program[length] = '\0';
  catch_signals();
  /* A rank that is lost while runs are trained costs no start. One that is lost while
   * they are scored shall not either, though it takes one; which has an end. */
  enum { FREE_MOST = 2 };
  int failed = 0, unpaid = 0;
  for (int number = 0;; number++) {
    bool again = false;
    TSL_TRY(run_once(launch, program, number, code, &again, err));
    if (*code != 1 || stops > 0)
      break;
    if (again && unpaid < FREE_MOST) {
      unpaid++;
      tsl_log(TSL_LOG_NORMAL, "a rank was lost while scoring; starting again for that");
    } else if (failed < launch->restarts) {
      failed++;
      tsl_log(TSL_LOG_NORMAL, "failed; starting again (%d of %lld)", failed,
              (long long)launch->restarts);
    } else {
      break;
    }
    nanosleep(&(struct timespec){.tv_sec = 1}, NULL);
  }
  if (*code == 75 && warnings > 0 && launch->requeue)
    requeue();
  return TSL_OK;
}
