/* fuzz.h - what the fuzz harnesses share. A harness calls one reader with libFuzzer's
 * bytes; libFuzzer, the address and the undefined-behaviour sanitizer look on, and
 * fuzz_judge holds the reader to what every fallible function promises. */
#ifndef TEASEL_TESTS_FUZZ_FUZZ_H
#define TEASEL_TESTS_FUZZ_FUZZ_H

#include "teasel/log.h"
#include "teasel/status.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A failure is told in words, ends the program with 1 or 2, and is nobody's defect; no
 * file makes the program ask for memory that there is not.
 * FUZZ_TELL=1 shows the words, for one input by hand. */
static inline void fuzz_judge(enum tsl_status status, const struct tsl_error *err) {
  if (getenv("FUZZ_TELL") != NULL)
    fprintf(stderr, "%s: '%s': '%s'\n", tsl_status_name(status), err->where, err->text);
  if (status == TSL_OK)
    return;
  int code = tsl_status_exit_code(status);
  if (status != TSL_INTERNAL && status != TSL_MEMORY && (code == 1 || code == 2) &&
      err->status == (int)status && err->text[0] != '\0' &&
      memchr(err->text, '\0', sizeof err->text) != NULL &&
      memchr(err->where, '\0', sizeof err->where) != NULL)
    return;
  fprintf(stderr, "status %s: '%s': '%.2000s'\n", tsl_status_name(status), err->where,
          err->text);
  abort();
}

/* A file in $TMPDIR, which is best in memory. libFuzzer leaves by _exit: who started it
 * sweeps. */
struct fuzz_file {
  int fd;
  char path[128];
};

static inline void fuzz_file_open(struct fuzz_file *file) {
  const char *folder = getenv("TMPDIR");
  snprintf(file->path, sizeof file->path, "%.90s/teasel-fuzz-XXXXXX",
           folder != NULL ? folder : "/tmp");
  file->fd = mkstemp(file->path);
  if (file->fd < 0)
    abort();
}

static inline void fuzz_file_fill(const struct fuzz_file *file, const void *bytes,
                                  size_t count) {
  if (ftruncate(file->fd, 0) != 0 || pwrite(file->fd, bytes, count, 0) != (ssize_t)count)
    abort();
}

#endif
