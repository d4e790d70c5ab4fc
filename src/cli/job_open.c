#include "cli/job_open.h"

#include "base/regular.h"
#include "cli/stop.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_BYTES_MAX = (1 << 20) + 1 }; /* one more than the job layer takes */

void tsl_cli_registry_init(struct tsl_cli_registry *out) {
  memset(out, 0, sizeof *out);
  size_t room = sizeof out->families / sizeof(void *);
  struct tsl_registry *registry = &out->registry;
  registry->families = out->families;
  registry->readers = out->readers;
  if (tsl_model_count() > room || tsl_reader_count() > room)
    TSL_BUG("more than %zu families or readers", room);
  for (; registry->family_count < tsl_model_count(); registry->family_count++)
    out->families[registry->family_count] = &tsl_model_at(registry->family_count)->family;
  for (; registry->reader_count < tsl_reader_count(); registry->reader_count++)
    out->readers[registry->reader_count] = tsl_reader_at(registry->reader_count);
}

/* ---- the disk ---- */

/* What a shell hands over as a file, `<(...)` or `<<END`, is a pipe with a writer. */
static bool is_handed_over(const char *path) {
  static const char *const places[] = {"/dev/fd/", "/dev/stdin", "/proc/self/fd/"};
  for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
    if (strncmp(path, places[i], strlen(places[i])) == 0)
      return true;
  }
  return false;
}

enum tsl_status tsl_cli_job_check_file(const char *path, struct tsl_error *err) {
  if (!is_handed_over(path))
    return TSL_OK;
  return tsl_error_set(err, TSL_BAD_INPUT, path,
                       "is read here, and would be gone for the processes that are "
                       "started and read the job themselves; put it into a file");
}

/* Waits for the writer of a pipe; false with errno where a signal asks to stop. */
static bool wait_for_writer(int file) {
  struct pollfd waiting = {.fd = file, .events = POLLIN};
  while (poll(&waiting, 1, -1) < 0) { /* never restarted after a signal */
    if (errno != EINTR || tsl__stop_asked(NULL))
      return false;
  }
  return true;
}

/* Up to `most` bytes; errno, or 0. */
static int read_all(int file, char *bytes, size_t most, size_t *used) {
  for (*used = 0; *used < most;) {
    ssize_t got = read(file, bytes + *used, most - *used);
    if (got == 0)
      break;
    if (got > 0)
      *used += (size_t)got;
    else if (errno == EAGAIN ? !wait_for_writer(file) : errno != EINTR)
      return errno;
  }
  return 0;
}

/* At most FILE_BYTES_MAX bytes, so that a data file named by mistake does not fill the
 * memory. */
static enum tsl_status disk_read(void *context, const char *path, char **bytes,
                                 size_t *count, struct tsl_error *err) {
  (void)context;
  int file = is_handed_over(path) ? open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
                                  : tsl__regular_open(path);
  if (file < 0 && errno == ESPIPE)
    return tsl__regular_error(err, path, errno);
  if (file < 0)
    return tsl_error_set(err, TSL_BAD_INPUT, path, "cannot be opened: %s",
                         strerror(errno));
  enum tsl_status status = TSL_OK;
  char *text = malloc(FILE_BYTES_MAX + 1);
  size_t used = 0;
  int reason = text != NULL ? read_all(file, text, FILE_BYTES_MAX, &used) : 0;
  close(file);
  if (text == NULL)
    status = tsl_error_set(err, TSL_MEMORY, path, "out of memory");
  else if (reason == EISDIR)
    status = tsl_error_set(err, TSL_BAD_INPUT, path, "is a folder, not a file");
  else if (reason == EINTR)
    status = tsl_error_set(err, TSL_INTERRUPTED, path,
                           "interrupted while waiting for what writes into it");
  else if (reason != 0)
    status = tsl_error_set(err, TSL_IO, path, "cannot be read: %s", strerror(reason));
  if (status != TSL_OK) {
    free(text);
    return status;
  }
  text[used] = '\0';
  *bytes = text;
  *count = used;
  return TSL_OK;
}

static bool disk_exists(void *context, const char *path) {
  (void)context;
  struct stat what;
  return stat(path, &what) == 0;
}

void tsl_cli_disk(struct tsl_file_source *out, char *folder) {
  *out = (struct tsl_file_source){.read = disk_read, .exists = disk_exists};
  if (getcwd(folder, TSL_CLI_PATH_MAX) != NULL)
    out->folder = folder;
}

