/* store.h - the results folder and every HDF5 file: outside this header nobody sees HDF5
 * or knows a file name of a results folder.
 *
 * Whole files are written beside, synced and renamed, so a reader sees the old one or the
 * new one. HDF5 files are written without object times and hold no host, path or clock:
 * equal content is equal bytes.
 */
#ifndef TEASEL_STORE_H
#define TEASEL_STORE_H

#include "teasel/array.h"
#include "teasel/digest.h"
#include "teasel/status.h"
#include "teasel/team.h"
#include "teasel/text.h"

#include <stdbool.h>

/* ---- any HDF5 file ---- */
struct tsl_h5_reader;
struct tsl_h5_writer;

/* Local. The error names the file and says what is wrong with it: missing or a folder
 * (TSL_BAD_INPUT), not HDF5 or cut off (TSL_FORMAT). HDF5 1.10 crashes on some damaged
 * files, so all that is asked of a reader is done in a copy of this process; its crash is
 * TSL_FORMAT, too, of this and every later call. */
enum tsl_status tsl_h5_open(const char *path, struct tsl_h5_reader **out,
                            struct tsl_error *err);
/* Local. As tsl_h5_open, without the copy: for who works in one already. */
enum tsl_status tsl_h5_open_here(const char *path, struct tsl_h5_reader **out,
                                 struct tsl_error *err);
void tsl_h5_close(struct tsl_h5_reader *reader);
/* Local. True also where HDF5 has crashed: what is read next says so. */
bool tsl_h5_has(struct tsl_h5_reader *reader, const char *name);
/* Local. Type, rank and dims without the data (array->data is NULL). */
enum tsl_status tsl_h5_describe(struct tsl_h5_reader *reader, const char *name,
                                struct tsl_array *out, struct tsl_error *err);
/* Local. Reads a dataset converted to `type`; the caller releases the array. */
enum tsl_status tsl_h5_read(struct tsl_h5_reader *reader, const char *name,
                            enum tsl_array_type type, struct tsl_array *out,
                            struct tsl_error *err);
/* Local. Rows [begin, begin+count) of the first dimension into data (borrowed). */
enum tsl_status tsl_h5_read_rows(struct tsl_h5_reader *reader, const char *name,
                                 int64_t begin, int64_t count, enum tsl_array_type type,
                                 void *data, struct tsl_error *err);
/* Local. Number attribute (integer or real) of object `name` ("/" for the file);
 * TSL_FORMAT when missing.
 */
enum tsl_status tsl_h5_read_attribute(struct tsl_h5_reader *reader, const char *name,
                                      const char *attribute, double *out,
                                      struct tsl_error *err);
enum tsl_status tsl_h5_read_strings(struct tsl_h5_reader *reader, const char *name,
                                    char ***out, size_t *count,
                                    struct tsl_error *err); /* free each and all */
/* Local. Names of all datasets below `group`, relative to it ("encoder.0.weight" of
 * "/params"), sorted; free each and the list. TSL_FORMAT when there is no such group. */
enum tsl_status tsl_h5_list(struct tsl_h5_reader *reader, const char *group, char ***out,
                            size_t *count, struct tsl_error *err);

/* Local. Writes beside `path`; nothing is seen there before tsl_h5_commit. */
enum tsl_status tsl_h5_create(const char *path, struct tsl_h5_writer **out,
                              struct tsl_error *err);
/* Local. Groups on the way are made. */
enum tsl_status tsl_h5_write(struct tsl_h5_writer *writer, const struct tsl_array *array,
                             struct tsl_error *err);
enum tsl_status tsl_h5_write_attribute(struct tsl_h5_writer *writer, const char *name,
                                       const char *attribute, double value,
                                       struct tsl_error *err);
enum tsl_status tsl_h5_write_strings(struct tsl_h5_writer *writer, const char *name,
                                     const char *const *strings, size_t count,
                                     struct tsl_error *err);
enum tsl_status tsl_h5_commit(struct tsl_h5_writer *writer,
                              struct tsl_error *err); /* frees */
void tsl_h5_abandon(struct tsl_h5_writer *writer); /* frees, removes what was written */

/* ---- plain files ---- */
/* Local. Whole file, with a terminator behind; free(). */
enum tsl_status tsl_file_read(const char *path, char **bytes, size_t *count,
                              struct tsl_error *err);
/* Local. Beside, fsync, rename, directory fsync. */
enum tsl_status tsl_file_write(const char *path, const void *bytes, size_t count,
                               struct tsl_error *err);
bool tsl_file_exists(const char *path);
/* Local. As tsl_file_exists, for files whose absence has consequences: TSL_IO where the
 * system cannot tell, as on a disk that fails. */
