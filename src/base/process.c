#include "teasel/process.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { STAT_TEXT = 1024 };

/* /proc/PID/stat into line (STAT_TEXT). Returns its third field, the state; the second is
 * a name in brackets that may hold anything. NULL: it cannot be read. */
static const char *read_stat(int64_t pid, char *line) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%lld/stat", (long long)pid);
  line[0] = '\0';
  FILE *file = fopen(path, "re");
  if (file == NULL)
    return NULL;
  size_t count = fread(line, 1, STAT_TEXT - 1, file);
  fclose(file);
  line[count] = '\0';
  const char *field = strrchr(line, ')');
  return field != NULL && field[1] == ' ' ? field + 2 : NULL;
}

/* Field 22 of /proc/PID/stat; the state, field 3, into *state. 0: it cannot be read. */
static int64_t start_of(int64_t pid, char *state) {
  char line[STAT_TEXT];
  const char *field = read_stat(pid, line);
  if (field == NULL)
    return 0;
  *state = *field;
  for (int i = 3; i < 22 && field != NULL; i++) {
    field = strchr(field, ' ');
    field = field != NULL ? field + 1 : NULL;
  }
  return field != NULL ? strtoll(field, NULL, 10) : 0;
}

static void print_place(char *buffer) {
  char boot[64] = "", names[64] = "";
  FILE *file = fopen("/proc/sys/kernel/random/boot_id", "re");
  buffer[0] = '\0';
  if (file != NULL) {
    if (fgets(boot, sizeof boot, file) == NULL)
      boot[0] = '\0';
    boot[strcspn(boot, "\n")] = '\0';
    fclose(file);
  }
  ssize_t length = readlink("/proc/self/ns/pid", names, sizeof names - 1);
  names[length > 0 ? length : 0] = '\0';
  if (boot[0] != '\0' && names[0] != '\0')
    snprintf(buffer, TSL_PLACE_TEXT, "%.40s %.50s", boot, names);
}

void tsl_process_of(int64_t pid, struct tsl_process *out) {
  char state = ' ';
  memset(out, 0, sizeof *out);
  out->pid = pid;
  out->started = start_of(pid, &state);
  print_place(out->place);
}

/* Asked for with every file that is written, and the same for as long as the process
 * lives; a fork has another number. */
static _Thread_local struct tsl_process myself;

void tsl_process_self(struct tsl_process *out) {
  const int64_t pid = getpid();
  if (myself.pid != pid || myself.started == 0)
    tsl_process_of(pid, &myself);
  *out = myself;
}

bool tsl_process_is_dead(const struct tsl_process *process) {
  char place[TSL_PLACE_TEXT], state = ' ';
  print_place(place);
  if (process->pid <= 0 || place[0] == '\0' || strcmp(process->place, place) != 0)
    return false;
  if (kill((pid_t)process->pid, 0) != 0)
    return errno == ESRCH;
  int64_t started = start_of(process->pid, &state);
  return started != 0 && (started != process->started || state == 'Z' || state == 'X');
}

/* What a process is called and who started it. */
struct family {
  char name[TSL_PROCESS_NAME];
  long parent;
  bool alive;
};

static bool read_family(int64_t pid, struct family *out) {
  char line[STAT_TEXT];
  const char *field = read_stat(pid, line), *name = strchr(line, '(');
  if (field == NULL || name == NULL)
    return false;
  const char *end = field - 2; /* the bracket behind the name */
  snprintf(out->name, sizeof out->name, "%.*s", (int)(end - name - 1), name + 1);
  out->parent = strtol(field + 1, NULL, 10);
  out->alive = *field != 'Z' && *field != 'X';
  return true;
}

int tsl_process_count_siblings(char parent[static TSL_PROCESS_NAME]) {
  struct family own, above, other;
  int count = 0;
  DIR *entries = opendir("/proc");
  parent[0] = '\0';
  if (entries == NULL)
    return 0;
  bool known = read_family(getpid(), &own) && read_family(own.parent, &above);
  if (known)
    snprintf(parent, TSL_PROCESS_NAME, "%s", above.name);
  for (struct dirent *entry; known && (entry = readdir(entries)) != NULL;) {
    char *end = NULL;
    int64_t pid = strtoll(entry->d_name, &end, 10);
    if (pid > 0 && *end == '\0' && read_family(pid, &other))
      count += other.alive && other.parent == own.parent &&
               (strcmp(other.name, own.name) == 0 || strcmp(other.name, above.name) == 0);
  }
  closedir(entries);
  return count;
}

/* Of the list of numbers that a thread's `children` is: those alive and of this name. */
static int count_listed(FILE *file, const char *name) {
  struct family child;
  long long pid = 0;
  int count = 0;
  while (fscanf(file, "%lld", &pid) == 1)
    count += read_family(pid, &child) && child.alive && strcmp(child.name, name) == 0;
  return count;
}

int tsl_process_count_children(int64_t pid) {
  char path[320];
  struct family own;
  int count = -1;
  snprintf(path, sizeof path, "/proc/%lld/task", (long long)pid);
  DIR *threads = opendir(path);
  if (threads == NULL)
    return -1;
  const bool known = read_family(getpid(), &own);
  for (struct dirent *entry; known && (entry = readdir(threads)) != NULL;) {
    snprintf(path, sizeof path, "/proc/%lld/task/%.255s/children", (long long)pid,
             entry->d_name);
    FILE *file = entry->d_name[0] != '.' ? fopen(path, "re") : NULL;
    if (file == NULL)
      continue;
    count = (count < 0 ? 0 : count) + count_listed(file, own.name);
    fclose(file);
  }
  closedir(threads);
  return count;
}
