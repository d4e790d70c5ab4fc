/* log.csv of a run: written line by line while it trains, read back as numbers. */
#include "store/file.h"
#include "store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct tsl_run_log {
  int file;
  int64_t bytes;                 /* of it so far */
  struct tsl_digester *digester; /* of these */
  char path[TSL_PATH_MAX];
};

/* What a killed process left of this run, beside its finished files. */
static void sweep_run(const struct tsl_store *store, const char *run) {
  static const char *const names[] = {"log.csv",       "model.h5",      "record.json",
                                      "checkpoint.h5", "progress.json", "snapshot."};
  char path[TSL_PATH_MAX];
  tsl__part_sweep(tsl_store_run_path(store, run, "", path), names,
                  sizeof names / sizeof *names);
}

static enum tsl_status append(struct tsl_run_log *log, const void *bytes, size_t count,
                              struct tsl_error *err) {
  const char *from = bytes;
  for (size_t done = 0; done < count;) {
    ssize_t put = write(log->file, from + done, count - done);
    if (put < 0 && errno == EINTR)
      continue;
    if (put < 0)
      return tsl__io_error(err, log->path, "cannot write", errno);
    done += (size_t)put;
  }
  log->bytes += (int64_t)count;
  tsl_digester_add(log->digester, bytes, count);
  return TSL_OK;
}

static void log_free(struct tsl_run_log *log) {
  if (log == NULL)
    return;
  if (log->file >= 0)
    close(log->file);
  tsl_digester_free(log->digester);
  free(log);
}

/* A new file of these bytes in place of log.csv. Made beside and renamed, so that one who
 * lost the run and still writes the old file does not write into this one. */
