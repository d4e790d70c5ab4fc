/* Files that are being written: their names, and what a killed writer left of them. */
#include "store/file.h"

#include "teasel/digest.h"
#include "teasel/process.h"
#include "teasel/store.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static const char mark[] = ".part-";

/* A short name of the machine's boot and its namespace of process numbers. */
static void print_place(const struct tsl_process *process, char out[9]) {
  const struct tsl_digest digest =
      tsl_digest_bytes(process->place, strlen(process->place));
  char hex[33];
  tsl_digest_print(&digest, hex);
  snprintf(out, 9, "%.8s", hex);
}

void tsl_part_token(char *buffer) {
  struct tsl_process self;
  struct timespec now;
  char place[9];
  tsl_process_self(&self);
  print_place(&self, place);
  clock_gettime(CLOCK_MONOTONIC, &now);
  snprintf(buffer, TSL_PART_TOKEN, "%s-%llx-%llx-%lx", place,
           (unsigned long long)self.pid, (unsigned long long)self.started,
           (unsigned long)now.tv_nsec);
}

/* Files come into being beside their names and are then renamed: that would put a file in
 * the place of a device of the system. */
static bool is_device(const char *path) {
  static const char *const streams[] = {"/dev/std", "/dev/fd/", "/proc/"};
  struct stat about;
  for (size_t i = 0; i < sizeof streams / sizeof *streams; i++) {
    if (strncmp(path, streams[i], strlen(streams[i])) == 0)
      return true;
  }
  return stat(path, &about) == 0 && (S_ISCHR(about.st_mode) || S_ISBLK(about.st_mode));
}

enum tsl_status tsl__part_path(const char *path, char *buffer, struct tsl_error *err) {
  char token[TSL_PART_TOKEN];
  if (is_device(path))
    return tsl_error_set(err, TSL_BAD_INPUT, path,
                         "is a device, and would be replaced; name a file");
  tsl_part_token(token);
  return tsl__path_print(buffer, TSL_PATH_MAX, err, "%s%s%s", path, mark, token);
}

/* Whether the text begins with a token of this machine; *writer: whose. */
static bool read_token(const char *token, struct tsl_process *writer) {
  char place[9], of[9] = "";
  unsigned long long pid = 0, started = 0;
  unsigned long nanoseconds = 0;
  if (sscanf(token, "%8[0-9a-f]-%llx-%llx-%lx", of, &pid, &started, &nanoseconds) != 4)
    return false;
  tsl_process_self(writer);
  print_place(writer, place);
  writer->pid = (int64_t)pid;
  writer->started = (int64_t)started;
  return strcmp(place, of) == 0;
}

bool tsl_part_is_near(const char *token) {
  struct tsl_process writer;
  return read_token(token, &writer);
}

bool tsl_part_is_left_over(const char *token) {
  struct tsl_process writer;
  return read_token(token, &writer) && tsl_process_is_dead(&writer);
}

/* Whether the name tells of a writer that is dead for certain, or of a launcher. */
static bool is_left_over(const char *name) {
  const char *part = strstr(name, mark);
  if (part != NULL)
    return tsl_part_is_left_over(part + sizeof mark - 1);
  return strncmp(name, TSL_STORE_LAUNCH, sizeof TSL_STORE_LAUNCH - 1) == 0 &&
         tsl_part_is_left_over(name + sizeof TSL_STORE_LAUNCH - 1);
}

void tsl__parts_sweep(const char *folder) {
  DIR *entries = opendir(folder);
  if (entries == NULL)
    return;
  for (struct dirent *entry; (entry = readdir(entries)) != NULL;) {
    if (is_left_over(entry->d_name))
      unlinkat(dirfd(entries), entry->d_name, 0);
  }
  closedir(entries);
}
