/* job.h - a job file: bytes in, runs out. Knows no ranks; libyaml is used behind this
 * header alone. Every rank parses the same bytes, so that errors agree without a vote.
 *
 * Ownership: a job is opaque, made by tsl_job_read, freed by tsl_job_free; everything
 * reached from it is borrowed from it.
 */
#ifndef TEASEL_JOB_H
#define TEASEL_JOB_H

#include "teasel/digest.h"
#include "teasel/network.h"
#include "teasel/option.h"
#include "teasel/status.h"
#include "teasel/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum tsl_reconstruction {
  TSL_RECONSTRUCTION_BERNOULLI,
  TSL_RECONSTRUCTION_SQUARED_ERROR,
  TSL_RECONSTRUCTION_GAUSSIAN
};

/* Options of scope run that every family has. Filled by the table in
 * src/job/options_run.c. */
struct tsl_run_options {
  int64_t latent;
  int reconstruction; /* enum tsl_reconstruction */
  int64_t seed;
  struct {
    int64_t iterations; /* always set after reading, unless epochs is given: then 0 */
    int64_t epochs;     /* 0 when iterations is given */
    int64_t batch;
    int64_t shards;
    int optimizer; /* index into the words adam|adamax|sgd */
    double learning_rate, beta1, beta2, epsilon, momentum;
    int precision;    /* enum tsl_precision: index into the words float32|bfloat16 */
    int64_t patience; /* evaluations without a better one; 0: never stop early */
    int64_t evaluate_every; /* steps; 0: an epoch */
  } train;
  double held_out; /* score.held_out: fraction, scope run because it changes the training
                      set */
};

/* Bits of score.baselines; without one of the two nothing is fitted. */
enum tsl_baseline { TSL_BASELINE_KMEANS = 2, TSL_BASELINE_MIXTURE = 4 };

/* Options of the scopes score, report and schedule: one set a job. */
struct tsl_job_options {
  struct {
    int64_t points;
    unsigned similarity; /* bit 0 spearman, bit 1 lasso */
    double informative_kl;
    int score;           /* lib|eq2|eq2full: the form that the report shows */
    int64_t comparisons; /* 0: all */
  } udr;
  unsigned baselines; /* bits of enum tsl_baseline */
  struct {
    int64_t points; /* that factor metrics learn from; half as many more judge */
    int64_t votes;  /* that beta-VAE's and FactorVAE's scores learn from; 0: leave them
                      out */
    int64_t test_votes; /* that judge them */
  } factors;
  struct {
    double range;
    int64_t steps;
  } traversals;
  int64_t snapshots;            /* report.snapshots: of a run on its way */
  char reference[TSL_TEXT_MAX]; /* report.reference: a CSV file; "": none */
  int pairs; /* report.pairs: auto|all|family|setting, pairs whose R the page holds */
  double checkpoint_seconds; /* train.checkpoint_seconds */
  int64_t log_every; /* train.log_every, steps between lines of log.csv; 0: a thousand
                lines a run */
  struct {
    int64_t width; /* 0: auto; else 1, 2, 4, 8, ... */
    char cache[TSL_TEXT_MAX];
    double peer_seconds;
    double claim_seconds;
    char isa[TSL_TEXT_MAX]; /* "" : the best that the core has */
  } schedule;
};

/* What the job layer knows of a model family: its name and its option table. Families are
 * declared in src/model and handed in, so that this folder needs none of them. */
struct tsl_family {
  const char *name;    /* "beta_vae": the value of `model:` */
  const char *summary; /* one sentence with the paper, for `teasel explain` */
  const struct tsl_option *options;
  size_t option_count;
  size_t options_bytes; /* size of the family's option struct */
  /* Local. NULL allowed. Checks that need several options or the network together (a
   * gmvae needs `prior:`); problems are added with tsl_error_add, one a line. */
  void (*check)(const void *options, const struct tsl_run_options *run,
                const struct tsl_network *network, struct tsl_error *err);
  bool without_decoder;   /* the network file may leave `decoder:` out (rbm) */
  bool code_from_encoder; /* the decoder's input is the last encoder entry's output, not
                             [latent] (ae and its kin) */
  bool clusters;          /* it puts every sample into a cluster of its own making */
};

/* The same for a data set reader: `reader:` of configs/datasets/NAME.yaml. */
struct tsl_reader {
  const char *name;
  const char *summary;
  const struct tsl_option *options;
  size_t option_count;
  size_t options_bytes;
};

struct tsl_registry {
  const struct tsl_family *const *families;
  size_t family_count;
  const struct tsl_reader *const *readers;
  size_t reader_count;
};

enum {
  TSL_FAMILY_OPTIONS_MAX = 512, /* every run of a job has its own */
  TSL_READER_OPTIONS_MAX = 4096,
  TSL_RUN_NAME_MAX = 384
};

/* One option that the block or an axis sets, as `key=value`, for names and tables. */
struct tsl_run_label {
  char key[64];   /* last part of the dotted name where that is clear: "beta" */
  char value[64]; /* in its shortest form: 4 for 4.0, 0.0001 for 1.0e-4 */
};

