/* dataset_case.h - data set configurations and files for the tests of readers. */
#ifndef TEASEL_TESTS_DATASET_CASE_H
#define TEASEL_TESTS_DATASET_CASE_H

#include "teasel/dataset.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static inline const struct tsl_option *
case_option(const struct tsl_dataset_config *config, const char *name) {
  for (size_t i = 0; i < config->reader->option_count; i++)
    if (strcmp(config->reader->options[i].name, name) == 0)
      return &config->reader->options[i];
  fprintf(stderr, "reader %s has no option %s\n", config->reader->name, name);
  abort();
}

static inline void case_set(struct tsl_dataset_config *config, const char *name,
                            const char *value) {
  const struct tsl_option *option = case_option(config, name);
  unsigned char *at = config->reader_options + option->offset;
  switch (option->type) {
  case TSL_OPTION_BOOL: {
    bool truth = strcmp(value, "true") == 0;
    memcpy(at, &truth, sizeof truth);
    break;
  }
  case TSL_OPTION_INTEGER: {
    int64_t whole = strtoll(value, NULL, 10);
    memcpy(at, &whole, sizeof whole);
    break;
  }
  case TSL_OPTION_REAL: {
    double real = strtod(value, NULL);
    memcpy(at, &real, sizeof real);
    break;
  }
  case TSL_OPTION_CHOICE: {
    const char *found = strstr(option->words, value);
    int index = 0;
    if (found == NULL)
      abort();
    for (const char *c = option->words; c < found; c++)
      index += *c == '|';
    memcpy(at, &index, sizeof index);
    break;
  }
  case TSL_OPTION_SET:
    abort();
  case TSL_OPTION_TEXT:
  case TSL_OPTION_PATH:
    snprintf((char *)at, TSL_TEXT_MAX, "%.*s", TSL_TEXT_MAX - 1, value);
  }
}

/* Every option at its default. */
static inline struct tsl_dataset_config case_config(const char *reader) {
  static struct tsl_dataset_config config;
  memset(&config, 0, sizeof config);
  snprintf(config.name, sizeof config.name, "%s-case", reader);
  snprintf(config.file, sizeof config.file, "%s-case.yaml", reader);
  for (size_t i = 0; i < tsl_reader_count(); i++)
    if (strcmp(tsl_reader_at(i)->name, reader) == 0)
      config.reader = tsl_reader_at(i);
  if (config.reader == NULL)
    abort();
  for (size_t i = 0; i < config.reader->option_count; i++)
    if (config.reader->options[i].initial != NULL)
      case_set(&config, config.reader->options[i].name,
               config.reader->options[i].initial);
  return config;
}

static inline int case_remove(const char *path, const struct stat *facts, int flag,
                              struct FTW *walk) {
  (void)facts, (void)flag, (void)walk;
  return remove(path);
}

/* A folder of this test alone; group set-up and tear-down. */
static char case_folder[64];
static inline int case_begin(void **state) {
  (void)state;
  snprintf(case_folder, sizeof case_folder, "/tmp/teasel-test-XXXXXX");
  return mkdtemp(case_folder) == NULL;
}
static inline int case_end(void **state) {
  (void)state;
  return nftw(case_folder, case_remove, 16, FTW_DEPTH | FTW_PHYS);
}

/* A path in that folder; stays valid, each name is kept once. */
static inline const char *case_path(const char *name) {
  enum { PATHS_MAX = 256, LENGTH_MAX = 160 };
  static char paths[PATHS_MAX][LENGTH_MAX];
  char path[LENGTH_MAX];
  snprintf(path, sizeof path, "%s/%s", case_folder, name);
  for (int i = 0; i < PATHS_MAX; i++) {
    if (paths[i][0] == '\0')
      memcpy(paths[i], path, sizeof path);
    if (strcmp(paths[i], path) == 0)
      return paths[i];
  }
  abort();
}

static inline void case_write(const char *path, const void *bytes, size_t count) {
  FILE *file = fopen(path, "wb");
  if (file == NULL || fwrite(bytes, 1, count, file) != count || fclose(file) != 0)
    abort();
}

/* Opens with the test's own folder as the cache. */
static inline enum tsl_status case_open(const struct tsl_dataset_config *config,
                                        struct tsl_dataset **out, struct tsl_error *err) {
  return tsl_dataset_open(config, NULL, case_path("cache"), NULL, NULL, out, err);
}

#endif
