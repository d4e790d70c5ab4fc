/* What is there to score, and what of it is known already. */
#include "compare/comparison.h"
#include "compare/scores_columns.h"
#include "teasel/arena.h"
#include "teasel/digest.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void tsl__note(struct tsl_score_run *run, const char *format, ...) {
  size_t used = strlen(run->notes);
  if (used + 3 >= sizeof run->notes)
    return;
  if (used > 0)
    used += (size_t)snprintf(run->notes + used, sizeof run->notes - used, "; ");
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(run->notes + used, sizeof run->notes - used, format, arguments);
  va_end(arguments);
}

bool tsl__informative(const struct tsl_scores *scores, int run, int latent) {
  double kl = scores->kl[(int64_t)run * scores->latent_max + latent];
  return kl > scores->informative_kl; /* false for NaN */
}

/* "beta=700 capacity=6": what the setting's options are called in the tables. */
static void print_label(const struct tsl_run *run, char *out, size_t room) {
  size_t used = 0;
  out[0] = '\0';
  for (int i = 0; i < run->label_count && used < room; i++) {
    if (strcmp(run->labels[i].key, "seed") == 0)
      continue;
    used += (size_t)snprintf(out + used, room - used, "%s%s=%s", used > 0 ? " " : "",
                             run->labels[i].key, run->labels[i].value);
  }
}

/* Of everything that the run's scores are made of: latents, and the points' labels and
 * factors. */
static enum tsl_status digest_run(const struct tsl_latents *latents,
                                  const struct tsl_latents_run *run, char out[33],
                                  struct tsl_error *err) {
  struct tsl_digester *digester = tsl_digester_create();
  if (digester == NULL)
    return tsl_error_set(err, TSL_MEMORY, NULL, "out of memory");
  size_t points = (size_t)latents->points, values = points * (size_t)run->latent;
  int64_t sizes[] = {latents->points, run->latent, latents->factor_count};
  tsl_digester_add(digester, sizes, sizeof sizes);
  tsl_digester_add(digester, run->mean, values * sizeof(float));
  tsl_digester_add(digester, run->log_variance, values * sizeof(float));
  if (run->cluster_logits != NULL)
    tsl_digester_add(digester, run->cluster_logits,
                     points * (size_t)run->clusters * sizeof(float));
  if (latents->labels != NULL)
    tsl_digester_add(digester, latents->labels, points * sizeof(int32_t));
  if (latents->factors != NULL)
    tsl_digester_add(digester, latents->factors,
                     points * (size_t)latents->factor_count * sizeof(float));
  struct tsl_digest digest = tsl_digester_value(digester);
  tsl_digest_print(&digest, out);
  tsl_digester_free(digester);
  return TSL_OK;
}

static enum tsl_status describe_run(struct tsl__comparison *c, int index,
                                    struct tsl_error *err) {
  const struct tsl_run *run = tsl_job_run(c->job, (size_t)index);
  struct tsl_score_run *out = &c->scores.runs[index];
  struct tsl_record record;
  TSL_TRY(tsl_store_record_read(c->store, run->name, &record, err));
  snprintf(out->name, sizeof out->name, "%s", run->name);
  snprintf(out->family, sizeof out->family, "%s", run->family->name);
  print_label(run, out->setting_label, sizeof out->setting_label);
  snprintf(out->outcome, sizeof out->outcome, "%s", tsl_outcome_word(record.outcome));
  out->setting = run->setting;
  out->seed = run->options.seed;
  if (c->latents_of[index] < 0) {
    tsl__note(out, "no latents (%s)", out->outcome);
    return TSL_OK;
  }
  const struct tsl_latents_run *latents = &c->latents.runs[c->latents_of[index]];
  out->latent = (int)latents->latent;
  if (record.outcome == TSL_OUTCOME_DIVERGED)
    tsl__note(out, "diverged: scored, but never chosen as best");
  return digest_run(&c->latents, latents, out->digest, err);
}

