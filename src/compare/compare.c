/* The stage: latents.h5 -> scores.h5 and the tables. */
#include "compare/comparison.h"
#include "teasel/arena.h"
#include "teasel/log.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Which runs are compared with each other, as equal numbers among the scored runs. */
static void fill_group(const struct tsl__comparison *c, enum tsl_udr_group group,
                       int *out) {
  const struct tsl_score_run *runs = c->scores.runs;
  for (int m = 0; m < c->scored_count; m++) {
    int run = c->scored[m];
    out[m] = 0;
    if (group == TSL_UDR_SETTING)
      out[m] = runs[run].setting;
    for (int k = 0; group == TSL_UDR_FAMILY && k < c->scores.run_count; k++) {
      if (strcmp(runs[k].family, runs[run].family) == 0) {
        out[m] = k; /* the family's first run stands for it */
        break;
      }
    }
  }
}

/* Draws of sampled comparisons: a function of the run's id, which its seed is part of. */
static struct tsl_stream stream_of(const struct tsl_run *run, enum tsl_udr_group group) {
  struct tsl_stream stream = {.purpose = TSL_PURPOSE_SCORE, .sub = 2 + (uint32_t)group};
  memcpy(&stream.seed, run->id.bytes, sizeof stream.seed);
  return stream;
}

struct reduction {
  int *group;                 /* (scored_count) */
  struct tsl_stream *streams; /* (scored_count) */
  double *pairwise;           /* (scored_count, scored_count) */
  double *udr;                /* (scored_count) */
};

static enum tsl_status reduce_one(struct tsl__comparison *c, struct reduction *r,
                                  const double *pairwise, double *out,
                                  struct tsl_error *err) {
  int count = c->scored_count, runs = c->scores.run_count;
  for (int i = 0; i < count; i++)
    for (int j = 0; j < count; j++)
      r->pairwise[(int64_t)i * count + j] =
          pairwise[(int64_t)c->scored[i] * runs + c->scored[j]];
  TSL_TRY(tsl_udr_reduce(r->pairwise, count, r->group, c->scores.comparisons, r->streams,
                         r->udr, err));
  for (int m = 0; m < count; m++)
    out[c->scored[m]] = r->udr[m];
  return TSL_OK;
}

static enum tsl_status reduce_group(struct tsl__comparison *c, struct reduction *r,
                                    enum tsl_udr_group group, struct tsl_error *err) {
  fill_group(c, group, r->group);
  for (int m = 0; m < c->scored_count; m++)
    r->streams[m] = stream_of(tsl_job_run(c->job, (size_t)c->scored[m]), group);
  for (int s = 0; s < TSL_SIMILARITY_COUNT; s++)
    for (int form = 0; form < TSL_UDR_FORM_COUNT; form++)
      if (c->scores.pairwise[s][form] != NULL)
        TSL_TRY(reduce_one(c, r, c->scores.pairwise[s][form],
                           c->scores.udr[s][form][group], err));
  for (int m = 0; m < c->scored_count; m++) {
    int others = -1;
    for (int k = 0; k < c->scored_count; k++)
      others += r->group[k] == r->group[m];
    if (others == 0)
      tsl__note(&c->scores.runs[c->scored[m]], "alone in its group '%s'",
                tsl_udr_group_word(group));
  }
  return TSL_OK;
}

static int compare_ints(const void *a, const void *b) {
  return *(const int *)a - *(const int *)b;
}

static enum tsl_status reduce(struct tsl__comparison *c, struct tsl_error *err) {
  struct reduction r = {0};
  size_t count = (size_t)c->scored_count;
  enum tsl_status status = TSL_OK;
  /* The job's order, so that nothing depends on which runs were new. */
  qsort(c->scored, count, sizeof *c->scored, compare_ints);
  status = tsl_allocate((void **)&r.group, count, sizeof *r.group, err);
  if (status == TSL_OK)
    status = tsl_allocate((void **)&r.streams, count, sizeof *r.streams, err);
  if (status == TSL_OK)
    status = tsl_allocate((void **)&r.pairwise, count * count, sizeof(double), err);
  if (status == TSL_OK)
    status = tsl_allocate((void **)&r.udr, count, sizeof(double), err);
  for (int group = 0; group < TSL_UDR_GROUP_COUNT && status == TSL_OK; group++)
    status = reduce_group(c, &r, (enum tsl_udr_group)group, err);
  free(r.group);
  free(r.streams);
  free(r.pairwise);
  free(r.udr);
  return status;
}