const char *tsl_cli_share(char *buffer) {
  static const char *const places[] = {"../share/teasel", "../.."};
  char program[TSL_CLI_PATH_MAX], probe[TSL_CLI_PATH_MAX + 64];
  ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);
  if (length > 0) {
    program[length] = '\0';
    char *slash = strrchr(program, '/');
    *(slash != NULL ? slash : program) = '\0';
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
      snprintf(probe, sizeof probe, "%s/%s/configs/networks", program, places[i]);
      char *real = disk_exists(NULL, probe) ? realpath(probe, NULL) : NULL;
      if (real == NULL)
        continue;
      real[strlen(real) - strlen("/configs/networks")] = '\0';
      snprintf(buffer, TSL_CLI_PATH_MAX, "%s", real);
      free(real);
      return buffer;
    }
  }
  snprintf(buffer, TSL_CLI_PATH_MAX, "%s/share/teasel", TSL_PREFIX);
  return buffer;
}

/* ---- jobs ---- */

static enum tsl_status open_from(const struct tsl_file_source *source, const char *path,
                                 const char *const *settings, size_t setting_count,
                                 struct tsl_job **out, struct tsl_error *err) {
  char *bytes = NULL;
  size_t count = 0;
  TSL_TRY(source->read(source->context, path, &bytes, &count, err));
  struct tsl_cli_registry registry;
  tsl_cli_registry_init(&registry);
  char share[TSL_CLI_PATH_MAX];
  const struct tsl_job_text text = {path, bytes, count, settings, setting_count};
  enum tsl_status status =
      tsl_job_read(&text, &registry.registry, source, tsl_cli_share(share), out, err);
  free(bytes);
  return status;
}

enum tsl_status tsl_cli_job_open(const char *path, const char *const *settings,
                                 size_t setting_count, struct tsl_job **out,
                                 struct tsl_error *err) {
  struct tsl_file_source disk;
  char folder[TSL_CLI_PATH_MAX];
  tsl_cli_disk(&disk, folder);
  return open_from(&disk, path, settings, setting_count, out, err);
}

enum tsl_status tsl_cli_dataset_config(const char *name, struct tsl_dataset_config *out,
                                       struct tsl_error *err) {
  struct tsl_file_source disk;
  struct tsl_cli_registry registry;
  char folder[TSL_CLI_PATH_MAX], share[TSL_CLI_PATH_MAX];
  /* A file of the current folder, as on any command line. */
  char here[TSL_CLI_PATH_MAX];
  size_t length = strlen(name);
  if (strchr(name, '/') == NULL && length > 5 &&
      strcmp(name + length - 5, ".yaml") == 0) {
    snprintf(here, sizeof here, "./%s", name);
    name = here;
  }
  tsl_cli_disk(&disk, folder);
  tsl_cli_registry_init(&registry);
  return tsl_dataset_config_read(name, NULL, &registry.registry, &disk,
                                 tsl_cli_share(share), out, err);
}

/* ---- one reader for a team ---- */

/* What the first member asked the disk: answers for the others, in the same order. */
struct tape {
  struct tsl_file_source disk;
  struct tsl_text bytes; /* written by the first member, then broadcast */
  size_t at;             /* of a replay */
};

struct answer {
  uint64_t status; /* enum tsl_status of a read; 0 or 1 of a question */
  uint64_t length;
};

static enum tsl_status tape_read(void *context, const char *path, char **bytes,
                                 size_t *count, struct tsl_error *err) {
  struct tape *tape = context;
  struct tsl_error why = {0};
  enum tsl_status status = tape->disk.read(tape->disk.context, path, bytes, count, &why);
  struct answer answer = {(uint64_t)status, status == TSL_OK ? *count : sizeof why};
  tsl_text_add_bytes(&tape->bytes, &answer, sizeof answer);
  tsl_text_add_bytes(&tape->bytes, status == TSL_OK ? (const void *)*bytes : &why,
                     answer.length);
  if (status != TSL_OK && err != NULL)
    *err = why;
  return status;
}

static bool tape_exists(void *context, const char *path) {
  struct tape *tape = context;
  struct answer answer = {tape->disk.exists(tape->disk.context, path), 0};
  tsl_text_add_bytes(&tape->bytes, &answer, sizeof answer);
  return answer.status != 0;
}

