/* What ranks tell their launcher, and what is left of it. */
#include "cli/launch_told.h"

#include "cli/launch.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char lost[] = " a rank was lost"; /* behind the code */
static const char unscored[] = " while scoring";
static const char answered[] = " the answer is no";
static const char gone[] = " the folder is gone";
static const char prefix[] = "teasel-launch."; /* among others' temporary files */

const char *tsl__launch_temporary(void) {
  const char *folder = getenv("TMPDIR");
  return folder != NULL && folder[0] != '\0' ? folder : "/tmp";
}

static void print_path(const char *folder, const char *token, char *path) {
  if (folder != NULL)
    snprintf(path, TSL_PATH_MAX, "%.3800s/" TSL_STORE_LAUNCH "%.100s", folder, token);
  else
    snprintf(path, TSL_PATH_MAX, "%.3800s/%s%.100s", tsl__launch_temporary(), prefix,
             token);
}

static void print_left(const char *path, int rank, char *left) {
  snprintf(left, TSL_PATH_MAX, "%.4000s.left-%d", path, rank);
}

/* ---- the ranks ---- */

/* NULL: nobody waits to be told, or no longer does. */
static const char *read_token(void) {
  const char *token = getenv(TSL_LAUNCH_VARIABLE);
  if (token == NULL || strchr(token, '/') != NULL || tsl_part_is_left_over(token))
    return NULL;
  return token;
}

/* Into the results folder; where there is none, or nothing can be written into it, among
 * this machine's temporary files. rank 0: what the launcher waits for; else: left. */
static void write_told(const struct tsl_store *store, const char *token, int rank,
                       const char *text) {
  const char *folders[] = {store != NULL ? tsl_store_folder(store) : NULL, NULL};
  char path[TSL_PATH_MAX], left[TSL_PATH_MAX];
  for (int i = store != NULL ? 0 : 1; i < 2; i++) {
    print_path(folders[i], token, path);
    print_left(path, rank, left);
    if (tsl_file_write(rank == 0 ? path : left, text, strlen(text), NULL) == TSL_OK)
      return;
  }
}

void tsl__launch_tell(const struct tsl_store *store, enum tsl_status status,
                      bool trained) {
  const char *token = read_token();
  char text[64];
  if (token == NULL)
    return;
  bool is_lost = status == TSL_PEER_LOST;
  snprintf(text, sizeof text, "%d%s%s%s%s\n", tsl_status_exit_code(status),
           is_lost ? lost : "", is_lost && trained ? unscored : "",
           status == TSL_NOT_SO ? answered : "", status == TSL_GONE ? gone : "");
  /* Nothing can be told in a folder that has gone. */
  write_told(status != TSL_GONE ? store : NULL, token, 0, text);
}

void tsl__launch_left(const struct tsl_store *store, const struct tsl_world *world) {
  const char *token = read_token();
  char text[32];
  if (token == NULL || tsl_world_is_dead(world, 0))
    return;
  snprintf(text, sizeof text, "%d\n", tsl_world_size(world));
  write_told(store, token, tsl_world_rank(world), text);
}

bool tsl__launch_is_near(void) {
  const char *token = read_token();
  return token != NULL && tsl_part_is_near(token);
}

bool tsl__launch_is_lost(void) {
  const char *token = getenv(TSL_LAUNCH_VARIABLE);
  return token != NULL && tsl_part_is_left_over(token);
}

int tsl__launch_exit_code(int code) {
  const char *recovery = getenv("OMPI_MCA_orte_enable_recovery");
  const bool recovers = recovery != NULL && strcmp(recovery, "1") == 0;
  return recovers && read_token() != NULL && getenv("OMPI_COMM_WORLD_RANK") != NULL
             ? 0
             : code;
}

/* ---- the launcher ---- */

void tsl__told_place_init(struct tsl__told_place *out, const char *folder) {
  tsl_part_token(out->token);
  print_path(folder, out->token, out->paths[0]);
  print_path(NULL, out->token, out->paths[1]);
}

bool tsl__told_read(const struct tsl__told_place *place, struct tsl__told *out) {
  char *bytes = NULL;
  size_t count = 0;
  for (int i = 0; i < 2; i++) {
    if (!tsl_file_exists(place->paths[i]) ||
        tsl_file_read(place->paths[i], &bytes, &count, NULL) != TSL_OK)
      continue;
    out->code = (int)strtol(bytes, NULL, 10);
    out->lost = strstr(bytes, lost) != NULL;
    out->unscored = strstr(bytes, unscored) != NULL;
    out->answered = strstr(bytes, answered) != NULL;
    out->gone = strstr(bytes, gone) != NULL;
    free(bytes);
    return true;
  }
  return false;
}

static bool have_left(const char *path) {
  char left[TSL_PATH_MAX], *bytes = NULL;
  size_t count = 0;
  print_left(path, 1, left);
  if (!tsl_file_exists(left) || tsl_file_read(left, &bytes, &count, NULL) != TSL_OK)
    return false;
  long size = strtol(bytes, NULL, 10);
  bool all = size > 1;
  free(bytes);
  for (int rank = 2; rank < size && all; rank++) {
    print_left(path, rank, left);
    all = tsl_file_exists(left);
  }
  return all;
}

bool tsl__told_all_left(const struct tsl__told_place *place) {
  return have_left(place->paths[0]) || have_left(place->paths[1]);
}

/* The file of this path, and those that begin with its name and ".left-". */
static void remove_told(const char *path) {
  char folder[TSL_PATH_MAX], begin[TSL_PATH_MAX];
  const char *name = strrchr(path, '/') + 1; /* print_path writes one */
  snprintf(folder, sizeof folder, "%.*s", (int)(name - path), path);
  int length = snprintf(begin, sizeof begin, "%s.left-", name);
  unlink(path);
  DIR *entries = opendir(folder);
  if (entries == NULL)
    return;
  for (struct dirent *entry; (entry = readdir(entries)) != NULL;) {
    if (strncmp(entry->d_name, begin, (size_t)length) == 0)
      unlinkat(dirfd(entries), entry->d_name, 0);
  }
  closedir(entries);
}

void tsl__told_remove(const struct tsl__told_place *place) {
  remove_told(place->paths[0]);
  remove_told(place->paths[1]);
}

void tsl__told_sweep(void) {
  DIR *entries = opendir(tsl__launch_temporary());
  if (entries == NULL)
    return;
  for (struct dirent *entry; (entry = readdir(entries)) != NULL;) {
    if (strncmp(entry->d_name, prefix, sizeof prefix - 1) == 0 &&
        tsl_part_is_left_over(entry->d_name + sizeof prefix - 1))
      unlinkat(dirfd(entries), entry->d_name, 0);
  }
  closedir(entries);
}
