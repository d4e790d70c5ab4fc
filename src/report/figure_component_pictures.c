/* Pictures a row a component: samples drawn at w = 0 and w traversed (Dilokthanakul et
 * al. 2016, figures 5 and 6), and the held-out samples that each cluster is surest of. */
#include "report/figure.h"

#include <math.h>
#include <stdio.h>

enum { LEFT = 150, TOP = 26 }; /* pixels */

struct sheet {
  const struct tsl__component_pictures *pictures;
  const char *name;  /* of the file */
  const char *title; /* what is seen, for those who do not see it */
  const char *caption;
  bool traversed; /* columns are values of w */
  bool sorted;    /* rows may be shorter than the sheet */
};

static void column_labels(const struct tsl__report_mixture *mixture,
                          const struct sheet *sheet, double width,
                          struct tsl__chart *chart) {
  int columns = sheet->pictures->columns;
  char number[32], text[40];
  for (int c = 0; c < columns; c++) {
    double at = LEFT + (c + 0.5) * width;
    double value = mixture->range * (columns > 1 ? 2.0 * c / (columns - 1) - 1 : 0);
    if (sheet->traversed) {
      snprintf(text, sizeof text, "%s%s", value > 0 ? "+" : "",
               tsl__print_quantity(number, fabs(value) < 1e-9 ? 0 : value));
      tsl__chart_text(chart, at, TOP - 8, TSL__MIDDLE, "mu", text);
    } else if (!sheet->sorted && c == 0) {
      tsl__chart_text(chart, at, TOP - 8, TSL__MIDDLE, "mu", "mean");
    }
  }
}

static void row_labels(const struct tsl__report_mixture *mixture,
                       const struct sheet *sheet, const struct tsl__picture_grid *grid,
                       struct tsl__chart *chart) {
  for (int k = 0; k < mixture->rows; k++) {
    const struct tsl__cluster *cluster = &mixture->clusters[k];
    double top = TOP + k * grid->cell_height, middle = top + grid->cell_height / 2;
    char text[64];
    snprintf(text, sizeof text, "cluster %d", k);
    tsl__chart_text(chart, LEFT - 8, middle - 3, TSL__END,
                    cluster->size > 0 ? "tx bo" : "mu", text);
    if (cluster->size == 0)
      snprintf(text, sizeof text, "no points");
    else if (cluster->label < 0)
      snprintf(text, sizeof text, "%lld points", (long long)cluster->size);
    else
      snprintf(text, sizeof text, "%lld, %.0f %% %s", (long long)cluster->size,
               100 * cluster->purity, cluster->name);
    tsl__chart_text(chart, LEFT - 8, middle + 11, TSL__END, "mu sm", text);
    int shown = sheet->sorted ? cluster->shown : grid->columns;
    if (shown < grid->columns)
      tsl_text_format(chart->out,
                      "<rect class=\"bg\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" "
                      "height=\"%.1f\"/>",
                      LEFT + shown * grid->cell_width, top,
                      (grid->columns - shown) * grid->cell_width, grid->cell_height);
  }
}

static enum tsl_status write_sheet(const struct tsl__report_data *data,
                                   const struct tsl__report_mixture *mixture,
                                   const struct sheet *sheet, struct tsl__page *page,
                                   struct tsl_error *err) {
  char name[96], run[512], label[640];
  struct tsl_text svg = {0};
  struct tsl__chart chart;
  if (sheet->pictures->columns == 0)
    return TSL_OK;
  snprintf(name, sizeof name, "%s_setting%d", sheet->name,
           data->runs[mixture->run].setting);
  tsl__run_short(data, mixture->run, run, sizeof run);
  snprintf(label, sizeof label, "%s, a row a cluster, of %s", sheet->title, run);
  struct tsl__picture_grid grid = {.shape = &mixture->shape,
                                   .samples = sheet->pictures->samples,
                                   .rows = mixture->rows,
                                   .columns = sheet->pictures->columns,
                                   .left = LEFT,
                                   .top = TOP,
                                   .file = name};
  tsl__picture_cell(&mixture->shape, &grid.cell_width, &grid.cell_height);
  if (mixture->shape.dims[2] == 28) /* whole pixels */
    grid.cell_width = grid.cell_height = 56;
  tsl__chart_begin(&chart, &svg, LEFT + grid.columns * grid.cell_width + 4,
                   TOP + grid.rows * grid.cell_height + 4,
                   &(struct tsl__margins){LEFT, TOP, 4, 4}, label);
  enum tsl_status status = tsl__picture_grid_write(&chart, page, &grid, err);
  column_labels(mixture, sheet, grid.cell_width, &chart);
  row_labels(mixture, sheet, &grid, &chart);
  tsl__chart_end(&chart);
  tsl__page_figure(page, name, &svg, sheet->caption);
  tsl_text_release(&svg);
  return status;
}

