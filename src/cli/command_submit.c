/* teasel submit: the sbatch commands of a sweep, with the time and memory of its plan. */
#include "cli/arguments.h"
#include "cli/command.h"
#include "cli/job_cost.h"
#include "cli/job_open.h"
#include "cli/provenance.h"
#include "cli/sbatch_option.h"
#include "cli/slurm_ask.h"

#include "teasel/log.h"
#include "teasel/store.h"
#include "teasel/text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char usage[] =
    "usage: teasel submit JOB.yaml --array N [--ranks P] [--dry-run] [-o DIR] [--set "
    "K=V]\n"
    "\n"
    "Submits two jobs to SLURM: an array of N tasks that share the job's runs, and, "
    "once\n"
    "all of them have ended well, one that scores what is not scored yet. Time and "
    "memory\n"
    "are those of the job's plan. A task that meets its limit saves everything and goes\n"
    "back into the queue, so a short limit costs little.\n"
    "\n"
    "  --array N        tasks, of which as many as runs are submitted at most; 0: one "
    "job\n"
    "                   for the whole sweep\n"
    "  --ranks P        ranks of each task (default 1)\n"
    "  --dry-run        print the commands and submit nothing\n"
    "  -o, --output DIR results folder, as of teasel run\n"
    "  --set KEY=VALUE  override an option of the file; may be repeated\n"
    "  --time MINUTES   instead of the plan's\n"
    "  --memory MIB     of a task, instead of the plan's\n"
    "  --gflops G       speed of one rank there; without it that of this machine\n"
    "  --sbatch OPTION  one more option for sbatch, as --sbatch=--partition=long;\n"
    "                   may be repeated; none of those that submit sets\n";

struct request {
  int64_t array, ranks, minutes, memory;
  double gflops;
  bool dry_run;
  const char *folder;
  const char **extra;
  struct tsl_cli_arguments arguments;
};

/* The words of one sbatch. */
enum { WORDS_MOST = 512, TEXTS_BYTES = 16384 };
struct words {
  const char *words[WORDS_MOST + 1]; /* ended by NULL */
  size_t count;
  char texts[TEXTS_BYTES]; /* of words that are made here */
  size_t used;
  bool full;
};

static void add(struct words *words, const char *word) {
  if (words->count == WORDS_MOST) {
    words->full = true;
    return;
  }
  words->words[words->count++] = word;
}

__attribute__((format(printf, 2, 3))) static void add_made(struct words *words,
                                                           const char *format, ...) {
  size_t left = sizeof words->texts - words->used;
  char *text = words->texts + words->used;
  va_list arguments;
  va_start(arguments, format);
  int length = vsnprintf(text, left, format, arguments);
  va_end(arguments);
  if (length < 0 || (size_t)length >= left) {
    words->full = true;
    return;
  }
  words->used += (size_t)length + 1;
  add(words, text);
}

/* For a shell: in quotes where a letter could mean something. */
static void add_quoted(struct tsl_text *out, const char *word) {
  static const char plain[] =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=:,./%@";
  if (word[0] != '\0' && strspn(word, plain) == strlen(word)) {
    tsl_text_add(out, word);
    return;
  }
  tsl_text_add(out, "'");
  for (const char *c = word; *c != '\0'; c++) {
    if (*c == '\'')
      tsl_text_add(out, "'\\''");
    else
      tsl_text_add_bytes(out, c, 1);
  }
  tsl_text_add(out, "'");
}

static enum tsl_status print_words(const struct words *words, const char *program,
                                   struct tsl_error *err) {
  struct tsl_text text;
  tsl_text_init(&text);
  tsl_text_add(&text, "TEASEL=");
  add_quoted(&text, program);
  for (size_t i = 0; i < words->count; i++) {
    tsl_text_add(&text, " ");
    add_quoted(&text, words->words[i]);
  }
  bool failed = text.failed;
  if (!failed)
    printf("%s\n", text.bytes);
  tsl_text_release(&text);
  return failed ? tsl_error_set(err, TSL_MEMORY, "", "out of memory") : TSL_OK;
}

/* Runs sbatch; *id: the number that --parsable prints. */
static enum tsl_status run_sbatch(const struct words *words, char *id, size_t bytes,
                                  struct tsl_error *err) {
  const bool done = tsl__slurm_ask(words->words, /*quiet=*/false, id, bytes);
  id[strcspn(id, ";\n")] = '\0'; /* a cluster's name may follow */
  if (!done || id[0] == '\0')
    return tsl_error_set(err, TSL_LIBRARY, "sbatch",
                         "the job was not submitted; --dry-run shows the command");
  return TSL_OK;
}

/* What the scripts hand on to `teasel run`. */
static void add_run(struct words *words, const struct request *request) {
  const char *job = request->arguments.words[0];
  if (job[0] == '-') /* there it would be an option */
    add_made(words, "./%s", job);
  else
    add(words, job);
  if (request->folder != NULL) {
    add(words, "-o");
    add(words, request->folder);
  }
  for (size_t i = 0; i < request->arguments.setting_count; i++) {
    add(words, "--set");
    add(words, request->arguments.settings[i]);
  }
}

