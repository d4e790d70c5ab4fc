#include "base/regular.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int tsl__regular_open(const char *path) {
  struct stat about = {.st_size = 0};
  int file = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  int failure = file < 0 || fstat(file, &about) != 0 ? errno : 0;
  if (failure == ENXIO || failure == ENODEV) /* a socket, a device without a driver */
    failure = ESPIPE;
  if (failure == 0 && !S_ISREG(about.st_mode) && !S_ISDIR(about.st_mode))
    failure = ESPIPE;
  if (failure == 0)
    return file;
  if (file >= 0)
    close(file);
  errno = failure;
  return -1;
}

enum tsl_status tsl__regular_error(struct tsl_error *err, const char *path, int number) {
  if (number == ESPIPE)
    return tsl_error_set(err, TSL_FORMAT, path,
                         "is no regular file (a pipe, a socket or a device); name "
                         "another, or put a file in its place");
  return tsl_error_set(err, TSL_IO, path, "cannot be opened: %s", strerror(number));
}
