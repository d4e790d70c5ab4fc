#include "dataset/cache.h"

#include "base/regular.h"
#include "dataset/cache_part.h"
#include "teasel/log.h"
#include "teasel/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* ---- which file ---- */

static void digest_option(struct tsl_digester *digester, const struct tsl_option *option,
                          const unsigned char *values) {
  const unsigned char *value = values + option->offset;
  size_t bytes = 0;
  switch (option->type) {
  case TSL_OPTION_BOOL:
    bytes = sizeof(bool);
    break;
  case TSL_OPTION_INTEGER:
    bytes = sizeof(int64_t);
    break;
  case TSL_OPTION_REAL:
    bytes = sizeof(double);
    break;
  case TSL_OPTION_CHOICE:
  case TSL_OPTION_SET:
    bytes = sizeof(int);
    break;
  case TSL_OPTION_TEXT:
  case TSL_OPTION_PATH:
    bytes = strlen((const char *)value) + 1;
    break;
  }
  tsl_digester_add(digester, option->name, strlen(option->name) + 1);
  tsl_digester_add(digester, value, bytes);
}

/* Everything that decides what the samples are: the reader and its options, the seed
 * where samples depend on it, the network's shape where samples are brought to it, and of
 * every source file path, size and times. */
static enum tsl_status make_key(const struct tsl__cache_request *request,
                                struct tsl_digest *key, struct tsl_error *err) {
  const struct tsl_reader_ops *ops = request->ops;
  struct tsl_digester *digester = tsl_digester_create();
  if (digester == NULL)
    return tsl_error_set(err, TSL_MEMORY, "", "out of memory");
  /* Counts up when a reader makes other samples of the same files. */
  const char *format = "teasel-samples-3 of teasel " TSL_VERSION;
  tsl_digester_add(digester, format, strlen(format) + 1);
  tsl_digester_add(digester, ops->reader.name, strlen(ops->reader.name) + 1);
  for (size_t i = 0; i < ops->reader.option_count; i++)
    digest_option(digester, &ops->reader.options[i], request->config->reader_options);
  if (ops->seeded)
    tsl_digester_add(digester, &request->config->seed, sizeof request->config->seed);
  if (ops->scales && request->shape != NULL) {
    int64_t facts[1 + TSL_SHAPE_RANK_MAX] = {request->shape->rank};
    for (int i = 0; i < request->shape->rank; i++)
      facts[1 + i] = request->shape->dims[i];
    tsl_digester_add(digester, facts, sizeof facts);
  }
  enum tsl_status status = TSL_OK;
  if (ops->sources != NULL)
    status = ops->sources(request->config, digester, err);
  *key = tsl_digester_value(digester);
  tsl_digester_free(digester);
  return status;
}

/* False when the environment names no place. */
static bool find_folder(const char *asked, char *out, size_t size) {
  const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
  int length = -1;
  if (asked[0] != '\0')
    length = snprintf(out, size, "%s", asked);
  else if (cache != NULL && cache[0] == '/')
    length = snprintf(out, size, "%s/teasel", cache);
  else if (home != NULL && home[0] == '/')
    length = snprintf(out, size, "%s/.cache/teasel", home);
  return length > 0 && (size_t)length < size;
}

/* ---- an existing file ---- */

static bool section_fits(const struct tsl__cache_header *header, int64_t at,
                         int64_t bytes) {
  return at >= 0 && bytes >= 0 && at <= header->file_bytes &&
         bytes <= header->file_bytes - at;
}

static bool header_holds(const struct tsl__cache_header *header,
                         const struct tsl_digest *key, size_t file_bytes) {
  struct tsl__cache_header copy = *header;
  memset(&copy.self, 0, sizeof copy.self);
  struct tsl_digest self = tsl_digest_bytes(&copy, sizeof copy);
  return strncmp(header->magic, "teasel-cache-2", sizeof header->magic) == 0 &&
         memcmp(&self, &header->self, sizeof self) == 0 &&
         memcmp(key, &header->key, sizeof *key) == 0 &&
         header->byte_order == 0x01020304u && header->file_bytes == (int64_t)file_bytes &&
         section_fits(header, header->names_at, header->names_bytes) &&
         section_fits(header, header->notes_at, header->notes_bytes);
}

