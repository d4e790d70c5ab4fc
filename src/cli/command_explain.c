#include "cli/arguments.h"
#include "cli/command.h"
#include "cli/job_open.h"
#include "teasel/metric.h"
#include "teasel/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] =
    "usage: teasel explain [OPTION|MODEL|METRIC|READER|DATASET|NETWORK]\n"
    "\n"
    "Tells what a word of a job file means: its type, bounds, default and effect. "
    "Without\n"
    "a word: everything there is. Examples:\n"
    "\n"
    "  teasel explain train.shards    an option of a job file, its last part is enough\n"
    "  teasel explain beta_tcvae      a model family and its options\n"
    "  teasel explain image_folder    a reader of data sets and its options\n"
    "  teasel explain mig             a metric\n"
    "  teasel explain network         network files and their entries\n"
    "  teasel explain conv64          configs/networks/conv64.yaml with every shape\n"
    "  teasel explain fashion-mnist   configs/datasets/fashion-mnist.yaml, resolved\n"
    "  teasel explain ./mine.yaml     a network or data set file of one's own\n";

static void print_metrics(const char *name, struct tsl_text *out) {
  for (size_t i = 0; i < tsl_metric_count(); i++) {
    const struct tsl_metric *metric = tsl_metric_at(i);
    if (name == NULL || strcmp(name, metric->name) == 0)
      tsl_text_format(out, "  %s: %s\n", metric->name, metric->summary);
  }
}

static const char udr_help[] =
    "udr: how well runs agree on their latents (Duan et al. 2020). For two runs, the\n"
    "  absolute correlations R of informative latents (Spearman's, or Lasso weights);\n"
    "  their score is high where each latent has one partner; a run's UDR is the median\n"
    "  over the runs of its group (setting, family, all). docs/scores.md has the "
    "formulas.\n";

/* ---- a network of configs/networks ---- */

static void print_shape(struct tsl_text *out, const struct tsl_shape *shape) {
  for (int i = 0; i < shape->rank; i++)
    tsl_text_format(out, "%s%lld", i > 0 ? " x " : "", (long long)shape->dims[i]);
}

static const char *kind_word(enum tsl_entry_kind kind) {
  static const char *const words[] = {"conv",     "deconv",  "dense",  "maxpool",
                                      "upsample", "reshape", "dropout"};
  return words[kind];
}

static void print_entry(struct tsl_text *out, const char *list, int index,
                        const struct tsl_network_entry *entry) {
  static const char *const activations[] = {"", " relu", " tanh", " sigmoid", " elu"};
  char name[32];
  snprintf(name, sizeof name, "%s.%d", list, index);
  tsl_text_format(out, "  %-12s %-8s ", name, kind_word(entry->kind));
  print_shape(out, &entry->output);
  if (entry->kernel > 0)
    tsl_text_format(out, "  kernel %lld stride %lld pad %lld", (long long)entry->kernel,
                    (long long)entry->stride, (long long)entry->pad);
  if (entry->kind == TSL_ENTRY_DROPOUT)
    tsl_text_format(out, "  rate %g", entry->rate);
  tsl_text_format(out, "%s%s\n", entry->norm_batch ? " batch norm" : "",
                  activations[entry->activation]);
}

static void print_network(struct tsl_text *out, const struct tsl_network *network) {
  const struct tsl_network_list *lists[] = {&network->encoder, &network->decoder,
                                            &network->prior};
  static const char *const names[] = {"encoder", "decoder", "prior"};
  tsl_text_format(out, "network %s (%s)\n  input                 ", network->name,
                  network->file);
  print_shape(out, &network->input);
  tsl_text_add(out, "\n");
  for (int l = 0; l < 3; l++) {
    for (int i = 0; i < lists[l]->count; i++)
      print_entry(out, names[l], i, &lists[l]->entries[i]);
  }
}

/* The first line of a job's problems counts them and names its file, which is none here.
 */
static void forget_job(struct tsl_error *err) {
  char *line = err != NULL ? strchr(err->text, '\n') : NULL;
  if (line != NULL)
    memmove(err->text, line + 1, strlen(line));
}

/* Reads the network through a job of one run, which checks every shape. */
static enum tsl_status explain_network(const char *name, struct tsl_text *out,
                                       struct tsl_error *err) {
  struct tsl_file_source disk;
  struct tsl_cli_registry registry;
  struct tsl_job *job = NULL;
  char folder[TSL_CLI_PATH_MAX], share[TSL_CLI_PATH_MAX];
  const char *const body = "reconstruction: gaussian\nfamilies: [{model: vae}]\n";
  struct tsl_text setting; /* so that a path is relative to the current folder */
  tsl_text_init(&setting);
  tsl_text_add(&setting, "network=");
  tsl_text_add_json(&setting, name);
  if (setting.failed)
    return tsl_error_set(err, TSL_MEMORY, name, "out of memory");
  const char *const settings[] = {"name=explain", "dataset=none", "train.iterations=1",
                                  setting.bytes};
  tsl_cli_disk(&disk, folder);
  tsl_cli_registry_init(&registry);
  const struct tsl_job_text job_text = {"configs/.", body, strlen(body), settings, 4};
  enum tsl_status status =
      tsl_job_read(&job_text, &registry.registry, &disk, tsl_cli_share(share), &job, err);
  if (status == TSL_OK)
    print_network(out, tsl_job_run(job, 0)->network);
  else
    forget_job(err);
  tsl_job_free(job);
  tsl_text_release(&setting);
  return status;
}

