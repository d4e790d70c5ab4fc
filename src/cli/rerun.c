#include "cli/rerun.h"

#include "cli/launch.h"
#include "cli/results_open.h"

#include "teasel/difference.h"

#include <dirent.h>
#include <errno.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- which ---- */

static enum tsl_status find_finished(const struct tsl_store *store,
                                     const struct tsl_job *job, unsigned char *finished,
                                     size_t *count, struct tsl_error *err) {
  *count = 0;
  for (size_t i = 0; i < tsl_job_run_count(job); i++) {
    struct tsl_record record;
    TSL_TRY(tsl_store_record_read(store, tsl_job_run(job, i)->name, &record, err));
    finished[i] = record.outcome != TSL_OUTCOME_NONE;
    *count += finished[i];
  }
  return TSL_OK;
}

/* Keeps `sample` of the `count` marks, each from the middle of its share of the list. */
static void thin_out(unsigned char *marks, size_t runs, size_t count, size_t sample) {
  size_t seen = 0, kept = 0;
  for (size_t i = 0; i < runs; i++) {
    if (marks[i] == 0)
      continue;
    const size_t wanted = (2 * kept + 1) * count / (2 * sample);
    marks[i] = kept < sample && seen == wanted;
    kept += marks[i];
    seen++;
  }
}

static enum tsl_status choose_wanted(const struct tsl_job *job, const char *const *wanted,
                                     unsigned char *chosen, struct tsl_error *err) {
  const size_t runs = tsl_job_run_count(job);
  enum { FINISHED = 1, WANTED = 2 };
  for (size_t k = 0; wanted[k] != NULL; k++) {
    const struct tsl_run *run = NULL;
    TSL_TRY(tsl_cli_run_find(job, wanted[k], &run, err));
    for (size_t i = 0; i < runs; i++) {
      if (tsl_job_run(job, i) != run)
        continue;
      if (chosen[i] == 0)
        return tsl_error_set(err, TSL_BAD_INPUT, run->name,
                             "is not finished in this folder, so there is nothing to "
                             "compare with");
      chosen[i] |= WANTED;
    }
  }
  for (size_t i = 0; i < runs; i++)
    chosen[i] = (chosen[i] & WANTED) != 0;
  return TSL_OK;
}

enum tsl_status tsl__rerun_choose(const struct tsl_store *store,
                                  const struct tsl_job *job, const char *const *wanted,
                                  int64_t sample, unsigned char *chosen,
                                  struct tsl_error *err) {
  size_t count = 0;
  struct tsl_identity identity;
  char path[TSL_PATH_MAX];
  TSL_TRY(tsl_store_identity_read(store, &identity, err));
  if (identity.data_digest[0] == '\0')
    return tsl_error_set(err, TSL_FORMAT,
                         tsl_store_path(store, TSL_STORE_PROVENANCE, path),
                         "does not say which data the results are of, so nothing can be "
                         "trained again");
  TSL_TRY(find_finished(store, job, chosen, &count, err));
  if (count == 0)
    return tsl_error_set(err, TSL_BAD_INPUT, tsl_store_folder(store),
                         "no run is finished here, so there is nothing to compare with");
  if (wanted != NULL)
    return choose_wanted(job, wanted, chosen, err);
  if (sample > 0 && (size_t)sample < count)
    thin_out(chosen, tsl_job_run_count(job), count, (size_t)sample);
  return TSL_OK;
}

/* ---- where to ---- */

static const char beside[] = ".rerun-", among_others[] = "teasel-rerun-";

/* The folder's path without links, dots and a slash at its end; path: TSL_PATH_MAX. */
static void resolve(const char *results, char *path) {
  char whole[PATH_MAX];
  snprintf(path, TSL_PATH_MAX, "%s", realpath(results, whole) != NULL ? whole : results);
}

enum tsl_status tsl__rerun_scratch_make(const char *results, bool one_machine, char *path,
                                        struct tsl_error *err) {
  const char *temporary = tsl__launch_temporary();
  char token[TSL_PART_TOKEN], real[TSL_PATH_MAX];
  tsl_part_token(token);
  resolve(results, real);
  int length = one_machine ? snprintf(path, TSL_PATH_MAX, "%s/%s%s", temporary,
                                      among_others, token)
                           : snprintf(path, TSL_PATH_MAX, "%s%s%s", real, beside, token);
  if (length < 0 || length >= TSL_PATH_MAX || mkdir(path, S_IRWXU) != 0)
    return tsl_error_set(err, TSL_IO, one_machine ? temporary : results,
                         "cannot make a folder for the second results: %s; name one with "
                         "--keep DIR",
                         strerror(errno));
  return TSL_OK;
}