/* MiB of a rank. */
static long long rank_memory(const struct request *request, int64_t memory) {
  return (long long)((memory + request->ranks - 1) / request->ranks);
}

/* memory: MiB of a task, 0: it is not asked for. */
static void add_options(struct words *words, const struct request *request,
                        int64_t minutes, int64_t memory) {
  add(words, "sbatch");
  add(words, "--parsable");
  add_made(words, "--ntasks=%lld", (long long)request->ranks);
  add_made(words, "--time=%lld", (long long)minutes);
  if (memory > 0)
    add_made(words, "--mem-per-cpu=%lldM", rank_memory(request, memory));
  for (size_t i = 0; request->extra != NULL && request->extra[i] != NULL; i++)
    add(words, request->extra[i]);
}

static enum tsl_status add_script(struct words *words, const char *name,
                                  struct tsl_error *err) {
  char share[TSL_CLI_PATH_MAX];
  add_made(words, "%s/slurm/%s", tsl_cli_share(share), name);
  if (words->full)
    return tsl_error_set(err, TSL_BAD_INPUT, "submit", "there are too many options");
  const char *path = words->words[words->count - 1];
  if (!tsl_file_exists(path))
    return tsl_error_set(err, TSL_IO, path,
                         "the script is missing; `make install` puts it there");
  return TSL_OK;
}

/* Twice the plan, for slower cores and the start, in whole hours above one hour: SLURM
 * ends what takes longer, and waiting grows with what is asked for. */
static int64_t plan_minutes(const struct tsl__job_cost *cost, int64_t ranks) {
  const double factor = 2, start = 10; /* minutes */
  const double most = 7 * 24 * 60;
  int width = (int)tsl_job_options(cost->job)->schedule.width;
  struct tsl_plan plan = tsl_schedule_plan(
      cost->tasks, (int64_t)tsl_job_run_count(cost->job), (int)ranks, width);
  double seconds = isfinite(plan.makespan) ? plan.makespan : plan.total;
  double minutes = ceil(factor * seconds / 60 + start);
  if (minutes > 60)
    minutes = 60 * ceil(minutes / 60);
  return (int64_t)fmin(minutes, most);
}

/* MiB of a task: the graphs, what libraries take for themselves, and room for scoring. */
static int64_t plan_memory(const struct tsl__job_cost *cost, int64_t ranks) {
  const double libraries = 384, scoring = 1024;
  double graph = (double)cost->memory / 1048576;
  return (int64_t)ceil((double)ranks * (1.25 * graph + libraries) + scoring);
}

static enum tsl_status submit(const struct request *request, int64_t minutes,
                              int64_t memory, const char *program,
                              struct tsl_error *err) {
  struct words words = {.count = 0};
  char id[64] = "ARRAY_ID";
  add_options(&words, request, minutes, memory);
  if (request->array > 0)
    add_made(&words, "--array=0-%lld", (long long)request->array - 1);
  TSL_TRY(add_script(&words, request->array > 0 ? "array.sbatch" : "sweep.sbatch", err));
  add_run(&words, request);
  if (request->dry_run)
    TSL_TRY(print_words(&words, program, err));
  else
    TSL_TRY(run_sbatch(&words, id, sizeof id, err));
  if (!request->dry_run)
    printf("job: %s\n", id);
  if (request->array == 0)
    return TSL_OK;
  words = (struct words){.count = 0};
  add_options(&words, request, minutes, memory);
  add_made(&words, "--dependency=afterok:%s", id);
  add(&words, "--kill-on-invalid-dep=yes");
  TSL_TRY(add_script(&words, "score.sbatch", err));
  add_run(&words, request);
  if (request->dry_run)
    return print_words(&words, program, err);
  TSL_TRY(run_sbatch(&words, id, sizeof id, err));
  printf("scores: %s\n", id);
  return TSL_OK;
}

static enum tsl_status check_extra(const struct request *request, struct tsl_error *err) {
  for (size_t i = 0; request->extra != NULL && request->extra[i] != NULL; i++)
    TSL_TRY(tsl__sbatch_option_check(request->extra[i], err));
  return TSL_OK;
}

/* As `teasel run` would in every task. */
static enum tsl_status check_width(const struct request *request,
                                   const struct tsl_job *job, struct tsl_error *err) {
  const int64_t width = tsl_job_options(job)->schedule.width; /* 0: auto */
  if (width > request->ranks)
    return tsl_error_set(err, TSL_BAD_INPUT, "schedule.width",
                         "a run on %lld ranks needs as many, and a task has %lld: give "
                         "--ranks %lld, or set schedule.width to auto",
                         (long long)width, (long long)request->ranks, (long long)width);
  for (size_t i = 0; i < tsl_job_run_count(job); i++) {
    const int64_t shards = tsl_job_run(job, i)->options.train.shards;
    if (width > shards)
      return tsl_error_set(err, TSL_BAD_INPUT, "schedule.width",
                           "%lld ranks cannot share a run of train.shards = %lld: set "
                           "schedule.width to at most that",
                           (long long)width, (long long)shards);
  }
  return TSL_OK;
}

