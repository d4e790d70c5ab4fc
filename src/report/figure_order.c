/* The order in which latents become informative: KL of each over training (thesis figure
 * 4.3). */
#include "report/figure_log.h"

#include <math.h>
#include <stdio.h>

enum { WIDTH = 344, HEIGHT = 250, POINTS = 133, LATENTS_MAX = 64 };

static void draw_labels(struct tsl__chart *chart, const int *latents, double *heights,
                        int count) {
  char buffer[16];
  /* By height, so that spreading keeps the lines' order. */
  int order[LATENTS_MAX];
  double sorted[LATENTS_MAX];
  for (int i = 0; i < count; i++) {
    int at = i;
    for (; at > 0 && heights[order[at - 1]] > heights[i]; at--)
      order[at] = order[at - 1];
    order[at] = i;
  }
  for (int i = 0; i < count; i++)
    sorted[i] = heights[order[i]];
  tsl__chart_spread(sorted, count, 11, chart->top + 4, chart->bottom);
  for (int i = 0; i < count; i++) {
    snprintf(buffer, sizeof buffer, "z%d", latents[order[i]]);
    tsl_text_format(chart->out, "<path class=\"ln th k%d\" d=\"M%.1f %.1fL%.1f %.1f\"/>",
                    latents[order[i]] % TSL__SERIES_COUNT, chart->right + 1,
                    heights[order[i]], chart->right + 6, sorted[i]);
    tsl__chart_text(chart, chart->right + 8, sorted[i] + 3.5, TSL__START, "tx sm",
                    buffer);
  }
}

static double last_finite(const struct tsl__log_series *series) {
  for (int p = series->count - 1; p >= 0; p--)
    if (isfinite(series->value[p]))
      return series->value[p];
  return NAN;
}

static void draw_latents(const struct tsl__report_data *data, const struct tsl_table *log,
                         int count, struct tsl__chart *chart) {
  struct tsl__log_series series;
  int labelled[LATENTS_MAX], labels = 0;
  double heights[LATENTS_MAX];
  char class[64];
  for (int latent = 0; latent < count; latent++) {
    tsl__log_series_read(log, tsl__log_latent_column(log, latent), POINTS, &series);
    double end = last_finite(&series);
    for (int p = 0; p < series.count; p++) /* above the picture: left out, not clamped */
      if (series.value[p] > chart->y.high)
        series.value[p] = NAN;
    bool informative = end > data->informative_kl;
    snprintf(class, sizeof class, informative ? "k%d%s" : "k%d th faint%s",
             latent % TSL__SERIES_COUNT, latent >= TSL__SERIES_COUNT ? " dash" : "");
    tsl__chart_line(chart, series.step, series.value, series.count, class);
    if (informative) {
      labelled[labels] = latent;
      heights[labels++] = tsl__scale_at(&chart->y, end);
    }
  }
  draw_labels(chart, labelled, heights, labels);
}

/* "z3 400, z7 900": latents by the step from which on they are informative. */
static void add_order(const struct tsl__report_data *data, const struct tsl_table *log,
                      int count, struct tsl_text *caption) {
  double from[LATENTS_MAX];
  char buffer[32];
  bool any = false;
  for (int i = 0; i < count; i++)
    from[i] = tsl__log_informative_from(log, i, data->informative_kl);
  tsl_text_add(caption, "informative for good from step: ");
  for (int shown = 0; shown < count; shown++) {
    int next = -1;
    for (int i = 0; i < count; i++)
      if (isfinite(from[i]) && (next < 0 || from[i] < from[next]))
        next = i;
    if (next < 0)
      break;
    tsl_text_format(caption, "%sz%d&nbsp;%s", any ? ", " : "", next,
                    tsl__tick_print(buffer, from[next]));
    from[next] = NAN;
    any = true;
  }
  if (!any)
    tsl_text_add(caption, "none");
}

static bool write_family(const struct tsl__report_data *data, int family,
                         struct tsl__page *page) {
  int run = data->families[family].best_run;
  const struct tsl_table *log = run < 0 ? NULL : &data->runs[run].log;
  int count = log == NULL ? 0 : tsl__log_latent_count(log);
  if (count > LATENTS_MAX)
    count = LATENTS_MAX;
  if (count == 0)
    return false;
  struct tsl__range x = tsl__range_none(), y = tsl__range_none();
  struct tsl__log_series series;
  tsl__range_add(&x, 0);
  tsl__range_add(&y, 0);
  for (int latent = 0; latent < count; latent++) {
    tsl__log_series_read(log, tsl__log_latent_column(log, latent), POINTS, &series);
    for (int p = 0; p < series.count; p++) {
      tsl__range_add(&x, series.step[p]);
      if (p >= series.count / 20) /* before, KL may leap to many times what follows */
        tsl__range_add(&y, series.value[p]);
    }
  }
  x = tsl__range_drawable(&x, 0);
  y = tsl__range_drawable(&y, 0);
  y.low = 0;
  char title[512], label[640], name[128];
  struct tsl_text svg = {0}, caption = {0};
  struct tsl__chart chart;
  tsl__report_run_title(data, run, title, sizeof title);
  snprintf(label, sizeof label, "KL of each latent of %s over training steps", title);
  tsl__chart_begin(&chart, &svg, WIDTH, HEIGHT, &(struct tsl__margins){44, 28, 34, 38},
                   label);
  tsl__chart_scales(&chart, &x, &y);
  tsl__chart_axes(&chart, &(struct tsl__axis){"step", 5, true},
                  &(struct tsl__axis){"KL of each latent, nats", 5, true});
  draw_latents(data, log, count, &chart);
  tsl__chart_end(&chart);
  tsl_text_add(&caption, "<strong>");
  tsl_text_add_html(&caption, title);
  tsl_text_add(&caption, "</strong>; ");
  add_order(data, log, count, &caption);
  snprintf(name, sizeof name, "order_%s", data->families[family].name);
  tsl__page_figure(page, name, &svg, caption.bytes);
  tsl_text_release(&svg);
  tsl_text_release(&caption);
  return true;
}

/* Models with clusters log the terms of their mixture, no KL of each latent. */
static bool all_have_clusters(const struct tsl__report_data *data) {
  bool any = false;
  for (int i = 0; i < data->run_count; i++) {
    if (!tsl__run_has_clusters(data, i))
      return false;
    any = true;
  }
  return any;
}

static enum tsl_status write(const struct tsl__report_data *data, struct tsl__page *page,
                             struct tsl_error *err) {
  (void)err;
  bool any = false;
  char buffer[32], definition[320];
  if (all_have_clusters(data))
    return TSL_OK;
  tsl__section_begin(page, "order", "Order", "Order of latents");
  snprintf(definition, sizeof definition,
           "KL of each latent over training, batch means. A latent counts as informative "
           "above %s nats; the steps are those after which its logged KL never falls "
           "below that again.",
           tsl__print_quantity(buffer, data->informative_kl));
  tsl__page_definition(page, definition);
  tsl__grid_begin(page);
  for (int f = 0; f < data->family_count; f++)
    any = write_family(data, f, page) || any;
  tsl__grid_end(page);
  if (!any)
    tsl__page_absent(page, "No best run with the KL of its latents in a log yet.");
  tsl__section_end(page);
  return TSL_OK;
}

const struct tsl__figure tsl__figure_order = {.name = "order", .write = write};
