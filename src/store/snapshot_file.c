/* runs/RUN/snapshot.<step>.h5: a run on its way, for pictures. */
#include "store/file.h"
#include "store/h5.h"
#include "store/store.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STEP_DIGITS = 15 };

static enum tsl_status print_path(const struct tsl_store *store, const char *run,
                                  int64_t step, char *path, struct tsl_error *err) {
  char file[64];
  snprintf(file, sizeof file, "snapshot.%lld.h5", (long long)step);
  if (step < 0)
    return tsl_error_set(err, TSL_INTERNAL, run, "a snapshot of no step");
  tsl_store_run_path(store, run, file, path);
  return TSL_OK;
}

static enum tsl_status write_arrays(struct tsl_h5_writer *writer,
                                    const struct tsl_snapshot *snapshot,
                                    struct tsl_error *err) {
  const int64_t points = snapshot->points, latent = snapshot->latent,
                components = snapshot->components;
  const struct tsl_array arrays[] = {
      {"/mean", TSL_ARRAY_F32, 2, {points, latent}, snapshot->mean},
      {"/assignment", TSL_ARRAY_I32, 1, {points}, snapshot->assignment},
      {"/component_mean",
       TSL_ARRAY_F32,
       2,
       {components, latent},
       snapshot->component_mean},
      {"/component_log_variance",
       TSL_ARRAY_F32,
       2,
       {components, latent},
       snapshot->component_log_variance}};
  for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++)
    if (arrays[i].data != NULL)
      TSL_TRY(tsl_h5_write(writer, &arrays[i], err));
  return tsl_h5_write_attribute(writer, "/", "step", (double)snapshot->step, err);
}

enum tsl_status tsl_store_snapshot_write(const struct tsl_store *store, const char *run,
                                         const struct tsl_snapshot *snapshot,
                                         struct tsl_error *err) {
  char path[TSL_PATH_MAX];
  struct tsl_h5_writer *writer = NULL;
  TSL_TRY(print_path(store, run, snapshot->step, path, err));
  TSL_TRY(tsl_h5_create(path, &writer, err));
  enum tsl_status status = write_arrays(writer, snapshot, err);
  if (status != TSL_OK) {
    tsl_h5_abandon(writer);
    return status;
  }
  return tsl_h5_commit(writer, err);
}

void tsl_snapshot_release(struct tsl_snapshot *snapshot) {
  free(snapshot->mean);
  free(snapshot->assignment);
  free(snapshot->component_mean);
  free(snapshot->component_log_variance);
  *snapshot = (struct tsl_snapshot){0};
}

void tsl_snapshots_release(struct tsl_snapshot *snapshots, size_t count) {
  for (size_t i = 0; i < count; i++)
    tsl_snapshot_release(&snapshots[i]);
  free(snapshots);
}

/* An array that may be missing. rows, columns: in, what is known of them (-1: nothing);
 * out, what it has; columns NULL: of rank 1. */
static enum tsl_status read_array(struct tsl_h5_reader *reader, const char *name,
                                  enum tsl_array_type type, int64_t *rows,
                                  int64_t *columns, void **out, struct tsl_error *err) {
  struct tsl_array array = {.data = NULL};
  if (!tsl_h5_has(reader, name))
    return TSL_OK;
  TSL_TRY(tsl_h5_read(reader, name, type, &array, err));
  *out = array.data;
  bool fits = array.rank == (columns == NULL ? 1 : 2) &&
              (*rows < 0 || *rows == array.dims[0]) &&
              (columns == NULL || *columns < 0 || *columns == array.dims[1]);
  if (!fits)
    return tsl_error_set(err, TSL_FORMAT, reader->path,
                         "%s does not fit the file's other arrays", name);
  *rows = array.dims[0];
  if (columns != NULL)
    *columns = array.dims[1];
  return TSL_OK;
}

/* They are used as indices. */
static enum tsl_status check_assignment(const struct tsl_h5_reader *reader,
                                        const struct tsl_snapshot *snapshot,
                                        struct tsl_error *err) {
  for (int64_t i = 0; snapshot->assignment != NULL && i < snapshot->points; i++)
    if (snapshot->assignment[i] < 0 || snapshot->assignment[i] >= snapshot->components)
      return tsl_error_set(err, TSL_FORMAT, reader->path, "there is no component %d",
                           (int)snapshot->assignment[i]);
  return TSL_OK;
}

