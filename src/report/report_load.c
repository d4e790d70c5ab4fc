#include "report/report_data.h"

#include "report/report_pictures.h"

#include "teasel/arena.h"
#include "teasel/log.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void add_fact(struct tsl__report_data *data, const char *term, const char *text) {
  if (data->fact_count == TSL__FACTS_MAX || text[0] == '\0')
    return;
  struct tsl__report_fact *fact = &data->facts[data->fact_count++];
  fact->term = term;
  snprintf(fact->text, sizeof fact->text, "%s", text);
}

static int family_index(struct tsl__report_data *data, const char *name) {
  for (int f = 0; f < data->family_count; f++)
    if (strcmp(data->families[f].name, name) == 0)
      return f;
  if (data->family_count == TSL__FAMILIES_MAX)
    return TSL__FAMILIES_MAX - 1;
  snprintf(data->families[data->family_count].name, sizeof data->families[0].name, "%s",
           name);
  return data->family_count++;
}

/* "beta=4, capacity=6" */
static void setting_label(const struct tsl_run *run, char *buffer, size_t bytes) {
  size_t length = 0;
  buffer[0] = '\0';
  for (int i = 0; i < run->label_count && length < bytes; i++) {
    int more = snprintf(buffer + length, bytes - length, "%s%s=%s",
                        length > 0 ? ", " : "", run->labels[i].key, run->labels[i].value);
    length += more > 0 ? (size_t)more : 0;
  }
}

static int find_score(const struct tsl__report_data *data, const char *name) {
  for (int i = 0; data->has_scores && i < data->scores.run_count; i++)
    if (strcmp(data->scores.runs[i].name, name) == 0)
      return i;
  return -1;
}

static int find_latents(const struct tsl__report_data *data, const char *name) {
  for (size_t i = 0; data->has_latents && i < data->latents.run_count; i++)
    if (strcmp(data->latents.runs[i].name, name) == 0)
      return (int)i;
  return -1;
}

static void load_run(struct tsl_store *store, const struct tsl_run *run,
                     struct tsl__report_data *data, struct tsl__report_run *out) {
  struct tsl_error trouble = {0};
  char path[TSL_PATH_MAX];
  snprintf(out->name, sizeof out->name, "%s", run->name);
  setting_label(run, out->label, sizeof out->label);
  out->family = family_index(data, run->family->name);
  out->setting = run->setting;
  out->seed = run->options.seed;
  out->score = find_score(data, run->name);
  out->latents = find_latents(data, run->name);
  if (tsl_store_record_read(store, run->name, &out->record, &trouble) != TSL_OK)
    tsl_log(TSL_LOG_NORMAL, "report: %s: %s", trouble.where, trouble.text);
  if (tsl_file_exists(tsl_store_run_path(store, run->name, "log.csv", path)) &&
      (tsl_store_log_check(store, run->name, out->record.log, &trouble) != TSL_OK ||
       tsl_store_log_read(store, run->name, &out->log, &trouble) != TSL_OK))
    tsl_log(TSL_LOG_NORMAL, "report: %s: %s", trouble.where, trouble.text);
}

/* The scores' threshold and similarity lead where there are scores. */
static void load_options(const struct tsl_job *job, struct tsl__report_data *data) {
  const struct tsl_job_options *options = tsl_job_options(job);
  snprintf(data->job_name, sizeof data->job_name, "%s", tsl_job_name(job));
  snprintf(data->dataset_name, sizeof data->dataset_name, "%s",
           tsl_job_dataset(job)->name);
  data->informative_kl = options->udr.informative_kl;
  if (data->has_scores)
    data->informative_kl = data->scores.informative_kl;
  data->form = (enum tsl_udr_form)options->udr.score;
  data->pairs = (enum tsl__report_pairs)options->pairs;
  data->similarity = TSL_SPEARMAN;
  if (data->has_scores && data->scores.pairwise[TSL_SPEARMAN][TSL_UDR_LIB] == NULL &&
      data->scores.pairwise[TSL_LASSO][TSL_UDR_LIB] != NULL)
    data->similarity = TSL_LASSO;
  data->setting_count = tsl_job_setting_count(job);
}