enum tsl_status tsl_file_look(const char *path, bool *exists, struct tsl_error *err);
enum tsl_status tsl_folder_create(const char *path,
                                  struct tsl_error *err); /* with parents */
/* Local. A folder in one that is there: in a results folder that was moved away nothing
 * is made anew at its old name. */
enum tsl_status tsl_folder_add(const char *path, struct tsl_error *err);

enum { TSL_PART_TOKEN = 80 };
/* Local. A name for what this process makes for a while: unlike any other, and it tells
 * whose it is; buffer: TSL_PART_TOKEN bytes. */
void tsl_part_token(char *buffer);
/* Local. Whether the text begins with a token whose process is dead for certain: one of
 * this machine. */
bool tsl_part_is_left_over(const char *token);
/* Local. Whether the text begins with a token of a process of this machine. */
bool tsl_part_is_near(const char *token);

/* ---- a results folder ---- */
struct tsl_store;

/* The names of what ranks tell `teasel launch` begin so; its token follows. */
#define TSL_STORE_LAUNCH "launch."

enum { TSL_STORE_FORMAT = 1 }; /* of the folder's files, in provenance.json */

enum tsl_store_mode {
  TSL_STORE_CREATE, /* made when missing; an existing folder of the same job is continued
                     */
  TSL_STORE_LOOK,   /* refused as by CREATE, but nothing is made; it may be missing */
  TSL_STORE_EXISTING
};
/* Local. CREATE refuses a folder that holds foreign files and no job of ours; EXISTING
 * one without job.used.yaml: TSL_BAD_INPUT. CREATE is for one rank; the others open the
 * folder afterwards with EXISTING or CREATE. TSL_BAD_INPUT, too, for
 * a folder of a newer format. */
enum tsl_status tsl_store_open(const char *folder, enum tsl_store_mode mode,
                               struct tsl_store **out, struct tsl_error *err);
void tsl_store_close(struct tsl_store *store);
/* Local. Takes a folder back that was just made for a job that turned out to be bad
 * input: removes job.used.yaml, provenance.json and empty folders, nothing where a run
 * exists. */
void tsl_store_undo(const struct tsl_store *store);
const char *tsl_store_folder(const struct tsl_store *store);

/* Files directly in the folder. */
#define TSL_STORE_FILE_MAP(XX)                                                           \
  XX(JOB, "job.used.yaml")                                                               \
  XX(PROVENANCE, "provenance.json")                                                      \
  XX(LATENTS, "latents.h5")                                                              \
  XX(SCORES, "scores.h5")                                                                \
  XX(SCORES_UNFINISHED, "scores.unfinished.h5")                                          \
  XX(SCORES_CSV, "scores.csv")                                                           \
  XX(UDR_SETTING_CSV, "udr_setting.csv")                                                 \
  XX(UDR_FAMILY_CSV, "udr_family.csv")                                                   \
  XX(UDR_ALL_CSV, "udr_all.csv")                                                         \
  XX(CLUSTERS_CSV, "clusters.csv")                                                       \
  XX(REPORT, "report.html")                                                              \
  XX(FIGURES, "figures")                                                                 \
  XX(CLASSIFY, "classify")                                                               \
  XX(DIGESTS, "digests.txt")                                                             \
  XX(LEDGER, "ledger.tsv")                                                               \
  XX(LEDGERS, "ledger")
enum tsl_store_file {
#define XX(name, file) TSL_STORE_##name,
  TSL_STORE_FILE_MAP(XX)
#undef XX
};
/* Local. From now on, until it is closed, the folder has a job.used.yaml; what was opened
 * with TSL_STORE_EXISTING has. */
void tsl_store_watch(struct tsl_store *store);
/* Local. TSL_GONE where that file is not there any more: the folder was moved, renamed or
 * removed while it is worked in. A look costs one stat, and comes before anything is made
 * in it. */
enum tsl_status tsl_store_look(const struct tsl_store *store, struct tsl_error *err);
/* Local. For a failure in the folder, which then has this one cause: TSL_GONE, else the
 * status as it was, with err untouched. */
enum tsl_status tsl_store_explain(const struct tsl_store *store, enum tsl_status status,
                                  struct tsl_error *err);
/* Local. Path of such a file; the buffer holds TSL_PATH_MAX bytes; returns the buffer. */
enum { TSL_PATH_MAX = 4096 };
char *tsl_store_path(const struct tsl_store *store, enum tsl_store_file file,
                     char *buffer);
