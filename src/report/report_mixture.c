#include "report/report_mixture.h"

#include "report/report_data.h"

#include "teasel/arena.h"
#include "teasel/encode.h"
#include "teasel/log.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum tsl_status tsl__mixture_decode(const struct tsl__mixture_painter *painter,
                                    const float *codes, int64_t rows, float *out,
                                    struct tsl_error *err) {
  const struct tsl_feed feed = {painter->model.values.code, codes};
  const struct tsl_fetch fetch = {painter->model.values.output, out};
  TSL_TRY(tsl_graph_compute(painter->model.graph, &feed, 1, &fetch, 1, rows, err));
  tsl_model_to_data_space(painter->run, out, (size_t)rows * painter->sample);
  return TSL_OK;
}

enum tsl_status tsl__mixture_components(const struct tsl__mixture_painter *painter,
                                        const float *w, int64_t rows, float *mean,
                                        float *log_variance, struct tsl_error *err) {
  const struct tsl_model_values *values = &painter->model.values;
  const struct tsl_feed feed = {values->w, w};
  const struct tsl_fetch fetches[] = {{values->component_mean, mean},
                                      {values->component_log_variance, log_variance}};
  return tsl_graph_compute(painter->model.graph, &feed, 1, fetches, 2, rows, err);
}

/* ---- which runs ---- */

/* Mean loss over the last tenth of the log; infinite where there is none. */
static double last_loss(const struct tsl__report_run *run) {
  int column = tsl__report_log_column(&run->log, "total");
  double sum = 0;
  int64_t count = 0;
  for (int64_t row = run->log.rows - (run->log.rows + 9) / 10;
       column >= 0 && row < run->log.rows; row++) {
    double value = run->log.values[row * run->log.columns + column];
    if (isfinite(value)) {
      sum += value;
      count++;
    }
  }
  return count > 0 ? sum / (double)count : HUGE_VAL;
}

/* The run of a setting that is shown; -1: none finished. */
static int choose(const struct tsl__report_data *data, int setting) {
  int best = -1;
  for (int i = 0; i < data->run_count; i++)
    if (data->runs[i].setting == setting && tsl__report_run_may_be_best(data, i) &&
        (best < 0 || last_loss(&data->runs[i]) < last_loss(&data->runs[best])))
      best = i;
  return best;
}

static int64_t size_of(const struct tsl_model *model, struct tsl_value value) {
  if (value.index < 0)
    return 0;
  const struct tsl_shape shape = tsl_graph_value_shape(model->graph, value);
  return tsl_shape_count(&shape);
}

/* ---- one run ---- */

static enum tsl_status paint(struct tsl__mixture_painter *painter,
                             const struct tsl_job *job, struct tsl_error *err) {
  TSL_TRY(tsl__mixture_sort(painter, err));
  TSL_TRY(tsl__mixture_draw(painter, (int)tsl_job_options(job)->traversals.steps, err));
  return tsl__mixture_density(painter, err);
}

static void release_one(struct tsl__report_mixture *mixture) {
  free(mixture->drawn.samples);
  free(mixture->traversed.samples);
  free(mixture->certain.samples);
  free(mixture->clusters);
  free(mixture->density.model);
  free(mixture->density.mixture);
  free(mixture->density.points);
  free(mixture->density.labels);
  tsl_snapshots_release(mixture->snapshots, mixture->snapshot_count);
  *mixture = (struct tsl__report_mixture){.run = -1};
}

