/* report_sample.h - a made-up results folder in memory, so that the report's drawing can
 * be tried without training: runs of three families whose first latents carry true
 * factors of little pictures, and every kind of gap. */
#ifndef TEASEL_TESTS_REPORT_SAMPLE_H
#define TEASEL_TESTS_REPORT_SAMPLE_H

#include "report/report_data.h"
#include "report/report_pictures.h"
#include "teasel/random.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct sample_request {
  int families; /* up to 3 */
  int settings; /* of each family */
  int seeds;
  int latent;
  int points;
  int side; /* of the pictures; 0: none */
  bool scores, logs, lasso, metrics, failures, classified;
  bool clusters; /* of the last family */
};

static const char *const sample_families[] = {"beta_vae", "beta_tcvae", "c_beta_vae"};

/* Uniform in [0, 1) */
static inline double sample_random(uint64_t step, uint32_t index, uint32_t lane) {
  struct tsl_stream stream = {.seed = 5, .purpose = TSL_PURPOSE_TEST};
  return tsl_random_double(&stream, step, index, lane);
}

/* Latents 0 .. informative-1 carry something; the last is never informative. */
static inline double sample_kl(int run, int latent, int latents) {
  double fade = (double)(run % 7) / 3.0;
  if (latent + 1 >= latents || latent > 5)
    return 0.0004 * (latent + 1);
  return fmax(2.6 - 0.5 * latent - 0.4 * fade + sample_random(1, (uint32_t)run, 0),
              0.002);
}

static inline void sample_scores(const struct sample_request *request, int runs,
                                 struct tsl__report_data *data) {
  struct tsl_scores *scores = &data->scores;
  int d = request->latent;
  unsigned similarities = request->lasso ? 3u : 1u;
  if (tsl_scores_init(scores, runs, d, similarities, request->metrics ? 5 : 0, NULL) !=
      TSL_OK)
    abort();
  scores->informative_kl = 0.01;
  static const char *const names[] = {"mig", "sap_continuous", "modularity", "silhouette",
                                      "davies_bouldin"};
  for (int m = 0; m < scores->metric_count; m++)
    snprintf(scores->metric_names[m], sizeof scores->metric_names[m], "%s", names[m]);
  for (int i = 0; i < runs; i++) {
    snprintf(scores->runs[i].name, sizeof scores->runs[i].name, "%s", data->runs[i].name);
    scores->runs[i].latent = d;
    for (int a = 0; a < d; a++) {
      scores->kl[i * d + a] = sample_kl(i, a, d);
      scores->runs[i].informative += scores->kl[i * d + a] > 0.01;
    }
  }
  for (int s = 0; s < TSL_SIMILARITY_COUNT; s++) {
    if (scores->matrices[s] == NULL)
      continue;
    for (int k = 0; k < runs; k++)
      for (int i = 0; i < runs; i++) {
        double near = data->runs[k].family == data->runs[i].family ? 0.2 : 0;
        near += data->runs[k].setting == data->runs[i].setting ? 0.2 : 0;
        double u =
            k == i ? 0
                   : 0.25 + near +
                         0.3 * sample_random(2, (uint32_t)(k * runs + i), (uint32_t)s);
        for (int form = 0; form < TSL_UDR_FORM_COUNT; form++)
          if (scores->pairwise[s][form] != NULL)
            scores->pairwise[s][form][k * runs + i] = u;
        for (int a = 0; a < d; a++)
          for (int b = 0; b < d; b++) {
            bool on = scores->kl[k * d + a] > 0.01 && scores->kl[i * d + b] > 0.01;
            double r = a == b ? 0.95 - 0.04 * a
                              : 0.3 * sample_random(3, (uint32_t)(k * runs + i),
                                                    (uint32_t)(a * d + b));
            scores->matrices[s][((size_t)(k * runs + i) * (size_t)d + (size_t)a) *
                                    (size_t)d +
                                (size_t)b] = on ? (float)r : 0.0f;
          }
      }
    for (int i = 0; i < runs; i++)
      for (int form = 0; form < TSL_UDR_FORM_COUNT; form++)
        for (int group = 0; group < TSL_UDR_GROUP_COUNT; group++)
          if (scores->udr[s][form][group] != NULL)
            scores->udr[s][form][group][i] =
                group == TSL_UDR_SETTING && request->seeds < 2
                    ? (double)NAN
                    : 0.75 - 0.1 * group - 0.03 * (data->runs[i].setting % 5) +
                          0.1 * sample_random(4, (uint32_t)i, (uint32_t)group);
  }
  for (int i = 0; i < runs; i++)
    for (int m = 0; m < scores->metric_count; m++)
      scores->metrics[i * scores->metric_count + m] =
          m == 1 && i == 0 ? (double)NAN
                           : 0.6 - 0.02 * (data->runs[i].setting % 5) +
                                 0.1 * sample_random(5, (uint32_t)i, (uint32_t)m);
  data->has_scores = true;
}