static int remove_entry(const char *path, const struct stat *about, int kind,
                        struct FTW *place) {
  (void)about;
  (void)kind;
  (void)place;
  (void)remove(path); /* another may be doing the same */
  return 0;
}

void tsl__rerun_scratch_remove(const char *path) {
  enum { OPEN_FOLDERS = 8 };
  (void)nftw(path, remove_entry, OPEN_FOLDERS, FTW_DEPTH | FTW_PHYS);
}

/* Those in the folder whose names are this one and a token of a dead process. */
static void sweep(const char *folder, const char *begin) {
  char path[TSL_PATH_MAX];
  struct stat about;
  const size_t length = strlen(begin);
  DIR *entries = opendir(folder);
  if (entries == NULL)
    return;
  for (struct dirent *entry; (entry = readdir(entries)) != NULL;) {
    if (strncmp(entry->d_name, begin, length) != 0 ||
        !tsl_part_is_left_over(entry->d_name + length))
      continue;
    const int needed =
        snprintf(path, sizeof path, "%.3800s/%.255s", folder, entry->d_name);
    if (needed > 0 && lstat(path, &about) == 0 && S_ISDIR(about.st_mode) &&
        about.st_uid == geteuid())
      tsl__rerun_scratch_remove(path);
  }
  closedir(entries);
}

void tsl__rerun_scratch_sweep(const char *results) {
  char real[TSL_PATH_MAX], begin[TSL_PATH_MAX];
  sweep(tsl__launch_temporary(), among_others);
  resolve(results, real);
  char *name = strrchr(real, '/');
  if (name == NULL) /* there is no such folder */
    return;
  snprintf(begin, sizeof begin, "%.3800s%s", name + 1, beside);
  *name = '\0';
  sweep(real[0] != '\0' ? real : "/", begin);
}

/* ---- what came out ---- */

/* What of the recorded run was there to compare with, where it was not all. */
static const char *describe_kept(const struct tsl_store *store, const char *run) {
  struct tsl_record record;
  char path[TSL_PATH_MAX];
  const bool model = tsl_file_exists(tsl_store_run_path(store, run, "model.h5", path));
  const bool log = tsl_file_exists(tsl_store_run_path(store, run, "log.csv", path));
  const bool digest = tsl_store_record_read(store, run, &record, NULL) == TSL_OK &&
                      record.weights[0] != '\0';
  if (model)
    return "";
  if (digest)
    return log ? " (log, record, digest of the weights)"
               : " (record, digest of the weights)";
  return log ? " (log and record; nothing of the weights was kept)"
             : " (record; nothing of log and weights was kept)";
}

static enum tsl_status judge_run(const struct tsl_store *recorded,
                                 const struct tsl_store *again, const char *run,
                                 bool *same, struct tsl_error *err) {
  const struct tsl_run_place a = {recorded, run}, b = {again, run};
  struct tsl_difference difference;
  tsl_difference_init(&difference);
  difference.lenient = true;
  enum tsl_status status = tsl_difference_run(&a, &b, &difference, err);
  if (status == TSL_OK)
    status = tsl_difference_latents(&a, &b, &difference, err);
  if (status == TSL_OK && difference.lines.failed)
    status = tsl_error_set(err, TSL_MEMORY, run, "out of memory");
  *same = difference.count == 0;
  /* Also where nothing differs there may be something to know. */
  if (status == TSL_OK && *same && difference.lines.length > 0)
    fputs(difference.lines.bytes, stdout);
  if (status == TSL_OK && *same)
    printf("%s: identical%s\n", run, describe_kept(recorded, run));
  else if (status == TSL_OK)
    fputs(difference.lines.bytes, stdout);
  tsl_difference_release(&difference);
  return status;
}

enum tsl_status tsl__rerun_judge(const struct tsl_store *recorded,
                                 const struct tsl_store *again, const struct tsl_job *job,
                                 struct tsl_error *err) {
  const size_t count = tsl_job_run_count(job);
  size_t different = 0;
  for (size_t i = 0; i < count; i++) {
    bool same = false;
    TSL_TRY(judge_run(recorded, again, tsl_job_run(job, i)->name, &same, err));
    different += !same;
  }
  if (different == 0)
    puts("identical");
  else
    printf("different: %zu of %zu runs\n", different, count);
  fflush(stdout);
  return different == 0 ? TSL_OK : TSL_NOT_SO;
}
