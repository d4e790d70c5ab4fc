/* trainer.h - one member's part of one run, shared by the files of src/train. */
#ifndef TEASEL_TRAIN_TRAINER_H
#define TEASEL_TRAIN_TRAINER_H

#include "teasel/model.h"
#include "teasel/text.h"
#include "teasel/train.h"

/* What a member tells the others with its next step (struct tsl_step, calls). */
enum {
  TSL__CALL_VOTE = 1,  /* it failed or was interrupted: all vote after that step */
  TSL__CALL_KEEP = 2,  /* the first member's: a checkpoint is written after that step */
  TSL__CALL_CHANGE = 4 /* the first member's: the team changes after that step */
};

/* Stopping early (train_patience.c). */
struct tsl__patience {
  int64_t every;     /* steps between evaluations; 0: never stops early */
  double *terms;     /* (tsl_graph_term_numbers), of an evaluation */
  double loss;       /* the last evaluation's */
  bool evaluated;    /* after the last step */
  bool over;         /* the run is to stop */
  int64_t floats;    /* of all parameters */
  float *weights;    /* (floats) in PyTorch's layouts, of the best evaluation */
  double best;       /* its loss, and the steps taken then; -1: none yet; like what */
  int64_t best_step; /* follows and the weights, the first member's alone */
  int64_t since;     /* evaluations behind it */
};

/* Clusters of the held-out points (train_clusters.c). */
enum { TSL__CLUSTER_COLUMNS_MAX = 4 };
struct tsl__clusters {
  int64_t every;  /* steps between evaluations; 0: the family has no clusters */
  int components; /* K */
  bool evaluated; /* after the last step */
  double
      values[TSL__CLUSTER_COLUMNS_MAX]; /* the last evaluation's, first member's alone */
};

struct tsl__trainer {
  const struct tsl_train_request *request;
  const struct tsl_run *run;
  struct tsl_team *team;
  const struct tsl_dataset_view *view;
  struct tsl_model model;
  bool first;              /* this member writes the files */
  int64_t iterations;      /* steps of the whole run */
  int64_t held_out;        /* samples that are not trained on */
  int64_t training_count;  /* samples of the training split */
  const int64_t *training; /* (training_count) sample numbers; borrowed */

  /* The batches: one permutation an epoch, this member's shards of each. */
  int64_t epoch;        /* that `permutation` is of; -1: none yet */
  int64_t member_rows;  /* samples of a batch that this member has: batch / team size */
  int64_t *permutation; /* (training_count) */
  int64_t *indices;     /* (member_rows) sample numbers */
  float *samples;       /* (member_rows, shape) */

  double *terms; /* (tsl_graph_term_numbers), of the last step */
  struct tsl_run_log *log;
  struct tsl_text line;

  int64_t steps; /* taken */
  /* This member's first failure since the last vote, not yet known to all. */
  enum tsl_status outcome;
  struct tsl_error error;
  uint32_t calls; /* TSL__CALL_... , told with the next step */
  double begun;   /* tsl_clock_seconds(), less what was trained before this start */
  struct {
    double written; /* when the last checkpoint was, or this start; tsl_clock_seconds */
    double cost;    /* seconds that writing it took */
    int64_t step;   /* its step; -1: none yet */
    bool warned;    /* that the last one could not be written */
  } keeping;        /* of checkpoints */
  struct tsl__patience patience;
  struct tsl__clusters clusters;
  struct tsl_record record;
};

/* Local. Arrays for this member's rows of a batch. */
enum tsl_status tsl__trainer_allocate_rows(struct tsl__trainer *trainer, int64_t rows,
                                           struct tsl_error *err);

/* Local. TSL__CALL_CHANGE where ranks wait to join, or are to be let go. */
uint32_t tsl__join_call(const struct tsl__trainer *trainer);
/* Collective on the old team, and then on the new one. Between two steps: the team
 * becomes the one that is offered; afterwards this member may be released
 * (request->turn). */
enum tsl_status tsl__join_change(struct tsl__trainer *trainer, struct tsl_error *err);
/* Local, then collective on the new team. A joiner that is ready waits, and takes over
 * where the team is; or is released. */
enum tsl_status tsl__join_begin(struct tsl__trainer *trainer, struct tsl_error *err);
/* Local, first member. What came of writing the run's files: TSL_TAKEN instead of a
 * failure where another process has the run, whose start sweeps away what others write.
 */
enum tsl_status tsl__trainer_blame(const struct tsl__trainer *trainer,
                                   enum tsl_status status, struct tsl_error *err);
/* Collective on team. Takes up the run's checkpoint, or begins: sets steps and the
 * graph's state, opens log.csv. A checkpoint that is damaged or does not fit is named in
 * the log and the one before is taken, or none. TSL_BAD_INPUT where it was made with
 * other kernels or by a newer program. */
enum tsl_status tsl__checkpoint_resume(struct tsl__trainer *trainer,
                                       struct tsl_error *err);
