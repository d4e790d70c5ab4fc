/* Clustering and factor metrics of every run, as far as the data set allows them. */
#include "compare/baselines.h"
#include "compare/comparison.h"
#include "compare/scores_columns.h"
#include "teasel/arena.h"
#include "teasel/log.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What a run's metrics are computed from. */
struct run_data {
  double *codes;       /* (points, latent) all posterior means */
  double *informative; /* (points, informative_count) */
  int informative_count;
  double *factor_codes; /* (factor points, latent) posterior means; NULL: not needed */
  bool factor_codes_finite;
  struct tsl__clustering clusters; /* by k-means or the family itself; NULL: none */
  bool own_clusters;               /* the family's */
};

static bool any_clusters(const struct tsl__comparison *c) {
  for (size_t i = 0; i < c->latents.run_count; i++)
    if (c->latents.runs[i].clusters > 0)
      return true;
  return false;
}

static unsigned given(const struct tsl__comparison *c) {
  unsigned flags = 0;
  if (c->latents.labels != NULL)
    flags |= TSL_METRIC_NEEDS_CLUSTERS | TSL_METRIC_NEEDS_LABELS |
             TSL_METRIC_NEEDS_RESPONSIBILITIES;
  if (any_clusters(c))
    flags |= TSL_METRIC_NEEDS_CLUSTERS | TSL_METRIC_NEEDS_RESPONSIBILITIES;
  if (c->latents.factors != NULL)
    flags |= TSL_METRIC_NEEDS_FACTORS | TSL_METRIC_NEEDS_TEST;
  if (tsl_job_options(c->job)->factors.votes > 0)
    flags |= TSL_METRIC_NEEDS_VOTES;
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
static enum tsl_status fit_clusters(const struct tsl__comparison *c,
                                    const struct tsl_run *run, struct run_data *data,
                                    struct tsl_error *err) {
  if (data->informative_count == 0 || c->latents.labels == NULL)
    return TSL_OK;
  int clusters = count_labels(&c->latents);
  if (clusters > c->latents.points)
    return TSL_OK;
  const struct tsl__clustering_request request = {
      .x = data->informative,
      .points = c->latents.points,
      .features = data->informative_count,
      .clusters = clusters,
      .stream = tsl__kmeans_stream(run->options.seed)};
  return tsl__clustering_kmeans(&request, &data->clusters, NULL, err);
}

/* The family's own: each point goes where its logit is largest. */
static enum tsl_status take_clusters(const struct tsl__comparison *c,
                                     const struct tsl_latents_run *latents,
                                     struct run_data *data, struct tsl_error *err) {
  struct tsl__clustering *own = &data->clusters;
  const size_t points = (size_t)c->latents.points;
  const size_t count = points * (size_t)latents->clusters;
  TSL_TRY(tsl_allocate((void **)&own->certainty, count, sizeof(double), err));
  TSL_TRY(tsl_allocate((void **)&own->clusters, points, sizeof(int32_t), err));
  for (size_t i = 0; i < count; i++)
    own->certainty[i] = (double)latents->cluster_logits[i];
  own->cluster_count = latents->clusters;
  tsl_clusters_choose(own->certainty, c->latents.points, latents->clusters,
                      own->clusters);
  data->own_clusters = true;
  return TSL_OK;
}

static enum tsl_status cluster(const struct tsl__comparison *c, int run,
                               struct run_data *data, struct tsl_error *err) {
  const struct tsl_latents_run *latents = &c->latents.runs[c->latents_of[run]];
  return latents->clusters > 0
             ? take_clusters(c, latents, data, err)
             : fit_clusters(c, tsl_job_run(c->job, (size_t)run), data, err);
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

static const unsigned char *known_of(const struct tsl__comparison *c, int run) {
  return c->known + (int64_t)run * c->scores.metric_count;
}

static unsigned needs_of(const struct tsl__comparison *c, int metric) {
  return tsl_metric_find(c->scores.metric_names[metric])->needs;
}

static bool is_finite(const double *values, int64_t count) {
  bool finite = true;
  for (int64_t i = 0; i < count; i++)
    finite = finite && isfinite(values[i]);
  return finite;
}

static void run_data_release(struct run_data *data) {
  free(data->codes);
  free(data->informative);
  free(data->factor_codes);
  tsl__clustering_release(&data->clusters);
  *data = (struct run_data){0};
}

/* What the metrics that are not known yet need. */
static enum tsl_status run_data_init(const struct tsl__comparison *c, int run,
                                     struct run_data *data, struct tsl_error *err) {
  unsigned needs = 0;
  for (int m = 0; m < c->scores.metric_count; m++)
    needs |= known_of(c, run)[m] ? 0 : needs_of(c, m);
  enum tsl_status status = copy_codes(c, run, data, err);
  if (status == TSL_OK && (needs & TSL_METRIC_NEEDS_CLUSTERS) != 0)
    status = cluster(c, run, data, err);
  if (status == TSL_OK && (needs & TSL_METRIC_NEEDS_FACTORS) != 0) {
    status = tsl__factor_codes(c, run, &data->factor_codes, err);
    if (status == TSL_OK)
      data->factor_codes_finite = is_finite(
          data->factor_codes, c->factor_points.count * c->scores.runs[run].latent);
  }
  if (status != TSL_OK)
    run_data_release(data);
  return status;
}

/* Clustering metrics look at UDR's points: at the latents that k-means was fitted to, and
 * at all where the family made the clusters itself, for its prior is no N(0, I) that a
 * latent could be measured against. */
static struct tsl_metric_input clusters_input(const struct tsl__comparison *c, int run,
                                              const struct run_data *data) {
  const bool own = data->own_clusters;
  return (struct tsl_metric_input){.points = c->latents.points,
                                   .latent = own ? c->scores.runs[run].latent
                                                 : data->informative_count,
                                   .codes = own ? data->codes : data->informative,
                                   .clusters = data->clusters.clusters,
                                   .labels = c->latents.labels,
                                   .responsibilities = data->clusters.certainty,
                                   .cluster_count = data->clusters.cluster_count};
}

/* Factor metrics look at all latents. */
static struct tsl_metric_input factors_input(const struct tsl__comparison *c, int run,
                                             const struct run_data *data,
                                             unsigned needs) {
  const struct tsl_job_options *options = tsl_job_options(c->job);
  const struct tsl__factor_points *p = &c->factor_points;
  int64_t seed = tsl_job_run(c->job, (size_t)run)->options.seed;
  struct tsl_metric_input input = {.points = p->least,
                                   .latent = c->scores.runs[run].latent,
                                   .codes = data->factor_codes,
                                   .factors = p->factors,
                                   .factor_count = p->factor_count,
                                   .factor_sizes = p->sizes,
                                   .votes = options->factors.votes,
                                   .test_votes = options->factors.test_votes,
                                   .stream = {(uint64_t)seed, TSL_PURPOSE_SCORE, 1}};
  if ((needs & TSL_METRIC_NEEDS_TEST) != 0) {
    input.points = p->learn;
    input.test_points = p->count - p->learn;
    input.test_codes = input.codes + p->learn * input.latent;
    input.test_factors = input.factors + p->learn * p->factor_count;
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
  bool clusters = (metric->needs & TSL_METRIC_NEEDS_CLUSTERS) != 0;
  struct tsl_metric_input input = clusters ? clusters_input(c, run, data)
                                           : factors_input(c, run, data, metric->needs);
  *value = (double)NAN;
  if (!all_finite(c, run) || (!clusters && !data->factor_codes_finite)) {
    tsl__note(notes, "%s: latents are not finite", metric->name);
    return TSL_OK;
  }
  if (clusters && input.clusters == NULL && c->latents.labels == NULL) {
    tsl__note(notes, "%s: no labels tell how many clusters to look for", metric->name);
    return TSL_OK;
  }
  if (clusters && input.clusters == NULL) {
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
  struct run_data data = {0};
  TSL_TRY(run_data_init(c, run, &data, err));
  enum tsl_status status = TSL_OK;
  for (int m = 0; m < c->scores.metric_count && status == TSL_OK; m++) {
    const struct tsl_metric *metric = tsl_metric_find(c->scores.metric_names[m]);
    if (known_of(c, run)[m])
      continue;
    status = tsl_stop_check(c->stop, err);
    if (status == TSL_OK)
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
  for (int m = 0; m < c->scores.metric_count; m++)
    if (!known_of(c, run)[m])
      c->scores.metrics[(int64_t)run * c->scores.metric_count + m] = values[m];
  c->counts.metrics_computed += record.computed;
  if (record.notes[0] != '\0')
    tsl__note(&c->scores.runs[run], "%s", record.notes);
}

/* First member: what is known of a run already, with the reasons of what is missing. */
static void take_known(struct tsl__comparison *c, int run) {
  char reason[TSL_SCORE_NOTES_MAX];
  for (int m = 0; m < c->scores.metric_count; m++) {
    if (!known_of(c, run)[m])
      continue;
    c->counts.metrics_reused++;
    if (isnan(c->scores.metrics[(int64_t)run * c->scores.metric_count + m]) &&
        tsl__old_reason(&c->old.runs[c->old_of[run]], c->scores.metric_names[m], reason))
      tsl__note(&c->scores.runs[run], "%s", reason);
  }
}

/* Runs of which something is not known yet, the same on all members. */
static int list_runs(struct tsl__comparison *c, int *runs) {
  int count = 0;
  for (int run = 0; run < c->scores.run_count; run++) {
    if (c->latents_of[run] < 0)
      continue;
    bool all = true;
    for (int m = 0; m < c->scores.metric_count; m++)
      all = all && known_of(c, run)[m];
    if (tsl_team_index(c->team) == 0)
      take_known(c, run);
    if (!all)
      runs[count++] = run;
  }
  return count;
}

/* A run each, then everything to the first member: nobody waits for more than one run. */
static enum tsl_status score_round(struct tsl__comparison *c, const int *runs, int count,
                                   unsigned char *records, size_t record,
                                   struct tsl_error *err) {
  int index = tsl_team_index(c->team);
  enum tsl_status status = TSL_OK;
  memset(records, 0, (size_t)tsl_team_size(c->team) * record);
  if (index < count)
    status = score_run(c, runs[index], records + (size_t)index * record, err);
  TSL_TRY(tsl_team_agree(c->team, status, err));
  TSL_TRY(tsl_team_gather(c->team, records, record, err));
  for (int i = 0; i < count && index == 0; i++)
    take_record(c, runs[i], records + (size_t)i * record);
  return TSL_OK;
}

/* First member: what is known so far, for the next comparison; those in the tables stay
 * as they are. Pairs take seconds and are known by now, metrics may take hours. */
static void save(struct tsl__comparison *c) {
  struct tsl_error why = {0};
  if (tsl__scores_write_to(c->store, TSL_STORE_SCORES_UNFINISHED, &c->scores, &why) ==
      TSL_OK)
    return;
  tsl_log(TSL_LOG_NORMAL, "%s: %s; the scoring goes on", why.where, why.text);
}

/* Collective. The runs in rounds, with what is known saved about once a minute and after
 * a round that was interrupted. */
static enum tsl_status score_rounds(struct tsl__comparison *c, const int *runs, int count,
                                    unsigned char *records, size_t record,
                                    struct tsl_error *err) {
  const double pause = 60; /* seconds */
  const int size = tsl_team_size(c->team);
  const bool first = tsl_team_index(c->team) == 0;
  enum tsl_status status = TSL_OK;
  double saved = tsl_clock_seconds();
  for (int i = 0; i < count && status == TSL_OK; i += size) {
    status = score_round(c, runs + i, count - i < size ? count - i : size, records,
                         record, err);
    const bool due = tsl_clock_seconds() - saved > pause && i + size < count;
    if (first && (status == TSL_INTERRUPTED || (status == TSL_OK && due))) {
      save(c);
      saved = tsl_clock_seconds();
    }
  }
  return status;
}

enum tsl_status tsl__metrics_score(struct tsl__comparison *c, struct tsl_error *err) {
  int size = tsl_team_size(c->team);
  if (c->scores.metric_count == 0)
    return TSL_OK;
  size_t record = sizeof(struct record) + (size_t)c->scores.metric_count * sizeof(double);
  unsigned char *records = NULL;
  int *runs = NULL;
  enum tsl_status status = tsl_allocate((void **)&records, (size_t)size, record, err);
  if (status == TSL_OK)
    status = tsl_allocate((void **)&runs, (size_t)c->scores.run_count, sizeof *runs, err);
  status = tsl_team_agree(c->team, status, err);
  if (status == TSL_OK && (records == NULL || runs == NULL))
    TSL_BUG("the vote missed this member's failure");
  int count = status == TSL_OK ? list_runs(c, runs) : 0;
  if (status == TSL_OK)
    status = score_rounds(c, runs, count, records, record, err);
  free(records);
  free(runs);
  return status;
}
