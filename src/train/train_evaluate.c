/* train_evaluate: the loss terms of the held-out points, after training. Each member
 * computes its rows; the means are then added in the order of the points, so that they
 * do not depend on who computed what. */
#include "train/trainer.h"

#include "teasel/arena.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const mixture_terms[] = {"conditional_prior", "w_prior", "z_prior"};
enum { MIXTURE_TERMS = sizeof mixture_terms / sizeof mixture_terms[0] };

struct evaluation {
  int64_t latent; /* 0: the family has no posterior */
  bool mixture;   /* the prior is one: its terms stand in place of the KLs */
  int64_t width;  /* numbers a point: KL of each latent or the mixture's terms, then the
                     reconstruction */
  int64_t block;  /* points a member, the last ones padded */
  int64_t piece;  /* points at a time */
  float *samples; /* (piece, shape) */
  float *mean, *log_variance;  /* (piece, latent) */
  float *terms[MIXTURE_TERMS]; /* (piece) each */
  float *reconstruction;       /* (piece) */
  float *values;               /* (team size, block, width) */
};

static void evaluation_release(struct evaluation *evaluation) {
  free(evaluation->samples);
  free(evaluation->mean);
  free(evaluation->log_variance);
  for (int i = 0; i < MIXTURE_TERMS; i++)
    free(evaluation->terms[i]);
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
  const bool mixture = values->conditional_prior.index >= 0;
  int64_t latent = !mixture && values->mean.index >= 0 && values->log_variance.index >= 0
                       ? trainer->run->options.latent
                       : 0;
  int64_t size = tsl_team_size(trainer->team);
  *evaluation = (struct evaluation){.latent = latent,
                                    .mixture = mixture,
                                    .width = (mixture ? MIXTURE_TERMS : latent) + 1,
                                    .block = (trainer->held_out + size - 1) / size,
                                    .piece = piece};
  TSL_TRY(allocate_floats(&evaluation->samples, piece,
                          tsl_shape_count(&trainer->view->shape), err));
  TSL_TRY(allocate_floats(&evaluation->mean, piece, latent, err));
  TSL_TRY(allocate_floats(&evaluation->log_variance, piece, latent, err));
  for (int i = 0; mixture && i < MIXTURE_TERMS; i++)
    TSL_TRY(allocate_floats(&evaluation->terms[i], piece, 1, err));
  TSL_TRY(allocate_floats(&evaluation->reconstruction, piece, 1, err));
  return allocate_floats(&evaluation->values, size * evaluation->block, evaluation->width,
                         err);
}

/* KL(N(mean, exp(log_variance)) || N(0, 1)) in nats. */
static float kl_of(float mean, float log_variance) {
  double m = (double)mean, v = (double)log_variance;
  return (float)(0.5 * (m * m + exp(v) - 1 - v));
}

/* The terms at the posterior means of x and w. values: (rows, width) */
static enum tsl_status evaluate_mixture(const struct tsl_model *model,
                                        const struct evaluation *evaluation, int64_t rows,
                                        float *values, struct tsl_error *err) {
  const struct tsl_feed feed = {model->values.input, evaluation->samples};
  const struct tsl_fetch fetches[MIXTURE_TERMS + 1] = {
      {model->values.conditional_prior, evaluation->terms[0]},
      {model->values.w_prior, evaluation->terms[1]},
      {model->values.z_prior, evaluation->terms[2]},
      {model->values.reconstruction, evaluation->reconstruction}};
  TSL_TRY(
      tsl_graph_compute(model->graph, &feed, 1, fetches, MIXTURE_TERMS + 1, rows, err));
  for (int64_t i = 0; i < rows; i++) {
    for (int k = 0; k < MIXTURE_TERMS; k++)
      values[i * evaluation->width + k] = evaluation->terms[k][i];
    values[i * evaluation->width + MIXTURE_TERMS] = evaluation->reconstruction[i];
  }
  return TSL_OK;
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
  if (evaluation->mixture)
    return evaluate_mixture(model, evaluation, rows, values, err);
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

static double column_mean(const struct tsl__trainer *trainer,
                          const struct evaluation *evaluation, int64_t column) {
  double sum = 0;
  for (int64_t i = 0; i < trainer->held_out; i++)
    sum += (double)evaluation->values[i * evaluation->width + column];
  return sum / (double)trainer->held_out;
}

/* Of a mixture: the posteriors of x and w are their priors, within the threshold of an
 * informative latent for each of them. */
static enum tsl_outcome mixture_outcome(const struct tsl__trainer *trainer,
                                        double conditional_prior, double w_prior) {
  const double least = trainer->request->options->udr.informative_kl;
  const struct tsl_shape w =
      tsl_graph_value_shape(trainer->model.graph, trainer->model.values.w_mean);
  bool informative = conditional_prior > least * (double)trainer->run->options.latent ||
                     w_prior > least * (double)tsl_shape_count(&w);
  return informative ? TSL_OUTCOME_FINISHED : TSL_OUTCOME_COLLAPSED;
}

static void conclude_mixture(struct tsl__trainer *trainer,
                             const struct evaluation *evaluation) {
  add_term(&trainer->record, "reconstruction",
           column_mean(trainer, evaluation, MIXTURE_TERMS));
  for (int k = 0; k < MIXTURE_TERMS; k++)
    add_term(&trainer->record, mixture_terms[k], column_mean(trainer, evaluation, k));
  for (int c = 0; trainer->first && c < tsl__clusters_columns(trainer); c++)
    add_term(&trainer->record, tsl__clusters_column(c), trainer->clusters.values[c]);
  trainer->record.outcome = mixture_outcome(trainer, column_mean(trainer, evaluation, 0),
                                            column_mean(trainer, evaluation, 1));
}

static void conclude(struct tsl__trainer *trainer, const struct evaluation *evaluation) {
  if (evaluation->mixture) {
    conclude_mixture(trainer, evaluation);
    return;
  }
  double kl = 0;
  int informative = 0;
  for (int64_t column = 0; column < evaluation->width; column++) {
    double mean = column_mean(trainer, evaluation, column);
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

/* The last update may have broken what the last loss did not show yet; then the weights
 * are those of a run that diverged, though all its steps were taken. */
static void look_for_divergence(struct tsl__trainer *trainer) {
  for (int i = 0; i < trainer->record.term_count; i++) {
    if (!isfinite(trainer->record.terms[i].value))
      trainer->record.outcome = TSL_OUTCOME_DIVERGED;
  }
}

/* By the last step of training; points that are held out tell it better. */
static enum tsl_outcome outcome_of_training(const struct tsl__trainer *trainer) {
  const struct tsl_term conditional_prior = tsl__term_find(trainer, mixture_terms[0]);
  const struct tsl_term w_prior = tsl__term_find(trainer, mixture_terms[1]);
  if (conditional_prior.count > 0)
    return mixture_outcome(trainer, trainer->terms[conditional_prior.offset],
                           trainer->terms[w_prior.offset]);
  return trainer->record.informative == 0 ? TSL_OUTCOME_COLLAPSED : TSL_OUTCOME_FINISHED;
}

enum tsl_status tsl__trainer_evaluate(struct tsl__trainer *trainer,
                                      struct tsl_error *err) {
  struct evaluation evaluation = {0};
  struct tsl_team *team = trainer->team;
  trainer->record.outcome = outcome_of_training(trainer);
  TSL_TRY(tsl__clusters_conclude(trainer, err));
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
  if (status == TSL_OK) {
    conclude(trainer, &evaluation);
    look_for_divergence(trainer);
  }
  evaluation_release(&evaluation);
  return status;
}