static enum tsl_status read_all(struct tsl_h5_reader *reader, struct tsl_snapshot *out,
                                struct tsl_error *err) {
  int64_t points = -1, latent = -1, components = -1;
  double step = 0;
  TSL_TRY(tsl_h5_read_attribute(reader, "/", "step", &step, err));
  TSL_TRY(read_array(reader, "/mean", TSL_ARRAY_F32, &points, &latent,
                     (void **)&out->mean, err));
  TSL_TRY(read_array(reader, "/assignment", TSL_ARRAY_I32, &points, NULL,
                     (void **)&out->assignment, err));
  TSL_TRY(read_array(reader, "/component_mean", TSL_ARRAY_F32, &components, &latent,
                     (void **)&out->component_mean, err));
  TSL_TRY(read_array(reader, "/component_log_variance", TSL_ARRAY_F32, &components,
                     &latent, (void **)&out->component_log_variance, err));
  out->step = step >= 0 && step < 9e15 ? (int64_t)step : 0;
  out->points = points > 0 ? points : 0;
  out->latent = latent > 0 ? latent : 0;
  out->components = components > 0 ? components : 0;
  return check_assignment(reader, out, err);
}

static int by_step(const void *a, const void *b) {
  const int64_t *one = a, *other = b;
  return (*one > *other) - (*one < *other);
}

/* The step in a file's name; -1: it is no snapshot. */
static int64_t step_of(const char *name) {
  static const char prefix[] = "snapshot.";
  const char *digits = name + strlen(prefix);
  if (strncmp(name, prefix, strlen(prefix)) != 0)
    return -1;
  size_t length = strspn(digits, "0123456789");
  return length > 0 && length <= STEP_DIGITS && strcmp(digits + length, ".h5") == 0
             ? strtoll(digits, NULL, 10)
             : -1;
}

/* steps: sorted, free() it; none where there is no folder. */
static enum tsl_status list_steps(const char *folder, int64_t **steps, size_t *count,
                                  struct tsl_error *err) {
  DIR *entries = opendir(folder);
  *steps = NULL;
  *count = 0;
  if (entries == NULL)
    return errno == ENOENT ? TSL_OK
                           : tsl__io_error(err, folder, "cannot open the folder", errno);
  enum tsl_status status = TSL_OK;
  for (struct dirent *entry; status == TSL_OK && (entry = readdir(entries)) != NULL;) {
    int64_t step = step_of(entry->d_name);
    if (step < 0)
      continue;
    int64_t *more = realloc(*steps, (*count + 1) * sizeof **steps);
    if (more == NULL) {
      status = tsl_error_set(err, TSL_MEMORY, folder, "no memory for a list");
      continue;
    }
    *steps = more;
    more[(*count)++] = step;
  }
  closedir(entries);
  if (*count > 0)
    qsort(*steps, *count, sizeof **steps, by_step);
  return status;
}

static enum tsl_status read_one(const struct tsl_store *store, const char *run,
                                int64_t step, struct tsl_snapshot *out,
                                struct tsl_error *err) {
  char path[TSL_PATH_MAX];
  struct tsl_h5_reader *reader = NULL;
  TSL_TRY(print_path(store, run, step, path, err));
  TSL_TRY(tsl_h5_open(path, &reader, err));
  enum tsl_status status = read_all(reader, out, err);
  tsl_h5_close(reader);
  return status;
}

enum tsl_status tsl_store_snapshots_read(const struct tsl_store *store, const char *run,
                                         struct tsl_snapshot **out, size_t *count,
                                         struct tsl_error *err) {
  char folder[TSL_PATH_MAX];
  int64_t *steps = NULL;
  size_t found = 0, read = 0;
  void *memory = NULL;
  *out = NULL;
  *count = 0;
  enum tsl_status status =
      list_steps(tsl_store_run_path(store, run, "", folder), &steps, &found, err);
  if (status == TSL_OK)
    status = tsl_allocate(&memory, found + 1, sizeof(struct tsl_snapshot), err);
  struct tsl_snapshot *snapshots = memory;
  while (status == TSL_OK && read < found) {
    status = read_one(store, run, steps[read], &snapshots[read], err);
    read++;
  }
  free(steps);
  if (status != TSL_OK) {
    tsl_snapshots_release(snapshots, snapshots == NULL ? 0 : read);
    return status;
  }
  *out = snapshots;
  *count = read;
  return TSL_OK;
}