/* Counts informative latents and says what is wrong with them. */
static void judge_latents(struct tsl__comparison *c) {
  for (int m = 0; m < c->scored_count; m++) {
    struct tsl_score_run *run = &c->scores.runs[c->scored[m]];
    const double *kl = c->scores.kl + (int64_t)c->scored[m] * c->scores.latent_max;
    int broken = 0;
    for (int k = 0; k < run->latent; k++) {
      run->informative += tsl__informative(&c->scores, c->scored[m], k);
      broken += isnan(kl[k]);
    }
    run->flagged = broken > 0 || run->informative == 0;
    if (broken > 0)
      tsl__note(run, "%d latents are not finite", broken);
    if (run->informative == 0)
      tsl__note(run, "no informative latent: UDR 0");
  }
}

static enum tsl_status finish(struct tsl__comparison *c, struct tsl_error *err) {
  TSL_TRY(reduce(c, err));
  TSL_TRY(tsl_scores_write(c->store, &c->scores, err));
  TSL_TRY(tsl__tables_write(c, err));
  tsl_store_remove(c->store, TSL_STORE_SCORES_UNFINISHED);
  tsl_log(TSL_LOG_NORMAL, "compared %d runs: %lld pairs scored, %lld known already",
          c->scored_count, (long long)c->counts.pairs_computed,
          (long long)c->counts.pairs_reused);
  return TSL_OK;
}

static void comparison_release(struct tsl__comparison *c) {
  tsl_latents_release(&c->latents);
  tsl__factor_points_release(&c->factor_points);
  tsl_scores_release(&c->scores);
  tsl_scores_release(&c->old);
  free(c->latents_of);
  free(c->scored);
  free(c->old_of);
  free(c->known);
}

enum tsl_status tsl_compare_counted(struct tsl_store *store, struct tsl_team *team,
                                    const struct tsl_job *job,
                                    const struct tsl_dataset *dataset,
                                    const struct tsl_stop *stop,
                                    struct tsl_compare_counts *counts,
                                    struct tsl_error *err) {
  struct tsl__comparison c = {
      .store = store, .team = team, .job = job, .dataset = dataset, .stop = stop};
  bool first = tsl_team_index(team) == 0;
  enum tsl_status status = tsl_store_latents_read(store, &c.latents, err);
  if (status == TSL_OK)
    status = tsl__plan_runs(&c, err);
  if (status == TSL_OK && c.scored_count == 0)
    status = tsl_error_set(err, TSL_BAD_INPUT, tsl_store_folder(store),
                           "no run of the job has latents; encode its runs first");
  status = tsl_team_agree(team, status, err);
  if (status == TSL_OK)
    status = tsl__plan_reuse(&c, err);
  if (status == TSL_OK)
    status = tsl__pairs_score(&c, err);
  if (status == TSL_OK && first)
    judge_latents(&c);
  if (status == TSL_OK)
    status = tsl__metrics_score(&c, err);
  if (status == TSL_OK)
    status = tsl__baselines_score(&c, err);
  if (status == TSL_OK) {
    if (first)
      status = finish(&c, err);
    status = tsl_team_agree(team, status, err);
  }
  if (status == TSL_OK && counts != NULL) {
    *counts = c.counts;
    status = tsl_team_broadcast(team, 0, counts, sizeof *counts, err);
  }
  comparison_release(&c);
  return status;
}

enum tsl_status tsl_compare(struct tsl_store *store, struct tsl_team *team,
                            const struct tsl_job *job, const struct tsl_dataset *dataset,
                            const struct tsl_stop *stop, struct tsl_error *err) {
  return tsl_compare_counted(store, team, job, dataset, stop, NULL, err);
}
