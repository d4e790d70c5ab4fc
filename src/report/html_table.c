#include "report/html.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static void add_groups(struct tsl_text *out, const char *const *groups, int count) {
  tsl_text_add(out, "<tr>");
  for (int i = 0, end; i < count; i = end) {
    for (end = i + 1; end < count && strcmp(groups[end], groups[i]) == 0;)
      end++;
    if (groups[i][0] == '\0') {
      tsl_text_format(out, "<td colspan=\"%d\"></td>", end - i);
      continue;
    }
    tsl_text_format(out, "<th scope=\"colgroup\" class=\"group\" colspan=\"%d\">",
                    end - i);
    tsl_text_add_html(out, groups[i]);
    tsl_text_add(out, "</th>");
  }
  tsl_text_add(out, "</tr>\n");
}

void tsl__table_begin(struct tsl_text *out, const char *caption,
                      const struct tsl__column *columns, int count) {
  tsl__table_begin_grouped(out, caption, NULL, columns, count);
}

void tsl__table_begin_grouped(struct tsl_text *out, const char *caption,
                              const char *const *groups,
                              const struct tsl__column *columns, int count) {
  tsl_text_add(out, "<div class=\"box\" tabindex=\"0\" role=\"region\" aria-label=\"");
  tsl_text_add_html(out, caption);
  tsl_text_add(out, "\"><table class=\"sortable\"><caption>");
  tsl_text_add_html(out, caption);
  tsl_text_add(out, "</caption><thead>");
  if (groups != NULL)
    add_groups(out, groups, count);
  tsl_text_add(out, "<tr>");
  for (int i = 0; i < count; i++) {
    tsl_text_format(out, "<th scope=\"col\"%s", columns[i].number ? " class=\"n\"" : "");
    if (columns[i].help != NULL) {
      tsl_text_add(out, " title=\"");
      tsl_text_add_html(out, columns[i].help);
      tsl_text_add(out, "\"");
    }
    tsl_text_add(out, "><button type=\"button\">");
    tsl_text_add_html(out, columns[i].title);
    tsl_text_add(out, "</button></th>");
  }
  tsl_text_add(out, "</tr></thead><tbody>\n");
}

void tsl__table_end(struct tsl_text *out) {
  tsl_text_add(out, "</tbody></table></div>\n");
}

void tsl__row_begin(struct tsl_text *out, const char *class) {
  if (class == NULL)
    tsl_text_add(out, "<tr>");
  else
    tsl_text_format(out, "<tr class=\"%s\">", class);
}

void tsl__row_end(struct tsl_text *out) {
  tsl_text_add(out, "</tr>\n");
}

void tsl__cell_header(struct tsl_text *out, const char *text) {
  tsl_text_add(out, "<th scope=\"row\">");
  tsl_text_add_html(out, text);
  tsl_text_add(out, "</th>");
}

void tsl__cell_text(struct tsl_text *out, const char *text) {
  tsl_text_add(out, "<td>");
  tsl_text_add_html(out, text);
  tsl_text_add(out, "</td>");
}

/* data-v: more digits than are shown, by which the script sorts. */
static void cell_number(struct tsl_text *out, double value, const char *text,
                        const char *class) {
  tsl_text_format(out, "<td class=\"n%s%s\"", class == NULL ? "" : " ",
                  class == NULL ? "" : class);
  if (isfinite(value)) {
    tsl_text_format(out, " data-v=\"%.7g\">%s</td>", value, text);
  } else {
    tsl_text_format(
        out, "><span title=\"no value\" aria-label=\"no value\">%s</span></td>", text);
  }
}

void tsl__cell_score(struct tsl_text *out, double value, const char *class) {
  char buffer[32];
  cell_number(out, value, tsl__print_score(buffer, value), class);
}

void tsl__cell_spread(struct tsl_text *out, double mean, double deviation) {
  char first[32], second[32], text[80];
  tsl__print_score(first, mean);
  if (isfinite(mean) && isfinite(deviation))
    snprintf(text, sizeof text, "%s \302\261 %s", first,
             tsl__print_score(second, deviation));
  else
    snprintf(text, sizeof text, "%s", first);
  cell_number(out, mean, text, NULL);
}

void tsl__cell_quantity(struct tsl_text *out, double value, const char *class) {
  char buffer[32];
  cell_number(out, value, tsl__print_quantity(buffer, value), class);
}

void tsl__cell_count(struct tsl_text *out, double value) {
  char buffer[32];
  if (isfinite(value))
    snprintf(buffer, sizeof buffer, "%.6g", value);
  else
    tsl__print_quantity(buffer, value);
  cell_number(out, value, buffer, NULL);
}