static inline void sample_log(int run, int latents, bool capacity,
                              struct tsl_table *out) {
  enum { ROWS = 400 };
  out->columns = 5 + latents + 1;
  out->rows = ROWS;
  out->names = calloc((size_t)out->columns, sizeof *out->names);
  out->values = calloc((size_t)(ROWS * out->columns), sizeof *out->values);
  const char *names[] = {"step", "total", "reconstruction", "kl"};
  for (int c = 0; c < 4; c++)
    snprintf(out->names[c], sizeof out->names[c], "%s", names[c]);
  for (int a = 0; a < latents; a++)
    snprintf(out->names[4 + a], sizeof out->names[0], "kl_%d", a);
  snprintf(out->names[4 + latents], sizeof out->names[0], "informative");
  snprintf(out->names[5 + latents], sizeof out->names[0], "capacity");
  for (int r = 0; r < ROWS; r++) {
    double *row = out->values + r * out->columns, t = (r + 1.0) / ROWS;
    double noise = sample_random(6, (uint32_t)run, (uint32_t)r);
    row[0] = 750 * (r + 1);
    row[2] = 7600 + 1500 * exp(-6 * t) + 40 * noise + 3 * run;
    for (int a = 0; a < latents; a++) {
      double on = 1 / (1 + exp(-60 * (t - 0.06 * (a + 1))));
      row[4 + a] = sample_kl(run, a, latents) * on * (0.97 + 0.05 * noise);
      row[3] += row[4 + a];
      row[4 + latents] += row[4 + a] > 0.01;
    }
    row[1] = row[2] + row[3];
    row[5 + latents] = capacity ? 12 * t : (double)NAN;
  }
}

/* An ellipse: z0 across, z1 down, z2 size, z3 stretch, z4 brightness. out: (3, side,
 * side) */
static inline void sample_picture(const double z[5], int side, float *out) {
  for (int y = 0; y < side; y++)
    for (int x = 0; x < side; x++) {
      double u = (x + 0.5) / side * 2 - 1 - 0.12 * z[0];
      double v = (y + 0.5) / side * 2 - 1 - 0.12 * z[1];
      double size = 0.45 + 0.1 * z[2], stretch = 1 + 0.25 * z[3];
      double r = sqrt(u * u * stretch + v * v / stretch) / fmax(size, 0.05);
      double in = 1 / (1 + exp(14 * (r - 1)));
      double bright = 0.75 + 0.1 * z[4];
      double colour[3] = {0.86 * bright, 0.68 * bright, 0.42 * bright};
      for (int c = 0; c < 3; c++)
        out[(c * side + y) * side + x] = (float)(in * colour[c] + (1 - in) * 0.12);
    }
}

static inline void sample_pictures(const struct sample_request *request,
                                   struct tsl__report_pictures *out) {
  int side = request->side, steps = 7, latent = request->latent;
  size_t sample = (size_t)(3 * side * side);
  out->shape = (struct tsl_shape){.rank = 3, .dims = {3, side, side}};
  out->latent = latent;
  out->steps = steps;
  out->range = 2;
  out->base_index = 17;
  out->traversal = calloc((size_t)(latent * steps) * sample, sizeof(float));
  for (int a = 0; a < latent; a++)
    for (int s = 0; s < steps; s++) {
      double z[5] = {0};
      if (a < 5)
        z[a] = -2 + 4.0 * s / (steps - 1);
      sample_picture(z, side, out->traversal + (size_t)(a * steps + s) * sample);
    }
  out->samples = 10;
  out->error_count = 512;
  out->error_mean = 7623.4;
  out->errors = calloc(10, sizeof(double));
  out->sample_indices = calloc(10, sizeof(int64_t));
  out->originals = calloc(10 * sample, sizeof(float));
  out->reconstructions = calloc(10 * sample, sizeof(float));
  for (int i = 0; i < 10; i++) {
    double z[5] = {sin(i), cos(i), sin(2.0 * i), cos(3.0 * i), sin(5.0 * i)};
    out->errors[i] = 7412.3 + 51.7 * i;
    sample_picture(z, side, out->originals + (size_t)i * sample);
    z[3] *= 0.6;
    sample_picture(z, side, out->reconstructions + (size_t)i * sample);
  }
}

