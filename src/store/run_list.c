/* Which runs a results folder holds, whatever its job says. */
#include "store/file.h"
#include "store/store.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Names of runs end in '-' and eight hex digits of their id. */
static bool is_run_name(const char *name) {
  enum { DIGITS = 8 };
  const char *dash = strrchr(name, '-');
  return dash != NULL && dash > name && strlen(dash + 1) == DIGITS &&
         strspn(dash + 1, "0123456789abcdef") == DIGITS;
}

/* A folder that a claim alone has made is no run yet. */
static bool has_run(const struct tsl_store *store, const char *name) {
  static const char *const signs[] = {"record.json", "log.csv"};
  char path[TSL_PATH_MAX];
  for (size_t i = 0; i < sizeof signs / sizeof *signs; i++) {
    if (tsl_file_exists(tsl_store_run_path(store, name, signs[i], path)))
      return true;
  }
  return false;
}

static int by_name(const void *a, const void *b) {
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static enum tsl_status add_name(const char *name, char ***names, size_t *count,
                                size_t *room, struct tsl_error *err) {
  if (*count == *room) {
    const size_t wanted = 2 * *room + 64;
    char **grown = realloc(*names, wanted * sizeof *grown);
    if (grown == NULL)
      return tsl_error_set(err, TSL_MEMORY, "", "no memory for the names of %zu runs",
                           wanted);
    *names = grown;
    *room = wanted;
  }
  (*names)[*count] = strdup(name);
  if ((*names)[*count] == NULL)
    return tsl_error_set(err, TSL_MEMORY, "", "no memory for the name of a run");
  ++*count;
  return TSL_OK;
}

enum tsl_status tsl_store_runs_list(const struct tsl_store *store,
                                    const char *const *without, size_t without_count,
                                    char ***out, size_t *count, struct tsl_error *err) {
  char path[TSL_PATH_MAX];
  char **names = NULL;
  size_t found = 0, room = 0;
  enum tsl_status status = TSL_OK;
  *out = NULL;
  *count = 0;
  snprintf(path, sizeof path, "%.3800s/runs", store->folder);
  DIR *entries = opendir(path);
  if (entries == NULL)
    return errno == ENOENT ? TSL_OK
                           : tsl__io_error(err, path, "cannot open the folder", errno);
  for (struct dirent *entry; status == TSL_OK && (entry = readdir(entries)) != NULL;) {
    const char *name = entry->d_name;
    if (is_run_name(name) &&
        (without_count == 0 ||
         bsearch(&name, without, without_count, sizeof *without, by_name) == NULL) &&
        has_run(store, name))
      status = add_name(name, &names, &found, &room, err);
  }
  closedir(entries);
  if (status == TSL_OK && found > 0)
    qsort(names, found, sizeof *names, by_name);
  if (status == TSL_OK) {
    *out = names;
    *count = found;
    return TSL_OK;
  }
  tsl_store_runs_free(names, found);
  return status;
}

void tsl_store_runs_free(char **names, size_t count) {
  for (size_t i = 0; i < count; i++)
    free(names[i]);
  free(names);
}