static enum tsl_status write_run(const struct tsl__report_data *data,
                                 const struct tsl__report_mixture *mixture,
                                 struct tsl__page *page, struct tsl_error *err) {
  char title[512], turned[160], certain[128], range[32];
  snprintf(turned, sizeof turned,
           "<strong>w traversed</strong>: means of the components while w%lld goes from "
           "-%s to +%s",
           (long long)mixture->turned, tsl__print_quantity(range, mixture->range), range);
  snprintf(certain, sizeof certain,
           "<strong>surest</strong> of %lld held-out samples, the surest first",
           (long long)mixture->judged);
  const struct sheet sheets[] = {
      {&mixture->drawn, "generated", "Samples drawn from each component",
       "<strong>w = 0</strong>: the component's mean, then samples drawn from it", false,
       false},
      {&mixture->traversed, "traversed_w", "Samples while one of w is traversed", turned,
       true, false},
      {&mixture->certain, "surest", "Held-out samples that each cluster is surest of",
       certain, false, true}};
  tsl__run_short(data, mixture->run, title, sizeof title);
  tsl_text_add(&page->html, "<h3>");
  tsl_text_add_html(&page->html, title);
  tsl_text_add(&page->html, "</h3>\n");
  if (mixture->rows < mixture->components)
    tsl_text_format(&page->html,
                    "<p class=\"def\">The first %d of %d components are shown.</p>\n",
                    mixture->rows, mixture->components);
  tsl__grid_begin(page);
  enum tsl_status status = TSL_OK;
  for (size_t i = 0; i < sizeof sheets / sizeof *sheets && status == TSL_OK; i++)
    status = write_sheet(data, mixture, &sheets[i], page, err);
  tsl__grid_end(page);
  return status;
}

static enum tsl_status write(const struct tsl__report_data *data, struct tsl__page *page,
                             struct tsl_error *err) {
  enum tsl_status status = TSL_OK;
  bool any = false;
  for (int i = 0; i < data->mixture_count; i++)
    any = any || data->mixtures[i].drawn.columns > 0 ||
          data->mixtures[i].trouble[0] != '\0';
  if (!any)
    return TSL_OK;
  tsl__section_begin(page, "components-drawn", "Components", "What each cluster draws");
  tsl__page_definition(
      page,
      "Of each setting's run with the lowest last loss, a row a component z: how "
      "many held-out samples it is likeliest for, and the most frequent label among "
      "them. The one of w that is traversed is the one that moves the components' "
      "means farthest.");
  for (int i = 0; i < data->mixture_count && status == TSL_OK; i++) {
    const struct tsl__report_mixture *mixture = &data->mixtures[i];
    if (mixture->trouble[0] != '\0')
      tsl__page_absent(page, mixture->trouble);
    else if (mixture->drawn.columns > 0)
      status = write_run(data, mixture, page, err);
  }
  tsl__mixtures_say_left_out(data, TSL__MIXTURE_PICTURES, page);
  tsl__section_end(page);
  return status;
}

const struct tsl__figure tsl__figure_component_pictures = {.name = "component_pictures",
                                                           .write = write};