enum tell { QUIET, TELL };

/* out->map stays NULL when the file is damaged. */
static void map_file(int fd, const char *path, const struct tsl_digest *key,
                     enum tell tell, struct tsl__cache *out) {
  struct stat facts;
  size_t bytes = 0;
  void *map = MAP_FAILED;
  if (fstat(fd, &facts) == 0 &&
      facts.st_size >= (off_t)sizeof(struct tsl__cache_header)) {
    bytes = (size_t)facts.st_size;
    map = mmap(NULL, bytes, PROT_READ, MAP_SHARED, fd, 0);
  }
  bool good = false;
  if (map != MAP_FAILED) {
    const struct tsl__cache_header *header = map;
    if (header_holds(header, key, bytes)) {
      struct tsl_digest content = tsl__content_digest(header, map);
      good = memcmp(&content, &header->content, sizeof content) == 0;
    }
    if (!good)
      munmap(map, bytes);
  }
  if (!good) {
    if (tell == TELL)
      tsl_log(TSL_LOG_NORMAL, "%s: damaged; it is made again", path);
    return;
  }
  out->map = map;
  out->bytes = bytes;
  snprintf(out->path, sizeof out->path, "%s", path);
}

static void map_existing(const char *path, const struct tsl_digest *key, enum tell tell,
                         struct tsl__cache *out) {
  int fd = tsl__regular_open(path);
  if (fd < 0)
    return;
  map_file(fd, path, key, tell, out);
  close(fd);
}

/* ---- making one ---- */

static enum tsl_status fill_here(const struct tsl__cache_request *request,
                                 const struct tsl_digest *key, int fd,
                                 struct tsl_error *err) {
  struct tsl__builder builder;
  tsl__builder_init(&builder, fd);
  enum tsl_status status =
      request->ops->read(request->config, request->shape, &builder, err);
  if (status == TSL_OK)
    status = tsl__builder_finish(&builder, key, err);
  if (status == TSL_OK && fsync(fd) != 0)
    status = tsl_error_set(err, TSL_IO, "", "writing failed: %s", strerror(errno));
  tsl__builder_release(&builder);
  return status;
}

struct filling {
  const struct tsl__cache_request *request;
  const struct tsl_digest *key;
  int fd;
};

static enum tsl_status fill_apart(void *context, struct tsl_error *err) {
  const struct filling *filling = context;
  return fill_here(filling->request, filling->key, filling->fd, err);
}

/* The first file that the options name. */
static const char *file_of(const struct tsl_dataset_config *config) {
  for (size_t i = 0; i < config->reader->option_count; i++)
    if (config->reader->options[i].type == TSL_OPTION_PATH)
      return (const char *)config->reader_options + config->reader->options[i].offset;
  return config->file;
}

static enum tsl_status fill(const struct tsl__cache_request *request,
                            const struct tsl_digest *key, int fd, struct tsl_error *err) {
  struct filling filling = {request, key, fd};
  if (!request->ops->isolated && request->waiting == NULL)
    return fill_here(request, key, fd, err);
  return tsl__isolate(fill_apart, &filling, file_of(request->config), request->waiting,
                      err);
}

/* The data set in this process' memory alone. */
static enum tsl_status make_private(const struct tsl__cache_request *request,
                                    const struct tsl_digest *key, struct tsl__cache *out,
                                    struct tsl_error *err) {
  int fd = memfd_create("teasel-dataset", MFD_CLOEXEC);
  if (fd < 0)
    return tsl_error_set(err, TSL_MEMORY, "", "no memory for the data set: %s",
                         strerror(errno));
  enum tsl_status status = fill(request, key, fd, err);
  if (status == TSL_OK) {
    map_file(fd, "", key, QUIET, out);
    if (out->map == NULL)
      status = tsl_error_set(err, TSL_MEMORY, "", "cannot map the data set");
  }
  close(fd);
  return status;
}

