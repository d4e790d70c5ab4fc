/* checkpoint.h5 of a run: an HDF5 file behind a block of 512 bytes (HDF5's user block),
 * which tells the format, a digest of the whole file, so that a damaged file is known as
 * one before HDF5 looks at it, and the kernels and the step, which are asked for at every
 * start. */
#include "base/regular.h"
#include "store/file.h"
#include "store/h5.h"
#include "store/store.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char magic[] = "teasel checkpoint\nformat ";
enum {
  HEAD = 512, /* bytes before the HDF5 file; HDF5 looks there for it */
  FORMAT = 1, /* of what is behind the head; the head itself stays */
  FORMAT_DIGITS = 4,
  DIGEST_DIGITS = 32,
  DIGEST_AT = sizeof magic - 1 + FORMAT_DIGITS + sizeof "\ndigest " - 1,
  NAMES_MAX = TSL_ARRAY_NAME_MAX
};

static const char *const files[TSL_CHECKPOINT_GENERATIONS] = {"checkpoint.h5",
                                                              "checkpoint.previous.h5"};

char *tsl_store_checkpoint_path(const struct tsl_store *store, const char *run,
                                int generation, char *buffer) {
  return tsl_store_run_path(store, run, files[generation], buffer);
}

/* ---- the head ---- */

/* Of all bytes, with zeros where it stands itself. */
static void digest_of(unsigned char *bytes, size_t count, char out[DIGEST_DIGITS + 1]) {
  char kept[DIGEST_DIGITS];
  memcpy(kept, bytes + DIGEST_AT, sizeof kept);
  memset(bytes + DIGEST_AT, '0', sizeof kept);
  struct tsl_digest digest = tsl_digest_bytes(bytes, count);
  memcpy(bytes + DIGEST_AT, kept, sizeof kept);
  tsl_digest_print(&digest, out);
}

static const char kernels_key[] = "\nkernels ", step_key[] = "\nstep ";

static void put_head(unsigned char *bytes, size_t count,
                     const struct tsl_checkpoint *checkpoint) {
  char digest[DIGEST_DIGITS + 1], head[HEAD];
  int length = snprintf(head, sizeof head, "%s%0*d\ndigest %0*d%s%.255s%s%lld\n", magic,
                        FORMAT_DIGITS, FORMAT, DIGEST_DIGITS, 0, kernels_key,
                        checkpoint->kernels, step_key, (long long)checkpoint->step);
  memcpy(bytes, head, (size_t)length);
  digest_of(bytes, count, digest);
  memcpy(bytes + DIGEST_AT, digest, DIGEST_DIGITS);
}

static enum tsl_status check_head(unsigned char *bytes, size_t count, const char *path,
                                  struct tsl_error *err) {
  char digest[DIGEST_DIGITS + 1];
  if (count < HEAD || memcmp(bytes, magic, sizeof magic - 1) != 0)
    return tsl_error_set(err, TSL_FORMAT, path,
                         count == 0 ? "the file is empty"
                                    : "this is not a checkpoint, or its beginning is "
                                      "damaged");
  digest_of(bytes, count, digest);
  if (memcmp(bytes + DIGEST_AT, digest, DIGEST_DIGITS) != 0)
    return tsl_error_set(err, TSL_FORMAT, path, "the checkpoint is cut off or damaged");
  long format = strtol((const char *)bytes + sizeof magic - 1, NULL, 10);
  if (format > FORMAT)
    return tsl_error_set(err, TSL_BAD_INPUT, path,
                         "the checkpoint was written by a newer teasel (format %ld, this "
                         "one knows %d): go on with that one, or remove the file to "
                         "train the run anew",
                         format, FORMAT);
  return TSL_OK;
}

/* What stands behind a key, up to the end of its line. bytes: (HEAD) */
static void get_line(const unsigned char *bytes, const char *key, char *out,
                     size_t size) {
  char head[HEAD + 1] = "";
  memcpy(head, bytes, HEAD);
  const char *found = strstr(head, key);
  found = found != NULL ? found + strlen(key) : "";
  snprintf(out, size, "%.*s", (int)strcspn(found, "\n"), found);
}

/* head: (HEAD); false: there is no such file, or less of it. */
static bool read_head(const struct tsl_store *store, const char *run, int generation,
                      unsigned char *head) {
  char path[TSL_PATH_MAX];
  int file = tsl__regular_open(tsl_store_checkpoint_path(store, run, generation, path));
  if (file < 0)
    return false;
  const ssize_t got = read(file, head, HEAD);
  close(file);
  return got == (ssize_t)HEAD;
}

/* ---- writing ---- */

static enum tsl_status put_string(struct tsl_h5_writer *writer, const char *name,
                                  const char *text, struct tsl_error *err) {
  return tsl_h5_write_strings(writer, name, &text, 1, err);
}

