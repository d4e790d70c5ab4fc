/* What `teasel classify` left in the folder, judged again from its points. */
#include "report/report_data.h"

#include "teasel/arena.h"
#include "teasel/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool was_classified(const struct tsl_store *store, const char *run) {
  char path[TSL_PATH_MAX];
  return tsl_file_exists(tsl_store_classify_path(store, run, "points.h5", path));
}

static enum tsl_status judge(const struct tsl_job *job, const struct tsl_dataset *dataset,
                             struct tsl__report_classification *out,
                             struct tsl_error *err) {
  const struct tsl_run *run = tsl_job_run(job, (size_t)out->run);
  const struct tsl_classified *points = &out->points;
  if (points->points != tsl_dataset_view(dataset)->count ||
      points->latent != run->options.latent)
    return tsl_error_set(err, TSL_FORMAT, run->name,
                         "classified other points than there are; classify again");
  const struct tsl_classify_request request = {
      .mean = points->mean,
      .log_variance = points->log_variance,
      .bad = points->bad,
      .points = points->points,
      .latent = (int)points->latent,
      .labels = points->labels,
      .informative_kl = points->informative_kl,
      .stream = tsl_classify_stream(tsl_job_dataset(job)->seed)};
  TSL_TRY(tsl_classify(&request, &out->result, err));
  const struct tsl_classify_report report = {.result = &out->result,
                                             .mean = points->mean,
                                             .bad = points->bad,
                                             .dataset = dataset,
                                             .run = run->name,
                                             .good = points->good_name,
                                             .bad_name = points->bad_name};
  TSL_TRY(tsl__classify_view_init(&out->view, &report, err));
  /* The 8 hex digits tell a run's figures apart. */
  const char *dash = strrchr(run->name, '-');
  snprintf(out->view.prefix, sizeof out->view.prefix, "classification_%.16s_",
           dash != NULL ? dash + 1 : run->name);
  return TSL_OK;
}

static void release_one(struct tsl__report_classification *classification) {
  tsl__classify_view_release(&classification->view);
  tsl_classification_release(&classification->result);
  tsl_classified_release(&classification->points);
}

enum tsl_status tsl__classifications_load(const struct tsl_store *store,
                                          const struct tsl_job *job,
                                          const struct tsl_dataset *dataset,
                                          struct tsl__report_data *data,
                                          struct tsl_error *err) {
  size_t count = 0;
  for (size_t i = 0; i < tsl_job_run_count(job); i++)
    count += was_classified(store, tsl_job_run(job, i)->name);
  if (count == 0 || dataset == NULL)
    return TSL_OK;
  void *memory = NULL;
  TSL_TRY(tsl_allocate(&memory, count, sizeof *data->classifications, err));
  data->classifications = memory;
  for (size_t i = 0; i < tsl_job_run_count(job); i++) {
    const char *name = tsl_job_run(job, i)->name;
    struct tsl_error trouble = {0};
    if (!was_classified(store, name) || (size_t)data->classification_count == count)
      continue;
    /* In its place from the start: the view points into it. */
    struct tsl__report_classification *next =
        &data->classifications[data->classification_count];
    next->run = (int)i;
    enum tsl_status status =
        tsl_store_classified_read(store, name, &next->points, &trouble);
    if (status == TSL_OK)
      status = judge(job, dataset, next, &trouble);
    if (status == TSL_OK) {
      data->classification_count++;
      continue;
    }
    release_one(next);
    tsl_log(TSL_LOG_NORMAL, "report: %s: %s", trouble.where, trouble.text);
  }
  return TSL_OK;
}

void tsl__classifications_release(struct tsl__report_data *data) {
  for (int i = 0; i < data->classification_count; i++)
    release_one(&data->classifications[i]);
  free(data->classifications);
}
