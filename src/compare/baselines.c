/* clusters.csv: every baseline that the job asks for, on the data and on the latents of
 * each run that has no clusters of its own. A unit each member, round after round. */
#include "compare/baselines.h"
#include "compare/comparison.h"
#include "teasel/arena.h"
#include "teasel/log.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { COUNTS_MAX = 64, DATA = -1 };

/* One line of the table. */
struct unit {
  int run; /* DATA: the samples themselves */
  enum tsl_baseline method;
  int clusters;
};

struct baselines {
  struct tsl__comparison *c;
  int counts[COUNTS_MAX]; /* (count_count) numbers of clusters, rising */
  int count_count;
  struct unit *units; /* (unit_count) */
  int unit_count;
  struct tsl__baseline *results; /* (unit_count) of the first member */
};

/* The family's option `components`: how many clusters it makes itself; 0: none. */
static int components_of(const struct tsl_run *run) {
  for (size_t i = 0; i < run->family->option_count; i++) {
    const struct tsl_option *option = &run->family->options[i];
    int64_t value;
    if (strcmp(option->name, "components") != 0 || option->type != TSL_OPTION_INTEGER)
      continue;
    memcpy(&value, run->family_options + option->offset, sizeof value);
    return (int)value;
  }
  return 0;
}

static void add_count(struct baselines *b, int count) {
  int at = 0;
  while (at < b->count_count && b->counts[at] < count)
    at++;
  if (b->count_count == COUNTS_MAX || (at < b->count_count && b->counts[at] == count))
    return;
  memmove(b->counts + at + 1, b->counts + at,
          (size_t)(b->count_count - at) * sizeof(int));
  b->counts[at] = count;
  b->count_count++;
}

/* As many clusters as there are labels, and as many as any run of the job has. */
static void list_counts(struct baselines *b) {
  const struct tsl_latents *latents = &b->c->latents;
  int labels = 0;
  for (int64_t i = 0; i < latents->points; i++) {
    bool first = true;
    for (int64_t k = 0; k < i && first; k++)
      first = latents->labels[k] != latents->labels[i];
    labels += first;
  }
  add_count(b, labels);
  for (size_t i = 0; i < tsl_job_run_count(b->c->job); i++)
    if (components_of(tsl_job_run(b->c->job, i)) > 0)
      add_count(b, components_of(tsl_job_run(b->c->job, i)));
}

static void add_units(struct baselines *b, int run) {
  static const enum tsl_baseline methods[] = {TSL_BASELINE_KMEANS, TSL_BASELINE_MIXTURE};
  for (int m = 0; m < 2; m++)
    for (int k = 0; k < b->count_count; k++)
      if ((tsl_job_options(b->c->job)->baselines & methods[m]) != 0)
        b->units[b->unit_count++] =
            (struct unit){.run = run, .method = methods[m], .clusters = b->counts[k]};
}

static enum tsl_status list_units(struct baselines *b, struct tsl_error *err) {
  size_t most = (size_t)(b->c->scores.run_count + 1) * 2 * (size_t)(b->count_count + 1);
  TSL_TRY(tsl_allocate((void **)&b->units, most, sizeof *b->units, err));
  TSL_TRY(tsl_allocate((void **)&b->results, most, sizeof *b->results, err));
  if (b->c->dataset != NULL)
    add_units(b, DATA);
  for (int run = 0; run < b->c->scores.run_count; run++)
    if (b->c->latents_of[run] >= 0 &&
        components_of(tsl_job_run(b->c->job, (size_t)run)) == 0)
      add_units(b, run);
  return TSL_OK;
}

/* ---- what is clustered ---- */

