/* A results folder: where its files are, and whose it is. */
#include "store/store.h"

#include "store/file.h"
#include "store/json.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const char *const files[] = {
#define XX(name, file) file,
    TSL_STORE_FILE_MAP(XX)
#undef XX
};

/* Whether the entry is one that teasel makes in a results folder. */
static bool is_ours(const char *name) {
  for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
    size_t length = strlen(files[i]);
    if (strncmp(name, files[i], length) == 0 &&
        (name[length] == '\0' || strncmp(name + length, ".part-", 6) == 0))
      return true;
  }
  return strcmp(name, "runs") == 0 || strncmp(name, "score.claim.", 12) == 0 ||
         strncmp(name, TSL_STORE_LAUNCH, sizeof TSL_STORE_LAUNCH - 1) == 0;
}

/* A folder with other things and without a job of ours is not to be written into. */
static enum tsl_status check_foreign(const char *folder, bool has_job,
                                     struct tsl_error *err) {
  DIR *entries = opendir(folder);
  if (entries == NULL && errno == ENOTDIR)
    return tsl_error_set(err, TSL_BAD_INPUT, folder,
                         "is a file, not a folder; choose another with -o");
  if (entries == NULL)
    return tsl__io_error(err, folder, "cannot open the folder", errno);
  char foreign[256] = "";
  for (struct dirent *entry; (entry = readdir(entries)) != NULL && foreign[0] == '\0';) {
    if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
        !is_ours(entry->d_name))
      snprintf(foreign, sizeof foreign, "%s", entry->d_name);
  }
  closedir(entries);
  if (foreign[0] == '\0' || has_job)
    return TSL_OK;
  return tsl_error_set(err, TSL_BAD_INPUT, folder,
                       "this is not a results folder: it holds '%s'; choose another with "
                       "-o",
                       foreign);
}

static void take_format(void *context, const char *path, const char *text,
                        bool is_string) {
  long *format = context;
  if (!is_string && strcmp(path, "format") == 0)
    *format = strtol(text, NULL, 10);
}

/* What a newer program wrote is not to be misread, nor overwritten. A provenance that
 * cannot be read is told where it is needed. */
static enum tsl_status check_format(const struct tsl_store *store,
                                    struct tsl_error *err) {
  char path[TSL_PATH_MAX];
  char *bytes = NULL;
  size_t count = 0;
  long format = 0;
  tsl_store_path(store, TSL_STORE_PROVENANCE, path);
  if (tsl_file_read(path, &bytes, &count, NULL) != TSL_OK)
    return TSL_OK;
  (void)tsl__json_visit(bytes, count, take_format, &format);
  free(bytes);
  if (format <= TSL_STORE_FORMAT)
    return TSL_OK;
  return tsl_error_set(err, TSL_BAD_INPUT, path,
                       "the folder was written by a newer teasel (format %ld, this one "
                       "knows %d): use that one, or choose another folder",
                       format, TSL_STORE_FORMAT);
}

/* A run's own files are swept by whoever takes it up. */
static void sweep_parts(const struct tsl_store *store) {
  char path[TSL_PATH_MAX];
  tsl__parts_sweep(store->folder);
  tsl__parts_sweep(tsl_store_path(store, TSL_STORE_FIGURES, path));
  tsl__parts_sweep(tsl_store_path(store, TSL_STORE_LEDGERS, path));
}

/* What leaves room for the longest path below it, a run's file (tsl_store_run_path). */
enum { FOLDER_BYTES = 3300 };

enum tsl_status tsl_store_open(const char *folder, enum tsl_store_mode mode,
                               struct tsl_store **out, struct tsl_error *err) {
  enum tsl_status status = TSL_OK;
  char path[TSL_PATH_MAX];
  struct tsl_store *store = calloc(1, sizeof *store);
  if (store == NULL)
    return tsl_error_set(err, TSL_MEMORY, folder, "no memory to open the folder");
  status = tsl__path_print(store->folder, FOLDER_BYTES, err, "%s", folder);
  if (status != TSL_OK)
    goto done;
  for (size_t length = strlen(store->folder);
       length > 1 && store->folder[length - 1] == '/'; length--)
    store->folder[length - 1] = '\0';
  bool has_job = tsl_file_exists(tsl_store_path(store, TSL_STORE_JOB, path));
  status = check_format(store, err);
  if (status != TSL_OK)
    goto done;
  if (mode == TSL_STORE_EXISTING && !has_job) {
    status = tsl_error_set(err, TSL_BAD_INPUT, folder,
                           tsl_file_exists(folder)
                               ? "this is not a results folder: it has no %s"
                               : "there is no such results folder (%s is missing)",
                           files[TSL_STORE_JOB]);
    goto done;
  }
  if (mode != TSL_STORE_EXISTING && tsl_file_exists(folder))
    status = check_foreign(folder, has_job, err);
  if (status != TSL_OK)
    goto done;
  if (mode == TSL_STORE_CREATE) {
    snprintf(path, sizeof path, "%.*s/runs", (int)sizeof path - 8, store->folder);
    status = tsl_folder_create(path, err);
    if (status == TSL_OK)
      sweep_parts(store);
    if (status == TSL_OK && access(store->folder, W_OK) != 0)
      status = tsl__io_error(err, folder, "cannot write into the folder", errno);
    if (status != TSL_OK)
      goto done;
  }
  store->watched = mode == TSL_STORE_EXISTING;
  store->made = !has_job;
  *out = store;
  store = NULL;
done:
  tsl_store_close(store);
  return status;
}