/* Local. It may be missing. */
void tsl_store_remove(const struct tsl_store *store, enum tsl_store_file file);
/* A file that is made anew, in days perhaps, where it is missing or damaged. */
struct tsl_product {
  const char *path;
  const char *anew; /* what happens then: "every run is encoded again" */
  bool quiet;       /* another process says so */
};
/* Local. What follows from how its reading ended (status, why): TSL_OK with *usable, or
 * with *usable false where there is none or, which is logged, it is damaged (TSL_FORMAT).
 * Whatever else failed may pass (no right to read it, a disk that does not answer, no
 * memory) and is an error, with the remedy. */
enum tsl_status tsl_store_product_judge(const struct tsl_product *product,
                                        enum tsl_status status,
                                        const struct tsl_error *why, bool *usable,
                                        struct tsl_error *err);
/* Local. Path of a file of a run: "model.h5", "log.csv", "record.json". */
char *tsl_store_run_path(const struct tsl_store *store, const char *run, const char *file,
                         char *buffer);

/* Local. Names of the runs in the folder, whatever its job says, that are begun or
 * finished and not among `without` (without_count, sorted by strcmp); sorted likewise.
 * tsl_store_runs_free frees them. */
enum tsl_status tsl_store_runs_list(const struct tsl_store *store,
                                    const char *const *without, size_t without_count,
                                    char ***out, size_t *count, struct tsl_error *err);
void tsl_store_runs_free(char **names, size_t count);

/* Whose results the folder holds, from provenance.json; empty strings where it is
 * missing. */
struct tsl_identity {
  char job[256];        /* the job's name */
  char data_name[128];  /* as the job named the data set */
  char data_digest[64]; /* hex */
};
/* Local. */
enum tsl_status tsl_store_identity_read(const struct tsl_store *store,
                                        struct tsl_identity *out, struct tsl_error *err);

/* ---- runs ---- */
#define TSL_OUTCOME_MAP(XX)                                                              \
  XX(NONE, "none") /* not finished */                                                    \
  XX(FINISHED, "finished")                                                               \
  XX(DIVERGED, "diverged")   /* a non-finite loss */                                     \
  XX(COLLAPSED, "collapsed") /* no informative latent at the end */
enum tsl_outcome {
#define XX(name, word) TSL_OUTCOME_##name,
  TSL_OUTCOME_MAP(XX)
#undef XX
};
const char *tsl_outcome_word(enum tsl_outcome outcome);

#define TSL_ENDED_MAP(XX)                                                                \
  XX(ITERATIONS, "iterations") /* all were taken */                                      \
  XX(PATIENCE, "patience")     /* train.patience: the held-out loss fell no more */      \
  XX(DIVERGENCE, "divergence") /* a non-finite loss */
enum tsl_ended {
#define XX(name, word) TSL_ENDED_##name,
  TSL_ENDED_MAP(XX)
#undef XX
};

enum { TSL_RECORD_TERMS_MAX = 64 };
/* record.json: what became of a run. Written last, so a run with a record is a finished
 * run. */
struct tsl_record {
  enum tsl_outcome outcome;
  int64_t steps; /* taken */
  enum tsl_ended ended;
  int64_t weights_of_step; /* steps after which model.h5's weights stood */
  double seconds;          /* of training, by a clock: not part of any comparison */
  int width;               /* ranks at the end */
  int informative; /* latents with KL above the threshold at the last logged step; -1
                      unknown */
  double informative_kl; /* that threshold, nats, by which a run is collapsed, too; NAN
                            unknown */
  char kernels[256];     /* tsl_nn_kernel_set() */
  char weights[33];      /* tsl_arrays_digest of model.h5's arrays; empty: unknown */
  char log[33];          /* digest of log.csv's bytes; empty: unknown */
  int term_count;        /* of the held-out points, after training */
  struct {
    char name[64];
    double value;
  } terms[TSL_RECORD_TERMS_MAX];
};
/* Local. TSL_OK and outcome NONE when the run has no record; TSL_FORMAT when it is not as
 * it was written. */
enum tsl_status tsl_store_record_read(const struct tsl_store *store, const char *run,
                                      struct tsl_record *out, struct tsl_error *err);
enum tsl_status tsl_store_record_write(const struct tsl_store *store, const char *run,
                                       const struct tsl_record *record,
                                       struct tsl_error *err);

/* Local. Makes runs/<run> and starts log.csv anew with this header line. A process that
 * still writes the old one writes into a file without a name. */
struct tsl_run_log;
enum tsl_status tsl_store_log_create(const struct tsl_store *store, const char *run,
                                     const char *header, struct tsl_run_log **out,
                                     struct tsl_error *err);
enum tsl_status tsl_run_log_add(struct tsl_run_log *log, const char *line,
                                struct tsl_error *err);
