#include "cli/slurm_ask.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void become(const char *const *words, bool quiet, const int *ends) {
  const int nowhere = quiet ? open("/dev/null", O_WRONLY | O_CLOEXEC) : -1;
  dup2(ends[1], STDOUT_FILENO);
  if (nowhere >= 0)
    dup2(nowhere, STDERR_FILENO);
  close(ends[0]);
  close(ends[1]);
  execvp(words[0], (char *const *)(uintptr_t)words);
  fprintf(stderr, "teasel: %s: %s\n", words[0], strerror(errno));
  _exit(127);
}

bool tsl__slurm_ask(const char *const *words, bool quiet, char *answer, size_t bytes) {
  int ends[2], about = 0;
  size_t used = 0;
  answer[0] = '\0';
  if (pipe(ends) != 0)
    return false;
  fflush(stdout);
  pid_t process = fork();
  if (process == 0)
    become(words, quiet, ends);
  close(ends[1]);
  for (ssize_t got = 1; got > 0 && used + 1 < bytes; used += (size_t)(got > 0 ? got : 0))
    got = read(ends[0], answer + used, bytes - used - 1);
  close(ends[0]);
  answer[used] = '\0';
  while (process > 0 && waitpid(process, &about, 0) < 0 && errno == EINTR) {
  }
  return process > 0 && WIFEXITED(about) && WEXITSTATUS(about) == 0;
}

bool tsl__slurm_lines_lack_memory(const char *lines) {
  bool any = false;
  for (const char *line = lines; *line != '\0'; line += strspn(line, "\n")) {
    const size_t length = strcspn(line, "\n");
    if (length != 1 || line[0] != '1')
      return false;
    any = true;
    line += length;
  }
  return any;
}

bool tsl__slurm_lacks_memory(void) {
  static const char *const words[] = {"sinfo", "-h", "-o", "%m", NULL};
  char answer[4096];
  return tsl__slurm_ask(words, /*quiet=*/true, answer, sizeof answer) &&
         tsl__slurm_lines_lack_memory(answer);
}
