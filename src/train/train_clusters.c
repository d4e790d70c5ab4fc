/* train_clusters: how well the clusters of a family that has some fit the labels of the
 * held-out points, now and then during training. Members share the points out; the first
 * one judges. The bytes do not depend on the width: a point's numbers depend on nothing
 * but the point. */
#include "train/trainer.h"

#include "teasel/arena.h"
#include "teasel/metric.h"

#include <stdlib.h>

static const char *const metrics[] = {"acc_makhzani", "acc_majority", "acc_hungarian"};
enum { METRICS = sizeof metrics / sizeof metrics[0], PIECE = 256 };

void tsl__clusters_init(struct tsl__trainer *trainer) {
  const struct tsl_run_options *options = &trainer->run->options;
  const struct tsl_value value = trainer->model.values.log_responsibilities;
  if (value.index < 0 || trainer->held_out == 0)
    return;
  const struct tsl_shape shape = tsl_graph_value_shape(trainer->model.graph, value);
  trainer->clusters.components = (int)tsl_shape_count(&shape);
  trainer->clusters.every = options->train.evaluate_every > 0
                                ? options->train.evaluate_every
                                : trainer->training_count / options->train.batch;
}

int tsl__clusters_columns(const struct tsl__trainer *trainer) {
  if (trainer->clusters.every == 0)
    return 0;
  return trainer->view->labels != NULL ? 1 + METRICS : 1;
}

const char *tsl__clusters_column(int column) {
  return column == 0 ? "clusters" : metrics[column - 1];
}

struct judging {
  int64_t block;   /* points a member, the last ones padded */
  float *samples;  /* (PIECE, shape) */
  float *logits;   /* (team size, block, components) */
  double *wide;    /* (held out, components) */
  int32_t *chosen; /* (held out) */
  int32_t *labels; /* (held out) */
};

static void judging_release(struct judging *judging) {
  free(judging->samples);
  free(judging->logits);
  free(judging->wide);
  free(judging->chosen);
  free(judging->labels);
}

static enum tsl_status judging_init(struct judging *judging,
                                    const struct tsl__trainer *trainer,
                                    struct tsl_error *err) {
  const size_t points = (size_t)trainer->held_out;
  const size_t components = (size_t)trainer->clusters.components;
  const size_t size = (size_t)tsl_team_size(trainer->team);
  const size_t block = (points + size - 1) / size;
  *judging = (struct judging){.block = (int64_t)block};
  TSL_TRY(tsl_allocate((void **)&judging->samples,
                       PIECE * (size_t)tsl_shape_count(&trainer->view->shape),
                       sizeof(float), err));
  TSL_TRY(tsl_allocate((void **)&judging->logits, size * block * components,
                       sizeof(float), err));
  if (!trainer->first)
    return TSL_OK;
  TSL_TRY(
      tsl_allocate((void **)&judging->wide, points * components, sizeof(double), err));
  TSL_TRY(tsl_allocate((void **)&judging->chosen, points, sizeof(int32_t), err));
  return tsl_allocate((void **)&judging->labels, points, sizeof(int32_t), err);
}

/* Local. This member's points, through the encoder and the prior's network. */
static enum tsl_status compute_block(const struct tsl__trainer *trainer,
                                     const struct judging *judging,
                                     struct tsl_error *err) {
  const struct tsl_model *model = &trainer->model;
  const int64_t *points = tsl_dataset_order(trainer->request->dataset);
  const int64_t begin = tsl_team_index(trainer->team) * judging->block;
  int64_t end = begin + judging->block;
  end = end < trainer->held_out ? end : trainer->held_out;
  for (int64_t row = begin; row < end; row += PIECE) {
    const int64_t rows = end - row < PIECE ? end - row : PIECE;
    float *logits = judging->logits + row * trainer->clusters.components;
    tsl_dataset_gather(trainer->request->dataset, points + row, rows, judging->samples);
    const struct tsl_feed feed = {model->values.input, judging->samples};
    const struct tsl_fetch fetch = {model->values.log_responsibilities, logits};
    TSL_TRY(tsl_graph_compute(model->graph, &feed, 1, &fetch, 1, rows, err));
    tsl_model_cluster_logits(logits, rows, trainer->clusters.components);
    /* Rank 0 serves the others; an interruption waits for the end of the evaluation. */
    if (trainer->request->poll != NULL)
      (void)trainer->request->poll(trainer->request->poll_context);
  }
  return TSL_OK;
}

/* Local, first member. */
static enum tsl_status judge(struct tsl__trainer *trainer, const struct judging *judging,
                             struct tsl_error *err) {
  struct tsl__clusters *clusters = &trainer->clusters;
  const int64_t points = trainer->held_out, components = clusters->components;
  const int64_t *order = tsl_dataset_order(trainer->request->dataset);
  for (int64_t i = 0; i < points * components; i++)
    judging->wide[i] = (double)judging->logits[i];
  clusters->values[0] = (double)tsl_clusters_choose(judging->wide, points,
                                                    (int)components, judging->chosen);
  if (trainer->view->labels == NULL)
    return TSL_OK;
  for (int64_t i = 0; i < points; i++)
    judging->labels[i] = trainer->view->labels[order[i]];
  const struct tsl_metric_input input = {.points = points,
                                         .clusters = judging->chosen,
                                         .labels = judging->labels,
                                         .responsibilities = judging->wide,
                                         .cluster_count = (int)components};
  struct tsl_text reason;
  tsl_text_init(&reason);
  enum tsl_status status = TSL_OK;
  for (int m = 0; m < METRICS && status == TSL_OK; m++)
    status = tsl_metric_find(metrics[m])
                 ->compute(&input, &clusters->values[1 + m], &reason, err);
  tsl_text_release(&reason);
  return status;
}

/* Collective on team. */
static enum tsl_status evaluate(struct tsl__trainer *trainer, struct tsl_error *err) {
  struct judging judging;
  enum tsl_status status = judging_init(&judging, trainer, err);
  if (status == TSL_OK)
    status = compute_block(trainer, &judging, err);
  status = tsl_team_agree(trainer->team, status, err);
  if (status == TSL_OK)
    status = tsl_team_gather(trainer->team, judging.logits,
                             (size_t)(judging.block * trainer->clusters.components) *
                                 sizeof *judging.logits,
                             err);
  if (status == TSL_OK) {
    if (trainer->first)
      status = judge(trainer, &judging, err);
    status = tsl_team_agree(trainer->team, status, err);
  }
  judging_release(&judging);
  return status;
}

enum tsl_status tsl__clusters_step(struct tsl__trainer *trainer, bool finite,
                                   struct tsl_error *err) {
  struct tsl__clusters *clusters = &trainer->clusters;
  clusters->evaluated =
      finite && clusters->every > 0 &&
      (trainer->steps % clusters->every == 0 || trainer->steps == trainer->iterations);
  return clusters->evaluated ? evaluate(trainer, err) : TSL_OK;
}

enum tsl_status tsl__clusters_conclude(struct tsl__trainer *trainer,
                                       struct tsl_error *err) {
  return trainer->clusters.every > 0 && trainer->patience.every > 0
             ? evaluate(trainer, err)
             : TSL_OK;
}