/* Local. TSL__CALL_KEEP when the time has come, on the first member. */
uint32_t tsl__checkpoint_call(const struct tsl__trainer *trainer);
/* Collective on team. Writes a checkpoint; one that cannot be written is a warning. */
enum tsl_status tsl__checkpoint_keep(struct tsl__trainer *trainer, struct tsl_error *err);
/* Collective on team. Writes one because the run is left, where none is of this step. */
enum tsl_status tsl__checkpoint_leave(struct tsl__trainer *trainer,
                                      struct tsl_error *err);
/* Local. Sets trainer->patience up, where the run has train.patience. */
enum tsl_status tsl__patience_init(struct tsl__trainer *trainer, struct tsl_error *err);
void tsl__patience_release(struct tsl__trainer *trainer);
/* Local. As before the first evaluation. */
void tsl__patience_reset(struct tsl__trainer *trainer);
/* Collective on team. After each step: evaluates when it is time, and decides whether the
 * run is over. finite: the step's loss. */
enum tsl_status tsl__patience_step(struct tsl__trainer *trainer, bool finite,
                                   struct tsl_error *err);
/* Collective on team. After the last step: gives the graph of each member the best
 * weights, and the record how the run ended. */
enum tsl_status tsl__patience_conclude(struct tsl__trainer *trainer,
                                       struct tsl_error *err);
/* Local. How many arrays of a checkpoint are the patience's; describes them. */
size_t tsl__patience_array_count(const struct tsl__trainer *trainer);
void tsl__patience_describe(struct tsl__trainer *trainer, struct tsl_array *arrays);
/* Local, first member. Takes them; TSL_FORMAT where they do not fit. */
enum tsl_status tsl__patience_take(struct tsl__trainer *trainer,
                                   const struct tsl_checkpoint *checkpoint,
                                   const char *path, struct tsl_error *err);
/* Local. Sets trainer->clusters up, where the family has clusters and points are held
 * out.
 */
void tsl__clusters_init(struct tsl__trainer *trainer);
/* Local. Columns of log.csv: how many, and their names. */
int tsl__clusters_columns(const struct tsl__trainer *trainer);
const char *tsl__clusters_column(int column);
/* Collective on team. After each step, as tsl__patience_step. */
enum tsl_status tsl__clusters_step(struct tsl__trainer *trainer, bool finite,
                                   struct tsl_error *err);
/* Collective on team. After the last step, where the weights are then other ones. */
enum tsl_status tsl__clusters_conclude(struct tsl__trainer *trainer,
                                       struct tsl_error *err);
/* Local. The array of that name, type and, where param is not NULL, shape (else a
 * scalar); NULL when there is none. */
const struct tsl_array *tsl__checkpoint_find(const struct tsl_checkpoint *checkpoint,
                                             const char *name, enum tsl_array_type type,
                                             const struct tsl_param *param);
/* Local. A parameter's values as an array under this name. */
void tsl__param_describe(const struct tsl_param *param, const char *prefix, float *values,
                         struct tsl_array *array);
/* Local. TSL_BAD_INPUT: the run was trained with other kernels than those of this start.
 */
enum tsl_status tsl__other_kernels(struct tsl_error *err, const char *run,
                                   const char *kernels);

/* Local. Puts this member's samples of a step into trainer->samples. */
void tsl__batch_fill(struct tsl__trainer *trainer, int64_t step);

/* Local. The loss term of this name; count 0: the family has none. */
struct tsl_term tsl__term_find(const struct tsl__trainer *trainer, const char *name);
/* Local. log.csv: step, the loss terms of one number, kl_<i> of each latent, informative
 * (how many of these are above the threshold), capacity where the family has one,
 * held_out where the run has train.patience, clusters of the held-out points and their
 * accuracies where the family has clusters. */
void tsl__log_header(const struct tsl__trainer *trainer, struct tsl_text *out);
enum tsl_status tsl__log_line(struct tsl__trainer *trainer, int64_t step,
                              struct tsl_error *err);
int64_t tsl__log_every(const struct tsl__trainer *trainer);
/* Local. Latents whose KL of the last step is above the threshold; -1: the family has no
 * KL a latent. */
int tsl__log_informative(const struct tsl__trainer *trainer);

/* Collective on team. Means over the held-out points into the record's terms; the run is
 * collapsed when no latent of them is informative. */
enum tsl_status tsl__trainer_evaluate(struct tsl__trainer *trainer,
                                      struct tsl_error *err);

/* Local. As tsl_train_iterations; TSL_BAD_INPUT where the run cannot be trained. */
enum tsl_status tsl__train_check(const struct tsl_run *run, int64_t training_count,
                                 struct tsl_error *err);

/* Local. Whether the steps taken are those of one of report.snapshots, and the model has
 * anything to keep. */
bool tsl__snapshot_is_due(const struct tsl__trainer *trainer);
/* Local. Writes it. */
enum tsl_status tsl__snapshot_keep(struct tsl__trainer *trainer, struct tsl_error *err);

#endif
