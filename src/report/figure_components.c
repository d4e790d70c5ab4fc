/* How the latents of the best run are distributed (thesis figures 2.6, 4.5). */
#include "report/figure.h"

#include "teasel/arena.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { POINTS = 81, BINS = 36, WIDTH = 216, HEIGHT = 150 };
static const double reach = 3.6; /* of the abscissa, in the prior's deviations */

/* Density of the prior N(0, 1) and of the aggregate posterior, the mean over points of
 * N(mean, exp(log_variance)), at x. */
static double prior(double x) {
  return exp(-x * x / 2) / sqrt(2 * M_PI);
}

static double aggregate(const struct tsl_latents *latents,
                        const struct tsl_latents_run *run, int latent, double x) {
  double sum = 0;
  for (int64_t p = 0; p < latents->points; p++) {
    double mean = (double)run->mean[p * run->latent + latent];
    double variance = exp((double)run->log_variance[p * run->latent + latent]);
    sum += exp(-(x - mean) * (x - mean) / (2 * variance)) / sqrt(2 * M_PI * variance);
  }
  return sum / (double)latents->points;
}

struct curves {
  double x[POINTS], prior[POINTS], aggregate[POINTS];
  double top; /* of the ordinate */
};

static void fill_curves(const struct tsl_latents *latents,
                        const struct tsl_latents_run *run, int latent,
                        const double *means, struct curves *curves) {
  double densities[BINS];
  curves->top = 0.45;
  for (int i = 0; i < POINTS; i++) {
    double x = reach * (2.0 * i / (POINTS - 1) - 1);
    curves->x[i] = x;
    curves->prior[i] = prior(x);
    curves->aggregate[i] =
        run->log_variance == NULL ? (double)NAN : aggregate(latents, run, latent, x);
    if (isfinite(curves->aggregate[i]))
      curves->top = fmax(curves->top, curves->aggregate[i] * 1.05);
  }
  tsl__histogram_density(means, latents->points, -reach, reach, BINS, densities);
  for (int b = 0; b < BINS; b++)
    curves->top = fmax(curves->top, densities[b] * 1.05);
  curves->top = fmin(curves->top, 1.4); /* a collapsed latent is one spike */
}

static double deviation(const double *values, int64_t count) {
  double sum = 0, squares = 0;
  int64_t finite = 0;
  for (int64_t i = 0; i < count; i++)
    if (isfinite(values[i])) {
      sum += values[i];
      squares += values[i] * values[i];
      finite++;
    }
  if (finite == 0)
    return NAN;
  double mean = sum / (double)finite;
  return sqrt(fmax(squares / (double)finite - mean * mean, 0));
}

static void draw_latent(const struct tsl__report_data *data, int latent,
                        const double *means, struct tsl_text *svg) {
  const struct tsl__report_run *run = &data->runs[data->best_run];
  const struct tsl_latents_run *encoded = &data->latents.runs[run->latents];
  bool informative = tsl__report_is_informative(data, data->best_run, latent);
  struct curves curves;
  fill_curves(&data->latents, encoded, latent, means, &curves);
  bool mixture = tsl__run_has_clusters(data, data->best_run);
  char label[128], kl[32], spread[32];
  snprintf(label, sizeof label, "Distribution of latent z%d%s", latent,
           mixture ? "" : " against N(0, 1)");
  struct tsl__chart chart;
  tsl__chart_begin(&chart, svg, WIDTH, HEIGHT, &(struct tsl__margins){26, 24, 8, 22},
                   label);
  tsl__chart_scales(&chart, &(struct tsl__range){-reach, reach},
                    &(struct tsl__range){0, curves.top});
  tsl__chart_axes(&chart, &(struct tsl__axis){NULL, 8, true},
                  &(struct tsl__axis){NULL, 4, true});
  tsl__chart_histogram(&chart, means, data->latents.points, BINS,
                       informative ? "f0" : "na");
  if (!mixture)
    tsl__chart_line(&chart, curves.x, curves.prior, POINTS, "ref");
  tsl__chart_line(&chart, curves.x, curves.aggregate, POINTS, "k1");
  snprintf(label, sizeof label, "z%d", latent);
  tsl__chart_text(&chart, 26, 13, TSL__START, informative ? "tx bo" : "mu bo", label);
  snprintf(label, sizeof label, "KL %s  \xcf\x83 of means %s",
           tsl__print_quantity(kl, tsl__report_kl(data, data->best_run, latent)),
           tsl__print_quantity(spread, deviation(means, data->latents.points)));
  tsl__chart_text(&chart, WIDTH - 8, 13, TSL__END, "mu sm", label);
  tsl__chart_end(&chart);
}

static enum tsl_status write_latents(const struct tsl__report_data *data,
                                     struct tsl__page *page, struct tsl_error *err) {
  const struct tsl__report_run *run = &data->runs[data->best_run];
  const struct tsl_latents_run *encoded = &data->latents.runs[run->latents];
  double *means = NULL; /* (points) */
  int *order = NULL;
  enum tsl_status status =
      tsl_allocate((void **)&means, (size_t)data->latents.points + 1, sizeof *means, err);
  if (status == TSL_OK)
    status =
        tsl_allocate((void **)&order, (size_t)encoded->latent + 1, sizeof *order, err);
  if (status == TSL_OK)
    tsl__report_latent_order(data, data->best_run, order);
  tsl__grid_begin(page);
  for (int i = 0; status == TSL_OK && i < encoded->latent && i < TSL__LATENTS_SHOWN;
       i++) {
    for (int64_t p = 0; p < data->latents.points; p++)
      means[p] = (double)encoded->mean[p * encoded->latent + order[i]];
    struct tsl_text svg = {0};
    char name[64];
    draw_latent(data, order[i], means, &svg);
    snprintf(name, sizeof name, "component_z%d", order[i]);
    tsl__page_figure(page, name, &svg, NULL);
    tsl_text_release(&svg);
  }
  tsl__grid_end(page);
  free(means);
  free(order);
  return status;
}

static enum tsl_status write(const struct tsl__report_data *data, struct tsl__page *page,
                             struct tsl_error *err) {
  enum tsl_status status = TSL_OK;
  tsl__section_begin(page, "components", "Distribution", "Distribution of latents");
  tsl__page_definition(
      page,
      data->best_run >= 0 && tsl__run_has_clusters(data, data->best_run)
          ? "Bars: posterior means of the encoded points. Line: aggregate "
            "posterior, the mean over points of N(mean, variance). The prior of "
            "these latents is a mixture that the model makes of w, not N(0, 1): "
            "none is drawn, and their KL from N(0, 1), by which they are ordered, is "
            "no term of the loss. Of more than 32 those with the highest."
          : "Bars: posterior means of the encoded points. Line: aggregate "
            "posterior, the mean over points of N(mean, variance). Dashed: the prior "
            "N(0, 1). A latent without information has all its means at 0 and its "
            "aggregate on the prior. By falling KL; of more than 32 those with the "
            "highest.");
  if (data->best_run >= 0 && data->has_latents && data->latents.points > 0 &&
      data->runs[data->best_run].latents >= 0) {
    char title[512];
    tsl__report_run_title(data, data->best_run, title, sizeof title);
    tsl_text_add(&page->html, "<p>Best run: <strong>");
    tsl_text_add_html(&page->html, title);
    tsl_text_add(&page->html, "</strong></p>\n");
    status = write_latents(data, page, err);
  } else {
    tsl__page_absent(page, "No run has been encoded yet.");
  }
  tsl__section_end(page);
  return status;
}

const struct tsl__figure tsl__figure_components = {.name = "components", .write = write};