/* Finds each run's latents by name; returns the widest. */
static int64_t find_latents(struct tsl__comparison *c, int run_count) {
  int64_t widest = 1;
  for (int i = 0; i < run_count; i++) {
    const char *name = tsl_job_run(c->job, (size_t)i)->name;
    c->latents_of[i] = -1;
    for (size_t k = 0; k < c->latents.run_count; k++)
      if (strcmp(c->latents.runs[k].name, name) == 0)
        c->latents_of[i] = (int)k;
    if (c->latents_of[i] >= 0) {
      c->scored_count++;
      int64_t latent = c->latents.runs[c->latents_of[i]].latent;
      widest = latent > widest ? latent : widest;
    }
  }
  return widest;
}

enum tsl_status tsl__plan_runs(struct tsl__comparison *c, struct tsl_error *err) {
  const struct tsl_job_options *options = tsl_job_options(c->job);
  size_t runs = tsl_job_run_count(c->job);
  TSL_TRY(tsl_allocate((void **)&c->latents_of, runs, sizeof(int), err));
  TSL_TRY(tsl_allocate((void **)&c->scored, runs, sizeof(int), err));
  TSL_TRY(tsl_allocate((void **)&c->old_of, runs, sizeof(int), err));
  int64_t widest = find_latents(c, (int)runs);
  int metrics = tsl__metrics_list(c, NULL);
  TSL_TRY(tsl_allocate((void **)&c->known, runs + 1, (size_t)metrics + 1, err));
  /* The others send their pairs away and need no room for all of them. */
  unsigned similarities = tsl_team_index(c->team) == 0 ? options->udr.similarity : 0;
  TSL_TRY(
      tsl_scores_init(&c->scores, (int)runs, (int)widest, similarities, metrics, err));
  c->scores.informative_kl = options->udr.informative_kl;
  c->scores.comparisons = options->udr.comparisons;
  TSL_TRY(tsl__factor_points_init(c, &c->factor_points, err));
  c->scores.factor_points = c->factor_points.count;
  c->scores.votes = options->factors.votes;
  c->scores.test_votes = options->factors.votes > 0 ? options->factors.test_votes : 0;
  tsl__metrics_list(c, c->scores.metric_names);
  for (size_t i = 0; i < runs; i++)
    TSL_TRY(describe_run(c, (int)i, err));
  return TSL_OK;
}

/* Whether old scores were made by the rules of the new ones. */
static bool fits(const struct tsl_scores *old, const struct tsl_scores *scores) {
  bool same = old->informative_kl == scores->informative_kl;
  for (int s = 0; s < TSL_SIMILARITY_COUNT; s++)
    same = same && (scores->matrices[s] == NULL || old->matrices[s] != NULL);
  return same;
}

/* By name and digest: two runs may have the same latents (a beta-VAE with beta 1 is a
 * VAE), and their pair is not a run's pair with itself. */
static int find_run(const struct tsl_scores *old, const struct tsl_score_run *run) {
  for (int i = 0; i < old->run_count; i++)
    if (run->digest[0] != '\0' && strcmp(old->runs[i].digest, run->digest) == 0 &&
        strcmp(old->runs[i].name, run->name) == 0)
      return i;
  return -1;
}

/* Column of a metric in old scores; -1 also when other points, votes or rules made it. */
static int find_metric(const struct tsl_scores *old, const struct tsl_scores *scores,
                       const char *name) {
  unsigned needs = tsl_metric_find(name)->needs;
  if ((needs & TSL_METRIC_NEEDS_FACTORS) != 0 &&
      old->factor_points != scores->factor_points)
    return -1;
  if ((needs & TSL_METRIC_NEEDS_VOTES) != 0 &&
      (old->votes != scores->votes || old->test_votes != scores->test_votes))
    return -1;
  if ((needs & TSL_METRIC_NEEDS_CLUSTERS) != 0 &&
      old->version < TSL__SCORES_CLUSTERS_VERSION)
    return -1;
  for (int i = 0; i < old->metric_count; i++)
    if (strcmp(old->metric_names[i], name) == 0)
      return i;
  return -1;
}

