/* R of a pair of runs (thesis figures 4.15 and 4.17): one as a figure, any by choice. */
#include "report/correlation_data.h"
#include "report/figure.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { CELL = 34, LEFT = 104, TOP = 84 }; /* pixels; the script draws alike */

static void latent_label(const struct tsl__report_data *data, int run, int latent,
                         char *buffer, size_t bytes) {
  char kl[32];
  snprintf(buffer, bytes, "z%d  KL %s", latent,
           tsl__print_quantity(kl, tsl__report_kl(data, run, latent)));
}

static void draw_cell(struct tsl__chart *chart, int row, int column, double value) {
  double x = LEFT + column * CELL, y = TOP + row * CELL;
  char buffer[32];
  if (isnan(value)) {
    tsl_text_format(chart->out,
                    "<rect class=\"dk\" x=\"%.0f\" y=\"%.0f\" width=\"%d\" "
                    "height=\"%d\"/>",
                    x, y, CELL - 1, CELL - 1);
    return;
  }
  unsigned char rgb[3];
  tsl__colour_map(value, rgb);
  snprintf(buffer, sizeof buffer, "%.2f", value);
  tsl_text_format(chart->out,
                  "<rect fill=\"#%02x%02x%02x\" x=\"%.0f\" y=\"%.0f\" width=\"%d\" "
                  "height=\"%d\"/><text class=\"sm\" x=\"%.1f\" y=\"%.1f\" "
                  "text-anchor=\"middle\" fill=\"%s\">%s</text>",
                  rgb[0], rgb[1], rgb[2], x, y, CELL - 1, CELL - 1, x + 16.5, y + 20,
                  tsl__colour_is_light(rgb) ? "#000" : "#fff", buffer);
}

static double cell_value(const struct tsl__report_data *data, const float *matrix,
                         int other, int target, int row, int column) {
  if (!tsl__report_is_informative(data, other, row) ||
      !tsl__report_is_informative(data, target, column))
    return NAN;
  return (double)matrix[row * data->scores.latent_max + column];
}

static void draw(const struct tsl__report_data *data, enum tsl_similarity similarity,
                 int other, int target, struct tsl_text *svg) {
  int rows_shown[TSL__LATENTS_SHOWN], columns_shown[TSL__LATENTS_SHOWN];
  int rows = tsl__report_latents_shown(data, other, rows_shown);
  int columns = tsl__report_latents_shown(data, target, columns_shown);
  const float *matrix = tsl__report_matrix(data, similarity, other, target);
  char a[512], b[512], label[1200], buffer[64];
  tsl__report_run_title(data, other, a, sizeof a);
  tsl__report_run_title(data, target, b, sizeof b);
  snprintf(label, sizeof label, "%s R, rows: %s; columns: %s",
           tsl__similarity_title(similarity), a, b);
  struct tsl__chart chart;
  tsl__chart_begin(&chart, svg, LEFT + columns * CELL + 60, TOP + rows * CELL + 30,
                   &(struct tsl__margins){LEFT, TOP, 60, 30}, label);
  for (int row = 0; row < rows; row++) {
    int latent = rows_shown[row];
    latent_label(data, other, latent, buffer, sizeof buffer);
    tsl__chart_text(&chart, LEFT - 7, TOP + row * CELL + 21, TSL__END,
                    tsl__report_is_informative(data, other, latent) ? "tx" : "mu",
                    buffer);
    for (int column = 0; column < columns; column++)
      draw_cell(&chart, row, column,
                cell_value(data, matrix, other, target, latent, columns_shown[column]));
  }
  for (int column = 0; column < columns; column++) {
    int latent = columns_shown[column];
    latent_label(data, target, latent, buffer, sizeof buffer);
    tsl__chart_text_turned(&chart, LEFT + column * CELL + 20, TOP - 7, -60, TSL__START,
                           tsl__report_is_informative(data, target, latent) ? "tx" : "mu",
                           buffer);
  }
  char score[32], u[64];
  snprintf(u, sizeof u, "U = %s",
           tsl__print_score(score, tsl__report_pair(data, similarity, other, target)));
  tsl__chart_text(&chart, LEFT, TOP + rows * CELL + 22, TSL__START, "mu", u);
  tsl__chart_end(&chart);
}