static void dataset_facts(const struct tsl_dataset *dataset, const struct tsl_run *run,
                          struct tsl__report_data *data) {
  const struct tsl_dataset_view *view = tsl_dataset_view(dataset);
  char text[512], digest[33];
  int length = snprintf(text, sizeof text, "%s, %lld samples of ", view->name,
                        (long long)view->count);
  for (int i = 0; i < view->shape.rank; i++)
    length += snprintf(text + length, sizeof text - (size_t)length, "%s%lld",
                       i > 0 ? " x " : "", (long long)view->shape.dims[i]);
  if (view->label_count > 0)
    length += snprintf(text + length, sizeof text - (size_t)length, ", %d classes",
                       view->label_count);
  if (view->factor_count > 0)
    snprintf(text + length, sizeof text - (size_t)length, ", %d factors",
             view->factor_count);
  add_fact(data, "data", text);
  snprintf(text, sizeof text, "%lld held out",
           (long long)tsl_dataset_held_out(dataset, run->options.held_out));
  add_fact(data, "split", text);
  tsl_digest_print(&view->digest, digest);
  add_fact(data, "data digest", digest);
}

static void network_text(const struct tsl_run *run, char *text, size_t bytes) {
  static const char *const likelihoods[] = {"Bernoulli", "squared error", "Gaussian"};
  snprintf(text, bytes, "%s, %lld latents, %s reconstruction", run->network->name,
           (long long)run->options.latent, likelihoods[run->options.reconstruction]);
}

/* How much is held out, and what an epoch is. */
static void load_split(const struct tsl_job *job, const struct tsl_dataset *dataset,
                       struct tsl__report_data *data) {
  for (int i = 0; dataset != NULL && i < data->run_count; i++) {
    const struct tsl_run *run = tsl_job_run(job, (size_t)i);
    data->held_out = tsl_dataset_held_out(dataset, run->options.held_out);
    int64_t training = tsl_dataset_view(dataset)->count - data->held_out;
    const int64_t steps = training / run->options.train.batch; /* the rest is left out */
    data->runs[i].epoch_steps = (double)steps;
  }
}

static void training_text(const struct tsl_run *run, char *text, size_t bytes) {
  static const char *const optimizers[] = {"adam", "adamax", "sgd"};
  char rate[32];
  bool epochs = run->options.train.iterations == 0;
  snprintf(
      text, bytes, "%lld %s, batch %lld in %lld shards, %s %s",
      (long long)(epochs ? run->options.train.epochs : run->options.train.iterations),
      epochs ? "epochs" : "steps", (long long)run->options.train.batch,
      (long long)run->options.train.shards, optimizers[run->options.train.optimizer],
      tsl_number_print(rate, run->options.train.learning_rate));
}

/* What the first run has, and whether others differ. */
static void run_fact(const struct tsl_job *job, const char *term,
                     void (*print)(const struct tsl_run *run, char *text, size_t bytes),
                     struct tsl__report_data *data) {
  enum { BYTES = 480 };
  char first[BYTES], other[BYTES], text[512];
  bool same = true;
  print(tsl_job_run(job, 0), first, BYTES);
  for (size_t i = 1; i < tsl_job_run_count(job); i++) {
    print(tsl_job_run(job, i), other, BYTES);
    same = same && strcmp(first, other) == 0;
  }
  snprintf(text, sizeof text, "%s%s", first, same ? "" : " (others vary)");
  add_fact(data, term, text);
}

/* Distinct kernel sets of the runs: more than one means that results may differ in the
 * last digits. */
static void kernel_facts(struct tsl__report_data *data) {
  int known = -1;
  for (int i = 0; i < data->run_count; i++) {
    const struct tsl_record *record = &data->runs[i].record;
    if (record->outcome == TSL_OUTCOME_NONE || record->kernels[0] == '\0')
      continue;
    if (known >= 0 && strcmp(record->kernels, data->runs[known].record.kernels) == 0)
      continue;
    add_fact(data, known < 0 ? "kernels" : "other kernels", record->kernels);
    known = i;
  }
}

static void load_facts(const struct tsl_job *job, const struct tsl_dataset *dataset,
                       struct tsl__report_data *data) {
  char text[512];
  if (tsl_job_run_count(job) == 0)
    return;
  const struct tsl_run *run = tsl_job_run(job, 0);
  if (dataset != NULL)
    dataset_facts(dataset, run, data);
  run_fact(job, "network", network_text, data);
  run_fact(job, "training", training_text, data);
  if (data->has_latents) {
    snprintf(text, sizeof text, "%lld points, informative above %g nats",
             (long long)data->latents.points, data->informative_kl);
    add_fact(data, "scores", text);
  }
  kernel_facts(data);
  add_fact(data, "program", "teasel " TSL_VERSION);
}