bool tsl__old_reason(const struct tsl_score_run *run, const char *metric,
                     char out[TSL_SCORE_NOTES_MAX]) {
  size_t length = strlen(metric);
  const char *end;
  for (const char *note = run->notes; *note != '\0'; note = end) {
    note += strncmp(note, "; ", 2) == 0 ? 2 : 0;
    end = strstr(note, "; ");
    end = end != NULL ? end : note + strlen(note);
    if (strncmp(note, metric, length) != 0 || strncmp(note + length, ": ", 2) != 0)
      continue;
    snprintf(out, TSL_SCORE_NOTES_MAX, "%.*s", (int)(end - note), note);
    /* The last of many may have been cut off. */
    return *end != '\0' || strlen(run->notes) + 1 < sizeof run->notes;
  }
  return false;
}

/* First member: takes what is known into old_of, known, and the scores themselves. */
static void take_old(struct tsl__comparison *c) {
  struct tsl_scores *scores = &c->scores;
  for (int i = 0; i < scores->run_count; i++) {
    int from = find_run(&c->old, &scores->runs[i]);
    c->old_of[i] = from;
    if (from < 0)
      continue;
    for (int k = 0; k < scores->runs[i].latent; k++)
      scores->kl[(int64_t)i * scores->latent_max + k] =
          c->old.kl[(int64_t)from * c->old.latent_max + k];
    for (int m = 0; m < scores->metric_count; m++) {
      int column = find_metric(&c->old, scores, scores->metric_names[m]);
      double value = column < 0
                         ? (double)NAN
                         : c->old.metrics[(int64_t)from * c->old.metric_count + column];
      int64_t place = (int64_t)i * scores->metric_count + m;
      scores->metrics[place] = value;
      /* A missing value whose reason is not told any more is tried again. */
      char reason[TSL_SCORE_NOTES_MAX];
      bool told = column >= 0 &&
                  tsl__old_reason(&c->old.runs[from], scores->metric_names[m], reason);
      c->known[place] = (unsigned char)(!isnan(value) || told);
    }
  }
}

/* *taken: whether the file is in c->old. */
static enum tsl_status read_old_of(struct tsl__comparison *c, enum tsl_store_file file,
                                   bool *taken, struct tsl_error *err) {
  char path[TSL_PATH_MAX];
  const struct tsl_product product = {.path = tsl_store_path(c->store, file, path),
                                      .anew = "its scores are made anew"};
  struct tsl_error why = {.rank = -1};
  TSL_TRY(tsl_file_look(path, taken, err));
  if (!*taken)
    return TSL_OK;
  const enum tsl_status status = tsl__scores_read_from(c->store, file, &c->old, &why);
  TSL_TRY(tsl_store_product_judge(&product, status, &why, taken, err));
  if (*taken && !fits(&c->old, &c->scores)) {
    tsl_scores_release(&c->old);
    *taken = false;
  }
  return TSL_OK;
}

/* What an interrupted comparison left has all that it took from scores.h5. */
static enum tsl_status read_old(struct tsl__comparison *c, struct tsl_error *err) {
  bool taken = false;
  TSL_TRY(read_old_of(c, TSL_STORE_SCORES_UNFINISHED, &taken, err));
  return taken ? TSL_OK : read_old_of(c, TSL_STORE_SCORES, &taken, err);
}

enum tsl_status tsl__plan_reuse(struct tsl__comparison *c, struct tsl_error *err) {
  size_t runs = (size_t)c->scores.run_count;
  size_t metrics = (size_t)c->scores.metric_count;
  for (size_t i = 0; i < runs; i++)
    c->old_of[i] = -1;
  enum tsl_status status = TSL_OK;
  if (tsl_team_index(c->team) == 0)
    status = read_old(c, err);
  TSL_TRY(tsl_team_agree(c->team, status, err));
  if (tsl_team_index(c->team) == 0)
    take_old(c);
  TSL_TRY(tsl_team_broadcast(c->team, 0, c->old_of, runs * sizeof(int), err));
  if (metrics > 0)
    TSL_TRY(tsl_team_broadcast(c->team, 0, c->known, runs * metrics, err));
  int count = 0;
  for (int pass = 0; pass < 2; pass++) {
    for (size_t i = 0; i < runs; i++)
      if (c->latents_of[i] >= 0 && (c->old_of[i] >= 0) == (pass == 1))
        c->scored[count++] = (int)i;
    c->new_count = pass == 0 ? count : c->new_count;
  }
  return TSL_OK;
}
