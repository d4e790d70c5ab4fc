#include "report/chart.h"

void tsl__chart_image(struct tsl__chart *chart, const struct tsl__box *box,
                      const char *kind, const struct tsl_text *bytes, bool pixelated) {
  tsl_text_format(chart->out,
                  "<image x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" "
                  "preserveAspectRatio=\"none\" "
                  "style=\"image-rendering:%s\" href=\"data:image/%s;base64,",
                  box->left, box->top, box->width, box->height,
                  pixelated ? "pixelated" : "auto", kind);
  tsl_text_add_base64(chart->out, bytes->bytes, bytes->length);
  tsl_text_add(chart->out, "\"/>");
}
