#include "cli/launch_session.h"

#include "cli/launch.h"

#include "teasel/process.h"
#include "teasel/store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

static const char segments[] = "/dev/shm"; /* Open MPI's place for them on Linux */
static const char mark_name[] = "teasel-launch";

/* ---- the place ---- */

/* Open MPI 4.1.4 takes 8228 KiB, for 2 ranks as for 8, and has no word for a lack of it
 * that names the folder. */
static const int64_t session_bytes = INT64_C(9) << 20;

/* 0, or the error. By taking the room for a moment, which minds quotas too; else, on a
 * file system that cannot, by what it says is free. */
static int look_for_room(const char *folder) {
  struct statvfs about;
  int code = 0;
  const int file = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (file < 0)
    code = errno;
  else if (fallocate(file, 0, 0, session_bytes) != 0)
    code = errno;
  if (file >= 0)
    close(file);
  if (code == 0 || code == ENOSPC || code == EDQUOT)
    return code;
  if (statvfs(folder, &about) == 0 &&
      (double)about.f_bavail * (double)about.f_frsize < (double)session_bytes)
    return ENOSPC;
  return 0;
}

enum tsl_status tsl__session_place_check(struct tsl_error *err) {
  const char *folder = tsl__launch_temporary();
  struct stat about;
  if (stat(folder, &about) != 0 || !S_ISDIR(about.st_mode))
    return tsl_error_set(err, TSL_BAD_INPUT, folder,
                         "mpirun keeps its session in this folder, which is none: make "
                         "it, or set TMPDIR to another one of this machine");
  if (access(folder, W_OK | X_OK) != 0)
    return tsl_error_set(err, TSL_IO, folder,
                         "mpirun cannot keep its session in this folder: %s; set TMPDIR "
                         "to another one of this machine",
                         strerror(errno));
  const int code = look_for_room(folder);
  if (code != 0)
    return tsl_error_set(err, TSL_IO, folder,
                         "mpirun needs %lld MiB in this folder for its session: %s; free "
                         "some space, or set TMPDIR to another one of this machine",
                         (long long)(session_bytes >> 20), strerror(code));
  return TSL_OK;
}

/* ---- whose ---- */

/* Whether the folder is this user's, and of nobody else's making. */
static bool is_own_folder(const char *path) {
  struct stat about;
  return lstat(path, &about) == 0 && S_ISDIR(about.st_mode) && about.st_uid == geteuid();
}

/* Calls visit for each ompi.HOST.USER of this user; stops when it returns true. */
static bool visit_tops(bool (*visit)(const char *top, pid_t mpirun), pid_t mpirun) {
  const char *temporary = tsl__launch_temporary();
  char user[32], path[TSL_PATH_MAX];
  int length = snprintf(user, sizeof user, ".%lu", (unsigned long)geteuid());
  bool found = false;
  DIR *entries = opendir(temporary);
  if (entries == NULL)
    return false;
  for (struct dirent *entry; !found && (entry = readdir(entries)) != NULL;) {
    const char *name = entry->d_name;
    size_t count = strlen(name);
    if (strncmp(name, "ompi.", 5) != 0 || count < (size_t)length ||
        strcmp(name + count - length, user) != 0)
      continue;
    snprintf(path, sizeof path, "%.3000s/%s", temporary, name);
    found = is_own_folder(path) && visit(path, mpirun);
  }
  closedir(entries);
  return found;
}

static void print_session(const char *top, pid_t mpirun, const char *name, char *path) {
  snprintf(path, TSL_PATH_MAX, "%.3300s/pid.%ld%s%s", top, (long)mpirun,
           name[0] != '\0' ? "/" : "", name);
}

static bool mark(const char *top, pid_t mpirun) {
  char path[TSL_PATH_MAX], text[TSL_PLACE_TEXT + 64];
  struct tsl_process process;
  print_session(top, mpirun, "contact.txt", path);
  if (access(path, R_OK) != 0)
    return false;
  tsl_process_of(mpirun, &process);
  int length =
      snprintf(text, sizeof text, "%lld %s\n", (long long)process.started, process.place);
  print_session(top, mpirun, mark_name, path);
  int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (file < 0)
    return false;
  bool written = write(file, text, (size_t)length) == length;
  close(file);
  return written;
}

