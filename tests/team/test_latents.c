// ranks: 1 2 3 4
/* latents.h5 holds the same bytes whoever writes it: several ranks together, one rank
 * with parallel HDF5, one process without MPI. */
#include "unit.h"

#include "teasel/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { RUNS = 7, POINTS = 50, FACTORS = 3 };

static struct tsl_world *world;
static char folder[64]; /* of this mpirun */

struct sample {
  int64_t indices[POINTS];
  int32_t labels[POINTS];
  float factors[POINTS * FACTORS];
  char names[RUNS][32];
  struct tsl_latents_run runs[RUNS];
  struct tsl_latents latents;
};

/* Run i has 4 + i % 3 latents, every third one clusters, and is held by member i % size.
 */
static void sample_fill(struct sample *sample, int index, int size) {
  memset(sample, 0, sizeof *sample);
  for (int i = 0; i < POINTS; i++) {
    sample->indices[i] = 3 * i + 1;
    sample->labels[i] = i % 2;
    for (int k = 0; k < FACTORS; k++)
      sample->factors[i * FACTORS + k] = (float)i / (float)(k + 1);
  }
  for (int i = 0; i < RUNS; i++) {
    struct tsl_latents_run *run = &sample->runs[i];
    snprintf(sample->names[i], sizeof sample->names[i], "beta_vae-beta=%d", i);
    run->name = sample->names[i];
    run->latent = 4 + i % 3;
    run->clusters = i % 3 == 1 ? 2 : 0;
    if (i % size != index)
      continue;
    size_t count = (size_t)(POINTS * run->latent);
    run->mean = calloc(count, sizeof(float));
    run->log_variance = calloc(count, sizeof(float));
    if (run->clusters > 0)
      run->cluster_logits = calloc(2 * POINTS, sizeof(float));
    for (int k = 0; k < POINTS * run->clusters; k++)
      run->cluster_logits[k] = 0.5F * (float)(k - i);
    for (size_t k = 0; k < count; k++) {
      run->mean[k] = (float)(i + 1) * (float)k;
      run->log_variance[k] = -(float)(i + 1) - (float)k;
    }
  }
  sample->latents = (struct tsl_latents){.points = POINTS,
                                         .indices = sample->indices,
                                         .labels = sample->labels,
                                         .factors = sample->factors,
                                         .factor_count = FACTORS,
                                         .run_count = RUNS,
                                         .runs = sample->runs};
}

static void sample_release(struct sample *sample) {
  for (int i = 0; i < RUNS; i++) {
    free(sample->runs[i].mean);
    free(sample->runs[i].log_variance);
    free(sample->runs[i].cluster_logits);
  }
}

static enum tsl_status write_with(struct tsl_team *team, const char *name,
                                  struct tsl_error *err) {
  char path[128];
  struct tsl_store *store = NULL;
  snprintf(path, sizeof path, "%s/%s", folder, name);
  TSL_TRY(tsl_store_open(path, TSL_STORE_CREATE, &store, err));
  struct sample sample;
  sample_fill(&sample, tsl_team_index(team), tsl_team_size(team));
  enum tsl_status status = tsl_store_latents_write(store, team, &sample.latents, err);
  sample_release(&sample);
  tsl_store_close(store);
  return status;
}

static void assert_same_bytes(const char *one, const char *other) {
  struct tsl_error err = {0};
  char path[128];
  char *bytes[2];
  size_t counts[2];
  snprintf(path, sizeof path, "%s/%s/latents.h5", folder, one);
  assert_int_equal(tsl_file_read(path, &bytes[0], &counts[0], &err), TSL_OK);
  snprintf(path, sizeof path, "%s/%s/latents.h5", folder, other);
  assert_int_equal(tsl_file_read(path, &bytes[1], &counts[1], &err), TSL_OK);
  assert_int_equal(counts[0], counts[1]);
  assert_memory_equal(bytes[0], bytes[1], counts[0]);
  free(bytes[0]);
  free(bytes[1]);
}

static void test_latents__are_the_same_bytes_for_any_number_of_members(void **state) {
  (void)state;
  struct tsl_error err = {0};
  enum tsl_status status = write_with(tsl_world_team(world), "together", &err);
  if (status != TSL_OK)
    fprintf(stderr, "%s: %s\n", err.where, err.text);
  assert_int_equal(status, TSL_OK);
  if (tsl_world_rank(world) == 0) {
    assert_int_equal(write_with(tsl_team_alone(), "alone", &err), TSL_OK);
    assert_same_bytes("together", "alone");
    assert_same_bytes("together", "plain"); /* written before MPI was started */
  }
  assert_int_equal(tsl_team_barrier(tsl_world_team(world), &err), TSL_OK);
}

