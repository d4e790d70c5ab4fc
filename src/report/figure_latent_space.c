/* Where runs with two latents put the points on their way (Dilokthanakul et al. 2016,
 * figures 2d to 2f). */
#include "report/figure.h"

#include "teasel/arena.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { SIDE = 236, SHOWN = 4, DOTS_MAX = 700, CORNERS = 48 };

/* The points of one snapshot that are drawn. */
struct cloud {
  double *x, *y;         /* (count) */
  unsigned char *series; /* (count) label, or cluster where there are no labels */
  int64_t count;
};

static void fill_cloud(const struct tsl__report_data *data,
                       const struct tsl_snapshot *snapshot, struct cloud *cloud) {
  const struct tsl_latents *latents = &data->latents;
  const bool labelled =
      data->has_latents && latents->labels != NULL && latents->points == snapshot->points;
  cloud->count = 0;
  for (int64_t i = 0; i < snapshot->points && cloud->count < DOTS_MAX; i++) {
    int series = snapshot->assignment != NULL ? snapshot->assignment[i] : 0;
    if (labelled)
      series = latents->labels[i];
    cloud->x[cloud->count] = (double)snapshot->mean[2 * i];
    cloud->y[cloud->count] = (double)snapshot->mean[2 * i + 1];
    cloud->series[cloud->count++] = (unsigned char)(series & 255);
  }
}

static bool is_inside(const struct tsl__chart *chart, double x, double y) {
  return x >= chart->x.low && x <= chart->x.high && y >= chart->y.low &&
         y <= chart->y.high;
}

/* Numbers of components that lie on each other stand side by side, at the first of them.
 */
static void number_component(const struct tsl_snapshot *snapshot, int64_t k,
                             struct tsl__chart *chart) {
  const float *mean = snapshot->component_mean;
  double left = tsl__scale_at(&chart->x, (double)mean[2 * k]);
  double top = tsl__scale_at(&chart->y, (double)mean[2 * k + 1]);
  char name[128];
  size_t length = 0;
  if (!is_inside(chart, (double)mean[2 * k], (double)mean[2 * k + 1]))
    return;
  for (int64_t j = 0; j < snapshot->components && length + 24 < sizeof name; j++) {
    double across = tsl__scale_at(&chart->x, (double)mean[2 * j]) - left;
    double down = tsl__scale_at(&chart->y, (double)mean[2 * j + 1]) - top;
    if (hypot(across, down) > 9)
      continue;
    if (j < k)
      return; /* has been written */
    length += (size_t)snprintf(name + length, sizeof name - length, "%s%lld",
                               length > 0 ? " " : "", (long long)j);
  }
  tsl__chart_text(chart, left, top + 4, TSL__MIDDLE, "tx bo halo", name);
}

/* The components at w = 0: two standard deviations as an ellipse, with its number. Those
 * that reach out of the picture are counted, not cut into arcs. */
static void draw_components(const struct tsl_snapshot *snapshot,
                            struct tsl__chart *chart) {
  int outside = 0;
  char text[64];
  for (int64_t k = 0; k < snapshot->components; k++) {
    const float *mean = snapshot->component_mean + 2 * k;
    const float *log_variance = snapshot->component_log_variance + 2 * k;
    double x[CORNERS + 1], y[CORNERS + 1];
    bool whole = true;
    for (int i = 0; i <= CORNERS; i++) {
      double angle = 2 * M_PI * i / CORNERS;
      x[i] = (double)mean[0] + 2 * exp((double)log_variance[0] / 2) * cos(angle);
      y[i] = (double)mean[1] + 2 * exp((double)log_variance[1] / 2) * sin(angle);
      whole = whole && is_inside(chart, x[i], y[i]);
    }
    if (whole)
      tsl__chart_line(chart, x, y, CORNERS + 1, "ref solid");
    outside += !whole;
  }
  snprintf(text, sizeof text, "%d ellipse%s beyond", outside, outside == 1 ? "" : "s");
  if (outside > 0)
    tsl__chart_text(chart, chart->right, 14, TSL__END, "mu sm", text);
  for (int64_t k = 0; k < snapshot->components; k++)
    number_component(snapshot, k, chart);
}

/* Up to which the components may widen a side of the square around the points. */
static const double widest = 1.6;

/* half: of a square about (x, y), large enough for the ellipses, as far as it may be. */
static double widened(const struct tsl_snapshot *snapshot, double x, double y,
                      double half) {
  double needed = half;
  for (int64_t k = 0; k < snapshot->components; k++) {
    const float *mean = snapshot->component_mean + 2 * k;
    const float *log_variance = snapshot->component_log_variance + 2 * k;
    double across = fabs((double)mean[0] - x) + 2 * exp((double)log_variance[0] / 2);
    double up = fabs((double)mean[1] - y) + 2 * exp((double)log_variance[1] / 2);
    if (isfinite(across) && isfinite(up))
      needed = fmax(needed, 1.02 * fmax(across, up));
  }
  return fmin(needed, widest * half);
}