static enum tsl_status begin(const struct tsl_store *store, const char *run,
                             const char *bytes, size_t count, struct tsl_run_log **out,
                             struct tsl_error *err) {
  char part[TSL_PATH_MAX] = "";
  enum tsl_status status = TSL_OK;
  struct tsl_run_log *log = calloc(1, sizeof *log);
  if (log == NULL)
    return tsl_error_set(err, TSL_MEMORY, run, "no memory for the log");
  log->file = -1;
  tsl_store_run_path(store, run, "log.csv", log->path);
  log->digester = tsl_digester_create();
  if (log->digester == NULL) {
    status = tsl_error_set(err, TSL_MEMORY, log->path, "no memory for the log");
    goto done;
  }
  sweep_run(store, run);
  status = tsl__part_path(log->path, part, err);
  if (status != TSL_OK)
    goto done;
  log->file = open(part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (log->file < 0) {
    status = tsl__io_error(err, log->path, "cannot write", errno);
    goto done;
  }
  status = append(log, bytes, count, err);
  if (status == TSL_OK)
    status = tsl__part_publish(part, log->path, err);
  if (status != TSL_OK) {
    unlink(part);
    goto done;
  }
  *out = log;
  log = NULL;
done:
  log_free(log);
  return status;
}

enum tsl_status tsl_store_log_create(const struct tsl_store *store, const char *run,
                                     const char *header, struct tsl_run_log **out,
                                     struct tsl_error *err) {
  char folder[TSL_PATH_MAX];
  struct tsl_run_log *log = NULL;
  snprintf(folder, sizeof folder, "%.3300s/runs/%.500s", store->folder, run);
  TSL_TRY(tsl_folder_add(folder, err));
  TSL_TRY(begin(store, run, "", 0, &log, err));
  enum tsl_status status = tsl_run_log_add(log, header, err);
  if (status != TSL_OK)
    log_free(log);
  else
    *out = log;
  return status;
}

enum tsl_status tsl_store_log_resume(const struct tsl_store *store, const char *run,
                                     const char *header, const struct tsl_log_mark *mark,
                                     struct tsl_run_log **out, struct tsl_error *err) {
  char path[TSL_PATH_MAX];
  char *bytes = NULL;
  size_t count = 0, length = strlen(header);
  tsl_store_run_path(store, run, "log.csv", path);
  bool exists = false;
  TSL_TRY(tsl_file_look(path, &exists, err));
  if (!exists)
    return tsl_error_set(err, TSL_FORMAT, path, "the log is lost");
  TSL_TRY(tsl_file_read(path, &bytes, &count, err));
  size_t kept = (size_t)mark->bytes;
  enum tsl_status status = TSL_OK;
  if (mark->bytes < 0 || kept > count) {
    status = tsl_error_set(err, TSL_FORMAT, path, "the log is cut off");
    goto done;
  }
  struct tsl_digest digest = tsl_digest_bytes(bytes, kept);
  if (memcmp(digest.bytes, mark->digest.bytes, sizeof digest.bytes) != 0)
    status = tsl_error_set(err, TSL_FORMAT, path, "the log was changed");
  else if (kept < length || strncmp(bytes, header, length) != 0)
    status = tsl_error_set(err, TSL_FORMAT, path, "the log has other columns");
  else
    status = begin(store, run, bytes, kept, out, err);
done:
  free(bytes);
  return status;
}

enum tsl_status tsl_run_log_add(struct tsl_run_log *log, const char *line,
                                struct tsl_error *err) {
  size_t length = strlen(line);
  if (length > 0 && line[length - 1] == '\n')
    return append(log, line, length, err);
  char *bytes = malloc(length + 1);
  if (bytes == NULL)
    return tsl_error_set(err, TSL_MEMORY, log->path, "no memory for a line");
  memcpy(bytes, line, length);
  bytes[length] = '\n';
  enum tsl_status status = append(log, bytes, length + 1, err);
  free(bytes);
  return status;
}

static enum tsl_status sync_log(const struct tsl_run_log *log, struct tsl_error *err) {
  if (fsync(log->file) != 0 && errno != EINVAL)
    return tsl__io_error(err, log->path, "cannot sync", errno);
  return TSL_OK;
}

enum tsl_status tsl_run_log_mark(struct tsl_run_log *log, struct tsl_log_mark *out,
                                 struct tsl_error *err) {
  TSL_TRY(sync_log(log, err));
  out->bytes = log->bytes;
  out->digest = tsl_digester_value(log->digester);
  return TSL_OK;
}

enum tsl_status tsl_run_log_close(struct tsl_run_log *log, struct tsl_error *err) {
  if (log == NULL)
    return TSL_OK;
  enum tsl_status status = sync_log(log, err);
  if (close(log->file) != 0 && status == TSL_OK)
    status = tsl__io_error(err, log->path, "cannot write", errno);
  log->file = -1;
  log_free(log);
  return status;
}

enum tsl_status tsl_store_log_check(const struct tsl_store *store, const char *run,
                                    const char *digest, struct tsl_error *err) {
  char path[TSL_PATH_MAX], found[33];
  char *bytes = NULL;
  size_t count = 0;
  if (digest[0] == '\0')
    return TSL_OK;
  TSL_TRY(tsl_file_read(tsl_store_run_path(store, run, "log.csv", path), &bytes, &count,
                        err));
  const struct tsl_digest value = tsl_digest_bytes(bytes, count);
  free(bytes);
  tsl_digest_print(&value, found);
  return strcmp(found, digest) == 0
             ? TSL_OK
             : tsl_error_set(err, TSL_FORMAT, path,
                             "the log is not the one that was written when the run was "
                             "trained: its lines are left out");
}

/* One line's cells into the row; false when their number is not `columns` or one is no
 * number. The line ends at '\n' or at the end of the text. */
static bool take_row(const char *line, int columns, double *row) {
  for (int i = 0; i < columns; i++) {
    char *end = NULL;
    size_t length = strcspn(line, ",\n");
    row[i] = (double)NAN;
    if (length > 0) {
      row[i] = strtod(line, &end);
      if (end != line + length)
        return false;
    }
    line += length;
    if (*line != (i + 1 < columns ? ',' : '\n'))
      return false;
    line++;
  }
  return true;
}

static enum tsl_status take_names(const char *bytes, const char *path,
                                  struct tsl_table *table, struct tsl_error *err) {
  size_t header = strcspn(bytes, "\n");
  table->columns = 1;
  for (size_t i = 0; i < header; i++)
    table->columns += bytes[i] == ',';
  void *names = NULL;
  TSL_TRY(tsl_allocate(&names, (size_t)table->columns, sizeof *table->names, err));
  table->names = names;
  for (int i = 0; i < table->columns; i++) {
    size_t length = strcspn(bytes, ",\n");
    if (length == 0 || length >= sizeof *table->names)
      return tsl_error_set(err, TSL_FORMAT, path, "the first line names no columns");
    memcpy(table->names[i], bytes, length);
    bytes += length + 1;
  }
  return TSL_OK;
}

enum tsl_status tsl_store_log_read(const struct tsl_store *store, const char *run,
                                   struct tsl_table *out, struct tsl_error *err) {
  char path[TSL_PATH_MAX];
  char *bytes = NULL;
  size_t count = 0;
  struct tsl_table table = {0};
  tsl_store_run_path(store, run, "log.csv", path);
  TSL_TRY(tsl_file_read(path, &bytes, &count, err));
  enum tsl_status status = TSL_OK;
  size_t lines = 0;
  for (size_t i = 0; i < count; i++)
    lines += bytes[i] == '\n';
  if (lines == 0 || strlen(bytes) != count || bytes[count - 1] != '\n') {
    status = tsl_error_set(err, TSL_FORMAT, path, "the log is cut off");
    goto done;
  }
  status = take_names(bytes, path, &table, err);
  if (status != TSL_OK)
    goto done;
  void *values = NULL;
  table.rows = (int64_t)lines - 1;
  if (lines * (size_t)table.columns > count) { /* a cell has its ',' or '\n' */
    status = tsl_error_set(err, TSL_FORMAT, path, "a line does not hold %d numbers",
                           table.columns);
    goto done;
  }
  status = tsl_allocate(&values, lines * (size_t)table.columns, sizeof(double), err);
  if (status != TSL_OK)
    goto done;
  table.values = values;
  const char *line = bytes;
  for (int64_t i = 0; i < table.rows; i++) {
    line = strchr(line, '\n') + 1;
    if (!take_row(line, table.columns, table.values + i * table.columns)) {
      status = tsl_error_set(err, TSL_FORMAT, path, "line %lld does not hold %d numbers",
                             (long long)i + 2, table.columns);
      goto done;
    }
  }
  *out = table;
  table = (struct tsl_table){0};
done:
  tsl_table_release(&table);
  free(bytes);
  return status;
}

void tsl_table_release(struct tsl_table *table) {
  free(table->names);
  free(table->values);
  *table = (struct tsl_table){0};
}