/* A file that cannot be read costs no page. */
static enum tsl_status load_references(const struct tsl_job *job,
                                       struct tsl__report_data *data,
                                       struct tsl_error *err) {
  const char *path = tsl_job_options(job)->reference;
  struct tsl_error trouble = {0};
  if (path[0] == '\0')
    return TSL_OK;
  enum tsl_status status = tsl__references_read(path, job, &data->references, &trouble);
  if (status == TSL_MEMORY)
    return tsl_error_set(err, status, trouble.where, "%s", trouble.text);
  if (status != TSL_OK) /* said on the page, too */
    tsl_text_format(&data->references.notes, "%s\n", trouble.text);
  tsl__references_log(path, &data->references);
  snprintf(data->reference_name, sizeof data->reference_name, "%.255s",
           strrchr(path, '/') != NULL ? strrchr(path, '/') + 1 : path);
  return TSL_OK;
}

static enum tsl_status load_baselines(const struct tsl_store *store,
                                      struct tsl__report_data *data,
                                      struct tsl_error *err) {
  struct tsl_error trouble = {0};
  enum tsl_status status =
      tsl__baselines_read(store, &data->baselines, &data->baseline_count, &trouble);
  if (status == TSL_MEMORY)
    return tsl_error_set(err, status, trouble.where, "%s", trouble.text);
  if (status != TSL_OK)
    tsl_log(TSL_LOG_NORMAL, "report: %s: %s", trouble.where, trouble.text);
  return TSL_OK;
}

static enum tsl_status load_pictures(struct tsl_store *store, const struct tsl_job *job,
                                     const struct tsl_dataset *dataset,
                                     const struct tsl_stop *stop,
                                     struct tsl__report_data *data,
                                     struct tsl_error *err) {
  for (int f = 0; dataset != NULL && f < data->family_count; f++) {
    int best = data->families[f].best_run;
    if (best < 0)
      continue;
    TSL_TRY(tsl_stop_check(stop, err));
    const struct tsl_latents_run *codes = NULL;
    if (data->runs[best].latents >= 0)
      codes = &data->latents.runs[data->runs[best].latents];
    TSL_TRY(tsl__pictures_compute(store, job, tsl_job_run(job, (size_t)best), dataset,
                                  &data->latents, codes, &data->families[f].pictures,
                                  err));
  }
  return TSL_OK;
}

enum tsl_status tsl__report_load(struct tsl_store *store, const struct tsl_job *job,
                                 const struct tsl_dataset *dataset,
                                 const struct tsl_stop *stop,
                                 struct tsl__report_data *out, struct tsl_error *err) {
  struct tsl_error trouble = {0};
  char path[TSL_PATH_MAX];
  *out = (struct tsl__report_data){.best_run = -1, .best_setting = -1};
  if (tsl_file_exists(tsl_store_path(store, TSL_STORE_SCORES, path))) {
    out->has_scores = tsl_scores_read(store, &out->scores, &trouble) == TSL_OK;
    if (!out->has_scores)
      tsl_log(TSL_LOG_NORMAL, "report: %s: %s", trouble.where, trouble.text);
  }
  if (tsl_file_exists(tsl_store_path(store, TSL_STORE_LATENTS, path))) {
    out->has_latents = tsl_store_latents_read(store, &out->latents, &trouble) == TSL_OK;
    if (!out->has_latents)
      tsl_log(TSL_LOG_NORMAL, "report: %s: %s", trouble.where, trouble.text);
  }
  out->run_count = (int)tsl_job_run_count(job);
  TSL_TRY(tsl_allocate((void **)&out->runs, (size_t)out->run_count + 1, sizeof *out->runs,
                       err));
  for (int i = 0; i < out->run_count; i++)
    load_run(store, tsl_job_run(job, (size_t)i), out, &out->runs[i]);
  load_options(job, out);
  load_split(job, dataset, out);
  load_facts(job, dataset, out);
  tsl__report_choose_best(out);
  TSL_TRY(tsl__classifications_load(store, job, dataset, out, err));
  TSL_TRY(load_references(job, out, err));
  TSL_TRY(load_baselines(store, out, err));
  TSL_TRY(tsl__mixtures_load(store, job, dataset, stop, out, err));
  return load_pictures(store, job, dataset, stop, out, err);
}
