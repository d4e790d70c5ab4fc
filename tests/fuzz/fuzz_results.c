/* The files of a results folder, each read as the program reads it. The first byte says
 * which file the rest is, or that the rest says what is in an HDF5 file. */
#include "fuzz_h5.h"

#include "store/claim_file.h"
#include "teasel/claim.h"
#include "teasel/compare.h"
#include "teasel/digest.h"
#include "teasel/store.h"
#include "teasel/watch.h"

#include <fcntl.h>

enum kind {
  RECORD,
  PROGRESS,
  CLAIM,
  LEDGER,
  PROVENANCE,
  LOG,
  SCORES,
  LATENTS,
  MODEL,
  CHECKPOINT,
  CLASSIFIED,
  KINDS,
  COMPOSED = 128
};
static const char *const names[KINDS] = {[RECORD] = "runs/r/record.json",
                                         [PROGRESS] = "runs/r/progress.json",
                                         [CLAIM] = "runs/r/claim.1",
                                         [LEDGER] = "ledger/host-1-1.tsv",
                                         [PROVENANCE] = "provenance.json",
                                         [LOG] = "runs/r/log.csv",
                                         [SCORES] = "scores.h5",
                                         [LATENTS] = "latents.h5",
                                         [MODEL] = "runs/r/model.h5",
                                         [CHECKPOINT] = "runs/r/checkpoint.h5",
                                         [CLASSIFIED] = "classify/r/points.h5"};
static const char *const objects[] = {"/runs/name",
                                      "/runs/family",
                                      "/runs/setting_label",
                                      "/runs/outcome",
                                      "/runs/digest",
                                      "/runs/notes",
                                      "/runs/setting",
                                      "/runs/seed",
                                      "/runs/latent",
                                      "/runs/informative",
                                      "/runs/flagged",
                                      "/runs/kl",
                                      "/metrics/name",
                                      "/metrics/value",
                                      "/spearman/R",
                                      "/lasso/R",
                                      "/spearman/pairwise/lib",
                                      "/indices",
                                      "/labels",
                                      "/factors",
                                      "/run_table/name",
                                      "/run_table/latent",
                                      "/runs/aaaa/mean",
                                      "/runs/aaaa/log_variance",
                                      "/params/a.weight",
                                      "/params/a.bias",
                                      "/params/group/b",
                                      "/mean",
                                      "/log_variance",
                                      "/bad",
                                      "/class_names",
                                      "/params"};
static const char *const attributes[] = {"version",       "informative_kl", "comparisons",
                                         "factor_points", "votes",          "test_votes",
                                         "labels"};
static const struct fuzz_names h5_names = {objects, sizeof objects / sizeof *objects,
                                           attributes,
                                           sizeof attributes / sizeof *attributes};
static char folder[64];
static struct tsl_store *store;

static void put(const char *name, const void *bytes, size_t count) {
  char path[256];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (file < 0 || write(file, bytes, count) != (ssize_t)count)
    abort();
  close(file);
}

static void take_away(const char *name) {
  char path[256];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  unlink(path);
}

/* libFuzzer leaves by _exit: the folder is swept by who started it. */
int LLVMFuzzerInitialize(int *argc, char ***argv) {
  (void)argc, (void)argv;
  static const char *const below[] = {"runs/r", "ledger", "classify/r"};
  char path[128];
  struct tsl_error err = {0};
  const char *parent = getenv("TMPDIR");
  tsl_log_level_set(TSL_LOG_QUIET);
  snprintf(folder, sizeof folder, "%.40s/teasel-fuzz-XXXXXX",
           parent != NULL ? parent : "/tmp");
  if (mkdtemp(folder) == NULL)
    abort();
  for (size_t i = 0; i < sizeof below / sizeof *below; i++) {
    snprintf(path, sizeof path, "%s/%s", folder, below[i]);
    if (tsl_folder_create(path, &err) != TSL_OK)
      abort();
  }
  put("job.used.yaml", "name: x\n", 8);
  if (tsl_store_open(folder, TSL_STORE_EXISTING, &store, &err) != TSL_OK)
    abort();
  return 0;
}

/* ---- plain files ---- */

static void read_record(void) {
  struct tsl_record record;
  struct tsl_error err = {0};
  enum tsl_status status = tsl_store_record_read(store, "r", &record, &err);
  fuzz_judge(status, &err);
  if (status == TSL_OK)
    fuzz_judge(tsl_store_record_write(store, "r", &record, &err), &err);
}

static void read_watched(void) {
  struct tsl_run_progress progress;
  struct tsl_claim_state state;
  struct tsl_error err = {0};
  bool found = false;
  int64_t step = 0;
  double total = 0;
  tsl_store_progress_read(store, "r", &progress);
  fuzz_judge(tsl_claim_read(store, "r", &state, &found, &err), &err);
  tsl_store_log_last(store, "r", &step, &total);
}

static void read_ledger(void) {
  struct tsl_text text;
  struct tsl_error err = {0};
  tsl_text_init(&text);
  fuzz_judge(tsl_store_ledger_read(store, &text, &err), &err);
  tsl_text_release(&text);
}

static void read_identity(void) {
  struct tsl_store *other = NULL;
  struct tsl_identity identity;
  struct tsl_error err = {0};
  enum tsl_status status = tsl_store_open(folder, TSL_STORE_EXISTING, &other, &err);
  fuzz_judge(status, &err);
  if (status == TSL_OK)
    fuzz_judge(tsl_store_identity_read(other, &identity, &err), &err);
  tsl_store_close(other);
}