struct tsl_run {
  const struct tsl_family *family;
  struct tsl_run_options options;
  _Alignas(16) unsigned char family_options[TSL_FAMILY_OPTIONS_MAX];
  const struct tsl_network *network;
  int block;   /* index of its families: block */
  int setting; /* same hyperparameters, other seeds: same number; counts from 0 over the
                  job */
  int label_count;
  const struct tsl_run_label *labels; /* (label_count) of the setting, as long as the job
                                         lives: network, its parameters, common options,
                                         the family's, each in the order of their table;
                                         beyond 16 they are left out */
  struct tsl_digest id;               /* after tsl_job_name_runs */
  char name[TSL_RUN_NAME_MAX];        /* "beta_tcvae-beta=4-seed=0-1a2b3c4d", after
                                         tsl_job_name_runs */
};

/* A data set configuration: reader, its options filled, and where relative paths start.
 */
struct tsl_dataset_config {
  char name[128]; /* as the job names it; "none" */
  char file[TSL_TEXT_MAX];
  const struct tsl_reader *reader; /* NULL: `dataset: none` */
  int64_t seed; /* `seed:`, of the split and of generated data; default 0 */
  _Alignas(16) unsigned char reader_options[TSL_READER_OPTIONS_MAX];
};

struct tsl_job;

/* How the job layer gets other files' bytes (network, data set) without knowing the disk.
 * Returns malloc'd bytes with a terminator; `found` gets the path for messages. */
struct tsl_file_source {
  enum tsl_status (*read)(void *context, const char *path, char **bytes, size_t *count,
                          struct tsl_error *err);
  bool (*exists)(void *context, const char *path);
  void *context;
  const char *folder; /* current folder, absolute, put before relative paths of
                         job.used.yaml; NULL: left as they are */
};

/* A job file and what the command line adds. */
struct tsl_job_text {
  const char *file;  /* its path, for messages and for relative names */
  const char *bytes; /* (count) */
  size_t count;
  const char *const *settings; /* (setting_count) `--set` texts "key=value" */
  size_t setting_count;
};

/* Local. Parses, checks and expands. A bare network NAME is looked for as
 * ../configs/networks/NAME.yaml from the job's folder, then under installed_share (NULL:
 * nowhere else). All problems at once in err, one a line as FILE:LINE:COLUMN: message,
 * below a line that counts them; status TSL_BAD_INPUT. */
enum tsl_status tsl_job_read(const struct tsl_job_text *text,
                             const struct tsl_registry *registry,
                             const struct tsl_file_source *source,
                             const char *installed_share, struct tsl_job **out,
                             struct tsl_error *err);
void tsl_job_free(struct tsl_job *job);

const char *tsl_job_name(const struct tsl_job *job);
const struct tsl_job_options *tsl_job_options(const struct tsl_job *job);
const struct tsl_dataset_config *tsl_job_dataset(const struct tsl_job *job);
size_t tsl_job_run_count(const struct tsl_job *job);
const struct tsl_run *tsl_job_run(const struct tsl_job *job, size_t index);
int tsl_job_setting_count(const struct tsl_job *job);
/* Local. Keeps the runs that are marked in kept (runs of the job) and forgets the others;
 * their settings keep their numbers. tsl_job_print still prints the whole job. */
void tsl_job_keep_runs(struct tsl_job *job, const unsigned char *kept);
/* Local. Gives every run its id and folder name; data: digest of the data set's bytes
 * (zero for `none`). Duplicate runs were refused by tsl_job_read already. */
void tsl_job_name_runs(struct tsl_job *job, const struct tsl_digest *data);
/* Local. The whole resolved job as YAML that tsl_job_read accepts again: job.used.yaml.
 */
void tsl_job_print(const struct tsl_job *job, struct tsl_text *out);
/* Local. The data set configuration alone (for `teasel data NAME`, without a job). A bare
 * name is looked for in from_folder/configs/datasets, then under installed_share; a path
 * is relative to the current folder. */
enum tsl_status tsl_dataset_config_read(const char *name_or_path, const char *from_folder,
                                        const struct tsl_registry *registry,
                                        const struct tsl_file_source *source,
                                        const char *installed_share,
                                        struct tsl_dataset_config *out,
                                        struct tsl_error *err);
/* Local. Reader, seed and every option with its value, a line each, indented by two. */
void tsl_dataset_config_print(const struct tsl_dataset_config *config,
                              struct tsl_text *out);
/* Local. Changes options of a configuration by `--set` texts: "size=32" or
 * "dataset.size=32", paths relative to the current folder. */
enum tsl_status tsl_dataset_config_set(struct tsl_dataset_config *config,
                                       const char *const *settings, size_t count,
                                       struct tsl_error *err);
/* Local. Help from the tables: topic NULL lists all. TSL_BAD_INPUT with the nearest
 * topic. */
enum tsl_status tsl_job_explain(const char *topic, const struct tsl_registry *registry,
                                struct tsl_text *out, struct tsl_error *err);

#endif
