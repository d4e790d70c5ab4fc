/* fuzz_dataset.h - a reader of a data set, from files to the bytes of the cache, without
 * the cache's folder and lock. */
#ifndef TEASEL_TESTS_FUZZ_FUZZ_DATASET_H
#define TEASEL_TESTS_FUZZ_FUZZ_DATASET_H

#include "fuzz.h"

#include "dataset/reader.h"
#include "dataset_case.h"

#include <signal.h>
#include <sys/resource.h>

enum { FUZZ_FILE_MAX = 1 << 28 }; /* bytes that a reader may ask the disk for */

static inline void fuzz_dataset_begin(void) {
  const struct rlimit limit = {FUZZ_FILE_MAX, FUZZ_FILE_MAX};
  signal(SIGXFSZ, SIG_IGN);
  if (setrlimit(RLIMIT_FSIZE, &limit) != 0)
    abort();
  tsl_log_level_set(TSL_LOG_QUIET);
}

/* Bad input of a file names the file. */
static inline void fuzz_read(const struct tsl_dataset_config *config) {
  static struct fuzz_file cache = {.fd = -1};
  struct tsl__builder builder;
  struct tsl_error err = {0};
  const struct tsl_digest key = {{1}};
  if (cache.fd < 0)
    fuzz_file_open(&cache);
  fuzz_file_fill(&cache, "", 0);
  tsl__builder_init(&builder, cache.fd);
  enum tsl_status status =
      tsl__reader_find(config->reader->name)->read(config, NULL, &builder, &err);
  if (status == TSL_OK)
    status = tsl__builder_finish(&builder, &key, &err);
  fuzz_judge(status, &err);
  if ((status == TSL_FORMAT || status == TSL_BAD_INPUT) && err.where[0] == '\0') {
    fprintf(stderr, "no file is named: %s\n", err.text);
    abort();
  }
  tsl__builder_release(&builder);
}

/* The next bytes of the input: a length of two bytes, then as many, or what is left. */
static inline void fuzz_take(const uint8_t **data, size_t *size,
                             const struct fuzz_file *file) {
  size_t count = 0;
  if (*size >= 2) {
    count = (size_t)(*data)[0] | (size_t)(*data)[1] << 8;
    *data += 2, *size -= 2;
  }
  count = count < *size ? count : *size;
  fuzz_file_fill(file, *data, count);
  *data += count, *size -= count;
}

#endif
