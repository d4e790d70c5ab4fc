/* `--set key=value` for a data set configuration by itself. */
#include "job/job_internal.h"

#include <string.h>

static const struct tsl_option seed_row = {.name = "seed",
                                           .type = TSL_OPTION_INTEGER,
                                           .offset =
                                               offsetof(struct tsl_dataset_config, seed),
                                           .initial = "0",
                                           .min = 0,
                                           .max = 4294967295.0};

static void set_one(struct tsl__job_reader *job, const char *text,
                    struct tsl_dataset_config *config) {
  const char *file = tsl__pool_format(job->pool, "--set %s", text);
  const char *equals = strchr(text, '=');
  const struct tsl__place place = {file, 0, 0};
  if (equals == NULL || equals == text) {
    tsl__problem(&job->problems, place, "key=value is expected, such as size=32");
    return;
  }
  /* As a job file would write it, too: dataset.size=32. */
  if (strncmp(text, "dataset.", 8) == 0)
    text += 8;
  const char *key = tsl__pool_copy(job->pool, text, (size_t)(equals - text));
  struct tsl__node *value =
      tsl__yaml_read_value(job->pool, equals + 1, place, &job->problems);
  if (key == NULL || value == NULL)
    return;
  struct tsl__table table = {config->reader->options, config->reader->option_count};
  const struct tsl_option *row = tsl__table_find(table, key);
  if (row != NULL) {
    tsl__option_parse(row, value, key, config->reader_options, &job->problems);
  } else if (strcmp(key, "seed") == 0) {
    tsl__option_parse(&seed_row, value, key, config, &job->problems);
  } else {
    const char *names[65] = {"seed"};
    size_t count = 1;
    for (size_t i = 0; i < table.count && count < 65; i++)
      names[count++] = table.rows[i].name;
    tsl__problem(&job->problems, place, "reader %s has no option '%.80s'%s",
                 config->reader->name, key,
                 tsl__did_you_mean(job->pool, key, names, count));
  }
}

enum tsl_status tsl_dataset_config_set(struct tsl_dataset_config *config,
                                       const char *const *settings, size_t count,
                                       struct tsl_error *err) {
  if (config->reader == NULL && count > 0)
    return tsl_error_set(err, TSL_BAD_INPUT, "--set", "`dataset: none` has no options");
  struct tsl_job shell = {.file = "."};
  struct tsl__pool *pool = &shell.pool;
  struct tsl__job_reader job = {.job = &shell, .pool = pool, .problems = {.pool = pool}};
  struct tsl_dataset_config changed = *config;
  for (size_t i = 0; i < count; i++)
    set_one(&job, settings[i], &changed);
  enum tsl_status status = tsl__problems_report(&job.problems, "--set", err);
  if (pool->failed)
    status = tsl_error_set(err, TSL_MEMORY, "--set", "out of memory");
  tsl__pool_release(pool);
  if (status == TSL_OK)
    *config = changed;
  return status;
}
