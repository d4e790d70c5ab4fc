#include "teasel/encode.h"

#include "teasel/arena.h"
#include "teasel/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CHUNK = 256 }; /* samples decoded from the cache at a time */

static int64_t width_of(const struct tsl_model *model, struct tsl_value value) {
  const struct tsl_shape shape = tsl_graph_value_shape(model->graph, value);
  return tsl_shape_count(&shape);
}

enum tsl_status tsl_encode_values(const struct tsl_model *model, const float *samples,
                                  int64_t count, const struct tsl_codes *out,
                                  struct tsl_error *err) {
  const struct tsl_model_values *values = &model->values;
  const struct tsl_feed feed = {values->input, samples};
  const bool clusters = out->cluster_logits != NULL;
  const struct tsl_fetch fetches[] = {
      {values->mean, out->mean},
      {values->log_variance, out->log_variance},
      {values->log_responsibilities, out->cluster_logits}};
  TSL_TRY(
      tsl_graph_compute(model->graph, &feed, 1, fetches, clusters ? 3 : 2, count, err));
  if (clusters)
    tsl_model_cluster_logits(out->cluster_logits, count,
                             (int)width_of(model, values->log_responsibilities));
  return TSL_OK;
}

enum tsl_status tsl_encode_samples(const struct tsl_model *model,
                                   const struct tsl_dataset *dataset,
                                   const int64_t *indices, int64_t count,
                                   const struct tsl_codes *out, struct tsl_error *err) {
  const int64_t latent = width_of(model, model->values.mean);
  const int64_t clusters = out->cluster_logits != NULL
                               ? width_of(model, model->values.log_responsibilities)
                               : 0;
  const int64_t piece = count < CHUNK ? count : CHUNK;
  float *samples = NULL; /* (piece, input) */
  TSL_TRY(tsl_allocate((void **)&samples,
                       (size_t)(piece * width_of(model, model->values.input)),
                       sizeof(float), err));
  enum tsl_status status = TSL_OK;
  for (int64_t begin = 0; begin < count && status == TSL_OK; begin += piece) {
    const int64_t rows = count - begin < piece ? count - begin : piece;
    const struct tsl_codes part = {
        .mean = out->mean + begin * latent,
        .log_variance = out->log_variance + begin * latent,
        .cluster_logits = clusters > 0 ? out->cluster_logits + begin * clusters : NULL};
    tsl_dataset_gather(dataset, indices + begin, rows, samples);
    status = tsl_encode_values(model, samples, rows, &part, err);
  }
  free(samples);
  return status;
}

/* What tsl_encode works on. */
struct encoding {
  struct tsl_store *store;
  struct tsl_team *team;
  const struct tsl_job *job;
  const struct tsl_dataset *dataset;
  const struct tsl_stop *stop;
  unsigned char *finished; /* (runs of the job) */
  unsigned char *encoded;  /* (members, latents.run_count): by whom */
  struct tsl_latents latents;
  const struct tsl_run **runs; /* (latents.run_count) */
  struct tsl_latents before;   /* what latents.h5 holds already */
  bool damaged;                /* as this member sees it, and why: */
  char why[1024];
};

static void encoding_release(struct encoding *encoding) {
  struct tsl_latents *latents = &encoding->latents;
  for (size_t i = 0; latents->runs != NULL && i < latents->run_count; i++) {
    free(latents->runs[i].mean);
    free(latents->runs[i].log_variance);
    free(latents->runs[i].cluster_logits);
  }
  free(latents->runs);
  free(latents->indices);
  free(latents->labels);
  free(latents->factors);
  free(encoding->runs);
  free(encoding->finished);
  free(encoding->encoded);
  tsl_latents_release(&encoding->before);
}

/* Collective on team. The first member looks which runs have a record, so that all work
 * on one list while other processes may finish runs. */
static enum tsl_status find_finished(struct encoding *encoding, struct tsl_error *err) {
  const size_t count = tsl_job_run_count(encoding->job);
  enum tsl_status status = tsl_allocate((void **)&encoding->finished, count, 1, err);
  for (size_t i = 0; status == TSL_OK && tsl_team_index(encoding->team) == 0 && i < count;
       i++) {
    struct tsl_record record;
    status = tsl_store_record_read(encoding->store, tsl_job_run(encoding->job, i)->name,
                                   &record, err);
    if (status == TSL_OK)
      encoding->finished[i] = record.outcome != TSL_OUTCOME_NONE;
  }
  TSL_TRY(tsl_team_agree(encoding->team, status, err));
  return tsl_team_broadcast(encoding->team, 0, encoding->finished, count, err);
}