static inline void sample_latents(const struct sample_request *request, int runs,
                                  struct tsl__report_data *data) {
  struct tsl_latents *latents = &data->latents;
  int d = request->latent;
  latents->points = request->points;
  latents->run_count = (size_t)runs;
  latents->indices = calloc((size_t)request->points + 1, sizeof(int64_t));
  latents->runs = calloc((size_t)runs, sizeof *latents->runs);
  size_t count = (size_t)request->points * (size_t)d;
  for (int i = 0; i < runs; i++) {
    struct tsl_latents_run *run = &latents->runs[i];
    run->name = strdup(data->runs[i].name);
    run->latent = d;
    run->mean = calloc(count + 1, sizeof(float));
    run->log_variance = calloc(count + 1, sizeof(float));
    struct tsl_stream stream = {.purpose = TSL_PURPOSE_TEST, .sub = 7};
    tsl_random_normal(&stream, 0, (uint32_t)i, count, run->mean);
    for (size_t v = 0; v < count; v++) {
      bool on = sample_kl(i, (int)(v % (size_t)d), d) > 0.01;
      run->mean[v] *= on ? 1.0f : 0.01f;
      run->log_variance[v] = on ? -3.0f : -0.01f;
    }
  }
  data->has_latents = true;
}

/* The first run's points, bad where its first latent is high, with much doubt. */
static inline void sample_classified(const struct sample_request *request,
                                     struct tsl__report_data *data) {
  enum { POINTS = 400, CELLS = 2 * 10 };
  struct tsl__report_classification *out = calloc(1, sizeof *out);
  size_t d = (size_t)request->latent, side = (size_t)request->side;
  struct tsl_classified *points = &out->points;
  *points = (struct tsl_classified){.points = POINTS,
                                    .latent = request->latent,
                                    .mean = calloc(POINTS * d, sizeof(float)),
                                    .log_variance = calloc(POINTS * d, sizeof(float)),
                                    .bad = calloc(POINTS, sizeof(bool)),
                                    .labels = 100,
                                    .informative_kl = 0.01,
                                    .good_name = "good <&",
                                    .bad_name = "bad \"'"};
  struct tsl_stream stream = {.purpose = TSL_PURPOSE_TEST, .sub = 9};
  tsl_random_normal(&stream, 0, 0, POINTS * d, points->mean);
  for (size_t i = 0; i < POINTS; i++)
    points->bad[i] =
        (double)points->mean[i * d] + 2 * sample_random(8, (uint32_t)i, 0) > 1;
  const struct tsl_classify_request asked = {.mean = points->mean,
                                             .log_variance = points->log_variance,
                                             .bad = points->bad,
                                             .points = POINTS,
                                             .latent = request->latent,
                                             .labels = points->labels,
                                             .informative_kl = points->informative_kl,
                                             .stream = tsl_classify_stream(1)};
  if (tsl_classify(&asked, &out->result, NULL) != TSL_OK)
    abort();
  out->view = (struct tsl__classify_view){
      .result = &out->result,
      .mean = points->mean,
      .bad = points->bad,
      .run = data->runs[0].name,
      .good = points->good_name,
      .bad_name = points->bad_name,
      .prefix = "classification_0a1b2c3d_",
      .shape = {.rank = 3, .dims = {3, request->side, request->side}}};
  for (int bad = 0; bad < 2; bad++) {
    float *samples = calloc(CELLS * 3 * side * side, sizeof(float));
    for (size_t i = 0; i < 13; i++) {
      double z[5] = {sin((double)i), cos((double)i), 0, bad, 0};
      sample_picture(z, request->side, samples + i * 3 * side * side);
    }
    out->view.mistakes[bad] = (struct tsl__mistakes){27, 13, samples};
  }
  data->classifications = out;
  data->classification_count = 1;
}