/* Says where and what to do about an error that concerns the cache file itself: the
 * builder leaves the place open. */
static enum tsl_status place_error(enum tsl_status status, const char *path,
                                   struct tsl_error *err) {
  if (status == TSL_IO && err != NULL && err->where[0] == '\0') {
    char text[1024];
    snprintf(text, sizeof text, "%.900s", err->text);
    tsl_error_set(err, TSL_IO, path,
                  "%s; free some space, or name another folder for the cache with "
                  "schedule.cache (or --cache)",
                  text);
  }
  return status;
}

static enum tsl_status make_file(const struct tsl__cache_request *request,
                                 const struct tsl_digest *key, const char *path,
                                 struct tsl__cache *out, struct tsl_error *err) {
  struct tsl__cache_part part = {.fd = -1};
  enum tsl_status status = tsl__cache_part_begin(&part, path, err);
  if (status == TSL_OK)
    status = fill(request, key, part.fd, err);
  if (status == TSL_OK)
    status = tsl__cache_part_name(&part, path, err);
  if (status == TSL_OK) {
    map_file(part.fd, path, key, QUIET, out);
    if (out->map == NULL)
      status = tsl_error_set(err, TSL_IO, "", "what was written cannot be read back");
  }
  tsl__cache_part_end(&part);
  return place_error(status, path, err);
}

/* ---- one maker a node ---- */

/* The lock file also carries the maker's error to those who waited, so that they do not
 * all read a broken data set one after another. */
struct lock {
  int fd;
  bool waited;
  char path[TSL_TEXT_MAX * 2];
};

