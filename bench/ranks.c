/* ranks.c - what each rank of a sweep does with its time.
 *
 *   mpirun -n P ranks JOB.yaml FOLDER [KEY=VALUE ...]
 *
 * trains the job as `teasel run JOB.yaml -o FOLDER --train-only --set KEY=VALUE` does,
 * and prints a line a rank: `rank R steps N median_ms M cpu_ms C busy B waiting W`: its
 * steps, the median step on the clock and on the core, the share of a core that it used
 * while it took steps (of all its threads), and while it had nothing to do.
 *
 *   mpirun -n P ranks yardstick
 *
 * prints what this machine allows ranks side by side, a line a rank: `rank R fma F cache
 * K memory M`: GFLOP/s of fused multiply-adds in registers, GB/s of reading 16 MiB again
 * and again, GB/s of copying 256 MiB.
 */
#include "cli/job_open.h"
#include "teasel/arena.h"
#include "teasel/nn.h"
#include "teasel/train.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

enum { STAMPS_MAX = 1 << 20, LINE_MAX = 160 };

struct stamp {
  double wall, cpu; /* seconds; cpu: of all threads of this rank */
};

struct watch {
  int64_t count;
  struct stamp *stamps; /* (STAMPS_MAX) one whenever the rank looks for signals */
};

static struct stamp stamp_now(void) {
  struct timespec wall, cpu;
  clock_gettime(CLOCK_MONOTONIC, &wall);
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu);
  return (struct stamp){(double)wall.tv_sec + 1e-9 * (double)wall.tv_nsec,
                        (double)cpu.tv_sec + 1e-9 * (double)cpu.tv_nsec};
}

/* Every rank calls this once between two steps, and whenever it looks for messages while
 * it has nothing to do. */
static bool note_time(void *context) {
  struct watch *watch = context;
  if (watch->count < STAMPS_MAX)
    watch->stamps[watch->count++] = stamp_now();
  return false;
}

