#include "report/chart.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

void tsl__chart_coordinate(struct tsl_text *out, double value) {
  if (!isfinite(value)) {
    tsl_text_add(out, "0");
    return;
  }
  char buffer[64];
  int length = snprintf(buffer, sizeof buffer, "%.1f", value);
  if (length > 2 && buffer[length - 1] == '0')
    buffer[length - 2] = '\0';
  tsl_text_add(out, strcmp(buffer, "-0") == 0 ? "0" : buffer);
}

void tsl__chart_begin(struct tsl__chart *chart, struct tsl_text *out, double width,
                      double height, const struct tsl__margins *margins,
                      const char *label) {
  *chart = (struct tsl__chart){
      .out = out,
      .width = width,
      .height = height,
      .left = margins->left,
      .right = width - margins->right,
      .top = margins->top,
      .bottom = height - margins->bottom,
  };
  tsl_text_format(out,
                  "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"chart\" "
                  "width=\"%.0f\" height=\"%.0f\" viewBox=\"0 0 %.0f %.0f\" role=\"img\" "
                  "aria-label=\"",
                  width, height, width, height);
  tsl_text_add_html(out, label);
  tsl_text_add(out, "\">");
}

void tsl__chart_scales(struct tsl__chart *chart, const struct tsl__range *x,
                       const struct tsl__range *y) {
  chart->x = (struct tsl__scale){
      .low = x->low, .high = x->high, .from = chart->left, .to = chart->right};
  chart->y = (struct tsl__scale){
      .low = y->low, .high = y->high, .from = chart->bottom, .to = chart->top};
}

void tsl__chart_end(struct tsl__chart *chart) {
  tsl_text_add(chart->out, "</svg>\n");
}

void tsl__chart_text_turned(struct tsl__chart *chart, double x, double y, double degrees,
                            enum tsl__anchor anchor, const char *class,
                            const char *text) {
  static const char *const anchors[] = {"", " text-anchor=\"middle\"",
                                        " text-anchor=\"end\""};
  tsl_text_add(chart->out, "<text x=\"");
  tsl__chart_coordinate(chart->out, x);
  tsl_text_add(chart->out, "\" y=\"");
  tsl__chart_coordinate(chart->out, y);
  tsl_text_format(chart->out, "\"%s class=\"%s\"", anchors[anchor], class);
  if (degrees != 0)
    tsl_text_format(chart->out, " transform=\"rotate(%.0f %.1f %.1f)\"", degrees, x, y);
  tsl_text_add(chart->out, ">");
  tsl_text_add_html(chart->out, text);
  tsl_text_add(chart->out, "</text>");
}

void tsl__chart_text(struct tsl__chart *chart, double x, double y,
                     enum tsl__anchor anchor, const char *class, const char *text) {
  tsl__chart_text_turned(chart, x, y, 0, anchor, class, text);
}

double tsl__chart_text_width(const char *text, double size) {
  size_t letters = 0;
  for (const char *c = text; *c != '\0'; c++)
    letters += ((unsigned char)*c & 0xC0u) != 0x80u; /* bytes that begin a letter */
  return 0.58 * size * (double)letters; /* a sans-serif's mean advance, rounded up */
}

/* Okabe and Ito's palette (safe for colour-blind readers), darkened on white and
 * lightened on black until lines and marks stand out at 3:1. Literal colours, no
 * variables: files alone are read by programs that know none. */
static const char style[] =
    ".chart{font:11px system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue',"
    "'DejaVu Sans',Arial,sans-serif;font-variant-numeric:tabular-nums}"
    ".tx{fill:#1f2429}.mu{fill:#59626c}.bo{font-weight:600}.sm{font-size:10px}"
    ".xs{font-size:9px}.ax{stroke:#858d96;fill:none}.gr{stroke:#e4e7ea;fill:none}"
    ".bg{fill:#fff}.na{fill:#d9dce0}.dk{fill:#24182e}.fr{fill:none;stroke:#858d96}"
    ".veil{fill:#fff;opacity:.62}.se{stroke:#fff;stroke-width:1.5;fill:none}"
    ".ln{fill:none;stroke-width:1.8;stroke-linejoin:round}.th{stroke-width:1}"
    ".faint{opacity:.28}.dash{stroke-dasharray:5 4}.area{opacity:.22;stroke:none}"
    ".bars{opacity:.55}.na.bars{opacity:1}.ref{stroke:#1f2429;fill:none;stroke-width:1.4;"
    "stroke-dasharray:5 4}"
    ".f0{fill:#0072b2}.f1{fill:#d55e00}.f2{fill:#00845f}.f3{fill:#b0508c}"
    ".f4{fill:#937000}.f5{fill:#2b86bd}.f6{fill:#6b4c9a}.f7{fill:#5a5a5a}"
    ".k0{stroke:#0072b2}.k1{stroke:#d55e00}.k2{stroke:#00845f}.k3{stroke:#b0508c}"
    ".k4{stroke:#937000}.k5{stroke:#2b86bd}.k6{stroke:#6b4c9a}.k7{stroke:#5a5a5a}"
    ".mark{fill-opacity:.72}.dots{fill:none;stroke-linecap:round;stroke-opacity:.72}"
    ".sq{stroke-linecap:square}.solid{stroke-dasharray:none}"
    ".halo{paint-order:stroke;stroke:#fff;stroke-width:3}"
    "@media (prefers-color-scheme:dark){"
    ".tx{fill:#e6e9ec}.mu{fill:#a5adb6}.ax,.fr{stroke:#757e88}.gr{stroke:#2c3238}"
    ".bg{fill:#15181b}.na{fill:#3a4047}.dk{fill:#050308}.veil{fill:#15181b}"
    ".se,.halo{stroke:#15181b}.ref{stroke:#e6e9ec}"
    ".f0{fill:#56b4f0}.f1{fill:#ff8f4a}.f2{fill:#2ecfa3}.f3{fill:#e795c6}"
    ".f4{fill:#e3c130}.f5{fill:#9bd5f7}.f6{fill:#b9a2e0}.f7{fill:#c4c4c4}"
    ".k0{stroke:#56b4f0}.k1{stroke:#ff8f4a}.k2{stroke:#2ecfa3}.k3{stroke:#e795c6}"
    ".k4{stroke:#e3c130}.k5{stroke:#9bd5f7}.k6{stroke:#b9a2e0}.k7{stroke:#c4c4c4}}\n";

const char *tsl__chart_style(void) {
  return style;
}

void tsl__chart_alone(const struct tsl_text *svg, struct tsl_text *out) {
  const char *open_end = svg->bytes == NULL ? NULL : strchr(svg->bytes, '>');
  if (open_end == NULL)
    return;
  size_t head = (size_t)(open_end + 1 - svg->bytes);
  tsl_text_add_bytes(out, svg->bytes, head);
  tsl_text_format(
      out, "<style>%s</style><rect class=\"bg\" width=\"100%%\" height=\"100%%\"/>",
      style);
  tsl_text_add_bytes(out, svg->bytes + head, svg->length - head);
}
