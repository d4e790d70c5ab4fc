#include "base/regular.h"
#include "dataset/reader.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

enum tsl_status tsl__source_add(struct tsl_digester *key, const char *path,
                                struct tsl_error *err) {
  struct stat facts;
  if (stat(path, &facts) != 0)
    return tsl_error_set(err, TSL_BAD_INPUT, path,
                         "a file of the data set cannot be found: %s", strerror(errno));
  if (S_ISDIR(facts.st_mode))
    return tsl_error_set(err, TSL_BAD_INPUT, path,
                         "a folder stands where a file of the data set should be");
  if (!S_ISREG(facts.st_mode))
    return tsl__regular_error(err, path, ESPIPE);
  /* The time of change as well: copying with an old time of modification moves it. */
  int64_t numbers[] = {(int64_t)facts.st_size, (int64_t)facts.st_mtim.tv_sec,
                       (int64_t)facts.st_mtim.tv_nsec, (int64_t)facts.st_ctim.tv_sec,
                       (int64_t)facts.st_ctim.tv_nsec};
  tsl_digester_add(key, path, strlen(path) + 1);
  tsl_digester_add(key, numbers, sizeof numbers);
  return TSL_OK;
}
