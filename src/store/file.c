/* Whole plain files: a reader sees the old one or the new one, whatever happens to the
 * writer. */
#include "store/file.h"

#include "base/regular.h"
#include "teasel/store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *remedy(int number) {
  switch (number) {
  case ENOSPC:
  case EDQUOT:
    return "free some space and run the same command again (what was finished is kept)";
  case EACCES:
  case EPERM:
    return "change its permissions, or choose another folder with -o";
  case EROFS:
    return "choose a folder on a writable file system with -o";
  case ENOENT:
    return "check the name";
  case EFBIG:
    return "the limit on the size of files (ulimit -f) is too low";
  case EIO:
    return "the disk or the network file system fails; see the system's log";
  case EISDIR:
    return "a folder stands in the place of this file; remove it, or name another";
  case ENOTDIR:
    return "a file stands in the place of this folder; remove it, or name another";
  case ELOOP:
    return "a symbolic link leads back to itself; remove it";
  case ENAMETOOLONG:
    return "use a shorter one";
  default:
    return NULL;
  }
}

static enum tsl_status tell(struct tsl_error *err, enum tsl_status status,
                            const char *path, const char *what, int number) {
  const char *hint = remedy(number);
  return tsl_error_set(err, status, path, "%s: %s%s%s", what, strerror(number),
                       hint != NULL ? "; " : "", hint != NULL ? hint : "");
}

enum tsl_status tsl__io_error(struct tsl_error *err, const char *path, const char *what,
                              int number) {
  return number == ESPIPE ? tsl__regular_error(err, path, number)
                          : tell(err, TSL_IO, path, what, number);
}

enum tsl_status tsl__read_error(struct tsl_error *err, const char *path, int number) {
  return number == EISDIR ? tell(err, TSL_BAD_INPUT, path, "cannot read", number)
                          : tsl__io_error(err, path, "cannot read", number);
}

enum tsl_status tsl__path_print(char *buffer, size_t bytes, struct tsl_error *err,
                                const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  int length = vsnprintf(buffer, bytes, format, arguments);
  va_end(arguments);
  if (length < 0 || (size_t)length >= bytes)
    return tsl_error_set(err, TSL_BAD_INPUT, buffer,
                         "the path is longer than %zu bytes; use a shorter one", bytes);
  return TSL_OK;
}

/* The folder of a path, "." for a bare name; buffer: TSL_PATH_MAX bytes. */
static const char *folder_of(const char *path, char *buffer) {
  const char *slash = strrchr(path, '/');
  if (slash == NULL)
    return ".";
  if (slash == path)
    return "/";
  snprintf(buffer, TSL_PATH_MAX, "%.*s", (int)(slash - path), path);
  return buffer;
}

static enum tsl_status sync_path(const char *path, int flags, struct tsl_error *err) {
  int file = open(path, flags | O_CLOEXEC);
  if (file < 0)
    return tsl__io_error(err, path, "cannot open to sync", errno);
  /* Some network file systems know no sync of a folder. */
  int failure = fsync(file) != 0 && errno != EINVAL ? errno : 0;
  close(file);
  return failure != 0 ? tsl__io_error(err, path, "cannot sync", failure) : TSL_OK;
}

enum tsl_status tsl__part_publish(const char *part, const char *path,
                                  struct tsl_error *err) {
  char buffer[TSL_PATH_MAX];
  TSL_TRY(sync_path(part, O_RDONLY, err));
  if (rename(part, path) != 0)
    return tsl__io_error(err, path, "cannot replace", errno);
  return sync_path(folder_of(path, buffer), O_RDONLY | O_DIRECTORY, err);
}

/* Whether `name` is a part of a file whose name begins with one of these. */
static bool is_part_of(const char *name, const char *const *files, size_t count) {
  for (size_t i = 0; i < count; i++) {
    size_t length = strlen(files[i]);
    if (strncmp(name, files[i], length) == 0 && strstr(name + length, ".part-") != NULL)
      return true;
  }
  return false;
}

void tsl__part_sweep(const char *folder, const char *const *files, size_t count) {
  DIR *entries = opendir(folder);
  if (entries == NULL)
    return;
  for (struct dirent *entry; (entry = readdir(entries)) != NULL;) {
    if (is_part_of(entry->d_name, files, count))
      unlinkat(dirfd(entries), entry->d_name, 0);
  }
  closedir(entries);
}

enum tsl_status tsl_file_read(const char *path, char **bytes, size_t *count,
                              struct tsl_error *err) {
  int file = tsl__regular_open(path);
  if (file < 0)
    return tsl__io_error(err, path, "cannot open", errno);
  enum tsl_status status = TSL_OK;
  char *data = NULL;
  size_t used = 0, capacity = 2; /* the terminator, and a byte that tells the end */
  struct stat about;
  if (fstat(file, &about) == 0 && about.st_size > 0)
    capacity += (size_t)about.st_size;
  for (;;) {
    char *grown = data;
    if (data == NULL || used + 1 == capacity) {
      capacity = data == NULL ? capacity : 2 * capacity + 4096;
      grown = realloc(data, capacity);
    }
    if (grown == NULL) {
      status = tsl_error_set(err, TSL_MEMORY, path, "no memory for %zu bytes", capacity);
      goto done;
    }
    data = grown;
    ssize_t got = read(file, data + used, capacity - used - 1);
    if (got < 0 && errno == EINTR)
      continue;
    if (got < 0) {
      status = tsl__read_error(err, path, errno);
      goto done;
    }
    if (got == 0)
      break;
    used += (size_t)got;
  }
  data[used] = '\0';
  *bytes = data;
  *count = used;
  data = NULL;
done:
  free(data);
  close(file);
  return status;
}

