/* Density of points of the plane (Dilokthanakul et al. 2016, figures 2a to 2c). */
#include "report/figure.h"
#include "report/report_statistic.h"

#include "teasel/arena.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { LEFT = 34, TOP = 24, RIGHT = 8, BOTTOM = 24, CELL = 4 };

static void begin(const struct tsl__density *density, struct tsl__chart *chart,
                  struct tsl_text *svg, const char *title, const char *label) {
  double side = (double)density->cells * CELL;
  tsl__chart_begin(chart, svg, LEFT + side + RIGHT, TOP + side + BOTTOM,
                   &(struct tsl__margins){LEFT, TOP, RIGHT, BOTTOM}, label);
  tsl__chart_scales(chart, &(struct tsl__range){density->low[0], density->high[0]},
                    &(struct tsl__range){density->low[1], density->high[1]});
  tsl__chart_axes(chart, &(struct tsl__axis){NULL, 6, true},
                  &(struct tsl__axis){NULL, 6, true});
  tsl__chart_text(chart, LEFT, 14, TSL__START, "tx", title);
}

static void end(struct tsl__chart *chart, struct tsl__page *page, struct tsl_text *svg,
                const char *prefix, const char *name) {
  char file[128];
  tsl__chart_end(chart);
  snprintf(file, sizeof file, "density_%s_%s", prefix, name);
  tsl__page_figure(page, file, svg, NULL);
  tsl_text_release(svg);
}

static enum tsl_status write_points(const struct tsl__density *density,
                                    const char *prefix, struct tsl__page *page,
                                    struct tsl_error *err) {
  struct tsl_text svg = {0};
  struct tsl__chart chart;
  double *places = NULL; /* (2, shown) */
  unsigned char *series = NULL;
  enum tsl_status status =
      tsl_allocate((void **)&places, (size_t)density->shown + 1, 2 * sizeof *places, err);
  if (status == TSL_OK)
    status = tsl_allocate((void **)&series, (size_t)density->shown + 1, 1, err);
  if (status == TSL_OK) {
    for (int64_t i = 0; i < density->shown; i++) {
      places[i] = (double)density->points[2 * i];
      places[density->shown + i] = (double)density->points[2 * i + 1];
      series[i] = (unsigned char)(density->labels != NULL ? density->labels[i] & 255 : 0);
    }
    begin(density, &chart, &svg, "data", "Samples of the data set, coloured by label");
    const struct tsl__dots dots = {places, places + density->shown, series,
                                   density->shown, 3};
    tsl__chart_dots(&chart, &dots);
    end(&chart, page, &svg, prefix, "data");
  }
  free(places);
  free(series);
  return status;
}

static void write_map(const struct tsl__density *density, const double *values,
                      double high, const char *prefix, const char *name,
                      const char *title, double score, struct tsl__page *page) {
  struct tsl_text svg = {0};
  struct tsl__chart chart;
  char text[160], label[192], number[32];
  snprintf(text, sizeof text, "%s, %s nats", title, tsl__print_score(number, score));
  snprintf(label, sizeof label, "Density by the %s over the plane of the data", title);
  begin(density, &chart, &svg, text, label);
  struct tsl__heat_map map = {.rows = density->cells,
                              .columns = density->cells,
                              .values = values,
                              .low = 0,
                              .high = high,
                              .cell = CELL,
                              .left = LEFT,
                              .top = TOP};
  tsl__chart_heat_map(&chart, &map);
  end(&chart, page, &svg, prefix, name);
}

/* first: the data are plotted, too. */
static enum tsl_status write_run(const struct tsl__report_data *data,
                                 const struct tsl__report_mixture *mixture, bool first,
                                 struct tsl__page *page, struct tsl_error *err) {
  const struct tsl__density *density = &mixture->density;
  const int cells = density->cells * density->cells;
  char title[512], prefix[32];
  double high = fmax(tsl__quantile(density->model, cells, 0.995),
                     tsl__quantile(density->mixture, cells, 0.995));
  tsl__run_short(data, mixture->run, title, sizeof title);
  snprintf(prefix, sizeof prefix, "setting%d", data->runs[mixture->run].setting);
  tsl_text_add(&page->html, "<h3>");
  tsl_text_add_html(&page->html, title);
  tsl_text_format(&page->html, ", %d components</h3>\n", mixture->components);
  tsl__grid_begin(page);
  if (first)
    TSL_TRY(write_points(density, prefix, page, err));
  write_map(density, density->model, high, prefix, "model", "model", density->model_score,
            page);
  write_map(density, density->mixture, high, prefix, "mixture", "Gaussian mixture",
            density->mixture_score, page);
  tsl__grid_end(page);
  return TSL_OK;
}

static enum tsl_status write(const struct tsl__report_data *data, struct tsl__page *page,
                             struct tsl_error *err) {
  const struct tsl__density *first = NULL;
  char definition[640];
  enum tsl_status status = TSL_OK;
  for (int i = data->mixture_count - 1; i >= 0; i--)
    if (data->mixtures[i].density.cells > 0)
      first = &data->mixtures[i].density;
  if (first == NULL)
    return TSL_OK;
  tsl__section_begin(page, "density", "Density", "Density of the data");
  snprintf(definition, sizeof definition,
           "p(y) by the model, a mean over %lld draws of w, z and x, and by a Gaussian "
           "mixture of as many components with full covariances, fitted to the training "
           "samples by EM (k-means++ starts, the best of three). One colour scale for "
           "both. Nats: mean log density of %lld held-out samples, larger is better.",
           (long long)first->draws, (long long)first->scored);
  tsl__page_definition(page, definition);
  for (int i = 0; i < data->mixture_count && status == TSL_OK; i++)
    if (data->mixtures[i].density.cells > 0)
      status = write_run(data, &data->mixtures[i], &data->mixtures[i].density == first,
                         page, err);
  tsl__mixtures_say_left_out(data, TSL__MIXTURE_DENSITIES, page);
  tsl__section_end(page);
  return status;
}

const struct tsl__figure tsl__figure_density = {.name = "density", .write = write};
