/* U of every pair of runs (A2A) as a heat map. */
#include "report/figure.h"

#include "teasel/arena.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STRIP = 6 }; /* pixels: the bar that tells the family */

struct layout {
  int count;
  int *order;     /* (count) indices into runs */
  double *values; /* (count, count) */
  double cell, margin;
  double right; /* for the colour bar and the key */
  double bar;   /* height of the colour bar */
};

/* End of the block of runs, in order, that share their setting (or family). */
static int block_end(const struct tsl__report_data *data, const struct layout *layout,
                     int begin, bool family) {
  const struct tsl__report_run *first = &data->runs[layout->order[begin]];
  int end = begin + 1;
  while (end < layout->count) {
    const struct tsl__report_run *run = &data->runs[layout->order[end]];
    if (family ? run->family != first->family : run->setting != first->setting)
      break;
    end++;
  }
  return end;
}

/* Pixels of a label, with some to spare: it must not be cut. */
static double label_width(const char *label) {
  return 1.12 * tsl__chart_text_width(label, 10);
}

/* The end of a label that is too long, where settings of a family differ most. */
static const char *fitting(const struct layout *layout, const char *label, char *buffer,
                           size_t bytes) {
  double room = layout->margin - STRIP - 6;
  if (label_width(label) <= room)
    return label;
  size_t keep = (size_t)(room / tsl__chart_text_width("m", 10)) - 1;
  const char *end = label + strlen(label) - keep;
  while (((unsigned char)*end & 0xC0u) == 0x80u) /* not into a letter */
    end++;
  snprintf(buffer, bytes, "\xe2\x80\xa6%s", end);
  return buffer;
}

static void setting_labels(const struct tsl__report_data *data,
                           const struct layout *layout, struct tsl__chart *chart) {
  double last = -HUGE_VAL;
  for (int begin = 0; begin < layout->count;) {
    int end = block_end(data, layout, begin, false);
    double middle = layout->margin + (begin + end) / 2.0 * layout->cell;
    if (middle - last >= 10.5) { /* as many as can be read */
      char setting[256], buffer[256];
      tsl__setting_short(data, data->runs[layout->order[begin]].setting, setting,
                         sizeof setting);
      const char *label = fitting(layout, setting, buffer, sizeof buffer);
      tsl__chart_text(chart, layout->margin - STRIP - 4, middle + 3.5, TSL__END, "mu sm",
                      label);
      tsl__chart_text_turned(chart, middle + 3.5, layout->margin - STRIP - 4, -90,
                             TSL__START, "mu sm", label);
      last = middle;
    }
    begin = end;
  }
}

static void family_strips(const struct tsl__report_data *data,
                          const struct layout *layout, struct tsl__chart *chart) {
  double side = layout->count * layout->cell, m = layout->margin;
  for (int begin = 0; begin < layout->count;) {
    int end = block_end(data, layout, begin, true);
    double from = m + begin * layout->cell, length = (end - begin) * layout->cell;
    int colour = data->runs[layout->order[begin]].family % TSL__SERIES_COUNT;
    tsl_text_format(chart->out,
                    "<path class=\"f%d\" d=\"M%.1f %.1fh%dv%.1fh-%dzM%.1f "
                    "%.1fv%dh%.1fv-%dz\"/>",
                    colour, m - STRIP - 1, from, STRIP - 1, length - 1, STRIP - 1, from,
                    m - STRIP - 1, STRIP - 1, length - 1, STRIP - 1);
    if (begin > 0)
      tsl_text_format(chart->out,
                      "<path class=\"se\" d=\"M%.1f %.1fh%.1fM%.1f %.1fv%.1f\"/>", m,
                      from, side, from, m, side);
    begin = end;
  }
}

static void draw(const struct tsl__report_data *data, const struct layout *layout,
                 enum tsl_similarity similarity, struct tsl_text *svg) {
  double side = layout->count * layout->cell;
  char label[160];
  snprintf(
      label, sizeof label,
      "Heat map of U (%s) between all %d runs, compared run by row, target by column",
      tsl__similarity_title(similarity), layout->count);
  struct tsl__chart chart;
  tsl__chart_begin(
      &chart, svg, layout->margin + side + layout->right,
      layout->margin + fmax(side, layout->bar + 16 + 14 * data->family_count) + 6,
      &(struct tsl__margins){layout->margin, layout->margin, layout->right, 6}, label);
  struct tsl__heat_map map = {.rows = layout->count,
                              .columns = layout->count,
                              .values = layout->values,
                              .low = 0,
                              .high = 1,
                              .cell = layout->cell,
                              .left = layout->margin,
                              .top = layout->margin};
  tsl__chart_heat_map(&chart, &map);
  setting_labels(data, layout, &chart);
  family_strips(data, layout, &chart);
  tsl__chart_colour_bar(&chart, layout->margin + side + 14, layout->margin + 2,
                        layout->bar, 0, 1);
  tsl__chart_text(&chart, layout->margin + side + 14, layout->margin - 6, TSL__START,
                  "mu", "U");
  tsl__family_key(data, &chart, layout->margin + side + 14, 1,
                  layout->margin + layout->bar + 28);
  tsl__chart_end(&chart);
}

/* U in thousandths, 65535: none; all high bytes, then all low ones, deflated: for
 * pointing at a cell. */