/* The list of runs and, for every point, index, label and factors. */
static enum tsl_status list_runs(struct encoding *encoding, struct tsl_error *err) {
  struct tsl_latents *latents = &encoding->latents;
  const size_t count = tsl_job_run_count(encoding->job);
  TSL_TRY(tsl_allocate((void **)&latents->runs, count, sizeof *latents->runs, err));
  TSL_TRY(tsl_allocate((void **)&encoding->runs, count, sizeof(void *), err));
  for (size_t i = 0; i < count; i++) {
    const struct tsl_run *run = tsl_job_run(encoding->job, i);
    if (!encoding->finished[i])
      continue;
    encoding->runs[latents->run_count] = run;
    latents->runs[latents->run_count++] =
        (struct tsl_latents_run){.name = run->name,
                                 .latent = run->options.latent,
                                 .clusters = tsl_model_clusters(run)};
  }
  return TSL_OK;
}

static enum tsl_status list_points(struct encoding *encoding, struct tsl_error *err) {
  struct tsl_latents *latents = &encoding->latents;
  const struct tsl_dataset_view *view = tsl_dataset_view(encoding->dataset);
  const int64_t *order = tsl_dataset_order(encoding->dataset);
  const int64_t asked = tsl_job_options(encoding->job)->udr.points;
  latents->points = asked < view->count ? asked : view->count;
  const size_t points = (size_t)latents->points;
  TSL_TRY(tsl_allocate((void **)&latents->indices, points, sizeof(int64_t), err));
  memcpy(latents->indices, order, points * sizeof(int64_t));
  if (view->labels != NULL) {
    TSL_TRY(tsl_allocate((void **)&latents->labels, points, sizeof(int32_t), err));
    for (size_t i = 0; i < points; i++)
      latents->labels[i] = view->labels[order[i]];
  }
  if (view->factors == NULL)
    return TSL_OK;
  const size_t factors = (size_t)view->factor_count;
  latents->factor_count = view->factor_count;
  TSL_TRY(tsl_allocate((void **)&latents->factors, points * factors, sizeof(float), err));
  for (size_t i = 0; i < points; i++)
    memcpy(latents->factors + i * factors, view->factors + (size_t)order[i] * factors,
           factors * sizeof(float));
  return TSL_OK;
}

/* A run's latents never change (its name holds the digest of all that they depend on), so
 * what an earlier latents.h5 holds of the same points is taken from there. */
static enum tsl_status read_before(struct encoding *encoding, struct tsl_error *err) {
  const struct tsl_latents *latents = &encoding->latents;
  struct tsl_latents *before = &encoding->before;
  char path[TSL_PATH_MAX];
  const struct tsl_product product = {
      .path = tsl_store_path(encoding->store, TSL_STORE_LATENTS, path),
      .anew = "every run is encoded again",
      .quiet = true}; /* tell_damaged tells of all members */
  struct tsl_latents found = {0};
  struct tsl_error why = {.rank = -1};
  bool usable = false;
  TSL_TRY(tsl_file_look(path, &usable, err));
  if (!usable)
    return TSL_OK;
  const enum tsl_status status = tsl_store_latents_read(encoding->store, &found, &why);
  TSL_TRY(tsl_store_product_judge(&product, status, &why, &usable, err));
  if (!usable) {
    encoding->damaged = status == TSL_FORMAT;
    snprintf(encoding->why, sizeof encoding->why, "%.1000s", why.text);
    return TSL_OK;
  }
  const size_t bytes = (size_t)latents->points * sizeof(int64_t);
  if (found.points == latents->points &&
      memcmp(found.indices, latents->indices, bytes) == 0)
    *before = found;
  else
    tsl_latents_release(&found);
  return TSL_OK;
}

/* Collective on team. Each member reads latents.h5, and one alone may find it damaged: a
 * copy on its disk, a client of a file system. The first member tells of all, once. */
static enum tsl_status tell_damaged(struct encoding *encoding, struct tsl_error *err) {
  struct tsl_team *team = encoding->team;
  const int size = tsl_team_size(team);
  int count = 0, first = -1;
  char path[TSL_PATH_MAX];
  unsigned char *damaged = NULL; /* (size) */
  enum tsl_status status = tsl_allocate((void **)&damaged, (size_t)size, 1, err);
  status = tsl_team_agree(team, status, err);
  if (status == TSL_OK) {
    damaged[tsl_team_index(team)] = encoding->damaged;
    status = tsl_team_gather(team, damaged, 1, err);
  }
  for (int i = size - 1; status == TSL_OK && i >= 0; i--) {
    count += damaged[i];
    first = damaged[i] != 0 ? i : first;
  }
  free(damaged);
  if (status == TSL_OK && count > 0)
    status = tsl_team_broadcast(team, first, encoding->why, sizeof encoding->why, err);
  if (status != TSL_OK || count == 0 || tsl_team_index(team) != 0)
    return status;
  tsl_store_path(encoding->store, TSL_STORE_LATENTS, path);
  if (count == size)
    tsl_log(TSL_LOG_NORMAL, "%s cannot be used (%s): every run is encoded again", path,
            encoding->why);
  else
    tsl_log(TSL_LOG_NORMAL,
            "%s cannot be used by %d of %d ranks (rank %d: %s): the runs that fall to "
            "them are encoded again",
            path, count, size, tsl_team_ranks(team)[first], encoding->why);
  return TSL_OK;
}