void tsl_store_close(struct tsl_store *store) {
  free(store);
}

/* By its file and not by the number of its inode, which some network file systems change
 * while they are mounted. A folder that came to the old name meanwhile, with a job of its
 * own, passes; in that one the claims of this process are missing, which it finds between
 * two steps. */
enum tsl_status tsl_store_look(const struct tsl_store *store, struct tsl_error *err) {
  /* Where it is just being replaced, a network file system may miss it once. */
  const struct timespec pause = {.tv_nsec = 100000000};
  char path[TSL_PATH_MAX];
  bool exists = !store->watched;
  for (int looks = 0; looks < 2 && !exists; looks++) {
    if (looks > 0)
      nanosleep(&pause, NULL);
    tsl_store_path(store, TSL_STORE_JOB, path);
    if (tsl_file_look(path, &exists, NULL) != TSL_OK)
      return TSL_OK; /* a file system that cannot tell is another failure */
  }
  if (exists)
    return TSL_OK;
  return tsl_error_set(err, TSL_GONE, store->folder,
                       "the results folder was moved or removed (it has no %s any more) "
                       "while teasel worked in it, and nothing is made anew at its old "
                       "name; where it is now, the same command with that folder (-o) "
                       "goes on from what was kept",
                       files[TSL_STORE_JOB]);
}

enum tsl_status tsl_store_explain(const struct tsl_store *store, enum tsl_status status,
                                  struct tsl_error *err) {
  if (status == TSL_OK || status == TSL_PEER_LOST || store == NULL)
    return status;
  return tsl_store_look(store, err) == TSL_OK ? status : TSL_GONE;
}

void tsl_store_watch(struct tsl_store *store) {
  store->watched = true;
}

void tsl_store_undo(const struct tsl_store *store) {
  char path[TSL_PATH_MAX];
  if (!store->made) /* others may be at work in it */
    return;
  snprintf(path, sizeof path, "%.3800s/runs", store->folder);
  if (rmdir(path) != 0)
    return;
  unlink(tsl_store_path(store, TSL_STORE_JOB, path));
  unlink(tsl_store_path(store, TSL_STORE_PROVENANCE, path));
  rmdir(store->folder);
}

const char *tsl_store_folder(const struct tsl_store *store) {
  return store->folder;
}

void tsl_store_remove(const struct tsl_store *store, enum tsl_store_file file) {
  char path[TSL_PATH_MAX];
  unlink(tsl_store_path(store, file, path));
}

char *tsl_store_path(const struct tsl_store *store, enum tsl_store_file file,
                     char *buffer) {
  snprintf(buffer, TSL_PATH_MAX, "%.3800s/%s", store->folder, files[file]);
  return buffer;
}

char *tsl_store_run_path(const struct tsl_store *store, const char *run, const char *file,
                         char *buffer) {
  snprintf(buffer, TSL_PATH_MAX, "%.3300s/runs/%.500s/%.250s", store->folder, run, file);
  return buffer;
}

/* Leaves of provenance.json by their path. */
static void take_identity(void *context, const char *path, const char *text,
                          bool is_string) {
  (void)is_string;
  struct tsl_identity *identity = context;
  if (strcmp(path, "job") == 0)
    snprintf(identity->job, sizeof identity->job, "%s", text);
  else if (strcmp(path, "data/name") == 0)
    snprintf(identity->data_name, sizeof identity->data_name, "%s", text);
  else if (strcmp(path, "data/digest") == 0)
    snprintf(identity->data_digest, sizeof identity->data_digest, "%s", text);
}

enum tsl_status tsl_store_identity_read(const struct tsl_store *store,
                                        struct tsl_identity *out, struct tsl_error *err) {
  char path[TSL_PATH_MAX];
  char *bytes = NULL;
  size_t count = 0;
  struct tsl_identity identity = {.job = ""};
  tsl_store_path(store, TSL_STORE_PROVENANCE, path);
  bool exists = false;
  TSL_TRY(tsl_file_look(path, &exists, err));
  if (exists) {
    TSL_TRY(tsl_file_read(path, &bytes, &count, err));
    bool whole = tsl__json_visit(bytes, count, take_identity, &identity);
    free(bytes);
    if (!whole)
      return tsl_error_set(err, TSL_FORMAT, path,
                           "the file is damaged; remove it if the folder is this job's");
  }
  *out = identity;
  return TSL_OK;
}