/* Columns of a log that families with clusters have besides. */
static inline void sample_cluster_log(int run, struct tsl_table *log) {
  static const char *const names[] = {"z_prior",  "conditional_prior", "w_prior",
                                      "clusters", "acc_makhzani",      "acc_hungarian"};
  enum { MORE = 6, TERMS = 3 };
  int columns = log->columns + MORE;
  void *wide_names = calloc((size_t)columns, sizeof *log->names);
  double *values = calloc((size_t)(log->rows * columns), sizeof *values);
  memcpy(wide_names, log->names, (size_t)log->columns * sizeof *log->names);
  free(log->names);
  log->names = wide_names;
  for (int c = 0; c < MORE; c++)
    snprintf(log->names[log->columns + c], sizeof *log->names, "%s", names[c]);
  for (int64_t r = 0; r < log->rows; r++) {
    double *row = values + r * columns, t = (double)r / (double)log->rows;
    memcpy(row, log->values + r * log->columns, (size_t)log->columns * sizeof *row);
    for (int c = 0; c < TERMS; c++)
      row[log->columns + c] = (2 + c) * t;
    for (int c = TERMS; c < MORE; c++) /* evaluated now and then */
      row[log->columns + c] =
          r % 40 == 39 ? (c == TERMS ? 3 + run % 2 : 0.3 + 0.5 * t) : (double)NAN;
  }
  free(log->values);
  log->values = values;
  log->columns = columns;
}

/* Three components of the last family's first setting, in every kind of figure. */
static inline void sample_mixture(const struct sample_request *request,
                                  struct tsl__report_data *data) {
  enum { COMPONENTS = 3, COLUMNS = 4, CELLS = 12, POINTS = 40 };
  struct tsl__report_mixture *out = calloc(1, sizeof *out);
  size_t sample = (size_t)(3 * request->side * request->side);
  size_t rows = (size_t)COMPONENTS * COLUMNS;
  *out = (struct tsl__report_mixture){
      .run = data->run_count - 1,
      .components = COMPONENTS,
      .rows = COMPONENTS,
      .shape = {.rank = 3, .dims = {3, request->side, request->side}},
      .range = 2,
      .turned = 5,
      .judged = 100,
      .clusters = calloc(COMPONENTS, sizeof *out->clusters),
      .snapshot_count = 6,
      .snapshots = calloc(6, sizeof *out->snapshots)};
  struct tsl__component_pictures *sheets[] = {&out->drawn, &out->traversed,
                                              &out->certain};
  for (int s = 0; s < 3; s++) {
    *sheets[s] =
        (struct tsl__component_pictures){COLUMNS, calloc(rows * sample, sizeof(float))};
    for (size_t i = 0; i < rows; i++) {
      double z[5] = {sin((double)i), cos(2.0 * (double)i), s - 1.0, 0, 0};
      sample_picture(z, request->side, sheets[s]->samples + i * sample);
    }
  }
  out->clusters[0] = (struct tsl__cluster){60, 7, "label 7", 0.75, 4};
  out->clusters[1] = (struct tsl__cluster){2, 1, "<b>", 1, 2};
  out->clusters[2] = (struct tsl__cluster){0, -1, "", (double)NAN, 0};
  out->density = (struct tsl__density){.cells = CELLS,
                                       .low = {-1, -1},
                                       .high = {1, 1},
                                       .model = calloc(CELLS * CELLS, sizeof(double)),
                                       .mixture = calloc(CELLS * CELLS, sizeof(double)),
                                       .model_score = -0.5,
                                       .mixture_score = (double)NAN,
                                       .draws = 4000,
                                       .scored = 100,
                                       .shown = POINTS,
                                       .points = calloc(POINTS * 2, sizeof(float)),
                                       .labels = calloc(POINTS, sizeof(int32_t))};
  for (int i = 0; i < POINTS; i++) {
    out->density.points[2 * i] = (float)sin(i);
    out->density.points[2 * i + 1] = (float)cos(i);
    out->density.labels[i] = i % 3;
  }
  for (int i = 0; i < CELLS * CELLS; i++) {
    out->density.model[i] = sample_random(20, (uint32_t)i, 0);
    out->density.mixture[i] = sample_random(20, (uint32_t)i, 1);
  }
  for (size_t i = 0; i < out->snapshot_count; i++) {
    struct tsl_snapshot *next = &out->snapshots[i];
    *next = (struct tsl_snapshot){.step = 100 * (int64_t)(i + 1),
                                  .points = POINTS,
                                  .latent = 2,
                                  .mean = calloc(POINTS * 2, sizeof(float)),
                                  .components = COMPONENTS,
                                  .assignment = calloc(POINTS, sizeof(int32_t)),
                                  .component_mean = calloc(COMPONENTS * 2, sizeof(float)),
                                  .component_log_variance =
                                      calloc(COMPONENTS * 2, sizeof(float))};
    for (int p = 0; p < 2 * POINTS; p++)
      next->mean[p] = p == 9 ? NAN : (float)sin(p * (double)(i + 1));
    next->component_mean[4] = 1e9f; /* far outside */
  }
  data->mixtures = out;
  data->mixture_count = 1;
  data->references.list = calloc(1, sizeof *data->references.list);
  data->references.list[0] =
      (struct tsl__reference){.setting = data->setting_count - 1,
                              .metric = "acc_makhzani",
                              .source = "somebody <i>&amp;</i>, table 1",
                              .best = 0.8731,
                              .mean = 0.7778,
                              .deviation = 0.0575,
                              .runs = (double)NAN};
  data->references.count = 1;
}

