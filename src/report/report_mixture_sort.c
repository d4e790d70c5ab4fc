/* Held-out samples by the cluster that is likeliest for them. */
#include "report/report_mixture.h"

#include "teasel/arena.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { JUDGED_MAX = 10000, PIECE = 256, SHOWN = 10 };

struct judged {
  double certainty; /* log odds of its cluster against all others */
  int64_t at;       /* in the data set's order */
  int cluster;
};

static int by_cluster(const void *a, const void *b) {
  const struct judged *x = a, *y = b;
  if (x->cluster != y->cluster)
    return x->cluster < y->cluster ? -1 : 1;
  if (x->certainty != y->certainty)
    return x->certainty > y->certainty ? -1 : 1;
  return (x->at > y->at) - (x->at < y->at);
}

/* logs: (components, at least 2) log p of each. The odds do not tie where the probability
 * is 1. */
static struct judged judge(const float *logs, int64_t components, int64_t at) {
  int best = 0;
  for (int k = 1; k < components; k++)
    best = logs[k] > logs[best] ? k : best;
  int second = best == 0 ? 1 : 0;
  for (int k = 0; k < components; k++)
    second = k != best && logs[k] > logs[second] ? k : second;
  double others = 0; /* over the second */
  for (int k = 0; k < components; k++) {
    if (k != best && k != second)
      others += exp((double)logs[k] - (double)logs[second]);
  }
  return (struct judged){(double)logs[best] - (double)logs[second] - log1p(others), at,
                         best};
}

static enum tsl_status judge_all(const struct tsl__mixture_painter *painter,
                                 int64_t count, struct judged *judged,
                                 struct tsl_error *err) {
  const int64_t *order = tsl_dataset_order(painter->dataset);
  const struct tsl_model_values *values = &painter->model.values;
  float *samples = NULL, *logs = NULL; /* (PIECE, shape), (PIECE, components) */
  enum tsl_status status =
      tsl_allocate((void **)&samples, PIECE * painter->sample, sizeof(float), err);
  if (status == TSL_OK)
    status = tsl_allocate((void **)&logs, PIECE * (size_t)painter->components,
                          sizeof(float), err);
  for (int64_t first = 0; first < count && status == TSL_OK; first += PIECE) {
    const int64_t rows = count - first < PIECE ? count - first : PIECE;
    const struct tsl_feed feed = {values->input, samples};
    const struct tsl_fetch fetch = {values->log_responsibilities, logs};
    tsl_dataset_gather(painter->dataset, order + first, rows, samples);
    status = tsl_graph_compute(painter->model.graph, &feed, 1, &fetch, 1, rows, err);
    for (int64_t i = 0; i < rows && status == TSL_OK; i++)
      judged[first + i] =
          judge(logs + i * painter->components, painter->components, first + i);
  }
  free(samples);
  free(logs);
  return status;
}

/* votes: (label_count), zeroed here. members: (cluster->size) */
static void name_cluster(const struct tsl__mixture_painter *painter,
                         const struct judged *members, int64_t *votes,
                         struct tsl__cluster *cluster) {
  const struct tsl_dataset_view *view = tsl_dataset_view(painter->dataset);
  const int64_t *order = tsl_dataset_order(painter->dataset);
  cluster->label = -1;
  cluster->purity = (double)NAN;
  if (view->labels == NULL || cluster->size == 0)
    return;
  for (int l = 0; l < view->label_count; l++)
    votes[l] = 0;
  for (int64_t i = 0; i < cluster->size; i++)
    votes[view->labels[order[members[i].at]]]++;
  cluster->label = 0;
  for (int l = 1; l < view->label_count; l++)
    cluster->label = votes[l] > votes[cluster->label] ? l : cluster->label;
  if (view->label_names != NULL)
    snprintf(cluster->name, sizeof cluster->name, "%.31s",
             view->label_names[cluster->label]);
  else
    snprintf(cluster->name, sizeof cluster->name, "label %d", cluster->label);
  cluster->purity = (double)votes[cluster->label] / (double)cluster->size;
}

/* The surest of a cluster into its row. */
static void show_cluster(const struct tsl__mixture_painter *painter, int64_t k,
                         const struct judged *members, struct tsl__cluster *cluster) {
  const struct tsl__component_pictures *certain = &painter->out->certain;
  const int64_t *order = tsl_dataset_order(painter->dataset);
  for (int64_t i = 0; i < cluster->size && i < certain->columns; i++) {
    tsl_dataset_gather(painter->dataset, &order[members[i].at], 1,
                       certain->samples +
                           (size_t)(k * certain->columns + i) * painter->sample);
    cluster->shown++;
  }
}

static enum tsl_status fill(struct tsl__mixture_painter *painter, int64_t count,
                            const struct judged *judged, struct tsl_error *err) {
  const struct tsl_dataset_view *view = tsl_dataset_view(painter->dataset);
  struct tsl__report_mixture *out = painter->out;
  const size_t components = (size_t)painter->components;
  int64_t *votes = NULL;
  TSL_TRY(tsl_allocate((void **)&out->clusters, components, sizeof *out->clusters, err));
  if (out->shape.rank == 3) {
    TSL_TRY(tsl_allocate((void **)&out->certain.samples,
                         (size_t)out->rows * SHOWN * painter->sample, sizeof(float),
                         err));
    out->certain.columns = SHOWN;
  }
  TSL_TRY(
      tsl_allocate((void **)&votes, (size_t)view->label_count + 1, sizeof *votes, err));
  for (int64_t k = 0, begin = 0; k < painter->components; k++) {
    struct tsl__cluster *cluster = &out->clusters[k];
    while (begin + cluster->size < count && judged[begin + cluster->size].cluster == k)
      cluster->size++;
    name_cluster(painter, judged + begin, votes, cluster);
    if (k < out->rows)
      show_cluster(painter, k, judged + begin, cluster);
    begin += cluster->size;
  }
  out->judged = count;
  free(votes);
  return TSL_OK;
}

enum tsl_status tsl__mixture_sort(struct tsl__mixture_painter *painter,
                                  struct tsl_error *err) {
  struct judged *judged = NULL;
  int64_t count = tsl_dataset_held_out(painter->dataset, painter->run->options.held_out);
  if (count == 0) /* nothing is held out: what there is */
    count = tsl_dataset_view(painter->dataset)->count;
  count = count < JUDGED_MAX ? count : JUDGED_MAX;
  TSL_TRY(tsl_allocate((void **)&judged, (size_t)count + 1, sizeof *judged, err));
  enum tsl_status status = judge_all(painter, count, judged, err);
  if (status == TSL_OK) {
    qsort(judged, (size_t)count, sizeof *judged, by_cluster);
    status = fill(painter, count, judged, err);
  }
  free(judged);
  return status;
}