/* The encoded points as the data set has them. *out: (points, features) */
static enum tsl_status load_samples(const struct tsl__comparison *c, int64_t *features,
                                    double **out, struct tsl_error *err) {
  int64_t points = c->latents.points;
  float *sample = NULL; /* (features) */
  *features = tsl_shape_count(&tsl_dataset_view(c->dataset)->shape);
  TSL_TRY(tsl_allocate((void **)out, (size_t)(points * *features), sizeof(double), err));
  TSL_TRY(tsl_allocate((void **)&sample, (size_t)*features, sizeof(float), err));
  for (int64_t i = 0; i < points; i++) {
    tsl_dataset_gather(c->dataset, &c->latents.indices[i], 1, sample);
    for (int64_t k = 0; k < *features; k++)
      (*out)[i * *features + k] = (double)sample[k];
  }
  free(sample);
  return TSL_OK;
}

/* A run's informative posterior means. *out: (points, features) */
static enum tsl_status load_latents(const struct tsl__comparison *c, int run,
                                    int64_t *features, double **out,
                                    struct tsl_error *err) {
  const struct tsl_latents_run *latents = &c->latents.runs[c->latents_of[run]];
  int64_t points = c->latents.points, d = latents->latent, next = 0;
  *features = 0;
  for (int64_t k = 0; k < d; k++)
    *features += tsl__informative(&c->scores, run, (int)k);
  TSL_TRY(tsl_allocate((void **)out, (size_t)(points * d), sizeof(double), err));
  for (int64_t i = 0; i < points; i++)
    for (int64_t k = 0; k < d; k++)
      if (tsl__informative(&c->scores, run, (int)k))
        (*out)[next++] = (double)latents->mean[i * d + k];
  return TSL_OK;
}

static enum tsl_status score_unit(const struct tsl__comparison *c,
                                  const struct unit *unit, struct tsl__baseline *out,
                                  struct tsl_error *err) {
  double *x = NULL; /* (points, features) */
  struct tsl__baseline_request request = {
      .method = unit->method,
      .labels = c->latents.labels,
      .points = c->latents.points,
      .clusters = unit->clusters,
      .stream = {(uint64_t)tsl_job_dataset(c->job)->seed, TSL_PURPOSE_FIT, 2}};
  if (unit->run != DATA && unit->method == TSL_BASELINE_KMEANS)
    request.stream =
        tsl__kmeans_stream(tsl_job_run(c->job, (size_t)unit->run)->options.seed);
  enum tsl_status status = unit->run == DATA
                               ? load_samples(c, &request.features, &x, err)
                               : load_latents(c, unit->run, &request.features, &x, err);
  request.x = x;
  if (status == TSL_OK && request.features == 0) {
    *out = (struct tsl__baseline){.fit = (double)NAN,
                                  .note = "no informative latent to cluster"};
    for (int m = 0; m < TSL__BASELINE_SCORES; m++)
      out->scores[m] = (double)NAN;
  } else if (status == TSL_OK) {
    status = tsl__baseline_score(&request, out, err);
  }
  free(x);
  return status;
}

/* ---- the table ---- */

static void add_numbers(struct tsl_text *out, const double *values, int count) {
  for (int m = 0; m < count; m++) {
    tsl_text_add(out, ",");
    if (isfinite(values[m]))
      tsl_text_add_number(out, values[m]);
  }
}

static void add_unit(struct tsl_text *out, const struct tsl__comparison *c,
                     const struct unit *unit, const struct tsl__baseline *result) {
  const struct tsl_score_run *run = unit->run == DATA ? NULL : &c->scores.runs[unit->run];
  tsl_text_add_csv(out, run != NULL ? run->name : "data");
  tsl_text_add(out, ",");
  tsl_text_add_csv(out, run != NULL ? run->family : "");
  tsl_text_add(out, ",");
  tsl_text_add_csv(out, run != NULL ? run->setting_label : "");
  if (run != NULL)
    tsl_text_format(out, ",%lld", (long long)run->seed);
  else
    tsl_text_add(out, ",");
  tsl_text_format(out, ",%s,%d,%d",
                  unit->method == TSL_BASELINE_KMEANS ? "kmeans" : "gaussian_mixture",
                  unit->clusters, result->used);
  add_numbers(out, result->scores, TSL__BASELINE_SCORES);
  add_numbers(out, &result->fit, 1);
  tsl_text_add(out, ",");
  tsl_text_add_csv(out, result->note);
  tsl_text_add(out, "\n");
}