/* What every task would be refused for. */
static enum tsl_status check_folder(const struct request *request,
                                    const struct tsl_job *job, struct tsl_error *err) {
  char usual[TSL_PATH_MAX];
  struct tsl_store *store = NULL;
  snprintf(usual, sizeof usual, "results/%s", tsl_job_name(job));
  TSL_TRY(tsl_store_open(request->folder != NULL ? request->folder : usual,
                         TSL_STORE_LOOK, &store, err));
  enum tsl_status status = tsl__provenance_check_name(store, job, err);
  tsl_store_close(store);
  return status;
}

/* More tasks than runs would wait in the queue to find nothing to do. */
static void cap_array(struct request *request, size_t runs) {
  if (request->array <= (int64_t)runs)
    return;
  tsl_log(TSL_LOG_NORMAL,
          "--array %lld: the job has %zu run%s, and no use for more tasks",
          (long long)request->array, runs, runs == 1 ? "" : "s");
  request->array = (int64_t)runs;
}

/* Where SLURM knows of no node's memory it would refuse the jobs. */
static int64_t ask_for_memory(const struct request *request, int64_t memory) {
  static const char why[] = "is left out: SLURM does not know its nodes' memory here "
                            "(RealMemory in slurm.conf)";
  if (!tsl__slurm_lacks_memory())
    return memory;
  if (request->dry_run)
    printf("# --mem-per-cpu=%lldM %s\n", rank_memory(request, memory), why);
  else
    tsl_log(TSL_LOG_NORMAL, "--mem-per-cpu=%lldM %s", rank_memory(request, memory), why);
  return 0;
}

static enum tsl_status find_and_submit(struct request *request, struct tsl_error *err) {
  struct tsl__job_cost cost = {.gflops = request->gflops};
  struct tsl_job *job = NULL;
  char program[TSL_PATH_MAX] = "teasel";
  TSL_TRY(tsl_cli_job_check_file(request->arguments.words[0], err));
  TSL_TRY(tsl_cli_job_open(request->arguments.words[0], request->arguments.settings,
                           request->arguments.setting_count, &job, err));
  cost.job = job;
  enum tsl_status status = check_width(request, job, err);
  if (status == TSL_OK)
    status = check_folder(request, job, err);
  if (status == TSL_OK)
    cap_array(request, tsl_job_run_count(job));
  int64_t all = request->ranks * (request->array > 0 ? request->array : 1);
  int64_t minutes = request->minutes, memory = request->memory;
  if (status == TSL_OK && (minutes == 0 || memory == 0))
    status = tsl__job_cost_find(&cost, err);
  if (status == TSL_OK && minutes == 0)
    minutes = plan_minutes(&cost, all);
  if (status == TSL_OK && memory == 0)
    memory = plan_memory(&cost, request->ranks);
  if (status == TSL_OK)
    memory = ask_for_memory(request, memory);
  ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);
  if (length > 0)
    program[length] = '\0';
  setenv("TEASEL", program, /*overwrite=*/1);
  if (status == TSL_OK)
    status = submit(request, minutes, memory, program, err);
  tsl__job_cost_release(&cost);
  tsl_job_free(job);
  return status;
}

static enum tsl_status run(int argc, char **argv, struct tsl_error *err) {
  struct request request = {.array = -1, .ranks = 1};
  const struct tsl_cli_option table[] = {
      {.name = "--array", .number = &request.array, .least = 0, .most = 1e6},
      {.name = "--ranks",
       .alias = "-n",
       .number = &request.ranks,
       .least = 1,
       .most = TSL_CLI_RANKS_MOST},
      {.name = "--dry-run", .given = &request.dry_run},
      {.name = "--output", .alias = "-o", .text = &request.folder},
      {.name = "--time", .number = &request.minutes, .least = 1, .most = 525600},
      {.name = "--memory", .number = &request.memory, .least = 1, .most = 1e9},
      {.name = "--gflops", .real = &request.gflops, .least = 1e-6, .most = 1e9},
      {.name = "--sbatch", .texts = &request.extra},
      {.name = NULL},
  };
  enum tsl_status status =
      tsl_cli_parse(argc, argv, table, /*with_settings=*/true, &request.arguments, err);
  if (status == TSL_OK)
    status = tsl_cli_words_check(&request.arguments, "submit", 1, 1, "JOB.yaml", err);
  if (status == TSL_OK && request.array < 0)
    status = tsl_error_set(err, TSL_BAD_INPUT, "--array",
                           "is missing: how many tasks share the sweep; 0: one job does "
                           "all of it");
  if (status == TSL_OK)
    status = check_extra(&request, err);
  if (status == TSL_OK)
    status = find_and_submit(&request, err);
  free(request.extra);
  tsl_cli_arguments_release(&request.arguments);
  return status;
}

const struct tsl_command tsl_command_submit = {
    .name = "submit",
    .summary = "submit a sweep to SLURM, with the time and memory of its plan",
    .usage = usage,
    .run = run,
};
