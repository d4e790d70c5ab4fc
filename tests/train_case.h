/* train_case.h - a small job on generated tubers, in a folder of its own, for tests that
 * train. */
#ifndef TEASEL_TESTS_TRAIN_CASE_H
#define TEASEL_TESTS_TRAIN_CASE_H

#include "unit.h"

#include "cli/job_open.h"
#include "teasel/nn.h"
#include "teasel/train.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct train_case {
  struct tsl_world *world;
  char folder[64];
  struct tsl_job *job;
  struct tsl_dataset *dataset;
};

static inline void case_write(const struct train_case *made, const char *name,
                              const char *text) {
  char path[256];
  snprintf(path, sizeof path, "%s/%s", made->folder, name);
  assert_int_equal(tsl_file_write(path, text, strlen(text), NULL), TSL_OK);
}

static const char case_data[] = "reader: tubers\ncount: 120\ngood: 20\nsize: 8\n";

static const char case_network[] =
    "input: [3, 8, 8]\n"
    "encoder:\n"
    "  - conv: {filters: 8, kernel: 4, stride: 2, pad: 1, activation: relu}\n"
    "  - dense: {units: 16, activation: relu}\n"
    "decoder:\n"
    "  - dense: {units: 128, activation: relu}\n"
    "  - reshape: [8, 4, 4]\n"
    "  - deconv: {filters: 3, kernel: 4, stride: 2, pad: 1}\n";

/* Batch normalisation needs the whole batch, dropout its own noise. */
static const char case_network_norm[] =
    "input: [3, 8, 8]\n"
    "encoder:\n"
    "  - conv: {filters: 8, kernel: 3, stride: 1, pad: 1, norm: batch, activation: "
    "relu}\n"
    "  - maxpool: {kernel: 2}\n"
    "  - dropout: {rate: 0.25}\n"
    "  - dense: {units: 16, norm: batch, activation: elu}\n"
    "decoder:\n"
    "  - dense: {units: 64, activation: tanh}\n"
    "  - reshape: [4, 4, 4]\n"
    "  - upsample: {factor: 2}\n"
    "  - conv: {filters: 3, kernel: 3, stride: 1, pad: 1}\n";

/* Joint samples go through a decoder with batch normalisation and dropout. */
static const char case_network_prior[] =
    "input: [3, 8, 8]\n"
    "encoder:\n"
    "  - conv: {filters: 8, kernel: 4, stride: 2, pad: 1, norm: batch, activation: "
    "relu}\n"
    "  - dense: {units: 16, activation: tanh}\n"
    "decoder:\n"
    "  - dense: {units: 128, norm: batch, activation: relu}\n"
    "  - dropout: {rate: 0.25}\n"
    "  - reshape: [8, 4, 4]\n"
    "  - deconv: {filters: 3, kernel: 4, stride: 2, pad: 1}\n"
    "prior:\n"
    "  - dense: {units: 16, activation: tanh}\n";

/* The head of a job file; the rest are its families. */
#define CASE_HEAD                                                                        \
  "name: case\ndataset: ./data.yaml\nnetwork: ./network.yaml\nlatent: 4\n"               \
  "schedule: {cache: cache}\n"

/* Collective on the world. job: the text of the job file. */
static inline void case_open(struct train_case *made, struct tsl_world *world,
                             const char *job, const char *network) {
  struct tsl_team *team = tsl_world_team(world);
  struct tsl_error err = {0};
  *made = (struct train_case){.world = world};
  tsl_world_set_peer_seconds(world, 60); /* a failed test should end soon */
  if (tsl_world_rank(world) == 0) {
    snprintf(made->folder, sizeof made->folder, "/tmp/teasel-train-XXXXXX");
    assert_non_null(mkdtemp(made->folder));
    case_write(made, "data.yaml", case_data);
    case_write(made, "network.yaml", network);
    case_write(made, "job.yaml", job);
  }
  assert_int_equal(tsl_team_broadcast(team, 0, made->folder, sizeof made->folder, NULL),
                   TSL_OK);
  char path[128];
  snprintf(path, sizeof path, "%s/job.yaml", made->folder);
  if (tsl_cli_job_open_on(team, path, NULL, 0, &made->job, &err) != TSL_OK)
    fail_msg("%s: %s", err.where, err.text);
  snprintf(path, sizeof path, "%s/cache", made->folder);
  if (tsl_dataset_open(tsl_job_dataset(made->job),
                       &tsl_job_run(made->job, 0)->network->input, path, team, NULL,
                       &made->dataset, &err) != TSL_OK)
    fail_msg("%s: %s", err.where, err.text);
  tsl_job_name_runs(made->job, &tsl_dataset_view(made->dataset)->digest);
}

static inline int case_remove(const char *path, const struct stat *facts, int flag,
                              struct FTW *walk) {
  (void)facts, (void)flag, (void)walk;
  return remove(path);
}

/* Collective on the world. */
static inline void case_close(struct train_case *made) {
  tsl_dataset_close(made->dataset);
  tsl_job_free(made->job);
  assert_int_equal(tsl_team_barrier(tsl_world_team(made->world), NULL), TSL_OK);
  if (tsl_world_rank(made->world) == 0)
    assert_int_equal(nftw(made->folder, case_remove, 16, FTW_DEPTH | FTW_PHYS), 0);
}

/* Local. A results folder below the case's. */
static inline struct tsl_store *case_store(const struct train_case *made,
                                           const char *name) {
  char path[128];
  struct tsl_store *store = NULL;
  struct tsl_error err = {0};
  snprintf(path, sizeof path, "%s/%s", made->folder, name);
  if (tsl_store_open(path, TSL_STORE_CREATE, &store, &err) != TSL_OK)
    fail_msg("%s: %s", err.where, err.text);
  return store;
}

static inline struct tsl_train_request case_request(const struct train_case *made,
                                                    size_t run, struct tsl_store *store) {
  return (struct tsl_train_request){.run = tsl_job_run(made->job, run),
                                    .options = tsl_job_options(made->job),
                                    .dataset = made->dataset,
                                    .store = store};
}

/* Local. A file of a run; free(). NULL when there is none. */
static inline char *case_file(const struct tsl_store *store, const struct tsl_run *run,
                              const char *file, size_t *count) {
  char path[TSL_PATH_MAX];
  char *bytes = NULL;
  tsl_store_run_path(store, run->name, file, path);
  if (!tsl_file_exists(path))
    return NULL;
  assert_int_equal(tsl_file_read(path, &bytes, count, NULL), TSL_OK);
  return bytes;
}

/* Local. The two files are there and have the same bytes. */
static inline void case_equal(const struct tsl_store *a, const struct tsl_store *b,
                              const struct tsl_run *run, const char *file) {
  size_t count_a = 0, count_b = 0;
  char *bytes_a = case_file(a, run, file, &count_a);
  char *bytes_b = case_file(b, run, file, &count_b);
  assert_non_null(bytes_a);
  assert_non_null(bytes_b);
  assert_int_equal(count_a, count_b);
  assert_memory_equal(bytes_a, bytes_b, count_a);
  free(bytes_a);
  free(bytes_b);
}

#endif