bool tsl__session_folder_mark(pid_t mpirun) {
  return visit_tops(mark, mpirun);
}

/* ---- removal ---- */

/* Segments are called vader_segment.HOST.USER.JOB.RANK, JOB a hexadecimal number whose
 * upper half is mpirun's. */
static bool is_segment_of(const char *name, unsigned long family) {
  if (strncmp(name, "vader_segment.", 14) != 0)
    return false;
  const char *rank = strrchr(name, '.'), *job = rank;
  while (job > name && job[-1] != '.')
    job--;
  char *end = NULL;
  unsigned long number = strtoul(job, &end, 16);
  return end == rank && end != job && number >> 16 == family;
}

static void remove_segments(unsigned long family) {
  struct stat about;
  DIR *entries = opendir(segments);
  if (entries == NULL)
    return;
  for (struct dirent *entry; (entry = readdir(entries)) != NULL;) {
    if (is_segment_of(entry->d_name, family) &&
        fstatat(dirfd(entries), entry->d_name, &about, AT_SYMLINK_NOFOLLOW) == 0 &&
        S_ISREG(about.st_mode) && about.st_uid == geteuid())
      unlinkat(dirfd(entries), entry->d_name, 0);
  }
  closedir(entries);
}

static int remove_entry(const char *path, const struct stat *about, int kind,
                        struct FTW *place) {
  (void)about;
  (void)kind;
  (void)place;
  (void)remove(path);
  return 0;
}

/* contact.txt: "JOB.0;tcp://...", JOB decimal, and the process number. */
static bool clear(const char *top, pid_t mpirun) {
  enum { OPEN_FOLDERS = 8 };
  char path[TSL_PATH_MAX], *bytes = NULL;
  size_t count = 0;
  print_session(top, mpirun, "", path);
  if (!is_own_folder(path))
    return false;
  print_session(top, mpirun, "contact.txt", path);
  if (tsl_file_read(path, &bytes, &count, NULL) == TSL_OK) {
    unsigned long family = strtoul(bytes, NULL, 10) >> 16;
    const char *line = strchr(bytes, '\n');
    if (family != 0 && line != NULL && strtol(line + 1, NULL, 10) == (long)mpirun)
      remove_segments(family);
    free(bytes);
  }
  print_session(top, mpirun, "", path);
  (void)nftw(path, remove_entry, OPEN_FOLDERS, FTW_DEPTH | FTW_PHYS);
  return true;
}

void tsl__session_folder_clear(pid_t mpirun) {
  (void)visit_tops(clear, mpirun);
}

/* ---- the dead ---- */

static bool is_dead(const char *top, pid_t mpirun) {
  char path[TSL_PATH_MAX], *bytes = NULL, *rest = NULL;
  size_t count = 0;
  struct tsl_process process = {.pid = mpirun};
  print_session(top, mpirun, mark_name, path);
  if (!tsl_file_exists(path) || tsl_file_read(path, &bytes, &count, NULL) != TSL_OK)
    return false;
  process.started = strtoll(bytes, &rest, 10);
  snprintf(process.place, sizeof process.place, "%s", *rest == ' ' ? rest + 1 : "");
  process.place[strcspn(process.place, "\n")] = '\0';
  free(bytes);
  return tsl_process_is_dead(&process);
}

static bool sweep(const char *top, pid_t unused) {
  (void)unused;
  DIR *entries = opendir(top);
  for (struct dirent *entry; entries != NULL && (entry = readdir(entries)) != NULL;) {
    char *end = entry->d_name;
    long number = strncmp(end, "pid.", 4) == 0 ? strtol(end + 4, &end, 10) : 0;
    if (number > 0 && *end == '\0' && is_dead(top, (pid_t)number))
      (void)clear(top, (pid_t)number);
  }
  if (entries != NULL)
    closedir(entries);
  return false;
}

void tsl__session_folders_sweep(void) {
  (void)visit_tops(sweep, 0);
}