static enum tsl_status add_data(const struct layout *layout,
                                enum tsl_similarity similarity, struct tsl__page *page,
                                bool first, struct tsl_error *err) {
  size_t count = (size_t)layout->count * (size_t)layout->count;
  struct tsl_text deflated = {0};
  unsigned char *bytes;
  TSL_TRY(tsl_allocate((void **)&bytes, count, 2, err));
  for (size_t i = 0; i < count; i++) {
    double u = layout->values[i];
    unsigned word = isfinite(u) ? (unsigned)lround(fmin(fmax(u, 0), 1) * 1000) : 65535u;
    bytes[i] = (unsigned char)(word >> 8);
    bytes[count + i] = (unsigned char)(word & 255u);
  }
  tsl_text_format(&page->data,
                  "%s\"%s\":{\"left\":%.0f,\"top\":%.0f,\"cell\":%.1f,\"base64\":\"",
                  first ? "" : ",", tsl_similarity_word(similarity), layout->margin,
                  layout->margin, layout->cell);
  tsl_text_add_deflated(&deflated, bytes, 2 * count);
  tsl_text_add_base64(&page->data, deflated.bytes, deflated.length);
  tsl_text_add(&page->data, "\"}");
  page->failed = page->failed || deflated.failed;
  tsl_text_release(&deflated);
  free(bytes);
  return TSL_OK;
}

static enum tsl_status write_map(const struct tsl__report_data *data,
                                 struct layout *layout, enum tsl_similarity similarity,
                                 struct tsl__page *page, bool first,
                                 struct tsl_error *err) {
  for (int k = 0; k < layout->count; k++)
    for (int i = 0; i < layout->count; i++)
      layout->values[k * layout->count + i] =
          k == i ? (double)NAN
                 : tsl__report_pair(data, similarity, layout->order[k], layout->order[i]);
  struct tsl_text svg = {0}, caption = {0};
  draw(data, layout, similarity, &svg);
  char name[64];
  snprintf(name, sizeof name, "agreement_%s", tsl_similarity_word(similarity));
  tsl_text_format(&caption, "%s, %s. Columns are targets, rows the runs compared.",
                  tsl__similarity_title(similarity),
                  tsl_udr_form_word(tsl__report_form(data, similarity)));
  tsl_text_format(&page->html, "<div data-map=\"%s\">", tsl_similarity_word(similarity));
  tsl__page_figure(page, name, &svg, caption.bytes);
  tsl_text_add(&page->html, "<p class=\"readout\" aria-live=\"polite\"></p></div>\n");
  tsl_text_release(&svg);
  tsl_text_release(&caption);
  return add_data(layout, similarity, page, first, err);
}

static void set_sizes(const struct tsl__report_data *data, struct layout *layout) {
  layout->cell = fmin(fmax(floor(580.0 / layout->count), 5), 28);
  layout->margin = 30;
  for (int i = 0; i < layout->count; i++) {
    char setting[256];
    if (i > 0 &&
        data->runs[layout->order[i]].setting == data->runs[layout->order[i - 1]].setting)
      continue;
    tsl__setting_short(data, data->runs[layout->order[i]].setting, setting,
                       sizeof setting);
    double width = label_width(setting);
    layout->margin = fmax(layout->margin, ceil(width) + STRIP + 8);
  }
  layout->margin = fmin(layout->margin, 280);
  layout->right = 60;
  for (int f = 0; f < data->family_count; f++)
    layout->right =
        fmax(layout->right, 34 + tsl__chart_text_width(data->families[f].name, 10));
  double side = layout->count * layout->cell;
  layout->bar = fmin(fmax(side - 16 - 14 * data->family_count, 70), 220);
}

static enum tsl_status write(const struct tsl__report_data *data, struct tsl__page *page,
                             struct tsl_error *err) {
  struct layout layout = {0};
  enum tsl_status status = TSL_OK;
  size_t runs = (size_t)data->run_count;
  tsl__section_begin(page, "agreement", "Agreement", "Agreement of all runs");
  tsl__page_definition(page, "U of every pair: how well the informative latents of two "
                             "runs match one to one (A2A: all to all). The median of a "
                             "column is that run's UDR against all. Point at a cell to "
                             "read it; click it to see the pair's correlations.");
  layout.order = calloc(runs + 1, sizeof *layout.order);
  if (layout.order == NULL) {
    status = tsl_error_set(err, TSL_MEMORY, "", "no memory for %zu runs", runs);
    goto done;
  }
  layout.count = tsl__scored_runs(data, layout.order);
  if (layout.count == 0) {
    tsl__page_absent(page, "No scores yet.");
    goto done;
  }
  set_sizes(data, &layout);
  status = tsl_allocate((void **)&layout.values, (size_t)layout.count,
                        (size_t)layout.count * sizeof(double), err);
  if (status != TSL_OK)
    goto done;
  tsl_text_add(&page->data, "\"u\":{");
  bool first = true;
  for (int s = 0; s < TSL_SIMILARITY_COUNT && status == TSL_OK; s++)
    if (tsl__report_has_similarity(data, (enum tsl_similarity)s)) {
      status = write_map(data, &layout, (enum tsl_similarity)s, page, first, err);
      first = false;
    }
  tsl_text_add(&page->data, "},");
done:
  tsl__section_end(page);
  free(layout.order);
  free(layout.values);
  return status;
}

const struct tsl__figure tsl__figure_agreement = {.name = "agreement", .write = write};
