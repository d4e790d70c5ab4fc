/* job_fixture.h - a few families, the real readers, files from the disk, and a job read
 * from text: what the tests of src/job share. The families are the fixture's own, so that
 * messages and ids here change with src/job alone. */
#ifndef TEASEL_TESTS_JOB_FIXTURE_H
#define TEASEL_TESTS_JOB_FIXTURE_H

#include "teasel/dataset.h"
#include "teasel/job.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct fixture_options {
  double beta, capacity;
  int64_t capacity_steps;
  int estimator;
};

#define FIXTURE_REAL(text, field, first)                                                 \
  {                                                                                      \
    .name = (text), .type = TSL_OPTION_REAL,                                             \
    .offset = offsetof(struct fixture_options, field), .initial = (first), .min = 0,     \
    .max = 1e6, .help = "A number of the fixture."                                       \
  }
#define FIXTURE_TABLE(rows)                                                              \
  .options = (rows), .option_count = sizeof(rows) / sizeof *(rows),                      \
  .options_bytes = sizeof(struct fixture_options)

static const struct tsl_option fixture_beta[] = {FIXTURE_REAL("beta", beta, "4")};
static const struct tsl_option fixture_tcvae[] = {
    FIXTURE_REAL("beta", beta, "6"),
    {.name = "estimator",
     .type = TSL_OPTION_CHOICE,
     .offset = offsetof(struct fixture_options, estimator),
     .initial = "mws",
     .words = "mws|mss",
     .help = "Estimator of the total correlation."}};
static const struct tsl_option fixture_capacity[] = {
    FIXTURE_REAL("beta", beta, "1000"),
    FIXTURE_REAL("capacity", capacity, NULL),
    {.name = "capacity_steps",
     .type = TSL_OPTION_INTEGER,
     .offset = offsetof(struct fixture_options, capacity_steps),
     .initial = "0",
     .min = 0,
     .max = 1e12,
     .help = "Steps of the rise."}};

static inline void fixture_check(const void *options, const struct tsl_run_options *run,
                                 const struct tsl_network *network,
                                 struct tsl_error *err) {
  (void)options;
  (void)network;
  if (run->latent > 1000)
    tsl_error_add(err, TSL_BAD_INPUT, "", "latent: %lld is more than 1000",
                  (long long)run->latent);
}

static const struct tsl_family fixture_families[] = {
    {.name = "vae", .summary = "plain"},
    {.name = "beta_vae", .summary = "weighted", FIXTURE_TABLE(fixture_beta)},
    {.name = "beta_tcvae", .summary = "total correlation", FIXTURE_TABLE(fixture_tcvae)},
    {.name = "c_beta_vae", .summary = "annealed", FIXTURE_TABLE(fixture_capacity)},
    {.name = "ae",
     .summary = "its decoder gets what the encoder gives",
     .check = fixture_check,
     .code_from_encoder = true},
    {.name = "rbm", .summary = "has no decoder", .without_decoder = true},
};

struct fixture_pictures {
  char folder[TSL_TEXT_MAX];
  double crop;
};
static const struct tsl_option fixture_pictures_table[] = {
    {.name = "folder",
     .type = TSL_OPTION_PATH,
     .offset = offsetof(struct fixture_pictures, folder),
     .help = "Folder of class folders."},
    {.name = "crop",
     .type = TSL_OPTION_REAL,
     .offset = offsetof(struct fixture_pictures, crop),
     .initial = "1",
     .min = 0.1,
     .max = 1,
     .help = "Central part that is kept."}};
static const struct tsl_reader fixture_pictures = {.name = "pictures",
                                                   .summary = "of the fixture",
                                                   .options = fixture_pictures_table,
                                                   .option_count = 2,
                                                   .options_bytes =
                                                       sizeof(struct fixture_pictures)};

static inline struct tsl_registry fixture_registry(void) {
  static const struct tsl_family *families[64];
  static const struct tsl_reader *readers[64];
  struct tsl_registry registry = {.families = families, .readers = readers};
  for (size_t i = 0; i < sizeof fixture_families / sizeof *fixture_families; i++)
    families[registry.family_count++] = &fixture_families[i];
  for (; registry.reader_count < tsl_reader_count(); registry.reader_count++)
    readers[registry.reader_count] = tsl_reader_at(registry.reader_count);
  readers[registry.reader_count++] = &fixture_pictures;
  return registry;
}

/* ---- files ---- */

static inline enum tsl_status fixture_read(void *context, const char *path, char **bytes,
                                           size_t *count, struct tsl_error *err) {
  (void)context;
  FILE *file = fopen(path, "rb");
  if (file == NULL)
    return tsl_error_set(err, TSL_IO, path, "cannot open");
  size_t room = 4u << 20, used = 0;
  char *text = malloc(room + 1);
  if (text != NULL)
    used = fread(text, 1, room, file);
  fclose(file);
  if (text == NULL)
    return tsl_error_set(err, TSL_MEMORY, path, "out of memory");
  text[used] = '\0';
  *bytes = text;
  *count = used;
  return TSL_OK;
}

static inline bool fixture_exists(void *context, const char *path) {
  (void)context;
  return access(path, R_OK) == 0;
}

static const struct tsl_file_source fixture_source = {
    .read = fixture_read, .exists = fixture_exists, .folder = "/somewhere"};

/* A job from text, as if it stood in jobs/; up to three settings, NULL for none. */
static inline enum tsl_status fixture_job(const char *file, const char *text,
                                          const char *const settings[3],
                                          struct tsl_job **job, struct tsl_error *err) {
  struct tsl_registry registry = fixture_registry();
  size_t count = 0;
  while (settings != NULL && count < 3 && settings[count] != NULL)
    count++;
  const struct tsl_job_text job_text = {file, text, strlen(text), settings, count};
  return tsl_job_read(&job_text, &registry, &fixture_source, NULL, job, err);
}

#endif
