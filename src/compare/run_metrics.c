/* Clustering and factor metrics of every run, as far as the data set allows them. */
#include "compare/comparison.h"
#include "metric/factor.h"
#include "teasel/arena.h"
#include "teasel/fit.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What a run's metrics are computed from. */
struct run_data {
  struct tsl_metric_input input;
  double *codes;       /* (points, latent) all posterior means */
  double *informative; /* (points, informative_count) */
  int informative_count;
  double *factors;       /* (points, factor_count) */
  int32_t *factor_sizes; /* (factor_count) */
  struct tsl_kmeans kmeans;
  bool clustered;
  struct tsl_code_source *source;
};

static unsigned given(const struct tsl__comparison *c) {
  unsigned flags = 0;
  if (c->latents.labels != NULL)
    flags |= TSL_METRIC_NEEDS_CLUSTERS | TSL_METRIC_NEEDS_LABELS;
  if (c->latents.factors != NULL)
    flags |= TSL_METRIC_NEEDS_FACTORS | TSL_METRIC_NEEDS_TEST;
  if (tsl_job_options(c->job)->factors.votes > 0 && c->dataset != NULL &&
      tsl_dataset_can_draw(c->dataset))
    flags |= TSL_METRIC_NEEDS_DRAWING;
  return flags;
}

int tsl__metrics_list(const struct tsl__comparison *c,
                      char (*names)[TSL_METRIC_NAME_MAX]) {
  int count = 0;
  for (size_t i = 0; i < tsl_metric_count(); i++) {
    const struct tsl_metric *metric = tsl_metric_at(i);
    if ((metric->needs & ~given(c)) != 0)
      continue;
    if (names != NULL)
      snprintf(names[count], TSL_METRIC_NAME_MAX, "%s", metric->name);
    count++;
  }
  return count;
}

static int count_labels(const struct tsl_latents *latents) {
  int count = 0;
  for (int64_t i = 0; i < latents->points; i++) {
    bool first = true;
    for (int64_t k = 0; k < i && first; k++)
      first = latents->labels[k] != latents->labels[i];
    count += first;
  }
  return count;
}

/* A family without clusters of its own gets them by k-means on its informative posterior
 * means, as many as there are labels. */
static enum tsl_status cluster(const struct tsl__comparison *c, const struct tsl_run *run,
                               struct run_data *data, struct tsl_error *err) {
  int clusters = count_labels(&c->latents);
  if (data->informative_count == 0 || clusters > c->latents.points)
    return TSL_OK;
  struct tsl_kmeans_request request = {
      .x = data->informative,
      .points = c->latents.points,
      .features = data->informative_count,
      .clusters = clusters,
      .starts = 10,
      .steps = 300,
      .stream = {(uint64_t)run->options.seed, TSL_PURPOSE_FIT, 0}};
  TSL_TRY(tsl_kmeans_fit(&request, &data->kmeans, err));
  data->clustered = true;
  return TSL_OK;
}

/* Discrete: told so by the data set, or without one when all values are whole. */
static void size_factors(const struct tsl__comparison *c, struct run_data *data) {
  const struct tsl_dataset_view *view =
      c->dataset != NULL ? tsl_dataset_view(c->dataset) : NULL;
  int count = c->latents.factor_count;
  for (int j = 0; j < count; j++) {
    if (view != NULL && view->factor_sizes != NULL && view->factor_count == count) {
      data->factor_sizes[j] = view->factor_sizes[j];
      continue;
    }
    bool whole = true;
    for (int64_t i = 0; i < c->latents.points; i++)
      whole =
          whole && data->factors[i * count + j] == floor(data->factors[i * count + j]);
    data->factor_sizes[j] = whole;
  }
}

static enum tsl_status copy_codes(const struct tsl__comparison *c, int run,
                                  struct run_data *data, struct tsl_error *err) {
  const struct tsl_latents_run *latents = &c->latents.runs[c->latents_of[run]];
  int64_t points = c->latents.points, d = latents->latent;
  TSL_TRY(tsl_allocate((void **)&data->codes, (size_t)(points * d), sizeof(double), err));
  TSL_TRY(tsl_allocate((void **)&data->informative, (size_t)(points * d), sizeof(double),
                       err));
  for (int64_t i = 0; i < points * d; i++)
    data->codes[i] = (double)latents->mean[i];
  for (int64_t k = 0; k < d; k++)
    data->informative_count += tsl__informative(&c->scores, run, (int)k);
  int64_t next = 0;
  for (int64_t i = 0; i < points; i++)
    for (int64_t k = 0; k < d; k++)
      if (tsl__informative(&c->scores, run, (int)k))
        data->informative[next++] = data->codes[i * d + k];
  return TSL_OK;
}