enum tsl_status tsl_run_log_close(struct tsl_run_log *log,
                                  struct tsl_error *err); /* frees */
/* log.csv as it was at some step: its length, and the digest of its bytes. */
struct tsl_log_mark {
  int64_t bytes;
  struct tsl_digest digest;
};
/* Local. Syncs what was added. */
enum tsl_status tsl_run_log_mark(struct tsl_run_log *log, struct tsl_log_mark *out,
                                 struct tsl_error *err);
/* Local. Takes log.csv up again after the mark: lines behind it are dropped. TSL_FORMAT
 * when it does not begin with the header and go on to the mark. */
enum tsl_status tsl_store_log_resume(const struct tsl_store *store, const char *run,
                                     const char *header, const struct tsl_log_mark *mark,
                                     struct tsl_run_log **out, struct tsl_error *err);

/* Local. TSL_FORMAT when log.csv is not the one of this digest, as the run's record has
 * it. */
enum tsl_status tsl_store_log_check(const struct tsl_store *store, const char *run,
                                    const char *digest, struct tsl_error *err);
/* log.csv as numbers: names of columns and (rows, columns) values, NaN where empty. */
struct tsl_table {
  int columns;
  int64_t rows;
  char (*names)[64]; /* (columns) */
  double *values;    /* (rows, columns) */
};
enum tsl_status tsl_store_log_read(const struct tsl_store *store, const char *run,
                                   struct tsl_table *out, struct tsl_error *err);
void tsl_table_release(struct tsl_table *table);

/* Local. runs/<run>/model.h5: arrays named as parameters ("encoder.0.weight"), below
 * /params. */
enum tsl_status tsl_store_model_write(const struct tsl_store *store, const char *run,
                                      const struct tsl_array *params, size_t count,
                                      struct tsl_error *err);
/* Local. Digest of names, shapes and numbers, whatever the order of the arrays: 32 hex
 * digits. */
enum tsl_status tsl_arrays_digest(const struct tsl_array *arrays, size_t count,
                                  char digest[33], struct tsl_error *err);
/* Local. All parameters, names without "/params/"; release each, free the list. */
enum tsl_status tsl_store_model_read(const struct tsl_store *store, const char *run,
                                     struct tsl_array **params, size_t *count,
                                     struct tsl_error *err);

/* ---- snapshot.<step>.h5: where a run on its way put some samples, for pictures ---- */
struct tsl_snapshot {
  int64_t step;   /* steps taken */
  int64_t points; /* the first samples of the data set's order */
  int64_t latent;
  float *mean; /* (points, latent) */
  /* Of a model with clusters, else 0 and NULL: */
  int64_t components;
  int32_t *assignment; /* (points) the component of the largest p(component|x) */
  /* (components, latent), the prior at w = 0 */
  float *component_mean, *component_log_variance;
};
/* Local. The same bytes whenever the run passes that step again. */
enum tsl_status tsl_store_snapshot_write(const struct tsl_store *store, const char *run,
                                         const struct tsl_snapshot *snapshot,
                                         struct tsl_error *err);
/* Local. All of a run, by their steps; none is no error. Release them. */
enum tsl_status tsl_store_snapshots_read(const struct tsl_store *store, const char *run,
                                         struct tsl_snapshot **out, size_t *count,
                                         struct tsl_error *err);
void tsl_snapshot_release(struct tsl_snapshot *snapshot);
void tsl_snapshots_release(struct tsl_snapshot *snapshots, size_t count);

/* ---- checkpoint.h5 and checkpoint.previous.h5: a run on its way ---- */
struct tsl_checkpoint {
  char phase[32];           /* of the run's phases, the one that it was in */
  char kernels[256];        /* tsl_nn_kernel_set() */
  int64_t step;             /* steps taken; -1: there is no checkpoint */
  double seconds;           /* of training so far, by a clock */
  struct tsl_log_mark log;  /* log.csv at this step */
  size_t count;             /* arrays */
  struct tsl_array *arrays; /* below /state: "params/encoder.0.weight" */
};
/* Local. Beside, synced, renamed; what was checkpoint.h5 becomes checkpoint.previous.h5.
 * TSL_IO leaves both as they were. */
enum tsl_status tsl_store_checkpoint_write(const struct tsl_store *store, const char *run,
                                           const struct tsl_checkpoint *checkpoint,
                                           struct tsl_error *err);
enum { TSL_CHECKPOINT_GENERATIONS = 2 };
/* Local. generation: 0 the newest, 1 the one before. TSL_FORMAT: cut off, changed, or of
 * another run; TSL_BAD_INPUT: of a newer teasel. The caller releases it. */
