#include "dataset/cache_part.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static const char mark[] = ".cache.part-";

/* now: by the clock of the folder's file system; 0: not known. */
static bool is_left_over(int folder, const char *name, time_t now) {
  const time_t week = 7 * 24 * 3600; /* seconds: nothing is read for so long */
  const char *part = strstr(name, mark);
  struct stat facts;
  if (part == NULL)
    return false;
  if (tsl_part_is_near(part + sizeof mark - 1))
    return tsl_part_is_left_over(part + sizeof mark - 1);
  return now != 0 && fstatat(folder, name, &facts, AT_SYMLINK_NOFOLLOW) == 0 &&
         now - facts.st_mtime > week;
}

static void sweep(const char *path, time_t now) {
  char folder[TSL_PATH_MAX];
  const char *end = strrchr(path, '/');
  snprintf(folder, sizeof folder, "%.*s", end != NULL ? (int)(end - path) : 0, path);
  DIR *entries = opendir(end != NULL ? folder : ".");
  if (entries == NULL)
    return;
  for (struct dirent *entry; (entry = readdir(entries)) != NULL;) {
    if (is_left_over(dirfd(entries), entry->d_name, now))
      unlinkat(dirfd(entries), entry->d_name, 0);
  }
  closedir(entries);
}

enum tsl_status tsl__cache_part_begin(struct tsl__cache_part *part, const char *path,
                                      struct tsl_error *err) {
  char token[TSL_PART_TOKEN];
  struct stat facts;
  tsl_part_token(token);
  snprintf(part->name, sizeof part->name, "%.3900s.part-%s", path, token);
  sweep(path, 0); /* what fills the disk may be in the way of any new file */
  part->fd = open(part->name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (part->fd < 0)
    return tsl_error_set(err, TSL_IO, "", "cannot write there: %s", strerror(errno));
  if (fstat(part->fd, &facts) == 0)
    sweep(path, facts.st_mtime);
  return TSL_OK;
}

/* One that somebody has removed, as anybody may at any time, serves this process all the
 * same. */
enum tsl_status tsl__cache_part_name(struct tsl__cache_part *part, const char *path,
                                     struct tsl_error *err) {
  if (fchmod(part->fd, 0644) != 0 || (rename(part->name, path) != 0 && errno != ENOENT))
    return tsl_error_set(err, TSL_IO, "", "writing failed: %s", strerror(errno));
  part->name[0] = '\0';
  return TSL_OK;
}

void tsl__cache_part_end(struct tsl__cache_part *part) {
  if (part->fd >= 0 && part->name[0] != '\0')
    unlink(part->name);
  if (part->fd >= 0)
    close(part->fd);
  part->fd = -1;
}