static void test_latents__read_back_what_the_members_held(void **state) {
  (void)state;
  struct tsl_error err = {0};
  char path[128];
  struct tsl_store *store = NULL;
  struct tsl_latents latents = {0};
  struct sample sample;
  sample_fill(&sample, 0, 1);
  snprintf(path, sizeof path, "%s/together", folder);
  assert_int_equal(tsl_store_open(path, TSL_STORE_CREATE, &store, &err), TSL_OK);
  assert_int_equal(tsl_store_latents_read(store, &latents, &err), TSL_OK);
  assert_int_equal(latents.points, POINTS);
  assert_int_equal(latents.run_count, RUNS);
  assert_int_equal(latents.factor_count, FACTORS);
  assert_memory_equal(latents.indices, sample.indices, sizeof sample.indices);
  assert_memory_equal(latents.labels, sample.labels, sizeof sample.labels);
  assert_memory_equal(latents.factors, sample.factors, sizeof sample.factors);
  for (int i = 0; i < RUNS; i++) {
    size_t bytes = (size_t)(POINTS * sample.runs[i].latent) * sizeof(float);
    assert_string_equal(latents.runs[i].name, sample.names[i]);
    assert_int_equal(latents.runs[i].latent, sample.runs[i].latent);
    assert_memory_equal(latents.runs[i].mean, sample.runs[i].mean, bytes);
    assert_memory_equal(latents.runs[i].log_variance, sample.runs[i].log_variance, bytes);
    assert_int_equal(latents.runs[i].clusters, sample.runs[i].clusters);
    if (sample.runs[i].clusters > 0)
      assert_memory_equal(latents.runs[i].cluster_logits, sample.runs[i].cluster_logits,
                          2 * POINTS * sizeof(float));
  }
  tsl_latents_release(&latents);
  tsl_store_close(store);
  sample_release(&sample);
}

static void test_latents__a_lost_folder_is_every_members_error(void **state) {
  (void)state;
  struct tsl_error err = {0};
  char path[128];
  struct tsl_store *store = NULL;
  struct tsl_team *team = tsl_world_team(world);
  snprintf(path, sizeof path, "%s/lost", folder);
  assert_int_equal(tsl_store_open(path, TSL_STORE_CREATE, &store, &err), TSL_OK);
  assert_int_equal(tsl_team_barrier(team, &err), TSL_OK);
  if (tsl_world_rank(world) == 0) {
    char command[256];
    snprintf(command, sizeof command, "rm -rf '%s'", path);
    assert_int_equal(system(command), 0);
  }
  assert_int_equal(tsl_team_barrier(team, &err), TSL_OK);
  struct sample sample;
  sample_fill(&sample, tsl_team_index(team), tsl_team_size(team));
  assert_int_equal(tsl_store_latents_write(store, team, &sample.latents, &err), TSL_IO);
  assert_non_null(strstr(err.where, "latents.h5"));
  sample_release(&sample);
  tsl_store_close(store);
}

/* Rank 0, before MPI: the plain file, by a process that never starts MPI. */
static int write_plain(void) {
  pid_t child = fork();
  if (child == 0) {
    struct tsl_error err = {0};
    enum tsl_status status = write_with(tsl_team_alone(), "plain", &err);
    if (status != TSL_OK)
      fprintf(stderr, "%s: %s\n", err.where, err.text);
    exit(status == TSL_OK ? 0 : 1);
  }
  int code = -1;
  return waitpid(child, &code, 0) == child && code == 0;
}

int main(int argc, char **argv) {
  const char *rank = getenv("OMPI_COMM_WORLD_RANK");
  snprintf(folder, sizeof folder, "/tmp/teasel-latents-%ld", (long)getppid());
  if (rank == NULL || strcmp(rank, "0") == 0) {
    if (!write_plain())
      return 1;
  }
  struct tsl_error err = {0};
  if (tsl_world_open(&argc, &argv, &world, &err) != TSL_OK)
    return 1;
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_latents__are_the_same_bytes_for_any_number_of_members),
      cmocka_unit_test(test_latents__read_back_what_the_members_held),
      cmocka_unit_test(test_latents__a_lost_folder_is_every_members_error),
  };
  int failed = cmocka_run_group_tests(tests, NULL, NULL);
  tsl_team_barrier(tsl_world_team(world), &err);
  if (tsl_world_rank(world) == 0) {
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    failed += system(command) != 0;
  }
  tsl_world_close(world);
  return failed;
}
