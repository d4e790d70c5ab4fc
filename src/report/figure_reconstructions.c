/* Samples above their reconstructions, with each one's error (thesis figures 4.7, 4.8).
 */
#include "report/figure_plane.h"

#include "teasel/arena.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LEFT = 84, TOP = 8 }; /* pixels */

static void labels(const struct tsl__report_pictures *pictures,
                   const struct tsl__picture_grid *grid, struct tsl__chart *chart) {
  static const char *const rows[] = {"original", "model"};
  char buffer[32];
  for (int row = 0; row < 2; row++)
    tsl__chart_text(chart, LEFT - 8, TOP + (row + 0.5) * grid->cell_height + 4, TSL__END,
                    "tx", rows[row]);
  double below = TOP + 2 * grid->cell_height + 15;
  tsl__chart_text(chart, LEFT - 8, below, TSL__END, "mu", "error");
  for (int s = 0; s < pictures->samples; s++)
    tsl__chart_text(chart, LEFT + (s + 0.5) * grid->cell_width, below, TSL__MIDDLE, "tx",
                    tsl__print_quantity(buffer, pictures->errors[s]));
}

static void add_caption(const struct tsl__report_data *data, int family,
                        struct tsl_text *caption) {
  const struct tsl__report_pictures *pictures = &data->families[family].pictures;
  static const char *const errors[] = {"cross-entropy (Bernoulli -log p(x|z), nats)",
                                       "squared error", "Gaussian -log p(x|z), nats"};
  char title[512], mean[32];
  tsl__report_run_title(data, data->families[family].best_run, title, sizeof title);
  tsl_text_add(caption, "<strong>");
  tsl_text_add_html(caption, title);
  tsl_text_format(
      caption,
      "</strong>: from the best to the worst of %lld held-out samples, at even "
      "ranks; mean error %s. Error: %s.",
      (long long)pictures->error_count, tsl__print_quantity(mean, pictures->error_mean),
      errors[pictures->reconstruction]);
}

/* Samples in the first row, their reconstructions below. */
static enum tsl_status draw_grid(const struct tsl__report_pictures *pictures,
                                 struct tsl__page *page, const char *name,
                                 const char *label, struct tsl_text *svg,
                                 struct tsl_error *err) {
  size_t row = (size_t)pictures->samples * (size_t)tsl_shape_count(&pictures->shape);
  float *samples; /* (2, samples, shape) */
  TSL_TRY(tsl_allocate((void **)&samples, 2 * row, sizeof *samples, err));
  memcpy(samples, pictures->originals, row * sizeof *samples);
  memcpy(samples + row, pictures->reconstructions, row * sizeof *samples);
  struct tsl__picture_grid grid = {.shape = &pictures->shape,
                                   .samples = samples,
                                   .rows = 2,
                                   .columns = pictures->samples,
                                   .left = LEFT,
                                   .top = TOP,
                                   .file = name};
  tsl__picture_cell(&pictures->shape, &grid.cell_width, &grid.cell_height);
  struct tsl__chart chart;
  tsl__chart_begin(&chart, svg, LEFT + grid.columns * grid.cell_width + 4,
                   TOP + 2 * grid.cell_height + 24,
                   &(struct tsl__margins){LEFT, TOP, 4, 24}, label);
  enum tsl_status status = tsl__picture_grid_write(&chart, page, &grid, err);
  labels(pictures, &grid, &chart);
  tsl__chart_end(&chart);
  free(samples);
  return status;
}

static enum tsl_status write_family(const struct tsl__report_data *data, int family,
                                    struct tsl__page *page, struct tsl_error *err) {
  const struct tsl__report_pictures *pictures = &data->families[family].pictures;
  char name[128], label[256];
  struct tsl_text svg = {0}, caption = {0};
  enum tsl_status status = TSL_OK;
  snprintf(name, sizeof name, "reconstruction_%s", data->families[family].name);
  snprintf(label, sizeof label,
           "%d samples and %s its reconstruction by the best run of %s",
           pictures->samples,
           tsl__plane_fits(&pictures->shape) ? "joined with each" : "below each",
           data->families[family].name);
  if (tsl__plane_fits(&pictures->shape))
    tsl__plane_reconstructions(pictures, label, &svg);
  else
    status = draw_grid(pictures, page, name, label, &svg, err);
  add_caption(data, family, &caption);
  tsl__page_figure(page, name, &svg, caption.bytes);
  tsl_text_release(&svg);
  tsl_text_release(&caption);
  return status;
}

static enum tsl_status write(const struct tsl__report_data *data, struct tsl__page *page,
                             struct tsl_error *err) {
  enum tsl_status status = TSL_OK;
  bool any = false;
  tsl__section_begin(page, "reconstructions", "Reconstructions", "Reconstructions");
  tsl__page_definition(
      page, "Below each sample (joined with it, where samples are points of the "
            "plane) its reconstruction from the posterior mean of its code, and "
            "its error, summed over its values.");
  for (int f = 0; f < data->family_count && status == TSL_OK; f++)
    if (data->families[f].best_run >= 0 && data->families[f].pictures.samples > 0) {
      status = write_family(data, f, page, err);
      any = true;
    }
  if (!any)
    tsl__page_absent(page, "No finished run yet whose decoder could draw.");
  tsl__section_end(page);
  return status;
}

const struct tsl__figure tsl__figure_reconstructions = {.name = "reconstructions",
                                                        .write = write};