/* The run's pictures; *kept: it has clusters, or snapshots to show. */
static enum tsl_status load_one(const struct tsl_store *store, const struct tsl_job *job,
                                const struct tsl_dataset *dataset, int index,
                                struct tsl__report_mixture *out, bool *kept,
                                struct tsl_error *err) {
  const struct tsl_run *run = tsl_job_run(job, (size_t)index);
  struct tsl__mixture_painter painter = {.run = run, .dataset = dataset, .out = out};
  struct tsl_error trouble = {0};
  *out = (struct tsl__report_mixture){.run = index, .shape = run->network->input};
  painter.sample = (size_t)tsl_shape_count(&out->shape);
  painter.latent = run->options.latent;
  if (tsl_store_snapshots_read(store, run->name, &out->snapshots, &out->snapshot_count,
                               &trouble) != TSL_OK)
    tsl_log(TSL_LOG_NORMAL, "report: %s: %s", trouble.where, trouble.text);
  enum tsl_status status = tsl_model_load(store, run, dataset, &painter.model, &trouble);
  if (status == TSL_OK) {
    painter.components =
        size_of(&painter.model, painter.model.values.log_responsibilities);
    painter.latent_w = size_of(&painter.model, painter.model.values.w);
    out->components = (int)painter.components;
    out->rows = out->components < TSL__COMPONENT_ROWS_MAX ? out->components
                                                          : TSL__COMPONENT_ROWS_MAX;
    out->range = tsl_job_options(job)->traversals.range;
    if (painter.components > 0)
      status = paint(&painter, job, &trouble);
    tsl_model_release(&painter.model);
  }
  if (status == TSL_MEMORY)
    return tsl_error_set(err, status, trouble.where, "%s", trouble.text);
  if (status != TSL_OK)
    snprintf(out->trouble, sizeof out->trouble, "no pictures: %.200s%s%.250s",
             trouble.where, trouble.where[0] == '\0' ? "" : ": ", trouble.text);
  *kept = out->components > 0 || out->snapshot_count > 0;
  return TSL_OK;
}

static void leave_out(const struct tsl_run *run, int setting,
                      struct tsl__report_data *data) {
  const bool clusters = run->network->prior.count > 0;
  data->mixtures_left_out[data->mixture_left_out_count++] =
      (struct tsl__mixture_left_out){
          .setting = setting,
          .clouds = run->options.latent == 2,
          .densities = clusters && tsl_shape_count(&run->network->input) == 2,
          .pictures = clusters && run->network->input.rank == 3};
}

enum tsl_status tsl__mixtures_load(const struct tsl_store *store,
                                   const struct tsl_job *job,
                                   const struct tsl_dataset *dataset,
                                   const struct tsl_stop *stop,
                                   struct tsl__report_data *data, struct tsl_error *err) {
  void *memory = NULL;
  if (dataset == NULL)
    return TSL_OK;
  TSL_TRY(tsl_allocate(&memory, TSL__MIXTURES_MAX, sizeof *data->mixtures, err));
  data->mixtures = memory;
  TSL_TRY(tsl_allocate((void **)&data->mixtures_left_out, (size_t)data->setting_count + 1,
                       sizeof *data->mixtures_left_out, err));
  for (int s = 0; s < data->setting_count; s++) {
    int run = choose(data, s);
    bool kept = false;
    TSL_TRY(tsl_stop_check(stop, err));
    if (run < 0)
      continue;
    const struct tsl_run *chosen = tsl_job_run(job, (size_t)run);
    if (chosen->network->prior.count == 0 && chosen->options.latent != 2)
      continue; /* what has no prior network has no clusters: not loaded for nothing */
    if (data->mixture_count == TSL__MIXTURES_MAX) {
      leave_out(chosen, s, data);
      continue;
    }
    struct tsl__report_mixture *next = &data->mixtures[data->mixture_count];
    enum tsl_status status = load_one(store, job, dataset, run, next, &kept, err);
    if (status == TSL_OK && kept)
      data->mixture_count++;
    else
      release_one(next);
    TSL_TRY(status);
  }
  return TSL_OK;
}

void tsl__mixtures_release(struct tsl__report_data *data) {
  for (int i = 0; i < data->mixture_count; i++)
    release_one(&data->mixtures[i]);
  free(data->mixtures);
  free(data->mixtures_left_out);
}