/* ---- topics ---- */

static bool config_exists(const char *kind, const char *name) {
  char share[TSL_CLI_PATH_MAX], path[TSL_CLI_PATH_MAX + 256];
  struct tsl_file_source disk;
  char folder[TSL_CLI_PATH_MAX];
  tsl_cli_disk(&disk, folder);
  if (strchr(name, '/') != NULL || strlen(name) > 128)
    return false;
  snprintf(path, sizeof path, "configs/%s/%s.yaml", kind, name);
  if (disk.exists(disk.context, path))
    return true;
  snprintf(path, sizeof path, "%s/configs/%s/%s.yaml", tsl_cli_share(share), kind, name);
  return disk.exists(disk.context, path);
}

static enum tsl_status explain_dataset(const char *name, struct tsl_text *out,
                                       struct tsl_error *err) {
  struct tsl_dataset_config config;
  TSL_TRY(tsl_cli_dataset_config(name, &config, err));
  tsl_text_format(out, "data set %s (%s)\n", config.name, config.file);
  tsl_dataset_config_print(&config, out);
  tsl_text_format(out, "  `teasel explain %s` tells what the options mean\n",
                  config.reader->name);
  return TSL_OK;
}

/* A file of one's own: a data set says by which reader, a network does not. */
static enum tsl_status explain_file(const char *path, struct tsl_text *out,
                                    struct tsl_error *err) {
  char *bytes = NULL;
  size_t count = 0;
  char named[TSL_CLI_PATH_MAX], folder[TSL_CLI_PATH_MAX];
  struct tsl_file_source disk;
  snprintf(named, sizeof named, "%s%s", strchr(path, '/') == NULL ? "./" : "", path);
  if (!tsl_file_exists(named))
    return tsl_error_set(err, TSL_BAD_INPUT, path, "there is no such file");
  tsl_cli_disk(&disk, folder);
  TSL_TRY(disk.read(disk.context, named, &bytes, &count, err));
  bool dataset = strncmp(bytes, "reader:", 7) == 0 || strstr(bytes, "\nreader:") != NULL;
  free(bytes);
  return dataset ? explain_dataset(named, out, err) : explain_network(named, out, err);
}

static bool is_file(const char *topic) {
  size_t length = strlen(topic);
  return strchr(topic, '/') != NULL ||
         (length > 5 && strcmp(topic + length - 5, ".yaml") == 0);
}

static enum tsl_status unknown(const char *topic, enum tsl_status status,
                               struct tsl_error *err) {
  const char *names[64] = {"udr"};
  size_t count = 1;
  for (size_t i = 0; i < tsl_metric_count() && count < 64; i++)
    names[count++] = tsl_metric_at(i)->name;
  const char *near = tsl_text_nearest(topic, names, count);
  if (near != NULL && strstr(err->text, "did you mean") == NULL)
    return tsl_error_set(err, status, "", "nothing is called '%.80s'; did you mean '%s'?",
                         topic, near);
  return status;
}

static enum tsl_status explain(const char *topic, struct tsl_text *out,
                               struct tsl_error *err) {
  struct tsl_cli_registry registry;
  struct tsl_error none = {0};
  tsl_cli_registry_init(&registry);
  enum tsl_status status = tsl_job_explain(topic, &registry.registry, out, &none);
  if (topic == NULL) {
    tsl_text_add(out, "\nMetrics (docs/scores.md has the formulas):\n  udr: agreement of "
                      "runs on their latents\n");
    print_metrics(NULL, out);
    return status;
  }
  if (is_file(topic))
    return explain_file(topic, out, err);
  bool network = config_exists("networks", topic);
  bool dataset = config_exists("datasets", topic);
  bool udr = strcmp(topic, "udr") == 0, metric = tsl_metric_find(topic) != NULL;
  if (udr)
    tsl_text_add(out, udr_help);
  print_metrics(topic, out);
  if (network)
    TSL_TRY(explain_network(topic, out, err));
  if (dataset)
    TSL_TRY(explain_dataset(topic, out, err));
  if (status == TSL_OK || udr || metric || network || dataset)
    return TSL_OK;
  *err = none;
  return unknown(topic, status, err);
}

static enum tsl_status run(int argc, char **argv, struct tsl_error *err) {
  struct tsl_cli_arguments arguments = {0};
  struct tsl_text text;
  tsl_text_init(&text);
  enum tsl_status status =
      tsl_cli_parse(argc, argv, NULL, /*with_settings=*/false, &arguments, err);
  if (status == TSL_OK)
    status = tsl_cli_words_check(&arguments, "explain", 0, 1, "a word", err);
  if (status == TSL_OK)
    status = explain(arguments.word_count > 0 ? arguments.words[0] : NULL, &text, err);
  if (status == TSL_OK && text.bytes != NULL)
    fputs(text.bytes, stdout);
  tsl_text_release(&text);
  tsl_cli_arguments_release(&arguments);
  return status;
}

const struct tsl_command tsl_command_explain = {
    .name = "explain",
    .summary =
        "what a word of a job file means: options, models, metrics, data, networks",
    .usage = usage,
    .run = run,
};
