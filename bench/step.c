/* step.c - the time of one training step on one core.
 *
 *   step [--nodes] [--input] NETWORK [FAMILY [BATCH [SHARDS [STEPS]]]] [OPTION=VALUE ...]
 *
 * NETWORK is a name in configs/networks or a path; options are those of a job. Prints the
 * median and the fastest of STEPS steps, and what the core can do at most: a loop of
 * fused multiply-adds runs between the steps. --nodes adds the time of every operator;
 * --input gathers every batch from a data set (generated tubers) and tells its share.
 * bench/step_pytorch.py does the same work in PyTorch.
 */
#include "cli/job_open.h"
#include "nn/graph.h"
#include "nn/wide.h"
#include "teasel/dataset.h"
#include "teasel/model.h"
#include "teasel/random.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

enum { DATASET = 7648, ITERATIONS = 100000, WARM = 3, SETTINGS_MAX = 16 };

static double seconds_of(clockid_t clock) {
  struct timespec now;
  clock_gettime(clock, &now);
  return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* ---- the peak ---- */

enum { CHAINS = 12, ROUNDS = 30000 };

#if TSL__WIDE_BUILT
/* Chains that do not wait for each other, as many as keep two multipliers busy. */
__attribute__((target("avx512f"))) static void multiply_wide(void) {
  __m512 sums[CHAINS];
  for (int i = 0; i < CHAINS; i++)
    sums[i] = _mm512_set1_ps((float)i);
  const __m512 a = _mm512_set1_ps(0.999F), b = _mm512_set1_ps(0.001F);
  for (int n = 0; n < ROUNDS; n++) {
#pragma GCC unroll 12
    for (int i = 0; i < CHAINS; i++)
      sums[i] = _mm512_fmadd_ps(sums[i], a, b);
  }
#pragma GCC unroll 12
  for (int i = 0; i < CHAINS; i++)
    __asm__ volatile("" : : "v"(sums[i])); /* somebody wants it */
}

/* Thousand millions of operations a second; 0: not known here. */
static double peak(void) {
  if (!__builtin_cpu_supports("avx512f"))
    return 0;
  double begin = seconds_of(CLOCK_MONOTONIC);
  multiply_wide();
  return 2e-9 * 16 * CHAINS * ROUNDS / (seconds_of(CLOCK_MONOTONIC) - begin);
}
#else
static double peak(void) {
  return 0;
}
#endif

/* ---- the time of every operator: their functions are exchanged for timed ones ---- */

static const struct tsl__operator *originals[TSL__NODES_MAX];
static struct tsl__operator timed[TSL__NODES_MAX];
enum part { FORWARD, BACKWARD, REFRESH, PARTS };
static struct {
  double fastest; /* seconds of a call */
  int64_t calls;
} spent[TSL__NODES_MAX][PARTS];

static void spend(int node, enum part part, double begin) {
  double time = seconds_of(CLOCK_THREAD_CPUTIME_ID) - begin;
  if (spent[node][part].calls == 0 || time < spent[node][part].fastest)
    spent[node][part].fastest = time;
  spent[node][part].calls++;
}

static void timed_forward(const struct tsl__task *task) {
  double begin = seconds_of(CLOCK_THREAD_CPUTIME_ID);
  originals[task->node->index]->forward(task);
  spend(task->node->index, FORWARD, begin);
}

static void timed_backward(const struct tsl__task *task) {
  double begin = seconds_of(CLOCK_THREAD_CPUTIME_ID);
  originals[task->node->index]->backward(task);
  spend(task->node->index, BACKWARD, begin);
}

static void timed_refresh(struct tsl_graph *graph, struct tsl__node *node) {
  double begin = seconds_of(CLOCK_THREAD_CPUTIME_ID);
  originals[node->index]->refresh(graph, node);
  spend(node->index, REFRESH, begin);
}

static void time_nodes(struct tsl_graph *graph) {
  for (int i = 0; i < graph->node_count; i++) {
    struct tsl__node *node = graph->nodes[i];
    if (node->operator_ == &tsl__operator_objective ||
        node->operator_ == &tsl__operator_term)
      continue; /* the engine knows these by their address */
    originals[i] = node->operator_;
    timed[i] = *node->operator_;
    timed[i].forward = timed_forward;
    if (timed[i].backward != NULL)
      timed[i].backward = timed_backward;
    if (timed[i].refresh != NULL)
      timed[i].refresh = timed_refresh;
    node->operator_ = &timed[i];
  }
}

/* The fastest call of each, times the calls of a step. */
static void print_nodes(const struct tsl_graph *graph, int steps, double whole) {
  double total = 0;
  printf("%-32s %10s %10s %10s  ms a step\n", "operator", "forward", "backward",
         "refresh");
  for (int i = 0; i < graph->node_count; i++) {
    double times[PARTS], sum = 0;
    for (int k = 0; k < PARTS; k++) {
      times[k] = spent[i][k].fastest * 1e3 * (double)spent[i][k].calls / steps;
      sum += times[k];
    }
    if (sum == 0)
      continue;
    char name[128];
    snprintf(name, sizeof name, "%s %s", graph->nodes[i]->name, originals[i]->name);
    printf("%-32s %10.3f %10.3f %10.3f\n", name, times[0], times[1], times[2]);
    total += sum;
  }
  printf("%-32s %10.3f, of a fastest step of %.3f\n", "together", total, whole * 1e3);
}

/* ---- the model ---- */

struct request {
  const char *network, *family, *batch, *shards;
  const char *settings[SETTINGS_MAX];
  size_t setting_count;
  bool nodes, input;
};

static enum tsl_status open_job(const struct request *request, struct tsl_job **job,
                                struct tsl_error *err) {
  char text[1024], folder[TSL_CLI_PATH_MAX], share[TSL_CLI_PATH_MAX];
  int length =
      snprintf(text, sizeof text,
               "name: step\ndataset: %s\nnetwork: %s\nfamilies:\n  - model: %s\n"
               "%strain:\n  iterations: %d\n  batch: %s\n  shards: %s\n",
               request->input ? "tubers\ndataset.count: 1280\ndataset.good: 640" : "none",
               request->network, request->family,
               strcmp(request->family, "c_beta_vae") == 0 ? "    capacity: 6\n" : "",
               ITERATIONS, request->batch, request->shards);
  struct tsl_file_source disk;
  struct tsl_cli_registry registry;
  tsl_cli_disk(&disk, folder);
  tsl_cli_registry_init(&registry);
  const struct tsl_job_text job_text = {"bench/step.yaml", text, (size_t)length,
                                        request->settings, request->setting_count};
  return tsl_job_read(&job_text, &registry.registry, &disk, tsl_cli_share(share), job,
                      err);
}

/* ---- measuring ---- */

/* Where batches come from. */
struct input {
  struct tsl_dataset *dataset; /* NULL: the one batch stays */
  int64_t count, rows;
  int64_t *order; /* (count) */
  float *batch;   /* (rows, shape) */
};

/* What a trainer does before a step; a new order once an epoch. */
static void take_batch(const struct input *input, int64_t step) {
  int64_t batches = input->count / input->rows;
  const struct tsl_stream stream = {.seed = 1, .purpose = TSL_PURPOSE_EPOCH};
  if (step % batches == 0)
    tsl_random_permutation(&stream, (uint64_t)(step / batches), input->count,
                           input->order);
  tsl_dataset_gather(input->dataset, input->order + step % batches * input->rows,
                     input->rows, input->batch);
}

struct measured {
  double *walls, *peaks;   /* (steps) seconds, GFLOP/s; sorted in the end */
  double *inputs;          /* (steps) seconds */
  double cpu, fastest_cpu; /* seconds of the processor: a step's mean, the fastest */
  int steps;
};

static int by_size(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static enum tsl_status measure(struct tsl_graph *graph, const struct input *input,
                               struct measured *out, struct tsl_error *err) {
  double *terms = calloc((size_t)tsl_graph_term_numbers(graph), sizeof *terms);
  if (terms == NULL)
    return tsl_error_set(err, TSL_MEMORY, "", "no memory for the terms");
  enum tsl_status status = TSL_OK;
  double cpu = 0;
  for (int i = -WARM; i < out->steps && status == TSL_OK; i++) {
    struct tsl_step step = {.step = i + WARM,
                            .seed = 1,
                            .batch = input->batch,
                            .update = true,
                            .terms = terms};
    if (i == 0)
      memset(spent, 0, sizeof spent);
    double first = seconds_of(CLOCK_MONOTONIC);
    if (input->dataset != NULL)
      take_batch(input, i + WARM);
    double begin = seconds_of(CLOCK_MONOTONIC);
    double cpu_begin = seconds_of(CLOCK_THREAD_CPUTIME_ID);
    status = tsl_graph_step(graph, tsl_team_alone(), &step, err);
    if (i < 0)
      continue;
    double used = seconds_of(CLOCK_THREAD_CPUTIME_ID) - cpu_begin;
    cpu += used;
    if (i == 0 || used < out->fastest_cpu)
      out->fastest_cpu = used;
    out->inputs[i] = begin - first;
    out->walls[i] = seconds_of(CLOCK_MONOTONIC) - begin;
    out->peaks[i] = peak();
  }
  out->cpu = cpu / out->steps;
  printf("loss after %d steps: %.6f\n", out->steps + WARM, terms[0]);
  free(terms);
  qsort(out->walls, (size_t)out->steps, sizeof *out->walls, by_size);
  qsort(out->inputs, (size_t)out->steps, sizeof *out->inputs, by_size);
  qsort(out->peaks, (size_t)out->steps, sizeof *out->peaks, by_size);
  return status;
}

static void print(const struct request *request, const struct tsl_graph *graph,
                  const struct measured *measured) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  const double median = measured->walls[measured->steps / 2] * 1e3;
  const double fastest = measured->walls[0] * 1e3;
  const double most = measured->peaks[measured->steps / 2];
  const double work = tsl_graph_operations(graph) * 1e-9; /* GFLOP */
  const double resident = (double)usage.ru_maxrss / 1024;
  printf("%s %s batch %s shards %s: median %.3f ms, fastest %.3f ms, processor %.3f ms\n",
         request->network, request->family, request->batch, request->shards, median,
         fastest, measured->cpu * 1e3);
  printf("%.2f GFLOP a step: %.1f GFLOP/s; the peak is %.1f GFLOP/s\n", work,
         work / median * 1e3, most);
  printf("%.1f MiB in the graph, %.1f MiB resident; %s\n",
         (double)tsl_graph_memory(graph) / 1048576, resident, tsl_nn_kernel_set());
  /* For step.sh. */
  printf("numbers teasel %.4f %.4f;peak %.2f;work %.4f;memory %.1f;input %.4f\n", median,
         fastest, most, work, resident, measured->inputs[measured->steps / 2] * 1e3);
}

/* A batch of noise, or a data set to take batches from. */
static enum tsl_status open_input(const struct request *request,
                                  const struct tsl_job *job, struct input *input,
                                  struct tsl_error *err) {
  const struct tsl_run *run = tsl_job_run(job, 0);
  const struct tsl_shape *shape = &run->network->input;
  const struct tsl_stream stream = {.seed = 1, .purpose = TSL_PURPOSE_TEST};
  size_t count = (size_t)(run->options.train.batch * tsl_shape_count(shape));
  input->rows = run->options.train.batch;
  input->batch = calloc(count, sizeof *input->batch);
  if (input->batch == NULL)
    return tsl_error_set(err, TSL_MEMORY, "", "no memory for a batch");
  tsl_random_uniform(&stream, 0, 0, count, input->batch);
  if (!request->input)
    return TSL_OK;
  TSL_TRY(tsl_dataset_open(tsl_job_dataset(job), shape,
                           tsl_job_options(job)->schedule.cache, tsl_team_alone(), NULL,
                           &input->dataset, err));
  input->count = tsl_dataset_view(input->dataset)->count;
  input->order = calloc((size_t)input->count, sizeof *input->order);
  return input->order != NULL ? TSL_OK : tsl_error_set(err, TSL_MEMORY, "", "no memory");
}

static void close_input(struct input *input) {
  tsl_dataset_close(input->dataset);
  free(input->order);
  free(input->batch);
}

static enum tsl_status run(const struct request *request, int steps,
                           struct tsl_error *err) {
  struct tsl_job *job = NULL;
  struct tsl_model model = {0};
  struct input input = {0};
  double *times = calloc(3 * (size_t)steps, sizeof *times);
  struct measured measured = {.steps = steps,
                              .walls = times,
                              .peaks = times + steps,
                              .inputs = times + 2 * steps};
  enum tsl_status status = times != NULL ? open_job(request, &job, err) : TSL_MEMORY;
  if (status == TSL_OK)
    status = tsl_nn_start(tsl_job_options(job)->schedule.isa, err);
  if (status == TSL_OK)
    status = tsl_model_create(tsl_job_run(job, 0), DATASET, ITERATIONS, &model, err);
  if (status == TSL_OK)
    status = open_input(request, job, &input, err);
  if (status == TSL_OK && request->nodes)
    time_nodes(model.graph);
  if (status == TSL_OK)
    status = measure(model.graph, &input, &measured, err);
  if (status == TSL_OK) {
    print(request, model.graph, &measured);
    if (request->nodes)
      print_nodes(model.graph, steps, measured.fastest_cpu);
  }
  close_input(&input);
  tsl_model_release(&model);
  tsl_job_free(job);
  free(times);
  return status;
}

int main(int argc, char **argv) {
  struct request request = {
      .network = "conv64", .family = "beta_vae", .batch = "64", .shards = "8"};
  const char **words[] = {&request.network, &request.family, &request.batch,
                          &request.shards};
  size_t word = 0;
  int steps = 40;
  for (int i = 1; i < argc; i++) {
    if (strcmp(argv[i], "--nodes") == 0)
      request.nodes = true;
    else if (strcmp(argv[i], "--input") == 0)
      request.input = true;
    else if (strchr(argv[i], '=') != NULL && request.setting_count < SETTINGS_MAX)
      request.settings[request.setting_count++] = argv[i];
    else if (word < sizeof words / sizeof *words)
      *words[word++] = argv[i];
    else
      steps = atoi(argv[i]);
  }
  struct tsl_error err = {0};
  enum tsl_status status = run(&request, steps > 0 ? steps : 1, &err);
  if (status != TSL_OK)
    fprintf(stderr, "step: %s\n", err.text);
  return status == TSL_OK ? 0 : 1;
}