static const struct tsl_latents_run *find_before(const struct encoding *encoding,
                                                 const struct tsl_latents_run *run) {
  for (size_t i = 0; i < encoding->before.run_count; i++) {
    const struct tsl_latents_run *known = &encoding->before.runs[i];
    if (known->latent == run->latent && known->clusters == run->clusters &&
        strcmp(known->name, run->name) == 0)
      return known;
  }
  return NULL;
}

static enum tsl_status encode_run(struct encoding *encoding, size_t index,
                                  struct tsl_error *err) {
  const struct tsl_latents *latents = &encoding->latents;
  struct tsl_latents_run *run = &latents->runs[index];
  const size_t count = (size_t)(latents->points * run->latent);
  const size_t logits = (size_t)(latents->points * run->clusters);
  TSL_TRY(tsl_allocate((void **)&run->mean, count, sizeof(float), err));
  TSL_TRY(tsl_allocate((void **)&run->log_variance, count, sizeof(float), err));
  if (run->clusters > 0)
    TSL_TRY(tsl_allocate((void **)&run->cluster_logits, logits, sizeof(float), err));
  const struct tsl_latents_run *known = find_before(encoding, run);
  if (known != NULL) {
    memcpy(run->mean, known->mean, count * sizeof(float));
    memcpy(run->log_variance, known->log_variance, count * sizeof(float));
    if (run->clusters > 0)
      memcpy(run->cluster_logits, known->cluster_logits, logits * sizeof(float));
    return TSL_OK;
  }
  struct tsl_model model;
  TSL_TRY(tsl_model_load(encoding->store, encoding->runs[index], encoding->dataset,
                         &model, err));
  const struct tsl_codes codes = {run->mean, run->log_variance, run->cluster_logits};
  enum tsl_status status = tsl_encode_samples(&model, encoding->dataset, latents->indices,
                                              latents->points, &codes, err);
  tsl_model_release(&model);
  return status;
}

/* What there is to be done. */
static enum tsl_status prepare(struct encoding *encoding, struct tsl_error *err) {
  TSL_TRY(list_runs(encoding, err));
  TSL_TRY(list_points(encoding, err));
  return read_before(encoding, err);
}

static enum tsl_status encode_share(struct encoding *encoding, struct tsl_error *err) {
  const size_t members = (size_t)tsl_team_size(encoding->team);
  const size_t own = (size_t)tsl_team_index(encoding->team);
  const size_t count = encoding->latents.run_count;
  TSL_TRY(tsl_allocate((void **)&encoding->encoded, members * count + 1, 1, err));
  for (size_t i = own; i < count; i += members) {
    /* What is known is kept also by one who was asked to stop. */
    if (tsl_stop_asked(encoding->stop) &&
        find_before(encoding, &encoding->latents.runs[i]) == NULL)
      continue;
    TSL_TRY(encode_run(encoding, i, err));
    encoding->encoded[own * count + i] = 1;
  }
  return TSL_OK;
}

/* Collective on team. Leaves out the runs that nobody encoded, since some member was
 * asked to stop; returns their number in *missing. */
static enum tsl_status leave_out_missing(struct encoding *encoding, size_t *missing,
                                         struct tsl_error *err) {
  struct tsl_latents *latents = &encoding->latents;
  const size_t members = (size_t)tsl_team_size(encoding->team);
  const size_t count = latents->run_count;
  size_t kept = 0;
  if (count > 0)
    TSL_TRY(tsl_team_gather(encoding->team, encoding->encoded, count, err));
  for (size_t i = 0; i < count; i++)
    if (encoding->encoded[i % members * count + i] != 0)
      latents->runs[kept++] = latents->runs[i];
  latents->run_count = kept;
  *missing = count - kept;
  return TSL_OK;
}

enum tsl_status tsl_encode(struct tsl_store *store, struct tsl_team *team,
                           const struct tsl_job *job, const struct tsl_dataset *dataset,
                           const struct tsl_stop *stop, struct tsl_error *err) {
  struct encoding encoding = {
      .store = store, .team = team, .job = job, .dataset = dataset, .stop = stop};
  size_t missing = 0;
  enum tsl_status status = find_finished(&encoding, err);
  if (status == TSL_OK) /* before anybody encodes what only another's failure lacks */
    status = tsl_team_agree(team, prepare(&encoding, err), err);
  if (status == TSL_OK)
    status = tell_damaged(&encoding, err);
  if (status == TSL_OK)
    status = tsl_team_agree(team, encode_share(&encoding, err), err);
  if (status == TSL_OK)
    status = leave_out_missing(&encoding, &missing, err);
  if (status == TSL_OK && (missing == 0 || encoding.latents.run_count > 0))
    status = tsl_store_latents_write(store, team, &encoding.latents, err);
  if (status == TSL_OK && missing > 0)
    status = tsl_error_set(err, TSL_INTERRUPTED, "",
                           "interrupted with %zu runs still to be encoded; what is "
                           "finished is kept: run the same command again",
                           missing);
  encoding_release(&encoding);
  return status;
}