static inline struct tsl__report_data *
sample_create(const struct sample_request *request) {
  struct tsl__report_data *data = calloc(1, sizeof *data);
  int runs = request->families * request->settings * request->seeds;
  snprintf(data->job_name, sizeof data->job_name, "sample <&\"'$(touch x)`> sweep");
  snprintf(data->dataset_name, sizeof data->dataset_name, "tubers <b>&amp;</b>");
  data->informative_kl = 0.01;
  data->run_count = runs;
  data->runs = calloc((size_t)runs + 1, sizeof *data->runs);
  data->family_count = request->families;
  data->setting_count = request->families * request->settings;
  data->facts[0] =
      (struct tsl__report_fact){"data", "tubers, 8498 samples of 3 x 64 x 64"};
  data->facts[1] = (struct tsl__report_fact){"network", "conv64, 10 latents, Bernoulli"};
  data->facts[2] =
      (struct tsl__report_fact){"data digest", "0123456789abcdef0123456789abcdef"};
  data->fact_count = 3;
  for (int f = 0; f < request->families; f++)
    snprintf(data->families[f].name, sizeof data->families[f].name, "%s",
             sample_families[f]);
  for (int i = 0; i < runs; i++) {
    struct tsl__report_run *run = &data->runs[i];
    run->seed = i % request->seeds;
    run->setting = i / request->seeds;
    run->family = run->setting / request->settings;
    snprintf(run->label, sizeof run->label,
             run->family == 2 ? "beta=%d, capacity=6" : "beta=%d",
             1 + 2 * (run->setting % request->settings));
    snprintf(run->name, sizeof run->name, "%s-%s-seed=%d-0a1b2c3d",
             sample_families[run->family], run->label, (int)run->seed);
    run->record.outcome = TSL_OUTCOME_FINISHED;
    run->record.steps = 300000;
    run->record.term_count = 2;
    snprintf(run->record.terms[0].name, sizeof run->record.terms[0].name,
             "reconstruction");
    run->record.terms[0].value = 7600.25 + i;
    snprintf(run->record.terms[1].name, sizeof run->record.terms[1].name, "kl");
    run->record.terms[1].value = 11.234 + 0.1 * i;
    run->score = run->latents = -1;
    if (request->failures && i % 6 == 3)
      run->record.outcome = (enum tsl_outcome)(i % 4);
    if (request->logs && run->record.outcome != TSL_OUTCOME_NONE)
      sample_log(i, request->latent, run->family == 2, &run->log);
    if (request->clusters && run->family + 1 == request->families && run->log.rows > 0)
      sample_cluster_log(i, &run->log);
  }
  if (request->scores) {
    sample_scores(request, runs, data);
    sample_latents(request, runs, data);
    for (int i = 0; i < runs; i++)
      data->runs[i].score = data->runs[i].latents =
          data->runs[i].record.outcome == TSL_OUTCOME_FINISHED ? i : -1;
  }
  tsl__report_choose_best(data);
  if (request->classified)
    sample_classified(request, data);
  if (request->clusters)
    sample_mixture(request, data);
  for (int f = 0; f < request->families && request->side > 0; f++)
    sample_pictures(request, &data->families[f].pictures);
  return data;
}

static inline void sample_free(struct tsl__report_data *data) {
  tsl__report_release(data);
  free(data);
}

#endif