/* Writes the new file `part`, which is removed again on failure. */
static enum tsl_status write_part(const char *part, const char *path, const void *bytes,
                                  size_t count, struct tsl_error *err) {
  int file = open(part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (file < 0)
    return tsl__io_error(err, path, "cannot write", errno);
  enum tsl_status status = TSL_OK;
  const char *next = bytes;
  for (size_t left = count; left > 0;) {
    ssize_t put = write(file, next, left);
    if (put < 0 && errno == EINTR)
      continue;
    if (put < 0) {
      status = tsl__io_error(err, path, "cannot write", errno);
      break;
    }
    next += put;
    left -= (size_t)put;
  }
  if (close(file) != 0 && status == TSL_OK)
    status = tsl__io_error(err, path, "cannot write", errno);
  if (status != TSL_OK)
    unlink(part);
  return status;
}

enum tsl_status tsl_file_write(const char *path, const void *bytes, size_t count,
                               struct tsl_error *err) {
  char part[TSL_PATH_MAX];
  TSL_TRY(tsl__part_path(path, part, err));
  TSL_TRY(write_part(part, path, bytes, count, err));
  enum tsl_status status = tsl__part_publish(part, path, err);
  if (status != TSL_OK)
    unlink(part);
  return status;
}

enum tsl_status tsl__file_replace(const char *path, const void *bytes, size_t count,
                                  struct tsl_error *err) {
  char part[TSL_PATH_MAX];
  TSL_TRY(tsl__part_path(path, part, err));
  TSL_TRY(write_part(part, path, bytes, count, err));
  if (rename(part, path) == 0)
    return TSL_OK;
  enum tsl_status status = tsl__io_error(err, path, "cannot replace", errno);
  unlink(part);
  return status;
}

enum tsl_status tsl__file_rotate(const char *path, const char *older, const void *bytes,
                                 size_t count, struct tsl_error *err) {
  char part[TSL_PATH_MAX];
  TSL_TRY(tsl__part_path(path, part, err));
  TSL_TRY(write_part(part, path, bytes, count, err));
  enum tsl_status status = sync_path(part, O_RDONLY, err);
  /* Between the two renames there is `older` alone, whole. */
  if (status == TSL_OK && rename(path, older) != 0 && errno != ENOENT)
    status = tsl__io_error(err, older, "cannot replace", errno);
  if (status == TSL_OK)
    status = tsl__part_publish(part, path, err);
  if (status != TSL_OK)
    unlink(part);
  return status;
}

bool tsl_file_exists(const char *path) {
  struct stat about;
  return stat(path, &about) == 0;
}

enum tsl_status tsl_file_look(const char *path, bool *exists, struct tsl_error *err) {
  struct stat about;
  *exists = stat(path, &about) == 0;
  if (*exists || errno == ENOENT || errno == ENOTDIR || errno == ENAMETOOLONG)
    return TSL_OK;
  return tsl__io_error(err, path, "cannot look whether it is there", errno);
}

/* Whether path is a folder now; *failure: why not. */
static bool make_folder(const char *path, int *failure) {
  struct stat about;
  *failure = 0;
  if (mkdir(path, 0777) == 0)
    return true;
  *failure = errno;
  if (stat(path, &about) != 0) {
    *failure = errno == ENOTDIR ? ENOTDIR : *failure; /* a file, with a slash behind it */
    return false;
  }
  if (!S_ISDIR(about.st_mode))
    *failure = ENOTDIR;
  return S_ISDIR(about.st_mode);
}

/* The error of a folder that cannot be made because of what `path` is. */
static enum tsl_status folder_error(struct tsl_error *err, const char *path,
                                    int failure) {
  struct stat link;
  if ((failure == EEXIST || failure == ELOOP) && lstat(path, &link) == 0 &&
      S_ISLNK(link.st_mode))
    return tsl_error_set(err, TSL_BAD_INPUT, path,
                         "is a symbolic link to nothing, or one that leads back to "
                         "itself; remove it, or choose another folder");
  return tsl__io_error(err, path, "cannot make the folder", failure);
}

enum tsl_status tsl_folder_add(const char *path, struct tsl_error *err) {
  int failure = 0;
  return make_folder(path, &failure) ? TSL_OK : folder_error(err, path, failure);
}

enum tsl_status tsl_folder_create(const char *path, struct tsl_error *err) {
  char buffer[TSL_PATH_MAX];
  int failure = 0;
  TSL_TRY(tsl__path_print(buffer, sizeof buffer, err, "%s", path));
  if (make_folder(buffer, &failure)) /* the folders above are there already */
    return TSL_OK;
  for (char *slash = buffer + 1; buffer[0] != '\0'; slash++) {
    if (*slash != '/' && *slash != '\0')
      continue;
    char kept = *slash;
    *slash = '\0';
    if (!make_folder(buffer, &failure)) {
      if (failure == ENOTDIR)
        return tell(err, TSL_BAD_INPUT, buffer, "cannot make a folder here", failure);
      if (failure == ENAMETOOLONG)
        return tell(err, TSL_BAD_INPUT, path, "cannot make the folder", failure);
      return folder_error(err, failure == EEXIST ? buffer : path, failure);
    }
    *slash = kept;
    if (kept == '\0')
      break;
  }
  return TSL_OK;
}
