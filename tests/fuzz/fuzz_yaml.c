/* Job, network and data set files. The first byte says which of them the rest is; a job
 * that is read must be read alike from what tsl_job_print makes of it. */
#include "fuzz.h"

#include "teasel/dataset.h"
#include "teasel/job.h"
#include "teasel/model.h"

enum { JOB, NETWORK, DATASET, SETTING, KINDS, NAMES_MAX = 64, RUNS_PRINTED_MAX = 300 };

static const char network_text[] = "input: [3, 16, 16]\n"
                                   "parameters: {width: 4}\n"
                                   "encoder:\n"
                                   "  - conv: {filters: ${width}, kernel: 4, stride: 2, "
                                   "pad: 1, activation: relu}\n"
                                   "decoder:\n"
                                   "  - dense: {units: 256, activation: relu}\n"
                                   "  - reshape: [4, 8, 8]\n"
                                   "  - deconv: {filters: 3, kernel: 4, stride: 2, "
                                   "pad: 1}\n";
static const char dataset_text[] = "reader: tubers\ncount: 100\ngood: 50\nsize: 16\n";
static const char job_text[] = "name: fuzz\ndataset: data\nnetwork: net\nlatent: 2\n"
                               "train: {iterations: 4, batch: 8}\nseeds: [0, 1]\n"
                               "families:\n  - {model: beta_vae, beta: [1, 4]}\n";

struct files {
  const char *network, *dataset;
  size_t network_count, dataset_count;
};

static bool is_network(const char *path) {
  return strstr(path, "/networks/") != NULL || strstr(path, "net") != NULL;
}

/* Every network is the one, every data set the other; a third of the paths is missing. */
static bool file_exists(void *context, const char *path) {
  (void)context;
  return strstr(path, "missing") == NULL;
}

static enum tsl_status file_read(void *context, const char *path, char **bytes,
                                 size_t *count, struct tsl_error *err) {
  const struct files *files = context;
  bool network = is_network(path);
  if (!file_exists(context, path))
    return tsl_error_set(err, TSL_BAD_INPUT, path, "cannot be opened: it is missing");
  *count = network ? files->network_count : files->dataset_count;
  *bytes = malloc(*count + 1);
  if (*bytes == NULL)
    abort();
  memcpy(*bytes, network ? files->network : files->dataset, *count);
  (*bytes)[*count] = '\0';
  return TSL_OK;
}

static struct tsl_registry registry;
static const struct tsl_family *families[NAMES_MAX];
static const struct tsl_reader *readers[NAMES_MAX];

int LLVMFuzzerInitialize(int *argc, char ***argv) {
  (void)argc, (void)argv;
  tsl_log_level_set(TSL_LOG_QUIET);
  for (size_t i = 0; i < tsl_model_count(); i++)
    families[i] = &tsl_model_at(i)->family;
  for (size_t i = 0; i < tsl_reader_count(); i++)
    readers[i] = tsl_reader_at(i);
  registry = (struct tsl_registry){.families = families,
                                   .family_count = tsl_model_count(),
                                   .readers = readers,
                                   .reader_count = tsl_reader_count()};
  return 0;
}

/* What was printed is a job with the same runs, and prints as itself. */
static void print_again(struct tsl_job *job, const struct tsl_file_source *source) {
  const struct tsl_digest data = {{1, 2, 3}};
  struct tsl_error err = {0};
  struct tsl_text first, second;
  struct tsl_job *again = NULL;
  tsl_text_init(&first);
  tsl_text_init(&second);
  tsl_job_print(job, &first);
  const struct tsl_job_text text = {"results/job.used.yaml", first.bytes, first.length,
                                    NULL, 0};
  enum tsl_status status = tsl_job_read(&text, &registry, source, "/share", &again, &err);
  bool same = status == TSL_OK && tsl_job_run_count(again) == tsl_job_run_count(job);
  if (same) {
    tsl_job_name_runs(job, &data);
    tsl_job_name_runs(again, &data);
    for (size_t i = 0; i < tsl_job_run_count(job); i++)
      same = same && strcmp(tsl_job_run(job, i)->name, tsl_job_run(again, i)->name) == 0;
    tsl_job_print(again, &second);
    same = same && second.length == first.length &&
           memcmp(second.bytes, first.bytes, first.length) == 0;
  }
  if (!same) {
    fprintf(stderr, "printed otherwise: %s: %s\n%s\n---\n%s\n", err.where, err.text,
            first.bytes, second.bytes != NULL ? second.bytes : "");
    abort();
  }
  tsl_job_free(again);
  tsl_text_release(&first);
  tsl_text_release(&second);
}

static void read_job(const struct tsl_job_text *text,
                     const struct tsl_file_source *source) {
  struct tsl_error err = {0};
  struct tsl_job *job = NULL;
  enum tsl_status status = tsl_job_read(text, &registry, source, "/share", &job, &err);
  fuzz_judge(status, &err);
  if (status == TSL_OK && tsl_job_run_count(job) <= RUNS_PRINTED_MAX)
    print_again(job, source);
  tsl_job_free(job);
}

static void read_dataset(const struct tsl_file_source *source) {
  struct tsl_error err = {0};
  struct tsl_text text;
  struct tsl_dataset_config *config = calloc(1, sizeof *config);
  if (config == NULL)
    abort();
  enum tsl_status status = tsl_dataset_config_read("./data.yaml", "/work", &registry,
                                                   source, "/share", config, &err);
  fuzz_judge(status, &err);
  tsl_text_init(&text);
  if (status == TSL_OK)
    tsl_dataset_config_print(config, &text);
  tsl_text_release(&text);
  free(config);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct files files = {network_text, dataset_text, sizeof network_text - 1,
                        sizeof dataset_text - 1};
  const struct tsl_file_source source = {file_read, file_exists, &files, "/work"};
  struct tsl_job_text text = {"jobs/fuzz.yaml", job_text, sizeof job_text - 1, NULL, 0};
  const char *setting = NULL;
  if (size < 1)
    return -1;
  char *bytes = malloc(size); /* (size - 1) and a terminator */
  if (bytes == NULL)
    return -1;
  memcpy(bytes, data + 1, size - 1);
  bytes[size - 1] = '\0';
  switch (data[0] % KINDS) {
  case JOB:
    text.bytes = bytes;
    text.count = size - 1;
    break;
  case NETWORK:
    files.network = bytes;
    files.network_count = size - 1;
    break;
  case DATASET:
    files.dataset = bytes;
    files.dataset_count = size - 1;
    read_dataset(&source);
    break;
  default:
    setting = bytes;
    text.settings = &setting;
    text.setting_count = 1;
  }
  read_job(&text, &source);
  free(bytes);
  return 0;
}