/* False: not to wait any longer, and it is not taken. */
static bool lock_take(struct lock *lock, const char *path,
                      const struct tsl__waiting *waiting) {
  snprintf(lock->path, sizeof lock->path, "%.1000s.lock", path);
  lock->fd = open(lock->path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (lock->fd < 0)
    return true;
  const double pause = 1;       /* seconds between two askings */
  const double patience = 3600; /* seconds; then two make the same file, which only wastes
                                   time */
  double begin = tsl_clock_seconds(), asked = begin;
  while (flock(lock->fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK &&
         tsl_clock_seconds() - begin < patience) {
    if (!lock->waited)
      tsl_log(TSL_LOG_VERBOSE, "%s: waiting for the process that makes it", path);
    lock->waited = true;
    const bool signalled = nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL) != 0;
    if (waiting == NULL || (!signalled && tsl_clock_seconds() - asked < pause))
      continue;
    if (!waiting->go_on(waiting->context)) {
      close(lock->fd);
      return false;
    }
    asked = tsl_clock_seconds();
  }
  /* What an earlier maker's failure left there is no news to who waits for this one. */
  if (!lock->waited && ftruncate(lock->fd, 0) != 0)
    tsl_log(TSL_LOG_VERBOSE, "%s: %s", lock->path, strerror(errno));
  return true;
}

/* The status of a maker that failed while we waited; TSL_OK when none did. */
static enum tsl_status lock_heard(const struct lock *lock, struct tsl_error *err) {
  struct tsl_error heard;
  if (lock->fd < 0 || !lock->waited ||
      pread(lock->fd, &heard, sizeof heard, 0) != (ssize_t)sizeof heard ||
      heard.status <= TSL_OK || heard.status > TSL_INTERNAL)
    return TSL_OK;
  heard.where[sizeof heard.where - 1] = heard.text[sizeof heard.text - 1] = '\0';
  return tsl_error_set(err, (enum tsl_status)heard.status, heard.where, "%s", heard.text);
}

static void lock_release(struct lock *lock, enum tsl_status status,
                         const struct tsl_error *err) {
  if (lock->fd < 0)
    return;
  if (status == TSL_OK) {
    unlink(lock->path);
  } else if (ftruncate(lock->fd, 0) == 0 && err != NULL && status != TSL_INTERRUPTED) {
    struct tsl_error said = *err;
    said.status = (int)status;
    ssize_t written = pwrite(lock->fd, &said, sizeof said, 0);
    (void)written; /* without it the others find the failure out themselves */
  }
  close(lock->fd);
}

static enum tsl_status make_shared(const struct tsl__cache_request *request,
                                   const struct tsl_digest *key, const char *path,
                                   struct tsl__cache *out, struct tsl_error *err) {
  struct lock lock = {.fd = -1};
  if (!lock_take(&lock, path, request->waiting))
    return tsl_error_set(err, TSL_INTERRUPTED, path, "waiting for it was given up");
  map_existing(path, key, TELL, out);
  enum tsl_status status = out->map != NULL ? TSL_OK : lock_heard(&lock, err);
  if (status == TSL_OK && out->map == NULL)
    status = make_file(request, key, path, out, err);
  lock_release(&lock, status, err);
  return status;
}

/* ---- the face ---- */

static enum tsl_status check_writable(const char *folder, struct tsl_error *err) {
  struct tsl_error why = {0};
  enum tsl_status status = tsl_folder_create(folder, &why);
  if (status == TSL_OK && access(folder, W_OK | X_OK) != 0) {
    status = TSL_IO;
    tsl_error_set(&why, status, folder, "%s", strerror(errno));
  }
  if (status == TSL_OK)
    return TSL_OK;
  const int reason = (int)strcspn(why.text, ";"); /* the remedy is another one here */
  return tsl_error_set(err, status, why.where,
                       "the folder for the cache cannot be written: %.*s; name another "
                       "one with schedule.cache (or --cache)",
                       reason, why.text);
}

enum tsl_status tsl__cache_open(const struct tsl__cache_request *request,
                                struct tsl__cache *out, struct tsl_error *err) {
  struct tsl_digest key;
  struct tsl_error problem = {0};
  char folder[TSL_TEXT_MAX] = "", path[TSL_TEXT_MAX + 192], hex[33];
  *out = (struct tsl__cache){0};
  TSL_TRY(make_key(request, &key, err));
  tsl_digest_print(&key, hex);
  enum tsl_status status = TSL_IO;
  bool ours = true; /* the cache is the problem, not what is read */
  if (!find_folder(request->folder, folder, sizeof folder)) {
    tsl_error_set(&problem, TSL_IO, "", "no folder for the cache: HOME is not set");
  } else {
    snprintf(path, sizeof path, "%s/%.16s-%s.cache", folder, request->ops->reader.name,
             hex);
    map_existing(path, &key, QUIET, out);
    if (out->map != NULL)
      return TSL_OK;
    status = check_writable(folder, &problem);
    if (status == TSL_OK) {
      status = make_shared(request, &key, path, out, &problem);
      ours = strncmp(problem.where, path, sizeof problem.where - 1) == 0;
    }
  }
  const bool no_place = ours && (status == TSL_IO || status == TSL_BAD_INPUT);
  if (no_place && request->folder[0] == '\0') {
    tsl_log(TSL_LOG_NORMAL, "%s%s%s; the data set is kept in memory instead",
            problem.where, problem.where[0] != '\0' ? ": " : "", problem.text);
    return make_private(request, &key, out, err);
  }
  if (status != TSL_OK && err != NULL)
    *err = problem;
  return status;
}

void tsl__cache_close(struct tsl__cache *cache) {
  if (cache->map != NULL)
    munmap((void *)(uintptr_t)cache->map, cache->bytes);
  *cache = (struct tsl__cache){0};
}