static enum tsl_status compose(struct tsl_h5_writer *writer, const char *run,
                               const struct tsl_checkpoint *checkpoint,
                               struct tsl_error *err) {
  char digest[DIGEST_DIGITS + 1];
  tsl_digest_print(&checkpoint->log.digest, digest);
  TSL_TRY(put_string(writer, "/run", run, err));
  TSL_TRY(put_string(writer, "/phase", checkpoint->phase, err));
  TSL_TRY(put_string(writer, "/log_digest", digest, err));
  TSL_TRY(tsl_h5_write_attribute(writer, "/", "log_bytes", (double)checkpoint->log.bytes,
                                 err));
  TSL_TRY(tsl_h5_write_attribute(writer, "/", "step", (double)checkpoint->step, err));
  TSL_TRY(tsl_h5_write_attribute(writer, "/", "seconds", checkpoint->seconds, err));
  for (size_t i = 0; i < checkpoint->count; i++) {
    struct tsl_array array = checkpoint->arrays[i];
    TSL_TRY(tsl__path_print(array.name, sizeof array.name, err, "/state/%s",
                            checkpoint->arrays[i].name));
    TSL_TRY(tsl_h5_write(writer, &array, err));
  }
  return TSL_OK;
}

enum tsl_status tsl_store_checkpoint_write(const struct tsl_store *store, const char *run,
                                           const struct tsl_checkpoint *checkpoint,
                                           struct tsl_error *err) {
  char path[TSL_PATH_MAX], older[TSL_PATH_MAX];
  struct tsl_h5_writer *writer = NULL;
  unsigned char *bytes = NULL;
  size_t count = 0;
  tsl_store_checkpoint_path(store, run, 0, path);
  tsl_store_checkpoint_path(store, run, 1, older);
  TSL_TRY(tsl__h5_compose(path, &writer, err));
  enum tsl_status status = compose(writer, run, checkpoint, err);
  if (status == TSL_OK)
    status = tsl__h5_image(writer, HEAD, &bytes, &count, err);
  tsl_h5_abandon(writer);
  if (status == TSL_OK) {
    put_head(bytes, count, checkpoint);
    status = tsl__file_rotate(path, older, bytes, count, err);
  }
  free(bytes);
  return status;
}

/* ---- reading ---- */

static enum tsl_status get_string(struct tsl_h5_reader *reader, const char *name,
                                  char *out, size_t size, struct tsl_error *err) {
  char **strings = NULL;
  size_t count = 0;
  TSL_TRY(tsl_h5_read_strings(reader, name, &strings, &count, err));
  enum tsl_status status = TSL_OK;
  if (count == 1)
    snprintf(out, size, "%s", strings[0]);
  else
    status = tsl_error_set(err, TSL_FORMAT, reader->path, "%s is not one text", name);
  for (size_t i = 0; i < count; i++)
    free(strings[i]);
  free(strings);
  return status;
}

/* A whole number from 0 on, which a double holds exactly. */
static enum tsl_status get_count(struct tsl_h5_reader *reader, const char *attribute,
                                 int64_t *out, struct tsl_error *err) {
  const double most = 9007199254740992; /* 2^53 */
  double value = 0;
  TSL_TRY(tsl_h5_read_attribute(reader, "/", attribute, &value, err));
  if (!(value >= 0 && value <= most))
    return tsl_error_set(err, TSL_FORMAT, reader->path, "%s is %g", attribute, value);
  *out = (int64_t)value;
  return TSL_OK;
}

static enum tsl_status get_log(struct tsl_h5_reader *reader, struct tsl_log_mark *out,
                               struct tsl_error *err) {
  char text[DIGEST_DIGITS + 1] = "";
  TSL_TRY(get_string(reader, "/log_digest", text, sizeof text, err));
  TSL_TRY(get_count(reader, "log_bytes", &out->bytes, err));
  for (size_t i = 0; i < sizeof out->digest.bytes; i++) {
    unsigned byte = 0;
    if (sscanf(text + 2 * i, "%2x", &byte) != 1)
      return tsl_error_set(err, TSL_FORMAT, reader->path, "/log_digest is no digest");
    out->digest.bytes[i] = (unsigned char)byte;
  }
  return TSL_OK;
}

static enum tsl_status get_arrays(struct tsl_h5_reader *reader,
                                  struct tsl_checkpoint *out, struct tsl_error *err) {
  char **names = NULL;
  size_t count = 0;
  void *memory = NULL;
  TSL_TRY(tsl_h5_list(reader, "/state", &names, &count, err));
  enum tsl_status status = tsl_allocate(&memory, count + 1, sizeof *out->arrays, err);
  out->arrays = memory;
  for (size_t i = 0; i < count && status == TSL_OK; i++) {
    char name[NAMES_MAX];
    struct tsl_array about;
    status = tsl__path_print(name, sizeof name, err, "/state/%s", names[i]);
    if (status == TSL_OK)
      status = tsl_h5_describe(reader, name, &about, err);
    if (status == TSL_OK)
      status = tsl_h5_read(reader, name, about.type, &out->arrays[i], err);
    if (status == TSL_OK) {
      snprintf(out->arrays[i].name, sizeof out->arrays[i].name, "%s", names[i]);
      out->count++;
    }
  }
  for (size_t i = 0; i < count; i++)
    free(names[i]);
  free(names);
  return status;
}