/* A square around all points, widened for the components where they are not far away. */
static void find_square(const struct tsl_snapshot *snapshot, struct tsl__range *x,
                        struct tsl__range *y) {
  *x = *y = tsl__range_none();
  for (int64_t i = 0; i < snapshot->points; i++) {
    tsl__range_add(x, (double)snapshot->mean[2 * i]);
    tsl__range_add(y, (double)snapshot->mean[2 * i + 1]);
  }
  *x = tsl__range_drawable(x, 0.12);
  *y = tsl__range_drawable(y, 0.12);
  double half = fmax(x->high - x->low, y->high - y->low) / 2;
  half = widened(snapshot, (x->low + x->high) / 2, (y->low + y->high) / 2, half);
  *x = (struct tsl__range){(x->low + x->high) / 2 - half, (x->low + x->high) / 2 + half};
  *y = (struct tsl__range){(y->low + y->high) / 2 - half, (y->low + y->high) / 2 + half};
}

static void write_snapshot(const struct tsl__report_data *data,
                           const struct tsl__report_mixture *mixture, size_t index,
                           struct cloud *cloud, struct tsl__page *page) {
  const struct tsl_snapshot *snapshot = &mixture->snapshots[index];
  struct tsl__range x, y;
  struct tsl__chart chart;
  struct tsl_text svg = {0};
  char label[640], title[512], name[300], step[32];
  fill_cloud(data, snapshot, cloud);
  find_square(snapshot, &x, &y);
  tsl__report_run_title(data, mixture->run, title, sizeof title);
  snprintf(label, sizeof label, "Latent space of %s after %lld steps", title,
           (long long)snapshot->step);
  tsl__chart_begin(&chart, &svg, SIDE, SIDE + 14, &(struct tsl__margins){32, 24, 8, 26},
                   label);
  tsl__chart_scales(&chart, &x, &y);
  tsl__chart_axes(&chart, &(struct tsl__axis){NULL, 5, true},
                  &(struct tsl__axis){NULL, 5, true});
  const struct tsl__dots dots = {cloud->x, cloud->y, cloud->series, cloud->count, 3};
  tsl__chart_dots(&chart, &dots);
  draw_components(snapshot, &chart);
  snprintf(label, sizeof label, "step %s", tsl__tick_print(step, (double)snapshot->step));
  tsl__chart_text(&chart, 32, 14, TSL__START, "tx", label);
  tsl__chart_end(&chart);
  snprintf(name, sizeof name, "latent_space_setting%d_step%lld",
           data->runs[mixture->run].setting, (long long)snapshot->step);
  tsl__page_figure(page, name, &svg, NULL);
  tsl_text_release(&svg);
}

static void write_run(const struct tsl__report_data *data,
                      const struct tsl__report_mixture *mixture, struct cloud *cloud,
                      struct tsl__page *page) {
  size_t count = mixture->snapshot_count, shown = count < SHOWN ? count : SHOWN;
  char title[512];
  tsl__run_short(data, mixture->run, title, sizeof title);
  tsl_text_add(&page->html, "<h3>");
  tsl_text_add_html(&page->html, title);
  tsl_text_add(&page->html, "</h3>\n");
  tsl__grid_begin(page);
  for (size_t i = 0; i < shown; i++)
    write_snapshot(data, mixture, shown > 1 ? i * (count - 1) / (shown - 1) : count - 1,
                   cloud, page);
  tsl__grid_end(page);
}

static enum tsl_status write(const struct tsl__report_data *data, struct tsl__page *page,
                             struct tsl_error *err) {
  struct cloud cloud = {0};
  bool any = false;
  for (int i = 0; i < data->mixture_count; i++)
    any = any || data->mixtures[i].snapshot_count > 0;
  if (!any)
    return TSL_OK;
  tsl__section_begin(page, "latent-space", "Latent space", "Latent space over training");
  tsl__page_definition(
      page,
      "Posterior means of the encoded points, coloured by label (by cluster where "
      "there are none), at some of the steps that report.snapshots kept, of each "
      "setting's run with the lowest last loss. Ellipses: two standard deviations "
      "of the components that the prior network makes of w = 0, numbered; those that "
      "would take more than 1.6 times the side that the points need are counted "
      "only.");
  enum tsl_status status =
      tsl_allocate((void **)&cloud.x, DOTS_MAX, sizeof *cloud.x, err);
  if (status == TSL_OK)
    status = tsl_allocate((void **)&cloud.y, DOTS_MAX, sizeof *cloud.y, err);
  if (status == TSL_OK)
    status = tsl_allocate((void **)&cloud.series, DOTS_MAX, 1, err);
  for (int i = 0; status == TSL_OK && i < data->mixture_count; i++)
    if (data->mixtures[i].snapshot_count > 0)
      write_run(data, &data->mixtures[i], &cloud, page);
  tsl__mixtures_say_left_out(data, TSL__MIXTURE_CLOUDS, page);
  tsl__section_end(page);
  free(cloud.x);
  free(cloud.y);
  free(cloud.series);
  return status;
}

const struct tsl__figure tsl__figure_latent_space = {.name = "latent_space",
                                                     .write = write};
