/* What each latent does to the picture (thesis figures 4.2, 4.9, 4.10). */
#include "report/figure_plane.h"

#include "teasel/arena.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LEFT = 104, TOP = 26 }; /* pixels */

/* Of very many latents those with the highest KL. */
static int row_count(const struct tsl__report_pictures *pictures) {
  return pictures->latent < TSL__LATENTS_SHOWN ? pictures->latent : TSL__LATENTS_SHOWN;
}

static void labels(const struct tsl__report_data *data, int run,
                   const struct tsl__report_pictures *pictures, const int *order,
                   const struct tsl__picture_grid *grid, struct tsl__chart *chart) {
  char buffer[64], kl[32];
  for (int s = 0; s < pictures->steps; s++) {
    double part = pictures->steps > 1 ? (double)s / (pictures->steps - 1) : 0.5;
    double value = pictures->range * (2 * part - 1);
    snprintf(buffer, sizeof buffer, "%s%s", value > 0 ? "+" : "",
             tsl__print_quantity(kl, fabs(value) < 1e-9 ? 0 : value));
    tsl__chart_text(chart, LEFT + (s + 0.5) * grid->cell_width, TOP - 8, TSL__MIDDLE,
                    "mu", buffer);
  }
  for (int row = 0; row < grid->rows; row++) {
    bool informative = tsl__report_is_informative(data, run, order[row]);
    double top = TOP + row * grid->cell_height, middle = top + grid->cell_height / 2;
    snprintf(buffer, sizeof buffer, "z%d", order[row]);
    tsl__chart_text(chart, LEFT - 8, middle - 3, TSL__END, informative ? "tx bo" : "mu",
                    buffer);
    snprintf(buffer, sizeof buffer, "KL %s",
             tsl__print_quantity(kl, tsl__report_kl(data, run, order[row])));
    tsl__chart_text(chart, LEFT - 8, middle + 11, TSL__END, "mu sm", buffer);
    if (!informative)
      tsl_text_format(chart->out,
                      "<rect class=\"veil\" x=\"%d\" y=\"%.1f\" width=\"%.1f\" "
                      "height=\"%.1f\"/>",
                      LEFT, top, pictures->steps * grid->cell_width, grid->cell_height);
  }
}

/* Rows of pictures; grid: its samples and its file. */
static enum tsl_status draw_grid(const struct tsl__report_data *data, int family,
                                 struct tsl__page *page, const int *order,
                                 struct tsl__picture_grid grid, const char *label,
                                 struct tsl_text *svg, struct tsl_error *err) {
  const struct tsl__report_pictures *pictures = &data->families[family].pictures;
  grid.shape = &pictures->shape;
  grid.rows = row_count(pictures);
  grid.columns = pictures->steps;
  grid.left = LEFT;
  grid.top = TOP;
  tsl__picture_cell(&pictures->shape, &grid.cell_width, &grid.cell_height);
  struct tsl__chart chart;
  tsl__chart_begin(&chart, svg, LEFT + grid.columns * grid.cell_width + 4,
                   TOP + grid.rows * grid.cell_height + 4,
                   &(struct tsl__margins){LEFT, TOP, 4, 4}, label);
  enum tsl_status status = tsl__picture_grid_write(&chart, page, &grid, err);
  labels(data, data->families[family].best_run, pictures, order, &grid, &chart);
  tsl__chart_end(&chart);
  return status;
}

static enum tsl_status draw(const struct tsl__report_data *data, int family,
                            struct tsl__page *page, const float *samples,
                            const int *order, struct tsl_error *err) {
  const struct tsl__report_pictures *pictures = &data->families[family].pictures;
  const bool plane = tsl__plane_fits(&pictures->shape);
  char name[128], title[512], label[640];
  struct tsl_text svg = {0}, caption = {0};
  enum tsl_status status = TSL_OK;
  snprintf(name, sizeof name, "traversal_%s", data->families[family].name);
  tsl__report_run_title(data, data->families[family].best_run, title, sizeof title);
  snprintf(label, sizeof label, "Latent traversals of %s: a %s a latent%s", title,
           plane ? "line" : "row", plane ? "" : ", the highest KL first");
  if (plane)
    tsl__plane_traversal(pictures, order, row_count(pictures), label, &svg);
  else
    status = draw_grid(data, family, page, order,
                       (struct tsl__picture_grid){.samples = samples, .file = name},
                       label, &svg, err);
  tsl_text_add(&caption, "<strong>");
  tsl_text_add_html(&caption, title);
  tsl_text_format(&caption, "</strong><br>around the code of sample %lld",
                  (long long)pictures->base_index);
  if (plane)
    tsl_text_format(&caption, "; marks grow from -%g to +%g", pictures->range,
                    pictures->range);
  if (row_count(pictures) < pictures->latent)
    tsl_text_format(&caption, "; the %d of %d latents with the highest KL",
                    row_count(pictures), pictures->latent);
  tsl__page_figure(page, name, &svg, caption.bytes);
  tsl_text_release(&svg);
  tsl_text_release(&caption);
  return status;
}

static enum tsl_status write_family(const struct tsl__report_data *data, int family,
                                    struct tsl__page *page, struct tsl_error *err) {
  const struct tsl__report_pictures *pictures = &data->families[family].pictures;
  size_t row = (size_t)pictures->steps * (size_t)tsl_shape_count(&pictures->shape);
  float *samples = NULL; /* rows by falling KL: (latent, steps, shape) */
  int *order = NULL;
  enum tsl_status status = tsl_allocate(
      (void **)&samples, (size_t)row_count(pictures) * row, sizeof *samples, err);
  if (status == TSL_OK)
    status =
        tsl_allocate((void **)&order, (size_t)pictures->latent + 1, sizeof *order, err);
  if (status == TSL_OK) {
    tsl__report_latent_order(data, data->families[family].best_run, order);
    for (int i = 0; i < row_count(pictures); i++)
      memcpy(samples + (size_t)i * row, pictures->traversal + (size_t)order[i] * row,
             row * sizeof *samples);
    status = draw(data, family, page, samples, order, err);
  }
  free(samples);
  free(order);
  return status;
}

static enum tsl_status write(const struct tsl__report_data *data, struct tsl__page *page,
                             struct tsl_error *err) {
  enum tsl_status status = TSL_OK;
  tsl__section_begin(page, "traversals", "Traversals", "Latent traversals");
  tsl__page_definition(
      page,
      "Each row (of points of the plane: each line) changes one latent of the family's "
      "best run and keeps the others at the code of one real sample, the one whose code "
      "is nearest to 0. Rows by falling KL; latents that are not informative are "
      "dimmed.");
  tsl__grid_begin(page);
  int shown = 0;
  for (int f = 0; f < data->family_count && status == TSL_OK; f++)
    if (data->families[f].best_run >= 0 && data->families[f].pictures.traversal != NULL) {
      status = write_family(data, f, page, err);
      shown++;
    }
  tsl__grid_end(page);
  for (int f = 0; f < data->family_count; f++)
    if (data->families[f].pictures.trouble[0] != '\0') {
      char text[640];
      snprintf(text, sizeof text, "%s: %s", data->families[f].name,
               data->families[f].pictures.trouble);
      tsl__page_absent(page, text);
      shown++;
    }
  if (shown == 0)
    tsl__page_absent(page, "No finished run yet whose decoder could draw.");
  tsl__section_end(page);
  return status;
}

const struct tsl__figure tsl__figure_traversals = {.name = "traversals", .write = write};