static enum tsl_status write_table(const struct baselines *b, struct tsl_error *err) {
  char path[TSL_PATH_MAX];
  struct tsl_text text = {0};
  tsl_store_path(b->c->store, TSL_STORE_CLUSTERS_CSV, path);
  tsl_text_add(&text, "what,family,parameters,seed,method,clusters,used");
  for (int m = 0; m < TSL__BASELINE_SCORES; m++)
    tsl_text_format(&text, ",%s", tsl__baseline_metrics[m]);
  tsl_text_add(&text, ",fit,notes\n");
  for (int i = 0; i < b->unit_count; i++)
    add_unit(&text, b->c, &b->units[i], &b->results[i]);
  enum tsl_status status =
      text.failed ? tsl_error_set(err, TSL_MEMORY, path, "out of memory for the table")
                  : tsl_file_write(path, text.bytes, text.length, err);
  tsl_text_release(&text);
  return status;
}

/* ---- all members ---- */

static enum tsl_status score_round(struct baselines *b, int begin,
                                   struct tsl__baseline *round, struct tsl_error *err) {
  const struct tsl__comparison *c = b->c;
  int index = tsl_team_index(c->team), size = tsl_team_size(c->team);
  memset(round, 0, (size_t)size * sizeof *round);
  enum tsl_status status = tsl_stop_check(c->stop, err);
  if (status == TSL_OK && begin + index < b->unit_count)
    status = score_unit(c, &b->units[begin + index], &round[index], err);
  TSL_TRY(tsl_team_agree(c->team, status, err));
  TSL_TRY(tsl_team_gather(c->team, round, sizeof *round, err));
  for (int i = 0; i < size && begin + i < b->unit_count; i++)
    b->results[begin + i] = round[i];
  return TSL_OK;
}

/* An earlier scoring's table would stand beside scores of other runs. */
static void forget_table(const struct tsl__comparison *c) {
  char path[TSL_PATH_MAX];
  if (tsl_team_index(c->team) == 0)
    (void)remove(tsl_store_path(c->store, TSL_STORE_CLUSTERS_CSV, path));
}

enum tsl_status tsl__baselines_score(struct tsl__comparison *c, struct tsl_error *err) {
  const unsigned wanted = TSL_BASELINE_KMEANS | TSL_BASELINE_MIXTURE;
  int size = tsl_team_size(c->team);
  struct baselines b = {.c = c};
  struct tsl__baseline *round = NULL;
  if ((tsl_job_options(c->job)->baselines & wanted) == 0) {
    forget_table(c);
    return TSL_OK;
  }
  if (c->latents.labels == NULL) {
    if (tsl_team_index(c->team) == 0)
      tsl_log(TSL_LOG_NORMAL, "score.baselines: the data set has no labels to score by");
    return TSL_OK;
  }
  list_counts(&b);
  enum tsl_status status = list_units(&b, err);
  if (status == TSL_OK)
    status = tsl_allocate((void **)&round, (size_t)size, sizeof *round, err);
  status = tsl_team_agree(c->team, status, err);
  if (status == TSL_OK && round == NULL)
    TSL_BUG("the vote missed this member's failure");
  for (int i = 0; i < b.unit_count && status == TSL_OK; i += size)
    status = score_round(&b, i, round, err);
  if (status == TSL_OK && tsl_team_index(c->team) == 0)
    status = write_table(&b, err);
  status = tsl_team_agree(c->team, status, err);
  free(round);
  free(b.units);
  free(b.results);
  return status;
}