static void read_log(void) {
  struct tsl_table table = {0};
  struct tsl_error err = {0};
  fuzz_judge(tsl_store_log_read(store, "r", &table, &err), &err);
  tsl_table_release(&table);
}

/* ---- HDF5 ---- */

static void read_scores(void) {
  struct tsl_scores scores = {0};
  struct tsl_error err = {0};
  fuzz_judge(tsl_scores_read(store, &scores, &err), &err);
  tsl_scores_release(&scores);
}

/* What is given must be there: every number is looked at. */
static void read_latents(void) {
  struct tsl_latents latents = {0};
  struct tsl_error err = {0};
  float sum = 0;
  fuzz_judge(tsl_store_latents_read(store, &latents, &err), &err);
  for (size_t i = 0; i < latents.run_count; i++)
    for (int64_t k = 0; k < latents.points * latents.runs[i].latent; k++)
      sum += latents.runs[i].mean[k] + latents.runs[i].log_variance[k];
  for (int64_t i = 0; i < latents.points * latents.factor_count; i++)
    sum += latents.factors != NULL ? latents.factors[i] : 0;
  for (size_t i = 0; i < latents.run_count; i++)
    if (latents.runs[i].latent < 1 || sum == 0.1234f)
      abort();
  tsl_latents_release(&latents);
}

static void read_model(void) {
  struct tsl_array *params = NULL;
  size_t count = 0;
  char digest[33];
  struct tsl_error err = {0};
  enum tsl_status status = tsl_store_model_read(store, "r", &params, &count, &err);
  fuzz_judge(status, &err);
  if (status == TSL_OK)
    fuzz_judge(tsl_arrays_digest(params, count, digest, &err), &err);
  for (size_t i = 0; i < count; i++)
    tsl_array_release(&params[i]);
  free(params);
}

static void read_checkpoint(void) {
  struct tsl_checkpoint checkpoint;
  struct tsl_error err = {0};
  char digest[33], other[256] = "";
  enum tsl_status status = tsl_store_checkpoint_read(store, "r", 0, &checkpoint, &err);
  fuzz_judge(status, &err);
  (void)tsl_store_checkpoint_differs(store, "r", "none", other, sizeof other);
  if (status == TSL_OK)
    fuzz_judge(tsl_arrays_digest(checkpoint.arrays, checkpoint.count, digest, &err),
               &err);
  tsl_checkpoint_release(&checkpoint);
}

/* The digest at `at`, of what begins at `body`, is made to fit, so that what it guards is
 * reached. */
static void put_sealed(enum kind kind, const uint8_t *data, size_t size, size_t at,
                       size_t body) {
  enum { DIGITS = 32 };
  char text[DIGITS + 1];
  uint8_t *bytes = malloc(size + 1);
  if (bytes == NULL)
    abort();
  memcpy(bytes, data, size);
  if (size >= body && size >= at + DIGITS) {
    memset(bytes + at, '0', DIGITS);
    struct tsl_digest digest = tsl_digest_bytes(bytes + body, size - body);
    tsl_digest_print(&digest, text);
    memcpy(bytes + at, text, DIGITS);
  }
  put(names[kind], bytes, size);
  free(bytes);
}

static void put_checkpoint(const uint8_t *data, size_t size) {
  enum { HEAD = 512 };
  static const char before[] = "teasel checkpoint\nformat 0001\ndigest ";
  put_sealed(CHECKPOINT, data, size, size < HEAD ? size : sizeof before - 1, 0);
}

static void put_record(const uint8_t *data, size_t size) {
  static const char before[] = "{\n  \"digest\": \"", behind[] = "\",\n";
  const size_t at = sizeof before - 1, body = at + 32 + sizeof behind - 1;
  const bool sealed = size >= body && memcmp(data, before, at) == 0;
  put_sealed(RECORD, data, size, sealed ? at : size, body);
}

static void read_classified(void) {
  struct tsl_classified classified;
  struct tsl_error err = {0};
  fuzz_judge(tsl_store_classified_read(store, "r", &classified, &err), &err);
  tsl_classified_release(&classified);
}

static void (*const readers[KINDS])(void) = {
    [RECORD] = read_record,         [PROGRESS] = read_watched,     [CLAIM] = read_watched,
    [LEDGER] = read_ledger,         [PROVENANCE] = read_identity,  [LOG] = read_log,
    [SCORES] = read_scores,         [LATENTS] = read_latents,      [MODEL] = read_model,
    [CHECKPOINT] = read_checkpoint, [CLASSIFIED] = read_classified};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size < 1)
    return -1;
  const enum kind kind = (enum kind)(data[0] % COMPOSED % KINDS);
  if (data[0] >= COMPOSED && kind >= SCORES && kind != CHECKPOINT) {
    char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, names[kind]);
    fuzz_compose(path, &h5_names, data + 1, size - 1);
  } else if (kind == CHECKPOINT)
    put_checkpoint(data + 1, size - 1);
  else if (kind == RECORD)
    put_record(data + 1, size - 1);
  else
    put(names[kind], data + 1, size - 1);
  readers[kind]();
  if (kind == LOG)
    read_watched();
  take_away(names[kind]);
  return 0;
}