static void add_runs(const struct tsl__report_data *data, const int *order, int count,
                     struct tsl_text *out) {
  char title[512], kl[32];
  tsl_text_add(out, "\"runs\":[");
  for (int k = 0; k < count; k++) {
    int shown[TSL__LATENTS_SHOWN];
    int latents = tsl__report_latents_shown(data, order[k], shown);
    tsl__report_run_title(data, order[k], title, sizeof title);
    tsl_text_add(out, k > 0 ? ",{\"title\":" : "{\"title\":");
    tsl_text_add_json(out, title);
    tsl_text_format(out, ",\"family\":%d,\"setting\":%d,\"latents\":[",
                    data->runs[order[k]].family, data->runs[order[k]].setting);
    for (int a = 0; a < latents; a++)
      tsl_text_format(out, "%s%d", a > 0 ? "," : "", shown[a]);
    tsl_text_add(out, "],\"kl\":[");
    for (int a = 0; a < latents; a++) {
      tsl_text_add(out, a > 0 ? "," : "");
      tsl_text_add_json(
          out, tsl__print_quantity(kl, tsl__report_kl(data, order[k], shown[a])));
    }
    tsl_text_add(out, "],\"informative\":[");
    bool first = true;
    for (int a = 0; a < latents; a++)
      if (tsl__report_is_informative(data, order[k], shown[a])) {
        tsl_text_format(out, "%s%d", first ? "" : ",", a);
        first = false;
      }
    tsl_text_add(out, "]}");
  }
  tsl_text_add(out, "],");
}

static void add_data(const struct tsl__report_data *data, const int *order, int count,
                     int other, int target, struct tsl_text *out) {
  add_runs(data, order, count, out);
  tsl_text_add(out, "\"similarities\":{\"spearman\":\"Spearman\",\"lasso\":\"Lasso\"},"
                    "\"colours\":[");
  for (int i = 0; tsl__colour_anchor(i) != NULL; i++)
    tsl_text_format(out, "%s\"%s\"", i > 0 ? "," : "", tsl__colour_anchor(i));
  int at[2] = {0, 0};
  for (int k = 0; k < count; k++) {
    at[0] = order[k] == other ? k : at[0];
    at[1] = order[k] == target ? k : at[1];
  }
  tsl_text_format(out, "],\"pair\":[%d,%d],\"pairs\":{", at[0], at[1]);
  bool first = true;
  for (int s = 0; s < TSL_SIMILARITY_COUNT; s++)
    if (data->scores.matrices[s] != NULL) {
      tsl_text_add(out, first ? "" : ",");
      tsl__pairs_add(data, (enum tsl_similarity)s, order, count, out);
      first = false;
    }
  tsl_text_add(out, "},");
}

static void write_pair(const struct tsl__report_data *data, const int *order, int count,
                       struct tsl__page *page) {
  int other = order[0], target = order[0];
  bool pair = tsl__best_pair(data, data->similarity, &other, &target);
  add_data(data, order, count, other, target, &page->data);
  if (tsl__report_matrix(data, data->similarity, other, target) == NULL) {
    tsl__page_absent(page, "The correlation matrices were not kept with the scores.");
    return;
  }
  tsl_text_add(
      &page->html,
      "<div class=\"controls\"><label>rows <select id=\"first\"></select></label>"
      "<label>columns <select id=\"second\"></select></label><label>similarity "
      "<select id=\"kind\"></select></label></div>\n<div id=\"pair\" "
      "class=\"box\">");
  struct tsl_text svg = {0}, alone = {0};
  draw(data, data->similarity, other, target, &svg);
  tsl_text_add_bytes(&page->html, svg.bytes, svg.length);
  tsl__chart_alone(&svg, &alone);
  tsl__page_file_add(page, "correlation_best_pair", "svg", &alone);
  tsl_text_release(&svg);
  tsl_text_release(&alone);
  char a[512], b[512];
  tsl__report_run_title(data, other, a, sizeof a);
  tsl__report_run_title(data, target, b, sizeof b);
  tsl_text_format(
      &page->html, "</div>\n<p class=\"def\" id=\"pair-caption\">%s R%s, rows: ",
      tsl__similarity_title(data->similarity), pair ? " of the best agreeing pair" : "");
  tsl_text_add_html(&page->html, a);
  tsl_text_add(&page->html, "; columns: ");
  tsl_text_add_html(&page->html, b);
  tsl_text_add(&page->html, "</p>\n");
}

static enum tsl_status write(const struct tsl__report_data *data, struct tsl__page *page,
                             struct tsl_error *err) {
  int *order = calloc((size_t)data->run_count + 1, sizeof *order);
  if (order == NULL)
    return tsl_error_set(err, TSL_MEMORY, "", "no memory for %d runs", data->run_count);
  int count = tsl__scored_runs(data, order);
  tsl__section_begin(page, "correlation", "Correlation", "Correlation of latents");
  tsl__page_definition(
      page,
      "R of two runs over the same points. Spearman: absolute rank correlation of a "
      "latent of one with a latent of the other. Lasso: absolute weight of the "
      "row run's latent when all of them predict the column run's latent. A "
      "disentangled pair has one bright cell in each row and column. Dark: latents "
      "that are not informative, which count for nothing. Of more than 32 latents those "
      "with the highest KL are shown.");
  if (count == 0)
    tsl__page_absent(page, "No scores yet.");
  else
    write_pair(data, order, count, page);
  tsl__section_end(page);
  free(order);
  return TSL_OK;
}

const struct tsl__figure tsl__figure_correlation = {.name = "correlation",
                                                    .write = write};