static enum tsl_status copy_factors(const struct tsl__comparison *c,
                                    struct run_data *data, struct tsl_error *err) {
  size_t count = (size_t)c->latents.points * (size_t)c->latents.factor_count;
  if (c->latents.factors == NULL)
    return TSL_OK;
  TSL_TRY(tsl_allocate((void **)&data->factors, count, sizeof(double), err));
  TSL_TRY(tsl_allocate((void **)&data->factor_sizes, (size_t)c->latents.factor_count,
                       sizeof(int32_t), err));
  for (size_t i = 0; i < count; i++)
    data->factors[i] = (double)c->latents.factors[i];
  size_factors(c, data);
  int width = c->latents.factor_count;
  for (int j = 0; j < width; j++)
    if (data->factor_sizes[j] > 0)
      TSL_TRY(tsl__index_values(data->factors + j, width, c->latents.points, err));
  return TSL_OK;
}

static void run_data_release(struct run_data *data) {
  free(data->codes);
  free(data->informative);
  free(data->factors);
  free(data->factor_sizes);
  tsl_kmeans_release(&data->kmeans);
  tsl__drawn_codes_free(data->source);
  *data = (struct run_data){0};
}

static enum tsl_status run_data_init(const struct tsl__comparison *c, int run,
                                     struct run_data *data, struct tsl_error *err) {
  const struct tsl_run *job_run = tsl_job_run(c->job, (size_t)run);
  enum tsl_status status = copy_codes(c, run, data, err);
  if (status == TSL_OK)
    status = copy_factors(c, data, err);
  if (status == TSL_OK && c->latents.labels != NULL)
    status = cluster(c, job_run, data, err);
  if (status == TSL_OK && (given(c) & TSL_METRIC_NEEDS_DRAWING) != 0)
    status = tsl__drawn_codes_create(c, job_run, &data->source, err);
  if (status != TSL_OK)
    run_data_release(data);
  return status;
}

/* Clustering metrics look at the informative latents, factor metrics at all of them; the
 * first two thirds of the points teach, the others judge. */
static struct tsl_metric_input input_for(const struct tsl__comparison *c, int run,
                                         const struct run_data *data, unsigned needs) {
  const struct tsl_job_options *options = tsl_job_options(c->job);
  const struct tsl_run *job_run = tsl_job_run(c->job, (size_t)run);
  struct tsl_metric_input input = {
      .points = c->latents.points,
      .latent = c->scores.runs[run].latent,
      .codes = data->codes,
      .factors = data->factors,
      .factor_count = c->latents.factor_count,
      .factor_sizes = data->factor_sizes,
      .labels = c->latents.labels,
      .source = data->source,
      .votes = options->factors.votes,
      .test_votes = options->factors.test_votes,
      .stream = {(uint64_t)job_run->options.seed, TSL_PURPOSE_SCORE, 1}};
  if ((needs & TSL_METRIC_NEEDS_CLUSTERS) != 0) {
    input.latent = data->informative_count;
    input.codes = data->informative;
    input.clusters = data->clustered ? data->kmeans.assignment : NULL;
  }
  if ((needs & TSL_METRIC_NEEDS_TEST) != 0) {
    input.points = c->latents.points * 2 / 3;
    input.test_points = c->latents.points - input.points;
    input.test_codes = input.codes + input.points * input.latent;
    input.test_factors = input.factors + input.points * input.factor_count;
  }
  return input;
}

static bool all_finite(const struct tsl__comparison *c, int run) {
  for (int k = 0; k < c->scores.runs[run].latent; k++)
    if (isnan(c->scores.kl[(int64_t)run * c->scores.latent_max + k]))
      return false;
  return true;
}

