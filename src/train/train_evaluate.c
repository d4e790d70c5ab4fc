/* train_evaluate: the loss terms of the held-out points, after training. Each member
 * computes its rows; the means are then added in the order of the points, so that they
 * do not depend on who computed what. */
#include "train/trainer.h"

#include "teasel/arena.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct evaluation {
  int64_t latent; /* 0: the family has no posterior */
  int64_t width;  /* numbers a point: KL of each latent, then the reconstruction */
  int64_t block;  /* points a member, the last ones padded */
  int64_t piece;  /* points at a time */
  float *samples; /* (piece, shape) */
  float *mean, *log_variance; /* (piece, latent) */
  float *reconstruction;      /* (piece) */
  float *values;              /* (team size, block, width) */
};

static void evaluation_release(struct evaluation *evaluation) {
  free(evaluation->samples);
  free(evaluation->mean);
  free(evaluation->log_variance);
  free(evaluation->reconstruction);
  free(evaluation->values);
}

static enum tsl_status allocate_floats(float **out, int64_t rows, int64_t columns,
                                       struct tsl_error *err) {
  void *memory = NULL;
  TSL_TRY(tsl_allocate(&memory, (size_t)(rows * columns), sizeof **out, err));
  *out = memory;
  return TSL_OK;
}

static enum tsl_status evaluation_init(struct evaluation *evaluation,
                                       const struct tsl__trainer *trainer,
                                       struct tsl_error *err) {
  const int64_t piece = 256; /* between two polls; small pieces keep the memory small */
  const struct tsl_model_values *values = &trainer->model.values;
  int64_t latent = values->mean.index >= 0 && values->log_variance.index >= 0
                       ? trainer->run->options.latent
                       : 0;
  int64_t size = tsl_team_size(trainer->team);
  *evaluation = (struct evaluation){.latent = latent,
                                    .width = latent + 1,
                                    .block = (trainer->held_out + size - 1) / size,
                                    .piece = piece};
  TSL_TRY(allocate_floats(&evaluation->samples, piece,
                          tsl_shape_count(&trainer->view->shape), err));
  TSL_TRY(allocate_floats(&evaluation->mean, piece, latent, err));
  TSL_TRY(allocate_floats(&evaluation->log_variance, piece, latent, err));
  TSL_TRY(allocate_floats(&evaluation->reconstruction, piece, 1, err));
  return allocate_floats(&evaluation->values, size * evaluation->block, evaluation->width,
                         err);
}

/* KL(N(mean, exp(log_variance)) || N(0, 1)) in nats. */
static float kl_of(float mean, float log_variance) {
  double m = (double)mean, v = (double)log_variance;
  return (float)(0.5 * (m * m + exp(v) - 1 - v));
}

/* One piece of points. The reconstruction is that of the posterior mean. values: (rows,
 * width) */
static enum tsl_status evaluate_piece(const struct tsl__trainer *trainer,
                                      const struct evaluation *evaluation,
                                      const int64_t *points, int64_t rows, float *values,
                                      struct tsl_error *err) {
  const struct tsl_model *model = &trainer->model;
  const int64_t latent = evaluation->latent;
  tsl_dataset_gather(trainer->request->dataset, points, rows, evaluation->samples);
  struct tsl_feed feeds[2] = {{model->values.input, evaluation->samples}};
  int feed_count = 1;
  if (latent > 0) {
    const struct tsl_fetch posterior[2] = {
        {model->values.mean, evaluation->mean},
        {model->values.log_variance, evaluation->log_variance}};
    TSL_TRY(tsl_graph_compute(model->graph, feeds, 1, posterior, 2, rows, err));
    feeds[feed_count++] = (struct tsl_feed){model->values.code, evaluation->mean};
  }
  const struct tsl_fetch loss = {model->values.reconstruction,
                                 evaluation->reconstruction};
  TSL_TRY(tsl_graph_compute(model->graph, feeds, feed_count, &loss, 1, rows, err));
  for (int64_t i = 0; i < rows; i++) {
    float *row = values + i * evaluation->width;
    for (int64_t k = 0; k < latent; k++)
      row[k] = kl_of(evaluation->mean[i * latent + k],
                     evaluation->log_variance[i * latent + k]);
    row[latent] = evaluation->reconstruction[i];
  }
  return TSL_OK;
}

static enum tsl_status evaluate_block(const struct tsl__trainer *trainer,
                                      const struct evaluation *evaluation,
                                      struct tsl_error *err) {
  const int64_t *points = tsl_dataset_order(trainer->request->dataset);
  int64_t begin = tsl_team_index(trainer->team) * evaluation->block;
  int64_t end = begin + evaluation->block;
  end = end < trainer->held_out ? end : trainer->held_out;
  for (int64_t row = begin; row < end; row += evaluation->piece) {
    int64_t rows = end - row < evaluation->piece ? end - row : evaluation->piece;
    TSL_TRY(evaluate_piece(trainer, evaluation, points + row, rows,
                           evaluation->values + row * evaluation->width, err));
    /* The training is done: an interruption may wait until its result is written. */
    if (trainer->request->poll != NULL)
      (void)trainer->request->poll(trainer->request->poll_context);
  }
  return TSL_OK;
}

static void add_term(struct tsl_record *record, const char *name, double value) {
  if (record->term_count == TSL_RECORD_TERMS_MAX)
    return;
  snprintf(record->terms[record->term_count].name,
           sizeof record->terms[record->term_count].name, "%s", name);
  record->terms[record->term_count++].value = value;
}

static void conclude(struct tsl__trainer *trainer, const struct evaluation *evaluation) {
  double kl = 0;
  int informative = 0;
  for (int64_t column = 0; column < evaluation->width; column++) {
    double sum = 0;
    for (int64_t i = 0; i < trainer->held_out; i++)
      sum += (double)evaluation->values[i * evaluation->width + column];
    double mean = sum / (double)trainer->held_out;
    if (column == evaluation->latent) {
      add_term(&trainer->record, "reconstruction", mean);
    } else {
      kl += mean;
      informative += mean > trainer->request->options->udr.informative_kl;
    }
  }
  if (evaluation->latent == 0)
    return;
  add_term(&trainer->record, "kl", kl);
  trainer->record.outcome =
      informative > 0 ? TSL_OUTCOME_FINISHED : TSL_OUTCOME_COLLAPSED;
}

enum tsl_status tsl__trainer_evaluate(struct tsl__trainer *trainer,
                                      struct tsl_error *err) {
  struct evaluation evaluation = {0};
  struct tsl_team *team = trainer->team;
  trainer->record.outcome =
      trainer->record.informative == 0 ? TSL_OUTCOME_COLLAPSED : TSL_OUTCOME_FINISHED;
  if (trainer->held_out == 0 || trainer->model.values.reconstruction.index < 0)
    return TSL_OK;
  enum tsl_status status = evaluation_init(&evaluation, trainer, err);
  if (status == TSL_OK)
    status = evaluate_block(trainer, &evaluation, err);
  status = tsl_team_agree(team, status, err);
  if (status == TSL_OK)
    status = tsl_team_gather(
        team, evaluation.values,
        (size_t)(evaluation.block * evaluation.width) * sizeof *evaluation.values, err);
  if (status == TSL_OK)
    conclude(trainer, &evaluation);
  evaluation_release(&evaluation);
  return status;
}