static bool replay_next(struct tape *tape, struct answer *answer, const char **data) {
  if (tape->bytes.length - tape->at < sizeof *answer)
    return false;
  memcpy(answer, tape->bytes.bytes + tape->at, sizeof *answer);
  tape->at += sizeof *answer;
  if (tape->bytes.length - tape->at < answer->length)
    return false;
  *data = tape->bytes.bytes + tape->at;
  tape->at += answer->length;
  return true;
}

static enum tsl_status replay_read(void *context, const char *path, char **bytes,
                                   size_t *count, struct tsl_error *err) {
  struct answer answer;
  const char *data = NULL;
  if (!replay_next(context, &answer, &data))
    return tsl_error_set(err, TSL_INTERNAL, path, "the first member read another file");
  if (answer.status != TSL_OK) {
    if (err != NULL)
      memcpy(err, data, sizeof *err);
    return (enum tsl_status)answer.status;
  }
  *bytes = malloc(answer.length + 1);
  if (*bytes == NULL)
    return tsl_error_set(err, TSL_MEMORY, path, "out of memory");
  memcpy(*bytes, data, answer.length);
  (*bytes)[answer.length] = '\0';
  *count = answer.length;
  return TSL_OK;
}

static bool replay_exists(void *context, const char *path) {
  (void)path;
  struct answer answer = {0, 0};
  const char *data = NULL;
  return replay_next(context, &answer, &data) && answer.status != 0;
}

/* Brings the first member's tape and current folder to all. */
static enum tsl_status share_tape(struct tsl_team *team, struct tape *tape, char *folder,
                                  struct tsl_error *err) {
  uint64_t length = tape->bytes.length;
  TSL_TRY(tsl_team_broadcast(team, 0, &length, sizeof length, err));
  TSL_TRY(tsl_team_broadcast(team, 0, folder, TSL_CLI_PATH_MAX, err));
  char *bytes = malloc(length + 1);
  enum tsl_status status =
      bytes != NULL && !tape->bytes.failed
          ? TSL_OK
          : tsl_error_set(err, TSL_MEMORY, "", "out of memory for the job's files");
  if (bytes != NULL && tape->bytes.length > 0)
    memcpy(bytes, tape->bytes.bytes, tape->bytes.length);
  status = tsl_team_agree(team, status, err);
  if (status == TSL_OK)
    status = tsl_team_broadcast(team, 0, bytes, length, err);
  if (status == TSL_OK) {
    tsl_text_clear(&tape->bytes);
    tsl_text_add_bytes(&tape->bytes, bytes, length);
  }
  free(bytes);
  return status;
}

enum tsl_status tsl_cli_job_open_on(struct tsl_team *team, const char *path,
                                    const char *const *settings, size_t setting_count,
                                    struct tsl_job **out, struct tsl_error *err) {
  struct tape tape = {.at = 0};
  char folder[TSL_CLI_PATH_MAX] = "";
  struct tsl_job *job = NULL;
  struct tsl_error own = {0};
  enum tsl_status status = TSL_OK;
  bool first = tsl_team_index(team) == 0;
  tsl_text_init(&tape.bytes);
  tsl_cli_disk(&tape.disk, folder);
  if (first) {
    struct tsl_file_source recorder = {tape_read, tape_exists, &tape, tape.disk.folder};
    status = open_from(&recorder, path, settings, setting_count, &job, &own);
  }
  enum tsl_status shared = share_tape(team, &tape, folder, err);
  if (shared == TSL_OK && !first) {
    struct tsl_file_source replay = {replay_read, replay_exists, &tape,
                                     folder[0] != '\0' ? folder : NULL};
    status = open_from(&replay, path, settings, setting_count, &job, &own);
  }
  if (shared == TSL_OK) {
    if (status != TSL_OK && err != NULL)
      *err = own;
    shared = tsl_team_agree(team, status, err);
  }
  if (shared == TSL_OK)
    *out = job;
  else
    tsl_job_free(job);
  tsl_text_release(&tape.bytes);
  return shared;
}

enum tsl_status tsl_cli_dataset_open(const struct tsl_dataset_config *config,
                                     const struct tsl_shape *shape, const char *cache,
                                     struct tsl_team *team, struct tsl_dataset **out,
                                     struct tsl_error *err) {
  tsl__stop_hold();
  enum tsl_status status =
      tsl_dataset_open(config, shape, cache, team, &tsl__stop, out, err);
  tsl__stop_release(/*heeded=*/status == TSL_INTERRUPTED);
  return status;
}