/* What travels of one run; the values follow. */
struct record {
  int64_t computed;
  char notes[TSL_SCORE_NOTES_MAX];
};

static enum tsl_status compute_metric(const struct tsl__comparison *c, int run,
                                      const struct run_data *data,
                                      const struct tsl_metric *metric, double *value,
                                      struct tsl_score_run *notes,
                                      struct tsl_error *err) {
  struct tsl_text reason = {0};
  struct tsl_metric_input input = input_for(c, run, data, metric->needs);
  *value = (double)NAN;
  if (!all_finite(c, run)) {
    tsl__note(notes, "%s: latents are not finite", metric->name);
    return TSL_OK;
  }
  if ((metric->needs & TSL_METRIC_NEEDS_CLUSTERS) != 0 && input.clusters == NULL) {
    tsl__note(notes, "%s: no informative latent to cluster", metric->name);
    return TSL_OK;
  }
  enum tsl_status status = metric->compute(&input, value, &reason, err);
  if (status == TSL_OK && reason.length > 0)
    tsl__note(notes, "%s: %s", metric->name, reason.bytes);
  tsl_text_release(&reason);
  return status;
}

static enum tsl_status score_run(struct tsl__comparison *c, int run, unsigned char *place,
                                 struct tsl_error *err) {
  struct record record = {0};
  double *values = (double *)(void *)(place + sizeof record);
  struct tsl_score_run notes = {.notes = ""};
  const unsigned char *known = c->known + (int64_t)run * c->scores.metric_count;
  bool all_known = true;
  for (int m = 0; m < c->scores.metric_count; m++)
    all_known = all_known && known[m];
  if (c->latents_of[run] < 0 || all_known)
    return TSL_OK;
  struct run_data data = {0};
  TSL_TRY(run_data_init(c, run, &data, err));
  enum tsl_status status = TSL_OK;
  for (int m = 0; m < c->scores.metric_count && status == TSL_OK; m++) {
    const struct tsl_metric *metric = tsl_metric_find(c->scores.metric_names[m]);
    if (known[m])
      continue;
    status = compute_metric(c, run, &data, metric, &values[m], &notes, err);
    record.computed++;
  }
  memcpy(record.notes, notes.notes, sizeof record.notes);
  memcpy(place, &record, sizeof record);
  run_data_release(&data);
  return status;
}

/* First member: fills in what a run's record brings. */
static void take_record(struct tsl__comparison *c, int run, const unsigned char *place) {
  struct record record;
  memcpy(&record, place, sizeof record);
  const double *values = (const double *)(const void *)(place + sizeof record);
  int64_t base = (int64_t)run * c->scores.metric_count;
  if (c->latents_of[run] < 0)
    return;
  for (int m = 0; m < c->scores.metric_count; m++) {
    if (!c->known[base + m])
      c->scores.metrics[base + m] = values[m];
    c->counts.metrics_reused += c->known[base + m];
  }
  c->counts.metrics_computed += record.computed;
  if (record.notes[0] != '\0')
    tsl__note(&c->scores.runs[run], "%s", record.notes);
}

enum tsl_status tsl__metrics_score(struct tsl__comparison *c, struct tsl_error *err) {
  int size = tsl_team_size(c->team), index = tsl_team_index(c->team);
  int runs = c->scores.run_count;
  if (c->scores.metric_count == 0)
    return TSL_OK;
  size_t record = sizeof(struct record) + (size_t)c->scores.metric_count * sizeof(double);
  size_t own = (size_t)((runs + size - 1) / size), block = own * record;
  unsigned char *blocks = NULL;
  enum tsl_status status = tsl_allocate((void **)&blocks, (size_t)size, block, err);
  /* Member m has the runs m, m + size ... */
  for (int i = index, k = 0; i < runs && status == TSL_OK; i += size, k++)
    status = score_run(c, i, blocks + (size_t)index * block + (size_t)k * record, err);
  status = tsl_team_agree(c->team, status, err);
  if (status == TSL_OK)
    status = tsl_team_gather(c->team, blocks, block, err);
  for (int i = 0; i < runs && status == TSL_OK && index == 0; i++)
    take_record(c, i, blocks + (size_t)(i % size) * block + (size_t)(i / size) * record);
  free(blocks);
  return status;
}