static enum tsl_status take(struct tsl_h5_reader *reader, const char *run,
                            struct tsl_checkpoint *out, struct tsl_error *err) {
  char owner[TSL_PATH_MAX] = "";
  TSL_TRY(get_string(reader, "/run", owner, sizeof owner, err));
  if (strcmp(owner, run) != 0)
    return tsl_error_set(err, TSL_FORMAT, reader->path, "the checkpoint is of the run %s",
                         owner);
  TSL_TRY(get_string(reader, "/phase", out->phase, sizeof out->phase, err));
  TSL_TRY(get_log(reader, &out->log, err));
  TSL_TRY(get_count(reader, "step", &out->step, err));
  TSL_TRY(tsl_h5_read_attribute(reader, "/", "seconds", &out->seconds, err));
  return get_arrays(reader, out, err);
}

enum tsl_status tsl_store_checkpoint_read(const struct tsl_store *store, const char *run,
                                          int generation, struct tsl_checkpoint *out,
                                          struct tsl_error *err) {
  char path[TSL_PATH_MAX];
  char *bytes = NULL;
  size_t count = 0;
  struct tsl_h5_reader *reader = NULL;
  struct tsl_checkpoint checkpoint = {.step = -1};
  tsl_store_checkpoint_path(store, run, generation, path);
  *out = checkpoint;
  bool exists = false;
  TSL_TRY(tsl_file_look(path, &exists, err));
  if (!exists)
    return TSL_OK;
  TSL_TRY(tsl_file_read(path, &bytes, &count, err));
  enum tsl_status status = check_head((unsigned char *)bytes, count, path, err);
  if (status == TSL_OK)
    status = tsl__h5_open_image(path, bytes + HEAD, count - HEAD, &reader, err);
  if (status == TSL_OK)
    get_line((unsigned char *)bytes, kernels_key, checkpoint.kernels,
             sizeof checkpoint.kernels);
  free(bytes);
  if (status == TSL_OK)
    status = take(reader, run, &checkpoint, err);
  tsl_h5_close(reader);
  if (status == TSL_OK)
    *out = checkpoint;
  else
    tsl_checkpoint_release(&checkpoint);
  return status;
}

bool tsl_store_checkpoint_differs(const struct tsl_store *store, const char *run,
                                  const char *kernels, char *other, size_t size) {
  for (int i = 0; i < TSL_CHECKPOINT_GENERATIONS; i++) {
    unsigned char head[HEAD] = {0};
    struct tsl_checkpoint whole;
    const bool got = read_head(store, run, i, head);
    get_line(head, kernels_key, other, size);
    if (got && strcmp(other, kernels) == 0)
      return false;
    /* What another text looks like may be damage. */
    if (tsl_store_checkpoint_read(store, run, i, &whole, NULL) != TSL_OK ||
        whole.step < 0)
      continue;
    tsl_checkpoint_release(&whole);
    return true;
  }
  return false;
}

int64_t tsl_store_checkpoint_step(const struct tsl_store *store, const char *run) {
  for (int i = 0; i < TSL_CHECKPOINT_GENERATIONS; i++) {
    unsigned char head[HEAD] = {0};
    char step[32];
    if (!read_head(store, run, i, head) || memcmp(head, magic, sizeof magic - 1) != 0)
      continue;
    get_line(head, step_key, step, sizeof step);
    if (step[0] >= '0' && step[0] <= '9')
      return strtoll(step, NULL, 10);
  }
  return -1;
}

void tsl_checkpoint_release(struct tsl_checkpoint *checkpoint) {
  for (size_t i = 0; i < checkpoint->count; i++)
    tsl_array_release(&checkpoint->arrays[i]);
  free(checkpoint->arrays);
  *checkpoint = (struct tsl_checkpoint){.step = -1};
}

void tsl_store_checkpoint_drop(const struct tsl_store *store, const char *run,
                               int generation) {
  char path[TSL_PATH_MAX];
  remove(tsl_store_checkpoint_path(store, run, generation, path));
}

void tsl_store_checkpoint_remove(const struct tsl_store *store, const char *run) {
  char path[TSL_PATH_MAX];
  /* The older first: a reader in between sees the newest or none. */
  for (int generation = TSL_CHECKPOINT_GENERATIONS - 1; generation >= 0; generation--)
    remove(tsl_store_checkpoint_path(store, run, generation, path));
  tsl__part_sweep(tsl_store_run_path(store, run, "", path), files, 1);
}