enum tsl_status tsl_store_checkpoint_read(const struct tsl_store *store, const char *run,
                                          int generation, struct tsl_checkpoint *out,
                                          struct tsl_error *err);
void tsl_checkpoint_release(struct tsl_checkpoint *checkpoint);
/* Local. Whether the newest whole checkpoint was made with other kernels than these, and
 * with which; quick where it was not, or where there is none. other: (size) bytes. */
bool tsl_store_checkpoint_differs(const struct tsl_store *store, const char *run,
                                  const char *kernels, char *other, size_t size);
/* Local. The step of the newest checkpoint, as its head says, which is all that is looked
 * at; -1: there is none, or it does not say. */
int64_t tsl_store_checkpoint_step(const struct tsl_store *store, const char *run);
/* Local. Path of a generation; buffer: TSL_PATH_MAX bytes; returns the buffer. */
char *tsl_store_checkpoint_path(const struct tsl_store *store, const char *run,
                                int generation, char *buffer);
/* Local. One that was found damaged, so that it does not become the one before when the
 * next is written. */
void tsl_store_checkpoint_drop(const struct tsl_store *store, const char *run,
                               int generation);
/* Local. Both generations, and what a killed writer left beside them. */
void tsl_store_checkpoint_remove(const struct tsl_store *store, const char *run);

/* ---- latents.h5: /runs/<run>/mean, log_variance (points, latent) float32, of families
 * with clusters cluster_logits (points, clusters) float32, /indices (points) int64 sample
 * numbers, /labels (points) int32, /factors (points, factor_count) float32,
 * /run_table/... ---- */
struct tsl_latents_run {
  const char *name;
  int64_t latent;
  float *mean;         /* (points, latent) */
  float *log_variance; /* (points, latent) */
  int clusters;        /* of the family's own; 0: it has none */
  /* (points, clusters) log q - log(1 - q) of q(cluster|point), at the posterior means of
   * all else that the family draws; NULL: none */
  float *cluster_logits;
};
struct tsl_latents {
  int64_t points;
  int64_t *indices; /* (points) */
  int32_t *labels;  /* (points), NULL when there are none */
  float *factors;   /* (points, factor_count), NULL when there are none */
  int factor_count;
  size_t run_count;
  struct tsl_latents_run *runs;
};
/* Collective on team. Every member gives the whole run list; a member that encoded run i
 * has its arrays set, the others NULL; each run is held by exactly one
 * member. Written with parallel HDF5, collectively, the same bytes for any number of
 * members. */
enum tsl_status tsl_store_latents_write(struct tsl_store *store, struct tsl_team *team,
                                        const struct tsl_latents *latents,
                                        struct tsl_error *err);
/* Local. Everything; tsl_latents_release frees what was read. */
enum tsl_status tsl_store_latents_read(struct tsl_store *store, struct tsl_latents *out,
                                       struct tsl_error *err);
void tsl_latents_release(struct tsl_latents *latents);

/* ---- digests.txt: whether scores and report are up to date ---- */
/* Local. Digests of the files that scores and report were made of, and of what was made.
 * program: what made them. runs: (run_count) names. */
enum tsl_status tsl_store_digests_write(const struct tsl_store *store,
                                        const char *program, const char *const *runs,
                                        size_t run_count, struct tsl_error *err);
/* Local. Whether all of them are as they were then, made by the same program. */
bool tsl_store_digests_hold(const struct tsl_store *store, const char *program,
                            const char *const *runs, size_t run_count);

/* ---- classify/<run>/points.h5: what told good from bad ---- */
struct tsl_classified {
  int64_t points, latent;
  float *mean;           /* (points, latent), by the data set's sample numbers */
  float *log_variance;   /* (points, latent) */
  bool *bad;             /* (points) */
  int64_t labels;        /* that were asked for */
  double informative_kl; /* the threshold that was used, nats */
  char good_name[128], bad_name[128];
};
/* Local. Path of a file in classify/<run>, or of that folder for "". */
char *tsl_store_classify_path(const struct tsl_store *store, const char *run,
                              const char *file, char *buffer);
/* Local. Makes the folder. */
enum tsl_status tsl_store_classified_write(const struct tsl_store *store, const char *run,
                                           const struct tsl_classified *classified,
                                           struct tsl_error *err);
/* Local. points 0 when the run was never classified; tsl_classified_release frees. */
enum tsl_status tsl_store_classified_read(const struct tsl_store *store, const char *run,
                                          struct tsl_classified *out,
                                          struct tsl_error *err);
void tsl_classified_release(struct tsl_classified *classified);

#endif