static int by_size(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static double quantile(double *values, int64_t count, double part) {
  if (count == 0)
    return 0;
  qsort(values, (size_t)count, sizeof *values, by_size);
  return values[(int64_t)(part * (double)count)];
}

/* A turn in which the rank computed for longer than it ever waits without sleeping is a
 * step; the first one, which warms up, is left out. */
static enum tsl_status summarize(const struct watch *watch, int rank, char *line,
                                 struct tsl_error *err) {
  const double step = 5e-3; /* seconds of computing */
  void *memory = NULL;
  TSL_TRY(tsl_allocate(&memory, 2 * (size_t)watch->count + 1, sizeof(double), err));
  double *walls = memory, *cpus = walls + watch->count; /* (steps) */
  double busy[2] = {0, 0}, waiting[2] = {0, 0};         /* wall, cpu */
  int64_t steps = 0;
  bool warm = false;
  for (int64_t i = 1; i < watch->count; i++) {
    double wall = watch->stamps[i].wall - watch->stamps[i - 1].wall;
    double cpu = watch->stamps[i].cpu - watch->stamps[i - 1].cpu;
    double *sum = cpu > step ? busy : waiting;
    if (cpu > step && !warm) {
      warm = true;
      continue;
    }
    sum[0] += wall;
    sum[1] += cpu;
    if (cpu > step) {
      walls[steps] = wall;
      cpus[steps++] = cpu;
    }
  }
  snprintf(line, LINE_MAX,
           "rank %d steps %lld median_ms %.3f quarter_ms %.3f cpu_ms %.3f busy %.3f "
           "waiting %.4f",
           rank, (long long)steps, 1e3 * quantile(walls, steps, 0.5),
           1e3 * quantile(walls, steps, 0.25), 1e3 * quantile(cpus, steps, 0.5),
           busy[0] > 0 ? busy[1] / busy[0] : 0,
           waiting[0] > 0.1 ? waiting[1] / waiting[0] : 0);
  free(memory);
  return TSL_OK;
}

/* ---- the sweep ---- */

struct sweep {
  struct tsl_job *job;
  struct tsl_dataset *dataset;
  struct tsl_store *store;
};

static enum tsl_status open_sweep(struct sweep *sweep, struct tsl_team *team, int argc,
                                  char **argv, struct tsl_error *err) {
  const char *const *settings = (const char *const *)(argv + 3);
  TSL_TRY(
      tsl_cli_job_open_on(team, argv[1], settings, (size_t)argc - 3, &sweep->job, err));
  const struct tsl_job_options *options = tsl_job_options(sweep->job);
  enum tsl_status status = tsl_nn_start(options->schedule.isa, err);
  TSL_TRY(tsl_team_agree(team, status, err));
  TSL_TRY(tsl_dataset_open(tsl_job_dataset(sweep->job),
                           &tsl_job_run(sweep->job, 0)->network->input,
                           options->schedule.cache, team, NULL, &sweep->dataset, err));
  tsl_job_name_runs(sweep->job, &tsl_dataset_view(sweep->dataset)->digest);
  if (tsl_team_index(team) == 0)
    status = tsl_store_open(argv[2], TSL_STORE_CREATE, &sweep->store, err);
  TSL_TRY(tsl_team_agree(team, status, err));
  if (tsl_team_index(team) > 0)
    status = tsl_store_open(argv[2], TSL_STORE_CREATE, &sweep->store, err);
  return tsl_team_agree(team, status, err);
}

static enum tsl_status run_sweep(struct tsl_world *world, int argc, char **argv,
                                 char *line, struct tsl_error *err) {
  struct sweep sweep = {0};
  struct watch watch = {0};
  void *memory = NULL;
  TSL_TRY(tsl_allocate(&memory, STAMPS_MAX, sizeof *watch.stamps, err));
  watch.stamps = memory;
  enum tsl_status status = open_sweep(&sweep, tsl_world_team(world), argc, argv, err);
  if (status == TSL_OK) {
    const struct tsl_sweep_request request = {.job = sweep.job,
                                              .dataset = sweep.dataset,
                                              .store = sweep.store,
                                              .stop = note_time,
                                              .context = &watch};
    status = tsl_sweep_run(&request, world, err);
  }
  if (status == TSL_OK)
    status = summarize(&watch, tsl_world_rank(world), line, err);
  tsl_store_close(sweep.store);
  tsl_dataset_close(sweep.dataset);
  tsl_job_free(sweep.job);
  free(memory);
  return status;
}

/* ---- the yardsticks ---- */

enum { CHAINS = 10, ROUNDS = 1 << 16, WIDE = 16 };

#if defined(__x86_64__)
__attribute__((target("avx512f"))) static double multiply_512(void) {
  __m512 sums[CHAINS], factor = _mm512_set1_ps(0.999F), term = _mm512_set1_ps(0.001F);
  for (int k = 0; k < CHAINS; k++)
    sums[k] = _mm512_set1_ps((float)k);
  for (int i = 0; i < ROUNDS; i++) {
    for (int k = 0; k < CHAINS; k++)
      sums[k] = _mm512_fmadd_ps(sums[k], factor, term);
  }
  double total = 0;
  for (int k = 0; k < CHAINS; k++)
    total += (double)_mm512_reduce_add_ps(sums[k]);
  return total;
}

__attribute__((target("avx2,fma"))) static double multiply_256(void) {
  __m256 sums[2 * CHAINS], factor = _mm256_set1_ps(0.999F), term = _mm256_set1_ps(0.001F);
  for (int k = 0; k < 2 * CHAINS; k++)
    sums[k] = _mm256_set1_ps((float)k);
  for (int i = 0; i < ROUNDS; i++) {
    for (int k = 0; k < 2 * CHAINS; k++)
      sums[k] = _mm256_fmadd_ps(sums[k], factor, term);
  }
  double total = 0;
  for (int k = 0; k < 2 * CHAINS; k++)
    total += (double)_mm256_cvtss_f32(sums[k]);
  return total;
}
#endif

/* One piece of work of each yardstick; what is returned keeps the compiler from leaving
 * the work out. */
static double multiply(void) {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f"))
    return multiply_512();
  if (__builtin_cpu_supports("fma"))
    return multiply_256();
#endif
  return 0;
}

static float *field; /* (2, FIELD) */
enum { FIELD = 1 << 26, CACHE = 1 << 22 };

static double read_cache(void) {
  float sums[WIDE] = {0};
  for (size_t i = 0; i < CACHE; i += WIDE) {
    for (size_t k = 0; k < WIDE; k++)
      sums[k] += field[i + k];
  }
  double total = 0;
  for (int k = 0; k < WIDE; k++)
    total += (double)sums[k];
  return total;
}

static double copy_memory(void) {
  const float *from = field + FIELD;
  memcpy(field, from, FIELD * sizeof *field);
  return (double)field[FIELD - 1];
}

/* Units a second, while all ranks do the same. */
static enum tsl_status measure(struct tsl_team *team, double (*work)(void), double units,
                               double *rate, struct tsl_error *err) {
  const double seconds = 0.7;
  volatile double kept = work(); /* warm */
  int pieces = 0;
  TSL_TRY(tsl_team_barrier(team, err));
  double begun = stamp_now().wall, now = begun;
  for (; now - begun < seconds; now = stamp_now().wall, pieces++)
    kept += work();
  *rate = units * pieces / (now - begun);
  return TSL_OK;
}

static enum tsl_status run_yardsticks(struct tsl_world *world, char *line,
                                      struct tsl_error *err) {
  struct tsl_team *team = tsl_world_team(world);
  double fma = 0, cache = 0, memory = 0;
  void *floats = NULL;
  enum tsl_status status = tsl_allocate(&floats, 2 * (size_t)FIELD, sizeof *field, err);
  field = floats;
  for (size_t i = 0; field != NULL && i < 2 * (size_t)FIELD; i++)
    field[i] = 1;
  status = tsl_team_agree(team, status, err);
  if (status == TSL_OK)
    status = measure(team, multiply, 2e-9 * CHAINS * ROUNDS * WIDE, &fma, err);
  if (status == TSL_OK)
    status = measure(team, read_cache, 1e-9 * CACHE * sizeof *field, &cache, err);
  if (status == TSL_OK)
    status = measure(team, copy_memory, 1e-9 * FIELD * sizeof *field, &memory, err);
  free(floats);
  snprintf(line, LINE_MAX, "rank %d fma %.1f cache %.2f memory %.2f",
           tsl_world_rank(world), fma, cache, memory);
  return status;
}

int main(int argc, char **argv) {
  struct tsl_world *world = NULL;
  struct tsl_error err = {0};
  enum tsl_status status = tsl_world_open(&argc, &argv, &world, &err);
  bool yardstick = argc == 2 && strcmp(argv[1], "yardstick") == 0;
  if (status == TSL_OK && argc < 3 && !yardstick)
    status = tsl_error_set(&err, TSL_BAD_INPUT, "", "usage: ranks JOB.yaml FOLDER ...");
  int size = status == TSL_OK ? tsl_world_size(world) : 1;
  int rank = status == TSL_OK ? tsl_world_rank(world) : 0;
  char *lines = calloc((size_t)size, LINE_MAX); /* (size, LINE_MAX) */
  if (lines == NULL)
    return 1;
  char *line = lines + (size_t)rank * LINE_MAX;
  if (status == TSL_OK)
    status = yardstick ? run_yardsticks(world, line, &err)
                       : run_sweep(world, argc, argv, line, &err);
  if (status == TSL_OK)
    status = tsl_team_gather(tsl_world_team(world), lines, LINE_MAX, &err);
  for (int i = 0; status == TSL_OK && rank == 0 && i < size; i++)
    puts(lines + (size_t)i * LINE_MAX);
  if (status != TSL_OK)
    fprintf(stderr, "ranks: %s: %s\n", err.where, err.text);
  free(lines);
  tsl_world_close(world);
  return status == TSL_OK ? 0 : 1;
}
