#include "teasel/process.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Field 22 of /proc/PID/stat; the state, field 3, into *state. The second field is a name
 * in brackets that may hold anything. 0: it cannot be read. */
static int64_t start_of(int64_t pid, char *state) {
  char path[64], line[1024];
  snprintf(path, sizeof path, "/proc/%lld/stat", (long long)pid);
  FILE *file = fopen(path, "re");
  if (file == NULL)
    return 0;
  size_t count = fread(line, 1, sizeof line - 1, file);
  fclose(file);
  line[count] = '\0';
  const char *field = strrchr(line, ')');
  if (field == NULL || field[1] != ' ')
    return 0;
  field += 2;
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

void tsl_process_self(struct tsl_process *out) {
  char state = ' ';
  memset(out, 0, sizeof *out);
  out->pid = getpid();
  out->started = start_of(out->pid, &state);
  print_place(out->place);
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
